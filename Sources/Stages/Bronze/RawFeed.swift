import CivilTime
import DBN
import Lake

/// The raw files of one vendor dataset, schema and date as one stream of records.
///
/// Files come in ascending order of their names. `ordinal` counts every record of them from 0. Where the last k
/// records of a file equal the first k of the next, byte for byte, those of the next are repeats: they keep their
/// ordinals and are to be left out.
///
/// Source: spec/book.md 3.2.
struct RawFeed {
    /// Where a block stands in the stream.
    struct Position {
        /// Ordinal of the block's first record.
        let firstOrdinal: Int
        /// Number of records at the start of the block that repeat the end of the file before.
        let repeats: Int
    }

    /// The longest overlap that is looked for, in records.
    static let longestOverlap = 10_000

    fileprivate let paths: [String]
    private let schema: Schema
    fileprivate let options: DBNFile.Options

    /// - Parameter paths: absolute, of files of one dataset, schema and date.
    init(_ paths: [String], schema: Schema, allowsTruncated: Bool) {
        self.paths = paths.sorted { name(of: $0).utf8.lexicographicallyPrecedes(name(of: $1).utf8) }
        self.schema = schema
        var options = DBNFile.Options()
        options.allowTruncated = allowsTruncated
        self.options = options
    }

    /// Reads everything.
    ///
    /// - Parameters:
    ///   - open: called with each file before its records.
    ///   - body: called with each block of records.
    /// - Returns: whether a file was cut short.
    func read(
        open: (borrowing DBNFile) throws -> Void, _ body: (borrowing RecordBlock, Position) throws -> Void
    ) throws -> Bool {
        guard !paths.isEmpty else { return false }
        var reader = try Reader(self)
        repeat {
            try open(reader.file)
            while try reader.nextBlock() { try body(reader.file.block, reader.position) }
        } while try reader.nextFile()
        return reader.wasTruncated
    }

    /// Reads a feed block by block, file after file.
    struct Reader: ~Copyable {
        /// The file that is being read; its `block` is the current one.
        private(set) var file: DBNFile
        private(set) var position = Position(firstOrdinal: 0, repeats: 0)
        private(set) var wasTruncated = false
        private let feed: RawFeed
        private var index = 0
        /// Ordinal of the next block's first record.
        private var ordinal = 0
        /// Records of the next blocks that repeat the end of the file before.
        private var repeats = 0
        private var tail = Tail()

        /// Opens the first file.
        ///
        /// - Precondition: there is one.
        init(_ feed: RawFeed) throws {
            let first = try DBNFile(path: feed.paths[0], options: feed.options)
            try feed.checkSchema(of: first)
            self.feed = feed
            file = first
        }

        /// Decodes the next block of the file; false at its end.
        mutating func nextBlock() throws -> Bool {
            guard try file.nextBlock() else {
                wasTruncated = wasTruncated || file.wasTruncated
                return false
            }
            let count = file.block.count
            position = Position(firstOrdinal: ordinal, repeats: min(repeats, count))
            repeats -= position.repeats
            ordinal += count
            if index + 1 < feed.paths.count { tail.append(file.block) }
            return true
        }

        /// Opens the next file; false after the last one.
        mutating func nextFile() throws -> Bool {
            guard index + 1 < feed.paths.count else { return false }
            index += 1
            let next = try DBNFile(path: feed.paths[index], options: feed.options)
            try feed.checkSchema(of: next)
            repeats = try feed.overlap(of: tail, with: feed.paths[index])
            tail = Tail()
            file = next
            return true
        }
    }

    fileprivate func checkSchema(of file: borrowing DBNFile) throws(StageError) {
        if let found = file.metadata.schema, found != schema {
            throw .corruptInput("\(file.path): expected records of schema \(schema.name), found \(found.name)")
        }
    }

    /// The largest k for which the last k records before equal the first k of a file.
    fileprivate func overlap(of tail: Tail, with path: String) throws -> Int {
        var head = Tail()
        var options = options
        options.usesThread = false
        var file = try DBNFile(path: path, options: options)
        while head.count < RawFeed.longestOverlap, try file.nextBlock() { head.append(file.block) }
        return commonRecords(
            endOf: tail.records.suffix(RawFeed.longestOverlap), startOf: head.records.prefix(RawFeed.longestOverlap))
    }
}

/// The bytes of the records at one end of a file.
private struct Tail {
    private var blocks: [[[UInt8]]] = []
    private(set) var count = 0

    var records: [[UInt8]] { Array(blocks.joined()) }

    /// Appends a block, and forgets old ones that no overlap can reach.
    mutating func append(_ block: borrowing RecordBlock) {
        var records: [[UInt8]] = []
        records.reserveCapacity(block.count)
        let bytes = block.bytes
        block.forEach { (_, offset, length) in
            records.append((offset..<offset + length).map { bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) })
        }
        blocks.append(records)
        count += records.count
        while let first = blocks.first, count - first.count >= RawFeed.longestOverlap {
            blocks.removeFirst()
            count -= first.count
        }
    }
}

/// The largest k for which the last k elements of `tail` equal the first k of `head`.
///
/// The border of head + gap + tail, by the prefix function of Knuth, Morris and Pratt. O(n).
func commonRecords(endOf tail: some Collection<[UInt8]>, startOf head: some Collection<[UInt8]>) -> Int {
    var numbers: [[UInt8]: Int] = [:]
    func number(_ record: [UInt8]) -> Int {
        let next = numbers.count
        let known = numbers[record]
        if known == nil { numbers[record] = next }
        return known ?? next
    }
    let text = head.map(number) + [-1] + tail.map(number)
    var border = [Int](repeating: 0, count: text.count)
    for i in text.indices.dropFirst() {
        var k = border[i - 1]
        while k > 0 && text[i] != text[k] { k = border[k - 1] }
        border[i] = text[i] == text[k] ? k + 1 : 0
    }
    return tail.isEmpty ? 0 : border[text.count - 1]
}

/// The last component of a path.
private func name(of path: String) -> Substring {
    path.split(separator: "/").last ?? ""
}
