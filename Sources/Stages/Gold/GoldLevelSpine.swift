import Lake
import MarketState
import Tables

/// Measures the price against each level on every 10 s row: gold.<product>.level_spine.
///
/// Source: spec/recorder.md 6.2, 6.3.
public struct GoldLevelSpine: RecorderStage {
    public static let name = "gold_level_spine"

    public init() {}

    public func run(_ task: StageTask, in context: StageContext) throws -> [StagedPartition] {
        var states = SessionCursor<State10s>(try context.reader(task.input("state_10s"), of: task))
        var levels = SessionCursor<Levels>(try context.reader(task.input("levels"), of: task))
        var writer = try context.writer(task.outputs[0], of: task)
        var table = LevelSpine()
        while let session = try states.nextRows() {
            let rows = try context.together { () throws(SessionRowsError) in try SessionRows(states: session) }
            for level in try levels.rows(of: session[0].sessionId) {
                for row in ZoneGate.spine(of: level, over: rows) { table.append(row) }
                try table.withViews { try writer.write($0) }
                try context.advance(table.count)
                table.removeAll()
            }
        }
        return [try writer.finish(dayState: try context.dayState(of: task.input("state_10s")))]
    }
}
