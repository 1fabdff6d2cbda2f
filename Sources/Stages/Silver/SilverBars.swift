import Lake
import MarketState
import Tables

/// Trade bars of 30 s, one and two minutes: silver.<product>.bars_30s, bars_1m, bars_2m.
///
/// Source: spec/recorder.md 5.2.
public struct SilverBars: RecorderStage {
    public static let name = "silver_bars"

    public init() {}

    public func run(_ task: StageTask, in context: StageContext) throws -> [StagedPartition] {
        let input = task.input("trades_classified")
        let day = try context.dayState(of: input)
        var half = try BarOutput(length: 30_000, task.output("bars_30s"), task, context)
        var one = try BarOutput(length: 60_000, task.output("bars_1m"), task, context)
        var two = try BarOutput(length: 120_000, task.output("bars_2m"), task, context)
        var trades = SessionCursor<TradesClassified>(
            try context.reader(input, of: task), columns: TradesClassified.windowColumns)
        // The rows of a session may go on in the next block.
        var open: String?
        while let session = try trades.nextSession() {
            if let open, !open.isSameKey(session) {
                half.finishSession(open)
                one.finishSession(open)
                two.finishSession(open)
            }
            open = session
            for row in trades.rows.row..<trades.limit {
                let time = trades.rows.block.tsMs[row]
                let price = trades.rows.block.price[row]
                let size = trades.rows.block.size[row]
                half.add(session, time: time, price: price, size: size)
                one.add(session, time: time, price: price, size: size)
                two.add(session, time: time, price: price, size: size)
            }
            try context.advance(trades.limit - trades.rows.row)
            trades.rows.row = trades.limit
        }
        if let open {
            half.finishSession(open)
            one.finishSession(open)
            two.finishSession(open)
        }
        return try [half.finish(day), one.finish(day), two.finish(day)].compactMap { $0 }
    }
}

/// One table of bars on its way to the lake; a day of bars is a few hundred rows.
private struct BarOutput: ~Copyable {
    private var builder: BarBuilder
    private var table = Bars1m()
    private var writer: PartitionWriter?

    init(length: Int64, _ address: PartitionAddress, _ task: StageTask, _ context: StageContext) throws {
        builder = BarBuilder(length: length)
        writer = try context.writerIfWanted(address, of: task)
    }

    mutating func add(_ session: String, time: Int64, price: Double, size: Int64) {
        if let bar = builder.add(time: time, price: price, size: size) { table.append(bar, session: session) }
    }

    mutating func finishSession(_ session: String) {
        if let bar = builder.finish() { table.append(bar, session: session) }
    }

    consuming func finish(_ day: DayState) throws -> StagedPartition? {
        try table.withViews { try writer?.write($0) }
        return try writer.take()?.finish(dayState: day)
    }
}

// Bars of every timeframe have one shape.
extension Bars1m {
    fileprivate mutating func append(_ bar: Bar, session: String) {
        append(
            Row(
                sessionId: session, barStartTsMs: bar.start, barEndTsMs: bar.end, open: bar.open, high: bar.high,
                low: bar.low, close: bar.close, volume: bar.volume, tradeCount: bar.tradeCount))
    }

    borrowing func bar(_ row: Int) -> Bar {
        Bar(
            start: barStartTsMs[row], end: barEndTsMs[row], open: open[row], high: high[row], low: low[row],
            close: close[row], volume: volume[row], tradeCount: tradeCount[row])
    }
}
