import Columnar

/// Reads one column: row groups to pages, pages to rows, any number of rows at a time.
///
/// Fed by the reader with chunks; leaves the rows of a batch in `values`, `validity` and `strings`. Memory: one
/// page, one dictionary and one batch, all counted against the reader's budget. How values are decoded is in the
/// extension `ColumnDecoder+Values`.
final class ColumnDecoder {
    let file: RandomAccessFile
    let definition: ColumnDefinition
    let type: PhysicalType
    let budget: MemoryBudget

    // The chunk.
    private var codec: Int32 = 0
    /// First byte of the next page's header, and of what follows the chunk.
    private(set) var position = 0
    private var chunkEnd = 0
    private var chunkRowsLeft = 0
    private var hasDictionary = false
    private var hasData = false
    /// Row of the row group that is read next.
    private(set) var row = 0

    // The page.
    private var pageRowsLeft = 0
    private var levels: RunLengthDecoder?
    var page: BudgetedMemory
    /// Where the page's first byte lies in the file.
    private(set) var pagePosition = 0
    /// The values' bytes in `page` that are unread.
    var valuesNext = 0
    var valuesEnd = 0
    var encoding = Encoding.plain
    var runs: RunLengthDecoder?
    var deltas: DeltaDecoder?
    /// Values of a byte-stream-split page, and those of them that are read; bits of a boolean page that are read.
    var streamTotal = 0
    var streamNext = 0
    /// Lengths of a page of strings, and how many of them are read.
    var lengths: BudgetedMemory
    var prefixes: BudgetedMemory
    var lengthCount = 0
    var lengthNext = 0
    var previousString: [UInt8] = []

    // The dictionary.
    var dictionary: BudgetedMemory
    var dictionaryCount = 0
    var dictionaryStrings: [String] = []
    var dictionaryClaim = 0

    // The batch.
    var values: BudgetedMemory
    var validity: BudgetedMemory
    var strings: [String] = []
    var stringClaim = 0
    private(set) var nullCount = 0

    let shared: SharedDecoding

    init(
        _ file: RandomAccessFile, _ definition: ColumnDefinition, _ type: PhysicalType,
        _ shared: SharedDecoding
    ) {
        self.file = file
        self.definition = definition
        self.type = type
        self.shared = shared
        budget = shared.budget
        page = BudgetedMemory(budget)
        lengths = BudgetedMemory(budget)
        prefixes = BudgetedMemory(budget)
        dictionary = BudgetedMemory(budget)
        values = BudgetedMemory(budget)
        validity = BudgetedMemory(budget)
    }

    /// Bytes of a value in a batch.
    var elementSize: Int {
        switch type {
        case .boolean: 1
        case .int32, .byteArray: 4
        default: 8
        }
    }

    func beginChunk(_ chunk: ChunkMetadata) throws(ParquetError) {
        codec = chunk.codec
        position = chunk.start
        chunkEnd = chunk.start + chunk.compressedSize
        chunkRowsLeft = chunk.valueCount
        row = 0
        pageRowsLeft = 0
        hasDictionary = false
        hasData = false
        dictionaryCount = 0
        dictionaryStrings = []
        do {
            try budget.exchange(dictionaryClaim, for: 0)
            dictionaryClaim = 0
        } catch {
            throw located(error, .dictionary)
        }
    }

    func located(_ error: FormatError, _ region: ParquetError.Region, base: Int? = nil) -> ParquetError {
        var error = error
        error.message = "column \(definition.name): \(error.message)"
        return error.located(path: file.path, region: region, base: base ?? position)
    }

    // MARK: Batches

    /// Takes the memory for a batch that all columns share, or gives it back.
    func exchangeBatchMemory() {
        swap(&values, &shared.values)
        swap(&validity, &shared.validity)
    }

    /// Leaves the next `count` rows, at most `Limits.pageRows`, in `values` and `validity`.
    func read(_ count: Int) throws(ParquetError) {
        precondition(count <= Limits.pageRows)
        do {
            try values.prepare(count * elementSize)
            if definition.isNullable { try validity.prepare(count) }
            try budget.exchange(stringClaim, for: 0)
            stringClaim = 0
        } catch {
            throw located(error, .page)
        }
        strings = dictionaryStrings
        nullCount = 0
        var done = 0
        while done < count {
            while pageRowsLeft == 0 { _ = try openPage(skipping: 0) }
            let n = min(count - done, pageRowsLeft)
            do {
                try decode(n, at: done)
            } catch {
                throw located(error, .page, base: pagePosition)
            }
            pageRowsLeft -= n
            done += n
            // Where pages end with batches, as in our own files, one page's memory serves all columns.
            if pageRowsLeft == 0, shared.page.capacity == 0 { swap(&page, &shared.page) }
        }
        row += count
    }

