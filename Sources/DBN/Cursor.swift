/// Reads little-endian values of bytes that nobody has checked: every read is bounded by what is left.
struct Cursor {
    let bytes: UnsafeRawBufferPointer
    private(set) var offset: Int

    init(_ bytes: UnsafeRawBufferPointer, at offset: Int = 0) {
        precondition(offset >= 0 && offset <= bytes.count)
        self.bytes = bytes
        self.offset = offset
    }

    var remaining: Int { bytes.count - offset }

    /// nil when fewer bytes are left than the value has.
    mutating func integer<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type = T.self) -> T? {
        guard remaining >= MemoryLayout<T>.size else { return nil }
        defer { offset += MemoryLayout<T>.size }
        return T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
    }

    mutating func skip(_ count: Int) -> Bool {
        guard count >= 0, remaining >= count else { return false }
        offset += count
        return true
    }

    /// Text in a field of `width` bytes up to its zero bytes; nil when it is not UTF-8 or the field is cut.
    mutating func text(width: Int) -> String? {
        guard width >= 0, remaining >= width else { return nil }
        defer { offset += width }
        return fixedText(UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + width]))
    }
}

/// Text up to the first zero byte; nil when it is not UTF-8.
func fixedText(_ field: UnsafeRawBufferPointer) -> String? {
    String(validating: field.prefix { $0 != 0 }, as: UTF8.self)
}
