import Columnar

/// A trade of the feed. Source: spec/recorder.md 3.7 (order-book products).
@frozen
public struct FeedTrade: BitwiseCopyable, Sendable, Hashable {
    /// The clock after the record, ns.
    public var time: Int64
    /// Capture time of the record, or `BookEvent.undefinedTime`.
    public var tsRecv: Int64
    /// Ordinal of the record.
    public var ordinal: Int64
    /// 1e-9; 0 where the record has none.
    public var price: Int64
    public var size: UInt32
    /// A code of `BookSide`: ask sold, bid bought.
    public var side: UInt8
}

/// A change of the best bid or offer of the book. Prices 1e-9, quantities `qty`; 0 where a side is empty.
/// Source: spec/recorder.md 3.7 (order-book products).
@frozen
public struct FeedQuote: BitwiseCopyable, Sendable, Hashable {
    /// The clock after the record, ns.
    public var time: Int64
    /// Capture time of the record, or `BookEvent.undefinedTime`.
    public var tsRecv: Int64
    /// Ordinal of the record.
    public var ordinal: Int64
    public var bidPrice: Int64
    public var bidQuantity: Int64
    public var askPrice: Int64
    public var askQuantity: Int64

    /// Whether both show the same best bid and offer.
    func hasSameSides(as other: FeedQuote) -> Bool {
        bidPrice == other.bidPrice && bidQuantity == other.bidQuantity && askPrice == other.askPrice
            && askQuantity == other.askQuantity
    }
}

/// Replays the orders of one instrument and tells its trades and the changes of its best bid and offer: the feed that
/// a recorder of trades and quotes would have seen. Book, validity and clock are those of `MboEngine`.
///
/// Records come in blocks, in partition order; the caller empties `trades` and `quotes`. Memory is bounded by the live
/// orders. Source: spec/recorder.md 3.7 (order-book products).
public struct BookFeed: ~Copyable {
    public var trades: [FeedTrade] = []
    public var quotes: [FeedQuote] = []

    private var engine: MboEngine
    /// Never filled: no window is an output window.
    private var rows = WindowRows()
    private let publisher: UInt16?
    private var last = FeedQuote(
        time: 0, tsRecv: 0, ordinal: 0, bidPrice: 0, bidQuantity: 0, askPrice: 0, askQuantity: 0)

    /// - Parameters:
    ///   - assumeComplete: the book is trusted without a snapshot.
    ///   - publisher: keeps one publisher's records; nil keeps all.
    ///   - firstTime: `PartitionScan.firstTime` of the same records.
    public init(assumeComplete: Bool, publisher: UInt16?, firstTime: Int64?) throws(BookError) {
        // The windows are stepped through, because a recovery may end with one; none of them is an output, so that
        // the replay never stops. The lattice is not asked for anything.
        let parameters = BookParameters(
            outputStart: Instant.latest, outputEnd: Instant.latest, assumeComplete: assumeComplete,
            crossedPolicy: .record, latticeStep: 1, halfWidth: 0, publisher: publisher)
        engine = try MboEngine(parameters, firstTime: firstTime)
        self.publisher = publisher
    }

    /// Processes records and appends what they tell.
    ///
    /// - Parameter ordinals: of the records, one each.
    /// - Parameter events: a block, in file order.
    /// - Throws: `BookError`; the feed is of no further use then.
    public mutating func process(_ events: Span<BookEvent>, ordinals: Span<Int64>) throws(BookError) {
        precondition(events.count == ordinals.count)
        guard engine.hasTime else { return }
        for index in events.indices {
            let event = events[index]
            if let publisher, event.publisherID != publisher { continue }
            var next = index
            let progress = try engine.process(events.extracting(0..<index + 1), from: &next, into: &rows)
            precondition(progress == .consumed, "a replay without output neither stops nor fills rows")
            if event.action == BookAction.trade {
                trades.append(
                    FeedTrade(
                        time: engine.clock.now, tsRecv: event.tsRecv, ordinal: ordinals[index],
                        price: event.price == BookEvent.undefinedPrice ? 0 : event.price, size: event.size,
                        side: event.side))
            }
            if event.flags & BookFlags.last != 0 { tellQuote(event, ordinals[index]) }
        }
    }

    private mutating func tellQuote(_ event: BookEvent, _ ordinal: Int64) {
        var quote = FeedQuote(
            time: engine.clock.now, tsRecv: event.tsRecv, ordinal: ordinal, bidPrice: 0, bidQuantity: 0, askPrice: 0,
            askQuantity: 0)
        if engine.isValid {
            quote.bidQuantity = engine.book.bestQuantity(BookSide.bid)
            quote.askQuantity = engine.book.bestQuantity(BookSide.ask)
            // `Price.none` is 0, too.
            quote.bidPrice = engine.book.best(BookSide.bid)
            quote.askPrice = engine.book.best(BookSide.ask)
        }
        guard !quote.hasSameSides(as: last) else { return }
        last = quote
        quotes.append(quote)
    }
}
