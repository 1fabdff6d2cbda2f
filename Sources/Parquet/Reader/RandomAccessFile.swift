import Glibc

/// An open file that is read at given offsets; closed with its last use.
final class RandomAccessFile {
    let path: String
    /// Bytes of the file when it was opened.
    let size: Int
    private let descriptor: Int32

    init(path: String) throws(ParquetError) {
        self.path = path
        // Opening a pipe must not wait for its other end.
        descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            size = 0
            throw Self.failure(path, at: 0, "cannot be opened")
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            size = 0
            throw Self.failure(path, at: 0, "cannot be examined")
        }
        size = Int(status.st_size)
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw ParquetError(
                .corrupt, path: path, region: .file, offset: 0, message: "is not a regular file")
        }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Fills `target` with the bytes from `offset`.
    func read(at offset: Int, into target: UnsafeMutableRawBufferPointer) throws(ParquetError) {
        var done = 0
        while done < target.count {
            let n = pread(descriptor, target.baseAddress! + done, target.count - done, off_t(offset + done))
            if n < 0 {
                if errno == EINTR { continue }
                throw Self.failure(path, at: offset + done, "cannot be read")
            }
            guard n > 0 else {
                throw ParquetError(
                    .corrupt, path: path, region: .file, offset: offset + done,
                    message: "ends here; it had \(size) bytes when it was opened")
            }
            done += n
        }
    }

    private static func failure(_ path: String, at offset: Int, _ what: String) -> ParquetError {
        let number = errno
        return ParquetError(
            .system(number), path: path, region: .file, offset: offset,
            message: "\(what): \(String(cString: strerror(number)))")
    }
}
