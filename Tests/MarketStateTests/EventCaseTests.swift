import MarketState
import Tables
import Testing

/// Cases A1 to A4 of spec/recorder-cases.md.
@Suite struct `Events, classification, windows` {
    @Test func `A1: sides by the quote test, and the row of their window`() throws {
        var market = Market(end: 10_000)
        market.quote(1000, 1, 99, 101)
        market.quote(8000, 2, 90, 110)
        market.trade(500, 1, 100, 7)
        market.trade(1500, 2, 101, 10)
        market.trade(2000, 3, 99, 4)
        market.trade(2500, 4, 100, 3)
        market.trade(8000, 5, 109, 5)
        market.trade(9000, 6, 90, 5)
        let recording = try Recording(market)
        #expect(recording.trades.map(\.side) == [.unknown, .buy, .sell, .unknown, .unknown, .sell])
        #expect(recording.trades.map(\.ord) == [0, 1, 2, 3, 4, 5])
        #expect(recording.trades.map(\.quoteBid) == [nil, 99, 99, 99, 90, 90])
        #expect(recording.trades.map(\.quoteAsk) == [nil, 101, 101, 101, 110, 110])
        let row = recording.state(9999)
        #expect(row.tradeCount == 6)
        #expect(row.totalVolume == 34)
        #expect(row.buyVolume == 10)
        #expect(row.sellVolume == 9)
        #expect(row.unknownVolume == 15)
        #expect(row.delta == 1)
        #expect(agrees(row.pctAtAsk, 0.29411764705882354))
        #expect(agrees(row.pctAtBid, 0.2647058823529412))
        #expect(agrees(row.relativeAggression, 0.029411764705017305))
        #expect((row.bid, row.ask) == (90, 110))
        #expect(row.quoteAgeMs == 1999)
        #expect(row.lastPrice == 90)
        #expect((row.high10s, row.low10s) == (109, 90))
    }

    @Test func `A2: a quote microseconds after a trade does not classify it`() throws {
        var market = Market(end: 10_000)
        market.quote(1000, 1, 100.00, 100.01)
        market.quote(ns: 5_000_020_000, 3, 100.01, 100.02)
        market.trade(ns: 5_000_010_000, 2, 100.01, 50)
        #expect(try Recording(market).trades.map(\.side) == [.buy])
    }

    @Test(arguments: [
        (Sessions.TiePolicy.quoteFirst, TradesClassified.Side.sell), (.feedOrder, .buy), (.bookOrder, .buy),
    ])
    func `A3: equal times are ordered by the tie policy`(
        _ policy: Sessions.TiePolicy, _ side: TradesClassified.Side
    ) throws {
        var market = Market(end: 10_000, tiePolicy: policy)
        market.quote(1000, 1, 100.00, 100.01)
        market.quote(5000, 3, 100.01, 100.02)
        market.trade(5000, 2, 100.01, 50)
        #expect(try Recording(market).trades.map(\.side) == [side])
    }

    @Test func `A4: windows are half open, the grid carries the price and not the quote`() throws {
        var market = Market(end: 30_000)
        market.trade(0, 1, 100, 1)
        market.trade(ns: 9_999_999_999, 2, 101, 2)
        market.trade(10_000, 3, 102, 3)
        market.quote(9000, 1, 101, 103)
        let recording = try Recording(market)
        #expect(recording.trades.map(\.side) == [.unknown, .sell, .unknown])
        let rows = recording.states
        #expect(rows.map(\.timestamp) == [9999, 19_999, 29_999])
        #expect(rows.map(\.sequenceId) == [0, 1, 2])
        #expect(rows.map(\.windowStartTsNs) == [0, 10_000_000_000, 20_000_000_000])
        #expect(rows.map(\.windowEndTsNs) == [10_000_000_000, 20_000_000_000, 30_000_000_000])
        #expect(rows.map(\.lastPrice) == [101, 102, 102])
        #expect(rows.map(\.high10s) == [101, 102, 102])
        #expect(rows.map(\.low10s) == [100, 102, 102])
        #expect(rows.map(\.tradeCount) == [2, 1, 0])
        #expect(rows.map(\.totalVolume) == [3, 3, 0])
        #expect(rows.map(\.bid) == [101, 0, 0])
        #expect(rows.map(\.ask) == [103, 0, 0])
        #expect(rows.map(\.hasQuote) == [true, false, false])
        #expect(rows.map(\.quoteAgeMs) == [999, nil, nil])
        #expect(agrees(rows[0].spreadPct, 0.0196078431372549))
        #expect(rows.map(\.spreadPct).dropFirst() == [0, 0])
        #expect(rows.map(\.deltaVelocity) == [0, 2, 0])
        #expect(rows.map(\.deltaAcceleration) == [0, 0, -2])
        #expect(rows.map(\.return10s) == [0, 1, 0])
        #expect(agrees(rows[0].absorptionIndex10s, 2.0e9))
        #expect(rows.map(\.absorptionIndex10s).dropFirst() == [0, 0])
    }

