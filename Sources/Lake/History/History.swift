/// A replaced generation in `_history`.
public struct HistoricGeneration: Sendable {
    /// Relative to the lake.
    public let path: String
    public let manifest: Manifest
    /// SHA-256 of its manifest.
    public let identity: String
}

extension Lake {
    /// The replaced generations of a partition that can be read, in the order of their names.
    public func history(of address: PartitionAddress) throws(LakeError) -> [HistoricGeneration] {
        var generations: [HistoricGeneration] = []
        for entry in try historyEntries(of: address) {
            if case .readable(let generation) = entry { generations.append(generation) }
        }
        return generations
    }

    /// The partitions that have something in `_history`, in ascending order.
    public func partitionsWithHistory() throws(LakeError) -> [PartitionAddress] {
        try Lake(root: path(Lake.history)).partitions()
    }

    /// One directory of `_history`.
    enum HistoryEntry {
        case readable(HistoricGeneration)
        /// It has no marker: a removal that did not come to its end.
        case remains(String)
        /// Its marker or manifest is damaged.
        case unreadable(String)
    }

    func historyEntries(of address: PartitionAddress) throws(LakeError) -> [HistoryEntry] {
        let parent = "\(Lake.history)/\(address.path)"
        var found: [HistoryEntry] = []
        for entry in try FileSystem.entries(of: path(parent)) where entry.isDirectory {
            let place = "\(parent)/\(entry.name)"
            let snapshot = try PartitionSnapshot(directory: path(place), path: place, address: address)
            if let manifest = snapshot.condition.manifest, let identity = snapshot.identity {
                found.append(
                    .readable(HistoricGeneration(path: place, manifest: manifest, identity: identity)))
            } else if try snapshot.directory.information(of: PartitionFile.marker) == nil {
                found.append(.remains(place))
            } else {
                found.append(.unreadable(place))
            }
        }
        return found
    }
}
