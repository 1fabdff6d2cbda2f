import Digest
import Glibc

/// A partition's directory, held open, and what its marker and manifest say.
///
/// Partitions are replaced as whole directories, so everything read through one open directory is of one
/// generation, whatever happens to the path meanwhile.
struct PartitionSnapshot: ~Copyable {
    let directory: File
    let condition: Condition
    /// SHA-256 of the manifest's bytes as they are; nil when there are none.
    let identity: String?

    enum Condition {
        /// Marker, manifest and sizes agree.
        case whole(Manifest)
        /// Marker and manifest agree, a data file is missing or has another size.
        case damaged(Manifest, LakeError)
        /// There is no relying on what this says. `isCommitted`: it has a marker with something in it; `claim`: the
        /// generation that the manifest names, if it can be read.
        case unreadable(LakeError, isCommitted: Bool, claim: String?)
    }

    /// - Parameters:
    ///   - path: relative to the lake, for messages.
    ///   - address: whose partition it must be; nil takes any.
    init(directory whole: String, path: String, address: PartitionAddress?) throws(LakeError) {
        let directory = try File(whole, .directory)
        let marker = try Self.content(PartitionFile.marker, in: directory, limit: 1024)
        let manifest = try Self.content(
            PartitionFile.manifest, in: directory, limit: PartitionFile.manifestLimit)
        let identity = manifest.map { SHA256.hex(of: $0) }
        let condition = try Self.condition(
            of: directory, path: path, address: address, marker: marker, manifest: manifest,
            identity: identity)
        self.directory = directory
        self.condition = condition
        self.identity = identity
    }

    private static func condition(
        of directory: borrowing File, path: String, address: PartitionAddress?, marker: [UInt8]?,
        manifest: [UInt8]?, identity: String?
    ) throws(LakeError) -> Condition {
        let manifestPath = "\(path)/\(PartitionFile.manifest)"
        let parsed = Result { () throws(LakeError) in
            try Manifest(parsing: manifest ?? [], path: manifestPath)
        }
        func unreadable(_ error: LakeError) -> Condition {
            .unreadable(error, isCommitted: marker?.isEmpty == false, claim: try? parsed.get().generation)
        }
        guard manifest != nil, let identity else {
            return unreadable(.corrupt(path: manifestPath, reason: "the manifest is missing or too large"))
        }
        guard marker == Array("\(identity)\n".utf8) else {
            let reason =
                marker == nil
                ? "the marker is missing or too large"
                : "it does not hold the SHA-256 of the manifest, \(identity)"
            return unreadable(.corrupt(path: "\(path)/\(PartitionFile.marker)", reason: reason))
        }
        let whole: Manifest
        switch parsed {
        case .success(let manifest): whole = manifest
        case .failure(let error): return unreadable(error)
        }
        if let address, whole.address != address {
            return unreadable(.corrupt(path: manifestPath, reason: "it is the manifest of \(whole.address)"))
        }
        for file in whole.files {
            let size = try directory.information(of: file.name)?.size
            guard size == file.bytes else {
                let found = size.map { "it has \($0) bytes" } ?? "it is missing"
                return .damaged(
                    whole,
                    .corrupt(
                        path: "\(path)/\(file.name)", reason: "\(found), the manifest says \(file.bytes)"))
            }
        }
        return .whole(whole)
    }

    /// The bytes of a small file; nil when it is not there, is no file or is too large.
    private static func content(
        _ name: String, in directory: borrowing File, limit: Int
    ) throws(LakeError) -> [UInt8]? {
        do {
            let file = try File(name, in: directory, .readRegular)
            let information = try file.information()
            guard information.isRegular, information.size <= limit else { return nil }
            return try file.read(size: Int(information.size))
        } catch .system(let failure) where failure.code == ENOENT || failure.code == ELOOP {
            return nil
        }
    }
}

extension PartitionSnapshot.Condition {
    /// What is wrong; nil when nothing is.
    var error: LakeError? {
        switch self {
        case .whole: nil
        case .damaged(_, let error), .unreadable(let error, _, _): error
        }
    }

    var manifest: Manifest? {
        switch self {
        case .whole(let manifest), .damaged(let manifest, _): manifest
        case .unreadable: nil
        }
    }
}

extension Lake {
    /// The live partition at an address, nil when there is none.
    ///
    /// A generation that was replaced and collected while it was being looked at would seem corrupt; whether the
    /// path still leads to the same directory tells.
    func snapshot(of address: PartitionAddress) throws(LakeError) -> PartitionSnapshot? {
        while true {
            let snapshot: PartitionSnapshot
            do {
                snapshot = try PartitionSnapshot(
                    directory: path(of: address), path: address.path, address: address)
            } catch .system(let failure) where failure.code == ENOENT {
                return nil
            }
            if snapshot.condition.error == nil { return snapshot }
            let mine = try snapshot.directory.information()
            guard let live = try FileSystem.information(path(of: address)) else { return nil }
            if live.isSameFile(as: mine) { return snapshot }
        }
    }
}
