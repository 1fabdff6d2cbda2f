import FixedMath

/// What forecast_1s says about one window that was not skipped.
public struct Forecast: Sendable {
    /// Last horizon in seconds.
    public static let horizons = 30

    /// spot_ref in lattice steps.
    public let spotTick: Int64
    /// RunScore_up and RunScore_down, 1/s.
    public let runScoreUp: Double
    public let runScoreDown: Double
    /// D_up and D_down: cells to the wall, 1…64.
    public let wallUp: Int32
    public let wallDown: Int32
    /// F(0), 1/s.
    public let force: Double
    /// N(0).
    public let damping: Double
    /// F(0)/(1 + N(0)): what the gain `beta` multiplies in the first second.
    public var response: Double { force / (1 + damping) }
    /// Confidence of a move up and of one down, 0…1.
    public let confidenceUp: Double
    public let confidenceDown: Double
    private var deltas = InlineArray<30, Int64>(repeating: 0)

    init(
        spotTick: Int64, runScoreUp: Double, runScoreDown: Double, wallUp: Int32, wallDown: Int32,
        force: Double,
        damping: Double
    ) {
        self.spotTick = spotTick
        self.runScoreUp = runScoreUp
        self.runScoreDown = runScoreDown
        self.wallUp = wallUp
        self.wallDown = wallDown
        self.force = force
        self.damping = damping
        let certainty = Fixed.tanh(force.magnitude / (1 + damping))
        confidenceUp = certainty * Fixed.tanh(max(0, runScoreUp))
        confidenceDown = certainty * Fixed.tanh(max(0, runScoreDown))
    }

    mutating func setDelta(_ delta: Int64, step: Int) {
        deltas[step] = delta
    }

    /// predicted_tick_delta at 1…30 s, in lattice steps.
    public func predictedTickDelta(at horizon: Int) -> Int64 {
        deltas[horizon - 1]
    }

    /// predicted_spot_tick at 1…30 s, in lattice steps.
    public func predictedSpotTick(at horizon: Int) -> Int64 {
        spotTick + deltas[horizon - 1]
    }

    /// confidence at 1…30 s: 0 where no move is predicted.
    public func confidence(at horizon: Int) -> Double {
        let delta = deltas[horizon - 1]
        return delta == 0 ? 0 : delta > 0 ? confidenceUp : confidenceDown
    }
}
