import FixedMath
import Tables

/// The dense 10 s grid of a session. Source: spec/recorder.md 4 and 5, fields of `state_10s`.
///
/// A window takes the trades and quotes before its end from the blocks at hand and is closed. Memory: the sizes of
/// the open window, seven rows, and the session's bar indicators.
public struct TenSecondStates: ~Copyable {
    /// Length of a window, ms.
    public static let length: Int64 = 10_000

    private let session: Sessions.Row
    private let parameters: RecorderParameters
    private var indicators: IndicatorTrack
    private var sequence: Int64 = 0
    /// Start of the open window, ms.
    private var start: Int64
    private var flow = TradeFlow()
    /// Sizes of the open window's trades, in order.
    private var sizes: [Int64] = []
    /// The last quote of the open window, prices and `ts_ms`.
    private var quote: (bid: Double, ask: Double, time: Int64)?
    private var vwap = (notional: 0.0, volume: 0.0)
    private let vwapStart: Int64
    private var history = RowHistory<Past>()

    /// What later rows need of a row.
    private struct Past: Sendable {
        var lastPrice: Double
        var averages: AverageStructure.Averages
        /// Nil without a two-sided quote.
        var spreadPct: Double?
        var delta: Double
        /// Nil on row 0.
        var deltaVelocity: Double?
        var relativeAggression: Double
    }

