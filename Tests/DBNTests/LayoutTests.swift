import DBN
import Testing

/// Sizes and offsets of the fixed records against the vendor's reference and against the layout table.
struct LayoutTests {
    @Test func `fixed records have the sizes of the format`() {
        #expect(MemoryLayout<RecordHeader>.size == 16)
        #expect(MemoryLayout<MboRecord>.size == 56)
        #expect(MemoryLayout<TradeRecord>.size == 48)
        #expect(MemoryLayout<Mbp1Record>.size == 80)
        #expect(MemoryLayout<Mbp10Record>.size == 368)
        #expect(MemoryLayout<BboRecord>.size == 80)
        #expect(MemoryLayout<Cmbp1Record>.size == 80)
        #expect(MemoryLayout<CbboRecord>.size == 80)
        #expect(MemoryLayout<OhlcvRecord>.size == 56)
        #expect(MemoryLayout<StatusRecord>.size == 40)
        #expect(MemoryLayout<ImbalanceRecord>.size == 112)
    }

    @Test func `versioned records have the sizes of the format`() {
        #expect(RecordLayout.all(rtype: RecordType.definition).map(\.size) == [360, 400, 520])
        #expect(RecordLayout.all(rtype: RecordType.statistics).map(\.size) == [64, 80])
        #expect(RecordLayout.all(rtype: RecordType.error).map(\.size) == [80, 320])
        #expect(RecordLayout.all(rtype: RecordType.system).map(\.size) == [80, 320])
        #expect(RecordLayout.all(rtype: RecordType.symbolMapping).map(\.size) == [80, 176])
    }

    @Test func `the offsets of an mbo record are those of the specification`() {
        #expect(MemoryLayout<MboRecord>.offset(of: \.header.publisherID) == 2)
        #expect(MemoryLayout<MboRecord>.offset(of: \.header.instrumentID) == 4)
        #expect(MemoryLayout<MboRecord>.offset(of: \.header.tsEvent) == 8)
        #expect(MemoryLayout<MboRecord>.offset(of: \.orderID) == 16)
        #expect(MemoryLayout<MboRecord>.offset(of: \.price) == 24)
        #expect(MemoryLayout<MboRecord>.offset(of: \.size) == 32)
        #expect(MemoryLayout<MboRecord>.offset(of: \.flags) == 36)
        #expect(MemoryLayout<MboRecord>.offset(of: \.channelID) == 37)
        #expect(MemoryLayout<MboRecord>.offset(of: \.action) == 38)
        #expect(MemoryLayout<MboRecord>.offset(of: \.side) == 39)
        #expect(MemoryLayout<MboRecord>.offset(of: \.tsRecv) == 40)
        #expect(MemoryLayout<MboRecord>.offset(of: \.tsInDelta) == 48)
        #expect(MemoryLayout<MboRecord>.offset(of: \.sequence) == 52)
    }

    @Test func `the offsets of a consolidated quote are those of the specification`() {
        #expect(MemoryLayout<Cmbp1Record>.offset(of: \.price) == 16)
        #expect(MemoryLayout<Cmbp1Record>.offset(of: \.size) == 24)
        #expect(MemoryLayout<Cmbp1Record>.offset(of: \.action) == 28)
        #expect(MemoryLayout<Cmbp1Record>.offset(of: \.side) == 29)
        #expect(MemoryLayout<Cmbp1Record>.offset(of: \.flags) == 30)
        #expect(MemoryLayout<Cmbp1Record>.offset(of: \.tsRecv) == 32)
        #expect(MemoryLayout<Cmbp1Record>.offset(of: \.tsInDelta) == 40)
        #expect(MemoryLayout<Cmbp1Record>.offset(of: \.level.bidPrice) == 48)
        #expect(MemoryLayout<Cmbp1Record>.offset(of: \.level.askPrice) == 56)
        #expect(MemoryLayout<Cmbp1Record>.offset(of: \.level.bidSize) == 64)
        #expect(MemoryLayout<Cmbp1Record>.offset(of: \.level.askSize) == 68)
        #expect(MemoryLayout<Cmbp1Record>.offset(of: \.level.bidPublisherID) == 72)
        #expect(MemoryLayout<Cmbp1Record>.offset(of: \.level.askPublisherID) == 76)
    }

    @Test func `the fixed records and the layout table agree on every offset`() throws {
        func expect<R>(_ rtype: UInt8, _ pairs: [(String, PartialKeyPath<R>)]) throws {
            let layout = try #require(RecordLayout.all(rtype: rtype).first)
            #expect(MemoryLayout<R>.size == layout.size)
            for (name, path) in pairs {
                let field = try #require(layout.fields.first { $0.name == name }, "\(name)")
                #expect(MemoryLayout<R>.offset(of: path) == field.offset, "\(layout.name).\(name)")
            }
        }
        try expect(
            RecordType.mbo,
            [
                ("order_id", \MboRecord.orderID), ("price", \.price), ("size", \.size), ("flags", \.flags),
                ("channel_id", \.channelID), ("action", \.action), ("side", \.side), ("ts_recv", \.tsRecv),
                ("ts_in_delta", \.tsInDelta), ("sequence", \.sequence),
            ])
        try expect(
            RecordType.mbp0,
            [
                ("price", \TradeRecord.price), ("size", \.size), ("action", \.action), ("side", \.side),
                ("flags", \.flags), ("depth", \.depth), ("ts_recv", \.tsRecv), ("ts_in_delta", \.tsInDelta),
                ("sequence", \.sequence),
            ])
        try expect(RecordType.mbp1, [("levels", \Mbp1Record.level), ("sequence", \.update.sequence)])
        try expect(RecordType.mbp10, [("levels", \Mbp10Record.levels), ("sequence", \.update.sequence)])
        try expect(
            RecordType.bbo1s,
            [
                ("price", \BboRecord.price), ("side", \.side), ("flags", \.flags), ("ts_recv", \.tsRecv),
                ("sequence", \.sequence), ("levels", \.level),
            ])
        try expect(
            RecordType.cmbp1,
            [
                ("price", \Cmbp1Record.price), ("action", \.action), ("flags", \.flags),
                ("ts_recv", \.tsRecv),
                ("ts_in_delta", \.tsInDelta), ("levels", \.level),
            ])
        try expect(
            RecordType.cbbo1s,
            [
                ("price", \CbboRecord.price), ("side", \.side), ("flags", \.flags), ("ts_recv", \.tsRecv),
                ("levels", \.level),
            ])
        try expect(
            RecordType.ohlcv1s,
            [
                ("open", \OhlcvRecord.open), ("high", \.high), ("low", \.low), ("close", \.close),
                ("volume", \.volume),
            ])
        try expect(
            RecordType.status,
            [
                ("ts_recv", \StatusRecord.tsRecv), ("action", \.action), ("reason", \.reason),
                ("trading_event", \.tradingEvent), ("is_trading", \.isTrading), ("is_quoting", \.isQuoting),
                ("is_short_sell_restricted", \.isShortSellRestricted),
            ])
        try expect(
            RecordType.imbalance,
            [
                ("ref_price", \ImbalanceRecord.referencePrice), ("auction_time", \.auctionTime),
                ("lower_collar", \.lowerCollar), ("paired_qty", \.pairedQuantity),
                ("unpaired_qty", \.unpairedQuantity), ("auction_type", \.auctionType), ("side", \.side),
                ("significant_imbalance", \.significantImbalance),
            ])
    }
}
