import CivilTime
import Columnar
import JSON
import Parquet
import Terminal

/// What a Parquet file holds: columns with statistics, metadata, and the first rows.
struct ParquetReport {
    let path: String
    let shape: Shape
    let rowCount: Int
    let rowGroupCount: Int
    let metadata: [(key: String, value: String)]
    let columns: [ColumnSummary]
    /// Values by column, then row.
    let first: [[ColumnValue]]

    /// What all row groups say about one column.
    struct ColumnSummary {
        var unit: String?
        var encodings: [String] = []
        var compression = ""
        var bytes = 0
        /// Nil when some row group does not say it.
        var nullCount: Int? = 0
        /// Nil when no row group says it.
        var minimum: ColumnValue?
        var maximum: ColumnValue?
    }

    /// - Parameter rows: how many first rows to keep.
    init(path: String, rows: Int) throws {
        var reader = try ParquetReader(path: path)
        self.path = path
        shape = reader.shape
        rowCount = reader.rowCount
        rowGroupCount = reader.rowGroupCount
        metadata = reader.metadata
        var summaries: [ColumnSummary] = []
        for (index, column) in shape.columns.enumerated() {
            var summary = ColumnSummary()
            for group in 0..<reader.rowGroupCount {
                summary.add(reader.chunk(rowGroup: group, column: index), column.type)
            }
            summaries.append(summary)
        }
        columns = summaries
        guard rows > 0 else {
            first = shape.columns.map { _ in [] }
            return
        }
        let shape = shape
        let units = summaries.map(\.unit)
        first =
            try reader.nextViews { views in
                views.indices.map { column in
                    (0..<min(rows, views[column].count)).map { row in
                        ColumnValue(
                            views[column], row: row, type: shape.columns[column].type, unit: units[column])
                    }
                }
            } ?? shape.columns.map { _ in [] }
    }
}

extension ParquetReport.ColumnSummary {
    fileprivate mutating func add(_ chunk: ParquetChunk, _ type: ColumnType) {
        unit = unit ?? chunk.metadata.first { $0.key == "unit" }?.value
        for encoding in chunk.encodings where !encodings.contains(encoding) { encodings.append(encoding) }
        compression = chunk.compression
        bytes += chunk.compressedByteCount
        if let count = chunk.nullCount, let sum = nullCount {
            nullCount = sum + count
        } else {
            nullCount = nil
        }
        if let value = chunk.minimum, minimum.map({ value.isLess(than: $0.stored) }) ?? true {
            minimum = ColumnValue(value, type: type, unit: unit)
        }
        if let value = chunk.maximum, maximum.map({ $0.stored.isLess(than: value) }) ?? true {
            maximum = ColumnValue(value, type: type, unit: unit)
        }
    }
}

extension ParquetValue {
    /// Whether this value comes before another one of its kind.
    fileprivate func isLess(than other: ParquetValue) -> Bool {
        switch (self, other) {
        case (.boolean(let a), .boolean(let b)): !a && b
        case (.integer(let a), .integer(let b)): a < b
        case (.double(let a), .double(let b)): a < b
        case (.string(let a), .string(let b)): a.utf8.lexicographicallyPrecedes(b.utf8)
        default: false
        }
    }
}

/// One value of a table, for people and for machines.
struct ColumnValue {
    /// Meaningless for a null.
    let stored: ParquetValue
    let isNull: Bool
    let type: ColumnType
    let unit: String?

    /// A bound of statistics. The format writes a least zero as −0.0, whatever its sign was.
    init(_ value: ParquetValue, type: ColumnType, unit: String?) {
        stored = value == .double(0) ? .double(0) : value
        isNull = false
        self.type = type
        self.unit = unit
    }

    init(_ view: ColumnView, row: Int, type: ColumnType, unit: String?) {
        self.type = type
        self.unit = unit
        isNull = view.validity.map { !$0[row] } ?? false
        switch view.values {
        case .boolean(let values): stored = .boolean(values[row])
        case .int32(let values): stored = .integer(Int64(values[row]))
        case .int64(let values): stored = .integer(values[row])
        case .double(let values): stored = .double(values[row])
        case .strings(let codes, let strings): stored = .string(isNull ? "" : strings[Int(codes[row])])
        case .symbols(let codes):
            guard case .symbols(let symbols) = type, !isNull else {
                stored = .string("")
                return
            }
            stored = .string(symbols[Int(codes[row])])
        }
    }

