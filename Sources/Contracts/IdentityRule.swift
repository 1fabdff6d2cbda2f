import Columnar

/// One identity: Σ factor × column = `equals` within the tolerance.
///
/// Integers add up exactly: in 64 bits where the magnitudes of a stretch of rows show that nothing can
/// overflow, in 128 bits elsewhere. Doubles add up in the order written, as the specification says.
struct IdentityRule {
    private let identity: Contract.Identity
    private let terms: [Int]
    private let equals: Int
    private let condition: Int?
    private let result: Int

    /// Rows whose sums are held at once: two kilobytes of sums stay in the first-level cache.
    private static let stretch = 256

    init(
        _ identity: Contract.Identity, _ contract: Contract,
        into results: inout [ConformanceReport.RuleResult]
    ) {
        func position(_ name: String) -> Int { contract.shape.index(of: name) ?? 0 }
        self.identity = identity
        terms = identity.terms.map { position($0.column) }
        equals = position(identity.equals)
        condition = identity.condition.map { position($0) }
        result = results.count
        let columns =
            identity.terms.map(\.column) + [identity.equals] + (identity.condition.map { [$0] } ?? [])
        results.append(.init(kind: .identity, columns: columns, statement: identity.statement))
    }

    func check(_ batch: Batch, _ results: inout [ConformanceReport.RuleResult]) {
        if identity.isExact {
            withUnsafeTemporaryAllocation(of: Int64.self, capacity: Self.stretch) { sums in
                for rows in stretches(batch) where !holdExactly(batch, rows, sums) {
                    record(batch, rows, &results)
                }
            }
        } else {
            withUnsafeTemporaryAllocation(of: Double.self, capacity: Self.stretch) { sums in
                for rows in stretches(batch) where !hold(batch, rows, sums) { record(batch, rows, &results) }
            }
        }
    }

    private func stretches(_ batch: Batch) -> some Sequence<Range<Int>> {
        stride(from: 0, to: batch.count, by: Self.stretch).lazy.map {
            $0..<min($0 + Self.stretch, batch.count)
        }
    }

    private func applies(_ batch: Batch, _ row: Int) -> Bool {
        guard let condition, case .boolean(let flags) = batch.views[condition].values else { return true }
        return flags[row]
    }

    private func record(_ batch: Batch, _ rows: Range<Int>, _ results: inout [ConformanceReport.RuleResult]) {
        for row in rows where applies(batch, row) && !holds(batch, row) {
            let cells = (terms + [equals]).map { batch.cell(column: $0, row: row) }
            results[result].record(batch, row: row, cells.joined(separator: ", "))
        }
    }
}

// MARK: - Integers

extension IdentityRule {
    private func integer(_ batch: Batch, _ column: Int, _ row: Int) -> Int64 {
        switch batch.views[column].values {
        case .int64(let values): values[row]
        case .int32(let values): Int64(values[row])
        default: 0
        }
    }

    /// One row, exactly.
    private func holds(_ batch: Batch, _ row: Int) -> Bool {
        guard identity.isExact else { return holdsInDoubles(batch, row) }
        var sum: Int128 = 0
        for (term, column) in zip(identity.terms, terms) {
            sum += Int128(Int64(term.factor)) * Int128(integer(batch, column, row))
        }
        let difference = (sum - Int128(integer(batch, equals, row))).magnitude
        return difference <= UInt128(min(identity.tolerance, 0x1p126))
    }

    /// All rows of a stretch, in 64 bits; false also when that is too narrow to tell.
    private func holdExactly(
        _ batch: Batch, _ rows: Range<Int>, _ sums: UnsafeMutableBufferPointer<Int64>
    ) -> Bool {
        sums.initialize(repeating: 0)
        var bound = 1.0
        for (term, column) in zip(identity.terms, terms) {
            let bits = add(batch, column, rows, factor: Int64(term.factor), to: sums)
            bound += term.factor.magnitude * bits
        }
        bound += add(batch, equals, rows, factor: -1, to: sums)
        guard bound < 0x1p62 else { return false }
        return rowsBeyond(batch, rows, sums) == 0
    }

