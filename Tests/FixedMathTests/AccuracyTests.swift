import FixedMath
import Foundation
import Testing

/// xorshift64*: the same samples on every machine.
struct Samples {
    var state: UInt64

    mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 2_685_821_657_736_338_717
    }

    /// Uniform in low…high.
    mutating func uniform(_ low: Double, _ high: Double) -> Double {
        low + (high - low) * (Double(next() >> 11) * 0x1p-53)
    }

    /// Any positive finite double, subnormals included: every binade equally often.
    mutating func anyPositive() -> Double {
        Double(bitPattern: next() % 0x7ff0_0000_0000_0000)
    }
}

#if arch(x86_64)
    /// The 64-bit significand of the C library's long double functions resolves 1/2048 of our unit in the last place.
    @Suite struct AccuracyTests {
        /// The largest error of `function` in ulps of the exact value over `count` arguments.
        static func worst(
            _ count: Int, _ draw: (inout Samples) -> Double, _ function: (Double) -> Double,
            _ reference: (Float80) -> Float80
        ) -> Double {
            var samples = Samples(state: 0x9e37_79b9_7f4a_7c15)
            var worst = 0.0
            for _ in 0..<count {
                let x = draw(&samples)
                let exact = reference(Float80(x))
                let unit = Float80(Double(exact).ulp)
                worst = max(worst, Double((Float80(function(x)) - exact).magnitude / unit))
            }
            return worst
        }

        @Test func `exp stays within 0.53 ulp, subnormal results within 1.01`() {
            for (low, high) in [(-708.0, 709.7), (-1, 1), (-0.01, 0.01), (-1e-9, 1e-9), (0, 50)] {
                let error = Self.worst(400_000, { $0.uniform(low, high) }, Fixed.exp, Foundation.exp)
                #expect(error < 0.53, "exp on \(low)…\(high)")
            }
            #expect(Self.worst(100_000, { $0.uniform(-745, -708.4) }, Fixed.exp, Foundation.exp) < 1.01)
        }

        @Test func `log stays within 0.53 ulp on every binade and around one`() {
            #expect(Self.worst(1_000_000, { $0.anyPositive() }, Fixed.log, Foundation.log) < 0.53)
            for (low, high) in [(0.5, 2.0), (0.99, 1.01), (1 - 1e-6, 1 + 1e-6), (0.9, 1), (1, 1e6)] {
                let error = Self.worst(400_000, { $0.uniform(low, high) }, Fixed.log, Foundation.log)
                #expect(error < 0.53, "log on \(low)…\(high)")
            }
            var whole = 0.0
            let integers = Self.worst(
                200_000,
                { _ in
                    whole += 1; return whole
                }, Fixed.log, Foundation.log)
            #expect(integers < 0.53)
        }

        @Test func `tanh stays within 0.53 ulp`() {
            for (low, high) in [(-1.0, 1.0), (-0.13, 0.13), (0.12, 0.7), (-25, 25), (-1e-6, 1e-6)] {
                let error = Self.worst(400_000, { $0.uniform(low, high) }, Fixed.tanh, Foundation.tanh)
                #expect(error < 0.53, "tanh on \(low)…\(high)")
            }
        }

        @Test func `asinh stays within 0.53 ulp`() {
            #expect(Self.worst(400_000, { $0.anyPositive() }, Fixed.asinh, Foundation.asinh) < 0.53)
            for (low, high) in [(-1.0, 1.0), (-0.13, 0.13), (0.12, 5), (-1e4, 1e4), (2.6e8, 2.8e8)] {
                let error = Self.worst(400_000, { $0.uniform(low, high) }, Fixed.asinh, Foundation.asinh)
                #expect(error < 0.53, "asinh on \(low)…\(high)")
            }
        }
    }
#endif
