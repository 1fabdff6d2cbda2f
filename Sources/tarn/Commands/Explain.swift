import Arguments
import CivilTime
import Contracts
import Lake
import Pipeline
import Stages

struct Explain: Command {
    static var about: About {
        About(
            "explain", "Trace one value of silver or gold back to the records it comes from.",
            discussion: """
                Prints the row, then the bronze records of its window that touch its cell, in file order: ordinal, raw \
                file and record, and what each did to the book. Of surfaces also the windows that each moving average \
                remembers with more than 1 % of all it remembers, with their weights; of forecasts what they saw and \
                the cells that push. The same engines run once more, with the parameters and inputs that the manifests \
                name, and what they give is compared with what was published.

                The cell is named by words name=value: side and price (or rel_ticks) of futures and equities, right, \
                side and strike (or rel_ticks) of options, instrument_id of their snapshots, horizon_s of forecasts. \
                Snapshots of futures and equities and quality have one row a window.
                """,
            examples: [
                Example(
                    "tarn explain gold.future_mbo.physics_surface_1s -s ESH6 -d 2026-03-03 --at 14:30:05Z side=B price=6900.25",
                    "explains the row stamped 14:30:05 UTC"),
                Example(
                    "tarn explain silver.future_option_mbo.depth_and_flow_1s -s ESH6 -d 2026-03-03 --at 09:35 right=C side=A strike=6900",
                    "explains a bucket of strikes"),
                Example(
                    "tarn explain gold.future_mbo.forecast_1s -s ESH6 -d 2026-03-03 --at 09:35 horizon_s=5",
                    "explains a forecast"),
            ])
    }

    @Argument(.dataset, help: "Table, such as silver.future_mbo.depth_and_flow_1s.") var subject: String
    @Option("symbol", short: "s", .symbol, help: "Contract or ticker of the partition.") var symbol: String
    @Option("dt", short: "d", .date, help: "Date of the partition.") var date: CivilDate
    @Option(
        "at", .windowEnd,
        help: "End of the window, as window_end_ts_ns has it: HH:MM[:SS] in New York, with a final Z in UTC, or ns.")
    var time: WindowEnd
    @Arguments(.setting, isRequired: false, help: "The cell: side=B price=6900.25.") var words: [Setting]

    func run(in session: Session) throws {
        let project = try session.project()
        let dataset = try dataset(in: project)
        let address = try PartitionAddress(dataset, symbol: symbol, date: date)
        try checkPresence(of: address, in: project)
        let key = try key(of: dataset)
        let explainer = Explainer(
            StageSite(lake: project.lake, registry: project.registry, contracts: project.contracts))
        let explanation = try explainer.explain(address, windowEnd: time.instant(on: date), key: key)
        let row = try ParquetRow(
            path: project.lake.path("\(address.path)/part-00000.parquet"), row: explanation.row)
        let report = ExplainReport(explanation, row)
        if session.isJSON { session.emit(report.json) } else { report.show(on: session.console) }
        if let failure = report.contradiction { throw failure }
    }

    private func dataset(in project: Project) throws(Failure) -> DatasetKey {
        if let dataset = DatasetKey(parsing: subject), project.registry.writer(of: dataset) != nil { return dataset }
        throw Failure(
            .usage, "there is no dataset '\(subject)'",
            advice: nearest(to: subject, among: project.registry.datasets.map(\.description))
                .map { "did you mean '\($0)'?" } ?? "'tarn contracts show' lists the datasets")
    }

    /// A root, or a date that was not made, is answered with what there is.
    private func checkPresence(of address: PartitionAddress, in project: Project) throws {
        guard case .missing = try project.lake.status(of: address).state else { return }
        let others = try project.lake.partitions(PartitionFilter(dataset: address.dataset))
        let sameDate = others.filter { $0.date == address.date }.map(\.symbol)
        let sameSymbol = others.filter { $0.symbol == address.symbol }.map { "\($0.date)" }
        let advice =
            !sameDate.isEmpty
            ? "on \(address.date) there is \(sameDate.prefix(8).joined(separator: ", "))"
            : !sameSymbol.isEmpty
                ? "of \(address.symbol) there is \(sameSymbol.suffix(8).joined(separator: ", "))"
                : "'tarn run' makes it"
        throw Failure(.notReady, "there is no partition \(address)", advice: advice)
    }

    private func key(of dataset: DatasetKey) throws -> CellKey {
        let names = try CellKey.names(of: dataset)
        var values: [String: String] = [:]
        for word in words {
            guard names.contains(word.key) else {
                throw Failure(
                    .usage, "\(dataset) has no key '\(word.key)'",
                    advice: nearest(to: word.key, among: names).map { "did you mean '\($0)'?" }
                        ?? (names.isEmpty ? "it has one row a window" : "keys are: \(names.joined(separator: ", "))"))
            }
            guard values.updateValue(word.value, forKey: word.key) == nil else {
                throw Failure(.usage, "\(word.key) is given twice")
            }
        }
        return CellKey(values)
    }
}

/// The end of a window, as people and tables write it.
enum WindowEnd {
    case clock(ClockTime)
    case nanoseconds(Int64)

    func instant(on date: CivilDate) -> Int64 {
        switch self {
        case .clock(let time): time.utcNanoseconds(on: date)
        case .nanoseconds(let instant): instant
        }
    }
}

extension Form where Value == WindowEnd {
    static var windowEnd: Form {
        Form("TIME") { (text) throws(InvalidValue) in
            if let time = ClockTime(parsing: text) { return .clock(time) }
            if text.utf8.count > 9, let instant = Int64(text) { return .nanoseconds(instant) }
            throw InvalidValue("'\(text)' is neither a time HH:MM[:SS][Z] nor nanoseconds since 1970")
        }
    }
}
