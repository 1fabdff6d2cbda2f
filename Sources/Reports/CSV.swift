import JSON

/// Comma-separated values as RFC 4180 has them, lines ended by LF; null is empty. Source: spec/recorder.md 8.2.
public struct CSV: Sendable {
    public private(set) var text: String

    public init(header: [String]) {
        text = header.map(Self.quoted).joined(separator: ",") + "\n"
    }

    /// - Parameter cells: neither arrays nor objects, as many as the header has.
    public mutating func append(_ cells: [JSONValue]) {
        text += cells.map(Self.text).joined(separator: ",") + "\n"
    }

    private static func text(_ cell: JSONValue) -> String {
        switch cell {
        case .null: ""
        case .bool(let flag): flag ? "true" : "false"
        case .integer(let number): "\(number)"
        case .double(let number): "\(number)"
        // A text that is there and empty is told from one that is not.
        case .string(let text): text.isEmpty ? "\"\"" : quoted(text)
        case .array, .object: preconditionFailure("no value of a table")
        }
    }

    private static func quoted(_ text: String) -> String {
        guard text.utf8.contains(where: { [0x2C, 0x22, 0x0A, 0x0D].contains($0) }) else { return text }
        var result = "\""
        for character in text.unicodeScalars {
            if character == "\"" { result.unicodeScalars.append(character) }
            result.unicodeScalars.append(character)
        }
        return result + "\""
    }
}
