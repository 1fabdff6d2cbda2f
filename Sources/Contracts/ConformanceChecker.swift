import Columnar

/// Checks rows against every rule of a contract, batch by batch, at the speed of the writer.
///
/// Writers feed it what they are about to encode, `verify` what it has read; neither publishes or trusts a
/// table whose report is not clean. Each rule first runs as a plain pass over the column that only counts;
/// the slow look at single rows happens where that count is not zero.
///
/// Order and uniqueness of the key cross batches. Where the key is a prefix of the order (as in all tables of
/// size), ascending neighbours prove uniqueness in constant memory; otherwise the checker keeps one entry a
/// row.
public struct ConformanceChecker: ~Copyable {
    let contract: Contract
    var results: [ConformanceReport.RuleResult] = []
    private var columnRules: [ColumnRules] = []
    private var order: OrderRule
    private var identityRules: [IdentityRule] = []
    private var rows = 0

    public init(_ contract: Contract) {
        self.contract = contract
        for (index, field) in contract.fields.enumerated() {
            columnRules.append(ColumnRules(field, column: index, into: &results))
        }
        order = OrderRule(contract, into: &results)
        for identity in contract.identities {
            identityRules.append(IdentityRule(identity, contract, into: &results))
        }
    }

    /// Checks the next rows of the partition.
    ///
    /// - Parameter views: all columns of the contract in its order, of equal length. A column of symbols may come as
    ///   indices into the contract's list or as strings.
    public mutating func check(_ views: [ColumnView]) {
        precondition(views.count == contract.fields.count, "\(contract.dataset): a view for every column")
        let count = views[0].count
        precondition(views.allSatisfy { $0.count == count }, "\(contract.dataset): views of one length")
        if count == 0 { return }
        let batch = Batch(views: views, firstRow: rows, contract: contract)
        for rules in columnRules { rules.check(batch, &results) }
        order.check(batch, &results)
        for rule in identityRules { rule.check(batch, &results) }
        rows += count
    }

    /// All rules with what was found.
    public consuming func finish() -> ConformanceReport {
        order.finish(&results)
        return ConformanceReport(
            dataset: contract.dataset, fingerprint: contract.fingerprint, rows: rows, rules: results)
    }
}

/// The rows under check.
struct Batch {
    let views: [ColumnView]
    /// Row of the partition at index 0.
    let firstRow: Int
    let contract: Contract

    var count: Int { views[0].count }

    /// A row that breaks a rule, to be kept as a sample.
    func sample(_ row: Int, _ value: String) -> ConformanceReport.Sample {
        let key = contract.key.map { name in
            contract.shape.index(of: name).map { "\(name)=\(text(column: $0, row: row))" } ?? name
        }
        return ConformanceReport.Sample(row: firstRow + row, key: key.joined(separator: ", "), value: value)
    }

    /// "name=value" of one cell.
    func cell(column: Int, row: Int) -> String {
        "\(contract.fields[column].name)=\(text(column: column, row: row))"
    }

    private func text(column: Int, row: Int) -> String {
        let view = views[column]
        if let validity = view.validity, !validity[row] { return "null" }
        switch view.values {
        case .boolean(let values): return values[row] ? "true" : "false"
        case .int32(let values): return String(values[row])
        case .int64(let values): return String(values[row])
        case .double(let values): return values[row].description
        case .symbols(let values):
            guard case .symbols(let symbols) = contract.fields[column].type else { return "#\(values[row])" }
            return Int(values[row]) < symbols.count ? symbols[Int(values[row])] : "#\(values[row])"
        case .strings(let codes, let strings): return strings[Int(codes[row])]
        }
    }
}

extension ConformanceReport.RuleResult {
    mutating func record(_ batch: Batch, row: Int, _ value: @autoclosure () -> String) {
        violations += 1
        if samples.count < Self.maximumSamples { samples.append(batch.sample(row, value())) }
    }
}
