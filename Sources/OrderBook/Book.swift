import Columnar

/// The order book of one instrument of one publisher, with the flows of the current window.
///
/// The engines own books, advance the clock and the windows, and read what a window left behind; the book applies
/// records. Source: spec/book.md §5.
///
/// Invariants: a level's depth is the sum of its orders and of the side's quote; `totals` are the sums of the
/// depths; a ladder holds exactly the levels with depth; whatever changes a depth first opens the level's account,
/// which thereby measures the depth at the window's start.
struct Book: ~Copyable {
    /// Orders with an id. A best quote of an F_TOB publisher has none: it stands in `quotes`.
    var orders = OrderTable()
    var levels: LevelTable
    /// By side.
    var ladders: InlineArray<2, Ladder> = InlineArray { _ in Ladder() }
    var pending = PendingFills()
    /// Total depth by side.
    var totals: InlineArray<2, Int64> = [0, 0]
    var quotes: InlineArray<2, Quote> = [.none, .none]
    /// L: price of the last trade, or `Price.none`.
    var lastTrade = Price.none
    /// Order id of the latest trade record, 0 if none.
    var aggressor: UInt64 = 0

    var state: BookState
    /// Best bid above best ask at the last event boundary.
    var isCrossed = false
    /// The states seen at any moment of the current window.
    var seen = WindowFlags()
    /// Whether the current window holds a snapshot record of this book.
    var hasSnapshotRecord = false
    /// Whether a snapshot was ever completed.
    var hasCompletedSnapshot = false

    /// What happened in the current window, one account a touched level.
    var accounts = Buffer<Account>()
    /// Best goodness by side when the window opened.
    var bestAtStart: InlineArray<2, Int64> = [Ladder.none, Ladder.none]

    /// The clock at the current record.
    var now = Instant.earliest
    /// When an order that the current record inserts or renews enters the book.
    var entry = Instant.earliest
    /// Whether the current record flows.
    var flows = true
    /// An order that entered later than this is too young to rest at the end of the current window.
    var youngAfter: Int64

    /// - Parameters:
    ///   - latticeStep: q of the lattice, or 0 for a book without one.
    ///   - youngAfter: `WindowClock.youngAfter` of the current window.
    init(isSeeded: Bool, latticeStep: Int64, youngAfter: Int64) {
        self.youngAfter = youngAfter
        levels = LevelTable(step: latticeStep)
        state = isSeeded ? [] : .unseeded
    }
}

/// The best quote of one side as an F_TOB publisher gives it.
struct Quote: BitwiseCopyable {
    /// 0 = no quote.
    var quantity: UInt32
    var level: Int32
    var price: Int64
    var tEnter: Int64

    static let none = Quote(quantity: 0, level: 0, price: 0, tEnter: 0)
}

/// Why a book is not valid. Source: spec/book.md §5.1, §5.3.
struct BookState: OptionSet {
    var rawValue: UInt8
    static let unseeded = BookState(rawValue: 1)
    static let recoveringReset = BookState(rawValue: 2)
    static let recoveringSnapshot = BookState(rawValue: 4)
    static let suspect = BookState(rawValue: 8)

    static let recovering: BookState = [.recoveringReset, .recoveringSnapshot]

    var isRecovering: Bool { !isDisjoint(with: .recovering) }

    /// What the window has to remember of this moment.
    var flags: WindowFlags {
        var flags = WindowFlags()
        if contains(.suspect) { flags.insert(.badBook) }
        if isRecovering { flags.insert(.recovering) }
        if self == .unseeded { flags.insert(.unseeded) }
        return flags
    }
}

/// What was true at some moment of a window, in the priority of `WindowReason`.
struct WindowFlags: OptionSet {
    var rawValue: UInt8
    static let badBook = WindowFlags(rawValue: 1)
    static let recovering = WindowFlags(rawValue: 2)
    static let unseeded = WindowFlags(rawValue: 4)
    static let crossed = WindowFlags(rawValue: 8)
    static let underlying = WindowFlags(rawValue: 16)

    /// The flags that invalidate under a policy.
    func under(_ policy: CrossedPolicy) -> WindowFlags {
        policy == .invalidate ? self : subtracting(.crossed)
    }

    var reason: WindowReason {
        if contains(.badBook) { return .badBook }
        if contains(.recovering) { return .recovering }
        if contains(.unseeded) { return .unseeded }
        if contains(.crossed) { return .crossed }
        if contains(.underlying) { return .underlying }
        return .ok
    }
}

// MARK: What a book shows

extension Book {
    /// Valid at this moment.
    var isValid: Bool { state.isEmpty }

    /// Best price of a side, or `Price.none`.
    func best(_ side: UInt8) -> Int64 {
        let ladder = Int(side)
        if ladders[ladder].count == 0 { return Price.none }
        return Ladder.goodness(side, ladders[ladder].best)
    }

    /// Total quantity at the best price of a side; 0 where there is none.
    func bestQuantity(_ side: UInt8) -> Int64 {
        let count = ladders[Int(side)].count
        return count == 0 ? 0 : levels[Int(ladders[Int(side)].rungs[count - 1].slot)].depth
    }

    /// Depth of an exact price, 0 where there is none.
    func depth(_ side: UInt8, _ price: Int64) -> Int64 {
        let slot = levels.find(side, price)
        return slot < 0 ? 0 : levels[slot].depth
    }

