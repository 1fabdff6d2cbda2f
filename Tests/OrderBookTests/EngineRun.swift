import Columnar
import OrderBook

/// Runs the engines over records as the reference speaks of them, in blocks of a given size.

extension NaiveRecord {
    var bookEvent: BookEvent {
        BookEvent(
            tsRecv: recv ?? BookEvent.undefinedTime, tsEvent: event ?? BookEvent.undefinedTime, orderID: id,
            price: price ?? BookEvent.undefinedPrice, size: UInt32(size), instrumentID: UInt32(instrument),
            publisherID: UInt16(publisher), flags: UInt8(flags), action: NaiveRecord.code(action),
            side: side == "A" ? BookSide.ask : side == "B" ? BookSide.bid : BookSide.none)
    }

    var quoteEvent: QuoteEvent {
        QuoteEvent(
            tsRecv: recv ?? BookEvent.undefinedTime, tsEvent: event ?? BookEvent.undefinedTime,
            bidPrice: bid ?? BookEvent.undefinedPrice, askPrice: ask ?? BookEvent.undefinedPrice,
            bidSize: UInt32(bidSize), askSize: UInt32(askSize), instrumentID: UInt32(instrument),
            publisherID: UInt16(publisher), flags: UInt8(flags), action: NaiveRecord.code(action))
    }

    static func code(_ action: Character) -> UInt8 {
        UInt8("ACMRTFN".distance(from: "ACMRTFN".startIndex, to: "ACMRTFN".firstIndex(of: action)!))
    }
}

extension NaiveParameters {
    var book: BookParameters {
        BookParameters(
            outputStart: outputStart, outputEnd: outputEnd, assumeComplete: assumeComplete,
            crossedPolicy: invalidatesCrossed ? .invalidate : .record, latticeStep: q, halfWidth: H,
            publisher: publisher.map { UInt16($0) })
    }

    var option: OptionParameters {
        OptionParameters(
            outputStart: outputStart, outputEnd: outputEnd, assumeComplete: assumeComplete,
            crossedPolicy: invalidatesCrossed ? .invalidate : .record, strikeStep: step, halfWidth: kmax,
            tick: tick,
            publisher: publisher.map { UInt16($0) })
    }

    var optionInstruments: [OptionInstrument] {
        instruments.map {
            OptionInstrument(
                instrumentID: UInt32($0.key),
                right: $0.value.right == "C" ? OptionRight.call : OptionRight.put,
                strikePrice: $0.value.strike)
        }
    }

    var underlyingWindows: [UnderlyingWindow] {
        underlying.map {
            UnderlyingWindow(windowEnd: $0.key, spotReference: $0.value.spot, isValid: $0.value.valid)
        }
    }
}

/// What the engine has to know before its first record.
func firstTime(
    of events: [BookEvent], publisher: UInt16? = nil, isSingle: Bool = true
) throws(BookError) -> Int64? {
    var scan = PartitionScan(publisher: publisher, isSingleInstrument: isSingle)
    try scan.scan(events.span)
    return scan.firstTime
}

struct EngineRun {
    var tables = Tables()
    var stoppedAt: Int?

    init() {}

    /// - Parameter rowLimit: how many rows may wait before they must be drained.
    init(
        _ records: [NaiveRecord], _ p: NaiveParameters, block: Int = 4096, rowLimit: Int = 1 << 15
    ) throws {
        switch p.product {
        case .single: try runSingle(records.map { $0.bookEvent }, p, block, rowLimit)
        case .options: try runOptions(records.map { $0.bookEvent }, p, block, rowLimit)
        case .quotes: try runQuotes(records.map { $0.quoteEvent }, p, block, rowLimit)
        }
    }

    private mutating func runSingle(
        _ events: [BookEvent], _ p: NaiveParameters, _ block: Int, _ rowLimit: Int
    ) throws {
        let first = try firstTime(of: events, publisher: p.book.publisher, isSingle: true)
        try run(MboEngine(p.book, firstTime: first), events, block, rowLimit)
    }

    private mutating func runOptions(
        _ events: [BookEvent], _ p: NaiveParameters, _ block: Int, _ rowLimit: Int
    ) throws {
        let first = try firstTime(of: events, publisher: p.option.publisher, isSingle: false)
        try run(
            OptionMboEngine(
                p.option, instruments: p.optionInstruments, underlying: p.underlyingWindows, firstTime: first),
            events, block, rowLimit)
    }

    private mutating func runQuotes(
        _ quotes: [QuoteEvent], _ p: NaiveParameters, _ block: Int, _ rowLimit: Int
    ) throws {
        var scan = PartitionScan(publisher: p.option.publisher, isSingleInstrument: false)
        scan.scan(quotes.span)
        try run(
            OptionQuoteEngine(
                p.option, instruments: p.optionInstruments, underlying: p.underlyingWindows,
                firstTime: scan.firstTime),
            quotes, block, rowLimit)
    }

    private mutating func run<Engine: ReplayEngine & ~Copyable>(
        _ fresh: consuming Engine, _ events: [Engine.Event], _ block: Int, _ rowLimit: Int
    ) throws where Engine.Snapshot: ComparableRow, Engine.Flow: ComparableRow {
        var engine = fresh
        var rows = ReplayRows<Engine.Snapshot, Engine.Flow>(rowLimit: rowLimit)
        for start in stride(from: 0, to: events.count, by: block) {
            let part = Array(events[start..<min(start + block, events.count)])
            if try engine.replay(part.span, into: &rows, drain: { drain(&$0) }) { break }
        }
        try engine.finish(into: &rows) { drain(&$0) }
        stoppedAt = engine.stoppedAt
    }

    mutating func drain<Snapshot: ComparableRow, Flow: ComparableRow>(_ rows: inout ReplayRows<Snapshot, Flow>) {
        for i in 0..<rows.snapshots.count { tables.snapshot.append(rows.snapshots[i].cells) }
        for i in 0..<rows.flows.count { tables.flow.append(rows.flows[i].cells) }
        for i in 0..<rows.quality.count { tables.quality.append(rows.quality[i].cells) }
        rows.removeAll()
    }
}
