import Arguments
import Contracts
import Pipeline
import Terminal

struct RunCommand: Command {
    static var about: About {
        About(
            "run", "Make the partitions of a layer for a product, symbols and dates.",
            discussion: """
                Partitions that are fresh are skipped; those that are missing are made. A partition that is stale is \
                refused, with the reasons, unless --overwrite is given: then everything that is named is rebuilt, and \
                what lies downstream of it in the layers asked for. Bronze is rebuilt only with --overwrite-bronze, too; \
                stale sessions, levels, markers and labels are rebuilt without it. \
                A root such as ES means all its contracts in bronze, and the contract of the day in silver and gold. \
                --task carries out tasks of 'tarn plan --ndjson', each line of which says all that is needed: they \
                may be spread over machines, as long as each step is done before the next.
                """,
            examples: [
                Example(
                    "tarn run --product-type future_mbo --layer all --symbol ES --dt 2026-03-03",
                    "goes from raw files to gold for the contract of the day"),
                Example(
                    "tarn run -p future_mbo --layer silver -s ESM4 -d 2024-05-08 --start 00:00:00Z --end 00:00:10Z",
                    "makes ten seconds of one contract"),
                Example(
                    "tarn run -p future_mbo --layer gold -s ES -d 2026-03-02:2026-03-06 --set ema_frame=price --overwrite",
                    "rebuilds a week of surfaces in the frame of prices"),
                Example(
                    "tarn plan -p future_mbo -l all -s ES -d 2026-03-03 --ndjson | tarn run --task -",
                    "carries out the tasks of a plan"),
            ])
    }

    @Options(
        "layer", short: "l", .choice("LAYER"), separator: ",", isRequired: true,
        help: "bronze, ref, silver, gold or all; silver includes ref.")
    var layers: [LayerChoice]
    var selection = SelectionOptions()
    var execution = ExecutionOptions()
    @Flag("overwrite", help: "Rebuild what is named and what is downstream of it.") var overwrite
    @Flag("dry-run", short: "n", help: "Only show what would be done.") var dryRun
    @Option(
        "task", .text(label: "FILE", completion: .files), replacesRequired: true,
        help: "Instead of all this: tasks of 'tarn plan --ndjson', one a line; - reads them from standard input.")
    var tasks: String?

    func validate() throws(UsageError) {
        if tasks != nil {
            guard execution.isPlain, !overwrite, !dryRun else {
                throw UsageError("with --task only --workers is given: each line says how its task is done")
            }
            return
        }
        try execution.validate()
        if execution.overwriteBronze && !overwrite {
            throw UsageError("--overwrite-bronze needs --overwrite")
        }
    }

    func run(in session: Session) throws {
        if let tasks {
            try RunDisplay(session).carryOut(TaskLine.read(tasks), workers: execution.workersOrCores)
            return
        }
        let request = RunRequest(
            selection, execution, layers: LayerChoice.layers(layers), overwrites: overwrite)
        if dryRun {
            try PlanReport(session.project(), request).show(in: session, asLines: false)
        } else {
            try RunDisplay(session).carryOut(request)
        }
    }
}

struct PlanCommand: Command {
    static var about: About {
        About(
            "plan", "Show what a run would do: each partition with its state and the reason.",
            examples: [
                Example(
                    "tarn plan --product-type future_mbo --layer all --symbol ES --dt 2026-03-02:2026-03-06",
                    "shows a week"),
                Example(
                    "tarn plan -p future_mbo -l all -s ES -d 2026-03-03 --ndjson", "prints one task per line"),
            ])
    }

    @Options(
        "layer", short: "l", .choice("LAYER"), separator: ",", isRequired: true,
        help: "bronze, ref, silver, gold or all; silver includes ref.")
    var layers: [LayerChoice]
    var selection = SelectionOptions()
    var execution = ExecutionOptions()
    @Flag("overwrite", help: "As in 'tarn run'.") var overwrite
    @Flag("ndjson", help: "Print one JSON document per task and line.") var ndjson

    func validate() throws(UsageError) { try execution.validate() }

    func run(in session: Session) throws {
        let request = RunRequest(
            selection, execution, layers: LayerChoice.layers(layers), overwrites: overwrite)
        try PlanReport(session.project(), request).show(in: session, asLines: ndjson)
    }
}

struct RebuildCommand: Command {
    static var about: About {
        About(
            "rebuild", "Rebuild a layer and what lies downstream of it.",
            discussion: """
                The same as 'tarn run --overwrite' for the layer and the ones after it; the plan is printed first. \
                Replaced generations are kept in _history until 'tarn gc' removes them.
                """,
            examples: [
                Example(
                    "tarn rebuild --from silver --product-type future_mbo --symbol ES --dt 2026-03-03",
                    "makes silver and gold anew")
            ])
    }

    @Option("from", .choice("LAYER"), help: "First layer: bronze, ref, silver or gold.") var from: LayerChoice
    var selection = SelectionOptions()
    var execution = ExecutionOptions()
    @Flag("dry-run", short: "n", help: "Only show what would be done.") var dryRun

    func validate() throws(UsageError) {
        try execution.validate()
        if from == .all { throw UsageError("--from takes bronze, ref, silver or gold") }
    }

    func run(in session: Session) throws {
        var request = RunRequest(
            selection, execution, layers: LayerChoice.downward(from), overwrites: true)
        if from == .bronze { request.overwrite = .everything }
        if dryRun || !session.isJSON {
            try PlanReport(session.project(), request).show(in: session, asLines: false)
        }
        if !dryRun { try RunDisplay(session).carryOut(request) }
    }
}
