import Foundation
import MarketState
import Tables
import Testing

/// A repeatable stream of numbers (SplitMix64).
struct Numbers64 {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    /// In [0, 1).
    mutating func fraction() -> Double { Double(next() >> 11) / 9_007_199_254_740_992 }
}

extension Market {
    /// Eight minutes from before the session on: bursts and pauses, equal times, one-sided, locked, crossed and
    /// negative quotes, trades at, between and beyond the quote.
    fileprivate static func random(seed: UInt64) -> Market {
        var random = Numbers64(state: seed)
        var market = Market(end: 480_000, tiePolicy: [.quoteFirst, .feedOrder, .bookOrder][Int(seed % 3)])
        market.session.startTsMs = 60_000
        market.session.rthOpenTsMs = 90_000
        var time: Int64 = 0
        var cents = 10_000
        var seq: Int64 = 0
        while time < 500_000_000_000 {
            // Every hundredth event follows a pause of up to 40 s.
            let scale: Int64 = random.below(100) == 0 ? 40_000_000_000 : 400_000_000
            if random.below(4) > 0 { time += Int64(random.below(1000)) * scale / 1000 }
            seq += 1
            cents += random.below(5) - 2
            if random.below(3) > 0 {
                let width = random.below(40) == 0 ? -1 : random.below(4)
                var bid = Int64(cents) * 10_000_000
                var ask = Int64(cents + width) * 10_000_000
                if random.below(30) == 0 { bid = 0 }
                if random.below(30) == 0 { ask = 0 }
                if random.below(50) == 0 { bid = -1 }
                market.quotes.append(Quote(ns: time, seq: seq, bid: bid, ask: ask))
            } else {
                market.trades.append(
                    Trade(
                        ns: time, seq: seq, price: Int64(cents + random.below(5) - 2) * 10_000_000,
                        size: Int64(random.below(20) == 0 ? 0 : 1 + random.below(9) * random.below(100))))
            }
        }
        return market
    }
}

/// The recorder's silver formulas once more, each from all events of the session and nothing carried along.
private struct Naive {
    struct Event { var ms: Int64; var price: Double; var size: Double; var side: TradesClassified.Side }

    let market: Market
    var trades: [Event] = []
    var quotes: [(ms: Int64, bid: Double, ask: Double)] = []

    init(_ market: Market) {
        self.market = market
        let kept = market.quotes.filter { $0.bid >= 0 && $0.ask >= 0 }
        /// (first, second, third) of the sort key.
        func key(_ ns: Int64, _ kind: Int64, _ seq: Int64) -> [Int64] {
            switch market.session.tiePolicy {
            case .quoteFirst: [ns, kind, seq]
            case .feedOrder: [ns, seq, kind]
            case .bookOrder: [seq]
            }
        }
        quotes = kept.map { ($0.ns / 1_000_000, Double($0.bid) / 1e9, Double($0.ask) / 1e9) }
        for trade in market.trades where trade.price > 0 && trade.size > 0 {
            let ms = trade.ns / 1_000_000
            guard ms >= market.session.startTsMs, ms < market.session.endTsMs else { continue }
            let own = key(trade.ns, 1, trade.seq)
            let before = kept.filter { key($0.ns, 0, $0.seq).lexicographicallyPrecedes(own) }
            let quote = before.max { key($0.ns, 0, $0.seq).lexicographicallyPrecedes(key($1.ns, 0, $1.seq)) }
            var side = TradesClassified.Side.unknown
            if let quote, quote.bid > 0, quote.ask > 0 {
                if trade.price >= quote.ask { side = .buy } else if trade.price <= quote.bid { side = .sell }
            }
            trades.append(Event(ms: ms, price: Double(trade.price) / 1e9, size: Double(trade.size), side: side))
        }
    }

    func trades(_ range: ClosedRange<Int64>) -> [Event] { trades.filter { range.contains($0.ms) } }

    func volume(_ events: [Event], _ side: TradesClassified.Side? = nil) -> Double {
        events.filter { side == nil || $0.side == side }.map(\.size).reduce(0, +)
    }

