import CivilTime
import DBN
import Testing

/// Instrument ids get their symbols whichever way round the request was made.
struct SymbologyTests {
    static func date(_ text: String) -> CivilDate { CivilDate(parsing: text)! }

    static func file(
        _ stypeIn: UInt8, _ stypeOut: UInt8, version: UInt8 = 3,
        _ mappings: [(String, [(UInt32, UInt32, String)])]
    ) throws -> Symbology {
        let file = try DBNFile(
            bytes: Bytes.metadata(version: version, stypeIn: stypeIn, stypeOut: stypeOut, mappings: mappings),
            name: "test")
        return file.symbology
    }

    @Test(arguments: [1, 2, 3] as [UInt8])
    func `raw symbols to ids`(version: UInt8) throws {
        let symbology = try Self.file(
            1, 0, version: version,
            [
                ("ESH6", [(20_260_301, 20_260_303, "7"), (20_260_303, 20_260_305, "8")]),
                ("ESM6", [(20_260_301, 20_260_305, "9")]),
            ])
        #expect(symbology.symbol(of: 7, on: Self.date("2026-03-02")) == "ESH6")
        #expect(symbology.symbol(of: 7, on: Self.date("2026-03-03")) == nil)
        #expect(symbology.symbol(of: 8, on: Self.date("2026-03-03")) == "ESH6")
        #expect(symbology.symbol(of: 8, on: Self.date("2026-03-05")) == nil)
        #expect(symbology.symbol(of: 9, on: Self.date("2026-03-01")) == "ESM6")
        #expect(symbology.symbol(of: 10, on: Self.date("2026-03-01")) == nil)
        let day = symbology.instruments(on: Self.date("2026-03-04"))
        #expect(day.map(\.instrumentID) == [8, 9])
        #expect(day.map(\.symbol) == ["ESH6", "ESM6"])
    }

    @Test func `ids to raw symbols`() throws {
        let symbology = try Self.file(
            0, 1, [("7", [(20_260_301, 20_260_303, "ESH6"), (20_260_303, 20_260_305, "")])])
        #expect(symbology.symbol(of: 7, on: Self.date("2026-03-02")) == "ESH6")
        #expect(symbology.symbol(of: 7, on: Self.date("2026-03-03")) == nil)
    }

    @Test func `parents and continuous names to ids`() throws {
        let parent = try Self.file(4, 0, [("ESH6", [(20_260_301, 20_260_302, "7")])])
        #expect(parent.symbol(of: 7, on: Self.date("2026-03-01")) == "ESH6")
        let continuous = try Self.file(3, 0, [("ES.c.0", [(20_260_301, 20_260_302, "7")])])
        #expect(continuous.symbol(of: 7, on: Self.date("2026-03-01")) == "ES.c.0")
    }

    @Test func `what is no number, no symbol or no date maps nothing`() throws {
        let symbology = try Self.file(
            1, 0,
            [
                ("A", [(20_260_301, 20_260_302, "x"), (20_260_301, 20_260_302, "4294967296")]),
                ("", [(20_260_301, 20_260_302, "7")]), ("B", [(20_260_302, 20_260_302, "7")]),
                ("C", [(20_260_303, 20_260_302, "7")]),
            ])
        #expect(symbology.instruments(on: Self.date("2026-03-01")).isEmpty)
        #expect(symbology.instruments(on: Self.date("2026-03-02")).isEmpty)
    }

    @Test func `names from elsewhere fill what the file leaves open`() throws {
        var symbology = try Self.file(1, 0, [("ESH6", [(20_260_301, 20_260_302, "7")])])
        symbology.name(7, "OTHER")
        symbology.name(8, "ESM6")
        #expect(symbology.symbol(of: 7, on: Self.date("2026-03-01")) == "ESH6")
        #expect(symbology.symbol(of: 7, on: Self.date("2026-03-02")) == "OTHER")
        #expect(symbology.symbol(of: 8, on: Self.date("2026-03-01")) == "ESM6")
    }
}
