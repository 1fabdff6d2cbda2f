import CivilTime
import Contracts
import JSON
import Lake
import Parquet
import Stages

/// What would happen to one partition.
public struct PlannedPartition: Sendable {
    public enum Action: String, Sendable {
        /// Fresh: nothing to do.
        case skip
        /// Missing: make it.
        case build
        /// There and to be made anew.
        case rebuild
        /// Stale or corrupt, and the request does not allow to replace it.
        case refuse
    }

    public let address: PartitionAddress
    public let state: PartitionState
    public let action: Action
    /// What the partition is to be made from; of a refused one, what it would be.
    public let provenance: Provenance
    /// The live generation that may be replaced.
    public let live: LiveIdentity?
}

/// One task of a plan.
public struct PlannedTask: Sendable {
    public let stage: String
    /// At least one; more where a task reads a raw file once for several symbols.
    public let symbols: [String]
    public let date: CivilDate
    public let content: Content

    /// The symbols as one word, for people.
    public var symbol: String { Self.word(for: symbols) }

    static func word(for symbols: [String]) -> String { symbols.joined(separator: ",") }

    public enum Content: Sendable {
        case task(StageTask, [PlannedPartition])
        /// Nothing to do here, and that is no fault.
        case nothing(String)
        /// What will be done depends on a stage that has not run: which partition, why.
        case undecided(String)
        /// It cannot be done.
        case failure(Failure)
    }

    public var partitions: [PlannedPartition] {
        if case .task(_, let partitions) = content { partitions } else { [] }
    }

    /// Whether there is something to make. The outputs of one task are one generation: none is made beside one
    /// that must not be replaced.
    public var isWork: Bool {
        !partitions.contains { $0.action == .refuse } && partitions.contains { $0.action != .skip }
    }
}

/// Everything a request leads to, in the order in which it would be done.
public struct Plan: Sendable {
    public let tasks: [PlannedTask]
    /// For each task the number of its step: tasks of one step need nothing of each other, only of steps before.
    public let steps: [Int]
    /// Dates of ranges for which the lake has neither raw files nor bronze.
    public let skippedDates: [CivilDate]

    /// What a run of this plan could not do.
    public var failures: [Failure] {
        Failure.distinct(
            tasks.flatMap { task -> [Failure] in
                if case .failure(let failure) = task.content { return [failure] }
                return Failure.merged(
                    task.partitions.compactMap { partition in partition.refusal.map { (partition.address, $0) } })
            })
    }
}

extension PlannedPartition {
    /// Why a partition is left as it is although it is not what it should be.
    public var refusal: Failure? {
        guard action == .refuse else { return nil }
        let isBronze = address.dataset.layer == .bronze
        let advice = isBronze ? "--overwrite --overwrite-bronze rebuilds it" : "--overwrite rebuilds it"
        let status: ExitStatus = if case .corrupt = state { .corrupt } else { .notReady }
        return Failure(status, "\(address) is \(state)", advice: advice)
    }
}

/// Turns requests into tasks: the registry says which stages, the stages say which partitions, the lake says what
/// is there.
struct Planner: Sendable {
    let project: Project
    let request: RunRequest
    private let contracts = ContractFingerprints()

    /// - Throws: `Failure` of status `usage` for products, tables, parameters or compressions that do not exist.
    init(_ project: Project, _ request: RunRequest) throws(Failure) {
        self.project = project
        self.request = request
        try checkProduct()
        try checkSettings()
        if let text = request.compression, Compression(parsing: text) == nil {
            throw Failure(.usage, "'\(text)' is no compression: zstd:1 to zstd:19, lz4 or none")
        }
    }

    /// The stages of the request, producers before consumers.
    var stages: [StageDeclaration] {
        stagesOfTables.filter { request.stage == nil || request.stage == $0.name }
    }

    /// All stages that make tables of the request. Parameters are theirs: a request for one of them carries those of
    /// the others, too.
    private var stagesOfTables: [StageDeclaration] {
        project.registry.stages.filter { stage in
            stage.products.contains(request.productType)
                && stage.writes(for: request.productType).contains(where: isSelected)
        }
    }

    /// The stages in the order in which they run: each group over all dates, or date by date where a stage reads what
    /// this or a later stage of the group made for an earlier session.
    var passes: [(stages: [StageDeclaration], isDateByDate: Bool)] {
        let stages = stages
        let positions = Dictionary(uniqueKeysWithValues: stages.enumerated().map { ($1.name, $0) })
        var passes: [(stages: [StageDeclaration], isDateByDate: Bool)] = []
        var next = 0
        while next < stages.count {
            var last = next
            var isDateByDate = false
            var position = next
            while position <= last {
                for read in stages[position].reads(for: request.productType) where read.date == .priorSession {
                    guard case .table(let template) = read.source,
                        let writer = project.registry.writer(of: template.dataset(for: request.productType)),
                        let made = positions[writer.name], made >= position
                    else { continue }
                    isDateByDate = true
                    last = max(last, made)
                }
                position += 1
            }
            passes.append((Array(stages[next...last]), isDateByDate))
            next = last + 1
        }
        return passes
    }

