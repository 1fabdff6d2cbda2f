import OrderBook
import Testing

/// What stops an engine, and what does not.
struct EngineErrorTests {
    let second: Int64 = 1_000_000_000

    func parameters(product: NaiveProduct = .single) -> NaiveParameters {
        var p = NaiveParameters(outputStart: second, outputEnd: 4 * second)
        p.product = product
        p.instruments = [1: ("C", 6_900_000_000_000), 2: ("P", 6_900_000_000_000)]
        for end in 2...4 as ClosedRange<Int64> { p.underlying[end * second] = (6_900_000_000_000, true) }
        return p
    }

    func add(
        at time: Int64?, id: UInt64 = 1, flags: Int = F_LAST, publisher: Int = 1, instrument: Int = 1
    )
        -> NaiveRecord
    {
        NaiveRecord(
            recv: time, event: time, action: "A", side: "B", id: id, price: 25_000_000_000, size: 1,
            flags: flags,
            publisher: publisher, instrument: instrument)
    }

    @Test func `records of two publishers are an error unless one is chosen`() throws {
        let records = [add(at: 1), add(at: 2, id: 2, publisher: 2)]
        #expect(throws: BookError.severalPublishers(1, 2)) { try EngineRun(records, parameters()) }
        #expect(throws: BookError.severalPublishers(1, 2)) {
            try EngineRun(records, parameters(product: .options))
        }
        var chosen = parameters()
        chosen.publisher = 2
        #expect(try EngineRun(records, chosen).tables.quality.count == 3)
        chosen.publisher = 3
        #expect(try EngineRun(records, chosen).tables.quality.isEmpty)
    }

    @Test func `quotes of two publishers are merged`() throws {
        let records = [add(at: 1), add(at: 2, publisher: 2)]
        #expect(try EngineRun(records, parameters(product: .quotes)).tables.quality.count == 3)
    }

    @Test func `records of two instruments are an error for a product of one, wherever they stand`() {
        let records = [add(at: 1), add(at: 100 * second, instrument: 2)]
        #expect(throws: BookError.severalInstruments(1, 2)) { try EngineRun(records, parameters()) }
    }

    @Test func `an aggregated level fails when it is processed, not when it lies behind the output`() throws {
        let level = add(at: second, flags: F_LAST | F_MBP)
        #expect(throws: BookError.aggregatedLevel(record: 1)) {
            try EngineRun([add(at: 1), level], parameters())
        }
        #expect(throws: BookError.aggregatedLevel(record: 1)) {
            try EngineRun([add(at: 1), level], parameters(product: .options))
        }
        let late = add(at: 4 * second, flags: F_LAST | F_MBP)
        let run = try EngineRun([add(at: 1), late], parameters())
        #expect(run.stoppedAt == 1)
        #expect(run.tables.quality.count == 3)
    }

    @Test func `an instrument without terms is an error`() {
        let records = [add(at: 1), add(at: 2, instrument: 9)]
        #expect(throws: BookError.unknownInstrument(9, record: 1)) {
            try EngineRun(records, parameters(product: .options))
        }
        #expect(throws: BookError.unknownInstrument(9, record: 1)) {
            try EngineRun(records, parameters(product: .quotes))
        }
    }

    @Test
    func `an underlying without a row for an output window is an error, unless there is nothing to write`()
        throws
    {
        var p = parameters(product: .options)
        p.underlying[3 * second] = nil
        #expect(throws: BookError.underlyingMissing(windowEnd: 3 * second)) { try EngineRun([add(at: 1)], p) }
        #expect(try EngineRun([], p).tables.quality.isEmpty)
    }

    @Test func `parameters that no engine can work with are refused`() {
        func refused(_ change: (inout NaiveParameters) -> Void) -> Bool {
            var p = parameters()
            change(&p)
            do {
                _ = try EngineRun([add(at: 1)], p)
                return false
            } catch BookError.parameter {
                return true
            } catch {
                return false
            }
        }
        #expect(refused { $0.outputStart += 1 })
        #expect(refused { $0.outputEnd += 1 })
        #expect(refused { $0.outputEnd = 0 })
        #expect(refused { $0.q = 0 })
        #expect(refused { $0.q = -1 })
        #expect(refused { $0.H = -1 })
        #expect(
            refused {
                $0.product = .options
                $0.tick = 3
            })
    }

    @Test func `a partition without any time has no windows`() throws {
        #expect(try EngineRun([add(at: nil), add(at: nil)], parameters()).tables == Tables())
        #expect(try EngineRun([], parameters()).tables == Tables())
    }

    @Test func `the extremes of every field go through`() throws {
        let times: [Int64] = [.min + 1, -1, 0, 1, second, 2 * second + 1]
        let prices: [Int64] = [.min, -1, 0, 1, 1 << 61, (1 << 61) + 1, .max - 1, .max]
        var records: [NaiveRecord] = []
        for time in times {
            for price in prices {
                for action in "ATCMF" {
                    for flags in [0, F_LAST, F_TOB, F_SNAPSHOT | F_LAST] {
                        var record = add(at: time, id: UInt64.max - UInt64(flags), flags: flags)
                        record.action = action
                        record.price = price
                        record.size = records.count % 3 == 0 ? 4_294_967_295 : Int64(records.count % 5)
                        record.side = records.count % 2 == 0 ? "A" : "B"
                        records.append(record)
                    }
                }
            }
        }
        for p in [parameters(), parameters(product: .options), parameters(product: .quotes)] {
            let run = try EngineRun(records, p)
            #expect(run.tables.quality.count == 3)
        }
        let behind = try EngineRun(records + [add(at: .max)], parameters())
        #expect(behind.stoppedAt == records.count)
    }

    @Test func `half a century of silence before the output is passed in one step`() throws {
        var p = parameters()
        p.outputStart = 1_772_548_200 * second
        p.outputEnd = p.outputStart + 2 * second
        let run = try EngineRun([add(at: 1), add(at: p.outputStart + 5, id: 2)], p)
        #expect(run.tables.quality.count == 2)
        #expect(run.tables.flow.first?[7] == .int(1))
    }

    @Test func `more than 32 bits rest at one price`() throws {
        var records: [NaiveRecord] = []
        for id in 1...40 as ClosedRange<UInt64> {
            var record = add(at: 100, id: id)
            record.size = 4_294_967_295
            records.append(record)
        }
        let run = try EngineRun(records, parameters())
        #expect(run.tables.snapshot[0][3] == .int(40 * 4_294_967_295))
    }

    @Test func `records are numbered over all that were given`() throws {
        var p = parameters()
        p.publisher = 1
        let records = [
            add(at: 1, publisher: 2), add(at: 1), add(at: 2, publisher: 2), add(at: 9 * second), add(at: 2),
        ]
        for block in 1...5 { #expect(try EngineRun(records, p, block: block).stoppedAt == 3) }
    }
}
