import Digest
import Glibc

extension PartitionSnapshot {
    /// Reads every byte of the partition's files and compares their hashes; nil when nothing is wrong.
    ///
    /// - Complexity: O(bytes).
    borrowing func damage() throws(LakeError) -> LakeError? {
        if let error = condition.error { return error }
        guard let manifest = condition.manifest else { return nil }
        for file in manifest.files {
            let found: ContentHash
            do {
                found = try ContentHash(of: File(file.name, in: directory, .read))
            } catch .system(let failure) where failure.code == ENOENT {
                return .corrupt(path: "\(manifest.address.path)/\(file.name)", reason: "it is missing")
            }
            if found.sha256 != file.sha256 || found.bytes != file.bytes {
                return .corrupt(
                    path: "\(manifest.address.path)/\(file.name)",
                    reason: "its SHA-256 is \(found.sha256), the manifest says \(file.sha256)")
            }
        }
        return nil
    }
}

/// SHA-256 and length of a file's bytes.
package struct ContentHash: Sendable, Hashable {
    package let sha256: String
    package let bytes: Int64

    /// Reads to the end of the file.
    package init(of file: borrowing File) throws(LakeError) {
        try self.init(of: file) { (_: UnsafeRawBufferPointer) throws(LakeError) in }
    }

    /// Reads to the end of the file and writes everything to `destination` too.
    package init(of file: borrowing File, copyingTo destination: borrowing File) throws(LakeError) {
        try self.init(of: file) { (bytes) throws(LakeError) in try destination.write(bytes) }
    }

    private init(
        of file: borrowing File, _ visit: (UnsafeRawBufferPointer) throws(LakeError) -> Void
    ) throws(LakeError) {
        var sha = SHA256()
        var total: Int64 = 0
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
        defer { block.deallocate() }
        while true {
            let count = try file.read(into: block)
            if count == 0 { break }
            let bytes = UnsafeRawBufferPointer(rebasing: block[..<count])
            sha.update(bytes)
            try visit(bytes)
            total += Int64(count)
        }
        self.sha256 = sha.finalize()
        self.bytes = total
    }
}