    /// Stages with the dates of one go at them, in the order in which they run.
    func steps(_ dates: [CivilDate]) -> [(stage: StageDeclaration, dates: [CivilDate])] {
        passes.flatMap { pass in
            (pass.isDateByDate ? dates.map { [$0] } : [dates]).flatMap { dates in
                pass.stages.map { ($0, dates) }
            }
        }
    }

    private func isSelected(_ dataset: DatasetKey) -> Bool {
        request.layers.contains(dataset.layer)
            && (request.tables.isEmpty || request.tables.contains(dataset.table))
    }

    private func checkProduct() throws(Failure) {
        guard project.registry.products.contains(request.productType) else {
            throw Failure(
                .usage, "there is no product '\(request.productType)' in \(project.registry.file)",
                advice: "products are: \(project.registry.products.joined(separator: ", "))")
        }
        let tables = project.registry.datasets.filter {
            $0.product == request.productType && request.layers.contains($0.layer)
        }.map(\.table)
        for table in request.tables where !tables.contains(table) {
            throw Failure(
                .usage, "\(request.productType) has no table '\(table)' in the layers asked for",
                advice: "tables are: \(tables.joined(separator: ", "))")
        }
        if stages.isEmpty { throw Failure(.usage, "no stage makes what is asked for") }
    }

    private func checkSettings() throws(Failure) {
        let known = Set(stagesOfTables.flatMap(\.parameters.keys)).sorted()
        let names =
            request.settings.map(\.key) + (request.start == nil ? [] : ["output_start"])
            + (request.end == nil ? [] : ["output_end"])
        for name in names where !known.contains(name) {
            throw Failure(
                .usage, "no stage of the request has a parameter '\(name)'",
                advice: known.isEmpty ? "they have none" : "parameters are: \(known.joined(separator: ", "))")
        }
    }

    /// Asks every stage of the request whether it can work with its parameters: what is wrong for one of them is said
    /// before another has published anything. Of several symbols the first is asked about every date and the others
    /// about the first, since values differ by date or by root, never by both.
    ///
    /// - Throws: `Failure` of status `usage`.
    func checkParameters(on dates: [CivilDate]) throws(Failure) {
        let symbols = symbols
        guard let firstSymbol = symbols.first, let firstDate = dates.first else { return }
        let cases = dates.map { (firstSymbol, $0) } + symbols.dropFirst().map { ($0, firstDate) }
        for declaration in stages {
            guard let stage = StageCatalogue.stage(named: declaration.name) else { continue }
            for (symbol, date) in cases {
                do {
                    try stage.check(asked(declaration, symbol, date))
                } catch {
                    throw Failure(explaining: error)
                }
            }
        }
    }

    // MARK: Dates and symbols

    /// The symbols of this shard, ascending.
    var symbols: [String] {
        let all = Set(request.symbols).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        guard let shard = request.shard else { return all }
        return all.enumerated().filter { $0.offset % shard.count == shard.index - 1 }.map(\.element)
    }

    /// The dates to work on, ascending, and those of ranges for which there is nothing.
    func dates() throws -> (wanted: [CivilDate], skipped: [CivilDate]) {
        let dates = request.dates
        guard let first = dates.dates.first, let last = dates.dates.last, dates.named.count < dates.dates.count else {
            return (dates.dates, [])
        }
        // Levels and labels alone make no day.
        var known = Set(
            try RawStore(project.lake).days(RawFilter(dates: first...last)).map(\.location)
                .filter { $0.source != .ref }.map(\.date))
        known.formUnion(
            try project.lake.partitions(
                PartitionFilter(layers: [.bronze], products: [request.productType], dates: first...last)
            ).map(\.date))
        let wanted = dates.dates.filter { dates.named.contains($0) || known.contains($0) }
        return (wanted, dates.dates.filter { !wanted.contains($0) })
    }

    // MARK: Tasks

    /// The tasks of one stage on the lake as it is, and on `pending` partitions that stages before it will make.
    func tasks(of stage: StageDeclaration, dates: [CivilDate], site: StageSite) -> [PlannedTask] {
        let symbols = symbols
        let days = dates.flatMap { date in symbols.map { (symbol: $0, date: date) } }.filter { day in
            request.days.map { $0.contains(.init(symbol: day.symbol, date: day.date)) } ?? true
        }
        var planned: [PlannedTask] = []
        var taken: Set<PartitionAddress> = []
        // Plans read small files, many of them.
        let found = sideBySide(days.count, workers: request.workers) { index in
            task(of: stage, days[index].symbol, days[index].date, site)
        }
        for case let task? in found {
            // A root and one of its contracts may both be asked for.
            if case .task(let work, let partitions) = task.content {
                let new = partitions.filter { taken.insert($0.address).inserted }
                if new.isEmpty { continue }
                planned.append(
                    PlannedTask(
                        stage: stage.name, symbols: task.symbols, date: task.date, content: .task(work, new)))
            } else {
                planned.append(task)
            }
        }
        return planned
    }

