import Columnar
import Lake
import OrderBook
import Tables

// What the stages that replay books have in common: the records in, one pass through an engine, the rows out.

/// A bronze table whose records an engine takes.
protocol ReplayedRecords: Table, ~Copyable {
    associatedtype Event: BookRecord

    /// The columns that carry meaning for a book.
    static var bookColumns: [Int] { get }

    /// Appends the rows as events.
    borrowing func appendEvents(to events: inout Buffer<Event>)
    static func scan(_ events: Span<Event>, _ scan: inout PartitionScan) throws(BookError)
    static func count(_ events: Span<Event>, _ publishers: inout PublisherCounts)
}

extension ReplayedRecords where Self: ~Copyable, Event == BookEvent {
    static func scan(_ events: Span<BookEvent>, _ scan: inout PartitionScan) throws(BookError) {
        try scan.scan(events)
    }

    static func count(_ events: Span<BookEvent>, _ publishers: inout PublisherCounts) {
        publishers.count(events)
    }
}

/// What an engine must know of the whole partition before its first record; `body` sees all its rows.
func scan<Records: ReplayedRecords & ~Copyable>(
    _: Records.Type, _ bronze: PartitionAddress, _ task: StageTask, _ context: StageContext, publisher: UInt16?,
    isSingleInstrument: Bool = true, columns: [Int] = [], body: (borrowing Records) -> Void = { _ in }
) throws -> (firstTime: Int64?, records: Int) {
    var scan = PartitionScan(publisher: publisher, isSingleInstrument: isSingleInstrument)
    var records = Records()
    var events = Buffer<Records.Event>()
    var publishers = PublisherCounts()
    var failure: BookError?
    var count = 0
    var reader = try context.reader(bronze, of: task)
    while try reader.next(into: &records, columns: Records.bookColumns + columns) {
        events.removeAll()
        records.appendEvents(to: &events)
        body(records)
        Records.count(events.span, &publishers)
        if failure == nil {
            do throws(BookError) { try Records.scan(events.span, &scan) } catch { failure = error }
        }
        count += events.count
        try context.advance(0)
    }
    if let failure { throw publishers.explaining(failure, bronze) }
    return (scan.firstTime, count)
}

/// Takes a partition of `count` records once through an engine.
func replay<
    Engine: ReplayEngine & ~Copyable, Records: ReplayedRecords & ~Copyable, Snapshots: ReplayedTable & ~Copyable,
    Flows: ReplayedTable & ~Copyable
>(
    _ fresh: consuming Engine, _: Records.Type, of count: Int, into target: consuming BookOutput<Snapshots, Flows>,
    _ bronze: PartitionAddress, _ task: StageTask, _ context: StageContext
) throws -> [StagedPartition]
where Engine.Event == Records.Event, Engine.Snapshot == Snapshots.EngineRow, Engine.Flow == Flows.EngineRow {
    var engine = fresh
    var output = target
    var rows = ReplayRows<Engine.Snapshot, Engine.Flow>()
    var events = Buffer<Engine.Event>()
    var records = Records()
    var reader = try context.reader(bronze, of: task)
    while try reader.next(into: &records, columns: Records.bookColumns) {
        events.removeAll()
        records.appendEvents(to: &events)
        if try engine.replay(events.span, into: &rows, drain: { try output.drain(&$0) }) { break }
        try context.advance(events.count)
    }
    try engine.finish(into: &rows) { try output.drain(&$0) }
    return try output.finish(
        recordsAfterEnd: engine.stoppedAt.map { count - $0 } ?? 0, isWithoutData: try context.dayState(of: bronze))
}

/// How many records each publisher of a partition sent, for the error that asks to choose one.
struct PublisherCounts {
    private var counts: [UInt16: Int] = [:]
    private var last: (publisher: UInt16, count: Int) = (0, 0)

    mutating func count(_ events: Span<BookEvent>) {
        for index in events.indices {
            let publisher = events[index].publisherID
            if publisher != last.publisher { settle(publisher) }
            last.count += 1
        }
    }

    private mutating func settle(_ next: UInt16) {
        if last.count > 0 { counts[last.publisher, default: 0] += last.count }
        last = (next, 0)
    }

    /// The error of a partition, with the publishers where there are several.
    mutating func explaining(_ error: BookError, _ address: PartitionAddress) -> any Error {
        guard case .severalPublishers = error else { return error }
        settle(0)
        let list = counts.sorted { $0.key < $1.key }.map { "\($0.key) (\($0.value) records)" }
        return StageError.configuration(
            "\(address) holds records of \(counts.count) publishers, \(list.joined(separator: ", ")): "
                + "--set publisher=N keeps one of them")
    }
}

// MARK: - Rows out

