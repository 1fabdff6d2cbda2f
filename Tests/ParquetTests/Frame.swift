import Columnar
import Glibc
import Parquet

/// The rows of one column, as a test states them.
enum Cells {
    case booleans([Bool?])
    case int32s([Int32?])
    case int64s([Int64?])
    case doubles([Double?])
    case strings([String?])

    var count: Int {
        switch self {
        case .booleans(let v): v.count
        case .int32s(let v): v.count
        case .int64s(let v): v.count
        case .doubles(let v): v.count
        case .strings(let v): v.count
        }
    }

    /// Row of the first cell that differs; doubles by their bits, strings by their bytes.
    func firstDifference(from other: Cells) -> Int? {
        func compare<T>(_ a: [T?], _ b: [T?], _ isEqual: (T, T) -> Bool) -> Int? {
            for row in 0..<max(a.count, b.count) {
                guard row < a.count, row < b.count else { return row }
                switch (a[row], b[row]) {
                case (nil, nil): continue
                case (let x?, let y?) where isEqual(x, y): continue
                default: return row
                }
            }
            return nil
        }
        switch (self, other) {
        case (.booleans(let a), .booleans(let b)): return compare(a, b, ==)
        case (.int32s(let a), .int32s(let b)): return compare(a, b, ==)
        case (.int64s(let a), .int64s(let b)): return compare(a, b, ==)
        case (.doubles(let a), .doubles(let b)): return compare(a, b) { $0.bitPattern == $1.bitPattern }
        case (.strings(let a), .strings(let b)): return compare(a, b) { $0.utf8.elementsEqual($1.utf8) }
        default: return 0
        }
    }

    /// Appends rows of a column of `type`, whose list symbols are indices of.
    mutating func append(_ view: ColumnView, _ type: ColumnType) {
        func cells<T>(_ values: UnsafeBufferPointer<T>) -> [T?] {
            guard let validity = view.validity else { return Array(values) }
            return zip(values, validity).map { $1 ? $0 : nil }
        }
        switch (self, view.values) {
        case (.booleans(let old), .boolean(let new)): self = .booleans(old + cells(new))
        case (.int32s(let old), .int32(let new)): self = .int32s(old + cells(new))
        case (.int64s(let old), .int64(let new)): self = .int64s(old + cells(new))
        case (.doubles(let old), .double(let new)): self = .doubles(old + cells(new))
        case (.strings(let old), .strings(let new, let strings)):
            self = .strings(old + cells(new).map { $0.map { strings[Int($0)] } })
        case (.strings(let old), .symbols(let new)):
            guard case .symbols(let list) = type else { preconditionFailure("symbols without a list") }
            self = .strings(old + cells(new).map { $0.map { list[Int($0)] } })
        default: preconditionFailure("cells of another type")
        }
    }

    static func empty(_ type: ColumnType) -> Cells {
        switch type {
        case .boolean: .booleans([])
        case .int32, .date: .int32s([])
        case .int64, .timestampMillis, .timestampNanos: .int64s([])
        case .double: .doubles([])
        case .string, .symbols: .strings([])
        }
    }
}

/// A table as a test states it.
struct Frame {
    var shape: Shape
    var columns: [Cells]

    init(_ columns: [(ColumnDefinition, Cells)]) {
        shape = Shape(columns.map(\.0))
        self.columns = columns.map(\.1)
    }

    init(empty shape: Shape) {
        self.shape = shape
        columns = shape.columns.map { Cells.empty($0.type) }
    }

    var rowCount: Int { columns[0].count }

