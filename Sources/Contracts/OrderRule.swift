import Columnar

/// Row order and uniqueness of the key, across batches.
///
/// The neighbours of a batch are compared column by column: a relation a row (tie so far, ascending,
/// descending) that the first column which differs decides. Strings and symbols compare by the bytes of their
/// text.
struct OrderRule {
    /// Positions of the columns of `orderBy`.
    private let columns: [Int]
    /// Positions of the key's columns.
    private let keyColumns: [Int]
    private let orderResult: Int
    private let keyResult: Int
    /// After so many columns of the order a tie is a key twice; nil: the key is not a prefix of the order.
    private let keyPrefix: Int?
    /// The order columns of the last row of the batch before.
    private var previous: [Cell]?
    /// Key tuples seen, where the order does not prove that they are distinct.
    private var seen: Set<[UInt8]> = []
    private var relation = [Relation]()

    private typealias Relation = UInt8
    private static let tie: Relation = 0
    private static let ascending: Relation = 1
    private static let descending: Relation = 2

    init(_ contract: Contract, into results: inout [ConformanceReport.RuleResult]) {
        columns = contract.orderBy.compactMap { contract.shape.index(of: $0) }
        keyColumns = contract.key.compactMap { contract.shape.index(of: $0) }
        let prefix = Set(columns.prefix(keyColumns.count))
        keyPrefix = prefix == Set(keyColumns) ? keyColumns.count : nil
        keyResult = results.count
        orderResult = results.count + 1
        results.append(
            .init(
                kind: .key, columns: contract.key,
                statement: "unique by \(contract.key.joined(separator: ", "))"))
        results.append(
            .init(
                kind: .order, columns: contract.orderBy,
                statement: "ascending by \(contract.orderBy.joined(separator: ", "))"))
    }

    mutating func check(_ batch: Batch, _ results: inout [ConformanceReport.RuleResult]) {
        let count = batch.count
        relation.removeAll(keepingCapacity: true)
        relation.append(contentsOf: repeatElement(Self.tie, count: count))
        // The first row of all has no neighbour; later batches continue.
        if previous == nil { relation[0] = Self.ascending }
        var ties = count
        for (position, column) in columns.enumerated() where ties > 0 {
            compare(batch, column: column, previous: previous?[position])
            ties = relation.count { $0 == Self.tie }
            if position + 1 == keyPrefix, ties > 0 { recordTies(batch, &results) }
        }
        if relation.contains(Self.descending) { recordDescents(batch, &results) }
        if keyPrefix == nil { collectKeys(batch, &results) }
        previous = columns.map { Cell(batch, column: $0, row: count - 1) }
    }

    func finish(_ results: inout [ConformanceReport.RuleResult]) {
        if keyPrefix != nil, results[orderResult].violations > 0 {
            results[keyResult].note = "rows are out of order: only neighbours with one key are counted"
        }
    }

    private func recordTies(_ batch: Batch, _ results: inout [ConformanceReport.RuleResult]) {
        for row in 0..<batch.count where relation[row] == Self.tie {
            results[keyResult].record(batch, row: row, "the key of the row before")
        }
    }

    private func recordDescents(_ batch: Batch, _ results: inout [ConformanceReport.RuleResult]) {
        for row in 0..<batch.count where relation[row] == Self.descending {
            let here = columns.map { batch.cell(column: $0, row: row) }.joined(separator: ", ")
            let before =
                row > 0
                ? columns.map { Cell(batch, column: $0, row: row - 1).text }.joined(separator: ", ")
                : (previous ?? []).map(\.text).joined(separator: ", ")
            results[orderResult].record(batch, row: row, "\(here) after \(before)")
        }
    }

    private mutating func collectKeys(_ batch: Batch, _ results: inout [ConformanceReport.RuleResult]) {
        for row in 0..<batch.count {
            var bytes: [UInt8] = []
            for column in keyColumns { Cell(batch, column: column, row: row).encode(into: &bytes) }
            if !seen.insert(bytes).inserted {
                results[keyResult].record(batch, row: row, "a key that came before")
            }
        }
    }
}

// MARK: - Comparing neighbours

extension OrderRule {
    /// Decides the ties of `relation` by one column.
    private mutating func compare(_ batch: Batch, column: Int, previous: Cell?) {
        if relation[0] == Self.tie, let previous {
            let here = Cell(batch, column: column, row: 0)
            relation[0] =
                previous.precedes(here)
                ? Self.ascending : here.precedes(previous) ? Self.descending : Self.tie
        }
        relation.withUnsafeMutableBufferPointer { relation in
            switch batch.views[column].values {
            case .int64(let values): decide(relation, values)
            case .int32(let values): decide(relation, values)
            case .symbols(let values): decide(relation, values, ranks(of: batch.contract.fields[column].type))
            case .boolean(let values):
                decide(relation) { !values[$0] && values[$1] }
            case .strings(let codes, let strings):
                decide(relation) { before, here in
                    codes[before] != codes[here]
                        && strings[Int(codes[before])].utf8.lexicographicallyPrecedes(
                            strings[Int(codes[here])].utf8)
                }
            case .double(let values):
                decide(relation) { values[$0] < values[$1] }
            }
        }
    }
}

