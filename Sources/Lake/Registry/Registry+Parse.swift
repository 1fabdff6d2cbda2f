import Contracts

extension Registry {
    /// Reads and checks a registry.
    ///
    /// - Parameters:
    ///   - path: the file; also its name in messages.
    ///   - contracts: every dataset that is written or read must have one.
    /// - Throws: the first error in the order of the file, with its line.
    public init(path: String, contracts: ContractSet) throws(RegistryError) {
        let bytes: [UInt8]
        do {
            bytes = try FileSystem.read(path, atMost: YAMLNode.maximumBytes)
        } catch {
            throw RegistryError(.unreadable, file: path, line: 1, error.reason)
        }
        try self.init(parsing: bytes, file: path, contracts: contracts)
        try fit(FittedParameters(path: FittedParameters.path(besideRegistry: path)))
    }

    public init(parsing bytes: [UInt8], file: String, contracts: ContractSet) throws(RegistryError) {
        let top = try YAMLMapping(YAMLNode.parse(bytes, file: file), file: file, place: "the registry")
        try top.require(keys: ["version", "lake_root", "roots", "stages"])
        let version = try top.value("version")
        guard try version.integer() == Registry.version else {
            throw version.error(.invalidValue, "this tarn reads version \(Registry.version)")
        }
        let lakeRoot = try top.value("lake_root")
        guard case let directory = try lakeRoot.text(), !directory.isEmpty, !directory.utf8.contains(0) else {
            throw lakeRoot.error(.invalidValue, "lake_root must be a path")
        }
        var roots: [String: Root] = [:]
        for (key, value) in try top.value("roots").mapping("a root").members {
            roots[key.text] = try Root(value.mapping("root \(key.text)"), symbol: key)
        }
        var stages: [StageDeclaration] = []
        for (key, value) in try top.value("stages").mapping("a stage").members {
            stages.append(try StageDeclaration(name: key, value.mapping("stage \(key.text)")))
        }
        let graph = StageGraph(file: file, stages)
        let writers = try graph.writers(contracts)
        try graph.checkReads(writers, contracts)
        let ordered = try graph.ordered(writers)
        let positions = Dictionary(uniqueKeysWithValues: ordered.enumerated().map { ($1.name, $0) })
        self.init(
            file: file, lakeRoot: directory, roots: roots, stages: ordered,
            writers: writers.mapValues { positions[stages[$0].name]! })
    }
}

extension Registry.Root {
    fileprivate init(_ mapping: YAMLMapping, symbol: YAMLNode.Key) throws(RegistryError) {
        guard (1...6).contains(symbol.text.utf8.count),
            symbol.text.utf8.allSatisfy({ PathComponent.isUnreserved($0) && !(97...122).contains($0) })
        else {
            throw mapping.error(.invalidValue, symbol.line, "'\(symbol.text)' is no root symbol, such as ES")
        }
        try mapping.require(keys: ["q"])
        let step = try mapping.value("q")
        guard let value = nanos(try step.text()), value > 0, value < 1 << 61 else {
            throw step.error(
                .invalidValue, "q must be a positive decimal number with at most 9 digits behind the point")
        }
        self.init(latticeStep: value)
    }
}

/// A decimal number as an integer in units of 1e-9, without a detour by floating point; nil for anything else.
package func nanos(_ text: String) -> Int64? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), !parts[0].isEmpty, parts.count == 1 || !parts[1].isEmpty else {
        return nil
    }
    let fraction = parts.count == 2 ? parts[1].utf8.count : 0
    guard fraction <= 9, text.utf8.count <= 20 else { return nil }
    var value: Int64 = 0
    for byte in Array(parts.joined().utf8) + Array(repeating: UInt8(ascii: "0"), count: 9 - fraction) {
        guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
        let (product, overflow) = value.multipliedReportingOverflow(by: 10)
        let (sum, carry) = product.addingReportingOverflow(Int64(byte - UInt8(ascii: "0")))
        if overflow || carry { return nil }
        value = sum
    }
    return value
}

// MARK: - Stages

extension StageDeclaration {
    fileprivate init(name: YAMLNode.Key, _ mapping: YAMLMapping) throws(RegistryError) {
        guard isWord(name.text) else {
            throw mapping.error(.invalidValue, name.line, "'\(name.text)' must be a word of a–z, 0–9 and _")
        }
        try mapping.require(
            keys: ["products", "revision", "writes"],
            optional: ["reads", "parameters", "product_parameters", "contracts", "units"])
        self.name = name.text
        self.line = name.line
        self.products = try Self.products(mapping)
        let revision = try mapping.value("revision")
        guard case let number = try revision.integer(), (1...1_000_000).contains(number) else {
            throw revision.error(.invalidValue, "a revision counts from 1")
        }
        self.revision = number
        var reads: [Read] = []
        for element in try mapping.optional("reads")?.list() ?? [] {
            reads.append(try Read(element, of: products))
        }
        self.reads = reads
        var writes: [DatasetTemplate] = []
        let outputs = try mapping.value("writes").list()
        for element in outputs { writes.append(try element.template()) }
        guard !writes.isEmpty else {
            throw mapping.error(.invalidValue, name.line, "the stage '\(name.text)' writes nothing")
        }
        self.writes = writes
        self.writeLines = outputs.map(\.node.line)
        self.parameters = try Self.parameters(mapping)
        self.productParameters = try Self.productParameters(mapping, products: products, known: parameters)
        if let shared = mapping.optional("contracts") {
            guard let contracts = SharedContracts(parsing: try shared.text()) else {
                throw shared.error(
                    .invalidValue, "contracts must name a product, or a layer and a product (bronze.equity_taq)")
            }
            self.sharedContracts = contracts
        } else {
            self.sharedContracts = nil
        }
        self.units = try Self.units(mapping, products: products)
    }

