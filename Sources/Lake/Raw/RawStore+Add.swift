import Digest
import Glibc

/// How a file came into the raw layer.
public enum RawPlacement: String, Sendable, Hashable {
    /// Shares its blocks with the original, copied on write.
    case reflink
    /// Is the original under a second name.
    case link
    case copy
    /// Was there already, with the same bytes.
    case present
}

extension RawStore {
    /// Ways to bring a file in.
    public enum Mode: Sendable {
        /// Reflink where the file system has it, else a hard link where both are on one file system, else a copy.
        case cheapest
        case copy
    }

    /// Puts a file in place and records its hash.
    ///
    /// The file appears whole or not at all. The same name with the same content changes nothing; a mark that
    /// the vendor has no data for the date is taken back.
    ///
    /// - Parameters:
    ///   - source: path of the file.
    ///   - name: the vendor's name; nil takes the last component of `source`.
    ///   - expectedSHA256: what the vendor says the hash is.
    ///   - run: whose staging directory the file passes through.
    ///   - location: dataset, schema and date that it is filed under.
    ///   - mode: how the bytes get there.
    /// - Throws: `corrupt` when the content is not the expected one, `usage` when there is another file of that
    ///   name, `system`.
    public func add(
        _ source: String, to location: RawLocation, name: String? = nil, expectedSHA256: String? = nil,
        mode: Mode = .cheapest, run: Run
    ) throws(LakeError) -> (file: RawFile, placement: RawPlacement) {
        let name = name ?? String(source.split(separator: "/").last ?? "")
        guard let encoded = PathComponent.encode(name), !name.hasSuffix(RawStore.recordSuffix) else {
            throw .usage("'\(name.prefix(80))' cannot be the name of a raw file")
        }
        let path = "\(location.path)/\(encoded)"
        let draft = run.makeFilePath()
        let (content, placement) = try bring(source, to: draft, mode)
        if let expectedSHA256, expectedSHA256 != content.sha256 {
            try FileSystem.removeFile(lake.path(draft))
            throw .corrupt(
                path: source, reason: "its SHA-256 is \(content.sha256), the vendor says \(expectedSHA256)")
        }
        let file = RawFile(
            location: location, name: name, bytes: content.bytes, sha256: content.sha256, path: path)
        try FileSystem.makeDirectories(location.path, below: lake.root)
        let isNew = try place(draft, file)
        try record(file, run)
        try FileSystem.removeFile(lake.path("\(location.path)/\(RawStore.noDataName)"))
        try FileSystem.removeFile(
            lake.path("\(location.path)/\(RawStore.noDataName)\(RawStore.recordSuffix)"))
        return (file, isNew ? placement : .present)
    }

    /// Records that the vendor has nothing for a date. Nothing happens when that is already recorded.
    ///
    /// - Throws: `usage` when there are files for the date.
    public func markNoData(_ location: RawLocation, run: Run) throws(LakeError) {
        if let day = try day(location), !day.files.isEmpty {
            throw .usage(
                "\(location) has files, \(day.files[0].name) first; it cannot be marked as without data")
        }
        let bytes = Array("no data\n".utf8)
        let mark = RawFile(
            location: location, name: RawStore.noDataName, bytes: Int64(bytes.count),
            sha256: SHA256.hex(of: bytes),
            path: "\(location.path)/\(RawStore.noDataName)")
        try FileSystem.makeDirectories(location.path, below: lake.root)
        let draft = run.makeFilePath()
        try FileSystem.create(lake.path(draft), bytes)
        _ = try place(draft, mark)
        try record(mark, run)
    }

    /// Brings the bytes of `source` into staging, durable, and hashes them.
    func bring(
        _ source: String, to draft: String, _ mode: Mode
    ) throws(LakeError) -> (ContentHash, RawPlacement) {
        let original = try File(source, .read)
        guard try original.information().isRegular else { throw .usage("\(source) is not a file") }
        if mode == .cheapest {
            let copy = try File(lake.path(draft), .create)
            if try FileSystem.clone(original, into: copy) {
                try copy.synchronize()
                return (try ContentHash(of: original), .reflink)
            }
            try FileSystem.removeFile(lake.path(draft))
            if try FileSystem.link(source, to: lake.path(draft)) {
                try original.synchronize()
                return (try ContentHash(of: original), .link)
            }
        }
        var copy = try File(lake.path(draft), .create)
        let content = try ContentHash(of: original, copyingTo: copy)
        try copy.synchronize()
        try copy.close()
        return (content, .copy)
    }

    /// Moves a file from staging into place. False when it is there already, with the same content.
    private func place(_ draft: String, _ file: RawFile) throws(LakeError) -> Bool {
        var outcome = FileSystem.Renamed.unsupported
        if lake.renaming == .atomicIfPossible {
            outcome = try FileSystem.renameExclusively(lake.path(draft), to: lake.path(file.path))
        }
        if outcome == .unsupported {
            // link(2) refuses an existing name, which rename(2) would replace.
            outcome = try FileSystem.linkExclusively(lake.path(draft), to: lake.path(file.path))
        }
        if outcome == .done {
            try FileSystem.synchronizeDirectory(lake.path(file.location.path))
        } else {
            let present = try ContentHash(of: File(lake.path(file.path), .read))
            guard present.sha256 == file.sha256 else {
                throw .usage("\(file.path) is there with other bytes; raw files are never replaced")
            }
        }
        try FileSystem.removeFile(lake.path(draft))
        return outcome == .done
    }

    /// Writes the record that makes the file count.
    func record(_ file: RawFile, _ run: Run) throws(LakeError) {
        let destination = lake.path(file.path + RawStore.recordSuffix)
        let name = file.path.split(separator: "/").last!
        let line = Array("\(file.sha256)  \(name)\n".utf8)
        if try FileSystem.information(destination) != nil,
            try FileSystem.read(destination, atMost: 1 << 16) == line
        {
            return
        }
        let draft = lake.path(run.makeFilePath())
        try FileSystem.create(draft, line)
        try FileSystem.rename(draft, to: destination)
        try FileSystem.synchronizeDirectory(lake.path(file.location.path))
    }
}