/// Rank of each symbol index by the bytes of the symbols; indices beyond the list come last.
private func ranks(of type: ColumnType) -> [Int32] {
    var ranks = (0..<256).map { Int32($0) }
    guard case .symbols(let symbols) = type else { return ranks }
    let order = symbols.indices.sorted { symbols[$0].utf8.lexicographicallyPrecedes(symbols[$1].utf8) }
    for (rank, index) in order.enumerated() { ranks[index] = Int32(rank) }
    return ranks
}

private func decide(_ relation: UnsafeMutableBufferPointer<UInt8>, _ values: UnsafeBufferPointer<Int64>) {
    for i in stride(from: 1, to: values.count, by: 1) {
        let step: UInt8 = (values[i] > values[i - 1] ? 1 : 0) | (values[i] < values[i - 1] ? 2 : 0)
        relation[i] = relation[i] == 0 ? step : relation[i]
    }
}

private func decide(_ relation: UnsafeMutableBufferPointer<UInt8>, _ values: UnsafeBufferPointer<Int32>) {
    for i in stride(from: 1, to: values.count, by: 1) {
        let step: UInt8 = (values[i] > values[i - 1] ? 1 : 0) | (values[i] < values[i - 1] ? 2 : 0)
        relation[i] = relation[i] == 0 ? step : relation[i]
    }
}

private func decide(
    _ relation: UnsafeMutableBufferPointer<UInt8>, _ values: UnsafeBufferPointer<UInt8>, _ ranks: [Int32]
) {
    ranks.withUnsafeBufferPointer { ranks in
        for i in stride(from: 1, to: values.count, by: 1) {
            let (before, here) = (ranks[Int(values[i - 1])], ranks[Int(values[i])])
            let step: UInt8 = (here > before ? 1 : 0) | (here < before ? 2 : 0)
            relation[i] = relation[i] == 0 ? step : relation[i]
        }
    }
}

private func decide(_ relation: UnsafeMutableBufferPointer<UInt8>, _ precedes: (Int, Int) -> Bool) {
    for i in stride(from: 1, to: relation.count, by: 1) where relation[i] == 0 {
        if precedes(i - 1, i) {
            relation[i] = 1
        } else if precedes(i, i - 1) {
            relation[i] = 2
        }
    }
}

/// One value of a key or order column, outside of its batch.
private enum Cell {
    case integer(Int64)
    case real(Double)
    case text(String)

    init(_ batch: Batch, column: Int, row: Int) {
        switch batch.views[column].values {
        case .boolean(let values): self = .integer(values[row] ? 1 : 0)
        case .int32(let values): self = .integer(Int64(values[row]))
        case .int64(let values): self = .integer(values[row])
        case .double(let values): self = .real(values[row])
        case .strings(let codes, let strings):
            // A null where none is allowed may have an index without a string.
            self = .text(Int(codes[row]) < strings.count ? strings[Int(codes[row])] : "")
        case .symbols(let values):
            let index = Int(values[row])
            // An index beyond the list is a violation of its own; here it sorts behind the symbols.
            if case .symbols(let symbols) = batch.contract.fields[column].type, index < symbols.count {
                self = .text(symbols[index])
            } else {
                self = .text("~\(index)")
            }
        }
    }

    func precedes(_ other: Cell) -> Bool {
        switch (self, other) {
        case (.integer(let a), .integer(let b)): a < b
        case (.real(let a), .real(let b)): a < b
        case (.text(let a), .text(let b)): a.utf8.lexicographicallyPrecedes(b.utf8)
        default: false
        }
    }

    var text: String {
        switch self {
        case .integer(let value): String(value)
        case .real(let value): value.description
        case .text(let value): value
        }
    }

    /// Bytes that are equal exactly for equal tuples of one table.
    func encode(into bytes: inout [UInt8]) {
        switch self {
        case .integer(let value): withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) }
        case .real(let value): withUnsafeBytes(of: value.bitPattern) { bytes.append(contentsOf: $0) }
        case .text(let value):
            withUnsafeBytes(of: value.utf8.count) { bytes.append(contentsOf: $0) }
            bytes.append(contentsOf: value.utf8)
        }
    }
}
