import CivilTime
import Contracts
import Lake
import Testing

@Suite struct AddressTests {
    let dataset = DatasetKey(parsing: "bronze.future_mbo.mbo")!

    @Test func `the path of a partition is that of the lake protocol`() throws {
        let address = try PartitionAddress(dataset, symbol: "ESH6", date: sampleDate)
        #expect(address.path == "bronze/product_type=future_mbo/table=mbo/symbol=ESH6/dt=2026-01-06")
        #expect(PartitionAddress(path: address.path) == address)
    }

    @Test(arguments: [
        ("ESH6", "ESH6"), ("BRK.B", "BRK.B"), ("../x", "%2E.%2Fx"), ("a/b", "a%2Fb"), (".", "%2E"),
        ("..", "%2E."),
        ("_x", "%5Fx"), ("a b", "a%20b"), ("100%", "100%25"), ("ES=F", "ES%3DF"), ("é", "%C3%A9"),
        ("\u{0}", "%00"),
        ("e\u{301}", "e%CC%81"), ("\n", "%0A"), ("~", "%7E"),
    ])
    func `every symbol is one component that reads back`(symbol: String, encoded: String) throws {
        let address = try PartitionAddress(dataset, symbol: symbol, date: sampleDate)
        #expect(address.path == "bronze/product_type=future_mbo/table=mbo/symbol=\(encoded)/dt=2026-01-06")
        let back = try #require(PartitionAddress(path: address.path))
        #expect(back == address)
        #expect(Array(back.symbol.utf8) == Array(symbol.utf8))
    }

    @Test func `symbols that are canonically equivalent are different partitions`() throws {
        let composed = try PartitionAddress(dataset, symbol: "\u{e9}", date: sampleDate)
        let decomposed = try PartitionAddress(dataset, symbol: "e\u{301}", date: sampleDate)
        #expect(composed != decomposed)
        #expect(composed.path != decomposed.path)
        #expect(decomposed < composed)
    }

    @Test func `a symbol without bytes or with too many is refused`() {
        #expect(throws: LakeError.self) { try PartitionAddress(dataset, symbol: "", date: sampleDate) }
        let long = String(repeating: "x", count: 200)
        #expect(throws: Never.self) { try PartitionAddress(dataset, symbol: long, date: sampleDate) }
        #expect(throws: LakeError.self) {
            try PartitionAddress(dataset, symbol: long + "x", date: sampleDate)
        }
        let spaces = String(repeating: " ", count: 67)
        #expect(throws: LakeError.self) { try PartitionAddress(dataset, symbol: spaces, date: sampleDate) }
    }

    @Test(arguments: [
        "", "bronze", "/bronze/product_type=a/table=b/symbol=c/dt=2026-01-06",
        "bronze/product_type=a/table=b/symbol=c/dt=2026-01-06/",
        "bronze/product_type=a/table=b/symbol=c/dt=2026-02-30",
        "bronze/product_type=a/table=b/symbol=/dt=2026-01-06",
        "bronze/product_type=a/table=b/symbol=../dt=2026-01-06",
        "bronze/product_type=a/table=b/symbol=%2e/dt=2026-01-06",
        "bronze/product_type=a/table=b/symbol=%41/dt=2026-01-06",
        "bronze/product_type=a/table=b/symbol=a%/dt=2026-01-06",
        "bronze/product_type=a/table=b/symbol=a%FF/dt=2026-01-06",
        "bronze/product_type=../table=b/symbol=c/dt=2026-01-06",
        "raw/product_type=a/table=b/symbol=c/dt=2026-01-06",
        "bronze/table=b/product_type=a/symbol=c/dt=2026-01-06",
    ])
    func `a path that no partition has is none`(path: String) {
        #expect(PartitionAddress(path: path) == nil)
    }

    @Test func `a lake lists its partitions in order and passes over the rest`() throws {
        let scratch = Scratch()
        let lake = Lake(root: scratch.path + "/lake/")
        let wanted = try ["gold.future_mbo.a", "bronze.future_mbo.mbo", "bronze.equity_mbo.mbo"].flatMap {
            key in
            try ["NQ", "ES", "a/b"].flatMap { symbol in
                try [sampleDate, sampleDate.adding(days: -1)].map { date in
                    try PartitionAddress(DatasetKey(parsing: key)!, symbol: symbol, date: date)
                }
            }
        }
        for address in wanted {
            try FileSystem.makeRoot(lake.path(of: address))
        }
        for stray in [
            "_staging/x/bronze", "_history/bronze/product_type=a/table=b/symbol=c/dt=2026-01-06",
            "bronze/product_type=future_mbo/table=mbo/symbol=ES/dt=tomorrow", "bronze/notes",
            "raw/source=databento", "bronze/product_type=future_mbo/table=mbo/symbol=%zz/dt=2026-01-06",
        ] { try FileSystem.makeRoot(lake.path(stray)) }
        try FileSystem.create(
            lake.path("bronze/product_type=future_mbo/table=mbo/symbol=ES/dt=2026-01-09"), [])

        let listed = try lake.partitions()
        #expect(listed == wanted.sorted())
        #expect(listed.first?.description == "bronze.equity_mbo.mbo ES 2026-01-05")
        #expect(listed.last?.description == "gold.future_mbo.a a/b 2026-01-06")
        let some = try lake.partitions(
            PartitionFilter(dataset: dataset, symbols: ["ES", "a/b"], dates: sampleDate...sampleDate))
        #expect(some.map(\.symbol) == ["ES", "a/b"])
        #expect(try Lake(root: scratch.path + "/none").partitions() == [])
    }
}
