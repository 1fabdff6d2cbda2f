/// Where the fields of `Definition` lie in one version of the record, looked up once.
struct DefinitionOffsets: Sendable {
    let size: Int
    let hasWideRawID: Bool
    let tsRecv, minPriceIncrement, displayFactor, expiration, activation, highLimitPrice, lowLimitPrice: Int
    let unitOfMeasureQuantity, minPriceIncrementAmount, strikePrice, rawInstrumentID, underlyingID: Int
    let minLotSizeRoundLot, minTradeVolume, maxTradeVolume, contractMultiplier, maturityYear, channelID: Int
    let currency, settlementCurrency, rawSymbol, group, exchange, asset, cfi, securityType,
        unitOfMeasure: Text
    let underlying, strikePriceCurrency: Text
    let instrumentClass, matchAlgorithm, securityUpdateAction, maturityMonth: Int

    struct Text: Sendable {
        let offset: Int
        let width: Int
    }

    static let versions = RecordLayout.all(rtype: RecordType.definition).map(DefinitionOffsets.init)
    static let version3 = DefinitionOffsets(RecordLayout.definition3)

    init(_ layout: RecordLayout) {
        func text(_ name: String) -> Text {
            let field = layout.fields.first { $0.name == name }!
            return Text(offset: field.offset, width: field.kind.size)
        }
        size = layout.size
        hasWideRawID = layout.fields.first { $0.name == "raw_instrument_id" }!.kind == .u64
        tsRecv = layout.offset("ts_recv")
        minPriceIncrement = layout.offset("min_price_increment")
        displayFactor = layout.offset("display_factor")
        expiration = layout.offset("expiration")
        activation = layout.offset("activation")
        highLimitPrice = layout.offset("high_limit_price")
        lowLimitPrice = layout.offset("low_limit_price")
        unitOfMeasureQuantity = layout.offset("unit_of_measure_qty")
        minPriceIncrementAmount = layout.offset("min_price_increment_amount")
        strikePrice = layout.offset("strike_price")
        rawInstrumentID = layout.offset("raw_instrument_id")
        underlyingID = layout.offset("underlying_id")
        minLotSizeRoundLot = layout.offset("min_lot_size_round_lot")
        minTradeVolume = layout.offset("min_trade_vol")
        maxTradeVolume = layout.offset("max_trade_vol")
        contractMultiplier = layout.offset("contract_multiplier")
        maturityYear = layout.offset("maturity_year")
        channelID = layout.offset("channel_id")
        currency = text("currency")
        settlementCurrency = text("settl_currency")
        rawSymbol = text("raw_symbol")
        group = text("group")
        exchange = text("exchange")
        asset = text("asset")
        cfi = text("cfi")
        securityType = text("security_type")
        unitOfMeasure = text("unit_of_measure")
        underlying = text("underlying")
        strikePriceCurrency = text("strike_price_currency")
        instrumentClass = layout.offset("instrument_class")
        matchAlgorithm = layout.offset("match_algorithm")
        securityUpdateAction = layout.offset("security_update_action")
        maturityMonth = layout.offset("maturity_month")
    }
}

// MARK: - Decoding

extension RecordBlock {
    /// The definition at an offset of the block.
    ///
    /// - Throws: `badField` when the record is no definition, has a length that no version has, or holds text
    ///   that is not UTF-8.
    public func definition(at offset: Int) throws(DBNError) -> Definition {
        let header = header(at: offset)
        let length = try body(at: offset, type: RecordType.definition)
        guard let at = DefinitionOffsets.versions.first(where: { $0.size == length }) else {
            throw lengthError(at: offset, type: RecordType.definition)
        }
        var definition = Definition(
            publisherID: header.publisherID, instrumentID: header.instrumentID, tsEvent: header.tsEvent,
            tsRecv: integer(offset, at.tsRecv), rawSymbol: try text(offset, at.rawSymbol),
            instrumentClass: integer(offset, at.instrumentClass))
        definition.securityUpdateAction = integer(offset, at.securityUpdateAction)
        definition.securityType = try text(offset, at.securityType)
        definition.asset = try text(offset, at.asset)
        definition.exchange = try text(offset, at.exchange)
        definition.group = try text(offset, at.group)
        definition.currency = try text(offset, at.currency)
        definition.settlementCurrency = try text(offset, at.settlementCurrency)
        definition.strikePriceCurrency = try text(offset, at.strikePriceCurrency)
        definition.cfi = try text(offset, at.cfi)
        definition.unitOfMeasure = try text(offset, at.unitOfMeasure)
        definition.underlying = try text(offset, at.underlying)
        definition.underlyingID = integer(offset, at.underlyingID)
        definition.rawInstrumentID =
            at.hasWideRawID
            ? integer(offset, at.rawInstrumentID)
            : UInt64(integer(offset, at.rawInstrumentID, as: UInt32.self))
        definition.activation = integer(offset, at.activation)
        definition.expiration = integer(offset, at.expiration)
        definition.strikePrice = integer(offset, at.strikePrice)
        definition.minPriceIncrement = integer(offset, at.minPriceIncrement)
        definition.displayFactor = integer(offset, at.displayFactor)
        definition.highLimitPrice = integer(offset, at.highLimitPrice)
        definition.lowLimitPrice = integer(offset, at.lowLimitPrice)
        definition.unitOfMeasureQuantity = integer(offset, at.unitOfMeasureQuantity)
        definition.minPriceIncrementAmount = integer(offset, at.minPriceIncrementAmount)
        definition.contractMultiplier = integer(offset, at.contractMultiplier)
        definition.minLotSizeRoundLot = integer(offset, at.minLotSizeRoundLot)
        definition.minTradeVolume = integer(offset, at.minTradeVolume)
        definition.maxTradeVolume = integer(offset, at.maxTradeVolume)
        definition.maturityYear = integer(offset, at.maturityYear)
        definition.maturityMonth = integer(offset, at.maturityMonth)
        definition.channelID = integer(offset, at.channelID)
        definition.matchAlgorithm = integer(offset, at.matchAlgorithm)
        return definition
    }

