import CivilTime
import Contracts
import Lake
import Parquet

/// A step of the flow: makes the tables of its registry entry from raw files or from tables further up.
///
/// A stage knows its inputs and its rules; it knows nothing of other stages, of states or of scheduling. What it
/// plans reads only file headers, manifests and single rows, so that plans of whole years stay quick.
public protocol Stage: Sendable {
    /// Its name in the registry.
    static var name: String { get }

    /// Whether tasks of several symbols that read the same raw files are one task, which reads them once.
    static var combinesSymbols: Bool { get }

    init()

    /// Refuses parameters that the stage cannot work with. Asked before anything of a request is made, so it looks at
    /// nothing but the request.
    ///
    /// - Throws: `StageError.configuration`.
    func check(_ request: StageRequest) throws

    /// The task that makes this stage's tables for one requested symbol and date. Its parameters were checked.
    ///
    /// - Throws: `StageError`, `LakeError`, `DBNError`.
    func plan(_ request: StageRequest, in site: StageSite) throws -> StagePlan

    /// Makes the outputs that `context` has wanted, into the staging directory of the run.
    ///
    /// - Throws: `StageError`, `LakeError`, `DBNError`, `BookError`, `PhysicsError`: nothing is published then.
    func run(_ task: StageTask, in context: StageContext) throws -> [StagedPartition]
}

extension Stage {
    public static var combinesSymbols: Bool { false }

    /// A stage without parameters has nothing to refuse.
    public func check(_ request: StageRequest) throws {}
}

/// What is asked of a stage.
public struct StageRequest: Sendable {
    public let declaration: StageDeclaration
    public let product: String
    /// As people name it: a root, a contract or a ticker.
    public let symbol: String
    public let date: CivilDate
    /// Values of the command line for parameters of this stage, times as UTC nanoseconds.
    public let overrides: [String: ParameterValue]

    public init(
        declaration: StageDeclaration, product: String, symbol: String, date: CivilDate,
        overrides: [String: ParameterValue] = [:]
    ) {
        self.declaration = declaration
        self.product = product
        self.symbol = symbol
        self.date = date
        self.overrides = overrides
    }

    /// The values of the stage for the product and symbol where the command line says nothing.
    public var parameters: [String: ParameterValue] {
        declaration.parameters(for: product, family: FutureSymbol.family(of: symbol))
    }

    /// The tables that the stage reads for the product, as partitions of the date and of one symbol or of SPY.
    func tables(of symbol: String) throws(LakeError) -> [(address: PartitionAddress, isOptional: Bool)] {
        var tables: [(address: PartitionAddress, isOptional: Bool)] = []
        for read in declaration.reads(for: product) {
            guard case .table(let template) = read.source else { continue }
            let address = try PartitionAddress(
                template.dataset(for: product),
                symbol: read.symbol == .spy ? StageDeclaration.SymbolRule.spy.rawValue : symbol, date: date)
            tables.append((address, read.isOptional))
        }
        return tables
    }

    /// The output of this name for a symbol.
    func output(_ table: String, _ symbol: String) throws(LakeError) -> PartitionAddress {
        guard let template = declaration.writes.first(where: { $0.table == table }) else {
            preconditionFailure("the registry was checked: stage \(declaration.name) writes \(table)")
        }
        return try PartitionAddress(template.dataset(for: product), symbol: symbol, date: date)
    }
}

/// What a stage would do for a request.
public enum StagePlan: Sendable {
    case task(StageTask)
    /// There is nothing to do for this symbol and date, and that is no fault: why.
    case nothing(String)
    /// The stage has nothing to do with such a symbol.
    case irrelevant
}

/// One unit of work: everything that determines the bytes of its outputs.
public struct StageTask: Sendable {
    public let declaration: StageDeclaration
    public let product: String
    /// The symbol of its outputs; of bronze the one asked for, of a combined task the first of them.
    public let symbol: String
    public let date: CivilDate
    public let inputs: [Input]
    /// The parameters' values without overrides, times as UTC nanoseconds.
    public let defaults: [String: ParameterValue]
    public let outputs: [PartitionAddress]
    /// The vendor has nothing for the date: the outputs are empty tables that say so.
    public let isWithoutData: Bool

    init(
        _ request: StageRequest, symbol: String, inputs: [Input], defaults: [String: ParameterValue],
        outputs: [PartitionAddress], isWithoutData: Bool = false
    ) {
        self.declaration = request.declaration
        self.product = request.product
        self.symbol = symbol
        self.date = request.date
        self.inputs = inputs
        self.defaults = defaults
        self.outputs = outputs
        self.isWithoutData = isWithoutData
    }

