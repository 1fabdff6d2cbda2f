import CZstd
import DBN
import Testing

/// Damaged and malicious files end in the right error, with a place, and never in a trap.
struct HostileInputTests {
    static let metadata = Bytes.metadata(
        version: 3, mappings: [("ESH6", [(20_260_301, 20_260_401, "7")])])
    static let file = metadata + (1...50).flatMap { Bytes.mbo(order: UInt64($0)) }

    static func compressed(_ bytes: [UInt8], windowLog: Int32 = 0, checksum: Bool = true) -> [UInt8] {
        let context = ZSTD_createCCtx()
        defer { ZSTD_freeCCtx(context) }
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, checksum ? 1 : 0)
        if windowLog > 0 {
            ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, windowLog)
            ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0)
        }
        var output = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count))
        var target = ZSTD_outBuffer(dst: nil, size: output.count, pos: 0)
        bytes.withUnsafeBytes { bytes in
            output.withUnsafeMutableBytes { output in
                // In two calls, so that the frame does not know its size and keeps the asked window.
                target.dst = output.baseAddress
                var source = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
                _ = ZSTD_compressStream2(context, &target, &source, ZSTD_e_continue)
                _ = ZSTD_compressStream2(context, &target, &source, ZSTD_e_end)
            }
        }
        return Array(output[0..<target.pos])
    }

    static let skippable: [UInt8] = [0x53, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3]

    @Test func `any number of frames, skippable ones among them, are one stream`() {
        let half = Self.file.count / 2
        let frames =
            Self.skippable + Self.compressed(Array(Self.file[..<half])) + Self.compressed([]) + Self.skippable
            + Self.compressed(Array(Self.file[half...])) + Self.skippable
        let outcome = Outcome(frames)
        #expect(outcome.orders == (1...50).map { UInt64($0) })
        #expect(outcome.error == nil)
    }

    @Test func `a file cut anywhere is an error of truncation`() {
        for file in [Self.file, Self.compressed(Self.file)] {
            for length in 4..<file.count {
                let outcome = Outcome(Array(file[..<length]))
                guard let error = outcome.error else {
                    // Cut between two records of a plain file: nothing says that more should follow.
                    #expect((length - Self.metadata.count) % 56 == 0)
                    continue
                }
                #expect(error.isTruncation, "\(length): \(error)")
            }
        }
    }

    @Test func `a permitted cut gives every whole record and says so`() {
        var options = DBNFile.Options()
        options.allowTruncated = true
        for length in Self.metadata.count + 1..<Self.file.count {
            let outcome = Outcome(Array(Self.file[..<length]), options)
            #expect(outcome.error == nil)
            #expect(outcome.orders.count == (length - Self.metadata.count) / 56)
            #expect(outcome.wasTruncated == ((length - Self.metadata.count) % 56 != 0))
        }
        let packed = Self.compressed(Self.file)
        let outcome = Outcome(Array(packed.dropLast()), options)
        #expect(outcome.error == nil)
        #expect(outcome.wasTruncated)
        #expect(outcome.orders == (1...50).map { UInt64($0) })
    }

    @Test func `a cut inside the metadata is never permitted`() {
        var options = DBNFile.Options()
        options.allowTruncated = true
        for file in [Array(Self.file[..<100]), Array(Self.compressed(Self.file)[..<40])] {
            #expect(Outcome(file, options).error?.fault == .truncatedMetadata)
        }
    }

    @Test func `a flipped bit in a compressed file is found by its checksum`() {
        let packed = Self.compressed(Self.file)
        for position in packed.indices {
            var damaged = packed
            damaged[position] ^= 0x10
            // Bits of the frame header that change nothing may pass; then the records are right.
            let outcome = Outcome(damaged)
            #expect(outcome.error != nil || outcome.orders == (1...50).map { UInt64($0) }, "byte \(position)")
        }
    }

    @Test func `any single damaged byte of a plain file ends in an error or in records, never in a trap`() {
        for position in Self.file.indices {
            for value: UInt8 in [0, 1, 0x7F, 0xFF] {
                var damaged = Self.file
                damaged[position] = value
                _ = Outcome(damaged)
            }
        }
    }

    @Test func `bytes after the last frame are trailing garbage`() {
        let outcome = Outcome(Self.compressed(Self.file) + Array("hello world".utf8))
        #expect(outcome.error?.fault == .trailingGarbage)
        #expect(outcome.error?.byteOffset == Self.file.count)
        #expect(outcome.orders.count == 50)
    }

    @Test func `bytes after the last record of a plain file are a bad or a cut record`() {
        let zeros = Outcome(Self.file + [0, 0, 0, 0])
        #expect(zeros.error?.fault == .badRecordLength)
        #expect(zeros.error?.recordIndex == 50)
        #expect(zeros.error?.byteOffset == Self.file.count)
        #expect(Outcome(Self.file + [14]).error?.fault == .truncatedRecord)
        #expect(Outcome(Self.file + Array("hello world".utf8)).error?.fault == .truncatedRecord)
    }

    @Test func `a length byte of zero or below the record's type is an error at that record`() {
        for bytes in [0, 4, 12] {
            var record = Bytes.mbo(order: 9)
            record[0] = UInt8(bytes / 4)
            let error = Outcome(Self.file + record + Bytes.mbo(order: 10)).error
            #expect(error?.fault == .badRecordLength)
            #expect(error?.recordIndex == 50)
            #expect(error?.found == "a length of \(bytes)")
        }
        var short = Bytes.mbo(order: 9)
        short[0] = 13
        #expect(
            Outcome(Self.metadata + short).error?.expected == "a record of type 160 with 56 bytes")
        #expect(Outcome(Self.metadata + Bytes.record(rtype: 19, bytes: 356)).error?.fault == .badRecordLength)
        #expect(Outcome(Self.metadata + Bytes.record(rtype: 24, bytes: 60)).error?.fault == .badRecordLength)
    }

    /// Lengths of the record types: the vendor's public record reference; a send time is eight bytes more.
    @Test(arguments: [
        (160, [56]), (0, [48]), (1, [80]), (10, [368]), (18, [40]), (19, [360, 400, 520]), (20, [112]),
        (24, [64, 80]), (32, [56]), (177, [80]),
    ])
    func `a record of a known type has exactly a length of its layouts`(rtype: Int, lengths: [Int]) {
        for (sendTime, metadata) in [(0, Self.metadata), (8, Bytes.metadata(version: 3, tsOut: true))] {
            for words in 4...255 {
                let record = Bytes.record(rtype: UInt8(rtype), bytes: words * 4)
                // Alone, and behind others of its kind: the two ways in which records are framed.
                let before = Bytes.record(rtype: UInt8(rtype), bytes: lengths[0] + sendTime)
                for (file, index) in [(metadata + record, 0), (metadata + before + before + record, 2)] {
                    let error = Outcome(file).error
                    if lengths.contains(words * 4 - sendTime) {
                        #expect(error == nil)
                    } else {
                        #expect(error?.fault == .badRecordLength && error?.recordIndex == index)
                    }
                }
            }
        }
        let error = Outcome(Self.metadata + Bytes.record(rtype: 19, bytes: 404)).error
        #expect(error?.expected == "a record of type 19 with 360, 400 or 520 bytes")
    }

    @Test func `other formats are refused by their first bytes`() {
        #expect(Outcome([]).error?.fault == .notDBN)
        #expect(Outcome([0x44]).error?.fault == .notDBN)
        #expect(Outcome(Array("PAR1".utf8)).error?.found == "bytes 50 41 52 31")
        #expect(Outcome([0x1F, 0x8B, 8, 0, 0, 0]).error?.fault == .notDBN)
        #expect(Outcome(Self.compressed(Array("hello, this is a text file".utf8))).error?.fault == .notDBN)
    }

    @Test func `versions outside 1…3 are refused`() {
        for version: UInt8 in [0, 4, 255] {
            var file = Self.file
            file[3] = version
            let error = Outcome(file).error
            #expect(error?.fault == .unsupportedVersion)
            #expect(error?.found == "\(version)")
        }
    }

    @Test func `giant lengths and counts in the metadata are refused before they cost memory`() {
        var giant = Self.file
        giant.replaceSubrange(4..<8, with: [0xFF, 0xFF, 0xFF, 0x7F])
        #expect(Outcome(giant).error?.fault == .badMetadata)
        // Half a gibibyte announced, a few bytes there.
        giant.replaceSubrange(4..<8, with: [0, 0, 0, 0x20])
        #expect(Outcome(giant).error?.fault == .truncatedMetadata)
        // The five counts begin after the fixed part: a schema definition, symbols, partial, not found,
        // mappings.
        for index in 0..<2 {
            var file = Self.file
            file.replaceSubrange(8 + 100 + 4 * index..<8 + 104 + 4 * index, with: [0xFF, 0xFF, 0xFF, 0xFF])
            #expect(Outcome(file).error?.fault == .badMetadata)
        }
        // One symbol follows the second count.
        for index in 0..<3 {
            var file = Self.file
            let start = 8 + 108 + 71 + 4 * index
            file.replaceSubrange(start..<start + 4, with: [0xFF, 0xFF, 0xFF, 0xFF])
            #expect(Outcome(file).error?.fault == .badMetadata)
        }
        // A symbol width of 0 would let any count pass.
        var file = Self.file
        file.replaceSubrange(8 + 45..<8 + 47, with: [0, 0])
        #expect(Outcome(file).error?.expected == "a symbol width of at least 22")
    }

    @Test func `a window beyond the limit is refused, a longer limit accepts it`() {
        var options = DBNFile.Options()
        options.windowLog = 20
        let packed = Self.compressed(Self.file, windowLog: 24)
        #expect(Outcome(packed, options).error?.fault == .windowTooLong)
        options.windowLog = 24
        #expect(Outcome(packed, options).error == nil)
    }

    @Test func `a bomb of zeros ends at its first record`() {
        let zeros = [UInt8](repeating: 0, count: 64 << 20)
        let packed = Self.compressed(Self.metadata + zeros)
        #expect(packed.count < 10_000)
        #expect(Outcome(packed).error?.recordIndex == 0)
    }

    @Test func `bytes drawn at random never trap`() {
        var state: UInt64 = 1
        func next() -> UInt8 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 33)
        }
        for round in 0..<400 {
            var file = round % 2 == 0 ? Self.metadata : Array("DBN".utf8) + [UInt8(1 + round % 3)]
            for _ in 0..<Int(next()) * 8 { file.append(next()) }
            _ = Outcome(file)
            _ = Outcome([0x28, 0xB5, 0x2F, 0xFD] + file)
        }
    }

    @Test func `errors say where and what`() {
        let error = DBNError(
            .badField, file: "es.dbn", recordIndex: 81_204, byteOffset: 4_547_672,
            expected: "action A, C, M, R, T, F or N", found: "'X'")
        #expect(
            "\(error)"
                == "es.dbn: record 81,204 at byte 4,547,672: expected action A, C, M, R, T, F or N, found 'X'"
        )
        let missing = #expect(throws: DBNError.self) { _ = try DBNFile(path: "/nonexistent/es.dbn") }
        #expect(
            "\(missing!)" == "/nonexistent/es.dbn: expected a readable file, found No such file or directory")
    }
}
