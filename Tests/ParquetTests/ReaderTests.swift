import Columnar
import Parquet
import Testing

/// Reading into tables: projection, conversion, and what does not fit.
struct ReaderTests {
    enum Side: UInt8, ColumnSymbol {
        case none, bid, ask
        static let symbols = ["N", "B", "A"]
    }

    struct Trades: ~Copyable, Table {
        static let shape = Shape([
            ColumnDefinition("ordinal", .int64), ColumnDefinition("side", .symbols(Side.symbols)),
            ColumnDefinition("sparse", .double, isNullable: true), ColumnDefinition("name", .string),
            ColumnDefinition("text", .string, isNullable: true),
        ])
        var ordinal = Column<Int64>()
        var side = SymbolColumn<Side>()
        var sparse = OptionalColumn<Double>()
        var name = StringColumn()
        var text = OptionalStringColumn()

        init() {}
        var count: Int { ordinal.count }
        mutating func removeAll() {
            ordinal.removeAll()
            side.removeAll()
            sparse.removeAll()
            name.removeAll()
            text.removeAll()
        }
        borrowing func withViews<R, E: Error>(_ body: ([ColumnView]) throws(E) -> R) throws(E) -> R {
            try ordinal.withView { (a) throws(E) -> R in
                try side.withView { (b) throws(E) -> R in
                    try sparse.withView { (c) throws(E) -> R in
                        try name.withView { (d) throws(E) -> R in
                            try text.withView { (e) throws(E) -> R in try body([a, b, c, d, e]) }
                        }
                    }
                }
            }
        }
        mutating func append(_ view: ColumnView, toColumn index: Int) {
            switch index {
            case 0: ordinal.append(view)
            case 1: side.append(view)
            case 2: sparse.append(view)
            case 3: name.append(view)
            default: text.append(view)
            }
        }
    }

    /// A file whose columns are in another order than the table's, and more.
    private func file(rows: Int) throws -> TemporaryFile {
        TemporaryFile(try Formula.frame(rows: rows).encoded().bytes)
    }

    @Test func `a table is filled batch by batch, columns found by name`() throws {
        let rows = (1 << 17) + 100
        let file = try file(rows: rows)
        var reader = try ParquetReader(path: file.path)
        #expect(reader.rowCount == rows)
        var table = Trades()
        var row = 0
        var batches: [Int] = []
        while try reader.next(into: &table) {
            batches.append(table.count)
            for i in stride(from: 0, to: table.count, by: 97) {
                let at = row + i
                #expect(table.ordinal[i] == Int64(at))
                #expect(table.side[i].symbol == ["N", "B", "A"][Int(Formula.mix(at, 11) % 3)])
                #expect(table.sparse[i] == (Formula.mix(at, 16) % 4 == 0 ? Double(at) * 0.1 : nil))
                #expect(table.name[i] == "name-\(Formula.mix(at, 13) % 200)")
            }
            row += table.count
        }
        #expect(batches == [1 << 17, 100])
        #expect(try reader.next(into: &table) == false)
    }

    @Test func `columns nobody asks for stay empty, and may be asked for later`() throws {
        let rows = (1 << 17) * 3
        let file = try file(rows: rows)
        var reader = try ParquetReader(path: file.path)
        var table = Trades()
        #expect(try reader.next(into: &table, columns: [0]))
        #expect(table.ordinal.count == 1 << 17)
        #expect(table.name.count == 0)
        #expect(try reader.next(into: &table, columns: [1, 3]))
        #expect(table.ordinal.count == 0)
        #expect(table.name[5] == "name-\(Formula.mix((1 << 17) + 5, 13) % 200)")
        #expect(try reader.next(into: &table))
        #expect(table.ordinal[7] == Int64(2 << 17) + 7)
        #expect(table.sparse.count == 1 << 17)
    }

    @Test func `what a table wrote, it reads`() throws {
        var table = Trades()
        for i in 0..<1000 {
            table.ordinal.append(Int64(i))
            table.side.append([Side.none, .bid, .ask][i % 3])
            table.sparse.append(i % 2 == 0 ? nil : Double(i))
            table.name.append("n\(i % 10)")
            table.text.append(i % 5 == 0 ? nil : "t\(i)")
        }
        final class Bytes { var bytes: [UInt8] = [] }
        let out = Bytes()
        var writer = ParquetWriter(shape: Trades.shape, sink: { out.bytes.append(contentsOf: $0) })
        try writer.write(table)
        _ = try writer.finish()
        let file = TemporaryFile(out.bytes)
        var reader = try ParquetReader(path: file.path)
        var back = Trades()
        #expect(try reader.next(into: &back))
        #expect(back.count == 1000)
        #expect(back.side[2] == .ask)
        #expect(back.text[995] == nil)
        #expect(back.text[996] == "t996")
    }

    @Test func `what other programs write otherwise is read too`() throws {
        for (name, bytes) in ForeignFiles.all {
            let file = TemporaryFile(bytes)
            let frame = try Frame.read(file.path)
            #expect(frame.rowCount == 20)
            #expect(
                frame.firstDifference(from: Formula.frame(rows: 20, frame.shape.columns)) == nil, "\(name)")
        }
    }

    private func failure(_ frame: Frame, as shape: Shape) throws -> ParquetError? {
        let file = TemporaryFile(try frame.encoded().bytes)
        do {
            _ = try Frame.read(file.path, as: shape)
            return nil
        } catch let error as ParquetError {
            return error
        }
    }

    @Test func `a column that is missing, of another type or null is a mismatch`() throws {
        let frame = Frame([
            (ColumnDefinition("x", .int64, isNullable: true), .int64s([1, nil])),
            (ColumnDefinition("s", .string), .strings(["A", "Q"])),
        ])
        for wanted in [
            ColumnDefinition("y", .int64), ColumnDefinition("x", .int32),
            ColumnDefinition("x", .timestampNanos),
            ColumnDefinition("x", .int64), ColumnDefinition("s", .symbols(["A", "B"])),
        ] {
            let error = try failure(frame, as: Shape([wanted]))
            #expect(error?.kind == .mismatch)
            #expect(error?.region == .table)
            #expect(error?.message.contains(wanted.name) == true)
        }
        #expect(try failure(frame, as: Shape([ColumnDefinition("s", .symbols(["Q", "A"]))])) == nil)
    }

    @Test func `a file that is not there, or no file, is said to be so`() {
        #expect(throws: ParquetError.self) { _ = try Frame.read("/tmp/there is no such file.parquet") }
        #expect(throws: ParquetError.self) { _ = try Frame.read("/tmp") }
        do {
            _ = try Frame.read("/tmp/there is no such file.parquet")
        } catch {
            #expect((error as? ParquetError)?.kind == .system(2))
            #expect("\(error)".contains("/tmp/there is no such file.parquet"))
        }
    }

    @Test func `memory stays below the limit that the caller sets`() throws {
        let file = try file(rows: 200_000)
        do {
            _ = try Frame.read(file.path, memoryLimit: 1 << 20)
            Issue.record("a batch of 29 columns fits in 1 MiB?")
        } catch let error as ParquetError {
            #expect(error.kind == .limit)
        }
    }
}
