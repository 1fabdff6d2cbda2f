import Arguments
import Columnar
import Contracts
import JSON
import Pipeline
import Terminal

struct ContractsShow: Command {
    static var about: About {
        About(
            "show", "List the datasets, or show the columns and rules of some.",
            examples: [
                Example("tarn contracts show", "lists all datasets"),
                Example(
                    "tarn contracts show silver.future_mbo.book_snapshot_1s",
                    "shows one table, column by column"),
            ])
    }

    @Arguments(.dataset, isRequired: false, help: "LAYER.PRODUCT.TABLE; without one all datasets are listed.")
    var datasets: [String]

    func run(in session: Session) throws {
        let set = try session.project().contracts
        let shown = try datasets.map { text throws(Failure) in try find(text, in: set) }
        if session.isJSON {
            session.emit(["contracts": .array((shown.isEmpty ? set.contracts : shown).map(\.description))])
        } else if shown.isEmpty {
            list(set, on: session.console)
        } else {
            for (index, contract) in shown.enumerated() {
                if index > 0 { session.console.result() }
                show(contract, on: session.console)
            }
        }
    }

    private func find(_ text: String, in set: ContractSet) throws(Failure) -> Contract {
        if let key = DatasetKey(parsing: text), let contract = set[key] { return contract }
        let suggestion = nearest(to: text, among: set.datasets.map(\.description))
        throw Failure(
            .usage, "there is no dataset '\(text)'",
            advice: suggestion.map { "did you mean '\($0)'?" } ?? "'tarn contracts show' lists them")
    }

    private func list(_ set: ContractSet, on console: Console) {
        var table = TextTable([.text("dataset"), .number("version"), .number("columns"), .text("key")])
        for contract in set.contracts {
            table.add([
                "\(contract.dataset)", "\(contract.version)", "\(contract.fields.count)",
                .init(contract.key.joined(separator: ", "), .faint),
            ])
        }
        console.result(table)
    }

    private func show(_ contract: Contract, on console: Console) {
        console.result(console.palette("\(contract.dataset)", .strong) + "  version \(contract.version)")
        console.paragraph(contract.doc)
        console.result()
        for (name, columns) in [("key", contract.key), ("order", contract.orderBy)] where !columns.isEmpty {
            console.result("\(name): \(columns.joined(separator: ", "))")
        }
        for identity in contract.identities { console.result("identity: \(identity.text)") }
        console.result("fingerprint: \(contract.fingerprint)")
        console.result()
        var table = TextTable([
            .text("column"), .text("type"), .text("unit"), .text("range"), .text("meaning"),
        ])
        for field in contract.fields {
            table.add([
                .init(field.name, .strong), .init(field.type.name + (field.isNullable ? "?" : "")),
                .init(field.unit ?? ""), .init(field.range), .init(field.meaning, .faint),
            ])
        }
        console.result(table)
    }
}

// MARK: - Texts

extension ColumnType {
    /// The type as contracts call it.
    var name: String {
        switch self {
        case .boolean: "boolean"
        case .int32: "int"
        case .int64: "long"
        case .double: "double"
        case .string: "string"
        case .date: "date"
        case .timestampMillis: "timestamp-millis"
        case .timestampNanos: "timestamp-nanos"
        case .symbols: "enum"
        }
    }
}

extension Contract.Field {
    /// `≥ 0`, `0 … 1`, or nothing.
    var range: String {
        switch (lower, upper) {
        case (nil, nil): ""
        case (let lower?, nil): "\(lower.isExclusive ? ">" : "≥") \(lower.value.text)"
        case (nil, let upper?): "\(upper.isExclusive ? "<" : "≤") \(upper.value.text)"
        case (let lower?, let upper?):
            "\(lower.isExclusive ? "]" : "[")\(lower.value.text), \(upper.value.text)\(upper.isExclusive ? "[" : "]")"
        }
    }

    /// The documentation, and the symbols of an enum.
    var meaning: String {
        guard case .symbols(let symbols) = type else { return doc }
        let list = symbols.joined(separator: " ")
        return doc.isEmpty ? list : "\(doc) (\(list))"
    }
}

extension Contract.Number {
    var text: String {
        switch self {
        case .integer(let number): "\(number)"
        case .real(let number): "\(number)"
        }
    }

    var json: JSONValue {
        switch self {
        case .integer(let number): .integer(number)
        case .real(let number): .double(number)
        }
    }
}

extension Contract.Identity {
    /// `a + b − c = d ± 0.5 where e`
    var text: String {
        var sum = ""
        for term in terms {
            let magnitude = term.factor.magnitude == 1 ? "" : "\(term.factor.magnitude) × "
            let sign = term.factor < 0 ? "−" : "+"
            sum += sum.isEmpty ? (term.factor < 0 ? "−" : "") : " \(sign) "
            sum += magnitude + term.column
        }
        let slack = tolerance == 0 ? "" : " ± \(tolerance)"
        return "\(sum) = \(equals)\(slack)" + (condition.map { " where \($0)" } ?? "")
    }
}

extension Contract {
    /// The contract for machines.
    var description: JSONValue {
        [
            "dataset": .string("\(dataset)"), "version": .integer(Int64(version)), "doc": .string(doc),
            "fingerprint": .string(fingerprint), "key": .array(key.map(JSONValue.string)),
            "order_by": .array(orderBy.map(JSONValue.string)),
            "identities": .array(identities.map { .string($0.text) }),
            "columns": .array(fields.map(\.description)),
        ]
    }
}

extension Contract.Field {
    var description: JSONValue {
        var object: JSONObject = JSONObject([
            ("name", .string(name)), ("type", .string(type.name)), ("nullable", .bool(isNullable)),
            ("unit", unit.map(JSONValue.string) ?? .null), ("doc", .string(doc)),
        ])
        if case .symbols(let symbols) = type { object["symbols"] = .array(symbols.map(JSONValue.string)) }
        if let lower { object[lower.isExclusive ? "exclusive_minimum" : "minimum"] = lower.value.json }
        if let upper { object[upper.isExclusive ? "exclusive_maximum" : "maximum"] = upper.value.json }
        return .object(object)
    }
}
