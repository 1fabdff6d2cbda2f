import Columnar
import JSON

extension Contract {
    /// Bounds on what a contract file may hold; the largest of the project are a tenth of these.
    public static let maximumFileBytes = 1 << 20
    public static let maximumColumns = 1024
    public static let maximumSymbols = 256

    /// Parses a contract file.
    ///
    /// - Parameter file: path of the file for messages; its last component is `<table>.avsc`.
    /// - Parameter bytes: of the file, UTF-8.
    /// - Throws: `ContractError` for everything that is not exactly a contract: unknown attributes too, because a
    ///   misspelt rule must not be ignored silently.
    public init(parsing bytes: [UInt8], file: String) throws(ContractError) {
        guard bytes.count <= Self.maximumFileBytes else {
            throw ContractError(.unreadable, file: file, "larger than \(Self.maximumFileBytes) bytes")
        }
        let value: JSONValue
        do { value = try JSONValue(parsing: bytes) } catch {
            throw ContractError(.malformed, file: file, place: "line \(error.line)", error.reason)
        }
        let name = file.utf8.split(separator: UInt8(ascii: "/")).last.map { String(Substring($0)) } ?? ""
        guard name.hasSuffix(".avsc"), DatasetKey.isWord(String(name.dropLast(5))) else {
            throw ContractError(
                .illegalName, file: file,
                "a contract file is named <table>.avsc, in lowercase letters, digits and _")
        }
        try self.init(value, table: String(name.dropLast(5)), file: file)
    }

    /// A contract from its JSON value.
    public init(_ value: JSONValue, table: String, file: String) throws(ContractError) {
        var parser = ContractParser(file: file)
        self = try parser.contract(value, table: table)
    }
}

/// Reads the attributes of one file; `file` and the names defined so far are its state.
struct ContractParser {
    let file: String
    private var namespace = ""
    /// Symbols of the enums that earlier columns define, by full name.
    private var enums: [String: [String]] = [:]

    init(file: String) {
        self.file = file
    }

    mutating func contract(_ value: JSONValue, table: String) throws(ContractError) -> Contract {
        let record = try attributes(
            of: value, at: "",
            known: ["type", "name", "namespace", "version", "doc", "key", "orderBy", "identities", "fields"])
        guard try string(record, "type", at: "") == "record" else {
            throw fail(.unsupportedType, "type", "a contract is a record")
        }
        let (dataset, name) = try identify(record, table: table)
        guard let version = Int(exactly: try integer(record, "version", at: "")), version >= 1,
            version <= 1_000_000
        else { throw fail(.invalidValue, "version", "a version is a whole number from 1") }

        let fields = try fields(required(record, "fields", at: ""))
        let columns = Columns(fields)
        return Contract(
            dataset: dataset, name: name, version: version,
            doc: try optionalString(record, "doc", at: "") ?? "",
            key: try columnList(record, "key", columns), orderBy: try columnList(record, "orderBy", columns),
            identities: try identities(record["identities"], columns), fields: fields)
    }

    /// Dataset and record name, from `name` and `namespace` or from a full name alone.
    private mutating func identify(
        _ record: JSONObject, table: String
    ) throws(ContractError) -> (DatasetKey, String) {
        let stated = try string(record, "name", at: "")
        let parts = stated.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        let name = parts.last ?? ""
        if parts.count > 1 {
            guard record["namespace"] == nil else {
                throw fail(.invalidValue, "namespace", "the name has a namespace already")
            }
            namespace = parts.dropLast().joined(separator: ".")
        } else {
            namespace = try string(record, "namespace", at: "")
        }
        try requireAvroName(name, at: "name")
        let words = namespace.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard words.count == 3, words[0] == "lake", let layer = DatasetKey.Layer(rawValue: words[1]),
            let dataset = DatasetKey(layer: layer, product: words[2], table: table)
        else {
            throw fail(
                .illegalName, "namespace", "expected lake.<layer>.<product>, found \(shown(namespace))")
        }
        return (dataset, name)
    }
}

// MARK: - Columns

extension ContractParser {
    private static let forbiddenColumns: Set<String> = ["product_type", "table", "symbol", "dt"]
    private static let columnAttributes: Set<String> = [
        "name", "type", "default", "doc", "unit", "minimum", "maximum", "exclusiveMinimum",
        "exclusiveMaximum", "alias",
    ]