    /// Passes over rows; whole pages of them unread.
    func skip(_ count: Int) throws(ParquetError) {
        var left = count
        while left > 0 {
            if pageRowsLeft > 0 {
                let n = min(left, pageRowsLeft, Limits.pageRows)
                try read(n)
                left -= n
            } else {
                let skipped = try openPage(skipping: left)
                left -= skipped
                row += skipped
            }
        }
    }

    /// Levels, then values, then gaps where there are nulls.
    private func decode(_ count: Int, at first: Int) throws(FormatError) {
        guard definition.isNullable else { return try decodeValues(count, at: first) }
        let flags = validity.start.assumingMemoryBound(to: Bool.self) + first
        var valid = count
        if levels == nil {
            flags.update(repeating: true, count: count)
        } else {
            valid = try levels!.decodeFlags(count, to: flags)
        }
        try decodeValues(valid, at: first)
        guard valid < count else { return }
        nullCount += count - valid
        switch elementSize {
        case 1: spread(UInt8.self, flags, count: count, valid: valid, at: first)
        case 4: spread(UInt32.self, flags, count: count, valid: valid, at: first)
        default: spread(UInt64.self, flags, count: count, valid: valid, at: first)
        }
    }

    /// Moves `valid` values up to the rows that have one; the other rows become 0.
    private func spread<T: FixedWidthInteger>(
        _ element: T.Type, _ flags: UnsafePointer<Bool>, count: Int, valid: Int, at first: Int
    ) {
        let rows = values.start.assumingMemoryBound(to: T.self) + first
        var next = valid
        for row in stride(from: count - 1, through: 0, by: -1) {
            if flags[row] {
                next -= 1
                rows[row] = rows[next]
            } else {
                rows[row] = 0
            }
        }
    }

    // MARK: Pages

    /// Opens the next page: a dictionary, a page of data, or one that is passed over.
    ///
    /// - Parameter limit: a page of data with at most so many rows is passed over.
    /// - Returns: the rows passed over.
    private func openPage(skipping limit: Int) throws(ParquetError) -> Int {
        guard chunkRowsLeft > 0, position < chunkEnd else {
            throw located(FormatError("the column ends \(chunkRowsLeft) rows early"), .rowGroup)
        }
        let (header, headerLength) = try readHeader()
        let start = position + headerLength
        guard header.compressedSize <= chunkEnd - start else {
            throw located(
                FormatError("a page of \(header.compressedSize) bytes reaches beyond its column"), .pageHeader
            )
        }
        pagePosition = start
        switch header.body {
        case .other:
            position = start + header.compressedSize
            return 0
        case .dictionary(let count, let encoding):
            try openDictionary(header, count, encoding, at: start)
            position = start + header.compressedSize
            return 0
        case .data(let count, _, _), .dataV2(let count, _, _, _, _, _, _):
            guard count <= chunkRowsLeft else {
                throw located(
                    FormatError("a page of \(count) values where \(chunkRowsLeft) are left"), .pageHeader)
            }
            chunkRowsLeft -= count
            hasData = true
            if count <= limit {
                position = start + header.compressedSize
                return count
            }
            let bytes = try readBytes(header, .page, at: start)
            do {
                try openData(header, bytes)
            } catch {
                throw located(error, .page, base: start)
            }
            pageRowsLeft = count
            position = start + header.compressedSize
            return 0
        }
    }

    private func readHeader() throws(ParquetError) -> (PageHeader, length: Int) {
        var window = min(1 << 10, chunkEnd - position)
        while true {
            do {
                try shared.input.prepare(window)
            } catch {
                throw located(error, .pageHeader)
            }
            let bytes = UnsafeMutableRawBufferPointer(start: shared.input.start, count: window)
            try file.read(at: position, into: bytes)
            do {
                var thrift = CompactReader(UnsafeRawBufferPointer(bytes))
                let header = try PageHeader(decoding: &thrift)
                return (header, thrift.position)
            } catch {
                // Page headers hold statistics, which may be long strings.
                let larger = min(window * 16, chunkEnd - position, 16 << 20)
                guard error.endsEarly, larger > window else { throw located(error, .pageHeader) }
                window = larger
            }
        }
    }

    /// The page's bytes in the file, which are right if they have a checksum.
    private func readBytes(
        _ header: PageHeader, _ region: ParquetError.Region, at start: Int
    ) throws(ParquetError) -> UnsafeRawBufferPointer {
        do {
            try shared.input.prepare(header.compressedSize, slack: BitPacking.slack)
        } catch {
            throw located(error, region, base: start)
        }
        let bytes = UnsafeMutableRawBufferPointer(start: shared.input.start, count: header.compressedSize)
        try file.read(at: start, into: bytes)
        if shared.verifyChecksums, let expected = header.checksum {
            let found = checksum(UnsafeRawBufferPointer(bytes))
            guard found == expected else {
                throw located(
                    FormatError("has the CRC-32 \(found) where \(expected) was written"), region, base: start)
            }
        }
        return UnsafeRawBufferPointer(bytes)
    }

