/// Comma-separated values as RFC 4180 has them, lines ended by LF; null is empty. Source: spec/recorder.md 8.2.
public struct CSVWriter: Sendable {
    public private(set) var text: String

    public init(header: [String]) {
        text = header.map(Self.quoted).joined(separator: ",") + "\n"
    }

    /// - Parameter cells: as many as the header has.
    public mutating func append(_ cells: [CSVCell]) {
        text += cells.map(Self.text).joined(separator: ",") + "\n"
    }

    private static func text(_ cell: CSVCell) -> String {
        switch cell {
        case .null: ""
        case .bool(let flag): flag ? "true" : "false"
        case .integer(let number): "\(number)"
        case .double(let number): "\(number)"
        // A text that is there and empty is told from one that is not.
        case .string(let text): text.isEmpty ? "\"\"" : quoted(text)
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

/// One value of a row.
public enum CSVCell: Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// Finite.
    case double(Double)
    case string(String)
}
