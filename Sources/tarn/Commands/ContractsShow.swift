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
                Example("tarn contracts show --markdown > contracts.md", "writes them all down"),
            ])
    }

    @Flag("markdown", help: "As a document, all datasets or the given ones.") var asMarkdown
    @Arguments(.dataset, isRequired: false, help: "LAYER.PRODUCT.TABLE; without one all datasets are listed.")
    var datasets: [String]

    func run(in session: Session) throws {
        let set = try session.contracts()
        let shown = try datasets.map { text throws(Failure) in try find(text, in: set) }
        if session.isJSON {
            session.emit(["contracts": .array((shown.isEmpty ? set.contracts : shown).map(\.description))])
        } else if asMarkdown {
            let text = shown.isEmpty ? set.markdown() : shown.map { $0.markdown() }.joined(separator: "\n")
            session.console.result(String(text.dropLast()))
        } else if shown.isEmpty {
            list(set, on: session.console)
        } else {
            let texts = shown.map { $0.text(width: session.console.resultWidth) }
            session.console.result(String(texts.joined(separator: "\n").dropLast()))
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
        var table = TextTable([.datasets("dataset"), .number("version"), .number("columns"), .text("key")])
        for contract in set.contracts {
            table.add([
                "\(contract.dataset)", "\(contract.version)", "\(contract.fields.count)",
                .init(contract.key.joined(separator: ", "), .faint),
            ])
        }
        console.result(table)
    }
}

// MARK: - For machines

extension Contract {
    var description: JSONValue {
        [
            "dataset": .string("\(dataset)"), "version": .integer(Int64(version)), "doc": .string(doc),
            "fingerprint": .string(fingerprint), "key": .array(key.map(JSONValue.string)),
            "order_by": .array(orderBy.map(JSONValue.string)),
            "identities": .array(identities.map { .string($0.statement) }),
            "columns": .array(fields.map(\.description)),
        ]
    }
}

extension Contract.Field {
    var description: JSONValue {
        var object = JSONObject([
            ("name", .string(name)), ("type", .string(type.name)), ("nullable", .bool(isNullable)),
            ("unit", unit.map(JSONValue.string) ?? .null), ("doc", .string(doc)),
        ])
        if case .symbols(let symbols) = type { object["symbols"] = .array(symbols.map(JSONValue.string)) }
        if let lower { object[lower.isExclusive ? "exclusive_minimum" : "minimum"] = lower.value.json }
        if let upper { object[upper.isExclusive ? "exclusive_maximum" : "maximum"] = upper.value.json }
        return .object(object)
    }
}

extension Contract.Number {
    var json: JSONValue {
        switch self {
        case .integer(let number): .integer(number)
        case .real(let number): .double(number)
        }
    }
}

extension ColumnType {
    /// The type as contracts call it, without the symbols of an enum.
    var name: String {
        if case .symbols = self { "enum" } else { words }
    }
}
