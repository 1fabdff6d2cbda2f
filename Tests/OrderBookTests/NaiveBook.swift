/// The reference: spec/book.md §5 word for word, with dictionaries and without any cleverness. It shares nothing
/// with the engine, not even its types, and is meant to be read beside the text.

/// A raw record as the text speaks of it. `nil` is undefined.
struct NaiveRecord {
    var recv: Int64?
    var event: Int64?
    var action: Character
    var side: Character = "N"
    var id: UInt64 = 0
    var price: Int64?
    var size: Int64 = 0
    var flags: Int = 0
    var publisher = 1
    var instrument = 7
    // Consolidated quotes.
    var bid: Int64?
    var bidSize: Int64 = 0
    var ask: Int64?
    var askSize: Int64 = 0

    func has(_ flag: Int) -> Bool { flags & flag != 0 }
}

let F_LAST = 128, F_TOB = 64, F_SNAPSHOT = 32, F_MBP = 16, F_MAYBE_BAD_BOOK = 4
let naiveREST: Int64 = 500_000_000, naivePENDING: Int64 = 1_000_000_000, naiveSecond: Int64 = 1_000_000_000

func naiveFloorDiv(_ a: Int64, _ b: Int64) -> Int64 {
    var q = a / b
    if q * b > a { q -= 1 }
    return q
}

func naiveRound(_ p: Int64, _ s: Int64) -> Int64 { s * naiveFloorDiv(2 * p + s, 2 * s) }

struct NaiveKey: Hashable {
    var side: Character
    var price: Int64
}

struct NaiveFlow {
    var add: Int64 = 0
    var pull: Int64 = 0
    var pullRest: Int64 = 0
    var fill: Int64 = 0
}

struct NaiveCounters {
    var records: Int64 = 0, late: Int64 = 0, dupAdd: Int64 = 0, overCancel: Int64 = 0,
        unknownCancel: Int64 = 0
    var unknownModify: Int64 = 0, unknownFill: Int64 = 0, aggressorFill: Int64 = 0, unmatched: Int64 = 0
    var badSide: Int64 = 0, badOrder: Int64 = 0, locked: Int64 = 0, crossed: Int64 = 0, cleared: Int64 = 0
}

/// A quote of an F_TOB publisher has no id.
enum NaiveOrderKey: Hashable {
    case id(UInt64)
    case quote(Character)
}

struct NaiveOrder {
    var side: Character
    var price: Int64
    var qty: Int64
    var tEnter: Int64
}

enum NaiveRecovering { case no, reset, snapshot }

struct NaiveBook {
    var orders: [NaiveOrderKey: NaiveOrder] = [:]
    var depth: [Character: [Int64: Int64]] = ["A": [:], "B": [:]]
    var pending: [UInt64: (qty: Int64, tF: Int64)] = [:]
    var L: Int64?
    var latestTradeID: UInt64 = 0
    var seeded: Bool
    var recovering = NaiveRecovering.no
    var suspect = false
    var crossed = false
    var completedSnapshot = false

    // The current window.
    var flows: [NaiveKey: NaiveFlow] = [:]
    var depthAtStart: [NaiveKey: Int64] = [:]
    var bestAtStart: [Character: Int64] = [:]
    var reasons: Set<String> = []
    var snapshotRecordInWindow = false
    var quotesCarryNoAge = false

    var valid: Bool { seeded && recovering == .no && !suspect }

    func best(_ side: Character) -> Int64? { side == "B" ? depth["B"]!.keys.max() : depth["A"]!.keys.min() }

    var measuredDepth: [NaiveKey: Int64] {
        var result: [NaiveKey: Int64] = [:]
        for order in orders.values {
            result[NaiveKey(side: order.side, price: order.price), default: 0] += order.qty
        }
        return result
    }

    mutating func examine() {
        if suspect { reasons.insert("bad_book") }
        if recovering != .no { reasons.insert("recovering") }
        if !seeded && recovering == .no && !suspect { reasons.insert("unseeded") }
    }

    mutating func recoveryEnds() {
        if recovering == .snapshot { completedSnapshot = true }
        recovering = .no
        seeded = true
    }

    mutating func expire(_ now: Int64, _ c: inout NaiveCounters) {
        for (id, entry) in pending where now - entry.tF > naivePENDING {
            c.unmatched += entry.qty
            pending[id] = nil
        }
    }

