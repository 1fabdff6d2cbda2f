/// Fills blocks with whole records: the half of the reader that may run on a thread of its own.
final class BlockProducer: @unchecked Sendable {
    private var source: ByteSource
    private let sendTime: Int
    private let allowTruncated: Bool
    private var nextRecord = 0
    private var nextOffset: Int
    /// The beginning of a record whose end is in the next block.
    private let carry = UnsafeMutableRawBufferPointer.allocate(
        byteCount: RecordFraming.longestRecord, alignment: 16)
    private var carried = 0

    init(source: consuming ByteSource, sendTime: Int, allowTruncated: Bool) {
        self.nextOffset = source.offset
        self.source = source
        self.sendTime = sendTime
        self.allowTruncated = allowTruncated
    }

    deinit {
        carry.deallocate()
    }

    /// Fills one block. After an ending other than `more` it must not be called again.
    func fill(_ block: Block) {
        let memory = block.memory
        memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: carry[0..<carried]))
        var filled = carried
        block.ending = .more
        do throws(DBNError) {
            while filled < memory.count {
                let count = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: memory[filled...]))
                if count == 0 {
                    block.ending = .clean
                    break
                }
                filled += count
            }
        } catch {
            block.ending = error.isTruncation && allowTruncated ? .truncated : .failed(error)
        }
        let frames = RecordFraming.frame(
            UnsafeRawBufferPointer(rebasing: memory[0..<filled]), sendTime: sendTime)
        block.byteCount = frames.bytes
        block.recordCount = frames.count
        block.stride = frames.stride
        block.firstRecord = nextRecord
        block.byteOffset = nextOffset
        nextRecord += frames.count
        nextOffset += frames.bytes
        if let fault = frames.fault {
            block.ending = .failed(
                DBNError(
                    .badRecordLength, file: source.name, recordIndex: nextRecord, byteOffset: nextOffset,
                    expected: "a record of type \(fault.rtype) with "
                        + RecordFraming.lengths(rtype: fault.rtype, sendTime: sendTime),
                    found: "a length of \(fault.length)"))
            return
        }
        carried = filled - frames.bytes
        switch block.ending {
        case .more:
            carry.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[frames.bytes..<filled]))
        case .clean where carried > 0:
            block.ending = allowTruncated ? .truncated : .failed(cutRecord(memory, at: frames.bytes))
        case .clean, .truncated, .failed: break
        }
    }

    private func cutRecord(_ memory: UnsafeMutableRawBufferPointer, at offset: Int) -> DBNError {
        DBNError(
            .truncatedRecord, file: source.name, recordIndex: nextRecord, byteOffset: nextOffset,
            expected: "a record of \(Int(memory[offset]) * 4) bytes",
            found: "the end of the stream after \(carried)")
    }
}
