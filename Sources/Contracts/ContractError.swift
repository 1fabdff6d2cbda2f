/// Why a contract file is not a contract.
public struct ContractError: Error, Equatable, CustomStringConvertible {
    public enum Kind: Hashable, Sendable {
        /// The file or directory cannot be read, or is too large.
        case unreadable
        /// Not JSON, or not UTF-8, or a member name twice.
        case malformed
        /// An attribute nobody has defined: perhaps a misspelt rule, which must not be ignored.
        case unknownAttribute
        case missingAttribute
        /// A type, logical type or union that tables cannot have.
        case unsupportedType
        /// A value of the wrong kind or outside of what the attribute allows.
        case invalidValue
        /// A name that Avro, the lake or the generated code does not allow.
        case illegalName
        /// A column, symbol, key column or type name twice.
        case duplicate
        /// A rule names a column that the table does not have.
        case unknownColumn
        /// Path and namespace of the file disagree, or two contracts claim one dataset.
        case misplaced
    }

    public let kind: Kind
    public let file: String
    /// Where in the file: "column best_bid_qty, minimum"; empty when the whole file is meant.
    public let place: String
    public let reason: String

    public init(_ kind: Kind, file: String, place: String = "", _ reason: String) {
        self.kind = kind
        self.file = file
        self.place = place
        self.reason = reason
    }

    public var description: String {
        place.isEmpty ? "\(file): \(reason)" : "\(file): \(place): \(reason)"
    }
}
