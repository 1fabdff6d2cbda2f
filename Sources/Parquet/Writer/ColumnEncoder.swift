import Columnar

/// Encodes one column: gathers rows to pages, pages to a chunk a row group.
///
/// Fed by the writer, which decides where pages and row groups end; leaves bytes in the row group's arena and
/// keeps only what the footer needs. How values are encoded is in the extensions, one for each kind of values.
final class ColumnEncoder {
    let definition: ColumnDefinition
    let compression: Compression

    /// Rows that wait for their page to fill, as bytes of `elementSize`, and their validity.
    var staged = Buffer<UInt8>()
    var stagedValidity = Buffer<Bool>()
    /// Strings of the chunk while its pages use a dictionary, of the page afterwards.
    var pool = ByteStringPool()
    /// Bytes of the staged rows' strings, each counted as often as it stands there.
    var stagedStringBytes = 0

    /// Pages of the chunk so far.
    var pages: [EncodedPage] = []
    /// How the chunk's values are encoded; decided by its first page with values.
    var choice = Choice.undecided
    var integers = IntegerDictionary()
    /// Number of entries that the chunk's pages use, and the page that holds them.
    var dictionaryCount = 0
    var dictionaryBody = Buffer<UInt8>()
    var constant = ConstantPage()

    enum Choice {
        case undecided
        case dictionary
        /// Differences or lengths; also after the dictionary grew too large.
        case direct
    }

    /// The body of the last page whose values were all the same: such pages come in rows.
    struct ConstantPage: ~Copyable {
        var key: (bits: UInt64, count: Int)?
        var body = Buffer<UInt8>()
        var uncompressedLength = 0
        var isCompressed = false
    }

    init(_ definition: ColumnDefinition, _ compression: Compression) {
        self.definition = definition
        self.compression = compression
        if case .symbols(let list) = definition.type {
            precondition((1...256).contains(list.count), "a column of symbols has 1 to 256 of them")
        }
    }

    var elementSize: Int {
        switch definition.type {
        case .boolean, .symbols: 1
        case .int32, .date, .string: 4
        case .int64, .timestampMillis, .timestampNanos, .double: 8
        }
    }

    var physicalType: PhysicalType {
        switch definition.type {
        case .boolean: .boolean
        case .int32, .date: .int32
        case .int64, .timestampMillis, .timestampNanos: .int64
        case .double: .double
        case .string, .symbols: .byteArray
        }
    }

    // MARK: Pages

    /// Encodes the rows as one page at the end of `arena`.
    func encode(_ slice: ColumnSlice, _ scratch: PageScratch, to arena: PageArena) {
        precondition(slice.rowCount > 0 && slice.rowCount <= Limits.pageRows)
        scratch.body.removeAll()
        scratch.levels.removeAll()
        let valueCount = encodeLevels(of: slice, scratch)
        // A page without values has no body, which every encoding's readers but PLAIN's may stumble over.
        var result = EncodedValues(encoding: .plain, bounds: .none)
        if valueCount > 0 {
            let values = dense(slice, valueCount, scratch)
            switch definition.type {
            case .boolean:
                result = encode(booleans: values.assumingMemoryBound(to: Bool.self), valueCount, scratch)
            case .int32:
                result = encode(integers: values.assumingMemoryBound(to: Int32.self), valueCount, scratch)
            case .date:
                result = encode(integers: values.assumingMemoryBound(to: Int32.self), valueCount, scratch)
            case .int64:
                result = encode(integers: values.assumingMemoryBound(to: Int64.self), valueCount, scratch)
            case .timestampMillis, .timestampNanos:
                result = encode(instants: values.assumingMemoryBound(to: Int64.self), valueCount, scratch)
            case .double:
                result = encode(doubles: values.assumingMemoryBound(to: Double.self), valueCount, scratch)
            case .symbols(let list):
                result = encode(
                    symbols: values.assumingMemoryBound(to: UInt8.self), valueCount, list, scratch)
            case .string:
                result = encode(strings: values.assumingMemoryBound(to: UInt32.self), valueCount, scratch)
            }
        }
        finishPage(slice.rowCount, valueCount, result, scratch, to: arena)
    }

