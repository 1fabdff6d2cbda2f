import CivilTime
import DBN

/// One listed option.
struct SampleOption {
    var symbol: String
    var id: UInt32
    var isCall: Bool
    /// 1e-9 of a price point.
    var strikePrice: Int64
    var value: OptionValue
    var expiresToday: Bool
    /// Share of the activity, in any unit.
    var weight: Int

    func definition(publisherID: UInt16, time: Int64) -> Definition {
        var definition = Definition(
            publisherID: publisherID, instrumentID: id, tsEvent: UInt64(time - 200_000), tsRecv: UInt64(time),
            rawSymbol: symbol, instrumentClass: UInt8(ascii: isCall ? "C" : "P"))
        definition.currency = "USD"
        definition.strikePriceCurrency = "USD"
        definition.strikePrice = strikePrice
        definition.expiration = UInt64(value.expiration)
        definition.rawInstrumentID = UInt64(id)
        definition.displayFactor = 1_000_000_000
        definition.activation = UInt64(time - 30 * 86_400_000_000_000)
        return definition
    }
}

/// Options on the front index future: order messages and definitions. Strikes every five points around the
/// price of the date's beginning, expiring at 16:00 New York of the date, and a few that expire a week later.
struct FutureOptionDay {
    static let tickSize: Int64 = 250_000_000

    private let sample: Sample
    private let path: PricePath
    private let date: CivilDate
    private let underlying: Contract
    private let options: [SampleOption]

    init(_ sample: Sample, _ path: PricePath, _ date: CivilDate) {
        self.sample = sample
        self.path = path
        self.date = date
        underlying = Contract.listed(on: date, count: 1)[0]
        let step = 5 * PricePath.unitsPerPoint
        let middle = (path.value(at: date.utcNanoseconds) + FutureDays.carry(underlying) + step / 2) / step
        var options: [SampleOption] = []
        for (week, reach) in [(0, 14), (1, 3)] {
            let expiration = date.adding(days: 7 * week)
            for offset in -reach...reach {
                for isCall in [true, false] {
                    let strike = (middle + offset) * step
                    let series = FutureOptionDay.root(expiration)
                    options.append(
                        SampleOption(
                            symbol:
                                "\(series) \(isCall ? "C" : "P")\(strike / PricePath.unitsPerPoint)",
                            id: UInt32(500_000 + (date.daysSinceEpoch % 5000) * 100 + options.count),
                            isCall: isCall,
                            strikePrice: Int64(strike) * SampleLevel.nanosPerUnit,
                            value: OptionValue(
                                isCall: isCall, strike: strike,
                                expiration: NewYork.utcNanoseconds(of: expiration, secondOfDay: 16 * 3600),
                                sessionValue: 16 * PricePath.unitsPerPoint),
                            expiresToday: week == 0, weight: week == 0 ? 60 - 3 * abs(offset) : 10))
                }
            }
        }
        self.options = options
    }

    /// The venue's name of a weekly series: Monday to Thursday E1A…E5D, Friday EW1…EW4, with month and year.
    private static func root(_ expiration: CivilDate) -> String {
        let week = (expiration.day - 1) / 7 + 1
        let month = "FGHJKMNQUVXZ".map(String.init)[expiration.month - 1]
        let series =
            expiration.weekday == 5 ? "EW\(week)" : "E\(week)" + ["A", "B", "C", "D"][expiration.weekday - 1]
        return "\(series)\(month)\(expiration.year % 10)"
    }

    func write(_ output: SampleOutput) throws(DBNError) -> [SampleFile] {
        let total = options.reduce(0) { $0 + $1.weight }
        let tapes = options.map { play($0, records: sample.recordsPerDay / 2 * $0.weight / total) }
        var random = sample.random("option sequence \(date)")
        let records = merge(tapes, firstSequence: 1000, random: &random)
        let instruments = options.map { (symbol: $0.symbol, id: $0.id) }
        let orders = try output.write(
            dataset: FutureDays.dataset, schema: .mbo, suffix: ".es-opt", stypeIn: .parent,
            request: ["ES.OPT"],
            instruments: instruments
        ) { (writer) throws(DBNError) in
            for record in records { try writer.append(record) }
        }
        let definitions = try output.write(
            dataset: FutureDays.dataset, schema: .definition, suffix: ".es-opt", stypeIn: .parent,
            request: ["ES.OPT"], instruments: instruments
        ) { (writer) throws(DBNError) in
            for option in options { try writer.append(definition(option)) }
        }
        let byInstrument = Dictionary(grouping: records) { $0.header.instrumentID }
        let summary = try output.write(
            dataset: FutureDays.dataset, schema: .statistics, suffix: ".es-opt", stypeIn: .parent,
            request: ["ES.OPT"], instruments: instruments
        ) { (writer) throws(DBNError) in
            for option in options {
                for statistic in statistics(of: byInstrument[option.id] ?? []) {
                    try writer.append(statistic)
                }
            }
        }
        return [orders, definitions, summary]
    }

