import CSV
import Columnar

/// The rows of a CSV file whose columns are known by name.
struct CSVRows: ~Copyable {
    private let source: ReferenceSource
    private var reader: CSVReader

    private init(_ source: ReferenceSource, _ reader: consuming CSVReader) {
        self.source = source
        self.reader = reader
    }

    /// - Throws: when a required column is missing, or there is one that nobody knows.
    static func open(
        _ source: ReferenceSource, columns: [String], required: [String]
    ) throws(ReferenceError) -> CSVRows {
        let rows: CSVRows
        do throws(CSVError) {
            rows = CSVRows(source, try CSVReader(path: source.path))
        } catch {
            throw ReferenceError(error, in: source)
        }
        if let error = rows.fault(columns: columns, required: required) { throw error }
        return rows
    }

    private func fault(columns: [String], required: [String]) -> ReferenceError? {
        if let column = reader.header.first(where: { !columns.contains($0) }) {
            return ReferenceError(
                source.file, 1, "unknown column '\(column)'; known are: \(columns.joined(separator: ", "))")
        }
        return required.first { !reader.header.contains($0) }.map {
            ReferenceError(source.file, 1, "the column '\($0)' is missing")
        }
    }

    mutating func next() throws(ReferenceError) -> CSVRow? {
        do throws(CSVError) {
            guard try reader.next() else { return nil }
            var fields: [String: String] = [:]
            for (position, name) in reader.header.enumerated() where !reader.isEmpty(position) {
                fields[name] = try reader.text(position)
            }
            return CSVRow(fields: fields, place: ReferencePlace(source.file, reader.line))
        } catch {
            throw ReferenceError(error, in: source)
        }
    }
}

/// One row; empty fields are absent.
struct CSVRow {
    let fields: [String: String]
    let place: ReferencePlace

    subscript(column: String) -> String? { fields[column] }

    func required(_ column: String) throws(ReferenceError) -> String {
        try required(self[column], column)
    }

    /// The value of a column that must not be empty.
    func required<Value>(_ value: Value?, _ column: String) throws(ReferenceError) -> Value {
        guard let value else { throw place.error("column \(column): it is empty") }
        return value
    }

    /// An instant in milliseconds since 1970 UTC.
    func instant(_ column: String) throws(ReferenceError) -> Int64 {
        let text = try required(column)
        guard let instant = Int64(text), Instant.range.contains(instant) else {
            throw place.error("column \(column): expected milliseconds since 1970, found '\(text)'")
        }
        return instant
    }

    func number(_ column: String) throws(ReferenceError) -> Double? {
        guard let text = self[column] else { return nil }
        guard let number = Double(text), number.isFinite else {
            throw place.error("column \(column): expected a number, found '\(text)'")
        }
        return number
    }

    func positive(_ column: String) throws(ReferenceError) -> Double? {
        guard let number = try number(column) else { return nil }
        guard number > 0 else { throw place.error("column \(column): expected a number above 0, found \(number)") }
        return number
    }

    func symbol<Symbol: ColumnSymbol & CaseIterable>(_ column: String) throws(ReferenceError) -> Symbol? {
        guard let text = self[column] else { return nil }
        guard let symbol = Symbol(text) else {
            throw place.error(
                "column \(column): '\(text)' is not one of: \(Symbol.symbols.joined(separator: ", "))")
        }
        return symbol
    }

    /// Fields that have no meaning in a row of this type.
    func refuse(_ columns: Set<String>, in type: String) throws(ReferenceError) {
        for column in columns.sorted() where self[column] != nil {
            throw place.error("column \(column): it has no meaning in \(type)")
        }
    }
}

extension ReferenceError {
    init(_ error: CSVError, in source: ReferenceSource) {
        self.init(
            source.file, error.line, error.reason,
            kind: error.fault == .system ? .unreadable(.transient) : .content)
    }
}
