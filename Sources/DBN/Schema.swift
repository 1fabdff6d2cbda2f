/// What the records of a file are; the raw value is the code in the metadata.
public enum Schema: UInt16, CaseIterable, Sendable {
    case mbo = 0
    case mbp1 = 1
    case mbp10 = 2
    case tbbo = 3
    case trades = 4
    case ohlcv1s = 5
    case ohlcv1m = 6
    case ohlcv1h = 7
    case ohlcv1d = 8
    case definition = 9
    case statistics = 10
    case status = 11
    case imbalance = 12
    case ohlcvEOD = 13
    case cmbp1 = 14
    case cbbo1s = 15
    case cbbo1m = 16
    case tcbbo = 17
    case bbo1s = 18
    case bbo1m = 19

    /// The vendor's name, as in file names and requests: `mbp-1`.
    public var name: String {
        switch self {
        case .mbo: "mbo"
        case .mbp1: "mbp-1"
        case .mbp10: "mbp-10"
        case .tbbo: "tbbo"
        case .trades: "trades"
        case .ohlcv1s: "ohlcv-1s"
        case .ohlcv1m: "ohlcv-1m"
        case .ohlcv1h: "ohlcv-1h"
        case .ohlcv1d: "ohlcv-1d"
        case .definition: "definition"
        case .statistics: "statistics"
        case .status: "status"
        case .imbalance: "imbalance"
        case .ohlcvEOD: "ohlcv-eod"
        case .cmbp1: "cmbp-1"
        case .cbbo1s: "cbbo-1s"
        case .cbbo1m: "cbbo-1m"
        case .tcbbo: "tcbbo"
        case .bbo1s: "bbo-1s"
        case .bbo1m: "bbo-1m"
        }
    }

    public init?(name: String) {
        guard let schema = Schema.allCases.first(where: { $0.name == name }) else { return nil }
        self = schema
    }
}

/// How symbols are written; the raw value is the code in the metadata.
public enum SymbolType: UInt8, CaseIterable, Sendable {
    case instrumentID = 0
    case rawSymbol = 1
    case smart = 2
    case continuous = 3
    case parent = 4
    case nasdaqSymbol = 5
    case cmsSymbol = 6
    case isin = 7
    case usCode = 8
    case bbgCompID = 9
    case bbgCompTicker = 10
    case figi = 11
    case figiTicker = 12

    /// The vendor's name.
    public var name: String {
        switch self {
        case .instrumentID: "instrument_id"
        case .rawSymbol: "raw_symbol"
        case .smart: "smart"
        case .continuous: "continuous"
        case .parent: "parent"
        case .nasdaqSymbol: "nasdaq_symbol"
        case .cmsSymbol: "cms_symbol"
        case .isin: "isin"
        case .usCode: "us_code"
        case .bbgCompID: "bbg_comp_id"
        case .bbgCompTicker: "bbg_comp_ticker"
        case .figi: "figi"
        case .figiTicker: "figi_ticker"
        }
    }
}

/// The record types, by the value of the second header byte.
public enum RecordType {
    public static let mbp0: UInt8 = 0x00
    public static let mbp1: UInt8 = 0x01
    public static let mbp10: UInt8 = 0x0A
    public static let ohlcvDeprecated: UInt8 = 0x11
    public static let status: UInt8 = 0x12
    public static let definition: UInt8 = 0x13
    public static let imbalance: UInt8 = 0x14
    public static let error: UInt8 = 0x15
    public static let symbolMapping: UInt8 = 0x16
    public static let system: UInt8 = 0x17
    public static let statistics: UInt8 = 0x18
    public static let ohlcv1s: UInt8 = 0x20
    public static let ohlcv1m: UInt8 = 0x21
    public static let ohlcv1h: UInt8 = 0x22
    public static let ohlcv1d: UInt8 = 0x23
    public static let ohlcvEOD: UInt8 = 0x24
    public static let mbo: UInt8 = 0xA0
    public static let cmbp1: UInt8 = 0xB1
    public static let cbbo1s: UInt8 = 0xC0
    public static let cbbo1m: UInt8 = 0xC1
    public static let tcbbo: UInt8 = 0xC2
    public static let bbo1s: UInt8 = 0xC3
    public static let bbo1m: UInt8 = 0xC4
}

/// What a field holds when the vendor has no value for it.
public enum Undefined {
    /// A price, unit 1e-9.
    public static let price = Int64.max
    /// Nanoseconds since 1970-01-01 UTC.
    public static let timestamp = UInt64.max
    /// A quantity of a statistic, version 3.
    public static let quantity = Int64.max
    /// A quantity of a statistic, versions 1 and 2.
    public static let quantityV1 = Int32.max
}

/// The bits of a record's `flags`.
public enum RecordFlag {
    /// Last record of an event.
    public static let last: UInt8 = 128
    /// Top of book only.
    public static let topOfBook: UInt8 = 64
    /// From a snapshot.
    public static let snapshot: UInt8 = 32
    /// Aggregated level.
    public static let aggregated: UInt8 = 16
    /// `ts_recv` is unreliable.
    public static let badTsRecv: UInt8 = 8
    /// Unrecoverable gap.
    public static let maybeBadBook: UInt8 = 4
}
