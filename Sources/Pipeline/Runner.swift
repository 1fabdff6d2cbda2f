import CivilTime
import Contracts
import Glibc
import Lake
import Stages
import Synchronization

/// What a watcher of a run is told, from any thread.
public enum RunEvent: Sendable {
    /// A stage begins, the `step`-th of `steps` (from 1), with this many tasks to do.
    case stage(name: String, step: Int, steps: Int, tasks: Int, expectedRecords: Int)
    /// Input records done by some task of the stage.
    case progress(records: Int)
    /// - Parameter expectedRecords: the task's part of what the stage expected; 0 where it had nothing to do.
    case finished(TaskResult, expectedRecords: Int)
    case warning(String)
}

/// Carries out requests: stage after stage in the order of the registry, the tasks of a stage side by side. Stages of
/// which one needs what another made for the session before go date by date.
///
/// Each stage is planned on the lake as the stages before it have left it, so what a task reads is what is there.
/// A task that fails does not stop the others; those that miss its output fail on their own account.
public struct Runner: Sendable {
    let project: Project
    let watch: @Sendable (RunEvent) -> Void

    public init(_ project: Project, watch: @escaping @Sendable (RunEvent) -> Void = { _ in }) {
        self.project = project
        self.watch = watch
    }

    // MARK: Planning

    /// What `run` would do now. Nothing is written.
    ///
    /// - Throws: `Failure`.
    public func plan(_ request: RunRequest) throws -> Plan {
        let planner = try Planner(project, request)
        let (dates, skipped) = try planner.dates()
        try planner.checkParameters(on: dates)
        var site = StageSite(lake: project.lake, registry: project.registry, contracts: project.contracts)
        var tasks: [PlannedTask] = []
        var steps: [Int] = []
        var failed = FailedWork()
        for (step, (stage, dates)) in planner.steps(dates).enumerated() {
            let outputs = stage.writes(for: request.productType)
            let planned = planner.combining(
                planner.tasks(of: stage, dates: dates, site: site).map { task in
                    let task = failed.consequence(for: task).map { task.failing($0) } ?? task
                    if case .failure(let failure) = task.content { failed.add(task, failure, of: outputs) }
                    return task
                })
            tasks += planned
            steps += planned.map { _ in step }
            site = site.expecting(Set(planned.filter(\.isWork).flatMap { $0.partitions.map(\.address) }))
        }
        return Plan(tasks: tasks, steps: steps, skippedDates: skipped)
    }

    // MARK: Running

    /// Does what is asked.
    ///
    /// - Throws: `Failure` when the request as a whole cannot be carried out; what goes wrong with single tasks is
    ///   in the report.
    public func run(_ request: RunRequest) throws -> RunReport {
        let planner = try Planner(project, request)
        let started = now()
        let (dates, skipped) = try planner.dates()
        try planner.checkParameters(on: dates)
        let site = StageSite(lake: project.lake, registry: project.registry, contracts: project.contracts)
        try project.lake.sweep()
        let run = try Run(project.lake)
        var results: [TaskResult] = []
        var failed = FailedWork()
        var isCutShort = false
        let steps = planner.steps(dates)
        for (step, (stage, dates)) in steps.enumerated() {
            if Interruption.isRequested {
                isCutShort = true
                break
            }
            var planned = planner.tasks(of: stage, dates: dates, site: site)
            for index in planned.indices {
                guard let failure = failed.consequence(for: planned[index]) else { continue }
                failed.add(planned[index].partitions.map(\.address), failure)
                planned[index] = planned[index].failing(failure)
            }
            planned = planner.combining(planned)
            let work = planned.filter(\.isWork)
            watch(
                .stage(
                    name: stage.name, step: step + 1, steps: steps.count, tasks: work.count,
                    expectedRecords: work.reduce(0) { $0 + expectedRecords(of: $1) }))
            let made = carryOut(planned, request, site, run)
            let outputs = stage.writes(for: request.productType)
            for result in made { failed.add(result, of: outputs) }
            results += made
        }
        let report = RunReport(
            runID: run.id, tasks: results, skippedDates: skipped, warnings: warnings(of: results),
            seconds: now() - started)
        try run.writeReport(report.json)
        try run.end()
        // Who asks to stop when everything is done has it done.
        if isCutShort || report.status == .interrupted {
            throw Failure(.interrupted, "interrupted; nothing half-made was left")
        }
        return report
    }

