import CSV
import CivilTime
import JSON
import Stages
import Terminal

/// What a CSV file of trades or quotes holds: which of the two, its columns, symbols and dates, and the first rows.
struct CSVReport {
    let path: String
    private let survey: TaqFile.Survey
    private let columns: [String]
    private var rows = 0
    private var first: [[String]] = []

    /// Reads the whole file.
    ///
    /// - Parameter rows: how many rows to keep.
    init(path: String, rows: Int) throws(CSVError) {
        self.path = path
        survey = try TaqFile.survey(path: path)
        var reader = try CSVReader(path: path)
        columns = reader.header
        while try reader.next() {
            guard first.count < rows else { continue }
            var fields: [String] = []
            for column in columns.indices { fields.append(try reader.text(column)) }
            first.append(fields)
        }
        self.rows = reader.rowsRead
    }

    var json: JSONValue {
        [
            "file": .string(path), "format": "csv", "kind": .string(survey.file.kind.rawValue),
            "columns": .array(columns.map(JSONValue.string)),
            "unknown_columns": .array(survey.file.unknown.map(JSONValue.string)),
            "symbols": survey.symbols.map { .array($0.sorted().map(JSONValue.string)) } ?? .null,
            "dates": survey.dates.map { .array($0.sorted().map { .string("\($0)") }) } ?? .null,
            "rows": .integer(Int64(rows)),
            "first_rows": .array(
                first.map { fields in .object(JSONObject(zip(columns, fields.map(JSONValue.string)).map { ($0, $1) })) }
            ),
        ]
    }

    func show(on console: Console) {
        var facts = TextTable([.text("file"), .text(path)])
        facts.add(["format", "CSV of \(survey.file.kind.rawValue)"])
        facts.add(["columns", .init(columns.joined(separator: ", "))])
        if !survey.file.unknown.isEmpty { facts.add(["not read", .init(survey.file.unknown.joined(separator: ", "))]) }
        if let symbols = survey.symbols {
            let more = symbols.count > 8 ? " and \(symbols.count - 8) more" : ""
            facts.add(["symbols", .init(symbols.sorted().prefix(8).joined(separator: ", ") + more)])
        }
        if let dates = survey.dates {
            facts.add(["dates", .init(dates.sorted().map(\.description).joined(separator: ", "))])
        }
        facts.add(["rows", .init(Human.count(rows))])
        console.result(facts)
        guard !first.isEmpty else { return }
        var table = TextTable(columns.map { .text($0) })
        for fields in first { table.add(fields.map { .init($0) }) }
        console.result(table)
    }
}
