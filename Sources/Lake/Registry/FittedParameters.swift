import Glibc

/// `parameters.yaml` beside the registry: values of parameters that were fitted to data, by stage, product and
/// root or ticker. They take the place of the registry's defaults, and the command line takes theirs.
///
///     version: 1
///     stages:
///       gold_forecast:
///         future_mbo:
///           ES:
///             values: {beta: 0.81, gamma: 0.27}
///             fitted: {dates: [2026-03-02, 2026-03-03], windows: 21594}
public struct FittedParameters: Sendable, Hashable {
    /// In ascending order of stage, product and symbol, each once.
    public private(set) var entries: [Entry]

    /// The values of one stage for one product and symbol.
    public struct Entry: Sendable, Hashable {
        public let stage: String
        public let product: String
        /// A root or ticker.
        public let symbol: String
        /// By parameter.
        public let values: [String: ParameterValue]
        /// What they were fitted to, for readers: by name.
        public let basis: [String: ParameterValue]
        private let file: String
        private let line: Int

        public init(
            stage: String, product: String, symbol: String, values: [String: ParameterValue],
            basis: [String: ParameterValue]
        ) {
            self.init(
                stage: stage, product: product, symbol: symbol, values: values, basis: basis, file: "", line: 0)
        }

        fileprivate init(
            stage: String, product: String, symbol: String, values: [String: ParameterValue],
            basis: [String: ParameterValue], file: String, line: Int
        ) {
            self.stage = stage
            self.product = product
            self.symbol = symbol
            self.values = values
            self.basis = basis
            self.file = file
            self.line = line
        }

        func error(_ kind: RegistryError.Kind, _ reason: String) -> RegistryError {
            RegistryError(kind, file: file, line: line, reason)
        }

        fileprivate var place: [String] { [stage, product, symbol] }
    }

    /// The layout of the file that this code reads and writes.
    private static let version = 1

    /// The file's path.
    public static func path(besideRegistry registry: String) -> String {
        let folder = registry.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        return (folder.map(String.init) + ["parameters.yaml"]).joined(separator: "/")
    }

    /// Reads the file; where there is none nothing was fitted.
    public init(path: String) throws(RegistryError) {
        let bytes: [UInt8]
        do {
            bytes = try FileSystem.read(path, atMost: YAMLNode.maximumBytes)
        } catch .system(let failure) where failure.code == ENOENT {
            self.init(entries: [])
            return
        } catch {
            throw RegistryError(.unreadable, file: path, line: 1, error.reason)
        }
        try self.init(parsing: bytes, file: path)
    }

    public init(parsing bytes: [UInt8], file: String) throws(RegistryError) {
        let top = try YAMLMapping(YAMLNode.parse(bytes, file: file), file: file, place: "the fitted parameters")
        try top.require(keys: ["version", "stages"])
        let version = try top.value("version")
        guard try version.integer() == FittedParameters.version else {
            throw version.error(.invalidValue, "this tarn reads version \(FittedParameters.version)")
        }
        var entries: [Entry] = []
        for (stage, products) in try top.value("stages").mapping("a stage").members {
            for (product, symbols) in try products.mapping("stage \(stage.text)").members {
                for (symbol, value) in try symbols.mapping("product \(product.text)").members {
                    let mapping = try value.mapping("symbol \(symbol.text)")
                    try mapping.require(keys: ["values"], optional: ["fitted"])
                    entries.append(
                        Entry(
                            stage: stage.text, product: product.text, symbol: symbol.text,
                            values: try FittedParameters.values(mapping.value("values")),
                            basis: try mapping.optional("fitted").map(FittedParameters.values) ?? [:],
                            file: file, line: symbol.line))
                }
            }
        }
        self.init(entries: entries)
        sort()
    }

    private init(entries: [Entry]) {
        self.entries = entries
    }

    private static func values(_ value: YAMLValue) throws(RegistryError) -> [String: ParameterValue] {
        var values: [String: ParameterValue] = [:]
        for (key, value) in try value.mapping("values").members { values[key.text] = try value.parameter() }
        return values
    }

    /// Puts an entry in the place of the one of the same stage, product and symbol.
    public mutating func set(_ entry: Entry) {
        entries.removeAll { $0.place == entry.place }
        entries.append(entry)
        sort()
    }

    private mutating func sort() {
        entries.sort { a, b in
            for (left, right) in zip(a.place, b.place) where left != right {
                return left.utf8.lexicographicallyPrecedes(right.utf8)
            }
            return false
        }
    }

    /// The text of the file.
    public var serialized: String {
        var text = """
            # Values fitted to data, which take the place of the defaults in datasets.yaml; --set takes theirs.
            # Written by 'tarn fit-forecast'.
            version: \(FittedParameters.version)
            stages:\(entries.isEmpty ? " {}" : "")

            """
        var last: Entry?
        for entry in entries {
            if entry.stage != last?.stage { text += "  \(entry.stage):\n" }
            if entry.stage != last?.stage || entry.product != last?.product { text += "    \(entry.product):\n" }
            text += "      \(quoted(entry.symbol)):\n        values: \(flow(entry.values))\n"
            if !entry.basis.isEmpty { text += "        fitted: \(flow(entry.basis))\n" }
            last = entry
        }
        return text
    }
}

/// A mapping on one line, keys ascending.
private func flow(_ values: [String: ParameterValue]) -> String {
    let members = values.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    return "{" + members.map { "\($0.key): \(text($0.value))" }.joined(separator: ", ") + "}"
}

private func text(_ value: ParameterValue) -> String {
    switch value {
    case .null, .boolean, .integer: "\(value)"
    case .text(let text): quoted(text)
    case .list(let texts): "[" + texts.map(quoted).joined(separator: ", ") + "]"
    }
}

/// Text of any kind as a YAML scalar that reads as text.
private func quoted(_ text: String) -> String {
    let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    return "\"\(escaped)\""
}
