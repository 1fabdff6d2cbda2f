/// SplitMix64: seeded streams that are the same everywhere. Source: Steele, Lea, Flood, OOPSLA 2014.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func chance(_ p: Double) -> Bool { Double.random(in: 0..<1, using: &self) < p }
    mutating func pick<T>(_ values: [T]) -> T { values.randomElement(using: &self)! }
    mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
}

/// How often a stream does what. The defaults are a lively, clean book.
struct StreamShape: CustomStringConvertible, Sendable {
    var name: String
    var records = 600
    var ids = 60
    var last = 0.6
    var topOfBook = 0.0
    var snapshots = 0.0
    var resets = 0.0
    var badBook = 0.0
    var late = 0.0
    var undefinedTimes = 0.0
    var jumps = 0.01
    var oddPrices = 0.0
    var farPrices = 0.0
    var badPrices = 0.0
    var hugeSizes = 0.0
    var noSide = 0.0
    var crossing = 0.02
    var startsEarly = false
    var meanGapMilliseconds = 60
    var instruments = 1

    var description: String { name }

    static let all: [StreamShape] = {
        var wild = StreamShape(name: "everything at once")
        wild.topOfBook = 0.05
        wild.snapshots = 0.02
        wild.resets = 0.01
        wild.badBook = 0.005
        wild.late = 0.05
        wild.undefinedTimes = 0.05
        wild.oddPrices = 0.1
        wild.farPrices = 0.05
        wild.badPrices = 0.05
        wild.hugeSizes = 0.02
        wild.noSide = 0.05
        wild.crossing = 0.2
        wild.startsEarly = true
        var shapes = [StreamShape(name: "a clean book"), wild]
        func shape(_ name: String, _ change: (inout StreamShape) -> Void) {
            var s = StreamShape(name: name)
            change(&s)
            shapes.append(s)
        }
        shape("few ids, so that adds repeat and cancels miss") { $0.ids = 8 }
        shape("snapshots and resets") {
            $0.snapshots = 0.03
            $0.resets = 0.03
            $0.last = 0.3
        }
        shape("gaps without repair") { $0.badBook = 0.02 }
        shape("top-of-book quotes") {
            $0.topOfBook = 1
            $0.ids = 3
        }
        shape("quotes among orders") { $0.topOfBook = 0.3 }
        shape("crossed and locked") { $0.crossing = 0.5 }
        shape("late records and missing times") {
            $0.late = 0.2
            $0.undefinedTimes = 0.2
        }
        shape("prices off the tick and far away") {
            $0.oddPrices = 0.4
            $0.farPrices = 0.2
        }
        shape("records that no book can hold") {
            $0.badPrices = 0.2
            $0.noSide = 0.2
            $0.hugeSizes = 0.3
        }
        shape("hours before the output, then long silence") {
            $0.startsEarly = true
            $0.jumps = 0.05
            $0.snapshots = 0.02
        }
        shape("many records in one window") {
            $0.records = 3000
            $0.meanGapMilliseconds = 2
            $0.ids = 400
        }
        shape("a few records in many windows") {
            $0.records = 60
            $0.meanGapMilliseconds = 900
        }
        return shapes
    }()

    static func parameters(_ random: inout SplitMix) -> NaiveParameters {
        let start = Int64(random.int(2...6)) * 1_000_000_000
        var p = NaiveParameters(
            outputStart: start, outputEnd: start + Int64(random.int(0...30)) * 1_000_000_000)
        p.assumeComplete = random.chance(0.7)
        p.invalidatesCrossed = random.chance(0.5)
        p.H = Int64(random.pick([0, 1, 5, 200]))
        return p
    }

