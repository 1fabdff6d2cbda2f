import CivilTime
import Contracts
import Lake
import Stages
import Synchronization

/// The states of partitions as they are recorded: each manifest against the registry, the contracts and the
/// inputs it names. No stage is asked, and every manifest and raw day is read once, so a lake of many partitions is
/// looked through quickly.
public struct LakeHealth {
    private let project: Project
    private let raw: RawStore
    private var identities: [PartitionAddress: String?] = [:]
    private var rawInputs: [RawLocation: [Input]] = [:]
    private let contracts = ContractFingerprints()

    public init(_ project: Project) {
        self.project = project
        self.raw = RawStore(project.lake)
    }

    /// State, manifest and identity of one partition.
    public mutating func status(of address: PartitionAddress) throws -> PartitionStatus {
        try judge(project.lake.status(of: address))
    }

    /// State, manifest and identity of many partitions, in their order; manifests are read on several threads.
    public mutating func statuses(of addresses: [PartitionAddress], workers: Int) throws -> [PartitionStatus] {
        let found = try project.lake.statuses(of: addresses, workers: workers)
        // Most inputs are among them, so no manifest is read twice.
        for status in found { identities[status.address] = .some(status.inputIdentity) }
        return try found.map { try judge($0) }
    }

    /// What is whole may still be stale.
    private mutating func judge(_ status: PartitionStatus) throws -> PartitionStatus {
        let address = status.address
        identities[address] = .some(status.inputIdentity)
        guard let manifest = status.manifest, case .fresh = status.state else { return status }
        let reasons = try staleness(of: manifest)
        guard !reasons.isEmpty else { return status }
        return PartitionStatus(address: address, state: .stale(reasons), manifest: manifest, identity: status.identity)
    }

    private mutating func staleness(of manifest: Manifest) throws -> [StaleReason] {
        let recorded = manifest.provenance
        guard let writer = project.registry.writer(of: manifest.address.dataset),
            let fingerprint = contracts.fingerprint(of: manifest.address.dataset, by: writer, in: project.contracts)
        else { return [] }
        let request = StageRequest(
            declaration: writer, product: manifest.address.dataset.product, symbol: manifest.address.symbol,
            date: manifest.address.date)
        let defaults = try request.defaults(recorded: recorded.defaults, in: project.registry)
        let expectation = ExpectedProvenance(
            stage: writer.name, revision: writer.revision, contractFingerprint: fingerprint,
            defaults: defaults, inputs: try currentInputs(recorded.inputs))
        return expectation.differences(from: recorded)
    }

    /// The recorded inputs as they are today: a raw day may have got files, a partition another generation.
    private mutating func currentInputs(_ recorded: [Input]) throws -> [Input] {
        var current: [Input] = []
        var days: Set<RawLocation> = []
        for input in recorded {
            switch input {
            case .partition(let address, _):
                current.append(.partition(address, manifest: try identity(of: address)))
            case .raw(let path, _):
                guard let location = RawLocation(pathOfFile: path), days.insert(location).inserted else { continue }
                current += try inputs(of: location)
            }
        }
        return current
    }

    private mutating func identity(of address: PartitionAddress) throws -> String? {
        if let known = identities[address] { return known }
        let identity = try project.lake.status(of: address).inputIdentity
        identities[address] = .some(identity)
        return identity
    }

    private mutating func inputs(of location: RawLocation) throws -> [Input] {
        if let known = rawInputs[location] { return known }
        let inputs = try raw.day(location)?.inputs ?? []
        rawInputs[location] = inputs
        return inputs
    }
}

/// The fingerprints of datasets' contracts, each computed once: it is a hash of the whole contract, and many thousand
/// partitions are compared with it.
final class ContractFingerprints: Sendable {
    private let known = Mutex<[DatasetKey: String]>([:])

    /// Nil where there is no contract for what the stage writes.
    func fingerprint(
        of dataset: DatasetKey, by stage: StageDeclaration, in contracts: ContractSet
    ) -> String? {
        if let fingerprint = known.withLock({ $0[dataset] }) { return fingerprint }
        guard let fingerprint = stage.contract(of: dataset, in: contracts)?.fingerprint else { return nil }
        known.withLock { $0[dataset] = fingerprint }
        return fingerprint
    }
}

/// What there is of one dataset and symbol.
public struct StatusLine: Sendable {
    public let dataset: DatasetKey
    public let symbol: String
    public private(set) var partitions = 0
    public private(set) var fresh = 0
    public private(set) var stale = 0
    public private(set) var corrupt = 0
    public private(set) var rows: Int64 = 0
    public private(set) var bytes: Int64 = 0
    public private(set) var windows: Int64 = 0
    public private(set) var validWindows: Int64 = 0
    /// Windows per reason other than ok.
    public private(set) var reasons: [String: Int64] = [:]
    public private(set) var dates: ClosedRange<CivilDate>

    public init(_ address: PartitionAddress) {
        dataset = address.dataset
        symbol = address.symbol
        dates = address.date...address.date
    }

    public mutating func add(_ status: PartitionStatus) {
        partitions += 1
        switch status.state {
        case .fresh: fresh += 1
        case .stale: stale += 1
        case .corrupt: corrupt += 1
        case .missing: partitions -= 1
        }
        dates = min(dates.lowerBound, status.address.date)...max(dates.upperBound, status.address.date)
        guard let manifest = status.manifest else { return }
        rows += manifest.rowCount
        bytes += manifest.byteCount
        windows += manifest.quality.windows ?? 0
        validWindows += manifest.quality.validWindows ?? 0
        for (reason, count) in manifest.quality.reasons where reason != "ok" { reasons[reason, default: 0] += count }
    }

    /// The most frequent reasons why windows are not valid, most frequent first.
    public var topReasons: [(name: String, windows: Int64)] {
        reasons.filter { $0.value > 0 }.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { ($0.key, $0.value) }
    }
}