    func lastPrice(_ t: Int64) -> Double { trades.last { $0.ms <= t }?.price ?? 0 }

    func spread(_ t: Int64) -> Double? {
        guard let quote = quotes.last(where: { $0.ms <= t && $0.ms > t - 10_000 }), quote.bid > 0, quote.ask > 0
        else { return nil }
        return (quote.ask - quote.bid) / ((quote.bid + quote.ask) / 2)
    }

    func relativeAggression(_ t: Int64) -> Double {
        let window = trades(t - 9999...t)
        let total = volume(window)
        return total == 0 ? 0 : (volume(window, .buy) - volume(window, .sell)) / (total + 1e-9)
    }

    /// Timestamps of the rows of W60.
    func w60(_ t: Int64) -> [Int64] {
        (0...6).map { t - 60_000 + $0 * 10_000 }.filter { $0 > market.session.startTsMs }
    }

    static func deviation(_ x: [Double]) -> Double {
        guard x.count > 1, Set(x).count > 1 else { return 0 }
        let mean = x.reduce(0, +) / Double(x.count)
        return sqrt(x.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(x.count))
    }

    static func score(_ value: Double, _ x: [Double]) -> Double {
        deviation(x) == 0 ? 0 : (value - x.reduce(0, +) / Double(x.count)) / (deviation(x) + 1e-9)
    }

    /// Closes of the bars that are complete at `t`.
    func closes(_ length: Int64, _ t: Int64) -> [Double] {
        var closes: [Int64: Double] = [:]
        for trade in trades where (trade.ms / length + 1) * length - 1 <= t { closes[trade.ms / length] = trade.price }
        return closes.sorted { $0.key < $1.key }.map(\.value)
    }

    func ema(_ period: Int, _ length: Int64, _ t: Int64) -> Double {
        let closes = closes(length, t)
        guard var average = closes.first else { return 0 }
        for close in closes.dropFirst() {
            average += (close - average) * 2 / Double(period + 1)
        }
        return average
    }

    /// With fewer than 14 bars: the mean true range, blended.
    func atr(_ t: Int64) -> Double {
        var bars: [Int64: [Double]] = [:]
        for trade in trades where (trade.ms / 60_000 + 1) * 60_000 - 1 <= t {
            bars[trade.ms / 60_000, default: []].append(trade.price)
        }
        let prices = bars.sorted { $0.key < $1.key }.map(\.value)
        guard !prices.isEmpty else { return market.session.atrSeed }
        let ranges = prices.indices.map { i -> Double in
            let (high, low) = (prices[i].max()!, prices[i].min()!)
            guard i > 0 else { return high - low }
            let close = prices[i - 1].last!
            return [high - low, abs(high - close), abs(low - close)].max()!
        }
        let value = 0.7 * market.session.atrSeed + 0.3 * ranges.reduce(0, +) / Double(ranges.count)
        return value > 0 ? value : market.session.atrSeed
    }
}

@Suite struct `Silver against formulas taken one by one` {
    private func expect(
        _ found: Double, _ expected: Double, _ name: String, _ t: Int64, score: Bool = false,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(
            agrees(found, expected, factor: score ? 1e-6 : 1e-9), "\(name) at \(t): \(found), expected \(expected)",
            sourceLocation: sourceLocation)
    }

