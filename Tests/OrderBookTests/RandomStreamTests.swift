import Columnar
import OrderBook
import Testing

/// A one-book engine that is fed record by record and can be looked at in between.
final class SteppedEngine {
    var engine: MboEngine
    var rows = WindowRows(rowLimit: 64)
    var run = EngineRun()
    private(set) var failure: BookError?

    init(_ parameters: BookParameters, firstTime: Int64?) throws {
        engine = try MboEngine(parameters, firstTime: firstTime)
    }

    func feed(_ event: BookEvent) {
        let one = [event]
        var index = 0
        do {
            while try engine.process(one.span, from: &index, into: &rows) == .rowsFull { run.drain(&rows) }
        } catch {
            failure = error
        }
    }

    /// What differs from the reference's book, if anything does.
    func difference(from book: NaiveBook) -> String? {
        if let failure { return "\(failure)" }
        if engine.bestBid != book.best("B") { return "best bid \(engine.bestBid ?? 0)" }
        if engine.bestAsk != book.best("A") { return "best ask \(engine.bestAsk ?? 0)" }
        if engine.lastTrade != book.L { return "last trade \(engine.lastTrade ?? 0)" }
        if engine.isValid != book.valid { return "valid \(engine.isValid)" }
        if engine.orderCount != book.orders.count { return "\(engine.orderCount) orders" }
        for (code, side) in [(BookSide.ask, "A"), (BookSide.bid, "B")] as [(UInt8, Character)] {
            // As many prices, in the side's order and each with the reference's quantity: the same depth.
            let expected = book.depth[side]!, found = engine.depth(code)
            var isEqual = found.count == expected.count
            for (index, level) in found.enumerated() where isEqual {
                let isOrdered =
                    index == 0
                    || (side == "A"
                        ? found[index - 1].price < level.price : found[index - 1].price > level.price)
                isEqual = isOrdered && expected[level.price] == level.quantity
            }
            if !isEqual { return "depth of side \(side)" }
        }
        return nil
    }
}

struct RandomStreamTests {
    @Test(
        "on random orders the engine agrees with the reference at each record and in each row",
        arguments: StreamShape.all)
    func orders(_ shape: StreamShape) throws {
        for seed in 0..<60 as Range<UInt64> {
            var random = SplitMix(seed)
            let parameters = StreamShape.parameters(&random)
            let records = shape.orders(&random)
            let stepped = try SteppedEngine(
                parameters.book, firstTime: try firstTime(of: records.map { $0.bookEvent }))
            var wrong: String?
            var naive = NaiveReplay(parameters)
            naive.run(records) { index, record, replay in
                stepped.feed(record.bookEvent)
                if wrong == nil, let difference = stepped.difference(from: replay.books[0]!) {
                    wrong = "seed \(seed), record \(index), \(record): \(difference)"
                }
            }
            let run = try EngineRun(records, parameters, block: 1 + Int(seed) * 13)
            wrong = wrong ?? run.tables.difference(from: naive.tables).map { "seed \(seed), \($0)" }
            try #require(wrong == nil)
            #expect(run.stoppedAt == naive.stoppedAt)
        }
    }

    @Test(
        "on random orders of many options the engine agrees with the reference in each row",
        arguments: StreamShape.all)
    func options(_ shape: StreamShape) throws {
        for seed in 0..<40 as Range<UInt64> {
            var random = SplitMix(seed &+ 7000)
            var parameters = StreamShape.parameters(&random)
            parameters.product = .options
            var shape = shape
            shape.instruments = random.pick([1, 2, 7, 30])
            shape.complete(&parameters, &random)
            try compare(shape.orders(&random), parameters, seed)
        }
    }

    @Test(
        "on random quotes of options the engine agrees with the reference in each row",
        arguments: StreamShape.all)
    func quotes(_ shape: StreamShape) throws {
        for seed in 0..<40 as Range<UInt64> {
            var random = SplitMix(seed &+ 9000)
            var parameters = StreamShape.parameters(&random)
            parameters.product = .quotes
            var shape = shape
            shape.instruments = random.pick([1, 2, 7, 30])
            shape.complete(&parameters, &random)
            try compare(shape.quotes(&random), parameters, seed)
        }
    }

