import Glibc

/// What the file system below a lake can do, found out by trying: in a directory of `_staging` that is removed again.
public struct LakeAbilities: Sendable {
    /// Rename that never replaces, in one step (renameat2 with NOREPLACE).
    public let renamesExclusively: Bool
    /// Two directories change places in one step (renameat2 with EXCHANGE).
    public let exchanges: Bool
    /// Files share their blocks until one is written.
    public let clones: Bool
    public let hardLinks: Bool
    /// Locks are seen by other openings of the same file.
    public let locks: Bool
    /// Bytes that may be written, and the size of the file system.
    public let freeBytes: UInt64
    public let totalBytes: UInt64
    /// Files that may be made; 0 of 0 where the file system does not count them.
    public let freeFiles: UInt64
    public let totalFiles: UInt64

    /// Tries the file system of a lake. The directory must be there and writable.
    ///
    /// - Throws: `LakeError`.
    public init(_ lake: Lake) throws(LakeError) {
        let relative = "\(Lake.staging)/doctor-\(getpid())"
        let place = lake.path(relative)
        try FileSystem.makeDirectories(relative, below: lake.root)
        defer { try? FileSystem.removeTree(place) }
        for name in ["one", "other"] { try FileSystem.makeDirectories("\(relative)/\(name)", below: lake.root) }
        try FileSystem.create("\(place)/file", Array("tarn".utf8))
        try FileSystem.synchronizeDirectory(place)
        exchanges = try FileSystem.exchange("\(place)/one", "\(place)/other") == .done
        renamesExclusively = try FileSystem.renameExclusively("\(place)/one", to: "\(place)/third") == .done
        hardLinks = (try? FileSystem.link("\(place)/file", to: "\(place)/link")) ?? false
        clones = LakeAbilities.clones("\(place)/file", to: "\(place)/clone")
        locks = LakeAbilities.locks("\(place)/file")
        var volume = statvfs()
        guard statvfs(lake.root, &volume) == 0 else { throw FileSystem.failure("statvfs", lake.root) }
        freeBytes = UInt64(volume.f_bavail) * UInt64(volume.f_frsize)
        totalBytes = UInt64(volume.f_blocks) * UInt64(volume.f_frsize)
        freeFiles = UInt64(volume.f_favail)
        totalFiles = UInt64(volume.f_files)
    }

    /// A second opening must not get the lock that the first one has.
    private static func locks(_ path: String) -> Bool {
        let first = open(path, O_RDWR | O_CLOEXEC)
        let second = open(path, O_RDWR | O_CLOEXEC)
        defer {
            close(first)
            close(second)
        }
        guard first >= 0, second >= 0, flock(first, LOCK_EX | LOCK_NB) == 0 else { return false }
        return flock(second, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK
    }

    private static func clones(_ from: String, to: String) -> Bool {
        let source = open(from, O_RDONLY | O_CLOEXEC)
        let target = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        defer {
            close(source)
            close(target)
        }
        // FICLONE of <linux/fs.h>.
        return source >= 0 && target >= 0 && ioctl(target, 0x4004_9409, source) == 0
    }
}
