extension FileMetadata {
    /// Writes the footer's thrift structure (`FileMetaData`).
    func encode(into thrift: inout CompactWriter) {
        thrift.beginStruct()
        thrift.field(1, Int32(2))
        thrift.beginList(2, .structure, count: schema.count)
        for element in schema { element.encode(into: &thrift) }
        thrift.field(3, rowCount)
        thrift.beginList(4, .structure, count: rowGroups.count)
        for group in rowGroups { group.encode(into: &thrift) }
        if !keyValues.isEmpty {
            thrift.beginList(5, .structure, count: keyValues.count)
            for pair in keyValues { pair.encode(into: &thrift) }
        }
        thrift.field(6, "tarn")
        // Statistics count only when the order of the values is declared; all columns have their type's own.
        thrift.beginList(7, .structure, count: schema.count - 1)
        for _ in schema.dropFirst() {
            thrift.beginStruct()
            thrift.beginStruct(1)
            thrift.endStruct()
            thrift.endStruct()
        }
        thrift.endStruct()
    }
}

extension KeyValue {
    func encode(into thrift: inout CompactWriter) {
        thrift.beginStruct()
        thrift.field(1, key)
        thrift.field(2, value)
        thrift.endStruct()
    }
}

extension SchemaElement {
    func encode(into thrift: inout CompactWriter) {
        thrift.beginStruct()
        if let type {
            thrift.field(1, type.rawValue)
            thrift.field(3, repetition.rawValue)
        }
        thrift.field(4, name)
        if type == nil { thrift.field(5, Int32(childCount)) }
        if let convertedType { thrift.field(6, convertedType) }
        switch logicalType {
        case .string: encodeLogicalType(1, into: &thrift)
        case .date: encodeLogicalType(6, into: &thrift)
        case .timestamp(let unit, let isUTC):
            thrift.beginStruct(10)
            thrift.beginStruct(8)
            thrift.field(1, isUTC)
            thrift.beginStruct(2)
            thrift.beginStruct(unit.rawValue)
            thrift.endStruct()
            thrift.endStruct()
            thrift.endStruct()
            thrift.endStruct()
        case nil: break
        case .integer, .other: preconditionFailure("a logical type that the writer does not use")
        }
        thrift.endStruct()
    }

    /// A logical type without parameters.
    private func encodeLogicalType(_ id: Int16, into thrift: inout CompactWriter) {
        thrift.beginStruct(10)
        thrift.beginStruct(id)
        thrift.endStruct()
        thrift.endStruct()
    }
}

extension RowGroupMetadata {
    func encode(into thrift: inout CompactWriter) {
        thrift.beginStruct()
        thrift.beginList(1, .structure, count: columns.count)
        for column in columns { column.encode(into: &thrift) }
        thrift.field(2, uncompressedSize)
        thrift.field(3, rowCount)
        if let first = columns.first { thrift.field(5, first.start) }
        thrift.field(6, compressedSize)
        // An i16 in the format, and optional: left out where it does not fit.
        if let ordinal = Int16(exactly: ordinal) { thrift.field(7, ordinal) }
        thrift.endStruct()
    }
}

extension ChunkMetadata {
    func encode(into thrift: inout CompactWriter) {
        thrift.beginStruct()
        // The deprecated offset of metadata outside the footer: there is none.
        thrift.field(2, 0)
        thrift.beginStruct(3)
        thrift.field(1, type.rawValue)
        thrift.beginList(2, .i32, count: encodings.count)
        for encoding in encodings { thrift.element(encoding) }
        thrift.beginList(3, .binary, count: 1)
        thrift.element(name)
        thrift.field(4, codec)
        thrift.field(5, valueCount)
        thrift.field(6, uncompressedSize)
        thrift.field(7, compressedSize)
        if !keyValues.isEmpty {
            thrift.beginList(8, .structure, count: keyValues.count)
            for pair in keyValues { pair.encode(into: &thrift) }
        }
        thrift.field(9, dataPageOffset)
        if let dictionaryPageOffset { thrift.field(11, dictionaryPageOffset) }
        if let statistics { statistics.encode(12, into: &thrift) }
        thrift.beginList(13, .structure, count: encodingStatistics.count)
        for entry in encodingStatistics {
            thrift.beginStruct()
            thrift.field(1, entry.page.rawValue)
            thrift.field(2, entry.encoding.rawValue)
            thrift.field(3, Int32(entry.count))
            thrift.endStruct()
        }
        thrift.endStruct()
        if let offsetIndex {
            thrift.field(4, offsetIndex.offset)
            thrift.field(5, Int32(offsetIndex.length))
        }
        if let columnIndex {
            thrift.field(6, columnIndex.offset)
            thrift.field(7, Int32(columnIndex.length))
        }
        thrift.endStruct()
    }
}

extension ChunkStatistics {
    /// Only the fields whose order is declared; the deprecated pair compared strings as signed bytes.
    func encode(_ id: Int16, into thrift: inout CompactWriter) {
        thrift.beginStruct(id)
        if let nullCount { thrift.field(3, nullCount) }
        if let maximum { thrift.field(5, maximum) }
        if let minimum { thrift.field(6, minimum) }
        if maximum != nil { thrift.field(7, true) }
        if minimum != nil { thrift.field(8, true) }
        thrift.endStruct()
    }
}