    private func rowsBeyond(
        _ batch: Batch, _ rows: Range<Int>, _ sums: UnsafeMutableBufferPointer<Int64>
    ) -> Int {
        let tolerance = Int64(min(identity.tolerance, 0x1p62))
        var beyond = 0
        if let condition, case .boolean(let flags) = batch.views[condition].values {
            for i in 0..<rows.count {
                beyond &+=
                    ((sums[i] > tolerance ? 1 : 0) | (sums[i] < -tolerance ? 1 : 0))
                    & (flags[rows.lowerBound + i] ? 1 : 0)
            }
        } else {
            for i in 0..<rows.count {
                beyond &+= (sums[i] > tolerance ? 1 : 0) | (sums[i] < -tolerance ? 1 : 0)
            }
        }
        return beyond
    }

    /// Adds factor × column, wrapping, and tells a power of two above all magnitudes of the column.
    private func add(
        _ batch: Batch, _ column: Int, _ rows: Range<Int>, factor: Int64,
        to sums: UnsafeMutableBufferPointer<Int64>
    ) -> Double {
        var bits: Int64 = 0
        switch batch.views[column].values {
        case .int64(let values):
            for i in 0..<rows.count {
                let value = values[rows.lowerBound + i]
                bits |= value ^ (value >> 63)
                sums[i] &+= factor &* value
            }
        case .int32(let values):
            for i in 0..<rows.count {
                let value = Int64(values[rows.lowerBound + i])
                bits |= value ^ (value >> 63)
                sums[i] &+= factor &* value
            }
        default: break
        }
        return bits == 0 ? 1 : Double(sign: .plus, exponent: 64 - bits.leadingZeroBitCount, significand: 1)
    }
}

// MARK: - Doubles

extension IdentityRule {
    private func real(_ batch: Batch, _ column: Int, _ row: Int) -> Double {
        switch batch.views[column].values {
        case .double(let values): values[row]
        case .int64(let values): Double(values[row])
        case .int32(let values): Double(values[row])
        default: 0
        }
    }

    private func holdsInDoubles(_ batch: Batch, _ row: Int) -> Bool {
        var sum = 0.0
        for (index, column) in terms.enumerated() {
            let product = identity.terms[index].factor * real(batch, column, row)
            sum = index == 0 ? product : sum + product
        }
        return (sum - real(batch, equals, row)).magnitude <= identity.tolerance
    }

    /// All rows of a stretch. A NaN holds nowhere.
    private func hold(_ batch: Batch, _ rows: Range<Int>, _ sums: UnsafeMutableBufferPointer<Double>) -> Bool {
        // −0.0 is the number that adds nothing to any other, the sign of a zero included.
        sums.initialize(repeating: -0.0)
        for (term, column) in zip(identity.terms, terms) {
            add(batch, column, rows, factor: term.factor, to: sums)
        }
        add(batch, equals, rows, factor: -1, to: sums)
        var beyond = 0
        if let condition, case .boolean(let flags) = batch.views[condition].values {
            for i in 0..<rows.count {
                beyond &+=
                    (sums[i].magnitude <= identity.tolerance ? 0 : 1) & (flags[rows.lowerBound + i] ? 1 : 0)
            }
        } else {
            for i in 0..<rows.count { beyond &+= sums[i].magnitude <= identity.tolerance ? 0 : 1 }
        }
        return beyond == 0
    }

    private func add(
        _ batch: Batch, _ column: Int, _ rows: Range<Int>, factor: Double,
        to sums: UnsafeMutableBufferPointer<Double>
    ) {
        switch batch.views[column].values {
        case .double(let values):
            for i in 0..<rows.count { sums[i] += factor * values[rows.lowerBound + i] }
        case .int64(let values):
            for i in 0..<rows.count { sums[i] += factor * Double(values[rows.lowerBound + i]) }
        case .int32(let values):
            for i in 0..<rows.count { sums[i] += factor * Double(values[rows.lowerBound + i]) }
        default: break
        }
    }
}

extension Contract.Identity {
    /// The rule in words and signs: "add_qty - pull_qty = net_qty where window_valid".
    public var statement: String {
        var text = ""
        for (index, term) in terms.enumerated() {
            let sign = term.factor < 0 ? (index == 0 ? "-" : " - ") : (index == 0 ? "" : " + ")
            let factor = term.factor.magnitude == 1 ? "" : "\(shortest(term.factor.magnitude)) * "
            text += sign + factor + term.column
        }
        text += " = \(equals)"
        if tolerance > 0 { text += " within \(shortest(tolerance))" }
        if let condition { text += " where \(condition)" }
        return text
    }

    private func shortest(_ value: Double) -> String {
        Int64(exactly: value).map { String($0) } ?? value.description
    }
}
