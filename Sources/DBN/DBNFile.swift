/// A DBN file, versions 1–3, plain or Zstandard, read block by block.
///
/// Decompression and framing run on a thread of their own, a few blocks ahead of the reader; dropping the
/// value early stops it. Memory is bounded by the options whatever the file says. The order is that of the
/// file.
///
///     var file = try DBNFile(path: path)
///     while try file.nextBlock() {
///         let block = file.block
///         …
///     }
public struct DBNFile: ~Copyable {
    /// How a file is read.
    public struct Options: Sendable {
        /// Ends a cut file after its last whole record, with `wasTruncated` set, instead of throwing.
        public var allowTruncated = false
        /// Decompresses on a thread of its own.
        public var usesThread = true
        /// Size of a block, at least one longest record.
        public var blockBytes = 1 << 20
        /// Blocks in flight, the one being read included.
        public var blocks = 4
        /// The longest Zstandard window is 2^windowLog bytes.
        public var windowLog = 27
        /// The longest metadata.
        public var metadataBytes = 1 << 29

        public init() {}
    }

    public let path: String
    public let metadata: Metadata
    /// The metadata's symbols by instrument and date.
    public let symbology: Symbology
    /// Records handed out so far.
    public private(set) var recordsRead = 0
    /// Whether the file was cut and `allowTruncated` made that no error. Known at the end.
    public private(set) var wasTruncated = false

    private let options: Options
    private let producer: BlockProducer
    private var queue: BlockQueue?
    private var current: Block
    private var hasEnded = false

    /// Opens a file and decodes its metadata.
    public init(path: String, options: Options = Options()) throws(DBNError) {
        try self.init(ByteSource(path: path, windowLog: options.windowLog), options)
    }

    /// Reads a file that is in memory; `name` stands for the path in messages.
    public init(bytes: [UInt8], name: String, options: Options = Options()) throws(DBNError) {
        try self.init(ByteSource(bytes: bytes, name: name, windowLog: options.windowLog), options)
    }

    private init(_ opened: consuming ByteSource, _ options: Options) throws(DBNError) {
        var source = opened
        precondition(options.blockBytes >= RecordFraming.longestRecord && options.blocks >= 2)
        precondition((10...31).contains(options.windowLog))
        self.options = options
        path = source.name
        metadata = try DBNFile.metadata(&source, limit: options.metadataBytes)
        symbology = Symbology(metadata)
        producer = BlockProducer(
            source: source, sendTime: metadata.sendTimeBytes, allowTruncated: options.allowTruncated)
        current = Block(bytes: options.blockBytes)
        queue = nil
    }

    /// Decodes the next block.
    ///
    /// - Returns: false at the clean end of the file, or at a permitted cut.
    /// - Throws: after the last whole record before the fault.
    public mutating func nextBlock() throws(DBNError) -> Bool {
        while !hasEnded {
            switch current.ending {
            case .more: advance()
            case .clean: hasEnded = true
            case .truncated:
                wasTruncated = true
                hasEnded = true
            case .failed(let error):
                clear()
                throw error
            }
            if !hasEnded, current.recordCount > 0 {
                recordsRead += current.recordCount
                return true
            }
        }
        clear()
        return false
    }

    /// The records that the last `nextBlock` decoded.
    public var block: RecordBlock {
        @_lifetime(borrow self)
        borrowing get {
            let bytes = RawSpan(_unsafeBytes: current.memory[0..<current.byteCount])
            return _overrideLifetime(
                RecordBlock(
                    bytes: bytes, count: current.recordCount, firstRecord: current.firstRecord,
                    byteOffset: current.byteOffset, stride: current.stride,
                    sendTimeBytes: metadata.sendTimeBytes, file: path),
                borrowing: self)
        }
    }
}

extension DBNFile {
    /// The first block is filled here: a small file needs no thread.
    private mutating func advance() {
        if let queue {
            current = queue.next(returning: current)
            return
        }
        let isFirst = current.byteOffset == 0
        if !isFirst, options.usesThread {
            queue = BlockQueue(producer: producer, blocks: options.blocks - 1, blockBytes: options.blockBytes)
        }
        if let queue {
            current = queue.next(returning: current)
        } else {
            producer.fill(current)
        }
    }

    private func clear() {
        current.byteCount = 0
        current.recordCount = 0
    }

    private static func metadata(_ source: inout ByteSource, limit: Int) throws(DBNError) -> Metadata {
        let name = source.name
        let prelude = try bytes(&source, count: Metadata.preludeBytes)
        guard prelude[0] == UInt8(ascii: "D"), prelude[1] == UInt8(ascii: "B"),
            prelude[2] == UInt8(ascii: "N")
        else {
            throw DBNError(
                .notDBN, file: name, expected: "'DBN' at the start of the decompressed stream",
                found: "bytes \(prelude[0..<3].map { String($0, radix: 16) }.joined(separator: " "))")
        }
        let version = prelude[3]
        guard (1...3).contains(version) else {
            throw DBNError(
                .unsupportedVersion, file: name, byteOffset: 3, expected: "version 1, 2 or 3",
                found: "\(version)")
        }
        let length = (0..<4).reduce(0) { $0 | Int(prelude[4 + $1]) << (8 * $1) }
        guard length >= Metadata.smallestBytes, length <= limit else {
            throw DBNError(
                .badMetadata, file: name, byteOffset: 4,
                expected: "a metadata length of \(Metadata.smallestBytes)…\(limit)", found: "\(length)")
        }
        let body = try bytes(&source, count: length)
        do throws(Metadata.Fault) {
            return try body.span.bytes.withUnsafeBytes { (body) throws(Metadata.Fault) in
                try Metadata(version: version, body: body)
            }
        } catch {
            throw DBNError(
                .badMetadata, file: name, byteOffset: error.offset, expected: error.expected,
                found: error.found)
        }
    }

    /// Exactly `count` bytes. Memory grows with what arrives, not with what was announced.
    private static func bytes(_ source: inout ByteSource, count: Int) throws(DBNError) -> [UInt8] {
        let name = source.name
        var bytes: [UInt8] = []
        while bytes.count < count {
            let start = bytes.count
            let room = min(count - start, max(1 << 16, start))
            bytes.append(contentsOf: repeatElement(0, count: room))
            var read = 0
            do throws(DBNError) {
                var memory = bytes.mutableSpan
                read = try memory.withUnsafeMutableBytes { (memory) throws(DBNError) in
                    try source.read(
                        into: UnsafeMutableRawBufferPointer(rebasing: memory[start..<start + room]))
                }
            } catch {
                guard error.fault == .truncatedFrame else { throw error }
            }
            bytes.removeLast(room - read)
            guard read > 0 else {
                throw DBNError(
                    .truncatedMetadata, file: name, byteOffset: source.offset,
                    expected: "\(count - start) more bytes of metadata", found: "the end of the stream")
            }
        }
        return bytes
    }
}
