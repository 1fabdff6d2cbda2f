import Digest

/// Exclusive locks on the publication of some partitions.
///
/// A partition's lock is one of 256 lock files, chosen by the hash of its path: their number does not grow with
/// the lake, none is ever removed, and two partitions that share one merely wait for each other. They are
/// taken in ascending order, so that two tasks cannot wait for each other in a circle.
struct PartitionLocks: ~Copyable {
    private var locks: [LockBox] = []

    /// Arrays hold copyable values only.
    private final class LockBox {
        let lock: FileLock
        init(_ lock: consuming FileLock) { self.lock = lock }
    }

    init(_ lake: Lake, _ addresses: [PartitionAddress]) throws(LakeError) {
        try self.init(lake, paths: addresses.map(\.path))
    }

    /// - Parameter paths: relative to the lake.
    init(_ lake: Lake, paths: [String]) throws(LakeError) {
        for stripe in Set(paths.map { SHA256.hex(of: $0).prefix(2) }).sorted() {
            guard let lock = try FileLock(lake.path("\(Lake.locks)/\(stripe)")) else { continue }
            locks.append(LockBox(lock))
        }
    }
}