    private mutating func fields(_ value: JSONValue) throws(ContractError) -> [Contract.Field] {
        guard let list = value.arrayValue, !list.isEmpty else {
            throw fail(.invalidValue, "fields", "expected a list of columns, at least one")
        }
        guard list.count <= Contract.maximumColumns else {
            throw fail(.invalidValue, "fields", "more than \(Contract.maximumColumns) columns")
        }
        var fields: [Contract.Field] = []
        var names: Set<String> = []
        var exportNames: Set<String> = []
        for (index, element) in list.enumerated() {
            let field = try field(element, index: index)
            guard names.insert(field.name).inserted else {
                throw fail(.duplicate, "column \(field.name)", "there is a column of this name already")
            }
            guard exportNames.insert(field.exportName).inserted else {
                throw fail(
                    .duplicate, "column \(field.name), alias", "another column is exported under this name")
            }
            fields.append(field)
        }
        return fields
    }

    private mutating func field(_ value: JSONValue, index: Int) throws(ContractError) -> Contract.Field {
        let anonymous = "column \(index + 1)"
        let attributes = try attributes(of: value, at: anonymous, known: Self.columnAttributes)
        let name = try string(attributes, "name", at: anonymous)
        let place = "column \(shown(name, quoted: false))"
        try requireAvroName(name, at: place)
        guard !Self.forbiddenColumns.contains(name) else {
            throw fail(.illegalName, place, "this name is a partition key of the path")
        }
        let type = try type(required(attributes, "type", at: place), at: "\(place), type")
        let lower = try limit(attributes, "minimum", "exclusiveMinimum", of: type.type, at: place)
        let upper = try limit(attributes, "maximum", "exclusiveMaximum", of: type.type, at: place)
        try requireValues(lower, upper, of: type.type, at: place)
        return Contract.Field(
            name: name, type: type.type, enumName: type.enumName, isNullable: type.isNullable,
            unit: try nonEmpty(attributes, "unit", at: place),
            doc: try optionalString(attributes, "doc", at: place) ?? "",
            lower: lower, upper: upper,
            fallback: try fallback(attributes["default"], type, at: "\(place), default"),
            alias: try nonEmpty(attributes, "alias", at: place))
    }

    private func limit(
        _ attributes: JSONObject, _ inclusive: String, _ exclusive: String, of type: ColumnType,
        at place: String
    ) throws(ContractError) -> Contract.Limit? {
        switch (attributes[inclusive], attributes[exclusive]) {
        case (nil, nil): return nil
        case (let value?, nil):
            return Contract.Limit(
                value: try number(value, of: type, at: "\(place), \(inclusive)"), isExclusive: false)
        case (nil, let value?):
            return Contract.Limit(
                value: try number(value, of: type, at: "\(place), \(exclusive)"), isExclusive: true)
        case (_?, _?): throw fail(.invalidValue, place, "\(inclusive) and \(exclusive) exclude each other")
        }
    }

    /// A number that a column of `type` can hold.
    private func number(
        _ value: JSONValue, of type: ColumnType, at place: String
    ) throws(ContractError) -> Contract.Number {
        switch type {
        case .double:
            guard let real = value.doubleValue else {
                throw fail(.invalidValue, place, "expected a number that a double holds, found \(value.kind)")
            }
            return .real(real == 0 ? 0 : real)
        case .int32, .date, .int64, .timestampMillis, .timestampNanos:
            guard let integer = value.integerValue else {
                throw fail(.invalidValue, place, "expected a whole number, found \(value.kind)")
            }
            let isNarrow = type == .int32 || type == .date
            guard !isNarrow || Int32(exactly: integer) != nil else {
                throw fail(.invalidValue, place, "\(integer) is beyond the column's 32 bits")
            }
            return .integer(integer)
        case .boolean, .string, .symbols:
            throw fail(.invalidValue, place, "a column of this type has no numbers")
        }
    }

    /// A range without values would make every table a violation.
    private func requireValues(
        _ lower: Contract.Limit?, _ upper: Contract.Limit?, of type: ColumnType, at place: String
    ) throws(ContractError) {
        let isEmpty =
            switch type {
            case .double: Contract.Limit.reals(lower, upper) == nil
            case .int32, .date: Contract.Limit.integers(lower, upper)?.overlaps(Contract.Limit.narrow) != true
            default: Contract.Limit.integers(lower, upper) == nil
            }
        if isEmpty { throw fail(.invalidValue, place, "no value is within the limits") }
    }

