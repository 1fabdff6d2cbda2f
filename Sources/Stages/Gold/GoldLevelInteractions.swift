import Lake
import MarketState
import Tables

/// Tells when the price touched, broke, rejected and left each support and resistance: gold.<product>.level_interactions.
///
/// Source: spec/recorder.md 7.1, 7.2.
public struct GoldLevelInteractions: RecorderStage {
    public static let name = "gold_level_interactions"

    public init() {}

    public func run(_ task: StageTask, in context: StageContext) throws -> [StagedPartition] {
        let parameters = try RecorderParameters(context.parameters(of: task))
        var states = SessionCursor<State10s>(try context.reader(task.input("state_10s"), of: task))
        var levels = SessionCursor<Levels>(try context.reader(task.input("levels"), of: task))
        var writer = try context.writer(task.outputs[0], of: task)
        var table = LevelInteractions()
        var quality = Quality()
        while let session = try states.nextRows() {
            let rows = try context.together { () throws(SessionRowsError) in try SessionRows(states: session) }
            for level in try levels.rows(of: session[0].sessionId) {
                guard let level = ChainLevel(level, bandPct: parameters.bandPct) else { continue }
                for event in LevelTimeline.events(of: level, over: rows) {
                    table.append(event)
                    quality.counters[event.event.symbol, default: 0] += 1
                }
            }
            try table.withViews { try writer.write($0) }
            try context.advance(session.count)
            table.removeAll()
        }
        return [try writer.finish(dayState: try context.dayState(of: task.input("state_10s")), quality: quality)]
    }
}
