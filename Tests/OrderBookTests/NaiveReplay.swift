/// The reference for windows and rows: spec/book.md §4, §6 to §9, every window one after the other.

enum NaiveProduct { case single, options, quotes }

struct NaiveParameters {
    var product = NaiveProduct.single
    var outputStart: Int64
    var outputEnd: Int64
    var assumeComplete = true
    var invalidatesCrossed = false
    var publisher: Int?
    // Single instrument.
    var q: Int64 = 250_000_000
    var H: Int64 = 200
    // Options.
    var step: Int64 = 5_000_000_000
    var kmax: Int64 = 10
    var tick: Int64 = 250_000_000
    var instruments: [Int: (right: Character, strike: Int64)] = [:]
    var underlying: [Int64: (spot: Int64?, valid: Bool)] = [:]
}

struct NaiveReplay {
    let p: NaiveParameters
    var clock: Int64 = 0
    var window: Int64 = 0
    var books: [Int: NaiveBook] = [:]
    var counters = NaiveCounters()
    var spot: Int64?
    var started = false
    var stoppedAt: Int?
    var someCompletedSnapshot = false
    var tables = Tables()

    init(_ parameters: NaiveParameters) {
        p = parameters
    }

    /// Replays the whole partition. `onRecord` sees the books after each record.
    mutating func run(
        _ all: [NaiveRecord], onRecord: (Int, NaiveRecord, inout NaiveReplay) -> Void = { _, _, _ in }
    ) {
        let records = all.enumerated().filter { p.publisher == nil || $0.element.publisher == p.publisher }
        guard let first = records.compactMap({ time(of: $0.element) }).first else { return }
        start(at: first)
        for (index, r) in records {
            let t = time(of: r) ?? clock
            if naiveFloorDiv(t, naiveSecond) * naiveSecond >= p.outputEnd {
                stoppedAt = index
                break
            }
            let own = naiveFloorDiv(t, naiveSecond)
            while window < own { step() }
            if own < window { counters.late += 1 }
            clock = max(clock, t)
            counters.records += 1
            let key = p.product == .single ? 0 : r.instrument
            if books[key] == nil { books[key] = newBook() }
            if p.product == .quotes {
                books[key]!.processQuote(r, clock: clock, &counters)
            } else {
                books[key]!.process(r, clock: clock, &counters)
            }
            if books[key]!.completedSnapshot { someCompletedSnapshot = true }
            onRecord(index, r, &self)
        }
        while window * naiveSecond < p.outputEnd { step() }
    }

    func time(of r: NaiveRecord) -> Int64? { r.has(F_SNAPSHOT) ? r.recv ?? r.event : r.event ?? r.recv }

    func newBook() -> NaiveBook {
        var book = NaiveBook(seeded: p.product == .quotes || p.assumeComplete || someCompletedSnapshot)
        book.quotesCarryNoAge = p.product == .quotes
        return book
    }

    mutating func start(at first: Int64) {
        clock = first
        window = min(naiveFloorDiv(first, naiveSecond), p.outputStart / naiveSecond)
        if p.product == .single { books[0] = NaiveBook(seeded: p.assumeComplete) }
        open()
    }

    var isOutput: Bool { window * naiveSecond >= p.outputStart && (window + 1) * naiveSecond <= p.outputEnd }

    mutating func step() {
        close()
        window += 1
        open()
    }

    mutating func open() {
        counters = NaiveCounters()
        for key in books.keys {
            books[key]!.open()
            if books[key]!.completedSnapshot { someCompletedSnapshot = true }
            books[key]!.depthAtStart = isOutput ? books[key]!.measuredDepth : [:]
        }
        if p.product == .single {
            spot = books[0]!.raw.map { naiveRound($0, p.q) }
            if spot == 0 { spot = nil }
        } else {
            spot = p.underlying[(window + 1) * naiveSecond]?.spot
        }
    }

    mutating func close() {
        let end = (window + 1) * naiveSecond
        for key in books.keys { books[key]!.expire(end, &counters) }
        guard isOutput else { return }

        var reasons: Set<String> = []
        for book in books.values { reasons.formUnion(book.reasons) }
        if p.product != .single, p.underlying[end]?.valid != true { reasons.insert("underlying") }
        if !p.invalidatesCrossed { reasons.remove("crossed") }
        let reason = reasonNames.dropFirst().first { reasons.contains($0) } ?? "ok"

        var residual: Int64 = 0
        for book in books.values {
            let atEnd = book.measuredDepth
            for key in Set(atEnd.keys).union(book.depthAtStart.keys).union(book.flows.keys) {
                let flow = book.flows[key] ?? NaiveFlow()
                let r = (book.depthAtStart[key] ?? 0) + flow.add - flow.pull - flow.fill - (atEnd[key] ?? 0)
                residual = max(residual, abs(r))
            }
        }
        let offGrid = p.product == .single ? singleRows(end, reason) : optionRows(end)

        let c = counters
        let allValid = books.values.allSatisfy { $0.valid }
        tables.quality.append([
            .int(end - naiveSecond), .int(end), .bool(allValid), .bool(reason == "ok"), .text(reason),
            .int(c.records), .int(c.late), .int(c.dupAdd), .int(c.overCancel), .int(c.unknownCancel),
            .int(c.unknownModify), .int(c.unknownFill), .int(c.aggressorFill), .int(c.unmatched),
            .int(c.badSide),
            .int(c.badOrder), .int(c.locked), .int(c.crossed), .int(c.cleared), .int(offGrid), .int(residual),
        ])
    }

    /// Sums of a cell: start, end, rest, add, pull, pullRest, fill.
    typealias Sums = [Int64]

