/// The actions of records on orders, quotes and depth. Source: spec/book.md §5.4, §5.5.

/// The times that decide how a change of depth is accounted.
struct AgeOfFlow: BitwiseCopyable {
    /// When an order inserted or renewed now enters the book.
    var entry: Int64
    /// An order that entered at this instant or before is at rest.
    var oldEnough: Int64
    /// An order that entered later than this is too young to rest at the window's end.
    var youngAfter: Int64

    @inline(__always)
    init(entry: Int64, oldEnough: Int64, youngAfter: Int64) {
        self.entry = entry
        self.oldEnough = oldEnough
        self.youngAfter = youngAfter
    }

    @inline(__always)
    init(_ event: BookEvent, _ clock: WindowClock) {
        entry = clock.entryTime(flags: event.flags, tsEvent: event.tsEvent)
        oldEnough = clock.now - Nanoseconds.rest
        youngAfter = clock.youngAfter
    }
}

extension Book {
    @inline(__always)
    mutating func add(
        _ event: BookEvent, _ clock: WindowClock, _ flows: Bool, _ counters: inout QualityCounters
    ) {
        guard event.side <= BookSide.bid else {
            counters.badSide += 1
            return
        }
        guard Price.isGood(event.price), event.size != 0 else {
            counters.badOrder += 1
            return
        }
        let age = AgeOfFlow(event, clock)
        let slot = orders.locate(event.orderID)
        if orders[slot].quantity != 0 {
            counters.duplicateAdds += 1
            take(orders[slot].quantity, from: slot, isMatched: false, age, flows, &counters)
        } else {
            orders.claim()
        }
        place(event, side: event.side, in: slot, age, flows)
    }

    @inline(__always)
    mutating func cancel(
        _ event: BookEvent, _ clock: WindowClock, _ flows: Bool, _ counters: inout QualityCounters
    ) {
        let slot = orders.find(event.orderID)
        guard slot >= 0 else {
            counters.unknownCancels += 1
            return
        }
        let quantity = orders[slot].quantity
        if event.size > quantity { counters.overCancels += 1 }
        let taken = event.size == 0 ? quantity : min(event.size, quantity)
        take(taken, from: slot, isMatched: true, AgeOfFlow(event, clock), flows, &counters)
        if taken == quantity { orders.remove(at: slot) }
    }

    @inline(__always)
    mutating func modify(
        _ event: BookEvent, _ clock: WindowClock, _ flows: Bool, _ counters: inout QualityCounters
    ) {
        let slot = orders.find(event.orderID)
        guard slot >= 0 else {
            counters.unknownModifies += 1
            add(event, clock, flows, &counters)
            return
        }
        let order = orders[slot]
        let age = AgeOfFlow(event, clock)
        if event.size == 0 {
            take(order.quantity, from: slot, isMatched: true, age, flows, &counters)
            orders.remove(at: slot)
            return
        }
        guard Price.isGood(event.price) else {
            counters.badOrder += 1
            return
        }
        let level = levels[Int(order.level)]
        let side = event.side <= BookSide.bid ? event.side : level.side
        if level.price != event.price || level.side != side {
            take(order.quantity, from: slot, isMatched: true, age, flows, &counters)
            place(event, side: side, in: slot, age, flows)
        } else {
            settle(event.size, at: slot, age, flows, &counters)
        }
    }

    @inline(__always)
    mutating func fill(_ event: BookEvent, _ clock: WindowClock, _ counters: inout QualityCounters) {
        if event.orderID != 0, event.orderID == aggressor {
            counters.aggressorFills += 1
            return
        }
        let slot = orders.find(event.orderID)
        guard slot >= 0 else {
            counters.unknownFills += 1
            return
        }
        let entry = orders[slot].pending
        if entry >= 0 {
            pending.add(Int64(event.size), to: entry, at: clock.now)
        } else if event.size != 0 {
            orders[slot].pending = pending.open(event.orderID, Int64(event.size), at: clock.now)
        }
    }

