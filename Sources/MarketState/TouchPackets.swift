import Tables

/// Describes each touch of a support or resistance: how the price came, what was traded at the band, what became of it.
///
/// Columns about the approach use rows up to the touch; the others look up to ten rows further and are null, or are made of
/// the rows there are, where the session ends before. Source: spec/recorder.md 7.3; contract gold.equity_taq.touch_packets.
public struct TouchPacketEngine: Sendable {
    let rows: SessionRows
    let parameters: RecorderParameters

    /// - Parameter rows: of the session, with the flow proxies.
    /// - Parameter parameters: the recorder's.
    public init(_ rows: SessionRows, _ parameters: RecorderParameters = RecorderParameters()) {
        precondition(rows.flows.count == rows.states.count, "touch packets need the flow proxies")
        self.rows = rows
        self.parameters = parameters
    }

    /// The packets of a level's touches, in time order.
    public func packets(of traced: TracedLevel) -> [TouchPackets.Row] {
        var previous: Int64?
        return traced.touches.map { position in
            defer { previous = traced.events[position].timestamp }
            return packet(traced, position, after: previous)
        }
    }

    /// - Parameters:
    ///   - position: of the touch among the events.
    ///   - previous: time of the touch before it, ms.
    private func packet(
        _ traced: TracedLevel, _ position: Int, after previous: Int64?
    ) -> TouchPackets.Row {
        let level = traced.level
        let touch = traced.events[position]
        let i = traced.rows[position]
        let state = rows.states[i]
        let minuteBefore = rows.minuteBefore(i)
        let velocity = minuteBefore.map { abs(state.lastPrice - rows.states[$0].lastPrice) / state.atrValue }
        let approachDelta = deltas(rows.existing(i - 6...i - 1))
        let bandDelta30 = rows.bandDelta(level, i, through: i + 2)
        let flow60 = rows.flows[i].cvd60s
        let outcome = TouchOutcome(after: position, of: traced, in: rows)
        return TouchPackets.Row(
            touchId: "touch:\(touch.sessionId):\(level.id):\(touch.timestamp)",
            sessionId: touch.sessionId,
            chainId: level.chainID,
            levelId: level.id,
            levelKind: level.kind == .support ? .support : .resistance,
            levelPrice: level.price,
            bandPct: parameters.bandPct,
            touchTsMs: touch.timestamp,
            touchNumber: touch.touchNumber!,
            fromSide: touch.fromSide == .above ? .above : .below,
            touchMode: TouchPackets.TouchMode(like: touch.mode),
            reclaimAttempt: touch.reclaimAttempt!,
            timeSinceLastTouchS: previous.map { Double(touch.timestamp - $0) / 1000 },
            approachVelocityAtrPerMin: velocity,
            approachType: velocity.map(approachType),
            approachDelta60s: approachDelta,
            approachRelAggr60s: aggression(rows.existing(i - 6...i - 1)),
            touchDwellS: Double(10 * rows.states[i...].prefix { level.position($0.lastPrice) == .inBand }.count),
            bounceReturn30sPct: bounce(i, i + 3),
            bounceReturn60sPct: bounce(i, i + 6),
            bandDelta030s: bandDelta30,
            bandDelta060s: rows.bandDelta(level, i, through: i + 5),
            relAggr030s: aggression(rows.existing(i...i + 2)),
            relAggr060s: aggression(rows.existing(i...i + 5)),
            deltaFlipFlag: approachDelta * bandDelta30 < 0,
            maxPenetrationPct: penetration(level, i),
            wickRecoveredFlag: isWickRecovered(level, i),
            touchVolumeZ: volumeScore(i),
            largeTradeCountAtTouch: rows.flows[rows.existing(i...i + 1)].reduce(0) { $0 + $1.largeTradeCount10s },
            largeTradeBuyRatio: largeBuyRatio(i),
            absorptionMean030s: Numbers.mean(rows.states[rows.existing(i...i + 2)].map(\.absorptionIndex10s)),
            priceEfficiency030s: efficiency(i),
            cvd60sAtTouch: flow60,
            cvdSlopeIntoTouch: minuteBefore.map { flow60 - rows.flows[$0].cvd60s },
            divFlagAtTouch: minuteBefore.map { _ in diverges(level, i) },
            spreadPctAtTouch: state.hasQuote ? state.spreadPct : nil,
            spreadWideningIntoTouch: widens(i),
            spreadNarrowingAfterTouch: narrows(i),
            compressionAtTouch: compression(i),
            compressionTrendIntoTouch: compressionTrend(i),
            priceVsVwapAtTouch: TouchPackets.PriceVsVwapAtTouch(like: state.vwapState),
            emaStackAtTouch: TouchPackets.EmaStackAtTouch(like: state.stackState),
            breakConfirmed30s: outcome.isBreakConfirmed,
            reclaimAfterBreak: outcome.isReclaimed,
            reclaimHold30s: outcome.reclaimHolds,
            touchOutcome: outcome.symbol)
    }
}

