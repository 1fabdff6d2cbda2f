import Contracts

/// `datasets.yaml`: which stage makes which datasets from which, for which products, with which parameters. There
/// is no second list of datasets; the planner derives the graph of the pipeline from this one.
public struct Registry: Sendable {
    /// As it was named when it was read; for messages.
    public let file: String
    /// Directory of the lake, relative to the project.
    public let lakeRoot: String
    /// By root symbol.
    public let roots: [String: Root]
    /// Producers before their consumers, otherwise in the order of the file.
    public private(set) var stages: [StageDeclaration]

    /// What is known about a root symbol.
    public struct Root: Sendable, Hashable {
        /// Step q of the price lattice in units of 1e-9; positive.
        public let latticeStep: Int64
    }

    /// The layout of the file that this code reads.
    static let version = 1

    private let writers: [DatasetKey: Int]

    init(
        file: String, lakeRoot: String, roots: [String: Root], stages: [StageDeclaration],
        writers: [DatasetKey: Int]
    ) {
        self.file = file
        self.lakeRoot = lakeRoot
        self.roots = roots
        self.stages = stages
        self.writers = writers
    }

    /// Puts fitted values in the place of defaults.
    mutating func fit(_ fitted: FittedParameters) throws(RegistryError) {
        for entry in fitted.entries {
            guard let position = stages.firstIndex(where: { $0.name == entry.stage }) else {
                throw entry.error(.unknownKey, "there is no stage '\(entry.stage)' in \(file)")
            }
            let stage = stages[position]
            guard stage.products.contains(entry.product) else {
                throw entry.error(.unknownKey, "stage \(stage.name) has no product '\(entry.product)'")
            }
            for name in entry.values.keys.sorted() where stage.parameters[name] == nil {
                throw entry.error(.unknownKey, "stage \(stage.name) has no parameter '\(name)'")
            }
            stages[position].fitted[entry.product, default: [:]][entry.symbol] = entry.values
        }
    }

    public subscript(stage name: String) -> StageDeclaration? {
        stages.first { $0.name == name }
    }

    /// The stage that makes a dataset. O(1).
    public func writer(of dataset: DatasetKey) -> StageDeclaration? {
        writers[dataset].map { stages[$0] }
    }

    /// Every dataset that some stage makes, in ascending order.
    public var datasets: [DatasetKey] { writers.keys.sorted() }

    /// The products of all stages, in ascending order.
    public var products: [String] { Set(stages.flatMap(\.products)).sorted() }
}

/// One entry of `stages`.
public struct StageDeclaration: Sendable, Hashable {
    public let name: String
    public let products: [String]
    /// Raised when the bytes change that the stage makes.
    public let revision: Int
    public let reads: [Read]
    /// At least one.
    public let writes: [DatasetTemplate]
    /// Where in the file each of `writes` is.
    public let writeLines: [Int]
    /// The defaults; a name that is not here is no parameter of the stage.
    public let parameters: [String: ParameterValue]
    /// Per product: defaults that differ there.
    public let productParameters: [String: [String: ParameterValue]]
    /// Values that were fitted to data, of `parameters.yaml`: per product and symbol.
    public internal(set) var fitted: [String: [String: [String: ParameterValue]]] = [:]
    /// Whose contract files define the tables; nil: each product has its own.
    public let sharedContracts: SharedContracts?
    /// Per product: units of the contract that mean something else there.
    public let units: [String: [String: String]]
    /// Where in the file.
    public let line: Int

    /// Contract files that define tables of other products: `equity_taq`, or `bronze.equity_taq` where the tables are of
    /// another layer, too.
    public struct SharedContracts: Sendable, Hashable {
        /// Nil: the layer of the table.
        public let layer: DatasetKey.Layer?
        public let product: String
    }

    /// One input.
    public struct Read: Sendable, Hashable {
        public let source: Source
        public let date: DateRule
        public let symbol: SymbolRule
        /// The stage also runs without it.
        public let isOptional: Bool
        /// The products of the stage that read it; nil: all of them.
        public let products: [String]?
        public let line: Int
    }

    public enum Source: Sendable, Hashable {
        /// Raw files of a schema: `raw.mbo`.
        case raw(schema: String)
        case table(DatasetTemplate)
    }

    /// Which dates of the input a date of the output needs.
    public enum DateRule: String, Sendable, Hashable, CaseIterable {
        case same
        /// The last date before it that has a partition.
        case priorSession = "prior_session"
        /// It and all earlier ones.
        case untilDate = "until_date"
    }

    /// Which symbols of the input a symbol of the output needs.
    public enum SymbolRule: String, Sendable, Hashable, CaseIterable {
        case same
        /// All contracts of the root.
        case contracts
        /// The root of the contract.
        case root
        /// The market as a whole, whatever is asked for.
        case spy = "SPY"
    }

    /// The inputs of one product, in the order of the file.
    public func reads(for product: String) -> [Read] {
        reads.filter { $0.products?.contains(product) ?? true }
    }

    /// The defaults of one product.
    public func parameters(for product: String) -> [String: ParameterValue] {
        parameters.merging(productParameters[product] ?? [:]) { _, own in own }
    }

    /// What holds for one product and the symbol that fitted values are kept by, a root or ticker: the fitted values
    /// where there are some, else the defaults.
    public func parameters(for product: String, family: String) -> [String: ParameterValue] {
        parameters(for: product).merging(fitted[product]?[family] ?? [:]) { _, fitted in fitted }
    }

    public func writes(for product: String) -> [DatasetKey] { writes.map { $0.dataset(for: product) } }

    /// The contract of an output.
    ///
    /// - Precondition: `dataset` is an output of this stage; the registry was checked against `contracts`.
    public func contract(of dataset: DatasetKey, in contracts: ContractSet) -> Contract? {
        contracts[contractDataset(of: dataset)]?.renamed(as: dataset)
            .substituting(units: units[dataset.product] ?? [:])
    }

    /// The dataset whose contract file defines `dataset`.
    public func contractDataset(of dataset: DatasetKey) -> DatasetKey {
        guard let shared = sharedContracts else { return dataset }
        return DatasetKey(layer: shared.layer ?? dataset.layer, product: shared.product, table: dataset.table)
            ?? dataset
    }
}

/// A dataset with or without a gap for the product: `silver.{product}.book_snapshot_1s`.
public struct DatasetTemplate: Sendable, Hashable {
    public let layer: DatasetKey.Layer
    public let table: String
    /// Nil where the text says `{product}`.
    public let product: String?

    /// Nil when this is not a dataset for any product.
    init?(parsing text: String) {
        let words = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard words.count == 3 else { return nil }
        let product = words[1] == "{product}" ? nil : words[1]
        guard let key = DatasetKey(parsing: "\(words[0]).\(product ?? "product").\(words[2])") else {
            return nil
        }
        self.layer = key.layer
        self.table = key.table
        self.product = product
    }

    /// - Precondition: `product` is a word, as the products of a registry are.
    public func dataset(for product: String) -> DatasetKey {
        DatasetKey(layer: layer, product: self.product ?? product, table: table)!
    }
}

extension DatasetTemplate: CustomStringConvertible {
    public var description: String { "\(layer.rawValue).\(product ?? "{product}").\(table)" }
}
