/// The resting orders of one instrument: queues by price on a ladder of ticks, and a list to draw from.
///
/// Each side has a queue per tick, in order of priority; `best` is exact after every change. Sides may
/// overlap, as they do before an opening auction.
final class SimulatedBook {
    enum Side: Int {
        case bid = 0
        case ask = 1

        var other: Side { self == .bid ? .ask : .bid }
        /// +1 where a higher price is better.
        var direction: Int { self == .bid ? 1 : -1 }
        var code: UInt8 { self == .bid ? UInt8(ascii: "B") : UInt8(ascii: "A") }
    }

    struct Order {
        var id: UInt64
        var side: Side
        var tick: Int
        /// Shown.
        var size: Int
        /// Not shown: a reserve order refills from it.
        var reserve: Int
        /// What a refill shows.
        var peak: Int
        /// When it last took its place in the queue, nanoseconds.
        var entered: Int64
        var previous = -1
        var next = -1
        /// Place in the list to draw from.
        var place = -1
    }

    private struct Level {
        var first = -1
        var last = -1
        var size = 0
        var count = 0
    }

    private let lowest: Int
    private var levels: [[Level]]
    private(set) var orders: [Order] = []
    private var free: [Int] = []
    /// Slots of resting orders in no particular but reproducible order.
    private(set) var resting: [Int] = []
    /// Best tick by side; nil when the side is empty.
    private(set) var best: [Int?] = [nil, nil]
    private var sideCount = [0, 0]

    init(ticks: ClosedRange<Int>) {
        lowest = ticks.lowerBound
        let empty = [Level](repeating: Level(), count: ticks.count)
        levels = [empty, empty]
    }

    var highest: Int { lowest + levels[0].count - 1 }
    func count(_ side: Side) -> Int { sideCount[side.rawValue] }
    func size(_ side: Side, _ tick: Int) -> Int { levels[side.rawValue][tick - lowest].size }
    func orderCount(_ side: Side, _ tick: Int) -> Int { levels[side.rawValue][tick - lowest].count }
    func first(_ side: Side, _ tick: Int) -> Int { levels[side.rawValue][tick - lowest].first }
    func contains(_ tick: Int) -> Bool { tick >= lowest && tick <= highest }

    /// The next tick behind `tick` that holds orders.
    func behind(_ side: Side, _ tick: Int) -> Int? {
        var tick = tick - side.direction
        while contains(tick) {
            if levels[side.rawValue][tick - lowest].count > 0 { return tick }
            tick -= side.direction
        }
        return nil
    }

    func insert(_ order: Order) -> Int {
        var order = order
        order.place = resting.count
        let slot: Int
        if let reused = free.popLast() {
            slot = reused
            orders[slot] = order
        } else {
            slot = orders.count
            orders.append(order)
        }
        resting.append(slot)
        enqueue(slot)
        return slot
    }

    func remove(_ slot: Int) {
        dequeue(slot)
        let place = orders[slot].place
        let moved = resting.removeLast()
        if moved != slot {
            resting[place] = moved
            orders[moved].place = place
        }
        free.append(slot)
    }

    func removeAll() {
        while let slot = resting.last { remove(slot) }
    }

    /// Changes the shown size; the order keeps its place.
    func resize(_ slot: Int, to size: Int) {
        let order = orders[slot]
        levels[order.side.rawValue][order.tick - lowest].size += size - order.size
        orders[slot].size = size
    }

    /// Moves the order to the end of a queue.
    func requeue(_ slot: Int, tick: Int, size: Int, at time: Int64) {
        dequeue(slot)
        orders[slot].tick = tick
        orders[slot].size = size
        orders[slot].entered = time
        enqueue(slot)
    }

    func takeReserve(_ slot: Int, _ size: Int) { orders[slot].reserve -= size }
    func rename(_ slot: Int, _ id: UInt64) { orders[slot].id = id }

    /// Slots of a side, best price first, in priority.
    func queue(_ side: Side) -> [Int] {
        var slots: [Int] = []
        var tick = best[side.rawValue]
        while let level = tick {
            var slot = first(side, level)
            while slot >= 0 {
                slots.append(slot)
                slot = orders[slot].next
            }
            tick = behind(side, level)
        }
        return slots
    }

    private func enqueue(_ slot: Int) {
        let (side, tick) = (orders[slot].side, orders[slot].tick)
        let index = tick - lowest
        let last = levels[side.rawValue][index].last
        orders[slot].previous = last
        orders[slot].next = -1
        if last >= 0 { orders[last].next = slot } else { levels[side.rawValue][index].first = slot }
        levels[side.rawValue][index].last = slot
        levels[side.rawValue][index].size += orders[slot].size
        levels[side.rawValue][index].count += 1
        sideCount[side.rawValue] += 1
        if let best = best[side.rawValue], (best - tick) * side.direction >= 0 { return }
        best[side.rawValue] = tick
    }

    private func dequeue(_ slot: Int) {
        let order = orders[slot]
        let (side, index) = (order.side.rawValue, order.tick - lowest)
        if order.previous >= 0 {
            orders[order.previous].next = order.next
        } else {
            levels[side][index].first = order.next
        }
        if order.next >= 0 {
            orders[order.next].previous = order.previous
        } else {
            levels[side][index].last = order.previous
        }
        levels[side][index].size -= order.size
        levels[side][index].count -= 1
        sideCount[side] -= 1
        if levels[side][index].count == 0, best[side] == order.tick {
            best[side] = behind(order.side, order.tick)
        }
    }
}