    struct EncodedValues {
        var encoding: Encoding
        var bounds: PageBounds
        /// The bits of all values where they are the same and the encoding is costly.
        var constantBits: UInt64?
    }

    /// Writes the definition levels of a nullable column, and counts the values that are not null.
    private func encodeLevels(of slice: ColumnSlice, _ scratch: PageScratch) -> Int {
        guard definition.isNullable else { return slice.rowCount }
        guard let validity = slice.validity else {
            RunLengthEncoder.append(run: 1, count: slice.rowCount, width: 1, to: &scratch.levels)
            return slice.rowCount
        }
        let flags = UnsafeBufferPointer(start: validity, count: slice.rowCount)
        let valueCount = countTrue(flags)
        if valueCount == 0 || valueCount == slice.rowCount {
            RunLengthEncoder.append(
                run: valueCount == 0 ? 0 : 1, count: slice.rowCount, width: 1, to: &scratch.levels)
        } else {
            RunLengthEncoder.append(flags: flags, packed: &scratch.packedFlags, to: &scratch.levels)
        }
        return valueCount
    }

    /// The values without the nulls between them.
    private func dense(_ slice: ColumnSlice, _ valueCount: Int, _ scratch: PageScratch) -> UnsafeRawPointer {
        guard valueCount < slice.rowCount, let validity = slice.validity else { return slice.values }
        switch elementSize {
        case 1: compact(slice.values, as: UInt8.self, validity, slice.rowCount, to: scratch.dense)
        case 4: compact(slice.values, as: UInt32.self, validity, slice.rowCount, to: scratch.dense)
        default: compact(slice.values, as: UInt64.self, validity, slice.rowCount, to: scratch.dense)
        }
        return UnsafeRawPointer(scratch.dense)
    }

    /// Compresses the body and appends header, levels and body.
    private func finishPage(
        _ rowCount: Int, _ valueCount: Int, _ values: EncodedValues, _ scratch: PageScratch,
        to arena: PageArena
    ) {
        var bodyLength = scratch.body.count
        var isCompressed = false
        if let bits = values.constantBits, let key = constant.key, key == (bits, valueCount) {
            bodyLength = constant.uncompressedLength
            isCompressed = constant.isCompressed
            scratch.compressed.removeAll()
            constant.body.withUnsafeElements { scratch.compressed.append(contentsOf: $0) }
        } else {
            isCompressed = scratch.compressor.compress(scratch.body, compression, to: &scratch.compressed)
            if !isCompressed {
                scratch.compressed.removeAll()
                scratch.body.withUnsafeElements { scratch.compressed.append(contentsOf: $0) }
            }
            if let bits = values.constantBits {
                constant.key = (bits, valueCount)
                constant.uncompressedLength = bodyLength
                constant.isCompressed = isCompressed
                constant.body.removeAll()
                scratch.compressed.withUnsafeElements { constant.body.append(contentsOf: $0) }
            }
        }
        let levelsLength = scratch.levels.count
        let header = PageHeader(
            uncompressedSize: levelsLength + bodyLength,
            compressedSize: levelsLength + scratch.compressed.count,
            checksum: scratch.levels.withUnsafeElements { levels in
                scratch.compressed.withUnsafeElements { body in
                    checksum(UnsafeRawBufferPointer(body), after: checksum(UnsafeRawBufferPointer(levels)))
                }
            },
            body: .dataV2(
                valueCount: rowCount, nullCount: rowCount - valueCount, rowCount: rowCount,
                encoding: values.encoding.rawValue, definitionBytes: levelsLength, repetitionBytes: 0,
                isCompressed: isCompressed))
        scratch.header.bytes.removeAll()
        header.encode(into: &scratch.header)
        let headerLength = scratch.header.bytes.count
        pages.append(
            EncodedPage(
                start: arena.append(scratch.header.bytes, scratch.levels, scratch.compressed),
                length: headerLength + levelsLength + scratch.compressed.count,
                uncompressedLength: headerLength + levelsLength + bodyLength, rowCount: rowCount,
                nullCount: rowCount - valueCount, encoding: values.encoding, bounds: values.bounds))
    }

