import Columnar
import Contracts
import JSON
import Testing

@Suite struct Conformance {
    @Test(arguments: [0, 1, 2, 3, 255, 256, 257, 1000, 5000])
    func `conforming rows are clean`(count: Int) throws {
        let report = try SampleRows(count).report()
        #expect(report.isClean)
        #expect(report.rows == count)
        // 11 columns without nulls, 2 of symbols, 3 doubles, 4 + 2 limits, key, order, 2 identities.
        #expect(report.rules.count == 11 + 2 + 3 + 6 + 2 + 2)
        #expect(report.text == "silver.future_mbo.sample: \(count) rows conform to the contract\n")
    }

    @Test func `a null in a column without nulls`() throws {
        var rows = SampleRows(3)
        rows.nulls = (13, [true, false, true])
        #expect(brief(try rows.report()) == ["null day 1"])
    }

    @Test func `a symbol beyond the list`() throws {
        var rows = SampleRows(4)
        rows.side.values[3] = 2
        let report = try rows.report()
        #expect(brief(report) == ["symbol side 1"])
        #expect(report.violations[0].samples.map(\.value) == ["side=#2"])
    }

    @Test func `limits of integers, inclusive and exclusive, ignoring nulls`() throws {
        var rows = SampleRows(6)
        rows.start.values[1] = -1
        rows.end.values[1] = 3
        rows.ticks.values[0] = 99  // null there
        rows.ticks.values[1] = 0
        rows.ticks.values[3] = 6
        let report = try rows.report()
        #expect(brief(report) == ["minimum start 1", "minimum ticks 1", "maximum ticks 1"])
        #expect(report.violations.map(\.statement) == ["start >= 0", "ticks > 0", "ticks <= 5"])
        #expect(report.violations[1].samples == [.init(row: 1, key: "at=0, side=B", value: "ticks=0")])
    }

    @Test func `limits of doubles, inclusive and exclusive`() throws {
        var rows = SampleRows(4)
        rows.bid.values[0] = 0
        rows.ask.values[0] = 1_000_000
        rows.mid.values[0] = 500_000
        rows.bid.values[1] = 19_000_000
        rows.ask.values[1] = 1_000_000
        rows.mid.values[1] = 1e7
        rows.bid.values[2] = 0.0.nextUp
        rows.ask.values[2] = 1_000_000.0.nextUp
        rows.mid.values[2] = 500_000
        let report = try rows.report()
        #expect(brief(report) == ["minimum bid 1", "maximum ask 1", "maximum mid 1"])
    }