    /// - Parameter indicators: of the session's 1m bars, ascending.
    /// - Parameter parameters: the recorder's.
    /// - Parameter session: its row of ref.sessions.
    public init(_ session: Sessions.Row, indicators: [BarIndicators.Row], _ parameters: RecorderParameters) {
        self.session = session
        self.parameters = parameters
        self.indicators = IndicatorTrack(indicators)
        start = session.startTsMs
        vwapStart = parameters.includesPremarketInVWAP ? Int64.min : session.rthOpenTsMs
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
            let time = trades.tsMs[row]
            if time >= end { return true }
            let (price, size) = (trades.price[row], trades.size[row])
            flow.add(price: price, size: size, side: trades.side[row])
            sizes.append(size)
            if time >= vwapStart {
                vwap.notional += price * Double(size)
                vwap.volume += Double(size)
            }
            row += 1
        }
        return false
    }

    /// Takes quotes; those before the window are passed over.
    ///
    /// - Returns: whether a quote of a later window was met; otherwise the block is used up.
    public mutating func take(_ quotes: borrowing Quotes, from row: inout Int) -> Bool {
        let first = start * nanosecondsPerMillisecond
        let end = (start + Self.length) * nanosecondsPerMillisecond
        let count = quotes.tsEvent.count
        var latest: Int?
        defer {
            if let latest, quotes.tsEvent[latest] >= first {
                quote = (
                    Double(priceInt: quotes.bidPriceInt[latest]), Double(priceInt: quotes.askPriceInt[latest]),
                    milliseconds(of: quotes.tsEvent[latest])
                )
            }
        }
        while row < count {
            if quotes.tsEvent[row] >= end { return true }
            if quotes.isKept(row) { latest = row }
            row += 1
        }
        return false
    }

    /// The row of the open window; the next window opens.
    public mutating func closeWindow() -> State10s.Row {
        precondition(!isComplete)
        let timestamp = start + Self.length - 1
        let bid = quote?.bid ?? 0
        let ask = quote?.ask ?? 0
        let hasQuote = bid > 0 && ask > 0
        let mid = hasQuote ? (bid + ask) / 2 : 0
        let spread = hasQuote ? ask - bid : 0
        let spreadPct = hasQuote ? spread / mid : 0
        let relativeAggression = flow.totalVolume > 0 ? flow.delta / (flow.totalVolume + Numbers.epsilon) : 0
        let indicator = indicators.inForce(at: timestamp)
        let bars = indicator?.barsToday ?? 0
        let atr = indicator?.atrValue ?? session.atrSeed

        let previous = history.last
        let deltaVelocity = previous.map { flow.delta - $0.delta }
        history.append(
            Past(
                lastPrice: flow.last, averages: AverageStructure.Averages(indicator),
                spreadPct: hasQuote ? spreadPct : nil, delta: flow.delta, deltaVelocity: deltaVelocity,
                relativeAggression: relativeAggression))
        let structure = AverageStructure(
            history.last!.averages, earlier: history[lag: 6]?.averages, lastPrice: flow.last, atr: atr,
            confluenceReference: parameters.emaConfluenceRef)
        let vwapPrice = vwap.volume > 0 ? vwap.notional / vwap.volume : 0
        let priceMinusVwap = flow.last != 0 && vwapPrice != 0 ? flow.last - vwapPrice : 0
        let return10s = previous.map { $0.lastPrice != 0 && flow.last != 0 ? flow.last - $0.lastPrice : 0 } ?? 0
        let spreads = history.rows.compactMap(\.spreadPct)
        let volatility = realizedVolatility()
        let sizes = sizeStatistics()
        let approach = approach(atr: atr)

        let row = State10s.Row(
            sessionId: session.sessionId, sequenceId: sequence, timestamp: timestamp,
            windowStartTsNs: start * nanosecondsPerMillisecond,
            windowEndTsNs: (start + Self.length) * nanosecondsPerMillisecond,
            lastPrice: flow.last, high10s: flow.high, low10s: flow.low,
            bid: bid, ask: ask, hasQuote: hasQuote, midPrice: mid, spreadAbs: spread, spreadPct: spreadPct,
            spreadVolatility60s: Numbers.pstd(spreads),
            spreadZscore: hasQuote ? Numbers.zscore(spreadPct, among: spreads) : 0,
            quoteAgeMs: quote.map { timestamp - $0.time },
            vwapSession: vwapPrice, priceMinusVwap: priceMinusVwap, priceMinusVwapAtr: priceMinusVwap / atr,
            vwapState: abs(priceMinusVwap) < 1e-12 ? .at : priceMinusVwap > 0 ? .above : .below,
            atrValue: atr, atrStatus: indicator == nil ? .seeded : indicator?.atrStatus == .live ? .live : .blending,
            atrIsWarm: bars >= Int64(parameters.atrPeriod), barsToday: bars, emaReady: bars >= 1,
            ema9: structure.averages.ema9, ema20: structure.averages.ema20, ema30: structure.averages.ema30,
            ema200: structure.averages.ema200,
            slopeEma960s: structure.slope9, slopeEma2060s: structure.slope20, slopeEma3060s: structure.slope30,
            emaSpread920: structure.spread920, emaSpread2030: structure.spread2030,
            compressionIndex: structure.compression, emaConfluenceScore: structure.confluence,
            stackState: State10s.StackState(structure.stack), priceVsEmas: structure.priceAbove,
            stretch200Atr: structure.stretch200,
            tradeCount: flow.count, totalVolume: flow.totalVolume, buyVolume: flow.buyVolume,
            sellVolume: flow.sellVolume, unknownVolume: flow.unknownVolume, delta: flow.delta,
            pctAtAsk: flow.totalVolume > 0 ? flow.buyVolume / flow.totalVolume : 0,
            pctAtBid: flow.totalVolume > 0 ? flow.sellVolume / flow.totalVolume : 0,
            relativeAggression: relativeAggression,
            relativeAggressionZscore60s: Numbers.zscore(
                relativeAggression, among: history.rows.map(\.relativeAggression)),
            deltaVelocity: deltaVelocity ?? 0,
            deltaAcceleration: previous?.deltaVelocity.map { deltaVelocity! - $0 } ?? 0,
            return10s: return10s,
            absorptionIndex10s: max(0, -flow.delta) / (abs(return10s) + Numbers.epsilon),
            avgTradeSize: sizes.mean, tradeSizeStd: sizes.deviation,
            tradeSizeCv: sizes.mean > 0 ? sizes.deviation / sizes.mean : 0,
            topDecileVolumeShare: sizes.topDecileShare,
            realizedVolatility60s: volatility, approachReturn60s: approach.logReturn,
            approachVolatility60s: volatility, approachVelocityBucket: approach.isCrash ? .crash : .grind)
        startWindow()
        return row
    }

    private mutating func startWindow() {
        flow.startWindow()
        sizes.removeAll(keepingCapacity: true)
        quote = nil
        start += Self.length
        sequence += 1
    }

    /// Of the open window's trades; sorts their sizes.
    private mutating func sizeStatistics() -> (mean: Double, deviation: Double, topDecileShare: Double) {
        guard !sizes.isEmpty else { return (0, 0, 0) }
        // In time order, before they are sorted.
        let deviation = Numbers.pstd(sizes.map { Double($0) })
        sizes.sort()
        var largest = 0.0
        for size in sizes.suffix((sizes.count + 9) / 10).reversed() { largest += Double(size) }
        return (flow.totalVolume / Double(flow.count), deviation, largest / flow.totalVolume)
    }

    /// Deviation of the log returns between the priced rows of the last 60 s.
    private func realizedVolatility() -> Double {
        let prices = history.rows.map(\.lastPrice).filter { $0 > 0 }
        return Numbers.pstd(zip(prices.dropFirst(), prices).map { Fixed.log($0 / $1) })
    }

    /// The move over the last 60 s.
    private func approach(atr: Double) -> (logReturn: Double, isCrash: Bool) {
        guard let earlier = history[lag: 6]?.lastPrice, earlier != 0, flow.last != 0 else { return (0, false) }
        return (
            Fixed.log(flow.last / earlier), abs(flow.last - earlier) / atr >= parameters.approachCrash
        )
    }
}

extension State10s.StackState {
    init(_ stack: AverageStructure.Stack) {
        self =
            switch stack {
            case .bull: .bull
            case .bear: .bear
            case .mixed: .mixed
            }
    }
}
