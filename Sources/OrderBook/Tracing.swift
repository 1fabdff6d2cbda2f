import Columnar

/// Engines that tell what each record does: the same books and rules, looked at before and after a record. The
/// rows of windows are dropped on the way. For explanations, not for days of records.

/// What one record did at one price and side, or what happened there between two moments of a window.
public struct LevelChange: Sendable, Hashable {
    /// A code of `BookSide`.
    public var side: UInt8
    /// Exact price, 1e-9.
    public var price: Int64
    public var depthBefore: Int64
    public var depthAfter: Int64
    public var added: Int64
    public var pulled: Int64
    public var pulledAtRest: Int64
    public var filled: Int64

    /// What came or went without flow: seeded or restored by a snapshot, cleared by R.
    public var withoutFlow: Int64 { (depthAfter - depthBefore) - (added - pulled - filled) }
}

/// What one record did to the book of its instrument.
public struct RecordEffect: Sendable {
    /// In the order in which the levels were first touched in the window.
    public var changes: [LevelChange]
    /// What this record added to the counters of the window.
    public var counters: QualityCounters
    /// Where the order rests that a C, M or F names, before the record.
    public var order: (side: UInt8, price: Int64)?
    /// Whether changes count as flow.
    public var flows: Bool
    /// Best prices after the record, 1e-9; nil = none.
    public var bestBid: Int64?
    public var bestAsk: Int64?
}

/// What a book shows at one moment.
public struct BookSight: Sendable, Hashable {
    public var bestBid: Int64?
    public var bestAsk: Int64?
    /// Price of the last trade.
    public var lastTrade: Int64?
    public var isValid: Bool
}

/// The accounts of a book's window at one moment.
private struct BookMark: ~Copyable {
    private var accounts = Buffer<Account>()
    private var depths = Buffer<Int64>()

    mutating func set(to book: borrowing Book) {
        accounts.removeAll()
        depths.removeAll()
        for index in 0..<book.accounts.count {
            accounts.append(book.accounts[index])
            depths.append(book.levels[Int(book.accounts[index].level)].depth)
        }
    }

    /// What has changed since.
    func changes(to book: borrowing Book) -> [LevelChange] {
        var changes: [LevelChange] = []
        for index in 0..<book.accounts.count {
            let new = book.accounts[index]
            let level = book.levels[Int(new.level)]
            let isKnown = index < accounts.count
            let old = isKnown ? accounts[index] : Account(start: new.start, level: new.level)
            let change = LevelChange(
                side: level.side, price: level.price, depthBefore: isKnown ? depths[index] : new.start,
                depthAfter: level.depth, added: new.added - old.added, pulled: new.pulled - old.pulled,
                pulledAtRest: new.pulledAtRest - old.pulledAtRest, filled: new.filled - old.filled)
            let isSame =
                change.depthBefore == change.depthAfter && change.added == 0 && change.pulled == 0
                && change.filled == 0
            if !isSame { changes.append(change) }
        }
        return changes
    }
}

extension Book {
    fileprivate var sight: BookSight {
        BookSight(
            bestBid: best(BookSide.bid) == Price.none ? nil : best(BookSide.bid),
            bestAsk: best(BookSide.ask) == Price.none ? nil : best(BookSide.ask),
            lastTrade: lastTrade == Price.none ? nil : lastTrade, isValid: isValid)
    }

    /// Where an order rests; nil when it does not.
    fileprivate func place(of event: BookEvent) -> (side: UInt8, price: Int64)? {
        guard [BookAction.cancel, BookAction.modify, BookAction.fill].contains(event.action) else { return nil }
        let slot = orders.find(event.orderID)
        guard slot >= 0 else { return nil }
        let level = levels[Int(orders[slot].level)]
        return (level.side, level.price)
    }

    fileprivate func effect(
        since mark: borrowing BookMark, _ before: QualityCounters, _ after: QualityCounters,
        order: (side: UInt8, price: Int64)?
    ) -> RecordEffect {
        let sight = sight
        return RecordEffect(
            changes: mark.changes(to: self), counters: after.subtracting(before), order: order, flows: flows,
            bestBid: sight.bestBid, bestAsk: sight.bestAsk)
    }
}

