import CivilTime
import DBN

/// The fund SPY on Nasdaq: order messages (`mbo`), or the best quotes and trades that follow from them
/// (`mbp-1`, `trades`), and its definition.
final class EquityDays {
    static let dataset = "XNAS.ITCH"
    static let symbol = (symbol: "SPY", id: UInt32(15_144))
    /// $0.01; the fund is a tenth of the index.
    static let tickSize: Int64 = 10_000_000
    static let publisherID: UInt16 = 2

    private let sample: Sample
    private let tape: Tape

    init(_ sample: Sample) {
        self.sample = sample
        tape = Tape(
            publisherID: EquityDays.publisherID, instrumentID: EquityDays.symbol.id, channelID: 0,
            tickSize: EquityDays.tickSize, venueFlags: 2, latency: 160_000, random: sample.random("SPY tape"))
    }

    func write(
        _ path: PricePath, _ output: SampleOutput, _ products: Set<SampleProduct>
    ) throws(DBNError) -> [SampleFile] {
        var random = sample.random("SPY sequence \(output.date)")
        let records = merge([orders(path, output.date)], firstSequence: 100_000, random: &random)
        var files: [SampleFile] = []
        if products.contains(.equityMbo) {
            files.append(
                try write(.mbo, output) { (writer) throws(DBNError) in
                    for record in records { try writer.append(record) }
                })
        }
        if products.contains(.equityTaq) {
            let quotes = withLatePrints(Quotes.follow(records), path, output.date)
            files.append(
                try write(.mbp1, output) { (writer) throws(DBNError) in
                    for quote in quotes { try writer.append(quote) }
                })
            files.append(
                try write(.trades, output) { (writer) throws(DBNError) in
                    for quote in quotes where quote.update.action == UInt8(ascii: "T") {
                        var trade = quote.update
                        trade.header = RecordHeader(
                            bytes: 48, rtype: RecordType.mbp0, publisherID: trade.header.publisherID,
                            instrumentID: trade.header.instrumentID, tsEvent: trade.header.tsEvent)
                        try writer.append(trade)
                    }
                })
        }
        files.append(try definition(output))
        files.append(
            try write(.statistics, output) { (writer) throws(DBNError) in
                for statistic in statistics(of: records) { try writer.append(statistic) }
            })
        return files
    }

    private func write(
        _ schema: Schema, _ output: SampleOutput, _ body: (inout DBNWriter) throws(DBNError) -> Void
    ) throws(DBNError) -> SampleFile {
        try output.write(
            dataset: EquityDays.dataset, schema: schema, request: [EquityDays.symbol.symbol],
            instruments: [EquityDays.symbol], body)
    }

    /// A day begins with an empty book, and says so.
    private func orders(_ path: PricePath, _ date: CivilDate) -> [MboRecord] {
        var settings = OrderFlow.Settings()
        settings.venue = .nasdaq
        settings.orders = min(500, sample.recordsPerDay / 4)
        settings.sizes = [1, 5, 10, 20, 50, 100, 100, 100, 100, 200, 200, 300, 400, 500, 1000]
        settings.takes = [1, 5, 20, 50, 100, 100, 100, 100, 200, 300, 400, 700]
        settings.trades = 45
        let middle = SampleLevel.anchor / 1000
        let flow = OrderFlow(
            book: SimulatedBook(ticks: middle - 20_000...middle + 20_000), tape: tape, settings: settings,
            firstID: 1000, random: sample.random("SPY \(date)"),
            // The unit of the path is a thousandth of the fund's tick.
            fair: { path.value(at: $0) })
        let sessions = Session.nasdaq(date)
        tape.beginEvent(at: sessions[0].start)
        tape.emit("R", UInt8(ascii: "N"), tick: nil, size: 0, id: 0)
        tape.endEvent()
        for session in sessions {
            flow.play(
                from: session.start, to: session.end, records: sample.recordsPerDay * session.share / 1000)
        }
        return tape.take()
    }

    /// Two blocks that were agreed on away from the market and are reported late: trades without an order, far from
    /// the quote, which does not move.
    private func withLatePrints(_ quotes: [Mbp1Record], _ path: PricePath, _ date: CivilDate) -> [Mbp1Record] {
        var quotes = quotes
        for (second, dollars) in [(12 * 3600 + 40 * 60, -4), (14 * 3600 + 30 * 60, 4)] as [(Int, Int64)] {
            let time = NewYork.utcNanoseconds(of: date, secondOfDay: second) + 9_900_000_000
            let next = quotes.firstIndex { Int64($0.header.tsEvent) > time } ?? quotes.endIndex
            guard next > 0 else { continue }
            var print = quotes[next - 1]
            print.header.tsEvent = UInt64(time)
            print.update.price =
                Int64(path.value(at: time) / 1000) * EquityDays.tickSize + dollars * 1_000_000_000
            print.update.size = 5000
            print.update.action = UInt8(ascii: "T")
            print.update.side = UInt8(ascii: "N")
            print.update.tsRecv = max(print.update.tsRecv, UInt64(time) + 160_000)
            quotes.insert(print, at: next)
        }
        return quotes
    }

