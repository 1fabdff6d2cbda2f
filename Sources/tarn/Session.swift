import Arguments
import Contracts
import DBN
import Glibc
import JSON
import Lake
import Pipeline
import Stages
import Terminal

/// What a command works in: the general options, the console, and the way results go out.
final class Session {
    let globals: Globals
    let console: Console
    private var hasResult = false

    init(_ globals: Globals) {
        self.globals = globals
        console = Console(
            loudness: globals.quiet ? .quiet : globals.verbose ? .verbose : .normal,
            colour: globals.colour)
        isJSON = globals.json
    }

    /// Results are wanted for a machine.
    let isJSON: Bool

    private init(json: Bool, colour: Console.Colour) {
        globals = Globals()
        console = Console(loudness: .normal, colour: colour)
        isJSON = json
    }

    /// For help, before any option is known.
    static var plain: Session { Session(json: false, colour: .never) }

    /// For complaints about an argument list that was not understood.
    static func refusing(_ arguments: [String]) -> Session {
        let wish = zip(arguments, arguments.dropFirst()).first { $0.0 == "--color" }?.1
        let joined = arguments.first { $0.hasPrefix("--color=") }?.dropFirst("--color=".count)
        let colour = (wish ?? joined.map(String.init)).flatMap(Console.Colour.init(rawValue:))
        return Session(json: arguments.contains("--json"), colour: colour ?? .auto)
    }

    // MARK: - Running

    func run(_ command: any Command<Session>) -> ExitStatus {
        do {
            try command.run(in: self)
            return finish(.done)
        } catch {
            return fail(Failure(explaining: error))
        }
    }

    func show(_ text: String) -> ExitStatus {
        console.result(text.hasSuffix("\n") ? String(text.dropLast()) : text)
        return finish(.done)
    }

    func refuse(_ error: UsageError) -> ExitStatus {
        console.endProgress()
        let command = error.path.joined(separator: " ")
        let prefix = error.path.count > 1 ? "\(command): " : ""
        var more: [String] = []
        if let usage = error.usage { more = ["usage: \(usage)", "'\(command) --help' tells more."] }
        console.error(prefix + error.message, advice: error.advice, more: more)
        return fail(Failure(.usage, error.message, advice: error.advice), isSaid: true)
    }

    private func fail(_ failure: Failure, isSaid: Bool = false) -> ExitStatus {
        console.endProgress()
        if !isSaid { console.error(failure.message, advice: failure.advice) }
        if isJSON, !hasResult {
            emit([
                "error": [
                    "kind": .string(failure.status.name),
                    "exit_code": .integer(Int64(failure.status.rawValue)),
                    "message": .string(failure.message),
                    "advice": failure.advice.map(JSONValue.string) ?? .null,
                ]
            ])
        }
        return finish(failure.status)
    }

    private func finish(_ status: ExitStatus) -> ExitStatus {
        let code = console.finish()
        guard code != 0 else { return status }
        console.error("standard output: \(String(cString: strerror(code)))")
        return .transient
    }

    // MARK: - Results

    /// The one JSON document of a command.
    func emit(_ value: JSONValue) {
        hasResult = true
        console.result(value.serialized(.pretty))
    }

    /// The result of a command, for whom it is wanted; nil where there is nothing to say to people.
    func report(_ json: JSONValue, _ text: String?) {
        if isJSON {
            emit(json)
        } else if let text {
            console.result(text)
        }
    }

    // MARK: - The project

    /// The directory with `datasets.yaml`.
    func projectRoot() throws(Failure) -> String {
        if let given = globals.project {
            guard access("\(given)/datasets.yaml", F_OK) == 0 else {
                throw Failure(.usage, "\(given) is not a project: it has no datasets.yaml")
            }
            return given
        }
        guard let here = realpath(".", nil) else { throw Failure(.usage, "the current directory is gone") }
        defer { free(here) }
        var folder = String(cString: here)[...]
        while true {
            let candidate = folder.isEmpty ? "/" : String(folder)
            if access("\(candidate)/datasets.yaml", F_OK) == 0 { return candidate }
            guard !folder.isEmpty, let slash = folder.lastIndex(of: "/") else { break }
            folder = folder[..<slash]
        }
        throw Failure(
            .usage, "there is no project here: neither this directory nor one above it has a datasets.yaml",
            advice: "name one with --project DIR or TARN_PROJECT")
    }

    /// The contracts of the project, also where they are not those this program was built from.
    func contracts() throws -> ContractSet {
        try ContractSet(directory: "\(projectRoot())/contracts")
    }

    /// The project, with the lake of `--lake` or of its registry.
    func project() throws(Failure) -> Project {
        try Project(root: projectRoot(), lake: globals.lake)
    }

    /// The vendor's schemas, and the kinds of CSV files, that a product is made from.
    func rawSchemas(of product: String) throws -> Set<String> {
        let registry = try project().registry
        guard registry.products.contains(product) else {
            throw Failure(
                .usage, "no stage of datasets.yaml makes the product '\(product)'",
                advice: nearest(to: product, among: registry.products).map { "did you mean '\($0)'?" }
                    ?? "known: \(registry.products.joined(separator: ", "))")
        }
        let sources = registry.stages.filter { $0.products.contains(product) }.flatMap { $0.reads(for: product) }
            .map(\.source)
        return Set(
            sources.compactMap { source -> String? in
                guard case .raw(let schema) = source else { return nil }
                return Schema(name: schema) != nil || TaqFile.Kind(rawValue: schema) != nil ? schema : nil
            })
    }
}
