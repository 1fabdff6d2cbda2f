import JSON

/// The value of a stage's parameter, as the registry, the command line and the manifest know it. Decimal numbers
/// and times stay text until the stage reads them, so that no value changes by being carried around.
public enum ParameterValue: Sendable, Hashable {
    /// Nothing chosen: the stage's own rule.
    case null
    case boolean(Bool)
    case integer(Int64)
    case text(String)
    case list([String])

    /// Reads a value given on the command line for a parameter whose default is `self`.
    ///
    /// Where the default is `null`, an integer is read as one, `null` as null, and all else as text.
    ///
    /// - Returns: nil when the text is not of the default's kind.
    public func parsing(_ text: String) -> ParameterValue? {
        switch self {
        case .null: text == "null" ? .null : Int64(text).map { .integer($0) } ?? .text(text)
        case .boolean: text == "true" ? .boolean(true) : text == "false" ? .boolean(false) : nil
        case .integer: Int64(text).map { .integer($0) }
        case .text: .text(text)
        case .list: .list(text.split(separator: ",").map(String.init))
        }
    }
}

extension ParameterValue {
    package var json: JSONValue {
        switch self {
        case .null: .null
        case .boolean(let value): .bool(value)
        case .integer(let value): .integer(value)
        case .text(let value): .string(value)
        case .list(let values): .array(values.map { .string($0) })
        }
    }

    /// Nil for what is no parameter: a number with a fraction, an object.
    package init?(_ json: JSONValue) {
        switch json {
        case .null: self = .null
        case .bool(let value): self = .boolean(value)
        case .integer(let value): self = .integer(value)
        case .string(let value): self = .text(value)
        case .array(let values):
            let texts = values.compactMap(\.stringValue)
            guard texts.count == values.count else { return nil }
            self = .list(texts)
        case .double, .object: return nil
        }
    }
}

extension ParameterValue: CustomStringConvertible {
    public var description: String {
        switch self {
        case .null: "null"
        case .boolean(let value): String(value)
        case .integer(let value): String(value)
        case .text(let value): value
        case .list(let values): values.joined(separator: ",")
        }
    }
}
