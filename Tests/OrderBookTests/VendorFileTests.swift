import OrderBook
import Testing

/// One day of one future in vendor files, and the output windows in which it is compared.
struct VendorDay: CustomTestStringConvertible, Sendable {
    var name: String
    var files: [String]
    var instrument: Int
    /// UTC seconds since 1970.
    var start: Int64
    var end: Int64

    var testDescription: String { name }
    var isPresent: Bool { files.allSatisfy { VendorFiles.exists($0) } }

    static let all = [
        // 2024-05-08T00:00:00Z + 10 s
        VendorDay(
            name: "ESM4 2024-05-08",
            files: ["real/esm4-20240508/orderbooks_mbo_2024-05-08T00-00-00_2024-05-08T00-00-02.dbn.zst"],
            instrument: 5602, start: 1_715_126_400, end: 1_715_126_410),
        // 2023-12-25T21:59:50Z to the end of the day: the silent hours between would only be empty windows.
        VendorDay(
            name: "ESH4 2023-12-25", files: ["real/esh4-20231224/esh4-glbx-mdp3-20231225.mbo.dbn.zst"],
            instrument: 17077, start: 1_703_541_590, end: 1_703_548_800),
        VendorDay(
            name: "ESH4 2023-12-24 and 25",
            files: [
                "real/esh4-20231224/esh4-glbx-mdp3-20231224.mbo.dbn.zst",
                "real/esh4-20231224/esh4-glbx-mdp3-20231225.mbo.dbn.zst",
            ],
            instrument: 17077, start: 1_703_545_190, end: 1_703_546_400),
        // 2026-03-03T14:30Z to 15:35Z, or ten minutes of it
        VendorDay(
            name: "ESH6 2026-03-03", files: ["synthetic/glbx-mdp3-20260303.mbo.dbn.zst"],
            instrument: 42_140_864,
            start: 1_772_548_200, end: VendorFiles.isFull ? 1_772_552_100 : 1_772_548_800),
        VendorDay(
            name: "NQH6 2026-03-03", files: ["synthetic/glbx-mdp3-20260303.mbo.dbn.zst"],
            instrument: 42_005_804,
            start: 1_772_548_200, end: VendorFiles.isFull ? 1_772_552_100 : 1_772_548_800),
    ]
}

struct VendorFileTests {
    @Test(
        "on a vendor's file the engine agrees with the reference at each event boundary and in each row",
        .enabled(if: VendorDay.all.contains { $0.isPresent }, "no vendor files"),
        arguments: VendorDay.all.filter { $0.isPresent })
    func day(_ day: VendorDay) throws {
        let records = try VendorFiles.orders(day.files, instrument: day.instrument)
        var parameters = NaiveParameters(
            outputStart: day.start * naiveSecond, outputEnd: day.end * naiveSecond)
        parameters.assumeComplete = false
        parameters.invalidatesCrossed = true
        let stepped = try SteppedEngine(
            parameters.book, firstTime: try firstTime(of: records.map { $0.bookEvent }))
        var wrong: String?
        var boundaries = 0
        var naive = NaiveReplay(parameters)
        naive.run(records) { index, record, replay in
            stepped.feed(record.bookEvent)
            guard record.has(F_LAST), wrong == nil else { return }
            boundaries += 1
            if let difference = stepped.difference(from: replay.books[0]!) {
                wrong = "record \(index), \(record): \(difference)"
            }
        }
        let run = try EngineRun(records, parameters)
        wrong = wrong ?? run.tables.difference(from: naive.tables)
        try #require(wrong == nil)
        #expect(boundaries > 100)
        #expect(run.tables.quality.count == Int(day.end - day.start))
        #expect(run.tables.flow.contains { $0[14] == .bool(true) }, "some window is valid")
    }

    static let quotes = "synthetic/opra-pillar-20260303.cmbp-1.dbn.zst"

    @Test(
        "on a vendor's file of option quotes the engine agrees with the reference in each row",
        .enabled(if: VendorFiles.exists(quotes), "no vendor files"))
    func options() throws {
        let records = try VendorFiles.quotes(Self.quotes)
        var parameters = NaiveParameters(
            outputStart: 1_772_548_200 * naiveSecond, outputEnd: 1_772_548_800 * naiveSecond)
        parameters.product = .quotes
        parameters.step = 1_000_000_000
        parameters.kmax = 25
        parameters.tick = 500_000_000
        // Terms are laid out by hand: here only the books count, not which strike they belong to.
        for (place, id) in Set(records.map { $0.instrument }).sorted().enumerated() {
            parameters.instruments[id] = (place % 2 == 0 ? "C" : "P", Int64(630 + place) * 1_000_000_000)
        }
        for second in 0..<600 as Range<Int64> {
            let spot = (6800 + second % 7) * 100_000_000
            parameters.underlying[parameters.outputStart + (second + 1) * naiveSecond] = (spot, true)
        }
        var naive = NaiveReplay(parameters)
        naive.run(records)
        let run = try EngineRun(records, parameters)
        let wrong = run.tables.difference(from: naive.tables)
        try #require(wrong == nil)
        #expect(run.tables.snapshot.count > 600)
    }
}
