import CivilTime
import Columnar
import DBN
import Lake
import Tables

/// Raw order records become bronze.<product>.mbo: every record that passes the symbol filter, in file order,
/// nothing else changed. A file is decoded once for all its contracts.
///
/// Source: spec/book.md 3.1 to 3.5.
public struct BronzeMbo: Stage {
    public static let name = "bronze_mbo"

    public init() {}

    public func plan(_ request: StageRequest, in site: StageSite) throws -> StagePlan {
        let asked = try FutureRequest(request.symbol)
        let days = try site.rawDays(.mbo, request.date)
        if days.allSatisfy(\.files.isEmpty), let marked = days.first(where: { $0.noData != nil }) {
            return .task(
                StageTask(
                    request, symbol: request.symbol, inputs: marked.inputs,
                    defaults: request.declaration.parameters,
                    outputs: [try request.output("mbo", asked.contract ?? asked.root)], isWithoutData: true))
        }
        let selection = try RawSelection(
            schema: .mbo, date: request.date, asked: request.symbol, in: site, isWanted: asked.includes)
        let outputs = try selection.symbols.map { try request.output("mbo", $0) }
        return .task(
            StageTask(
                request, symbol: request.symbol, inputs: selection.inputs,
                defaults: request.declaration.parameters,
                outputs: outputs))
    }

    public func run(_ task: StageTask, in context: StageContext) throws -> [StagedPartition] {
        let partitions = try task.outputs.filter { context.wanted[$0] != nil }.map {
            try MboPartition(writer: context.writer($0, of: task), symbol: $0.symbol, date: task.date)
        }
        var isTruncated = false
        if !task.isWithoutData {
            let slots = Dictionary(uniqueKeysWithValues: partitions.enumerated().map { ($1.symbol, $0) })
            isTruncated = try decode(task, in: context, into: partitions, slots)
        }
        return try partitions.map {
            try $0.finish(isWithoutData: task.isWithoutData, isTruncated: isTruncated)
        }
    }

    /// Sorts the records of each block by partition and hands each partition its own, in file order.
    private func decode(
        _ task: StageTask, in context: StageContext, into partitions: [MboPartition], _ slots: [String: Int]
    ) throws -> Bool {
        let feed = try RawFeed(
            context.rawFiles(of: task), schema: .mbo, allowsTruncated: context.allowsTruncated)
        var instruments: InstrumentTable?
        var records = RecordSorter(partitions: partitions.count)
        return try feed.read { file in
            instruments = InstrumentTable(file.symbology, on: task.date, slotOfSymbol: slots)
        } _: { block, position in
            try records.sort(block, &instruments!, type: RecordType.mbo, on: task.date)
            for (slot, partition) in partitions.enumerated() {
                try partition.append(block, position, records.positions(of: slot))
            }
            try context.advance(block.count)
        }
    }
}

/// Where a record of a block is.
struct RecordPosition: BitwiseCopyable {
    /// Bytes from the start of the block.
    let offset: Int32
    /// Records from the start of the block.
    let index: Int32
}

/// The records of one block by partition.
struct RecordSorter: ~Copyable {
    private var positions: [[RecordPosition]]

    init(partitions: Int) {
        positions = Array(repeating: [], count: partitions)
    }

    func positions(of slot: Int) -> [RecordPosition] { positions[slot] }

    /// - Throws: `DBNError` when a record's instrument has no symbol.
    mutating func sort(
        _ block: borrowing RecordBlock, _ instruments: inout InstrumentTable, type: UInt8, on date: CivilDate
    ) throws(DBNError) {
        for slot in positions.indices { positions[slot].removeAll(keepingCapacity: true) }
        var offset = 0
        var index = 0
        while offset < block.bytes.byteCount {
            let header = block.header(at: offset)
            if header.rtype == type {
                let slot = instruments.slot(of: header.instrumentID)
                if slot >= 0 {
                    positions[slot].append(RecordPosition(offset: Int32(offset), index: Int32(index)))
                } else if slot == InstrumentTable.Slot.unknown {
                    throw block.fieldError(
                        at: offset,
                        expected: "an instrument with a symbol on \(date) in the file's symbology",
                        found: "instrument \(header.instrumentID)")
                }
            }
            offset += Int(header.length) * 4
            index += 1
        }
    }
}

/// One contract's table on its way to the lake.
private final class MboPartition {
    let symbol: String
    private var writer: PartitionWriter?
    private var table = Mbo()
    private var volume: SessionVolume
    /// Largest effective time so far; nil before the first.
    private var clock: Int64?
    /// Σ size of trades before the first time of the partition, which becomes theirs.
    private var timelessVolume: Int64 = 0
    private var rows = 0
    private var repeated: Int64 = 0

    /// Rows that are gathered before they go to the writer: small, because a file may hold many contracts.
    private static let batch = 1 << 14

    init(writer: consuming PartitionWriter, symbol: String, date: CivilDate) throws {
        self.symbol = symbol
        self.writer = consume writer
        self.volume = SessionVolume(date: date)
    }

    func append(
        _ block: borrowing RecordBlock, _ position: RawFeed.Position, _ records: [RecordPosition]
    ) throws {
        var first = 0
        while first < records.count, records[first].index < position.repeats { first += 1 }
        repeated += Int64(first)
        while first < records.count {
            let end = min(records.count, first + MboPartition.batch - table.count)
            try table.append(block, records[first..<end], firstOrdinal: position.firstOrdinal)
            for record in records[first..<end] { count(block.load(MboRecord.self, at: Int(record.offset))) }
            first = end
            if table.count >= MboPartition.batch { try flush() }
        }
    }

    /// Keeps the clock of spec/book.md 4.1 and counts trades for contract selection.
    private func count(_ record: MboRecord) {
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

    private func flush() throws {
        guard table.count > 0 else { return }
        table.rawSymbol.append(repeating: symbol, count: table.count)
        try table.withViews { try writer!.write($0) }
        rows += table.count
        table.removeAll()
    }

    func finish(isWithoutData: Bool, isTruncated: Bool) throws -> StagedPartition {
        try flush()
        var quality = Quality()
        quality.counters = ["session_volume": volume.volume, "early_trades": volume.earlyTrades]
        quality.rowsDropped = repeated
        return try writer.take()!.finish(
            dayState: isWithoutData ? .noData : rows == 0 ? .noEvents : .events, quality: quality,
            isTruncated: isTruncated)
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
            guard let action = RecordCodes.action(record.action) else {
                throw block.fieldError(
                    at: offset, expected: "an action of A C M R T F N", found: character(record.action))
            }
            guard let side = RecordCodes.side(record.side) else {
                throw block.fieldError(at: offset, expected: "a side of A B N", found: character(record.side))
            }
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
