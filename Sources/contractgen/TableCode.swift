import Columnar
import Contracts

/// The Swift text of the table types. One type per shape: the first record of a shape (in the order of the
/// datasets) becomes the struct, other records of the same shape become type aliases, and contracts that
/// share a record share the type. Every statement has explicit types, because the type checker's time counts.
enum TableCode {
    /// The text for each contract, in the order given.
    static func files(for contracts: [Contract]) throws(ContractError) -> [(contract: Contract, text: String)] {
        var owners: [String: Contract] = [:]  // by record name
        var types: [Layout: String] = [:]  // record name of the struct
        var result: [(Contract, String)] = []
        for contract in contracts {
            let layout = Layout(contract)
            let header = "// Generated from contracts/\(contract.dataset.path).avsc.\n"
            if let owner = owners[contract.name] {
                guard Layout(owner) == layout else {
                    throw ContractError(
                        .duplicate, file: "\(contract.dataset.path).avsc", place: "name",
                        "\(owner.dataset.path).avsc defines a record \(contract.name) with other columns: one of the two needs another name"
                    )
                }
                result.append(
                    (contract, header + "// \(contract.name) is generated from \(owner.dataset.path).avsc.\n")
                )
                continue
            }
            owners[contract.name] = contract
            if let type = types[layout] {
                result.append(
                    (
                        contract,
                        header
                            + "\n/// The same columns as `\(type)`.\npublic typealias \(contract.name) = \(type)\n"
                    ))
            } else {
                types[layout] = contract.name
                result.append((contract, header + (try TableType(contract).text)))
            }
        }
        return result
    }

    /// What the generated type depends on.
    private struct Layout: Hashable {
        let shape: Shape
        let enumNames: [String?]

        init(_ contract: Contract) {
            shape = contract.shape
            enumNames = contract.fields.map(\.enumName)
        }
    }

    static func fingerprints(of contracts: [Contract]) -> String {
        var text = """
            // Generated from contracts/.

            /// The contracts that this program was built with. A contract file whose fingerprint differs at
            /// start was changed after the build.
            public enum CompiledContracts {
                /// Fingerprint of each contract file, by its path without the suffix:
                /// `bronze/future_mbo/mbo`.
                public static let fingerprints: [String: String] = [

            """
        for contract in contracts {
            text += "        \"\(contract.dataset.path)\": \"\(contract.fingerprint)\",\n"
        }
        if contracts.isEmpty { text += "        :\n" }
        return text + "    ]\n}\n"
    }
}

/// The Swift type of one shape.
private struct TableType {
    let contract: Contract
    let columns: [ColumnCode]
    let enums: [EnumCode]

    init(_ contract: Contract) throws(ContractError) {
        self.contract = contract
        columns = contract.fields.map { ColumnCode($0) }
        enums = EnumCode.distinct(in: contract)
        try requireDistinctNames()
    }

    /// Column names that differ may give the same Swift name; that is the contract's fault.
    private func requireDistinctNames() throws(ContractError) {
        var names: [String: String] = [:]
        for column in columns {
            if let other = names.updateValue(column.name, forKey: column.property) {
                throw clash(
                    "column \(column.name)",
                    "the columns \(other) and \(column.name) are both \(column.property) in Swift")
            }
        }
        for symbols in enums {
            guard !["Row", "Columns"].contains(symbols.name) else {
                throw clash("enum \(symbols.name)", "the name is taken in the generated type")
            }
            var cases: [String: String] = [:]
            for symbol in symbols.symbols {
                if let other = cases.updateValue(symbol, forKey: swiftName(symbol)) {
                    throw clash(
                        "enum \(symbols.name)",
                        "the symbols \(other) and \(symbol) are both \(swiftName(symbol)) in Swift")
                }
            }
        }
    }

    private func clash(_ place: String, _ reason: String) -> ContractError {
        ContractError(.illegalName, file: "\(contract.dataset.path).avsc", place: place, reason)
    }

