import Columnar

/// Parquet's hybrid of run lengths and bit packing: dictionary indices, booleans, definition levels.
///
/// Runs are looked for in whole groups of 8, because only groups can be bit-packed between them.
enum RunLengthEncoder {
    /// Appends `count` indices of `width` bits.
    ///
    /// - Complexity: O(count).
    static func append(
        _ indices: UnsafePointer<UInt32>, count: Int, width: Int, to bytes: inout Buffer<UInt8>
    ) {
        let groups = count / 8
        let tail = count % 8
        // A run must save more than it costs: its header, its value, and a header for what follows.
        let cost = 3 + (width + 7) / 8
        let worthwhile = cost / max(width, 1) + 1
        let room = (groups + 1) * (width + 12) + BitPacking.slack
        var used = 0
        bytes.append(count: room) { target in
            var out = ByteTarget(target.baseAddress!)
            var literal = 0
            var group = 0
            while group < groups {
                guard let value = uniform(indices + group * 8) else {
                    group += 1
                    continue
                }
                var end = group + 1
                while end < groups, uniform(indices + end * 8) == value { end += 1 }
                if end - group >= worthwhile {
                    if literal < group {
                        out.literals(indices + literal * 8, groups: group - literal, width: width)
                    }
                    var length = (end - group) * 8
                    if end == groups, isTail(indices + groups * 8, tail, equalTo: value) { length += tail }
                    out.run(value, length: length, width: width)
                    if length > (end - group) * 8 {
                        used = out.used
                        return
                    }
                    literal = end
                }
                group = end
            }
            if literal < groups || tail > 0 {
                if literal == groups, isTail(indices + groups * 8, tail, equalTo: indices[groups * 8]) {
                    out.run(indices[groups * 8], length: tail, width: width)
                } else {
                    out.literals(indices + literal * 8, groups: groups - literal, tail: tail, width: width)
                }
            }
            used = out.used
        }
        bytes.removeLast(room - used)
    }

    /// Appends one run.
    static func append(run value: UInt32, count: Int, width: Int, to bytes: inout Buffer<UInt8>) {
        guard count > 0 else { return }
        var used = 0
        bytes.append(count: 16) { target in
            var out = ByteTarget(target.baseAddress!)
            out.run(value, length: count, width: width)
            used = out.used
        }
        bytes.removeLast(16 - used)
    }

    /// Appends flags as numbers of one bit: definition levels and booleans.
    ///
    /// - Parameter packed: scratch space.
    /// - Complexity: O(flags), 8 flags at a time.
    static func append(
        flags: UnsafeBufferPointer<Bool>, packed: inout Buffer<UInt8>, to bytes: inout Buffer<UInt8>
    ) {
        let groups = (flags.count + 7) / 8
        packed.removeAll()
        packed.append(count: groups) { target in pack(flags, to: target.baseAddress!) }
        let room = groups + 8 * (groups / 8 + 2)
        var used = 0
        packed.withUnsafeElements { packed in
            bytes.append(count: room) { target in
                var out = ByteTarget(target.baseAddress!)
                var literal = 0
                var group = 0
                while group < groups {
                    let byte = packed[group]
                    var end = group + 1
                    while end < groups, packed[end] == byte { end += 1 }
                    if end - group >= 8, byte == 0 || byte == 0xFF {
                        if literal < group {
                            out.literals(packed.baseAddress! + literal, groups: group - literal)
                        }
                        out.run(byte == 0 ? 0 : 1, length: min(end * 8, flags.count) - group * 8, width: 1)
                        literal = end
                    }
                    group = end
                }
                if literal < groups { out.literals(packed.baseAddress! + literal, groups: groups - literal) }
                used = out.used
            }
        }
        bytes.removeLast(room - used)
    }

    /// One bit a flag, the last byte filled with zeros.
    private static func pack(_ flags: UnsafeBufferPointer<Bool>, to out: UnsafeMutablePointer<UInt8>) {
        let raw = UnsafeRawBufferPointer(flags)
        let whole = flags.count / 8
        for group in 0..<whole {
            // The product gathers the lowest bit of each byte in the highest byte.
            let word = raw.loadUnaligned(fromByteOffset: group * 8, as: UInt64.self)
            out[group] = UInt8(truncatingIfNeeded: (word &* 0x0102_0408_1020_4080) &>> 56)
        }
        if flags.count % 8 > 0 {
            var last: UInt8 = 0
            for i in whole * 8..<flags.count where flags[i] { last |= 1 << UInt8(i % 8) }
            out[whole] = last
        }
    }

    @inline(__always)
    private static func uniform(_ group: UnsafePointer<UInt32>) -> UInt32? {
        let first = group[0]
        var difference: UInt32 = 0
        for i in 1..<8 { difference |= group[i] ^ first }
        return difference == 0 ? first : nil
    }

    private static func isTail(_ tail: UnsafePointer<UInt32>, _ count: Int, equalTo value: UInt32) -> Bool {
        for i in 0..<count where tail[i] != value { return false }
        return count > 0
    }

    /// A place to write to; its callers made room for all that they write.
    private struct ByteTarget {
        let start: UnsafeMutableRawPointer
        var next: UnsafeMutableRawPointer
        var used: Int { next - start }

        init(_ start: UnsafeMutablePointer<UInt8>) {
            self.start = UnsafeMutableRawPointer(start)
            self.next = self.start
        }

        mutating func run(_ value: UInt32, length: Int, width: Int) {
            storeVarint(UInt64(length) << 1, at: &next)
            for byte in 0..<(width + 7) / 8 {
                next.storeBytes(of: UInt8(truncatingIfNeeded: value >> UInt32(byte * 8)), as: UInt8.self)
                next += 1
            }
        }

        /// A bit-packed run; the tail of fewer than 8 numbers is filled with zeros.
        mutating func literals(_ indices: UnsafePointer<UInt32>, groups: Int, tail: Int = 0, width: Int) {
            storeVarint(UInt64(groups + (tail > 0 ? 1 : 0)) << 1 | 1, at: &next)
            BitPacking.pack(indices, groups: groups, width: width, to: next)
            next += groups * width
            guard tail > 0 else { return }
            withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 8) { last in
                last.initialize(repeating: 0)
                for i in 0..<tail { last[i] = indices[groups * 8 + i] }
                BitPacking.pack(UnsafePointer(last.baseAddress!), groups: 1, width: width, to: next)
            }
            next += width
        }

        mutating func literals(_ packed: UnsafePointer<UInt8>, groups: Int) {
            storeVarint(UInt64(groups) << 1 | 1, at: &next)
            next.copyMemory(from: packed, byteCount: groups)
            next += groups
        }
    }
}
