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

    public func check(_ request: StageRequest) throws {
        var defaults = try clockedDefaults(of: request)
        // Of the instrument, and no parameter of the registry.
        defaults["q"] = .integer(1)
        _ = try bookParameters(StageParameters(defaults, request.overrides), product: request.product)
    }

    public func plan(_ request: StageRequest, in site: StageSite) throws -> StagePlan {
        guard let contract = try contractSymbol(for: request, in: site) else {
            return .nothing("\(request.date) is no trading date of \(request.symbol)")
        }
        var defaults = try clockedDefaults(of: request)
        defaults["q"] = .integer(try Lattice.step(of: contract, request, in: site))
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
        let scan = try scan(Mbo.self, bronze, task, context, publisher: parameters.publisher)
        return try replay(
            MboEngine(parameters, firstTime: scan.firstTime), Mbo.self, of: scan.records,
            into: BookOutput<BookSnapshot1s, DepthAndFlow1s>(task, context), bronze, task, context)
    }

    func bookParameters(_ values: StageParameters, product: String) throws(StageError) -> BookParameters {
        let window = try outputWindow(values)
        return BookParameters(
            outputStart: window.lowerBound, outputEnd: window.upperBound,
            assumeComplete: try values.boolean("assume_complete"),
            crossedPolicy: try values.choice("crossed_policy", ["invalidate": .invalidate, "record": .record]),
            latticeStep: try values.integer("q"), halfWidth: Int64(Lattice.halfWidth(of: product)),
            publisher: try chosenPublisher(values))
    }
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

/// The instants of the windows to make, UTC nanoseconds.
func outputWindow(_ values: StageParameters) throws(StageError) -> Range<Int64> {
    let (start, end) = (try values.integer("output_start"), try values.integer("output_end"))
    guard start < end else {
        throw .configuration(
            "parameters output_start and output_end: the window is empty, it begins at "
                + "\(start) and ends at \(end) ns (--start, --end)")
    }
    return start..<end
}

/// The publisher that the task is to keep; nil keeps all.
func chosenPublisher(_ values: StageParameters) throws(StageError) -> UInt16? {
    guard let publisher = try values.optionalInteger("publisher") else { return nil }
    guard let publisher = UInt16(exactly: publisher) else {
        throw .configuration("parameter publisher: expected 0…65535, found \(publisher)")
    }
    return publisher
}

// MARK: - Bronze in

extension Mbo: ReplayedRecords {
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

extension BookSnapshot1s: ReplayedTable {
    mutating func append(_ row: SnapshotRow) {
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

extension DepthAndFlow1s: ReplayedTable {
    mutating func append(_ row: FlowRow) {
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
