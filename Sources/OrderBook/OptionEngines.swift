import Columnar

/// Replays the orders of the options on one future: `book_snapshot_1s`, `depth_and_flow_1s` and
/// `book_quality_1s` of future_option_mbo. Source: spec/book.md §8.1 to §8.3, §8.5, §9.
///
/// Used like `MboEngine`. Any number of instruments; one without records costs nothing, an idle one little.
public struct OptionMboEngine: OptionEngine, ~Copyable {
    var options: OptionBooks

    public init(
        _ parameters: OptionParameters, instruments: [OptionInstrument], underlying: [UnderlyingWindow],
        firstTime: Int64?
    ) throws(BookError) {
        options = try OptionBooks(
            parameters, hasAges: true, instruments: instruments, underlying: underlying, firstTime: firstTime)
    }

    public var stoppedAt: Int? { options.stoppedAt }

    public mutating func process(
        _ events: Span<BookEvent>, from index: inout Int, into rows: inout OptionWindowRows
    ) throws(BookError) -> BlockProgress {
        try options.process(events, from: &index, into: &rows)
    }

    public mutating func pass(to time: Int64, into rows: inout OptionWindowRows) throws(BookError) -> Bool {
        try options.pass(to: time, into: &rows)
    }

    public var outputEnd: Int64 { options.parameters.outputEnd }
}

/// Replays the consolidated quotes of the options on one stock: the three tables of equity_option_mbo.
/// Source: spec/book.md §8.2 to §8.5, §9.
public struct OptionQuoteEngine: OptionEngine, ~Copyable {
    var options: OptionBooks

    public init(
        _ parameters: OptionParameters, instruments: [OptionInstrument], underlying: [UnderlyingWindow],
        firstTime: Int64?
    ) throws(BookError) {
        options = try OptionBooks(
            parameters, hasAges: false, instruments: instruments, underlying: underlying, firstTime: firstTime)
    }

    public var stoppedAt: Int? { options.stoppedAt }

    public mutating func process(
        _ quotes: Span<QuoteEvent>, from index: inout Int, into rows: inout OptionWindowRows
    ) throws(BookError) -> BlockProgress {
        try options.process(quotes, from: &index, into: &rows)
    }

    public mutating func pass(to time: Int64, into rows: inout OptionWindowRows) throws(BookError) -> Bool {
        try options.pass(to: time, into: &rows)
    }

    public var outputEnd: Int64 { options.parameters.outputEnd }
}

/// How a record changes the book of its option.
protocol OptionRecord: BookRecord {
    func check(record: Int) throws(BookError)
    func apply(to book: Int, of options: inout OptionBooks)
}

extension BookEvent: OptionRecord {
    @inline(__always)
    func check(record: Int) throws(BookError) {
        if flags & BookFlags.aggregatedLevel != 0 { throw .aggregatedLevel(record: record) }
    }

    @inline(__always)
    func apply(to book: Int, of options: inout OptionBooks) {
        options.books[book].apply(self, options.clock, &options.counters)
        if options.books[book].hasCompletedSnapshot { options.hasCompletedSnapshot = true }
    }
}

extension QuoteEvent: OptionRecord {
    @inline(__always)
    func check(record: Int) {}

    @inline(__always)
    func apply(to book: Int, of options: inout OptionBooks) {
        options.books[book].apply(self, &options.counters)
    }
}
