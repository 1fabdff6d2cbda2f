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
                each recorded input looked up. Without a selection the whole lake is checked, raw files too. Stale partitions are \
                sound: they are what their manifests say. With --rebuild some of them are made once more, beside the \
                lake, and compared byte by byte; a difference is exit code 1. Exit code 5 when something is corrupt, 3 when a contract is \
                violated.
                """,
            examples: [
                Example("tarn verify", "checks the whole lake"),
                Example("tarn verify --layer gold --symbol ESH6 --json", "checks surfaces for a machine"),
                Example("tarn verify --rebuild 20 --seed 7", "makes twenty partitions anew and compares"),
            ])
    }

    var filter = LakeFilterOptions()
    @Option(
        "rebuild", .integer(in: 1...1_000_000),
        help: "Make this many partitions anew and compare their bytes.")
    var rebuilds: Int?
    @Option("seed", .integer(in: 0...Int.max), help: "With --rebuild: another seed chooses other partitions.")
    var seed: Int = 0
    @Option("junit", .file, help: "Write the findings as JUnit XML, too.") var junit: String?

    func run(in session: Session) throws {
        let project = try session.project()
        Interruption.catchSignals()
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
        let damagedRaw = filter.isEverything ? try damagedRawFiles(project.lake, session) : []
        let recomputed = try recompute(results.filter(\.isSound).map(\.address), project, session)
        session.console.endProgress()
        if let junit { try SmallFile.replace(junit, by: JUnit.xml(results.map(\.junit))) }
        if session.isJSON {
            var outcomes: [PartitionAddress: JSONValue] = [:]
            for (address, outcome) in recomputed { outcomes[address] = .string(outcome.word) }
            session.emit([
                "partitions": .array(
                    results.map { $0.json(recomputed: rebuilds == nil ? nil : outcomes[$0.address] ?? .null) }),
                "damaged_raw_files": .array(
                    damagedRaw.map { ["path": .string($0.path), "damage": .string("\($0.damage)")] }),
            ])
        } else {
            for raw in damagedRaw { session.console.error("\(raw.damage)") }
            show(results, in: session.console)
            show(recomputed, in: session.console)
        }
        try judge(results, recomputed)
        if !damagedRaw.isEmpty {
            throw Failure(
                .combining(damagedRaw.map { Failure(explaining: $0.damage).status }),
                "\(Human.plural(damagedRaw.count, "raw file")) not as recorded",
                advice: "get the vendor's file again, remove the damaged one, and add it with 'tarn raw add'")
        }
    }

    /// The raw files that are not what they were when they were added.
    private func damagedRawFiles(
        _ lake: Lake, _ session: Session
    ) throws -> [(path: String, damage: LakeError)] {
        let store = RawStore(lake)
        let files = try store.days().flatMap(\.files)
        var damaged: [(path: String, damage: LakeError)] = []
        for (index, file) in files.enumerated() {
            session.console.progress(Progress(label: "verify", done: index, total: files.count, unit: "raw files"))
            if Interruption.isRequested { throw Failure(.interrupted, "interrupted") }
            if let damage = try store.damage(of: file) { damaged.append((file.path, damage)) }
        }
        return damaged
    }

    private func recompute(
        _ sound: [PartitionAddress], _ project: Project, _ session: Session
    ) throws -> [(address: PartitionAddress, outcome: Recomputation.Outcome)] {
        guard let rebuilds else { return [] }
        let chosen = Recomputation.choose(rebuilds, of: sound, seed: seed)
        return try Recomputation(project).recompute(chosen) { done in
            session.console.progress(
                Progress(label: "rebuild", done: done, total: chosen.count, unit: "partitions"))
        }
    }

    private func show(
        _ recomputed: [(address: PartitionAddress, outcome: Recomputation.Outcome)], in console: Console
    ) {
        guard rebuilds != nil else { return }
        var identical = 0
        for (address, outcome) in recomputed {
            switch outcome {
            case .identical: identical += 1
            case .different(let live, let new):
                console.error("\(address): made anew it has SHA-256 \(new), live is \(live)")
            case .differentManifest: console.error("\(address): made anew it has another manifest")
            case .impossible(let failure): console.warning("not made anew: \(failure.message)")
            }
        }
        console.result("\(Human.plural(recomputed.count, "partition")) made anew: \(identical) identical")
    }

    private func show(_ results: [PartitionVerification], in console: Console) {
        for result in results where !result.isSound {
            for error in result.damage { console.error("\(result.address): \(error)") }
            if let report = result.conformance, !report.isClean {
                console.error("\(result.address): \(report.text)")
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

    private func judge(
        _ results: [PartitionVerification],
        _ recomputed: [(address: PartitionAddress, outcome: Recomputation.Outcome)]
    ) throws(Failure) {
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
        for (address, outcome) in recomputed {
            switch outcome {
            case .identical: continue
            case .different, .differentManifest:
                throw Failure(
                    .failed,
                    "\(address): equal inputs, contract, parameters and stage revision gave other bytes",
                    advice: "raise the revision of its stage in datasets.yaml")
            case .impossible(let failure): throw failure
            }
        }
    }
}

extension PartitionVerification {
    /// - Parameter recomputed: how making it anew ended; nil when nobody asked.
    fileprivate func json(recomputed: JSONValue?) -> JSONValue {
        var members: [(String, JSONValue)] = [
            ("path", .string(address.path)), ("dataset", .string("\(address.dataset)")),
            ("symbol", .string(address.symbol)), ("dt", .string("\(address.date)")),
            ("sound", .bool(isSound)), ("outdated_contract", .bool(isOutdated)),
            ("damage", .array(damage.map { .string("\($0)") })),
            ("conformance", conformance.map(\.json) ?? .null),
            (
                "lineage",
                .array(
                    lineage.map { ["input": .string($0.input.path), "state": .string($0.state.rawValue)] })
            ),
        ]
        if let recomputed { members.append(("recomputed", recomputed)) }
        return .object(JSONObject(members))
    }

    /// One test case a rule, and one for the bytes.
    fileprivate var junit: JUnit.Suite {
        let bytes = JUnit.Case(
            group: "\(address.dataset)", name: "bytes",
            failure: damage.isEmpty
                ? nil
                : JUnit.Failure(
                    message: Human.plural(damage.count, "damage"), details: damage.map { "\($0)" }))
        let place = "\(address)"
        return JUnit.Suite(name: place, cases: [bytes] + (conformance?.junit(place: place).cases ?? []))
    }
}

extension Recomputation.Outcome {
    fileprivate var word: String {
        switch self {
        case .identical: "identical"
        case .different: "different"
        case .differentManifest: "different_manifest"
        case .impossible: "impossible"
        }
    }
}