// MARK: - Approach

extension TouchPacketEngine {
    private func approachType(_ velocity: Double) -> TouchPackets.ApproachType {
        if velocity >= parameters.approachCrash { return .crash }
        if velocity >= parameters.approachFast { return .fast }
        return velocity >= parameters.approachNormal ? .normal : .grind
    }

    private func deltas(_ range: Range<Int>) -> Double {
        rows.states[range].reduce(0.0) { $0 + $1.delta }
    }

    private func aggression(_ range: Range<Int>) -> Double {
        Numbers.mean(rows.states[range].map(\.relativeAggression))
    }

    /// The volume of the touch against all rows before it.
    private func volumeScore(_ i: Int) -> Double? {
        let before = rows.states[..<i].map(\.totalVolume)
        let deviation = Numbers.pstd(before)
        guard before.count >= 2, deviation != 0 else { return nil }
        return (rows.states[i].totalVolume - Numbers.mean(before)) / (deviation + Numbers.epsilon)
    }

    /// A new extreme of the last minute against the flow. The row a minute ago exists.
    private func diverges(_ level: ChainLevel, _ i: Int) -> Bool {
        let before = rows.states[i - 6..<i]
        let flow = (rows.flows[i - 3].cvd30s, rows.flows[i].cvd30s)
        switch level.kind {
        case .support: return rows.states[i].low10s < before.map(\.low10s).min()! && flow.1 > flow.0
        case .resistance: return rows.states[i].high10s > before.map(\.high10s).max()! && flow.1 < flow.0
        }
    }

    /// Mean spread of the rows with a quote; nil without one.
    private func meanSpread(_ range: Range<Int>) -> Double? {
        let spreads = rows.states[range].filter(\.hasQuote).map(\.spreadPct)
        return spreads.isEmpty ? nil : Numbers.mean(spreads)
    }

    private func widens(_ i: Int) -> Bool? {
        guard let lately = meanSpread(rows.existing(i - 3...i - 1)), let before = meanSpread(0..<i) else {
            return nil
        }
        return lately > before
    }

    private func compression(_ i: Int) -> Double? {
        let values = rows.states[rows.existing(i - 6...i)].filter(\.emaReady).map(\.compressionIndex)
        return values.isEmpty ? nil : Numbers.mean(values)
    }

    private func compressionTrend(_ i: Int) -> TouchPackets.CompressionTrendIntoTouch? {
        guard i >= 6, rows.states[i - 6...i].allSatisfy(\.emaReady) else { return nil }
        func mean(_ range: ClosedRange<Int>) -> Double {
            Numbers.mean(rows.states[range].map(\.compressionIndex))
        }
        let change = mean(i - 2...i) - mean(i - 6...i - 4)
        return change < -0.05 ? .tightening : change > 0.05 ? .loosening : .flat
    }
}

// MARK: - At the band and after

extension TouchPacketEngine {
    private func bounce(_ i: Int, _ later: Int) -> Double? {
        guard later < rows.states.count else { return nil }
        let price = rows.states[i].lastPrice
        return (rows.states[later].lastPrice - price) / price
    }

