/// What an instrument is: a definition record of any version, by name.
///
/// The names are the vendor's in Swift's spelling. Fields that no reader or writer of this project needs are
/// in `RecordLayout` and the JSON rendering only.
public struct Definition: Hashable, Sendable {
    public var publisherID: UInt16
    public var instrumentID: UInt32
    /// Nanoseconds since 1970-01-01 UTC, as are all times; `Undefined.timestamp` when absent.
    public var tsEvent: UInt64
    public var tsRecv: UInt64
    public var rawSymbol: String
    /// ASCII: A add, M modify, D delete.
    public var securityUpdateAction: UInt8 = UInt8(ascii: "A")
    /// ASCII: F future, C call, P put, K stock, S future spread, T option spread, …
    public var instrumentClass: UInt8
    public var securityType = ""
    /// Product root.
    public var asset = ""
    public var exchange = ""
    public var group = ""
    public var currency = ""
    public var settlementCurrency = ""
    public var strikePriceCurrency = ""
    /// ISO 10962 classification.
    public var cfi = ""
    public var unitOfMeasure = ""
    public var underlying = ""
    public var underlyingID: UInt32 = 0
    public var rawInstrumentID: UInt64 = 0
    public var activation: UInt64 = Undefined.timestamp
    public var expiration: UInt64 = Undefined.timestamp
    /// Prices have unit 1e-9; `Undefined.price` when absent.
    public var strikePrice: Int64 = Undefined.price
    public var minPriceIncrement: Int64 = Undefined.price
    public var displayFactor: Int64 = Undefined.price
    public var highLimitPrice: Int64 = Undefined.price
    public var lowLimitPrice: Int64 = Undefined.price
    public var unitOfMeasureQuantity: Int64 = Undefined.price
    public var minPriceIncrementAmount: Int64 = Undefined.price
    public var contractMultiplier: Int32 = .max
    public var minLotSizeRoundLot: Int32 = .max
    public var minTradeVolume: UInt32 = .max
    public var maxTradeVolume: UInt32 = .max
    public var maturityYear: UInt16 = .max
    public var maturityMonth: UInt8 = .max
    public var channelID: UInt16 = .max
    /// ASCII: F first in, first out; …
    public var matchAlgorithm: UInt8 = UInt8(ascii: "0")

    public init(
        publisherID: UInt16, instrumentID: UInt32, tsEvent: UInt64, tsRecv: UInt64, rawSymbol: String,
        instrumentClass: UInt8
    ) {
        self.publisherID = publisherID
        self.instrumentID = instrumentID
        self.tsEvent = tsEvent
        self.tsRecv = tsRecv
        self.rawSymbol = rawSymbol
        self.instrumentClass = instrumentClass
    }
}

/// A statistic of an instrument: a statistics record of any version, by name.
public struct Statistic: Hashable, Sendable {
    public var publisherID: UInt16
    public var instrumentID: UInt32
    /// Nanoseconds since 1970-01-01 UTC, as are all times; `Undefined.timestamp` when absent.
    public var tsEvent: UInt64
    public var tsRecv: UInt64
    /// The time that the statistic refers to.
    public var tsRef: UInt64
    /// Unit 1e-9; `Undefined.price` when the statistic is no price.
    public var price: Int64
    /// `Undefined.quantity` when the statistic is no quantity; versions 1 and 2 are widened to this.
    public var quantity: Int64
    public var sequence: UInt32
    public var tsInDelta: Int32
    /// The vendor's code: 1 opening price, 3 settlement price, 6 cleared volume, 9 open interest, …
    public var statType: UInt16
    public var channelID: UInt16
    /// 1 new, 2 delete.
    public var updateAction: UInt8
    public var statFlags: UInt8

    public init(
        publisherID: UInt16, instrumentID: UInt32, tsEvent: UInt64, tsRecv: UInt64,
        tsRef: UInt64 = Undefined.timestamp, price: Int64 = Undefined.price,
        quantity: Int64 = Undefined.quantity,
        sequence: UInt32 = 0, tsInDelta: Int32 = 0, statType: UInt16, channelID: UInt16 = 0,
        updateAction: UInt8 = 1,
        statFlags: UInt8 = 0
    ) {
        self.publisherID = publisherID
        self.instrumentID = instrumentID
        self.tsEvent = tsEvent
        self.tsRecv = tsRecv
        self.tsRef = tsRef
        self.price = price
        self.quantity = quantity
        self.sequence = sequence
        self.tsInDelta = tsInDelta
        self.statType = statType
        self.channelID = channelID
        self.updateAction = updateAction
        self.statFlags = statFlags
    }
}
