import CivilTime
import Columnar
import DBN
import Lake
import Tables

/// Raw order records become bronze.{future_mbo, equity_mbo}.mbo: every record that passes the symbol filter, in file
/// order, nothing else changed. A file is decoded once for all its contracts.
///
/// Source: spec/book.md 3.1 to 3.5.
public struct BronzeMbo: Stage {
    public static let name = "bronze_mbo"
    public static let combinesSymbols = true

    public init() {}

    public func plan(_ request: StageRequest, in site: StageSite) throws -> StagePlan {
        let asked = try SymbolRequest(request.symbol, of: request.product)
        if let marked = try site.dayWithoutData(.mbo, request.date) {
            return .task(
                StageTask(
                    request, symbol: request.symbol, inputs: marked.inputs, defaults: request.parameters,
                    outputs: [try request.output("mbo", asked.single ?? asked.family)], isWithoutData: true))
        }
        let selection = try RawSelection(
            schema: .mbo, date: request.date, asked: request.symbol, in: site, isWanted: asked.includes)
        let outputs = try selection.symbols.map { try request.output("mbo", $0) }
        return .task(
            StageTask(
                request, symbol: request.symbol, inputs: selection.inputs, defaults: request.parameters,
                outputs: outputs))
    }

    public func run(_ task: StageTask, in context: StageContext) throws -> [StagedPartition] {
        let partitions = try task.outputs.filter { context.wanted[$0] != nil }.map {
            try BronzePartition(
                writer: context.writer($0, of: task), symbol: $0.symbol,
                rows: MboRows(symbol: $0.symbol, date: task.date))
        }
        let slots = Dictionary(uniqueKeysWithValues: partitions.enumerated().map { ($1.symbol, $0) })
        return try task.decode(.mbo, type: RecordType.mbo, in: context, into: partitions) { slots[$1] }
    }
}

/// Rows of one contract or stock, and the trades that contract selection asks for.
private struct MboRows: BronzeRows, ~Copyable {
    private let symbol: String
    private var table = Mbo()
    private var volume: SessionVolume
    /// Largest effective time so far; nil before the first.
    private var clock: Int64?
    /// Σ size of trades before the first time of the partition, which becomes theirs.
    private var timelessVolume: Int64 = 0

    init(symbol: String, date: CivilDate) {
        self.symbol = symbol
        self.volume = SessionVolume(date: date)
    }

    var count: Int { table.count }

    var counters: [String: Int64] { ["session_volume": volume.volume, "early_trades": volume.earlyTrades] }

    mutating func append(
        _ block: borrowing RecordBlock, _ records: ArraySlice<RecordPosition>, firstOrdinal: Int
    ) throws(DBNError) {
        try table.append(block, records, firstOrdinal: firstOrdinal)
        for record in records { watch(block.load(MboRecord.self, at: Int(record.offset))) }
    }

    mutating func flush(into writer: inout PartitionWriter) throws {
        table.rawSymbol.append(repeating: symbol, count: table.count)
        try table.withViews { try writer.write($0) }
        table.removeAll()
    }

    /// Keeps the clock of spec/book.md 4.1 and counts trades for contract selection.
    private mutating func watch(_ record: MboRecord) {
        let isSnapshot = record.flags & RecordFlag.snapshot != 0
        let recv = instant(record.tsRecv)
        let event = instant(record.header.tsEvent)
        let time = isSnapshot ? recv ?? event : event ?? recv
        let isTrade = record.action == UInt8(ascii: "T")
        if let time {
            if clock == nil { volume.countTrade(effectiveTime: time, eventTime: nil, size: timelessVolume) }
            clock = max(clock ?? time, time)
        }
        guard isTrade else { return }
        if let effective = time ?? clock {
            volume.countTrade(effectiveTime: effective, eventTime: event, size: Int64(record.size))
        } else {
            timelessVolume += Int64(record.size)
        }
    }
}

extension Mbo {
    /// Appends records of a block; the symbol is left to the caller, because it is the same in all rows.
    fileprivate mutating func append(
        _ block: borrowing RecordBlock, _ records: ArraySlice<RecordPosition>, firstOrdinal: Int
    ) throws(DBNError) {
        for position in records {
            let offset = Int(position.offset)
            let record = block.load(MboRecord.self, at: offset)
            let (action, side) = try RecordCodes.check(record.action, record.side, block, offset)
            ordinal.append(Int64(firstOrdinal) + Int64(position.index))
            tsRecv.append(try block.instant(record.tsRecv, Columns.tsRecv.name, at: offset))
            tsEvent.append(try block.instant(record.header.tsEvent, Columns.tsEvent.name, at: offset))
            tsInDelta.append(record.tsInDelta)
            rtype.append(Int32(record.header.rtype))
            publisherId.append(Int32(record.header.publisherID))
            instrumentId.append(Int64(record.header.instrumentID))
            channelId.append(Int32(record.channelID))
            sequence.append(Int64(record.sequence))
            orderId.append(Int64(bitPattern: record.orderID))
            self.action.values.append(action)
            self.side.values.append(side)
            priceInt.append(record.price == Undefined.price ? nil : record.price)
            size.append(Int64(record.size))
            flags.append(Int32(record.flags))
        }
    }
}
