import CivilTime
import DBN

/// The index futures: order messages, definitions and statistics of the two nearest contracts.
final class FutureDays {
    static let dataset = "GLBX.MDP3"
    /// $0.25 in the path's unit.
    static let tick = PricePath.unitsPerPoint / 4
    static let tickSize: Int64 = 250_000_000

    private let sample: Sample
    private var flows: [String: OrderFlow] = [:]

    init(_ sample: Sample) {
        self.sample = sample
    }

    func write(_ path: PricePath, _ output: SampleOutput) throws(DBNError) -> [SampleFile] {
        let date = output.date
        let contracts = Contract.listed(on: date, count: 2)
        var tapes: [[MboRecord]] = []
        for (rank, contract) in contracts.enumerated() {
            // In the last week before expiration business has moved to the next contract.
            let isRolled = contracts[0].expiration.daysSinceEpoch - date.daysSinceEpoch <= 8
            let isActive = rank == (isRolled ? 1 : 0)
            let flow = flow(contract, isActive: isActive, path, at: date.utcNanoseconds)
            FutureDays.play(
                flow, date: date, sessions: Session.globex(date),
                records: isActive ? sample.recordsPerDay : sample.recordsPerDay / 6)
            tapes.append(flow.tape.take())
        }
        var random = sample.random("sequence \(date)")
        let records = merge(tapes, firstSequence: 1000, random: &random)
        let symbols = contracts.map { (symbol: $0.symbol, id: $0.instrumentID) }
        let request = symbols.map(\.symbol)
        var files: [SampleFile] = []
        files.append(
            try output.write(
                dataset: FutureDays.dataset, schema: .mbo, request: request, instruments: symbols
            ) { (writer) throws(DBNError) in
                for record in records { try writer.append(record) }
            })
        files.append(try definitions(contracts, path, output))
        files.append(
            try output.write(
                dataset: FutureDays.dataset, schema: .statistics, request: request, instruments: symbols
            ) { (writer) throws(DBNError) in
                for symbol in symbols {
                    for statistic in statistics(of: records.filter { $0.header.instrumentID == symbol.id }) {
                        try writer.append(statistic)
                    }
                }
            })
        return files
    }

    /// What a contract is worth above the index, in the path's unit.
    static func carry(_ contract: Contract) -> Int {
        ((contract.year - 2026) * 12 + contract.month - 3) * 4 * PricePath.unitsPerPoint
    }

    /// The flow of a contract, with the book that the day before left.
    private func flow(_ contract: Contract, isActive: Bool, _ path: PricePath, at start: Int64) -> OrderFlow {
        // A contract that expires later is dearer, by four points a month.
        let carry = FutureDays.carry(contract)
        let fair = { (time: Int64) in (path.value(at: time) + carry) * 1000 / FutureDays.tick }
        var settings = OrderFlow.Settings()
        settings.orders = min(isActive ? 700 : 500, sample.recordsPerDay / 4)
        let old = flows[contract.symbol]
        let middle = (SampleLevel.anchor + carry) / FutureDays.tick
        let name = "future \(contract.symbol)"
        let flow = OrderFlow(
            book: old?.book ?? SimulatedBook(ticks: middle - 8000...middle + 8000),
            tape: old?.tape
                ?? Tape(
                    publisherID: 1, instrumentID: contract.instrumentID, channelID: 0,
                    tickSize: FutureDays.tickSize,
                    venueFlags: 0, latency: 105_000, random: sample.random(name + " tape")),
            settings: settings,
            firstID: old?.newID() ?? 6_400_000_000_000 + UInt64(contract.instrumentID) * 1_000_000,
            random: old?.random ?? sample.random(name), fair: fair)
        if old == nil { flow.open(at: start - 3_600_000_000_000) }
        flows[contract.symbol] = flow
        return flow
    }

