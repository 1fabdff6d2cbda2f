/// A column's rows, borrowed: what tables give to writers and checks, and what readers give to tables.
///
/// The pointers are valid only while the table that lent them is borrowed; a view is never stored.
public struct ColumnView {
    public enum Values {
        case boolean(UnsafeBufferPointer<Bool>)
        /// int32 and date
        case int32(UnsafeBufferPointer<Int32>)
        /// int64 and timestamps
        case int64(UnsafeBufferPointer<Int64>)
        case double(UnsafeBufferPointer<Double>)
        /// Indices into the contract's symbol list.
        case symbols(UnsafeBufferPointer<UInt8>)
        /// Indices into a list of distinct strings.
        case strings(UnsafeBufferPointer<UInt32>, [String])
    }

    /// One value a row, also where the row is null (there it has no meaning).
    public let values: Values
    /// One flag a row, true where there is a value; nil when the column is not nullable.
    public let validity: UnsafeBufferPointer<Bool>?

    public init(_ values: Values, validity: UnsafeBufferPointer<Bool>? = nil) {
        self.values = values
        self.validity = validity
        precondition(validity == nil || validity!.count == count)
    }

    /// Number of rows, nulls included.
    public var count: Int {
        switch values {
        case .boolean(let v): v.count
        case .int32(let v): v.count
        case .int64(let v): v.count
        case .double(let v): v.count
        case .symbols(let v): v.count
        case .strings(let v, _): v.count
        }
    }
}
