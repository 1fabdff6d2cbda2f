/// What order records and quotes have in common.
public protocol BookRecord: BitwiseCopyable, Sendable {
    /// Capture time, or `BookEvent.undefinedTime`.
    var tsRecv: Int64 { get }
    /// Matching-engine time, or `BookEvent.undefinedTime`.
    var tsEvent: Int64 { get }
    var instrumentID: UInt32 { get }
    var publisherID: UInt16 { get }
    /// Bits of `BookFlags`.
    var flags: UInt8 { get }
}

extension BookRecord {
    /// t_eff of spec/book.md §4.1; nil when the record has no time, so that it has that of the clock.
    @inlinable
    public var effectiveTime: Int64? {
        let isSnapshot = flags & BookFlags.snapshot != 0
        let first = isSnapshot ? tsRecv : tsEvent
        let second = isSnapshot ? tsEvent : tsRecv
        let time = first != BookEvent.undefinedTime ? first : second
        return time != BookEvent.undefinedTime ? time : nil
    }
}

/// One order record as the book sees it: the columns of `bronze.<product>.mbo` that carry meaning.
///
/// Times are nanoseconds since 1970-01-01 UTC, prices are in units of 1e-9, sizes in `qty`.
/// Source: spec/book.md §3.1, §5.
@frozen
public struct BookEvent: BookRecord, Hashable {
    /// Capture time, or `undefinedTime`.
    public var tsRecv: Int64
    /// Matching-engine time, or `undefinedTime`.
    public var tsEvent: Int64
    /// The venue's order id; compared for equality only.
    public var orderID: UInt64
    /// Price, or `undefinedPrice`.
    public var price: Int64
    public var size: UInt32
    public var instrumentID: UInt32
    public var publisherID: UInt16
    /// Bits of `BookFlags`.
    public var flags: UInt8
    /// A code of `BookAction`; any other code means nothing to the book.
    public var action: UInt8
    /// A code of `BookSide`; any other code counts as no side.
    public var side: UInt8

    /// The time of a record that has none.
    public static let undefinedTime = Int64.min
    /// The price of a record that has none.
    public static let undefinedPrice = Int64.max

    @inlinable
    public init(
        tsRecv: Int64, tsEvent: Int64, orderID: UInt64, price: Int64, size: UInt32, instrumentID: UInt32,
        publisherID: UInt16, flags: UInt8, action: UInt8, side: UInt8
    ) {
        self.tsRecv = tsRecv
        self.tsEvent = tsEvent
        self.orderID = orderID
        self.price = price
        self.size = size
        self.instrumentID = instrumentID
        self.publisherID = publisherID
        self.flags = flags
        self.action = action
        self.side = side
    }
}

/// One consolidated quote record: both sides of one option. Units as in `BookEvent`.
///
/// Source: spec/book.md §8.4.
@frozen
public struct QuoteEvent: BookRecord, Hashable {
    /// Capture time, or `BookEvent.undefinedTime`.
    public var tsRecv: Int64
    /// Time of the event, or `BookEvent.undefinedTime`.
    public var tsEvent: Int64
    /// Price, or `BookEvent.undefinedPrice` where there is no bid.
    public var bidPrice: Int64
    /// Price, or `BookEvent.undefinedPrice` where there is no ask.
    public var askPrice: Int64
    public var bidSize: UInt32
    public var askSize: UInt32
    public var instrumentID: UInt32
    public var publisherID: UInt16
    /// Bits of `BookFlags`.
    public var flags: UInt8
    /// A code of `BookAction`; only a clear is told from the others.
    public var action: UInt8

    @inlinable
    public init(
        tsRecv: Int64, tsEvent: Int64, bidPrice: Int64, askPrice: Int64, bidSize: UInt32, askSize: UInt32,
        instrumentID: UInt32, publisherID: UInt16, flags: UInt8, action: UInt8
    ) {
        self.tsRecv = tsRecv
        self.tsEvent = tsEvent
        self.bidPrice = bidPrice
        self.askPrice = askPrice
        self.bidSize = bidSize
        self.askSize = askSize
        self.instrumentID = instrumentID
        self.publisherID = publisherID
        self.flags = flags
        self.action = action
    }
}

/// Action codes: positions in the contracts' symbol list `A C M R T F N`.
public enum BookAction {
    public static let add: UInt8 = 0
    public static let cancel: UInt8 = 1
    public static let modify: UInt8 = 2
    public static let clear: UInt8 = 3
    public static let trade: UInt8 = 4
    public static let fill: UInt8 = 5
    public static let none: UInt8 = 6
}

/// Side codes: positions in the contracts' symbol list `A B N`.
public enum BookSide {
    public static let ask: UInt8 = 0
    public static let bid: UInt8 = 1
    public static let none: UInt8 = 2
}

/// Flag bits of a record that have an effect. Source: spec/book.md §3.1.
public enum BookFlags {
    /// Last record of an event.
    public static let last: UInt8 = 128
    /// The publisher supplies only its best quote.
    public static let topOfBook: UInt8 = 64
    public static let snapshot: UInt8 = 32
    /// An aggregated level: neither an order nor a quote.
    public static let aggregatedLevel: UInt8 = 16
    /// An unrecoverable gap.
    public static let maybeBadBook: UInt8 = 4
}
