#if _endian(big)
    #error("Records are loaded as they lie in the file, which is little-endian.")
#endif

/// The records that are read by the million, laid out as in the file: little-endian, no hidden padding.
///
/// Every struct is plain bytes, so a record is one unaligned load. Prices have unit 1e-9 of a price point and
/// are `Undefined.price` when absent; times are nanoseconds since 1970-01-01 UTC and `Undefined.timestamp`
/// when absent. Layouts: the public DBN record reference; sizes and offsets are asserted by tests against
/// `RecordLayout`.
public protocol FixedRecord: BitwiseCopyable, Sendable {
    var header: RecordHeader { get set }
}

/// The first 16 bytes of every record.
@frozen
public struct RecordHeader: BitwiseCopyable, Hashable, Sendable {
    /// Length of the record in words of 4 bytes, header and send time included.
    public var length: UInt8
    /// See `RecordType`.
    public var rtype: UInt8
    /// Dataset and venue.
    public var publisherID: UInt16
    public var instrumentID: UInt32
    /// Matching-engine time.
    public var tsEvent: UInt64

    @inlinable
    public init(bytes: Int, rtype: UInt8, publisherID: UInt16, instrumentID: UInt32, tsEvent: UInt64) {
        precondition(bytes >= 16 && bytes <= 1020 && bytes % 4 == 0)
        self.length = UInt8(truncatingIfNeeded: bytes / 4)
        self.rtype = rtype
        self.publisherID = publisherID
        self.instrumentID = instrumentID
        self.tsEvent = tsEvent
    }
}

/// Market by order: one message about one order.
@frozen
public struct MboRecord: FixedRecord, Hashable {
    public var header: RecordHeader
    public var orderID: UInt64
    public var price: Int64
    public var size: UInt32
    /// See `RecordFlag`.
    public var flags: UInt8
    public var channelID: UInt8
    /// ASCII: A add, C cancel, M modify, R clear, T trade, F fill, N none.
    public var action: UInt8
    /// ASCII: A ask, B bid, N none.
    public var side: UInt8
    public var tsRecv: UInt64
    /// Venue send time before `tsRecv`, nanoseconds.
    public var tsInDelta: Int32
    public var sequence: UInt32

    @inlinable
    public init(
        header: RecordHeader, orderID: UInt64, price: Int64, size: UInt32, flags: UInt8, channelID: UInt8,
        action: UInt8, side: UInt8, tsRecv: UInt64, tsInDelta: Int32, sequence: UInt32
    ) {
        self.header = header
        self.orderID = orderID
        self.price = price
        self.size = size
        self.flags = flags
        self.channelID = channelID
        self.action = action
        self.side = side
        self.tsRecv = tsRecv
        self.tsInDelta = tsInDelta
        self.sequence = sequence
    }
}

/// One level of a book that aggregates by price.
@frozen
public struct BidAskLevel: BitwiseCopyable, Hashable, Sendable {
    public var bidPrice: Int64
    public var askPrice: Int64
    public var bidSize: UInt32
    public var askSize: UInt32
    /// Number of orders at the bid.
    public var bidCount: UInt32
    /// Number of orders at the ask.
    public var askCount: UInt32

    @inlinable
    public init(
        bidPrice: Int64, askPrice: Int64, bidSize: UInt32, askSize: UInt32, bidCount: UInt32, askCount: UInt32
    ) {
        self.bidPrice = bidPrice
        self.askPrice = askPrice
        self.bidSize = bidSize
        self.askSize = askSize
        self.bidCount = bidCount
        self.askCount = askCount
    }
}

/// The best quote over several venues.
@frozen
public struct ConsolidatedLevel: BitwiseCopyable, Hashable, Sendable {
    public var bidPrice: Int64
    public var askPrice: Int64
    public var bidSize: UInt32
    public var askSize: UInt32
    public var bidPublisherID: UInt16
    public var reserved1: UInt16 = 0
    public var askPublisherID: UInt16
    public var reserved2: UInt16 = 0

    @inlinable
    public init(
        bidPrice: Int64, askPrice: Int64, bidSize: UInt32, askSize: UInt32, bidPublisherID: UInt16,
        askPublisherID: UInt16
    ) {
        self.bidPrice = bidPrice
        self.askPrice = askPrice
        self.bidSize = bidSize
        self.askSize = askSize
        self.bidPublisherID = bidPublisherID
        self.askPublisherID = askPublisherID
    }
}

/// A trade (schema `trades`).
@frozen
public struct TradeRecord: FixedRecord, Hashable {
    public var header: RecordHeader
    public var price: Int64
    public var size: UInt32
    public var action: UInt8
    /// ASCII: the aggressor's side.
    public var side: UInt8
    public var flags: UInt8
    public var depth: UInt8
    public var tsRecv: UInt64
    public var tsInDelta: Int32
    public var sequence: UInt32

