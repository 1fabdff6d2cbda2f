import CSystem
import Glibc

/// The system calls on paths that the lake makes, one function each: every failure becomes a `LakeError` with
/// call, path and errno, and no other code of the lake changes a directory.
package enum FileSystem {
    static func failure(_ call: String, _ path: String, _ code: Int32 = errno) -> LakeError {
        .system(SystemFailure(call: call, path: path, code: code))
    }

    /// Facts about a path, links not followed; nil when there is nothing.
    package static func information(_ path: String) throws(LakeError) -> File.Information? {
        var status = stat()
        if lstat(path, &status) == 0 { return File.Information(status) }
        if errno == ENOENT || errno == ENOTDIR { return nil }
        throw failure("lstat", path)
    }

    package static func exists(_ path: String) throws(LakeError) -> Bool {
        try information(path) != nil
    }

    /// The whole content of a file of at most `limit` bytes.
    package static func read(_ path: String, atMost limit: Int) throws(LakeError) -> [UInt8] {
        try File(path, .read).readAll(atMost: limit)
    }

    /// The entries of a directory; none when there is no directory.
    package static func entries(of path: String) throws(LakeError) -> [File.Entry] {
        do {
            return try File(path, .directory).entries()
        } catch .system(let failure) where failure.code == ENOENT {
            return []
        }
    }
}

// MARK: - Creating

extension FileSystem {
    /// Returns false when there is already something of that name.
    @discardableResult
    package static func makeDirectory(_ path: String) throws(LakeError) -> Bool {
        if mkdir(path, 0o777) == 0 { return true }
        if errno == EEXIST { return false }
        throw failure("mkdir", path)
    }

    /// Makes the directories of `relative` below `root` that are missing, each one durable before the next is
    /// made, so that nothing durable ever lies in a directory that is not.
    package static func makeDirectories(_ relative: String, below root: String) throws(LakeError) {
        let whole = relative.isEmpty ? root : root + "/" + relative
        if try information(whole)?.isDirectory == true { return }
        var parent = root
        for component in relative.split(separator: "/") {
            let path = parent + "/" + component
            if try makeDirectory(path) { try synchronizeDirectory(parent) }
            parent = path
        }
    }

    /// Makes a directory and its missing ancestors.
    package static func makeRoot(_ path: String) throws(LakeError) {
        if try information(path) != nil { return }
        if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
            try makeRoot(String(path[..<slash]))
        }
        if try makeDirectory(path) { try synchronizeDirectory(parent(of: path)) }
    }

    /// Writes a new durable file. Its directory entry is durable once the directory has been synchronized.
    package static func create(_ path: String, _ bytes: [UInt8]) throws(LakeError) {
        var file = try File(path, .create)
        try file.write(bytes)
        try file.synchronize()
        try file.close()
    }

    package static func synchronizeDirectory(_ path: String) throws(LakeError) {
        try File(path, .directory).synchronize()
    }

    /// The directory that holds `path`.
    package static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}

// MARK: - Renaming

extension FileSystem {
    /// How an atomic rename ended.
    package enum Renamed {
        case done
        /// There is something at the destination.
        case occupied
        /// This kernel or file system has no such operation.
        case unsupported
    }

    /// Replaces whatever file is at `to`.
    package static func rename(_ from: String, to: String) throws(LakeError) {
        let code = tarn_renameat2(from, to, 0)
        if code != 0 { throw failure("rename", "\(from) → \(to)", code) }
    }

    /// A directory onto nothing, by rename(2) alone: POSIX lets it replace only an empty directory.
    package static func renamePlainly(_ from: String, to: String) throws(LakeError) -> Renamed {
        if try exists(to) { return .occupied }
        switch tarn_renameat2(from, to, 0) {
        case 0: return .done
        case ENOTEMPTY, EEXIST: return .occupied
        case let code: throw failure("rename", "\(from) → \(to)", code)
        }
    }

    /// Moves `from` to `to` where there is nothing.
    package static func renameExclusively(_ from: String, to: String) throws(LakeError) -> Renamed {
        try renameAtomically(from, to, UInt32(TARN_RENAME_NOREPLACE), "renameat2(NOREPLACE)")
    }

