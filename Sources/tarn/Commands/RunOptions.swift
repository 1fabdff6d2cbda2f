import Arguments
import CivilTime
import Contracts
import Glibc
import Pipeline

/// Which part of the lake: shared by everything that computes.
struct SelectionOptions: ParameterGroup {
    @Option("product-type", short: "p", .product, help: "Product, such as future_mbo.") var product: String
    @Options("table", short: "t", .table, separator: ",", help: "Only these tables of the layers.")
    var tables: [String]
    @Options(
        "symbol", short: "s", .symbol, separator: ",", isRequired: true,
        help: "Contracts or tickers, or the root of a future, such as ES.")
    var symbols: [String]
    @Option("dt", short: "d", .dates, help: "Date D, range D:D with both ends, or a list of them.")
    var dates: DateSelection
}

/// How it is computed.
struct ExecutionOptions: ParameterGroup {
    @Option(
        "start", .clockTime,
        help: "Begin of the output window, HH:MM[:SS] in New York or with a final Z in UTC.")
    var start: ClockTime?
    @Option("end", .clockTime, help: "End of the output window, up to 24:00:00Z.") var end: ClockTime?
    @Options("set", .setting, help: "Parameter of a stage that replaces the registry's.") var settings: [Setting]
    @Option(
        "workers", short: "j", .integer(in: 1...256),
        help: "Tasks, or columns of one table, at a time; without it one for each core.")
    var workers: Int?
    @Option("shard", .shard, help: "Only the i-th of n parts of the work, split by symbol.") var shard: Shard?
    @Option("compression", .text(label: "C"), help: "zstd:N, lz4 or none; without it zstd:1.")
    var compression: String?
    @Flag("overwrite-bronze", help: "With --overwrite, rebuild bronze, too.") var overwriteBronze
    @Flag("allow-truncated", help: "Publish what a truncated file holds, marked as such.") var allowTruncated

    /// Only the number of workers is given, if anything.
    var isPlain: Bool {
        start == nil && end == nil && settings.isEmpty && shard == nil && compression == nil && !overwriteBronze
            && !allowTruncated
    }

    static var cores: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    var workersOrCores: Int { workers ?? Self.cores }

    func validate() throws(UsageError) {
        if let start, let end, start.isUTC == end.isUTC, start.secondOfDay >= end.secondOfDay {
            throw UsageError("--start is not before --end")
        }
        try Setting.checkOnce(settings)
    }
}

extension Setting {
    /// Refuses a key that is set twice.
    static func checkOnce(_ settings: [Setting]) throws(UsageError) {
        for (index, setting) in settings.enumerated() {
            if settings[..<index].contains(where: { $0.key == setting.key }) {
                throw UsageError("--set \(setting.key) is given twice")
            }
        }
    }
}

extension RunRequest {
    init(
        _ selection: SelectionOptions, _ execution: ExecutionOptions, layers: [DatasetKey.Layer],
        overwrites: Bool
    ) {
        var symbols: [String] = []
        for symbol in selection.symbols where !symbols.contains(symbol) { symbols.append(symbol) }
        self.init(
            productType: selection.product, layers: layers.sorted(), tables: selection.tables,
            symbols: symbols,
            dates: selection.dates, start: execution.start, end: execution.end, settings: execution.settings,
            overwrite: !overwrites ? .nothing : execution.overwriteBronze ? .everything : .derived,
            workers: execution.workersOrCores,
            shard: execution.shard,
            allowsTruncated: execution.allowTruncated, compression: execution.compression)
    }
}

/// `--layer` and its `all`.
enum LayerChoice: String, CaseIterable {
    case bronze, ref, silver, gold, all

    /// The layers that choices name together.
    static func layers(_ choices: [LayerChoice]) -> [DatasetKey.Layer] {
        var layers: Set<DatasetKey.Layer> = []
        for choice in choices {
            switch choice {
            case .bronze: layers.insert(.bronze)
            case .ref: layers.insert(.ref)
            // Sessions and levels are what the recorder's silver starts from.
            case .silver: layers.formUnion([.ref, .silver])
            case .gold: layers.insert(.gold)
            case .all: layers.formUnion(DatasetKey.Layer.allCases)
            }
        }
        return layers.sorted()
    }

    /// A layer and those after it.
    static func downward(_ first: LayerChoice) -> [DatasetKey.Layer] {
        layers(Array(allCases[allCases.firstIndex(of: first)!...].prefix { $0 != .all }))
    }
}

// MARK: - Forms

extension Form where Value == String {
    static var symbol: Form {
        .requested("S", SymbolText.checked).labelled("S", completion: Subject.symbol.completion)
    }
}

extension Form where Value == DateSelection {
    static var dates: Form {
        .requested("D", DateSelection.init(parsing:)).labelled("D", completion: Subject.date.completion)
    }
}

extension Form where Value == Setting {
    static var setting: Form { .requested("KEY=VALUE", Setting.init(parsing:)) }
}

extension Form where Value == Shard {
    static var shard: Form { .requested("I/N", Shard.init(parsing:)) }
}

extension Form where Value == ClockTime {
    static var clockTime: Form {
        Form("HH:MM") { (text) throws(InvalidValue) in
            guard let time = ClockTime(parsing: text) else {
                throw InvalidValue("'\(text)' is not a time HH:MM[:SS][Z] from 00:00 to 24:00:00")
            }
            return time
        }
    }
}

extension Form where Value == CivilDate {
    static var date: Form {
        Form("D") { (text) throws(InvalidValue) in
            guard let date = CivilDate(parsing: text) else {
                throw InvalidValue("'\(text)' is not a date of the form YYYY-MM-DD")
            }
            return date
        }
    }
}

extension Form {
    /// A value that requests to the pipeline know how to read.
    private static func requested(
        _ label: String, _ read: @escaping (String) throws(RequestError) -> Value
    ) -> Form {
        Form(label) { (text) throws(InvalidValue) in
            do throws(RequestError) {
                return try read(text)
            } catch {
                throw InvalidValue(error.message)
            }
        }
    }
}
