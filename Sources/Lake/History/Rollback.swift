extension Run {
    /// Takes replaced generations from `_history` for publication, after every byte of them was found to be what
    /// its manifest says.
    ///
    /// The copies in `_history` stay until they are collected: whenever the process dies, nothing is lost. Files
    /// get a second name where the file system has such a thing; they are never written to again.
    ///
    /// - Throws: `corrupt`, `system`.
    public func stage(_ generation: HistoricGeneration) throws(LakeError) -> StagedPartition {
        let source = try PartitionSnapshot(
            directory: lake.path(generation.path), path: generation.path, address: generation.manifest.address
        )
        if let error = try source.damage() { throw error }
        guard source.identity == generation.identity else {
            throw .corrupt(path: generation.path, reason: "it is another generation than a moment ago")
        }
        let path = try makeSlot(generation: generation.manifest.generation)
        // The marker last: a slot without it is unfinished work.
        for name in generation.manifest.files.map(\.name) + [PartitionFile.manifest, PartitionFile.marker] {
            try take(name, from: generation.path, to: path)
        }
        try FileSystem.synchronizeDirectory(lake.path(path))
        return StagedPartition(
            manifest: generation.manifest, identity: generation.identity,
            slot: Slot(run: id, name: String(path.split(separator: "/").last!)))
    }

    private func take(_ name: String, from source: String, to destination: String) throws(LakeError) {
        let from = lake.path("\(source)/\(name)")
        let to = lake.path("\(destination)/\(name)")
        if try FileSystem.link(from, to: to) { return }
        var copy = try File(to, .create)
        _ = try ContentHash(of: File(from, .read), copyingTo: copy)
        try copy.synchronize()
        try copy.close()
    }
}
