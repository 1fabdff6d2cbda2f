import Columnar
import Parquet
import Testing

/// What the writer promises beside the values.
struct WriterTests {
    @Test func `the bytes do not depend on how rows are cut into calls`() throws {
        let rows = 300_000
        let frame = Formula.frame(
            rows: rows,
            Formula.all.filter {
                ["ts_ns", "growing", "text", "unique", "sparse", "maybe", "side_or_null", "half_null"]
                    .contains($0.name)
            })
        let whole = try frame.encoded().bytes
        for step in [131_072, 100_000, 65_537] {
            #expect(try frame.encoded(step: step).bytes == whole, "\(step) rows a call")
        }
        #expect(
            try Formula.frame(rows: 500).encoded(step: 1).bytes == Formula.frame(rows: 500).encoded().bytes)
    }

    @Test func `views with and without flags make one page`() throws {
        let definition = ColumnDefinition("x", .int64, isNullable: true)
        let frame = Frame([(definition, .int64s((0..<90).map { $0 % 40 == 35 ? nil : Int64($0) }))])
        final class Bytes { var bytes: [UInt8] = [] }
        let out = Bytes()
        var writer = ParquetWriter(shape: frame.shape, sink: { out.bytes.append(contentsOf: $0) })
        for start in stride(from: 0, to: 90, by: 30) {
            try frame.withViews(rows: start..<start + 30) { views in
                // Rows 0 to 29 have no nulls and need no flags.
                try writer.write(start == 0 ? [ColumnView(views[0].values)] : views)
            }
        }
        _ = try writer.finish()
        #expect(try out.bytes == frame.encoded().bytes)
    }

    @Test func `encodings are chosen by the kind of column and its values`() throws {
        let rows = 20_000
        let file = TemporaryFile(try Formula.frame(rows: rows).encoded().bytes)
        let reader = try ParquetReader(path: file.path)
        func encodings(_ name: String) -> [String] {
            reader.chunk(rowGroup: 0, column: reader.shape.index(of: name)!).encodings
        }
        #expect(encodings("ordinal") == ["DELTA_BINARY_PACKED"])
        #expect(encodings("ts_ns") == ["RLE", "DELTA_BINARY_PACKED"])
        #expect(encodings("wild64") == ["DELTA_BINARY_PACKED"])
        #expect(encodings("constant") == ["PLAIN", "RLE_DICTIONARY"])
        #expect(encodings("price") == ["PLAIN", "RLE", "RLE_DICTIONARY"])
        #expect(encodings("side") == ["PLAIN", "RLE_DICTIONARY"])
        #expect(encodings("name") == ["PLAIN", "RLE_DICTIONARY"])
        #expect(encodings("unique") == ["DELTA_LENGTH_BYTE_ARRAY"])
        #expect(encodings("value") == ["BYTE_STREAM_SPLIT"])
        #expect(encodings("zero") == ["BYTE_STREAM_SPLIT"])
        #expect(encodings("flag") == ["RLE"])
    }

    @Test func `a dictionary that grows too large is given up, and its pages stay`() throws {
        let rows = 1 << 18
        let half = rows / 2
        let values = (0..<rows).map { (row: Int) -> Int64? in
            row < half ? Int64(row % 100) * 1_000_003 : Int64(bitPattern: Formula.mix(row, 1))
        }
        let strings = (0..<rows).map { (row: Int) -> String? in
            row < half ? "s\(row % 100)" : "a longer string \(row)"
        }
        let frame = Frame([
            (ColumnDefinition("n", .int64), .int64s(values)),
            (ColumnDefinition("s", .string), .strings(strings)),
        ])
        let file = TemporaryFile(try frame.encoded().bytes)
        let reader = try ParquetReader(path: file.path)
        #expect(
            reader.chunk(rowGroup: 0, column: 0).encodings == [
                "PLAIN", "DELTA_BINARY_PACKED", "RLE_DICTIONARY",
            ])
        #expect(
            reader.chunk(rowGroup: 0, column: 1).encodings == [
                "PLAIN", "DELTA_LENGTH_BYTE_ARRAY", "RLE_DICTIONARY",
            ])
        #expect(try Frame.read(file.path).firstDifference(from: frame) == nil)
    }

    @Test func `statistics hold bounds and null counts`() throws {
        let frame = Frame([
            (ColumnDefinition("i", .int32, isNullable: true), .int32s([5, nil, -7, .max, nil])),
            (ColumnDefinition("l", .int64), .int64s([.min, 0, 1, .max, -1])),
            (ColumnDefinition("d", .double), .doubles([1, -2.5, 1e300, 0, -.infinity])),
            (ColumnDefinition("s", .string, isNullable: true), .strings(["b", "é", nil, "a", "az"])),
            (ColumnDefinition("e", .symbols(["Z", "A", "M"])), .strings(["M", "Z", "M", "Z", "Z"])),
            (ColumnDefinition("b", .boolean), .booleans([true, true, true, true, true])),
            (ColumnDefinition("n", .double, isNullable: true), .doubles([nil, nil, nil, nil, nil])),
            (ColumnDefinition("nan", .double), .doubles([.nan, 3, .nan, 2, .nan])),
            (ColumnDefinition("only_nan", .double), .doubles([.nan, .nan, .nan, .nan, .nan])),
        ])
        let file = TemporaryFile(try frame.encoded().bytes)
        let reader = try ParquetReader(path: file.path)
        func expect(_ column: Int, _ minimum: ParquetValue?, _ maximum: ParquetValue?, nulls: Int) {
            let chunk = reader.chunk(rowGroup: 0, column: column)
            #expect(chunk.minimum == minimum)
            #expect(chunk.maximum == maximum)
            #expect(chunk.nullCount == nulls)
        }
        expect(0, .integer(-7), .integer(Int64(Int32.max)), nulls: 2)
        expect(1, .integer(.min), .integer(.max), nulls: 0)
        expect(2, .double(-.infinity), .double(1e300), nulls: 0)
        expect(3, .string("a"), .string("é"), nulls: 1)
        expect(4, .string("M"), .string("Z"), nulls: 0)
        expect(5, .boolean(true), .boolean(true), nulls: 0)
        expect(6, nil, nil, nulls: 5)
        expect(7, .double(2), .double(3), nulls: 0)
        expect(8, nil, nil, nulls: 0)
        #expect(reader.chunk(rowGroup: 0, column: 7).hasPageIndex)
        // A page index cannot say that a page has values and no bounds.
        #expect(!reader.chunk(rowGroup: 0, column: 8).hasPageIndex)
    }

    @Test func `a zero bound includes both zeros`() throws {
        let frame = Frame([(ColumnDefinition("d", .double), .doubles([0, 0]))])
        let file = TemporaryFile(try frame.encoded().bytes)
        let chunk = try ParquetReader(path: file.path).chunk(rowGroup: 0, column: 0)
        guard case .double(let low) = chunk.minimum, case .double(let high) = chunk.maximum else {
            Issue.record("no bounds")
            return
        }
        #expect(low.sign == .minus && low == 0)
        #expect(high.sign == .plus && high == 0)
    }

    @Test func `metadata and units are kept in order`() throws {
        let frame = Formula.frame(rows: 10, Array(Formula.all[0..<3]))
        let metadata = [(key: "z", value: "1"), (key: "a", value: "ü"), (key: "empty", value: "")]
        let file = TemporaryFile(try frame.encoded(metadata: metadata, units: ["ordinal", nil, "ms"]).bytes)
        let reader = try ParquetReader(path: file.path)
        #expect(reader.metadata.map(\.key) == ["z", "a", "empty"])
        #expect(reader.metadata("a") == "ü")
        #expect(reader.metadata("b") == nil)
        #expect(reader.chunk(rowGroup: 0, column: 0).metadata.map(\.value) == ["ordinal"])
        #expect(reader.chunk(rowGroup: 0, column: 1).metadata.isEmpty)
        #expect(reader.chunk(rowGroup: 0, column: 2).metadata.map(\.key) == ["unit"])
    }

    @Test func `constant pages cost next to nothing`() throws {
        let rows = 1 << 20
        let frame = Frame([
            (ColumnDefinition("i", .int32), .int32s(Array(repeating: 160, count: rows))),
            (ColumnDefinition("t", .timestampNanos), .int64s(Array(repeating: 1, count: rows))),
            (ColumnDefinition("d", .double), .doubles(Array(repeating: 0, count: rows))),
        ])
        #expect(try frame.encoded().bytes.count < 8 * 3 * 200)
    }

    @Test func `an error of the sink ends the call`() throws {
        struct Full: Error {}
        let frame = Formula.frame(rows: 10)
        var writer = ParquetWriter(shape: frame.shape, sink: { _ in throw Full() })
        try frame.withViews { try writer.write($0) }
        do {
            _ = try writer.finish()
            Issue.record("the file was not written, and nobody said so")
        } catch {
            #expect(error is Full)
        }
    }

    @Test(arguments: [
        ("none", Compression.none), ("lz4", .lz4), ("zstd:1", .zstd(level: 1)), ("zstd:22", .zstd(level: 22)),
    ])
    func `compressions have one spelling`(text: String, compression: Compression) {
        #expect(Compression(parsing: text) == compression)
        #expect(compression.description == text)
    }

    @Test(arguments: [
        "", "zstd", "zstd:", "zstd:0", "zstd:01", "zstd:23", "zstd:-1", "zstd:1 ", "ZSTD:1", "gzip", "zstd:٣",
    ])
    func `other compressions are refused`(text: String) {
        #expect(Compression(parsing: text) == nil)
    }
}
