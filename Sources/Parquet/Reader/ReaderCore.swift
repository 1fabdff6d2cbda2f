import Columnar

/// The reader's state: the footer, and how far which column is read.
final class ReaderCore {
    let metadata: FileMetadata
    let shape: Shape
    private let file: RandomAccessFile
    private let decoders: [ColumnDecoder]
    /// The row group each decoder is in.
    private var decoderRowGroups: [Int]
    private var rowGroup = 0
    /// Rows of the row group that were served.
    private var row = 0
    /// Memory that turns a batch of strings into symbols, per column.
    private var symbols: [Int: SymbolBatch] = [:]

    /// A column of the wanted shape and its column in the file.
    struct Binding {
        let column: Int
        let fileColumn: Int
        let wanted: ColumnDefinition
    }

    init(path: String, memoryLimit: Int, verifyChecksums: Bool) throws(ParquetError) {
        let file = try RandomAccessFile(path: path)
        let footer = try Footer(of: file, limit: memoryLimit / 32)
        let limit = min(memoryLimit, Limits.memory(forFileOf: min(file.size, memoryLimit)))
        let shared = SharedDecoding(MemoryBudget(limit: limit), verifyChecksums)
        self.file = file
        metadata = footer.metadata
        shape = footer.shape
        decoders = zip(footer.shape.columns, footer.types).map { ColumnDecoder(file, $0, $1, shared) }
        decoderRowGroups = footer.types.map { _ in -1 }
    }

    func decoder(_ column: Int) -> ColumnDecoder { decoders[column] }

    // MARK: Columns

    /// Finds the file's columns for those wanted of a shape.
    func bind(to wanted: Shape, _ columns: [Int]?) throws(ParquetError) -> [Binding] {
        var bindings: [Binding] = []
        for column in columns ?? Array(wanted.columns.indices) {
            let definition = wanted.columns[column]
            guard let fileColumn = shape.index(of: definition.name) else {
                throw mismatch("there is no column \(definition.name)")
            }
            let found = shape.columns[fileColumn].type
            var isEqual = found == definition.type
            if case .symbols = definition.type { isEqual = found == .string }
            guard isEqual else {
                throw mismatch("column \(definition.name) is \(found), where \(definition.type) is wanted")
            }
            bindings.append(Binding(column: column, fileColumn: fileColumn, wanted: definition))
        }
        return bindings
    }

    private func mismatch(_ message: String) -> ParquetError {
        ParquetError(.mismatch, path: file.path, region: .table, offset: 0, message: message)
    }

    // MARK: Batches

    /// Rows of the next batch, or nil at the end.
    func beginBatch() throws(ParquetError) -> Int? {
        while rowGroup < metadata.rowGroups.count, row == metadata.rowGroups[rowGroup].rowCount {
            rowGroup += 1
            row = 0
        }
        guard rowGroup < metadata.rowGroups.count else { return nil }
        return min(Limits.pageRows, metadata.rowGroups[rowGroup].rowCount - row)
    }

    func endBatch(_ rows: Int) {
        row += rows
    }

    /// The batch's rows of one column; they lie in the column's memory until it reads again.
    func read(_ binding: Binding, _ rows: Int) throws(ParquetError) -> ColumnView {
        let decoder = decoders[binding.fileColumn]
        if decoderRowGroups[binding.fileColumn] != rowGroup {
            try decoder.beginChunk(metadata.rowGroups[rowGroup].columns[binding.fileColumn])
            decoderRowGroups[binding.fileColumn] = rowGroup
        }
        if decoder.row < row { try decoder.skip(row - decoder.row) }
        precondition(decoder.row == row, "a column is read once a batch")
        try decoder.read(rows)
        if !binding.wanted.isNullable, decoder.nullCount > 0 {
            throw mismatch("column \(binding.wanted.name) has nulls, where none are allowed")
        }
        let isNullable = decoder.definition.isNullable && binding.wanted.isNullable
        let validity =
            isNullable
            ? UnsafeBufferPointer(
                start: decoder.validity.start.assumingMemoryBound(to: Bool.self), count: rows) : nil
        guard case .symbols(let list) = binding.wanted.type else {
            return ColumnView(decoder.viewValues(rows), validity: validity)
        }
        let batch = symbols[binding.fileColumn] ?? SymbolBatch()
        symbols[binding.fileColumn] = batch
        let codes = UnsafeBufferPointer(
            start: decoder.values.start.assumingMemoryBound(to: UInt32.self), count: rows)
        do {
            let indices = try batch.map(codes, decoder.strings, to: list, validity)
            return ColumnView(.symbols(indices), validity: validity)
        } catch {
            throw mismatch("column \(binding.wanted.name): \(error.message)")
        }
    }
}

extension ColumnDecoder {
    /// The batch's rows in the type of the column.
    func viewValues(_ rows: Int) -> ColumnView.Values {
        func elements<T>(_: T.Type) -> UnsafeBufferPointer<T> {
            UnsafeBufferPointer(start: values.start.assumingMemoryBound(to: T.self), count: rows)
        }
        switch type {
        case .boolean: return .boolean(elements(Bool.self))
        case .int32: return .int32(elements(Int32.self))
        case .int64: return .int64(elements(Int64.self))
        case .double: return .double(elements(Double.self))
        default: return .strings(elements(UInt32.self), strings)
        }
    }
}

/// Turns a batch of strings into indices of a contract's list.
final class SymbolBatch {
    private var indices = Buffer<UInt8>()

    /// Indices of the list's symbols, until the next call. Only strings that occur must be in the list.
    func map(
        _ codes: UnsafeBufferPointer<UInt32>, _ strings: [String], to list: [String],
        _ validity: UnsafeBufferPointer<Bool>?
    ) throws(FormatError) -> UnsafeBufferPointer<UInt8> {
        let known = strings.map { string in list.firstIndex { $0.utf8.elementsEqual(string.utf8) } ?? -1 }
        indices.removeAll()
        for (row, code) in codes.enumerated() {
            guard validity?[row] ?? true else {
                indices.append(0)
                continue
            }
            let index = known[Int(code)]
            guard index >= 0 else {
                throw FormatError("'\(strings[Int(code)])' is not one of \(list.joined(separator: " "))")
            }
            indices.append(UInt8(index))
        }
        return indices.withUnsafeElements { $0 }
    }
}
