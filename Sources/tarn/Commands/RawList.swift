import Arguments
import CivilTime
import DBN
import JSON
import Lake
import Pipeline
import Terminal

/// Which part of the raw layer.
struct RawSelection: ParameterGroup {
    @Option("dataset", .text(label: "D"), help: "Only this dataset of the vendor, such as GLBX.MDP3.")
    var dataset: String?
    @Option("schema", .schema, help: "Only this schema.") var schema: Schema?
    @Option("dt", short: "d", .dates, help: "Only these dates: D, D:D, or a list of them.") var dates: DateSelection?

    func days(of store: RawStore) throws -> [RawDay] {
        var filter = RawFilter(dataset: dataset, schema: schema?.name)
        if let dates = dates?.dates, let first = dates.first, let last = dates.last {
            filter.dates = first...last
        }
        let wanted = dates.map { Set($0.dates) }
        return try store.days(filter).filter { wanted?.contains($0.location.date) ?? true }
    }
}

struct RawList: Command {
    static var about: About {
        About(
            "list", "List the raw layer: one line for each file.",
            examples: [
                Example("tarn raw list", "lists everything"),
                Example(
                    "tarn raw list --schema mbo --dt 2026-03-01:2026-03-31", "lists one month of order files"),
            ])
    }

    var selection = RawSelection()

    func run(in session: Session) throws {
        let store = RawStore(try session.project().lake)
        let days = try selection.days(of: store)
        for day in days {
            for name in day.unrecorded {
                session.console.warning(
                    "\(day.location.path)/\(name) has no record of its hash and is not read by any stage; add it with 'tarn raw add'"
                )
            }
        }
        if session.isJSON {
            session.emit([
                "days": .array(
                    days.map { day in
                        [
                            "path": .string(day.location.path), "dataset": .string(day.location.dataset),
                            "schema": .string(day.location.schema), "dt": .string("\(day.location.date)"),
                            "no_data": .bool(day.noData != nil),
                            "files": .array(day.files.map { .object($0.json) }),
                            "unrecorded": .array(day.unrecorded.map(JSONValue.string)),
                        ]
                    })
            ])
            return
        }
        show(days, on: session.console)
    }

    private func show(_ days: [RawDay], on console: Console) {
        guard !days.isEmpty else {
            console.note("there are no such raw files; 'tarn raw add FILE…' adds some")
            return
        }
        var table = TextTable([
            .text("dataset"), .text("schema"), .text("date"), .number("size"), .text("file"),
        ])
        for day in days {
            let place: [TextTable.Cell] = [
                .init(day.location.dataset), .init(day.location.schema), "\(day.location.date)",
            ]
            if day.noData != nil { table.add(place + ["", .init("no data", .faint)]) }
            for file in day.files {
                table.add(place + [.init(Human.bytes(Int(file.bytes))), .init(file.name)])
            }
        }
        console.result(table)
    }
}
