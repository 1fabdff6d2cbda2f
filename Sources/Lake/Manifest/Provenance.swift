import Contracts
import Digest
import JSON
import Parquet

/// Everything that determines the bytes of a partition. Two partitions of one address and one provenance are
/// byte-identical, or a stage was changed without raising its revision.
public struct Provenance: Sendable, Hashable {
    public let stage: String
    /// The stage's revision in the registry.
    public let revision: Int
    /// The values without any override; times as UTC nanoseconds.
    public let defaults: [String: ParameterValue]
    /// What the command line put in their place; times as UTC nanoseconds.
    public let overrides: [String: ParameterValue]
    /// The contract's file, relative to the project.
    public let contractPath: String
    public let contractFingerprint: String
    /// As on the command line: `zstd:1`, `lz4`, `none`.
    public let compression: String
    /// `ParquetWriter.revision` of the program that wrote it.
    public let writerRevision: Int
    /// In ascending order of their paths.
    public let inputs: [Input]

    public init(
        stage: String, revision: Int, defaults: [String: ParameterValue] = [:],
        overrides: [String: ParameterValue] = [:], contractPath: String, contractFingerprint: String,
        compression: String, writerRevision: Int = ParquetWriter.revision, inputs: [Input]
    ) {
        self.stage = stage
        self.revision = revision
        self.defaults = defaults
        self.overrides = overrides
        self.contractPath = contractPath
        self.contractFingerprint = contractFingerprint
        self.compression = compression
        self.writerRevision = writerRevision
        self.inputs = inputs.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }

    /// The values the stage worked with.
    public var parameters: [String: ParameterValue] {
        defaults.merging(overrides) { _, override in override }
    }

    /// Names the generation of a partition: SHA-256 of the address and of everything above.
    public func generation(of address: PartitionAddress) -> String {
        var members = json
        members["partition"] = .string(address.path)
        return SHA256.hex(of: JSONValue.object(members).serialized())
    }
}

/// What a partition was made from: an identity, not only a name.
public enum Input: Sendable, Hashable {
    /// Another partition and the SHA-256 of its manifest; nil: it is optional and was not there.
    case partition(PartitionAddress, manifest: String?)
    /// A raw file, its path relative to the lake and the SHA-256 of its bytes.
    case raw(path: String, sha256: String)

    /// Relative to the lake.
    public var path: String {
        switch self {
        case .partition(let address, _): address.path
        case .raw(let path, _): path
        }
    }

    /// SHA-256 of the manifest or of the file.
    public var identity: String? {
        switch self {
        case .partition(_, let manifest): manifest
        case .raw(_, let sha256): sha256
        }
    }
}

// MARK: - JSON

extension Provenance {
    /// The members that a manifest shares with the text that the generation is the hash of.
    var json: JSONObject {
        JSONObject([
            ("stage", ["name": .string(stage), "revision": .integer(Int64(revision))]),
            ("parameters", ["defaults": object(defaults), "overrides": object(overrides)]),
            ("contract", ["path": .string(contractPath), "fingerprint": .string(contractFingerprint)]),
            ("compression", .string(compression)),
            ("writer_revision", .integer(Int64(writerRevision))),
            ("inputs", .array(inputs.map(\.json))),
        ])
    }

    init(_ reader: ManifestReader) throws(ManifestError) {
        let stage = try reader.object("stage", members: ["name", "revision"])
        let parameters = try reader.object("parameters", members: ["defaults", "overrides"])
        let contract = try reader.object("contract", members: ["fingerprint", "path"])
        var inputs: [Input] = []
        for element in try reader.array("inputs") { inputs.append(try Input(element)) }
        self.init(
            stage: try stage.text("name"), revision: Int(try stage.integer("revision")),
            defaults: try parameters.parameters("defaults"),
            overrides: try parameters.parameters("overrides"),
            contractPath: try contract.text("path"), contractFingerprint: try contract.digest("fingerprint"),
            compression: try reader.text("compression"),
            writerRevision: Int(try reader.integer("writer_revision")), inputs: inputs)
    }
}

extension Input {
    var json: JSONValue {
        switch self {
        case .partition(let address, let manifest):
            ["partition": .string(address.path), "manifest_sha256": manifest.map { .string($0) } ?? .null]
        case .raw(let path, let sha256):
            ["raw": .string(path), "sha256": .string(sha256)]
        }
    }

    init(_ reader: ManifestReader) throws(ManifestError) {
        if reader.has("raw") {
            try reader.require(members: ["raw", "sha256"])
            let path = try reader.text("raw")
            guard path.hasPrefix("raw/"), isRelative(path) else {
                throw reader.error("raw", "a path below raw/")
            }
            self = .raw(path: path, sha256: try reader.digest("sha256"))
        } else {
            try reader.require(members: ["manifest_sha256", "partition"])
            guard let address = PartitionAddress(path: try reader.text("partition")) else {
                throw reader.error("partition", "the path of a partition")
            }
            self = .partition(address, manifest: try reader.optionalDigest("manifest_sha256"))
        }
    }
}

/// No component is empty, `.` or `..`.
private func isRelative(_ path: String) -> Bool {
    path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
        !$0.isEmpty && $0 != "." && $0 != ".."
    }
}

private func object(_ parameters: [String: ParameterValue]) -> JSONValue {
    .object(JSONObject(parameters.map { ($0.key, $0.value.json) }))
}
