import CivilTime
import Columnar
import Lake
import OrderBook
import Tables

/// Replays a day of bronze.<product>.mbo and writes what the book showed in each second: book_snapshot_1s,
/// depth_and_flow_1s, book_quality_1s. The day streams through; memory is bounded by the live orders.
///
/// Source: spec/book.md 4 to 7 and 9.
public struct SilverBook: Stage {
    public static let name = "silver_book"

    public init() {}

    public func plan(_ request: StageRequest, in site: StageSite) throws -> StagePlan {
        guard let contract = try contractSymbol(for: request, in: site) else {
            return .nothing("\(request.date) is no trading date of \(request.symbol)")
        }
        var defaults = try clockedDefaults(of: request)
        defaults["q"] = .integer(try Lattice.step(of: contract, request, in: site))
        _ = try bookParameters(StageParameters(defaults, request.overrides), product: request.product)
        return .task(
            StageTask(
                request, symbol: contract,
                inputs: [try site.input(bronzeMbo(request, contract))],
                defaults: defaults,
                outputs: try ["book_snapshot_1s", "depth_and_flow_1s", "book_quality_1s"].map {
                    try request.output($0, contract)
                }))
    }

    public func run(_ task: StageTask, in context: StageContext) throws -> [StagedPartition] {
        let bronze = task.inputPartitions[0].address
        let parameters = try bookParameters(context.parameters(of: task), product: task.product)
        guard parameters.outputStart < parameters.outputEnd else {
            throw StageError.configuration(
                "parameters output_start and output_end: the window is empty, it begins at "
                    + "\(parameters.outputStart) and ends at \(parameters.outputEnd) ns (--start, --end)")
        }
        let scan = try scanBook(bronze, task, context, publisher: parameters.publisher)
        var engine = try MboEngine(parameters, firstTime: scan.firstTime)
        var output = try BookOutput<BookSnapshot1s, DepthAndFlow1s>(task, context)
        var rows = WindowRows()
        var events = Buffer<BookEvent>()
        var table = Mbo()
        var reader = try context.reader(bronze, of: task)
        reading: while try reader.next(into: &table, columns: Mbo.bookColumns) {
            table.appendEvents(to: &events)
            var index = 0
            while true {
                let progress = try engine.process(events.span, from: &index, into: &rows)
                try output.drain(&rows)
                if progress == .stopped { break reading }
                if progress == .consumed { break }
            }
            try context.advance(events.count)
            events.removeAll()
        }
        while try !engine.finish(into: &rows) { try output.drain(&rows) }
        try output.drain(&rows)
        return try output.finish(
            recordsAfterEnd: engine.stoppedAt.map { scan.recordsInPartition - $0 } ?? 0,
            isWithoutData: try context.dayState(of: bronze))
    }

    func bookParameters(_ values: StageParameters, product: String) throws(StageError) -> BookParameters {
        BookParameters(
            outputStart: try values.integer("output_start"), outputEnd: try values.integer("output_end"),
            assumeComplete: try values.boolean("assume_complete"),
            crossedPolicy: try values.choice("crossed_policy", ["invalidate": .invalidate, "record": .record]),
            latticeStep: try values.integer("q"), halfWidth: Int64(Lattice.halfWidth(of: product)),
            publisher: try chosenPublisher(values))
    }
}

/// What an engine must know of the whole partition before its first record.
func scanBook(
    _ bronze: PartitionAddress, _ task: StageTask, _ context: StageContext, publisher: UInt16?
) throws -> (firstTime: Int64?, recordsInPartition: Int) {
    var scan = PartitionScan(publisher: publisher, isSingleInstrument: true)
    var table = Mbo()
    var events = Buffer<BookEvent>()
    var publishers = PublisherCounts()
    var failure: BookError?
    var records = 0
    var reader = try context.reader(bronze, of: task)
    while try reader.next(into: &table, columns: Mbo.bookColumns) {
        events.removeAll()
        table.appendEvents(to: &events)
        publishers.count(events.span)
        if failure == nil {
            do throws(BookError) { try scan.scan(events.span) } catch { failure = error }
        }
        records += events.count
        try context.advance(0)
    }
    if let failure { throw publishers.explaining(failure, bronze) }
    return (scan.firstTime, records)
}

/// The order records that a book of `contract` replays.
private func bronzeMbo(_ request: StageRequest, _ contract: String) throws -> PartitionAddress {
    guard case .table(let template)? = request.declaration.reads(for: request.product).first?.source else {
        preconditionFailure("the registry: stage \(request.declaration.name) reads orders")
    }
    return try PartitionAddress(template.dataset(for: request.product), symbol: contract, date: request.date)
}

