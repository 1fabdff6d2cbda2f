import CivilTime
import Contracts

/// Which partition: one table of one symbol on one date.
///
/// In the lake it is the directory
/// `<layer>/product_type=<product>/table=<table>/symbol=<symbol>/dt=<YYYY-MM-DD>`, the symbol encoded as
/// `PathComponent` says; every address has one path and every such path one address. Symbols are compared by
/// their bytes. The order is that of dataset, symbol and date.
public struct PartitionAddress: Sendable {
    public let dataset: DatasetKey
    public let symbol: String
    public let date: CivilDate
    /// The symbol as it stands in the path; ASCII.
    package let encodedSymbol: String

    /// - Throws: `usage` when the symbol is empty or too long for a directory entry.
    public init(_ dataset: DatasetKey, symbol: String, date: CivilDate) throws(LakeError) {
        guard let encoded = PathComponent.encode(symbol) else {
            throw .usage(
                "the symbol '\(symbol.prefix(40))' must have 1 to \(PathComponent.maximumLength) bytes "
                    + "when it is percent-encoded")
        }
        self.dataset = dataset
        self.symbol = symbol
        self.date = date
        self.encodedSymbol = encoded
    }

    /// Reads a path relative to the lake; nil when it is not that of a partition.
    public init?(path: String) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 5,
            let product = parts[1].value(of: "product_type"),
            let table = parts[2].value(of: "table"),
            let encoded = parts[3].value(of: "symbol"), let symbol = PathComponent.decode(encoded),
            let date = parts[4].value(of: "dt").flatMap({ CivilDate(parsing: $0) }),
            let layer = DatasetKey.Layer(rawValue: String(parts[0])),
            let dataset = DatasetKey(layer: layer, product: String(product), table: String(table))
        else { return nil }
        self.dataset = dataset
        self.symbol = symbol
        self.date = date
        self.encodedSymbol = symbol.utf8.count == encoded.utf8.count ? symbol : String(encoded)
    }

    /// The directory relative to the lake.
    public var path: String { "\(symbolPath)/dt=\(date)" }

    /// The directory of all dates of the symbol, relative to the lake.
    package var symbolPath: String { "\(PartitionAddress.tablePath(dataset))/symbol=\(encodedSymbol)" }

    package static func tablePath(_ dataset: DatasetKey) -> String {
        "\(dataset.layer.rawValue)/product_type=\(dataset.product)/table=\(dataset.table)"
    }
}

extension Substring {
    /// The value of a `key=value` directory name.
    fileprivate func value(of key: String) -> Substring? {
        guard utf8.starts(with: key.utf8), utf8.dropFirst(key.utf8.count).first == UInt8(ascii: "=") else {
            return nil
        }
        return Substring(utf8.dropFirst(key.utf8.count + 1))
    }
}

extension PartitionAddress: Hashable, Comparable {
    public static func == (a: PartitionAddress, b: PartitionAddress) -> Bool {
        a.date == b.date && a.encodedSymbol == b.encodedSymbol && a.dataset == b.dataset
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(dataset)
        hasher.combine(encodedSymbol)
        hasher.combine(date)
    }

    public static func < (a: PartitionAddress, b: PartitionAddress) -> Bool {
        if a.dataset != b.dataset { return a.dataset < b.dataset }
        if a.encodedSymbol != b.encodedSymbol {
            return a.symbol.utf8.lexicographicallyPrecedes(b.symbol.utf8)
        }
        return a.date < b.date
    }
}

extension PartitionAddress: CustomStringConvertible {
    /// `silver.future_mbo.book_snapshot_1s ESH6 2026-01-06`
    public var description: String { "\(dataset) \(symbol) \(date)" }
}
