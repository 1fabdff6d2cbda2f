extension FileMetadata {
    /// Reads the footer's thrift structure. What the fields mean for each other is checked by the reader.
    init(decoding thrift: inout CompactReader) throws(FormatError) {
        var schema: [SchemaElement]?
        var rowCount: Int?
        var rowGroups: [RowGroupMetadata]?
        keyValues = []
        try thrift.beginStruct()
        while let field = try thrift.nextField() {
            switch field.id {
            case 2:
                schema = []
                // The root, and the columns.
                for _ in 0..<(try thrift.beginList(field, of: .structure, atMost: 1 + Limits.columns)) {
                    schema!.append(try SchemaElement(decoding: &thrift))
                }
            case 3: rowCount = try thrift.readCount(field)
            case 4:
                rowGroups = []
                for _ in 0..<(try thrift.beginList(field, of: .structure)) {
                    rowGroups!.append(try RowGroupMetadata(decoding: &thrift))
                }
            case 5: keyValues = try KeyValue.list(field, &thrift)
            case 8: throw FormatError("the file is encrypted", kind: .unsupported, at: thrift.position)
            default: try thrift.skip(field)
            }
        }
        guard let schema, let rowCount, let rowGroups else {
            throw thrift.error("the file's metadata is incomplete")
        }
        self.schema = schema
        self.rowCount = rowCount
        self.rowGroups = rowGroups
    }
}

extension KeyValue {
    static func list(
        _ field: CompactReader.Field, _ thrift: inout CompactReader
    ) throws(FormatError) -> [KeyValue] {
        var list: [KeyValue] = []
        for _ in 0..<(try thrift.beginList(field, of: .structure, atMost: Limits.keyValues)) {
            var key: String?
            var value = ""
            try thrift.beginStruct()
            while let field = try thrift.nextField() {
                switch field.id {
                case 1: key = try thrift.readString(field)
                case 2: value = try thrift.readString(field)
                default: try thrift.skip(field)
                }
            }
            guard let key else { throw thrift.error("metadata without a key") }
            list.append(KeyValue(key: key, value: value))
        }
        return list
    }
}

extension SchemaElement {
    init(decoding thrift: inout CompactReader) throws(FormatError) {
        var name: String?
        repetition = .required
        childCount = 0
        try thrift.beginStruct()
        while let field = try thrift.nextField() {
            switch field.id {
            case 1:
                let number = try thrift.readInt32(field)
                guard let known = PhysicalType(rawValue: number) else {
                    throw thrift.error("no physical type has the number \(number)")
                }
                type = known
            case 3:
                let number = try thrift.readInt32(field)
                guard let known = Repetition(rawValue: number) else {
                    throw thrift.error("no repetition has the number \(number)")
                }
                repetition = known
            case 4: name = try thrift.readString(field)
            case 5:
                let count = try thrift.readInt32(field)
                guard count >= 0 else { throw thrift.error("a negative number of children") }
                childCount = Int(count)
            case 6: convertedType = try thrift.readInt32(field)
            case 10: logicalType = try Self.logicalType(field, &thrift)
            default: try thrift.skip(field)
            }
        }
        guard let name else { throw thrift.error("a column without a name") }
        self.name = name
    }

    private static func logicalType(
        _ field: CompactReader.Field, _ thrift: inout CompactReader
    ) throws(FormatError) -> LogicalType? {
        var result: LogicalType?
        try thrift.beginStruct(field)
        while let member = try thrift.nextField() {
            switch member.id {
            case 1, 4:  // An enum is stored as a string.
                result = .string
                try thrift.skip(member)
            case 6:
                result = .date
                try thrift.skip(member)
            case 8: result = try timestamp(member, &thrift)
            case 10: result = try integer(member, &thrift)
            default:
                let names: [Int16: String] = [
                    2: "MAP", 3: "LIST", 5: "DECIMAL", 7: "TIME", 11: "UNKNOWN", 12: "JSON", 13: "BSON",
                    14: "UUID",
                    15: "FLOAT16",
                ]
                result = .other(names[member.id] ?? "number \(member.id)")
                try thrift.skip(member)
            }
        }
        return result
    }

    private static func timestamp(
        _ field: CompactReader.Field, _ thrift: inout CompactReader
    ) throws(FormatError) -> LogicalType {
        var isUTC = false
        var unit: TimeUnit?
        try thrift.beginStruct(field)
        while let member = try thrift.nextField() {
            switch member.id {
            case 1: isUTC = try thrift.readBool(member)
            case 2:
                try thrift.beginStruct(member)
                while let choice = try thrift.nextField() {
                    unit = TimeUnit(rawValue: choice.id)
                    try thrift.skip(choice)
                }
            default: try thrift.skip(member)
            }
        }
        guard let unit else { throw thrift.error("a timestamp without a known unit") }
        return .timestamp(unit: unit, isUTC: isUTC)
    }

