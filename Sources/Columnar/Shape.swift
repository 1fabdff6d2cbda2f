/// What a column holds in memory and in Parquet. Logical types keep their name, because the file says it.
public enum ColumnType: Hashable, Sendable {
    case boolean
    case int32
    case int64
    case double
    case string
    /// Days since 1970-01-01, as Int32.
    case date
    /// Milliseconds since 1970-01-01 UTC, as Int64.
    case timestampMillis
    /// Nanoseconds since 1970-01-01 UTC, as Int64.
    case timestampNanos
    /// One of a fixed list of strings; in memory the index in the list, as UInt8.
    case symbols([String])
}

/// Name, type and nullability of one column.
public struct ColumnDefinition: Hashable, Sendable {
    public let name: String
    public let type: ColumnType
    public let isNullable: Bool

    public init(_ name: String, _ type: ColumnType, isNullable: Bool = false) {
        self.name = name
        self.type = type
        self.isNullable = isNullable
    }
}

/// The columns of a table in their order. Two tables of one shape differ at most in units, ranges and texts.
public struct Shape: Hashable, Sendable {
    public let columns: [ColumnDefinition]

    public init(_ columns: [ColumnDefinition]) {
        self.columns = columns
    }

    /// Position of the column with this name.
    public func index(of name: String) -> Int? {
        columns.firstIndex { $0.name.utf8.elementsEqual(name.utf8) }
    }
}
