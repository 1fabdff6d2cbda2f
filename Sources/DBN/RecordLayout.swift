/// Where each field of a record lies, by the vendor's names: the one table behind definitions, statistics,
/// the JSON rendering, the lengths that each record type may have, and the layout tests of the fixed records.
///
/// Source: the public DBN record reference, versions 1–3.
public struct RecordLayout: Sendable {
    public enum Kind: Hashable, Sendable {
        case u8, u16, u32, u64, i8, i16, i32, i64
        /// One ASCII character.
        case character
        /// Text in a field of this many bytes, ended by a zero byte.
        case text(Int)
        /// Bytes without meaning.
        case reserved(Int)
        /// Price levels, best first.
        case levels(Int, consolidated: Bool)

        /// Bytes in the record.
        public var size: Int {
            switch self {
            case .u8, .i8, .character: 1
            case .u16, .i16: 2
            case .u32, .i32: 4
            case .u64, .i64: 8
            case .text(let count), .reserved(let count): count
            case .levels(let count, _): 32 * count
            }
        }
    }

    public struct Field: Sendable {
        public let name: String
        public let kind: Kind
        /// From the start of the record, or of the level.
        public let offset: Int
    }

    /// `mbo`, `definition`, …
    public let name: String
    public let fields: [Field]
    /// Bytes, without a send time.
    public let size: Int

    init(_ name: String, startingAt start: Int = 16, _ kinds: [(String, Kind)]) {
        var fields: [Field] = []
        var offset = 0
        if start == 16 {
            fields = [
                Field(name: "rtype", kind: .u8, offset: 1),
                Field(name: "publisher_id", kind: .u16, offset: 2),
                Field(name: "instrument_id", kind: .u32, offset: 4),
                Field(name: "ts_event", kind: .u64, offset: 8),
            ]
            offset = 16
        }
        for (name, kind) in kinds {
            if case .reserved = kind {} else { fields.append(Field(name: name, kind: kind, offset: offset)) }
            offset += kind.size
        }
        self.name = name
        self.fields = fields
        self.size = offset
    }

    /// The layout of a record.
    ///
    /// - Parameter bytes: length of the record without its send time. Where versions differ, it tells them apart.
    /// - Parameter rtype: the record header's type.
    /// - Returns: nil for a type that no version has, or a length that no version of it has.
    public static func of(rtype: UInt8, bytes: Int) -> RecordLayout? {
        all(rtype: rtype).first { $0.size == bytes }
    }

    /// The layouts that a record type has had, oldest version first.
    public static func all(rtype: UInt8) -> [RecordLayout] {
        switch rtype {
        case RecordType.mbo: [mbo]
        case RecordType.mbp0: [trade]
        case RecordType.mbp1: [mbp1]
        case RecordType.mbp10: [mbp10]
        case RecordType.bbo1s, RecordType.bbo1m: [bbo]
        case RecordType.cmbp1, RecordType.tcbbo: [cmbp1]
        case RecordType.cbbo1s, RecordType.cbbo1m: [cbbo]
        case RecordType.ohlcvDeprecated, RecordType.ohlcv1s, RecordType.ohlcv1m, RecordType.ohlcv1h,
            RecordType.ohlcv1d, RecordType.ohlcvEOD:
            [ohlcv]
        case RecordType.status: [status]
        case RecordType.definition: [definition1, definition2, definition3]
        case RecordType.imbalance: [imbalance]
        case RecordType.statistics: [statistics1, statistics3]
        case RecordType.error: [error1, error2]
        case RecordType.system: [system1, system2]
        case RecordType.symbolMapping: [symbolMapping1, symbolMapping2]
        default: []
        }
    }

    /// The lengths in bytes that a record type has had, without a send time; empty for unknown types, which may have
    /// any from 16, that of the header.
    static func sizes(rtype: UInt8) -> [Int] {
        all(rtype: rtype).map(\.size).sorted()
    }

    /// Whether a record may begin with these two bytes, read as one little-endian number: its length in words of four
    /// bytes, its type in the upper byte. A known type has exactly a length of its layouts: behind a longer one the
    /// reader would be out of step with the file without knowing.
    static let permitted = permittedBeginnings(sendTime: 0)
    /// The same where each record carries eight bytes of send time.
    static let permittedWithSendTime = permittedBeginnings(sendTime: 8)