    // MARK: Dictionary page

    /// The chunk's dictionary page with its header, or nil when no page uses a dictionary.
    func encodeDictionaryPage(
        _ scratch: PageScratch, to out: inout Buffer<UInt8>
    ) -> (length: Int, uncompressed: Int)? {
        if choice == .dictionary { closeDictionary() }
        guard dictionaryCount > 0 else { return nil }
        let isCompressed = scratch.compressor.compress(dictionaryBody, compression, to: &scratch.compressed)
        // Unlike a data page, a dictionary page cannot say that it is stored as it is.
        if !isCompressed, compression == .none {
            dictionaryBody.withUnsafeElements { scratch.compressed.append(contentsOf: $0) }
        }
        let header = PageHeader(
            uncompressedSize: dictionaryBody.count, compressedSize: scratch.compressed.count,
            checksum: scratch.compressed.withUnsafeElements { checksum(UnsafeRawBufferPointer($0)) },
            body: .dictionary(valueCount: dictionaryCount, encoding: Encoding.plain.rawValue))
        let start = out.count
        scratch.header.bytes.removeAll()
        header.encode(into: &scratch.header)
        scratch.header.bytes.withUnsafeElements { out.append(contentsOf: $0) }
        let headerLength = out.count - start
        scratch.compressed.withUnsafeElements { out.append(contentsOf: $0) }
        return (out.count - start, headerLength + dictionaryBody.count)
    }

    /// Writes the entries that pages use so far to the dictionary's body.
    func closeDictionary() {
        dictionaryBody.removeAll()
        switch definition.type {
        case .symbols(let list): if dictionaryCount > 0 { for symbol in list { appendPlain(symbol) } }
        case .string:
            for index in 0..<dictionaryCount {
                let range = pool.range(of: index)
                appendLittleEndian(UInt32(range.count), to: &dictionaryBody)
                pool.bytes.withUnsafeElements {
                    dictionaryBody.append(contentsOf: UnsafeBufferPointer(rebasing: $0[range]))
                }
            }
        case .int32, .date:
            for index in 0..<dictionaryCount {
                appendLittleEndian(Int32(truncatingIfNeeded: integers.values[index]), to: &dictionaryBody)
            }
        default:
            for index in 0..<dictionaryCount {
                appendLittleEndian(integers.values[index], to: &dictionaryBody)
            }
        }
    }

    private func appendPlain(_ string: String) {
        appendLittleEndian(UInt32(string.utf8.count), to: &dictionaryBody)
        for byte in string.utf8 { dictionaryBody.append(byte) }
    }

    /// Forgets the chunk; the next page begins a new one.
    func beginChunk() {
        pages.removeAll(keepingCapacity: true)
        choice = .undecided
        dictionaryCount = 0
        dictionaryBody.removeAll()
        if integers.count > 0 { integers.removeAll() }
        if pool.count > 0 { pool.removeAll() }
    }
}

func appendLittleEndian<T: FixedWidthInteger>(_ value: T, to bytes: inout Buffer<UInt8>) {
    withUnsafeBytes(of: value.littleEndian) { raw in
        for byte in raw { bytes.append(byte) }
    }
}

/// How many flags are set. O(flags), 8 at a time.
func countTrue(_ flags: UnsafeBufferPointer<Bool>) -> Int {
    var count = 0
    flags.withMemoryRebound(to: UInt8.self) { bytes in
        for byte in bytes { count &+= Int(byte) }
    }
    return count
}

/// Copies the elements whose flag is set. `out` has room for all of them. O(count), without branches.
private func compact<T: BitwiseCopyable>(
    _ source: UnsafeRawPointer, as type: T.Type, _ validity: UnsafePointer<Bool>, _ count: Int,
    to out: UnsafeMutableRawPointer
) {
    let values = source.assumingMemoryBound(to: T.self)
    let target = out.bindMemory(to: T.self, capacity: count)
    var n = 0
    for i in 0..<count {
        target[n] = values[i]
        n &+= validity[i] ? 1 : 0
    }
}
