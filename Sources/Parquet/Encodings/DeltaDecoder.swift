/// Reads DELTA_BINARY_PACKED, any number of values at a time, with blocks of any size that the format allows.
///
/// Invariants: `next ..< end` are the unread bytes of a run of memory that has `BitPacking.slack` more bytes;
/// `chunk` holds 32 excesses of which `chunkNext ..< 32` are unread.
struct DeltaDecoder: ~Copyable {
    private var start: UnsafeRawPointer
    private var next: UnsafeRawPointer
    private var end: UnsafeRawPointer

    /// Values of the whole run.
    let total: Int
    private var remaining: Int
    private var isFirst = true
    private var value: Int64

    private let miniblocks: Int
    private let miniblockChunks: Int
    private var miniblock: Int
    private var widths: UnsafeRawPointer
    private var width = 0
    private var smallest: Int64 = 0
    private var chunksLeft = 0
    private var chunk = InlineArray<32, UInt64>(repeating: 0)
    private var chunkNext = 32

    init(_ bytes: UnsafeRawBufferPointer) throws(FormatError) {
        start = bytes.baseAddress!
        next = start
        end = start + bytes.count
        widths = start
        guard let block = loadVarint(&next, before: end), let count = loadVarint(&next, before: end),
            let values = loadVarint(&next, before: end), let first = loadVarint(&next, before: end)
        else { throw FormatError("a broken header of differences", at: next - start) }
        guard (1...1 << 16).contains(count), (32...1 << 20).contains(block), block % count == 0,
            (block / count) % 32 == 0
        else { throw FormatError("blocks of \(block) values in \(count) miniblocks") }
        guard values <= UInt64(Int32.max) else { throw FormatError("a page of \(values) differences") }
        miniblocks = Int(count)
        miniblockChunks = Int(block / count / 32)
        miniblock = miniblocks
        total = Int(values)
        remaining = total
        value = unzigzag(first)
    }

    /// Writes the next `count` values. Additions wrap around, as the writer's subtractions did.
    mutating func decode<T: FixedWidthInteger>(
        _ count: Int, to out: UnsafeMutablePointer<T>
    ) throws(FormatError) {
        guard count <= remaining else {
            throw FormatError("\(total) differences where the page has more values", at: next - start)
        }
        remaining -= count
        var done = 0
        if isFirst, count > 0 {
            out[0] = T(truncatingIfNeeded: value)
            isFirst = false
            done = 1
        }
        while done < count {
            if chunkNext == 32 { try openChunk() }
            let n = min(count - done, 32 - chunkNext)
            var sum = value
            for i in 0..<n {
                sum = sum &+ smallest &+ Int64(bitPattern: chunk[chunkNext &+ i])
                out[done &+ i] = T(truncatingIfNeeded: sum)
            }
            value = sum
            chunkNext += n
            done += n
        }
    }

    private mutating func openChunk() throws(FormatError) {
        if chunksLeft == 0 { try openMiniblock() }
        let bytes = 4 * width
        guard end - next >= bytes else {
            throw FormatError("ends inside a block of differences", at: next - start)
        }
        let (source, width) = (next, width)
        var span = chunk.mutableSpan
        span.withUnsafeMutableBufferPointer {
            BitPacking.unpack(source, groups: 4, width: width, to: $0.baseAddress!)
        }
        next += bytes
        chunksLeft -= 1
        chunkNext = 0
    }

    private mutating func openMiniblock() throws(FormatError) {
        if miniblock == miniblocks {
            guard let number = loadVarint(&next, before: end), end - next >= miniblocks else {
                throw FormatError("ends inside a block of differences", at: next - start)
            }
            smallest = unzigzag(number)
            widths = next
            next += miniblocks
            miniblock = 0
        }
        width = Int(widths.load(fromByteOffset: miniblock, as: UInt8.self))
        guard width <= 64 else { throw FormatError("differences of \(width) bits", at: widths - start) }
        miniblock += 1
        chunksLeft = miniblockChunks
    }

    /// Bytes that the run takes in all; known when every value has been read.
    func length() throws(FormatError) -> Int {
        precondition(remaining == 0)
        let rest = chunksLeft * 4 * width
        guard end - next >= rest else {
            throw FormatError("ends inside a block of differences", at: next - start)
        }
        return next - start + rest
    }
}
