import Arguments
import CivilTime
import JSON
import Lake
import Pipeline
import Reference
import Terminal

/// The product, symbol and date that source files are of.
struct ReferenceDayOptions: ParameterGroup {
    @Option("product-type", short: "p", .product, help: "Product, such as equity_taq.") var product: String
    @Option("symbol", short: "s", .symbol, help: "Ticker or contract; each file names it, too.") var symbol: String
    @Option("dt", short: "d", .date, help: "Date of the session start in New York.") var date: CivilDate

    func intake(in session: Session) throws -> ReferenceIntake {
        try ReferenceIntake(session.project(), product: product, symbol: symbol, date: date)
    }
}

struct RefAdd: Command {
    static var about: About {
        About(
            "add", "Add sessions, levels, markers, commands or labels of a symbol and date.",
            discussion: """
                Each file is recognised by its content: a session, level or marker file (YAML), a command file (CSV), or \
                a label file (CSV or Parquet). All source files of the day are put together and checked before anything \
                changes; what is wrong is named with its file and line. Then the files are kept in the raw layer and \
                the ref tables are published anew. A file of the same name replaces its predecessor, which is kept in \
                _history; an empty list takes back what a file said.
                """,
            examples: [
                Example(
                    "tarn ref add levels.yaml markers.yaml --product-type equity_taq --symbol SPY --dt 2026-03-03",
                    "adds levels and markers of a day"),
                Example(
                    "tarn ref add labels.parquet -p equity_taq -s SPY -d 2026-03-03",
                    "adds labels, or replaces those of an earlier labels.parquet"),
                Example(
                    "tarn ref add session.yaml -p equity_taq -s SPY -d 2026-03-03 --set include_extended_hours=true",
                    "adds a session that is not cut to regular hours"),
            ])
    }

    var day = ReferenceDayOptions()
    @Options("set", .setting, help: "Parameter of the sessions or levels that replaces the registry's; it is kept.")
    var settings: [Setting]
    @Arguments(.file, help: "Source files.") var files: [String]

    func validate() throws(UsageError) { try Setting.checkOnce(settings) }

    func run(in session: Session) throws {
        let intake = try day.intake(in: session)
        let sources = try files.map { path in
            try RecognisedFile.checkPresence(path)
            return ReferenceSource(
                file: path, name: path.split(separator: "/").last.map(String.init) ?? path, path: path)
        }
        try intake.add(sources, settings: settings).show(in: session)
    }
}

extension ReferenceIntake.Result {
    /// Shows what was added and what became of the tables.
    ///
    /// - Throws: `Failure` when a table could not be published.
    func show(in session: Session) throws {
        if session.isJSON {
            session.emit([
                "added": .array(added.map(\.json)), "not_taken": .object(counts.json), "run": report.json,
            ])
        } else {
            var table = TextTable([.text("file"), .text("kind"), .number("size"), .text("placed")])
            for one in added {
                table.add([
                    .init(one.file.name), "\(one.kind.rawValue)", .init(Human.bytes(Int(one.file.bytes))),
                    .init(one.replaced == nil ? "kept" : "replaces its predecessor"),
                ])
            }
            session.console.result(table)
            var tables = TextTable([.text("dataset"), .text("outcome"), .number("rows")])
            for partition in report.partitions {
                tables.add([
                    "\(partition.address.dataset)", .init(partition.word, partition.style),
                    .init(partition.manifest.map { Human.count(Int($0.rowCount)) } ?? ""),
                ])
            }
            session.console.result(tables)
            for (name, count) in counts.named where count > 0 { session.console.warning("\(name): \(count)") }
        }
        if let failure = report.failures.first { throw failure.summing(report.failures) }
    }
}

extension ReferenceIntake.Added {
    var json: JSONValue {
        .object(
            file.json.merging([
                ("kind", .string(kind.rawValue)),
                ("replaced_sha256", replaced.map { .string($0.sha256) } ?? .null),
            ]))
    }
}

extension ReferenceTables.Counts {
    /// What was not taken over, by the name that manifests have for it.
    var named: [(name: String, count: Int64)] {
        [
            ("levels_without_session", levelsWithoutSession), ("markers_without_session", markersWithoutSession),
            ("labels_skipped", labelsSkipped), ("labels_replaced", labelsReplaced),
        ]
    }

    var json: JSONObject { JSONObject(named.map { ($0.name, .integer($0.count)) }) }
}
