import Arguments
import JSON
import Lake
import Pipeline
import Reference
import Terminal

struct RefList: Command {
    static var about: About {
        About(
            "list", "List the source files of reference tables: one line for each.",
            examples: [
                Example("tarn ref list", "lists all of them"),
                Example("tarn ref list -p equity_taq -s SPY -d 2026-03-01:2026-03-31", "lists one month of a ticker"),
            ])
    }

    @Option("product-type", short: "p", .product, help: "Only this product.") var product: String?
    @Option("symbol", short: "s", .symbol, help: "Only this ticker or contract.") var symbol: String?
    @Option("dt", short: "d", .dates, help: "Only these dates: D, D:D, or a list of them.") var dates: DateSelection?

    func run(in session: Session) throws {
        let files = try ReferenceIntake.files(
            in: session.project(), product: product, symbol: symbol, dates: dates?.dates)
        if session.isJSON {
            session.emit([
                "files": .array(
                    files.map { day, kind, file in
                        .object(
                            file.json.merging([
                                ("kind", .string(kind.rawValue)), ("product_type", .string(day.product)),
                                ("symbol", .string(day.symbol)),
                            ]))
                    })
            ])
            return
        }
        guard !files.isEmpty else {
            session.console.note("there are no such source files; 'tarn ref add FILE…' adds some")
            return
        }
        var table = TextTable([
            .text("product"), .text("symbol"), .text("date"), .text("kind"), .number("size"), .text("file"),
        ])
        for (day, kind, file) in files {
            table.add([
                .init(day.product), .init(day.symbol), "\(day.date)", "\(kind.rawValue)",
                .init(Human.bytes(Int(file.bytes))), .init(file.name),
            ])
        }
        session.console.result(table)
    }
}
