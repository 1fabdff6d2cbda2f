/// Drives one instrument's book: who adds, cancels, modifies and trades, event by event, around a fair price.
///
/// Invariant: outside an opening auction the book is neither crossed nor locked at the end of an event. The
/// records follow the venue's conventions, see `Venue`.
final class OrderFlow {
    /// How a venue reports what happens to orders.
    enum Venue {
        /// CME Globex: a trade is T and F in one message, and C (filled) or M (partly filled, or refilled
        /// from a reserve) in the next; M changes size and price and keeps the id.
        case globex
        /// Nasdaq TotalView-ITCH: an execution is T, F and a C of the executed size; a smaller size is a C of
        /// the difference; a new price is a C of the old order and an A of a new one.
        case nasdaq
    }

    struct Settings {
        var venue = Venue.globex
        /// Resting orders that the flow keeps.
        var orders = 700
        /// Mean distance of a new order from the best price, ticks.
        var depth = 9
        /// The farthest of them, ticks.
        var farthest = 300
        /// Sizes of new orders; each is as likely as it stands here.
        var sizes = [1, 1, 1, 1, 1, 1, 2, 2, 3, 4, 5, 5, 10, 15, 20, 50]
        /// Sizes of marketable orders.
        var takes = [1, 1, 1, 1, 2, 2, 3, 4, 6, 8, 12, 20, 45]
        /// Orders of 1000 that hide a reserve.
        var icebergs = 15
        /// Events of 1000 that are trades.
        var trades = 30
    }

    let book: SimulatedBook
    let tape: Tape
    let settings: Settings
    var random: Random
    /// Fair price in thousandths of a tick.
    let fair: (Int64) -> Int
    private var nextID: UInt64
    /// One side at a time, when an event's records are made.
    typealias Side = SimulatedBook.Side

    init(
        book: SimulatedBook, tape: Tape, settings: Settings, firstID: UInt64, random: Random,
        fair: @escaping (Int64) -> Int
    ) {
        self.book = book
        self.tape = tape
        self.settings = settings
        self.random = random
        self.fair = fair
        self.nextID = firstID
    }

    func newID() -> UInt64 {
        nextID += UInt64(1 + random.below(11))
        return nextID
    }

    /// Fills the book before the first record.
    func open(at time: Int64) {
        let middle = fair(time) / 1000
        for side in [Side.bid, .ask] {
            for index in 0..<settings.orders / 2 {
                let near = 1 + random.exponential(mean: settings.depth)
                let far = 1 + random.below(settings.farthest)
                let distance = min(settings.farthest, index % 5 < 3 ? near : far)
                let tick = middle - side.direction * distance
                guard book.contains(tick), tick > 0 else { continue }
                rest(
                    side, tick, random.pick(settings.sizes), at: time - Int64(random.below(3_600_000_000_000))
                )
            }
        }
    }

    /// Plays a stretch of continuous trading; about `records` records, the first event a trade.
    func play(from start: Int64, to end: Int64, records: Int) {
        let first = tape.records.count
        var time = start
        var isFirst = true
        while true {
            let left = records - (tape.records.count - first)
            guard left > 0 else { return }
            // An event has about five records for every four.
            time += 1000 + Int64(random.burst(mean: Int(end - time) / max(1, left * 4 / 5)))
            guard time < end else { return }
            step(at: time, mustTrade: isFirst)
            isFirst = false
        }
    }

    /// One event.
    private func step(at time: Int64, mustTrade: Bool) {
        guard let bid = book.best[0], let ask = book.best[1], book.count(.bid) > 3, book.count(.ask) > 3
        else {
            return replenish(at: time)
        }
        let fair = fair(time)
        if mustTrade { return trade(random.perMille(500) ? .bid : .ask, at: time) }
        // The fair price has left the quotes: somebody takes them, or those who made them step back.
        if bid * 1000 > fair + 400 { return press(.bid, at: time) }
        if ask * 1000 < fair - 400 { return press(.ask, at: time) }
        let draw = random.below(1000)
        // Withdrawals of many orders at once are made good by and by.
        let missing = (settings.orders - book.resting.count) * 1000 / settings.orders
        let adds = min(800, max(300, 450 + missing))
        switch draw {
        case ..<adds: add(at: time, bid: bid, ask: ask)
        case ..<(920 - settings.trades / 2): cancel(at: time)
        case ..<(1000 - settings.trades): modify(at: time, bid: bid, ask: ask)
        case 999 where settings.venue == .globex: crossWithResting(at: time)
        default: trade(random.perMille(500 + (fair - (bid + ask) * 500) / 4) ? .bid : .ask, at: time)
        }
    }

    /// Orders of `side` stand beyond the fair price.
    private func press(_ side: Side, at time: Int64) {
        if random.perMille(350) { return trade(side.other, at: time) }
        retreat(side, at: time)
    }
}

// MARK: - Making and taking

extension OrderFlow {
    @discardableResult
    func rest(_ side: Side, _ tick: Int, _ size: Int, id: UInt64? = nil, at time: Int64) -> Int {
        var reserve = 0
        if settings.venue == .globex, id == nil, random.perMille(settings.icebergs) {
            reserve = size * random.within(2...6)
        }
        return book.insert(
            SimulatedBook.Order(
                id: id ?? newID(), side: side, tick: tick, size: size, reserve: reserve, peak: size,
                entered: time))
    }