    // 5.2
    mutating func process(_ r: NaiveRecord, clock: Int64, _ c: inout NaiveCounters) {
        expire(clock, &c)
        if r.has(F_SNAPSHOT) { snapshotRecordInWindow = true }
        if r.action == "R" {
            suspect = false
            recovering = r.has(F_SNAPSHOT) ? .snapshot : .reset
        } else if r.has(F_SNAPSHOT) && recovering != .snapshot {
            if recovering == .no { suspect = false }
            recovering = .snapshot
        } else if !r.has(F_SNAPSHOT) && recovering == .snapshot {
            recoveryEnds()
        }
        if r.has(F_MAYBE_BAD_BOOK) { suspect = true }
        examine()
        act(r, clock, recovering == .no, &c)
        if r.has(F_LAST) {
            if recovering != .no { recoveryEnds() }
            boundary(&c)
        }
        examine()
    }

    mutating func boundary(_ c: inout NaiveCounters) {
        crossed = false
        if let b = best("B"), let a = best("A") {
            if b > a { c.crossed += 1 }
            if b == a { c.locked += 1 }
            crossed = b > a
        }
        if crossed { reasons.insert("crossed") }
    }

    /// A price that can rest: defined, positive, not above 2^61.
    func isBad(_ price: Int64?) -> Bool {
        guard let price else { return true }
        return price <= 0 || price > 1 << 61
    }

    // 5.4
    mutating func act(_ r: NaiveRecord, _ clock: Int64, _ flowing: Bool, _ c: inout NaiveCounters) {
        let enter = r.has(F_SNAPSHOT) ? min(r.event ?? clock, clock) : clock
        switch r.action {
        case "A" where !r.has(F_TOB): add(r, clock, enter, flowing, &c)
        case "A":
            if r.side == "N" {
                c.badSide += 1
                return
            }
            if r.price != nil, isBad(r.price), r.size > 0 {
                c.badOrder += 1
                return
            }
            quote(r.side, r.size == 0 ? nil : r.price, r.size, clock, enter, flowing, &c)
        case "C":
            guard let order = orders[.id(r.id)] else {
                c.unknownCancel += 1
                return
            }
            if r.size > order.qty { c.overCancel += 1 }
            take(r.size == 0 ? order.qty : min(r.size, order.qty), .id(r.id), true, clock, flowing, &c)
        case "M":
            guard let order = orders[.id(r.id)] else {
                c.unknownModify += 1
                add(r, clock, enter, flowing, &c)
                return
            }
            if r.size == 0 {
                take(order.qty, .id(r.id), true, clock, flowing, &c)
                return
            }
            if isBad(r.price) {
                c.badOrder += 1
                return
            }
            let side = r.side == "N" ? order.side : r.side
            if r.price! != order.price || side != order.side {
                take(order.qty, .id(r.id), true, clock, flowing, &c)
                insert(.id(r.id), side, r.price!, r.size, enter, flowing)
            } else {
                settle(r.id, r.size, clock, enter, flowing, &c)
            }
        case "R":
            c.cleared += depth["A"]!.values.reduce(0, +) + depth["B"]!.values.reduce(0, +)
            c.unmatched += pending.values.reduce(0) { $0 + $1.qty }
            orders = [:]
            depth = ["A": [:], "B": [:]]
            pending = [:]
            crossed = false
        case "T":
            if !isBad(r.price) { L = r.price }
            latestTradeID = r.id
        case "F":
            if r.id != 0 && r.id == latestTradeID {
                c.aggressorFill += 1
            } else if orders[.id(r.id)] == nil {
                c.unknownFill += 1
            } else {
                pending[r.id] = ((pending[r.id]?.qty ?? 0) + r.size, clock)
            }
        default: break
        }
    }

    mutating func add(
        _ r: NaiveRecord, _ clock: Int64, _ enter: Int64, _ flowing: Bool, _ c: inout NaiveCounters
    ) {
        if r.side == "N" {
            c.badSide += 1
        } else if isBad(r.price) || r.size == 0 {
            c.badOrder += 1
        } else {
            if let old = orders[.id(r.id)] {
                c.dupAdd += 1
                take(old.qty, .id(r.id), false, clock, flowing, &c)
            }
            insert(.id(r.id), r.side, r.price!, r.size, enter, flowing)
        }
    }

    /// A side stated anew: nil price = the side is empty.
    mutating func quote(
        _ side: Character, _ price: Int64?, _ size: Int64, _ clock: Int64, _ enter: Int64, _ flowing: Bool,
        _ c: inout NaiveCounters
    ) {
        let onSide = orders.filter { $0.value.side == side }
        if onSide.count == 1, let old = orders[.quote(side)], let price, old.price == price {
            let key = NaiveKey(side: side, price: price)
            if size > old.qty {
                depth[side]![price]! += size - old.qty
                if flowing { flows[key, default: NaiveFlow()].add += size - old.qty }
                orders[.quote(side)] = NaiveOrder(side: side, price: price, qty: size, tEnter: enter)
            } else if size < old.qty {
                take(old.qty - size, .quote(side), false, clock, flowing, &c)
            }
            return
        }
        for (key, order) in onSide { take(order.qty, key, false, clock, flowing, &c) }
        if let price { insert(.quote(side), side, price, size, enter, flowing) }
    }

