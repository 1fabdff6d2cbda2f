extension Program {
    /// Reads an argument list.
    ///
    /// - Parameters:
    ///   - arguments: without the program's own name.
    ///   - width: columns for help texts.
    ///   - variable: looks up a variable of the process's environment.
    public func parse(
        _ arguments: [String], width: Int = 80, variable: (String) -> String? = { _ in nil }
    ) throws(UsageError) -> Invocation {
        let globals = Globals()
        var scan = Scan(arguments: arguments, shared: parameters(of: globals))
        var place = Place<Environment>.program

        while let choices = choices(at: place) {
            guard let word = try scan.nextWord(at: self, place: place) else {
                return try withoutCommand(scan, place: place, width: width)
            }
            if word == "help", case .program = place {
                return .help(try help(for: scan.rest(), width: width))
            }
            guard let next = self.place(word, below: place) else {
                throw unknownCommand(word, among: choices, place: place)
            }
            place = next
        }
        guard case .command(let type, let path) = place else {
            preconditionFailure("every leaf is a command")
        }
        let command = type.init()
        scan.own = parameters(of: command)
        do {
            try scan.finish()
            if scan.wantsHelp { return .help(help(at: place, width: width)) }
            try scan.readVariables(variable)
            try scan.checkRequired()
            try command.validate()
        } catch {
            throw error.at(path, usage: usage(of: place))
        }
        return .run(command, globals)
    }

    private func withoutCommand(
        _ scan: Scan, place: Place<Environment>, width: Int
    ) throws(UsageError) -> Invocation {
        if scan.wantsHelp { return .help(help(at: place, width: width)) }
        if scan.wantsVersion { return .version }
        let names = (choices(at: place) ?? []).map(\.name)
        throw UsageError("a command is missing", advice: "one of: \(names.joined(separator: ", "))")
            .at(path(of: place), usage: usage(of: place))
    }

    private func unknownCommand(
        _ word: String, among choices: [About], place: Place<Environment>
    ) -> UsageError {
        let names = choices.map(\.name)
        let advice =
            nearest(to: word, among: names).map { "did you mean '\($0)'?" }
            ?? "one of: \(names.joined(separator: ", "))"
        return UsageError("unknown command '\(word)'", advice: advice)
            .at(path(of: place), usage: usage(of: place))
    }

    /// The help of the command that words name.
    private func help(for words: [String], width: Int) throws(UsageError) -> String {
        var place = Place<Environment>.program
        for word in words where !word.hasPrefix("-") {
            guard let choices = choices(at: place) else { break }
            guard let next = self.place(word, below: place) else {
                throw unknownCommand(word, among: choices, place: place)
            }
            place = next
        }
        return help(at: place, width: width)
    }
}

/// One pass over an argument list.
struct Scan {
    private let arguments: [String]
    private var index = 0
    /// Parameters that hold everywhere.
    let shared: [any Parameter]
    /// Parameters of the command, once it is known.
    var own: [any Parameter] = []
    var wantsHelp = false
    var wantsVersion = false
    private var filledPositionals = 0
    /// The option that took several values just before, for advice about a stray word.
    private var lastList: Declaration?

    init(arguments: [String], shared: [any Parameter]) {
        self.arguments = arguments
        self.shared = shared
    }

    /// The words that are left.
    func rest() -> [String] { Array(arguments[index...]) }

    /// The next word that is not an option, while the command is not known yet.
    mutating func nextWord<G, E>(at program: Program<G, E>, place: Place<E>) throws(UsageError) -> String? {
        do {
            while index < arguments.count {
                let token = arguments[index]
                index += 1
                if !token.hasPrefix("-") || token == "-" { return token }
                if token == "--version" {
                    wantsVersion = true
                } else {
                    try option(token)
                }
            }
        } catch {
            throw error.at(program.path(of: place), usage: program.usage(of: place))
        }
        return nil
    }

    /// Everything after the command's name.
    mutating func finish() throws(UsageError) {
        while index < arguments.count {
            let token = arguments[index]
            index += 1
            if token == "--" {
                while index < arguments.count {
                    try positional(arguments[index])
                    index += 1
                }
            } else if token.hasPrefix("-"), token != "-" {
                try option(token)
            } else {
                try positional(token)
            }
        }
    }

    // MARK: - Options

    private mutating func option(_ token: String) throws(UsageError) {
        if token == "--help" || token == "-h" {
            wantsHelp = true
        } else if token.hasPrefix("--") {
            try longOption(String(token.dropFirst(2)))
        } else {
            try shortOptions(Array(token.dropFirst()))
        }
    }