    /// The statistic at an offset of the block.
    ///
    /// - Throws: `badField` when the record is no statistic or has a length that no version has.
    public func statistic(at offset: Int) throws(DBNError) -> Statistic {
        let header = header(at: offset)
        let length = try body(at: offset, type: RecordType.statistics)
        // Version 3 widened the quantity; what follows it moved by four bytes.
        let shift: Int
        let quantity: Int64
        switch length {
        case RecordLayout.statistics3.size:
            shift = 4
            quantity = integer(offset, 40)
        case RecordLayout.statistics1.size:
            shift = 0
            let narrow: Int32 = integer(offset, 40)
            quantity = narrow == Undefined.quantityV1 ? Undefined.quantity : Int64(narrow)
        default: throw lengthError(at: offset, type: RecordType.statistics)
        }
        return Statistic(
            publisherID: header.publisherID, instrumentID: header.instrumentID, tsEvent: header.tsEvent,
            tsRecv: integer(offset, 16), tsRef: integer(offset, 24), price: integer(offset, 32),
            quantity: quantity,
            sequence: integer(offset, 44 + shift), tsInDelta: integer(offset, 48 + shift),
            statType: integer(offset, 52 + shift), channelID: integer(offset, 54 + shift),
            updateAction: integer(offset, 56 + shift), statFlags: integer(offset, 57 + shift))
    }

    /// The instrument and symbol that a symbol mapping record names, as running feeds send them.
    ///
    /// - Throws: `badField` when the record is no symbol mapping, or its symbol is not UTF-8.
    public func symbolMapping(at offset: Int) throws(DBNError) -> (instrumentID: UInt32, symbol: String) {
        let length = try body(at: offset, type: RecordType.symbolMapping)
        guard let layout = RecordLayout.of(rtype: RecordType.symbolMapping, bytes: length) else {
            throw lengthError(at: offset, type: RecordType.symbolMapping)
        }
        let field = layout.fields.first { $0.name == "stype_out_symbol" }!
        let symbol = try text(offset, DefinitionOffsets.Text(offset: field.offset, width: field.kind.size))
        return (header(at: offset).instrumentID, symbol)
    }

    /// Length without the send time, once the record is of the wanted type.
    private func body(at offset: Int, type: UInt8) throws(DBNError) -> Int {
        let found = header(at: offset).rtype
        guard found == type else {
            throw fieldError(at: offset, expected: "a record of type \(type)", found: "type \(found)")
        }
        return bodyLength(at: offset)
    }

    private func lengthError(at offset: Int, type: UInt8) -> DBNError {
        let sizes = RecordLayout.all(rtype: type).map { String($0.size) }.joined(separator: " or ")
        return fieldError(
            at: offset, expected: "a record of \(sizes) bytes", found: "\(bodyLength(at: offset)) bytes")
    }

    private func integer<T: FixedWidthInteger & BitwiseCopyable>(
        _ record: Int, _ field: Int, as type: T.Type = T.self
    ) -> T {
        T(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: record + field, as: T.self))
    }

    private func text(_ record: Int, _ field: DefinitionOffsets.Text) throws(DBNError) -> String {
        let start = record + field.offset
        let text = bytes.extracting(start..<start + field.width).withUnsafeBytes { fixedText($0) }
        guard let text else { throw fieldError(at: record, expected: "text in UTF-8", found: "other bytes") }
        return text
    }
}

// MARK: - Encoding

