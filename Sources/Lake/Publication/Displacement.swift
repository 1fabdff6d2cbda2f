import Glibc

extension Lake {
    /// Keeps a replaced generation: `_history/<partition>/<generation>`.
    ///
    /// The same generation may have been replaced before (after a rollback, say). Then the copy that is there
    /// serves, or, should it differ, this one gets the head of its manifest's hash as a suffix.
    ///
    /// - Parameter source: its directory, relative to the lake.
    /// - Returns: where it is now, relative to the lake.
    func moveToHistory(_ source: String, _ manifest: Manifest, identity: String?) throws(LakeError) -> String {
        let parent = "\(Lake.history)/\(manifest.address.path)"
        try FileSystem.makeDirectories(parent, below: root)
        let name = manifest.generation
        for candidate in [name, "\(name)-\((identity ?? "").prefix(16))"] {
            let destination = "\(parent)/\(candidate)"
            if try moveDirectory(source, to: destination) {
                try FileSystem.synchronizeDirectory(path(parent))
                return destination
            }
            let kept = try PartitionSnapshot(directory: path(destination), path: destination, address: nil)
            if kept.condition.error == nil, kept.identity == identity {
                try FileSystem.removeTree(path(source))
                return destination
            }
        }
        // Both names are taken by damaged copies: keep this one under a name of its own.
        return try moveToQuarantine(source, run: "history", as: "\(manifest.address.path)/\(name)")
    }

    /// Keeps what is not fit for the lake: `_quarantine/<run>/<name>`.
    ///
    /// - Returns: where it is now, relative to the lake.
    func moveToQuarantine(_ source: String, run: String, as name: String) throws(LakeError) -> String {
        var destination = "\(Lake.quarantine)/\(run)/\(name)"
        let parent = FileSystem.parent(of: destination)
        try FileSystem.makeDirectories(parent, below: root)
        var number = 1
        while try !moveDirectory(source, to: destination) {
            number += 1
            destination = "\(Lake.quarantine)/\(run)/\(name).\(number)"
        }
        try FileSystem.synchronizeDirectory(path(parent))
        return destination
    }

    /// Moves a directory to where there is nothing, relative to the lake. False when there is something.
    func moveDirectory(_ source: String, to destination: String) throws(LakeError) -> Bool {
        var outcome = FileSystem.Renamed.unsupported
        if renaming == .atomicIfPossible {
            outcome = try FileSystem.renameExclusively(path(source), to: path(destination))
        }
        if outcome == .unsupported {
            outcome = try FileSystem.renamePlainly(path(source), to: path(destination))
        }
        return outcome == .done
    }
}
