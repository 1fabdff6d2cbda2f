import CivilTime
import DBN
import Lake

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

/// Rows of one bronze table, as records of a partition become them.
protocol BronzeRows: ~Copyable {
    /// Rows that wait to be written.
    var count: Int { get }

    /// Appends records of a block.
    mutating func append(
        _ block: borrowing RecordBlock, _ records: ArraySlice<RecordPosition>, firstOrdinal: Int
    ) throws(DBNError)

    /// Writes the rows and forgets them.
    mutating func flush(into writer: inout PartitionWriter) throws

    /// What the manifest is to say about the records.
    var counters: [String: Int64] { get }
}

/// One bronze partition on its way to the lake.
final class BronzePartition<Rows: BronzeRows & ~Copyable> {
    let symbol: String
    private var writer: PartitionWriter?
    private var rows: Rows
    private var written = 0
    private var repeated: Int64 = 0
    /// Rows that are gathered before they go to the writer.
    fileprivate var batch = 1 << 14

    init(writer: consuming PartitionWriter, symbol: String, rows: consuming Rows) {
        self.symbol = symbol
        self.writer = consume writer
        self.rows = rows
    }

    func append(
        _ block: borrowing RecordBlock, _ position: RawFeed.Position, _ records: [RecordPosition]
    ) throws {
        var first = 0
        while first < records.count, records[first].index < position.repeats { first += 1 }
        repeated += Int64(first)
        while first < records.count {
            let end = min(records.count, first + batch - rows.count)
            try rows.append(block, records[first..<end], firstOrdinal: position.firstOrdinal)
            first = end
            if rows.count >= batch { try flush() }
        }
    }

    private func flush() throws {
        guard rows.count > 0 else { return }
        written += rows.count
        try rows.flush(into: &writer!)
    }

    func finish(isWithoutData: Bool, isTruncated: Bool) throws -> StagedPartition {
        try flush()
        var quality = Quality()
        quality.counters = rows.counters
        quality.rowsDropped = repeated
        return try writer.take()!.finish(
            dayState: isWithoutData ? .noData : written == 0 ? .noEvents : .events, quality: quality,
            isTruncated: isTruncated)
    }
}

extension StageTask {
    /// Decodes the task's raw files once for all its partitions and hands each partition its own records, in file
    /// order.
    ///
    /// - Parameter slot: the partition of an instrument, by its number; nil when nobody asked for it.
    func decode<Rows: BronzeRows & ~Copyable>(
        _ schema: Schema, type: UInt8, in context: StageContext, into partitions: [BronzePartition<Rows>],
        slot: (_ instrumentID: UInt32, _ symbol: String) -> Int?
    ) throws -> [StagedPartition] {
        var isTruncated = false
        // What the partitions of a file gather together is bounded.
        for partition in partitions { partition.batch = max(1 << 8, min(1 << 14, (1 << 17) / partitions.count)) }
        if !isWithoutData {
            let feed = try RawFeed(
                context.rawFiles(of: self), schema: schema, allowsTruncated: context.allowsTruncated)
            var instruments: InstrumentTable?
            var records = RecordSorter(partitions: partitions.count)
            isTruncated = try feed.read { file in
                instruments = InstrumentTable(file.symbology, on: date, slot: slot)
            } _: { block, position in
                try records.sort(block, &instruments!, type: type, on: date)
                for (index, partition) in partitions.enumerated() {
                    try partition.append(block, position, records.positions(of: index))
                }
                try context.advance(block.count)
            }
        }
        return try partitions.map { try $0.finish(isWithoutData: isWithoutData, isTruncated: isTruncated) }
    }
}
