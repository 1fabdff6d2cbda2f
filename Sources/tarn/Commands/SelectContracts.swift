import Arguments
import Contracts
import Pipeline
import Terminal

struct SelectContracts: Command {
    static var about: About {
        About(
            "select-contracts", "Choose the contract to study for a root and dates: the front-month table.",
            discussion: """
                Makes silver.future_mbo.contract_day where it is missing, and prints it. The contract with the largest \
                volume of the trading date before is chosen among those that expire later.
                """,
            examples: [
                Example("tarn select-contracts --symbol ES --dates 2026-03-02:2026-03-06", "shows a week")
            ])
    }

    @Option("product-type", short: "p", .product, help: "Product; future_mbo has the only contracts.")
    var product: String = "future_mbo"
    @Options("symbol", short: "s", .symbol, separator: ",", isRequired: true, help: "Roots, such as ES.")
    var symbols: [String]
    @Option("dates", short: "d", .dates, help: "Date D, range D:D with both ends, or a list of them.")
    var dates: DateSelection
    @Flag("overwrite", help: "Choose anew where the choice is stale.") var overwrite

    func run(in session: Session) throws {
        let project = try session.project()
        let request = RunRequest(
            productType: product, layers: [.silver], tables: ["contract_day"], symbols: symbols, dates: dates,
            overwrite: overwrite ? .derived : .nothing, workers: 1)
        let report = try Runner(project).run(request)
        let rows = try report.partitions.compactMap { partition in
            partition.manifest == nil ? nil : try ContractChoice(partition.address, in: project)
        }
        if session.isJSON {
            session.emit(["contracts": .array(rows.map(\.json))])
        } else {
            var table = TextTable([
                .text("root"), .text("date"), .text("contract"), .text("expires"), .text("previous"),
                .number("volume"), .number("second"), .text("roll"),
            ])
            for row in rows { table.add(row.cells) }
            if !table.isEmpty { session.console.result(table) }
        }
        for task in report.tasks {
            if let note = task.note { session.console.note("\(task.symbol) \(task.date): \(note)") }
        }
        if let failure = report.failures.first { throw failure.summing(report.failures) }
    }
}

extension ContractChoice {
    fileprivate var cells: [TextTable.Cell] {
        [
            "\(root)", "\(session)", "\(contract)", "\(expiration)", "\(previous.map(\.description) ?? "–")",
            "\(Human.count(Int(previousVolume)))", "\(Human.count(Int(previousVolumeRank2)))",
            "\(isRoll ? "roll" : "")",
        ]
    }
}
