import Columnar

extension SchemaElement {
    /// Other writers give a column in which they saw nothing but nulls this type.
    fileprivate var isOfNulls: Bool { childCount == 0 && logicalType == .other("UNKNOWN") }
}

/// A file's footer, checked: what it says fits the file and itself, and its columns are those of a flat table.
struct Footer {
    let metadata: FileMetadata
    let shape: Shape
    let types: [PhysicalType]

    /// - Parameter limit: bytes that the footer may take.
    init(of file: RandomAccessFile, limit: Int) throws(ParquetError) {
        let size = file.size
        func fail(
            _ region: ParquetError.Region, _ offset: Int, _ message: String,
            _ kind: ParquetError.Kind = .corrupt
        ) -> ParquetError {
            ParquetError(kind, path: file.path, region: region, offset: offset, message: message)
        }
        guard size >= 12 else { throw fail(.file, 0, "\(size) bytes are too few for a Parquet file") }
        var ends = [UInt8](repeating: 0, count: 12)
        func read(_ offset: Int, _ range: Range<Int>) throws(ParquetError) {
            try ends.withUnsafeMutableBufferPointer { (bytes) throws(ParquetError) in
                try file.read(
                    at: offset,
                    into: UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: bytes[range])))
            }
        }
        try read(0, 0..<4)
        try read(size - 8, 4..<12)
        guard Array(ends[0..<4]) == magic else { throw fail(.file, 0, "does not begin with PAR1") }
        if ends[8..<12].elementsEqual("PARE".utf8) {
            throw fail(.footer, size - 4, "the file is encrypted", .unsupported)
        }
        guard Array(ends[8..<12]) == magic else { throw fail(.file, size - 4, "does not end with PAR1") }
        let length = ends[4..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        guard length <= size - 12 else {
            throw fail(.footer, size - 8, "\(length) bytes do not fit in the file")
        }
        guard length <= limit else {
            throw fail(.footer, size - 8, "\(length) bytes are more than \(limit)", .limit)
        }

        let start = size - 8 - length
        var bytes = [UInt8](repeating: 0, count: length)
        try bytes.withUnsafeMutableBufferPointer { (target) throws(ParquetError) in
            try file.read(at: start, into: UnsafeMutableRawBufferPointer(target))
        }
        var metadata: FileMetadata
        do {
            metadata = try bytes.withUnsafeBufferPointer { (bytes) throws(FormatError) in
                var thrift = CompactReader(UnsafeRawBufferPointer(bytes))
                return try FileMetadata(decoding: &thrift)
            }
        } catch {
            throw error.located(path: file.path, region: .footer, base: start)
        }
        do {
            (shape, types) = try Self.columns(of: metadata.schema)
        } catch {
            throw error.located(path: file.path, region: .schema, base: start)
        }
        Self.dropNulls(from: &metadata)
        self.metadata = metadata
        do {
            try Self.check(metadata, shape, types, end: start)
        } catch {
            throw error.located(path: file.path, region: .rowGroup, base: start)
        }
    }

    /// Takes the columns of nulls alone out of the row groups; one without as many columns as the schema stays faulty.
    private static func dropNulls(from metadata: inout FileMetadata) {
        let leaves = metadata.schema.dropFirst()
        guard leaves.contains(where: \.isOfNulls) else { return }
        for group in metadata.rowGroups.indices where metadata.rowGroups[group].columns.count == leaves.count {
            metadata.rowGroups[group].columns = zip(leaves, metadata.rowGroups[group].columns)
                .filter { !$0.0.isOfNulls }.map(\.1)
        }
    }

    /// The root's children, which must all be leaves; those of nulls alone are left out.
    private static func columns(of schema: [SchemaElement]) throws(FormatError) -> (Shape, [PhysicalType]) {
        guard let root = schema.first else { throw FormatError("is empty") }
        var columns: [ColumnDefinition] = []
        var types: [PhysicalType] = []
        for element in schema.dropFirst() where !element.isOfNulls {
            let name = element.name
            guard element.childCount == 0, let type = element.type else {
                throw FormatError(
                    "column \(name) is nested; only flat tables are supported", kind: .unsupported)
            }
            guard element.repetition != .repeated else {
                throw FormatError(
                    "column \(name) is repeated; only flat tables are supported", kind: .unsupported)
            }
            columns.append(
                ColumnDefinition(
                    name, try columnType(element, type), isNullable: element.repetition == .optional))
            types.append(type)
        }
        guard root.childCount == schema.count - 1 else {
            throw FormatError("announces \(root.childCount) columns and has \(schema.count - 1)")
        }
        guard !columns.isEmpty else { throw FormatError("has no columns", kind: .unsupported) }
        return (Shape(columns), types)
    }

    private static func columnType(
        _ element: SchemaElement, _ type: PhysicalType
    ) throws(FormatError) -> ColumnType {
        func unsupported(_ what: String) -> FormatError {
            FormatError("column \(element.name) is \(what), which is not supported", kind: .unsupported)
        }
        typealias Converted = SchemaElement.Converted
        switch (type, element.logicalType, element.convertedType) {
        case (.boolean, nil, nil): return .boolean
        case (.double, nil, nil): return .double
        case (.int32, nil, nil), (.int64, nil, nil): return type == .int32 ? .int32 : .int64
        case (.int32, .integer(let bits, true), _) where bits <= 32: return .int32
        case (.int64, .integer(64, true), _): return .int64
        case (.int32, nil, let converted?) where Converted.signed.dropLast().contains(converted):
            return .int32
        case (.int64, nil, Converted.signed.upperBound): return .int64
        case (.int32, .date, _), (.int32, nil, Converted.date): return .date
        case (.int64, nil, Converted.timestampMillis): return .timestampMillis
        case (.int64, .timestamp(.milliseconds, true), _): return .timestampMillis
        case (.int64, .timestamp(.nanoseconds, true), _): return .timestampNanos
        case (.byteArray, .string, _), (.byteArray, nil, Converted.utf8),
            (.byteArray, nil, Converted.enumeration):
            return .string
        case (_, .timestamp(_, false), _): throw unsupported("a timestamp without a time zone")
        case (_, .timestamp(.microseconds, _), _), (.int64, nil, Converted.timestampMicros):
            throw unsupported("a timestamp in microseconds")
        case (_, .integer(let bits, false), _): throw unsupported("an unsigned integer of \(bits) bits")
        case (_, nil, let converted?) where Converted.unsigned.contains(converted):
            throw unsupported("an unsigned integer")
        case (_, .other(let name), _): throw unsupported("\(type.name) of logical type \(name)")
        case (_, _, let converted?): throw unsupported("\(type.name) of converted type \(converted)")
        default: throw unsupported(type.name)
        }
    }

    /// Row groups have the schema's columns, and these lie between the file's magic and its footer.
    private static func check(
        _ metadata: FileMetadata, _ shape: Shape, _ types: [PhysicalType], end: Int
    ) throws(FormatError) {
        var rowCount = 0
        for (number, group) in metadata.rowGroups.enumerated() {
            let (sum, overflow) = rowCount.addingReportingOverflow(group.rowCount)
            guard !overflow else { throw FormatError("row group \(number): too many rows") }
            rowCount = sum
            guard group.columns.count == types.count else {
                throw FormatError(
                    "row group \(number): \(group.columns.count) columns where \(types.count) are wanted")
            }
            for (column, chunk) in group.columns.enumerated() {
                func fail(_ message: String) -> FormatError {
                    FormatError("row group \(number), column \(shape.columns[column].name): \(message)")
                }
                guard chunk.type == types[column],
                    chunk.name.utf8.elementsEqual(shape.columns[column].name.utf8)
                else {
                    throw fail("is \(chunk.name) of \(chunk.type.name)")
                }
                guard chunk.valueCount == group.rowCount else {
                    throw fail("\(chunk.valueCount) values in \(group.rowCount) rows")
                }
                guard group.rowCount > 0 else { continue }
                guard chunk.start >= magic.count, chunk.start <= end,
                    chunk.compressedSize <= end - chunk.start
                else {
                    throw fail(
                        "bytes \(chunk.start) and \(chunk.compressedSize) more lie outside of the file")
                }
            }
        }
        guard rowCount == metadata.rowCount else {
            throw FormatError("\(rowCount) rows in the row groups and \(metadata.rowCount) in all")
        }
    }
}