    var text: String {
        if isNull { return "–" }
        switch stored {
        case .boolean(let flag): return flag ? "true" : "false"
        case .string(let text): return text
        case .double(let number): return "\(number)"
        case .integer(let number):
            switch type {
            case .timestampNanos: return utcText(number)
            case .timestampMillis: return millisecondText(number)
            case .date: return dateText(number)
            default: return unit == "price_1e-9" ? decimal(number) : "\(number)"
            }
        }
    }

    /// As stored: integers, days, and instants in the unit of the column; no double that JSON cannot have.
    var json: JSONValue {
        if isNull { return .null }
        switch stored {
        case .boolean(let flag): return .bool(flag)
        case .integer(let number): return .integer(number)
        case .double(let number): return number.isFinite ? .double(number) : .string("\(number)")
        case .string(let text): return .string(text)
        }
    }

    private func millisecondText(_ number: Int64) -> String {
        let (nanoseconds, overflow) = number.multipliedReportingOverflow(by: 1_000_000)
        return overflow ? "\(number) ms" : utcText(nanoseconds, digits: 3)
    }

    /// Dates outside the calendar's years are shown as their number.
    private func dateText(_ days: Int64) -> String {
        (-719_162...2_932_896).contains(days) ? "\(CivilDate(daysSinceEpoch: Int(days)))" : "day \(days)"
    }
}

// MARK: - Output

extension ParquetReport {
    func show(on console: Console) {
        var facts = TextTable([.text("file"), .text(path)])
        facts.add(["format", "Parquet"])
        facts.add(["rows", .init("\(Human.count(rowCount)) in \(Human.plural(rowGroupCount, "row group"))")])
        for (key, value) in metadata { facts.add([.init(key), .init(value)]) }
        console.result(facts)
        console.result()
        var table = TextTable([
            .text("column"), .text("type").dispensable(2), .text("unit").dispensable(), .text("least"),
            .text("greatest"),
            .number("nulls").dispensable(3), .number("size").dispensable(4), .text("encodings").dispensable(5),
        ])
        for (definition, summary) in zip(shape.columns, columns) {
            table.add([
                .init(definition.name, .strong),
                .init(definition.type.name + (definition.isNullable ? "?" : "")),
                .init(summary.unit ?? ""), .init(summary.minimum?.text ?? ""),
                .init(summary.maximum?.text ?? ""),
                .init(definition.isNullable ? summary.nullCount.map(Human.count) ?? "?" : ""),
                .init(Human.bytes(summary.bytes)), .init(summary.encodings.joined(separator: " "), .faint),
            ])
        }
        console.result(table)
        let shown = first.first?.count ?? 0
        guard shown > 0 else { return }
        console.result()
        // Columns run down, so that tables of many columns fit.
        var rows = TextTable([.text("first rows")] + (1...shown).map { .number("\($0)").dispensable($0 == 1 ? 0 : 1) })
        for (definition, values) in zip(shape.columns, first) {
            rows.add([.init(definition.name, .strong)] + values.map { .init($0.text) })
        }
        console.result(rows)
    }

    var json: JSONValue {
        let columns = zip(shape.columns, columns).map { definition, summary -> JSONValue in
            [
                "name": .string(definition.name), "type": .string(definition.type.name),
                "nullable": .bool(definition.isNullable), "unit": summary.unit.map(JSONValue.string) ?? .null,
                "encodings": .array(summary.encodings.map(JSONValue.string)),
                "compression": .string(summary.compression), "bytes": .integer(Int64(summary.bytes)),
                "nulls": summary.nullCount.map { .integer(Int64($0)) } ?? .null,
                "minimum": summary.minimum?.json ?? .null, "maximum": summary.maximum?.json ?? .null,
            ]
        }
        let rows = (0..<(first.first?.count ?? 0)).map { row -> JSONValue in
            .object(JSONObject(zip(shape.columns, first).map { ($0.name, $1[row].json) }))
        }
        return [
            "file": .string(path), "format": "parquet", "rows": .integer(Int64(rowCount)),
            "row_groups": .integer(Int64(rowGroupCount)),
            "metadata": .array(metadata.map { ["key": .string($0.key), "value": .string($0.value)] }),
            "columns": .array(columns), "first": .array(rows),
        ]
    }
}
