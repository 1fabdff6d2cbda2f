import Glibc

/// Files of the project that are read and written as a whole.
public enum SmallFile {
    /// The bytes of a file of at most `limit` bytes; nil when there is none.
    public static func contents(of path: String, limit: Int) throws(Failure) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw Failure(.usage, "\(path): \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &block, block.count)
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                throw Failure(.transient, "\(path): \(String(cString: strerror(errno)))")
            }
            bytes.append(contentsOf: block[..<count])
            guard bytes.count <= limit else { throw Failure(.usage, "\(path) is larger than \(limit) bytes") }
        }
    }

    /// Puts a text in the place of a file, which at every moment holds the old text or the new one.
    public static func replace(_ path: String, by text: String) throws(Failure) {
        try replace(path, by: Array(text.utf8))
    }

    public static func replace(_ path: String, by contents: [UInt8]) throws(Failure) {
        let draft = "\(path).new"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw failure(draft) }
        var bytes = contents[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                close(descriptor)
                throw failure(draft)
            }
            bytes = bytes.dropFirst(count)
        }
        let isSafe = fsync(descriptor) == 0
        guard close(descriptor) == 0, isSafe, rename(draft, path) == 0 else { throw failure(draft) }
    }

    private static func failure(_ path: String) -> Failure {
        let isForbidden = [EACCES, EPERM, EROFS, ENOENT].contains(errno)
        return Failure(isForbidden ? .usage : .transient, "\(path): \(String(cString: strerror(errno)))")
    }
}
