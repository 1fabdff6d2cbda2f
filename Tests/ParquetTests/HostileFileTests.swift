import Columnar
import Parquet
import Testing

/// Files that are damaged, cut short or made to hurt end in an error, never in a trap, and never hang.
struct HostileFileTests {
    enum Outcome: Equatable {
        case rows(Int)
        case failure(ParquetError.Kind)
    }

    private func outcome(_ bytes: [UInt8], _ file: TemporaryFile, verifyChecksums: Bool = false) -> Outcome {
        file.write(bytes)
        do {
            var reader = try ParquetReader(
                path: file.path, memoryLimit: 64 << 20, verifyChecksums: verifyChecksums)
            var rows = 0
            while rows < 1 << 22, let n = try reader.nextViews({ $0[0].count }) { rows += n }
            for group in 0..<reader.rowGroupCount {
                for column in reader.shape.columns.indices {
                    _ = reader.chunk(rowGroup: group, column: column)
                }
            }
            return .rows(rows)
        } catch let error as ParquetError {
            _ = "\(error)"
            return .failure(error.kind)
        } catch {
            Issue.record("an error of another type: \(error)")
            return .failure(.corrupt)
        }
    }

    private static func sample(_ rows: Int, _ names: [String], _ compression: Compression) throws -> [UInt8] {
        try Formula.frame(rows: rows, Formula.all.filter { names.contains($0.name) })
            .encoded(compression, metadata: [("key", "value")], units: names.map { _ in "unit" }).bytes
    }

    /// Small files that together have every type, encoding and kind of page that tarn writes.
    static func samples() throws -> [[UInt8]] {
        try [
            sample(20, ["ordinal", "ts_ns", "day", "constant", "price"], .none),
            sample(20, ["few", "wild64", "extreme32", "flag", "maybe"], .none),
            sample(20, ["side_or_null", "name", "unique", "text", "null_text"], .none),
            sample(20, ["sparse", "zero", "special", "null_double", "half_null"], .none),
            sample(100, ["ordinal", "text", "sparse"], .zstd(level: 1)),
            sample(100, ["ordinal", "text", "sparse"], .lz4),
        ]
    }

    @Test(arguments: 0..<6) func `no changed byte traps, with checksums or without`(index: Int) throws {
        let bytes = try Self.samples()[index]
        let file = TemporaryFile()
        for position in bytes.indices {
            for change in [0x01, 0x80, UInt8(truncatingIfNeeded: Formula.mix(position, 99)) | 2] {
                var damaged = bytes
                damaged[position] ^= change
                _ = outcome(damaged, file)
            }
            var damaged = bytes
            damaged[position] ^= 0x10
            _ = outcome(damaged, file, verifyChecksums: true)
        }
    }

    @Test(arguments: 0..<6) func `no file cut short is read as a whole one`(index: Int) throws {
        let bytes = try Self.samples()[index]
        let file = TemporaryFile()
        for length in 0..<bytes.count {
            #expect(outcome(Array(bytes[..<length]), file) == .failure(.corrupt))
        }
        // A cut in the middle, with a whole footer behind it.
        for length in stride(from: 1, to: bytes.count - 12, by: 7) {
            _ = outcome(Array(bytes[..<4] + bytes[(4 + length)...]), file)
        }
    }

