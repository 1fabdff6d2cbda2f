/// The functions that the recorder's formulas are written in. Source: spec/recorder.md 2.1, 2.2.
///
/// Sums start from 0.0 and run left to right, so that a result is one value and not a matter of grouping.
package enum Numbers {
    /// EPS: keeps quotients finite.
    package static let epsilon = 1e-9

    /// Sum divided by count; 0 without values.
    package static func mean(_ values: some Collection<Double>) -> Double {
        values.isEmpty ? 0 : values.reduce(0.0, +) / Double(values.count)
    }

    /// Population standard deviation in two passes; exactly 0 when there are fewer than two values or all are equal.
    package static func pstd(_ values: some Collection<Double>) -> Double {
        guard values.count >= 2, values.min() != values.max() else { return 0 }
        let center = mean(values)
        var squares = 0.0
        for value in values { squares += (value - center) * (value - center) }
        return (squares / Double(values.count)).squareRoot()
    }

    /// Distance of `x` from the mean of `values`, in their deviations plus EPS; 0 when they do not deviate.
    package static func zscore(_ x: Double, among values: some Collection<Double>) -> Double {
        let deviation = pstd(values)
        return deviation == 0 ? 0 : (x - mean(values)) / (deviation + epsilon)
    }

    /// 1, −1, or 0 for what is within 1e-12 of zero.
    package static func sign(_ x: Double) -> Double {
        x > 1e-12 ? 1 : x < -1e-12 ? -1 : 0
    }

    /// Limits to [0, 1].
    package static func clamp01(_ x: Double) -> Double { min(max(x, 0), 1) }
}
