import Columnar

/// One difference between two versions of a contract, and whom it breaks.
///
/// The rules are Avro's schema resolution for names, types and defaults, extended to what our readers rely on
/// as well: units, limits, key, order, identities and export names.
///
/// | change                                        | new reader, old data | old reader, new data |
/// |-----------------------------------------------|----------------------|----------------------|
/// | column added with a default                   | holds                | holds                |
/// | column added without a default                | breaks               | holds                |
/// | column dropped that had a default             | holds                | holds                |
/// | column dropped that had none                  | holds                | breaks               |
/// | column renamed                                | breaks               | breaks               |
/// | columns or symbols in another order           | holds                | holds                |
/// | type widened (int → long, double; long → double) | holds             | breaks               |
/// | type narrowed                                 | breaks               | holds                |
/// | type or logical type changed otherwise        | breaks               | breaks               |
/// | nulls allowed                                 | holds                | breaks               |
/// | nulls forbidden                               | breaks               | holds                |
/// | symbol added                                  | holds                | breaks               |
/// | symbol removed                                | breaks               | holds                |
/// | unit, export name or record name changed      | breaks               | breaks               |
/// | limit or identity tightened or added          | breaks               | holds                |
/// | limit or identity loosened or removed         | holds                | breaks               |
/// | key or order demands more                     | breaks               | holds                |
/// | key or order promises less                    | holds                | breaks               |
/// | texts only                                    | holds                | holds                |
public struct ContractChange: Sendable, Equatable {
    public enum Kind: String, Sendable {
        case recordRenamed, datasetChanged, columnAdded, columnDropped, columnRenamed, columnsReordered,
            typeWidened, typeNarrowed
        case typeChanged, nullsAllowed, nullsForbidden, symbolsAdded, symbolsRemoved, symbolsReordered,
            defaultChanged
        case unitChanged, aliasChanged, ruleTightened, ruleLoosened, ruleChanged, keyChanged, orderChanged,
            versionChanged
        case textChanged
    }

    public let kind: Kind
    /// The change in words: "column bid: unit price instead of ticks".
    public let description: String
    /// A reader of the new version cannot rely on what was written under the old one.
    public let breaksBackward: Bool
    /// A reader of the old version cannot rely on what is written under the new one.
    public let breaksForward: Bool

    public var isBreaking: Bool { breaksBackward || breaksForward }

    /// All differences from `old` to `new`: the table first, then column by column, then rules across
    /// columns, then texts.
    public static func changes(from old: Contract, to new: Contract) -> [ContractChange] {
        var comparison = Comparison(old: old, new: new)
        comparison.compare()
        return comparison.changes
    }
}

/// Collects the differences of two contracts.
private struct Comparison {
    let old: Contract
    let new: Contract
    var changes: [ContractChange] = []

    enum Effect {
        case holds, breaksBackward, breaksForward, breaksBoth
    }

    mutating func add(_ kind: ContractChange.Kind, _ effect: Effect, _ description: String) {
        changes.append(
            ContractChange(
                kind: kind, description: description,
                breaksBackward: effect == .breaksBackward || effect == .breaksBoth,
                breaksForward: effect == .breaksForward || effect == .breaksBoth))
    }

    mutating func compare() {
        compareTables()
        compareColumns()
        compareKeys()
        compareOrders()
        compareIdentities()
        compareTexts()
    }

    mutating func compareTables() {
        if old.dataset != new.dataset {
            add(.datasetChanged, .breaksBoth, "the dataset is \(new.dataset) instead of \(old.dataset)")
        }
        if old.name != new.name {
            add(.recordRenamed, .breaksBoth, "the record is \(new.name) instead of \(old.name)")
        }
        if old.version != new.version {
            add(.versionChanged, .holds, "version \(new.version) instead of \(old.version)")
        }
    }
}

// MARK: - Columns

extension Comparison {
    mutating func compareColumns() {
        var dropped = old.fields.filter { new.field($0.name) == nil }
        for (index, field) in new.fields.enumerated() {
            if let before = old.field(field.name) {
                compare(before, field)
            } else if let former = formerName(of: field, at: index, among: dropped) {
                dropped.removeAll { $0.name == former }
                add(.columnRenamed, .breaksBoth, "column \(former) is now called \(field.name)")
            } else if field.fallback != nil {
                add(.columnAdded, .holds, "column \(field.name) is new, with a default")
            } else {
                add(.columnAdded, .breaksBackward, "column \(field.name) is new, without a default")
            }
        }
        for field in dropped {
            let effect: Effect = field.fallback == nil ? .breaksForward : .holds
            add(
                .columnDropped, effect,
                "column \(field.name) is gone, which had \(field.fallback == nil ? "no" : "a") default")
        }
        let common = old.fields.map(\.name).filter { new.field($0) != nil }
        if common != new.fields.map(\.name).filter({ old.field($0) != nil }) {
            add(.columnsReordered, .holds, "the columns are in another order")
        }
    }

