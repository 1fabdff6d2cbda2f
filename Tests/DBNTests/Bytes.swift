import Glibc

import DBN

/// Builds files byte by byte, from the format's description alone.
struct Bytes {
    var all: [UInt8] = []

    mutating func put<T: FixedWidthInteger>(_ value: T) {
        for byte in 0..<MemoryLayout<T>.size { all.append(UInt8(truncatingIfNeeded: value >> (8 * T(byte)))) }
    }

    mutating func text(_ text: String, _ width: Int) {
        all += Array(text.utf8) + Array(repeating: 0, count: width - text.utf8.count)
    }

    mutating func zeros(_ count: Int) {
        all += Array(repeating: 0, count: count)
    }

    /// Metadata of a version, with `symbols` mapped over one interval each.
    static func metadata(
        version: UInt8, schema: UInt16 = 0, stypeIn: UInt8 = 1, stypeOut: UInt8 = 0, tsOut: Bool = false,
        mappings: [(String, [(UInt32, UInt32, String)])] = []
    ) -> [UInt8] {
        let width = version == 1 ? 22 : 71
        var body = Bytes()
        body.text("GLBX.MDP3", 16)
        body.put(schema)
        body.put(UInt64(1_000))
        body.put(UInt64.max)
        body.put(UInt64(0))
        if version == 1 { body.put(UInt64.max) }
        body.all += [stypeIn, stypeOut, tsOut ? 1 : 0]
        if version > 1 { body.put(UInt16(width)) }
        body.zeros(version == 1 ? 47 : 53)
        body.put(UInt32(0))
        body.put(UInt32(mappings.count))
        for (symbol, _) in mappings { body.text(symbol, width) }
        body.put(UInt32(0))
        body.put(UInt32(0))
        body.put(UInt32(mappings.count))
        for (symbol, intervals) in mappings {
            body.text(symbol, width)
            body.put(UInt32(intervals.count))
            for (start, end, symbol) in intervals {
                body.put(start)
                body.put(end)
                body.text(symbol, width)
            }
        }
        if version == 3 { body.zeros((8 - body.all.count % 8) % 8) }
        var file = Bytes(all: Array("DBN".utf8) + [version])
        file.put(UInt32(body.all.count))
        return file.all + body.all
    }

    /// An mbo record of 56 bytes, or 64 with a send time.
    static func mbo(order: UInt64, instrument: UInt32 = 7, sendTime: UInt64? = nil) -> [UInt8] {
        var record = Bytes(all: [sendTime == nil ? 14 : 16, 160])
        record.put(UInt16(1))
        record.put(instrument)
        record.put(UInt64(100 + order))
        record.put(order)
        record.put(Int64(5_000_250_000_000))
        record.put(UInt32(3))
        record.all += [128, 2, UInt8(ascii: "A"), UInt8(ascii: "B")]
        record.put(UInt64(200 + order))
        record.put(Int32(-5))
        record.put(UInt32(order))
        if let sendTime { record.put(sendTime) }
        return record.all
    }

    /// A record of any type: header and zeros.
    static func record(rtype: UInt8, bytes: Int) -> [UInt8] {
        var record = Bytes(all: [UInt8(bytes / 4), rtype])
        record.zeros(bytes - 2)
        return record.all
    }
}

/// Everything a file yields: order ids of its mbo records, or all record types, and how it ended.
struct Outcome {
    var types: [UInt8] = []
    var orders: [UInt64] = []
    var error: DBNError?
    var wasTruncated = false

    init(_ bytes: [UInt8], _ options: DBNFile.Options = .init()) {
        do throws(DBNError) {
            var file = try DBNFile(bytes: bytes, name: "test", options: options)
            while try file.nextBlock() {
                let block = file.block
                var count = 0
                block.forEach { rtype, offset, _ in
                    types.append(rtype)
                    count += 1
                    if rtype == RecordType.mbo {
                        orders.append(block.load(MboRecord.self, at: offset).orderID)
                    }
                }
                precondition(count == block.count)
            }
            wasTruncated = file.wasTruncated
        } catch {
            self.error = error
        }
    }
}

/// The folder of the vendor's files, or nil when it is not there.
let vendorData: String? = {
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let folder = getenv("TARN_TEST_DATA").map { String(cString: $0) } ?? "/\(root)/../shared/data"
    return access(folder + "/vendor/dbn", R_OK) == 0 ? folder : nil
}()

/// Where files for the Python cross-checks go, or nil when they are not wanted.
let interopFolder: String? = getenv("TARN_INTEROP_DIR").map { String(cString: $0) + "/dbn" }

func files(in folder: String) -> [String] {
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) {
            String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
}

func write(_ bytes: [UInt8], to path: String) {
    let file = fopen(path, "w")!
    fwrite(bytes, 1, bytes.count, file)
    fclose(file)
}

func read(_ path: String) -> [UInt8] {
    guard let file = fopen(path, "r") else { return [] }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = fread(&piece, 1, piece.count, file)
        if count == 0 { return bytes }
        bytes += piece[0..<count]
    }
}

/// A fresh path in the temporary folder.
func temporaryPath(_ name: String) -> String {
    "/tmp/tarn-test-\(getpid())-\(name)"
}
