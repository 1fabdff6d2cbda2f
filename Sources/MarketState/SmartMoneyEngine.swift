import Tables

/// Flow proxies of a session that need no level, row by row of the 10 s grid. Source: spec/recorder.md 5.7, 5.8, fields
/// of `smart_money_10s`.
///
/// A row takes the trades of its window from the blocks at hand and is closed with its state. Memory: the sizes of
/// 300 s of trades and seven rows.
public struct SmartMoneyEngine: ~Copyable {
    private let floorATR: Double
    private var sample: SizeSample
    /// Size and side of the open window's trades.
    private var window: [(size: Int64, side: TradesClassified.Side)] = []
    private var history = RowHistory<FlowState>()
    /// The 30 s and 60 s sums of the row before.
    private var previousSums: (cvd30s: Double, cvd60s: Double)?

    /// - Precondition: `parameters.largeTradeWindowMs` is a positive multiple of 10 s.
    public init(_ parameters: RecorderParameters) {
        precondition(
            parameters.largeTradeWindowMs > 0 && parameters.largeTradeWindowMs % TenSecondStates.length == 0)
        floorATR = parameters.floorATR
        sample = SizeSample(windows: Int(parameters.largeTradeWindowMs / TenSecondStates.length))
    }

    /// Takes trades of the session from `row` to before `limit` with `ts_ms <= timestamp`, that of the next state.
    ///
    /// - Returns: whether a trade of a later window was met; otherwise the block is used up.
    public mutating func take(
        _ trades: borrowing TradesClassified, from row: inout Int, to limit: Int, through timestamp: Int64
    ) -> Bool {
        while row < limit {
            if trades.tsMs[row] > timestamp { return true }
            window.append((trades.size[row], trades.side[row]))
            row += 1
        }
        return false
    }

    /// The row of a state, whose trades have been taken.
    public mutating func close(_ state: FlowState, sessionID: String) -> SmartMoney10s.Row {
        history.append(state)
        sample.append(window.map(\.size))
        let large = largeTrades()
        let recent = history.rows.suffix(6)
        let cvd30s = recent.suffix(3).map(\.delta).reduce(0.0, +)
        let cvd60s = recent.map(\.delta).reduce(0.0, +)
        let earlierPrice = history[lag: 6]?.lastPrice ?? 0
        let return60s = earlierPrice != 0 && state.lastPrice != 0 ? state.lastPrice - earlierPrice : 0
        let returnNorm = return60s / (state.atrValue + Numbers.epsilon)
        let denominator = max(abs(state.return10s), floorATR * state.atrValue) + Numbers.epsilon
        let largeVolume = large.buy + large.sell + large.unknown
        let row = SmartMoney10s.Row(
            sessionId: sessionID, timestamp: state.timestamp,
            cvd10s: state.delta, cvd30s: cvd30s, cvd60s: cvd60s,
            cvd30sSlope: previousSums.map { cvd30s - $0.cvd30s } ?? 0,
            cvd60sSlope: previousSums.map { cvd60s - $0.cvd60s } ?? 0,
            return10s: state.return10s, returnSign10s: Int64(Numbers.sign(state.return10s)),
            return60s: return60s, returnNorm: returnNorm, returnSign: Int64(Numbers.sign(returnNorm)),
            buyOnRed: state.return10s < 0 ? state.buyVolume / denominator : 0,
            sellOnGreen: state.return10s > 0 ? state.sellVolume / denominator : 0,
            vol60s: recent.map(\.totalVolume).reduce(0.0, +),
            tradeCount60s: recent.map(\.tradeCount).reduce(0, +),
            largeTradeThresholdSize: Double(large.threshold), largeTradeCount10s: large.count,
            largeBuyVolume10s: large.buy, largeSellVolume10s: large.sell, largeUnknownVolume10s: large.unknown,
            largeTradeBuyRatio: large.buy + large.sell == 0
                ? 0 : large.buy / (large.buy + large.sell + Numbers.epsilon),
            largeTradeDelta: large.buy - large.sell,
            largeTradeShareOfTotalVol10s: state.totalVolume > 0
                ? largeVolume / (state.totalVolume + Numbers.epsilon) : 0)
        previousSums = (cvd30s, cvd60s)
        window.removeAll(keepingCapacity: true)
        return row
    }

    /// The open window's trades that stand out of the sample.
    private func largeTrades() -> (threshold: Int64, count: Int64, buy: Double, sell: Double, unknown: Double) {
        guard let threshold = sample.percentile(95) else { return (0, 0, 0, 0, 0) }
        var (count, buy, sell, unknown) = (Int64(0), 0.0, 0.0, 0.0)
        for trade in window where trade.size >= threshold {
            count += 1
            switch trade.side {
            case .buy: buy += Double(trade.size)
            case .sell: sell += Double(trade.size)
            case .unknown: unknown += Double(trade.size)
            }
        }
        return (threshold, count, buy, sell, unknown)
    }
}

/// What the flow proxies need of a row of `state_10s`.
public struct FlowState: Equatable, Sendable {
    public var timestamp: Int64
    public var lastPrice: Double
    public var atrValue: Double
    public var tradeCount: Int64
    public var totalVolume: Double
    public var buyVolume: Double
    public var sellVolume: Double
    public var delta: Double
    public var return10s: Double

    /// A row of a table of which at least these columns are there.
    public init(_ states: borrowing State10s, row: Int) {
        timestamp = states.timestamp[row]
        lastPrice = states.lastPrice[row]
        atrValue = states.atrValue[row]
        tradeCount = states.tradeCount[row]
        totalVolume = states.totalVolume[row]
        buyVolume = states.buyVolume[row]
        sellVolume = states.sellVolume[row]
        delta = states.delta[row]
        return10s = states.return10s[row]
    }

    /// The columns that this takes, by position.
    public static let columns: [Int] = [
        State10s.Columns.timestamp, .lastPrice, .atrValue, .tradeCount, .totalVolume, .buyVolume, .sellVolume, .delta,
        .return10s,
    ].map(\.rawValue)
}

/// The trade sizes of the last windows of 10 s, for order statistics. Source: spec/recorder.md 5.7.
struct SizeSample {
    /// The windows' sizes one after another, oldest window first, ascending within a window.
    private var sizes: [Int64] = []
    /// Trades of each window, oldest first.
    private var counts: [Int] = []
    /// Windows that are kept.
    private let windows: Int

    init(windows: Int) {
        self.windows = windows
    }

    /// Adds the sizes of the newest window and forgets the oldest one when there are too many.
    mutating func append(_ window: [Int64]) {
        if counts.count == windows { sizes.removeFirst(counts.removeFirst()) }
        counts.append(window.count)
        sizes += window.sorted()
    }

    /// Element `(percent · N + 99) div 100 − 1` of the N sizes in ascending order; nil without sizes.
    ///
    /// Bisects the values: as many steps as a size has bits, each a search in every window.
    func percentile(_ percent: Int) -> Int64? {
        guard var low = sizes.min(), var high = sizes.max() else { return nil }
        let rank = (percent * sizes.count + 99) / 100
        // The wanted element is the least value that at least `rank` sizes do not exceed.
        while low < high {
            let middle = low + (high - low) / 2
            if count(upTo: middle) >= rank { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// How many sizes do not exceed `value`.
    private func count(upTo value: Int64) -> Int {
        var total = 0
        var start = 0
        for count in counts {
            var (low, high) = (start, start + count)
            while low < high {
                let middle = (low + high) / 2
                if sizes[middle] <= value { low = middle + 1 } else { high = middle }
            }
            total += low - start
            start += count
        }
        return total
    }
}
