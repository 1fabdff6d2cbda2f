import Dispatch
import Parquet
import Synchronization

/// What a partition is to its readers.
public enum PartitionState: Sendable, Hashable {
    case missing
    case fresh
    /// Whole, and made from something else than it would be made from today.
    case stale([StaleReason])
    /// Not what its manifest promises: which file, and why.
    case corrupt(String)
}

public enum StaleReason: Sendable, Hashable {
    /// An input is new, gone or another one; its path.
    case inputChanged(String)
    case contractChanged
    /// The parameters whose values differ, in ascending order.
    case parametersChanged([String])
    case stageRevised(from: Int, to: Int)
    /// Another compression was asked for.
    case compressionChanged(from: String)
    /// The Parquet writer gives other bytes now.
    case writerRevised(from: Int, to: Int)
}

/// What a partition would be made from today.
public struct ExpectedProvenance: Sendable, Hashable {
    public var stage: String
    public var revision: Int
    public var contractFingerprint: String
    /// The registry's values, times as UTC nanoseconds.
    public var defaults: [String: ParameterValue]
    /// What the command line sets; a parameter it does not mention keeps the override recorded in the partition.
    public var overrides: [String: ParameterValue]
    /// Nil keeps the recorded one.
    public var compression: String?
    public var writerRevision: Int
    public var inputs: [Input]

    public init(
        stage: String, revision: Int, contractFingerprint: String, defaults: [String: ParameterValue] = [:],
        overrides: [String: ParameterValue] = [:], compression: String? = nil,
        writerRevision: Int = ParquetWriter.revision, inputs: [Input]
    ) {
        self.stage = stage
        self.revision = revision
        self.contractFingerprint = contractFingerprint
        self.defaults = defaults
        self.overrides = overrides
        self.compression = compression
        self.writerRevision = writerRevision
        self.inputs = inputs
    }
}

/// One look at a partition: its manifest, if it has a readable one, and its state.
public struct PartitionStatus: Sendable {
    public let address: PartitionAddress
    public let state: PartitionState
    /// Of a fresh or stale partition, and of a corrupt one if it can be read.
    public let manifest: Manifest?
    /// What to name when this partition is to be replaced; nil when it is missing.
    public let identity: LiveIdentity?

    public init(
        address: PartitionAddress, state: PartitionState, manifest: Manifest?, identity: LiveIdentity?
    ) {
        self.address = address
        self.state = state
        self.manifest = manifest
        self.identity = identity
    }

    /// SHA-256 of the manifest: what readers record as their input. Nil unless the partition is whole.
    public var inputIdentity: String? {
        switch state {
        case .fresh, .stale: identity?.manifestSHA256
        case .missing, .corrupt: nil
        }
    }
}

extension Lake {
    /// The state of a partition by its marker, its manifest and the sizes of its files; content is hashed when it
    /// is consumed and by `verify`.
    ///
    /// - Parameter expectation: nil asks only whether the partition is whole; then it is never stale.
    /// - Parameter address: of the partition; it need not be there.
    public func status(
        of address: PartitionAddress, expecting expectation: ExpectedProvenance? = nil
    ) throws(LakeError) -> PartitionStatus {
        guard let snapshot = try snapshot(of: address) else {
            return PartitionStatus(address: address, state: .missing, manifest: nil, identity: nil)
        }
        let identity = LiveIdentity(manifestSHA256: snapshot.identity)
        let manifest = snapshot.condition.manifest
        guard case .whole(let whole) = snapshot.condition else {
            let reason = snapshot.condition.error.map { "\($0)" } ?? ""
            return PartitionStatus(
                address: address, state: .corrupt(reason), manifest: manifest, identity: identity)
        }
        let reasons = expectation?.differences(from: whole.provenance) ?? []
        return PartitionStatus(
            address: address, state: reasons.isEmpty ? .fresh : .stale(reasons), manifest: whole,
            identity: identity)
    }
}

