import CCrypto

/// SHA-256 of bytes that arrive in pieces, by OpenSSL's EVP interface (which uses the CPU's SHA
/// instructions where there are any).
///
/// The lake identifies files, contracts, manifests and generations by the lowercase hexadecimal form.
public struct SHA256: ~Copyable {
    private let context: OpaquePointer

    public init() {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            fatalError("OpenSSL offers no SHA-256: out of memory or a restricted provider")
        }
        self.context = context
    }

    deinit {
        EVP_MD_CTX_free(context)
    }

    /// Adds bytes; an empty buffer changes nothing.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress, bytes.count > 0 else { return }
        let status = EVP_DigestUpdate(context, base, bytes.count)
        precondition(status == 1, "SHA-256 update failed")
    }

    /// Adds the UTF-8 bytes of `text`.
    public mutating func update(_ text: String) {
        var copy = text
        copy.withUTF8 { update(UnsafeRawBufferPointer($0)) }
    }

    /// The digest as 64 lowercase hexadecimal digits.
    public consuming func finalize() -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        let status = EVP_DigestFinal_ex(context, &digest, nil)
        precondition(status == 1, "SHA-256 final failed")
        return hexadecimal(digest)
    }

    public static func hex(of bytes: [UInt8]) -> String {
        bytes.withUnsafeBytes { hex(of: $0) }
    }

    public static func hex(of bytes: UnsafeRawBufferPointer) -> String {
        var hash = SHA256()
        hash.update(bytes)
        return hash.finalize()
    }

    /// Digest of the UTF-8 bytes of `text`.
    public static func hex(of text: String) -> String {
        var hash = SHA256()
        hash.update(text)
        return hash.finalize()
    }
}

private func hexadecimal(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(unsafeUninitializedCapacity: bytes.count * 2) { buffer in
        for (i, byte) in bytes.enumerated() {
            buffer[2 * i] = digits[Int(byte >> 4)]
            buffer[2 * i + 1] = digits[Int(byte & 15)]
        }
        return bytes.count * 2
    }
}
