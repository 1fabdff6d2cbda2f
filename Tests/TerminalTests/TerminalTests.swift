import Terminal
import Testing

@Suite struct `Numbers for people` {
    @Test(arguments: [
        (0, "0"), (999, "999"), (1000, "1,000"), (81204, "81,204"), (-1_234_567, "-1,234,567"),
        (.min, "-9,223,372,036,854,775,808"),
    ])
    func `counts are grouped by thousands`(number: Int, text: String) {
        #expect(Human.count(number) == text)
    }

    @Test(arguments: [
        (0, "0 B"), (512, "512 B"), (999, "999 B"), (1000, "1.0 kB"), (4547, "4.5 kB"), (99_940, "99.9 kB"),
        (99_960, "100 kB"),
        (999_499, "999 kB"), (999_500, "1.0 MB"), (1_200_000_000, "1.2 GB"), (Int.max, "9223 PB"),
    ])
    func `sizes have three digits`(number: Int, text: String) {
        #expect(Human.bytes(number) == text)
    }

    @Test(
        arguments: [
            (0, "0.0 s"), (0.44, "0.4 s"), (9.96, "10 s"), (59.4, "59 s"), (59.6, "1 min 00 s"),
            (185, "3 min 05 s"), (7620, "2 h 07 min"),
            (-3, "0.0 s"), (Double.infinity, "277,777,777,777 h 47 min"),
        ] as [(Double, String)])
    func `durations have two units`(seconds: Double, text: String) {
        #expect(Human.duration(seconds: seconds) == text)
    }

    @Test func `a plural is used for all but one`() {
        #expect(Human.plural(1, "file") == "1 file")
        #expect(Human.plural(0, "file") == "0 files")
        #expect(Human.plural(2, "day", "days") == "2 days")
    }
}

@Suite struct `Tables` {
    func table() -> TextTable {
        var table = TextTable([.text("name"), .number("rows"), .text("state")])
        table.add(["bronze", "1,000", Terminal.TextTable.Cell("fresh", .good)])
        table.add(["a", "5", ""])
        return table
    }

    @Test func `columns are aligned and nothing trails`() {
        #expect(
            table().lines(Palette(isColoured: false)) == [
                "name     rows  state", "bronze  1,000  fresh", "a           5",
            ])
    }

    @Test func `colours do not move columns`() {
        let coloured = table().lines(Palette(isColoured: true))
        #expect(coloured[1] == "bronze  1,000  \u{1B}[32mfresh\u{1B}[0m")
        let plain = coloured.map { line in
            var text = line
            for code in ["\u{1B}[2m", "\u{1B}[32m", "\u{1B}[0m"] {
                text = text.split(separator: code, omittingEmptySubsequences: false).joined()
            }
            return text
        }
        #expect(plain[1...] == table().lines(Palette(isColoured: false))[1...])
    }

    @Test func `text from outside cannot steer the terminal`() {
        var table = TextTable([.text("symbol")])
        table.add([TextTable.Cell("ES\u{1B}[2J\u{202E}")])
        #expect(table.lines(Palette(isColoured: false))[1] == "ES\\u{1b}[2J\\u{202e}")
    }
}

@Suite struct `Tables on narrow terminals` {
    func table() -> TextTable {
        var table = TextTable([
            .datasets("dataset"), .text("symbol"), .number("rows"), .number("size").dispensable(2),
            .number("days").dispensable(), .text("empty").dispensable(), .text("state"),
        ])
        table.add(["silver.future_mbo.trades", "ESH6", "1,000", "12.0 kB", "2", "", "fresh"])
        table.add(["silver.future_mbo.quotes", "ESH6", "900", "9.0 kB", "2", "", "stale (parameters changed: q)"])
        table.add(["gold.future_mbo.episodes", "ESH6", "0", "300 B", "2", "", "fresh"])
        return table
    }

    func lines(_ width: Int?) -> [String] { table().lines(Palette(isColoured: false), width: width) }

    @Test func `what has room is shown whole, without columns that are empty`() {
        #expect(
            lines(90) == [
                "dataset                   symbol   rows     size  days  state",
                "silver.future_mbo.trades  ESH6    1,000  12.0 kB     2  fresh",
                "silver.future_mbo.quotes  ESH6      900   9.0 kB     2  stale (parameters changed: q)",
                "gold.future_mbo.episodes  ESH6        0    300 B     2  fresh",
            ])
    }

    @Test func `datasets go below headings first`() {
        #expect(
            lines(70) == [
                "dataset     symbol   rows     size  days  state", "silver.future_mbo",
                "  trades    ESH6    1,000  12.0 kB     2  fresh",
                "  quotes    ESH6      900   9.0 kB     2  stale (parameters changed:",
                "                                          q)", "gold.future_mbo",
                "  episodes  ESH6        0    300 B     2  fresh",
            ])
    }

    @Test func `then columns are left out, by their rank, and named`() {
        let narrow = lines(62)
        #expect(narrow.last == "no room for: size")
        #expect(narrow.first == "dataset     symbol   rows  days  state")
        #expect(lines(54).last == "no room for: size, days")
    }

    @Test(arguments: [54, 60, 70, 80, 120])
    func `no line is longer than the terminal is wide`(width: Int) {
        for line in lines(width) { #expect(line.count <= width, "\(line)") }
    }

    @Test func `elsewhere nothing is left out`() {
        #expect(lines(nil).allSatisfy { !$0.hasPrefix("  ") && $0.count > 60 })
        #expect(lines(nil)[0].contains("size  days  empty  state"))
    }
}

@Suite struct `Progress lines` {
    @Test func `share, rate and remaining time follow from what is done`() {
        let progress = Progress(label: "bronze ESH6", done: 2_500_000, total: 10_000_000, unit: "rows")
        #expect(
            progress.line(elapsedSeconds: 5, width: 100)
                == "[#####...............]  25 %  2.5 M rows  500 k rows/s  15 s left  bronze ESH6")
    }

    @Test func `an unknown total gives no share`() {
        let progress = Progress(label: "", done: 10, total: 0, unit: "files")
        #expect(progress.line(elapsedSeconds: 0.1, width: 100) == "10 files")
    }

    @Test(arguments: [10, 40, 60, 79])
    func `a line never wraps`(width: Int) {
        let progress = Progress(
            label: "bronze.future_mbo.mbo ESH6 2026-03-03", done: 7, total: 9, unit: "tasks")
        #expect(progress.line(elapsedSeconds: 61, width: width).count <= width)
    }
}