    private static func permittedBeginnings(sendTime: Int) -> [Bool] {
        (0...UInt16.max).map { beginning in
            let bytes = Int(beginning & 0xFF) * 4 - sendTime
            let sizes = sizes(rtype: UInt8(beginning >> 8))
            return sizes.isEmpty ? bytes >= MemoryLayout<RecordHeader>.size : sizes.contains(bytes)
        }
    }

    /// The offset of a field. A programmer's error when there is none.
    func offset(_ name: String) -> Int {
        fields.first { $0.name == name }!.offset
    }
}

// MARK: - Fixed over the versions

extension RecordLayout {
    static let mbo = RecordLayout(
        "mbo",
        [
            ("order_id", .u64), ("price", .i64), ("size", .u32), ("flags", .u8), ("channel_id", .u8),
            ("action", .character), ("side", .character), ("ts_recv", .u64), ("ts_in_delta", .i32),
            ("sequence", .u32),
        ])

    private static let update: [(String, Kind)] = [
        ("price", .i64), ("size", .u32), ("action", .character), ("side", .character), ("flags", .u8),
        ("depth", .u8), ("ts_recv", .u64), ("ts_in_delta", .i32), ("sequence", .u32),
    ]

    static let trade = RecordLayout("trade", update)
    static let mbp1 = RecordLayout("mbp-1", update + [("levels", .levels(1, consolidated: false))])
    static let mbp10 = RecordLayout("mbp-10", update + [("levels", .levels(10, consolidated: false))])

    static let bbo = RecordLayout(
        "bbo",
        [
            ("price", .i64), ("size", .u32), ("", .reserved(1)), ("side", .character), ("flags", .u8),
            ("", .reserved(1)), ("ts_recv", .u64), ("", .reserved(4)), ("sequence", .u32),
            ("levels", .levels(1, consolidated: false)),
        ])

    static let cmbp1 = RecordLayout(
        "cmbp-1",
        [
            ("price", .i64), ("size", .u32), ("action", .character), ("side", .character), ("flags", .u8),
            ("", .reserved(1)), ("ts_recv", .u64), ("ts_in_delta", .i32), ("", .reserved(4)),
            ("levels", .levels(1, consolidated: true)),
        ])

    static let cbbo = RecordLayout(
        "cbbo",
        [
            ("price", .i64), ("size", .u32), ("", .reserved(1)), ("side", .character), ("flags", .u8),
            ("", .reserved(1)), ("ts_recv", .u64), ("", .reserved(8)),
            ("levels", .levels(1, consolidated: true)),
        ])

    static let level = RecordLayout(
        "level", startingAt: 0,
        [
            ("bid_px", .i64), ("ask_px", .i64), ("bid_sz", .u32), ("ask_sz", .u32), ("bid_ct", .u32),
            ("ask_ct", .u32),
        ])

    static let consolidatedLevel = RecordLayout(
        "consolidated level", startingAt: 0,
        [
            ("bid_px", .i64), ("ask_px", .i64), ("bid_sz", .u32), ("ask_sz", .u32), ("bid_pb", .u16),
            ("", .reserved(2)), ("ask_pb", .u16), ("", .reserved(2)),
        ])

    static let ohlcv = RecordLayout(
        "ohlcv", [("open", .i64), ("high", .i64), ("low", .i64), ("close", .i64), ("volume", .u64)])

    static let status = RecordLayout(
        "status",
        [
            ("ts_recv", .u64), ("action", .u16), ("reason", .u16), ("trading_event", .u16),
            ("is_trading", .character), ("is_quoting", .character), ("is_short_sell_restricted", .character),
            ("", .reserved(7)),
        ])

    static let imbalance = RecordLayout(
        "imbalance",
        [
            ("ts_recv", .u64), ("ref_price", .i64), ("auction_time", .u64), ("cont_book_clr_price", .i64),
            ("auct_interest_clr_price", .i64), ("ssr_filling_price", .i64), ("ind_match_price", .i64),
            ("upper_collar", .i64), ("lower_collar", .i64), ("paired_qty", .u32),
            ("total_imbalance_qty", .u32),
            ("market_imbalance_qty", .u32), ("unpaired_qty", .u32), ("auction_type", .character),
            ("side", .character), ("auction_status", .u8), ("freeze_status", .u8), ("num_extensions", .u8),
            ("unpaired_side", .character), ("significant_imbalance", .character), ("", .reserved(1)),
        ])
}