    /// Orders on `instruments` books.
    func orders(_ random: inout SplitMix) -> [NaiveRecord] {
        var result: [NaiveRecord] = []
        // Around 1000 s: a stream that starts early begins long before the first output window.
        var now: Int64 = startsEarly ? -40_000_000_000 : 100_000_000
        var inSnapshot = false
        for _ in 0..<records {
            if random.chance(jumps) {
                now += Int64(random.int(1...8)) * 1_000_000_000
            } else {
                now += Int64(random.int(0...2 * meanGapMilliseconds)) * 1_000_000
            }
            let age = random.chance(late) ? Int64(random.int(0...3000)) * 1_000_000 : 0
            let side: Character = random.chance(noSide) ? "N" : random.pick(["A", "B"])
            var record = NaiveRecord(
                recv: now, event: now - age,
                action: random.pick(["A", "A", "A", "A", "C", "C", "M", "M", "F", "F", "T", "N"]), side: side,
                id: UInt64(random.int(0...ids)), price: price(side, &random), size: size(&random))
            record.instrument = 7 + random.int(0...instruments - 1)
            if random.chance(snapshots) { inSnapshot.toggle() }
            if random.chance(resets) { record.action = "R" }
            if inSnapshot {
                record.flags |= F_SNAPSHOT
                record.event = now - Int64(random.int(-500...4000)) * 1_000_000
            }
            if random.chance(last) { record.flags |= F_LAST }
            if random.chance(topOfBook) { record.flags |= F_TOB }
            if random.chance(badBook) { record.flags |= F_MAYBE_BAD_BOOK }
            if random.chance(undefinedTimes) { record.event = nil }
            if random.chance(undefinedTimes) { record.recv = nil }
            result.append(record)
            // What a venue sends after a fill: the record that applies it.
            if record.action == "F", random.chance(0.7) {
                var applied = record
                applied.action = random.pick(["C", "M"])
                result.append(applied)
            }
        }
        return result
    }

    private func price(_ side: Character, _ random: inout SplitMix) -> Int64? {
        if random.chance(badPrices) { return random.pick([nil, 0, -5, (1 << 61) + 1, Int64.max - 1]) }
        let tick: Int64 = 250_000_000
        let middle: Int64 = 5000 * tick
        if random.chance(farPrices) {
            return random.pick([1, 3, tick, middle * 7, middle + 199 * tick, middle + 203 * tick, 1 << 61])
        }
        let away = Int64(random.int(1...12)) * (random.chance(crossing) ? -1 : 1)
        let odd = random.chance(oddPrices) ? Int64(random.int(-200_000_000...200_000_000)) : 0
        return middle + (side == "A" ? away : -away) * tick + odd
    }

    private func size(_ random: inout SplitMix) -> Int64 {
        if random.chance(hugeSizes) { return random.pick([0, 4_294_967_295, 4_294_967_294, 2_147_483_648]) }
        return Int64(random.int(0...20))
    }

    /// Consolidated quotes on `instruments` instruments.
    func quotes(_ random: inout SplitMix) -> [NaiveRecord] {
        orders(&random).map { record in
            var quote = record
            quote.bid = price("B", &random)
            quote.ask = price("A", &random)
            quote.bidSize = size(&random)
            quote.askSize = size(&random)
            if random.chance(0.1) { quote.bid = nil }
            if random.chance(0.1) { quote.ask = nil }
            return quote
        }
    }

    /// Terms and an underlying for options of this stream.
    func complete(_ p: inout NaiveParameters, _ random: inout SplitMix) {
        for id in 7..<7 + instruments {
            p.instruments[id] = (
                random.pick(["C", "P"]), Int64(random.int(6880...6925)) * 500_000_000 + 3_450_000_000_000
            )
        }
        p.instruments[3] = ("C", 6_900_000_000_000)
        var end = p.outputStart + naiveSecond
        while end <= p.outputEnd {
            let spot = 6_900_000_000_000 + Int64(random.int(-40...40)) * 250_000_000
            p.underlying[end] = (random.chance(0.1) ? nil : spot, random.chance(0.8))
            end += naiveSecond
        }
    }
}
