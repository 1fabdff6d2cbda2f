import Arguments
import CivilTime
import Contracts
import JSON
import Lake
import Pipeline
import Terminal

struct Rollback: Command {
    static var about: About {
        About(
            "rollback", "Make an earlier generation of a partition the live one again.",
            discussion: """
                The generation is hashed first; the live one goes to _history in the same step, or to _quarantine when \
                it is corrupt. Where there are several earlier ones, they are listed and --to names one. What was made \
                from the partition is stale afterwards, as 'tarn status' tells.
                """,
            examples: [
                Example(
                    "tarn rollback gold.future_mbo.physics_surface_1s --symbol ESH6 --dt 2026-03-03",
                    "goes back to the one earlier generation"),
                Example(
                    "tarn rollback silver.future_mbo.book_snapshot_1s -s ESH6 -d 2026-03-03 --to 1f0c3a",
                    "goes back to the one whose name begins so"),
            ])
    }

    @Option("symbol", short: "s", .symbol, help: "Symbol of the partition.") var symbol: String
    @Option("dt", short: "d", .date, help: "Date of the partition.") var date: CivilDate
    @Option("to", .text(label: "GENERATION"), help: "Generation, or how its name begins.") var target: String?
    @Arguments(.dataset, isRequired: true, help: "LAYER.PRODUCT.TABLE") var datasets: [String]

    func validate() throws(UsageError) {
        if datasets.count != 1 { throw UsageError("one DATASET is wanted") }
    }

    func run(in session: Session) throws {
        let lake = try session.project().lake
        guard let dataset = DatasetKey(parsing: datasets[0]) else {
            throw Failure(.usage, "'\(datasets[0])' is not LAYER.PRODUCT.TABLE")
        }
        let address = try PartitionAddress(dataset, symbol: symbol, date: date)
        let live = try lake.status(of: address)
        let run = try Run(lake)
        let chosen = try choose(
            from: lake.history(of: address).filter { $0.identity != live.inputIdentity }, address)
        let staged = try run.stage(chosen)
        let outcomes = try run.publish([staged], replacing: live.identity.map { [address: $0] } ?? [:])
        try run.end()
        var previous: String?
        if case .replaced(let path) = outcomes[0] { previous = path }
        session.report(
            ["live": chosen.json, "previous": previous.map(JSONValue.string) ?? .null],
            "\(address): generation \(chosen.manifest.generation.prefix(12)) is live"
                + (previous.map { "; the one before is in \($0)" } ?? ""))
    }

    private func choose(
        from history: [HistoricGeneration], _ address: PartitionAddress
    ) throws(Failure) -> HistoricGeneration {
        let fitting = history.filter { $0.manifest.generation.hasPrefix(target ?? "") }
        guard let first = fitting.first else {
            throw Failure(
                .notReady,
                target.map { "\(address) has no earlier generation '\($0)'" }
                    ?? "\(address) has no earlier generation")
        }
        guard fitting.count == 1 else {
            let names = fitting.map { "\($0.manifest.generation.prefix(12)) (\($0.manifest.rowCount) rows)" }
            throw Failure(
                .usage, "\(address) has several earlier generations: \(names.joined(separator: ", "))",
                advice: "--to names one")
        }
        return first
    }
}
