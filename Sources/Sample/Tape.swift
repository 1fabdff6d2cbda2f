import DBN

/// The messages that one instrument's book sends, as the vendor would record them.
///
/// An event is what one action at the venue causes: all its records share `ts_event`, and the last one
/// carries `RecordFlag.last`. It may span several messages, each with its own capture time. `sequence`
/// numbers the messages of this tape until tapes are merged.
final class Tape {
    private(set) var records: [MboRecord] = []
    private let publisherID: UInt16
    private let instrumentID: UInt32
    private let channelID: UInt8
    /// 1e-9 of a price point.
    let tickSize: Int64
    /// Flag bits that every live record of the venue has.
    private let venueFlags: UInt8
    /// From the venue to the capture, nanoseconds, at least.
    private let latency: Int
    private var random: Random
    private var event: Int64 = 0
    private var received: Int64 = 0
    private var delta: Int32 = 0
    private var message: UInt32 = 0

    init(
        publisherID: UInt16, instrumentID: UInt32, channelID: UInt8, tickSize: Int64, venueFlags: UInt8,
        latency: Int,
        random: Random
    ) {
        self.publisherID = publisherID
        self.instrumentID = instrumentID
        self.channelID = channelID
        self.tickSize = tickSize
        self.venueFlags = venueFlags
        self.latency = latency
        self.random = random
    }

    func beginEvent(at time: Int64) {
        event = max(event + 1, time)
        beginMessage()
    }

    func beginMessage() {
        received = max(received + 1, event + Int64(latency + random.exponential(mean: latency / 4)))
        delta = Int32(9_500 + random.exponential(mean: 4_500))
        message += 1
    }

    func emit(_ action: Character, _ side: UInt8, tick: Int?, size: Int, id: UInt64) {
        records.append(
            record(
                action, side, tick: tick, size: size, id: id, flags: 0, event: event, received: received,
                delta: delta,
                sequence: message))
    }

    /// Completes the event, which holds at least one record.
    func endEvent() {
        records[records.count - 1].flags |= RecordFlag.last | venueFlags
    }

    /// The whole book as one snapshot: a clear, then every order with the time it took its place.
    func snapshot(of book: SimulatedBook, at time: Int64, before: Int64) {
        received = max(received, time)
        event = max(event, time)
        let flags = RecordFlag.snapshot | RecordFlag.badTsRecv
        records.append(
            record(
                "R", UInt8(ascii: "N"), tick: nil, size: 0, id: 0, flags: flags, event: before,
                received: received,
                delta: 0, sequence: 0))
        for side in [SimulatedBook.Side.bid, .ask] {
            for slot in book.queue(side) {
                let order = book.orders[slot]
                records.append(
                    record(
                        "A", side.code, tick: order.tick, size: order.size, id: order.id, flags: flags,
                        event: order.entered, received: received, delta: 0, sequence: 0))
            }
        }
        records[records.count - 1].flags |= RecordFlag.last
    }

    /// Hands over what was recorded and starts anew; clocks go on.
    func take() -> [MboRecord] {
        defer { records.removeAll(keepingCapacity: true) }
        return records
    }

    private func record(
        _ action: Character, _ side: UInt8, tick: Int?, size: Int, id: UInt64, flags: UInt8, event: Int64,
        received: Int64, delta: Int32, sequence: UInt32
    ) -> MboRecord {
        MboRecord(
            header: RecordHeader(
                bytes: 56, rtype: RecordType.mbo, publisherID: publisherID, instrumentID: instrumentID,
                tsEvent: UInt64(event)),
            orderID: id, price: tick.map { Int64($0) * tickSize } ?? Undefined.price, size: UInt32(size),
            flags: flags,
            channelID: channelID, action: action.asciiValue!, side: side, tsRecv: UInt64(received),
            tsInDelta: delta,
            sequence: sequence)
    }
}

/// Puts the tapes of a channel into one, by capture time, messages whole, and numbers the messages anew.
///
/// Snapshots, which have no number, keep their place at the front of their tape.
func merge(_ tapes: [[MboRecord]], firstSequence: UInt32, random: inout Random) -> [MboRecord] {
    var merged: [MboRecord] = []
    merged.reserveCapacity(tapes.reduce(0) { $0 + $1.count })
    // Ties go to the tape that stands first.
    var heads = tapes.indices.filter { !tapes[$0].isEmpty }.map { (time: tapes[$0][0].tsRecv, tape: $0) }
    var positions = [Int](repeating: 0, count: tapes.count)
    var sequence = firstSequence
    heads.sort { ($0.time, $0.tape) < ($1.time, $1.tape) }
    while !heads.isEmpty {
        let tape = heads[0].tape
        let records = tapes[tape]
        let (time, number) = (records[positions[tape]].tsRecv, records[positions[tape]].sequence)
        if number > 0 { sequence &+= UInt32(1 + min(20, random.exponential(mean: 1))) }
        while positions[tape] < records.count, records[positions[tape]].tsRecv == time,
            records[positions[tape]].sequence == number
        {
            var record = records[positions[tape]]
            record.sequence = number > 0 ? sequence : 0
            merged.append(record)
            positions[tape] += 1
        }
        heads.removeFirst()
        guard positions[tape] < records.count else { continue }
        let head = (time: records[positions[tape]].tsRecv, tape: tape)
        var low = 0
        var high = heads.count
        while low < high {
            let middle = (low + high) / 2
            if (heads[middle].time, heads[middle].tape) < (head.time, head.tape) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        heads.insert(head, at: low)
    }
    return merged
}
