import Glibc

/// What keeps the removal of old generations and everybody who may need them apart.
///
/// A run, and a sweep, holds it together with others from before its first look at the lake; the collector holds it
/// alone. So whatever a run that lives has read, or is about to name in a manifest, is never removed under it, and
/// a run that begins meanwhile waits until the collector is done.
struct HistoryLock: ~Copyable, Sendable {
    private let file: File

    /// Waits while old generations are being removed.
    static func shared(_ lake: Lake) throws(LakeError) -> HistoryLock {
        try FileSystem.makeDirectories(Lake.locks, below: lake.root)
        let file = try File(lake.path(path), .readWrite)
        while flock(file.descriptor, LOCK_SH) != 0 {
            if errno != EINTR { throw file.failure("flock") }
        }
        return HistoryLock(file: file)
    }

    /// - Throws: `busy` when a run is at work.
    static func exclusive(_ lake: Lake) throws(LakeError) -> HistoryLock {
        try FileSystem.makeDirectories(Lake.locks, below: lake.root)
        let file = try File(lake.path(path), .readWrite)
        while flock(file.descriptor, LOCK_EX | LOCK_NB) != 0 {
            switch errno {
            case EINTR: continue
            case EWOULDBLOCK:
                throw .busy(
                    "a run is at work in \(lake.root), and old generations that it has read must stay; "
                        + "nothing was removed; try again when it has ended")
            default: throw file.failure("flock")
            }
        }
        return HistoryLock(file: file)
    }

    /// Beside the locks of publication; never removed.
    private static let path = "\(Lake.locks)/history"
}
