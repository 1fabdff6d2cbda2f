import Glibc

/// An open file or directory. The descriptor belongs to exactly one value, is closed with it, and does not
/// pass to child processes (a child must not keep a lock alive).
package struct File: ~Copyable, Sendable {
    package private(set) var descriptor: Int32
    /// As it was opened; for messages.
    package let path: String

    package enum Access {
        case read
        /// Not through a link, and without waiting for the other end of a pipe.
        case readRegular
        /// A new file; it is an error when there is one.
        case create
        /// For reading and writing, created when absent.
        case readWrite
        case directory
    }

    package init(_ path: String, _ access: Access) throws(LakeError) {
        let opened = open(path, access.flags, 0o666)
        try self.init(opened: opened, path: path)
    }

    /// Opens `name` inside an open directory.
    package init(_ name: String, in directory: borrowing File, _ access: Access) throws(LakeError) {
        let opened = openat(directory.descriptor, name, access.flags, 0o666)
        try self.init(opened: opened, path: directory.path + "/" + name)
    }

    /// `opened` is the result of an open call that has just returned.
    private init(opened: Int32, path: String) throws(LakeError) {
        let code = errno
        self.descriptor = opened
        self.path = path
        if opened < 0 { throw LakeError.system(SystemFailure(call: "open", path: path, code: code)) }
    }

    deinit {
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
    }

    /// Closes now and reports what a deferred write may have to say.
    package mutating func close() throws(LakeError) {
        let closing = descriptor
        descriptor = -1
        // After EINTR the descriptor is gone on Linux; closing again could hit another thread's file.
        if closing >= 0, Glibc.close(closing) != 0, errno != EINTR { throw failure("close") }
    }

    func failure(_ call: String) -> LakeError {
        .system(SystemFailure(call: call, path: path, code: errno))
    }
}

extension File.Access {
    fileprivate var flags: Int32 {
        switch self {
        case .read: O_RDONLY | O_CLOEXEC
        case .readRegular: O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
        case .create: O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC
        case .readWrite: O_RDWR | O_CREAT | O_CLOEXEC
        case .directory: O_RDONLY | O_DIRECTORY | O_CLOEXEC
        }
    }
}

// MARK: - Bytes

extension File {
    package borrowing func write(_ bytes: UnsafeRawBufferPointer) throws(LakeError) {
        var rest = bytes
        while rest.count > 0 {
            let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if written < 0 {
                if errno == EINTR { continue }
                throw failure("write")
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
    }

    package borrowing func write(_ bytes: [UInt8]) throws(LakeError) {
        try bytes.withUnsafeBufferPointer { (buffer) throws(LakeError) in
            try write(UnsafeRawBufferPointer(buffer))
        }
    }

    /// Reads at the current position. 0 at the end.
    package borrowing func read(into buffer: UnsafeMutableRawBufferPointer) throws(LakeError) -> Int {
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            if errno != EINTR { throw failure("read") }
        }
    }

    /// Goes back to the beginning.
    package borrowing func rewind() throws(LakeError) {
        if lseek(descriptor, 0, SEEK_SET) < 0 { throw failure("lseek") }
    }

    /// The whole file, from the current position.
    ///
    /// - Throws: `corrupt` when there are more than `limit` bytes.
    package borrowing func readAll(atMost limit: Int) throws(LakeError) -> [UInt8] {
        let size = try information().size
        if size > limit {
            throw .corrupt(
                path: path, reason: "\(size) bytes, more than the \(limit) that such a file may have")
        }
        return try read(size: Int(size))
    }

    /// At most `size` bytes, from the current position; fewer at the end of the file.
    package borrowing func read(size: Int) throws(LakeError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: size)
        var filled = 0
        while filled < bytes.count {
            let count = try bytes.withUnsafeMutableBufferPointer { (buffer) throws(LakeError) in
                try read(
                    into: UnsafeMutableRawBufferPointer(
                        UnsafeMutableBufferPointer(rebasing: buffer[filled...])))
            }
            if count == 0 { break }
            filled += count
        }
        bytes.removeLast(bytes.count - filled)
        return bytes
    }

    /// Waits until the bytes (of a directory: its entries) are on the medium. After an error nothing is known
    /// about them, so the file must not be used any more.
    package borrowing func synchronize() throws(LakeError) {
        while fsync(descriptor) != 0 {
            if errno != EINTR { throw failure("fsync") }
        }
    }
}

// MARK: - Facts

extension File {
    package struct Information: Sendable, Equatable {
        package let size: Int64
        package let isDirectory: Bool
        package let isRegular: Bool
        package let device: UInt64
        package let inode: UInt64
        package let links: Int

        init(_ status: stat) {
            size = Int64(status.st_size)
            isDirectory = status.st_mode & S_IFMT == S_IFDIR
            isRegular = status.st_mode & S_IFMT == S_IFREG
            device = UInt64(status.st_dev)
            inode = UInt64(status.st_ino)
            links = Int(status.st_nlink)
        }

        package func isSameFile(as other: Information) -> Bool {
            device == other.device && inode == other.inode
        }
    }

    package borrowing func information() throws(LakeError) -> Information {
        var status = stat()
        if fstat(descriptor, &status) != 0 { throw failure("fstat") }
        return Information(status)
    }

    /// Facts about an entry of this directory, links not followed; nil when there is none.
    package borrowing func information(of name: String) throws(LakeError) -> Information? {
        var status = stat()
        if fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 { return Information(status) }
        if errno == ENOENT { return nil }
        throw .system(SystemFailure(call: "fstatat", path: path + "/" + name, code: errno))
    }
}

// MARK: - Directories

extension File {
    package struct Entry: Sendable {
        package let name: String
        package let isDirectory: Bool
    }

    /// The entries of this directory in ascending order of their bytes, `.` and `..` left out, and also names
    /// that are not UTF-8, which the lake never writes.
    package borrowing func entries() throws(LakeError) -> [Entry] {
        var entries: [Entry] = []
        try forEachEntry { (name, type) throws(LakeError) in
            guard let text = String(validatingCString: name) else { return }
            var isDirectory = type == UInt8(DT_DIR)
            if type == UInt8(DT_UNKNOWN) {
                isDirectory = try information(of: text)?.isDirectory ?? false
            }
            entries.append(Entry(name: text, isDirectory: isDirectory))
        }
        entries.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        return entries
    }

    borrowing func forEachEntry(
        _ body: (UnsafePointer<CChar>, UInt8) throws(LakeError) -> Void
    ) throws(LakeError) {
        // The stream owns its descriptor and its position, so it gets one of its own.
        let own = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard own >= 0 else { throw failure("openat") }
        guard let stream = fdopendir(own) else {
            let error = failure("fdopendir")
            _ = Glibc.close(own)
            throw error
        }
        defer { closedir(stream) }
        let offset = MemoryLayout<dirent>.offset(of: \dirent.d_name)!
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { throw failure("readdir") }
                return
            }
            let name = UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self)
            let dot = CChar(UInt8(ascii: "."))
            if name[0] == dot && (name[1] == 0 || (name[1] == dot && name[2] == 0)) { continue }
            try body(name, entry.pointee.d_type)
        }
    }
}