extension Lake {
    /// The states of many partitions, in their order: whether they are whole, not whether they are stale.
    ///
    /// - Parameter workers: threads that look; the result does not depend on their number.
    /// - Parameter addresses: in any order; the result has theirs.
    public func statuses(
        of addresses: [PartitionAddress], workers: Int = 2
    ) throws(LakeError) -> [PartitionStatus] {
        let share = max(64, (addresses.count + workers - 1) / max(1, workers))
        let shares = (addresses.count + share - 1) / share
        let results = Mutex([Int: Result<[PartitionStatus], LakeError>]())
        DispatchQueue.concurrentPerform(iterations: shares) { index in
            let mine = addresses[index * share..<min(addresses.count, (index + 1) * share)]
            let result = Result { () throws(LakeError) in
                var statuses: [PartitionStatus] = []
                statuses.reserveCapacity(mine.count)
                for address in mine { statuses.append(try status(of: address)) }
                return statuses
            }
            results.withLock { $0[index] = result }
        }
        let parts = results.withLock { $0 }
        var statuses: [PartitionStatus] = []
        statuses.reserveCapacity(addresses.count)
        for index in 0..<shares { statuses += try parts[index]!.get() }
        return statuses
    }
}

extension ExpectedProvenance {
    /// Why a partition of this provenance is not what it would be today, in the order of `StaleReason`.
    public func differences(from provenance: Provenance) -> [StaleReason] {
        var reasons = changedInputs(provenance).map { StaleReason.inputChanged($0) }
        if provenance.contractFingerprint != contractFingerprint { reasons.append(.contractChanged) }
        let expected = parameters(keeping: provenance.overrides)
        let recorded = provenance.parameters
        let changed =
            expected == recorded
            ? [] : Set(expected.keys).union(recorded.keys).filter { expected[$0] != recorded[$0] }
        if !changed.isEmpty { reasons.append(.parametersChanged(changed.sorted())) }
        if provenance.revision != revision || provenance.stage != stage {
            reasons.append(.stageRevised(from: provenance.revision, to: revision))
        }
        if let compression, compression != provenance.compression {
            reasons.append(.compressionChanged(from: provenance.compression))
        }
        if provenance.writerRevision != writerRevision {
            reasons.append(.writerRevised(from: provenance.writerRevision, to: writerRevision))
        }
        return reasons
    }

    /// The overrides of the next generation: those given now, and those recorded that nothing was said about.
    public func effectiveOverrides(keeping recorded: [String: ParameterValue]) -> [String: ParameterValue] {
        recorded.filter { defaults[$0.key] != nil }.merging(overrides) { _, new in new }
    }

    private func parameters(keeping recorded: [String: ParameterValue]) -> [String: ParameterValue] {
        defaults.merging(effectiveOverrides(keeping: recorded)) { _, new in new }
    }

    private func changedInputs(_ provenance: Provenance) -> [String] {
        if inputs == provenance.inputs { return [] }
        let expected = Dictionary(inputs.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
        let recorded = Dictionary(
            provenance.inputs.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
        return Set(expected.keys).union(recorded.keys)
            .filter { !isSame(expected[$0], recorded[$0]) }
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// An optional input that is still absent is the same whether it is listed or not.
    private func isSame(_ a: Input?, _ b: Input?) -> Bool {
        a?.identity == b?.identity
    }
}

extension StaleReason: CustomStringConvertible {
    public var description: String {
        switch self {
        case .inputChanged(let path): "input changed: \(path)"
        case .contractChanged: "contract changed"
        case .parametersChanged(let names): "parameters changed: \(names.joined(separator: ", "))"
        case .stageRevised(let from, let to): "stage revised: \(from) → \(to)"
        case .compressionChanged(let from): "compression changed: was \(from)"
        case .writerRevised(let from, let to): "Parquet writer revised: \(from) → \(to)"
        }
    }
}

extension PartitionState: CustomStringConvertible {
    public var description: String {
        switch self {
        case .missing: "missing"
        case .fresh: "fresh"
        case .stale(let reasons): "stale (\(reasons.map(\.description).joined(separator: "; ")))"
        case .corrupt(let reason): "corrupt (\(reason))"
        }
    }
}
