import Tables

/// The dense 1 s grid of a session. Source: spec/recorder.md 4, fields of `state_1s`.
///
/// A window takes the trades and quotes before its end from the blocks at hand and is closed; memory is one window.
public struct SecondStates: ~Copyable {
    /// Length of a window, ms.
    static let length: Int64 = 1000

    private let session: Sessions.Row
    /// Start of the open window, ms.
    private var start: Int64
    private var flow = TradeFlow()
    /// The latest quote so far, prices and `ts_ms`.
    private var quote: (bid: Double, ask: Double, time: Int64)?
    private var quoteCount: Int64 = 0

    public init(_ session: Sessions.Row) {
        self.session = session
        start = session.startTsMs
    }

    /// All windows of the session are closed.
    public var isComplete: Bool { start >= session.endTsMs }

    /// Takes trades of the session from `row` to before `limit`.
    ///
    /// - Returns: whether a trade of a later window was met; otherwise the block is used up.
    public mutating func take(
        _ trades: borrowing TradesClassified, from row: inout Int, to limit: Int
    ) -> Bool {
        let end = start + Self.length
        while row < limit {
            if trades.tsMs[row] >= end { return true }
            flow.add(price: trades.price[row], size: trades.size[row], side: trades.side[row])
            row += 1
        }
        return false
    }

    /// Takes quotes, those before the session too, as the first window's earlier ones.
    ///
    /// - Returns: whether a quote of a later window was met; otherwise the block is used up.
    public mutating func take(_ quotes: borrowing Quotes, from row: inout Int) -> Bool {
        let first = start * nanosecondsPerMillisecond
        let end = (start + Self.length) * nanosecondsPerMillisecond
        let count = quotes.tsEvent.count
        var latest: Int?
        defer { if let latest { carry(quotes, latest) } }
        while row < count {
            let time = quotes.tsEvent[row]
            if time >= end { return true }
            if quotes.isKept(row) {
                latest = row
                if time >= first { quoteCount += 1 }
            }
            row += 1
        }
        return false
    }

    private mutating func carry(_ quotes: borrowing Quotes, _ row: Int) {
        quote = (
            Double(priceInt: quotes.bidPriceInt[row]), Double(priceInt: quotes.askPriceInt[row]),
            milliseconds(of: quotes.tsEvent[row])
        )
    }

    /// The row of the open window; the next window opens.
    public mutating func closeWindow() -> State1s.Row {
        precondition(!isComplete)
        let timestamp = start + Self.length - 1
        let row = State1s.Row(
            sessionId: session.sessionId, timestamp: timestamp,
            windowStartTsNs: start * nanosecondsPerMillisecond,
            windowEndTsNs: (start + Self.length) * nanosecondsPerMillisecond,
            open: flow.open, high: flow.high, low: flow.low, lastPrice: flow.last,
            tradeCount: flow.count, totalVolume: flow.totalVolume, notional: flow.notional,
            buyVolume: flow.buyVolume, sellVolume: flow.sellVolume, unknownVolume: flow.unknownVolume,
            delta: flow.delta,
            bid: quote?.bid ?? 0, ask: quote?.ask ?? 0, quoteCount: quoteCount,
            quoteAgeMs: quote.map { timestamp - $0.time })
        flow.startWindow()
        quoteCount = 0
        start += Self.length
        return row
    }
}

extension Quotes {
    /// Whether a row passes the rejects. Source: spec/recorder.md 3.2.
    borrowing func isKept(_ row: Int) -> Bool {
        bidPriceInt[row] >= 0 && askPriceInt[row] >= 0 && bidSize[row] >= 0 && askSize[row] >= 0
    }
}
