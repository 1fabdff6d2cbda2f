/// Replays the orders of the options on one future: `book_snapshot_1s`, `depth_and_flow_1s` and
/// `book_quality_1s` of future_option_mbo. Source: spec/book.md §8.1 to §8.3, §8.5, §9.
///
/// Used like `MboEngine`. Any number of instruments; one without records costs nothing, an idle one little.
public struct OptionMboEngine: ~Copyable {
    /// Number of the record at which the replay stopped, counted from 0 over all records given.
    public private(set) var stoppedAt: Int?
    /// Records taken from the caller so far, other publishers' included.
    public private(set) var recordsTaken = 0
    var options: OptionBooks

    /// - Parameters:
    ///   - instruments: The terms of every instrument of the partition.
    ///   - underlying: `book_snapshot_1s` of the underlying; a row for each output window, others are ignored.
    ///   - firstTime: `PartitionScan.firstTime` of the same records.
    public init(
        _ parameters: OptionParameters, instruments: [OptionInstrument], underlying: [UnderlyingWindow],
        firstTime: Int64?
    ) throws(BookError) {
        options = try OptionBooks(
            parameters, hasAges: true, instruments: instruments, underlying: underlying, firstTime: firstTime)
    }

    /// Processes records from `index` on and moves `index` behind the last one processed.
    ///
    /// - Throws: `BookError`; the engine is of no further use then.
    public mutating func process(
        _ events: Span<BookEvent>, from index: inout Int, into rows: inout OptionWindowRows
    ) throws(BookError) -> BlockProgress {
        if stoppedAt != nil { return .stopped }
        let offset = recordsTaken - index
        defer { recordsTaken = offset + index }
        if !options.hasTime { index = events.count }
        while index < events.count {
            let event = events[index]
            if let publisher = options.parameters.publisher, event.publisherID != publisher {
                index += 1
                continue
            }
            switch try options.arrive(
                flags: event.flags, tsRecv: event.tsRecv, tsEvent: event.tsEvent, into: &rows)
            {
            case .consumed: break
            case .rowsFull: return .rowsFull
            case .stopped:
                stoppedAt = offset + index
                return .stopped
            }
            if event.flags & BookFlags.aggregatedLevel != 0 { throw .aggregatedLevel(record: offset + index) }
            let book = try options.book(of: event.instrumentID, record: offset + index)
            options.apply(event, to: book)
            index += 1
        }
        return .consumed
    }

    /// Closes the windows up to the end of the output. Returns false when the rows are to be drained and the call
    /// repeated.
    public mutating func finish(into rows: inout OptionWindowRows) throws(BookError) -> Bool {
        try options.advance(to: options.parameters.outputEnd, into: &rows)
    }
}

/// Replays the consolidated quotes of the options on one stock: the three tables of equity_option_mbo.
/// Source: spec/book.md §8.2 to §8.5, §9.
public struct OptionQuoteEngine: ~Copyable {
    /// Number of the record at which the replay stopped, counted from 0 over all records given.
    public private(set) var stoppedAt: Int?
    /// Records taken from the caller so far, other publishers' included.
    public private(set) var recordsTaken = 0
    var options: OptionBooks

    /// - Parameters:
    ///   - instruments: The terms of every instrument of the partition.
    ///   - underlying: `book_snapshot_1s` of the underlying; a row for each output window, others are ignored.
    ///   - firstTime: `PartitionScan.firstTime` of the same records.
    public init(
        _ parameters: OptionParameters, instruments: [OptionInstrument], underlying: [UnderlyingWindow],
        firstTime: Int64?
    ) throws(BookError) {
        options = try OptionBooks(
            parameters, hasAges: false, instruments: instruments, underlying: underlying, firstTime: firstTime
        )
    }

    /// Processes quotes from `index` on and moves `index` behind the last one processed.
    ///
    /// - Throws: `BookError`; the engine is of no further use then.
    public mutating func process(
        _ quotes: Span<QuoteEvent>, from index: inout Int, into rows: inout OptionWindowRows
    ) throws(BookError) -> BlockProgress {
        if stoppedAt != nil { return .stopped }
        let offset = recordsTaken - index
        defer { recordsTaken = offset + index }
        if !options.hasTime { index = quotes.count }
        while index < quotes.count {
            let quote = quotes[index]
            if let publisher = options.parameters.publisher, quote.publisherID != publisher {
                index += 1
                continue
            }
            switch try options.arrive(
                flags: quote.flags, tsRecv: quote.tsRecv, tsEvent: quote.tsEvent, into: &rows)
            {
            case .consumed: break
            case .rowsFull: return .rowsFull
            case .stopped:
                stoppedAt = offset + index
                return .stopped
            }
            let book = try options.book(of: quote.instrumentID, record: offset + index)
            options.books[book].apply(quote, &options.counters)
            index += 1
        }
        return .consumed
    }

    /// Closes the windows up to the end of the output. Returns false when the rows are to be drained and the call
    /// repeated.
    public mutating func finish(into rows: inout OptionWindowRows) throws(BookError) -> Bool {
        try options.advance(to: options.parameters.outputEnd, into: &rows)
    }
}

extension OptionBooks {
    @inline(__always)
    mutating func apply(_ event: BookEvent, to book: Int) {
        books[book].apply(event, clock, &counters)
        if books[book].hasCompletedSnapshot { hasCompletedSnapshot = true }
    }
}
