import Lake
import MarketState
import Tables

/// Averages per timeframe and bar, and the ATR of the one-minute bars: silver.<product>.bar_indicators.
///
/// Source: spec/recorder.md 5.4, 5.5.
public struct SilverBarIndicators: RecorderStage {
    public static let name = "silver_bar_indicators"

    public init() {}

    public func run(_ task: StageTask, in context: StageContext) throws -> [StagedPartition] {
        let parameters = try RecorderParameters(context.parameters(of: task))
        let day = try context.dayState(of: task.input("bars_1m"))
        let one = try SessionBars(task.input("bars_1m"), task, context)
        let two = try SessionBars(task.input("bars_2m"), task, context)
        let half = try SessionBars(task.input("bars_30s"), task, context)
        var writer = try context.writer(task.outputs[0], of: task)
        var table = BarIndicators()
        for session in try context.recordedSessions(of: task, on: day) {
            // Ascending by the timeframe's name, as rows are ordered.
            for (timeframe, bars) in [(BarIndicators.Timeframe.tf1m, one), (.tf2m, two), (.tf30s, half)] {
                var engine = BarIndicatorEngine(session, timeframe, parameters)
                for bar in bars.of(session) { table.append(engine.add(bar)) }
            }
        }
        try table.withViews { try writer.write($0) }
        try context.advance(table.count)
        return [try writer.finish(dayState: day)]
    }
}

/// The bars of a table, some hundreds, by session.
private struct SessionBars {
    private var sessions: [(id: String, bars: [Bar])] = []

    init(_ address: PartitionAddress, _ task: StageTask, _ context: StageContext) throws {
        var table = Bars1m()
        var reader = try context.reader(address, of: task)
        while try reader.next(into: &table) {
            for row in 0..<table.count {
                let session = table.sessionId[row]
                if sessions.last?.id.isSameKey(session) != true { sessions.append((session, [])) }
                sessions[sessions.count - 1].bars.append(table.bar(row))
            }
        }
    }

    func of(_ session: Sessions.Row) -> [Bar] {
        sessions.first { $0.id.isSameKey(session.sessionId) }?.bars ?? []
    }
}
