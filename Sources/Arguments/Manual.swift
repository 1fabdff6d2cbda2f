/// The manual page, made from the same declarations as the help: what `man` shows.
extension Program {
    /// A section of the page that only the application can write.
    public struct ManualSection {
        public let title: String
        public let entries: [(term: String, text: String)]

        public init(_ title: String, _ entries: [(term: String, text: String)]) {
            self.title = title
            self.entries = entries
        }
    }

    /// The page in the language of man(7).
    ///
    /// - Parameter sections: come after the commands, in their order.
    /// - Parameter version: of the program, for the foot of the page.
    public func manual(version: String, sections: [ManualSection] = []) -> String {
        var page = Roff()
        page.line(".TH \(about.name.uppercased()) 1 \"\" \"\(about.name) \(version)\" \"\(about.name)\"")
        page.heading("NAME")
        page.text("\(about.name) \\- ", about.summary)
        page.heading("SYNOPSIS")
        page.bold("\(about.name) ", plain: "COMMAND [options]")
        if !about.discussion.isEmpty {
            page.heading("DESCRIPTION")
            page.paragraphs(about.discussion)
        }
        page.heading("COMMANDS")
        for entry in entries {
            switch entry {
            case .command(let type): add(type, path: [about.name, type.about.name], to: &page)
            case .group(let group, let commands):
                for type in commands { add(type, path: [about.name, group.name, type.about.name], to: &page) }
            }
        }
        page.heading("OPTIONS OF ALL COMMANDS")
        for option in parameters(of: Globals()).map(\.declaration) { page.item(option) }
        page.item("-h, --help", "Show the help of a command.")
        page.item("--version", "Show the version.")
        for section in sections {
            page.heading(section.title)
            for entry in section.entries { page.item(entry.term, entry.text) }
        }
        if !about.examples.isEmpty {
            page.heading("EXAMPLES")
            for example in about.examples { page.item(example.line, example.purpose) }
        }
        return page.finished
    }

    private func add(_ type: any Command<Environment>.Type, path: [String], to page: inout Roff) {
        page.subheading(path.dropFirst().joined(separator: " "))
        page.text("", type.about.summary)
        page.line(".PP")
        page.text("", usage(of: .command(type, path: path)), isCode: true)
        if !type.about.discussion.isEmpty { page.paragraphs(type.about.discussion) }
        for declaration in parameters(of: type.init()).map(\.declaration) { page.item(declaration) }
        for example in type.about.examples { page.item(example.line, example.purpose) }
    }
}

/// Text in the language of man(7) that grows line by line.
private struct Roff {
    private var lines: [String] = []

    var finished: String { lines.joined(separator: "\n") + "\n" }

    mutating func line(_ line: String) { lines.append(line) }

    mutating func heading(_ title: String) { lines.append(".SH \"\(Roff.escaped(title))\"") }

    mutating func subheading(_ title: String) { lines.append(".SS \"\(Roff.escaped(title))\"") }

    /// - Parameter prefix: is in the language already.
    mutating func text(_ prefix: String, _ text: String, isCode: Bool = false) {
        let escaped = Roff.guarded(prefix + Roff.escaped(text))
        lines.append(isCode ? "\\fB\(escaped)\\fR" : escaped)
    }

    mutating func bold(_ text: String, plain: String) {
        lines.append("\\fB\(Roff.escaped(text))\\fR\(Roff.escaped(plain))")
    }

    /// Empty lines separate paragraphs, indented lines are left as they are.
    mutating func paragraphs(_ text: String) {
        lines.append(".PP")
        var isVerbatim = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let isIndented = line.hasPrefix("  ")
            if isIndented != isVerbatim { lines.append(isIndented ? ".nf" : ".fi") }
            isVerbatim = isIndented
            lines.append(line.isEmpty ? ".PP" : Roff.guarded(Roff.escaped(String(line))))
        }
        if isVerbatim { lines.append(".fi") }
    }

    mutating func item(_ declaration: Declaration) {
        let short = declaration.short.map { "-\($0), " } ?? ""
        var text = declaration.help
        if declaration.isRequired { text += " Required." }
        if let fallback = declaration.defaultText { text += " Default: \(fallback)." }
        if let variable = declaration.variable { text += " Also \(variable)." }
        item(declaration.kind == .positional ? declaration.form : short + declaration.form, text)
    }

    mutating func item(_ term: String, _ text: String) {
        lines += [".TP", "\\fB\(Roff.escaped(term))\\fR", Roff.guarded(Roff.escaped(text))]
    }

    /// A backslash begins a command, a plain minus is a hyphen.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "\\": result += "\\e"
            case "-": result += "\\-"
            case "\"": result += "\\(dq"
            default: result.append(character)
            }
        }
        return result
    }

    /// A line that begins like a request is none.
    private static func guarded(_ line: String) -> String {
        line.hasPrefix(".") || line.hasPrefix("'") ? "\\&" + line : line
    }
}
