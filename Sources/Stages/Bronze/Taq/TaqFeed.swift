import CivilTime
import DBN
import Tables

/// How the records of a vendor's schema tell trades and quotes.
///
/// Source: spec/recorder.md 3.7.
struct TaqSchema {
    let schema: Schema
    /// Type of its records.
    let recordType: UInt8
    /// Which book the quote of a record shows.
    let view: View

    enum View {
        /// It has no quote.
        case none
        /// That of the record's publisher; the feed's is the best of all publishers.
        case publisher
        /// The feed's.
        case whole
    }

    /// The schemas that have quotes, the most wanted first.
    static let ofQuotes: [TaqSchema] = [
        TaqSchema(schema: .cmbp1, recordType: RecordType.cmbp1, view: .whole),
        TaqSchema(schema: .mbp1, recordType: RecordType.mbp1, view: .publisher),
        TaqSchema(schema: .mbp10, recordType: RecordType.mbp10, view: .publisher),
        TaqSchema(schema: .tcbbo, recordType: RecordType.tcbbo, view: .whole),
        TaqSchema(schema: .tbbo, recordType: RecordType.mbp1, view: .whole),
        TaqSchema(schema: .cbbo1s, recordType: RecordType.cbbo1s, view: .whole),
        TaqSchema(schema: .bbo1s, recordType: RecordType.bbo1s, view: .publisher),
    ]

    static let trades = TaqSchema(schema: .trades, recordType: RecordType.mbp0, view: .none)

    /// Whether every record is a trade, as in a trades file.
    var holdsAllTrades: Bool { schema == .tbbo || schema == .tcbbo }
    /// Whether records are states at the end of an interval.
    var isSampled: Bool { schema == .bbo1s || schema == .cbbo1s }
}

/// The records of the raw files of one schema as events, block by block.
struct TaqFeed: ~Copyable {
    /// What the last `next` decoded, in the order of the files. Events of instruments that nobody asked for are
    /// there too, because they count in a merge.
    private(set) var events: [TaqEvent] = []
    /// Records that repeat the end of a file before, by partition.
    private(set) var repeats: [Int]

    /// Number of the text that is the `source` of all events: the dataset's name.
    static let dataset: UInt32 = 1

    private var reader: RawFeed.Reader
    private let kind: TaqSchema
    private let date: CivilDate
    private let slots: [String: Int]
    private var instruments: InstrumentTable
    /// The times of the record before, for one that has none; nil before the first.
    private var times: (event: Int64, recv: Int64)?
    /// Events from the beginning that wait for the first time.
    private var timeless: [TaqEvent] = []
    private var hasEnded = false

    /// - Parameters:
    ///   - paths: absolute, at least one.
    ///   - slots: the partition of each symbol.
    init(
        _ paths: [String], _ kind: TaqSchema, on date: CivilDate, slots: [String: Int], allowsTruncated: Bool
    ) throws {
        let feed = RawFeed(paths, schema: kind.schema, allowsTruncated: allowsTruncated)
        let reader = try RawFeed.Reader(feed)
        instruments = InstrumentTable(reader.file.symbology, on: date) { slots[$1] }
        self.reader = reader
        self.kind = kind
        self.date = date
        self.slots = slots
        repeats = [Int](repeating: 0, count: slots.count)
    }

    var wasTruncated: Bool { reader.wasTruncated }

    /// Decodes the next block into `events`, which may stay empty; false at the end.
    ///
    /// - Throws: `DBNError`; `corruptInput` when records without any time are never followed by one with a time.
    mutating func next() throws -> Bool {
        events.removeAll(keepingCapacity: true)
        while !hasEnded {
            if try reader.nextBlock() {
                try decode()
                return true
            }
            if try reader.nextFile() {
                let slots = slots
                instruments = InstrumentTable(reader.file.symbology, on: date) { slots[$1] }
            } else {
                hasEnded = true
            }
        }
        guard timeless.isEmpty else {
            throw StageError.corruptInput(
                "\(reader.file.path): none of its \(kind.schema.name) records has a time")
        }
        return false
    }

    private mutating func decode() throws {
        var decoded = events
        events = []
        try decode(into: &decoded)
        settleTimes(&decoded)
        events = decoded
    }

    private mutating func decode(into decoded: inout [TaqEvent]) throws {
        let block = reader.file.block
        let position = reader.position
        var index = 0
        var offset = 0
        while offset < block.bytes.byteCount {
            let header = block.header(at: offset)
            if header.rtype == kind.recordType {
                let slot = instruments.slot(of: header.instrumentID)
                if slot == InstrumentTable.Slot.unknown {
                    throw block.fieldError(
                        at: offset, expected: "an instrument with a symbol on \(date) in the file's symbology",
                        found: "instrument \(header.instrumentID)")
                }
                if index < position.repeats {
                    if slot >= 0 { repeats[slot] += 1 }
                } else {
                    var event = try TaqFeed.event(block, offset, kind)
                    event.slot = Int32(slot)
                    event.source = TaqFeed.dataset
                    event.seq = Int64(position.firstOrdinal + index)
                    decoded.append(event)
                }
            }
            offset += Int(header.length) * 4
            index += 1
        }
    }