    @Test(arguments: 1...6) func `trades, states and flows`(_ seed: Int) throws {
        let market = Market.random(seed: UInt64(seed))
        let recording = try Recording(market)
        let naive = Naive(market)
        try #require(naive.trades.count > 50)
        #expect(Set(naive.trades.map(\.side)).count == 3, "the market tries every side")
        #expect(recording.trades.map(\.side) == naive.trades.map(\.side))
        #expect(recording.trades.map(\.price) == naive.trades.map(\.price))
        #expect(recording.rejectedQuotes == Int64(market.quotes.count - naive.quotes.count))
        #expect(recording.states.count == 42)
        for (row, flow) in zip(recording.states, recording.flows) {
            let t = row.timestamp
            let window = naive.trades(t - 9999...t)
            let prices = window.map(\.price)
            let last = naive.lastPrice(t)
            expect(row.lastPrice, last, "last_price", t)
            expect(row.high10s, prices.max() ?? last, "high_10s", t)
            expect(row.low10s, prices.min() ?? last, "low_10s", t)
            expect(row.buyVolume, naive.volume(window, .buy), "buy_volume", t)
            expect(row.sellVolume, naive.volume(window, .sell), "sell_volume", t)
            expect(row.totalVolume, naive.volume(window), "total_volume", t)
            #expect(row.tradeCount == Int64(window.count))
            let spread = naive.spread(t)
            #expect(row.hasQuote == (spread != nil))
            expect(row.spreadPct, spread ?? 0, "spread_pct", t)
            let spreads = naive.w60(t).compactMap { naive.spread($0) }
            expect(row.spreadVolatility60s, Naive.deviation(spreads), "spread_volatility_60s", t)
            expect(
                row.spreadZscore, spread.map { Naive.score($0, spreads) } ?? 0, "spread_zscore", t, score: true)
            let aggressions = naive.w60(t).map { naive.relativeAggression($0) }
            expect(
                row.relativeAggressionZscore60s, Naive.score(aggressions.last!, aggressions),
                "relative_aggression_zscore_60s", t, score: true)
            let quote = naive.quotes.last { $0.ms <= t && $0.ms > t - 10_000 }
            #expect(row.quoteAgeMs == quote.map { t - $0.ms })

            let regular = naive.trades.filter { $0.ms >= 90_000 && $0.ms <= t }
            let vwap = regular.isEmpty ? 0 : regular.map { $0.price * $0.size }.reduce(0, +) / naive.volume(regular)
            expect(row.vwapSession, vwap, "vwap_session", t)

            let sizes = window.map(\.size)
            expect(row.tradeSizeStd, Naive.deviation(sizes), "trade_size_std", t)
            let largest = sizes.sorted(by: >).prefix((sizes.count + 9) / 10).reduce(0, +)
            expect(row.topDecileVolumeShare, sizes.isEmpty ? 0 : largest / naive.volume(window), "top_decile", t)

            let priced = naive.w60(t).map { naive.lastPrice($0) }.filter { $0 > 0 }
            let returns = zip(priced.dropFirst(), priced).map { log($0 / $1) }
            expect(row.realizedVolatility60s, Naive.deviation(returns), "realized_volatility_60s", t)
            let earlier = t - 60_000 > market.session.startTsMs ? naive.lastPrice(t - 60_000) : 0
            expect(row.approachReturn60s, earlier > 0 ? log(last / earlier) : 0, "approach_return_60s", t)
            expect(flow.return60s, earlier > 0 ? last - earlier : 0, "return_60s", t)

            let atr = naive.atr(t)
            expect(row.atrValue, atr, "atr_value", t)
            let averages = [9, 20, 30, 200].map { naive.ema($0, 60_000, t) }
            for (found, expected) in zip([row.ema9, row.ema20, row.ema30, row.ema200], averages) {
                expect(found, expected, "ema", t)
            }
            let isReady = averages[0] > 0
            #expect(row.emaReady == isReady)
            let compression = (abs(averages[0] - averages[1]) + abs(averages[1] - averages[2])) / atr
            expect(row.compressionIndex, compression, "compression_index", t)
            expect(
                row.emaConfluenceScore, isReady ? max(0, 1 - compression / 0.25) : 0, "ema_confluence_score", t)

            let sample = naive.trades.filter { $0.ms > t - 300_000 && $0.ms <= t }.map(\.size).sorted()
            let threshold = sample.isEmpty ? 0 : sample[(95 * sample.count + 99) / 100 - 1]
            expect(flow.largeTradeThresholdSize, threshold, "large_trade_threshold_size", t)
            let large = window.filter { $0.size >= threshold }
            expect(flow.largeBuyVolume10s, naive.volume(large, .buy), "large_buy_volume_10s", t)
            expect(flow.largeSellVolume10s, naive.volume(large, .sell), "large_sell_volume_10s", t)
            expect(flow.largeUnknownVolume10s, naive.volume(large, .unknown), "large_unknown_volume_10s", t)
            let minute = naive.trades(max(market.session.startTsMs, t - 59_999)...t)
            expect(flow.vol60s, naive.volume(minute), "vol_60s", t)
            expect(flow.cvd60s, naive.volume(minute, .buy) - naive.volume(minute, .sell), "cvd_60s", t)
        }
        for row in recording.timeframes where row.timeframe == .tf30s {
            expect(row.ema20, naive.ema(20, 30_000, row.timestamp), "30s ema20", row.timestamp)
        }
    }