    private func fallback(
        _ value: JSONValue?, _ type: ParsedType, at place: String
    ) throws(ContractError) -> Contract.Default? {
        guard let value else { return nil }
        if type.isNullable {
            guard value.isNull else {
                throw fail(
                    .invalidValue, place, "the default of a nullable column is null, the first of its types")
            }
            return .null
        }
        switch type.type {
        case .boolean:
            if let flag = value.boolValue { return .boolean(flag) }
        case .string:
            if let text = value.stringValue { return .text(text) }
        case .symbols(let symbols):
            if let text = value.stringValue, symbols.contains(text) { return .text(text) }
        default: return .number(try number(value, of: type.type, at: place))
        }
        throw fail(.invalidValue, place, "not a value of the column")
    }
}

// MARK: - Types

private struct ParsedType {
    var type: ColumnType
    var enumName: String?
    var isNullable = false
}

extension ContractParser {
    private mutating func type(_ value: JSONValue, at place: String) throws(ContractError) -> ParsedType {
        guard let union = value.arrayValue else { return try plainType(value, at: place) }
        guard union.count == 2, union[0].stringValue == "null", union[1].arrayValue == nil else {
            throw fail(.unsupportedType, place, "the only union is [\"null\", type], in this order")
        }
        var type = try plainType(union[1], at: place)
        type.isNullable = true
        return type
    }

    private mutating func plainType(_ value: JSONValue, at place: String) throws(ContractError) -> ParsedType {
        if let name = value.stringValue { return try namedType(name, at: place) }
        guard let object = value.objectValue else {
            throw fail(.unsupportedType, place, "expected a type, found \(value.kind)")
        }
        let kind = try string(object, "type", at: place)
        if kind == "enum" { return try enumeration(object, at: place) }
        _ = try attributes(of: value, at: place, known: ["type", "logicalType"])
        let base = try namedType(kind, at: place)
        guard let logical = try optionalString(object, "logicalType", at: place) else { return base }
        switch (base.type, logical) {
        case (.int32, "date"): return ParsedType(type: .date)
        case (.int64, "timestamp-millis"): return ParsedType(type: .timestampMillis)
        case (.int64, "timestamp-nanos"): return ParsedType(type: .timestampNanos)
        default:
            throw fail(.unsupportedType, place, "no logical type \(shown(logical)) of \(shown(kind))")
        }
    }

    private func namedType(_ name: String, at place: String) throws(ContractError) -> ParsedType {
        switch name {
        case "boolean": return ParsedType(type: .boolean)
        case "int": return ParsedType(type: .int32)
        case "long": return ParsedType(type: .int64)
        case "double": return ParsedType(type: .double)
        case "string": return ParsedType(type: .string)
        default:
            let fullName = name.utf8.contains(UInt8(ascii: ".")) ? name : "\(namespace).\(name)"
            guard let symbols = enums[fullName] else {
                throw fail(
                    .unsupportedType, place,
                    "\(shown(name)) is not one of boolean, int, long, double, string, nor an enum of an earlier column"
                )
            }
            return ParsedType(
                type: .symbols(symbols), enumName: String(fullName.dropFirst(namespace.count + 1)))
        }
    }

    private mutating func enumeration(
        _ object: JSONObject, at place: String
    ) throws(ContractError) -> ParsedType {
        _ = try attributes(of: .object(object), at: place, known: ["type", "name", "symbols", "doc"])
        _ = try optionalString(object, "doc", at: place)
        var name = try string(object, "name", at: place)
        if name.hasPrefix(namespace + ".") { name = String(name.dropFirst(namespace.count + 1)) }
        try requireAvroName(name, at: place)
        guard let list = try required(object, "symbols", at: place).arrayValue, !list.isEmpty else {
            throw fail(.invalidValue, place, "expected a list of symbols, at least one")
        }
        guard list.count <= Contract.maximumSymbols else {
            throw fail(.invalidValue, place, "more than \(Contract.maximumSymbols) symbols")
        }
        var symbols: [String] = []
        var seen: Set<String> = []
        for element in list {
            guard let symbol = element.stringValue else {
                throw fail(.invalidValue, place, "a symbol is a string, found \(element.kind)")
            }
            try requireAvroName(symbol, at: "\(place), symbol")
            guard seen.insert(symbol).inserted else {
                throw fail(.duplicate, place, "symbol \(symbol) comes twice")
            }
            symbols.append(symbol)
        }
        guard enums.updateValue(symbols, forKey: "\(namespace).\(name)") == nil else {
            throw fail(
                .duplicate, place,
                "\(name) is defined already; name the enum differently or refer to it by name")
        }
        return ParsedType(type: .symbols(symbols), enumName: name)
    }
}

// MARK: - Rules across columns