    mutating func insert(
        _ key: NaiveOrderKey, _ side: Character, _ price: Int64, _ size: Int64, _ enter: Int64,
        _ flowing: Bool
    ) {
        orders[key] = NaiveOrder(side: side, price: price, qty: size, tEnter: enter)
        depth[side]![price, default: 0] += size
        if flowing { flows[NaiveKey(side: side, price: price), default: NaiveFlow()].add += size }
    }

    // 5.5
    mutating func take(
        _ d: Int64, _ key: NaiveOrderKey, _ matches: Bool, _ clock: Int64, _ flowing: Bool,
        _ c: inout NaiveCounters
    ) {
        var order = orders[key]!
        var f: Int64 = 0
        var id: UInt64?
        if case .id(let value) = key { id = value }
        if matches, let id { f = min(d, pending[id]?.qty ?? 0) }
        let p = d - f
        lower(order.side, order.price, d)
        order.qty -= d
        if flowing {
            let level = NaiveKey(side: order.side, price: order.price)
            flows[level, default: NaiveFlow()].fill += f
            flows[level, default: NaiveFlow()].pull += p
            if clock - order.tEnter >= naiveREST && !quotesCarryNoAge {
                flows[level, default: NaiveFlow()].pullRest += p
            }
        }
        if let id, pending[id] != nil { pending[id]!.qty -= f }
        orders[key] = order
        if order.qty == 0 {
            orders[key] = nil
            if let id, let left = pending[id] {
                c.unmatched += left.qty
                pending[id] = nil
            }
        }
    }

    mutating func settle(
        _ id: UInt64, _ m: Int64, _ clock: Int64, _ enter: Int64, _ flowing: Bool, _ c: inout NaiveCounters
    ) {
        var order = orders[.id(id)]!
        let n = order.qty
        let f = min(n, pending[id]?.qty ?? 0)
        let delta = m - (n - f)
        depth[order.side]![order.price]! += m - n
        if flowing {
            let level = NaiveKey(side: order.side, price: order.price)
            flows[level, default: NaiveFlow()].fill += f
            if delta > 0 { flows[level, default: NaiveFlow()].add += delta }
            if delta < 0 {
                flows[level, default: NaiveFlow()].pull -= delta
                if clock - order.tEnter >= naiveREST { flows[level, default: NaiveFlow()].pullRest -= delta }
            }
        }
        if delta > 0 { order.tEnter = enter }
        order.qty = m
        orders[.id(id)] = order
        if let entry = pending[id] {
            c.unmatched += entry.qty - f
            pending[id] = nil
        }
    }

    mutating func lower(_ side: Character, _ price: Int64, _ d: Int64) {
        depth[side]![price]! -= d
        if depth[side]![price]! == 0 { depth[side]![price] = nil }
    }

    // 8.4
    mutating func processQuote(_ r: NaiveRecord, clock: Int64, _ c: inout NaiveCounters) {
        suspect = r.has(F_MAYBE_BAD_BOOK)
        if suspect { reasons.insert("bad_book") }
        let flowing = r.action != "R" && !r.has(F_SNAPSHOT)
        if !flowing { reasons.insert("recovering") }
        if r.action == "R" {
            c.cleared += depth["A"]!.values.reduce(0, +) + depth["B"]!.values.reduce(0, +)
            orders = [:]
            depth = ["A": [:], "B": [:]]
        } else {
            for (side, price, size) in [("B", r.bid, r.bidSize), ("A", r.ask, r.askSize)]
                as [(Character, Int64?, Int64)]
            {
                let isPresent = !isBad(price) && size > 0
                quote(side, isPresent ? price : nil, isPresent ? size : 0, clock, clock, flowing, &c)
            }
        }
        boundary(&c)
    }

    // 4.2, opening
    mutating func open() {
        if recovering == .snapshot && !snapshotRecordInWindow { recoveryEnds() }
        snapshotRecordInWindow = false
        reasons = []
        flows = [:]
        examine()
        if crossed { reasons.insert("crossed") }
        bestAtStart = [:]
        for side in ["A", "B"] as [Character] { bestAtStart[side] = best(side) }
    }

    // 6.2
    var raw: Int64? {
        let b = best("B"), a = best("A")
        if let b, let a {
            guard let L else { return b }
            return abs(b - L) <= abs(a - L) ? b : a
        }
        if b == nil && a == nil { return L }
        let side: Character = b != nil ? "B" : "A"
        if let L, depth[side]![L] != nil { return L }
        return b ?? a
    }
}