    @Test(arguments: 0..<6) func `several changed bytes do not trap`(index: Int) throws {
        let bytes = try Self.samples()[index]
        let file = TemporaryFile()
        for round in 0..<1000 {
            var damaged = bytes
            for i in 0..<UInt64(2 + round % 6) {
                let bits = Formula.mix(round, 1000 + i)
                damaged[Int(bits % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: bits >> 40)
            }
            _ = outcome(damaged, file)
        }
    }

    @Test(arguments: 0..<6) func `a changed byte of a page is found by its checksum`(index: Int) throws {
        let bytes = try Self.samples()[index]
        let file = TemporaryFile(bytes)
        let reader = try ParquetReader(path: file.path)
        var pageBytes = 0
        for column in reader.shape.columns.indices {
            pageBytes += reader.chunk(rowGroup: 0, column: column).compressedByteCount
        }
        let whole = outcome(bytes, file, verifyChecksums: true)
        var unnoticed = 0
        for position in 4..<4 + pageBytes {
            var damaged = bytes
            damaged[position] ^= 0x20
            if outcome(damaged, file, verifyChecksums: true) == whole { unnoticed += 1 }
        }
        // Headers have no checksum of their own, and some of what they say nobody needs.
        #expect(unnoticed * 20 < pageBytes)
    }

    @Test func `no changed byte of a foreign file traps`() {
        let file = TemporaryFile()
        for (_, bytes) in ForeignFiles.all {
            for position in bytes.indices {
                for change in [0x01, 0x80, UInt8(truncatingIfNeeded: Formula.mix(position, 99)) | 2] {
                    var damaged = bytes
                    damaged[position] ^= change
                    _ = outcome(damaged, file)
                }
            }
        }
    }

    // MARK: Footers made by hand

    private func file(footer: [UInt8], length: Int? = nil) -> [UInt8] {
        let n = UInt32(truncatingIfNeeded: length ?? footer.count)
        return Array("PAR1".utf8) + footer + (0..<4).map { UInt8(truncatingIfNeeded: n >> UInt32(8 * $0)) }
            + Array("PAR1".utf8)
    }

    @Test func `footers without sense are refused`() {
        let target = TemporaryFile()
        let footers: [[UInt8]] = [
            [], [0], [0xFF], Array(repeating: 0, count: 100), Array(repeating: 0xFF, count: 100),
            // Structures in structures, in a field that readers skip.
            Array(repeating: 0x9C, count: 100_000),
            // Lists of lists, likewise.
            [0x99] + Array(repeating: 0x19, count: 100_000),
            // A list of 2^62 structures.
            [0x29, 0xFC, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40],
            // A text of 2^62 bytes.
            [0x68, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40],
            // A number of 11 bytes.
            [0x36] + Array(repeating: 0xFF, count: 11),
            // A map that is larger than the file.
            [0x9B, 0xFF, 0xFF, 0x03, 0x11],
            // No columns, no rows, no row groups.
            [0x15, 0x04, 0x19, 0x1C, 0x48, 0x01, 0x73, 0x15, 0x00, 0x00, 0x16, 0x00, 0x19, 0x0C, 0x00],
        ]
        for footer in footers {
            guard case .failure(let kind) = outcome(file(footer: footer), target) else {
                Issue.record("\(footer.prefix(20)) was taken for a footer")
                continue
            }
            #expect(kind == .corrupt || kind == .unsupported)
        }
        for length in [1, 4, 100, Int(Int32.max), Int(UInt32.max)] {
            #expect(outcome(file(footer: [], length: length), target) == .failure(.corrupt))
        }
    }

    @Test func `files of other kinds are refused`() {
        let target = TemporaryFile()
        #expect(outcome(Array("PAR1xxxxxxxxPARE".utf8), target) == .failure(.unsupported))
        #expect(outcome(Array("PARExxxxxxxxPARE".utf8), target) == .failure(.corrupt))
        #expect(outcome(Array("{\"not\": \"parquet at all\"}".utf8), target) == .failure(.corrupt))
    }

    @Test func `an error says where`() throws {
        var bytes = try Self.samples()[0]
        bytes[100] ^= 1
        let file = TemporaryFile(bytes)
        do {
            _ = try Frame.read(file.path)
            Issue.record("the damage was not found")
        } catch let error as ParquetError {
            #expect(error.path == file.path)
            #expect([.page, .pageHeader, .dictionary].contains(error.region))
            #expect(error.offset > 0 && error.offset <= 100)
            #expect("\(error)".contains("column "))
        }
    }
}
