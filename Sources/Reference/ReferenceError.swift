import Lake

/// Why a source file of reference tables cannot be used: where, what was expected, what was found.
public struct ReferenceError: Error, Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        /// The file holds what it must not hold.
        case content
        /// The file is of another symbol or date than the one it was given for.
        case claim
        /// The operating system refused to open or read the file: nothing is known of what it holds.
        case unreadable(LakeError.Category)
    }

    public let kind: Kind
    /// As the user, or the raw layer, names it.
    public let file: String
    /// 1-based; nil where the whole file is meant. Of a Parquet file the row, counted from 1.
    public let line: Int?
    public let reason: String

    public init(_ file: String, _ line: Int?, _ reason: String, kind: Kind = .content) {
        self.kind = kind
        self.file = file
        self.line = line
        self.reason = reason
    }

    init(_ error: RegistryError) {
        self.init(error.file, error.line, error.reason)
    }

    init(_ file: String, _ failure: SystemFailure) {
        self.init(file, nil, LakeError.system(failure).reason, kind: .unreadable(failure.category))
    }
}

extension ReferenceError: CustomStringConvertible {
    public var description: String {
        line.map { "\(file):\($0): \(reason)" } ?? "\(file): \(reason)"
    }
}

/// A line of a source file, for what is found out only after it was read.
public struct ReferencePlace: Sendable, Hashable, CustomStringConvertible {
    public let file: String
    public let line: Int

    init(_ file: String, _ line: Int) {
        self.file = file
        self.line = line
    }

    init(_ mapping: YAMLMapping, _ source: ReferenceSource) {
        self.init(source.file, mapping.line)
    }

    public var description: String { "\(file):\(line)" }

    func error(_ reason: String, kind: ReferenceError.Kind = .content) -> ReferenceError {
        ReferenceError(file, line, reason, kind: kind)
    }
}
