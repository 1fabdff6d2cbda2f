/// One record of a feed of trades and quotes, or one row of a CSV file, on its way to bronze.<product>.trades and
/// quotes. Prices in 1e-9, times in ns UTC.
struct TaqEvent: BitwiseCopyable {
    /// What an event says. A record may be a trade and a quote.
    struct Kind: OptionSet, BitwiseCopyable {
        let rawValue: UInt8
        static let trade = Kind(rawValue: 1)
        static let quote = Kind(rawValue: 2)
    }

    /// The partition, or a value of `InstrumentTable.Slot`.
    var slot: Int32 = 0
    var instrumentID: UInt32 = 0
    var publisherID: UInt16 = 0
    var kind: Kind = []
    /// Position in the contract's symbols, or `noAggressor`.
    var aggressor = TaqEvent.noAggressor
    /// Numbers of a `TextPool`.
    var conditions: UInt32 = 0
    var source: UInt32 = 0
    var tsEvent: Int64 = 0
    /// Or `noTime`.
    var tsRecv = TaqEvent.noTime
    var seq: Int64 = 0
    /// Of the trade.
    var price: Int64 = 0
    var size: Int64 = 0
    /// 0 where a side is empty.
    var bidPrice: Int64 = 0
    var bidSize: Int64 = 0
    var askPrice: Int64 = 0
    var askSize: Int64 = 0

    static let noTime = Int64.min
    static let noAggressor: UInt8 = 255

    /// Whether it stands before another in the tables: by partition, then (ts_event, seq). Source: spec/recorder.md
    /// 3.7 (order).
    @inline(__always)
    func precedes(_ other: TaqEvent) -> Bool {
        if slot != other.slot { return slot < other.slot }
        if tsEvent != other.tsEvent { return tsEvent < other.tsEvent }
        return seq < other.seq
    }
}

/// Texts that many rows share, by number. Number 0 is the empty text.
struct TextPool {
    /// Bytes of all texts together.
    private static let limit = 1 << 24

    private(set) var texts = [""]
    private var numbers: [[UInt8]: UInt32] = [[]: 0]
    private var bytes = 0

    /// The number of a text; nil when it is no UTF-8 or there are too many different ones.
    mutating func number(_ text: ArraySlice<UInt8>) -> UInt32? {
        if text.isEmpty { return 0 }
        let key = Array(text)
        if let known = numbers[key] { return known }
        guard let string = String(validating: key, as: UTF8.self), bytes + key.count <= TextPool.limit else {
            return nil
        }
        bytes += key.count
        numbers[key] = UInt32(texts.count)
        texts.append(string)
        return UInt32(texts.count - 1)
    }
}
