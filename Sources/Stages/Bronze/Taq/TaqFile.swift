import CSV
import CivilTime
import Tables

/// A CSV file of trades or quotes: which of the two, by its header, and where its columns are.
///
/// Source: spec/recorder.md 3.7 (CSV).
public struct TaqFile: Sendable {
    public enum Kind: String, Sendable, CaseIterable {
        case trades, quotes
    }

    /// Where a price is, and how it is written.
    enum Price: Sendable {
        /// Decimal.
        case points(Int)
        /// Integer, 1e-9.
        case nanos(Int)
    }

    public let kind: Kind
    /// Columns that mean nothing here.
    public let unknown: [String]
    let tsEvent: Int
    let tsRecv: Int?
    let seq: Int?
    let source: Int?
    let symbol: Int?
    let date: Int?
    /// Of trades: price. Of quotes: bid, ask.
    let prices: [Price]
    /// Of trades: size. Of quotes: bid, ask.
    let sizes: [Int]
    let aggressor: Int?
    let conditions: Int?

    public var hasSymbol: Bool { symbol != nil }
    public var hasDate: Bool { date != nil }

    // The columns of the file are those of the tables, and the path keys; a decimal price leaves out the "_int".
    private static let time = Trades.Columns.tsEvent.name
    private static let tradePrices = [points(Trades.Columns.priceInt.name)]
    private static let tradeSizes = [Trades.Columns.size.name]
    private static let quotePrices = [
        points(Tables.Quotes.Columns.bidPriceInt.name), points(Tables.Quotes.Columns.askPriceInt.name),
    ]
    private static let quoteSizes = [Tables.Quotes.Columns.bidSize.name, Tables.Quotes.Columns.askSize.name]
    private static let shared: Set = [
        time, Trades.Columns.tsRecv.name, Trades.Columns.seq.name, Trades.Columns.source.name, "symbol", "dt",
    ]
    private static let ofTrades = Set(
        tradePrices + tradePrices.map(nanos) + tradeSizes
            + [Trades.Columns.aggressor.name, Trades.Columns.conditions.name])
    private static let ofQuotes = Set(quotePrices + quotePrices.map(nanos) + quoteSizes)

    private static func points(_ column: String) -> String { String(column.dropLast(4)) }
    private static func nanos(_ column: String) -> String { column + "_int" }

    /// Recognises a file by its header.
    ///
    /// - Throws: `CSVError` of fault `header` that names what is missing, or `foreign`.
    public init(_ reader: borrowing CSVReader) throws(CSVError) {
        let columns = Set(reader.header)
        let gaps = [
            Kind.trades: TaqFile.missing(TaqFile.tradePrices, TaqFile.tradeSizes, columns),
            .quotes: TaqFile.missing(TaqFile.quotePrices, TaqFile.quoteSizes, columns),
        ]
        let path = reader.path
        func fault(_ reason: String) -> CSVError { CSVError(.header, file: path, line: 1, reason) }
        let complete = Kind.allCases.filter { gaps[$0]!.isEmpty }
        guard complete.count < 2 else {
            throw fault("the header has the columns of trades and those of quotes; make two files of it")
        }
        guard let kind = complete.first else {
            let looksLike: Kind? =
                !columns.isDisjoint(with: TaqFile.ofQuotes)
                ? .quotes : !columns.isDisjoint(with: TaqFile.ofTrades.union([TaqFile.time])) ? .trades : nil
            guard let looksLike else {
                throw CSVError(
                    .foreign, file: path, line: 1,
                    "the header is neither that of trades (ts_event, price or price_int, size) nor that of quotes "
                        + "(ts_event, bid_price, bid_size, ask_price, ask_size)")
            }
            throw fault("a \(looksLike.rawValue) file without column \(gaps[looksLike]!.joined(separator: ", "))")
        }
        let (prices, sizes) =
            kind == .trades
            ? (TaqFile.tradePrices, TaqFile.tradeSizes) : (TaqFile.quotePrices, TaqFile.quoteSizes)
        if let twice = prices.first(where: { columns.contains($0) && columns.contains(TaqFile.nanos($0)) }) {
            throw fault("columns \(twice) and \(TaqFile.nanos(twice)) say the same; leave one out")
        }
        let header = reader.header
        func at(_ name: String) -> Int { header.firstIndex(of: name)! }
        self.kind = kind
        let known = TaqFile.shared.union(kind == .trades ? TaqFile.ofTrades : TaqFile.ofQuotes)
        unknown = header.filter { !known.contains($0) }
        tsEvent = at(TaqFile.time)
        tsRecv = reader.column(Trades.Columns.tsRecv.name)
        seq = reader.column(Trades.Columns.seq.name)
        source = reader.column(Trades.Columns.source.name)
        symbol = reader.column("symbol")
        date = reader.column("dt")
        self.prices = prices.map { columns.contains($0) ? .points(at($0)) : .nanos(at(TaqFile.nanos($0))) }
        self.sizes = sizes.map(at)
        aggressor = kind == .trades ? reader.column(Trades.Columns.aggressor.name) : nil
        conditions = kind == .trades ? reader.column(Trades.Columns.conditions.name) : nil
    }

