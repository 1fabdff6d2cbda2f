import Arguments
import CivilTime
import Contracts
import JSON
import Lake
import Pipeline
import Terminal

/// Which partitions of the lake; everything that is not said is not restricted.
struct LakeSelection: ParameterGroup {
    @Options("product-type", short: "p", .product, separator: ",", help: "Only these products.") var products:
        [String]
    @Options("layer", short: "l", .choice("LAYER"), separator: ",", help: "Only these layers.") var layers:
        [LayerChoice]
    @Options("table", short: "t", .table, separator: ",", help: "Only these tables.") var tables: [String]
    @Options("symbol", short: "s", .symbol, separator: ",", help: "Only these symbols.") var symbols: [String]
    @Option("dt", short: "d", .dates, help: "Only these dates: D, D:D, or a list of them.") var dates:
        DateSelection?

    func partitions(of lake: Lake) throws -> [PartitionAddress] {
        func set<T: Hashable>(_ values: [T]) -> Set<T>? { values.isEmpty ? nil : Set(values) }
        var filter = PartitionFilter(
            layers: set(LayerChoice.layers(layers)), products: set(products), tables: set(tables),
            symbols: set(symbols))
        if let first = dates?.dates.first, let last = dates?.dates.last { filter.dates = first...last }
        let wanted = dates.map { Set($0.dates) }
        return try lake.partitions(filter).filter { wanted?.contains($0.date) ?? true }
    }
}

struct StatusCommand: Command {
    static var about: About {
        About(
            "status", "Show what is in the lake: state, rows, size and quality.",
            discussion: """
                A line for each dataset and symbol; with --partitions one for each partition, with the reasons of what is \
                stale. The state is that of the manifests: 'tarn verify' reads the data, too.
                """,
            examples: [
                Example("tarn status", "shows the whole lake"),
                Example(
                    "tarn status --layer gold --dt 2026-03-03 --partitions",
                    "shows each partition of gold of a date"),
            ])
    }

    var selection = LakeSelection()
    @Flag("partitions", help: "One line for each partition.") var showsPartitions

    func run(in session: Session) throws {
        let project = try session.project()
        let addresses = try selection.partitions(of: project.lake)
        let health = LakeHealth(project)
        var statuses: [PartitionStatus] = []
        for (index, address) in addresses.enumerated() {
            session.console.progress(
                Progress(label: "\(address)", done: index, total: addresses.count, unit: "partitions"))
            statuses.append(try health.status(of: address))
        }
        session.console.endProgress()
        if session.isJSON {
            session.emit(["partitions": .array(statuses.map(\.json))])
        } else if statuses.isEmpty {
            session.console.note("there is no such partition in \(project.lake.root)")
        } else {
            show(statuses, on: session.console)
        }
    }

    private func show(_ statuses: [PartitionStatus], on console: Console) {
        if showsPartitions {
            var table = TextTable([
                .text("dataset"), .text("symbol"), .text("date"), .text("day"), .number("rows"),
                .number("size"),
                .number("valid"), .text("state"),
            ])
            for status in statuses {
                let counts = LakeCounts([status])
                table.add([
                    "\(status.address.dataset)", .init(status.address.symbol), "\(status.address.date)",
                    .init(status.manifest?.dayState.rawValue ?? "–"), .init(counts.rowsText),
                    .init(counts.bytesText),
                    .init(counts.validText), .init("\(status.state)", status.state.style),
                ])
            }
            console.result(table)
        } else {
            var table = TextTable([
                .text("dataset"), .text("symbol"), .text("dates"), .number("days"), .number("rows"),
                .number("size"),
                .number("valid"), .text("state"),
            ])
            for group in grouped(statuses) {
                let counts = LakeCounts(group)
                let first = group.first!.address
                let last = group.last!.address.date
                table.add([
                    "\(first.dataset)", .init(first.symbol),
                    .init(first.date == last ? "\(last)" : "\(first.date) – \(last)"),
                    "\(group.count)", .init(counts.rowsText), .init(counts.bytesText),
                    .init(counts.validText),
                    counts.stateCell,
                ])
            }
            console.result(table)
        }
        let whole = LakeCounts(statuses)
        console.note(
            "\(Human.plural(statuses.count, "partition")), \(whole.rowsText) rows, \(whole.bytesText): \(whole.stateCell.text)"
        )
    }

