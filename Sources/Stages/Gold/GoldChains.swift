import Lake
import MarketState
import Tables

/// Sums up what the session did to the levels of each chain: gold.<product>.level_chain_metrics and chain_summary.
///
/// Source: spec/recorder.md 7.5, 7.6.
public struct GoldChains: RecorderStage {
    public static let name = "gold_chains"

    public init() {}

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
        while let session = try states.nextRows() {
            let sessionID = session[0].sessionId
            let rows = try context.together { () throws(SessionRowsError) in try SessionRows(states: session) }
            let sessionEvents = try events.rows(of: sessionID) { $0.levelId }
            let sessionPackets = try packets.rows(of: sessionID) { $0.chainId }
            for chain in try levels.chains(of: sessionID, bandPct: parameters.bandPct) {
                let (levelRows, summary) = ChainMetrics.rows(
                    of: try context.traced(chain, sessionEvents, in: rows),
                    sessionPackets[ByteKey(chain[0].chainID)] ?? [], sessionID: sessionID, over: rows, parameters)
                for row in levelRows { metrics.append(row) }
                summaries.append(summary)
            }
            try context.advance(session.count)
        }
        return try [
            context.stage(metrics, as: task.output("level_chain_metrics"), of: task, dayState: day),
            context.stage(summaries, as: task.output("chain_summary"), of: task, dayState: day),
        ].compactMap(\.self)
    }
}