extension QualityCounters {
    fileprivate func subtracting(_ other: QualityCounters) -> QualityCounters {
        var result = self
        result.records -= other.records
        result.lateRecords -= other.lateRecords
        result.duplicateAdds -= other.duplicateAdds
        result.overCancels -= other.overCancels
        result.unknownCancels -= other.unknownCancels
        result.unknownModifies -= other.unknownModifies
        result.unknownFills -= other.unknownFills
        result.aggressorFills -= other.aggressorFills
        result.unmatchedFillQuantity -= other.unmatchedFillQuantity
        result.badSide -= other.badSide
        result.badOrder -= other.badOrder
        result.lockedEvents -= other.lockedEvents
        result.crossedEvents -= other.crossedEvents
        result.clearedQuantity -= other.clearedQuantity
        return result
    }
}

extension ReplayEngine where Self: ~Copyable {
    /// Processes records without telling what they do.
    public mutating func replay(_ events: Span<Event>) throws(BookError) {
        var rows = ReplayRows<Snapshot, Flow>()
        var index = 0
        while try process(events, from: &index, into: &rows) == .rowsFull { rows.removeAll() }
    }

    /// Lets the windows pass until the current one holds `time`.
    public mutating func pass(to time: Int64) throws(BookError) {
        var rows = ReplayRows<Snapshot, Flow>()
        while try !pass(to: time, into: &rows) { rows.removeAll() }
    }
}

// MARK: - One instrument

extension MboEngine {
    /// Processes one record of the current window.
    ///
    /// - Returns: nil for a record of another publisher than the chosen one.
    /// - Complexity: O(levels touched in the window).
    public mutating func trace(_ event: BookEvent) throws(BookError) -> RecordEffect? {
        if let publisher = parameters.publisher, event.publisherID != publisher { return nil }
        var mark = BookMark()
        mark.set(to: book)
        let before = counters
        let order = book.place(of: event)
        try replay([event].span)
        return book.effect(since: mark, before, counters, order: order)
    }

    /// The book at this moment. Options have many: nil there.
    public var sight: BookSight? { book.sight }
}

// MARK: - Options

extension OptionBooks {
    /// The book of an instrument, −1 before its first record.
    fileprivate func existingBook(_ instrumentID: UInt32) -> Int {
        let entry = instruments.find(instrumentID)
        return entry < 0 ? -1 : Int(instruments[entry].book)
    }

    fileprivate func set(_ mark: inout BookMark, to instrumentID: UInt32) {
        let book = existingBook(instrumentID)
        if book >= 0 { mark.set(to: books[book]) }
    }
}

extension OptionMboEngine {
    /// As `MboEngine.trace`.
    public mutating func trace(_ event: BookEvent) throws(BookError) -> RecordEffect? {
        if let publisher = options.parameters.publisher, event.publisherID != publisher { return nil }
        var mark = BookMark()
        options.set(&mark, to: event.instrumentID)
        let before = options.counters
        let known = options.existingBook(event.instrumentID)
        let order = known < 0 ? nil : options.books[known].place(of: event)
        try replay([event].span)
        let book = options.existingBook(event.instrumentID)
        precondition(book >= 0, "a processed record has a book")
        return options.books[book].effect(since: mark, before, options.counters, order: order)
    }

    /// Books of many instruments have no common sight.
    public var sight: BookSight? { nil }
}

extension OptionQuoteEngine {
    /// As `MboEngine.trace`.
    public mutating func trace(_ quote: QuoteEvent) throws(BookError) -> RecordEffect? {
        if let publisher = options.parameters.publisher, quote.publisherID != publisher { return nil }
        var mark = BookMark()
        options.set(&mark, to: quote.instrumentID)
        let before = options.counters
        try replay([quote].span)
        let book = options.existingBook(quote.instrumentID)
        precondition(book >= 0, "a processed record has a book")
        return options.books[book].effect(since: mark, before, options.counters, order: nil)
    }

    /// Books of many instruments have no common sight.
    public var sight: BookSight? { nil }
}
