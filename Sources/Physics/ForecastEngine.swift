import Columnar
import FixedMath

/// Gains of the motion: parameters `beta` and `gamma`. The defaults are those of the specification, not fitted to data.
public struct ForecastParameters: Sendable, Equatable {
    /// Gain of the force.
    public var beta: Double
    /// Loss of speed per second.
    public var gamma: Double

    public init(beta: Double = 1.0, gamma: Double = 0.2) {
        self.beta = beta
        self.gamma = gamma
    }
}

/// Forecast of the anchor from the surfaces of one window: gold.{future_mbo, equity_mbo}.forecast_1s.
///
/// Per output window, in ascending order: any number of `addOptions`, then `forecast`. It looks at this window and at
/// the spot_ref of the one before, and at nothing else. Nothing is allocated per window.
///
/// - Source: spec/physics.md, sections 8.1 to 8.5.
public struct ForecastEngine: ~Copyable {
    /// M = H: cells on each side of the anchor.
    public let halfWidth: Int
    public let parameters: ForecastParameters
    private let latticeStep: Int64
    private var fields: ForecastFields
    private let force: ForceWeights
    /// Window end and spot_tick of the last window that was not skipped.
    private var previous: (end: Int64, spotTick: Int64)?

    /// - Parameters:
    ///   - halfWidth: H of the surface, at least 64.
    ///   - latticeStep: q in price_1e-9.
    ///   - parameters: beta and gamma.
    public init(halfWidth: Int, latticeStep: Int64, parameters: ForecastParameters) throws(PhysicsError) {
        guard latticeStep > 0 else {
            throw .invalidParameter(name: "q", value: "\(latticeStep)", expected: "a positive price step")
        }
        guard halfWidth >= ForecastFields.wallReach, halfWidth <= 4096 else {
            throw .invalidParameter(name: "half width", value: "\(halfWidth)", expected: "64…4096 cells")
        }
        for (name, value) in [("beta", parameters.beta), ("gamma", parameters.gamma)] where !value.isFinite {
            throw .invalidParameter(name: name, value: "\(value)", expected: "a finite number")
        }
        self.halfWidth = halfWidth
        self.latticeStep = latticeStep
        self.parameters = parameters
        fields = ForecastFields(halfWidth: halfWidth)
        force = ForceWeights()
    }

    /// Adds rows of the option surface of the open window, in their order; rows beyond ±M have no cell.
    public mutating func addOptions(relTicks: Span<Int32>, omega: Span<Double>) throws(PhysicsError) {
        try checkLength("Omega_opt", omega.count, relTicks.count)
        fields.addOptions(relTicks: relTicks, omega: omega)
    }

    /// Completes the window with rows of its surface, side A then B, rel_ticks ascending in each.
    ///
    /// - Parameters:
    ///   - windowEnd: window_end_ts_ns.
    ///   - spotRef: anchor in price_1e-9, a positive multiple of q; nil where it is null.
    ///   - isValid: window_valid of book_snapshot_1s.
    ///   - omega: column Omega of the window's rows.
    ///   - pressureGrad: column pressure_grad of the window's rows.
    ///   - uNear: column u_near of the window's rows.
    ///   - uPSlow: column u_p_slow of the window's rows.
    /// - Returns: nil for a skipped window, whose columns are not looked at.
    public mutating func forecast(
        windowEnd: Int64, spotRef: Int64?, isValid: Bool, pressureGrad: Span<Double>, uNear: Span<Double>,
        uPSlow: Span<Double>, omega: Span<Double>
    ) throws(PhysicsError) -> Forecast? {
        defer { fields.forgetOptions() }
        guard let spotRef, isValid else {
            previous = nil
            return nil
        }
        let rows = 2 * (2 * halfWidth + 1)
        try checkLength("pressure_grad", pressureGrad.count, rows)
        try checkLength("u_near", uNear.count, rows)
        try checkLength("u_p_slow", uPSlow.count, rows)
        try checkLength("Omega", omega.count, rows)
        let spotTick = try gridIndex(of: spotRef, step: latticeStep)
        fields.load(pressureGrad: pressureGrad, uNear: uNear, uPSlow: uPSlow, omega: omega)
        guard fields.isFinite else { throw .notFinite(windowEnd: windowEnd) }
        let result = move(from: spotTick, velocity: velocity(to: spotTick, at: windowEnd))
        previous = (windowEnd, spotTick)
        return result
    }

    /// The cells that push, of the last window that was not skipped, x ascending.
    public func forceTerms() -> [ForceTerm] { force.terms(fields) }

    /// Ticks per second since the window that ended 1 s earlier; 0 if that was skipped.
    private func velocity(to spotTick: Int64, at windowEnd: Int64) -> Double {
        guard let previous, windowEnd.subtractingReportingOverflow(previous.end) == (1_000_000_000, false)
        else {
            return 0
        }
        return Double(spotTick) - Double(previous.spotTick)
    }

    /// Sections 8.3 to 8.5.
    private func move(from spotTick: Int64, velocity: Double) -> Forecast {
        let up = fields.run(.up)
        let down = fields.run(.down)
        let (force0, damping0) = force.evaluate(fields, shift: 0)
        var forecast = Forecast(
            spotTick: spotTick, runScoreUp: up.score, runScoreDown: down.score, wallUp: up.wall,
            wallDown: down.wall, force: force0, damping: damping0)
        var v = clamped(velocity, 8)
        var shift = 0.0
        for step in 0..<Forecast.horizons {
            let (f, n) = step == 0 ? (force0, damping0) : force.evaluate(fields, shift: shift)
            v = clamped((1 - parameters.gamma) * v + parameters.beta * f / (1 + n), 8)
            shift = clamped(shift + v, 80)
            forecast.setDelta(nearestInteger(shift), step: step)
        }
        return forecast
    }
}

/// `value` limited to ±`limit`.
private func clamped(_ value: Double, _ limit: Double) -> Double {
    min(max(value, -limit), limit)
}

/// The nearest integer, halves to even, for |value| < 2^51: adding 1.5·2^52 leaves no room for a fraction.
private func nearestInteger(_ value: Double) -> Int64 {
    Int64((value + 0x1.8p52) - 0x1.8p52)
}
