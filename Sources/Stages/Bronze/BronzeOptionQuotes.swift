import Columnar
import DBN
import Lake
import Tables

/// Raw consolidated quotes become bronze.equity_option_mbo.cmbp_1: the records of all options on one stock that expire
/// on the date, in file order, with the terms of their definitions.
///
/// Source: spec/book.md 3.1 to 3.4 and 3.7.
public struct BronzeOptionQuotes: Stage {
    public static let name = "bronze_option_quotes"
    public static let combinesSymbols = true

    public init() {}

    public func plan(_ request: StageRequest, in site: StageSite) throws -> StagePlan {
        try site.planOfOptions(request, .cmbp1, table: "cmbp_1")
    }

    public func run(_ task: StageTask, in context: StageContext) throws -> [StagedPartition] {
        try task.decodeOptions(.cmbp1, type: RecordType.cmbp1, in: context) { QuoteRows($0) }
    }
}

private struct QuoteRows: BronzeRows, ~Copyable {
    private let symbols: OptionSymbols
    private var table = Cmbp1()

    init(_ symbols: OptionSymbols) {
        self.symbols = symbols
    }

    var count: Int { table.count }

    var counters: [String: Int64] { [:] }

    mutating func append(
        _ block: borrowing RecordBlock, _ records: Span<RecordPosition>, firstOrdinal: Int
    ) throws(DBNError) {
        for i in records.indices {
            let position = records[i]
            let offset = Int(position.offset)
            let record = block.load(Cmbp1Record.self, at: offset)
            let (action, side) = try RecordCodes.check(record.action, record.side, block, offset)
            let option = symbols.find(record.header.instrumentID)
            let quote = record.level
            table.ordinal.append(Int64(firstOrdinal) + Int64(position.index))
            table.tsRecv.append(try block.instant(record.tsRecv, Cmbp1.Columns.tsRecv.name, at: offset))
            table.tsEvent.append(try block.instant(record.header.tsEvent, Cmbp1.Columns.tsEvent.name, at: offset))
            table.tsInDelta.append(record.tsInDelta)
            table.rtype.append(Int32(record.header.rtype))
            table.publisherId.append(Int32(record.header.publisherID))
            table.instrumentId.append(Int64(record.header.instrumentID))
            table.rawSymbol.append(option.symbol)
            table.action.values.append(action)
            table.side.values.append(side)
            table.priceInt.append(record.price == Undefined.price ? nil : record.price)
            table.size.append(Int64(record.size))
            table.flags.append(Int32(record.flags))
            table.bidPriceInt.append(quote.bidPrice == Undefined.price ? nil : quote.bidPrice)
            table.bidSize.append(Int64(quote.bidSize))
            table.bidPublisherId.append(Int32(quote.bidPublisherID))
            table.askPriceInt.append(quote.askPrice == Undefined.price ? nil : quote.askPrice)
            table.askSize.append(Int64(quote.askSize))
            table.askPublisherId.append(Int32(quote.askPublisherID))
            table.underlying.append(option.terms.underlying)
            table.right.values.append(option.terms.right)
            table.strikePriceInt.append(option.terms.strikePrice)
            table.expiration.append(option.terms.expiration)
        }
    }

    mutating func flush(into writer: inout PartitionWriter) throws {
        try table.withViews { try writer.write($0) }
        table.removeAll()
    }
}
