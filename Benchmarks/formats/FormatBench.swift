import Columnar
import DBN
import Glibc
import Parquet

/// Processor seconds of one thread for the file formats alone, without lake, contract and hash.
///
///     bench-formats decode FILE.dbn.zst ROUNDS           every record of a file, on one thread
///     bench-formats write FILE.parquet ROUNDS [OUT]      the file's rows from memory to OUT, or to nowhere
///     bench-formats read FILE.parquet ROUNDS             every value of the file
///
/// A line a round: `rows seconds bytes`. With 0 rounds `write` only reads the rows: what a count of instructions
/// subtracts.
@main
struct FormatBench {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 4, let rounds = Int(arguments[3]) else {
            print("usage: bench-formats decode|write|read FILE ROUNDS [OUT]")
            exit(2)
        }
        switch arguments[1] {
        case "decode": for _ in 0..<rounds { try decode(arguments[2]) }
        case "read": for _ in 0..<rounds { try read(arguments[2]) }
        case "write":
            let table = try HeldTable(arguments[2])
            for _ in 0..<rounds { try write(table, arguments.count > 4 ? arguments[4] : "/dev/null") }
        default: exit(2)
        }
    }

    static func decode(_ path: String) throws {
        let start = now()
        var options = DBNFile.Options()
        options.usesThread = false
        var file = try DBNFile(path: path, options: options)
        var bytes = 0
        while try file.nextBlock() { bytes += file.block.bytes.byteCount }
        report(file.recordsRead, start, bytes)
    }

    static func read(_ path: String) throws {
        let start = now()
        var reader = try ParquetReader(path: path)
        var values = 0
        while let count = try reader.nextViews({ views in views.reduce(0) { $0 + $1.count } }) { values += count }
        precondition(values == reader.rowCount * reader.shape.columns.count)
        report(reader.rowCount, start, values)
    }

    static func write(_ table: HeldTable, _ path: String) throws {
        let start = now()
        guard let file = fopen(path, "wb") else {
            print("cannot write \(path)")
            exit(2)
        }
        var writer = ParquetWriter(shape: table.shape) { bytes in
            fwrite(bytes.baseAddress, 1, bytes.count, file)
        }
        for batch in table.batches { try writer.write(batch) }
        let summary = try writer.finish()
        fclose(file)
        report(summary.rowCount, start, summary.byteCount)
    }

    static func report(_ rows: Int, _ start: UInt64, _ bytes: Int) {
        print("\(rows) \(Double(now() - start) * 1e-9) \(bytes)")
    }

    static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

/// All rows of a file in memory, as batches of the reader; lives as long as the program.
struct HeldTable {
    let shape: Shape
    private(set) var batches: [[ColumnView]] = []

    init(_ path: String) throws {
        var reader = try ParquetReader(path: path, memoryLimit: 4 << 30)
        shape = reader.shape
        while let batch = try reader.nextViews({ $0.map(Self.hold) }) { batches.append(batch) }
    }

    private static func hold(_ view: ColumnView) -> ColumnView {
        let values: ColumnView.Values =
            switch view.values {
            case .boolean(let v): .boolean(copy(v))
            case .int32(let v): .int32(copy(v))
            case .int64(let v): .int64(copy(v))
            case .double(let v): .double(copy(v))
            case .symbols(let v): .symbols(copy(v))
            case .strings(let codes, let strings): .strings(copy(codes), strings)
            }
        return ColumnView(values, validity: view.validity.map(copy))
    }

    private static func copy<T: BitwiseCopyable>(_ elements: UnsafeBufferPointer<T>) -> UnsafeBufferPointer<T> {
        let own = UnsafeMutableBufferPointer<T>.allocate(capacity: elements.count)
        _ = own.initialize(from: elements)
        return UnsafeBufferPointer(own)
    }
}
