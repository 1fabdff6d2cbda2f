import DBN
import Testing

/// Records are found, counted and handed on whole, whatever the block size, thread and mixture.
struct FramingTests {
    static let metadata = Bytes.metadata(version: 3)

    static func options(
        blockBytes: Int = 1 << 20, thread: Bool = true, truncated: Bool = false
    ) -> DBNFile.Options {
        var options = DBNFile.Options()
        options.blockBytes = blockBytes
        options.usesThread = thread
        options.allowTruncated = truncated
        return options
    }

    @Test(arguments: [true, false], [1020, 1024, 4096, 1 << 20])
    func `blocks of any size, with or without a thread, give every record once and in order`(
        thread: Bool, blockBytes: Int
    ) {
        let orders = (1...5000).map { UInt64($0) }
        let file = Self.metadata + orders.flatMap { Bytes.mbo(order: $0) }
        let outcome = Outcome(file, Self.options(blockBytes: blockBytes, thread: thread))
        #expect(outcome.orders == orders)
        #expect(outcome.error == nil)
    }

    @Test func `records of unknown types are framed by their length byte`() {
        var file = Self.metadata
        var types: [UInt8] = []
        for index in 0..<300 {
            file += Bytes.mbo(order: UInt64(index))
            file += Bytes.record(rtype: 99, bytes: 16 + 4 * (index % 200))
            types += [160, 99]
        }
        let outcome = Outcome(file, Self.options(blockBytes: 2048))
        #expect(outcome.types == types)
        #expect(outcome.error == nil)
    }

    @Test func `a block of one kind tells its stride, a mixture does not`() throws {
        var file = try DBNFile(
            bytes: Self.metadata + Bytes.mbo(order: 1) + Bytes.mbo(order: 2), name: "test")
        #expect(try file.nextBlock())
        #expect(file.block.stride == 56)
        #expect(file.block.uniformType == 160)
        #expect(file.block.firstRecord == 0)
        #expect(file.block.byteOffset == Self.metadata.count)
        #expect(try !file.nextBlock())
        #expect(file.block.count == 0)
        var mixed = try DBNFile(
            bytes: Self.metadata + Bytes.mbo(order: 1) + Bytes.record(rtype: 99, bytes: 56), name: "test")
        #expect(try mixed.nextBlock())
        #expect(mixed.block.stride == 0)
        #expect(mixed.block.recordIndex(at: 56) == 1)
    }

    @Test func `send times lie outside the record and are shown last`() throws {
        let file =
            Bytes.metadata(version: 3, tsOut: true) + Bytes.mbo(order: 1, sendTime: 77)
            + Bytes.mbo(order: 2, sendTime: 78)
        var reader = try DBNFile(bytes: file, name: "test")
        #expect(try reader.nextBlock())
        #expect(reader.block.stride == 64)
        #expect(reader.block.load(MboRecord.self, at: 64).orderID == 2)
        #expect(reader.block.json(at: 64).hasSuffix("\"sequence\":2,\"ts_out\":78}"))
        // Without its send time the record is too short.
        let short = Outcome(Bytes.metadata(version: 3, tsOut: true) + Bytes.mbo(order: 1))
        #expect(short.error?.fault == .badRecordLength)
    }

    @Test func `a file without records ends cleanly`() {
        for version: UInt8 in 1...3 {
            let outcome = Outcome(Bytes.metadata(version: version))
            #expect(outcome.error == nil)
            #expect(outcome.types.isEmpty)
        }
    }

    @Test func `a reader that is dropped early, or read to its end, leaves no thread behind`() async {
        // Other tests have threads of their own, so a process of its own counts them.
        await #expect(processExitsWith: .success) {
            let file = FramingTests.metadata + (1...50_000).flatMap { Bytes.mbo(order: UInt64($0)) }
            let before = files(in: "/proc/self/task").count
            for round in 0..<40 {
                var reader = try DBNFile(
                    bytes: file, name: "test", options: FramingTests.options(blockBytes: 1 << 16))
                let wanted = [2, Int.max, 3, 1][round % 4]
                var blocks = 0
                while blocks < wanted, try reader.nextBlock() { blocks += 1 }
            }
            // The runtime may have started a few of its own; a leak would be dozens.
            precondition(files(in: "/proc/self/task").count < before + 10)
        }
    }

    @Test func `a record counts its index and its byte offset`() throws {
        let file = Self.metadata + (1...100).flatMap { Bytes.mbo(order: UInt64($0)) }
        var reader = try DBNFile(bytes: file, name: "test", options: Self.options(blockBytes: 1020))
        var expected = 0
        while try reader.nextBlock() {
            let block = reader.block
            #expect(block.firstRecord == expected)
            #expect(block.byteOffset == Self.metadata.count + 56 * expected)
            let error = block.fieldError(at: 56, expected: "a", found: "b")
            #expect(error.recordIndex == expected + 1)
            #expect(error.byteOffset == Self.metadata.count + 56 * (expected + 1))
            expected += block.count
        }
        #expect(expected == 100)
    }
}
