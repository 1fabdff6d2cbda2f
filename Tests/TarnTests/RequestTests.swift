import CivilTime
import Pipeline
import Testing

@Suite struct `Reading requests` {
    func dates(_ text: String) throws -> [String] {
        try DateSelection(parsing: text).dates.map(\.description)
    }

    @Test func `a date, a range with both ends, and lists of them`() throws {
        #expect(try dates("2026-03-03") == ["2026-03-03"])
        #expect(try dates("2026-02-27:2026-03-01") == ["2026-02-27", "2026-02-28", "2026-03-01"])
        #expect(try dates("2024-02-28:2024-03-01").count == 3)
        #expect(try dates("2026-03-03,2026-01-02,2026-03-03") == ["2026-01-02", "2026-03-03"])
        #expect(try dates("2026-03-03,2026-03-01:2026-03-04").count == 4)
    }

    @Test func `dates named one by one are told from those of a range`() throws {
        let selection = try DateSelection(parsing: "2026-03-02,2026-03-04:2026-03-05")
        #expect(selection.named == [CivilDate(year: 2026, month: 3, day: 2)!])
    }

    @Test(arguments: [
        ("", "'' is not a date of the form YYYY-MM-DD"),
        ("2026-02-29", "'2026-02-29' is not a date of the form YYYY-MM-DD"),
        ("2026-03-03,", "'' is not a date of the form YYYY-MM-DD"),
        ("2026-03-03:2026-03-01", "the range 2026-03-03:2026-03-01 ends before it begins"),
        ("2026-03-03:", "'' is not a date of the form YYYY-MM-DD"),
        ("1:2:3", "'1:2:3' is not a date D or a range D:D"),
        ("0001-01-01:9999-12-31", "the range 0001-01-01:9999-12-31 is longer than a century"),
    ])
    func `what is no date is refused`(text: String, message: String) {
        let error = #expect(throws: RequestError.self) { try DateSelection(parsing: text) }
        #expect(error?.message == message)
    }

    @Test func `a shard is counted from one`() throws {
        let shard = try Shard(parsing: "2/3")
        #expect(shard.index == 2)
        #expect(shard.count == 3)
    }

    @Test(arguments: ["", "1", "0/3", "4/3", "1/0", "-1/3", "1/3/5", "a/b", "1/99999999999999999999"])
    func `what is no shard is refused`(text: String) {
        #expect(throws: RequestError.self) { try Shard(parsing: text) }
    }

    @Test func `a setting is cut at its first equals sign`() throws {
        let setting = try Setting(parsing: "crossed_policy=a=b")
        #expect(setting.key == "crossed_policy")
        #expect(setting.value == "a=b")
        for text in ["", "key", "=value", "key="] {
            #expect(throws: RequestError.self) { try Setting(parsing: text) }
        }
    }

    @Test(arguments: ["ESH6", "ES", "BRK.B", "ESM4-ESU4", "SPY   260320C00630000", "BRK/B"])
    func `symbols of vendors are taken`(symbol: String) throws {
        #expect(try SymbolText.checked(symbol) == symbol)
    }

    @Test(arguments: [
        "", "../x", "..", ".", "/etc/passwd", "a/../b", "a//b", "x/", " ES", "ES ", "E\u{0}S", "E\nS",
        String(repeating: "x", count: 101),
    ])
    func `what is no symbol is refused`(text: String) {
        #expect(throws: RequestError.self) { try SymbolText.checked(text) }
    }
}

@Suite struct `Exit codes` {
    @Test func `one common reason gives its own code, different ones the general code`() {
        #expect(ExitStatus.combining([]) == .done)
        #expect(ExitStatus.combining([.done, .done]) == .done)
        #expect(ExitStatus.combining([.done, .corrupt, .corrupt]) == .corrupt)
        #expect(ExitStatus.combining([.corrupt, .violation]) == .failed)
        #expect(ExitStatus.combining([.corrupt, .interrupted]) == .interrupted)
    }

    @Test func `codes are those of the documentation`() {
        let codes = [
            ExitStatus.done, .failed, .usage, .violation, .notReady, .corrupt, .transient, .interrupted,
        ].map(\.rawValue)
        #expect(codes == [0, 1, 2, 3, 4, 5, 6, 130])
    }
}
