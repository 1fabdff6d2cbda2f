import MarketState
import Tables
import Testing

/// Cases B1 to B8 of spec/recorder-cases.md.
@Suite struct `Indicators` {
    /// One-minute bars with these prices, a minute apart.
    private static func indicators(
        _ bars: [(Double, Double, Double, Double)], seed: Double
    ) -> [BarIndicators.Row] {
        let market = Market(end: 6_000_000, atrSeed: seed)
        var engine = BarIndicatorEngine(market.session, .tf1m, RecorderParameters())
        return bars.enumerated().map { index, bar in
            let start = Int64(index) * 60_000
            return engine.add(
                Bar(
                    start: start, end: start + 59_999, open: bar.0, high: bar.1, low: bar.2, close: bar.3, volume: 1,
                    tradeCount: 1))
        }
    }

    private func check(_ found: [Double?], _ expected: [Double], sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(found.count == expected.count, sourceLocation: sourceLocation)
        for (index, (a, b)) in zip(found, expected).enumerated() {
            #expect(
                a.map { agrees($0, b) } == true, "value \(index): \(String(describing: a)), expected \(b)",
                sourceLocation: sourceLocation)
        }
    }

    @Test func `B1: first bars of the ATR`() throws {
        let rows = Self.indicators(
            [(100, 100.6, 100, 100.5), (100.5, 100.9, 100.3, 100.4), (101.2, 101.3, 101.1, 101.2)], seed: 0.5)
        check(rows.map(\.trueRange), [0.6, 0.6, 0.9])
        check(rows.map(\.atrPartial), [0.6, 0.6, 0.7])
        check(rows.map(\.atrValue), [0.53, 0.53, 0.56])
        #expect(rows.map(\.atrStatus) == [.blending, .blending, .blending])
        #expect(rows.map(\.barsToday) == [1, 2, 3])
        let state = try Recording(Market(end: 10_000)).state(9999)
        #expect(state.atrValue == 0.5)
        #expect(state.atrStatus == .seeded)
    }

    @Test func `B2: the ATR goes live`() {
        let rows = Self.indicators(
            [(Double, Double, Double, Double)](repeating: (100, 100.2, 99.8, 100), count: 14)
                + [(100, 101.0, 99.9, 100.5)], seed: 0.5)
        check([rows[12].atrValue, rows[13].atrValue, rows[14].atrValue], [0.47, 0.40, 0.45])
        #expect(rows[12...].map(\.atrStatus) == [.blending, .live, .live])
        #expect(rows[13].barsToday == 14)
        check([rows[14].trueRange], [1.1])
    }

    @Test func `an ATR that is not positive is the seed's`() {
        let flat = [(Double, Double, Double, Double)](repeating: (100, 100, 100, 100), count: 15)
        let rows = Self.indicators(flat, seed: 0.5)
        check(rows.map(\.atrValue), [Double](repeating: 0.35, count: 13) + [0.5, 0.5])
        #expect(rows.map(\.atrPartial) == [Double](repeating: 0, count: 15))
    }

    @Test func `only the one-minute bars have an ATR`() {
        var engine = BarIndicatorEngine(Market(end: 10_000).session, .tf30s, RecorderParameters())
        let row = engine.add(
            Bar(start: 0, end: 29_999, open: 1, high: 3, low: 1, close: 2, volume: 1, tradeCount: 1))
        #expect(row.ema9 == 2)
        #expect(row.trueRange == nil && row.atrPartial == nil && row.atrValue == nil)
        #expect(row.atrStatus == nil && row.barsToday == nil)
    }

    @Test func `B3: averages, their sampling and structure`() throws {
        var market = Market(end: 180_000)
        market.trade(0, 1, 100, 1)
        market.trade(60_000, 2, 102, 1)
        market.trade(120_000, 3, 101, 1)
        let recording = try Recording(market)
        #expect(recording.bars[.tf1m]?.map(\.start) == [0, 60_000, 120_000])
        #expect(recording.bars[.tf1m]?.map(\.end) == [59_999, 119_999, 179_999])
        check(
            recording.indicators.filter { $0.timeframe == .tf1m }.map(\.trueRange), [0, 2, 1])
        let stamps: [Int64] = [9999, 49_999, 59_999, 69_999, 119_999, 179_999]
        let rows = stamps.map { recording.state($0) }
        check(rows.map(\.ema9), [0, 0, 100, 100, 100.4, 100.52])
        check(rows.map(\.ema20), [0, 0, 100, 100, 100.19047619047619, 100.26757369614512])
        check(rows.map(\.ema30), [0, 0, 100, 100, 100.12903225806453, 100.18522372528618])
        check(
            stamps.map { stamp in
                recording.timeframes.first { $0.timestamp == stamp && $0.timeframe == .tf30s }?.ema9
            }, [0, 100, 100, 100, 100.4, 100.52])
        check(rows.map(\.atrValue), [0.5, 0.5, 0.35, 0.35, 0.65, 0.65])
        #expect(rows.map(\.atrStatus) == [.seeded, .seeded, .blending, .blending, .blending, .blending])
        check(rows.map(\.slopeEma960s), [0, 0, 0, 0, 0.006666666666666762, 0.002])
        check(rows.map(\.compressionIndex), [0, 0, 0, 0, 0.41687344913150615, 0.5150404226366644])
        check(rows.map(\.emaConfluenceScore), [0, 0, 1, 1, 0, 0])
        #expect(rows.map(\.stackState) == [.mixed, .mixed, .mixed, .mixed, .bull, .bull])
        #expect(rows.map(\.priceVsEmas) == [0, 0, 0, 15, 15, 15])
        check(rows.map(\.stretch200Atr), [0, 0, 0, 5.714285714285714, 3.0463069269039194, 1.4928419517414682])
        #expect(rows.map(\.barsToday) == [0, 0, 1, 1, 2, 3])
        #expect(rows.map(\.emaReady) == [false, false, true, true, true, true])
        #expect(recording.timeframes.prefix(2).map(\.timeframe) == [.tf1m, .tf30s])
    }

    @Test func `the two-minute timeframe is sampled when asked for`() throws {
        var market = Market(end: 10_000)
        market.parameters.samples2m = true
        #expect(try Recording(market).timeframes.map(\.timeframe) == [.tf1m, .tf2m, .tf30s])
    }

    @Test func `B4: trade sizes`() throws {
        var market = Market(end: 10_000)
        for (index, size) in [100, 200, 300, 400, 500, 100, 100, 100, 100, 100, 1000].enumerated() {
            market.trade(Int64(index), Int64(index), 100, Int64(size))
        }
        let recording = try Recording(market)
        let row = recording.state(9999)
        check(
            [row.avgTradeSize, row.tradeSizeStd, row.tradeSizeCv, row.topDecileVolumeShare],
            [272.72727272727275, 266.59778724754875, 0.9775252199076787, 0.5])
        let flow = recording.flow(9999)
        #expect(flow.largeTradeThresholdSize == 1000)
        #expect(flow.largeTradeCount10s == 1)
        #expect(flow.largeUnknownVolume10s == 1000)
        #expect(flow.largeTradeBuyRatio == 0)
        check([flow.largeTradeShareOfTotalVol10s], [0.33333333333322224])
    }

    @Test func `B5: edge of the 300 s sample`() throws {
        var market = Market(end: 320_000)
        market.trade(9999, 0, 100, 1000)
        market.trade(10_000, 1, 100, 500)
        for i in 0..<5 { market.trade(300_000 + Int64(i), 2 + Int64(i), 100, 10) }
        market.trade(310_000, 7, 100, 10)
        let recording = try Recording(market)
        #expect(recording.flow(309_999).largeTradeThresholdSize == 500)
        #expect(recording.flow(319_999).largeTradeThresholdSize == 10)
        #expect(recording.flow(319_999).largeTradeCount10s == 1)
    }

    @Test func `B6: spread statistics over the rows with a quote`() throws {
        var market = Market(end: 40_000)
        market.quote(5000, 1, 99, 101)
        market.quote(15_000, 2, 99.5, 100.5)
        market.quote(35_000, 3, 99, 101)
        let rows = try Recording(market).states
        check(rows.map(\.spreadPct), [0.02, 0.01, 0, 0.02])
        check(rows.map(\.spreadVolatility60s), [0, 0.005, 0.005, 0.004714045207910317])
        for (found, expected) in zip(rows.map(\.spreadZscore), [0, -0.9999998000000397, 0, 0.7071066311865795]) {
            #expect(agreesAsScore(found, expected))
        }
    }

    @Test func `B7: flow`() throws {
        var market = Market(end: 30_000)
        market.quote(0, 1, 99, 101)
        market.trade(1000, 1, 101, 30)
        market.trade(2000, 2, 99, 10)
        market.trade(11_000, 3, 99, 20)
        market.trade(12_000, 4, 100, 20)
        market.trade(21_000, 5, 101, 40)
        let recording = try Recording(market)
        let rows = recording.states
        check(rows.map(\.buyVolume), [30, 0, 40])
        check(rows.map(\.sellVolume), [10, 20, 0])
        check(rows.map(\.unknownVolume), [0, 20, 0])
        check(rows.map(\.delta), [20, -20, 40])
        check(rows.map(\.relativeAggression), [0.49999999998750005, -0.49999999998750005, 0.9999999999750001])
        for (found, expected) in zip(
            rows.map(\.relativeAggressionZscore60s), [0, -0.999999998, 1.0690449659354118])
        {
            #expect(agreesAsScore(found, expected))
        }
        check(rows.map(\.deltaVelocity), [0, -40, 60])
        check(rows.map(\.deltaAcceleration), [0, 0, 100])
        check(rows.map(\.return10s), [0, 1, 1])
        check(rows.map(\.absorptionIndex10s), [0, 19.99999998, 0])
        let flows = recording.flows
        check(flows.map(\.cvd30s), [20, 0, 40])
        check(flows.map(\.cvd60s), [20, 0, 40])
        check(flows.map(\.cvd30sSlope), [0, -20, 40])
        check(flows.map(\.sellOnGreen), [0, 19.99999998, 0])
    }

    @Test func `B8: volatility and approach`() throws {
        var market = Market(end: 70_000, atrSeed: 1)
        for (index, price) in [100.0, 101, 100, 102, 102, 101, 103].enumerated() {
            market.trade(Int64(index) * 10_000, Int64(index), price, 1)
        }
        let recording = try Recording(market)
        let rows = [9999, 19_999, 29_999, 59_999, 69_999].map { recording.state($0) }
        check(
            rows.map(\.realizedVolatility60s),
            [0, 0, 0.009950330853168092, 0.011553598092281878, 0.012423778587878144])
        #expect(rows.map(\.approachVolatility60s) == rows.map(\.realizedVolatility60s))
        check([rows[3].approachReturn60s, rows[4].approachReturn60s], [0, 0.02955880224154443])
        check([rows[3].atrValue], [1.3])
        #expect(rows.map(\.approachVelocityBucket) == [.grind, .grind, .grind, .grind, .crash])
        #expect(recording.flow(69_999).return60s == 3)
    }
}
