/// The actions of records on orders, quotes and depth. Source: spec/book.md §5.4, §5.5.

extension Book {
    @inline(__always)
    mutating func add(
        _ id: UInt64, _ side: UInt8, _ price: Int64, _ size: UInt32, _ counters: inout QualityCounters
    ) {
        guard side <= BookSide.bid else {
            counters.badSide += 1
            return
        }
        guard Price.isGood(price), size != 0 else {
            counters.badOrder += 1
            return
        }
        let slot = orders.locate(id)
        if orders[slot].quantity != 0 {
            counters.duplicateAdds += 1
            take(orders[slot].quantity, from: slot, isMatched: false, &counters)
        } else {
            orders.claim()
        }
        place(id, side, price, size, in: slot)
    }

    @inline(__always)
    mutating func cancel(_ id: UInt64, _ size: UInt32, _ counters: inout QualityCounters) {
        let slot = orders.find(id)
        guard slot >= 0 else {
            counters.unknownCancels += 1
            return
        }
        let quantity = orders[slot].quantity
        if size > quantity { counters.overCancels += 1 }
        let taken = size == 0 ? quantity : min(size, quantity)
        take(taken, from: slot, isMatched: true, &counters)
        if taken == quantity { orders.remove(at: slot) }
    }

    @inline(__always)
    mutating func modify(
        _ id: UInt64, _ side: UInt8, _ price: Int64, _ size: UInt32, _ counters: inout QualityCounters
    ) {
        let slot = orders.find(id)
        guard slot >= 0 else {
            counters.unknownModifies += 1
            add(id, side, price, size, &counters)
            return
        }
        let order = orders[slot]
        if size == 0 {
            take(order.quantity, from: slot, isMatched: true, &counters)
            orders.remove(at: slot)
            return
        }
        guard Price.isGood(price) else {
            counters.badOrder += 1
            return
        }
        let level = levels[Int(order.level)]
        let side = side <= BookSide.bid ? side : level.side
        if level.price != price || level.side != side {
            take(order.quantity, from: slot, isMatched: true, &counters)
            place(id, side, price, size, in: slot)
        } else {
            settle(size, at: slot, &counters)
        }
    }

    @inline(__always)
    mutating func fill(_ id: UInt64, _ size: UInt32, _ counters: inout QualityCounters) {
        if id != 0, id == aggressor {
            counters.aggressorFills += 1
            return
        }
        let slot = orders.find(id)
        guard slot >= 0 else {
            counters.unknownFills += 1
            return
        }
        let entry = orders[slot].pending
        if entry >= 0 {
            pending.add(Int64(size), to: entry, at: now)
        } else if size != 0 {
            orders[slot].pending = pending.open(id, Int64(size), at: now)
        }
    }

    /// A restated best quote of one side.
    mutating func addQuote(
        _ side: UInt8, _ price: Int64, _ size: UInt32, _ counters: inout QualityCounters
    ) {
        guard side <= BookSide.bid else {
            counters.badSide += 1
            return
        }
        let isEmpty = price == BookEvent.undefinedPrice || size == 0
        guard isEmpty || Price.isGood(price) else {
            counters.badOrder += 1
            return
        }
        restate(side, price, isEmpty ? 0 : size, &counters)
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
        _ side: UInt8, _ price: Int64, _ size: UInt32,
        _ counters: inout QualityCounters
    ) {
        let quote = quotes[Int(side)]
        let isAlone = quote.quantity != 0 && totals[Int(side)] == Int64(quote.quantity)
        if size != 0, isAlone, quote.price == price {
            if size != quote.quantity { resize(side, quote, to: size) }
            return
        }
        if totals[Int(side)] != 0 { takeSide(side, &counters) }
        if size == 0 { return }
        let slot = levels.findOrMake(side, price)
        raise(slot, by: Int64(size))
        quotes[Int(side)] = Quote(quantity: size, level: Int32(slot), price: price, tEnter: entry)
    }

