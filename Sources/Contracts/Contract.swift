import Columnar
import Digest

/// The definition of one table: an Avro record schema with our rules. The contract file is the only place
/// where a table is defined; the generated table types, the Parquet schema, the checks and the documents
/// all come from it.
///
/// Invariants (the parser sees to them): at least one column; column names are distinct; key, order and
/// identities name existing columns without nulls; key and order columns are not doubles; limits have the
/// type of their column.
public struct Contract: Sendable {
    public let dataset: DatasetKey
    /// Name of the Avro record, `BookSnapshot1s`: also the name of the generated table type.
    public let name: String
    /// Raised with every change that is not of the texts alone.
    public let version: Int
    public let doc: String
    /// Columns whose values together are unique within a partition.
    public let key: [String]
    /// Row order within a partition: ascending by these columns in turn.
    public let orderBy: [String]
    public let identities: [Identity]
    public let fields: [Field]
    /// Names, types and nullability of the columns.
    public let shape: Shape
    /// SHA-256 (64 hexadecimal digits) of `canonicalForm`.
    public let fingerprint: String

    /// One column with its rules.
    public struct Field: Hashable, Sendable {
        public let name: String
        public let type: ColumnType
        /// Name of the Avro enum, for columns of symbols.
        public let enumName: String?
        public let isNullable: Bool
        /// What a number counts, `contracts` or `price_1e-9`; nil where numbers have no unit.
        public let unit: String?
        public let doc: String
        public let lower: Limit?
        public let upper: Limit?
        /// Value that a reader takes where the writer did not know the column.
        public let fallback: Default?
        /// Name of the column in CSV exports.
        public let alias: String?

        /// Name in CSV exports.
        public var exportName: String { alias ?? name }
    }

    /// The least or the greatest value of a column. Integer columns have integer limits, double columns real
    /// ones.
    public struct Limit: Hashable, Sendable {
        public let value: Number
        /// The limit itself is not allowed.
        public let isExclusive: Bool
    }

    public enum Number: Hashable, Sendable {
        case integer(Int64)
        case real(Double)
    }

    /// The Avro `default` of a column.
    public enum Default: Hashable, Sendable {
        case null
        case boolean(Bool)
        case number(Number)
        case text(String)
    }

    /// A rule across columns: Σ factor × column = `equals` within `tolerance`, on the rows where `condition`
    /// is true.
    public struct Identity: Hashable, Sendable {
        public struct Term: Hashable, Sendable {
            public let column: String
            public let factor: Double
        }

        /// Every whole number up to it is a double, and 1024 products with 64-bit values add up within 128
        /// bits.
        public static let maximumFactor: Double = 0x1p53

        /// Added in this order.
        public let terms: [Term]
        public let equals: String
        /// A boolean column; nil: every row.
        public let condition: String?
        public let tolerance: Double
        /// All columns and factors are integers, so the sum is exact.
        public let isExact: Bool
    }

    init(
        dataset: DatasetKey, name: String, version: Int, doc: String, key: [String], orderBy: [String],
        identities: [Identity], fields: [Field]
    ) {
        self.dataset = dataset
        self.name = name
        self.version = version
        self.doc = doc
        self.key = key
        self.orderBy = orderBy
        self.identities = identities
        self.fields = fields
        self.shape = Shape(fields.map { ColumnDefinition($0.name, $0.type, isNullable: $0.isNullable) })
        let canonical = CanonicalForm(
            dataset: dataset, name: name, version: version, key: key, orderBy: orderBy,
            identities: identities,
            fields: fields)
        self.fingerprint = SHA256.hex(of: canonical.text)
    }

    /// The Avro namespace, `lake.silver.future_mbo`.
    public var namespace: String { "lake.\(dataset.layer.rawValue).\(dataset.product)" }

    /// The column of this name.
    public func field(_ name: String) -> Field? {
        shape.index(of: name).map { fields[$0] }
    }

    /// One unit a column, in the order of the columns, as the Parquet writer takes them.
    public var units: [String?] { fields.map(\.unit) }
}

// MARK: - Limits

extension Contract.Limit {
    static let narrow: ClosedRange<Int64> = Int64(Int32.min)...Int64(Int32.max)

    /// The integers within both limits; nil when there are none. An exclusive limit is the inclusive one a
    /// step further.
    static func integers(_ lower: Contract.Limit?, _ upper: Contract.Limit?) -> ClosedRange<Int64>? {
        var (low, high) = (Int64.min, Int64.max)
        if let lower, case .integer(let value) = lower.value {
            if lower.isExclusive && value == .max { return nil }
            low = lower.isExclusive ? value + 1 : value
        }
        if let upper, case .integer(let value) = upper.value {
            if upper.isExclusive && value == .min { return nil }
            high = upper.isExclusive ? value - 1 : value
        }
        return low <= high ? low...high : nil
    }

    /// The finite doubles within both limits; nil when there are none.
    static func reals(_ lower: Contract.Limit?, _ upper: Contract.Limit?) -> ClosedRange<Double>? {
        var (low, high) = (-Double.greatestFiniteMagnitude, Double.greatestFiniteMagnitude)
        if let lower, case .real(let value) = lower.value { low = lower.isExclusive ? value.nextUp : value }
        if let upper, case .real(let value) = upper.value {
            high = upper.isExclusive ? value.nextDown : value
        }
        return low <= high && low.isFinite && high.isFinite ? low...high : nil
    }
}

// MARK: - One contract for several products

extension Contract {
    /// The same table for another dataset: products may share a contract file.
    public func renamed(as dataset: DatasetKey) -> Contract {
        Contract(
            dataset: dataset, name: name, version: version, doc: doc, key: key, orderBy: orderBy,
            identities: identities, fields: fields)
    }

    /// The same table with other units: a product that counts contracts where the file says shares. A unit is
    /// replaced where it stands alone and where it is a factor of a compound (`shares/price` →
    /// `contracts/price`).
    public func substituting(units: [String: String]) -> Contract {
        if units.isEmpty { return self }
        return Contract(
            dataset: dataset, name: name, version: version, doc: doc, key: key, orderBy: orderBy,
            identities: identities,
            fields: fields.map { field in
                Field(
                    name: field.name, type: field.type, enumName: field.enumName,
                    isNullable: field.isNullable,
                    unit: field.unit.map { substitute(units, in: $0) }, doc: field.doc, lower: field.lower,
                    upper: field.upper, fallback: field.fallback, alias: field.alias)
            })
    }
}

/// Replaces the factors of a unit expression; factors are separated by `*` and `/`.
private func substitute(_ units: [String: String], in unit: String) -> String {
    var result = ""
    var factor = ""
    for character in unit {
        if character == "*" || character == "/" {
            result += (units[factor] ?? factor) + String(character)
            factor = ""
        } else {
            factor.append(character)
        }
    }
    return result + (units[factor] ?? factor)
}

extension Contract.Number: CustomStringConvertible {
    public var description: String {
        switch self {
        case .integer(let value): String(value)
        case .real(let value): value.description
        }
    }
}
