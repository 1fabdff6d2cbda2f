import Columnar

/// The rules of one column: nulls, symbols, finite numbers, limits.
struct ColumnRules {
    private typealias Result = ConformanceReport.RuleResult

    private let column: Int
    private let type: ColumnType
    /// The values within the limits; nil where there are none to check.
    private var integers: ClosedRange<Int64>?
    /// The finite values within the limits.
    private var reals: ClosedRange<Double> = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude
    /// Positions of the rules among the results.
    private var null: Int?
    private var symbol: Int?
    private var finite: Int?
    private var minimum: Int?
    private var maximum: Int?

    init(_ field: Contract.Field, column: Int, into results: inout [ConformanceReport.RuleResult]) {
        self.column = column
        self.type = field.type
        func add(_ kind: Result.Kind, _ statement: String) -> Int {
            results.append(Result(kind: kind, columns: [field.name], statement: statement))
            return results.count - 1
        }
        if !field.isNullable { null = add(.null, "\(field.name) is not null") }
        if case .symbols(let symbols) = field.type {
            symbol = add(.symbol, "\(field.name) is one of \(symbols.joined(separator: " "))")
        }
        if field.type == .double { finite = add(.finite, "\(field.name) is finite") }
        if let lower = field.lower {
            minimum = add(.minimum, "\(field.name) \(lower.isExclusive ? ">" : ">=") \(lower.value)")
        }
        if let upper = field.upper {
            maximum = add(.maximum, "\(field.name) \(upper.isExclusive ? "<" : "<=") \(upper.value)")
        }
        // The parser has seen to it that there are values within the limits.
        if field.lower != nil || field.upper != nil {
            integers = Contract.Limit.integers(field.lower, field.upper)
        }
        reals = Contract.Limit.reals(field.lower, field.upper) ?? reals
    }

    func check(_ batch: Batch, _ results: inout [ConformanceReport.RuleResult]) {
        let view = batch.views[column]
        if let null, let validity = view.validity, countFalse(validity) > 0 {
            for row in 0..<batch.count where !validity[row] {
                results[null].record(batch, row: row, batch.cell(column: column, row: row))
            }
        }
        switch (view.values, type) {
        case (.boolean, .boolean), (.strings, .string): break
        case (.int32(let values), .int32), (.int32(let values), .date):
            guard let integers else { break }
            let narrow = Int32(clamping: integers.lowerBound)...Int32(clamping: integers.upperBound)
            if countOutside(values, narrow, view.validity) > 0 {
                recordLimits(batch, &results) { Int64(values[$0]) }
            }
        case (.int64(let values), .int64), (.int64(let values), .timestampMillis),
            (.int64(let values), .timestampNanos):
            guard let integers else { break }
            if countOutside(values, integers, view.validity) > 0 {
                recordLimits(batch, &results) { values[$0] }
            }
        case (.double(let values), .double):
            if countOutside(values, reals, view.validity) > 0 { recordReals(batch, values, &results) }
        case (.symbols(let values), .symbols(let symbols)):
            if countNotBelow(symbols.count, values, view.validity) > 0 {
                recordSymbols(batch, &results) { Int(values[$0]) < symbols.count }
            }
        case (.strings(let codes, let strings), .symbols(let symbols)):
            let known = strings.map { string in symbols.contains { $0.utf8.elementsEqual(string.utf8) } }
            if known.contains(false) { recordSymbols(batch, &results) { known[Int(codes[$0])] } }
        default: preconditionFailure("\(batch.contract.dataset): a view of another type for column \(column)")
        }
    }

    private func recordLimits(
        _ batch: Batch, _ results: inout [ConformanceReport.RuleResult], _ value: (Int) -> Int64
    ) {
        guard let integers else { return }
        for row in 0..<batch.count where isValid(batch, row) {
            if let minimum, value(row) < integers.lowerBound {
                results[minimum].record(batch, row: row, batch.cell(column: column, row: row))
            }
            if let maximum, value(row) > integers.upperBound {
                results[maximum].record(batch, row: row, batch.cell(column: column, row: row))
            }
        }
    }

