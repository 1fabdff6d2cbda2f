import Tables

/// The trades of one bucket of 30, 60 or 120 s. Source: spec/recorder.md 5.2.
public struct Bar: Equatable, Sendable {
    /// First and last millisecond.
    public var start: Int64
    public var end: Int64
    public var open: Double
    public var high: Double
    public var low: Double
    public var close: Double
    /// Sum of sizes.
    public var volume: Double
    public var tradeCount: Int64

    public init(
        start: Int64, end: Int64, open: Double, high: Double, low: Double, close: Double, volume: Double,
        tradeCount: Int64
    ) {
        self.start = start
        self.end = end
        self.open = open
        self.high = high
        self.low = low
        self.close = close
        self.volume = volume
        self.tradeCount = tradeCount
    }
}

/// Builds the bars of one timeframe from a session's trades in order; buckets without a trade give none.
public struct BarBuilder: Sendable {
    /// Milliseconds.
    private let length: Int64
    private var bar: Bar?

    /// - Parameter length: of a bar, ms.
    public init(length: Int64) {
        self.length = length
    }

    /// - Returns: the bar before, when the trade is the first of another bucket.
    public mutating func add(time: Int64, price: Double, size: Int64) -> Bar? {
        if var open = bar, time <= open.end {
            open.high = max(open.high, price)
            open.low = min(open.low, price)
            open.close = price
            open.volume += Double(size)
            open.tradeCount += 1
            bar = open
            return nil
        }
        let start = floored(time, by: length) * length
        let complete = bar
        bar = Bar(
            start: start, end: start + length - 1, open: price, high: price, low: price, close: price,
            volume: 0.0 + Double(size), tradeCount: 1)
        return complete
    }

    /// The last bar of the session; the next trade begins another session.
    public mutating func finish() -> Bar? {
        bar.take()
    }
}
