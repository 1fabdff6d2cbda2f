import Digest
import Lake
import Stages

/// Makes partitions that are there once more, in staging, and compares: nothing is published.
public struct Recomputation {
    /// What became of one partition.
    public enum Outcome: Sendable {
        /// Byte for byte what is live.
        case identical
        /// SHA-256 of the live file and of the new one.
        case different(live: String, recomputed: String)
        /// The files are equal and the manifests are not: another quality summary or day state.
        case differentManifest
        /// It cannot be made from what the lake holds today: why.
        case impossible(Failure)
    }

    private let project: Project

    public init(_ project: Project) {
        self.project = project
    }

    /// Chooses partitions by a hash of seed and path, so the choice of one does not depend on what else there is.
    ///
    /// - Returns: at most `count`, in ascending order.
    public static func choose(_ count: Int, of addresses: [PartitionAddress], seed: Int) -> [PartitionAddress] {
        let drawn = addresses.map { (lot: SHA256.hex(of: "\(seed):\($0.path)"), address: $0) }
        return drawn.sorted { $0.lot < $1.lot }.prefix(count).map(\.address).sorted()
    }

    /// Makes partitions anew, each from the inputs and with the parameters that its manifest records.
    ///
    /// - Parameter watch: is told how many are done.
    /// - Parameter addresses: of live partitions.
    /// - Throws: `Failure` when there is no work to be done at all, or an interruption.
    public func recompute(
        _ addresses: [PartitionAddress], watch: (Int) -> Void = { _ in }
    ) throws -> [(address: PartitionAddress, outcome: Outcome)] {
        try project.lake.sweep()
        let run = try Run(project.lake)
        var results: [(address: PartitionAddress, outcome: Outcome)] = []
        for address in addresses {
            watch(results.count)
            do {
                results.append((address, try recompute(address, in: run)))
            } catch {
                results.append((address, .impossible(Failure(explaining: error))))
            }
            if Interruption.isRequested { break }
        }
        try run.end()
        if Interruption.isRequested { throw Failure(.interrupted, "interrupted; nothing half-made was left") }
        return results
    }

    private func recompute(_ address: PartitionAddress, in run: Run) throws -> Outcome {
        let site = StageSite(lake: project.lake, registry: project.registry, contracts: project.contracts)
        let status = try project.lake.status(of: address)
        guard let manifest = status.manifest, let identity = status.inputIdentity else {
            throw Failure(.corrupt, "\(address) is \(status.state)")
        }
        let recorded = manifest.provenance
        guard let declaration = project.registry.writer(of: address.dataset),
            let stage = StageCatalogue.stage(named: declaration.name)
        else { throw Failure(.usage, "\(address): no stage makes it") }
        let request = StageRequest(
            declaration: declaration, product: address.dataset.product, symbol: address.symbol,
            date: address.date, overrides: recorded.overrides)
        guard case .task(let task) = try stage.plan(request, in: site), task.outputs.contains(address) else {
            throw Failure(.notReady, "\(address): no task makes it from what the lake holds today")
        }
        let today = Provenance(
            stage: declaration.name, revision: declaration.revision, defaults: task.defaults,
            overrides: recorded.overrides, contractPath: recorded.contractPath,
            contractFingerprint: site.contract(address.dataset, of: declaration).fingerprint,
            compression: recorded.compression, inputs: task.inputs)
        guard today.generation(of: address) == manifest.generation else {
            throw Failure(
                .notReady, "\(address): it is stale, what it was made from is not what the lake holds today")
        }
        let context = StageContext(
            site: site, run: run, wanted: [address: recorded], allowsTruncated: manifest.isTruncated,
            isCancelled: { Interruption.isRequested })
        guard let made = try stage.run(task, in: context).first(where: { $0.address == address }) else {
            throw Failure(.failed, "\(address): its stage did not make it")
        }
        if let damage = try project.lake.verifyContent(of: address) { throw damage }
        if made.identity == identity { return .identical }
        for (live, new) in zip(manifest.files, made.manifest.files) where live.sha256 != new.sha256 {
            return .different(live: live.sha256, recomputed: new.sha256)
        }
        return .differentManifest
    }
}
