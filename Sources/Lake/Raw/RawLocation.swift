import CivilTime

/// Which files of the raw layer: a source's dataset and schema on a date.
///
/// The directory is `raw/source=<source>/dataset=<dataset>/schema=<schema>/dt=<YYYY-MM-DD>`, names encoded as
/// `PathComponent` says.
public struct RawLocation: Sendable, Hashable {
    public enum Source: String, Sendable, Hashable, CaseIterable {
        /// DBN files of the vendor.
        case databento
        /// Trades and quotes as CSV.
        case csv
        /// Reference tables.
        case ref
    }

    public let source: Source
    /// The vendor's name, `GLBX.MDP3`.
    public let dataset: String
    public let schema: String
    public let date: CivilDate
    private let encodedDataset: String
    private let encodedSchema: String

    /// - Throws: `usage` when a name is empty or too long.
    public init(source: Source, dataset: String, schema: String, date: CivilDate) throws(LakeError) {
        guard let encodedDataset = PathComponent.encode(dataset),
            let encodedSchema = PathComponent.encode(schema)
        else {
            throw .usage(
                "'\(dataset.prefix(40))' and '\(schema.prefix(40))' cannot name a raw dataset and its schema")
        }
        self.source = source
        self.dataset = dataset
        self.schema = schema
        self.date = date
        self.encodedDataset = encodedDataset
        self.encodedSchema = encodedSchema
    }

    /// Relative to the lake.
    public var path: String {
        "\(Lake.raw)/source=\(source.rawValue)/dataset=\(encodedDataset)/schema=\(encodedSchema)/dt=\(date)"
    }
}

extension RawLocation: Comparable {
    public static func < (a: RawLocation, b: RawLocation) -> Bool {
        a.path.utf8.lexicographicallyPrecedes(b.path.utf8)
    }
}

extension RawLocation: CustomStringConvertible {
    public var description: String { "\(source.rawValue) \(dataset) \(schema) \(date)" }
}

/// A file of the raw layer.
public struct RawFile: Sendable, Hashable {
    public let location: RawLocation
    /// The vendor's name for it.
    public let name: String
    public let bytes: Int64
    public let sha256: String

    /// Relative to the lake.
    public let path: String

    /// What a stage that reads the file records.
    public var input: Input { .raw(path: path, sha256: sha256) }
}

/// Which raw files a listing wants; nil wants all.
public struct RawFilter: Sendable {
    public var source: RawLocation.Source?
    public var dataset: String?
    public var schema: String?
    public var dates: ClosedRange<CivilDate>?

    public init(
        source: RawLocation.Source? = nil, dataset: String? = nil, schema: String? = nil,
        dates: ClosedRange<CivilDate>? = nil
    ) {
        self.source = source
        self.dataset = dataset
        self.schema = schema
        self.dates = dates
    }
}

/// What the raw layer holds for one location.
public struct RawDay: Sendable, Hashable {
    public let location: RawLocation
    /// In ascending order of their names.
    public let files: [RawFile]
    /// The vendor has nothing for the date: the mark that says so.
    public let noData: RawFile?
    /// Files without the record of their hash: somebody else put them here, or an addition was interrupted (adding
    /// the file again completes it). No stage reads them.
    public let unrecorded: [String]

    /// What a stage that reads this day records.
    public var inputs: [Input] { (noData.map { [$0] } ?? files).map(\.input) }
}

extension RawLocation {
    /// Where a file of the raw layer lies; nil for any other path.
    ///
    /// - Parameter path: relative to the lake.
    public init?(pathOfFile path: String) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0] == Lake.raw else { return nil }
        func value(_ key: String, _ part: Substring) -> String? {
            part.hasPrefix(key + "=") ? PathComponent.decode(part.dropFirst(key.utf8.count + 1)) : nil
        }
        guard let source = value("source", parts[1]).flatMap(Source.init),
            let dataset = value("dataset", parts[2]),
            let schema = value("schema", parts[3]),
            let date = value("dt", parts[4]).flatMap({ CivilDate(parsing: $0) })
        else { return nil }
        try? self.init(source: source, dataset: dataset, schema: schema, date: date)
    }
}