extension Definition {
    /// The record in version 3; fields that this type does not have are undefined or 0.
    ///
    /// - Throws: `notEncodable` when a text does not fit its field.
    func encoded(file: String) throws(DBNError) -> [UInt8] {
        let at = DefinitionOffsets.version3
        var record = [UInt8](repeating: 0, count: at.size)
        func put<T: FixedWidthInteger>(_ value: T, _ offset: Int) {
            withUnsafeBytes(of: value.littleEndian) {
                record.replaceSubrange(offset..<offset + $0.count, with: $0)
            }
        }
        func put(_ text: String, _ field: DefinitionOffsets.Text) throws(DBNError) {
            guard text.utf8.count < field.width else {
                throw DBNError(
                    .notEncodable, file: file, expected: "text of at most \(field.width - 1) bytes",
                    found: "'\(text)'")
            }
            record.replaceSubrange(field.offset..<field.offset + text.utf8.count, with: text.utf8)
        }
        for field in RecordLayout.definition3.fields { Definition.undefined(field, &record) }
        let header = RecordHeader(
            bytes: at.size, rtype: RecordType.definition, publisherID: publisherID,
            instrumentID: instrumentID,
            tsEvent: tsEvent)
        withUnsafeBytes(of: header) { record.replaceSubrange(0..<$0.count, with: $0) }
        put(tsRecv, at.tsRecv)
        put(minPriceIncrement, at.minPriceIncrement)
        put(displayFactor, at.displayFactor)
        put(expiration, at.expiration)
        put(activation, at.activation)
        put(highLimitPrice, at.highLimitPrice)
        put(lowLimitPrice, at.lowLimitPrice)
        put(unitOfMeasureQuantity, at.unitOfMeasureQuantity)
        put(minPriceIncrementAmount, at.minPriceIncrementAmount)
        put(strikePrice, at.strikePrice)
        put(rawInstrumentID, at.rawInstrumentID)
        put(underlyingID, at.underlyingID)
        put(minLotSizeRoundLot, at.minLotSizeRoundLot)
        put(minTradeVolume, at.minTradeVolume)
        put(maxTradeVolume, at.maxTradeVolume)
        put(contractMultiplier, at.contractMultiplier)
        put(maturityYear, at.maturityYear)
        put(channelID, at.channelID)
        try put(currency, at.currency)
        try put(settlementCurrency, at.settlementCurrency)
        try put(rawSymbol, at.rawSymbol)
        try put(group, at.group)
        try put(exchange, at.exchange)
        try put(asset, at.asset)
        try put(cfi, at.cfi)
        try put(securityType, at.securityType)
        try put(unitOfMeasure, at.unitOfMeasure)
        try put(underlying, at.underlying)
        try put(strikePriceCurrency, at.strikePriceCurrency)
        put(instrumentClass, at.instrumentClass)
        put(matchAlgorithm, at.matchAlgorithm)
        put(securityUpdateAction, at.securityUpdateAction)
        put(maturityMonth, at.maturityMonth)
        return record
    }

    /// The vendor's value for a field that an instrument does not have.
    private static func undefined(_ field: RecordLayout.Field, _ record: inout [UInt8]) {
        if field.name.hasPrefix("leg_"), !["leg_price", "leg_delta", "leg_side"].contains(field.name) {
            return
        }
        let texts: [UInt8]
        switch field.kind {
        case .i64: texts = Array(repeating: 0xFF, count: 7) + [0x7F]
        case .u64: texts = Array(repeating: 0xFF, count: 8)
        case .i32: texts = [0xFF, 0xFF, 0xFF, 0x7F]
        case .u32: texts = Array(repeating: 0xFF, count: 4)
        case .i16: texts = [0xFF, 0x7F]
        case .u16: texts = [0xFF, 0xFF]
        case .i8: texts = [0x7F]
        case .u8: texts = [0xFF]
        case .character: texts = [UInt8(ascii: "N")]
        case .text, .reserved, .levels: return
        }
        record.replaceSubrange(field.offset..<field.offset + texts.count, with: texts)
    }
}

extension Statistic {
    /// The record in version 3.
    func encoded() -> [UInt8] {
        let layout = RecordLayout.statistics3
        var record = [UInt8](repeating: 0, count: layout.size)
        func put<T: FixedWidthInteger>(_ value: T, _ name: String) {
            let offset = layout.offset(name)
            withUnsafeBytes(of: value.littleEndian) {
                record.replaceSubrange(offset..<offset + $0.count, with: $0)
            }
        }
        let header = RecordHeader(
            bytes: layout.size, rtype: RecordType.statistics, publisherID: publisherID,
            instrumentID: instrumentID,
            tsEvent: tsEvent)
        withUnsafeBytes(of: header) { record.replaceSubrange(0..<$0.count, with: $0) }
        put(tsRecv, "ts_recv")
        put(tsRef, "ts_ref")
        put(price, "price")
        put(quantity, "quantity")
        put(sequence, "sequence")
        put(tsInDelta, "ts_in_delta")
        put(statType, "stat_type")
        put(channelID, "channel_id")
        put(updateAction, "update_action")
        put(statFlags, "stat_flags")
        return record
    }
}
