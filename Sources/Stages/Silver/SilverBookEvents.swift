import Columnar
import Lake
import OrderBook
import Tables

/// Replays a day of bronze.<product>.mbo and writes the trades and quotes that a feed of them would have told, in the
/// place of bronze.equity_taq.trades and quotes: silver.<product>.trades and quotes. The day streams through; memory is
/// bounded by the live orders.
///
/// Source: spec/recorder.md 3.7 (order-book products).
public struct SilverBookEvents: Stage {
    public static let name = "silver_book_events"

    public init() {}

    public func check(_ request: StageRequest) throws {
        let values = StageParameters(request.parameters, request.overrides)
        _ = (try values.boolean("assume_complete"), try chosenPublisher(values))
    }

    public func plan(_ request: StageRequest, in site: StageSite) throws -> StagePlan {
        guard let contract = try contractSymbol(for: request, in: site) else {
            return .nothing("\(request.date) is no trading date of \(request.symbol)")
        }
        return .task(
            StageTask(
                request, symbol: contract, inputs: try request.tables(of: contract).map { try site.input($0.address) },
                defaults: request.parameters,
                outputs: try ["trades", "quotes"].map { try request.output($0, contract) }))
    }

    public func run(_ task: StageTask, in context: StageContext) throws -> [StagedPartition] {
        let bronze = task.inputPartitions[0].address
        let values = try context.parameters(of: task)
        let publisher = try chosenPublisher(values)
        let scan = try scan(Mbo.self, bronze, task, context, publisher: publisher)
        var feed = try BookFeed(
            assumeComplete: try values.boolean("assume_complete"), publisher: publisher, firstTime: scan.firstTime)
        var output = try FeedOutput(task, context)
        var events = Buffer<BookEvent>()
        var ordinals = Buffer<Int64>()
        var table = Mbo()
        var reader = try context.reader(bronze, of: task)
        while try reader.next(into: &table, columns: Mbo.bookColumns + [Mbo.Columns.ordinal.rawValue]) {
            table.appendEvents(to: &events)
            for row in 0..<events.count { ordinals.append(table.ordinal[row]) }
            try feed.process(events.span, ordinals: ordinals.span)
            try output.drain(&feed)
            try context.advance(events.count)
            events.removeAll()
            ordinals.removeAll()
        }
        return try output.finish(try context.dayState(of: bronze))
    }
}

/// Trades and quotes of a book on their way to the lake.
private struct FeedOutput: ~Copyable {
    private let source: String
    private var trades = Trades()
    private var quotes = Tables.Quotes()
    private var tradeWriter: PartitionWriter?
    private var quoteWriter: PartitionWriter?

    init(_ task: StageTask, _ context: StageContext) throws {
        source = task.product
        tradeWriter = try context.writerIfWanted(task.outputs[0], of: task)
        quoteWriter = try context.writerIfWanted(task.outputs[1], of: task)
    }

    mutating func drain(_ feed: inout BookFeed) throws {
        for trade in feed.trades {
            trades.append(
                Trades.Row(
                    tsEvent: trade.time, tsRecv: instant(trade.tsRecv), seq: 2 * trade.ordinal,
                    priceInt: trade.price, size: Int64(trade.size), aggressor: aggressor(trade.side), conditions: "",
                    source: source))
        }
        for quote in feed.quotes {
            quotes.append(
                Tables.Quotes.Row(
                    tsEvent: quote.time, tsRecv: instant(quote.tsRecv), seq: 2 * quote.ordinal + 1,
                    bidPriceInt: quote.bidPrice, bidSize: quote.bidQuantity, askPriceInt: quote.askPrice,
                    askSize: quote.askQuantity, source: source))
        }
        feed.trades.removeAll(keepingCapacity: true)
        feed.quotes.removeAll(keepingCapacity: true)
        try trades.withViews { try tradeWriter?.write($0) }
        try quotes.withViews { try quoteWriter?.write($0) }
        trades.removeAll()
        quotes.removeAll()
    }

    private func instant(_ time: Int64) -> Int64? { time == BookEvent.undefinedTime ? nil : time }

    /// The side of a trade is the aggressor's.
    private func aggressor(_ side: UInt8) -> Trades.Aggressor {
        switch side {
        case BookSide.bid: .buy
        case BookSide.ask: .sell
        default: .none
        }
    }

    mutating func finish(_ day: DayState) throws -> [StagedPartition] {
        var staged: [StagedPartition] = []
        if let writer = tradeWriter.take() { staged.append(try writer.finish(dayState: day)) }
        if let writer = quoteWriter.take() { staged.append(try writer.finish(dayState: day)) }
        return staged
    }
}
