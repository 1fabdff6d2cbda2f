import Glibc
import JSON

/// A finished partition in staging: durable, checked, and not yet visible.
public struct StagedPartition: Sendable {
    public let manifest: Manifest
    /// SHA-256 of the manifest's bytes.
    public let identity: String
    /// Its directory, relative to the lake.
    let slot: Slot

    public var address: PartitionAddress { manifest.address }
    public var generation: String { manifest.generation }
}

/// Which live partition a caller has seen: the SHA-256 of its manifest's bytes, nil when it has none.
public struct LiveIdentity: Sendable, Hashable {
    public let manifestSHA256: String?

    public init(manifestSHA256: String?) {
        self.manifestSHA256 = manifestSHA256
    }
}

/// What became of one staged partition.
public enum PublicationOutcome: Sendable, Hashable {
    case published
    /// Published in the place of another generation, which lies in `_history` (a corrupt one in `_quarantine`)
    /// under this path, relative to the lake.
    case replaced(previous: String)
    /// Another writer was faster with the very same partition.
    case alreadyCommitted
}

extension Run {
    /// Publishes the outputs of one task.
    ///
    /// All are examined before the first is moved, under the locks of all. Each appears, or is exchanged with its
    /// predecessor, by one rename: whenever the process dies, a partition is the old generation, the new
    /// one or (on file systems without an exchange, until the next sweep) missing. Outputs are published in
    /// the order of their addresses; a task that died between two of them is completed by its repetition,
    /// which finds the first ones already committed.
    ///
    /// - Parameter replacing: the live partitions that may be replaced, as the caller saw them when it decided to;
    ///   addresses that are not in it must be missing.
    /// - Parameter staged: whole partitions of this run.
    /// - Returns: one outcome for each staged partition, in their order.
    /// - Throws: `conflict` when something else is live by now, `unreproducible`, `corrupt` when the live
    ///   partition is the same but its bytes are not what its manifest says, `system`. Nothing is replaced
    ///   in the first three cases.
    public func publish(
        _ staged: [StagedPartition], replacing: [PartitionAddress: LiveIdentity] = [:]
    ) throws(LakeError) -> [PublicationOutcome] {
        let addresses = staged.map(\.address)
        precondition(Set(addresses).count == addresses.count, "two outputs of one address")
        let locks = try PartitionLocks(lake, addresses)
        var steps: [Step] = []
        for partition in staged { steps.append(try step(for: partition, replacing[partition.address])) }
        var outcomes = [PublicationOutcome](repeating: .alreadyCommitted, count: staged.count)
        for index in staged.indices.sorted(by: { addresses[$0] < addresses[$1] }) {
            outcomes[index] = try perform(steps[index], staged[index])
        }
        try FileSystem.synchronizeDirectory(lake.path(directory))
        withExtendedLifetime(locks) {}
        return outcomes
    }

    // MARK: Deciding

    private enum Step {
        case place
        case skip
        /// `isWhole`: the old generation goes to `_history`; otherwise it is corrupt and goes to `_quarantine`.
        case replace(isWhole: Bool)
    }

    private func step(for staged: StagedPartition, _ replaced: LiveIdentity?) throws(LakeError) -> Step {
        guard let live = try lake.snapshot(of: staged.address) else { return .place }
        let mayReplace = replaced == LiveIdentity(manifestSHA256: live.identity)
        // The content decides now: to keep a corrupt partition because its manifest is right would keep it for ever.
        let error = live.identity == staged.identity ? try live.damage() : live.condition.error
        if let manifest = live.condition.manifest, manifest.generation == staged.generation,
            live.identity != staged.identity
        {
            throw .unreproducible(staged.address, generation: staged.generation)
        }
        if live.identity == staged.identity, error == nil { return .skip }
        if mayReplace { return .replace(isWhole: error == nil) }
        if let error { throw error }
        throw .conflict(
            staged.address, live: live.condition.manifest?.generation ?? "", intended: staged.generation)
    }

    // MARK: Doing

    private func perform(_ step: Step, _ staged: StagedPartition) throws(LakeError) -> PublicationOutcome {
        switch step {
        case .skip:
            return .alreadyCommitted
        case .place:
            try place(staged)
            return .published
        case .replace(let isWhole):
            let displaced = try exchange(staged)
            return .replaced(previous: try putAway(displaced, staged, isWhole: isWhole))
        }
    }

    private func place(_ staged: StagedPartition) throws(LakeError) {
        let address = staged.address
        try FileSystem.makeDirectories(address.symbolPath, below: lake.root)
        guard try lake.moveDirectory(staged.slot.path, to: address.path) else {
            throw .conflict(address, live: "appeared without a lock", intended: staged.generation)
        }
        try FileSystem.synchronizeDirectory(lake.path(address.symbolPath))
    }

    /// Makes the new generation live and returns where in staging the old one is now.
    private func exchange(_ staged: StagedPartition) throws(LakeError) -> String {
        let address = staged.address
        var displaced = staged.slot.path
        var outcome = FileSystem.Renamed.unsupported
        if lake.renaming == .atomicIfPossible {
            outcome = try FileSystem.exchange(lake.path(staged.slot.path), lake.path(of: address))
        }
        if outcome != .done {
            try exchangePlainly(staged)
            displaced = staged.slot.displacedPath
        }
        try FileSystem.synchronizeDirectory(lake.path(address.symbolPath))
        return displaced
    }

    /// Without an exchange in the file system: out with the old, in with the new, and a record by which a sweep
    /// puts the old one back if the new one never came.
    private func exchangePlainly(_ staged: StagedPartition) throws(LakeError) {
        let slot = staged.slot
        let live = lake.path(of: staged.address)
        let record: JSONValue = ["partition": .string(staged.address.path)]
        try FileSystem.create(lake.path(slot.recordPath), record.serializedBytes())
        try FileSystem.synchronizeDirectory(lake.path(directory))
        guard try FileSystem.renamePlainly(live, to: lake.path(slot.displacedPath)) == .done else {
            throw .conflict(staged.address, live: "vanished without a lock", intended: staged.generation)
        }
        do {
            if try FileSystem.renamePlainly(lake.path(slot.path), to: live) == .done { return }
        } catch {
            // Readers need not wait for the next sweep. If this fails as well, the sweep does it.
            _ = try? FileSystem.renamePlainly(lake.path(slot.displacedPath), to: live)
            throw error
        }
        throw .conflict(staged.address, live: "appeared without a lock", intended: staged.generation)
    }

    private func putAway(
        _ displaced: String, _ staged: StagedPartition, isWhole: Bool
    ) throws(LakeError) -> String {
        let old = try PartitionSnapshot(directory: lake.path(displaced), path: displaced, address: nil)
        let destination =
            if isWhole, let manifest = old.condition.manifest {
                try lake.moveToHistory(displaced, manifest, identity: old.identity)
            } else {
                try lake.moveToQuarantine(displaced, run: id, as: staged.address.path)
            }
        try FileSystem.removeFile(lake.path(staged.slot.recordPath))
        return destination
    }
}