    private mutating func longOption(_ text: String) throws(UsageError) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        guard let parameter = named({ $0.name == name }) else { throw unknownOption("--\(name)") }
        let attached = parts.count == 2 ? String(parts[1]) : nil
        if parameter.declaration.kind == .flag {
            guard attached == nil else { throw UsageError("--\(name) takes no value") }
            try give("", to: parameter)
        } else {
            if let attached {
                try give(attached, to: parameter)
            } else {
                try give(value(for: parameter.declaration), to: parameter)
            }
        }
    }

    /// `-q`, `-qv`, `-n 3`, `-n3`
    private mutating func shortOptions(_ letters: [Character]) throws(UsageError) {
        var letters = letters[...]
        while let letter = letters.popFirst() {
            guard let parameter = named({ $0.short == letter }) else {
                throw unknownOption(letters.isEmpty ? "-\(letter)" : "-\(letter)\(String(letters))")
            }
            if parameter.declaration.kind == .flag {
                try give("", to: parameter)
            } else {
                try give(letters.isEmpty ? value(for: parameter.declaration) : String(letters), to: parameter)
                return
            }
        }
    }

    private func named(_ isMeant: (Declaration) -> Bool) -> (any Parameter)? {
        (own + shared).first { $0.declaration.kind != .positional && isMeant($0.declaration) }
    }

    /// The word after an option that wants a value. A word that looks like an option is not taken for one;
    /// `--name=-value` says that it is meant.
    private mutating func value(for declaration: Declaration) throws(UsageError) -> String {
        let missing = UsageError("\(declaration.title) needs a value: \(declaration.form)")
        guard index < arguments.count else { throw missing }
        let token = arguments[index]
        if token.hasPrefix("-"), token != "-", Double(token) == nil { throw missing }
        index += 1
        return token
    }

    private mutating func give(_ text: String, to parameter: any Parameter) throws(UsageError) {
        do {
            try parameter.take(text)
        } catch {
            throw UsageError("\(parameter.declaration.title): \(error.message)", advice: error.advice)
        }
        let declaration = parameter.declaration
        lastList = declaration.takesSeveral && declaration.kind == .option ? declaration : nil
    }

    private func unknownOption(_ token: String) -> UsageError {
        let names = (own + shared).filter { $0.declaration.kind != .positional }.map { $0.declaration.title }
        let known = names + ["--help"]
        // A single dash before a long name is a common slip.
        let meant = token.hasPrefix("--") ? token : "-" + token
        let suggestion = nearest(to: meant, among: known)
        return UsageError("unknown option '\(token)'", advice: suggestion.map { "did you mean '\($0)'?" })
    }

    // MARK: - Positional arguments

    private mutating func positional(_ token: String) throws(UsageError) {
        let places = own.filter { $0.declaration.kind == .positional }
        guard filledPositionals < places.count else { throw unexpected(token) }
        let parameter = places[filledPositionals]
        try give(token, to: parameter)
        if !parameter.declaration.takesSeveral { filledPositionals += 1 }
    }

    private func unexpected(_ token: String) -> UsageError {
        guard let list = lastList else { return UsageError("unexpected argument '\(token)'") }
        let several =
            list.separator.map { "several values are joined: \(list.title) A\($0)B" }
            ?? "several values are given one by one: \(list.title) A \(list.title) B"
        return UsageError("unexpected argument '\(token)' after \(list.title)", advice: several)
    }

    // MARK: - Afterwards

    func readVariables(_ variable: (String) -> String?) throws(UsageError) {
        for parameter in shared + own where !parameter.isGiven {
            guard let name = parameter.declaration.variable, let text = variable(name), !text.isEmpty else {
                continue
            }
            do {
                try parameter.take(text)
            } catch {
                throw UsageError("\(name): \(error.message)", advice: error.advice)
            }
        }
    }

    func checkRequired() throws(UsageError) {
        if let whole = own.first(where: { $0.declaration.replacesRequired && $0.isGiven }) {
            guard let other = own.first(where: { $0.declaration.isRequired && $0.isGiven }) else { return }
            throw UsageError("\(whole.declaration.title) and \(other.declaration.title) exclude each other")
        }
        let missing = own.filter { $0.declaration.isRequired && !$0.isGiven }.map { $0.declaration.form }
        guard missing.isEmpty else { throw UsageError("missing \(missing.joined(separator: ", "))") }
    }
}
