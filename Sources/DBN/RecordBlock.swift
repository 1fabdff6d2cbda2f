/// A run of whole records in memory, borrowed from the reader that decoded them.
///
/// Every record lies wholly inside `bytes` and is at least as long as its type has it, so a record found by
/// `forEach` or by `stride` can be loaded without a further test; each load is still checked against `bytes`.
public struct RecordBlock: ~Escapable {
    /// The records one after another, send times included.
    public let bytes: RawSpan
    /// Number of records.
    public let count: Int
    /// Index of the first record in the file.
    public let firstRecord: Int
    /// Position of the first record in the decompressed stream.
    public let byteOffset: Int
    /// Bytes from record to record when all have one type and length, else 0.
    public let stride: Int
    /// Bytes of the send time after each record: 0 or 8.
    public let sendTimeBytes: Int
    /// The file, for messages.
    public let file: String

    @_lifetime(copy bytes)
    init(
        bytes: RawSpan, count: Int, firstRecord: Int, byteOffset: Int, stride: Int, sendTimeBytes: Int,
        file: String
    ) {
        self.bytes = bytes
        self.count = count
        self.firstRecord = firstRecord
        self.byteOffset = byteOffset
        self.stride = stride
        self.sendTimeBytes = sendTimeBytes
        self.file = file
    }

    /// The type that all records have when they have one length and type; nil for a mixture or an empty
    /// block.
    @inlinable
    public var uniformType: UInt8? {
        stride > 0 ? bytes.unsafeLoad(fromByteOffset: 1, as: UInt8.self) : nil
    }

    /// The record at a byte offset of the block, as bytes of a fixed layout.
    ///
    /// The type is the caller's: compare the header's `rtype` first.
    @inlinable @inline(__always)
    public func load<R: FixedRecord>(_ type: R.Type, at offset: Int) -> R {
        bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: R.self)
    }

    /// The header of the record at a byte offset of the block.
    @inlinable @inline(__always)
    public func header(at offset: Int) -> RecordHeader {
        bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: RecordHeader.self)
    }

    /// Calls `body` with each record's type, offset in the block, and length with its send time.
    @inlinable
    public func forEach<E: Error>(
        _ body: (_ rtype: UInt8, _ offset: Int, _ length: Int) throws(E) -> Void
    ) throws(E) {
        var offset = 0
        while offset < bytes.byteCount {
            let length = Int(bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)) * 4
            let rtype = bytes.unsafeLoad(fromByteOffset: offset + 1, as: UInt8.self)
            try body(rtype, offset, length)
            offset += length
        }
    }

    /// Index in the file of the record at a byte offset of the block. O(1) when uniform, else O(records).
    public func recordIndex(at offset: Int) -> Int {
        if stride > 0 { return firstRecord + offset / stride }
        var index = firstRecord
        forEach { _, position, _ in
            if position < offset { index += 1 }
        }
        return index
    }

    /// The error that says where a field of a record is not what it should be.
    public func fieldError(at offset: Int, expected: String, found: String) -> DBNError {
        DBNError(
            .badField, file: file, recordIndex: recordIndex(at: offset), byteOffset: byteOffset + offset,
            expected: expected, found: found)
    }

    /// Length of the record at an offset, without its send time.
    func bodyLength(at offset: Int) -> Int {
        Int(header(at: offset).length) * 4 - sendTimeBytes
    }
}
