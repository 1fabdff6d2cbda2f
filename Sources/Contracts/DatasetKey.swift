/// The name of a dataset: layer, product and table. The same three words name its contract file
/// (`contracts/<layer>/<product>/<table>.avsc`), its folder in the lake and its entry in the registry.
///
/// Invariant: product and table are words of `a–z 0–9 _` that begin with a letter, so they are safe in
/// paths and compare alike as text and as bytes.
public struct DatasetKey: Hashable, Sendable {
    /// The rooms of the lake, in the order in which data flows. `ref` holds reference tables people supply.
    public enum Layer: String, CaseIterable, Hashable, Sendable, Comparable {
        case ref, bronze, silver, gold

        public static func < (a: Layer, b: Layer) -> Bool {
            allCases.firstIndex(of: a)! < allCases.firstIndex(of: b)!
        }
    }

    public let layer: Layer
    public let product: String
    public let table: String

    /// Nil unless product and table are words as described.
    public init?(layer: Layer, product: String, table: String) {
        guard Self.isWord(product), Self.isWord(table) else { return nil }
        self.layer = layer
        self.product = product
        self.table = table
    }

    /// Parses `silver.future_mbo.book_snapshot_1s`.
    public init?(parsing text: String) {
        self.init(words: text.split(separator: ".", omittingEmptySubsequences: false))
    }

    /// Parses `silver/future_mbo/book_snapshot_1s`, the path of a contract without its suffix.
    public init?(path: String) {
        self.init(words: path.split(separator: "/", omittingEmptySubsequences: false))
    }

    private init?(words: [Substring]) {
        guard words.count == 3, let layer = Layer(rawValue: String(words[0])) else { return nil }
        self.init(layer: layer, product: String(words[1]), table: String(words[2]))
    }

    /// `silver/future_mbo/book_snapshot_1s`
    public var path: String { "\(layer.rawValue)/\(product)/\(table)" }

    static func isWord(_ text: String) -> Bool {
        guard let first = text.utf8.first, isLowercase(first), text.utf8.count <= 100 else { return false }
        return text.utf8.allSatisfy { isLowercase($0) || isDigit($0) || $0 == UInt8(ascii: "_") }
    }

    private static func isLowercase(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z")
    }
    private static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }
}

extension DatasetKey: CustomStringConvertible {
    /// `silver.future_mbo.book_snapshot_1s`
    public var description: String { "\(layer.rawValue).\(product).\(table)" }
}

extension DatasetKey: Comparable {
    /// By layer in the order of the flow, then product, then table.
    public static func < (a: DatasetKey, b: DatasetKey) -> Bool {
        if a.layer != b.layer { return a.layer < b.layer }
        if a.product != b.product { return a.product < b.product }
        return a.table < b.table
    }
}
