import Columnar
import Lake
import OrderBook
import Tables

/// Replays a day of the options on one underlying and writes what their books showed in each second:
/// book_snapshot_1s, depth_and_flow_1s by strike, book_quality_1s. Orders and consolidated quotes differ only in how
/// a record changes its book; the anchor comes from the underlying's seconds.
///
/// Source: spec/book.md 8 and 9.
public struct SilverOptionBook: Stage {
    public static let name = "silver_option_book"

    public init() {}

    public func check(_ request: StageRequest) throws {
        _ = try bookParameters(StageParameters(defaults(of: request), request.overrides), product: request.product)
    }

    public func plan(_ request: StageRequest, in site: StageSite) throws -> StagePlan {
        guard let underlying = try contractSymbol(for: request, in: site) else {
            return .nothing("\(request.date) is no trading date of \(request.symbol)")
        }
        return .task(
            StageTask(
                request, symbol: underlying,
                inputs: try request.tables(of: underlying).map { try site.input($0.address) },
                defaults: try defaults(of: request),
                outputs: try ["book_snapshot_1s", "depth_and_flow_1s", "book_quality_1s"].map {
                    try request.output($0, underlying)
                }))
    }

    /// The registry's values, and the lattice of the product.
    private func defaults(of request: StageRequest) throws(StageError) -> [String: ParameterValue] {
        let lattice = StrikeLattice(of: request.product)
        var defaults = try clockedDefaults(of: request)
        defaults["step"] = .integer(lattice.step)
        defaults["tick"] = .integer(lattice.tick)
        return defaults
    }

    public func run(_ task: StageTask, in context: StageContext) throws -> [StagedPartition] {
        if try OrderBookProduct(task.product) == .futureOptionMbo {
            try make(with: OptionMboEngine.self, OptionMbo.self, "mbo", task, context)
        } else {
            try make(with: OptionQuoteEngine.self, Cmbp1.self, "cmbp_1", task, context)
        }
    }

    private func make<Engine: OptionEngine & ~Copyable, Records: OptionRecords & ~Copyable>(
        with _: Engine.Type, _: Records.Type, _ table: String, _ task: StageTask, _ context: StageContext
    ) throws -> [StagedPartition] where Engine.Event == Records.Event {
        let bronze = task.input(table)
        let anchor = task.input("book_snapshot_1s")
        let parameters = try bookParameters(context.parameters(of: task), product: task.product)
        var terms: [UInt32: OptionInstrument] = [:]
        let found = try scan(
            Records.self, bronze, task, context, publisher: parameters.publisher, isSingleInstrument: false,
            columns: Records.termColumns
        ) { $0.appendTerms(to: &terms) }
        let windows = try Self.underlyingWindows(context.reader(anchor, of: task))
        let engine: Engine
        do throws(BookError) {
            engine = try Engine(
                parameters, instruments: terms.keys.sorted().map { terms[$0]! }, underlying: windows,
                firstTime: found.firstTime)
        } catch {
            throw explained(error, anchor)
        }
        return try replay(
            engine, Records.self, of: found.records,
            into: BookOutput<OptionBookSnapshot1s, OptionDepthAndFlow1s>(task, context), bronze, task, context)
    }

    private func explained(_ error: BookError, _ anchor: PartitionAddress) -> any Error {
        guard case .underlyingMissing(let end) = error else { return error }
        return StageError.missingInput(
            "\(anchor) has no row for the window ending at \(end) ns, which the options need: "
                + "run --product-type \(anchor.dataset.product) --layer silver with the same --start and --end"
        )
    }

    /// The seconds of the underlying, from its book_snapshot_1s.
    static func underlyingWindows(_ anchor: consuming PartitionReader) throws -> [UnderlyingWindow] {
        var windows: [UnderlyingWindow] = []
        var table = BookSnapshot1s()
        var reader = anchor
        while try reader.next(into: &table, columns: BookSnapshot1s.anchorColumns) {
            for row in 0..<table.windowEndTsNs.count {
                windows.append(
                    UnderlyingWindow(
                        windowEnd: table.windowEndTsNs[row], spotReference: table.spotRefPriceInt[row],
                        isValid: table.windowValid[row]))
            }
        }
        return windows
    }

    func bookParameters(_ values: StageParameters, product: String) throws -> OptionParameters {
        let window = try outputWindow(values)
        return OptionParameters(
            outputStart: window.lowerBound, outputEnd: window.upperBound,
            assumeComplete: try values.boolean("assume_complete"),
            crossedPolicy: try values.choice(
                "crossed_policy", ["invalidate": .invalidate, "record": .record]),
            strikeStep: try values.integer("step"),
            halfWidth: Int64(StrikeLattice(of: product).halfWidth),
            tick: try values.integer("tick"), publisher: try chosenPublisher(values))
    }
}

// MARK: - Bronze in

/// A bronze table of options.
protocol OptionRecords: ReplayedRecords, ~Copyable {
    /// The columns of the instruments' terms, beyond those of the book.
    static var termColumns: [Int] { get }

