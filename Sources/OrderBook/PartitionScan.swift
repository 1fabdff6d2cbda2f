/// What an engine has to know of the whole partition before its first record: the first time, and that there is
/// one publisher and one instrument where there has to be. Source: spec/book.md §4.1, §4.3.
public struct PartitionScan: Sendable {
    /// Keeps one publisher's records, before anything else; nil keeps all.
    public let publisher: UInt16?
    /// Whether two instruments are an error: future_mbo, equity_mbo.
    public let isSingleInstrument: Bool
    /// Effective time of the first record that has one; nil when no record of the partition has a time.
    public private(set) var firstTime: Int64?
    /// Records that remain after the choice of a publisher.
    public private(set) var records = 0
    /// Publisher of the first record that remains.
    public private(set) var firstPublisher: UInt16?
    /// Instrument of the first record that remains.
    public private(set) var firstInstrument: UInt32?

    public init(publisher: UInt16? = nil, isSingleInstrument: Bool) {
        self.publisher = publisher
        self.isSingleInstrument = isSingleInstrument
    }

    /// Looks at the next records of the partition.
    public mutating func scan(_ events: Span<BookEvent>) throws(BookError) {
        for index in events.indices {
            let event = events[index]
            if let publisher, event.publisherID != publisher { continue }
            try meet(event.publisherID, event.instrumentID)
            meet(event)
        }
    }

    /// Looks at the next quotes of the partition, whose publishers the vendor has merged.
    public mutating func scan(_ quotes: Span<QuoteEvent>) {
        for index in quotes.indices {
            let quote = quotes[index]
            if let publisher, quote.publisherID != publisher { continue }
            records += 1
            meet(quote)
        }
    }

    private mutating func meet(_ publisher: UInt16, _ instrument: UInt32) throws(BookError) {
        records += 1
        guard let firstPublisher, let firstInstrument else {
            self.firstPublisher = publisher
            self.firstInstrument = instrument
            return
        }
        if publisher != firstPublisher { throw .severalPublishers(firstPublisher, publisher) }
        if isSingleInstrument, instrument != firstInstrument {
            throw .severalInstruments(firstInstrument, instrument)
        }
    }

    private mutating func meet(_ record: some BookRecord) {
        if firstTime == nil { firstTime = record.effectiveTime }
    }
}