    /// What a file of a kind lacks.
    private static func missing(_ prices: [String], _ sizes: [String], _ columns: Set<String>) -> [String] {
        ([time] + sizes).filter { !columns.contains($0) }
            + prices.filter { !columns.contains($0) && !columns.contains(nanos($0)) }.map { "\($0) (or \(nanos($0)))" }
    }

    // MARK: Rows

    /// The date of the current row; nil when the file has no such column.
    ///
    /// - Throws: `value` when it is none.
    func date(_ reader: borrowing CSVReader) throws(CSVError) -> CivilDate? {
        guard let date else { return nil }
        guard let value = CivilDate(parsing: try reader.text(date)) else {
            throw reader.error(column: date, expected: "a date YYYY-MM-DD")
        }
        return value
    }

    /// The current row, without its partition.
    ///
    /// - Parameter row: number of the row in the day's files, which is `seq` where the file has none.
    func event(_ reader: borrowing CSVReader, row: Int64, _ texts: inout TextPool) throws(CSVError) -> TaqEvent {
        var event = TaqEvent()
        event.tsEvent = try time(reader, tsEvent)
        if let tsRecv, !reader.isEmpty(tsRecv) { event.tsRecv = try time(reader, tsRecv) }
        event.seq = row
        if let seq {
            event.seq = try reader.integer(seq)
            guard event.seq >= 0 else { throw reader.error(column: seq, expected: "a number of at least 0") }
        }
        event.source = try number(reader, source, &texts, empty: TaqFile.defaultSource)
        switch kind {
        case .trades:
            event.kind = .trade
            event.price = try price(reader, prices[0])
            event.size = try size(reader, sizes[0])
            event.aggressor = try side(reader)
            event.conditions = try number(reader, conditions, &texts, empty: [])
        case .quotes:
            event.kind = .quote
            event.bidPrice = try price(reader, prices[0])
            event.bidSize = try size(reader, sizes[0])
            event.askPrice = try price(reader, prices[1])
            event.askSize = try size(reader, sizes[1])
        }
        return event
    }

    private static let defaultSource = Array("csv".utf8)[...]
    private static let sides = Trades.Aggressor.allCases.map { ($0.rawValue, Array($0.symbol.utf8)) }

    private func time(_ reader: borrowing CSVReader, _ column: Int) throws(CSVError) -> Int64 {
        let time = try reader.integer(column)
        guard time != TaqEvent.noTime else { throw reader.error(column: column, expected: "a time in nanoseconds") }
        return time
    }

    private func price(_ reader: borrowing CSVReader, _ price: Price) throws(CSVError) -> Int64 {
        switch price {
        case .points(let column): try reader.nanos(column)
        case .nanos(let column): try reader.integer(column)
        }
    }

    private func size(_ reader: borrowing CSVReader, _ column: Int) throws(CSVError) -> Int64 {
        let size = try reader.integer(column)
        guard size >= 0 else { throw reader.error(column: column, expected: "a size of at least 0") }
        return size
    }

    private func side(_ reader: borrowing CSVReader) throws(CSVError) -> UInt8 {
        guard let aggressor, !reader.isEmpty(aggressor) else { return TaqEvent.noAggressor }
        for (side, name) in TaqFile.sides where reader.holds(aggressor, name) { return side }
        throw reader.error(
            column: aggressor, expected: Trades.Aggressor.allCases.map(\.symbol).joined(separator: ", "))
    }

    /// The number of a text, which may be absent.
    private func number(
        _ reader: borrowing CSVReader, _ column: Int?, _ texts: inout TextPool, empty: ArraySlice<UInt8>
    ) throws(CSVError) -> UInt32 {
        let text = column.map { reader.bytes($0) } ?? empty
        guard let number = texts.number(text.isEmpty ? empty : text) else {
            throw reader.error(
                .value, "column \(column.map { reader.header[$0] } ?? ""): no UTF-8, or too many different texts")
        }
        return number
    }
}

// MARK: - What a file speaks of

extension TaqFile {
    /// The symbols and dates of a file's rows.
    public struct Survey: Sendable {
        public let file: TaqFile
        /// Nil: the file has no such column.
        public let symbols: Set<String>?
        public let dates: Set<CivilDate>?
    }

    /// Reads the header of a file and, where it has them, all its symbols and dates.
    ///
    /// - Complexity: O(bytes) with such columns, else O(1).
    public static func survey(path: String) throws(CSVError) -> Survey {
        var reader = try CSVReader(path: path)
        let file = try TaqFile(reader)
        guard file.hasSymbol || file.hasDate else { return Survey(file: file, symbols: nil, dates: nil) }
        var symbols: Set<[UInt8]> = []
        var dates: Set<[UInt8]> = []
        var days: Set<CivilDate> = []
        var names: Set<String> = []
        while try reader.next() {
            if let column = file.symbol, symbols.insert(Array(reader.bytes(column))).inserted {
                let name = try reader.text(column)
                guard !name.isEmpty else { throw reader.error(column: column, expected: "a symbol") }
                names.insert(name)
            }
            if let column = file.date, dates.insert(Array(reader.bytes(column))).inserted {
                days.insert(try file.date(reader)!)
            }
        }
        return Survey(file: file, symbols: file.hasSymbol ? names : nil, dates: file.hasDate ? days : nil)
    }
}
