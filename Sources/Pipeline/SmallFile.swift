import Glibc

extension RawIntake {
    /// The bytes of a file of at most `limit` bytes; nil when there is none.
    static func contents(of path: String, limit: Int) throws(Failure) -> [UInt8]? {
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
}