    /// How far beyond the band the minute from the touch went, as a fraction of the level's price.
    private func penetration(_ level: ChainLevel, _ i: Int) -> Double {
        let minute = rows.states[rows.existing(i...i + 5)]
        switch level.kind {
        case .support: return max(0, level.lower - minute.map(\.low10s).min()!) / level.price
        case .resistance: return max(0, minute.map(\.high10s).max()! - level.upper) / level.price
        }
    }

    private func isWickRecovered(_ level: ChainLevel, _ i: Int) -> Bool {
        let wick = rows.existing(i...i + 5).first { row in
            switch level.kind {
            case .support: rows.states[row].low10s < level.lower
            case .resistance: rows.states[row].high10s > level.upper
            }
        }
        guard let wick else { return false }
        return rows.states[rows.existing(wick...wick + 3)].contains { level.holds($0.lastPrice) }
    }

    private func largeBuyRatio(_ i: Int) -> Double? {
        let flows = rows.flows[rows.existing(i...i + 1)]
        let buys = flows.reduce(0.0) { $0 + $1.largeBuyVolume10s }
        let sells = flows.reduce(0.0) { $0 + $1.largeSellVolume10s }
        return buys + sells == 0 ? nil : buys / (buys + sells)
    }

    private func efficiency(_ i: Int) -> Double? {
        let volume = rows.states[rows.existing(i...i + 2)].reduce(0.0) { $0 + $1.totalVolume }
        guard i + 3 < rows.states.count, volume != 0 else { return nil }
        return abs(rows.states[i + 3].lastPrice - rows.states[i].lastPrice) / (volume + Numbers.epsilon)
    }

    private func narrows(_ i: Int) -> Bool? {
        guard rows.states[i].hasQuote, let after = meanSpread(rows.existing(i + 1...i + 3)) else { return nil }
        return after < rows.states[i].spreadPct
    }
}

extension SessionRows {
    /// Sum of delta over row `first`, which always counts, and the later rows that are in the level's band.
    func bandDelta(_ level: ChainLevel, _ first: Int, through last: Int) -> Double {
        existing(first...last)
            .filter { $0 == first || level.position(states[$0].lastPrice) == .inBand }
            .reduce(0.0) { $0 + states[$1].delta }
    }
}

/// What became of the level after a touch; nil where the session ended before it was decided.
///
/// Source: spec/recorder.md 7.3, Outcome.
private struct TouchOutcome {
    var isBreakConfirmed: Bool?
    var isReclaimed: Bool?
    var reclaimHolds: Bool?

    /// - Parameter position: of the touch among the level's events.
    init(after position: Int, of traced: TracedLevel, in rows: SessionRows) {
        let level = traced.level
        guard position + 1 < traced.events.count else { return }
        let event = traced.events[position + 1]
        guard event.event == .break || event.event == .exit else {
            isBreakConfirmed = false
            return
        }
        let b = traced.rows[position + 1]
        if rows.states[rows.existing(b...b + 3)].contains(where: { level.holds($0.lastPrice) }) {
            isBreakConfirmed = false
            return
        }
        guard b + 3 < rows.states.count else { return }
        isBreakConfirmed = true
        guard let k = rows.existing(b + 1...b + 6).first(where: { level.holds(rows.states[$0].lastPrice) }) else {
            isReclaimed = b + 6 < rows.states.count ? false : nil
            return
        }
        isReclaimed = true
        reclaimHolds = rows.hold(level, k, through: k + 3)
    }

    var symbol: TouchPackets.TouchOutcome? {
        switch (isBreakConfirmed, isReclaimed, reclaimHolds) {
        case (false, _, _): .hold
        case (true, false, _): .break
        case (true, true, true): .breakReclaimHold
        case (true, true, false): .breakReclaimFail
        case (nil, _, _), (true, nil, _), (true, true, nil): nil
        }
    }
}
