import Columnar

/// Contracts as text for people: `contracts show`, `contracts show --markdown` and `contracts diff`.
extension Contract {
    /// The contract as a plain-text table; texts are wrapped to `width` columns. Ends with a newline.
    public func text(width: Int = 110) -> String {
        var text = "\(dataset)  \(name) version \(version)\n\(fingerprint)\n"
        if !doc.isEmpty { text += "\n" + wrapped(doc, width: width).joined(separator: "\n") + "\n" }
        text += "\nkey    \(key.joined(separator: ", "))\norder  \(orderBy.joined(separator: ", "))\n"
        for identity in identities { text += "rule   \(identity.statement)\n" }
        let rows =
            [["#", "column", "type", "unit", "rule", ""]]
            + fields.enumerated().map { index, field in
                ["\(index + 1)", field.name, field.typeText, field.unit ?? "", field.limitText, field.doc]
            }
        return text + "\n" + table(rows, width: width)
    }

    /// The contract as a section of a Markdown document, from a heading of the given level. Ends with a
    /// newline.
    public func markdown(level: Int = 2) -> String {
        var text = "\(String(repeating: "#", count: level)) \(dataset)\n\n"
        if !doc.isEmpty { text += "\(cell(doc))\n\n" }
        text += "- record `\(name)`, version \(version)\n"
        text += "- key: \(key.map { "`\($0)`" }.joined(separator: ", "))\n"
        text += "- order: \(orderBy.map { "`\($0)`" }.joined(separator: ", "))\n"
        for identity in identities { text += "- rule: `\(identity.statement)`\n" }
        text +=
            "- fingerprint: `\(fingerprint)`\n\n| # | column | type | unit | rule | meaning |\n|---|---|---|---|---|---|\n"
        for (index, field) in fields.enumerated() {
            let columns = [field.typeText, field.unit ?? "", field.limitText, field.docWithAlias].map(cell)
            text += "| \(index + 1) | `\(field.name)` | \(columns.joined(separator: " | ")) |\n"
        }
        return text
    }
}

extension ContractSet {
    /// All contracts as one Markdown document, which is kept in the repository and checked for drift.
    public func markdown() -> String {
        var text =
            "# Contracts\n\nGenerated from `contracts/` by `tarn contracts show --markdown`; not edited by hand.\n"
        for layer in DatasetKey.Layer.allCases {
            let own = contracts.filter { $0.dataset.layer == layer }
            if own.isEmpty { continue }
            text += "\n## \(layer.rawValue)\n"
            for contract in own { text += "\n" + contract.markdown(level: 3) }
        }
        return text
    }
}

extension ContractChange {
    /// The difference between two contracts in words, one change a line with whom it breaks. Ends with a
    /// newline.
    public static func text(from old: Contract, to new: Contract) -> String {
        let changes = changes(from: old, to: new)
        let head = "\(old.dataset) version \(old.version) → \(new.dataset) version \(new.version)\n"
        if changes.isEmpty { return head + "  no difference\n" }
        return head
            + changes.map { "  \($0.description)\($0.isBreaking ? ": \($0.consequence)" : "")\n" }.joined()
    }
}

extension Contract.Field {
    fileprivate var typeText: String { type.words + (isNullable ? "?" : "") }

    /// "> 0, <= 5".
    fileprivate var limitText: String {
        let low = lower.map { "\($0.isExclusive ? ">" : ">=") \($0.value)" }
        let high = upper.map { "\($0.isExclusive ? "<" : "<=") \($0.value)" }
        return [low, high].compactMap { $0 }.joined(separator: ", ")
    }

    fileprivate var docWithAlias: String {
        alias.map { "\(doc) (exported as `\($0)`)" } ?? doc
    }
}

// MARK: - Layout

/// Text for a cell of a Markdown table.
private func cell(_ text: String) -> String {
    var result = ""
    for character in text {
        switch character {
        case "|": result += "\\|"
        case "<": result += "&lt;"
        case "\n": result += " "
        default: result.append(character)
        }
    }
    return result
}

/// Rows with aligned columns; long types and the last column wrap within their columns. Where the last one has no room
/// beside the others, its words stand below them.
private func table(_ rows: [[String]], width: Int) -> String {
    let last = (rows.first?.count ?? 1) - 1
    let widest = (0..<last).map { column in min(30, rows.map { $0[column].count }.max() ?? 0) }
    let indent = widest.reduce(0) { $0 + $1 + 2 }
    let isBelow = width - indent < 30
    var text = ""
    for row in rows {
        var cells = (0..<last).map { wrapped(row[$0], width: widest[$0]) }
        if !isBelow { cells.append(wrapped(row[last], width: width - indent)) }
        for line in 0..<(cells.map(\.count).max() ?? 0) {
            var printed = ""
            for (column, lines) in cells.enumerated() {
                let part = line < lines.count ? lines[line] : ""
                printed +=
                    column == last
                    ? part : part + String(repeating: " ", count: max(0, widest[column] - part.count) + 2)
            }
            while printed.hasSuffix(" ") { printed.removeLast() }
            text += printed + "\n"
        }
        guard isBelow, !row[last].isEmpty else { continue }
        for line in wrapped(row[last], width: width - 6) { text += "      \(line)\n" }
    }
    return text
}

/// The words of a text in lines of at most `width` characters, where no single word is longer.
private func wrapped(_ text: String, width: Int) -> [String] {
    var lines: [String] = [""]
    for word in text.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
        let current = lines[lines.count - 1]
        if current.isEmpty {
            lines[lines.count - 1] = String(word)
        } else if current.count + 1 + word.count <= width {
            lines[lines.count - 1] = current + " " + word
        } else {
            lines.append(String(word))
        }
    }
    return lines
}
