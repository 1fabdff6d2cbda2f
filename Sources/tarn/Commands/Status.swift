import Arguments
import CivilTime
import Contracts
import JSON
import Lake
import Pipeline
import Terminal

/// Which partitions of the lake: everything where nothing is said.
struct LakeFilterOptions: ParameterGroup {
    @Option("product-type", short: "p", .product, help: "Only this product.") var product: String?
    @Options("layer", short: "l", .choice("LAYER"), separator: ",", help: "Only these layers.") var layers:
        [LayerChoice]
    @Options("table", short: "t", .table, separator: ",", help: "Only these tables.") var tables: [String]
    @Options("symbol", short: "s", .symbol, separator: ",", help: "Only these symbols.") var symbols: [String]
    @Option("dt", short: "d", .dates, help: "Only these dates.") var dates: DateSelection?

    /// Whether nothing is said.
    var isEverything: Bool {
        product == nil && layers.isEmpty && tables.isEmpty && symbols.isEmpty && dates == nil
    }

    /// The partitions of a lake that are meant, in ascending order.
    func partitions(of lake: Lake) throws -> [PartitionAddress] {
        var filter = PartitionFilter()
        if !layers.isEmpty { filter.layers = Set(LayerChoice.layers(layers)) }
        if let product { filter.products = [product] }
        if !tables.isEmpty { filter.tables = Set(tables) }
        if !symbols.isEmpty { filter.symbols = Set(symbols) }
        guard let dates, let first = dates.dates.first, let last = dates.dates.last else {
            return try lake.partitions(filter)
        }
        filter.dates = first...last
        let wanted = Set(dates.dates)
        return try lake.partitions(filter).filter { wanted.contains($0.date) }
    }
}

struct Status: Command {
    static var about: About {
        About(
            "status", "Show what is in the lake: states, rows, sizes, quality.",
            discussion: """
                One line for each dataset and symbol, or for each partition with --partitions. A partition is fresh \
                when it is what it would be if it were made today, stale when an input, the contract, a parameter or \
                the stage has changed since, corrupt when it is not what its manifest says. Content is not hashed: \
                'tarn verify' does that.
                """,
            examples: [
                Example("tarn status", "shows the whole lake"),
                Example(
                    "tarn status --layer silver --symbol ESH6 --partitions",
                    "shows each partition with its state"),
            ])
    }

    var filter = LakeFilterOptions()
    @Flag("partitions", help: "One line for each partition.") var perPartition

    func run(in session: Session) throws {
        let project = try session.project()
        var health = LakeHealth(project)
        let statuses = try health.statuses(
            of: filter.partitions(of: project.lake), workers: ExecutionOptions.cores)
        if perPartition {
            show(statuses, in: session)
        } else {
            summarise(statuses, in: session)
        }
    }

    private func show(_ statuses: [PartitionStatus], in session: Session) {
        if session.isJSON {
            session.emit(["partitions": .array(statuses.map(\.json))])
            return
        }
        var table = TextTable([
            .datasets("dataset"), .text("symbol"), .text("dt"), .number("rows"), .number("size").dispensable(),
            .number("valid").dispensable(), .text("state"),
        ])
        for status in statuses {
            let quality = status.manifest?.quality
            table.add([
                "\(status.address.dataset)", "\(status.address.symbol)", "\(status.address.date)",
                .init(status.manifest.map { Human.count(Int($0.rowCount)) } ?? ""),
                .init(status.manifest.map { Human.bytes(Int($0.byteCount)) } ?? ""),
                .init(share(quality?.validWindows ?? 0, of: quality?.windows ?? 0)),
                .init("\(status.state)", status.state.style),
            ])
        }
        session.console.result(table)
    }