    /// Neighbours of one dataset and symbol; the list is in the order of addresses.
    private func grouped(_ statuses: [PartitionStatus]) -> [[PartitionStatus]] {
        var groups: [[PartitionStatus]] = []
        for status in statuses {
            if let last = groups.last?.last?.address, last.dataset == status.address.dataset,
                last.symbol.utf8.elementsEqual(status.address.symbol.utf8)
            {
                groups[groups.count - 1].append(status)
            } else {
                groups.append([status])
            }
        }
        return groups
    }
}

/// Sums over partitions.
private struct LakeCounts {
    var rows = 0
    var bytes = 0
    var windows = 0
    var validWindows = 0
    /// Number of partitions in each kind of state.
    var states: [(kind: String, count: Int)] = []

    init(_ statuses: [PartitionStatus]) {
        for status in statuses {
            rows += Int(status.manifest?.rowCount ?? 0)
            bytes += Int(status.manifest?.byteCount ?? 0)
            windows += Int(status.manifest?.quality.windows ?? 0)
            validWindows += Int(status.manifest?.quality.validWindows ?? 0)
            if let known = states.firstIndex(where: { $0.kind == status.state.kind }) {
                states[known].count += 1
            } else {
                states.append((status.state.kind, 1))
            }
        }
    }

    var rowsText: String { Human.count(rows) }
    var bytesText: String { Human.bytes(bytes) }

    /// Share of valid windows; nothing where there are no windows.
    var validText: String {
        guard windows > 0 else { return "" }
        let tenths = validWindows * 1000 / windows
        return "\(tenths / 10).\(tenths % 10) %"
    }

    var stateCell: TextTable.Cell {
        if states.count == 1 { return .init(states[0].kind, PartitionState.style(of: states[0].kind)) }
        let worst = ["corrupt", "missing", "stale"].first { kind in states.contains { $0.kind == kind } }
        return .init(
            states.map { "\($0.count) \($0.kind)" }.joined(separator: ", "),
            worst.flatMap(PartitionState.style))
    }
}

extension PartitionState {
    /// The state without its reasons.
    var kind: String {
        switch self {
        case .missing: "missing"
        case .fresh: "fresh"
        case .stale: "stale"
        case .corrupt: "corrupt"
        }
    }

    var style: Style? { PartitionState.style(of: kind) }

    static func style(of kind: String) -> Style? {
        switch kind {
        case "fresh": .good
        case "stale": .caution
        default: .bad
        }
    }

    /// Why a partition is stale or corrupt.
    var reasons: [String] {
        switch self {
        case .missing, .fresh: []
        case .stale(let reasons): reasons.map(\.description)
        case .corrupt(let reason): [reason]
        }
    }
}

extension PartitionStatus {
    var json: JSONValue {
        [
            "dataset": .string("\(address.dataset)"), "symbol": .string(address.symbol),
            "dt": .string("\(address.date)"), "path": .string(address.path), "state": .string(state.kind),
            "reasons": .array(state.reasons.map(JSONValue.string)),
            "day_state": manifest.map { .string($0.dayState.rawValue) } ?? .null,
            "rows": manifest.map { .integer($0.rowCount) } ?? .null,
            "bytes": manifest.map { .integer($0.byteCount) } ?? .null,
            "generation": manifest.map { .string($0.generation) } ?? .null,
            "quality": manifest.map { $0.quality.json } ?? .null,
        ]
    }
}
