import Arguments
import CSV
import Contracts
import DBN
import Glibc
import JSON
import Lake
import Pipeline
import Stages
import Terminal

struct Inspect: Command {
    static var about: About {
        About(
            "inspect", "Show what a file or a partition holds.",
            discussion: """
                A DBN file, plain or compressed by Zstandard: header, symbols, counts and first records. A CSV file of \
                trades or quotes: which of the two, its columns, symbols and dates, and first rows. A Parquet \
                file: columns with units and statistics, metadata and first rows. A dataset: its partitions, or where \
                symbol and date leave one, what that is made of and its table. Files are recognised by their content.
                """,
            examples: [
                Example(
                    "tarn inspect glbx-mdp3-20260303.mbo.dbn.zst", "shows header, counts and five records"),
                Example(
                    "tarn inspect gold.future_mbo.physics_surface_1s", "lists the partitions of a dataset"),
                Example(
                    "tarn inspect silver.future_mbo.book_snapshot_1s -s ESH6 -d 2026-03-03",
                    "shows one partition"),
                Example("tarn inspect day.dbn --rows 0 --json", "for scripts"),
                Example(
                    "tarn inspect gold.future_mbo.physics_surface_1s -s ESH6 --how-to-read",
                    "prints how pyarrow, pandas, polars, DuckDB and Spark open it"),
            ])
    }

    @Argument(
        .dataset.labelled("FILE|DATASET", completion: Subject.dataset.completionOrFiles),
        help: "A file, or LAYER.PRODUCT.TABLE.")
    var subject: String
    @Option("rows", short: "n", .integer(in: 0...1000), help: "Number of first rows to show.") var rows = 5
    @Options("symbol", short: "s", .symbol, separator: ",", help: "Of a dataset: only these symbols.")
    var symbols: [String]
    @Option("dt", short: "d", .dates, help: "Of a dataset: only these dates.") var dates: DateSelection?
    @Flag("how-to-read", help: "Of a dataset: print the calls that open it in Python and Spark.") var howToRead

    func run(in session: Session) throws {
        if let dataset = DatasetKey(parsing: subject), access(subject, F_OK) != 0 {
            try inspect(dataset, in: session)
            return
        }
        guard !howToRead else {
            throw Failure(.usage, "--how-to-read is about a dataset; '\(subject)' is none")
        }
        guard symbols.isEmpty, dates == nil else {
            throw Failure(.usage, "--symbol and --dt choose partitions of a dataset; '\(subject)' is none")
        }
        switch try FileKind(of: subject) {
        case .csv:
            let report = try CSVReport(path: subject, rows: rows)
            if session.isJSON { session.emit(report.json) } else { report.show(on: session.console) }
        case .dbn:
            let report = try DBNReport(path: subject, rows: rows)
            if session.isJSON { session.emit(report.json) } else { report.show(on: session.console) }
            if let damage = report.damage { throw damage }
        case .parquet:
            let report = try ParquetReport(path: subject, rows: rows)
            if session.isJSON { session.emit(report.json) } else { report.show(on: session.console) }
        }
    }

    // MARK: - Datasets

    private func inspect(_ dataset: DatasetKey, in session: Session) throws {
        let project = try session.project()
        guard project.contracts[dataset] != nil || project.registry.writer(of: dataset) != nil else {
            let suggestion = nearest(to: subject, among: project.contracts.datasets.map(\.description))
            throw Failure(
                .usage, "there is no file and no dataset '\(subject)'",
                advice: suggestion.map { "did you mean '\($0)'?" }
                    ?? "'tarn contracts show' lists the datasets")
        }
        if howToRead {
            let calls = ReaderCalls(dataset, lake: project.lake, symbols: symbols, dates: dates?.dates ?? [])
            if session.isJSON { session.emit(calls.json) } else { session.console.result(calls.text) }
            return
        }
        var filter = PartitionFilter(dataset: dataset, symbols: symbols.isEmpty ? nil : Set(symbols))
        if let first = dates?.dates.first, let last = dates?.dates.last { filter.dates = first...last }
        let wanted = dates.map { Set($0.dates) }
        let addresses = try project.lake.partitions(filter).filter { wanted?.contains($0.date) ?? true }
        guard !addresses.isEmpty else {
            throw Failure(
                .notReady, "the lake has no such partition of \(dataset)", advice: "'tarn run' makes it")
        }
        if addresses.count == 1 {
            let report = try PartitionReport(addresses[0], in: project, rows: rows)
            if session.isJSON { session.emit(report.json) } else { report.show(on: session.console) }
        } else {
            try list(addresses, of: project, in: session)
        }
    }