    /// Runs tasks side by side; the results are in the order of the tasks whatever the number of workers.
    private func carryOut(
        _ tasks: [PlannedTask], _ request: RunRequest, _ site: StageSite, _ run: Run
    ) -> [TaskResult] {
        sideBySide(tasks.count, workers: request.workers) { index in
            let result = carryOut(tasks[index], request, site, run)
            let expected = tasks[index].isWork ? expectedRecords(of: tasks[index]) : 0
            watch(.finished(result, expectedRecords: expected))
            return result
        }
    }

    private func carryOut(
        _ planned: PlannedTask, _ request: RunRequest, _ site: StageSite, _ run: Run
    ) -> TaskResult {
        let started = now()
        // The order of the registry, whatever becomes of a partition.
        let places = planned.partitions.enumerated().map { ($1.address, $0) }
        let order = Dictionary(uniqueKeysWithValues: places)
        func result(
            _ partitions: [PartitionResult] = [], note: String? = nil, failure: Failure? = nil,
            records: Int = 0
        ) -> TaskResult {
            TaskResult(
                stage: planned.stage, symbols: planned.symbols, date: planned.date,
                partitions: partitions.sorted { order[$0.address]! < order[$1.address]! }, note: note,
                failure: failure, records: records, seconds: now() - started)
        }
        switch planned.content {
        case .nothing(let reason): return result(note: reason)
        case .undecided(let what): return result(failure: Failure(.notReady, "\(what) is not decided"))
        case .failure(let failure): return result(failure: failure)
        case .task(let task, let partitions):
            guard planned.isWork else { return result(partitions.map(unmade)) }
            let counter = Atomic<Int>(0)
            do {
                let wanted = partitions.filter { $0.action != .skip }
                let context = StageContext(
                    site: site, run: run,
                    wanted: Dictionary(uniqueKeysWithValues: wanted.map { ($0.address, $0.provenance) }),
                    allowsTruncated: request.allowsTruncated, encodingThreads: request.workers,
                    report: { records in
                        counter.add(records, ordering: .relaxed)
                        watch(.progress(records: records))
                    },
                    isCancelled: { Interruption.isRequested })
                let made = try make(task, wanted, context, run)
                let skipped = partitions.filter { $0.action == .skip }.map(unmade)
                return result(made + skipped, records: counter.load(ordering: .relaxed))
            } catch {
                let failure = Failure(explaining: error)
                return result(
                    partitions.map {
                        PartitionResult(address: $0.address, outcome: .failed(failure), manifest: nil)
                    },
                    failure: failure, records: counter.load(ordering: .relaxed))
            }
        }
    }

    /// About how many records a task will read, for whoever watches: rows of the partitions, and of raw files what
    /// their size says.
    private func expectedRecords(of planned: PlannedTask) -> Int {
        guard case .task(let task, _) = planned.content else { return 0 }
        return task.inputs.reduce(0) { sum, input in
            switch input {
            case .partition(_, nil): return sum
            case .partition(let address, _):
                let rows = (try? project.lake.status(of: address))?.manifest?.rowCount ?? 0
                return sum + Int(clamping: rows)
            case .raw(let path, _):
                var status = stat()
                guard stat(project.lake.path(path), &status) == 0 else { return sum }
                // Records of 56 bytes, a third of that where they are compressed: what vendor's files come to.
                let isCompressed = path.hasSuffix(".zst") || path.hasSuffix(".gz")
                return sum + Int(status.st_size) / (isCompressed ? 18 : 56)
            }
        }
    }

    private func make(
        _ task: StageTask, _ wanted: [PlannedPartition], _ context: StageContext, _ run: Run
    ) throws -> [PartitionResult] {
        guard let stage = StageCatalogue.stage(named: task.declaration.name) else {
            preconditionFailure("the project was checked: there is code for \(task.declaration.name)")
        }
        let staged = try stage.run(task, in: context)
        var replaceable: [PartitionAddress: LiveIdentity] = [:]
        for partition in wanted where partition.action == .rebuild {
            replaceable[partition.address] = partition.live
        }
        let outcomes = try run.publish(staged, replacing: replaceable)
        return zip(staged, outcomes).map { partition, outcome in
            PartitionResult(address: partition.address, outcome: .init(outcome), manifest: partition.manifest)
        }
    }

