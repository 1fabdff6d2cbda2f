import Columnar
import DBN
import Lake
import OrderBook
import Tables

/// Replays a day up to the end of one window and tells what each of its records did.
struct RecordTrace {
    /// The window, ns: [start, end).
    let end: Int64
    var start: Int64 { end - 1_000_000_000 }

    /// The records of the window, and the book at its opening.
    struct Found {
        var records: [Record] = []
        var opening: BookSight?
    }

    struct Record {
        let ordinal: Int64
        let content: ExplainedRecord.Content
        let instrumentID: UInt32
        let effect: RecordEffect
    }

    /// - Parameters:
    ///   - engine: fresh, with the parameters that silver was made with.
    ///   - reader: of the bronze table that silver was made from.
    func find<Records: TracedRecords & ~Copyable, Engine: TracedEngine & ~Copyable>(
        _: Records.Type, _ engine: consuming Engine, _ reader: consuming PartitionReader
    ) throws -> Found where Engine.Event == Records.Event {
        var found = Found()
        var records = Records()
        var events = Buffer<Records.Event>()
        var isInside = false
        reading: while try reader.next(into: &records, columns: Records.tracedColumns) {
            events.removeAll()
            records.appendEvents(to: &events)
            var index = 0
            if !isInside {
                while index < events.count, (events[index].effectiveTime ?? Int64.min) < start { index += 1 }
                try engine.replay(events.span.extracting(..<index))
                if index == events.count { continue }
                try open(&engine, &found)
                isInside = true
            }
            while index < events.count {
                let event = events[index]
                if let time = event.effectiveTime, time >= end { break reading }
                if let effect = try engine.trace(event) {
                    found.records.append(
                        Record(
                            ordinal: records.ordinal(index), content: records.content(index, event),
                            instrumentID: event.instrumentID, effect: effect))
                }
                index += 1
            }
        }
        if !isInside { try open(&engine, &found) }
        return found
    }

    private func open<Engine: TracedEngine & ~Copyable>(_ engine: inout Engine, _ found: inout Found) throws {
        try engine.pass(to: start)
        found.opening = engine.sight
    }
}

/// An engine that tells what a record does.
protocol TracedEngine: ReplayEngine, ~Copyable {
    mutating func trace(_ event: Event) throws(BookError) -> RecordEffect?
    var sight: BookSight? { get }
}

extension MboEngine: TracedEngine {}
extension OptionMboEngine: TracedEngine {}
extension OptionQuoteEngine: TracedEngine {}

/// A bronze table whose records can be told one by one.
protocol TracedRecords: ReplayedRecords, ~Copyable {
    static var tracedColumns: [Int] { get }

    borrowing func ordinal(_ row: Int) -> Int64
    borrowing func content(_ row: Int, _ event: Event) -> ExplainedRecord.Content
}

extension Mbo: TracedRecords {
    static var tracedColumns: [Int] { bookColumns + [Columns.ordinal, .sequence].map(\.rawValue) }
    borrowing func ordinal(_ row: Int) -> Int64 { ordinal[row] }
    borrowing func content(_ row: Int, _ event: BookEvent) -> ExplainedRecord.Content {
        .order(event, sequence: sequence[row])
    }
}

extension OptionMbo: TracedRecords {
    static var tracedColumns: [Int] { bookColumns + [Columns.ordinal, .sequence].map(\.rawValue) }
    borrowing func ordinal(_ row: Int) -> Int64 { ordinal[row] }
    borrowing func content(_ row: Int, _ event: BookEvent) -> ExplainedRecord.Content {
        .order(event, sequence: sequence[row])
    }
}

extension Cmbp1: TracedRecords {
    static var tracedColumns: [Int] { bookColumns + [Columns.ordinal.rawValue] }
    borrowing func ordinal(_ row: Int) -> Int64 { ordinal[row] }
    borrowing func content(_ row: Int, _ event: QuoteEvent) -> ExplainedRecord.Content { .quote(event) }
}

// MARK: - Cells

extension ExplainedCell {
    /// Whether a price of a book, of an option where there are terms, belongs to the cell.
    func holds(side: UInt8, price: Int64, option: OptionInstrument?) -> Bool {
        switch self {
        case .level(let own, let cell, let step):
            return side == own && latticeCell(price, step: step) * step == cell
        case .strike(let right, let own, let strike, let step):
            guard let option else { return false }
            return side == own && option.right == right && latticeCell(option.strikePrice, step: step) * step == strike
        case .instrument(let id): return option?.instrumentID == id
        case .window: return true
        }
    }

    /// Whether a record belongs to the story of the cell although it changes nothing there.
    func concerns(_ record: RecordTrace.Record, option: OptionInstrument?) -> Bool {
        switch self {
        case .window: return true
        case .instrument(let id): return record.instrumentID == id
        case .level, .strike:
            guard let order = record.effect.order else { return false }
            return holds(side: order.side, price: order.price, option: option)
        }
    }
}

// MARK: - Raw files

/// Finds the raw record of an ordinal: book.md 3.2 counts through all files of the day.
struct RawPlaces {
    let files: [(path: String, sha256: String)]
    /// Ordinal of the first record of each file.
    private let first: [Int64]

    /// - Parameter inputs: of the bronze partition.
    /// - Complexity: O(records) where there are several files, whose records have to be counted.
    init(of inputs: [Input], in lake: Lake) throws {
        files = inputs.compactMap { input in
            guard case .raw(let path, let sha256) = input else { return nil }
            return (path, sha256)
        }.sorted { name($0.path).utf8.lexicographicallyPrecedes(name($1.path).utf8) }
        var first: [Int64] = [0]
        for file in files.dropLast() {
            var count = 0
            var source = try DBNFile(path: lake.path(file.path))
            while try source.nextBlock() { count += source.block.count }
            first.append(first.last! + Int64(count))
        }
        self.first = first
    }

    func place(of ordinal: Int64) -> (file: Int, index: Int64) {
        let file = first.lastIndex { $0 <= ordinal } ?? 0
        return (file, ordinal - first[file])
    }
}

private func name(_ path: String) -> Substring { path.split(separator: "/").last ?? "" }
