import Columnar

/// What a finished file holds.
public struct ParquetSummary: Sendable, Equatable {
    public let rowCount: Int
    public let byteCount: Int
    public let rowGroupCount: Int
}

/// Writes a table of a flat shape as a Parquet file, byte for byte the same for the same rows, however these are cut
/// into calls of `write`.
///
/// Rows gather to pages of 2^17 rows (fewer only at the end of the file, or where one column's strings take 16 MiB),
/// which are encoded as they fill. Encoded pages gather to a row group, which ends with 2^20 rows or at the first
/// page boundary at which they take 64 MiB. So a writer holds one page of plain rows and one row group of encoded
/// pages; the memory to encode a page is shared with other writers.
///
/// | column | encoding | where that does not pay |
/// |---|---|---|
/// | timestamps | DELTA_BINARY_PACKED | |
/// | int32, int64, date | RLE_DICTIONARY | DELTA_BINARY_PACKED |
/// | double | BYTE_STREAM_SPLIT, −0.0 as 0.0 | |
/// | string | RLE_DICTIONARY | DELTA_LENGTH_BYTE_ARRAY |
/// | symbols | RLE_DICTIONARY of the whole list | |
/// | boolean | RLE | |
///
/// Whether a dictionary pays is decided by the sizes on the first page of a row group; a dictionary that grows too
/// large is given up for the rest of the row group.
///
/// Pages are of version 2: they keep the levels outside of the compressed part, say how many nulls they have, and may
/// stay uncompressed one by one where compression saves nothing. Each has a CRC-32; each column has bounds and null
/// counts per row group and per page (page index).
///
/// After an error the file is incomplete and the writer of no more use.
public struct ParquetWriter: ~Copyable {
    /// Raised when the same rows become other bytes: another encoding, page size or order of metadata. A partition
    /// records it, so that a change here makes partitions stale instead of equal in name and different in bytes.
    public static let revision = 1

    /// Rows of a page. Rows that come by whole pages are encoded where they lie, others are gathered first.
    public static let pageRows = Limits.pageRows

    let core: WriterCore

    /// - Parameters:
    ///   - shape: columns, at least one; names without equals.
    ///   - metadata: key-value metadata of the file, in the order given.
    ///   - columnUnits: a unit for each column or nil; becomes key-value metadata `unit` of the column's chunks.
    ///   - threads: how many may encode columns of a page side by side; the bytes do not depend on it.
    ///   - sink: takes the file's bytes from its first to its last; what it throws ends the call in progress.
    ///   - compression: of the pages.
    public init(
        shape: Shape, metadata: [(key: String, value: String)] = [], columnUnits: [String?]? = nil,
        compression: Compression = .zstd(level: 1), threads: Int = 1,
        sink: @escaping (UnsafeRawBufferPointer) throws -> Void
    ) {
        core = WriterCore(
            shape: shape, metadata: metadata.map { KeyValue(key: $0.key, value: $0.value) },
            columnUnits: columnUnits ?? shape.columns.map { _ in nil }, compression: compression, threads: threads,
            output: SinkBuffer(sink))
    }

    /// Rows taken so far.
    public var rowCount: Int { core.rowCount }

    /// Bytes of the file so far; rows that wait for their row group to fill are not among them.
    public var byteCount: Int { core.output.position }

    /// Appends rows.
    ///
    /// - Parameter views: the columns of the shape in their order, all with the same number of rows, any number.
    public mutating func write(_ views: [ColumnView]) throws {
        try core.write(views)
    }

    /// Appends all rows of a table.
    public mutating func write<T: Table & ~Copyable>(_ table: borrowing T) throws {
        let core = core
        try table.withViews { (views) throws -> Void in try core.write(views) }
    }

    /// Writes what is left, and the footer.
    public consuming func finish() throws -> ParquetSummary {
        try core.finish()
        return ParquetSummary(
            rowCount: core.rowCount, byteCount: core.output.position, rowGroupCount: core.rowGroups.count)
    }
}

/// Hands the bytes on in large runs.
struct SinkBuffer: ~Copyable {
    private let sink: (UnsafeRawBufferPointer) throws -> Void
    private var waiting = Buffer<UInt8>()
    private(set) var position = 0
    private static let runBytes = 1 << 18

    init(_ sink: @escaping (UnsafeRawBufferPointer) throws -> Void) {
        self.sink = sink
    }

    mutating func write(_ bytes: UnsafeBufferPointer<UInt8>) throws {
        position += bytes.count
        if bytes.count >= Self.runBytes {
            try flush()
            try sink(UnsafeRawBufferPointer(bytes))
        } else {
            waiting.append(contentsOf: bytes)
            if waiting.count >= Self.runBytes { try flush() }
        }
    }

    mutating func flush() throws {
        guard waiting.count > 0 else { return }
        let sink = sink
        try waiting.withUnsafeElements { try sink(UnsafeRawBufferPointer($0)) }
        waiting.removeAll()
    }
}
