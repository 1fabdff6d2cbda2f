import Lake
import MarketState
import Tables

/// The dense 10 s grid of the day's sessions, and the averages of each timeframe on it:
/// silver.<product>.state_10s and tf_indicators_10s.
///
/// Source: spec/recorder.md 4 and 5, fields of `state_10s` and `tf_indicators_10s`.
public struct SilverState10s: RecorderStage {
    public static let name = "silver_state_10s"

    public init() {}

    public func run(_ task: StageTask, in context: StageContext) throws -> [StagedPartition] {
        let parameters = try RecorderParameters(context.parameters(of: task))
        let day = try context.dayState(of: task.input("trades_classified"))
        // Some hundreds a session.
        let indicators = try context.reader(task.input("bar_indicators"), of: task).rows(as: BarIndicators.self)
        var stateWriter = try context.writerIfWanted(task.output("state_10s"), of: task)
        var timeframeWriter = try context.writerIfWanted(task.output("tf_indicators_10s"), of: task)
        var trades = SessionCursor<TradesClassified>(
            try context.reader(task.input("trades_classified"), of: task), columns: TradesClassified.windowColumns)
        var states = State10s()
        var timeframes = TfIndicators10s()
        var quality = Quality(windows: 0, validWindows: 0)
        for session in try context.recordedSessions(of: task, on: day) {
            var quotes = BlockCursor<Quotes>(
                try context.reader(task.input("quotes"), of: task), columns: Quotes.quoteColumns)
            let own = indicators.filter { $0.sessionId.isSameKey(session.sessionId) }
            var engine = TenSecondStates(session, indicators: own.filter { $0.timeframe == .tf1m }, parameters)
            var sampler = TimeframeSampler(indicators: own, parameters)
            try trades.begin(session.sessionId)
            while !engine.isComplete {
                while !engine.take(trades.rows.block, from: &trades.rows.row, to: trades.limit),
                    try trades.refill(session.sessionId)
                {}
                while !engine.take(quotes.block, from: &quotes.row), try quotes.refill() {
                    try context.advance(quotes.block.tsEvent.count)
                }
                let row = engine.closeWindow()
                quality.count(isPriced: row.lastPrice > 0, hasQuote: row.hasQuote)
                states.append(row)
                for sample in sampler.sample(at: row) { timeframes.append(sample) }
            }
            try states.withViews { try stateWriter?.write($0) }
            try timeframes.withViews { try timeframeWriter?.write($0) }
            states.removeAll()
            timeframes.removeAll()
        }
        var staged: [StagedPartition] = []
        if let writer = stateWriter.take() { staged.append(try writer.finish(dayState: day, quality: quality)) }
        if let writer = timeframeWriter.take() { staged.append(try writer.finish(dayState: day)) }
        return staged
    }
}
