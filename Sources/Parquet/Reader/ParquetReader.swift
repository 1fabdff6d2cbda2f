import Columnar

/// Reads the rows of a Parquet file of a flat schema, batch by batch.
///
/// Reads what tarn writes, and what other writers write with the same parts of the format: data pages of version 1
/// and 2; encodings PLAIN, dictionary, RLE, DELTA_BINARY_PACKED, DELTA_LENGTH_BYTE_ARRAY, DELTA_BYTE_ARRAY and
/// BYTE_STREAM_SPLIT; compression zstd, snappy, lz4_raw and none — not gzip, brotli or lzo. Columns are booleans,
/// signed integers of up to 32 and of 64 bits, doubles, strings, dates, and UTC timestamps in ms or ns; any other
/// type, and any nesting, is refused when the file is opened. A column that says it is of nulls alone is passed over.
///
/// The file is not trusted: every count, length and offset is checked before use, checksums are verified where
/// there are some, and memory stays below `memoryLimit`, whatever the file says. After an error of `next` the
/// reader is of no more use.
///
/// Memory while reading: per column one page and one dictionary, the footer, and one batch.
public struct ParquetReader: ~Copyable {
    let core: ReaderCore

    /// Opens a file and reads its footer.
    ///
    /// - Parameters:
    ///   - memoryLimit: bytes that the reader may allocate for pages, dictionaries and batches, a small file fewer:
    ///     64 MiB and 2^15 bytes for each of its own. The footer may have a 32nd of them, and takes at most 64 times its
    ///     bytes when it is decoded.
    ///   - verifyChecksums: false to read what is left of a damaged file.
    ///   - path: of the file.
    public init(path: String, memoryLimit: Int = 1 << 30, verifyChecksums: Bool = true) throws(ParquetError) {
        core = try ReaderCore(path: path, memoryLimit: memoryLimit, verifyChecksums: verifyChecksums)
    }

    /// The file's columns. Enums are strings, because a Parquet file does not know their lists.
    public var shape: Shape { core.shape }

    public var rowCount: Int { core.metadata.rowCount }

    public var rowGroupCount: Int { core.metadata.rowGroups.count }

    /// The file's key-value metadata, in its order.
    public var metadata: [(key: String, value: String)] {
        core.metadata.keyValues.map { ($0.key, $0.value) }
    }

    /// The value of a key of the file's metadata; of the first of equal keys.
    public func metadata(_ key: String) -> String? {
        core.metadata.keyValues.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
    }

    public func rowCount(ofRowGroup rowGroup: Int) -> Int {
        core.metadata.rowGroups[rowGroup].rowCount
    }

    /// What the footer says about a column in a row group.
    public func chunk(rowGroup: Int, column: Int) -> ParquetChunk {
        ParquetChunk(core.metadata.rowGroups[rowGroup].columns[column], core.shape.columns[column].type)
    }

    /// Reads the next batch into a table, which is emptied first: at most 2^17 rows of one row group.
    ///
    /// Columns are matched by name. The types must be the table's, except that a column of symbols is read from
    /// strings, and a column without nulls from one that could have some.
    ///
    /// - Parameter columns: positions in the table's shape; the other columns stay empty. Nil means all.
    /// - Parameter table: takes the rows.
    /// - Returns: false at the end of the file.
    public mutating func next<T: Table & ~Copyable>(
        into table: inout T, columns: [Int]? = nil
    ) throws(ParquetError) -> Bool {
        table.removeAll()
        let bindings = try core.bind(to: T.shape, columns)
        guard let rows = try core.beginBatch() else { return false }
        for binding in bindings {
            let decoder = core.decoder(binding.fileColumn)
            decoder.exchangeBatchMemory()
            defer { decoder.exchangeBatchMemory() }
            table.append(try core.read(binding, rows), toColumn: binding.column)
        }
        core.endBatch(rows)
        return true
    }

    /// Reads the next batch, at most 2^17 rows of one row group, and lends its columns to `body`.
    ///
    /// - Parameters:
    ///   - shape: the columns wanted, matched as in `next(into:columns:)`; nil means the file's own.
    ///   - columns: positions in the shape. Nil means all.
    ///   - body: gets one view a column, in the order asked for; they end with it.
    /// - Returns: what `body` returns, or nil at the end of the file.
    public mutating func nextViews<R>(
        as shape: Shape? = nil, columns: [Int]? = nil, _ body: ([ColumnView]) throws -> R
    ) throws -> R? {
        let bindings = try core.bind(to: shape ?? core.shape, columns)
        guard let rows = try core.beginBatch() else { return nil }
        var views: [ColumnView] = []
        for binding in bindings { views.append(try core.read(binding, rows)) }
        core.endBatch(rows)
        return try body(views)
    }
}

/// A value of a column's statistics.
public enum ParquetValue: Hashable, Sendable {
    case boolean(Bool)
    case integer(Int64)
    case double(Double)
    case string(String)
}

/// What the footer says about one column of one row group.
public struct ParquetChunk: Sendable {
    public let encodings: [String]
    public let compression: String
    /// Bytes of all pages with their headers.
    public let compressedByteCount: Int
    public let uncompressedByteCount: Int
    public let metadata: [(key: String, value: String)]
    /// Bounds of the values; nil where the file has none. A zero bound of doubles has no reliable sign.
    public let minimum: ParquetValue?
    public let maximum: ParquetValue?
    public let nullCount: Int?
    public let hasPageIndex: Bool

    init(_ chunk: ChunkMetadata, _ type: ColumnType) {
        encodings = chunk.encodings.map { Encoding(rawValue: $0)?.name ?? "number \($0)" }
        compression = Codec(rawValue: chunk.codec)?.name ?? "number \(chunk.codec)"
        compressedByteCount = chunk.compressedSize
        uncompressedByteCount = chunk.uncompressedSize
        metadata = chunk.keyValues.map { ($0.key, $0.value) }
        minimum = chunk.statistics?.minimum.flatMap { Self.value($0, type) }
        maximum = chunk.statistics?.maximum.flatMap { Self.value($0, type) }
        nullCount = chunk.statistics?.nullCount
        hasPageIndex = chunk.columnIndex != nil && chunk.offsetIndex != nil
    }

    private static func value(_ bytes: [UInt8], _ type: ColumnType) -> ParquetValue? {
        func number<T: FixedWidthInteger>(_: T.Type) -> T? {
            guard bytes.count == MemoryLayout<T>.size else { return nil }
            return bytes.withUnsafeBytes { T(littleEndian: $0.loadUnaligned(as: T.self)) }
        }
        switch type {
        case .boolean: return bytes.count == 1 ? .boolean(bytes[0] != 0) : nil
        case .int32, .date: return number(Int32.self).map { .integer(Int64($0)) }
        case .int64, .timestampMillis, .timestampNanos: return number(Int64.self).map { .integer($0) }
        case .double: return number(UInt64.self).map { .double(Double(bitPattern: $0)) }
        case .string, .symbols: return String(validating: bytes, as: UTF8.self).map { .string($0) }
        }
    }
}
