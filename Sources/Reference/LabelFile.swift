import CSV
import Columnar
import Lake
import Parquet
import Tables

/// A label of a label file; nil when its outcome is none or its confidence is outside [0, 1].
///
/// Source: spec/recorder.md 3.8, 6.10.
public struct LabelEntry: Sendable {
    public var label: Labels.Row?

    private init(
        _ episodeID: String, _ outcome: String?, _ notes: String?, _ setup: String?, _ confidence: Double?
    ) {
        guard let outcome = outcome.flatMap({ Labels.ManualOutcome($0) }),
            confidence.map({ (0...1).contains($0) }) ?? true
        else { return }
        label = Labels.Row(
            episodeId: episodeID, manualOutcome: outcome, manualNotes: notes, setupType: setup,
            confidence: confidence)
    }
}

extension LabelEntry {
    static let columns = Labels.Columns.allCases.map(\.name)
    static let required = ["episode_id", "manual_outcome"]

    /// The labels of a file, CSV or Parquet, in its order.
    public static func parse(_ source: ReferenceSource) throws(ReferenceError) -> [LabelEntry] {
        try source.isParquet() ? parquet(source) : csv(source)
    }

    private static func csv(_ source: ReferenceSource) throws(ReferenceError) -> [LabelEntry] {
        var labels: [LabelEntry] = []
        var rows = try CSVRows.open(source, columns: columns, required: required)
        while let row = try rows.next() {
            labels.append(
                LabelEntry(
                    try row.required("episode_id"), row["manual_outcome"], row["manual_notes"], row["setup_type"],
                    try row.number("confidence")))
        }
        return labels
    }

    /// Columns that a file has not are null; those of another name are passed over, such as the index that pandas
    /// writes. The line of a message is the row.
    private static func parquet(_ source: ReferenceSource) throws(ReferenceError) -> [LabelEntry] {
        do {
            var reader = try ParquetReader(path: source.path)
            let shape = reader.shape
            for column in required where shape.index(of: column) == nil {
                throw ReferenceError(source.file, nil, "the column '\(column)' is missing")
            }
            let wanted = Shape(
                Labels.shape.columns.filter { shape.index(of: $0.name) != nil }.map { column in
                    ColumnDefinition(column.name, column.type == .double ? .double : .string, isNullable: true)
                })
            var labels: [LabelEntry] = []
            var row = 0
            while let batch = try reader.nextViews(
                as: wanted,
                { views in
                    let columns = Dictionary(uniqueKeysWithValues: zip(wanted.columns.map(\.name), views))
                    return try (0..<views[0].count).map { index in
                        row += 1
                        return try label(columns, index, ReferencePlace(source.file, row))
                    }
                })
            {
                labels += batch
            }
            return labels
        } catch let error as ReferenceError {
            throw error
        } catch let error as ParquetError {
            guard case .system(let code) = error.kind else { throw ReferenceError(source.file, nil, error.message) }
            throw ReferenceError(source.file, SystemFailure(call: "read", path: source.path, code: code))
        } catch {
            throw ReferenceError(source.file, nil, "\(error)")
        }
    }

    private static func label(
        _ columns: [String: ColumnView], _ row: Int, _ place: ReferencePlace
    ) throws(ReferenceError) -> LabelEntry {
        guard let id = columns["episode_id"]?.text(row), !id.isEmpty else {
            throw place.error("column episode_id: it is empty")
        }
        return LabelEntry(
            id, columns["manual_outcome"]?.text(row), columns["manual_notes"]?.text(row),
            columns["setup_type"]?.text(row), columns["confidence"]?.number(row))
    }
}

extension ColumnView {
    private func isPresent(_ row: Int) -> Bool { validity?[row] ?? true }

    /// The string of a row; nil where there is none.
    fileprivate func text(_ row: Int) -> String? {
        guard isPresent(row), case .strings(let indices, let texts) = values else { return nil }
        return texts[Int(indices[row])]
    }

    fileprivate func number(_ row: Int) -> Double? {
        guard isPresent(row), case .double(let numbers) = values else { return nil }
        return numbers[row]
    }
}
