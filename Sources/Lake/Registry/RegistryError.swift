/// Why `datasets.yaml`, or another YAML file, cannot be used: where and what.
public struct RegistryError: Error, Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        /// The file cannot be read.
        case unreadable
        /// Not YAML, or more than one document.
        case syntax
        /// Anchors, aliases and tags.
        case reference
        /// Too many bytes, values or levels.
        case tooLarge
        case unknownKey
        case duplicateKey
        case missingKey
        case wrongType
        case invalidValue
        /// A dataset without a contract, or one that no stage writes.
        case unknownDataset
        case cycle
        /// Two stages write one dataset.
        case twoWriters
    }

    public let kind: Kind
    public let file: String
    /// 1-based.
    public let line: Int
    public let reason: String

    package init(_ kind: Kind, file: String, line: Int, _ reason: String) {
        self.kind = kind
        self.file = file
        self.line = line
        self.reason = reason
    }
}

extension RegistryError: CustomStringConvertible {
    public var description: String { "\(file):\(line): \(reason)" }
}