    borrowing func appendTerms(to terms: inout [UInt32: OptionInstrument])
}

extension OptionMbo: OptionRecords {
    static var bookColumns: [Int] {
        [
            Columns.tsRecv, .tsEvent, .publisherId, .instrumentId, .orderId, .action, .side, .priceInt, .size,
            .flags,
        ].map(\.rawValue)
    }
    static var termColumns: [Int] { [Columns.right, .strikePriceInt].map(\.rawValue) }

    borrowing func appendEvents(to events: inout Buffer<BookEvent>) {
        for row in 0..<tsRecv.count {
            events.append(
                BookEvent(
                    tsRecv: tsRecv[row] ?? BookEvent.undefinedTime,
                    tsEvent: tsEvent[row] ?? BookEvent.undefinedTime,
                    orderID: UInt64(bitPattern: orderId[row]),
                    price: priceInt[row] ?? BookEvent.undefinedPrice,
                    size: UInt32(truncatingIfNeeded: size[row]),
                    instrumentID: UInt32(truncatingIfNeeded: instrumentId[row]),
                    publisherID: UInt16(truncatingIfNeeded: publisherId[row]),
                    flags: UInt8(truncatingIfNeeded: flags[row]),
                    action: action.values[row], side: side.values[row]))
        }
    }

    borrowing func appendTerms(to terms: inout [UInt32: OptionInstrument]) {
        for row in 0..<instrumentId.count {
            let id = UInt32(truncatingIfNeeded: instrumentId[row])
            if terms[id] != nil { continue }
            terms[id] = OptionInstrument(
                instrumentID: id, right: right.values[row], strikePrice: strikePriceInt[row])
        }
    }
}

extension Cmbp1: OptionRecords {
    static var bookColumns: [Int] {
        [
            Columns.tsRecv, .tsEvent, .publisherId, .instrumentId, .action, .flags, .bidPriceInt, .bidSize,
            .askPriceInt, .askSize,
        ].map(\.rawValue)
    }
    static var termColumns: [Int] { [Columns.right, .strikePriceInt].map(\.rawValue) }

    borrowing func appendEvents(to events: inout Buffer<QuoteEvent>) {
        for row in 0..<tsRecv.count {
            events.append(
                QuoteEvent(
                    tsRecv: tsRecv[row] ?? BookEvent.undefinedTime,
                    tsEvent: tsEvent[row] ?? BookEvent.undefinedTime,
                    bidPrice: bidPriceInt[row] ?? BookEvent.undefinedPrice,
                    askPrice: askPriceInt[row] ?? BookEvent.undefinedPrice,
                    bidSize: UInt32(truncatingIfNeeded: bidSize[row]),
                    askSize: UInt32(truncatingIfNeeded: askSize[row]),
                    instrumentID: UInt32(truncatingIfNeeded: instrumentId[row]),
                    publisherID: UInt16(truncatingIfNeeded: publisherId[row]),
                    flags: UInt8(truncatingIfNeeded: flags[row]), action: action.values[row]))
        }
    }

    borrowing func appendTerms(to terms: inout [UInt32: OptionInstrument]) {
        for row in 0..<instrumentId.count {
            let id = UInt32(truncatingIfNeeded: instrumentId[row])
            if terms[id] != nil { continue }
            terms[id] = OptionInstrument(
                instrumentID: id, right: right.values[row], strikePrice: strikePriceInt[row])
        }
    }

    static func scan(_ events: Span<QuoteEvent>, _ scan: inout PartitionScan) {
        scan.scan(events)
    }

    /// The vendor has merged the publishers.
    static func count(_ events: Span<QuoteEvent>, _ publishers: inout PublisherCounts) {}
}

// MARK: - Rows out

extension OptionBookSnapshot1s: ReplayedTable {
    mutating func append(_ row: OptionSnapshotRow) {
        append(
            Row(
                windowStartTsNs: row.windowStart, windowEndTsNs: row.windowEnd,
                instrumentId: Int64(row.instrumentID),
                right: Right(rawValue: row.right)!, strikePriceInt: row.strikePrice,
                bidPriceInt: row.bidPrice,
                askPriceInt: row.askPrice, midPrice: row.midPrice, midPriceInt: row.midPriceInt,
                spotRefPriceInt: row.spotReference, bookValid: row.bookValid))
    }
}

extension OptionDepthAndFlow1s: ReplayedTable {
    mutating func append(_ row: OptionFlowRow) {
        append(
            Row(
                windowStartTsNs: row.windowStart, windowEndTsNs: row.windowEnd,
                strikePriceInt: row.strikePrice,
                right: Right(rawValue: row.right)!, side: Side(rawValue: row.side)!,
                spotRefPriceInt: row.spotReference, strikeRefPriceInt: row.strikeReference,
                relTicks: row.relTicks,
                depthQtyStart: row.depthStart, depthQtyEnd: row.depthEnd, depthQtyRest: row.depthRest,
                addQty: row.added, pullQtyTotal: row.pulled, pullQtyRest: row.pulledAtRest,
                fillQty: row.filled,
                windowValid: row.windowValid))
    }
}
