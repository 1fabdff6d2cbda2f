import Columnar
import Glibc
import Parquet
import Testing

/// The folder that tests and other programs exchange files through: `TARN_INTEROP_DIR`, when set.
/// `Tests/Python/test_parquet_interop.py` fills `foreign/`, runs these tests, and reads what they leave in `tarn/`.
private let interopFolder = getenv("TARN_INTEROP_DIR").map { String(cString: $0) }

/// Whether the other side has been there first.
private let hasForeignFiles = interopFolder.map { access($0 + "/foreign", F_OK) == 0 } ?? false

@Suite(.enabled(if: interopFolder != nil, "TARN_INTEROP_DIR is not set"))
struct InteropTests {
    let folder = interopFolder ?? ""

    @Test func `files are left for other programs to read`() throws {
        mkdir(folder + "/tarn", 0o777)
        for (rows, compression) in [
            (0, Compression.zstd(level: 1)), (1, .none), (7, .lz4), (1000, .zstd(level: 9)), (131_072, .none),
            (131_073, .lz4), (300_000, .zstd(level: 1)),
        ] {
            let name = "all-\(rows)-\(compression.description.replacing(":", with: "")).parquet"
            let frame = Formula.frame(rows: rows)
            try write(
                try frame.encoded(
                    compression, metadata: [("dataset", "interop"), ("fingerprint", "ü")],
                    units: frame.shape.columns.map { "unit of \($0.name)" }
                ).bytes, "tarn/" + name)
        }
        // More than one row group.
        let long = Formula.frame(
            rows: 1_400_000,
            Formula.all.filter {
                ["ordinal", "ts_ns", "growing", "text", "sparse", "side_or_null"].contains($0.name)
            })
        try write(try long.encoded().bytes, "tarn/long-1400000-zstd1.parquet")
    }

    @Test(.enabled(if: hasForeignFiles, "no other program has left files")) func `files of other programs are read`()
        throws
    {
        let names = list(folder + "/foreign").filter { $0.hasSuffix(".parquet") }
        #expect(!names.isEmpty)
        for name in names where !name.hasPrefix("unsupported-") {
            let frame = try Frame.read(folder + "/foreign/" + name)
            for (definition, cells) in zip(frame.shape.columns, frame.columns) {
                guard let expected = Formula.cells(definition.name, rows: frame.rowCount) else {
                    Issue.record("\(name): there is no formula for \(definition.name)")
                    continue
                }
                let difference = cells.firstDifference(from: expected)
                #expect(difference == nil, "\(name): \(definition.name)")
            }
            // The number of rows is in the name: <program>-<variant>-<rows>.parquet
            #expect(name.hasSuffix("-\(frame.rowCount).parquet"))
        }
    }

    @Test(.enabled(if: hasForeignFiles, "no other program has left files"))
    func `files with parts that are not supported are refused as such`() throws {
        let names = list(folder + "/foreign").filter { $0.hasPrefix("unsupported-") }
        #expect(!names.isEmpty)
        for name in names {
            do {
                _ = try Frame.read(folder + "/foreign/" + name)
                Issue.record("\(name) was read")
            } catch let error as ParquetError {
                #expect(error.kind == .unsupported, "\(name): \(error)")
                // unsupported-<word of the message>.parquet
                let word = name.dropFirst("unsupported-".count).dropLast(".parquet".count)
                #expect(error.message.contains(word), "\(name): \(error)")
            }
        }
    }

    @Test func `damaged files of other programs do not trap`() throws {
        let file = TemporaryFile()
        for name in list(folder + "/foreign") where name.hasSuffix("-30.parquet") {
            let bytes = readBytes(folder + "/foreign/" + name)
            for round in 0..<400 {
                let bits = Formula.mix(round, 7)
                var damaged = bytes
                damaged[Int(bits % UInt64(bytes.count))] ^= UInt8(truncatingIfNeeded: bits >> 40) | 1
                file.write(damaged)
                do {
                    _ = try Frame.read(file.path, memoryLimit: 64 << 20)
                } catch {
                    #expect(error is ParquetError)
                }
            }
        }
    }

    private func write(_ bytes: [UInt8], _ name: String) throws {
        let file = try #require(fopen(folder + "/" + name, "wb"))
        defer { fclose(file) }
        #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
    }

    private func list(_ folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                })
        }
        return names.filter { !$0.hasPrefix(".") }.sorted()
    }
}
