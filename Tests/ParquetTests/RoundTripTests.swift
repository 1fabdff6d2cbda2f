import Columnar
import Parquet
import Testing

/// What is written is read back, value by value.
struct RoundTripTests {
    static let compressions: [Compression] = [.none, .lz4, .zstd(level: 1), .zstd(level: 19)]

    @Test(arguments: [0, 1, 2, 7, 8, 9, 31, 32, 33, 127, 128, 129, 130, 1000, 10_007], compressions)
    func `every type comes back, with and without nulls`(rows: Int, compression: Compression) throws {
        let frame = Formula.frame(rows: rows)
        let file = TemporaryFile(try frame.encoded(compression).bytes)
        let back = try Frame.read(file.path)
        #expect(back.firstDifference(from: frame) == nil)
        for (found, written) in zip(back.shape.columns, frame.shape.columns) {
            #expect(found.name == written.name)
            #expect(found.isNullable == written.isNullable)
            if case .symbols = written.type {
                #expect(found.type == .string)
            } else {
                #expect(found.type == written.type)
            }
        }
    }

    @Test func `pages and row groups come back in order`() throws {
        let rows = (1 << 20) + (1 << 17) + 5
        let frame = Formula.frame(
            rows: rows,
            Formula.all.filter { ["ordinal", "growing", "text", "sparse", "maybe"].contains($0.name) })
        let (bytes, summary) = try frame.encoded()
        #expect(summary.rowCount == rows)
        #expect(summary.byteCount == bytes.count)
        #expect(summary.rowGroupCount == 2)
        let file = TemporaryFile(bytes)
        let reader = try ParquetReader(path: file.path)
        #expect(reader.rowCount(ofRowGroup: 0) == 1 << 20)
        #expect(reader.rowCount(ofRowGroup: 1) == (1 << 17) + 5)
        #expect(try Frame.read(file.path).firstDifference(from: frame) == nil)
    }

    @Test func `a row group ends when its pages take 64 MiB`() throws {
        // 8 columns of incompressible doubles: 8 MiB a page of rows, so 8 pages reach the limit.
        let rows = 9 << 17
        let columns = (0..<8).map { column in
            (
                ColumnDefinition("c\(column)", .double),
                Cells.doubles(
                    (0..<rows).map {
                        Double(bitPattern: Formula.mix($0, UInt64(column)) & 0x7FEF_FFFF_FFFF_FFFF)
                    })
            )
        }
        let frame = Frame(
            columns + [(ColumnDefinition("ordinal", .int64), Formula.cells("ordinal", rows: rows)!)])
        let file = TemporaryFile(try frame.encoded(.lz4).bytes)
        let reader = try ParquetReader(path: file.path)
        #expect(reader.rowGroupCount == 2)
        #expect(reader.rowCount(ofRowGroup: 0) == 8 << 17)
    }

    @Test func `a page ends when a column's strings take 16 MiB`() throws {
        let long = String(repeating: "0123456789abcdef", count: 1 << 16)
        let rows = 40
        let frame = Frame([
            (ColumnDefinition("long", .string), .strings((0..<rows).map { "\($0 % 37)" + long })),
            (ColumnDefinition("n", .int32), .int32s((0..<rows).map { Int32($0) })),
        ])
        let whole = try frame.encoded(.zstd(level: 1))
        let file = TemporaryFile(whole.bytes)
        #expect(try Frame.read(file.path).firstDifference(from: frame) == nil)
        #expect(try frame.encoded(.zstd(level: 1), step: 3).bytes == whole.bytes)
    }

    @Test func `a negative zero is written as zero`() throws {
        for rows in [1, 3, 4, 5, 100] {
            let definition = ColumnDefinition("x", .double)
            let frame = Frame([(definition, .doubles((0..<rows).map { $0 % 2 == 0 ? -0.0 : 1.5 }))])
            let file = TemporaryFile(try frame.encoded().bytes)
            let expected = Frame([(definition, .doubles((0..<rows).map { $0 % 2 == 0 ? 0.0 : 1.5 }))])
            #expect(try Frame.read(file.path).firstDifference(from: expected) == nil)
        }
    }

    @Test(arguments: 0...64) func `integers of every width come back`(width: Int) throws {
        // The differences of neighbours take the width, or wrap around.
        let rows = 300
        let mask = width == 0 ? 0 : ~UInt64(0) >> UInt64(64 - width)
        let wide = (0..<rows).map { Int64(bitPattern: Formula.mix($0, 1) & mask) }
        var sum: Int64 = 0
        let sums = wide.map { (step: Int64) -> Int64? in
            sum &+= step
            return sum
        }
        let frame = Frame([
            (ColumnDefinition("a", .int64), .int64s(wide)),
            (ColumnDefinition("t", .timestampNanos), .int64s(wide)),
            (ColumnDefinition("b", .int32), .int32s(wide.map { Int32(truncatingIfNeeded: $0) })),
            (
                ColumnDefinition("up", .int64),
                .int64s(sums)
            ),
        ])
        let file = TemporaryFile(try frame.encoded(.none).bytes)
        #expect(try Frame.read(file.path).firstDifference(from: frame) == nil)
    }

    @Test(arguments: 1...14) func `dictionaries of every width come back`(width: Int) throws {
        let distinct = UInt64(1) << UInt64(width)
        let rows = 60_000
        let frame = Frame([
            (
                ColumnDefinition("a", .int64),
                .int64s(
                    (0..<rows).map { Int64(bitPattern: Formula.mix(Int(Formula.mix($0, 1) % distinct), 2)) })
            ),
            (
                ColumnDefinition("s", .string, isNullable: true),
                .strings((0..<rows).map { $0 % 17 == 0 ? nil : "\(Formula.mix($0 / 3, 3) % distinct)" })
            ),
        ])
        let file = TemporaryFile(try frame.encoded(.none).bytes)
        #expect(try Frame.read(file.path).firstDifference(from: frame) == nil)
    }

    @Test func `runs of every length come back`() throws {
        var values: [Int32?] = []
        for length in 1...200 {
            values += Array(repeating: Int32(length % 3), count: length)
            if length % 7 == 0 { values += [nil, 1, nil] }
            if length % 50 == 0 { values += Array(repeating: nil, count: length) }
        }
        for dropped in 0..<20 {
            let cells = Array(values.dropLast(dropped))
            let frame = Frame([
                (ColumnDefinition("n", .int32, isNullable: true), .int32s(cells)),
                (
                    ColumnDefinition("b", .boolean, isNullable: true),
                    .booleans(cells.map { $0.map { $0 == 1 } })
                ),
                (
                    ColumnDefinition("s", .symbols(["0", "1", "2"]), isNullable: true),
                    .strings(cells.map { $0.map { "\($0)" } })
                ),
            ])
            let file = TemporaryFile(try frame.encoded(.none).bytes)
            #expect(try Frame.read(file.path).firstDifference(from: frame) == nil)
        }
    }

    @Test func `canonically equal strings of different bytes stay different`() throws {
        let frame = Frame([(ColumnDefinition("s", .string), .strings(["é", "e\u{301}", "é", "\0", ""]))])
        let file = TemporaryFile(try frame.encoded().bytes)
        #expect(try Frame.read(file.path).firstDifference(from: frame) == nil)
    }
}