    /// The raw anchor of spec/book.md §6.2, or `Price.none`.
    var anchor: Int64 {
        let bid = best(BookSide.bid)
        let ask = best(BookSide.ask)
        if bid != Price.none, ask != Price.none {
            if lastTrade == Price.none { return bid }
            return abs(ask - lastTrade) < abs(bid - lastTrade) ? ask : bid
        }
        if bid == Price.none, ask == Price.none { return lastTrade }
        let side = bid != Price.none ? BookSide.bid : BookSide.ask
        if lastTrade != Price.none, depth(side, lastTrade) > 0 { return lastTrade }
        return max(bid, ask)
    }
}

// MARK: Records

extension Book {
    /// Applies one order record: spec/book.md §5.2, steps 2 to 5. The clock stands at the record.
    @inline(__always)
    mutating func apply(_ event: BookEvent, _ clock: WindowClock, _ counters: inout QualityCounters) {
        now = clock.now
        entry = clock.entryTime(flags: event.flags, tsEvent: event.tsEvent)
        if pending.oldest < now - Nanoseconds.pending { expirePending(at: now, &counters) }

        let exceptional = BookFlags.snapshot | BookFlags.maybeBadBook
        if event.flags & exceptional != 0 || event.action == BookAction.clear || !state.isEmpty {
            updateState(flags: event.flags, isClear: event.action == BookAction.clear)
            flows = !state.isRecovering
        } else {
            flows = true
        }

        switch event.action {
        case BookAction.add:
            if event.flags & BookFlags.topOfBook == 0 {
                add(event.orderID, event.side, event.price, event.size, &counters)
            } else {
                addQuote(event.side, event.price, event.size, &counters)
            }
        case BookAction.cancel: cancel(event.orderID, event.size, &counters)
        case BookAction.modify: modify(event.orderID, event.side, event.price, event.size, &counters)
        case BookAction.fill: fill(event.orderID, event.size, &counters)
        case BookAction.trade:
            if Price.isGood(event.price) { lastTrade = event.price }
            aggressor = event.orderID
        case BookAction.clear: clear(&counters)
        default: break
        }

        if event.flags & BookFlags.last != 0 { endEvent(&counters) }
    }

    /// Applies one consolidated quote record: spec/book.md §8.4. The clock of such a book stands still, so that
    /// nothing in it is ever young or at rest: a quote has no age.
    mutating func apply(_ event: QuoteEvent, _ counters: inout QualityCounters) {
        let isClear = event.action == BookAction.clear
        flows = !isClear && event.flags & BookFlags.snapshot == 0
        state = event.flags & BookFlags.maybeBadBook != 0 ? .suspect : []
        seen.formUnion(state.flags)
        if !flows { seen.insert(.recovering) }

        if isClear {
            clear(&counters)
        } else {
            restate(
                BookSide.bid, event.bidPrice, Price.isGood(event.bidPrice) ? event.bidSize : 0, &counters)
            restate(
                BookSide.ask, event.askPrice, Price.isGood(event.askPrice) ? event.askSize : 0, &counters)
        }
        endEvent(&counters)
    }

    /// Step 3: seeding, recovery and suspicion.
    @inline(never)
    private mutating func updateState(flags: UInt8, isClear: Bool) {
        let isSnapshot = flags & BookFlags.snapshot != 0
        if isSnapshot { hasSnapshotRecord = true }
        if isClear {
            state.subtract([.suspect, .recovering])
            state.insert(isSnapshot ? .recoveringSnapshot : .recoveringReset)
        } else if isSnapshot {
            if !state.isRecovering { state.remove(.suspect) }
            state.remove(.recoveringReset)
            state.insert(.recoveringSnapshot)
        } else if state.contains(.recoveringSnapshot) {
            endRecovery()
        }
        if flags & BookFlags.maybeBadBook != 0 { state.insert(.suspect) }
        seen.formUnion(state.flags)
    }

    mutating func endRecovery() {
        if state.contains(.recoveringSnapshot) { hasCompletedSnapshot = true }
        state.subtract([.recovering, .unseeded])
    }

    /// Step 5: an event boundary.
    @inline(__always)
    private mutating func endEvent(_ counters: inout QualityCounters) {
        if state.isRecovering { endRecovery() }
        // Positive when the bid is above the ask, 0 when they are equal, negative also where a side is empty.
        let overlap = ladders[Int(BookSide.bid)].best + ladders[Int(BookSide.ask)].best
        if overlap < 0 {
            isCrossed = false
            return
        }
        isCrossed = overlap > 0
        if isCrossed {
            counters.crossedEvents += 1
            seen.insert(.crossed)
        } else {
            counters.lockedEvents += 1
        }
    }

    /// Drops the entries that waited too long. Source: spec/book.md §5.6.
    @inline(never)
    mutating func expirePending(at now: Int64, _ counters: inout QualityCounters) {
        while pending.oldest < now - Nanoseconds.pending {
            let slot = orders.find(pending.oldestOrder)
            precondition(slot >= 0, "a pending fill without an order")
            counters.unmatchedFillQuantity += pending.close(pending.oldestEntry)
            orders[slot].pending = -1
        }
    }
}
