import MarketState
import Tables

/// The notation of spec/recorder-cases.md: "rows P" are 10 s rows with the given last prices, the first at 9999 ms.
enum Given {
    static func state(
        _ index: Int, _ price: Double, atr: Double, session: String = "S"
    ) -> State10s.Row {
        let timestamp = Int64(index) * 10_000 + 9999
        return State10s.Row(
            sessionId: session, sequenceId: Int64(index), timestamp: timestamp,
            windowStartTsNs: (timestamp - 9999) * 1_000_000, windowEndTsNs: (timestamp + 1) * 1_000_000,
            lastPrice: price, high10s: price, low10s: price, bid: 0, ask: 0, hasQuote: true, midPrice: 0, spreadAbs: 0,
            spreadPct: 0, spreadVolatility60s: 0, spreadZscore: 0, quoteAgeMs: nil, vwapSession: 0, priceMinusVwap: 0,
            priceMinusVwapAtr: 0, vwapState: .at, atrValue: atr, atrStatus: .live, atrIsWarm: true, barsToday: 0,
            emaReady: true, ema9: 0, ema20: 0, ema30: 0, ema200: 0, slopeEma960s: 0, slopeEma2060s: 0, slopeEma3060s: 0,
            emaSpread920: 0, emaSpread2030: 0, compressionIndex: 0, emaConfluenceScore: 0, stackState: .mixed,
            priceVsEmas: 0, stretch200Atr: 0, tradeCount: 0, totalVolume: 0, buyVolume: 0, sellVolume: 0,
            unknownVolume: 0, delta: 0, pctAtAsk: 0, pctAtBid: 0, relativeAggression: 0, relativeAggressionZscore60s: 0,
            deltaVelocity: 0, deltaAcceleration: 0, return10s: 0, absorptionIndex10s: 0, avgTradeSize: 0,
            tradeSizeStd: 0, tradeSizeCv: 0, topDecileVolumeShare: 0, realizedVolatility60s: 0, approachReturn60s: 0,
            approachVolatility60s: 0, approachVelocityBucket: .grind)
    }

    static func states(_ prices: [Double], atr: Double = 4) -> [State10s.Row] {
        prices.enumerated().map { state($0, $1, atr: atr) }
    }

    /// The sums of gold.smart_money_10s over given rows; large trades are absent.
    static func flows(_ states: [State10s.Row]) -> [SmartMoney10s.Row] {
        states.indices.map { index in
            let state = states[index]
            func lately(_ count: Int) -> ClosedRange<Int> { max(0, index - count + 1)...index }
            func sum(_ count: Int, _ column: KeyPath<State10s.Row, Double>) -> Double {
                states[lately(count)].reduce(0.0) { $0 + $1[keyPath: column] }
            }
            let before = index >= 6 ? states[index - 6].lastPrice : 0
            let return60s = before > 0 && state.lastPrice > 0 ? state.lastPrice - before : 0
            let returnNorm = return60s / (state.atrValue + 1e-9)
            return SmartMoney10s.Row(
                sessionId: state.sessionId, timestamp: state.timestamp, cvd10s: state.delta, cvd30s: sum(3, \.delta),
                cvd60s: sum(6, \.delta), cvd30sSlope: 0, cvd60sSlope: 0, return10s: 0, returnSign10s: 0,
                return60s: return60s, returnNorm: returnNorm,
                returnSign: returnNorm > 1e-12 ? 1 : returnNorm < -1e-12 ? -1 : 0, buyOnRed: 0, sellOnGreen: 0,
                vol60s: sum(6, \.totalVolume), tradeCount60s: states[lately(6)].reduce(0) { $0 + $1.tradeCount },
                largeTradeThresholdSize: 0, largeTradeCount10s: 0, largeBuyVolume10s: 0, largeSellVolume10s: 0,
                largeUnknownVolume10s: 0, largeTradeBuyRatio: 0, largeTradeDelta: 0, largeTradeShareOfTotalVol10s: 0)
        }
    }

    static func rows(_ prices: [Double], atr: Double = 4) throws -> SessionRows {
        try rows(states(prices, atr: atr))
    }

    static func rows(_ states: [State10s.Row]) throws -> SessionRows {
        try SessionRows(states: states, flows: flows(states))
    }

    static func level(
        _ id: String = "L", _ price: Double = 100, _ type: Levels.LevelType = .support, created: Int64 = 0,
        bias: Levels.DirectionBias? = nil, chain: String = "default"
    ) -> Levels.Row {
        Levels.Row(
            sessionId: "S", levelId: id, levelPrice: price, levelType: type, levelSource: .manual, levelWidthAtr: 0.25,
            createdTsMs: created, directionBias: bias, chainId: chain, levelOutcome: .pending, notes: nil)
    }

    /// A session of six and a half hours from 0 on.
    static func session(
        bias: Sessions.DirectionBias? = nil, priorClose: Double? = nil, end: Int64 = 23_400_000
    ) -> Sessions.Row {
        Sessions.Row(
            sessionId: "S", startTsMs: 0, endTsMs: end, rthOpenTsMs: 0, rthCloseTsMs: 23_400_000,
            directionBias: bias, atrSeed: 0.5, atrSeedSource: .fixedDefault, priorClose: priorClose,
            tiePolicy: .quoteFirst)
    }

    static func context(_ rows: SessionRows, session: Sessions.Row = session()) -> EpisodeContext {
        EpisodeContext(symbol: "TSLA", session: session, rows: rows)
    }

    static func episodes(_ rows: SessionRows, _ level: Levels.Row = level()) throws -> [Episode] {
        try EpisodeEngine(context(rows)).episodes(of: level, spine: ZoneGate.spine(of: level, over: rows))
    }

    static func market(_ prices: [Double]) -> [Benchmark.Price] {
        states(prices).map { Benchmark.Price(timestamp: $0.timestamp, lastPrice: $0.lastPrice) }
    }

    static func marker(
        _ time: Int64, _ type: MarkerInputs.MarkerType, id: String? = nil, bias: MarkerInputs.DirectionBias? = nil,
        sequence: Int64 = 0
    ) -> MarkerInputs.Row {
        MarkerInputs.Row(
            sessionId: "S", inputSeq: sequence, markerId: id, tsMs: time, markerType: type, directionBias: bias,
            notes: nil)
    }

    static func chainLevel(_ level: Levels.Row) -> ChainLevel {
        ChainLevel(level, bandPct: 0.0015)!
    }

    static func traced(_ level: Levels.Row, over rows: SessionRows) throws -> TracedLevel {
        let level = chainLevel(level)
        return try TracedLevel(level, LevelTimeline.events(of: level, over: rows), in: rows)
    }
}

/// Doubles agree as spec/recorder.md 2.1 says, and nulls with each other.
func agrees(_ a: Double?, _ b: Double?) -> Bool {
    switch (a, b) {
    case (nil, nil): true
    case (let a?, let b?): agrees(a, b)
    default: false
    }
}