    /// What tasks must have in common to be one: the raw files and all else that is not of the symbol. Nil: the task
    /// stands alone.
    public struct Kinship: Hashable, Sendable {
        let date: CivilDate
        let raw: [Input]
        let defaults: [String: ParameterValue]
        let isWithoutData: Bool
    }

    public var kinship: Kinship? {
        let raw = inputs.filter { if case .raw = $0 { true } else { false } }
        guard !raw.isEmpty else { return nil }
        return Kinship(
            date: date, raw: raw.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }, defaults: defaults,
            isWithoutData: isWithoutData)
    }

    /// One task that makes the outputs of this one and of another of the same kinship. Each output keeps its own
    /// provenance, which names only its own inputs.
    public func combined(with other: StageTask) -> StageTask {
        StageTask(
            self, inputs: inputs + other.inputs.filter { !inputs.contains($0) },
            outputs: outputs + other.outputs.filter { !outputs.contains($0) })
    }

    private init(_ task: StageTask, inputs: [Input], outputs: [PartitionAddress]) {
        declaration = task.declaration
        product = task.product
        symbol = task.symbol
        date = task.date
        defaults = task.defaults
        isWithoutData = task.isWithoutData
        self.inputs = inputs
        self.outputs = outputs
    }

    /// The input of a table's name, which the registry says there is; of several products, the first.
    func input(_ table: String) -> PartitionAddress {
        inputPartitions.first { $0.address.dataset.table == table }!.address
    }

    /// The output of a table's name, which the registry says there is.
    func output(_ table: String) -> PartitionAddress {
        outputs.first { $0.dataset.table == table }!
    }

    /// Every input that is a partition and is there.
    var inputPartitions: [(address: PartitionAddress, manifest: String)] {
        inputs.compactMap {
            if case .partition(let address, let manifest?) = $0 { (address, manifest) } else { nil }
        }
    }
}

/// What plans may look at.
public struct StageSite: Sendable {
    public let lake: Lake
    public let raw: RawStore
    public let registry: Registry
    public let contracts: ContractSet
    /// Partitions that an earlier stage of the same plan is going to make; empty in a run, which plans each stage
    /// when the ones before it are done.
    public let pending: Set<PartitionAddress>
    let index: RawIndex

    public init(lake: Lake, registry: Registry, contracts: ContractSet) {
        self.init(lake: lake, registry: registry, contracts: contracts, pending: [], index: RawIndex())
    }

    private init(
        lake: Lake, registry: Registry, contracts: ContractSet, pending: Set<PartitionAddress>, index: RawIndex
    ) {
        self.lake = lake
        self.raw = RawStore(lake)
        self.registry = registry
        self.contracts = contracts
        self.pending = pending
        self.index = index
    }

    public func expecting(_ partitions: Set<PartitionAddress>) -> StageSite {
        StageSite(
            lake: lake, registry: registry, contracts: contracts, pending: pending.union(partitions), index: index)
    }

    /// A partition as an input, by the identity of its manifest.
    ///
    /// - Throws: `missingInput`, `corruptInput`.
    func input(_ address: PartitionAddress) throws -> Input {
        let status = try lake.status(of: address)
        switch status.state {
        case .missing:
            if pending.contains(address) { return .partition(address, manifest: nil) }
            throw StageError.missingInput(
                "\(address) is missing: run --product-type \(address.dataset.product) --layer "
                    + "\(address.dataset.layer.rawValue) first")
        case .corrupt(let reason):
            if pending.contains(address) { return .partition(address, manifest: nil) }
            throw StageError.corruptInput("\(address): \(reason)")
        case .fresh, .stale:
            return .partition(address, manifest: status.inputIdentity)
        }
    }

    /// A partition that a stage also runs without: where it is not there, its absence is the input.
    ///
    /// - Throws: `corruptInput`.
    func optionalInput(_ address: PartitionAddress) throws -> Input {
        if case .missing = try lake.status(of: address).state { return .partition(address, manifest: nil) }
        return try input(address)
    }

    /// The contract of an output of a stage.
    public func contract(_ dataset: DatasetKey, of declaration: StageDeclaration) -> Contract {
        guard let contract = declaration.contract(of: dataset, in: contracts) else {
            preconditionFailure("the registry was checked: \(dataset) has a contract")
        }
        return contract
    }
}