    /// A partition that no task makes in this run.
    private func unmade(_ partition: PlannedPartition) -> PartitionResult {
        if let refusal = partition.refusal {
            return PartitionResult(address: partition.address, outcome: .failed(refusal), manifest: nil)
        }
        let manifest = try? project.lake.status(of: partition.address).manifest
        return PartitionResult(address: partition.address, outcome: .skipped, manifest: manifest)
    }

    /// Inputs that were used although they are not what they would be today.
    private func warnings(of results: [TaskResult]) -> [String] {
        var stale: Set<String> = []
        var health = LakeHealth(project)
        for partition in results.flatMap(\.partitions) {
            for case .partition(let address, _?) in partition.manifest?.provenance.inputs ?? [] {
                if let state = try? health.status(of: address).state, case .stale = state {
                    stale.insert("\(address), an input of \(partition.address), is \(state)")
                }
            }
        }
        return stale.sorted()
    }
}

/// What a run could not make, and what therefore cannot be made either.
///
/// What follows from a failure has its reason, and its exit code: a corrupt file is corrupt input for all that was
/// to be made from it, not missing input further down.
private struct FailedWork {
    private struct Day: Hashable {
        let symbol: String
        let date: CivilDate
    }

    private var partitions: [PartitionAddress: Failure] = [:]
    private var days: [Day: Failure] = [:]

    mutating func add(_ addresses: [PartitionAddress], _ failure: Failure) {
        for address in addresses where partitions[address] == nil { partitions[address] = failure }
    }

    /// A task that is known not to be possible before anything runs.
    mutating func add(_ task: PlannedTask, _ failure: Failure, of outputs: [DatasetKey]) {
        add(
            TaskResult(
                stage: task.stage, symbols: task.symbols, date: task.date, partitions: [], note: nil, failure: failure,
                records: 0, seconds: 0), of: outputs)
    }

    /// - Parameter outputs: what the task's stage writes; a task that failed before its partitions were known did not
    ///   make those of its symbol.
    mutating func add(_ result: TaskResult, of outputs: [DatasetKey]) {
        if let failure = result.failure, result.partitions.isEmpty {
            for dataset in outputs {
                guard let address = try? PartitionAddress(dataset, symbol: result.symbol, date: result.date)
                else { continue }
                add([address], failure)
            }
        }
        for partition in result.partitions {
            if case .failed(let failure) = partition.outcome { add([partition.address], failure) }
        }
        guard let failure = result.failure else { return }
        for symbol in result.symbols {
            let day = Day(symbol: symbol, date: result.date)
            if days[day] == nil { days[day] = failure }
        }
    }

    /// Why a task is not carried out: an input that this run was to make is not there, or must not be taken from
    /// what lies there instead.
    func consequence(for task: PlannedTask) -> Failure? {
        let name = "\(task.stage) \(task.symbol) \(task.date)"
        // Tasks are combined after they have passed here.
        let day = Day(symbol: task.symbols[0], date: task.date)
        switch task.content {
        case .nothing:
            return nil
        case .undecided:
            guard let cause = days[day] else { return nil }
            return Failure(cause.status, "\(name): a stage before it failed")
        case .failure(let failure):
            guard failure.status == .notReady, let cause = days[day]
            else {
                return nil
            }
            return Failure(cause.status, "\(name): a stage before it failed: \(failure.message)")
        case .task(let work, _):
            guard task.isWork else { return nil }
            for case .partition(let address, let manifest) in work.inputs {
                // An earlier session that failed is one that this date does without.
                if manifest == nil, address.date < work.date { continue }
                if let cause = partitions[address] {
                    return Failure(cause.status, "\(name): its input \(address) was not made")
                }
            }
            return nil
        }
    }
}

extension PlannedTask {
    /// The task, not to be carried out.
    fileprivate func failing(_ failure: Failure) -> PlannedTask {
        PlannedTask(stage: stage, symbols: symbols, date: date, content: .failure(failure))
    }
}

extension PartitionResult.Outcome {
    init(_ outcome: PublicationOutcome) {
        switch outcome {
        case .published: self = .published
        case .replaced(let previous): self = .replaced(previous: previous)
        case .alreadyCommitted: self = .identical
        }
    }
}

/// Seconds of a clock that only durations are taken from.
private func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