    private func play(_ option: SampleOption, records: Int) -> [MboRecord] {
        let carry = FutureDays.carry(underlying)
        let tick = FutureDays.tick
        var settings = OrderFlow.Settings()
        settings.orders = 24
        settings.depth = 3
        settings.farthest = 30
        settings.icebergs = 5
        settings.trades = 15
        let name = "option \(date) \(option.symbol)"
        let flow = OrderFlow(
            book: SimulatedBook(ticks: 1...8000),
            tape: Tape(
                publisherID: 1, instrumentID: option.id, channelID: 4, tickSize: FutureOptionDay.tickSize,
                venueFlags: 0, latency: 110_000, random: sample.random(name + " tape")),
            settings: settings, firstID: 7_000_000_000_000 + UInt64(option.id) * 100_000,
            random: sample.random(name),
            fair: { option.value.value(spot: path.value(at: $0) + carry, at: $0) * 1000 / tick })
        flow.open(at: date.utcNanoseconds - 3_600_000_000_000)
        FutureDays.play(flow, date: date, sessions: Session.globexUntilExpiration(date), records: records)
        return flow.tape.take()
    }

    private func definition(_ option: SampleOption) -> Definition {
        var definition = option.definition(publisherID: 1, time: date.utcNanoseconds)
        definition.asset = String(option.symbol.prefix(3))
        definition.group = definition.asset
        definition.exchange = "XCME"
        definition.securityType = "OOF"
        definition.cfi = option.isCall ? "OCEFPS" : "OPEFPS"
        definition.underlying = underlying.symbol
        definition.underlyingID = underlying.instrumentID
        definition.minPriceIncrement = FutureOptionDay.tickSize
        definition.unitOfMeasure = "IPNT"
        definition.unitOfMeasureQuantity = 50_000_000_000
        definition.matchAlgorithm = UInt8(ascii: "F")
        definition.channelID = 4
        return definition
    }
}

/// Options on the fund: consolidated quotes and definitions. Strikes every dollar around the price of the
/// date's beginning, expiring at 16:00 New York of the date, and a few that expire a week later.
struct EquityOptionDay {
    static let dataset = "OPRA.PILLAR"
    /// The exchanges of the consolidated feed.
    static let publishers: [UInt16] = [20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 31, 32, 33, 34, 35, 36]
    /// $0.01.
    static let tickSize: Int64 = 10_000_000

    private let sample: Sample
    private let path: PricePath
    private let date: CivilDate
    private let options: [SampleOption]

    init(_ sample: Sample, _ path: PricePath, _ date: CivilDate) {
        self.sample = sample
        self.path = path
        self.date = date
        // A dollar of the fund is ten points of the index.
        let step = 10 * PricePath.unitsPerPoint
        let middle = (path.value(at: date.utcNanoseconds) + step / 2) / step
        var options: [SampleOption] = []
        for (week, reach) in [(0, 30), (1, 6)] {
            let expiration = date.adding(days: 7 * week)
            let digits = String(describing: expiration).filter { $0 != "-" }.dropFirst(2)
            for offset in -reach...reach {
                for isCall in [true, false] {
                    let dollars = middle + offset
                    let price = String(dollars * 1000)
                    options.append(
                        SampleOption(
                            symbol: "SPY   \(digits)\(isCall ? "C" : "P")"
                                + String(repeating: "0", count: 8 - price.count) + price,
                            id: UInt32(16_780_000 + (date.daysSinceEpoch % 5000) * 200 + options.count),
                            isCall: isCall, strikePrice: Int64(dollars) * 1_000_000_000,
                            value: OptionValue(
                                isCall: isCall, strike: dollars * step,
                                expiration: NewYork.utcNanoseconds(of: expiration, secondOfDay: 16 * 3600),
                                sessionValue: 16 * PricePath.unitsPerPoint),
                            expiresToday: week == 0, weight: week == 0 ? 62 - 2 * abs(offset) : 20))
                }
            }
        }
        self.options = options
    }

