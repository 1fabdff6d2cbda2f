import Tables

/// Counts what a session did to the levels of a chain and picks the support that carried it.
///
/// Source: spec/recorder.md 7.5, 7.6; contracts gold.equity_taq.level_chain_metrics and chain_summary.
public enum ChainMetrics {
    /// The rows of a chain, levels in the order of their index.
    ///
    /// - Parameters:
    ///   - chain: the levels of one chain, at least one, in any order.
    ///   - packets: the chain's rows of gold.reclaim_packets.
    ///   - parameters: the recorder's.
    ///   - rows: of the session.
    ///   - sessionID: for the rows.
    public static func rows(
        of chain: [TracedLevel], _ packets: [ReclaimPackets.Row], sessionID: String, over rows: SessionRows,
        _ parameters: RecorderParameters = RecorderParameters()
    ) -> (levels: [LevelChainMetrics.Row], summary: ChainSummary.Row) {
        let ordered = chain.sorted { ChainLevel.precedes($0.level, $1.level) }
        let meanATR = rows.priced.isEmpty ? nil : Numbers.mean(rows.states[rows.priced].map(\.atrValue))
        var levels = ordered.indices.map { index in
            let traced = ordered[index]
            let next = index + 1 < ordered.count ? ordered[index + 1].level : nil
            return row(
                traced, index: index + 1, gap: gap(traced.level, next, meanATR),
                packets.filter { $0.reclaimedLevelId.utf8.elementsEqual(traced.level.id.utf8) }, sessionID, rows,
                parameters)
        }
        // The first of the best: ties go to the lowest index.
        let best = levels.compactMap(\.mainSupportScore).max()
        let main = best.flatMap { best in levels.firstIndex { $0.mainSupportScore == best } }
        if let main { levels[main].isMainSupport = true }
        return (
            levels,
            ChainSummary.Row(
                sessionId: sessionID, chainId: ordered[0].level.chainID,
                mainSupportId: main.map { levels[$0].levelId }, mainSupportScore: best,
                focusLevel: focus(packets), levelCount: Int64(levels.count))
        )
    }

    private static func row(
        _ traced: TracedLevel, index: Int, gap: Double?, _ packets: [ReclaimPackets.Row], _ sessionID: String,
        _ rows: SessionRows, _ parameters: RecorderParameters
    ) -> LevelChainMetrics.Row {
        let level = traced.level
        let touches = traced.touches
        let breaks = traced.events.count { $0.event == .break && $0.paired }
        let rejects = traced.events.count { $0.event == .reject && $0.paired }
        let attempts = touches.filter { traced.events[$0].reclaimAttempt == true }.map { traced.rows[$0] }
        let held = attempts.count { rows.hold(level, $0, through: $0 + 3) == true }
        let flip = roleFlip(traced)
        return LevelChainMetrics.Row(
            sessionId: sessionID,
            chainId: level.chainID,
            levelId: level.id,
            levelIndex: Int64(index),
            levelPrice: level.price,
            levelKind: level.kind == .support ? .support : .resistance,
            levelOutcome: LevelChainMetrics.LevelOutcome(like: level.outcome),
            gapToNextSupportAtr: gap,
            supportClusterFlag: gap.map { $0 < parameters.clusterGapATR },
            sessionTouches: Int64(touches.count),
            sessionBreaks: Int64(breaks),
            sessionRejects: Int64(rejects),
            sessionReclaimAttempts: Int64(attempts.count),
            sessionReclaimHoldRate: attempts.isEmpty ? nil : Double(held) / Double(attempts.count),
            historicalHoldRate: touches.isEmpty ? nil : Double(rejects) / Double(touches.count),
            roleFlip: flip,
            focusReturnsToThis: packets.contains(where: isFocus),
            mainSupportScore: level.kind == .support
                ? score(packets, breaks: breaks, rejects: rejects, flip, parameters) : nil,
            isMainSupport: false)
    }

    /// Distance to the next support below, in mean ATR of the session.
    private static func gap(_ level: ChainLevel, _ next: ChainLevel?, _ meanATR: Double?) -> Double? {
        guard level.kind == .support, let next, next.kind == .support, let meanATR else { return nil }
        return (level.price - next.price) / meanATR
    }

    /// Whether the level ends the session in the opposite role: broken, tested from the other side, and turned away there.
    private static func roleFlip(_ traced: TracedLevel) -> LevelChainMetrics.RoleFlip? {
        let failing: LevelInteractions.ToSide = traced.level.kind == .support ? .below : .above
        var isBroken = false
        var isFlipped = false
        for touch in traced.touches where touch + 1 < traced.events.count {
            let cameFromFailing =
                traced.events[touch].fromSide == (failing == .below ? .below : .above)
            let wentToFailing = traced.events[touch + 1].toSide == failing
            switch (cameFromFailing, wentToFailing) {
            case (false, true): isBroken = true
            case (true, true): if isBroken { isFlipped = true }
            case (true, false): (isBroken, isFlipped) = (false, false)
            case (false, false): break
            }
        }
        guard isFlipped else { return nil }
        return traced.level.kind == .support ? .supportToResistance : .resistanceToSupport
    }

    /// Each term counts once, if any packet satisfies it.
    private static func score(
        _ packets: [ReclaimPackets.Row], breaks: Int, rejects: Int, _ flip: LevelChainMetrics.RoleFlip?,
        _ parameters: RecorderParameters
    ) -> Int64 {
        var score = -breaks
        if packets.contains(where: { $0.reclaimHold30s == true }) { score += 2 }
        if packets.contains(where: {
            $0.reclaimBandDelta30s > 0 && $0.reclaimRelAggr30s > parameters.scoreRelAggr
        }) {
            score += 1
        }
        if packets.contains(where: \.snapbackFlag) { score += 1 }
        if rejects - breaks >= 2 { score += 1 }
        if flip == .supportToResistance { score -= 2 }
        return Int64(score)
    }

    private static func isFocus(_ packet: ReclaimPackets.Row) -> Bool {
        packet.snapbackFlag && packet.reclaimHold30s == true
    }

    /// The level that the earliest quick and lasting reclaim regained; of several, the highest.
    private static func focus(_ packets: [ReclaimPackets.Row]) -> String? {
        packets.filter(isFocus).min { a, b in
            if a.tReclaimMs != b.tReclaimMs { return a.tReclaimMs < b.tReclaimMs }
            if a.reclaimedLevelPrice != b.reclaimedLevelPrice {
                return a.reclaimedLevelPrice > b.reclaimedLevelPrice
            }
            return ByteKey(a.reclaimedLevelId) < ByteKey(b.reclaimedLevelId)
        }?.reclaimedLevelId
    }
}