    private static func parameters(_ mapping: YAMLMapping) throws(RegistryError) -> [String: ParameterValue] {
        var parameters: [String: ParameterValue] = [:]
        for (key, value) in try mapping.optional("parameters")?.mapping("parameters").members ?? [] {
            guard isWord(key.text) else {
                throw mapping.error(.invalidValue, key.line, "'\(key.text)' must be a word of a–z, 0–9 and _")
            }
            parameters[key.text] = try value.parameter()
        }
        return parameters
    }

    private static func productParameters(
        _ mapping: YAMLMapping, products: [String], known: [String: ParameterValue]
    ) throws(RegistryError) -> [String: [String: ParameterValue]] {
        var parameters: [String: [String: ParameterValue]] = [:]
        for (product, values) in try mapping.optional("product_parameters")?.mapping("products").members ?? [] {
            guard products.contains(product.text) else {
                throw mapping.error(
                    .invalidValue, product.line, "'\(product.text)' is no product of this stage")
            }
            for (key, value) in try values.mapping("parameters").members {
                guard known[key.text] != nil else {
                    throw mapping.error(
                        .invalidValue, key.line, "'\(key.text)' is no parameter of this stage")
                }
                parameters[product.text, default: [:]][key.text] = try value.parameter()
            }
        }
        return parameters
    }

    private static func products(_ mapping: YAMLMapping) throws(RegistryError) -> [String] {
        let value = try mapping.value("products")
        var products: [String] = []
        for element in try value.list() {
            guard case let product = try element.text(), isWord(product) else {
                throw element.error(.invalidValue, "a product is a word of a–z, 0–9 and _")
            }
            guard !products.contains(product) else {
                throw element.error(.duplicateKey, "'\(product)' comes twice")
            }
            products.append(product)
        }
        guard !products.isEmpty else { throw value.error(.invalidValue, "a stage needs a product") }
        return products
    }

    private static func units(
        _ mapping: YAMLMapping, products: [String]
    ) throws(RegistryError) -> [String: [String: String]] {
        var units: [String: [String: String]] = [:]
        for (product, value) in try mapping.optional("units")?.mapping("units").members ?? [] {
            guard products.contains(product.text) else {
                throw mapping.error(
                    .invalidValue, product.line, "'\(product.text)' is no product of this stage")
            }
            for (unit, replacement) in try value.mapping("units").members {
                units[product.text, default: [:]][unit.text] = try replacement.text()
            }
        }
        return units
    }
}

extension StageDeclaration.SharedContracts {
    /// `equity_taq` or `bronze.equity_taq`; nil for anything else.
    fileprivate init?(parsing text: String) {
        let words = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        switch words.count {
        case 1: layer = nil
        case 2:
            guard let named = DatasetKey.Layer(rawValue: words[0]) else { return nil }
            layer = named
        default: return nil
        }
        product = words[words.count - 1]
        guard isWord(product) else { return nil }
    }
}

extension StageDeclaration.Read {
    /// `bronze.{product}.mbo`, or `{dataset: …, at: prior_session, symbol: root, optional: true, products: […]}`.
    fileprivate init(_ value: YAMLValue, of stageProducts: [String]) throws(RegistryError) {
        line = value.node.line
        guard case .mapping = value.node.content else {
            source = try value.source()
            date = .same
            symbol = .same
            isOptional = false
            products = nil
            return
        }
        let mapping = try value.mapping("an input")
        try mapping.require(keys: ["dataset"], optional: ["at", "symbol", "optional", "products"])
        source = try mapping.value("dataset").source()
        date = try mapping.optional("at")?.choice() ?? .same
        symbol = try mapping.optional("symbol")?.choice() ?? .same
        isOptional = try mapping.optional("optional")?.boolean() ?? false
        var products: [String]?
        if let value = mapping.optional("products") {
            products = []
            for element in try value.list() {
                guard case let product = try element.text(), stageProducts.contains(product) else {
                    throw element.error(.invalidValue, "an input is for products of its stage")
                }
                products?.append(product)
            }
        }
        self.products = products
    }
}

/// A word as datasets and parameters have them.
private func isWord(_ text: String) -> Bool {
    DatasetKey(layer: .bronze, product: text, table: "table") != nil
}

// MARK: - Datasets

extension YAMLValue {
    fileprivate func template() throws(RegistryError) -> DatasetTemplate {
        let text = try text()
        guard let template = DatasetTemplate(parsing: text) else {
            throw error(
                .unknownDataset,
                "'\(text)' is no dataset; expected <layer>.{product}.<table>, layer ref, bronze, silver or gold")
        }
        return template
    }

    fileprivate func source() throws(RegistryError) -> StageDeclaration.Source {
        let text = try text()
        guard text.hasPrefix("raw.") else { return .table(try template()) }
        let schema = String(text.dropFirst(4))
        guard PathComponent.encode(schema) == schema else {
            throw error(.unknownDataset, "'\(text)' names no schema")
        }
        return .raw(schema: schema)
    }
}