    /// Puts tasks into one that read the same raw files, where their stage can: a file is read once for all symbols.
    /// What is fresh, or must not be replaced, stays apart, because the outputs of a task are one generation.
    func combining(_ tasks: [PlannedTask]) -> [PlannedTask] {
        var combined: [PlannedTask] = []
        var places: [StageTask.Kinship: Int] = [:]
        for planned in tasks {
            guard planned.isWork, case .task(let task, let partitions) = planned.content,
                let stage = StageCatalogue.stage(named: planned.stage), type(of: stage).combinesSymbols,
                let kinship = task.kinship
            else {
                combined.append(planned)
                continue
            }
            guard let place = places[kinship], case .task(let first, let others) = combined[place].content else {
                places[kinship] = combined.count
                combined.append(planned)
                continue
            }
            combined[place] = PlannedTask(
                stage: planned.stage, symbols: combined[place].symbols + planned.symbols, date: planned.date,
                content: .task(first.combined(with: task), others + partitions))
        }
        return combined
    }

    private func task(
        of declaration: StageDeclaration, _ symbol: String, _ date: CivilDate, _ site: StageSite
    ) -> PlannedTask? {
        guard let stage = StageCatalogue.stage(named: declaration.name) else { return nil }
        var shown = symbol
        var content: PlannedTask.Content
        do {
            let asked = try asked(declaration, symbol, date)
            switch try stage.plan(asked, in: site) {
            case .irrelevant:
                return nil
            case .nothing(let reason):
                content = .nothing(reason)
            case .task(let task):
                shown = task.symbol
                content = .task(task, try partitions(of: task, asked.overrides, site))
            }
        } catch StageError.undecided(let what) {
            content = .undecided(what)
        } catch {
            content = .failure(Failure(explaining: error))
        }
        return PlannedTask(stage: declaration.name, symbols: [shown], date: date, content: content)
    }

    private func asked(
        _ declaration: StageDeclaration, _ symbol: String, _ date: CivilDate
    ) throws -> StageRequest {
        StageRequest(
            declaration: declaration, product: request.productType, symbol: symbol, date: date,
            overrides: try overrides(for: declaration, on: date))
    }

    /// The parameters that the command line sets for a stage.
    func overrides(
        for declaration: StageDeclaration, on date: CivilDate
    ) throws -> [String: ParameterValue] {
        let parameters = declaration.parameters(for: request.productType)
        var overrides: [String: ParameterValue] = [:]
        for (name, time) in [("output_start", request.start), ("output_end", request.end)] {
            if let time, parameters[name] != nil {
                overrides[name] = .integer(time.utcNanoseconds(on: date))
            }
        }
        for setting in request.settings {
            guard let fallback = parameters[setting.key] else { continue }
            guard let value = fallback.parsing(setting.value) else {
                throw Failure(.usage, "--set \(setting.key): '\(setting.value)' is not of the kind of '\(fallback)'")
            }
            overrides[setting.key] = try StageRequest.normalised(value, of: setting.key, on: date)
        }
        return overrides
    }

    private func partitions(
        of task: StageTask, _ overrides: [String: ParameterValue], _ site: StageSite
    ) throws -> [PlannedPartition] {
        return try task.outputs.filter { isSelected($0.dataset) }.map { address in
            guard
                let fingerprint = contracts.fingerprint(of: address.dataset, by: task.declaration, in: site.contracts)
            else { preconditionFailure("the project was checked: \(address.dataset) has a contract") }
            let expectation = ExpectedProvenance(
                stage: task.declaration.name, revision: task.declaration.revision,
                contractFingerprint: fingerprint, defaults: task.defaults, overrides: overrides,
                compression: request.compression, inputs: task.inputs)
            let status = try project.lake.status(of: address, expecting: expectation)
            let recorded = status.manifest?.provenance
            let provenance = Provenance(
                stage: task.declaration.name, revision: task.declaration.revision, defaults: task.defaults,
                overrides: expectation.effectiveOverrides(keeping: recorded?.overrides ?? [:]),
                contractPath: "contracts/\(task.declaration.contractDataset(of: address.dataset).path).avsc",
                contractFingerprint: fingerprint,
                compression: request.compression ?? recorded?.compression ?? "\(Compression.zstd(level: 1))",
                inputs: task.inputs)
            return PlannedPartition(
                address: address, state: status.state,
                action: action(status.state, address.dataset.layer),
                provenance: provenance, live: status.identity)
        }
    }

    /// Stale tables of the layer `ref` are made anew without being asked for: they are no more than the source files and
    /// the sessions before, put together, and adding a file publishes them in the same way.
    private func action(_ state: PartitionState, _ layer: DatasetKey.Layer) -> PlannedPartition.Action {
        let mayReplace = request.overwrite >= (layer == .bronze ? .everything : .derived)
        switch state {
        case .missing: return .build
        case .fresh: return mayReplace ? .rebuild : .skip
        case .stale: return mayReplace || layer == .ref ? .rebuild : .refuse
        case .corrupt: return mayReplace ? .rebuild : .refuse
        }
    }
}