    func sums(_ book: NaiveBook, end: Int64, _ place: (NaiveKey) -> NaiveKey?) -> [NaiveKey: Sums] {
        var result: [NaiveKey: Sums] = [:]
        func add(_ key: NaiveKey, _ column: Int, _ value: Int64) {
            guard let cell = place(key) else { return }
            result[cell, default: [0, 0, 0, 0, 0, 0, 0]][column] += value
        }
        for (key, qty) in book.depthAtStart { add(key, 0, qty) }
        for order in book.orders.values {
            let key = NaiveKey(side: order.side, price: order.price)
            add(key, 1, order.qty)
            if order.tEnter <= end - naiveREST && !book.quotesCarryNoAge { add(key, 2, order.qty) }
        }
        for (key, flow) in book.flows {
            add(key, 3, flow.add)
            add(key, 4, flow.pull)
            add(key, 5, flow.pullRest)
            add(key, 6, flow.fill)
        }
        return result
    }

    mutating func singleRows(_ end: Int64, _ reason: String) -> Int64 {
        let book = books[0]!
        let b = book.best("B"), a = book.best("A")
        let isTwoSided = b != nil && a != nil
        tables.snapshot.append([
            .int(end - naiveSecond), .int(end), .int(b), .int(b.map { book.depth["B"]![$0]! } ?? 0), .int(a),
            .int(a.map { book.depth["A"]![$0]! } ?? 0),
            isTwoSided ? .double(Double(b! + a!) * 0.5 * 1e-9) : .null,
            isTwoSided ? .int(naiveFloorDiv(b! + a! + 1, 2)) : .null, .int(book.L), .int(spot),
            .bool(book.valid),
            .bool(reason == "ok"),
        ])
        let whole = book.measuredDepth
        guard let spot else { return whole.values.reduce(0, +) }
        let p = p
        let onLattice = { (price: Int64) in abs(naiveRound(price, p.q) - spot) <= p.H * p.q }
        let cells = sums(book, end: end) {
            onLattice($0.price) ? NaiveKey(side: $0.side, price: naiveRound($0.price, p.q)) : nil
        }
        for (key, s) in cells.sorted(by: { ($0.key.side, $0.key.price) < ($1.key.side, $1.key.price) }) {
            guard s[0] > 0 || s[1] > 0 || s[3] > 0 || s[4] > 0 || s[6] > 0 else { continue }
            // The column has 32 bits; an anchor too far away for them is held at the distance that fits.
            let reach = (Int64(Int32.max) - p.H) * p.q
            let best = (book.bestAtStart[key.side] ?? book.best(key.side)).map { naiveRound($0, p.q) } ?? spot
            let anchor = min(max(best, spot - reach), spot + reach)
            tables.flow.append(
                [
                    .int(end - naiveSecond), .int(end), .text(String(key.side)), .int(key.price), .int(spot),
                    .int((key.price - spot) / p.q), .int((key.price - anchor) / p.q),
                ] + s.map { .int($0) } + [.bool(reason == "ok")])
        }
        return whole.filter { !onLattice($0.key.price) }.values.reduce(0, +)
    }

    mutating func optionRows(_ end: Int64) -> Int64 {
        var offGrid: Int64 = 0
        var grid: [NaiveKey: Sums] = [:]
        var invalid: Set<NaiveKey> = []
        let reference = spot.map { naiveRound($0, p.step) }
        for (id, book) in books.sorted(by: { $0.key < $1.key }) {
            let terms = p.instruments[id]!
            if let b = book.best("B"), let a = book.best("A") {
                tables.snapshot.append([
                    .int(end - naiveSecond), .int(end), .int(Int64(id)), .text(String(terms.right)),
                    .int(terms.strike), .int(b), .int(a), .double(Double(b + a) * 0.5 * 1e-9),
                    .int(naiveFloorDiv(b + a + 1, 2)), .int(spot), .bool(book.valid),
                ])
            }
            let k = reference.map { (naiveRound(terms.strike, p.step) - $0) / p.step }
            guard let k, abs(k) <= p.kmax else {
                offGrid += book.measuredDepth.values.reduce(0, +)
                continue
            }
            var reasons = book.reasons
            if !p.invalidatesCrossed { reasons.remove("crossed") }
            if !reasons.isEmpty { invalid.insert(NaiveKey(side: terms.right, price: k)) }
            for (key, s) in sums(book, end: end, { NaiveKey(side: $0.side, price: 0) }) {
                // Right and side in one letter, so that the key serves both.
                let cell = NaiveKey(side: gridLetter(terms.right, key.side), price: k)
                grid[cell] = zip(grid[cell] ?? [0, 0, 0, 0, 0, 0, 0], s).map { $0 + $1 }
            }
        }
        guard let spot, let reference else { return offGrid }
        for right in ["C", "P"] as [Character] {
            for side in ["A", "B"] as [Character] {
                for k in -p.kmax...p.kmax {
                    let s = grid[NaiveKey(side: gridLetter(right, side), price: k)] ?? [0, 0, 0, 0, 0, 0, 0]
                    let valid = p.underlying[end]!.valid && !invalid.contains(NaiveKey(side: right, price: k))
                    tables.flow.append(
                        [
                            .int(end - naiveSecond), .int(end), .int(reference + k * p.step),
                            .text(String(right)),
                            .text(String(side)), .int(spot), .int(reference), .int(k * p.step / p.tick),
                        ] + s.map { .int($0) } + [.bool(valid)])
                }
            }
        }
        return offGrid
    }

    func gridLetter(_ right: Character, _ side: Character) -> Character {
        right == "C" ? (side == "A" ? "w" : "x") : (side == "A" ? "y" : "z")
    }
}
