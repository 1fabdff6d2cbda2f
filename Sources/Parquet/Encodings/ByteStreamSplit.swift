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
    static func join(
        _ streams: UnsafePointer<UInt8>, total: Int, first: Int, count: Int,
        to out: UnsafeMutablePointer<UInt64>
    ) {
        precondition(first >= 0 && count >= 0 && first + count <= total)
        let blocks = count / 16
        for block in 0..<blocks {
            let s = UnsafeRawPointer(streams + first + block * 16)
            @inline(__always) func stream(_ i: Int) -> SIMD2<UInt64> {
                s.loadUnaligned(fromByteOffset: i * total, as: SIMD2<UInt64>.self)
            }
            var m = Matrix(
                stream(0), stream(1), stream(2), stream(3), stream(4), stream(5), stream(6), stream(7))
            m.transpose()
            let o = out + block * 16
            let rows = (m.a, m.b, m.c, m.d, m.e, m.f, m.g, m.h)
            (o[0], o[1], o[2], o[3]) = (rows.0[0], rows.1[0], rows.2[0], rows.3[0])
            (o[4], o[5], o[6], o[7]) = (rows.4[0], rows.5[0], rows.6[0], rows.7[0])
            (o[8], o[9], o[10], o[11]) = (rows.0[1], rows.1[1], rows.2[1], rows.3[1])
            (o[12], o[13], o[14], o[15]) = (rows.4[1], rows.5[1], rows.6[1], rows.7[1])
        }
        for i in blocks * 16..<count {
            var value: UInt64 = 0
            for stream in 0..<8 { value |= UInt64(streams[stream * total + first + i]) << UInt64(8 * stream) }
            out[i] = value
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