    func write(_ output: SampleOutput) throws(DBNError) -> [SampleFile] {
        let instruments = options.map { (symbol: $0.symbol, id: $0.id) }
        let records = quotes()
        let quotes = try output.write(
            dataset: EquityOptionDay.dataset, schema: .cmbp1, stypeIn: .parent, request: ["SPY.OPT"],
            instruments: instruments
        ) { (writer) throws(DBNError) in
            for record in records { try writer.append(record) }
        }
        let time = NewYork.utcNanoseconds(of: date, secondOfDay: 6 * 3600 + 1800)
        let definitions = try output.write(
            dataset: EquityOptionDay.dataset, schema: .definition, stypeIn: .parent, request: ["SPY.OPT"],
            instruments: instruments
        ) { (writer) throws(DBNError) in
            for option in options {
                var definition = option.definition(publisherID: 30, time: time)
                definition.asset = "SPY"
                definition.exchange = "OPRA"
                definition.securityType = "OPT"
                definition.cfi = option.isCall ? "OCAXXX" : "OPAXXX"
                definition.underlying = "SPY"
                definition.minPriceIncrement = EquityOptionDay.tickSize
                definition.contractMultiplier = 100
                try writer.append(definition)
            }
        }
        // The clearing house publishes open interest before the opening.
        let summary = try output.write(
            dataset: EquityOptionDay.dataset, schema: .statistics, stypeIn: .parent, request: ["SPY.OPT"],
            instruments: instruments
        ) { (writer) throws(DBNError) in
            for option in options {
                try writer.append(
                    Statistic(
                        publisherID: 30, instrumentID: option.id, tsEvent: UInt64(time),
                        tsRecv: UInt64(time + 1000),
                        quantity: Int64(option.weight) * 250, statType: 9))
            }
        }
        return [quotes, definitions, summary]
    }

    /// Every option is quoted at the opening; afterwards quotes and trades come in proportion to the weights.
    private func quotes() -> [Cmbp1Record] {
        var random = sample.random("SPY quotes \(date)")
        var current = options.map { _ in
            ConsolidatedLevel(
                bidPrice: Undefined.price, askPrice: Undefined.price, bidSize: 0, askSize: 0,
                bidPublisherID: 0,
                askPublisherID: 0)
        }
        var records: [Cmbp1Record] = []
        var received: Int64 = 0
        let table = options.indices.flatMap { [Int](repeating: $0, count: options[$0].weight / 4 + 1) }
        let total = sample.recordsPerDay / 2
        let sessions = Session.opra(date)
        let shares = sessions.reduce(0) { $0 + $1.share }
        for (place, session) in sessions.enumerated() {
            var time = session.start
            var left = total * session.share / shares
            var opening = place == 0 ? Array(options.indices) : []
            while left > 0 {
                let isOpening = !opening.isEmpty
                time +=
                    isOpening
                    ? Int64(1000 + random.below(2_000_000))
                    : Int64(200 + random.burst(mean: Int(session.end - time) / left))
                guard time < session.end else { break }
                let index = isOpening ? opening.removeFirst() : random.pick(table)
                let isTrade = !isOpening && random.perMille(15)
                if !isTrade { requote(index, &current[index], at: time, &random) }
                received = max(received + 1, time + Int64(30_000 + random.exponential(mean: 8000)))
                records.append(record(index, current[index], isTrade: isTrade, time, received, &random))
                left -= 1
            }
        }
        return records
    }

    private func requote(
        _ index: Int, _ level: inout ConsolidatedLevel, at time: Int64, _ random: inout Random
    ) {
        // Cents: the path's unit is a ten-thousandth of a point, a tenth of that of a dollar.
        let cents = options[index].value.value(spot: path.value(at: time), at: time) / 1000
        let half = 1 + cents / 100
        let bid = cents - half - random.below(half + 1)
        let ask = cents + half + random.below(half + 1)
        if bid > 0 {
            level.bidPrice = Int64(bid) * EquityOptionDay.tickSize
            level.bidSize = UInt32(1 + random.exponential(mean: 60))
            level.bidPublisherID = random.pick(EquityOptionDay.publishers)
        } else {
            level.bidPrice = Undefined.price
            level.bidSize = 0
            level.bidPublisherID = 0
        }
        level.askPrice = Int64(ask) * EquityOptionDay.tickSize
        level.askSize = UInt32(1 + random.exponential(mean: 60))
        level.askPublisherID = random.pick(EquityOptionDay.publishers)
    }

    private func record(
        _ index: Int, _ level: ConsolidatedLevel, isTrade: Bool, _ time: Int64, _ received: Int64,
        _ random: inout Random
    ) -> Cmbp1Record {
        let isBid = level.bidSize > 0 && random.perMille(500)
        let (price, size) = isBid ? (level.bidPrice, level.bidSize) : (level.askPrice, level.askSize)
        return Cmbp1Record(
            header: RecordHeader(
                bytes: 80, rtype: RecordType.cmbp1, publisherID: random.pick(EquityOptionDay.publishers),
                instrumentID: options[index].id, tsEvent: UInt64(time)),
            price: price, size: isTrade ? UInt32(1 + random.below(Int(size))) : size,
            action: UInt8(ascii: isTrade ? "T" : "A"),
            side: isTrade ? UInt8(ascii: "N") : UInt8(ascii: isBid ? "B" : "A"), flags: RecordFlag.last,
            tsRecv: UInt64(received), tsInDelta: Int32(20_000 + random.below(5000)), level: level)
    }
}