/// The defaults of a stage with its clock times as instants of the date.
func clockedDefaults(of request: StageRequest) throws(StageError) -> [String: ParameterValue] {
    var defaults: [String: ParameterValue] = [:]
    for (name, value) in request.parameters {
        defaults[name] = try StageRequest.normalised(value, of: name, on: request.date)
    }
    return defaults
}

/// The publisher that the task is to keep; nil keeps all.
func chosenPublisher(_ values: StageParameters) throws(StageError) -> UInt16? {
    guard let publisher = try values.optionalInteger("publisher") else { return nil }
    guard let publisher = UInt16(exactly: publisher) else {
        throw .configuration("parameter publisher: expected 0…65535, found \(publisher)")
    }
    return publisher
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

// MARK: - Bronze in

extension Mbo {
    /// The columns that carry meaning for a book.
    static let bookColumns: [Int] = [
        Columns.tsRecv, .tsEvent, .publisherId, .instrumentId, .orderId, .action, .side, .priceInt, .size,
        .flags,
    ].map(\.rawValue)

    /// Appends the rows as events.
    borrowing func appendEvents(to events: inout Buffer<BookEvent>) {
        let count = tsRecv.count
        events.append(count: count) { target in
            for row in 0..<count {
                target.initializeElement(
                    at: row,
                    to: BookEvent(
                        tsRecv: tsRecv[row] ?? BookEvent.undefinedTime,
                        tsEvent: tsEvent[row] ?? BookEvent.undefinedTime,
                        orderID: UInt64(bitPattern: orderId[row]),
                        price: priceInt[row] ?? BookEvent.undefinedPrice,
                        size: UInt32(truncatingIfNeeded: size[row]),
                        instrumentID: UInt32(truncatingIfNeeded: instrumentId[row]),
                        publisherID: UInt16(truncatingIfNeeded: publisherId[row]),
                        flags: UInt8(truncatingIfNeeded: flags[row]),
                        action: action.values[row],
                        side: side.values[row]))
            }
        }
    }
}

// MARK: - Rows out

/// The three tables of a book, or of the books of options, on their way to the lake.
struct BookOutput<Snapshots: Table & ~Copyable, Flows: Table & ~Copyable>: ~Copyable {
    var snapshots = Snapshots()
    var flows = Flows()
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

    mutating func append(_ rows: borrowing Buffer<QualityRow>) {
        for index in 0..<rows.count {
            qualities.append(rows[index])
            summary.count(rows[index])
        }
    }

    mutating func flush() throws {
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

extension BookOutput where Snapshots == BookSnapshot1s, Flows == DepthAndFlow1s {
    fileprivate mutating func drain(_ rows: inout WindowRows) throws {
        for index in 0..<rows.snapshots.count { snapshots.append(rows.snapshots[index]) }
        for index in 0..<rows.flows.count { flows.append(rows.flows[index]) }
        append(rows.quality)
        rows.removeAll()
        try flush()
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

extension BookSnapshot1s {
    fileprivate mutating func append(_ row: SnapshotRow) {
        append(
            Row(
                windowStartTsNs: row.windowStart, windowEndTsNs: row.windowEnd,
                bestBidPriceInt: row.bestBidPrice, bestBidQty: row.bestBidQuantity,
                bestAskPriceInt: row.bestAskPrice, bestAskQty: row.bestAskQuantity,
                midPrice: row.midPrice, midPriceInt: row.midPriceInt,
                lastTradePriceInt: row.lastTradePrice, spotRefPriceInt: row.spotReference,
                bookValid: row.bookValid, windowValid: row.windowValid))
    }
}

extension DepthAndFlow1s {
    fileprivate mutating func append(_ row: FlowRow) {
        append(
            Row(
                windowStartTsNs: row.windowStart, windowEndTsNs: row.windowEnd,
                side: Side(rawValue: row.side)!, priceInt: row.price, spotRefPriceInt: row.spotReference,
                relTicks: row.relTicks, relTicksSide: row.relTicksSide,
                depthQtyStart: row.depthStart, depthQtyEnd: row.depthEnd, depthQtyRest: row.depthRest,
                addQty: row.added, pullQtyTotal: row.pulled, pullQtyRest: row.pulledAtRest,
                fillQty: row.filled,
                windowValid: row.windowValid))
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
