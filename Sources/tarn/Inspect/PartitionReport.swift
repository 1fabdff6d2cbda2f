import Contracts
import JSON
import Lake
import Pipeline
import Terminal

/// What a partition of the lake is made of, and its table.
struct PartitionReport {
    let status: PartitionStatus
    let table: ParquetReport?

    /// - Parameter rows: how many first rows to keep.
    init(_ address: PartitionAddress, in project: Project, rows: Int) throws {
        var health = LakeHealth(project)
        status = try health.status(of: address)
        guard let file = status.manifest?.files.first else {
            table = nil
            return
        }
        table = try ParquetReport(path: "\(project.lake.path(of: address))/\(file.name)", rows: rows)
    }

    func show(on console: Console) {
        var facts = TextTable([.text("partition"), .text("\(status.address)")])
        facts.add(["state", .init("\(status.state)")])
        if let manifest = status.manifest {
            let provenance = manifest.provenance
            facts.add(["stage", .init("\(provenance.stage), revision \(provenance.revision)")])
            facts.add(["generation", .init(manifest.generation)])
            facts.add([
                "day",
                .init(manifest.dayState.rawValue + (manifest.isTruncated ? ", from truncated input" : "")),
            ])
            for (name, value) in provenance.parameters.sorted(by: { $0.key < $1.key }) {
                facts.add([
                    "parameter",
                    .init(
                        "\(name) = \(parameterText(value, of: name))\(provenance.overrides[name] == nil ? "" : " (set)")"
                    ),
                ])
            }
            for input in provenance.inputs {
                if case .partition(let address, let manifest) = input {
                    facts.add(["input", .init("\(address)\(manifest == nil ? ", not there" : "")")])
                } else {
                    facts.add(["input", .init(input.path)])
                }
            }
            for line in quality(manifest.quality) { facts.add(["quality", .init(line)]) }
        }
        console.result(facts)
        if let table {
            console.result()
            table.show(on: console)
        }
    }

    /// The ends of the output window are recorded in UTC nanoseconds.
    private func parameterText(_ value: ParameterValue, of name: String) -> String {
        if case .integer(let instant) = value, name == "output_start" || name == "output_end" {
            return utcText(instant)
        }
        return "\(value)"
    }

    private func quality(_ quality: Quality) -> [String] {
        var lines: [String] = []
        if let windows = quality.windows {
            let valid = quality.validWindows.map { ", \(Human.count(Int($0))) valid" } ?? ""
            lines.append("\(Human.plural(Int(windows), "window"))\(valid)")
        }
        for (reason, count) in quality.reasons.sorted(by: { $0.key < $1.key }) where count > 0 {
            lines.append("\(reason): \(Human.plural(Int(count), "window"))")
        }
        for (name, count) in quality.counters.sorted(by: { $0.key < $1.key }) where count != 0 {
            lines.append("\(name): \(Human.count(Int(count)))")
        }
        if quality.rowsDropped > 0 {
            lines.append("\(Human.plural(Int(quality.rowsDropped), "row")) dropped")
        }
        return lines
    }

    var json: JSONValue {
        [
            "dataset": .string("\(status.address.dataset)"), "symbol": .string(status.address.symbol),
            "dt": .string("\(status.address.date)"), "path": .string(status.address.path),
            "state": .string("\(status.state)"), "manifest": status.manifest?.json ?? .null,
            "table": table?.json ?? .null,
        ]
    }
}
