import CSV
import CivilTime
import DBN
import Glibc
import JSON
import Lake
import Stages

/// Brings vendor files into the raw layer: recognises each from its own content, compares it with the vendor's
/// manifest where one lies beside it, and hands it to the store.
///
/// A DBN file belongs where its header says: dataset, schema, and the UTC date of its start. A CSV file is one of trades
/// or of quotes; its columns symbol and dt, or the user, say where it belongs.
public struct RawIntake {
    private let store: RawStore
    private let run: Run
    /// Vendor manifests by directory; nil where there is none.
    private var vendorManifests: [String: VendorManifest?] = [:]

    public init(store: RawStore, run: Run) {
        self.store = store
        self.run = run
    }

    /// What the user says about files beyond what they say themselves.
    public struct Claim: Sendable {
        /// Schemas that the stages of the product read, and the product's name; nil: any schema will do.
        public var product: (name: String, schemas: Set<String>)?
        /// A symbol that the file must hold.
        public var symbol: String?
        /// The date to file it under.
        public var date: CivilDate?

        public init(
            product: (name: String, schemas: Set<String>)? = nil, symbol: String? = nil,
            date: CivilDate? = nil
        ) {
            self.product = product
            self.symbol = symbol
            self.date = date
        }
    }

    /// A file in its place.
    public struct Added: Sendable {
        public let file: RawFile
        public let placement: RawPlacement
        /// The vendor's manifest lists the file, and its hash is right.
        public let isVouchedFor: Bool
        /// What the user may want to know about it.
        public let warnings: [String]
    }

    /// Puts one file in its place; a CSV file of several dates in the place of each of them.
    ///
    /// - Throws: `DBNError`, `CSVError` when it is no readable file of a kind that is known, `LakeError`, `Failure` when
    ///   it contradicts the claim.
    public mutating func add(_ path: String, claim: Claim) throws -> [Added] {
        do {
            return [try addRecords(path, claim)]
        } catch let error as DBNError where error.fault == .notDBN {
            return try addRows(path, claim)
        }
    }

    private mutating func addRecords(_ path: String, _ claim: Claim) throws -> Added {
        let recognised = try RecognisedFile(path: path)
        try recognised.check(claim)
        let location = try RawLocation(
            source: .databento, dataset: recognised.dataset, schema: recognised.schema.name,
            date: claim.date ?? recognised.date)
        let expected = try vendorManifest(beside: path)?.sha256[recognised.name]
        let (file, placement) = try store.add(path, to: location, expectedSHA256: expected, run: run)
        var warnings: [String] = []
        if let days = recognised.days, days > 1, claim.date == nil {
            warnings.append(
                "\(path) spans \(days) dates and is filed under the first, \(location.date); "
                    + "stages read a date from the files of that date only")
        }
        return Added(file: file, placement: placement, isVouchedFor: expected != nil, warnings: warnings)
    }

    private func addRows(_ path: String, _ claim: Claim) throws -> [Added] {
        let rows = try RecognisedRows(path: path, claim)
        return try rows.dates.map { date in
            let location = try RawLocation(
                source: .csv, dataset: rows.dataset, schema: rows.kind.rawValue, date: date)
            let (file, placement) = try store.add(path, to: location, run: run)
            return Added(
                file: file, placement: placement, isVouchedFor: false,
                warnings: date == rows.dates[0] ? rows.warnings : [])
        }
    }

    private mutating func vendorManifest(beside path: String) throws(Failure) -> VendorManifest? {
        let directory = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        if let known = vendorManifests[directory] { return known }
        let manifest = try VendorManifest(path: directory + "manifest.json")
        vendorManifests[directory] = manifest
        return manifest
    }
}

/// What a DBN file says about itself.
public struct RecognisedFile: Sendable {
    public let path: String
    /// Last component of the path.
    public let name: String
    /// The vendor's name, `GLBX.MDP3`.
    public let dataset: String
    public let schema: Schema
    /// UTC date of the start.
    public let date: CivilDate
    /// Dates that the request spanned, 1 for a file of one day; nil for an open end.
    public let days: Int?
    /// As the request named them, and what they resolved to, in the order of the file.
    public let symbols: [String]

    /// Reads the header.
    ///
    /// - Throws: `Failure` when there is no such file, or one that does not say where it belongs; `DBNError`.
    public init(path: String) throws {
        try RecognisedFile.checkPresence(path)
        let metadata = try DBNFile(path: path).metadata
        guard let schema = metadata.schema else {
            throw Failure(
                .usage,
                "\(path): it holds records of several schemas, as captures of a live feed do; add files of one schema"
            )
        }
        guard let start = Int64(exactly: metadata.start) else {
            throw Failure(.corrupt, "\(path): its start \(metadata.start) lies beyond the year 2262")
        }
        self.path = path
        self.name = path.split(separator: "/").last.map(String.init) ?? path
        self.dataset = metadata.dataset
        self.schema = schema
        date = CivilDate(utcNanoseconds: start)
        days = metadata.end.flatMap { Int64(exactly: $0) }.map { end in
            max(
                1,
                CivilDate(utcNanoseconds: max(start, end - 1)).daysSinceEpoch
                    - CivilDate(utcNanoseconds: start).daysSinceEpoch + 1)
        }
        var seen: Set<String> = []
        symbols =
            (metadata.symbols + metadata.mappings.map(\.rawSymbol)
            + metadata.mappings.flatMap { $0.intervals.map(\.symbol) })
            .filter { !$0.isEmpty && seen.insert($0).inserted }
    }

