import CZstd
import Foundation

/// Order records of vendor files, read by a few lines of their own so that the tests of the books need no decoder.
enum VendorFiles {
    /// Where the data files lie: TARN_TEST_DATA, else beside the package.
    static let root: URL = {
        if let path = ProcessInfo.processInfo.environment["TARN_TEST_DATA"] {
            return URL(fileURLWithPath: path)
        }
        return URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared/data")
    }()

    /// Whole days, not minutes of them: TARN_TEST_FULL=1.
    static let isFull = ProcessInfo.processInfo.environment["TARN_TEST_FULL"] == "1"

    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appendingPathComponent(path).path)
    }

    /// All order records (rtype 160) of the files, in order. `instrument` keeps one instrument.
    static func orders(_ paths: [String], instrument: Int? = nil) throws -> [NaiveRecord] {
        var result: [NaiveRecord] = []
        for bytes in try paths.map({ try decompress($0) }) {
            try bytes.withUnsafeBytes { raw in
                // Header: "DBN", version, length of the metadata.
                var at = 8 + Int(raw.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
                while at + 16 <= raw.count {
                    let length = Int(raw[at]) * 4
                    guard length >= 16, at + length <= raw.count else {
                        throw CocoaError(.fileReadCorruptFile)
                    }
                    if raw[at + 1] == 160 {
                        let record = order(UnsafeRawBufferPointer(rebasing: raw[at..<at + length]))
                        if instrument == nil || record.instrument == instrument { result.append(record) }
                    }
                    at += length
                }
            }
        }
        return result
    }

    private static func order(_ r: UnsafeRawBufferPointer) -> NaiveRecord {
        func time(_ offset: Int) -> Int64? {
            let value = r.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            return value == .max ? nil : Int64(value)
        }
        let price = r.loadUnaligned(fromByteOffset: 24, as: Int64.self)
        return NaiveRecord(
            recv: time(40), event: time(8), action: Character(UnicodeScalar(r[38])),
            side: Character(UnicodeScalar(r[39])), id: r.loadUnaligned(fromByteOffset: 16, as: UInt64.self),
            price: price == .max ? nil : price,
            size: Int64(r.loadUnaligned(fromByteOffset: 32, as: UInt32.self)),
            flags: Int(r[36]), publisher: Int(r.loadUnaligned(fromByteOffset: 2, as: UInt16.self)),
            instrument: Int(r.loadUnaligned(fromByteOffset: 4, as: UInt32.self)))
    }

    /// Consolidated quotes (rtype 177) of a file.
    static func quotes(_ path: String) throws -> [NaiveRecord] {
        var result: [NaiveRecord] = []
        try decompress(path).withUnsafeBytes { raw in
            var at = 8 + Int(raw.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
            while at + 16 <= raw.count {
                let length = Int(raw[at]) * 4
                guard length >= 16, at + length <= raw.count else { throw CocoaError(.fileReadCorruptFile) }
                if raw[at + 1] == 177 {
                    let r = UnsafeRawBufferPointer(rebasing: raw[at..<at + length])
                    let bid = r.loadUnaligned(fromByteOffset: 48, as: Int64.self)
                    let ask = r.loadUnaligned(fromByteOffset: 56, as: Int64.self)
                    result.append(
                        NaiveRecord(
                            recv: r.loadUnaligned(fromByteOffset: 32, as: Int64.self),
                            event: r.loadUnaligned(fromByteOffset: 8, as: Int64.self),
                            action: Character(UnicodeScalar(r[28])), flags: Int(r[30]),
                            instrument: Int(r.loadUnaligned(fromByteOffset: 4, as: UInt32.self)),
                            bid: bid == .max ? nil : bid,
                            bidSize: Int64(r.loadUnaligned(fromByteOffset: 64, as: UInt32.self)),
                            ask: ask == .max ? nil : ask,
                            askSize: Int64(r.loadUnaligned(fromByteOffset: 68, as: UInt32.self))))
                }
                at += length
            }
        }
        return result
    }

    private static func decompress(_ path: String) throws -> [UInt8] {
        let input = [UInt8](try Data(contentsOf: root.appendingPathComponent(path)))
        let stream = ZSTD_createDStream()
        defer { ZSTD_freeDStream(stream) }
        var result: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 20)
        try input.withUnsafeBytes { source in
            var from = ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: 0)
            var isFull = false
            while from.pos < from.size || isFull {
                try part.withUnsafeMutableBytes { target in
                    var to = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
                    if ZSTD_isError(ZSTD_decompressStream(stream, &to, &from)) != 0 {
                        throw CocoaError(.fileReadCorruptFile)
                    }
                    result.append(contentsOf: target[..<to.pos])
                    isFull = to.pos == to.size
                }
            }
        }
        return result
    }
}
