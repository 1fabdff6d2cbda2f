/// Reads Parquet's hybrid of run lengths and bit packing, any number of values at a time.
///
/// Invariants: `next ..< end` are the unread bytes of a run of memory that has `BitPacking.slack` more bytes;
/// `packed` points at a bit-packed run of which values `packedIndex ..< packedIndex + left` are unread.
struct RunLengthDecoder {
    private var start: UnsafeRawPointer
    private var next: UnsafeRawPointer
    private var end: UnsafeRawPointer
    private let width: Int
    /// Values left in the open run.
    private var left = 0
    private var isPacked = false
    private var runValue: UInt32 = 0
    private var packed: UnsafeRawPointer
    private var packedIndex = 0

    /// - Parameter width: bits of a value, 0 to 32.
    init(_ bytes: UnsafeRawBufferPointer, width: Int) {
        precondition(width >= 0 && width <= 32)
        start = bytes.baseAddress!
        next = start
        end = start + bytes.count
        packed = start
        self.width = width
    }

    /// Reads the header of the next run.
    private mutating func open() throws(FormatError) {
        guard next < end else { throw FormatError("the runs end before the page's values", at: next - start) }
        guard let header = loadVarint(&next, before: end), header <= UInt32.max else {
            throw FormatError("a run's header is broken", at: next - start)
        }
        let length = Int(header >> 1)
        if header & 1 == 1 {
            packed = next
            packedIndex = 0
            isPacked = width > 0
            runValue = 0
            left = length * 8
            // Some writers do not fill the last group.
            if width > 0 {
                left = min(left, (end - next) * 8 / width)
                next += min(length * width, end - next)
                guard left > 0 || length == 0 else {
                    throw FormatError("a run without bytes", at: next - start)
                }
            }
        } else {
            let bytes = (width + 7) / 8
            guard end - next >= bytes else { throw FormatError("ends inside a run", at: next - start) }
            runValue = 0
            for i in 0..<bytes {
                runValue |= UInt32(next.load(fromByteOffset: i, as: UInt8.self)) << UInt32(8 * i)
            }
            next += bytes
            isPacked = false
            left = length
        }
    }

    /// Writes the next `count` values.
    mutating func decode(_ count: Int, to out: UnsafeMutablePointer<UInt32>) throws(FormatError) {
        var done = 0
        while done < count {
            if left == 0 {
                try open()
                continue
            }
            let n = min(left, count - done)
            if isPacked {
                unpack(n, to: out + done)
            } else {
                (out + done).update(repeating: runValue, count: n)
            }
            left -= n
            done += n
        }
    }

    /// Values up to the next group one by one, then groups, then the rest.
    private mutating func unpack(_ count: Int, to out: UnsafeMutablePointer<UInt32>) {
        var done = 0
        while done < count, packedIndex & 7 != 0 || count - done < 8 {
            out[done] = value(packedIndex)
            packedIndex += 1
            done += 1
        }
        let groups = (count - done) / 8
        if groups > 0 {
            BitPacking.unpack(packed + packedIndex / 8 * width, groups: groups, width: width, to: out + done)
            packedIndex += groups * 8
            done += groups * 8
        }
        while done < count {
            out[done] = value(packedIndex)
            packedIndex += 1
            done += 1
        }
    }

    private func value(_ index: Int) -> UInt32 {
        let bit = index * width
        let word = packed.loadUnaligned(fromByteOffset: bit >> 3, as: UInt64.self)
        return UInt32(truncatingIfNeeded: word >> UInt64(bit & 7) & (~0 >> UInt64(64 - width)))
    }

    /// Writes the next `count` values of one bit as flags.
    ///
    /// - Returns: how many are set.
    mutating func decodeFlags(_ count: Int, to out: UnsafeMutablePointer<Bool>) throws(FormatError) -> Int {
        precondition(width == 1)
        var done = 0
        var set = 0
        while done < count {
            if left == 0 {
                try open()
                continue
            }
            let n = min(left, count - done)
            if isPacked {
                set += unpackFlags(n, to: UnsafeMutableRawPointer(out + done))
            } else {
                guard runValue <= 1 else {
                    throw FormatError("\(runValue) where a bit is wanted", at: next - start)
                }
                (out + done).update(repeating: runValue == 1, count: n)
                set += runValue == 1 ? n : 0
            }
            left -= n
            done += n
        }
        return set
    }

    private mutating func unpackFlags(_ count: Int, to out: UnsafeMutableRawPointer) -> Int {
        var done = 0
        var set = 0
        @inline(__always) func single() {
            let bit =
                packed.load(fromByteOffset: packedIndex >> 3, as: UInt8.self) >> UInt8(packedIndex & 7) & 1
            out.storeBytes(of: bit, toByteOffset: done, as: UInt8.self)
            set += Int(bit)
            packedIndex += 1
            done += 1
        }
        while done < count, packedIndex & 7 != 0 { single() }
        while count - done >= 8 {
            let byte = packed.load(fromByteOffset: packedIndex >> 3, as: UInt8.self)
            // The byte in all eight places; of each place one bit is kept, and moved to the lowest.
            let spread = (UInt64(byte) &* 0x0101_0101_0101_0101) & 0x8040_2010_0804_0201
            let flags = ((spread &+ 0x7F7F_7F7F_7F7F_7F7F) | spread) &>> 7 & 0x0101_0101_0101_0101
            out.storeBytes(of: flags, toByteOffset: done, as: UInt64.self)
            set += byte.nonzeroBitCount
            packedIndex += 8
            done += 8
        }
        while done < count { single() }
        return set
    }
}