    private func list(_ addresses: [PartitionAddress], of project: Project, in session: Session) throws {
        var table = TextTable([
            .text("symbol"), .text("date"), .text("day"), .number("rows"), .number("size"), .text("state"),
        ])
        var list: [JSONValue] = []
        for address in addresses {
            let status = try project.lake.status(of: address)
            let manifest = status.manifest
            table.add([
                .init(address.symbol), "\(address.date)", .init(manifest?.dayState.rawValue ?? "–"),
                .init(manifest.map { Human.count(Int($0.rowCount)) } ?? "–"),
                .init(manifest.map { Human.bytes(Int($0.byteCount)) } ?? "–"),
                .init(status.isWhole ? "whole" : "\(status.state)", status.isWhole ? nil : .bad),
            ])
            list.append([
                "symbol": .string(address.symbol), "dt": .string("\(address.date)"),
                "path": .string(address.path),
                "rows": manifest.map { .integer($0.rowCount) } ?? .null,
                "bytes": manifest.map { .integer($0.byteCount) } ?? .null,
                "day_state": manifest.map { .string($0.dayState.rawValue) } ?? .null,
                "whole": .bool(status.isWhole),
            ])
        }
        if session.isJSON {
            session.emit(["dataset": .string("\(addresses[0].dataset)"), "partitions": .array(list)])
        } else {
            session.console.result(table)
        }
    }
}

extension PartitionStatus {
    /// Marker, manifest and sizes agree.
    fileprivate var isWhole: Bool {
        switch state {
        case .fresh, .stale: true
        case .missing, .corrupt: false
        }
    }
}

/// What a file is, by its first bytes.
enum FileKind {
    case dbn, parquet, csv

    init(of path: String) throws(Failure) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw Failure(
                errno == ENOENT ? .notReady : .usage, "\(path): \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw Failure(.usage, "\(path) is not a file")
        }
        var start = [UInt8](repeating: 0, count: 4)
        let count = pread(descriptor, &start, 4, 0)
        guard count >= 0 else { throw Failure(.transient, "\(path): \(String(cString: strerror(errno)))") }
        let isSkippable = start[0] & 0xF0 == 0x50 && start[1...] == [0x2A, 0x4D, 0x18]
        if start.starts(with: Array("DBN".utf8)) {
            self = .dbn
        } else if start == Array("PAR1".utf8) {
            self = .parquet
        } else if isSkippable || start == [0x28, 0xB5, 0x2F, 0xFD] {
            self = FileKind.isCSV(path) ? .csv : .dbn
        } else if FileKind.isCSV(path) {
            self = .csv
        } else {
            let found =
                count == 0 ? "it is empty" : "it begins with bytes \(FileKind.hex(start.prefix(count)))"
            throw Failure(
                .corrupt, "\(path) is not a file that tarn knows: \(found)",
                advice: "Parquet is known, DBN, plain or compressed by Zstandard, and CSV of trades or quotes")
        }
    }

    /// Whether the header is, or tries to be, that of trades or of quotes.
    private static func isCSV(_ path: String) -> Bool {
        do throws(CSVError) {
            _ = try TaqFile(CSVReader(path: path))
            return true
        } catch {
            return error.fault == .header
        }
    }

    private static func hex(_ bytes: ArraySlice<UInt8>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
    }
}
