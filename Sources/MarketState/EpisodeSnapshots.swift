import Tables

extension Episode {
    /// The rows of gold.episode_snapshots: those of the session from start to end that have a price, with what the price
    /// does at the level.
    ///
    /// Source: spec/recorder.md 6.4, 6.5; contract gold.equity_taq.episode_snapshots.
    public func snapshots() -> [EpisodeSnapshots.Row] {
        let range = rows.priced(from: row.startTime, through: row.endTime)
        var snapshots: [EpisodeSnapshots.Row] = []
        snapshots.reserveCapacity(range.count)
        var penetration = 0.0
        var rowsInside = 0
        var touchesBefore: Int64?
        for index in range {
            let state = rows.states[index]
            let flow = rows.flows[index]
            let gate = spine[index - rows.firstPriced]
            let isBaseline = state.timestamp < row.zoneEntryTime
            var touchCount: Int64 = 0
            if !isBaseline {
                let distance = gate.signedDistanceToLevelAtr
                penetration = max(penetration, row.levelEntrySide == .above ? -distance : distance)
                if gate.inZone { rowsInside += 1 }
                touchesBefore = touchesBefore ?? gate.touchCountSession
                touchCount = gate.touchCountSession - touchesBefore!
            }
            let timeInZone = Double(10 * rowsInside)
            let deltaNorm =
                row.baselineVol60sMean == 0
                ? 0 : flow.cvd60s / (row.baselineVol60sMean + Numbers.epsilon)
            let deltaSign = Int64(Numbers.sign(deltaNorm))
            let volume = zscore(flow.vol60s, row.baselineVol60sMean, row.baselineVol60sStd)
            let trades = zscore(
                Double(flow.tradeCount60s), row.baselineTradeCount60sMean, row.baselineTradeCount60sStd)
            snapshots.append(
                EpisodeSnapshots.Row(
                    episodeId: row.episodeId,
                    sessionId: state.sessionId,
                    sequenceId: Int64(snapshots.count),
                    streamSequenceId: state.sequenceId,
                    timestamp: state.timestamp,
                    phase: phase(at: state.timestamp),
                    signedDistanceToLevel: gate.signedDistanceToLevel,
                    signedDistanceToLevelAtr: gate.signedDistanceToLevelAtr,
                    absDistanceToLevelAtr: gate.absDistanceToLevelAtr,
                    crossCount60s: gate.crossCount60s,
                    crossDensity: gate.crossDensity,
                    oscillationAmplitudeAtr60s: gate.oscillationAmplitudeAtr60s,
                    timeInZoneRolling: gate.timeInZoneRolling,
                    inZone: gate.inZone,
                    maxPenetrationAtr: penetration,
                    totalTimeInZoneEpisode: timeInZone,
                    touchCount: touchCount,
                    avgTimePerTouch: touchCount == 0 ? 0 : timeInZone / Double(touchCount),
                    deltaNorm: deltaNorm,
                    deltaSign: deltaSign,
                    divergenceFlag: deltaSign == flow.returnSign ? 0 : 1,
                    divScore: abs(deltaNorm) / (abs(flow.returnNorm) + Numbers.epsilon),
                    volZ60s: volume,
                    tradeRateZ60s: trades,
                    windowStartTsNs: state.windowStartTsNs,
                    windowEndTsNs: state.windowEndTsNs,
                    lastPrice: state.lastPrice,
                    high10s: state.high10s,
                    low10s: state.low10s,
                    bid: state.bid,
                    ask: state.ask,
                    hasQuote: state.hasQuote,
                    midPrice: state.midPrice,
                    spreadAbs: state.spreadAbs,
                    spreadPct: state.spreadPct,
                    spreadVolatility60s: state.spreadVolatility60s,
                    spreadZscore: state.spreadZscore,
                    quoteAgeMs: state.quoteAgeMs,
                    vwapSession: state.vwapSession,
                    priceMinusVwap: state.priceMinusVwap,
                    priceMinusVwapAtr: state.priceMinusVwapAtr,
                    vwapState: .init(like: state.vwapState),
                    atrValue: state.atrValue,
                    atrStatus: .init(like: state.atrStatus),
                    atrIsWarm: state.atrIsWarm,
                    barsToday: state.barsToday,
                    emaReady: state.emaReady,
                    ema9: state.ema9,
                    ema20: state.ema20,
                    ema30: state.ema30,
                    ema200: state.ema200,
                    slopeEma960s: state.slopeEma960s,
                    slopeEma2060s: state.slopeEma2060s,
                    slopeEma3060s: state.slopeEma3060s,
                    emaSpread920: state.emaSpread920,
                    emaSpread2030: state.emaSpread2030,
                    compressionIndex: state.compressionIndex,
                    emaConfluenceScore: state.emaConfluenceScore,
                    stackState: .init(like: state.stackState),
                    priceVsEmas: state.priceVsEmas,
                    stretch200Atr: state.stretch200Atr,
                    tradeCount: state.tradeCount,
                    totalVolume: state.totalVolume,
                    buyVolume: state.buyVolume,
                    sellVolume: state.sellVolume,
                    unknownVolume: state.unknownVolume,
                    delta: state.delta,
                    pctAtAsk: state.pctAtAsk,
                    pctAtBid: state.pctAtBid,
                    relativeAggression: state.relativeAggression,
                    relativeAggressionZscore60s: state.relativeAggressionZscore60s,
                    deltaVelocity: state.deltaVelocity,
                    deltaAcceleration: state.deltaAcceleration,
                    return10s: state.return10s,
                    absorptionIndex10s: state.absorptionIndex10s,
                    avgTradeSize: state.avgTradeSize,
                    tradeSizeStd: state.tradeSizeStd,
                    tradeSizeCv: state.tradeSizeCv,
                    topDecileVolumeShare: state.topDecileVolumeShare,
                    realizedVolatility60s: state.realizedVolatility60s,
                    approachReturn60s: state.approachReturn60s,
                    approachVolatility60s: state.approachVolatility60s,
                    approachVelocityBucket: .init(like: state.approachVelocityBucket),
                    cvd10s: flow.cvd10s,
                    cvd30s: flow.cvd30s,
                    cvd60s: flow.cvd60s,
                    cvd30sSlope: flow.cvd30sSlope,
                    cvd60sSlope: flow.cvd60sSlope,
                    returnSign10s: flow.returnSign10s,
                    return60s: flow.return60s,
                    returnNorm: flow.returnNorm,
                    returnSign: flow.returnSign,
                    buyOnRed: flow.buyOnRed,
                    sellOnGreen: flow.sellOnGreen,
                    vol60s: flow.vol60s,
                    tradeCount60s: flow.tradeCount60s,
                    largeTradeThresholdSize: flow.largeTradeThresholdSize,
                    largeTradeCount10s: flow.largeTradeCount10s,
                    largeBuyVolume10s: flow.largeBuyVolume10s,
                    largeSellVolume10s: flow.largeSellVolume10s,
                    largeUnknownVolume10s: flow.largeUnknownVolume10s,
                    largeTradeBuyRatio: flow.largeTradeBuyRatio,
                    largeTradeDelta: flow.largeTradeDelta,
                    largeTradeShareOfTotalVol10s: flow.largeTradeShareOfTotalVol10s))
        }
        return snapshots
    }

    private func phase(at time: Int64) -> EpisodeSnapshots.Phase {
        if time < row.zoneEntryTime { return .baseline }
        if let exit = row.zoneExitTime, time > exit { return .resolution }
        return .stress
    }
}

/// How many deviations of the baseline a value is from its mean; 0 where the baseline does not vary.
private func zscore(_ value: Double, _ mean: Double, _ deviation: Double) -> Double {
    deviation == 0 ? 0 : (value - mean) / (deviation + Numbers.epsilon)
}
