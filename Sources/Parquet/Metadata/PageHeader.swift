/// The header before each page.
struct PageHeader {
    enum Body {
        case data(valueCount: Int, encoding: Int32, levelEncoding: Int32)
        case dataV2(
            valueCount: Int, nullCount: Int, rowCount: Int, encoding: Int32, definitionBytes: Int,
            repetitionBytes: Int,
            isCompressed: Bool)
        case dictionary(valueCount: Int, encoding: Int32)
        /// A type of page that readers pass over.
        case other
    }

    /// Bytes of the page before compression; in V2 with the levels.
    var uncompressedSize: Int
    /// Bytes of the page in the file.
    var compressedSize: Int
    /// CRC-32 of the page's bytes in the file.
    var checksum: UInt32?
    var body: Body

    func encode(into thrift: inout CompactWriter) {
        thrift.beginStruct()
        switch body {
        case .data: thrift.field(1, PageType.data.rawValue)
        case .dataV2: thrift.field(1, PageType.dataV2.rawValue)
        case .dictionary: thrift.field(1, PageType.dictionary.rawValue)
        case .other: preconditionFailure("a type of page that the writer does not use")
        }
        thrift.field(2, Int32(uncompressedSize))
        thrift.field(3, Int32(compressedSize))
        if let checksum { thrift.field(4, Int32(bitPattern: checksum)) }
        switch body {
        case .dictionary(let valueCount, let encoding):
            thrift.beginStruct(7)
            thrift.field(1, Int32(valueCount))
            thrift.field(2, encoding)
            thrift.endStruct()
        case .dataV2(
            let valueCount, let nullCount, let rowCount, let encoding, let definitionBytes,
            let repetitionBytes,
            let isCompressed):
            thrift.beginStruct(8)
            thrift.field(1, Int32(valueCount))
            thrift.field(2, Int32(nullCount))
            thrift.field(3, Int32(rowCount))
            thrift.field(4, encoding)
            thrift.field(5, Int32(definitionBytes))
            thrift.field(6, Int32(repetitionBytes))
            thrift.field(7, isCompressed)
            thrift.endStruct()
        case .data, .other: preconditionFailure("a type of page that the writer does not use")
        }
        thrift.endStruct()
    }

    init(uncompressedSize: Int, compressedSize: Int, checksum: UInt32?, body: Body) {
        self.uncompressedSize = uncompressedSize
        self.compressedSize = compressedSize
        self.checksum = checksum
        self.body = body
    }

    init(decoding thrift: inout CompactReader) throws(FormatError) {
        var type: Int32?
        var uncompressed: Int?
        var compressed: Int?
        var body: Body?
        try thrift.beginStruct()
        while let field = try thrift.nextField() {
            switch field.id {
            case 1: type = try thrift.readInt32(field)
            case 2: uncompressed = try thrift.readSize(field)
            case 3: compressed = try thrift.readSize(field)
            case 4: checksum = UInt32(bitPattern: try thrift.readInt32(field))
            case 5 where type == PageType.data.rawValue: body = try Self.dataBody(field, &thrift)
            case 7 where type == PageType.dictionary.rawValue: body = try Self.dictionaryBody(field, &thrift)
            case 8 where type == PageType.dataV2.rawValue: body = try Self.dataV2Body(field, &thrift)
            default: try thrift.skip(field)
            }
        }
        guard let type, let uncompressed, let compressed else {
            throw thrift.error("the page header is incomplete")
        }
        if body == nil,
            type == PageType.data.rawValue || type == PageType.dataV2.rawValue
                || type == PageType.dictionary.rawValue
        {
            throw thrift.error("the page header does not describe its page")
        }
        self.uncompressedSize = uncompressed
        self.compressedSize = compressed
        self.body = body ?? .other
    }

    private static func dataBody(
        _ field: CompactReader.Field, _ thrift: inout CompactReader
    ) throws(FormatError) -> Body {
        var count: Int?
        var encoding: Int32?
        var levels = Encoding.rle.rawValue
        try thrift.beginStruct(field)
        while let member = try thrift.nextField() {
            switch member.id {
            case 1: count = try thrift.readSize(member)
            case 2: encoding = try thrift.readInt32(member)
            case 3: levels = try thrift.readInt32(member)
            default: try thrift.skip(member)
            }
        }
        guard let count, let encoding else { throw thrift.error("the header of a data page is incomplete") }
        return .data(valueCount: count, encoding: encoding, levelEncoding: levels)
    }

    private static func dictionaryBody(
        _ field: CompactReader.Field, _ thrift: inout CompactReader
    ) throws(FormatError) -> Body {
        var count: Int?
        var encoding: Int32?
        try thrift.beginStruct(field)
        while let member = try thrift.nextField() {
            switch member.id {
            case 1: count = try thrift.readSize(member)
            case 2: encoding = try thrift.readInt32(member)
            default: try thrift.skip(member)
            }
        }
        guard let count, let encoding else {
            throw thrift.error("the header of a dictionary page is incomplete")
        }
        return .dictionary(valueCount: count, encoding: encoding)
    }

    private static func dataV2Body(
        _ field: CompactReader.Field, _ thrift: inout CompactReader
    ) throws(FormatError) -> Body {
        var counts: [Int?] = [nil, nil, nil]
        var encoding: Int32?
        var definitionBytes = 0
        var repetitionBytes = 0
        var isCompressed = true
        try thrift.beginStruct(field)
        while let member = try thrift.nextField() {
            switch member.id {
            case 1...3: counts[Int(member.id) - 1] = try thrift.readSize(member)
            case 4: encoding = try thrift.readInt32(member)
            case 5: definitionBytes = try thrift.readSize(member)
            case 6: repetitionBytes = try thrift.readSize(member)
            case 7: isCompressed = try thrift.readBool(member)
            default: try thrift.skip(member)
            }
        }
        guard let values = counts[0], let nulls = counts[1], let rows = counts[2], let encoding else {
            throw thrift.error("the header of a data page is incomplete")
        }
        return .dataV2(
            valueCount: values, nullCount: nulls, rowCount: rows, encoding: encoding,
            definitionBytes: definitionBytes,
            repetitionBytes: repetitionBytes, isCompressed: isCompressed)
    }
}
