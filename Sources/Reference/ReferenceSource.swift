import CivilTime
import Lake

/// What source files of reference tables can be. The raw value is the schema under which the raw layer keeps them.
///
/// Source: spec/recorder.md 3.3 to 3.8.
public enum ReferenceKind: String, CaseIterable, Sendable, Hashable {
    case sessions, levels, commands, markers, labels
}

/// One source file.
public struct ReferenceSource: Sendable {
    /// What messages call it.
    public let file: String
    /// Under which the raw layer keeps it.
    public let name: String
    /// Where it lies.
    public let path: String

    public init(file: String, name: String, path: String) {
        self.file = file
        self.name = name
        self.path = path
    }

    /// A file of the raw layer.
    ///
    /// - Parameter file: its path relative to the lake, which messages name.
    /// - Parameter path: absolute.
    public init(raw file: String, path: String) {
        let name = file.split(separator: "/").last.flatMap { PathComponent.decode($0) }
        self.init(file: file, name: name ?? file, path: path)
    }

    /// The whole file as text of UTF-8.
    func text() throws(ReferenceError) -> String {
        guard let text = String(validating: try bytes(atMost: ReferenceSource.largest), as: UTF8.self) else {
            throw ReferenceError(file, nil, "it is no UTF-8")
        }
        return text
    }

    private func bytes(atMost limit: Int) throws(ReferenceError) -> [UInt8] {
        do {
            return try FileSystem.read(path, atMost: limit)
        } catch .system(let failure) {
            throw ReferenceError(file, failure)
        } catch {
            throw ReferenceError(file, nil, error.reason)
        }
    }

    /// No text file is larger than this.
    private static let largest = 64 << 20

    /// The whole file, a mapping of YAML.
    ///
    /// - Parameter place: what messages call the mapping.
    func yaml(_ place: String) throws(ReferenceError) -> YAMLMapping {
        let bytes = try bytes(atMost: YAMLNode.maximumBytes)
        do throws(RegistryError) {
            return try YAMLMapping(YAMLNode.parse(bytes, file: file), file: file, place: place)
        } catch {
            throw ReferenceError(error)
        }
    }
}

/// The product, symbol and date that reference tables are of.
public struct ReferenceDay: Sendable, Hashable {
    public let product: String
    /// Contract or ticker.
    public let symbol: String
    /// Date of the session start in New York.
    public let date: CivilDate

    public init(product: String, symbol: String, date: CivilDate) {
        self.product = product
        self.symbol = symbol
        self.date = date
    }

    /// Where the raw layer keeps the source files of a kind.
    ///
    /// - Throws: `usage` when the symbol cannot be part of a path.
    public func location(_ kind: ReferenceKind) throws(LakeError) -> RawLocation {
        try RawLocation(
            source: .ref, dataset: "\(product).\(symbol)", schema: kind.rawValue, date: date)
    }

    /// The day whose source files a location of the raw layer holds; nil when it holds none.
    public init?(location: RawLocation) {
        let parts = location.dataset.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard location.source == .ref, parts.count == 2 else { return nil }
        self.init(product: String(parts[0]), symbol: String(parts[1]), date: location.date)
    }

    func check(_ claimed: String, _ place: ReferencePlace) throws(ReferenceError) {
        guard claimed.utf8.elementsEqual(symbol.utf8) else {
            throw place.error("it is of '\(claimed)', not of \(symbol)", kind: .claim)
        }
    }
}
