/// Least squares for `beta` and `gamma` over training windows, which are shown in time order.
///
/// A window t counts when it lies in the interval and t − 1, t and t + 1 are consecutive and not skipped.
///
/// - Source: spec/physics.md, section 8.6.
public struct ForecastFit: Sendable {
    private var x1y = 0.0
    private var x2y = 0.0
    private var x1x1 = 0.0
    private var x1x2 = 0.0
    private var x2x2 = 0.0
    /// Number of windows that count so far.
    public private(set) var windows = 0
    private var last: Shown?

    private struct Shown {
        var end: Int64
        var spotTick: Int64
        /// v of this window, nil when the window before it is unknown.
        var velocity: Double?
        var response: Double
        var isInInterval: Bool
    }

    public init() {}

    /// Shows the next window.
    ///
    /// - Parameters:
    ///   - windowEnd: window_end_ts_ns.
    ///   - forecast: its forecast, whatever the gains; nil for a skipped window.
    ///   - isInInterval: whether the window itself lies in the training interval.
    public mutating func show(windowEnd: Int64, forecast: Forecast?, isInInterval: Bool) {
        guard let forecast else {
            last = nil
            return
        }
        var shown = Shown(
            end: windowEnd, spotTick: forecast.spotTick, velocity: nil, response: forecast.response,
            isInInterval: isInInterval)
        if let last, windowEnd.subtractingReportingOverflow(last.end) == (1_000_000_000, false) {
            let velocity = Double(forecast.spotTick) - Double(last.spotTick)
            shown.velocity = velocity
            if last.isInInterval, let x1 = last.velocity {
                add(y: velocity, x1: x1, x2: last.response)
            }
        }
        last = shown
    }

    private mutating func add(y: Double, x1: Double, x2: Double) {
        x1y += x1 * y
        x2y += x2 * y
        x1x1 += x1 * x1
        x1x2 += x1 * x2
        x2x2 += x2 * x2
        windows += 1
    }

    /// The gains that fit the windows shown: γ = 1 − clamp(a, 0, 1), β = max(0, b).
    public func solution() throws(PhysicsError) -> ForecastParameters {
        let determinant = x1x1 * x2x2 - x1x2 * x1x2
        guard determinant != 0 else { throw .singularFit(windows: windows) }
        let a = (x1y * x2x2 - x2y * x1x2) / determinant
        let b = (x1x1 * x2y - x1x2 * x1y) / determinant
        return ForecastParameters(beta: max(0, b), gamma: 1 - min(max(a, 0), 1))
    }
}
