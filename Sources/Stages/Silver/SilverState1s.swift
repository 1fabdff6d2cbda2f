import Lake
import MarketState
import Tables

/// The dense 1 s grid of the day's sessions: silver.<product>.state_1s.
///
/// Source: spec/recorder.md 4, fields of `state_1s`.
public struct SilverState1s: RecorderStage {
    public static let name = "silver_state_1s"

    public init() {}

    public func run(_ task: StageTask, in context: StageContext) throws -> [StagedPartition] {
        let day = try context.dayState(of: task.input("trades_classified"))
        var writer = try context.writer(task.outputs[0], of: task)
        var trades = SessionCursor<TradesClassified>(
            try context.reader(task.input("trades_classified"), of: task), columns: TradesClassified.windowColumns)
        var table = State1s()
        var quality = Quality(windows: 0, validWindows: 0)
        for session in try context.recordedSessions(of: task, on: day) {
            var quotes = BlockCursor<Quotes>(
                try context.reader(task.input("quotes"), of: task), columns: Quotes.quoteColumns)
            var engine = SecondStates(session)
            try trades.begin(session.sessionId)
            while !engine.isComplete {
                while !engine.take(trades.rows.block, from: &trades.rows.row, to: trades.limit),
                    try trades.refill(session.sessionId)
                {}
                while !engine.take(quotes.block, from: &quotes.row), try quotes.refill() {
                    try context.advance(quotes.block.tsEvent.count)
                }
                let row = engine.closeWindow()
                quality.count(isPriced: row.lastPrice > 0, hasQuote: row.bid > 0 && row.ask > 0)
                table.append(row)
                if table.count == SilverState1s.batch {
                    try table.withViews { try writer.write($0) }
                    table.removeAll()
                }
            }
        }
        try table.withViews { try writer.write($0) }
        return [try writer.finish(dayState: day, quality: quality)]
    }

    /// Rows gathered before they go to the writer.
    private static let batch = 1 << 14
}

extension Quality {
    /// Adds one row of a grid to the summary of a partition: it is valid when there is a price.
    mutating func count(isPriced: Bool, hasQuote: Bool) {
        windows = (windows ?? 0) + 1
        if isPriced { validWindows = (validWindows ?? 0) + 1 }
        counters["windows_with_quote", default: 0] += hasQuote ? 1 : 0
    }
}
