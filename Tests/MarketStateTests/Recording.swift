import MarketState
import Tables

/// Events of a session as the worked cases write them, and what the silver engines make of them.
struct Market {
    struct Quote {
        var ns: Int64
        var seq: Int64
        var bid: Int64
        var ask: Int64
        var bidSize: Int64 = 100
        var askSize: Int64 = 100
    }

    struct Trade {
        var ns: Int64
        var seq: Int64
        var price: Int64
        var size: Int64
        var aggressor: Trades.Aggressor?
        var conditions = ""
    }

    var session: Sessions.Row
    var parameters = RecorderParameters()
    var quotes: [Quote] = []
    var trades: [Trade] = []

    /// - Parameter end: of the session that starts at 0, ms.
    init(end: Int64, tiePolicy: Sessions.TiePolicy = .quoteFirst, atrSeed: Double = 0.5) {
        session = Sessions.Row(
            sessionId: "T:1970-01-01:rth", startTsMs: 0, endTsMs: end, rthOpenTsMs: 0, rthCloseTsMs: end,
            directionBias: nil, atrSeed: atrSeed, atrSeedSource: .fixedDefault, priorClose: nil,
            tiePolicy: tiePolicy)
    }

    mutating func quote(_ ms: Int64, _ seq: Int64, _ bid: Double, _ ask: Double) {
        quote(ns: ms * 1_000_000, seq, bid, ask)
    }

    mutating func quote(ns: Int64, _ seq: Int64, _ bid: Double, _ ask: Double) {
        quotes.append(Quote(ns: ns, seq: seq, bid: Self.integer(bid), ask: Self.integer(ask)))
    }

    mutating func trade(_ ms: Int64, _ seq: Int64, _ price: Double, _ size: Int64) {
        trade(ns: ms * 1_000_000, seq, price, size)
    }

    mutating func trade(ns: Int64, _ seq: Int64, _ price: Double, _ size: Int64) {
        trades.append(Trade(ns: ns, seq: seq, price: Self.integer(price), size: size))
    }

    /// price_1e-9.
    static func integer(_ price: Double) -> Int64 { Int64((price * 1e9).rounded()) }

    /// The market as it was known through `timestamp`, ms.
    func cut(through timestamp: Int64) -> Market {
        var market = self
        market.quotes.removeAll { $0.ns >= (timestamp + 1) * 1_000_000 }
        market.trades.removeAll { $0.ns >= (timestamp + 1) * 1_000_000 }
        return market
    }
}

/// The tables of a market, made from blocks of few rows.
struct Recording {
    var rejectedTrades: Int64 = 0
    var rejectedQuotes: Int64 = 0
    var trades: [TradesClassified.Row] = []
    var seconds: [State1s.Row] = []
    var bars: [BarIndicators.Timeframe: [Bar]] = [:]
    var indicators: [BarIndicators.Row] = []
    var states: [State10s.Row] = []
    var timeframes: [TfIndicators10s.Row] = []
    var flows: [SmartMoney10s.Row] = []

    init(_ market: Market, blockRows: Int = 3) throws {
        let quoteRows = market.quotes.sorted { ($0.ns, $0.seq) < ($1.ns, $1.seq) }.map {
            Quotes.Row(
                tsEvent: $0.ns, tsRecv: nil, seq: $0.seq, bidPriceInt: $0.bid, bidSize: $0.bidSize,
                askPriceInt: $0.ask, askSize: $0.askSize, source: "case")
        }
        try classify(market, quoteRows, blockRows)
        makeSeconds(market, quoteRows, blockRows)
        makeBars(market)
        makeStates(market, quoteRows, blockRows)
        makeFlows(market, blockRows)
    }

    private mutating func classify(_ market: Market, _ quoteRows: [Quotes.Row], _ blockRows: Int) throws {
        let tradeRows = market.trades.sorted { ($0.ns, $0.seq) < ($1.ns, $1.seq) }.map {
            Trades.Row(
                tsEvent: $0.ns, tsRecv: nil, seq: $0.seq, priceInt: $0.price, size: $0.size,
                aggressor: $0.aggressor, conditions: $0.conditions, source: "case")
        }
        var engine = TradeClassifier(market.session, market.parameters)
        var kept = TradesClassified()
        var (t, q, nextTrade, nextQuote) = (0, 0, 0, 0)
        var tradeBlock = Trades()
        var quoteBlock = Quotes()
        var isMerging = true
        while isMerging {
            let demand = try engine.merge(
                tradeBlock, from: &t, quoteBlock, from: &q,
                quotesHaveEnded: nextQuote == quoteRows.count && q == quoteBlock.count, into: &kept)
            switch demand {
            case .trades:
                tradeBlock.removeAll()
                t = 0
                for row in tradeRows[nextTrade...].prefix(blockRows) { tradeBlock.append(row) }
                nextTrade += tradeBlock.count
                isMerging = tradeBlock.count > 0
            case .quotes:
                quoteBlock.removeAll()
                q = 0
                for row in quoteRows[nextQuote...].prefix(blockRows) { quoteBlock.append(row) }
                nextQuote += quoteBlock.count
            }
        }
        try engine.pass(quoteBlock, from: &q)
        quoteBlock.removeAll()
        q = 0
        for row in quoteRows[nextQuote...] { quoteBlock.append(row) }
        try engine.pass(quoteBlock, from: &q)
        (rejectedTrades, rejectedQuotes) = (engine.rejectedTrades, engine.rejectedQuotes)
        for row in 0..<kept.count { trades.append(kept[row]) }
    }