/// What a running stage works with.
public struct StageContext: Sendable {
    public let site: StageSite
    public let run: Run
    /// The outputs to make, each with everything that determines its bytes.
    public let wanted: [PartitionAddress: Provenance]
    public let allowsTruncated: Bool
    /// Threads that may encode an output; its bytes do not depend on them.
    public let encodingThreads: Int
    /// Tells whoever watches how many input records are done.
    public let report: @Sendable (_ records: Int) -> Void
    /// Whether the run is to be abandoned.
    public let isCancelled: @Sendable () -> Bool

    public init(
        site: StageSite, run: Run, wanted: [PartitionAddress: Provenance], allowsTruncated: Bool = false,
        encodingThreads: Int = 1, report: @escaping @Sendable (Int) -> Void = { _ in },
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) {
        self.site = site
        self.run = run
        self.wanted = wanted
        self.allowsTruncated = allowsTruncated
        self.encodingThreads = encodingThreads
        self.report = report
        self.isCancelled = isCancelled
    }

    /// Reports progress, and ends a stage that nobody waits for any longer. Called once a block.
    func advance(_ records: Int) throws(StageError) {
        report(records)
        if isCancelled() { throw .cancelled }
    }

    /// The values a task works with.
    func parameters(of task: StageTask) throws -> StageParameters {
        guard let provenance = task.outputs.lazy.compactMap({ wanted[$0] }).first else {
            preconditionFailure("a task without a wanted output does not run")
        }
        return StageParameters(provenance)
    }

    /// The absolute paths of a task's raw files, after the content of each was found to be what was recorded when it
    /// was added: the outputs record that hash.
    ///
    /// - Throws: `LakeError.corrupt`; `missingInput` when a file is gone.
    /// - Complexity: O(bytes), for the hashes.
    func rawFiles(of task: StageTask) throws -> [String] {
        try task.inputs.compactMap { input in
            guard case .raw(let path, _) = input else { return nil }
            guard let location = RawLocation(pathOfFile: path),
                let file = try site.raw.day(location)?.files.first(where: { $0.input == input })
            else {
                throw StageError.missingInput(
                    "\(path): the raw file is not what it was when the run was planned")
            }
            if let damage = try site.raw.damage(of: file) { throw damage }
            return site.lake.path(path)
        }
    }

    /// Opens an input, after its content was checked against its manifest and its schema against its contract.
    ///
    /// - Throws: `missingInput` when another generation is there than the one the task was planned with: the outputs
    ///   would claim to be made from something that was not read.
    func reader(_ address: PartitionAddress, of task: StageTask) throws -> PartitionReader {
        guard let writer = site.registry.writer(of: address.dataset),
            let planned = task.inputPartitions.first(where: { $0.address == address })
        else { preconditionFailure("\(address) is an input of the task, and the registry was checked") }
        let reader = try PartitionReader(
            site.lake, address, contract: site.contract(address.dataset, of: writer))
        guard reader.identity == planned.manifest else {
            throw StageError.missingInput("\(address) was replaced while it was to be read; run again")
        }
        return reader
    }

    /// Whether an input's day had events.
    func dayState(of address: PartitionAddress) throws -> DayState {
        try site.lake.status(of: address).manifest?.dayState ?? .events
    }

    /// Opens an output if it is to be made.
    func writerIfWanted(_ address: PartitionAddress, of task: StageTask) throws -> PartitionWriter? {
        wanted[address] == nil ? nil : try writer(address, of: task)
    }

    /// Opens an output.
    func writer(_ address: PartitionAddress, of task: StageTask) throws -> PartitionWriter {
        guard let provenance = wanted[address], let compression = Compression(parsing: provenance.compression)
        else {
            preconditionFailure("\(address) is not wanted")
        }
        return try PartitionWriter(
            run, address, contract: site.contract(address.dataset, of: task.declaration),
            provenance: provenance,
            compression: compression, threads: encodingThreads)
    }
}

/// Why a stage cannot do what it is asked.
public enum StageError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Not there yet: raw files or partitions.
    case missingInput(String)
    /// A symbol, parameter or registry entry that cannot be.
    case configuration(String)
    /// An input holds what it must not hold.
    case corruptInput(String)
    /// What a plan cannot know before an earlier stage has run.
    case undecided(String)
    /// The run was interrupted.
    case cancelled

    public var description: String {
        switch self {
        case .missingInput(let text), .configuration(let text), .corruptInput(let text): text
        case .undecided(let text): "\(text) is not decided before the stage that chooses it has run"
        case .cancelled: "interrupted"
        }
    }
}
