import Tables

/// The indicators of one timeframe through a session, as time passes. Source: spec/recorder.md 5.2, 5.4.
struct IndicatorTrack: Sendable {
    /// In order of their bars.
    private let rows: [BarIndicators.Row]
    private var next = 0

    /// - Parameter rows: of one session and timeframe, ascending.
    init(_ rows: [BarIndicators.Row]) {
        self.rows = rows
    }

    /// The row of the latest bar with `bar_end_ts_ms <= timestamp`; timestamps ascend from call to call.
    mutating func inForce(at timestamp: Int64) -> BarIndicators.Row? {
        while next < rows.count, rows[next].barEndTsMs <= timestamp { next += 1 }
        return next == 0 ? nil : rows[next - 1]
    }
}

/// What the averages of a timeframe say at a 10 s row. Source: spec/recorder.md 5.5, fields of `tf_indicators_10s`.
struct AverageStructure {
    /// The averages in force, 0 until the timeframe has a bar.
    struct Averages: Sendable {
        var isReady = false
        var ema9 = 0.0
        var ema20 = 0.0
        var ema30 = 0.0
        var ema200 = 0.0

        init(_ row: BarIndicators.Row?) {
            guard let row else { return }
            (isReady, ema9, ema20, ema30, ema200) = (true, row.ema9, row.ema20, row.ema30, row.ema200)
        }
    }

    enum Stack { case bull, bear, mixed }

    let averages: Averages
    /// Price per second over the last 60 s.
    private(set) var slope9 = 0.0
    private(set) var slope20 = 0.0
    private(set) var slope30 = 0.0
    /// ATR.
    private(set) var compression = 0.0
    private(set) var confluence = 0.0
    private(set) var stack = Stack.mixed
    /// Bits 1, 2, 4, 8: price above the average of period 9, 20, 30, 200.
    private(set) var priceAbove: Int64 = 0
    /// ATR.
    private(set) var stretch200 = 0.0

    /// - Parameters:
    ///   - earlier: the averages of the row 60 s before; nil when the session has none.
    ///   - lastPrice: of the row, 0 before the first trade.
    ///   - atr: the 1m ATR in force.
    ///   - confluenceReference: compression at which confluence is 0, ATR.
    init(
        _ averages: Averages, earlier: Averages?, lastPrice: Double, atr: Double, confluenceReference: Double
    ) {
        self.averages = averages
        guard averages.isReady else { return }
        if let earlier, earlier.isReady {
            slope9 = (averages.ema9 - earlier.ema9) / 60
            slope20 = (averages.ema20 - earlier.ema20) / 60
            slope30 = (averages.ema30 - earlier.ema30) / 60
        }
        compression = (abs(averages.ema9 - averages.ema20) + abs(averages.ema20 - averages.ema30)) / atr
        confluence = Numbers.clamp01(1 - compression / confluenceReference)
        if averages.ema9 > averages.ema20, averages.ema20 > averages.ema30 { stack = .bull }
        if averages.ema9 < averages.ema20, averages.ema20 < averages.ema30 { stack = .bear }
        guard lastPrice != 0 else { return }
        priceAbove =
            (lastPrice > averages.ema9 ? 1 : 0) + (lastPrice > averages.ema20 ? 2 : 0)
            + (lastPrice > averages.ema30 ? 4 : 0) + (lastPrice > averages.ema200 ? 8 : 0)
        stretch200 = (lastPrice - averages.ema200) / atr
    }

    var spread920: Double { averages.ema9 - averages.ema20 }
    var spread2030: Double { averages.ema20 - averages.ema30 }
}

/// The last seven rows of the 10 s grid, the open one included: what windows of 60 s and lags of up to 60 s look at.
///
/// Source: spec/recorder.md 2.4.
struct RowHistory<Value: Sendable>: Sendable {
    /// Oldest first.
    private(set) var rows: [Value] = []

    mutating func append(_ value: Value) {
        if rows.count == 7 { rows.removeFirst() }
        rows.append(value)
    }

    var last: Value? { rows.last }

    /// The value `lag` rows before the last one, 0…6; nil before the session.
    subscript(lag lag: Int) -> Value? {
        rows.count > lag ? rows[rows.count - 1 - lag] : nil
    }
}
