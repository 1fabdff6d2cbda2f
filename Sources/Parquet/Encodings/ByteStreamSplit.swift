/// BYTE_STREAM_SPLIT of 8-byte values: first the lowest bytes of all values, then the second lowest, and so on.
/// Neighbouring doubles share sign, exponent and often the low bytes, so the streams compress better.
enum ByteStreamSplit {
    /// Splits `count` values into 8 streams of `count` bytes.
    ///
    /// - Complexity: O(count); blocks of 16 values as two 8 × 8 byte matrices that are transposed by swaps.
    static func split(_ values: UnsafePointer<UInt64>, count: Int, to out: UnsafeMutablePointer<UInt8>) {
        let blocks = count / 16
        for block in 0..<blocks {
            let v = values + block * 16
            var m = Matrix(
                SIMD2(v[0], v[8]), SIMD2(v[1], v[9]), SIMD2(v[2], v[10]), SIMD2(v[3], v[11]),
                SIMD2(v[4], v[12]),
                SIMD2(v[5], v[13]), SIMD2(v[6], v[14]), SIMD2(v[7], v[15]))
            m.transpose()
            let o = UnsafeMutableRawPointer(out + block * 16)
            o.storeBytes(of: m.a, as: SIMD2<UInt64>.self)
            o.storeBytes(of: m.b, toByteOffset: count, as: SIMD2<UInt64>.self)
            o.storeBytes(of: m.c, toByteOffset: 2 * count, as: SIMD2<UInt64>.self)
            o.storeBytes(of: m.d, toByteOffset: 3 * count, as: SIMD2<UInt64>.self)
            o.storeBytes(of: m.e, toByteOffset: 4 * count, as: SIMD2<UInt64>.self)
            o.storeBytes(of: m.f, toByteOffset: 5 * count, as: SIMD2<UInt64>.self)
            o.storeBytes(of: m.g, toByteOffset: 6 * count, as: SIMD2<UInt64>.self)
            o.storeBytes(of: m.h, toByteOffset: 7 * count, as: SIMD2<UInt64>.self)
        }
        for i in blocks * 16..<count {
            for stream in 0..<8 {
                out[stream * count + i] = UInt8(truncatingIfNeeded: values[i] >> UInt64(8 * stream))
            }
        }
    }

    /// Joins values `first ..< first + count` of streams of `total` bytes.
    static func join<T: FixedWidthInteger & UnsignedInteger>(
        _ streams: UnsafePointer<UInt8>, total: Int, first: Int, count: Int, to out: UnsafeMutablePointer<T>
    ) {
        precondition(first >= 0 && count >= 0 && first + count <= total)
        var done = 0
        if T.bitWidth == 64 {
            done = count & ~15
            joinBlocks(streams + first, total: total, blocks: done / 16, to: UnsafeMutableRawPointer(out))
        }
        for i in done..<count {
            var value: T = 0
            for stream in 0..<T.bitWidth / 8 {
                value |= T(truncatingIfNeeded: streams[stream * total + first + i]) << T(8 * stream)
            }
            out[i] = value
        }
    }

    private static func joinBlocks(
        _ streams: UnsafePointer<UInt8>, total: Int, blocks: Int, to out: UnsafeMutableRawPointer
    ) {
        for block in 0..<blocks {
            let s = UnsafeRawPointer(streams + block * 16)
            @inline(__always) func stream(_ i: Int) -> SIMD2<UInt64> {
                s.loadUnaligned(fromByteOffset: i * total, as: SIMD2<UInt64>.self)
            }
            var m = Matrix(
                stream(0), stream(1), stream(2), stream(3), stream(4), stream(5), stream(6), stream(7))
            m.transpose()
            let o = out + block * 128
            // Neighbouring rows side by side: the low lanes are values 0 to 7, the high lanes 8 to 15.
            @inline(__always) func store(_ a: SIMD2<UInt64>, _ b: SIMD2<UInt64>, _ i: Int) {
                o.storeBytes(of: SIMD2(a[0], b[0]), toByteOffset: i * 8, as: SIMD2<UInt64>.self)
                o.storeBytes(of: SIMD2(a[1], b[1]), toByteOffset: 64 + i * 8, as: SIMD2<UInt64>.self)
            }
            store(m.a, m.b, 0)
            store(m.c, m.d, 2)
            store(m.e, m.f, 4)
            store(m.g, m.h, 6)
        }
    }

    /// Two 8 × 8 matrices of bytes, a row a word, side by side in the lanes.
    private struct Matrix {
        typealias Row = SIMD2<UInt64>
        var a: Row, b: Row, c: Row, d: Row, e: Row, f: Row, g: Row, h: Row

        @inline(__always)
        init(_ a: Row, _ b: Row, _ c: Row, _ d: Row, _ e: Row, _ f: Row, _ g: Row, _ h: Row) {
            (self.a, self.b, self.c, self.d, self.e, self.f, self.g, self.h) = (a, b, c, d, e, f, g, h)
        }

        /// Swaps the high part of `x` with the low part of `y`, in every piece of twice `bits`.
        @inline(__always)
        private static func swap(_ x: inout Row, _ y: inout Row, _ bits: UInt64, _ mask: UInt64) {
            let difference = ((x &>> bits) ^ y) & Row(repeating: mask)
            y ^= difference
            x ^= difference &<< bits
        }

        /// Rows become columns: quarters, then eighths, then single bytes change places.
        @inline(__always)
        mutating func transpose() {
            let words: UInt64 = 0x0000_0000_FFFF_FFFF
            Self.swap(&a, &e, 32, words)
            Self.swap(&b, &f, 32, words)
            Self.swap(&c, &g, 32, words)
            Self.swap(&d, &h, 32, words)
            let halves: UInt64 = 0x0000_FFFF_0000_FFFF
            Self.swap(&a, &c, 16, halves)
            Self.swap(&b, &d, 16, halves)
            Self.swap(&e, &g, 16, halves)
            Self.swap(&f, &h, 16, halves)
            let bytes: UInt64 = 0x00FF_00FF_00FF_00FF
            Self.swap(&a, &b, 8, bytes)
            Self.swap(&c, &d, 8, bytes)
            Self.swap(&e, &f, 8, bytes)
            Self.swap(&g, &h, 8, bytes)
        }
    }
}
