import Columnar

/// An engine that takes the records of a partition in blocks, in partition order, and gives the rows of its
/// one-second windows. Source: spec/book.md §4.
public protocol ReplayEngine: ~Copyable {
    associatedtype Event: BookRecord
    associatedtype Snapshot: BitwiseCopyable
    associatedtype Flow: BitwiseCopyable

    /// Number of the record at which the replay stopped, counted from 0 over all records given.
    var stoppedAt: Int? { get }
    /// End of the output, ns: the first instant that no window holds.
    var outputEnd: Int64 { get }

    /// Processes records from `index` on and moves `index` behind the last one processed.
    ///
    /// - Throws: `BookError`; the engine is of no further use then.
    mutating func process(
        _ events: Span<Event>, from index: inout Int, into rows: inout ReplayRows<Snapshot, Flow>
    ) throws(BookError) -> BlockProgress

    /// Closes and opens windows until the current one holds `time`. Returns false when the rows are to be drained and
    /// the call repeated.
    mutating func pass(to time: Int64, into rows: inout ReplayRows<Snapshot, Flow>) throws(BookError) -> Bool
}

extension ReplayEngine where Self: ~Copyable {
    /// Takes a block whole; `drain` is to empty the rows.
    ///
    /// - Returns: whether a record at or after the end of the output was met: no further record counts.
    @inlinable
    public mutating func replay(
        _ events: Span<Event>, into rows: inout ReplayRows<Snapshot, Flow>,
        drain: (inout ReplayRows<Snapshot, Flow>) throws -> Void
    ) throws -> Bool {
        var index = 0
        while true {
            let progress = try process(events, from: &index, into: &rows)
            try drain(&rows)
            if progress != .rowsFull { return progress == .stopped }
        }
    }

    /// Closes the windows up to the end of the output.
    @inlinable
    public mutating func finish(
        into rows: inout ReplayRows<Snapshot, Flow>, drain: (inout ReplayRows<Snapshot, Flow>) throws -> Void
    ) throws {
        while try !pass(to: outputEnd, into: &rows) { try drain(&rows) }
        try drain(&rows)
    }
}

/// An engine of the books of options on one underlying.
public protocol OptionEngine: ReplayEngine, ~Copyable
where Snapshot == OptionSnapshotRow, Flow == OptionFlowRow {
    /// - Parameters:
    ///   - instruments: The terms of every instrument of the partition.
    ///   - underlying: `book_snapshot_1s` of the underlying; a row for each output window, others are ignored.
    ///   - firstTime: `PartitionScan.firstTime` of the same records.
    ///   - parameters: of the stage.
    init(
        _ parameters: OptionParameters, instruments: [OptionInstrument], underlying: [UnderlyingWindow],
        firstTime: Int64?) throws(BookError)
}
