import Glibc

/// An exclusive flock(2) on a lock file. It ends with its owner, however the owner ends, so no lock ever has
/// to be broken by time or by hand. Two opens of one file exclude each other also within a process.
package struct FileLock: ~Copyable, Sendable {
    private let file: File

    /// Waits for the lock; nil when `isWaiting` is false and somebody holds it.
    package init?(_ path: String, isWaiting: Bool = true) throws(LakeError) {
        while true {
            let file = try File(path, .readWrite)
            guard try FileLock.lock(file, isWaiting: isWaiting) else { return nil }
            // The previous owner may have removed the file after we opened it: such a lock locks nobody out.
            let mine = try file.information()
            if let named = try FileSystem.information(path), named.isSameFile(as: mine) {
                self.file = file
                return
            }
        }
    }

    private static func lock(_ file: borrowing File, isWaiting: Bool) throws(LakeError) -> Bool {
        while flock(file.descriptor, LOCK_EX | (isWaiting ? 0 : LOCK_NB)) != 0 {
            switch errno {
            case EINTR: continue
            case EWOULDBLOCK: return false
            default: throw file.failure("flock")
            }
        }
        return true
    }
}