    /// A column that vanished from this place and was the same but for its name and text: values would be
    /// lost silently.
    private func formerName(
        of field: Contract.Field, at index: Int, among dropped: [Contract.Field]
    ) -> String? {
        guard index < old.fields.count else { return nil }
        let before = old.fields[index]
        let isSame =
            before.type == field.type && before.isNullable == field.isNullable && before.unit == field.unit
            && before.lower == field.lower && before.upper == field.upper
        return isSame && dropped.contains { $0.name == before.name } ? before.name : nil
    }

    private mutating func compare(_ before: Contract.Field, _ after: Contract.Field) {
        let column = "column \(after.name)"
        compareTypes(before, after, column)
        if !before.isNullable, after.isNullable {
            add(.nullsAllowed, .breaksForward, "\(column): may be null now")
        }
        if before.isNullable, !after.isNullable {
            add(.nullsForbidden, .breaksBackward, "\(column): may no longer be null")
        }
        if before.fallback != after.fallback, before.isNullable == after.isNullable {
            // Versions that lack the column are compared on their own.
            add(.defaultChanged, .holds, "\(column): another default")
        }
        if before.unit != after.unit {
            add(
                .unitChanged, .breaksBoth,
                "\(column): unit \(after.unit ?? "none") instead of \(before.unit ?? "none")")
        }
        if before.exportName != after.exportName {
            add(
                .aliasChanged, .breaksBoth,
                "\(column): exported as \(after.exportName) instead of \(before.exportName)")
        }
        compareLimits(before, after, column)
    }

    private mutating func compareTypes(_ before: Contract.Field, _ after: Contract.Field, _ column: String) {
        if case .symbols(let old) = before.type, case .symbols(let new) = after.type {
            compareSymbols(old, new, column)
            if before.enumName != after.enumName {
                add(
                    .typeChanged, .breaksBoth,
                    "\(column): enum \(after.enumName ?? "") instead of \(before.enumName ?? ""), which Avro resolves by name"
                )
            }
            return
        }
        if before.type == after.type { return }
        let words = "\(column): \(after.type.words) instead of \(before.type.words)"
        if widens(before.type, to: after.type) {
            add(.typeWidened, .breaksForward, words)
        } else if widens(after.type, to: before.type) {
            add(.typeNarrowed, .breaksBackward, words)
        } else {
            add(.typeChanged, .breaksBoth, words)
        }
    }

    /// Avro's promotions between the types that tables have.
    private func widens(_ narrow: ColumnType, to wide: ColumnType) -> Bool {
        switch (narrow, wide) {
        case (.int32, .int64), (.int32, .double), (.int64, .double): true
        default: false
        }
    }

    private mutating func compareSymbols(_ old: [String], _ new: [String], _ column: String) {
        let added = new.filter { !old.contains($0) }
        let removed = old.filter { !new.contains($0) }
        if !added.isEmpty {
            add(.symbolsAdded, .breaksForward, "\(column): new symbols \(added.joined(separator: ", "))")
        }
        if !removed.isEmpty {
            add(
                .symbolsRemoved, .breaksBackward,
                "\(column): symbols \(removed.joined(separator: ", ")) are gone")
        }
        if old.filter(new.contains) != new.filter(old.contains) {
            add(.symbolsReordered, .holds, "\(column): the symbols are in another order")
        }
    }

    private mutating func compareLimits(_ before: Contract.Field, _ after: Contract.Field, _ column: String) {
        func words(_ limit: Contract.Limit?, _ sign: String) -> String {
            limit.map { "\(sign)\($0.isExclusive ? "" : "=") \($0.value)" } ?? "no limit"
        }
        if before.type == after.type || widens(before.type, to: after.type)
            || widens(after.type, to: before.type)
        {
            compareLimit(
                before.lower, after.lower, isLower: true,
                "\(column): \(words(after.lower, ">")) instead of \(words(before.lower, ">"))")
            compareLimit(
                before.upper, after.upper, isLower: false,
                "\(column): \(words(after.upper, "<")) instead of \(words(before.upper, "<"))")
        } else if before.lower != after.lower || before.upper != after.upper {
            add(.ruleChanged, .breaksBoth, "\(column): other limits")
        }
    }

