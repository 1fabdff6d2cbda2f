import Lake
import MarketState
import Tables

/// Describes each touch and each reclaim: gold.<product>.touch_packets and reclaim_packets.
///
/// Source: spec/recorder.md 7.3, 7.4.
public struct GoldPackets: RecorderStage {
    public static let name = "gold_packets"

    public init() {}

    public func run(_ task: StageTask, in context: StageContext) throws -> [StagedPartition] {
        let parameters = try RecorderParameters(context.parameters(of: task))
        let day = try context.dayState(of: task.input("state_10s"))
        var states = SessionCursor<State10s>(try context.reader(task.input("state_10s"), of: task))
        var flows = SessionCursor<SmartMoney10s>(try context.reader(task.input("smart_money_10s"), of: task))
        var levels = SessionCursor<Levels>(try context.reader(task.input("levels"), of: task))
        var events = SessionCursor<LevelInteractions>(
            try context.reader(task.input("level_interactions"), of: task))
        var touches = TouchPackets()
        var reclaims = ReclaimPackets()
        var touchQuality = Quality()
        while let session = try states.nextRows() {
            let sessionID = session[0].sessionId
            let sessionFlows = try flows.rows(of: sessionID)
            let rows = try context.together { () throws(SessionRowsError) in
                try SessionRows(states: session, flows: sessionFlows)
            }
            let engine = TouchPacketEngine(rows, parameters)
            let sessionEvents = try events.rows(of: sessionID) { $0.levelId }
            for chain in try levels.chains(of: sessionID, bandPct: parameters.bandPct) {
                let traced = try context.traced(chain, sessionEvents, in: rows)
                let packets = traced.flatMap { engine.packets(of: $0) }.sorted {
                    ($0.touchTsMs, ByteKey($0.levelId)) < ($1.touchTsMs, ByteKey($1.levelId))
                }
                for packet in packets {
                    touches.append(packet)
                    touchQuality.counters[packet.touchOutcome?.symbol ?? "undecided", default: 0] += 1
                }
                for packet in ReclaimPacketEngine.packets(of: traced, over: rows, parameters) {
                    reclaims.append(packet)
                }
            }
            try context.advance(session.count)
        }
        return try [
            context.stage(touches, as: task.output("touch_packets"), of: task, dayState: day, quality: touchQuality),
            context.stage(reclaims, as: task.output("reclaim_packets"), of: task, dayState: day),
        ].compactMap(\.self)
    }
}

extension StageContext {
    /// The levels of a chain with their events.
    func traced(
        _ chain: [ChainLevel], _ events: [ByteKey: [LevelInteractions.Row]], in rows: SessionRows
    ) throws -> [TracedLevel] {
        try chain.map { level in
            try together { () throws(SessionRowsError) in
                try TracedLevel(level, events[ByteKey(level.id)] ?? [], in: rows)
            }
        }
    }
}
