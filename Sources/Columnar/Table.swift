/// Rows of one shape in memory, column by column. Each contract's shape has a generated conformer; writers,
/// readers and checks meet tables only through this.
public protocol Table: ~Copyable {
    static var shape: Shape { get }

    /// A table without rows.
    init()

    /// Number of rows.
    var count: Int { get }

    /// Forgets the rows, keeps the memory.
    mutating func removeAll()

    /// Lends all columns, in the order of the shape.
    borrowing func withViews<R, E: Error>(_ body: ([ColumnView]) throws(E) -> R) throws(E) -> R

    /// Appends rows to one column. After a reader has served every wanted column, these have equal counts;
    /// columns nobody asked for stay empty.
    mutating func append(_ view: ColumnView, toColumn index: Int)
}

/// A table whose rows can also be taken out and put in one by one, as every generated one: for tables of few rows.
public protocol RowTable: Table, ~Copyable {
    associatedtype Row

    subscript(row: Int) -> Row { get }

    mutating func append(_ row: Row)
}

extension RowTable where Self: ~Copyable {
    /// A table of these rows.
    public init(_ rows: some Sequence<Row>) {
        self.init()
        for row in rows { append(row) }
    }

    /// All rows, in their order.
    public var rows: [Row] { (0..<count).map { self[$0] } }
}
