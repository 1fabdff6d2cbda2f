/// Why a CSV file could not be read: where and what.
public struct CSVError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Fault: Hashable, Sendable {
        /// open(2) or read(2) failed.
        case system
        /// The file does not have the form of RFC 4180, or a damaged compression.
        case format
        /// The compressed file ends too early.
        case truncated
        /// The header does not name what is needed.
        case header
        /// Nothing in the file is what was looked for: it is something else.
        case foreign
        /// A field does not hold what its column must hold.
        case value
    }

    public let fault: Fault
    public let file: String
    /// 1-based; nil when the whole file is meant.
    public let line: Int?
    public let reason: String

    public init(_ fault: Fault, file: String, line: Int? = nil, _ reason: String) {
        self.fault = fault
        self.file = file
        self.line = line
        self.reason = reason
    }

    /// `trades.csv:17: column price: expected a decimal number, found 'abc'`
    public var description: String { line.map { "\(file):\($0): \(reason)" } ?? "\(file): \(reason)" }
}
