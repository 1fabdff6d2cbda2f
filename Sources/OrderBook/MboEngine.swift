import Columnar

/// Replays the orders of one instrument and measures one-second windows: `book_snapshot_1s`,
/// `depth_and_flow_1s` and `book_quality_1s` of future_mbo and equity_mbo. Source: spec/book.md §4 to §7, §9.
///
/// Records come in blocks, in partition order; rows leave through `WindowRows`, which the caller drains. Memory is
/// bounded by the live orders and the prices in use.
public struct MboEngine: ReplayEngine, ~Copyable {
    public let parameters: BookParameters
    public private(set) var stoppedAt: Int?
    /// Records taken from the caller so far, other publishers' included.
    private var recordsTaken = 0

    /// Whether the partition holds a record with a time; without one there are no windows.
    let hasTime: Bool
    var clock: WindowClock
    var book: Book
    var counters = QualityCounters()
    /// Number of the anchor's lattice cell in the current window; nil = unresolved.
    var spotCell: Int64?
    /// Touched levels without depth at the end of a window: scratch of the rows.
    var emptied = Buffer<EmptiedLevel>()

    /// - Parameter firstTime: `PartitionScan.firstTime` of the same records.
    /// - Parameter parameters: of the stage.
    public init(_ parameters: BookParameters, firstTime: Int64?) throws(BookError) {
        try parameters.check()
        self.parameters = parameters
        hasTime = firstTime != nil
        clock = WindowClock(
            outputStart: parameters.outputStart, outputEnd: parameters.outputEnd, firstTime: firstTime ?? 0)
        book = Book(
            isSeeded: parameters.assumeComplete, latticeStep: parameters.latticeStep,
            youngAfter: clock.youngAfter)
        openWindow()
    }

    public var outputEnd: Int64 { parameters.outputEnd }

    public mutating func process(
        _ events: Span<BookEvent>, from index: inout Int, into rows: inout WindowRows
    ) throws(BookError) -> BlockProgress {
        if stoppedAt != nil { return .stopped }
        let first = index
        let taken = recordsTaken
        defer { recordsTaken = taken + index - first }
        if !hasTime {
            index = events.count
            return .consumed
        }
        let ahead = 8
        while index < events.count {
            if book.orders.isLarge, index + ahead < events.count {
                book.orders.prefetch(events[index + ahead].orderID)
            }
            let event = events[index]
            if let publisher = parameters.publisher, event.publisherID != publisher {
                index += 1
                continue
            }
            let time = clock.effectiveTime(of: event)
            if time >= clock.end {
                if time >= parameters.outputEnd {
                    stoppedAt = taken + index - first
                    return .stopped
                }
                guard try pass(to: time, into: &rows) else { return .rowsFull }
            } else if time < clock.start {
                counters.lateRecords += 1
            }
            if time > clock.now { clock.now = time }
            if event.flags & BookFlags.aggregatedLevel != 0 {
                throw .aggregatedLevel(record: taken + index - first)
            }
            counters.records += 1
            book.apply(event, clock, &counters)
            index += 1
        }
        return .consumed
    }

    @inline(never)
    public mutating func pass(to time: Int64, into rows: inout WindowRows) throws(BookError) -> Bool {
        guard hasTime else { return true }
        while time >= clock.end && !clock.isPast {
            if rows.isFull { return false }
            let isIdle = counters.records == 0
            let next = clock.next(towards: time, isIdle: isIdle)
            // In a step over several idle windows the last of them decides what has expired.
            let residual = try book.closeWindow(at: next, instrument: nil, &counters)
            if clock.isOutput { writeRows(residual: residual, into: &rows) }
            clock.open(at: next)
            openWindow()
        }
        return true
    }

    /// Fixes what a window takes from its opening.
    private mutating func openWindow() {
        book.openWindow(youngAfter: clock.youngAfter)
        counters = QualityCounters()
        let anchor = book.anchor
        let cell = anchor == Price.none ? 0 : latticeCell(anchor, step: parameters.latticeStep)
        spotCell = cell == 0 ? nil : cell
    }
}

// MARK: What the book shows between records

extension MboEngine {
    /// Best bid, 1e-9; nil = no bid.
    public var bestBid: Int64? { book.best(BookSide.bid) == Price.none ? nil : book.best(BookSide.bid) }
    /// Best ask, 1e-9; nil = no ask.
    public var bestAsk: Int64? { book.best(BookSide.ask) == Price.none ? nil : book.best(BookSide.ask) }
    /// Price of the last trade, 1e-9.
    public var lastTrade: Int64? { book.lastTrade == Price.none ? nil : book.lastTrade }
    /// Whether the book is seeded, not recovering and not suspect.
    public var isValid: Bool { book.isValid }
    /// Orders and best quotes on the book.
    public var orderCount: Int {
        book.orders.count + (book.quotes[0].quantity > 0 ? 1 : 0) + (book.quotes[1].quantity > 0 ? 1 : 0)
    }

    /// Quantity resting at an exact price.
    public func quantity(_ side: UInt8, at price: Int64) -> Int64 { book.depth(side, price) }

    /// All prices of a side with their quantities, best first. O(prices)
    public func depth(_ side: UInt8) -> [(price: Int64, quantity: Int64)] {
        var result: [(price: Int64, quantity: Int64)] = []
        var index = book.ladders[Int(side)].count
        while index > 0 {
            index -= 1
            let level = book.levels[Int(book.ladders[Int(side)].rungs[index].slot)]
            result.append((level.price, level.depth))
        }
        return result
    }
}
