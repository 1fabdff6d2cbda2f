import Arguments

/// A small program to test the framework with.
struct Global: ParameterGroup {
    @Flag("json", help: "Machine-readable.") var json
    @Flag("quiet", short: "q", help: "Less.") var quiet
    @Flag("verbose", short: "v", help: "More.") var verbose
    @Option("project", .directory, variable: "KITCHEN_PROJECT", help: "Where.") var project: String?
}

enum Heat: String, CaseIterable { case low, medium, high }

struct Cook: Command {
    static var about: About {
        About(
            "cook", "Cook dishes.", discussion: "Dishes are cooked in the order given.",
            examples: [Example("kitchen cook --heat low soup", "cooks a soup slowly")])
    }

    struct Stove: ParameterGroup {
        @Option("heat", .choice("HEAT"), help: "How hot.") var heat: Heat
        @Option("minutes", short: "m", .integer(in: 1...600), help: "How long.") var minutes = 20
    }

    var stove = Stove()
    @Options("spice", .text(label: "S", completion: .subject("spices")), separator: ",", help: "What with.")
    var spices: [String]
    @Options("set", .text(label: "K=V"), help: "A setting.") var settings: [String]
    @Flag("dry-run", help: "Only say.") var dryRun
    @Argument(.file, help: "The recipe.") var recipe: String
    @Arguments(.text(label: "DISH"), isRequired: false, help: "What.") var dishes: [String]

    func validate() throws(UsageError) {
        if stove.heat == .high, stove.minutes > 60 {
            throw UsageError("--heat high burns after 60 minutes", advice: "use --heat low")
        }
    }

    func run(in environment: Void) {}
}

struct Wash: Command {
    static var about: About { About("wash", "Wash up.") }
    func run(in environment: Void) {}
}

struct Buy: Command {
    static var about: About { About("add", "Buy something.") }
    @Argument(.text(label: "THING"), help: "What.") var thing: String?
    func run(in environment: Void) {}
}

typealias Kitchen = Program<Global, Void>

var kitchen: Kitchen {
    Kitchen(
        About("kitchen", "Keep house."), globals: Global.self,
        entries: [
            .command(Cook.self), .command(Wash.self), .group(About("stock", "The larder."), [Buy.self]),
        ])
}

/// The command and globals of a line that must be understood.
func parse(_ line: String, variables: [String: String] = [:]) throws -> (any Command<Void>, Global) {
    let invocation = try kitchen.parse(line.split(separator: " ").map(String.init)) { variables[$0] }
    guard case .run(let command, let globals) = invocation else { throw UsageError("no command") }
    return (command, globals)
}

func cook(_ line: String) throws -> Cook {
    guard let cook = try parse("cook " + line).0 as? Cook else { throw UsageError("another command") }
    return cook
}

/// The complaint about a line that must be refused.
func complaint(_ line: String) -> UsageError? {
    do throws(UsageError) {
        _ = try kitchen.parse(line.split(separator: " ").map(String.init))
        return nil
    } catch {
        return error
    }
}

func help(_ line: String, width: Int = 80) throws -> String {
    guard case .help(let text) = try kitchen.parse(line.split(separator: " ").map(String.init), width: width)
    else {
        throw UsageError("no help")
    }
    return text
}
