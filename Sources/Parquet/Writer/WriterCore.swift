import Columnar
import Dispatch
import Synchronization

/// The writer's state: cuts rows into pages and pages into row groups, and lays the file out.
final class WriterCore {
    private let shape: Shape
    private let metadata: [KeyValue]
    private let columnUnits: [String?]
    private let compression: Compression
    private let columns: [ColumnEncoder]
    var output: SinkBuffer

    /// Rows taken, rows of them that are in no page yet, and rows in the pages of the open row group.
    private(set) var rowCount = 0
    private var stagedRows = 0
    private var rowGroupRows = 0
    /// The open row group's pages.
    private let arena = PageArena()
    /// Threads that encode the columns of a page.
    private let threads: Int
    private(set) var rowGroups: [RowGroupMetadata] = []
    /// The page index so far; goes between the last row group and the footer.
    private var columnIndexes = CompactWriter()
    private var offsetIndexes = CompactWriter()
    private var mapping = Buffer<UInt32>()
    /// A call threw, or the file is finished.
    private var isClosed = false

    init(
        shape: Shape, metadata: [KeyValue], columnUnits: [String?], compression: Compression, threads: Int,
        output: consuming SinkBuffer
    ) {
        precondition(!shape.columns.isEmpty, "a file has columns")
        precondition(threads >= 1, "a thread encodes")
        precondition(columnUnits.count == shape.columns.count, "a unit or nil for each column")
        if case .zstd(let level) = compression {
            precondition((1...22).contains(level), "zstd has levels 1 to 22")
        }
        self.shape = shape
        self.metadata = metadata
        self.columnUnits = columnUnits
        self.compression = compression
        self.threads = threads
        self.output = output
        columns = shape.columns.map { ColumnEncoder($0, compression) }
    }

    // MARK: Rows to pages

    func write(_ views: [ColumnView]) throws {
        precondition(!isClosed, "nothing is written after an error or the end")
        let count = check(views)
        isClosed = true
        try open()
        let longest = try longestStrings(views)
        var row = 0
        while row < count {
            var end = min(count, row + Limits.pageRows - stagedRows)
            for (column, view) in views.enumerated() where longest[column] > 0 {
                end = row + columns[column].rowsThatFit(view, rows: row..<end, longest: longest[column])
            }
            if stagedRows == 0, end - row == Limits.pageRows {
                try encode(views, rows: row..<end)
            } else {
                for (column, view) in views.enumerated() {
                    columns[column].stage(view, rows: row..<end, mapping: &mapping)
                }
                stagedRows += end - row
                if stagedRows == Limits.pageRows || columns.contains(where: { $0.isFullOfStrings }) {
                    try encodeStaged()
                }
            }
            rowCount += end - row
            row = end
        }
        isClosed = false
    }

    /// Encodes whole pages of rows where they lie; only strings are gathered first.
    private func encode(_ views: [ColumnView], rows: Range<Int>) throws {
        for (column, view) in views.enumerated() {
            if case .strings = view.values { columns[column].stage(view, rows: rows, mapping: &mapping) }
        }
        encodeColumns(rows: rows.count) { encoder, column, scratch, arena in
            let view = views[column]
            if case .strings = view.values {
                encoder.encodeStaged(scratch, to: arena)
            } else {
                let slice = ColumnSlice(
                    values: encoder.rawValues(view) + rows.lowerBound * encoder.elementSize,
                    validity: view.validity.map { $0.baseAddress! + rows.lowerBound },
                    rowCount: rows.count)
                encoder.encode(slice, scratch, to: arena)
            }
        }
        try endPage(rows.count)
    }

    private func encodeStaged() throws {
        guard stagedRows > 0 else { return }
        encodeColumns(rows: stagedRows) { encoder, _, scratch, arena in encoder.encodeStaged(scratch, to: arena) }
        let rows = stagedRows
        stagedRows = 0
        try endPage(rows)
    }