    /// Swaps two paths; there is no moment without either.
    package static func exchange(_ a: String, _ b: String) throws(LakeError) -> Renamed {
        try renameAtomically(a, b, UInt32(TARN_RENAME_EXCHANGE), "renameat2(EXCHANGE)")
    }

    private static func renameAtomically(
        _ from: String, _ to: String, _ flags: UInt32, _ call: String
    ) throws(LakeError) -> Renamed {
        switch tarn_renameat2(from, to, flags) {
        case 0: return .done
        case EEXIST, ENOTEMPTY: return .occupied
        case EINVAL, ENOSYS, EOPNOTSUPP: return .unsupported
        case let code: throw failure(call, "\(from) → \(to)", code)
        }
    }
}

// MARK: - Copying

extension FileSystem {
    /// Gives the bytes of `from` a second name. Returns false when the file system or the kernel refuses that
    /// for these two paths.
    package static func link(_ from: String, to: String) throws(LakeError) -> Bool {
        if linkat(AT_FDCWD, from, AT_FDCWD, to, AT_SYMLINK_FOLLOW) == 0 { return true }
        switch errno {
        case EXDEV, EPERM, EMLINK, EOPNOTSUPP, EACCES: return false
        case let code: throw failure("link", "\(from) → \(to)", code)
        }
    }

    /// Gives a file a second name where there is nothing.
    package static func linkExclusively(_ from: String, to: String) throws(LakeError) -> Renamed {
        if linkat(AT_FDCWD, from, AT_FDCWD, to, 0) == 0 { return .done }
        let code = errno
        if code == EEXIST { return .occupied }
        throw failure("link", "\(from) → \(to)", code)
    }

    /// Makes `destination` share the blocks of `source`, copied on write. Returns false when the file system
    /// cannot.
    package static func clone(
        _ source: borrowing File, into destination: borrowing File
    ) throws(LakeError) -> Bool {
        // FICLONE of <linux/fs.h>.
        if ioctl(destination.descriptor, 0x4004_9409, source.descriptor) == 0 { return true }
        switch errno {
        case EXDEV, EOPNOTSUPP, EINVAL, ENOTTY, ENOSYS, EPERM, ETXTBSY, EISDIR: return false
        default: throw failure("ioctl(FICLONE)", destination.path)
        }
    }
}

// MARK: - Removing

extension FileSystem {
    /// Removes a file; nothing happens when there is none.
    package static func removeFile(_ path: String) throws(LakeError) {
        if unlink(path) != 0, errno != ENOENT { throw failure("unlink", path) }
    }

    /// Removes an empty directory; false when it is not empty.
    @discardableResult
    package static func removeDirectory(_ path: String) throws(LakeError) -> Bool {
        if rmdir(path) == 0 || errno == ENOENT { return true }
        if errno == ENOTEMPTY || errno == EEXIST { return false }
        throw failure("rmdir", path)
    }

    /// Removes whatever is at `path`, links themselves and not what they point at.
    package static func removeTree(_ path: String) throws(LakeError) {
        guard let information = try information(path) else { return }
        if !information.isDirectory { return try removeFile(path) }
        try removeContents(of: File(path, .directory))
        try removeDirectory(path)
    }

    private static func removeContents(of directory: borrowing File) throws(LakeError) {
        // Names as the kernel gives them: also those that are not UTF-8 have to go.
        var names: [[CChar]] = []
        try directory.forEachEntry { (name, _) throws(LakeError) in
            names.append(Array(UnsafeBufferPointer(start: name, count: strlen(name) + 1)))
        }
        for name in names {
            if unlinkat(directory.descriptor, name, 0) == 0 || errno == ENOENT { continue }
            guard errno == EISDIR || errno == EPERM else { throw failure("unlink", directory.path) }
            let text = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            try removeContents(of: File(text, in: directory, .directory))
            if unlinkat(directory.descriptor, name, AT_REMOVEDIR) != 0, errno != ENOENT {
                throw failure("rmdir", directory.path + "/" + text)
            }
        }
    }
}
