import Contracts
import Lake
import Stages

/// The states of partitions as they are recorded: each manifest against the registry, the contracts and the
/// inputs it names. No stage is asked, so a lake of many partitions is looked through quickly.
public struct LakeHealth: Sendable {
    let project: Project

    public init(_ project: Project) {
        self.project = project
    }

    /// The state of one partition.
    public func state(of address: PartitionAddress) throws -> PartitionState {
        try status(of: address).state
    }

    /// State, manifest and identity of one partition.
    public func status(of address: PartitionAddress) throws -> PartitionStatus {
        let status = try project.lake.status(of: address)
        guard let manifest = status.manifest, case .fresh = status.state,
            let writer = project.registry.writer(of: address.dataset),
            let contract = writer.contract(of: address.dataset, in: project.contracts)
        else { return status }
        let recorded = manifest.provenance
        var defaults = recorded.defaults
        for (name, value) in writer.parameters {
            defaults[name] = try StageRequest.normalised(value, of: name, on: address.date)
        }
        let inputs = try currentInputs(recorded.inputs)
        let expectation = Expectation(
            stage: writer.name, revision: writer.revision, contractFingerprint: contract.fingerprint,
            defaults: defaults, inputs: inputs)
        return try project.lake.status(of: address, expecting: expectation)
    }

    /// The recorded inputs as they are today: a raw day may have got files, a partition another generation.
    private func currentInputs(_ recorded: [Input]) throws -> [Input] {
        var current: [Input] = []
        var days: Set<RawLocation> = []
        let raw = RawStore(project.lake)
        for input in recorded {
            switch input {
            case .partition(let address, _):
                current.append(.partition(address, manifest: try project.lake.status(of: address).inputIdentity))
            case .raw(let path, _):
                guard let location = RawLocation(pathOfFile: path), days.insert(location).inserted else { continue }
                current += try raw.day(location)?.inputs ?? []
            }
        }
        return current
    }
}