/// The columns by name, for the rules that refer to them.
private struct Columns {
    private var byName: [String: Contract.Field] = [:]

    init(_ fields: [Contract.Field]) {
        for field in fields { byName[field.name] = field }
    }

    subscript(name: String) -> Contract.Field? { byName[name] }
}

extension ContractParser {
    private func columnList(
        _ record: JSONObject, _ attribute: String, _ columns: Columns
    ) throws(ContractError) -> [String] {
        guard let list = try required(record, attribute, at: "").arrayValue, !list.isEmpty else {
            throw fail(.invalidValue, attribute, "expected a list of column names, at least one")
        }
        var names: [String] = []
        for element in list {
            guard let name = element.stringValue else {
                throw fail(.invalidValue, attribute, "expected a column name, found \(element.kind)")
            }
            let column = try column(name, columns, at: attribute)
            guard column.type != .double else {
                throw fail(
                    .invalidValue, attribute, "\(name) is a double: equality of doubles identifies nothing")
            }
            guard !names.contains(name) else { throw fail(.duplicate, attribute, "\(name) comes twice") }
            names.append(name)
        }
        return names
    }

    /// A column without nulls.
    private func column(
        _ name: String, _ columns: Columns, at place: String
    ) throws(ContractError) -> Contract.Field {
        guard let column = columns[name] else {
            throw fail(.unknownColumn, place, "there is no column \(shown(name))")
        }
        guard !column.isNullable else { throw fail(.invalidValue, place, "column \(name) is nullable") }
        return column
    }

    private func identities(
        _ value: JSONValue?, _ columns: Columns
    ) throws(ContractError) -> [Contract.Identity] {
        guard let value else { return [] }
        guard let list = value.arrayValue, list.count <= Contract.maximumColumns else {
            throw fail(.invalidValue, "identities", "expected a list of identities")
        }
        var result: [Contract.Identity] = []
        for (index, element) in list.enumerated() {
            result.append(try identity(element, columns, at: "identity \(index + 1)"))
        }
        return result
    }

    private func identity(
        _ value: JSONValue, _ columns: Columns, at place: String
    ) throws(ContractError) -> Contract.Identity {
        let attributes = try attributes(of: value, at: place, known: ["sum", "equals", "where", "tolerance"])
        let terms = try terms(required(attributes, "sum", at: place), columns, at: "\(place), sum")
        let equals = try numericColumn(
            string(attributes, "equals", at: place), columns, at: "\(place), equals")
        let condition = try optionalString(attributes, "where", at: place)
        if let condition {
            guard try column(condition, columns, at: "\(place), where").type == .boolean else {
                throw fail(.invalidValue, "\(place), where", "\(condition) is not a boolean column")
            }
        }
        guard let tolerance = try required(attributes, "tolerance", at: place).doubleValue, tolerance >= 0
        else {
            throw fail(.invalidValue, "\(place), tolerance", "expected a number from 0")
        }
        let involved = terms.compactMap { columns[$0.column] } + [equals]
        return Contract.Identity(
            terms: terms, equals: equals.name, condition: condition,
            tolerance: tolerance == 0 ? 0 : tolerance,
            isExact: involved.allSatisfy { $0.type != .double }
                && terms.allSatisfy { Int64(exactly: $0.factor) != nil })
    }

    private func terms(
        _ value: JSONValue, _ columns: Columns, at place: String
    ) throws(ContractError) -> [Contract.Identity.Term] {
        guard let list = value.arrayValue, !list.isEmpty, list.count <= Contract.maximumColumns else {
            throw fail(.invalidValue, place, "expected a list of [column, factor], at least one")
        }
        var terms: [Contract.Identity.Term] = []
        for element in list {
            guard let pair = element.arrayValue, pair.count == 2, let name = pair[0].stringValue,
                let factor = pair[1].doubleValue, factor != 0,
                factor.magnitude <= Contract.Identity.maximumFactor
            else {
                throw fail(
                    .invalidValue, place, "expected [column, factor] with a factor other than 0, at most 2^53"
                )
            }
            let column = try numericColumn(name, columns, at: place)
            terms.append(Contract.Identity.Term(column: column.name, factor: factor))
        }
        return terms
    }

    private func numericColumn(
        _ name: String, _ columns: Columns, at place: String
    ) throws(ContractError) -> Contract.Field {
        let column = try column(name, columns, at: place)
        switch column.type {
        case .int32, .int64, .double, .date, .timestampMillis, .timestampNanos: return column
        case .boolean, .string, .symbols: throw fail(.invalidValue, place, "column \(name) has no numbers")
        }
    }
}
