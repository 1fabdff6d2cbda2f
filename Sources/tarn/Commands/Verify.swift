import Arguments
import Contracts
import JSON
import Lake
import Pipeline
import Terminal

struct Verify: Command {
    static var about: About {
        About(
            "verify", "Check partitions against their manifests, contracts and inputs.",
            discussion: """
                Every file is hashed, every page decoded, every value rule and identity of the contract checked, and \
                each recorded input looked up. Without a selection the whole lake is checked. Stale partitions are \
                sound: they are what their manifests say. Exit code 5 when something is corrupt, 3 when a contract is \
                violated.
                """,
            examples: [
                Example("tarn verify", "checks the whole lake"),
                Example("tarn verify --layer gold --symbol ESH6 --json", "checks surfaces for a machine"),
            ])
    }

    var filter = LakeFilterOptions()

    func run(in session: Session) throws {
        let project = try session.project()
        let addresses = try filter.partitions(of: project.lake)
        var results: [PartitionVerification] = []
        for (index, address) in addresses.enumerated() {
            session.console.progress(
                Progress(label: "verify", done: index, total: addresses.count, unit: "partitions"))
            if Interruption.isRequested { throw Failure(.interrupted, "interrupted") }
            let contract = project.registry.writer(of: address.dataset)?.contract(
                of: address.dataset, in: project.contracts)
            results.append(try project.lake.verify(address, contract: contract))
        }
        session.console.endProgress()
        if session.isJSON {
            session.emit(.array(results.map(\.json)))
        } else {
            show(results, in: session.console)
        }
        try judge(results)
    }

    private func show(_ results: [PartitionVerification], in console: Console) {
        for result in results where !result.isSound {
            for error in result.damage { console.error("\(result.address): \(error)") }
            if let report = result.conformance, !report.isClean {
                console.error("\(result.address): \(report)")
            }
        }
        for result in results {
            for link in result.lineage where link.state == .lost || link.state == .missing {
                console.warning("\(result.address): its input \(link.input.path) is \(link.state.rawValue)")
            }
            if result.isOutdated {
                console.warning(
                    "\(result.address): written under another version of its contract; its rules were not checked"
                )
            }
        }
        let sound = results.filter(\.isSound).count
        let rows = results.reduce(0) { $0 + Int($1.manifest?.rowCount ?? 0) }
        console.result(
            "\(Human.plural(results.count, "partition")), \(Human.count(rows)) rows: \(Human.count(sound)) sound"
                + (sound == results.count ? "" : ", \(Human.count(results.count - sound)) not"))
    }

    private func judge(_ results: [PartitionVerification]) throws(Failure) {
        var statuses: [ExitStatus] = []
        for result in results where !result.isSound {
            statuses.append(result.damage.isEmpty ? .violation : .corrupt)
        }
        guard statuses.isEmpty else {
            throw Failure(
                .combining(statuses),
                "\(Human.plural(statuses.count, "partition")) of \(results.count) not sound",
                advice: "'tarn run --overwrite' rebuilds them; the generation replaced is kept in _quarantine"
            )
        }
    }
}

extension PartitionVerification {
    fileprivate var json: JSONValue {
        [
            "path": .string(address.path), "dataset": .string("\(address.dataset)"),
            "symbol": .string(address.symbol),
            "dt": .string("\(address.date)"), "sound": .bool(isSound), "outdated_contract": .bool(isOutdated),
            "damage": .array(damage.map { .string("\($0)") }),
            "conformance": conformance.map(\.json) ?? .null,
            "lineage": .array(
                lineage.map { ["input": .string($0.input.path), "state": .string($0.state.rawValue)] }),
        ]
    }
}