    /// Lends the rows as views.
    func withViews<R>(rows: Range<Int>? = nil, _ body: ([ColumnView]) throws -> R) rethrows -> R {
        let rows = rows ?? 0..<rowCount
        var frees: [() -> Void] = []
        defer { for free in frees { free() } }
        func lend<T>(_ values: [T]) -> UnsafeBufferPointer<T> {
            let buffer = UnsafeMutableBufferPointer<T>.allocate(capacity: max(values.count, 1))
            _ = buffer.initialize(from: values)
            frees.append { buffer.deallocate() }
            return UnsafeBufferPointer(rebasing: buffer[..<values.count])
        }
        func validity<T>(
            _ cells: ArraySlice<T?>, _ definition: ColumnDefinition
        ) -> UnsafeBufferPointer<Bool>? {
            definition.isNullable ? lend(cells.map { $0 != nil }) : nil
        }
        var views: [ColumnView] = []
        for (cells, definition) in zip(columns, shape.columns) {
            switch cells {
            case .booleans(let v):
                views.append(
                    ColumnView(
                        .boolean(lend(v[rows].map { $0 ?? true })), validity: validity(v[rows], definition)))
            case .int32s(let v):
                views.append(
                    ColumnView(
                        .int32(lend(v[rows].map { $0 ?? -77 })), validity: validity(v[rows], definition)))
            case .int64s(let v):
                views.append(
                    ColumnView(
                        .int64(lend(v[rows].map { $0 ?? -77 })), validity: validity(v[rows], definition)))
            case .doubles(let v):
                views.append(
                    ColumnView(
                        .double(lend(v[rows].map { $0 ?? .nan })), validity: validity(v[rows], definition)))
            case .strings(let v):
                let flags = validity(v[rows], definition)
                if case .symbols(let list) = definition.type {
                    let indices = v[rows].map { cell in cell.map { UInt8(list.firstIndex(of: $0)!) } ?? 0 }
                    views.append(ColumnView(.symbols(lend(indices)), validity: flags))
                } else {
                    var known: [[UInt8]: UInt32] = [:]
                    var strings: [String] = []
                    let codes = v[rows].map { cell -> UInt32 in
                        guard let cell else { return 0 }
                        let key = [UInt8](cell.utf8)
                        if let code = known[key] { return code }
                        known[key] = UInt32(strings.count)
                        strings.append(cell)
                        return UInt32(strings.count - 1)
                    }
                    views.append(ColumnView(.strings(lend(codes), strings), validity: flags))
                }
            }
        }
        return try body(views)
    }

    /// The bytes of the file that holds the frame.
    ///
    /// - Parameter step: rows of each call of the writer.
    func encoded(
        _ compression: Compression = .zstd(level: 1), step: Int? = nil,
        metadata: [(key: String, value: String)] = [],
        units: [String?]? = nil
    ) throws -> (bytes: [UInt8], summary: ParquetSummary) {
        final class Bytes { var bytes: [UInt8] = [] }
        let out = Bytes()
        var writer = ParquetWriter(
            shape: shape, metadata: metadata, columnUnits: units, compression: compression,
            sink: { out.bytes.append(contentsOf: $0) })
        var row = 0
        let step = step ?? max(rowCount, 1)
        while row < rowCount {
            let end = min(row + step, rowCount)
            try withViews(rows: row..<end) { try writer.write($0) }
            row = end
        }
        let summary = try writer.finish()
        return (out.bytes, summary)
    }

    /// Reads a whole file.
    static func read(
        _ path: String, as shape: Shape? = nil, memoryLimit: Int = 1 << 30, verifyChecksums: Bool = true
    ) throws -> Frame {
        var reader = try ParquetReader(path: path, memoryLimit: memoryLimit, verifyChecksums: verifyChecksums)
        var frame = Frame(empty: shape ?? reader.shape)
        while true {
            let more: Void? = try reader.nextViews(as: shape) { views in
                for (column, view) in views.enumerated() {
                    frame.columns[column].append(view, frame.shape.columns[column].type)
                }
            }
            if more == nil { return frame }
        }
    }

    /// Name and row of the first cell that differs.
    func firstDifference(from other: Frame) -> String? {
        for (column, definition) in shape.columns.enumerated() {
            if let row = columns[column].firstDifference(from: other.columns[column]) {
                return "\(definition.name), row \(row)"
            }
        }
        return nil
    }
}

/// A file that is gone with its last use.
final class TemporaryFile {
    let path: String

    init(_ bytes: [UInt8] = []) {
        var template = Array("/tmp/tarn-parquet-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        precondition(descriptor >= 0, "a temporary file can be made")
        close(descriptor)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        write(bytes)
    }

    deinit {
        unlink(path)
    }

    func write(_ bytes: [UInt8]) {
        let file = fopen(path, "wb")!
        defer { fclose(file) }
        precondition(bytes.isEmpty || fwrite(bytes, 1, bytes.count, file) == bytes.count, "the disk has room")
    }
}

func readBytes(_ path: String) -> [UInt8] {
    guard let file = fopen(path, "rb") else { return [] }
    defer { fclose(file) }
    fseek(file, 0, SEEK_END)
    var bytes = [UInt8](repeating: 0, count: ftell(file))
    rewind(file)
    let n = fread(&bytes, 1, bytes.count, file)
    precondition(n == bytes.count)
    return bytes
}
