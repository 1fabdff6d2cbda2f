import CivilTime
import DBN
import Glibc
import Testing

/// What the writer writes, the reader reads back; with `TARN_INTEROP_DIR` the vendor's package reads it too.
struct WriterTests {
    static let metadata = Metadata(
        dataset: "XNAS.ITCH", schema: nil, start: 1_772_409_600_000_000_000, end: 1_772_496_000_000_000_000,
        symbols: ["SPY", "QQQ"], partial: ["QQQ"], notFound: ["ZZZZ"],
        mappings: [
            .init(
                rawSymbol: "SPY",
                intervals: [
                    .init(
                        start: CivilDate(parsing: "2026-03-02")!, end: CivilDate(parsing: "2026-03-03")!,
                        symbol: "15144")
                ])
        ])

    static func header(_ bytes: Int, _ rtype: UInt8) -> RecordHeader {
        RecordHeader(
            bytes: bytes, rtype: rtype, publisherID: 2, instrumentID: 15_144,
            tsEvent: 1_772_409_600_000_000_123)
    }

    static let trade = TradeRecord(
        header: header(48, RecordType.mbp0), price: 690_120_000_000, size: 100, action: UInt8(ascii: "T"),
        side: UInt8(ascii: "B"), flags: 128, depth: 0, tsRecv: 1_772_409_600_000_000_456, tsInDelta: 789,
        sequence: 12)
    static let mbo = MboRecord(
        header: header(56, RecordType.mbo), orderID: 1 << 63, price: -5, size: 1, flags: 130, channelID: 3,
        action: UInt8(ascii: "M"), side: UInt8(ascii: "A"), tsRecv: Undefined.timestamp, tsInDelta: -1,
        sequence: 4)
    static let mbp1: Mbp1Record = {
        var update = trade
        update.header = header(80, RecordType.mbp1)
        return Mbp1Record(
            update: update,
            level: BidAskLevel(
                bidPrice: 690_110_000_000, askPrice: 690_120_000_000, bidSize: 300, askSize: 200, bidCount: 3,
                askCount: 2))
    }()
    static let cmbp1 = Cmbp1Record(
        header: header(80, RecordType.cmbp1), price: Undefined.price, size: 7, action: UInt8(ascii: "A"),
        side: UInt8(ascii: "N"), flags: 128, tsRecv: 1_772_409_600_000_000_456, tsInDelta: 20_000,
        level: ConsolidatedLevel(
            bidPrice: Undefined.price, askPrice: 1_050_000_000, bidSize: 0, askSize: 4, bidPublisherID: 0,
            askPublisherID: 23))
    static let definition: Definition = {
        var definition = Definition(
            publisherID: 30, instrumentID: 16_780_000, tsEvent: 1_772_409_600_000_000_000,
            tsRecv: 1_772_409_600_000_000_001, rawSymbol: "SPY   260302C00690000",
            instrumentClass: UInt8(ascii: "C"))
        definition.securityType = "OPT"
        definition.asset = "SPY"
        definition.exchange = "OPRA"
        definition.currency = "USD"
        definition.strikePriceCurrency = "USD"
        definition.underlying = "SPY"
        definition.strikePrice = 690_000_000_000
        definition.expiration = 1_772_485_200_000_000_000
        definition.minPriceIncrement = 10_000_000
        definition.displayFactor = 1_000_000_000
        definition.contractMultiplier = 100
        definition.rawInstrumentID = 16_780_000
        definition.cfi = "OCAXXX"
        return definition
    }()
    static let statistic = Statistic(
        publisherID: 1, instrumentID: 7, tsEvent: 5, tsRecv: 6, tsRef: 4, quantity: 1 << 40, sequence: 9,
        tsInDelta: 3,
        statType: 6, channelID: 2, statFlags: 1)

    static func write(_ path: String, _ compression: DBNWriter.Compression) throws(DBNError) {
        var writer = try DBNWriter(path: path, metadata: metadata, compression: compression)
        try writer.append(mbo)
        try writer.append(trade)
        try writer.append(mbp1)
        try writer.append(cmbp1)
        try writer.append(definition)
        try writer.append(statistic)
        try writer.finish()
    }

    @Test(arguments: [DBNWriter.Compression.none, .zstd(level: 3)])
    func `every record comes back as it was written`(compression: DBNWriter.Compression) throws {
        let path = temporaryPath("writer.dbn")
        defer { unlink(path) }
        try Self.write(path, compression)
        var file = try DBNFile(path: path)
        #expect(file.metadata == Self.metadata)
        #expect(try file.nextBlock())
        #expect(file.block.count == 6)
        #expect(file.block.load(MboRecord.self, at: 0) == Self.mbo)
        #expect(file.block.load(TradeRecord.self, at: 56) == Self.trade)
        #expect(file.block.load(Mbp1Record.self, at: 104) == Self.mbp1)
        #expect(file.block.load(Cmbp1Record.self, at: 184) == Self.cmbp1)
        #expect(try file.block.definition(at: 264) == Self.definition)
        #expect(try file.block.statistic(at: 784) == Self.statistic)
        #expect(throws: DBNError.self) { _ = try file.block.definition(at: 0) }
        #expect(try !file.nextBlock())
    }

    @Test func `writing twice gives the same bytes, and a long file comes back whole`() throws {
        let paths = [temporaryPath("long1.dbn.zst"), temporaryPath("long2.dbn.zst")]
        defer { for path in paths { unlink(path) } }
        for path in paths {
            var writer = try DBNWriter(path: path, metadata: Self.metadata)
            for index in 0..<100_000 {
                var record = Self.mbo
                record.orderID = UInt64(index) &* 0x9E37_79B9_7F4A_7C15
                try writer.append(record)
            }
            try writer.finish()
        }
        #expect(read(paths[0]) == read(paths[1]))
        let orders = Outcome(read(paths[0])).orders
        #expect(orders == (0..<100_000).map { UInt64($0) &* 0x9E37_79B9_7F4A_7C15 })
    }

    @Test func `text that does not fit its field is refused`() {
        var metadata = Self.metadata
        metadata.symbols = [String(repeating: "X", count: 71)]
        #expect(throws: DBNError.self) { _ = try DBNWriter(path: "/dev/null", metadata: metadata) }
        #expect(throws: DBNError.self) { _ = try DBNWriter(path: "/nonexistent/x", metadata: Self.metadata) }
    }

    @Test(.enabled(if: interopFolder != nil, "TARN_INTEROP_DIR is not set"))
    func `files for the vendor's package`() throws {
        mkdir(interopFolder!, 0o755)
        try Self.write("\(interopFolder!)/written.dbn", .none)
        try Self.write("\(interopFolder!)/written.dbn.zst", .zstd(level: 3))
        let sent =
            Bytes.metadata(version: 3, tsOut: true) + Bytes.mbo(order: 1, sendTime: 77)
            + Bytes.mbo(order: 2, sendTime: 78)
        DBNTests.write(sent, to: "\(interopFolder!)/sent.dbn")
        for name in ["written.dbn", "written.dbn.zst", "sent.dbn"] {
            VendorFileTests.publish(try VendorFileTests.dump("\(interopFolder!)/\(name)").lines, name)
        }
    }
}