    @inlinable
    public init(
        header: RecordHeader, price: Int64, size: UInt32, action: UInt8, side: UInt8, flags: UInt8,
        depth: UInt8,
        tsRecv: UInt64, tsInDelta: Int32, sequence: UInt32
    ) {
        self.header = header
        self.price = price
        self.size = size
        self.action = action
        self.side = side
        self.flags = flags
        self.depth = depth
        self.tsRecv = tsRecv
        self.tsInDelta = tsInDelta
        self.sequence = sequence
    }
}

/// An update of, or a trade against, the best quote (schemas `mbp-1` and `tbbo`).
///
/// The fields before `level` are those of a trade.
@frozen
public struct Mbp1Record: FixedRecord, Hashable {
    public var update: TradeRecord
    public var level: BidAskLevel

    @inlinable public var header: RecordHeader {
        get { update.header }
        set { update.header = newValue }
    }

    @inlinable
    public init(update: TradeRecord, level: BidAskLevel) {
        self.update = update
        self.level = level
    }
}

/// An update of, or a trade against, the best ten levels (schema `mbp-10`).
@frozen
public struct Mbp10Record: FixedRecord {
    public var update: TradeRecord
    public var levels: InlineArray<10, BidAskLevel>

    @inlinable public var header: RecordHeader {
        get { update.header }
        set { update.header = newValue }
    }
}

/// The best quote at a regular interval (schemas `bbo-1s` and `bbo-1m`).
@frozen
public struct BboRecord: FixedRecord, Hashable {
    public var header: RecordHeader
    /// Price of the last trade.
    public var price: Int64
    public var size: UInt32
    public var reserved1: UInt8
    public var side: UInt8
    public var flags: UInt8
    public var reserved2: UInt8
    /// End of the interval.
    public var tsRecv: UInt64
    public var reserved3: UInt32
    public var sequence: UInt32
    public var level: BidAskLevel
}

/// An update of, or a trade against, the consolidated best quote (schemas `cmbp-1` and `tcbbo`).
@frozen
public struct Cmbp1Record: FixedRecord, Hashable {
    public var header: RecordHeader
    public var price: Int64
    public var size: UInt32
    public var action: UInt8
    public var side: UInt8
    public var flags: UInt8
    public var reserved1: UInt8 = 0
    public var tsRecv: UInt64
    public var tsInDelta: Int32
    public var reserved2: UInt32 = 0
    public var level: ConsolidatedLevel

    @inlinable
    public init(
        header: RecordHeader, price: Int64, size: UInt32, action: UInt8, side: UInt8, flags: UInt8,
        tsRecv: UInt64,
        tsInDelta: Int32, level: ConsolidatedLevel
    ) {
        self.header = header
        self.price = price
        self.size = size
        self.action = action
        self.side = side
        self.flags = flags
        self.tsRecv = tsRecv
        self.tsInDelta = tsInDelta
        self.level = level
    }
}

/// The consolidated best quote at a regular interval (schemas `cbbo-1s` and `cbbo-1m`).
@frozen
public struct CbboRecord: FixedRecord, Hashable {
    public var header: RecordHeader
    public var price: Int64
    public var size: UInt32
    public var reserved1: UInt8
    public var side: UInt8
    public var flags: UInt8
    public var reserved2: UInt8
    public var tsRecv: UInt64
    public var reserved3: UInt64
    public var level: ConsolidatedLevel
}

/// A bar (schemas `ohlcv-…`); `header.tsEvent` is its start.
@frozen
public struct OhlcvRecord: FixedRecord, Hashable {
    public var header: RecordHeader
    public var open: Int64
    public var high: Int64
    public var low: Int64
    public var close: Int64
    public var volume: UInt64
}

/// A change of an instrument's trading state (schema `status`).
@frozen
public struct StatusRecord: FixedRecord, Hashable {
    public var header: RecordHeader
    public var tsRecv: UInt64
    public var action: UInt16
    public var reason: UInt16
    public var tradingEvent: UInt16
    /// ASCII: Y, N or ~ (unknown).
    public var isTrading: UInt8
    public var isQuoting: UInt8
    public var isShortSellRestricted: UInt8
    public var reserved1: UInt8
    public var reserved2: UInt16
    public var reserved3: UInt32
}

/// An auction's state (schema `imbalance`).
@frozen
public struct ImbalanceRecord: FixedRecord, Hashable {
    public var header: RecordHeader
    public var tsRecv: UInt64
    public var referencePrice: Int64
    public var auctionTime: UInt64
    public var continuousBookClearingPrice: Int64
    public var auctionInterestClearingPrice: Int64
    public var shortSaleFillingPrice: Int64
    public var indicativeMatchPrice: Int64
    public var upperCollar: Int64
    public var lowerCollar: Int64
    public var pairedQuantity: UInt32
    public var totalImbalanceQuantity: UInt32
    public var marketImbalanceQuantity: UInt32
    public var unpairedQuantity: UInt32
    public var auctionType: UInt8
    public var side: UInt8
    public var auctionStatus: UInt8
    public var freezeStatus: UInt8
    public var extensions: UInt8
    public var unpairedSide: UInt8
    public var significantImbalance: UInt8
    public var reserved: UInt8
}