    /// An infinity breaks the limit it is beyond, too; a NaN is only not finite.
    private func recordReals(
        _ batch: Batch, _ values: UnsafeBufferPointer<Double>, _ results: inout [ConformanceReport.RuleResult]
    ) {
        for row in 0..<batch.count where isValid(batch, row) {
            if let finite, !values[row].isFinite {
                results[finite].record(batch, row: row, batch.cell(column: column, row: row))
            }
            if let minimum, values[row] < reals.lowerBound {
                results[minimum].record(batch, row: row, batch.cell(column: column, row: row))
            }
            if let maximum, values[row] > reals.upperBound {
                results[maximum].record(batch, row: row, batch.cell(column: column, row: row))
            }
        }
    }

    private func recordSymbols(
        _ batch: Batch, _ results: inout [ConformanceReport.RuleResult], _ isKnown: (Int) -> Bool
    ) {
        guard let symbol else { return }
        for row in 0..<batch.count where isValid(batch, row) && !isKnown(row) {
            results[symbol].record(batch, row: row, batch.cell(column: column, row: row))
        }
    }

    private func isValid(_ batch: Batch, _ row: Int) -> Bool {
        batch.views[column].validity?[row] ?? true
    }
}

// MARK: - Counting passes

// Branch-free loops over one column, which the compiler turns into vector code. One function a type, because
// generic code is not reliably specialised.

private func countFalse(_ flags: UnsafeBufferPointer<Bool>) -> Int {
    var count = 0
    for flag in flags { count &+= flag ? 0 : 1 }
    return count
}

private func countOutside(
    _ values: UnsafeBufferPointer<Int32>, _ range: ClosedRange<Int32>, _ validity: UnsafeBufferPointer<Bool>?
) -> Int {
    let (low, high) = (range.lowerBound, range.upperBound)
    var count = 0
    if let validity {
        for i in 0..<values.count {
            count &+= ((values[i] < low ? 1 : 0) | (values[i] > high ? 1 : 0)) & (validity[i] ? 1 : 0)
        }
        return count
    }
    for value in values { count &+= (value < low ? 1 : 0) | (value > high ? 1 : 0) }
    return count
}

private func countOutside(
    _ values: UnsafeBufferPointer<Int64>, _ range: ClosedRange<Int64>, _ validity: UnsafeBufferPointer<Bool>?
) -> Int {
    let (low, high) = (range.lowerBound, range.upperBound)
    var count = 0
    if let validity {
        for i in 0..<values.count {
            count &+= ((values[i] < low ? 1 : 0) | (values[i] > high ? 1 : 0)) & (validity[i] ? 1 : 0)
        }
        return count
    }
    for value in values { count &+= (value < low ? 1 : 0) | (value > high ? 1 : 0) }
    return count
}

/// Counts values that are not within the range, NaN among them.
private func countOutside(
    _ values: UnsafeBufferPointer<Double>, _ range: ClosedRange<Double>,
    _ validity: UnsafeBufferPointer<Bool>?
) -> Int {
    let (low, high) = (range.lowerBound, range.upperBound)
    var count = 0
    if let validity {
        for i in 0..<values.count {
            count &+=
                (1 &- ((values[i] >= low ? 1 : 0) & (values[i] <= high ? 1 : 0))) & (validity[i] ? 1 : 0)
        }
        return count
    }
    for value in values { count &+= 1 &- ((value >= low ? 1 : 0) & (value <= high ? 1 : 0)) }
    return count
}

private func countNotBelow(
    _ limit: Int, _ values: UnsafeBufferPointer<UInt8>, _ validity: UnsafeBufferPointer<Bool>?
) -> Int {
    guard limit <= 255 else { return 0 }
    let bound = UInt8(limit)
    var count = 0
    if let validity {
        for i in 0..<values.count { count &+= (values[i] >= bound ? 1 : 0) & (validity[i] ? 1 : 0) }
        return count
    }
    for value in values { count &+= value >= bound ? 1 : 0 }
    return count
}
