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
        _ block: borrowing RecordBlock, _ records: Span<RecordPosition>, firstOrdinal: Int
    ) throws(DBNError) {
        // Few enough records to stay in the nearest cache while one column after another is taken from them.
        var first = 0
        while first < records.count {
            let few = records.extracting(first..<min(records.count, first + 512))
            try table.append(block, few, firstOrdinal: firstOrdinal)
            first += few.count
        }
        for i in records.indices { watch(block.load(MboRecord.self, at: Int(records[i].offset))) }
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
    /// Appends records of a block, column by column; the symbol is left to the caller, because it is the same in all
    /// rows.
    fileprivate mutating func append(
        _ block: borrowing RecordBlock, _ records: Span<RecordPosition>, firstOrdinal: Int
    ) throws(DBNError) {
        try check(block, records)
        let bytes = block.bytes
        @inline(__always) func record(_ position: RecordPosition) -> MboRecord {
            bytes.unsafeLoadUnaligned(fromByteOffset: Int(position.offset), as: MboRecord.self)
        }
        ordinal.values.append(records) { Int64(firstOrdinal) + Int64($0.index) }
        tsRecv.append(records) { instant(record($0).tsRecv) }
        tsEvent.append(records) { instant(record($0).header.tsEvent) }
        tsInDelta.values.append(records) { record($0).tsInDelta }
        rtype.values.append(records) { Int32(record($0).header.rtype) }
        publisherId.values.append(records) { Int32(record($0).header.publisherID) }
        instrumentId.values.append(records) { Int64(record($0).header.instrumentID) }
        channelId.values.append(records) { Int32(record($0).channelID) }
        sequence.values.append(records) { Int64(record($0).sequence) }
        orderId.values.append(records) { Int64(bitPattern: record($0).orderID) }
        action.values.append(records) { RecordCodes.action(record($0).action) ?? 0 }
        side.values.append(records) { RecordCodes.side(record($0).side) ?? 0 }
        priceInt.append(records) {
            let price = record($0).price
            return price == Undefined.price ? nil : price
        }
        size.values.append(records) { Int64(record($0).size) }
        flags.values.append(records) { Int32(record($0).flags) }
    }

    /// - Throws: `badField` of the first record that the columns cannot hold.
    private func check(_ block: borrowing RecordBlock, _ records: Span<RecordPosition>) throws(DBNError) {
        var isSound = true
        for i in records.indices {
            let record = block.load(MboRecord.self, at: Int(records[i].offset))
            let codes = RecordCodes.action(record.action) != nil && RecordCodes.side(record.side) != nil
            let times = isInstant(record.tsRecv) && isInstant(record.header.tsEvent)
            isSound = isSound && codes && times
        }
        if isSound { return }
        for i in records.indices {
            let offset = Int(records[i].offset)
            let record = block.load(MboRecord.self, at: offset)
            _ = try RecordCodes.check(record.action, record.side, block, offset)
            _ = try block.instant(record.tsRecv, Columns.tsRecv.name, at: offset)
            _ = try block.instant(record.header.tsEvent, Columns.tsEvent.name, at: offset)
        }
    }

    @inline(__always)
    private func isInstant(_ time: UInt64) -> Bool { time >> 63 == 0 || time == Undefined.timestamp }
}

// MARK: - Columns from records

extension Buffer {
    /// Appends one value a record.
    @inline(__always)
    fileprivate mutating func append(_ records: Span<RecordPosition>, _ value: (RecordPosition) -> Element) {
        append(count: records.count) { out in
            for i in 0..<records.count { out[i] = value(records[i]) }
        }
    }
}

extension OptionalColumn {
    /// Appends one value or null a record.
    @inline(__always)
    fileprivate mutating func append(_ records: Span<RecordPosition>, _ value: (RecordPosition) -> Element?) {
        values.append(records) { value($0) ?? Element.zero }
        validity.append(records) { value($0) != nil }
    }
}
