/// A reproducible stream of numbers: xoshiro256** (Blackman & Vigna), seeded by SplitMix64 (Steele, Lea,
/// Flood).
///
/// Integers only, so that every machine draws the same. Streams for different purposes are independent:
/// drawing more from one never changes another.
struct Random {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    /// - Parameters:
    ///   - seed: of the whole sample.
    ///   - stream: names of what the numbers are for; each text gives its own stream.
    init(seed: UInt64, stream: String) {
        // FNV-1a turns the name into a number.
        var name: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in stream.utf8 { name = (name ^ UInt64(byte)) &* 0x100_0000_01B3 }
        var counter = seed ^ name
        func splitMix() -> UInt64 {
            counter &+= 0x9E37_79B9_7F4A_7C15
            var z = counter
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
        state = (splitMix(), splitMix(), splitMix(), splitMix())
    }

    mutating func next() -> UInt64 {
        func rotate(_ x: UInt64, _ n: UInt64) -> UInt64 { x << n | x >> (64 - n) }
        let result = rotate(state.1 &* 5, 7) &* 9
        let t = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= t
        state.3 = rotate(state.3, 45)
        return result
    }

    /// 0 ≤ value < n.
    mutating func below(_ n: Int) -> Int {
        Int(UInt64(n).multipliedFullWidth(by: next()).high)
    }

    /// A uniform integer of a closed range.
    mutating func within(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + below(range.upperBound - range.lowerBound + 1)
    }

    /// True with probability `n`/1000.
    mutating func perMille(_ n: Int) -> Bool { below(1000) < n }

    mutating func pick<T>(_ table: [T]) -> T { table[below(table.count)] }

    /// −log2 of a uniform number in (0, 1], unit 2⁻¹⁶: an exponential variable in units of 65 536 ÷ ln 2.
    ///
    /// The fraction comes bit by bit from repeated squaring, so no floating-point routine takes part.
    private mutating func negativeLog2() -> Int {
        let u = (next() >> 32) | 1
        let top = 63 - u.leadingZeroBitCount
        var mantissa = u << UInt64(31 - top)
        var fraction = 0
        for _ in 0..<16 {
            mantissa = (mantissa &* mantissa) >> 31
            fraction <<= 1
            if mantissa >= 1 << 32 {
                fraction |= 1
                mantissa >>= 1
            }
        }
        return (32 << 16) - (top << 16 | fraction)
    }

    /// An exponential variable, rounded down.
    mutating func exponential(mean: Int) -> Int {
        // 45 426 ÷ 65 536 = ln 2.
        (mean * ((negativeLog2() * 45_426) >> 16)) >> 16
    }

    /// Waiting times that come in bursts: half the square of an exponential variable, with the same mean.
    mutating func burst(mean: Int) -> Int {
        let x = (negativeLog2() * 45_426) >> 16
        return (mean / 1024 * ((x * x) >> 17)) >> 6
    }

    /// About normal with standard deviation `sigma`: the sum of twelve uniform numbers, centred.
    mutating func normal(sigma: Int) -> Int {
        var sum = 0
        for _ in 0..<3 {
            let bits = next()
            for part in 0..<4 { sum += Int((bits >> UInt64(16 * part)) & 0xFFFF) }
        }
        return (sigma * (sum - 12 * 32_768) + 32_768) >> 16
    }
}

/// The largest integer whose square is at most `n`.
func squareRoot(_ n: Int) -> Int {
    guard n > 0 else { return 0 }
    var root = 1 << ((Int.bitWidth - n.leadingZeroBitCount + 1) / 2)
    while true {
        let better = (root + n / root) / 2
        if better >= root { return root }
        root = better
    }
}