    /// Encodes one page of every column. Columns know nothing of one another and are laid out by their position, so
    /// which thread takes which, and when, does not show in the file.
    private func encodeColumns(
        rows: Int, _ encode: (ColumnEncoder, _ column: Int, PageScratch, PageArena) -> Void
    ) {
        let lanes = rows * columns.count < Self.worthSharing ? 1 : min(threads, columns.count)
        guard lanes > 1 else {
            PageScratch.lend { scratch in
                for (column, encoder) in columns.enumerated() { encode(encoder, column, scratch, arena) }
            }
            return
        }
        let next = Atomic<Int>(0)
        withoutActuallyEscaping(encode) { encode in
            let work = ColumnWork(columns: columns, arena: arena, encode: encode)
            DispatchQueue.concurrentPerform(iterations: lanes) { _ in
                PageScratch.lend { scratch in
                    while true {
                        let column = next.add(1, ordering: .relaxed).oldValue
                        guard column < work.columns.count else { return }
                        work.encode(work.columns[column], column, scratch, work.arena)
                    }
                }
            }
        }
    }

    /// Fewer cells than these are encoded sooner than another thread wakes up.
    private static let worthSharing = 1 << 16

    private func endPage(_ rows: Int) throws {
        rowGroupRows += rows
        // Growing by doubling would hold a large row group twice; memory that is never touched costs nothing.
        if arena.count >= Limits.rowGroupBytes / 8 {
            let page = columns.reduce(0) { $0 + $1.elementSize * Limits.pageRows }
            arena.reserve(Limits.rowGroupBytes + page)
        }
        if rowGroupRows >= Limits.rowGroupRows || arena.count >= Limits.rowGroupBytes { try endRowGroup() }
    }

    /// The views are the columns of the shape; anything else is the caller's mistake.
    private func check(_ views: [ColumnView]) -> Int {
        precondition(views.count == columns.count, "a view for each column")
        let count = views[0].count
        for (view, definition) in zip(views, shape.columns) {
            precondition(view.count == count, "all columns have the same number of rows")
            precondition(view.validity == nil || definition.isNullable, "\(definition.name) has no nulls")
            let fits =
                switch (view.values, definition.type) {
                case (.boolean, .boolean), (.int32, .int32), (.int32, .date), (.int64, .int64),
                    (.int64, .timestampMillis), (.int64, .timestampNanos), (.double, .double),
                    (.symbols, .symbols),
                    (.strings, .string):
                    true
                default: false
                }
            precondition(fits, "\(definition.name) has another type")
        }
        return count
    }

    /// Bytes of each column's longest string; 0 for other columns.
    private func longestStrings(_ views: [ColumnView]) throws(ParquetError) -> [Int] {
        var longest = [Int](repeating: 0, count: views.count)
        for (column, view) in views.enumerated() {
            guard case .strings(_, let strings) = view.values else { continue }
            for string in strings { longest[column] = max(longest[column], string.utf8.count) }
            if longest[column] > Limits.stringBytes {
                throw ParquetError(
                    .limit, path: "", region: .page, offset: output.position,
                    message: "column \(shape.columns[column].name): a string of \(longest[column]) bytes; "
                        + "at most \(Limits.stringBytes) are allowed")
            }
        }
        return longest
    }

    // MARK: Row groups

    private func open() throws {
        guard output.position == 0 else { return }
        try magic.withUnsafeBufferPointer { try output.write($0) }
    }

    private func endRowGroup() throws {
        guard rowGroupRows > 0 else { return }
        var group = RowGroupMetadata(
            columns: [], rowCount: rowGroupRows, uncompressedSize: 0, compressedSize: 0,
            ordinal: rowGroups.count)
        try PageScratch.lend { scratch throws in
            for (index, encoder) in columns.enumerated() {
                let chunk = try writeChunk(encoder, unit: columnUnits[index], scratch)
                group.uncompressedSize += chunk.uncompressedSize
                group.compressedSize += chunk.compressedSize
                group.columns.append(chunk)
                encoder.beginChunk()
            }
        }
        rowGroups.append(group)
        rowGroupRows = 0
        arena.removeAll()
    }