    private func openDictionary(
        _ header: PageHeader, _ count: Int, _ encoding: Int32, at start: Int
    ) throws(ParquetError) {
        let bytes = try readBytes(header, .dictionary, at: start)
        do throws(FormatError) {
            guard !hasDictionary, !hasData else { throw FormatError("is not the first page of its column") }
            guard encoding == Encoding.plain.rawValue || encoding == Encoding.plainDictionary.rawValue else {
                throw FormatError("a dictionary of encoding \(encoding)", kind: .unsupported)
            }
            try dictionary.prepare(header.uncompressedSize, slack: BitPacking.slack)
            try decompress(bytes, to: dictionary.start, header.uncompressedSize, codec)
            hasDictionary = true
            dictionaryCount = count
            try checkDictionary(size: header.uncompressedSize)
            // Nothing of the batch is decoded yet: a batch does not begin before its chunk.
            strings = dictionaryStrings
        } catch {
            throw located(error, .dictionary, base: start)
        }
    }

    private func decompress(
        _ source: UnsafeRawBufferPointer, to target: UnsafeMutableRawPointer, _ size: Int, _ codec: Int32
    ) throws(FormatError) {
        guard size > 0 || source.count > 0 else { return }
        try shared.decompressor.decompress(
            source, codec, to: UnsafeMutableRawBufferPointer(start: target, count: size))
    }

    /// Decompresses a page of data and makes its levels and values ready to be decoded.
    private func openData(_ header: PageHeader, _ bytes: UnsafeRawBufferPointer) throws(FormatError) {
        if page.capacity == 0 { swap(&page, &shared.page) }
        levels = nil
        let size = header.uncompressedSize
        try page.prepare(size, slack: BitPacking.slack)
        switch header.body {
        case .data(let count, let encoding, let levelEncoding):
            try decompress(bytes, to: page.start, size, codec)
            var next = 0
            if definition.isNullable {
                guard levelEncoding == Encoding.rle.rawValue else {
                    throw FormatError("definition levels of encoding \(levelEncoding)", kind: .unsupported)
                }
                guard size >= 4 else { throw FormatError("a page without definition levels") }
                let length = Int(page.start.loadUnaligned(as: UInt32.self))
                guard length <= size - 4 else { throw FormatError("definition levels reach beyond the page") }
                openLevels(at: 4, length: length)
                next = 4 + length
            }
            try openValues(encoding, count: count, at: next, end: size)
        case .dataV2(
            let count, _, _, let encoding, let definitionBytes, let repetitionBytes, let isCompressed):
            let levelBytes = definitionBytes + repetitionBytes
            guard levelBytes <= bytes.count, levelBytes <= size else {
                throw FormatError("levels reach beyond the page")
            }
            let levelSource = UnsafeRawBufferPointer(rebasing: bytes[..<levelBytes])
            if levelBytes > 0 { page.start.copyMemory(from: levelSource.baseAddress!, byteCount: levelBytes) }
            try decompress(
                UnsafeRawBufferPointer(rebasing: bytes[levelBytes...]), to: page.start + levelBytes,
                size - levelBytes,
                isCompressed ? codec : Codec.uncompressed.rawValue)
            if definition.isNullable { openLevels(at: repetitionBytes, length: definitionBytes) }
            try openValues(encoding, count: count, at: levelBytes, end: size)
        default: preconditionFailure("not a page of data")
        }
    }

    private func openLevels(at offset: Int, length: Int) {
        levels = RunLengthDecoder(UnsafeRawBufferPointer(start: page.start + offset, count: length), width: 1)
    }
}

/// What the columns of a reader share, because only one of them reads at a time.
final class SharedDecoding {
    let budget: MemoryBudget
    let decompressor = PageDecompressor()
    /// A page as it lies in the file.
    var input: BudgetedMemory
    /// A page that nobody reads any more.
    var page: BudgetedMemory
    /// A batch's indices into a dictionary.
    var indices: BudgetedMemory
    /// A batch that is handed on before the next column is read.
    var values: BudgetedMemory
    var validity: BudgetedMemory

    let verifyChecksums: Bool

    init(_ budget: MemoryBudget, _ verifyChecksums: Bool) {
        self.budget = budget
        self.verifyChecksums = verifyChecksums
        input = BudgetedMemory(budget)
        page = BudgetedMemory(budget)
        indices = BudgetedMemory(budget)
        values = BudgetedMemory(budget)
        validity = BudgetedMemory(budget)
    }
}
