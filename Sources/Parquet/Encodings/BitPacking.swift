/// Numbers of a fixed width without gaps, least significant bit first: the body of bit-packed runs and of
/// delta miniblocks. Works on groups of 8 numbers, because 8 numbers of `width` bits fill `width` bytes.
enum BitPacking {
    /// Bytes that `pack` may write, and `unpack` may read, beyond the last group.
    static let slack = 16

    /// Bits that the number needs.
    @inline(__always)
    static func width<T: FixedWidthInteger & UnsignedInteger>(_ number: T) -> Int {
        T.bitWidth - number.leadingZeroBitCount
    }

    /// Packs `groups` × 8 numbers, none of them wider than `width` bits.
    ///
    /// - Parameter out: room for `groups` × `width` + `slack` bytes.
    /// - Complexity: O(groups); 1, 2, 4 or 8 stores a group, whichever the width allows.
    @inline(__always)
    static func pack<T: FixedWidthInteger & UnsignedInteger>(
        _ source: UnsafePointer<T>, groups: Int, width: Int, to out: UnsafeMutableRawPointer
    ) {
        precondition(width >= 0 && width <= 64 && groups >= 0)
        var input = source
        var output = out
        let w = UInt64(width)
        @inline(__always) func pair(_ i: Int) -> UInt64 {
            UInt64(truncatingIfNeeded: input[i]) | UInt64(truncatingIfNeeded: input[i + 1]) &<< w
        }
        @inline(__always) func quad(_ i: Int) -> UInt64 { pair(i) | pair(i + 2) &<< (2 &* w) }
        if width == 0 {
            return
        } else if width <= 8 {
            for _ in 0..<groups {
                output.storeBytes(of: quad(0) | quad(4) &<< (4 &* w), as: UInt64.self)
                input += 8
                output += width
            }
        } else if width <= 16 {
            // The second half starts in the middle of a byte when the width is odd.
            let half = 4 &* width
            let shift = UInt64(half & 7)
            for _ in 0..<groups {
                let low = quad(0)
                let high = quad(4)
                output.storeBytes(of: low, as: UInt64.self)
                let rest = shift == 0 ? 0 : low &>> UInt64(half - 4)
                output.storeBytes(of: rest | high &<< shift, toByteOffset: half >> 3, as: UInt64.self)
                input += 8
                output += width
            }
        } else if width <= 32 {
            for _ in 0..<groups {
                var carry = Carry(output)
                for i in 0..<4 { carry.append(pair(2 &* i), bits: 2 &* width) }
                input += 8
                output += width
            }
        } else {
            for _ in 0..<groups {
                var carry = Carry(output)
                for i in 0..<8 { carry.append(UInt64(truncatingIfNeeded: input[i]), bits: width) }
                input += 8
                output += width
            }
        }
    }

    /// Joins words of 8 to 64 bits; fewer than 8 bits wait for the next word.
    private struct Carry {
        var output: UnsafeMutableRawPointer
        var waiting: UInt64 = 0
        var waitingBits = 0

        @inline(__always)
        init(_ output: UnsafeMutableRawPointer) {
            self.output = output
        }

        @inline(__always)
        mutating func append(_ word: UInt64, bits: Int) {
            output.storeBytes(of: waiting | word &<< UInt64(waitingBits), as: UInt64.self)
            let total = waitingBits &+ bits
            output += total &>> 3
            waitingBits = total & 7
            waiting = waitingBits == 0 ? 0 : word &>> UInt64(bits &- waitingBits)
        }
    }

    /// Unpacks `groups` × 8 numbers.
    ///
    /// - Parameter source: `groups` × `width` bytes, followed by `slack` bytes that may be read.
    @inline(__always)
    static func unpack<T: FixedWidthInteger & UnsignedInteger>(
        _ source: UnsafeRawPointer, groups: Int, width: Int, to out: UnsafeMutablePointer<T>
    ) {
        precondition(width >= 0 && width <= T.bitWidth && groups >= 0)
        if width == 0 {
            out.update(repeating: 0, count: groups * 8)
            return
        }
        let mask = ~UInt64(0) &>> UInt64(64 &- width)
        var input = source
        var output = out
        if width <= 8 {
            for _ in 0..<groups {
                let word = input.loadUnaligned(as: UInt64.self)
                for i in 0..<8 { output[i] = T(truncatingIfNeeded: word &>> UInt64(i &* width) & mask) }
                input += width
                output += 8
            }
        } else if width <= 57 {
            for _ in 0..<groups {
                for i in 0..<8 {
                    let bit = i &* width
                    let word = input.loadUnaligned(fromByteOffset: bit &>> 3, as: UInt64.self)
                    output[i] = T(truncatingIfNeeded: word &>> UInt64(bit & 7) & mask)
                }
                input += width
                output += 8
            }
        } else {
            for _ in 0..<groups {
                for i in 0..<8 {
                    let bit = i &* width
                    let low = input.loadUnaligned(fromByteOffset: bit &>> 3, as: UInt64.self)
                    let high = UInt64(input.load(fromByteOffset: bit &>> 3 &+ 8, as: UInt8.self))
                    let shift = UInt64(bit & 7)
                    let word = low &>> shift | (shift == 0 ? 0 : high &<< (64 &- shift))
                    output[i] = T(truncatingIfNeeded: word & mask)
                }
                input += width
                output += 8
            }
        }
    }
}