    private func writeChunk(
        _ encoder: ColumnEncoder, unit: String?, _ scratch: PageScratch
    ) throws -> ChunkMetadata {
        var chunk = ChunkMetadata(
            type: encoder.physicalType, name: encoder.definition.name, codec: Codec(compression).rawValue,
            valueCount: rowGroupRows, uncompressedSize: 0, compressedSize: 0,
            keyValues: unit.map { [KeyValue(key: "unit", value: $0)] } ?? [], dataPageOffset: 0)
        scratch.body.removeAll()
        if let dictionary = encoder.encodeDictionaryPage(scratch, to: &scratch.body) {
            chunk.dictionaryPageOffset = output.position
            chunk.compressedSize += dictionary.length
            chunk.uncompressedSize += dictionary.uncompressed
            chunk.encodingStatistics.append(PageEncodingCount(page: .dictionary, encoding: .plain, count: 1))
            try scratch.body.withUnsafeElements { try output.write($0) }
        }
        chunk.dataPageOffset = output.position
        var locations: [PageIndex.Location] = []
        var firstRow = 0
        for page in encoder.pages {
            locations.append(
                PageIndex.Location(offset: output.position, length: page.length, firstRow: firstRow))
            firstRow += page.rowCount
            try arena.withPage(page) { try output.write($0) }
            chunk.compressedSize += page.length
            chunk.uncompressedSize += page.uncompressedLength
            if let known = chunk.encodingStatistics.firstIndex(where: {
                $0.page == .dataV2 && $0.encoding == page.encoding
            }) {
                chunk.encodingStatistics[known].count += 1
            } else {
                chunk.encodingStatistics.append(
                    PageEncodingCount(page: .dataV2, encoding: page.encoding, count: 1))
            }
        }
        // The levels of nullable columns are in RLE.
        var encodings = Set(chunk.encodingStatistics.map(\.encoding.rawValue))
        if encoder.definition.isNullable { encodings.insert(Encoding.rle.rawValue) }
        chunk.encodings = encodings.sorted()

        let bounds = encoder.pages.reduce(PageBounds.none) { $0.union($1.bounds) }
        chunk.statistics = ChunkStatistics(
            minimum: bounds.encoded?.minimum, maximum: bounds.encoded?.maximum,
            nullCount: encoder.pages.reduce(0) { $0 + $1.nullCount })
        // Offsets are those within the index here; `finish` knows where it begins.
        chunk.columnIndex = PageIndex.appendColumnIndex(of: encoder.pages, to: &columnIndexes)
        chunk.offsetIndex = PageIndex.appendOffsetIndex(locations, to: &offsetIndexes)
        return chunk
    }

    // MARK: The end

    func finish() throws {
        precondition(!isClosed, "nothing is written after an error or the end")
        isClosed = true
        try open()
        try encodeStaged()
        try endRowGroup()
        let columnStart = output.position
        try columnIndexes.bytes.withUnsafeElements { try output.write($0) }
        let offsetStart = output.position
        try offsetIndexes.bytes.withUnsafeElements { try output.write($0) }
        for group in rowGroups.indices {
            for column in rowGroups[group].columns.indices {
                rowGroups[group].columns[column].columnIndex?.offset += columnStart
                rowGroups[group].columns[column].offsetIndex?.offset += offsetStart
            }
        }
        var footer = CompactWriter()
        FileMetadata(
            schema: schemaElements(of: shape), rowCount: rowCount, rowGroups: rowGroups, keyValues: metadata
        ).encode(into: &footer)
        appendLittleEndian(UInt32(footer.bytes.count), to: &footer.bytes)
        for byte in magic { footer.bytes.append(byte) }
        try footer.bytes.withUnsafeElements { try output.write($0) }
        try output.flush()
    }
}

/// What the threads that encode a page have in common. Each takes columns that no other one has.
private struct ColumnWork: @unchecked Sendable {
    let columns: [ColumnEncoder]
    let arena: PageArena
    let encode: (ColumnEncoder, _ column: Int, PageScratch, PageArena) -> Void
}

/// The schema of a shape: a root and a leaf for each column.
private func schemaElements(of shape: Shape) -> [SchemaElement] {
    let root = SchemaElement(
        name: "schema", type: nil, repetition: .required, childCount: shape.columns.count)
    return [root]
        + shape.columns.map { column in
            var element = SchemaElement(
                name: column.name, type: nil, repetition: column.isNullable ? .optional : .required,
                childCount: 0)
            switch column.type {
            case .boolean: element.type = .boolean
            case .int32: element.type = .int32
            case .int64: element.type = .int64
            case .double: element.type = .double
            case .string, .symbols:
                element.type = .byteArray
                element.convertedType = SchemaElement.Converted.utf8
                element.logicalType = .string
            case .date:
                element.type = .int32
                element.convertedType = SchemaElement.Converted.date
                element.logicalType = .date
            case .timestampMillis:
                element.type = .int64
                element.convertedType = SchemaElement.Converted.timestampMillis
                element.logicalType = .timestamp(unit: .milliseconds, isUTC: true)
            case .timestampNanos:
                element.type = .int64
                element.logicalType = .timestamp(unit: .nanoseconds, isUTC: true)
            }
            return element
        }
}
