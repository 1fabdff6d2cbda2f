import Lake
import Tables

/// Trades and quotes on their way to the lake, partition after partition, in the order of the tables.
///
/// Only the partition at hand has writers, so memory does not grow with the number of symbols.
struct TaqOutput: ~Copyable {
    /// Rows that are gathered before they go to a writer.
    private static let batch = 1 << 15

    private let task: StageTask
    private let context: StageContext
    /// By partition.
    private let symbols: [String]
    /// Texts of the events' numbers.
    private let texts: [String]
    /// Nil: quotes are written as they come.
    private let view: TaqSchema.View?
    private let isTruncated: Bool
    /// Records left out because they repeat the end of a file before, by partition.
    private let repeats: [Int]

    private var slot = -1
    private var quotes: TaqQuotes
    private var tradeTable = Trades()
    private var quoteTable = Tables.Quotes()
    private var tradeWriter: PartitionWriter?
    private var quoteWriter: PartitionWriter?
    private var tradeRows = 0
    private var quoteRows = 0
    private var staged: [StagedPartition] = []

    init(
        _ task: StageTask, _ context: StageContext, symbols: [String], texts: [String], view: TaqSchema.View?,
        repeats: [Int], isTruncated: Bool
    ) {
        self.task = task
        self.context = context
        self.symbols = symbols
        self.texts = texts
        self.view = view
        self.repeats = repeats
        self.isTruncated = isTruncated
        quotes = TaqQuotes(view ?? .none)
    }

    /// Takes the next event.
    mutating func append(_ event: TaqEvent) throws {
        while slot < event.slot { try advance() }
        let recv = event.tsRecv == TaqEvent.noTime ? nil : event.tsRecv
        if event.kind.contains(.quote), view == nil || quotes.update(event) {
            let level =
                view == nil
                ? TaqQuotes.Level(
                    bidPrice: event.bidPrice, bidSize: event.bidSize, askPrice: event.askPrice, askSize: event.askSize)
                : quotes.last
            quoteRows += 1
            if quoteWriter != nil {
                quoteTable.append(
                    Tables.Quotes.Row(
                        tsEvent: event.tsEvent, tsRecv: recv, seq: event.seq, bidPriceInt: level.bidPrice,
                        bidSize: level.bidSize, askPriceInt: level.askPrice, askSize: level.askSize,
                        source: texts[Int(event.source)]))
                if quoteTable.count == TaqOutput.batch { try flushQuotes() }
            }
        }
        if event.kind.contains(.trade) {
            tradeRows += 1
            if tradeWriter != nil {
                tradeTable.append(
                    Trades.Row(
                        tsEvent: event.tsEvent, tsRecv: recv, seq: event.seq, priceInt: event.price,
                        size: event.size, aggressor: Trades.Aggressor(rawValue: event.aggressor),
                        conditions: texts[Int(event.conditions)], source: texts[Int(event.source)]))
                if tradeTable.count == TaqOutput.batch { try flushTrades() }
            }
        }
    }

    /// Completes what is left, symbols without events too.
    mutating func finish() throws -> [StagedPartition] {
        while slot < symbols.count { try advance() }
        return staged
    }

    /// Completes the partition at hand and opens the next one.
    private mutating func advance() throws {
        try finishPartition()
        slot += 1
        guard slot < symbols.count else { return }
        quotes = TaqQuotes(view ?? .none)
        for output in task.outputs where output.symbol == symbols[slot] {
            if output.dataset.table == "trades" {
                tradeWriter = try context.writerIfWanted(output, of: task)
            } else {
                quoteWriter = try context.writerIfWanted(output, of: task)
            }
        }
    }

    private mutating func finishPartition() throws {
        guard slot >= 0, slot < symbols.count else { return }
        try flushTrades()
        try flushQuotes()
        var quality = Quality()
        quality.rowsDropped = Int64(repeats[slot])
        if let writer = tradeWriter.take() {
            staged.append(try writer.finish(dayState: dayState(tradeRows), quality: quality, isTruncated: isTruncated))
        }
        if let writer = quoteWriter.take() {
            staged.append(try writer.finish(dayState: dayState(quoteRows), quality: quality, isTruncated: isTruncated))
        }
        tradeRows = 0
        quoteRows = 0
    }

    private func dayState(_ rows: Int) -> DayState { task.isWithoutData ? .noData : rows == 0 ? .noEvents : .events }

    private mutating func flushTrades() throws {
        guard tradeTable.count > 0 else { return }
        try tradeTable.withViews { try tradeWriter?.write($0) }
        tradeTable.removeAll()
        try context.advance(0)
    }

    private mutating func flushQuotes() throws {
        guard quoteTable.count > 0 else { return }
        try quoteTable.withViews { try quoteWriter?.write($0) }
        quoteTable.removeAll()
        try context.advance(0)
    }
}