    private func definition(_ output: SampleOutput) throws(DBNError) -> SampleFile {
        let time = NewYork.utcNanoseconds(of: output.date, secondOfDay: 3 * 3600)
        var definition = Definition(
            publisherID: EquityDays.publisherID, instrumentID: EquityDays.symbol.id, tsEvent: UInt64(time),
            tsRecv: UInt64(time + 200_000), rawSymbol: EquityDays.symbol.symbol,
            instrumentClass: UInt8(ascii: "K"))
        definition.exchange = "XNAS"
        definition.currency = "USD"
        definition.cfi = "ESXXXX"
        definition.rawInstrumentID = UInt64(EquityDays.symbol.id)
        definition.minPriceIncrement = EquityDays.tickSize
        definition.displayFactor = 1_000_000_000
        definition.minLotSizeRoundLot = 100
        return try write(.definition, output) { (writer) throws(DBNError) in try writer.append(definition) }
    }
}

/// The best quotes that follow from order messages.
enum Quotes {
    private struct Resting {
        var isBid: Bool
        var price: Int64
        var size: Int
    }

    /// Quantity and number of orders at a price.
    private struct Level {
        var size = 0
        var count = 0
    }

    /// A record for each trade, with the quote before it, and for each event that changed the quote.
    static func follow(_ records: [MboRecord]) -> [Mbp1Record] {
        var orders: [UInt64: Resting] = [:]
        var levels: [[Int64: Level]] = [[:], [:]]
        var best: [Int64?] = [nil, nil]
        var shown: BidAskLevel?
        var quotes: [Mbp1Record] = []

        func add(_ order: Resting, _ size: Int, _ count: Int) {
            let side = order.isBid ? 0 : 1
            levels[side][order.price, default: Level()].size += size
            levels[side][order.price]!.count += count
            if levels[side][order.price]!.count == 0 {
                levels[side][order.price] = nil
                if best[side] == order.price {
                    best[side] = order.isBid ? levels[side].keys.max() : levels[side].keys.min()
                }
            } else if let old = best[side] {
                best[side] = order.isBid ? max(old, order.price) : min(old, order.price)
            } else {
                best[side] = order.price
            }
        }
        func top() -> BidAskLevel {
            let bid = best[0].map { levels[0][$0]! } ?? Level()
            let ask = best[1].map { levels[1][$0]! } ?? Level()
            return BidAskLevel(
                bidPrice: best[0] ?? Undefined.price, askPrice: best[1] ?? Undefined.price,
                bidSize: UInt32(bid.size),
                askSize: UInt32(ask.size), bidCount: UInt32(bid.count), askCount: UInt32(ask.count))
        }
        func quote(_ record: MboRecord, _ level: BidAskLevel) {
            quotes.append(
                Mbp1Record(
                    update: TradeRecord(
                        header: RecordHeader(
                            bytes: 80, rtype: RecordType.mbp1, publisherID: record.header.publisherID,
                            instrumentID: record.header.instrumentID, tsEvent: record.header.tsEvent),
                        price: record.price, size: record.size, action: record.action, side: record.side,
                        flags: record.flags, depth: 0, tsRecv: record.tsRecv, tsInDelta: record.tsInDelta,
                        sequence: record.sequence),
                    level: level))
        }
        for record in records {
            switch record.action {
            case UInt8(ascii: "A"):
                let order = Resting(
                    isBid: record.side == UInt8(ascii: "B"), price: record.price, size: Int(record.size))
                orders[record.orderID] = order
                add(order, order.size, 1)
            case UInt8(ascii: "C"):
                guard var order = orders[record.orderID] else { break }
                order.size -= Int(record.size)
                orders[record.orderID] = order.size > 0 ? order : nil
                add(order, -Int(record.size), order.size > 0 ? 0 : -1)
            case UInt8(ascii: "R"):
                orders = [:]
                levels = [[:], [:]]
                best = [nil, nil]
            case UInt8(ascii: "T"): quote(record, top())
            default: break
            }
            if record.flags & RecordFlag.last != 0 {
                let level = top()
                if level != shown { quote(record, level) }
                shown = level
            }
        }
        return quotes
    }
}