    /// A file that is not there is missing input, and nothing that trying again would mend.
    public static func checkPresence(_ path: String) throws(Failure) {
        var information = stat()
        if stat(path, &information) != 0 {
            guard errno == ENOENT || errno == ENOTDIR else { return }
            throw Failure(.notReady, "\(path): \(String(cString: strerror(errno)))")
        }
        if information.st_mode & S_IFMT == S_IFDIR {
            throw Failure(.usage, "\(path): it is a directory; name the files in it")
        }
    }

    /// Compares the file with what the user says about it.
    func check(_ claim: RawIntake.Claim) throws(Failure) {
        if let product = claim.product, !product.schemas.contains(schema.name) {
            throw Failure(
                .usage, "\(path): it is a \(schema.name) file, which no stage of \(product.name) reads",
                advice: product.schemas.isEmpty
                    ? "the registry names no raw files for \(product.name)"
                    : "\(product.name) is made from \(product.schemas.sorted().joined(separator: ", "))")
        }
        if let symbol = claim.symbol, !symbols.contains(symbol), !symbols.contains("\(symbol).FUT"),
            !symbols.contains("\(symbol).OPT")
        {
            let some = symbols.prefix(8).joined(separator: ", ") + (symbols.count > 8 ? ", …" : "")
            throw Failure(
                .usage, "\(path): it does not name \(symbol)",
                advice: some.isEmpty ? "it names no symbol at all" : "it names \(some)")
        }
    }
}

/// What a CSV file of trades or quotes and the user say about where it belongs.
///
/// Source: spec/recorder.md 3.7 (CSV).
struct RecognisedRows {
    /// Whose trades and quotes they are when the user does not say.
    static let product = "equity_taq"

    let kind: TaqFile.Kind
    /// The one symbol of its rows; the product when there are several.
    let dataset: String
    /// Ascending.
    let dates: [CivilDate]
    let warnings: [String]

    /// - Throws: `Failure` when symbol or date are not known or are others than claimed.
    init(path: String, _ claim: RawIntake.Claim) throws {
        let survey = try RecognisedRows.survey(path)
        let kind = survey.file.kind
        if let product = claim.product, !product.schemas.contains(TaqFile.Kind.quotes.rawValue) {
            throw Failure(
                .usage, "\(path): it is a CSV file of \(kind.rawValue), which no stage of \(product.name) reads")
        }
        func list(_ names: [String]) -> String {
            names.sorted().prefix(8).joined(separator: ", ") + (names.count > 8 ? ", …" : "")
        }
        self.kind = kind
        let product = claim.product?.name ?? RecognisedRows.product
        switch (survey.symbols, claim.symbol) {
        case (nil, nil):
            throw Failure(
                .usage, "\(path): it has no column symbol", advice: "--symbol S says whose \(kind.rawValue) they are")
        case (nil, let symbol?): dataset = symbol
        case (let symbols?, let symbol?):
            guard symbols.contains(symbol) || symbols.isEmpty else {
                throw Failure(
                    .usage, "\(path): none of its rows is of \(symbol)", advice: "they are of \(list(Array(symbols)))")
            }
            dataset = symbols.count > 1 ? product : symbol
        case (let symbols?, nil):
            guard !symbols.isEmpty else {
                throw Failure(.usage, "\(path): it has no rows", advice: "--symbol S says where it belongs")
            }
            dataset = symbols.count > 1 ? product : symbols.first!
        }
        switch (survey.dates, claim.date) {
        case (nil, nil):
            throw Failure(
                .usage, "\(path): it has no column dt", advice: "--dt D says of which date the \(kind.rawValue) are")
        case (nil, let date?): dates = [date]
        case (let found?, let date?):
            guard found.contains(date) || found.isEmpty else {
                throw Failure(
                    .usage, "\(path): none of its rows is of \(date)",
                    advice: "they are of \(list(found.map(\.description)))")
            }
            dates = [date]
        case (let found?, nil):
            guard !found.isEmpty else {
                throw Failure(.usage, "\(path): it has no rows", advice: "--dt D says where it belongs")
            }
            dates = found.sorted()
        }
        let unknown = survey.file.unknown
        warnings =
            unknown.isEmpty
            ? []
            : [
                "\(path): column\(unknown.count == 1 ? "" : "s") \(unknown.joined(separator: ", ")) mean nothing in a file "
                    + "of \(kind.rawValue) and \(unknown.count == 1 ? "is" : "are") not read"
            ]
    }
}

extension RecognisedRows {
    /// - Throws: `Failure` for what is no such file at all.
    private static func survey(_ path: String) throws -> TaqFile.Survey {
        do throws(CSVError) {
            return try TaqFile.survey(path: path)
        } catch {
            let isAtStart = error.line ?? 1 == 1 && error.fault != .header && error.fault != .system
            guard isAtStart else { throw error }
            throw Failure(.corrupt, "\(path): it is neither DBN nor CSV of trades or quotes: \(error.reason)")
        }
    }
}

/// The `manifest.json` that comes with a batch of files: names and hashes.
struct VendorManifest: Sendable {
    /// By file name.
    let sha256: [String: String]

    /// - Returns: nil when there is no such file, or it is something else than a vendor's manifest.
    init?(path: String) throws(Failure) {
        guard let bytes = try SmallFile.contents(of: path, limit: 16 << 20) else { return nil }
        guard let json = try? JSONValue(parsing: bytes), case .array(let files)? = json["files"] else {
            return nil
        }
        var found: [String: String] = [:]
        for file in files {
            guard let name = file["filename"]?.stringValue, let hash = file["hash"]?.stringValue,
                hash.hasPrefix("sha256:")
            else { continue }
            found[name] = String(hash.dropFirst("sha256:".count)).lowercased()
        }
        sha256 = found
    }
}