    /// A restated best quote of one side.
    mutating func addQuote(
        _ event: BookEvent, _ clock: WindowClock, _ flows: Bool, _ counters: inout QualityCounters
    ) {
        guard event.side <= BookSide.bid else {
            counters.badSide += 1
            return
        }
        let isEmpty = event.price == BookEvent.undefinedPrice || event.size == 0
        guard isEmpty || Price.isGood(event.price) else {
            counters.badOrder += 1
            return
        }
        restate(event.side, event.price, isEmpty ? 0 : event.size, AgeOfFlow(event, clock), flows, &counters)
    }

    /// R: everything vanishes without flow; the last trade is kept.
    mutating func clear(_ counters: inout QualityCounters) {
        counters.unmatchedFillQuantity += pending.closeAll()
        counters.clearedQuantity += totals[0] + totals[1]
        for side in 0..<2 {
            for rung in 0..<ladders[side].count {
                let slot = Int(ladders[side].rungs[rung].slot)
                let account = account(of: slot)
                accounts[account].young = 0
                levels[slot].depth = 0
            }
            ladders[side].removeAll()
            totals[side] = 0
            orderCounts[side] = 0
            quotes[side] = .none
        }
        orders.removeAll()
        isCrossed = false
    }
}

// MARK: Quotes

extension Book {
    /// States one side anew: `size` at `price`, or nothing when `size` is 0.
    mutating func restate(
        _ side: UInt8, _ price: Int64, _ size: UInt32, _ age: AgeOfFlow, _ flows: Bool,
        _ counters: inout QualityCounters
    ) {
        let quote = quotes[Int(side)]
        if size != 0, quote.quantity != 0, quote.price == price, orderCounts[Int(side)] == 0 {
            if size != quote.quantity { resize(side, quote, to: size, age, flows) }
            return
        }
        if totals[Int(side)] != 0 { takeSide(side, age, flows, &counters) }
        if size == 0 { return }
        let slot = levels.findOrMake(side, price)
        raise(slot, by: Int64(size), age, flows)
        quotes[Int(side)] = Quote(quantity: size, level: Int32(slot), price: price, tEnter: age.entry)
    }

    /// Adjusts the size of a quote that keeps its price.
    private mutating func resize(
        _ side: UInt8, _ quote: Quote, to size: UInt32, _ age: AgeOfFlow, _ flows: Bool
    ) {
        let slot = Int(quote.level)
        let old = Int64(quote.quantity)
        let change = Int64(size) - old
        let account = account(of: slot)
        levels[slot].depth += change
        totals[Int(side)] += change
        var renewed = quote
        renewed.quantity = size
        if change > 0 {
            if quote.tEnter > age.youngAfter { accounts[account].young -= old }
            if age.entry > age.youngAfter { accounts[account].young += Int64(size) }
            if flows { accounts[account].added += change }
            renewed.tEnter = age.entry
        } else {
            if quote.tEnter > age.youngAfter { accounts[account].young += change }
            if flows { accounts[account].pull(-change, isAtRest: quote.tEnter <= age.oldEnough) }
        }
        quotes[Int(side)] = renewed
    }

    /// Takes every order and the quote of one side, all of it pulled.
    private mutating func takeSide(
        _ side: UInt8, _ age: AgeOfFlow, _ flows: Bool, _ counters: inout QualityCounters
    ) {
        let quote = quotes[Int(side)]
        if quote.quantity != 0 {
            lower(Int(quote.level), by: Int64(quote.quantity), entered: quote.tEnter, matched: 0, age, flows)
            quotes[Int(side)] = .none
        }
        if orderCounts[Int(side)] == 0 { return }
        for slot in 0..<orders.slots.count {
            let order = orders[slot]
            guard order.quantity != 0, levels[Int(order.level)].side == side else { continue }
            take(order.quantity, from: slot, isMatched: false, age, flows, &counters)
            orders[slot].pending = Order.taken
        }
        orders.filter { $0.pending != Order.taken }
    }
}

// MARK: Quantities

