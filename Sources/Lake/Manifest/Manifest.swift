import CivilTime
import Contracts
import Digest
import JSON

/// The record of one partition, written last but one; `_SUCCESS` beside it holds its SHA-256 and commits it.
///
/// The JSON has sorted keys and relative paths and names neither times nor machines, so equal partitions have
/// equal manifests, byte for byte.
public struct Manifest: Sendable, Hashable {
    public let address: PartitionAddress
    public let provenance: Provenance
    public let dayState: DayState
    public let files: [File]
    public let quality: Quality
    /// The input ended in the middle of a record and `--allow-truncated` was given.
    public let isTruncated: Bool
    /// What the partition is a generation of, in one hash: `provenance.generation(of: address)`.
    public let generation: String

    public struct File: Sendable, Hashable {
        public let name: String
        public let bytes: Int64
        public let sha256: String
        public let rows: Int64
    }

    public var rowCount: Int64 { files.reduce(0) { $0 + $1.rows } }

    /// The layout of manifests that this code writes and reads.
    static let format: Int64 = 2

    init(
        address: PartitionAddress, provenance: Provenance, dayState: DayState, files: [File],
        quality: Quality,
        isTruncated: Bool
    ) {
        self.address = address
        self.provenance = provenance
        self.dayState = dayState
        self.files = files
        self.quality = quality
        self.isTruncated = isTruncated
        self.generation = provenance.generation(of: address)
    }
}

/// What is known about a day; each has a valid table.
public enum DayState: String, Sendable, Hashable, CaseIterable {
    case events
    /// There were files, with nothing for the symbol.
    case noEvents = "no_events"
    /// The vendor has nothing for the date.
    case noData = "no_data"
}

/// The quality summary of a partition; what a stage does not count is absent.
public struct Quality: Sendable, Hashable {
    public var windows: Int64?
    public var validWindows: Int64?
    /// Number of windows per reason.
    public var reasons: [String: Int64]
    /// Sum of each counter over the windows or records.
    public var counters: [String: Int64]
    public var rowsDropped: Int64

    public init(
        windows: Int64? = nil, validWindows: Int64? = nil, reasons: [String: Int64] = [:],
        counters: [String: Int64] = [:], rowsDropped: Int64 = 0
    ) {
        self.windows = windows
        self.validWindows = validWindows
        self.reasons = reasons
        self.counters = counters
        self.rowsDropped = rowsDropped
    }
}

// MARK: - JSON

extension Manifest {
    public var json: JSONValue {
        var members = provenance.json
        members["format"] = .integer(Manifest.format)
        members["dataset"] = .string("\(address.dataset)")
        members["symbol"] = .string(address.symbol)
        members["dt"] = .string("\(address.date)")
        members["day_state"] = .string(dayState.rawValue)
        members["rows"] = .integer(rowCount)
        members["files"] = .array(files.map(\.json))
        members["quality"] = quality.json
        members["truncated"] = .bool(isTruncated)
        members["generation"] = .string(generation)
        return .object(members)
    }

    /// The bytes of `_MANIFEST.json`.
    public func serialized() -> [UInt8] {
        json.serializedBytes(.pretty) + [UInt8(ascii: "\n")]
    }

    /// Reads `_MANIFEST.json`: nothing missing, nothing unknown, sums as they must be. Whether the generation is the
    /// hash of what is listed is left to `verify`, because the marker already vouches for the bytes.
    ///
    /// - Parameter path: of the file, for the error.
    /// - Parameter bytes: of `_MANIFEST.json`.
    /// - Throws: `LakeError.corrupt`.
    public init(parsing bytes: [UInt8], path: String) throws(LakeError) {
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONValue(parsing: bytes)
        } catch {
            throw .corrupt(path: path, reason: "\(error)")
        }
        do throws(ManifestError) {
            try self.init(ManifestReader(json, place: ""))
        } catch {
            throw .corrupt(path: path, reason: "\(error.place): expected \(error.expected)")
        }
    }

    private static let members = [
        "compression", "contract", "dataset", "day_state", "dt", "files", "format", "generation", "inputs",
        "parameters", "quality", "rows", "stage", "symbol", "truncated", "writer_revision",
    ]

    private init(_ reader: ManifestReader) throws(ManifestError) {
        try reader.require(members: Manifest.members)
        guard try reader.integer("format") == Manifest.format else {
            throw reader.error("format", "\(Manifest.format)")
        }
        guard let dataset = DatasetKey(parsing: try reader.text("dataset")) else {
            throw reader.error("dataset", "layer.product.table")
        }
        guard let date = CivilDate(parsing: try reader.text("dt")) else {
            throw reader.error("dt", "YYYY-MM-DD")
        }
        guard let address = try? PartitionAddress(dataset, symbol: try reader.text("symbol"), date: date)
        else {
            throw reader.error("symbol", "a symbol")
        }
        guard let dayState = DayState(rawValue: try reader.text("day_state")) else {
            throw reader.error("day_state", "events, no_events or no_data")
        }
        var files: [File] = []
        for element in try reader.array("files") { files.append(try File(element)) }
        self.address = address
        self.provenance = try Provenance(reader)
        self.dayState = dayState
        self.files = files
        self.quality = try Quality(reader.object("quality", members: Quality.members))
        self.isTruncated = try reader.boolean("truncated")
        self.generation = try reader.digest("generation")
        guard files.count == 1, files[0].name == PartitionFile.data else {
            throw reader.error("files", "one file, \(PartitionFile.data)")
        }
        guard try reader.integer("rows") == rowCount else {
            throw reader.error("rows", "the sum of the files' rows")
        }
    }
}

extension Manifest.File {
    var json: JSONValue {
        ["name": .string(name), "bytes": .integer(bytes), "sha256": .string(sha256), "rows": .integer(rows)]
    }

    init(_ reader: ManifestReader) throws(ManifestError) {
        try reader.require(members: ["bytes", "name", "rows", "sha256"])
        self.init(
            name: try reader.text("name"), bytes: try reader.integer("bytes"),
            sha256: try reader.digest("sha256"),
            rows: try reader.integer("rows"))
    }
}

extension Quality {
    static let members = ["counters", "reasons", "rows_dropped", "valid_windows", "windows"]

    public var json: JSONValue {
        [
            "windows": windows.map { .integer($0) } ?? .null,
            "valid_windows": validWindows.map { .integer($0) } ?? .null,
            "reasons": .object(JSONObject(reasons.map { ($0.key, .integer($0.value)) })),
            "counters": .object(JSONObject(counters.map { ($0.key, .integer($0.value)) })),
            "rows_dropped": .integer(rowsDropped),
        ]
    }

    init(_ reader: ManifestReader) throws(ManifestError) {
        self.init(
            windows: try reader.optionalInteger("windows"),
            validWindows: try reader.optionalInteger("valid_windows"),
            reasons: try reader.counts("reasons"), counters: try reader.counts("counters"),
            rowsDropped: try reader.integer("rows_dropped"))
    }
}
