import Arguments
import CivilTime
import JSON
import Pipeline
import Terminal

struct FitForecast: Command {
    static var about: About {
        About(
            "fit-forecast", "Fit beta and gamma of the forecast to days of surfaces.",
            discussion: """
                Least squares over the windows of an interval of each date. The values go to parameters.yaml beside \
                datasets.yaml, by root or ticker, with what they were fitted to; runs take them from there, and --set \
                replaces them. Forecasts that were made with other values become stale.
                """,
            examples: [
                Example(
                    "tarn fit-forecast --product-type future_mbo --symbol ES",
                    "fits to the last twenty dates that have surfaces"),
                Example(
                    "tarn fit-forecast -p equity_mbo -s SPY -d 2026-03-02:2026-03-06 --dry-run",
                    "shows what a week would give"),
            ])
    }

    @Option("product-type", short: "p", .product, help: "future_mbo or equity_mbo.") var product: String
    @Option("symbol", short: "s", .symbol, help: "Contract, root or ticker.") var symbol: String
    @Option("dt", short: "d", .dates, help: "Training dates; without it the last ones that have surfaces.")
    var dates: DateSelection?
    @Option("days", .integer(in: 1...10_000), help: "Without --dt: how many dates.") var days: Int = 20
    @Option("start", .clockTime, help: "Begin of the interval; without it 09:30 in New York.")
    var start: ClockTime?
    @Option("end", .clockTime, help: "End of the interval; without it 12:30 in New York.") var end: ClockTime?
    @Flag("ignore-options", help: "Leave option surfaces out, as options=ignore does in a run.") var ignoresOptions
    @Flag("dry-run", short: "n", help: "Only show the values.") var dryRun

    func run(in session: Session) throws {
        let fitting = ForecastFitting(try session.project())
        let report = try fitting.fit(
            ForecastFitting.Request(
                product: product, symbol: symbol, dates: dates, days: days,
                start: start ?? ClockTime(parsing: "09:30")!, end: end ?? ClockTime(parsing: "12:30")!,
                usesOptions: !ignoresOptions))
        if !dryRun { try fitting.store(report) }
        if session.isJSON {
            session.emit([
                "product": .string(product), "symbol": .string(report.family), "beta": .double(report.beta),
                "gamma": .double(report.gamma), "windows": .integer(Int64(report.windows)),
                "days": .array(report.days.map { ["dt": .string("\($0.date)"), "symbol": .string($0.symbol)] }),
                "skipped_dates": .array(report.skipped.map { .string("\($0)") }),
                "file": dryRun ? .null : .string(fitting.path),
            ])
            return
        }
        var table = TextTable([.text("forecast"), .text("\(product) \(report.family)")])
        table.add(["beta", .init("\(report.beta)")])
        table.add(["gamma", .init("\(report.gamma)")])
        table.add(["windows", .init(Human.count(report.windows))])
        for day in report.days { table.add([.init("\(day.date)"), .init(day.symbol)]) }
        session.console.result(table)
        for date in report.skipped { session.console.note("\(date) is no trading date of \(symbol)") }
        if !dryRun { session.console.note("written to \(fitting.path)") }
    }
}