    @Test func `the 1 s grid carries the quote and tells its age`() throws {
        var market = Market(end: 10_000)
        market.quote(2500, 1, 99, 101)
        market.quote(2600, 2, 99, 100)
        market.quote(4000, 3, 0, 100)
        market.trade(3100, 1, 100, 2)
        market.trade(3200, 2, 99, 4)
        let rows = try Recording(market).seconds
        #expect(rows.map(\.timestamp) == Array(stride(from: 999, to: 10_000, by: 1000)))
        #expect(rows.map(\.bid) == [0, 0, 99, 99, 0, 0, 0, 0, 0, 0])
        #expect(rows.map(\.ask) == [0, 0, 100, 100, 100, 100, 100, 100, 100, 100])
        #expect(rows.map(\.quoteCount) == [0, 0, 2, 0, 1, 0, 0, 0, 0, 0])
        #expect(rows.map(\.quoteAgeMs) == [nil, nil, 399, 1399, 999, 1999, 2999, 3999, 4999, 5999])
        #expect(rows.map(\.open) == [0, 0, 0, 100, 99, 99, 99, 99, 99, 99])
        #expect(rows.map(\.high) == [0, 0, 0, 100, 99, 99, 99, 99, 99, 99])
        #expect(rows.map(\.low) == [0, 0, 0, 99, 99, 99, 99, 99, 99, 99])
        #expect(rows.map(\.notional) == [0, 0, 0, 596, 0, 0, 0, 0, 0, 0])
        #expect(rows.map(\.delta) == [0, 0, 0, -2, 0, 0, 0, 0, 0, 0])
    }

    @Test func `rejected rows neither count nor classify`() throws {
        var market = Market(end: 10_000)
        market.parameters.excludedConditions = ["Z"]
        market.quote(1000, 1, 99, 101)
        market.quotes.append(Market.Quote(ns: 1_500_000_000, seq: 2, bid: -1, ask: 100_000_000_000))
        market.quotes.append(
            Market.Quote(ns: 1_600_000_000, seq: 3, bid: 1, ask: 100_000_000_000, bidSize: 1, askSize: -1))
        market.trade(2000, 1, 100, 1)
        market.trade(2001, 2, 0, 1)
        market.trade(2002, 3, 101, 0)
        market.trade(2003, 4, 101, 9)
        market.trades[3].conditions = "@,Z"
        market.trade(2004, 5, 101, 8)
        market.trades[4].conditions = "ZZ"
        // Exact duplicates stay.
        market.trade(2005, 6, 99, 3)
        market.trade(2005, 7, 99, 3)
        // After the session: not rejected, not kept.
        market.trade(10_000, 8, 99, 3)
        market.quotes.append(Market.Quote(ns: 11_000_000_000, seq: 9, bid: -1, ask: 1))
        let recording = try Recording(market)
        #expect(recording.trades.map(\.size) == [1, 8, 3, 3])
        #expect(recording.trades.map(\.side) == [.unknown, .buy, .sell, .sell])
        #expect(recording.rejectedTrades == 3)
        #expect(recording.rejectedQuotes == 3)
        #expect(recording.seconds.map(\.quoteCount).reduce(0, +) == 1)
        #expect(recording.state(9999).bid == 99)
    }

    @Test func `the ask is tested first, one-sided quotes decide nothing, the feed's side is used when asked`() throws {
        var market = Market(end: 10_000)
        market.quote(1000, 1, 100, 100)
        market.trade(1001, 1, 100, 1)
        market.quote(2000, 2, 101, 99)
        market.trade(2001, 2, 100, 1)
        market.quote(3000, 3, 99, 0)
        market.trade(3001, 3, 99, 1)
        for (index, aggressor) in [Trades.Aggressor.sell, nil, Trades.Aggressor.none].enumerated() {
            market.trades[index].aggressor = aggressor
        }
        #expect(try Recording(market).trades.map(\.side) == [.buy, .buy, .unknown])
        market.parameters.tradeSide = .aggressor
        let trades = try Recording(market).trades
        #expect(trades.map(\.side) == [.sell, .unknown, .unknown])
        #expect(trades.map(\.aggressor) == [.sell, nil, TradesClassified.Aggressor.none])
        #expect(trades.map(\.quoteBid) == [100, 101, 99])
        #expect(trades.map(\.quoteAsk) == [100, 99, 0])
    }

    @Test func `quotes before the session classify and are carried, trades are not`() throws {
        var market = Market(end: 30_000)
        market.session.startTsMs = 20_000
        market.quote(5000, 1, 99, 101)
        market.trade(6000, 1, 55, 5)
        market.trade(20_000, 2, 101, 5)
        let recording = try Recording(market)
        #expect(recording.trades.map(\.side) == [.buy])
        #expect(recording.seconds[0].bid == 99)
        #expect(recording.seconds[0].quoteCount == 0)
        #expect(recording.seconds[0].quoteAgeMs == 15_999)
        #expect(recording.states.count == 1)
        #expect(recording.states[0].quoteAgeMs == nil)
        #expect(recording.states[0].bid == 0)
        #expect(recording.states[0].lastPrice == 101)
    }

    @Test func `events whose order the book cannot have given are refused`() throws {
        var market = Market(end: 10_000, tiePolicy: .bookOrder)
        market.trade(1000, 5, 100, 1)
        market.trade(2000, 4, 100, 1)
        #expect(throws: TotalOrderError.seqRunsBackwards(4)) { try Recording(market) }
    }
}