    private mutating func makeSeconds(_ market: Market, _ quoteRows: [Quotes.Row], _ blockRows: Int) {
        var engine = SecondStates(market.session)
        var source = Blocks(trades, quoteRows, blockRows)
        while !engine.isComplete {
            while !engine.take(source.trades, from: &source.trade, to: source.trades.count), source.refillTrades() {}
            while !engine.take(source.quotes, from: &source.quote), source.refillQuotes() {}
            seconds.append(engine.closeWindow())
        }
    }

    private mutating func makeBars(_ market: Market) {
        for (timeframe, length) in [(BarIndicators.Timeframe.tf30s, Int64(30_000)), (.tf1m, 60_000), (.tf2m, 120_000)] {
            var builder = BarBuilder(length: length)
            var built: [Bar] = []
            for trade in trades {
                if let bar = builder.add(time: trade.tsMs, price: trade.price, size: trade.size) { built.append(bar) }
            }
            if let bar = builder.finish() { built.append(bar) }
            bars[timeframe] = built
            var engine = BarIndicatorEngine(market.session, timeframe, market.parameters)
            indicators += built.map { engine.add($0) }
        }
    }

    private mutating func makeStates(_ market: Market, _ quoteRows: [Quotes.Row], _ blockRows: Int) {
        var engine = TenSecondStates(
            market.session, indicators: indicators.filter { $0.timeframe == .tf1m }, market.parameters)
        var sampler = TimeframeSampler(indicators: indicators, market.parameters)
        var source = Blocks(trades, quoteRows, blockRows)
        while !engine.isComplete {
            while !engine.take(source.trades, from: &source.trade, to: source.trades.count), source.refillTrades() {}
            while !engine.take(source.quotes, from: &source.quote), source.refillQuotes() {}
            let state = engine.closeWindow()
            states.append(state)
            timeframes += sampler.sample(at: state)
        }
    }

    private mutating func makeFlows(_ market: Market, _ blockRows: Int) {
        var engine = SmartMoneyEngine(market.parameters)
        var source = Blocks(trades, [], blockRows)
        var table = State10s()
        for (row, state) in states.enumerated() {
            table.append(state)
            while !engine.take(
                source.trades, from: &source.trade, to: source.trades.count, through: state.timestamp),
                source.refillTrades()
            {}
            flows.append(engine.close(FlowState(table, row: row), sessionID: market.session.sessionId))
        }
    }

    /// The row of `state_10s` with this timestamp.
    func state(_ timestamp: Int64) -> State10s.Row { states.first { $0.timestamp == timestamp }! }
    func flow(_ timestamp: Int64) -> SmartMoney10s.Row { flows.first { $0.timestamp == timestamp }! }
}

/// Rows handed out a few at a time.
private struct Blocks: ~Copyable {
    private let tradeRows: [TradesClassified.Row]
    private let quoteRows: [Quotes.Row]
    private let blockRows: Int
    private var nextTrade = 0
    private var nextQuote = 0
    var trades = TradesClassified()
    var quotes = Quotes()
    var trade = 0
    var quote = 0

    init(_ tradeRows: [TradesClassified.Row], _ quoteRows: [Quotes.Row], _ blockRows: Int) {
        self.tradeRows = tradeRows
        self.quoteRows = quoteRows
        self.blockRows = blockRows
    }

    mutating func refillTrades() -> Bool {
        trades.removeAll()
        trade = 0
        for row in tradeRows[nextTrade...].prefix(blockRows) { trades.append(row) }
        nextTrade += trades.count
        return trades.count > 0
    }

    mutating func refillQuotes() -> Bool {
        quotes.removeAll()
        quote = 0
        for row in quoteRows[nextQuote...].prefix(blockRows) { quotes.append(row) }
        nextQuote += quotes.count
        return quotes.count > 0
    }
}

/// Whether two implementations agree. Source: spec/recorder.md 2.1.
func agrees(_ a: Double, _ b: Double, factor: Double = 1e-9) -> Bool {
    abs(a - b) <= factor * max(1, abs(a), abs(b))
}

/// The same for columns of unit zscore.
func agreesAsScore(_ a: Double, _ b: Double) -> Bool { agrees(a, b, factor: 1e-6) }
