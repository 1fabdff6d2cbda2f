import Tables

/// The averages of one timeframe, and on the one-minute bars the true range and ATR, bar by bar through a session.
///
/// Source: spec/recorder.md 5.4, 5.5.
public struct BarIndicatorEngine: Sendable {
    private let session: Sessions.Row
    private let timeframe: BarIndicators.Timeframe
    private var averages: MovingAverages
    private var range: AverageTrueRange?

    public init(_ session: Sessions.Row, _ timeframe: BarIndicators.Timeframe, _ parameters: RecorderParameters) {
        self.session = session
        self.timeframe = timeframe
        averages = MovingAverages(periods: parameters.emaPeriods)
        if timeframe == .tf1m { range = AverageTrueRange(seed: session.atrSeed, parameters) }
    }

    public mutating func add(_ bar: Bar) -> BarIndicators.Row {
        averages.add(bar.close)
        range?.add(bar)
        return BarIndicators.Row(
            sessionId: session.sessionId, timeframe: timeframe, barEndTsMs: bar.end,
            ema9: averages.values[0], ema20: averages.values[1], ema30: averages.values[2],
            ema200: averages.values[3],
            trueRange: range?.trueRange, atrPartial: range?.partial, atrValue: range?.value,
            atrStatus: range.map { $0.isLive ? .live : .blending }, barsToday: range?.bars)
    }
}

/// Four exponential averages of closes, each begun by the first one. Source: spec/recorder.md 5.5.
struct MovingAverages: Sendable {
    private let alphas: [Double]
    /// In the order of the periods; 0 before the first close.
    private(set) var values: [Double]
    private var isReady = false

    init(periods: [Int]) {
        precondition(periods.count == 4)
        alphas = periods.map { 2.0 / Double($0 + 1) }
        values = periods.map { _ in 0 }
    }

    mutating func add(_ close: Double) {
        for index in values.indices {
            let alpha = alphas[index]
            values[index] = isReady ? alpha * close + (1 - alpha) * values[index] : close
        }
        isReady = true
    }
}

/// Wilder's ATR, begun anew in every session and blended with a seed until there are bars enough.
///
/// Source: spec/recorder.md 5.4.
struct AverageTrueRange: Sendable {
    private let seed: Double
    private let period: Int64
    private let alpha: Double
    private var previousClose = 0.0
    /// Bars so far.
    private(set) var bars: Int64 = 0
    /// Of the last bar, price.
    private(set) var trueRange = 0.0
    /// The average over this session alone, price.
    private(set) var partial = 0.0
    /// The ATR in force, price; positive.
    private(set) var value: Double

    init(seed: Double, _ parameters: RecorderParameters) {
        self.seed = seed
        period = Int64(parameters.atrPeriod)
        alpha = parameters.atrBlendAlpha
        value = seed
    }

    var isLive: Bool { bars >= period }

    mutating func add(_ bar: Bar) {
        bars += 1
        if bars == 1 {
            trueRange = bar.high - bar.low
            partial = trueRange
        } else {
            trueRange = max(bar.high - bar.low, abs(bar.high - previousClose), abs(bar.low - previousClose))
            // The weight of what was averaged before grows until the period is full.
            let earlier = min(bars, period) - 1
            partial = (partial * Double(earlier) + trueRange) / Double(earlier + 1)
        }
        previousClose = bar.close
        let result = isLive ? partial : alpha * seed + (1.0 - alpha) * partial
        value = result > 0 ? result : seed
    }
}
