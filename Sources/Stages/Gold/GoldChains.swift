import Lake
import MarketState
import Tables

/// Sums up what the session did to the levels of each chain: gold.<product>.level_chain_metrics and chain_summary.
///
/// Source: spec/recorder.md 7.5, 7.6.
public struct GoldChains: Stage {
    public static let name = "gold_chains"

    public init() {}

    public func plan(_ request: StageRequest, in site: StageSite) throws -> StagePlan {
        try request.recorderPlan(in: site)
    }

    public func run(_ task: StageTask, in context: StageContext) throws -> [StagedPartition] {
        let parameters = try RecorderParameters(context.parameters(of: task))
        let day = try context.dayState(of: task.input("state_10s"))
        var states = SessionCursor<State10s>(try context.reader(task.input("state_10s"), of: task))
        var levels = SessionCursor<Levels>(try context.reader(task.input("levels"), of: task))
        var events = SessionCursor<LevelInteractions>(
            try context.reader(task.input("level_interactions"), of: task))
        var packets = SessionCursor<ReclaimPackets>(
            try context.reader(task.input("reclaim_packets"), of: task))
        var metrics = LevelChainMetrics()
        var summaries = ChainSummary()
        while let session = try states.nextStates() {
            let sessionID = session[0].sessionId
            let rows = try context.together { () throws(SessionRowsError) in try SessionRows(states: session) }
            let sessionEvents = try events.events(of: sessionID)
            let sessionPackets = try packets.packets(of: sessionID)
            for chain in try levels.chains(of: sessionID, bandPct: parameters.bandPct) {
                let (levelRows, summary) = ChainMetrics.rows(
                    of: try context.traced(chain, sessionEvents, in: rows),
                    sessionPackets[ByteKey(chain[0].chainID)] ?? [], sessionID: sessionID, over: rows, parameters)
                for row in levelRows { metrics.append(row) }
                summaries.append(summary)
            }
            try context.advance(session.count)
        }
        var staged: [StagedPartition] = []
        if var writer = try context.writerIfWanted(task.output("level_chain_metrics"), of: task) {
            try metrics.withViews { try writer.write($0) }
            staged.append(try writer.finish(dayState: day))
        }
        if var writer = try context.writerIfWanted(task.output("chain_summary"), of: task) {
            try summaries.withViews { try writer.write($0) }
            staged.append(try writer.finish(dayState: day))
        }
        return staged
    }
}

extension SessionCursor<ReclaimPackets> {
    /// The packets of a session, by chain.
    fileprivate mutating func packets(of session: String) throws -> [ByteKey: [ReclaimPackets.Row]] {
        var packets: [ByteKey: [ReclaimPackets.Row]] = [:]
        try forEachRow(of: session) { table, row in
            let packet = table[row]
            packets[ByteKey(packet.chainId), default: []].append(packet)
            return true
        }
        return packets
    }
}
