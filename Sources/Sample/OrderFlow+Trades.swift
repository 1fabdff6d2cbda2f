/// Executions: marketable orders, orders modified until they trade, and auctions.
extension OrderFlow {
    /// A fill of one resting order.
    private struct Fill {
        var slot: Int
        var size: Int
    }

    /// A marketable order of `aggressor` takes what rests on the other side, best price first.
    func trade(_ aggressor: Side, at time: Int64) {
        let side = aggressor.other
        guard var tick = book.best[side.rawValue] else { return }
        let fair = fair(time)
        var left = random.pick(settings.takes) * (settings.sizes.min() ?? 1)
        // Those who chase the fair price take the whole level.
        if (fair - tick * 1000) * aggressor.direction > 400 { left = max(left, book.size(side, tick)) }
        let id = newID()
        var fills: [Fill] = []
        tape.beginEvent(at: time)
        for _ in 0..<3 {
            let quantity = min(left, book.size(side, tick))
            tape.emit("T", aggressor.code, tick: tick, size: quantity, id: id)
            fills += report(quantity, side, tick)
            left -= quantity
            guard left > 0, let next = book.behind(side, tick), random.perMille(500) else { break }
            tick = next
        }
        tape.beginMessage()
        apply(fills, at: time)
        // What is left may rest where it last traded.
        if left > 0, book.best[side.rawValue].map({ ($0 - tick) * aggressor.direction > 0 }) ?? true,
            random.perMille(300)
        {
            rest(aggressor, tick, left, id: id, at: time)
            tape.emit("A", aggressor.code, tick: tick, size: left, id: id)
        }
        tape.endEvent()
    }

    /// F for each resting order that gives to `quantity`, in priority; no order gives more than it shows.
    private func report(_ quantity: Int, _ side: Side, _ tick: Int) -> [Fill] {
        var fills: [Fill] = []
        var left = quantity
        var slot = book.first(side, tick)
        while left > 0, slot >= 0 {
            let order = book.orders[slot]
            let size = min(left, order.size)
            tape.emit("F", side.code, tick: tick, size: size, id: order.id)
            fills.append(Fill(slot: slot, size: size))
            left -= size
            slot = order.next
        }
        return fills
    }

    /// The messages that take the fills off the book.
    private func apply(_ fills: [Fill], at time: Int64) {
        for fill in fills {
            let order = book.orders[fill.slot]
            let left = order.size - fill.size
            if settings.venue == .nasdaq {
                tape.emit("C", order.side.code, tick: order.tick, size: fill.size, id: order.id)
                if left > 0 { book.resize(fill.slot, to: left) } else { book.remove(fill.slot) }
            } else if left > 0 {
                tape.emit("M", order.side.code, tick: order.tick, size: left, id: order.id)
                book.resize(fill.slot, to: left)
            } else if order.reserve > 0 {
                // A reserve order shows its next part, at the end of the queue.
                let part = min(order.reserve, order.peak)
                book.takeReserve(fill.slot, part)
                book.requeue(fill.slot, tick: order.tick, size: part, at: time)
                tape.emit("M", order.side.code, tick: order.tick, size: part, id: order.id)
            } else {
                tape.emit("C", order.side.code, tick: order.tick, size: order.size, id: order.id)
                book.remove(fill.slot)
            }
        }
    }

    /// A resting order is modified until it trades: the venue reports its own F as well, under the trade's
    /// id.
    func crossWithResting(at time: Int64) {
        let aggressor: Side = random.perMille(500) ? .bid : .ask
        let side = aggressor.other
        guard let own = book.best[aggressor.rawValue], let tick = book.best[side.rawValue] else { return }
        let slot = book.first(aggressor, own)
        let order = book.orders[slot]
        guard order.reserve == 0, book.size(side, tick) >= order.size, book.count(aggressor) > 6 else {
            return
        }
        tape.beginEvent(at: time)
        tape.emit("T", aggressor.code, tick: tick, size: order.size, id: order.id)
        let fills = report(order.size, side, tick)
        tape.emit("F", aggressor.code, tick: tick, size: order.size, id: order.id)
        tape.beginMessage()
        apply(fills, at: time)
        tape.emit("C", aggressor.code, tick: order.tick, size: order.size, id: order.id)
        book.remove(slot)
        tape.endEvent()
    }

    /// The minutes before an opening: orders gather and may overlap, nothing trades; then one price clears
    /// them.
    func playAuction(from start: Int64, to opening: Int64, orders: Int) {
        var time = start
        let middle = fair(opening) / 1000
        for index in 0..<orders {
            time += Int64(random.burst(mean: Int(opening - time) / (orders - index + 1)))
            guard time < opening else { break }
            let side: Side = index % 2 == 0 ? .bid : .ask
            // One in four asks for more than the market gives.
            let reach =
                random.perMille(250) ? -random.within(0...3) : 1 + random.exponential(mean: settings.depth)
            let tick = middle - side.direction * reach
            guard book.contains(tick) else { continue }
            tape.beginEvent(at: time)
            let size = random.pick(settings.sizes)
            let slot = rest(side, tick, size, at: time)
            tape.emit("A", side.code, tick: tick, size: size, id: book.orders[slot].id)
            tape.endEvent()
        }
        clear(at: opening)
    }

    /// Trades everything that overlaps, in one event; T and F name no aggressor.
    private func clear(at time: Int64) {
        guard overlap != nil else { return }
        tape.beginEvent(at: time)
        // Reserves may refill into the overlap: again until there is none.
        while let overlap {
            var best = (matched: 0, imbalance: Int.max, tick: overlap.lowerBound)
            for tick in overlap {
                let demand = depth(.bid, downTo: tick)
                let supply = depth(.ask, downTo: tick)
                let (matched, imbalance) = (min(demand, supply), abs(demand - supply))
                if matched > best.matched || matched == best.matched && imbalance < best.imbalance {
                    best = (matched, imbalance, tick)
                }
            }
            tape.emit("T", UInt8(ascii: "N"), tick: best.tick, size: best.matched, id: 0)
            var fills: [Fill] = []
            for side in [Side.bid, .ask] {
                var left = best.matched
                for slot in book.queue(side) where left > 0 {
                    let order = book.orders[slot]
                    let size = min(left, order.size)
                    tape.emit("F", UInt8(ascii: "N"), tick: best.tick, size: size, id: order.id)
                    fills.append(Fill(slot: slot, size: size))
                    left -= size
                }
            }
            tape.beginMessage()
            apply(fills, at: time)
            tape.beginMessage()
        }
        tape.endEvent()
    }

    /// The ticks at which both sides would trade.
    private var overlap: ClosedRange<Int>? {
        guard let bid = book.best[0], let ask = book.best[1], bid >= ask else { return nil }
        return ask...bid
    }

    /// Quantity of a side at `tick` or better.
    private func depth(_ side: Side, downTo tick: Int) -> Int {
        var quantity = 0
        var level = book.best[side.rawValue]
        while let price = level, (price - tick) * side.direction >= 0 {
            quantity += book.size(side, price)
            level = book.behind(side, price)
        }
        return quantity
    }
}
