/// The replaced generations of a lake, by whether a live partition still reaches them.
public struct HistoryReach: Sendable {
    /// Named as an input by a live partition, or by a generation that is itself reached.
    public var reached: [HistoricGeneration] = []
    /// Named by nobody: `tarn gc` may remove them.
    public var unreached: [HistoricGeneration] = []
    /// Without a marker, left by a removal that did not come to its end: they go, too.
    public var remains: [String] = []
    /// Neither their inputs nor their identity can be known, so they stay.
    public var unreadable: [String] = []

    public init() {}
}

extension Lake {
    /// Which replaced generations live partitions reach, directly or through others. Nothing is changed.
    ///
    /// What is still in the staging directories counts as live, too: it may be published, or be put back.
    ///
    /// - Throws: `corrupt` when the manifest of a live partition cannot be read: what it reaches is unknown.
    public func historyReach() throws(LakeError) -> HistoryReach {
        var entries: [HistoryEntry] = []
        for address in try partitionsWithHistory() { entries += try historyEntries(of: address) }
        let wanted = try reachedIdentities(among: entries)
        var reach = HistoryReach()
        for entry in entries {
            switch entry {
            case .readable(let generation) where wanted.contains(generation.identity):
                reach.reached.append(generation)
            case .readable(let generation): reach.unreached.append(generation)
            case .remains(let path): reach.remains.append(path)
            case .unreadable(let path): reach.unreadable.append(path)
            }
        }
        return reach
    }

    /// Removes the replaced generations that nothing reaches.
    ///
    /// A generation loses its marker first, so that one whose removal is interrupted is never taken for whole.
    ///
    /// - Returns: what there was; `unreached` and `remains` are gone.
    /// - Throws: `busy` when a run is at work, `corrupt` as `historyReach()`, `system`.
    public func collectHistory() throws(LakeError) -> HistoryReach {
        guard try FileSystem.exists(path(Lake.history)) else { return HistoryReach() }
        let lock = try HistoryLock.exclusive(self)
        _ = try sweepUnguarded()
        let reach = try historyReach()
        for place in reach.remains + reach.unreached.map(\.path) {
            try FileSystem.removeFile(path("\(place)/\(PartitionFile.marker)"))
            try FileSystem.synchronizeDirectory(path(place))
            try FileSystem.removeTree(path(place))
            try removeEmptyParents(of: place)
        }
        withExtendedLifetime(lock) {}
        return reach
    }

    private func removeEmptyParents(of place: String) throws(LakeError) {
        var parent = FileSystem.parent(of: place)
        while parent != Lake.history, try FileSystem.removeDirectory(path(parent)) {
            parent = FileSystem.parent(of: parent)
        }
    }

    /// The manifests that live partitions name as inputs, and those that these name in turn.
    private func reachedIdentities(among entries: [HistoryEntry]) throws(LakeError) -> Set<String> {
        var inputs: [String: [String]] = [:]
        for case .readable(let generation) in entries {
            inputs[generation.identity] = generation.manifest.inputIdentities
        }
        var reached: Set<String> = []
        var pending = try stagedManifests().flatMap(\.inputIdentities)
        for address in try partitions() {
            guard let snapshot = try snapshot(of: address) else { continue }
            guard let manifest = snapshot.condition.manifest else {
                if let error = snapshot.condition.error { throw error }
                continue
            }
            pending += manifest.inputIdentities
        }
        while let identity = pending.popLast() {
            if reached.insert(identity).inserted { pending += inputs[identity] ?? [] }
        }
        return reached
    }

    private func stagedManifests() throws(LakeError) -> [Manifest] {
        var manifests: [Manifest] = []
        for run in try FileSystem.entries(of: path(Lake.staging)) where run.isDirectory {
            let directory = "\(Lake.staging)/\(run.name)"
            for slot in try FileSystem.entries(of: path(directory)) where slot.isDirectory {
                do {
                    let snapshot = try PartitionSnapshot(
                        directory: path("\(directory)/\(slot.name)"), path: directory, address: nil)
                    if let manifest = snapshot.condition.manifest { manifests.append(manifest) }
                } catch .system(let failure) where failure.category == .notReady {
                    continue  // Published or swept meanwhile.
                }
            }
        }
        return manifests
    }
}

extension Manifest {
    /// The partitions it was made from, by the SHA-256 of their manifests.
    fileprivate var inputIdentities: [String] {
        provenance.inputs.compactMap { input in
            if case .partition(_, let identity?) = input { identity } else { nil }
        }
    }
}