    @Test func `doubles that are not finite`() throws {
        var rows = SampleRows(3)
        rows.bid.values[0] = .nan
        rows.ask.values[1] = .infinity
        rows.mid.values[2] = -.infinity
        let report = try rows.report()
        #expect(
            brief(report) == [
                "finite bid 1", "finite ask 1", "maximum ask 1", "finite mid 1", "identity bid,ask,mid 3",
            ])
    }

    @Test func `a key twice in a row`() throws {
        var rows = SampleRows(6)
        rows.at.values[4] = 1
        rows.side.values[4] = 0
        let report = try rows.report()
        #expect(brief(report) == ["key at,side 1"])
        #expect(
            report.violations[0].samples == [
                .init(row: 4, key: "at=1, side=B", value: "the key of the row before")
            ])
    }

    @Test func `rows out of order, symbols by their text and not by their position`() throws {
        var rows = SampleRows(6)
        // The list is [B, A]: index 1 is A, which comes first.
        rows.side.values[2] = 0
        rows.side.values[3] = 1
        let report = try rows.report()
        #expect(brief(report) == ["order at,side 1"])
        #expect(
            report.violations[0].samples == [
                .init(row: 3, key: "at=1, side=A", value: "at=1, side=A after 1, B")
            ])
        #expect(report.rules.first { $0.kind == .key }?.note != nil)
    }

    @Test func `order and key hold across batches`() throws {
        func check(secondStart: Int64) throws -> ConformanceReport {
            var checker = ConformanceChecker(try parse(sampleText))
            SampleRows(4).check(by: &checker)
            SampleRows(0).check(by: &checker)
            SampleRows(4, first: secondStart).check(by: &checker)
            return checker.finish()
        }
        #expect(try check(secondStart: 2).isClean)
        let overlap = try check(secondStart: 1)
        #expect(brief(overlap) == ["order at,side 1"])
        #expect(overlap.violations[0].samples.map(\.row) == [4])
        #expect(overlap.violations[0].samples.map(\.value) == ["at=1, side=A after 1, B"])
        var checker = ConformanceChecker(try parse(sampleText))
        SampleRows(3).check(by: &checker)
        SampleRows(1, first: 1).check(by: &checker)
        #expect(brief(checker.finish()) == ["key at,side 1"])
    }

    @Test func `a key that is no prefix of the order is unique anywhere in the table`() throws {
        let contract = try parse(
            changed(#""key": ["at", "side"]"#, #""key": ["start", "note_key"]"#)
                .replacing(
                    #"{"name": "note""#,
                    with: #"{"name": "note_key", "type": "string", "doc": "d"}, {"name": "note""#))
        var checker = ConformanceChecker(contract)
        func feed(_ keys: [(Int64, String)], from first: Int64) {
            let rows = SampleRows(keys.count, first: first)
            var strings = StringColumn()
            var starts = Column<Int64>()
            var ends = Column<Int64>()
            for (start, text) in keys {
                strings.append(text)
                starts.append(start)
                ends.append(start + 4)
            }
            rows.check(
                by: &checker, replacing: [2: starts.withView { $0 }, 5: ends.withView { $0 }],
                inserting: (10, strings.withView { $0 }))
        }
        feed([(1, "a"), (1, "b"), (2, "a"), (1, "a")], from: 0)
        feed([(3, "a"), (2, "a"), (1, "")], from: 10)
        let report = checker.finish()
        #expect(brief(report) == ["key start,note_key 2"])
        #expect(report.violations[0].samples.map(\.row) == [3, 5])
    }

    @Test func `strings are ordered by their bytes`() throws {
        // é as e + combining accent (65 CC 81) sorts before f (66) and before é as one scalar (C3 A9).
        let text =
            #"{"type":"record","name":"R","namespace":"lake.gold.p","version":1,"key":["n"],"orderBy":["n"],"fields":[{"name":"n","type":"string"}]}"#
        var checker = ConformanceChecker(try parse(text))
        var column = StringColumn()
        for text in ["", "Z", "a", "e\u{301}", "f", "\u{e9}", "\u{FFFF}", "😀"] { column.append(text) }
        column.withView { checker.check([$0]) }
        #expect(checker.finish().isClean)
        var second = ConformanceChecker(try parse(text))
        var wrong = StringColumn()
        for text in ["\u{e9}", "e\u{301}", "e\u{301}"] { wrong.append(text) }
        wrong.withView { second.check([$0]) }
        #expect(brief(second.finish()) == ["key n 1", "order n 1"])
    }

    @Test func `symbols may come as strings`() throws {
        let text =
            #"{"type":"record","name":"R","namespace":"lake.gold.p","version":1,"key":["n"],"orderBy":["n"],"fields":[{"name":"n","type":{"type":"enum","name":"S","symbols":["b","a","c"]}}]}"#
        var checker = ConformanceChecker(try parse(text))
        var column = StringColumn()
        for text in ["a", "b", "c", "d"] { column.append(text) }
        column.withView { checker.check([$0]) }
        let report = checker.finish()
        #expect(brief(report) == ["symbol n 1"])
        #expect(report.violations[0].samples == [.init(row: 3, key: "n=d", value: "n=d")])
    }

    @Test func `an exact identity holds only on the rows where its condition is true`() throws {
        var rows = SampleRows(600)
        rows.end.values[300] += 1
        rows.end.values[301] += 1
        rows.valid.values[301] = false
        rows.end.values[599] -= 1
        let report = try rows.report()
        #expect(brief(report) == ["identity start,added,removed,end,valid 2"])
        #expect(report.violations[0].samples.map(\.row) == [300, 599])
        #expect(report.violations[0].samples[0].value == "start=0, added=10, removed=3, end=5")
    }

    @Test func `exact identities neither overflow nor wrap`() throws {
        // Wrapping 64-bit sums would find 2^63 − 1 + 2^63 − 1 − 2·(−1) = 0.
        var wrapped = SampleRows(1)
        wrapped.start.values[0] = .max
        wrapped.added.values[0] = .max
        wrapped.removed.values[0] = -1
        wrapped.end.values[0] = 0
        #expect(brief(try wrapped.report()) == ["identity start,added,removed,end,valid 1"])
        // 2^63 − 1 + 1 − 2·1 = 2^63 − 2 passes 2^63 on the way.
        var large = SampleRows(1)
        large.start.values[0] = .max
        large.added.values[0] = 1
        large.removed.values[0] = 1
        large.end.values[0] = .max - 1
        #expect(try large.report().isClean)
        var least = SampleRows(1)
        least.added.values[0] = .min
        least.start.values[0] = .max
        least.removed.values[0] = 0
        least.end.values[0] = -1
        #expect(try least.report().isClean)
    }

    @Test func `a tolerance is included`() throws {
        var rows = SampleRows(3)
        rows.bid.values[0] = 1
        rows.ask.values[0] = 1
        rows.mid.values[0] = 1 + 0x1p-30  // 9.3e-10
        rows.bid.values[1] = 1
        rows.ask.values[1] = 1
        rows.mid.values[1] = 1 - 0x1p-29  // 1.9e-9
        #expect(brief(try rows.report()) == ["identity bid,ask,mid 1"])
        let exact = try parse(changed(#""tolerance": 0"#, #""tolerance": 2"#))
        for (difference, isClean) in [(-3, false), (-2, true), (0, true), (2, true), (3, false)]
            as [(Int64, Bool)]
        {
            var checker = ConformanceChecker(exact)
            var rows = SampleRows(1)
            rows.end.values[0] += difference
            rows.check(by: &checker)
            #expect(checker.finish().isClean == isClean)
        }
    }

    @Test func `all violated rules are reported with counts and the first five rows`() throws {
        var rows = SampleRows(1000)
        for i in 0..<1000 where i % 10 == 0 {
            rows.start.values[i] = -1
            rows.bid.values[i] = .nan
        }
        rows.at.values[999] = -5
        let report = try rows.report()
        #expect(
            brief(report) == [
                "minimum start 100", "finite bid 100", "order at,side 1",
                "identity start,added,removed,end,valid 100",
                "identity bid,ask,mid 100",
            ])
        #expect(report.violations[0].samples.map(\.row) == [0, 10, 20, 30, 40])
        #expect(report.text.contains("5 of 24 rules violated") || report.text.contains("rules violated"))
        #expect(report.text.contains("    and 95 more\n"))
        #expect(report.json["violations"]?.arrayValue?.count == 5)
        #expect(report.json["violations"]?.arrayValue?[0]["rows"] == 100)
        let xml = JUnit.xml([report.junit(place: "a<b>&\"c\"\u{1}")])
        #expect(
            xml.contains(
                "<testsuite name=\"a&lt;b&gt;&amp;&quot;c&quot;\u{FFFD}\" tests=\"\(report.rules.count)\" failures=\"5\" errors=\"0\">"
            ))
        #expect(
            xml.contains(
                "<failure message=\"100 rows violate: start &gt;= 0\">row 0 (at=0, side=A): start=-1"))
    }

    /// The counting passes against a naive reading of the rules, on random rows.
    @Test func `random tables are judged as row by row`() throws {
        var state: UInt64 = 1
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        for _ in 0..<50 {
            let count = 1 + random(700)
            var rows = SampleRows(count)
            for _ in 0..<random(20) {
                let row = random(count)
                switch random(6) {
                case 0: rows.start.values[row] = Int64(random(5)) - 2
                case 1: rows.ask.values[row] = [.nan, .infinity, 1e6, 1e6 + 1, 0][random(5)]
                case 2: rows.ticks.values[row] = Int32(random(8)) - 1
                case 3: rows.at.values[row] = Int64(random(count))
                case 4: rows.side.values[row] = UInt8(random(3))
                default: rows.valid.values[row] = false
                }
            }
            var expected: [String: Int] = [:]
            func rank(_ side: UInt8) -> Int { [1, 0, 2][Int(side)] }
            for row in 0..<count {
                func add(_ rule: String, if isViolated: Bool) {
                    if isViolated { expected[rule, default: 0] += 1 }
                }
                add("minimum start", if: rows.start[row] < 0)
                add("finite ask", if: !rows.ask[row].isFinite)
                add("maximum ask", if: rows.ask[row] > 1e6)
                add("symbol side", if: rows.side.values[row] > 1)
                if let ticks = rows.ticks[row] {
                    add("minimum ticks", if: ticks <= 0)
                    add("maximum ticks", if: ticks > 5)
                }
                let sum = rows.start[row] + rows.added[row] - 2 * Int64(rows.removed[row])
                add("identity start,added,removed,end,valid", if: rows.valid[row] && sum != rows.end[row])
                let mid = 0.5 * rows.bid[row] + 0.5 * rows.ask[row]
                add("identity bid,ask,mid", if: !(abs(mid - rows.mid[row]) <= 1e-9))
                if row > 0 {
                    let before = (rows.at[row - 1], rank(rows.side.values[row - 1]))
                    let here = (rows.at[row], rank(rows.side.values[row]))
                    add("order at,side", if: here < before)
                    add("key at,side", if: here == before)
                }
            }
            let report = try rows.report()
            #expect(
                Dictionary(
                    uniqueKeysWithValues: report.violations.map {
                        ("\($0.kind.rawValue) \($0.columns.joined(separator: ","))", $0.violations)
                    }) == expected)
        }
    }
}
