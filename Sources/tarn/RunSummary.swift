import CivilTime
import Contracts
import Lake
import Pipeline
import Terminal

/// What a run came to, in a few lines: a table of what was made, the sums, what is wrong with the data, what to do next.
struct RunSummary {
    private let report: RunReport
    private let rows: [Row]

    init(_ report: RunReport) {
        self.report = report
        var rows: [Row] = []
        var places: [Row.Key: Int] = [:]
        for partition in report.partitions {
            let key = Row.Key(dataset: partition.address.dataset, symbol: partition.address.symbol)
            let place = places[key] ?? rows.count
            if place == rows.count {
                rows.append(Row(key: key))
                places[key] = place
            }
            rows[place].add(partition)
        }
        self.rows = rows
    }

    // MARK: - The table

    /// One line for each dataset and symbol.
    ///
    /// - Parameter eachPartition: one line for each partition instead.
    func table(eachPartition: Bool) -> TextTable {
        var table = TextTable([
            .datasets("dataset"), .text("symbol"), .text("dt"), .text("outcome"), .number("rows"),
            .number("size").dispensable(),
        ])
        let shown =
            eachPartition
            ? report.partitions.map { partition in
                var row = Row(key: .init(dataset: partition.address.dataset, symbol: partition.address.symbol))
                row.add(partition)
                return row
            } : rows
        for row in shown {
            table.add([
                "\(row.key.dataset)", .init(row.key.symbol), .init(Human.span(row.first, row.last)),
                .init(row.outcome, row.style), .init(row.hasManifest ? Human.count(Int(row.rows)) : ""),
                .init(row.hasManifest ? Human.bytes(Int(row.bytes)) : ""),
            ])
        }
        return table
    }

    /// A dataset of a symbol, all its dates.
    private struct Row {
        struct Key: Hashable {
            let dataset: DatasetKey
            let symbol: String
        }

        let key: Key
        var dates: [CivilDate] = []
        /// Number of partitions for each word, in the order in which they came.
        var outcomes: [(word: String, style: Style?, count: Int)] = []
        var rows: Int64 = 0
        var bytes: Int64 = 0
        var hasManifest = false
        /// Of what was made.
        var windows: Int64 = 0
        var validWindows: Int64 = 0
        var reasons: [String: Int64] = [:]
        var rowsDropped: Int64 = 0

        init(key: Key) { self.key = key }

        var first: CivilDate { dates.min()! }
        var last: CivilDate { dates.max()! }
        var missed: Int64 { windows - validWindows }

        var outcome: String {
            guard dates.count > 1 else { return outcomes[0].word }
            return outcomes.map { "\($0.count) \($0.word)" }.joined(separator: ", ")
        }

        var style: Style? {
            let styles = outcomes.map(\.style)
            return styles.contains(.bad) ? .bad : styles.contains(.good) ? .good : .faint
        }

        mutating func add(_ partition: PartitionResult) {
            dates.append(partition.address.date)
            if let known = outcomes.firstIndex(where: { $0.word == partition.word }) {
                outcomes[known].count += 1
            } else {
                outcomes.append((partition.word, partition.style, 1))
            }
            guard let manifest = partition.manifest else { return }
            hasManifest = true
            rows += manifest.rowCount
            bytes += manifest.byteCount
            guard partition.isMade else { return }
            let quality = manifest.quality
            windows += quality.windows ?? 0
            validWindows += quality.validWindows ?? quality.windows ?? 0
            reasons.merge(quality.reasons, uniquingKeysWith: +)
            rowsDropped += quality.rowsDropped
        }
    }

    // MARK: - The sums

    /// Partitions, rows and bytes made; records and time; the worst of the quality.
    var lines: [String] {
        var counts: [(word: String, count: Int)] = []
        for partition in report.partitions {
            if let known = counts.firstIndex(where: { $0.word == partition.word }) {
                counts[known].count += 1
            } else {
                counts.append((partition.word, 1))
            }
        }
        let made = report.partitions.filter { $0.isMade }.compactMap(\.manifest)
        var sums = "\(Human.plural(report.partitions.count, "partition"))"
        if !counts.isEmpty {
            sums += ": " + counts.map { "\(Human.count($0.count)) \($0.word)" }.joined(separator: ", ")
        }
        if !made.isEmpty {
            let rows = made.reduce(0) { $0 + Int($1.rowCount) }
            let bytes = made.reduce(0) { $0 + Int($1.byteCount) }
            sums += "; made \(Human.plural(rows, "row")), \(Human.bytes(bytes))"
        }
        let records = report.tasks.reduce(0) { $0 + $1.records }
        let rate = report.seconds > 0 ? ", \(Human.magnitude(Double(records) / report.seconds)) records/s" : ""
        let time = Human.duration(seconds: report.seconds)
        let read = records > 0 ? "\(Human.plural(records, "record")) read in \(time)\(rate)" : "took \(time)"
        return [sums, read] + quality
    }

    /// Tables with windows that are not valid or rows that were dropped, the worst three.
    private var quality: [String] {
        let wanting = rows.filter { $0.missed > 0 || $0.rowsDropped > 0 }
            .sorted {
                ($0.missed + $0.rowsDropped, "\($1.key.dataset)") > ($1.missed + $1.rowsDropped, "\($0.key.dataset)")
            }
        var lines = wanting.prefix(3).map { row in
            var parts: [String] = []
            if row.missed > 0 {
                let reasons = row.reasons.filter { $0.value > 0 }.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
                    .prefix(3).map { "\($0.key) \(Human.count(Int($0.value)))" }
                let total = Human.plural(Int(row.windows), "window")
                parts.append(
                    "\(Human.count(Int(row.missed))) of \(total) not valid"
                        + (reasons.isEmpty ? "" : " (\(reasons.joined(separator: ", ")))"))
            }
            if row.rowsDropped > 0 { parts.append("\(Human.plural(Int(row.rowsDropped), "row")) dropped") }
            return "quality: \(row.key.dataset) \(row.key.symbol): \(parts.joined(separator: ", "))"
        }
        if wanting.count > 3 {
            lines.append("quality: \(Human.plural(wanting.count - 3, "more table")); 'tarn status' shows all")
        }
        return lines
    }

    /// What one does after a run that went well; nil where something failed (its advice says more) or nothing was made.
    var next: String? {
        guard report.failures.isEmpty else { return nil }
        let made = rows.filter { row in row.outcomes.contains { $0.style == .good } }
        // The widest table of the lowest layer is what one looks at first.
        guard
            let shown = made.filter({ $0.rows > 0 }).max(by: {
                ($0.key.dataset.layer, $0.bytes) < ($1.key.dataset.layer, $1.bytes)
            })
        else { return nil }
        return "tarn inspect \(shown.key.dataset) -s \(shown.key.symbol) --how-to-read"
    }
}

extension PartitionResult {
    var isMade: Bool { if case .skipped = outcome { false } else { true } }

    var style: Style? {
        switch outcome {
        case .skipped, .identical: .faint
        case .published, .replaced: .good
        case .failed: .bad
        }
    }
}

extension Human {
    /// A date, or the first and the last of several: `2026-03-02…03-06`.
    static func span(_ first: CivilDate, _ last: CivilDate) -> String {
        guard first != last else { return "\(first)" }
        let (from, to) = ("\(first)", "\(last)")
        return "\(from)…" + (from.prefix(5) == to.prefix(5) ? to.dropFirst(5) : to[...])
    }
}
