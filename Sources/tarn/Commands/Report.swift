import Arguments
import CivilTime
import JSON
import Pipeline
import Reports
import Terminal

struct Report: Command {
    static var about: About {
        About(
            "report", "Write one self-contained HTML page of a session.",
            discussion: """
                Price with levels and zones, episodes with their outcome, delta, touches, the chain table with the main \
                support, and the data's quality; for order-book products also depth and pressure. The page is one \
                file, needs no network, and is for reading: 'tarn export' writes the numbers.
                """,
            examples: [
                Example("tarn report -s RIOT -d 2024-07-03", "writes RIOT-2024-07-03.html"),
                Example(
                    "tarn report -p future_mbo -s ESH6 -d 2026-03-03 -o es.html",
                    "the page of a future, with its order book"),
            ])
    }

    @Option("symbol", short: "s", .symbol, help: "Symbol, such as SPY.") var symbol: String
    @Option("dt", short: "d", .date, help: "Date.") var date: CivilDate
    @Option("product-type", short: "p", .product, help: "Product whose session it is.") var product: String =
        "equity_taq"
    @Option("session", .text(label: "ID"), help: "Session, where the date has several.") var sessionID: String?
    @Option("output", short: "o", .file, help: "File of the page; without it SYMBOL-DATE.html here.") var output:
        String?

    func run(in session: Session) throws {
        let project = try session.project()
        let day = RecorderDay(
            lake: project.lake, registry: project.registry, contracts: project.contracts, product: product,
            symbol: symbol, date: date)
        let page: SessionPage
        do {
            page = try SessionPage(day, sessionID: sessionID)
        } catch let error as PageError {
            throw Failure(.usage, "\(error)", advice: error.asked == nil ? "name one with --session" : nil)
        }
        let path = output ?? "\(symbol)-\(date).html".replacing("/", with: "-")
        try SmallFile.replace(path, by: page.html)
        session.report(["file": .string(path)], path)
    }
}
