import Terminal

extension Program {
    /// One line that shows how a command is used.
    func usage(of place: Place<Environment>) -> String { usageParts(of: place).joined(separator: " ") }

    /// The pieces of the usage that stay in one line.
    private func usageParts(of place: Place<Environment>) -> [String] {
        let words = path(of: place).joined(separator: " ")
        guard case .command(let type, _) = place else { return ["\(words) COMMAND"] }
        let all = parameters(of: type.init()).map(\.declaration)
        var parts = [words]
        let options = all.filter { $0.kind != .positional }
        for option in options where option.isRequired { parts.append(option.form) }
        if options.contains(where: { !$0.isRequired }) { parts.append("[options]") }
        for argument in all where argument.kind == .positional {
            parts.append(argument.isRequired ? argument.form : "[\(argument.form)]")
        }
        return parts
    }

    /// The help text of a place in the tree.
    func help(at place: Place<Environment>, width: Int) -> String {
        var page = Page(width: width)
        let shared = parameters(of: Globals()).map(\.declaration)
        switch place {
        case .program:
            page.opening(about, usage: usageParts(of: place))
            page.section("commands", rows: entries.map { ($0.about.name, $0.about.summary) })
        case .group(let about, let commands):
            page.opening(about, usage: usageParts(of: place))
            page.section("commands", rows: commands.map { ($0.about.name, $0.about.summary) })
        case .command(let type, _):
            let own = parameters(of: type.init()).map(\.declaration)
            page.opening(type.about, usage: usageParts(of: place))
            page.section("arguments", rows: own.filter { $0.kind == .positional }.map(row))
            page.section("options", rows: own.filter { $0.kind != .positional }.map(row))
        }
        var general = shared.map(row)
        general.append(("-h, --help", "Show this help."))
        if case .program = place { general.append(("    --version", "Show the version.")) }
        page.section("everywhere", rows: general)
        switch place {
        case .program: page.examples(about.examples)
        case .group(let about, _): page.examples(about.examples)
        case .command(let type, _): page.examples(type.about.examples)
        }
        if case .command = place {
        } else {
            page.paragraph(
                "'\(path(of: place).joined(separator: " ")) COMMAND --help' tells more about a command.")
        }
        return page.text
    }

    private func row(_ declaration: Declaration) -> (String, String) {
        guard declaration.kind != .positional else { return (declaration.form, declaration.help) }
        var notes: [String] = []
        if declaration.isRequired { notes.append("required") }
        if let text = declaration.defaultText { notes.append("default: \(text)") }
        if let variable = declaration.variable { notes.append("also \(variable)") }
        if declaration.takesSeveral, declaration.separator == nil { notes.append("may be repeated") }
        let short = declaration.short.map { "-\($0), " } ?? "    "
        let suffix = notes.isEmpty ? "" : " [\(notes.joined(separator: "; "))]"
        return (short + declaration.form, declaration.help + suffix)
    }
}

/// A help text that grows section by section, filled to a width.
private struct Page {
    let width: Int
    private var lines: [String] = []

    init(width: Int) {
        self.width = max(40, min(width, 100))
    }

    var text: String { lines.joined(separator: "\n") + "\n" }

    mutating func opening(_ about: About, usage: [String]) {
        lines += filled(about.summary, width: width)
        lines.append("")
        for (index, line) in joined(usage, width: width - 7).enumerated() {
            lines.append((index == 0 ? "usage: " : "       ") + line)
        }
        if !about.discussion.isEmpty { paragraph(about.discussion) }
    }

    mutating func paragraph(_ text: String) {
        lines.append("")
        for line in paragraphs(text, width: width - 2) { lines.append(line.isEmpty ? "" : "  \(line)") }
    }

    /// Two columns; a left entry that is too long gets a line of its own.
    mutating func section(_ title: String, rows: [(String, String)]) {
        guard !rows.isEmpty else { return }
        lines.append("")
        lines.append("\(title):")
        let column = min(rows.map { $0.0.count }.max() ?? 0, width * 2 / 5) + 2
        for (left, right) in rows {
            let filled = filled(right, width: width - column - 2)
            var rest = filled[...]
            if left.count + 2 <= column {
                let pad = String(repeating: " ", count: column - left.count)
                lines.append("  \(left)\(pad)\(rest.popFirst() ?? "")")
            } else {
                lines.append("  \(left)")
            }
            for line in rest { lines.append(String(repeating: " ", count: column + 2) + line) }
        }
    }

    mutating func examples(_ examples: [Example]) {
        guard !examples.isEmpty else { return }
        lines.append("")
        lines.append("examples:")
        for example in examples {
            // A shell takes the lines as one.
            let parts = joined(example.line.split(separator: " ").map(String.init), width: width - 6)
            lines.append("  " + parts.joined(separator: " \\\n    "))
            for line in filled(example.purpose, width: width - 6) { lines.append("      \(line)") }
        }
    }
}

/// Pieces, with blanks between them, in lines of at most `width` characters; a longer piece stands alone.
private func joined(_ pieces: [String], width: Int) -> [String] {
    var lines: [String] = []
    for piece in pieces {
        if let line = lines.last, line.count + 1 + piece.count <= width {
            lines[lines.count - 1] = "\(line) \(piece)"
        } else {
            lines.append(piece)
        }
    }
    return lines
}

/// Paragraphs of a discussion: empty lines separate them, indented lines are left as they are.
func paragraphs(_ text: String, width: Int) -> [String] {
    var lines: [String] = []
    var words = ""
    func flush() {
        lines += filled(words, width: width)
        words = ""
    }
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
        if line.isEmpty || line.hasPrefix("  ") {
            flush()
            lines.append(String(line))
        } else {
            words += " \(line)"
        }
    }
    flush()
    return lines
}