    /// Adjusts the size of a quote that keeps its price.
    private mutating func resize(
        _ side: UInt8, _ quote: Quote, to size: UInt32
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
            if quote.tEnter > youngAfter { accounts[account].young -= old }
            if entry > youngAfter { accounts[account].young += Int64(size) }
            if flows { accounts[account].added += change }
            renewed.tEnter = entry
        } else {
            if quote.tEnter > youngAfter { accounts[account].young += change }
            if flows { accounts[account].pull(-change, isAtRest: quote.tEnter <= now - Nanoseconds.rest) }
        }
        quotes[Int(side)] = renewed
    }

    /// Takes every order and the quote of one side, all of it pulled.
    private mutating func takeSide(
        _ side: UInt8, _ counters: inout QualityCounters
    ) {
        let quote = quotes[Int(side)]
        if quote.quantity != 0 {
            lower(Int(quote.level), by: Int64(quote.quantity), entered: quote.tEnter, matched: 0)
            quotes[Int(side)] = .none
        }
        if totals[Int(side)] == 0 { return }
        for slot in 0..<orders.slots.count {
            let order = orders[slot]
            guard order.quantity != 0, levels[Int(order.level)].side == side else { continue }
            take(order.quantity, from: slot, isMatched: false, &counters)
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
        _ quantity: UInt32, from slot: Int, isMatched: Bool,
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
        if quantity != order.quantity { orders[slot].quantity = order.quantity - quantity }
        lower(Int(order.level), by: Int64(quantity), entered: order.tEnter, matched: matched)
    }

    /// Puts an order into its slot of the table and raises its level.
    @inline(__always)
    mutating func place(_ id: UInt64, _ side: UInt8, _ price: Int64, _ size: UInt32, in slot: Int) {
        let level = levels.findOrMake(side, price)
        orders[slot] = Order(
            id: id, tEnter: entry, quantity: size, level: Int32(truncatingIfNeeded: level), pending: -1)
        raise(level, by: Int64(size))
    }

    /// A modify that keeps price and side: what was executed is filled, the rest of the change is added or pulled.
    @inline(__always)
    mutating func settle(
        _ size: UInt32, at slot: Int, _ counters: inout QualityCounters
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
        let entered = change > 0 ? entry : order.tEnter
        orders[slot] = Order(id: order.id, tEnter: entered, quantity: size, level: order.level, pending: -1)

        let account = account(of: Int(order.level))
        levels[Int(order.level)].depth += new - old
        totals[Int(levels[Int(order.level)].side)] += new - old
        accounts[account].young += (entered > youngAfter ? new : 0) - (order.tEnter > youngAfter ? old : 0)
        if flows {
            accounts[account].filled += matched
            if change > 0 {
                accounts[account].added += change
            } else if change < 0 {
                accounts[account].pull(-change, isAtRest: order.tEnter <= now - Nanoseconds.rest)
            }
        }
    }

    /// Raises a level by an order or a quote that enters now.
    @inline(__always)
    private mutating func raise(_ slot: Int, by quantity: Int64) {
        let account = account(of: slot)
        let level = levels[slot]
        levels[slot].depth = level.depth + quantity
        totals[Int(level.side)] += quantity
        if level.depth == 0 {
            ladders[Int(level.side)].insert(Ladder.goodness(level.side, level.price), slot: slot)
        }
        if flows { accounts[account].added += quantity }
        accounts[account].young += entry > youngAfter ? quantity : 0
    }

    /// Lowers a level by what leaves an order or a quote: `matched` of it was executed, the rest is pulled.
    @inline(__always)
    private mutating func lower(
        _ slot: Int, by quantity: Int64, entered: Int64, matched: Int64
    ) {
        let account = account(of: slot)
        let level = levels[slot]
        levels[slot].depth = level.depth - quantity
        totals[Int(level.side)] -= quantity
        if level.depth == quantity {
            ladders[Int(level.side)].remove(Ladder.goodness(level.side, level.price))
        }
        accounts[account].young -= entered > youngAfter ? quantity : 0
        if flows {
            accounts[account].filled += matched
            accounts[account].pull(quantity - matched, isAtRest: entered <= now - Nanoseconds.rest)
        }
    }
}