    private mutating func compareLimit(
        _ before: Contract.Limit?, _ after: Contract.Limit?, isLower: Bool, _ words: String
    ) {
        switch (before, after) {
        case (nil, nil): return
        case (nil, _?): add(.ruleTightened, .breaksBackward, words)
        case (_?, nil): add(.ruleLoosened, .breaksForward, words)
        case (let before?, let after?):
            let (old, new) = (before.place(isLower: isLower), after.place(isLower: isLower))
            if old == new { return }
            if (new > old) == isLower {
                add(.ruleTightened, .breaksBackward, words)
            } else {
                add(.ruleLoosened, .breaksForward, words)
            }
        }
    }
}

extension Contract.Limit {
    /// Where the limit is on the line of numbers: an exclusive one is a step further in than an inclusive
    /// one.
    fileprivate func place(isLower: Bool) -> Place {
        switch value {
        case .integer(let value):
            let step = isExclusive ? (isLower ? 1 : -1) : 0
            return Place(integer: Int128(value) + Int128(step), real: Double(value), step: 0)
        case .real(let value):
            return Place(integer: nil, real: value, step: isExclusive ? (isLower ? 1 : -1) : 0)
        }
    }

    fileprivate struct Place: Comparable {
        let integer: Int128?
        let real: Double
        let step: Int

        static func == (a: Place, b: Place) -> Bool { !(a < b) && !(b < a) }

        static func < (a: Place, b: Place) -> Bool {
            if let a = a.integer, let b = b.integer { return a < b }
            return (a.real, a.step) < (b.real, b.step)
        }
    }
}

// MARK: - Rules across columns

extension Comparison {
    mutating func compareKeys() {
        let (before, after) = (Set(old.key), Set(new.key))
        if before == after { return }
        let words =
            "the key is \(new.key.joined(separator: ", ")) instead of \(old.key.joined(separator: ", "))"
        let effect: Effect =
            after.isSubset(of: before)
            ? .breaksBackward : after.isSuperset(of: before) ? .breaksForward : .breaksBoth
        add(.keyChanged, effect, words)
    }

    mutating func compareOrders() {
        if old.orderBy == new.orderBy { return }
        let words =
            "rows are ordered by \(new.orderBy.joined(separator: ", ")) instead of \(old.orderBy.joined(separator: ", "))"
        let effect: Effect =
            new.orderBy.starts(with: old.orderBy)
            ? .breaksBackward : old.orderBy.starts(with: new.orderBy) ? .breaksForward : .breaksBoth
        add(.orderChanged, effect, words)
    }

    /// Identities are one rule as long as sum, result and condition agree; a condition or a tolerance makes
    /// them weaker.
    mutating func compareIdentities() {
        var unmatched = new.identities
        for before in old.identities {
            if let index = unmatched.firstIndex(of: before) {
                unmatched.remove(at: index)
            } else if let index = unmatched.firstIndex(where: {
                $0.terms == before.terms && $0.equals == before.equals
            }) {
                compare(before, unmatched.remove(at: index))
            } else {
                add(.ruleLoosened, .breaksForward, "the identity \(before.statement) is gone")
            }
        }
        for identity in unmatched {
            add(.ruleTightened, .breaksBackward, "the identity \(identity.statement) is new")
        }
    }

    private mutating func compare(_ before: Contract.Identity, _ after: Contract.Identity) {
        let words = "the identity \(after.statement) instead of \(before.statement)"
        let isTighter =
            after.tolerance < before.tolerance || before.condition != nil && after.condition == nil
        let isLooser = after.tolerance > before.tolerance || before.condition == nil && after.condition != nil
        switch (isTighter, isLooser) {
        case (true, false): add(.ruleTightened, .breaksBackward, words)
        case (false, true): add(.ruleLoosened, .breaksForward, words)
        default: add(.ruleChanged, .breaksBoth, words)
        }
    }

    mutating func compareTexts() {
        if old.doc != new.doc { add(.textChanged, .holds, "the text of the table") }
        for field in new.fields {
            if let before = old.field(field.name), before.doc != field.doc {
                add(.textChanged, .holds, "the text of column \(field.name)")
            }
        }
    }
}

extension ColumnType {
    /// The type as contracts write it: "long", "timestamp-nanos", "enum A B".
    public var words: String {
        switch self {
        case .boolean: "boolean"
        case .int32: "int"
        case .int64: "long"
        case .double: "double"
        case .string: "string"
        case .date: "date"
        case .timestampMillis: "timestamp-millis"
        case .timestampNanos: "timestamp-nanos"
        case .symbols(let symbols): "enum \(symbols.joined(separator: " "))"
        }
    }
}
