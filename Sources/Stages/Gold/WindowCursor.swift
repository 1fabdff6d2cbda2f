import Columnar
import Lake

/// A table whose rows stand in ascending order of window_end_ts_ns.
protocol WindowTable: Table, ~Copyable {
    /// window_end_ts_ns of a row.
    borrowing func windowEnd(_ row: Int) -> Int64
    /// Number of rows, by the column of window_end_ts_ns, which is always read.
    var windowRows: Int { get }
}

/// The rows of a table, window by window.
struct WindowCursor<Rows: WindowTable & ~Copyable>: ~Copyable {
    private var reader: PartitionReader
    private let columns: [Int]
    private var table = Rows()
    private var row = 0
    private var hasEnded = false

    /// - Parameter columns: those to be read, window_end_ts_ns among them.
    init(_ reader: consuming PartitionReader, columns: [Int]) {
        self.reader = reader
        self.columns = columns
    }

    /// End of the window of the next row; nil after the last one.
    mutating func nextWindow() throws -> Int64? {
        while row == table.windowRows {
            if hasEnded { return nil }
            row = 0
            table.removeAll()
            hasEnded = try !reader.next(into: &table, columns: columns)
        }
        return table.windowEnd(row)
    }

    /// Passes the rows before the window that ends at `end`, and lends its own, which may come in several runs.
    mutating func forEachRun(
        ofWindow end: Int64, _ body: (borrowing Rows, Range<Int>) throws -> Void
    ) throws {
        while let found = try nextWindow(), found <= end {
            var next = row + 1
            while next < table.windowRows, table.windowEnd(next) == found { next += 1 }
            if found == end { try body(table, row..<next) }
            row = next
        }
    }
}
