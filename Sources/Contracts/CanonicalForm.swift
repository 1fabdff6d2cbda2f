import Columnar
import JSON

/// The text whose SHA-256 is a contract's fingerprint: everything that readers of a table can rely on, and no
/// prose. It is itself a contract that the parser accepts, which is how `contracts.lock` keeps released
/// versions.
///
/// It is Avro's parsing canonical form (attributes in the order name, type, fields, symbols; full names; no
/// blanks; plain types as bare strings; `doc` dropped) with our rules kept after the attributes of Avro:
///
///     record   {"name":"lake.<layer>.<product>.<Record>","type":"record","fields":[…],"version":1,
///               "key":[…],"orderBy":[…],"identities":[…]}             identities only when there are any
///     column   {"name":…,"type":…,"default":…,"unit":…,"minimum":…,"maximum":…,"exclusiveMinimum":…,
///               "exclusiveMaximum":…,"alias":…}                       each only when present
///     type     "long" · {"type":"long","logicalType":"timestamp-nanos"} · ["null",<type>] ·
///              {"name":"lake.<layer>.<product>.<Enum>","type":"enum","symbols":[…]}, the full name alone
///              where an earlier column defined it
///     identity {"sum":[["column",1.0],…],"equals":…,"where":…,"tolerance":0.0}     where only when present
///
/// Numbers are normalised: limits of integer columns are integers, all others have the shortest digits that
/// read back equal, with a fraction or an exponent; so `0` and `0.0` as limit of a double column are one
/// rule. The table's name is not part of it: that is the name of the file.
struct CanonicalForm {
    private(set) var text = ""
    private var definedEnums: Set<String> = []
    private let namespace: String

    init(
        dataset: DatasetKey, name: String, version: Int, key: [String], orderBy: [String],
        identities: [Contract.Identity], fields: [Contract.Field]
    ) {
        namespace = "lake.\(dataset.layer.rawValue).\(dataset.product)"
        let columns = fields.map { canonical($0) }.joined(separator: ",")
        text = "{\"name\":\(quoted("\(namespace).\(name)")),\"type\":\"record\",\"fields\":[\(columns)],"
        text += "\"version\":\(version),\"key\":\(quoted(key)),\"orderBy\":\(quoted(orderBy))"
        if !identities.isEmpty {
            text += ",\"identities\":[\(identities.map(canonical).joined(separator: ","))]"
        }
        text += "}"
    }

    private mutating func canonical(_ field: Contract.Field) -> String {
        let type = canonicalType(field)
        var result = "{\"name\":\(quoted(field.name)),\"type\":"
        result += field.isNullable ? "[\"null\",\(type)]" : type
        if let fallback = field.fallback { result += ",\"default\":\(canonical(fallback))" }
        if let unit = field.unit { result += ",\"unit\":\(quoted(unit))" }
        for (attribute, limit) in field.limits {
            result += ",\"\(attribute)\":\(limit.value)"
        }
        if let alias = field.alias { result += ",\"alias\":\(quoted(alias))" }
        return result + "}"
    }

    private mutating func canonicalType(_ field: Contract.Field) -> String {
        switch field.type {
        case .boolean: return "\"boolean\""
        case .int32: return "\"int\""
        case .int64: return "\"long\""
        case .double: return "\"double\""
        case .string: return "\"string\""
        case .date: return "{\"type\":\"int\",\"logicalType\":\"date\"}"
        case .timestampMillis: return "{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}"
        case .timestampNanos: return "{\"type\":\"long\",\"logicalType\":\"timestamp-nanos\"}"
        case .symbols(let symbols):
            let name = quoted("\(namespace).\(field.enumName ?? "")")
            if !definedEnums.insert(name).inserted { return name }
            return "{\"name\":\(name),\"type\":\"enum\",\"symbols\":\(quoted(symbols))}"
        }
    }

    private func canonical(_ fallback: Contract.Default) -> String {
        switch fallback {
        case .null: "null"
        case .boolean(let value): value ? "true" : "false"
        case .number(let value): value.description
        case .text(let value): quoted(value)
        }
    }

    private func canonical(_ identity: Contract.Identity) -> String {
        let terms = identity.terms.map { "[\(quoted($0.column)),\($0.factor)]" }.joined(separator: ",")
        let condition = identity.condition.map { ",\"where\":\(quoted($0))" } ?? ""
        return "{\"sum\":[\(terms)],\"equals\":\(quoted(identity.equals))\(condition),"
            + "\"tolerance\":\(identity.tolerance)}"
    }

    private func quoted(_ text: String) -> String { JSONValue.string(text).serialized() }
    private func quoted(_ texts: [String]) -> String {
        JSONValue.array(texts.map { .string($0) }).serialized()
    }
}

extension Contract {
    /// The text under the fingerprint; see `CanonicalForm` for its exact form.
    public var canonicalForm: String {
        CanonicalForm(
            dataset: dataset, name: name, version: version, key: key, orderBy: orderBy,
            identities: identities,
            fields: fields
        ).text
    }
}

extension Contract.Field {
    /// The limits by the attribute that states each.
    var limits: [(attribute: String, limit: Contract.Limit)] {
        var result: [(String, Contract.Limit)] = []
        if let lower, !lower.isExclusive { result.append(("minimum", lower)) }
        if let upper, !upper.isExclusive { result.append(("maximum", upper)) }
        if let lower, lower.isExclusive { result.append(("exclusiveMinimum", lower)) }
        if let upper, upper.isExclusive { result.append(("exclusiveMaximum", upper)) }
        return result
    }
}
