import Arguments
import CivilTime
import Glibc
import JSON
import Lake
import Pipeline
import Reports
import Terminal

/// What leaves the lake, by the name that its files have.
enum ExportKind: Hashable, CaseIterable {
    case report
    case chains(ChainExport)
    case view(ExportView)

    static var allCases: [ExportKind] {
        [.report] + ChainExport.allCases.map(Self.chains) + ExportView.allCases.map(Self.view)
    }

    /// Report and chains, which people read; the views repeat tables of the lake.
    static var usual: [ExportKind] { [.report] + ChainExport.allCases.map(Self.chains) }

    var name: String {
        switch self {
        case .report: "report"
        case .chains(let export): export.rawValue
        case .view(let view): view.rawValue
        }
    }
}

extension Form where Value == [ExportKind] {
    static var exportKinds: Form {
        let names = ExportKind.allCases.map(\.name) + ["all"]
        return Form("KIND", completion: .words(names)) { (text) throws(InvalidValue) in
            if text == "all" { return ExportKind.allCases }
            guard let kind = ExportKind.allCases.first(where: { $0.name == text }) else {
                throw .notOneOf(names, text)
            }
            return [kind]
        }
    }
}

struct Export: Command {
    static var about: About {
        About(
            "export", "Write the recorder's report, chain tables and views as files outside of the lake.",
            discussion: """
                report is one report.json a session. level_chains, touch_packets and reclaim_packets are one CSV file \
                each for all days. snapshots, episodes, labels, tf_indicators, session_stream and markers are a \
                Parquet file a session, <KIND>/date=D/ticker=S/session=ID/part-000.parquet, or CSV with --csv, where \
                columns have their official names. Existing files are replaced, each in one step.
                """,
            examples: [
                Example(
                    "tarn export -p equity_taq -s RIOT -d 2024-07-03",
                    "writes report.json and the chain tables into export/"),
                Example(
                    "tarn export snapshots episodes -p equity_taq -s RIOT -d 2024-07-01:2024-07-05 --output views",
                    "writes two views of a week"),
            ])
    }

    @Arguments(.exportKinds, isRequired: false, help: "report, a chain table, a view, or all.") var kinds:
        [[ExportKind]]
    @Option("product-type", short: "p", .product, help: "Product whose sessions they are.")
    var product: String
    @Options("symbol", short: "s", .symbol, separator: ",", isRequired: true, help: "Symbols, such as SPY.")
    var symbols: [String]
    @Option("dt", short: "d", .dates, help: "Date D, range D:D with both ends, or a list of them.")
    var dates: DateSelection
    @Option("output", short: "o", .directory, help: "Directory for the files; made if it is not there.")
    var output: String = "export"
    @Flag("csv", help: "Views as CSV instead of Parquet.") var csv

    func run(in session: Session) throws {
        let project = try session.project()
        let days = try recorded(in: project, session)
        var written: [String] = []
        let wanted = kinds.isEmpty ? ExportKind.usual : kinds.flatMap { $0 }
        for kind in ExportKind.allCases where wanted.contains(kind) {
            switch kind {
            case .chains(let export):
                written.append(try write(Array(export.csv(of: days).utf8), to: "\(kind.name).csv"))
            case .report:
                for day in days {
                    for report in try SessionReport.reports(of: day) {
                        let text = report.json.serialized(.pretty) + "\n"
                        let path = try place(kind, day, report.sessionID)
                        written.append(try write(Array(text.utf8), to: "\(path)/report.json"))
                    }
                }
            case .view(let view):
                for day in days {
                    for (id, file) in try csv ? view.csv(of: day) : view.parquet(of: day) {
                        let path = try place(kind, day, id)
                        written.append(try write(file, to: "\(path)/part-000.\(csv ? "csv" : "parquet")"))
                    }
                }
            }
        }
        session.report(
            ["files": .array(written.map(JSONValue.string))], written.isEmpty ? nil : written.joined(separator: "\n"))
    }

    /// The days that the lake has sessions of, by date and symbol; days of ranges without any are passed over.
    private func recorded(in project: Project, _ session: Session) throws -> [RecorderDay] {
        var days: [RecorderDay] = []
        var passedOver: [String] = []
        for date in dates.dates {
            for symbol in symbols.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
                let day = RecorderDay(
                    lake: project.lake, registry: project.registry, contracts: project.contracts, product: product,
                    symbol: symbol, date: date)
                if try !dates.named.contains(date) && !day.hasSessions {
                    passedOver.append("\(symbol) \(date)")
                } else {
                    days.append(day)
                }
            }
        }
        if !passedOver.isEmpty { session.console.note("no sessions: \(passedOver.joined(separator: ", "))") }
        guard !days.isEmpty else {
            throw Failure(
                .notReady, "the lake has no sessions of \(symbols.joined(separator: ", ")) on these dates",
                advice: "tarn run -p \(product) -l all makes them")
        }
        return days
    }

    private func place(_ kind: ExportKind, _ day: RecorderDay, _ sessionID: String) throws(Failure) -> String {
        guard let symbol = PathComponent.encode(day.symbol), let id = PathComponent.encode(sessionID) else {
            throw Failure(.usage, "'\(sessionID)' is too long for the name of a directory")
        }
        return "\(kind.name)/date=\(day.date)/ticker=\(symbol)/session=\(id)"
    }

    /// - Returns: the path of the file.
    private func write(_ bytes: [UInt8], to path: String) throws(Failure) -> String {
        let whole = "\(output)/\(path)"
        var folder = ""
        for component in whole.split(separator: "/", omittingEmptySubsequences: false).dropLast() {
            folder += component + "/"
            guard component.isEmpty || mkdir(folder, 0o777) == 0 || errno == EEXIST else {
                throw Failure(.usage, "\(folder): \(String(cString: strerror(errno)))")
            }
        }
        try SmallFile.replace(whole, by: bytes)
        return whole
    }
}