    private func compare(_ records: [NaiveRecord], _ parameters: NaiveParameters, _ seed: UInt64) throws {
        var naive = NaiveReplay(parameters)
        naive.run(records)
        let run = try EngineRun(records, parameters, block: 1 + Int(seed) * 17)
        let wrong = run.tables.difference(from: naive.tables)
        try #require(wrong == nil, "seed \(seed)")
        #expect(run.stoppedAt == naive.stoppedAt)
    }

    @Test("one publisher of several is kept before anything else", arguments: [0, 1, 2, 3, 4, 5] as [UInt64])
    func publishers(_ seed: UInt64) throws {
        var random = SplitMix(seed)
        var parameters = StreamShape.parameters(&random)
        parameters.publisher = 2
        var records = StreamShape(name: "two publishers", late: 0.1, startsEarly: seed > 2).orders(&random)
        for index in records.indices { records[index].publisher = random.int(1...2) }
        try compare(records, parameters, seed)
    }

    @Test("a stream gives the same rows in blocks of any size and however often rows are drained")
    func blocks() throws {
        for seed in 0..<6 as Range<UInt64> {
            var random = SplitMix(seed &+ 500)
            let shape = StreamShape.all[Int(seed) % StreamShape.all.count]
            var parameters = StreamShape.parameters(&random)
            let records = shape.orders(&random)
            let whole = try EngineRun(records, parameters, block: records.count)
            for (block, limit) in [(1, 1), (7, 1), (64, 3), (records.count, 1)] {
                let run = try EngineRun(records, parameters, block: block, rowLimit: limit)
                #expect(run.tables == whole.tables)
                #expect(run.stoppedAt == whole.stoppedAt)
            }
            parameters.product = .options
            shape.complete(&parameters, &random)
            let options = try EngineRun(records, parameters, block: records.count)
            #expect(try EngineRun(records, parameters, block: 5, rowLimit: 1).tables == options.tables)
        }
    }

    @Test("records after T leave the rows up to T as they are")
    func lookAhead() throws {
        for seed in 0..<10 as Range<UInt64> {
            var random = SplitMix(seed &+ 900)
            let parameters = StreamShape.parameters(&random)
            let records = StreamShape.all[1].orders(&random)
            let whole = try EngineRun(records, parameters)
            let cut = random.int(1...records.count - 1)
            let part = try EngineRun(Array(records[..<cut]), parameters)
            // The first record left out decides which windows were complete; the clock may already be ahead of it.
            let clock = records[..<cut].compactMap { NaiveReplay(parameters).time(of: $0) }.max() ?? 0
            func before(_ rows: [[Cell]]) -> [[Cell]] {
                rows.filter { if case .int(let end) = $0[1] { end <= clock } else { false } }
            }
            #expect(before(part.tables.flow) == before(whole.tables.flow))
            #expect(before(part.tables.quality) == before(whole.tables.quality))
            #expect(before(part.tables.snapshot) == before(whole.tables.snapshot))
        }
    }

    @Test("in valid windows depth at the start and the flows give the depth at the end, row by row")
    func identity() throws {
        for seed in 0..<20 as Range<UInt64> {
            var random = SplitMix(seed &+ 1300)
            let parameters = StreamShape.parameters(&random)
            let run = try EngineRun(StreamShape.all[1].orders(&random), parameters)
            for row in run.tables.flow {
                guard case .bool(true) = row[14] else { continue }
                let q = row[7...13].map { cell -> Int64 in
                    if case .int(let value) = cell { value } else { -1 }
                }
                #expect(q[0] + q[3] - q[4] - q[6] == q[1], "\(row)")
                #expect(q[2] <= q[1] && q[5] <= q[4] && q.allSatisfy { $0 >= 0 }, "\(row)")
            }
        }
    }
}