    /// A Globex day: the snapshot, the sessions, and in the middle of the day a clear with its recovery.
    static func play(_ flow: OrderFlow, date: CivilDate, sessions: [Session], records: Int) {
        let start = date.utcNanoseconds
        flow.tape.snapshot(of: flow.book, at: start, before: start - 36_000_000_000_000)
        let left = max(records / 2, records - 2 * flow.tape.records.count)
        let gap = NewYork.utcNanoseconds(of: date, secondOfDay: 12 * 3600 + 1800)
        for session in sessions {
            let share = left * session.share / 1000
            switch session.kind {
            case .auction: flow.playAuction(from: session.start, to: session.end, orders: max(30, share))
            case .continuous where session.start < gap && gap < session.end:
                let before = Int(
                    Int64(share) * ((gap - session.start) / 1_000_000)
                        / ((session.end - session.start) / 1_000_000))
                flow.play(from: session.start, to: gap, records: before)
                flow.tape.snapshot(of: flow.book, at: gap, before: gap)
                flow.play(from: gap + 500_000_000, to: session.end, records: share - before)
            case .continuous:
                flow.play(from: session.start, to: session.end, records: share)
            }
        }
    }

    private func definitions(
        _ contracts: [Contract], _ path: PricePath, _ output: SampleOutput
    ) throws(DBNError) -> SampleFile {
        let start = output.date.utcNanoseconds
        var definitions = contracts.map { contract in
            var definition = Definition(
                publisherID: 1, instrumentID: contract.instrumentID,
                tsEvent: UInt64(start - 86_400_000_000_000),
                tsRecv: UInt64(start), rawSymbol: contract.symbol, instrumentClass: UInt8(ascii: "F"))
            definition.cfi = "FFIXSX"
            definition.securityType = "FUT"
            definition.unitOfMeasureQuantity = 50_000_000_000
            definition.minPriceIncrementAmount = 12_500_000_000
            definition.expiration = UInt64(contract.expirationInstant)
            definition.maturityYear = UInt16(contract.year)
            definition.maturityMonth = UInt8(contract.month)
            return definition
        }
        // A calendar spread: venue files hold more than a pipeline wants.
        var spread = Definition(
            publisherID: 1, instrumentID: contracts[0].instrumentID + 50_000,
            tsEvent: UInt64(start - 86_400_000_000_000), tsRecv: UInt64(start),
            rawSymbol: "\(contracts[0].symbol)-\(contracts[1].symbol)", instrumentClass: UInt8(ascii: "S"))
        spread.cfi = "FXXXSX"
        spread.securityType = "FUT"
        spread.expiration = UInt64(contracts[0].expirationInstant)
        definitions.append(spread)
        let all = definitions.map { definition in
            var definition = definition
            definition.asset = "ES"
            definition.group = "ES"
            definition.exchange = "XCME"
            definition.currency = "USD"
            definition.unitOfMeasure = "IPNT"
            definition.rawInstrumentID = UInt64(definition.instrumentID)
            definition.minPriceIncrement = FutureDays.tickSize
            definition.displayFactor = 1_000_000_000
            definition.activation = UInt64(start - 400 * 86_400_000_000_000)
            definition.matchAlgorithm = UInt8(ascii: "F")
            definition.minTradeVolume = 1
            definition.maxTradeVolume = 3000
            definition.channelID = 0
            return definition
        }
        return try output.write(
            dataset: FutureDays.dataset, schema: .definition, request: all.map(\.rawSymbol),
            instruments: all.map { (symbol: $0.rawSymbol, id: $0.instrumentID) }
        ) { (writer) throws(DBNError) in
            for definition in all { try writer.append(definition) }
        }
    }
}

/// Opening price, session high and low, cleared volume, settlement price and open interest of one
/// instrument's trades.
func statistics(of records: [MboRecord]) -> [Statistic] {
    let trades = records.filter { $0.action == UInt8(ascii: "T") }
    guard let first = trades.first, let last = trades.last else { return [] }
    let volume = trades.reduce(Int64(0)) { $0 + Int64($1.size) }
    let values: [(type: UInt16, price: Int64, quantity: Int64)] = [
        (1, first.price, Undefined.quantity),
        (5, trades.map(\.price).max()!, Undefined.quantity),
        (4, trades.map(\.price).min()!, Undefined.quantity),
        (6, Undefined.price, volume),
        (3, last.price, Undefined.quantity),
        (9, Undefined.price, 2_000_000 + volume / 100),
    ]
    return values.map { value in
        Statistic(
            publisherID: last.header.publisherID, instrumentID: last.header.instrumentID,
            tsEvent: last.header.tsEvent,
            tsRecv: last.tsRecv + 1000, price: value.price, quantity: value.quantity, sequence: last.sequence,
            tsInDelta: 12_000, statType: value.type)
    }
}