extension Book {
    /// Takes `quantity` from an order. An order of which nothing is left stays in the table for the caller to
    /// remove or refill.
    @inline(__always)
    mutating func take(
        _ quantity: UInt32, from slot: Int, isMatched: Bool, _ age: AgeOfFlow, _ flows: Bool,
        _ counters: inout QualityCounters
    ) {
        let order = orders[slot]
        var matched: Int64 = 0
        if order.pending >= 0 {
            let waiting = pending[order.pending]
            if isMatched { matched = min(Int64(quantity), waiting) }
            if quantity == order.quantity || matched == waiting {
                counters.unmatchedFillQuantity += pending.close(order.pending) - matched
                orders[slot].pending = -1
            } else if matched > 0 {
                pending.reduce(order.pending, by: matched)
            }
        }
        if quantity == order.quantity {
            orderCounts[Int(levels[Int(order.level)].side)] -= 1
        } else {
            orders[slot].quantity = order.quantity - quantity
        }
        lower(Int(order.level), by: Int64(quantity), entered: order.tEnter, matched: matched, age, flows)
    }

    /// Puts the order of a record into its slot of the table and raises its level.
    @inline(__always)
    mutating func place(_ event: BookEvent, side: UInt8, in slot: Int, _ age: AgeOfFlow, _ flows: Bool) {
        let level = levels.findOrMake(side, event.price)
        orders[slot] = Order(
            id: event.orderID, tEnter: age.entry, quantity: event.size, level: Int32(level), pending: -1)
        orderCounts[Int(side)] += 1
        raise(level, by: Int64(event.size), age, flows)
    }

    /// A modify that keeps price and side: what was executed is filled, the rest of the change is added or pulled.
    @inline(__always)
    mutating func settle(
        _ size: UInt32, at slot: Int, _ age: AgeOfFlow, _ flows: Bool, _ counters: inout QualityCounters
    ) {
        let order = orders[slot]
        let old = Int64(order.quantity)
        let new = Int64(size)
        var matched: Int64 = 0
        if order.pending >= 0 {
            matched = min(old, pending[order.pending])
            counters.unmatchedFillQuantity += pending.close(order.pending) - matched
        }
        let change = new - (old - matched)
        let entered = change > 0 ? age.entry : order.tEnter
        orders[slot] = Order(id: order.id, tEnter: entered, quantity: size, level: order.level, pending: -1)

        let account = account(of: Int(order.level))
        levels[Int(order.level)].depth += new - old
        totals[Int(levels[Int(order.level)].side)] += new - old
        if order.tEnter > age.youngAfter { accounts[account].young -= old }
        if entered > age.youngAfter { accounts[account].young += new }
        if flows {
            accounts[account].filled += matched
            if change > 0 {
                accounts[account].added += change
            } else if change < 0 {
                accounts[account].pull(-change, isAtRest: order.tEnter <= age.oldEnough)
            }
        }
    }

    /// Raises a level by an order or a quote that enters now.
    @inline(__always)
    private mutating func raise(_ slot: Int, by quantity: Int64, _ age: AgeOfFlow, _ flows: Bool) {
        let account = account(of: slot)
        let level = levels[slot]
        levels[slot].depth = level.depth + quantity
        totals[Int(level.side)] += quantity
        if level.depth == 0 {
            ladders[Int(level.side)].insert(Ladder.goodness(level.side, level.price), slot: slot)
        }
        if flows { accounts[account].added += quantity }
        if age.entry > age.youngAfter { accounts[account].young += quantity }
    }

    /// Lowers a level by what leaves an order or a quote: `matched` of it was executed, the rest is pulled.
    @inline(__always)
    private mutating func lower(
        _ slot: Int, by quantity: Int64, entered: Int64, matched: Int64, _ age: AgeOfFlow, _ flows: Bool
    ) {
        let account = account(of: slot)
        let level = levels[slot]
        levels[slot].depth = level.depth - quantity
        totals[Int(level.side)] -= quantity
        if level.depth == quantity {
            ladders[Int(level.side)].remove(Ladder.goodness(level.side, level.price))
        }
        if entered > age.youngAfter { accounts[account].young -= quantity }
        if flows {
            accounts[account].filled += matched
            accounts[account].pull(quantity - matched, isAtRest: entered <= age.oldEnough)
        }
    }
}
