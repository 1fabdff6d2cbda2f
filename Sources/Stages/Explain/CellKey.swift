import Contracts
import Lake
import OrderBook
import Tables

/// The words after `tarn explain`, `name=value`, and which of them a table knows.
public struct CellKey: Sendable {
    private let values: [String: String]

    /// The words: columns, and prices as people write them.
    enum Word {
        static let side = DepthAndFlow1s.Columns.side.name
        static let priceInt = DepthAndFlow1s.Columns.priceInt.name
        /// The column without its unit.
        static let price = String(priceInt.dropLast("_int".count))
        static let relTicks = DepthAndFlow1s.Columns.relTicks.name
        static let right = OptionDepthAndFlow1s.Columns.right.name
        static let strikeInt = OptionDepthAndFlow1s.Columns.strikePriceInt.name
        static let strike = "strike"
        static let instrumentID = OptionBookSnapshot1s.Columns.instrumentId.name
        static let horizon = Forecast1s.Columns.horizonS.name
    }

    public init(_ values: [String: String]) {
        self.values = values
    }

    /// The names that choose a row of a window; empty for tables with one row a window.
    ///
    /// - Throws: `configuration` for a table that is not explained.
    public static func names(of dataset: DatasetKey) throws(StageError) -> [String] {
        let product = OrderBookProduct(rawValue: dataset.product)
        guard let product, dataset.layer != .bronze else {
            throw .configuration(
                dataset.layer == .bronze
                    ? "\(dataset) holds the records themselves: 'tarn inspect' shows them"
                    : "\(dataset) is no table of order books: those of future_mbo, equity_mbo, future_option_mbo and equity_option_mbo are explained"
            )
        }
        switch dataset.table {
        case "depth_and_flow_1s", "physics_surface_1s":
            return product.isOption
                ? [Word.right, Word.side, Word.strike, Word.strikeInt, Word.relTicks]
                : [Word.side, Word.price, Word.priceInt, Word.relTicks]
        case "book_snapshot_1s": return product.isOption ? [Word.instrumentID] : []
        case "book_quality_1s": return []
        case "forecast_1s": return [Word.horizon]
        default:
            throw .configuration("\(dataset) has no windows: what it is made from is in its manifest ('tarn inspect')")
        }
    }

    // MARK: - Values

    private func required(_ name: String) throws(StageError) -> String {
        guard let text = values[name] else { throw .configuration("which \(name)? name it: \(name)=…") }
        return text
    }

    func integer(_ name: String) throws(StageError) -> Int64 {
        let text = try required(name)
        guard let number = Int64(text) else {
            throw .configuration("\(name)=\(text): expected a whole number")
        }
        return number
    }

    /// The code of one of a few words.
    private func code(_ name: String, _ words: [String: UInt8], _ expected: String) throws(StageError) -> UInt8 {
        let text = try required(name)
        guard let code = words[text.uppercased()] else {
            throw .configuration("\(name)=\(text): expected \(expected)")
        }
        return code
    }

    func side() throws(StageError) -> UInt8 {
        try code(
            Word.side, ["A": BookSide.ask, "ASK": BookSide.ask, "B": BookSide.bid, "BID": BookSide.bid], "A or B")
    }

    func right() throws(StageError) -> UInt8 {
        try code(
            Word.right,
            ["C": OptionRight.call, "CALL": OptionRight.call, "P": OptionRight.put, "PUT": OptionRight.put],
            "C or P")
    }

    /// A cell along the lattice: by its price, as people write it or in 1e-9, or by its offset.
    enum Position {
        case price(Int64)
        case relTicks(Int64)
    }

    func position(_ word: String, _ column: String) throws(StageError) -> Position {
        let given = [word, column, Word.relTicks].filter { values[$0] != nil }
        guard given.count == 1 else {
            throw .configuration(
                given.isEmpty
                    ? "which cell? name it: \(word)=…, \(column)=… or \(Word.relTicks)=…"
                    : "\(given.joined(separator: " and ")) name the cell twice")
        }
        switch given[0] {
        case word:
            let text = try required(word)
            guard let price = nanos(text), price > 0 else {
                throw .configuration("\(word)=\(text): expected a price such as 6900.25")
            }
            return .price(price)
        case column: return .price(try integer(column))
        default: return .relTicks(try integer(Word.relTicks))
        }
    }
}