/// A table whose rows an engine gives.
protocol ReplayedTable: Table, ~Copyable {
    associatedtype EngineRow: BitwiseCopyable

    mutating func append(_ row: EngineRow)
}

/// The three tables of a book, or of the books of options, on their way to the lake.
struct BookOutput<Snapshots: ReplayedTable & ~Copyable, Flows: ReplayedTable & ~Copyable>: ~Copyable {
    private var snapshots = Snapshots()
    private var flows = Flows()
    private var qualities = BookQuality1s()
    private var snapshotWriter: PartitionWriter?
    private var flowWriter: PartitionWriter?
    private var qualityWriter: PartitionWriter?
    private var summary = Quality()

    init(_ task: StageTask, _ context: StageContext) throws {
        snapshotWriter = try context.writerIfWanted(task.outputs[0], of: task)
        flowWriter = try context.writerIfWanted(task.outputs[1], of: task)
        qualityWriter = try context.writerIfWanted(task.outputs[2], of: task)
        summary.windows = 0
        summary.validWindows = 0
    }

    /// Writes the rows and forgets them.
    mutating func drain(_ rows: inout ReplayRows<Snapshots.EngineRow, Flows.EngineRow>) throws {
        for index in 0..<rows.snapshots.count { snapshots.append(rows.snapshots[index]) }
        for index in 0..<rows.flows.count { flows.append(rows.flows[index]) }
        for index in 0..<rows.quality.count {
            qualities.append(rows.quality[index])
            summary.count(rows.quality[index])
        }
        rows.removeAll()
        try snapshots.withViews { try snapshotWriter?.write($0) }
        try flows.withViews { try flowWriter?.write($0) }
        try qualities.withViews { try qualityWriter?.write($0) }
        snapshots.removeAll()
        flows.removeAll()
        qualities.removeAll()
    }

    mutating func finish(recordsAfterEnd: Int, isWithoutData day: DayState) throws -> [StagedPartition] {
        summary.counters["records_after_end"] = Int64(recordsAfterEnd)
        var staged: [StagedPartition] = []
        if let writer = snapshotWriter.take() {
            staged.append(try writer.finish(dayState: day, quality: summary))
        }
        if let writer = flowWriter.take() {
            staged.append(try writer.finish(dayState: day, quality: summary))
        }
        if let writer = qualityWriter.take() {
            staged.append(try writer.finish(dayState: day, quality: summary))
        }
        return staged
    }
}

extension Quality {
    /// Adds one window to the summary of a partition.
    mutating func count(_ row: QualityRow) {
        windows = (windows ?? 0) + 1
        if row.windowValid { validWindows = (validWindows ?? 0) + 1 }
        reasons[BookQuality1s.Reason(rawValue: row.reason.rawValue)!.symbol, default: 0] += 1
        for (column, value) in row.counters.byColumn { counters[column.name, default: 0] += value }
    }
}

extension QualityCounters {
    /// By the names of their columns in book_quality_1s.
    public var named: [(name: String, value: Int64)] { byColumn.map { ($0.column.name, $0.value) } }

    /// By their columns of book_quality_1s.
    var byColumn: [(column: BookQuality1s.Columns, value: Int64)] {
        [
            (.records, records), (.lateRecords, lateRecords), (.dupAdd, duplicateAdds),
            (.overCancel, overCancels), (.unknownCancel, unknownCancels), (.unknownModify, unknownModifies),
            (.unknownFill, unknownFills), (.aggressorFill, aggressorFills),
            (.unmatchedFillQty, unmatchedFillQuantity), (.badSide, badSide), (.badOrder, badOrder),
            (.lockedEvents, lockedEvents), (.crossedEvents, crossedEvents), (.clearedQty, clearedQuantity),
        ]
    }
}

extension BookQuality1s {
    fileprivate mutating func append(_ row: QualityRow) {
        let c = row.counters
        append(
            Row(
                windowStartTsNs: row.windowStart, windowEndTsNs: row.windowEnd,
                bookValid: row.bookValid, windowValid: row.windowValid,
                reason: Reason(rawValue: row.reason.rawValue)!,
                records: c.records, lateRecords: c.lateRecords, dupAdd: c.duplicateAdds,
                overCancel: c.overCancels,
                unknownCancel: c.unknownCancels, unknownModify: c.unknownModifies,
                unknownFill: c.unknownFills,
                aggressorFill: c.aggressorFills, unmatchedFillQty: c.unmatchedFillQuantity,
                badSide: c.badSide,
                badOrder: c.badOrder, lockedEvents: c.lockedEvents, crossedEvents: c.crossedEvents,
                clearedQty: c.clearedQuantity, offGridQty: row.offGridQuantity,
                identityResidualMax: row.identityResidualMax))
    }
}
