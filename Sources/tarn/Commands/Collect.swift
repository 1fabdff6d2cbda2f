import Arguments
import JSON
import Lake
import Pipeline
import Terminal

struct Collect: Command {
    static var about: About {
        About(
            "gc", "Show the replaced generations that nothing reaches any longer, or remove them.",
            discussion: """
                A generation in _history stays as long as a live partition names it as an input, directly or through \
                others. Nothing is removed without --delete, and nothing at all while a run is at work (exit code 4). \
                Quarantined tables stay: they are for people to look at.
                """,
            examples: [
                Example("tarn gc", "shows what would go"),
                Example("tarn gc --delete", "removes it"),
            ])
    }

    @Flag("delete", help: "Remove them.") var isDeleting

    func run(in session: Session) throws {
        let lake = try session.project().lake
        let reach = try isDeleting ? lake.collectHistory() : lake.historyReach()
        let bytes = reach.unreached.reduce(0) { $0 + $1.manifest.byteCount }
        for path in reach.unreadable {
            session.console.warning("\(path) cannot be read and stays")
        }
        if session.isJSON {
            session.emit([
                "deleted": .bool(isDeleting), "bytes": .integer(bytes),
                "unreached": .array(reach.unreached.map(\.json)),
                "reached": .array(reach.reached.map(\.json)),
                "remains": .array(reach.remains.map(JSONValue.string)),
                "unreadable": .array(reach.unreadable.map(JSONValue.string)),
            ])
            return
        }
        var table = TextTable([
            .datasets("dataset"), .text("symbol"), .text("dt"), .text("generation").dispensable(), .number("size"),
        ])
        for generation in reach.unreached {
            let address = generation.manifest.address
            table.add([
                "\(address.dataset)", "\(address.symbol)", "\(address.date)",
                "\(generation.manifest.generation.prefix(12))",
                "\(Human.bytes(Int(generation.manifest.byteCount)))",
            ])
        }
        if !table.isEmpty { session.console.result(table) }
        session.console.note(
            "\(Human.plural(reach.unreached.count, "old generation")), \(Human.bytes(Int(bytes))): "
                + (isDeleting ? "removed" : "would be removed; --delete does it")
                + "; \(reach.reached.count) still reached")
    }
}

extension HistoricGeneration {
    var json: JSONValue {
        [
            "path": .string(path), "dataset": .string("\(manifest.address.dataset)"),
            "symbol": .string(manifest.address.symbol), "dt": .string("\(manifest.address.date)"),
            "generation": .string(manifest.generation), "rows": .integer(manifest.rowCount),
            "bytes": .integer(manifest.byteCount),
        ]
    }
}
