import Arguments
import Glibc
import Pipeline
import Terminal

/// The command line: reads what is asked for, lets the command do it, and turns its end into an exit code.
@main
struct Tarn {
    static let version = "0.1.0"

    static var program: Program<Globals, Session> {
        Program(
            About(
                "tarn", "Turn raw exchange files into a research data lake: raw, bronze, silver, gold.",
                examples: [
                    Example(
                        "tarn raw add *.mbo.dbn.zst --product-type future_mbo",
                        "puts vendor files into the lake"),
                    Example("tarn inspect glbx-mdp3-20260303.mbo.dbn.zst", "shows what a vendor file holds"),
                    Example(
                        "tarn contracts show silver.future_mbo.book_snapshot_1s",
                        "shows one table, column by column"),
                ]),
            globals: Globals.self,
            entries: [
                .group(
                    About("raw", "Vendor files: put them into the lake, list them, check them."),
                    [RawAdd.self, RawList.self, RawVerify.self]),
                .group(
                    About("ref", "Sessions, levels, markers and labels of the recorder: add them, list them."),
                    [RefAdd.self, RefList.self]),
                .group(About("level", "Price levels: add one."), [LevelAdd.self]),
                .group(About("marker", "Markers: add one."), [MarkerAdd.self]),
                .group(
                    About("contracts", "The definitions of all tables: check, show, compare, release."),
                    [ContractsCheck.self, ContractsShow.self, ContractsDiff.self, ContractsLock.self]),
                .command(RunCommand.self),
                .command(PlanCommand.self),
                .command(RebuildCommand.self),
                .command(SelectContracts.self),
                .command(FitForecast.self),
                .command(Status.self),
                .command(Verify.self),
                .command(Rollback.self),
                .command(Collect.self),
                .command(Inspect.self),
                .command(Export.self),
                .command(Report.self),
                .command(Explain.self),
                .command(SampleCommand.self),
                .command(Init.self),
                .command(Doctor.self),
                .command(Completions.self),
                .command(Manual.self),
                .command(Version.self),
            ])
    }

    static func main() {
        // A reader of the output that went away is noticed by write(2).
        signal(SIGPIPE, SIG_IGN)
        exit(run(Array(CommandLine.arguments.dropFirst())).rawValue)
    }

    private static func run(_ arguments: [String]) -> ExitStatus {
        do throws(UsageError) {
            switch try program.parse(arguments, width: Console.width, variable: Terminal.variable) {
            case .help(let text):
                return Session.plain.show(text)
            case .version:
                return Session.plain.show("tarn \(version)\n")
            case .run(let command, let globals):
                return Session(globals).run(command)
            }
        } catch {
            return Session.refusing(arguments).refuse(error)
        }
    }
}

/// Options that every command has.
struct Globals: ParameterGroup {
    @Option(
        "project", .directory, variable: "TARN_PROJECT",
        help: "Directory with datasets.yaml; without it the nearest one upward from here.")
    var project: String?
    @Option(
        "lake", .directory, variable: "TARN_LAKE",
        help: "Directory of the lake; without it lake_root of datasets.yaml.")
    var lake: String?
    @Flag("json", help: "Write the result as one JSON document.") var json
    @Flag("quiet", short: "q", help: "Only errors besides the result.") var quiet
    @Flag("verbose", short: "v", help: "Tell each step.") var verbose
    @Option(
        "color", .choice("WHEN"), defaultText: "auto",
        help: "Colours: auto (on a terminal, unless NO_COLOR is set), always or never.")
    var colour: Console.Colour = .auto
}
