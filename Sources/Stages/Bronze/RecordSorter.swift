import CivilTime
import Columnar
import DBN
import Lake
import Parquet

/// Where a record of a block is.
struct RecordPosition: BitwiseCopyable {
    /// Bytes from the start of the block.
    let offset: Int32
    /// Records from the start of the block.
    let index: Int32
}

/// The records of one block by partition: first counted, then placed, so that neither pass looks for room.
struct RecordSorter: ~Copyable {
    /// The wanted records in file order, and beside each its partition.
    private var found = Buffer<RecordPosition>()
    private var slots = Buffer<Int32>()
    /// The same records, partition after partition, and where each partition's begin; one more for the end.
    private var sorted = Buffer<RecordPosition>()
    private var starts: Buffer<Int>
    private let partitions: Int

    init(partitions: Int) {
        self.partitions = partitions
        starts = Buffer(repeating: 0, count: partitions + 1)
    }

    /// The records of one partition of the last block, in file order.
    @_lifetime(borrow self)
    borrowing func positions(of slot: Int) -> Span<RecordPosition> {
        partitions == 1 ? found.span : sorted.span.extracting(starts[slot]..<starts[slot + 1])
    }

    /// - Throws: `DBNError` when a record's instrument has no symbol.
    mutating func sort(
        _ block: borrowing RecordBlock, _ instruments: inout InstrumentTable, type: UInt8, on date: CivilDate
    ) throws(DBNError) {
        found.removeAll()
        slots.removeAll()
        found.reserve(block.count)
        slots.reserve(block.count)
        var offset = 0
        var index = 0
        while offset < block.bytes.byteCount {
            let header = block.header(at: offset)
            if header.rtype == type {
                let slot = instruments.slot(of: header.instrumentID)
                if slot >= 0 {
                    found.append(RecordPosition(offset: Int32(offset), index: Int32(index)))
                    slots.append(Int32(slot))
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
        if partitions > 1 { place() }
    }

    private mutating func place() {
        starts.removeAll()
        starts.append(repeating: 0, count: partitions + 1)
        for i in 0..<slots.count { starts[Int(slots[i]) + 1] += 1 }
        for slot in 0..<partitions { starts[slot + 1] += starts[slot] }
        sorted.removeAll()
        sorted.append(repeating: RecordPosition(offset: 0, index: 0), count: found.count)
        // Each start moves to its partition's end, which is where the next one began.
        for i in 0..<found.count {
            let slot = Int(slots[i])
            sorted[starts[slot]] = found[i]
            starts[slot] += 1
        }
        for slot in stride(from: partitions, to: 0, by: -1) { starts[slot] = starts[slot - 1] }
        starts[0] = 0
    }
}

/// Rows of one bronze table, as records of a partition become them.
protocol BronzeRows: ~Copyable {
    /// Rows that wait to be written.
    var count: Int { get }

    /// Appends records of a block.
    mutating func append(
        _ block: borrowing RecordBlock, _ records: Span<RecordPosition>, firstOrdinal: Int
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
    fileprivate var batch = ParquetWriter.pageRows

    init(writer: consuming PartitionWriter, symbol: String, rows: consuming Rows) {
        self.symbol = symbol
        self.writer = consume writer
        self.rows = rows
    }

    func append(
        _ block: borrowing RecordBlock, _ position: RawFeed.Position, _ records: Span<RecordPosition>
    ) throws {
        var first = 0
        while first < records.count, records[first].index < position.repeats { first += 1 }
        repeated += Int64(first)
        while first < records.count {
            let end = min(records.count, first + batch - rows.count)
            try rows.append(block, records.extracting(first..<end), firstOrdinal: position.firstOrdinal)
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
        // Whole pages are encoded where they lie; many partitions share the room of two.
        let share = 2 * ParquetWriter.pageRows / max(1, partitions.count)
        for partition in partitions {
            partition.batch =
                share >= ParquetWriter.pageRows ? ParquetWriter.pageRows : max(1 << 8, min(1 << 14, share))
        }
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
