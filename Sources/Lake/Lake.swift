import CivilTime
import Contracts

/// A lake: a directory of immutable partitions, and beside them the four directories of the protocol.
///
///     <layer>/product_type=…/table=…/symbol=…/dt=…/   a partition: part-00000.parquet, _MANIFEST.json, _SUCCESS
///     raw/source=…/dataset=…/schema=…/dt=…/           files of vendors
///     _staging/<run>/                                 what runs are building; swept when the run is gone
///     _history/<partition path>/<generation>/         generations that were replaced
///     _quarantine/<run>/<partition path>/             tables that broke their contract, partitions found corrupt
///     _runs/<run>.json                                reports of runs: the only place for times and hosts
///
/// A partition exists completely or not at all: its directory appears, and is replaced, by one rename.
public struct Lake: Sendable {
    /// The lake's directory, without a final slash.
    public let root: String
    let renaming: Renaming

    /// Which renames publication may use.
    package enum Renaming: Sendable {
        /// `renameat2` with NOREPLACE and EXCHANGE, or else plain ones where the file system has no such thing.
        case atomicIfPossible
        /// Two plain renames with a recovery record, as on a file system without those.
        case plain
    }

    public init(root: String) {
        self.init(root: root, renaming: .atomicIfPossible)
    }

    package init(root: String, renaming: Renaming) {
        var trimmed = root[...]
        while trimmed.count > 1, trimmed.last == "/" { trimmed.removeLast() }
        self.root = String(trimmed)
        self.renaming = renaming
    }

    /// The absolute or working-directory path of something in the lake.
    public func path(_ relative: String) -> String { root + "/" + relative }

    public func path(of address: PartitionAddress) -> String { path(address.path) }

    static let staging = "_staging"
    static let history = "_history"
    static let quarantine = "_quarantine"
    static let runs = "_runs"
    static let raw = "raw"
    /// The lock files of publication.
    static let locks = "_staging/.locks"
    /// The lock file that a run holds in its staging directory.
    static let owner = ".owner"
}

/// The files of a partition.
package enum PartitionFile {
    package static let data = "part-00000.parquet"
    package static let manifest = "_MANIFEST.json"
    package static let marker = "_SUCCESS"
    /// A manifest lists each input; a day of contract selection has thousands.
    package static let manifestLimit = 16 << 20
}

// MARK: - Listing

/// Which partitions a listing wants; nil wants all.
public struct PartitionFilter: Sendable {
    public var layers: Set<DatasetKey.Layer>?
    public var products: Set<String>?
    public var tables: Set<String>?
    public var symbols: Set<String>?
    public var dates: ClosedRange<CivilDate>?

    public init(
        layers: Set<DatasetKey.Layer>? = nil, products: Set<String>? = nil, tables: Set<String>? = nil,
        symbols: Set<String>? = nil, dates: ClosedRange<CivilDate>? = nil
    ) {
        self.layers = layers
        self.products = products
        self.tables = tables
        self.symbols = symbols
        self.dates = dates
    }

    public init(dataset: DatasetKey, symbols: Set<String>? = nil, dates: ClosedRange<CivilDate>? = nil) {
        self.init(
            layers: [dataset.layer], products: [dataset.product], tables: [dataset.table], symbols: symbols,
            dates: dates)
    }
}

extension Lake {
    /// The partitions of the lake in ascending order of their addresses. Other entries are passed over.
    ///
    /// - Complexity: one directory read per directory; a partition itself is not looked into.
    public func partitions(
        _ filter: PartitionFilter = PartitionFilter()
    ) throws(LakeError) -> [PartitionAddress] {
        var found: [PartitionAddress] = []
        for layer in DatasetKey.Layer.allCases where filter.layers?.contains(layer) ?? true {
            guard try FileSystem.information(path(layer.rawValue))?.isDirectory == true else { continue }
            try collectProducts(of: layer, in: File(path(layer.rawValue), .directory), filter, into: &found)
        }
        found.sort()
        return found
    }

    private func collectProducts(
        of layer: DatasetKey.Layer, in directory: borrowing File, _ filter: PartitionFilter,
        into found: inout [PartitionAddress]
    ) throws(LakeError) {
        try forEach("product_type", in: directory) { (product, products) throws(LakeError) in
            guard filter.products?.contains(product) ?? true else { return }
            try forEach("table", in: products) { (table, tables) throws(LakeError) in
                guard filter.tables?.contains(table) ?? true,
                    let dataset = DatasetKey(layer: layer, product: product, table: table)
                else { return }
                try collectSymbols(of: dataset, in: tables, filter, into: &found)
            }
        }
    }

    private func collectSymbols(
        of dataset: DatasetKey, in directory: borrowing File, _ filter: PartitionFilter,
        into found: inout [PartitionAddress]
    ) throws(LakeError) {
        try forEach("symbol", in: directory) { (encoded, dates) throws(LakeError) in
            guard let symbol = PathComponent.decode(encoded[...]), filter.symbols?.contains(symbol) ?? true
            else {
                return
            }
            for entry in try dates.entries() where entry.isDirectory && entry.name.hasPrefix("dt=") {
                guard let date = CivilDate(parsing: entry.name.dropFirst(3)),
                    filter.dates?.contains(date) ?? true
                else { continue }
                found.append(try PartitionAddress(dataset, symbol: symbol, date: date))
            }
        }
    }

    /// Visits the subdirectories named `key=value`.
    private func forEach(
        _ key: String, in directory: borrowing File,
        _ body: (String, borrowing File) throws(LakeError) -> Void
    ) throws(LakeError) {
        for entry in try directory.entries() where entry.isDirectory && entry.name.hasPrefix(key + "=") {
            let inner = try File(entry.name, in: directory, .directory)
            try body(String(entry.name.dropFirst(key.count + 1)), inner)
        }
    }
}
