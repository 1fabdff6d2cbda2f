import Tables

/// Finds where a support was regained after the next deeper one was touched.
///
/// Source: spec/recorder.md 7.4; contract gold.equity_taq.reclaim_packets.
public enum ReclaimPacketEngine {
    /// The packets of a chain in the contract's order.
    ///
    /// - Parameter chain: the levels of one chain, in any order.
    /// - Parameter parameters: the recorder's.
    /// - Parameter rows: of the session.
    public static func packets(
        of chain: [TracedLevel], over rows: SessionRows, _ parameters: RecorderParameters = RecorderParameters()
    ) -> [ReclaimPackets.Row] {
        let supports = chain.filter { $0.level.kind == .support }
            .sorted { ChainLevel.precedes($0.level, $1.level) }
        let packets = zip(supports, supports.dropFirst()).flatMap { prior, deeper in
            reclaims(of: prior.level, after: deeper, over: rows).map {
                packet(prior.level, deeper.level, tag: $0.tag, reclaim: $0.row, rows, parameters)
            }
        }
        return packets.sorted { a, b in
            (a.tReclaimMs, ByteKey(a.reclaimedLevelId), ByteKey(a.taggedDeeperLevelId))
                < (b.tReclaimMs, ByteKey(b.reclaimedLevelId), ByteKey(b.taggedDeeperLevelId))
        }
    }

    /// The rows of the deeper level's touches and of the regained level's return.
    private static func reclaims(
        of prior: ChainLevel, after deeper: TracedLevel, over rows: SessionRows
    ) -> [(tag: Int, row: Int)] {
        var reclaims: [(tag: Int, row: Int)] = []
        var scan = 0
        let tags = deeper.touches.map { deeper.rows[$0] }.filter {
            rows.states[$0].timestamp >= max(prior.createdMs, deeper.level.createdMs)
        }
        while let tag = tags.first(where: { $0 >= scan }) {
            guard
                let lost = rows.states[tag...].firstIndex(where: { $0.lastPrice < prior.lower }),
                let back = rows.states[(lost + 1)...].firstIndex(where: { $0.lastPrice >= prior.lower })
            else { break }
            reclaims.append((tag, back))
            scan = back + 1
        }
        return reclaims
    }

    private static func packet(
        _ prior: ChainLevel, _ deeper: ChainLevel, tag: Int, reclaim j: Int, _ rows: SessionRows,
        _ parameters: RecorderParameters
    ) -> ReclaimPackets.Row {
        let (tagged, regained) = (rows.states[tag], rows.states[j])
        let time = regained.timestamp - tagged.timestamp
        let dropATR = abs(deeper.price - prior.price) / Numbers.mean(rows.states[tag...j].map(\.atrValue))
        let velocity = rows.minuteBefore(tag).map {
            abs(tagged.lastPrice - rows.states[$0].lastPrice) / tagged.atrValue
        }
        func aggression(_ range: ClosedRange<Int>) -> Double {
            Numbers.mean(rows.states[rows.existing(range)].map(\.relativeAggression))
        }
        return ReclaimPackets.Row(
            reclaimId: "reclaim:\(regained.sessionId):\(prior.id):\(deeper.id):\(regained.timestamp)",
            sessionId: regained.sessionId,
            chainId: prior.chainID,
            reclaimedLevelId: prior.id,
            reclaimedLevelPrice: prior.price,
            taggedDeeperLevelId: deeper.id,
            taggedDeeperLevelPrice: deeper.price,
            tTagDeeperMs: tagged.timestamp,
            tReclaimMs: regained.timestamp,
            timeToReclaimMs: time,
            timeToReclaimS: Double(time) / 1000,
            snapbackFlag: time <= parameters.snapbackMs,
            reclaimBandDelta30s: rows.bandDelta(prior, j, through: j + 2),
            reclaimBandDelta60s: rows.bandDelta(prior, j, through: j + 5),
            reclaimRelAggr30s: aggression(j...j + 2),
            reclaimRelAggr60s: aggression(j...j + 5),
            reclaimHold30s: rows.hold(prior, j, through: j + 3),
            reclaimHold60s: rows.hold(prior, j, through: j + 6),
            dropPctToDeeper: (deeper.price - prior.price) / prior.price,
            dropAtrToDeeper: dropATR,
            dropVelocityAtrPerMin: velocity,
            flushFlag: velocity.map {
                dropATR >= parameters.flushDropATR && $0 >= parameters.flushVelocityATRPerMin
            })
    }
}
