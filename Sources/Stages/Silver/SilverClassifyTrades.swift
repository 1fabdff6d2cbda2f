import Lake
import MarketState
import Tables

/// Keeps the trades of the day's sessions and gives each its side: silver.<product>.trades_classified.
///
/// Trades and quotes stream through, once a session; memory is a block of each.
///
/// Source: spec/recorder.md 3.1 to 3.3, 5.1.
public struct SilverClassifyTrades: RecorderStage {
    public static let name = "silver_classify_trades"

    public init() {}

    public func run(_ task: StageTask, in context: StageContext) throws -> [StagedPartition] {
        let parameters = try RecorderParameters(context.parameters(of: task))
        let trades = task.input("trades")
        let quotes = task.input("quotes")
        let day = try context.dayState(of: [trades, quotes])
        var writer = try context.writer(task.outputs[0], of: task)
        var quality = Quality()
        var kept: Int64 = 0
        for (index, session) in try context.recordedSessions(of: task, on: day).enumerated() {
            var engine = TradeClassifier(session, parameters)
            do {
                kept += try classify(&engine, task, context, into: &writer)
            } catch let error as TotalOrderError {
                throw StageError.configuration("session \(session.sessionId) of \(trades): \(error)")
            }
            // Every session meets the rows of the whole date.
            if index == 0 {
                quality.rowsDropped = engine.rejectedTrades + engine.rejectedQuotes
                quality.counters = [
                    "rejected_trades": engine.rejectedTrades, "rejected_quotes": engine.rejectedQuotes,
                ]
            }
        }
        quality.counters["kept_trades"] = kept
        return [try writer.finish(dayState: day, quality: quality)]
    }

    /// Takes all trades and quotes of the date through the engine of a session.
    ///
    /// - Returns: number of trades kept.
    private func classify(
        _ engine: inout TradeClassifier, _ task: StageTask, _ context: StageContext,
        into writer: inout PartitionWriter
    ) throws -> Int64 {
        var trades = BlockCursor<Trades>(
            try context.reader(task.input("trades"), of: task), columns: Trades.classifierColumns)
        var quotes = BlockCursor<Quotes>(
            try context.reader(task.input("quotes"), of: task), columns: Quotes.quoteColumns)
        var table = TradesClassified()
        var kept: Int64 = 0
        var hasTrades = try trades.refill()
        while hasTrades {
            switch try engine.merge(
                trades.block, from: &trades.row, quotes.block, from: &quotes.row, quotesHaveEnded: quotes.hasEnded,
                into: &table)
            {
            case .quotes:
                _ = try quotes.refill()
                try context.advance(quotes.block.tsEvent.count)
            case .trades:
                kept += Int64(table.count)
                try table.withViews { try writer.write($0) }
                table.removeAll()
                try context.advance(trades.block.tsEvent.count)
                hasTrades = try trades.refill()
            }
        }
        repeat {
            try engine.pass(quotes.block, from: &quotes.row)
            try context.advance(quotes.block.tsEvent.count)
        } while try quotes.refill()
        return kept
    }
}

extension Trades {
    fileprivate static let classifierColumns = [
        Columns.tsEvent, .seq, .priceInt, .size, .aggressor, .conditions,
    ].map(\.rawValue)
}
