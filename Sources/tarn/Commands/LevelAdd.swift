import Arguments
import CivilTime
import Columnar
import Pipeline
import Reference
import Tables

struct LevelAdd: Command {
    static var about: About {
        About(
            "add", "Add one price level to a symbol and date.",
            discussion: """
                The level becomes a line of the command file commands.csv of the day, and the ref tables are published \
                anew. Without --at it exists from the session start.
                """,
            examples: [
                Example(
                    "tarn level add -p equity_taq -s SPY -d 2026-03-03 --price 595.50 --type support",
                    "adds a support"),
                Example(
                    "tarn level add -p equity_taq -s SPY -d 2026-03-03 --price 597 --type resistance --at 10:15 --id high",
                    "adds a resistance that exists from 10:15 New York on"),
            ])
    }

    var day = ReferenceDayOptions()
    @Option("price", .positiveNumber, help: "Price of the level.") var price: String
    @Option("type", .symbol(of: Levels.LevelType.self), help: "Kind of level.") var type: String
    @Option("at", .instant, help: "When it begins: HH:MM[:SS] New York, with a final Z UTC, or ms since 1970.")
    var instant: InstantText?
    @Option("id", .text(label: "ID"), help: "Its id; without it one is made of instant and price.") var id: String?
    @Option("width", .positiveNumber, help: "Half width of its zone, ATR.") var width: String?
    @Option("bias", .symbol(of: Levels.DirectionBias.self), help: "long or short.") var bias: String?
    @Option("notes", .text(label: "TEXT"), help: "Free text.") var notes: String?

    func run(in session: Session) throws {
        try day.intake(in: session).add(
            .level(
                at: instant?.milliseconds(on: day.date) ?? 0, price: price, type: type, width: width, id: id,
                bias: bias, notes: notes)
        ).show(in: session)
    }
}

struct MarkerAdd: Command {
    static var about: About {
        About(
            "add", "Add one marker to a symbol and date.",
            discussion: """
                The marker becomes a line of the command file commands.csv of the day, and the ref tables are published \
                anew.
                """,
            examples: [
                Example(
                    "tarn marker add -p equity_taq -s SPY -d 2026-03-03 --at 10:30 --type support_bounce",
                    "marks a bounce at 10:30 New York")
            ])
    }

    var day = ReferenceDayOptions()
    @Option("at", .instant, help: "Its instant: HH:MM[:SS] New York, with a final Z UTC, or ms since 1970.")
    var instant: InstantText
    @Option("type", .symbol(of: MarkerInputs.MarkerType.self), help: "Pattern.") var type: String
    @Option("id", .text(label: "ID"), help: "Its id; without it one is made of instant and pattern.") var id: String?
    @Option("bias", .symbol(of: MarkerInputs.DirectionBias.self), help: "long or short.") var bias: String?
    @Option("notes", .text(label: "TEXT"), help: "Free text.") var notes: String?

    func run(in session: Session) throws {
        try day.intake(in: session).add(
            .marker(at: instant.milliseconds(on: day.date), type: type, id: id, bias: bias, notes: notes)
        ).show(in: session)
    }
}

/// An instant as people write it.
enum InstantText {
    case clock(ClockTime)
    /// ms since 1970 UTC
    case absolute(Int64)

    func milliseconds(on date: CivilDate) -> Int64 {
        switch self {
        case .clock(let time): time.utcNanoseconds(on: date) / 1_000_000
        case .absolute(let instant): instant
        }
    }
}

extension Form where Value == InstantText {
    static var instant: Form {
        Form("TIME") { (text) throws(InvalidValue) in
            if let time = ClockTime(parsing: text) { return .clock(time) }
            guard let instant = Int64(text), instant >= 0 else {
                throw InvalidValue("'\(text)' is neither a time HH:MM[:SS][Z] nor milliseconds since 1970")
            }
            return .absolute(instant)
        }
    }
}

extension Form where Value == String {
    /// A number above 0, as it was written.
    static var positiveNumber: Form {
        Form("N") { (text) throws(InvalidValue) in
            guard let number = Double(text), number.isFinite, number > 0 else {
                throw InvalidValue("'\(text)' is not a number above 0")
            }
            return text
        }
    }

    /// One of the symbols of an enum column.
    static func symbol<Symbol: ColumnSymbol>(of _: Symbol.Type) -> Form {
        Form("WORD", completion: .words(Symbol.symbols)) { (text) throws(InvalidValue) in
            guard Symbol.symbols.contains(text) else { throw .notOneOf(Symbol.symbols, text) }
            return text
        }
    }
}
