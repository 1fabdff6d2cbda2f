import Arguments
import CivilTime
import DBN
import JSON
import Lake
import Pipeline
import Terminal

struct RawAdd: Command {
    static var about: About {
        About(
            "add", "Put vendor files into the raw layer of the lake.",
            discussion: """
                DBN files are recognised by their content: dataset, schema, and the UTC date of their start say where \
                they go. Where the vendor's manifest.json lies beside a file, its hash is checked. A file is cloned or \
                linked where the file system can, else copied; the original is never changed. Adding a file again \
                changes nothing. CSV files, plain or compressed by gzip or Zstandard, are told apart by their header as \
                trades or quotes; their columns symbol and dt, or --symbol and --dt, say where they go.
                """,
            examples: [
                Example(
                    "tarn raw add *.dbn.zst --product-type future_mbo",
                    "adds files and checks that the product is made from such"),
                Example(
                    "tarn raw add trades.csv quotes.csv -p equity_taq -s SPY -d 2026-03-03",
                    "adds trades and quotes of other sources"),
                Example("tarn raw add es.mbo.dbn.zst -s ESH6", "also checks that the file names ESH6"),
                Example(
                    "tarn raw add --no-data --dataset GLBX.MDP3 --schema mbo --dt 2026-01-01",
                    "records that the vendor has nothing for a date"),
            ])
    }

    @Option("product-type", short: "p", .product, help: "Product that the files are for.") var product: String?
    @Option("symbol", short: "s", .symbol, help: "Symbol that each file must name.") var symbol: String?
    @Option("dt", short: "d", .date, help: "Date to file them under, instead of the one of their start.")
    var date: CivilDate?
    @Flag("no-data", help: "Record that there is nothing for --dataset, --schema and --dt.") var noData
    @Option("dataset", .text(label: "D"), help: "With --no-data: the vendor's dataset.") var dataset: String?
    @Option("schema", .schema, help: "With --no-data: the schema.") var schema: Schema?
    @Arguments(.file, isRequired: false, help: "DBN files, or CSV files of trades and quotes.") var files: [String]

    func validate() throws(UsageError) {
        if noData {
            guard dataset != nil, schema != nil, date != nil, files.isEmpty else {
                throw UsageError("--no-data wants --dataset, --schema and --dt, and no files")
            }
        } else {
            if files.isEmpty { throw UsageError("missing FILE…") }
            if dataset != nil || schema != nil {
                throw UsageError(
                    "--dataset and --schema belong to --no-data", advice: "files say both themselves")
            }
        }
    }

    func run(in session: Session) throws {
        let store = RawStore(try session.project().lake)
        let run = try Run(store.lake)
        // What stays behind is swept by the next run.
        defer { try? run.end() }
        if noData {
            let location = try RawLocation(
                source: .databento, dataset: dataset!, schema: schema!.name, date: date!)
            try store.markNoData(location, run: run)
            session.report(["no_data": .string(location.path)], "no data for \(location)")
        } else {
            try add(in: session, store, run)
        }
    }

    private func add(in session: Session, _ store: RawStore, _ run: Run) throws {
        let claim = RawIntake.Claim(
            product: try product.map { ($0, try session.rawSchemas(of: $0)) }, symbol: symbol, date: date)
        var intake = RawIntake(store: store, run: run)
        var added: [RawIntake.Added] = []
        var failures: [Failure] = []
        for (index, path) in files.enumerated() {
            session.console.progress(Progress(label: path, done: index, total: files.count, unit: "files"))
            do {
                let places = try intake.add(path, claim: claim)
                for warning in places.flatMap(\.warnings) { session.console.warning(warning) }
                added += places
            } catch {
                let failure = Failure(explaining: error)
                session.console.error(failure.message, advice: failure.advice)
                failures.append(failure)
            }
        }
        session.console.endProgress()
        show(added, failures, in: session)
        guard failures.isEmpty else {
            throw Failure(
                .combining(failures.map(\.status)),
                "\(Human.plural(failures.count, "file was", "files were")) not added, \(Human.count(added.count)) \(added.count == 1 ? "was" : "were")"
            )
        }
    }

    private func show(_ added: [RawIntake.Added], _ failures: [Failure], in session: Session) {
        if session.isJSON {
            session.emit([
                "added": .array(
                    added.map { one in
                        .object(
                            one.file.json.merging([
                                ("placement", .string(one.placement.rawValue)),
                                ("vendor_hash_checked", .bool(one.isVouchedFor)),
                            ]))
                    }),
                "failures": .array(failures.map(\.json)),
            ])
        } else if !added.isEmpty {
            var table = TextTable([
                .text("file"), .text("dataset"), .text("schema"), .text("date"), .number("size"),
                .text("placed"), .text("vendor's hash"),
            ])
            for one in added {
                table.add([
                    .init(one.file.name), .init(one.file.location.dataset), .init(one.file.location.schema),
                    "\(one.file.location.date)", .init(Human.bytes(Int(one.file.bytes))),
                    .init(one.placement == .present ? "already there" : one.placement.rawValue),
                    one.isVouchedFor ? .init("agrees", .good) : .init("–", .faint),
                ])
            }
            session.console.result(table)
        }
    }
}

extension Form where Value == Schema {
    static var schema: Form {
        let names = Schema.allCases.map(\.name)
        return Form("SCHEMA", completion: .words(names)) { (text) throws(InvalidValue) in
            guard let schema = Schema(name: text) else { throw .notOneOf(names, text) }
            return schema
        }
    }
}

extension RawFile {
    var json: JSONObject {
        JSONObject([
            ("path", .string(path)), ("name", .string(name)), ("source", .string(location.source.rawValue)),
            ("dataset", .string(location.dataset)), ("schema", .string(location.schema)),
            ("dt", .string("\(location.date)")), ("bytes", .integer(bytes)), ("sha256", .string(sha256)),
        ])
    }
}

extension Failure {
    var json: JSONValue {
        [
            "kind": .string(status.name), "exit_code": .integer(Int64(status.rawValue)),
            "message": .string(message),
            "advice": advice.map(JSONValue.string) ?? .null,
        ]
    }
}

extension JSONObject {
    /// The object with further members.
    func merging(_ members: [(String, JSONValue)]) -> JSONObject {
        var copy = self
        for (name, value) in members { copy[name] = value }
        return copy
    }
}