    private static func integer(
        _ field: CompactReader.Field, _ thrift: inout CompactReader
    ) throws(FormatError) -> LogicalType {
        var isSigned = true
        var bits = 0
        try thrift.beginStruct(field)
        while let member = try thrift.nextField() {
            switch member.id {
            case 1: bits = Int(try thrift.readByte(member))
            case 2: isSigned = try thrift.readBool(member)
            default: try thrift.skip(member)
            }
        }
        return .integer(bits: bits, isSigned: isSigned)
    }
}

extension RowGroupMetadata {
    init(decoding thrift: inout CompactReader) throws(FormatError) {
        var columns: [ChunkMetadata]?
        var rowCount: Int?
        uncompressedSize = 0
        compressedSize = 0
        ordinal = 0
        try thrift.beginStruct()
        while let field = try thrift.nextField() {
            switch field.id {
            case 1:
                columns = []
                for _ in 0..<(try thrift.beginList(field, of: .structure)) {
                    columns!.append(try ChunkMetadata(decoding: &thrift))
                }
            case 2: uncompressedSize = try thrift.readCount(field)
            case 3: rowCount = try thrift.readCount(field)
            case 6: compressedSize = try thrift.readCount(field)
            default: try thrift.skip(field)
            }
        }
        guard let columns, let rowCount else { throw thrift.error("a row group's metadata is incomplete") }
        self.columns = columns
        self.rowCount = rowCount
    }
}

extension ChunkMetadata {
    init(decoding thrift: inout CompactReader) throws(FormatError) {
        var metadata: ChunkMetadata?
        var offsetIndex = (offset: 0, length: 0)
        var columnIndex = (offset: 0, length: 0)
        try thrift.beginStruct()
        while let field = try thrift.nextField() {
            switch field.id {
            case 1:
                throw FormatError("a column lies in another file", kind: .unsupported, at: thrift.position)
            case 3:
                metadata = try ChunkMetadata(decodingMetadata: &thrift, field)
            case 4: offsetIndex.offset = try thrift.readCount(field)
            case 5: offsetIndex.length = Int(try thrift.readInt32(field))
            case 6: columnIndex.offset = try thrift.readCount(field)
            case 7: columnIndex.length = Int(try thrift.readInt32(field))
            case 8, 9: throw FormatError("a column is encrypted", kind: .unsupported, at: thrift.position)
            default: try thrift.skip(field)
            }
        }
        guard var metadata else { throw thrift.error("a column without metadata") }
        if offsetIndex.length > 0 {
            metadata.offsetIndex = FileSpan(offset: offsetIndex.offset, length: offsetIndex.length)
        }
        if columnIndex.length > 0 {
            metadata.columnIndex = FileSpan(offset: columnIndex.offset, length: columnIndex.length)
        }
        self = metadata
    }

    private init(
        decodingMetadata thrift: inout CompactReader, _ field: CompactReader.Field
    ) throws(FormatError) {
        var type: PhysicalType?
        var path: [String] = []
        var codec: Int32?
        var valueCount: Int?
        var compressedSize: Int?
        var dataPageOffset: Int?
        var uncompressedSize = 0
        var encodings: [Int32] = []
        var keyValues: [KeyValue] = []
        var dictionaryPageOffset: Int?
        var statistics: ChunkStatistics?
        try thrift.beginStruct(field)
        while let field = try thrift.nextField() {
            switch field.id {
            case 1:
                let number = try thrift.readInt32(field)
                type = PhysicalType(rawValue: number)
                guard type != nil else { throw thrift.error("no physical type has the number \(number)") }
            case 2:
                for _ in 0..<(try thrift.beginList(field, of: .i32)) {
                    encodings.append(try thrift.readInt32())
                }
            case 3:
                for _ in 0..<(try thrift.beginList(field, of: .binary)) {
                    path.append(try thrift.readString())
                }
            case 4: codec = try thrift.readInt32(field)
            case 5: valueCount = try thrift.readCount(field)
            case 6: uncompressedSize = try thrift.readCount(field)
            case 7: compressedSize = try thrift.readCount(field)
            case 8: keyValues = try KeyValue.list(field, &thrift)
            case 9: dataPageOffset = try thrift.readCount(field)
            case 11: dictionaryPageOffset = try thrift.readCount(field)
            case 12: statistics = try ChunkStatistics(decoding: &thrift, field)
            default: try thrift.skip(field)
            }
        }
        guard let type, let codec, let valueCount, let compressedSize, let dataPageOffset,
            let name = path.last
        else {
            throw thrift.error("a column's metadata is incomplete")
        }
        self.init(
            type: type, encodings: encodings, name: name, codec: codec, valueCount: valueCount,
            uncompressedSize: uncompressedSize, compressedSize: compressedSize, keyValues: keyValues,
            dataPageOffset: dataPageOffset, dictionaryPageOffset: dictionaryPageOffset, statistics: statistics
        )
    }
}

extension ChunkStatistics {
    init(decoding thrift: inout CompactReader, _ field: CompactReader.Field) throws(FormatError) {
        try thrift.beginStruct(field)
        while let field = try thrift.nextField() {
            switch field.id {
            case 3: nullCount = try thrift.readCount(field)
            case 5: maximum = try thrift.readBytes(field)
            case 6: minimum = try thrift.readBytes(field)
            default: try thrift.skip(field)
            }
        }
    }
}
