import FixedMath
import Foundation
import Testing

private let interopDirectory = ProcessInfo.processInfo.environment["TARN_INTEROP_DIR"]

/// Writes arguments and results as bit patterns, for Tests/Python/test_fixed_math.py to judge.
@Test(.enabled(if: interopDirectory != nil))
func `samples for the decimal reference`() throws {
    var samples = Samples(state: 88_172_645_463_325_252)
    var lines: [String] = []
    func add(_ name: String, _ x: Double, _ value: Double) {
        lines.append("\(name),\(String(x.bitPattern, radix: 16)),\(String(value.bitPattern, radix: 16))")
    }
    for _ in 0..<1500 {
        for x in [samples.uniform(-745, 709.7), samples.uniform(-1, 1), samples.uniform(-0.01, 0.01)] {
            add("exp", x, Fixed.exp(x))
        }
        for x in [samples.anyPositive(), samples.uniform(0.5, 2), samples.uniform(0.999, 1.001)] {
            add("log", x, Fixed.log(x))
        }
        for x in [samples.uniform(-20, 20), samples.uniform(-1, 1), samples.uniform(-0.13, 0.13)] {
            add("tanh", x, Fixed.tanh(x))
            add("asinh", x, Fixed.asinh(x))
        }
        let x = samples.anyPositive()
        add("tanh", x, Fixed.tanh(x))
        add("asinh", -x, Fixed.asinh(-x))
    }
    let file = URL(fileURLWithPath: interopDirectory!).appendingPathComponent("fixed_math.csv")
    try lines.joined(separator: "\n").write(to: file, atomically: true, encoding: .utf8)
}
