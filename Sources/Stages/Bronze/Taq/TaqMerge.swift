/// A trades file beside a book file: both as one stream by ts_recv, each in its own order. A trade follows the next T
/// record of its instrument in the book file that has the same ts_recv; if there is none, it precedes what is left of
/// the book records of that ts_recv. `seq` is the rank in the stream.
///
/// Source: spec/recorder.md 3.7.
struct TaqMerge: ~Copyable {
    private var book: TaqSide
    private var trades: TaqSide
    private var rank: Int64 = 0

    init(book: consuming TaqFeed, trades: consuming TaqFeed) {
        self.book = TaqSide(book)
        self.trades = TaqSide(trades)
    }

    var wasTruncated: Bool { book.feed.wasTruncated || trades.feed.wasTruncated }

    /// Records that repeat the end of a file before, of one partition.
    func repeats(of slot: Int) -> Int { book.feed.repeats[slot] + trades.feed.repeats[slot] }

    /// Hands out the whole stream.
    ///
    /// - Parameter progress: is told of records taken, once a block.
    mutating func drain(_ body: (TaqEvent) throws -> Void, progress: (Int) throws -> Void) throws {
        while let trade = try trades.head(progress) {
            let time = trades.time(of: trade)
            while let record = try book.head(progress), book.time(of: record) < time { try emitBook(body) }
            if let record = try book.head(progress), book.time(of: record) == time {
                let match = try book.firstTrade(of: trade.instrumentID, at: time, progress)
                for _ in 0..<(match.map { $0 + 1 } ?? 0) { try emitBook(body) }
            }
            try emit(trades.take(), body)
        }
        while try book.head(progress) != nil { try emitBook(body) }
    }

    private mutating func emitBook(_ body: (TaqEvent) throws -> Void) throws {
        var event = book.take()
        // The trades come from the other file.
        event.kind.remove(.trade)
        try emit(event, body)
    }

    private mutating func emit(_ event: TaqEvent, _ body: (TaqEvent) throws -> Void) throws {
        var event = event
        event.seq = rank
        rank += 1
        try body(event)
    }
}

/// One file of a merge, with as many events in memory as the merge has to look ahead.
private struct TaqSide: ~Copyable {
    var feed: TaqFeed
    private var events: [TaqEvent] = []
    private var position = 0
    /// ts_recv of the event last taken, which counts for one without.
    private var lastTime = Int64.min
    private var isAtEnd = false

    init(_ feed: consuming TaqFeed) {
        self.feed = feed
    }

    /// The next event; nil at the end.
    mutating func head(_ progress: (Int) throws -> Void) throws -> TaqEvent? {
        try load(1, progress) ? events[position] : nil
    }

    /// The time at which the next event stands in the merge.
    func time(of head: TaqEvent) -> Int64 { head.tsRecv == TaqEvent.noTime ? lastTime : head.tsRecv }

    mutating func take() -> TaqEvent {
        let event = events[position]
        lastTime = time(of: event)
        position += 1
        return event
    }

    /// How many events stand before the next trade of an instrument with that time; nil when there is none.
    mutating func firstTrade(
        of instrument: UInt32, at time: Int64, _ progress: (Int) throws -> Void
    ) throws -> Int? {
        var ahead = 0
        while try load(ahead + 1, progress) {
            let event = events[position + ahead]
            // An event without a time has that of the one before, which has this one.
            guard event.tsRecv == time || event.tsRecv == TaqEvent.noTime else { return nil }
            if event.kind.contains(.trade), event.instrumentID == instrument { return ahead }
            ahead += 1
        }
        return nil
    }

    /// Has at least `count` events in memory; false when there are not so many left.
    private mutating func load(_ count: Int, _ progress: (Int) throws -> Void) throws -> Bool {
        while events.count - position < count {
            guard !isAtEnd else { return false }
            guard try feed.next() else {
                isAtEnd = true
                return false
            }
            try progress(feed.events.count)
            events.removeFirst(position)
            position = 0
            events += feed.events
        }
        return true
    }
}