    var text: String {
        """
        import Columnar

        /// Rows of `\(contract.name)` in memory, column by column.
        public struct \(contract.name): ~Copyable, RowTable {
        \(lines(columns, 1) { "public var \($0.property): \($0.storage) = \($0.storage)()" })

            public init() {}

            /// Number of rows.
            public var count: Int { \(columns[0].property).count }

            /// The columns by position.
            public enum Columns: Int, CaseIterable, Sendable {
        \(lines(columns, 2) { "case \($0.property)" })

                /// As the contract spells it.
                public var name: String { \(contract.name).shape.columns[rawValue].name }
            }
        \(enums.map(\.text).joined())
            /// One row.
            public struct Row: Equatable, Sendable {
        \(lines(columns, 2) { "public var \($0.property): \($0.element)" })

                public init(
        \(columns.map { "            \($0.property): \($0.element)" }.joined(separator: ",\n"))
                ) {
        \(lines(columns, 3) { "self.\($0.property) = \($0.property)" })
                }
            }

            public static let shape: Shape = Shape([
        \(lines(columns, 2) { "\($0.definition)," })
            ])

            public mutating func append(_ row: Row) {
        \(lines(columns, 2) { "\($0.property).append(row.\($0.property))" })
            }

            public subscript(row: Int) -> Row {
                Row(
        \(columns.map { "            \($0.property): \($0.property)[row]" }.joined(separator: ",\n")))
            }

            public mutating func removeAll() {
        \(lines(columns, 2) { "\($0.property).removeAll()" })
            }

            public borrowing func withViews<R, E: Error>(_ body: ([ColumnView]) throws(E) -> R) throws(E) -> R {
                try body(views())
            }

            private borrowing func views() -> [ColumnView] {
                var views: [ColumnView] = []
                views.reserveCapacity(\(columns.count))
        \(lines(columns, 2) { "views.append(lend(\($0.property)))" })
                return views
            }

            public mutating func append(_ view: ColumnView, toColumn index: Int) {
                switch index {
        \(lines(Array(columns.enumerated()), 2) { "case \($0.offset): \($0.element.property).append(view)" })
                default: preconditionFailure("\(contract.name) has \(columns.count) columns")
                }
            }
        }

        """
    }
}

private func lines<Item>(_ items: [Item], _ indent: Int, _ line: (Item) -> String) -> String {
    items.map { String(repeating: "    ", count: indent) + line($0) }.joined(separator: "\n")
}

/// The Swift text of one column.
private struct ColumnCode {
    let name: String
    /// The Swift name, escaped where it is a keyword.
    let property: String
    let storage: String
    let element: String
    let definition: String

    init(_ field: Contract.Field) {
        name = field.name
        property = swiftName(field.name)
        let mark = field.isNullable ? "?" : ""
        let prefix = field.isNullable ? "Optional" : ""
        switch field.type {
        case .string:
            element = "String\(mark)"
            storage = "\(prefix)StringColumn"
        case .symbols:
            let type = field.enumName ?? ""
            element = "\(type)\(mark)"
            storage = "\(prefix)SymbolColumn<\(type)>"
        case .boolean, .int32, .int64, .double, .date, .timestampMillis, .timestampNanos:
            element = "\(plainType(field.type))\(mark)"
            storage = "\(prefix)Column<\(plainType(field.type))>"
        }
        let nullable = field.isNullable ? ", isNullable: true" : ""
        definition = "ColumnDefinition(\"\(field.name)\", \(definedType(field))\(nullable))"
    }
}

private func plainType(_ type: ColumnType) -> String {
    switch type {
    case .boolean: "Bool"
    case .int32, .date: "Int32"
    case .double: "Double"
    default: "Int64"
    }
}

private func definedType(_ field: Contract.Field) -> String {
    switch field.type {
    case .boolean: "ColumnType.boolean"
    case .int32: "ColumnType.int32"
    case .int64: "ColumnType.int64"
    case .double: "ColumnType.double"
    case .string: "ColumnType.string"
    case .date: "ColumnType.date"
    case .timestampMillis: "ColumnType.timestampMillis"
    case .timestampNanos: "ColumnType.timestampNanos"
    case .symbols: "ColumnType.symbols(\(field.enumName ?? "").symbols)"
    }
}

/// The Swift text of one enum.
private struct EnumCode {
    let name: String
    let symbols: [String]

    /// The enums of a contract, each once, in the order of the columns.
    static func distinct(in contract: Contract) -> [EnumCode] {
        var result: [EnumCode] = []
        for field in contract.fields {
            guard case .symbols(let symbols) = field.type, let name = field.enumName else { continue }
            if !result.contains(where: { $0.name == name }) {
                result.append(EnumCode(name: name, symbols: symbols))
            }
        }
        return result
    }

    var text: String {
        """

            public enum \(name): UInt8, ColumnSymbol, CaseIterable {
        \(lines(symbols, 2) { "case \(swiftName($0))" })

                public static let symbols: [String] = [
        \(lines(symbols, 3) { "\"\($0)\"," })
                ]
            }

        """
    }
}