    /// A tick for a new order: near the best price, sometimes inside the spread, never against the other
    /// side.
    private func place(_ side: Side, bid: Int, ask: Int, fair: Int) -> Int {
        if ask - bid > 1, random.perMille(450) {
            return min(ask - 1, max(bid + 1, fair / 1000 - side.direction * random.below(2)))
        }
        let best = side == .bid ? bid : ask
        let distance =
            random.perMille(80) ? random.below(settings.farthest) : random.exponential(mean: settings.depth)
        return min(book.highest, max(1, best - side.direction * min(settings.farthest, distance)))
    }

    private func add(at time: Int64, bid: Int, ask: Int) {
        let side: Side = random.perMille(500) ? .bid : .ask
        emitAdd(
            side, place(side, bid: bid, ask: ask, fair: fair(time)), random.pick(settings.sizes), at: time)
    }

    private func emitAdd(_ side: Side, _ tick: Int, _ size: Int, at time: Int64) {
        guard book.contains(tick) else { return }
        tape.beginEvent(at: time)
        let slot = rest(side, tick, size, at: time)
        tape.emit("A", side.code, tick: tick, size: size, id: book.orders[slot].id)
        tape.endEvent()
    }

    /// A side has run dry: somebody quotes around the fair price.
    private func replenish(at time: Int64) {
        let side: Side = book.count(.bid) <= book.count(.ask) ? .bid : .ask
        let middle = fair(time) / 1000
        var tick = middle - side.direction * (1 + random.exponential(mean: settings.depth))
        if side == .bid, let ask = book.best[1] { tick = min(tick, ask - 1) }
        if side == .ask, let bid = book.best[0] { tick = max(tick, bid + 1) }
        if side == .ask { tick = max(1, tick) }
        // Worth less than a tick: nobody bids.
        guard tick >= 1 else {
            if book.resting.count > settings.orders { return cancel(at: time) }
            let lowest = (book.best[0] ?? 0) + 1
            return emitAdd(
                .ask, lowest + random.exponential(mean: settings.depth), random.pick(settings.sizes), at: time
            )
        }
        emitAdd(side, tick, random.pick(settings.sizes), at: time)
    }

    private func cancel(at time: Int64) {
        guard book.resting.count > 12 else { return }
        // Now and then one participant withdraws many orders at once.
        let many = random.perMille(8) ? min(book.resting.count / 10, 2 + random.below(60)) : 1
        tape.beginEvent(at: time)
        for _ in 0..<max(1, many) { emitCancel(drawResting()) }
        tape.endEvent()
    }

    /// Mostly one of the latest orders: they live shortest.
    private func drawResting() -> Int {
        let count = book.resting.count
        if random.perMille(700) {
            let recent = min(count, 200)
            return book.resting[count - 1 - random.below(recent) * random.below(recent) / recent]
        }
        return book.resting[random.below(count)]
    }

    private func emitCancel(_ slot: Int) {
        let order = book.orders[slot]
        tape.emit("C", order.side.code, tick: order.tick, size: order.size, id: order.id)
        book.remove(slot)
    }

    private func modify(at time: Int64, bid: Int, ask: Int) {
        let slot = drawResting()
        let order = book.orders[slot]
        tape.beginEvent(at: time)
        let draw = random.below(100)
        if draw < 35, order.size > 1 {
            emitSmaller(slot, by: 1 + random.below(order.size - 1))
        } else if draw < 55 {
            emitChange(slot, tick: order.tick, size: order.size + random.pick(settings.sizes), at: time)
        } else {
            var tick = order.tick + (random.perMille(500) ? 1 : -1) * random.within(1...3)
            tick = order.side == .bid ? min(tick, ask - 1) : max(tick, bid + 1)
            tick = min(book.highest, max(1, tick))
            // At one tick a bid cannot step below the offer.
            if order.side == .bid, tick >= ask { tick = order.tick }
            emitChange(slot, tick: tick, size: order.size, at: time)
        }
        tape.endEvent()
    }

    /// A smaller size keeps its place in the queue.
    private func emitSmaller(_ slot: Int, by less: Int) {
        let order = book.orders[slot]
        book.resize(slot, to: order.size - less)
        switch settings.venue {
        case .globex: tape.emit("M", order.side.code, tick: order.tick, size: order.size - less, id: order.id)
        case .nasdaq: tape.emit("C", order.side.code, tick: order.tick, size: less, id: order.id)
        }
    }

    /// Another price or a larger size goes to the end of the queue.
    private func emitChange(_ slot: Int, tick: Int, size: Int, at time: Int64) {
        let order = book.orders[slot]
        book.requeue(slot, tick: tick, size: size, at: time)
        switch settings.venue {
        case .globex: tape.emit("M", order.side.code, tick: tick, size: size, id: order.id)
        case .nasdaq:
            tape.emit("C", order.side.code, tick: order.tick, size: order.size, id: order.id)
            book.rename(slot, newID())
            tape.emit("A", order.side.code, tick: tick, size: size, id: book.orders[slot].id)
        }
    }

    /// The best level of a side steps back behind the fair price, or goes.
    private func retreat(_ side: Side, at time: Int64) {
        guard let best = book.best[side.rawValue] else { return }
        let target = fair(time) / 1000 - side.direction
        let nearest = side == .bid ? min(best - 1, target) : max(best + 1, target)
        tape.beginEvent(at: time)
        var slot = book.first(side, best)
        while slot >= 0 {
            let order = book.orders[slot]
            let tick = nearest - side.direction * random.exponential(mean: 2)
            if book.contains(tick), tick >= 1, random.perMille(600) || book.count(side) <= 6 {
                emitChange(slot, tick: tick, size: order.size, at: time)
            } else {
                emitCancel(slot)
            }
            slot = order.next
        }
        tape.endEvent()
    }
}
