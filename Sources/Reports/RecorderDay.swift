import CivilTime
import Columnar
import Contracts
import Lake
import Tables

/// The recorder's tables of one product, symbol and date as the lake holds them: what reports and exports are made
/// of.
///
/// Each table is read whole and only after its bytes were found to be those of its manifest.
public struct RecorderDay: Sendable {
    let lake: Lake
    let registry: Registry
    let contracts: ContractSet
    public let product: String
    public let symbol: String
    public let date: CivilDate

    public init(
        lake: Lake, registry: Registry, contracts: ContractSet, product: String, symbol: String, date: CivilDate
    ) {
        self.lake = lake
        self.registry = registry
        self.contracts = contracts
        self.product = product
        self.symbol = symbol
        self.date = date
    }

    /// A table of the recorder, by its place in the lake.
    public struct Source: Hashable, Sendable {
        public let layer: DatasetKey.Layer
        public let table: String

        public init(_ layer: DatasetKey.Layer, _ table: String) {
            self.layer = layer
            self.table = table
        }

        /// As reports name it: `gold.episodes`.
        public var name: String { "\(layer.rawValue).\(table)" }
    }

    /// Lends a table's rows to `body`, part by part in the order of the file.
    ///
    /// - Throws: `LakeError` when the partition is missing, corrupt or of another contract, and what `body` throws.
    public func forEachPart<T: Table & ~Copyable>(
        of source: Source, as type: T.Type, _ body: (borrowing T, Contract) throws -> Void
    ) throws {
        let (address, contract) = try place(of: source)
        var reader = try PartitionReader(lake, address, contract: contract)
        var part = T()
        while try reader.next(into: &part) { try body(part, contract) }
    }

    /// Whether the registry has a stage that makes a table of the product.
    func makes(_ source: Source) -> Bool {
        DatasetKey(layer: source.layer, product: product, table: source.table).map { registry.writer(of: $0) != nil }
            ?? false
    }

    /// Whether the lake knows sessions of the day.
    public var hasSessions: Bool {
        get throws { try manifest(of: .sessions) != nil }
    }

    /// What a table records of its making; nil where there is none.
    func manifest(of source: Source) throws -> Manifest? {
        try lake.status(of: place(of: source).address).manifest
    }

    /// The definition of a table.
    func contract(of source: Source) throws -> Contract { try place(of: source).contract }

    private func place(of source: Source) throws -> (address: PartitionAddress, contract: Contract) {
        guard let dataset = DatasetKey(layer: source.layer, product: product, table: source.table),
            let contract = registry.writer(of: dataset)?.contract(of: dataset, in: contracts)
        else {
            throw LakeError.missing(
                "no stage of the registry makes \(source.layer.rawValue).\(product).\(source.table)")
        }
        return (try PartitionAddress(dataset, symbol: symbol, date: date), contract)
    }

    /// The rows of a table: all of them, or those of one session.
    public func rows<T: RowTable & ~Copyable>(
        of source: Source, as type: T.Type, in sessionID: String? = nil
    ) throws -> [T.Row] {
        var rows: [T.Row] = []
        try forEachPart(of: source, as: type) { part, _ in
            let runs = sessionID.map { part.runs(of: $0) } ?? [0..<part.count]
            for row in runs.joined() { rows.append(part[row]) }
        }
        return rows
    }
}

extension RecorderDay.Source {
    public static let sessions = Self(.ref, "sessions")
    public static let levels = Self(.ref, "levels")
    public static let state10s = Self(.silver, "state_10s")
    public static let tfIndicators10s = Self(.silver, "tf_indicators_10s")
    public static let smartMoney10s = Self(.gold, "smart_money_10s")
    public static let episodes = Self(.gold, "episodes")
    public static let episodeSnapshots = Self(.gold, "episode_snapshots")
    public static let episodesLabeled = Self(.gold, "episodes_labeled")
    public static let markers = Self(.gold, "markers")
    public static let levelInteractions = Self(.gold, "level_interactions")
    public static let touchPackets = Self(.gold, "touch_packets")
    public static let reclaimPackets = Self(.gold, "reclaim_packets")
    public static let levelChainMetrics = Self(.gold, "level_chain_metrics")
    public static let chainSummary = Self(.gold, "chain_summary")

    /// The tables whose stages have the recorder's parameters, one for each stage.
    static let parameterised: [Self] = [
        sessions, Self(.silver, "trades_classified"), Self(.silver, "state_1s"), Self(.silver, "bars_1m"),
        Self(.silver, "bar_indicators"), state10s, smartMoney10s, Self(.gold, "level_spine"), episodes,
        levelInteractions, touchPackets, levelChainMetrics,
    ]
}