    @Test(arguments: 1...3) func `ten rows of 1 s are one of 10 s`(_ seed: Int) throws {
        let recording = try Recording(Market.random(seed: UInt64(seed)))
        #expect(recording.seconds.count == 10 * recording.states.count)
        for (index, row) in recording.states.enumerated() {
            let ten = recording.seconds[10 * index..<10 * index + 10]
            #expect(ten.map(\.tradeCount).reduce(0, +) == row.tradeCount)
            #expect(ten.map(\.totalVolume).reduce(0, +) == row.totalVolume)
            #expect(ten.map(\.delta).reduce(0, +) == row.delta)
            #expect(ten.last?.lastPrice == row.lastPrice)
            #expect(ten.map(\.high).max() == max(row.high10s, ten.first!.open))
            #expect((ten.map(\.quoteCount).reduce(0, +) > 0) == (row.quoteAgeMs != nil))
            if row.quoteAgeMs != nil { #expect(ten.last?.bid == row.bid && ten.last?.ask == row.ask) }
        }
    }

    @Test(arguments: 1...3) func `the one-minute sample is the block of the state`(_ seed: Int) throws {
        let recording = try Recording(Market.random(seed: UInt64(seed)))
        for (state, sample) in zip(recording.states, recording.timeframes.filter { $0.timeframe == .tf1m }) {
            #expect(
                [sample.ema9, sample.ema200, sample.slopeEma960s, sample.slopeEma3060s, sample.compressionIndex]
                    == [state.ema9, state.ema200, state.slopeEma960s, state.slopeEma3060s, state.compressionIndex])
            #expect(sample.priceVsEmas == state.priceVsEmas && sample.stretch200Atr == state.stretch200Atr)
            #expect(sample.stackState.symbol == state.stackState.symbol && sample.ready == state.emaReady)
        }
    }

    @Test func `how the events are cut into blocks does not matter`() throws {
        let market = Market.random(seed: 8)
        let one = try Recording(market, blockRows: 1)
        let all = try Recording(market, blockRows: 100_000)
        #expect(one.trades == all.trades)
        #expect(one.seconds == all.seconds)
        #expect(one.states == all.states)
        #expect(one.timeframes == all.timeframes)
        #expect(one.flows == all.flows)
    }

    @Test(arguments: [89_999, 239_999, 359_999] as [Int64]) func `no row knows what comes after it`(
        _ cut: Int64
    ) throws {
        let market = Market.random(seed: 11)
        let whole = try Recording(market)
        let early = try Recording(market.cut(through: cut))
        #expect(early.states.last != whole.states.last, "there is something to look ahead to")
        #expect(early.trades == whole.trades.filter { $0.tsMs <= cut })
        #expect(early.seconds.filter { $0.timestamp <= cut } == whole.seconds.filter { $0.timestamp <= cut })
        #expect(early.states.filter { $0.timestamp <= cut } == whole.states.filter { $0.timestamp <= cut })
        #expect(early.timeframes.filter { $0.timestamp <= cut } == whole.timeframes.filter { $0.timestamp <= cut })
        #expect(early.flows.filter { $0.timestamp <= cut } == whole.flows.filter { $0.timestamp <= cut })
        #expect(
            early.indicators.filter { $0.barEndTsMs <= cut } == whole.indicators.filter { $0.barEndTsMs <= cut })
    }
}