    private func summarise(_ statuses: [PartitionStatus], in session: Session) {
        var lines: [StatusLine] = []
        for status in statuses {
            let address = status.address
            if lines.last?.dataset != address.dataset || lines.last?.symbol != address.symbol {
                lines.append(StatusLine(address))
            }
            lines[lines.count - 1].add(status)
        }
        if session.isJSON {
            session.emit(["datasets": .array(lines.map(\.json))])
            return
        }
        if lines.isEmpty {
            session.console.note("the lake is empty")
            return
        }
        var table = TextTable([
            .datasets("dataset"), .text("symbol"), .text("dates"), .number("days").dispensable(5), .number("rows"),
            .number("size").dispensable(), .number("valid").dispensable(2), .text("not valid because").dispensable(3),
            .text("state"),
        ])
        for line in lines { table.add(line.cells) }
        session.console.result(table)
        let bytes = lines.reduce(0) { $0 + $1.bytes }
        session.console.note("\(Human.plural(statuses.count, "partition")), \(Human.bytes(Int(bytes)))")
    }
}

private func share(_ part: Int64, of whole: Int64) -> String {
    guard whole > 0 else { return "" }
    let tenths = part * 1000 / whole
    return "\(tenths / 10).\(tenths % 10) %"
}

extension StatusLine {
    fileprivate var cells: [TextTable.Cell] {
        var states: [String] = []
        if fresh > 0 { states.append(fresh == partitions ? "fresh" : "\(fresh) fresh") }
        if stale > 0 { states.append("\(stale) stale") }
        if corrupt > 0 { states.append("\(corrupt) corrupt") }
        let reasons = topReasons.prefix(2).map { "\($0.name) \(share($0.windows, of: windows))" }
        return [
            "\(dataset)", "\(symbol)", "\(Human.span(dates.lowerBound, dates.upperBound))", "\(partitions)",
            "\(Human.count(Int(rows)))",
            "\(Human.bytes(Int(bytes)))", "\(share(validWindows, of: windows))",
            "\(reasons.joined(separator: ", "))",
            .init(states.joined(separator: ", "), corrupt > 0 ? .bad : stale > 0 ? .caution : .good),
        ]
    }

    fileprivate var json: JSONValue {
        [
            "dataset": .string("\(dataset)"), "symbol": .string(symbol),
            "first": .string("\(dates.lowerBound)"),
            "last": .string("\(dates.upperBound)"), "partitions": .integer(Int64(partitions)),
            "fresh": .integer(Int64(fresh)), "stale": .integer(Int64(stale)),
            "corrupt": .integer(Int64(corrupt)),
            "rows": .integer(rows), "bytes": .integer(bytes), "windows": .integer(windows),
            "valid_windows": .integer(validWindows),
            "reasons": .object(JSONObject(reasons.map { ($0.key, .integer($0.value)) })),
        ]
    }
}

extension PartitionState {
    var style: Style? {
        switch self {
        case .fresh: .good
        case .stale: .caution
        case .corrupt: .bad
        case .missing: .faint
        }
    }

    /// The state in one word.
    var word: String {
        switch self {
        case .fresh: "fresh"
        case .stale: "stale"
        case .corrupt: "corrupt"
        case .missing: "missing"
        }
    }
}

extension PartitionStatus {
    fileprivate var json: JSONValue {
        var reasons: [String] = []
        if case .stale(let all) = state { reasons = all.map(\.description) }
        if case .corrupt(let reason) = state { reasons = [reason] }
        return [
            "dataset": .string("\(address.dataset)"), "symbol": .string(address.symbol),
            "dt": .string("\(address.date)"), "path": .string(address.path), "state": .string(state.word),
            "reasons": .array(reasons.map { .string($0) }),
            "rows": manifest.map { .integer($0.rowCount) } ?? .null,
            "bytes": manifest.map { .integer($0.byteCount) } ?? .null,
            "day_state": manifest.map { .string($0.dayState.rawValue) } ?? .null,
            "generation": manifest.map { .string($0.generation) } ?? .null,
            "quality": manifest.map { $0.quality.json } ?? .null,
        ]
    }
}
