/// One command: a small struct whose wrapped properties are its options.
///
///     struct Version: Command {
///         static var about: About { About("version", "Print the version.") }
///         func run(in session: Session) throws { … }
///     }
public protocol Command<Environment> {
    /// What a command is given to work in.
    associatedtype Environment

    static var about: About { get }
    init()
    /// Checks what concerns several options at once.
    func validate() throws(UsageError)
    func run(in environment: Environment) throws
}

extension Command {
    public func validate() throws(UsageError) {}
}

/// Name and texts of a command or a group of commands.
public struct About: Sendable {
    public let name: String
    /// One sentence.
    public let summary: String
    /// Paragraphs, separated by empty lines; indented lines keep their form.
    public let discussion: String
    public let examples: [Example]

    public init(_ name: String, _ summary: String, discussion: String = "", examples: [Example] = []) {
        self.name = name
        self.summary = summary
        self.discussion = discussion
        self.examples = examples
    }
}

/// A command line and what it is good for.
public struct Example: Sendable {
    public let line: String
    public let purpose: String

    public init(_ line: String, _ purpose: String) {
        self.line = line
        self.purpose = purpose
    }
}

/// A program: its commands, and the options that hold for all of them.
public struct Program<Globals: ParameterGroup, Environment> {
    public let about: About
    public let entries: [Entry]

    public enum Entry {
        case command(any Command<Environment>.Type)
        case group(About, [any Command<Environment>.Type])

        var about: About {
            switch self {
            case .command(let type): type.about
            case .group(let about, _): about
            }
        }
    }

    public init(_ about: About, globals: Globals.Type, entries: [Entry]) {
        self.about = about
        self.entries = entries
    }

    /// What an argument list asks for.
    public enum Invocation {
        case help(String)
        case version
        case run(any Command<Environment>, Globals)
    }
}

/// A place in the tree of commands.
enum Place<Environment> {
    case program
    case group(About, [any Command<Environment>.Type])
    case command(any Command<Environment>.Type, path: [String])
}

extension Program {
    /// The entries below a place, or nil at a command.
    func choices(at place: Place<Environment>) -> [About]? {
        switch place {
        case .program: entries.map(\.about)
        case .group(_, let commands): commands.map { $0.about }
        case .command: nil
        }
    }

    /// The place one word further down.
    func place(_ word: String, below place: Place<Environment>) -> Place<Environment>? {
        switch place {
        case .program:
            guard let entry = entries.first(where: { $0.about.name == word }) else { return nil }
            switch entry {
            case .command(let type): return .command(type, path: [about.name, word])
            case .group(let about, let commands): return .group(about, commands)
            }
        case .group(let group, let commands):
            guard let type = commands.first(where: { $0.about.name == word }) else { return nil }
            return .command(type, path: [about.name, group.name, word])
        case .command:
            return nil
        }
    }

    /// The words that lead to a place.
    func path(of place: Place<Environment>) -> [String] {
        switch place {
        case .program: [about.name]
        case .group(let group, _): [about.name, group.name]
        case .command(_, let path): path
        }
    }
}