    /// Gives the events that have no time that of the event before; the first ones, that of the first that has one.
    private mutating func settleTimes(_ decoded: inout [TaqEvent]) {
        var first = 0
        while times == nil, first < decoded.count {
            let event = decoded[first]
            if event.tsEvent != TaqEvent.noTime {
                times = (event.tsEvent, event.tsRecv)
                for index in timeless.indices { timeless[index].take(times!) }
                for index in 0..<first { decoded[index].take(times!) }
                decoded.insert(contentsOf: timeless, at: 0)
                first += timeless.count
                timeless = []
            } else {
                first += 1
            }
        }
        guard var last = times else {
            timeless += decoded
            decoded.removeAll()
            return
        }
        for index in first..<decoded.count {
            if decoded[index].tsEvent == TaqEvent.noTime {
                decoded[index].take(last)
            } else {
                last = (decoded[index].tsEvent, decoded[index].tsRecv)
            }
        }
        times = last
    }
}

extension TaqEvent {
    fileprivate mutating func take(_ times: (event: Int64, recv: Int64)) {
        (tsEvent, tsRecv) = times
    }
}

// MARK: - Records

extension TaqFeed {
    /// A record without its partition and number. `tsEvent` is `noTime` where the record has neither time.
    private static func event(
        _ block: borrowing RecordBlock, _ offset: Int, _ kind: TaqSchema
    ) throws(DBNError) -> TaqEvent {
        var event = TaqEvent()
        switch kind.schema {
        case .trades:
            let record = block.load(TradeRecord.self, at: offset)
            try event.setTrade(record, block, offset)
            event.kind = .trade
        case .mbp1, .mbp10, .tbbo:
            // A record of ten levels begins like one of one level.
            let record = block.load(Mbp1Record.self, at: offset)
            try event.setTrade(record.update, block, offset)
            event.kind = kind.holdsAllTrades || record.update.action == UInt8(ascii: "T") ? [.trade, .quote] : .quote
            event.setQuote(
                record.level.bidPrice, record.level.bidSize, record.level.askPrice, record.level.askSize)
        case .cmbp1, .tcbbo:
            let record = block.load(Cmbp1Record.self, at: offset)
            try event.set(
                record.header, record.tsRecv, record.price, record.size, record.action, record.side, block, offset)
            event.kind = kind.holdsAllTrades || record.action == UInt8(ascii: "T") ? [.trade, .quote] : .quote
            event.setQuote(
                record.level.bidPrice, record.level.bidSize, record.level.askPrice, record.level.askSize)
        case .bbo1s:
            let record = block.load(BboRecord.self, at: offset)
            try event.setInterval(record.header, record.tsRecv, block, offset)
            event.setQuote(
                record.level.bidPrice, record.level.bidSize, record.level.askPrice, record.level.askSize)
        case .cbbo1s:
            let record = block.load(CbboRecord.self, at: offset)
            try event.setInterval(record.header, record.tsRecv, block, offset)
            event.setQuote(
                record.level.bidPrice, record.level.bidSize, record.level.askPrice, record.level.askSize)
        default: preconditionFailure("\(kind.schema.name) tells neither trades nor quotes")
        }
        return event
    }
}

extension TaqEvent {
    @inline(__always)
    fileprivate mutating func setTrade(
        _ record: TradeRecord, _ block: borrowing RecordBlock, _ offset: Int
    ) throws(DBNError) {
        try set(
            record.header, record.tsRecv, record.price, record.size, record.action, record.side, block, offset)
    }

    @inline(__always)
    fileprivate mutating func set(
        _ header: RecordHeader, _ recv: UInt64, _ price: Int64, _ size: UInt32, _ action: UInt8, _ side: UInt8,
        _ block: borrowing RecordBlock, _ offset: Int
    ) throws(DBNError) {
        let side = try RecordCodes.check(action, side, block, offset).side
        try setTimes(header, recv, block, offset)
        self.price = price == Undefined.price ? 0 : price
        self.size = Int64(size)
        // The side of a trade is the aggressor's: B bought, A sold.
        aggressor =
            switch side {
            case 0: Trades.Aggressor.sell.rawValue
            case 1: Trades.Aggressor.buy.rawValue
            default: Trades.Aggressor.none.rawValue
            }
    }

    @inline(__always)
    private mutating func setTimes(
        _ header: RecordHeader, _ recv: UInt64, _ block: borrowing RecordBlock, _ offset: Int
    ) throws(DBNError) {
        instrumentID = header.instrumentID
        publisherID = header.publisherID
        let recv = try block.instant(recv, Trades.Columns.tsRecv.name, at: offset)
        let event = try block.instant(header.tsEvent, Trades.Columns.tsEvent.name, at: offset)
        tsRecv = recv ?? TaqEvent.noTime
        tsEvent = event ?? tsRecv
    }

    /// A state at the end of an interval, whose own time is that of the last sale.
    @inline(__always)
    fileprivate mutating func setInterval(
        _ header: RecordHeader, _ recv: UInt64, _ block: borrowing RecordBlock, _ offset: Int
    ) throws(DBNError) {
        try setTimes(header, recv, block, offset)
        kind = .quote
        if tsRecv != TaqEvent.noTime { tsEvent = tsRecv }
    }

    /// A side without a price above 0 or without a size is empty.
    @inline(__always)
    fileprivate mutating func setQuote(_ bid: Int64, _ bidSize: UInt32, _ ask: Int64, _ askSize: UInt32) {
        if bid > 0, bid != Undefined.price, bidSize > 0 {
            bidPrice = bid
            self.bidSize = Int64(bidSize)
        }
        if ask > 0, ask != Undefined.price, askSize > 0 {
            askPrice = ask
            self.askSize = Int64(askSize)
        }
    }
}
