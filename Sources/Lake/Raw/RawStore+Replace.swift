import Glibc

extension RawStore {
    /// Puts a file written by people in place, where one of the same name may be; vendors' files are never replaced.
    ///
    /// The predecessor is kept under `_history/<its path>/<its SHA-256>`, where nothing removes it. A run that is
    /// killed between the two renames leaves a file that differs from the record of its hash, which every stage
    /// refuses; adding the file again completes it.
    ///
    /// - Parameters:
    ///   - source: path of the file; it is copied, so that it may be edited on.
    ///   - predecessor: SHA-256 of the file that the caller has seen there; nil: none.
    ///   - location: dataset, schema and date that it is filed under.
    ///   - name: of the file in the lake.
    ///   - run: whose staging directory the file passes through.
    /// - Throws: `busy` when another file is there by now, `usage` for a location of a vendor, `system`.
    public func replace(
        _ source: String, at location: RawLocation, name: String, predecessor: String?, run: Run
    ) throws(LakeError) -> (file: RawFile, replaced: RawFile?) {
        guard location.source == .ref else { throw .usage("raw files of a vendor are never replaced: \(location)") }
        guard let encoded = PathComponent.encode(name), !isRecord(name) else {
            throw .usage("'\(name.prefix(80))' cannot be the name of a raw file")
        }
        let path = "\(location.path)/\(encoded)"
        let lock = try PartitionLocks(lake, paths: [path])
        let old = try recorded(location, name: name, encoded: encoded)
        guard old?.sha256 == predecessor else {
            throw .busy("\(path) was replaced meanwhile; nothing was changed; run again")
        }
        // One that an addition left without its record counts for nothing.
        let isThere = try FileSystem.exists(lake.path(path))
        guard old != nil || isThere else {
            return (try add(source, to: location, name: name, mode: .copy, run: run).file, nil)
        }
        let draft = run.makeFilePath()
        let (content, _) = try bring(source, to: draft, .copy)
        let file = RawFile(
            location: location, name: name, bytes: content.bytes, sha256: content.sha256, path: path)
        if let old, try damage(of: old) == nil {
            if content.sha256 == old.sha256 {
                try FileSystem.removeFile(lake.path(draft))
                return (old, nil)
            }
            try keep(old)
        }
        try FileSystem.rename(lake.path(draft), to: lake.path(path))
        try FileSystem.synchronizeDirectory(lake.path(location.path))
        try record(file, run)
        withExtendedLifetime(lock) {}
        return (file, old)
    }

    /// Gives a file a second name in `_history`.
    private func keep(_ file: RawFile) throws(LakeError) {
        let directory = "\(Lake.history)/\(file.path)"
        try FileSystem.makeDirectories(directory, below: lake.root)
        let place = "\(directory)/\(file.sha256)"
        _ = try FileSystem.linkExclusively(lake.path(file.path), to: lake.path(place))
        try FileSystem.synchronizeDirectory(lake.path(directory))
    }
}
