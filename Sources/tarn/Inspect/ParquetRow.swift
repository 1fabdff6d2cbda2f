import Columnar
import JSON
import Parquet

/// One row of a Parquet file.
struct ParquetRow {
    let values: [(column: ColumnDefinition, value: ColumnValue)]

    /// - Parameter row: number of the row in the file, from 0.
    /// - Precondition: the file has such a row.
    init(path: String, row: Int) throws {
        var reader = try ParquetReader(path: path)
        var lookout = try ParquetReader(path: path)
        let shape = reader.shape
        let units = shape.columns.indices.map { column in
            reader.rowGroupCount == 0
                ? nil : reader.chunk(rowGroup: 0, column: column).metadata.first { $0.key == "unit" }?.value
        }
        var first = 0
        while true {
            // Batches before the row's are passed by in the first column alone.
            guard let count = try lookout.nextViews(columns: [0], { $0[0].count }) else {
                preconditionFailure("\(path) has a row \(row)")
            }
            if row < first + count { break }
            first += count
            _ = try reader.nextViews(columns: [0]) { _ in () }
        }
        let found = try reader.nextViews { views in
            views.enumerated().map { column, view in
                ColumnValue(view, row: row - first, type: shape.columns[column].type, unit: units[column])
            }
        }
        values = zip(shape.columns, found ?? []).map { ($0, $1) }
    }

    var json: JSONValue { .object(JSONObject(values.map { ($0.column.name, $0.value.json) })) }
}
