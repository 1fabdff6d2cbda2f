import Decompression
import Glibc

/// The decompressed bytes of a file or of memory, whichever way they are stored.
///
/// The first bytes decide: `DBN` is taken as it is, a Zstandard frame or skippable frame is decompressed, all
/// else is refused.
struct ByteSource: ~Copyable {
    /// Compressed bytes are read in pieces of this size.
    private static let pieceBytes = 1 << 17

    let name: String
    private let descriptor: Int32
    private let piece: UnsafeMutableRawBufferPointer
    private var position = 0
    private var filled = 0
    private var atEnd = false
    private var decoder: ZstdDecoder?
    /// Decompressed bytes handed out.
    private(set) var offset = 0

    /// Opens a file.
    init(path: String, windowLog: Int) throws(DBNError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ByteSource.systemFault(path, "a readable file") }
        try self.init(name: path, descriptor: descriptor, bytes: [], windowLog: windowLog)
    }

    /// Reads bytes in memory, under a name for messages.
    init(bytes: [UInt8], name: String, windowLog: Int) throws(DBNError) {
        try self.init(name: name, descriptor: -1, bytes: bytes, windowLog: windowLog)
    }

    private init(name: String, descriptor: Int32, bytes: [UInt8], windowLog: Int) throws(DBNError) {
        self.name = name
        self.descriptor = descriptor
        let room = descriptor < 0 ? max(bytes.count, 4) : ByteSource.pieceBytes
        self.piece = .allocate(byteCount: room, alignment: 16)
        self.decoder = nil
        if descriptor < 0 {
            piece.copyBytes(from: bytes)
            filled = bytes.count
            atEnd = true
        }
        while filled < 4, !atEnd { try refill() }
        switch ByteSource.magic(UnsafeRawBufferPointer(rebasing: piece[0..<min(4, filled)])) {
        case .plain: break
        case .zstd: decoder = ZstdDecoder(windowLog: windowLog)
        case nil:
            throw DBNError(
                .notDBN, file: name, expected: "'DBN' or a Zstandard frame",
                found: filled == 0 ? "an empty file" : ByteSource.hexadecimal(piece[0..<min(4, filled)]))
        }
    }

    deinit {
        piece.deallocate()
        if descriptor >= 0 { close(descriptor) }
    }

    private enum Content { case plain, zstd }

    private static func magic(_ bytes: UnsafeRawBufferPointer) -> Content? {
        if bytes.count >= 3, bytes[0] == UInt8(ascii: "D"), bytes[1] == UInt8(ascii: "B"),
            bytes[2] == UInt8(ascii: "N")
        {
            return .plain
        }
        guard bytes.count == 4 else { return nil }
        let number = UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self))
        return number == 0xFD2F_B528 || number & 0xFFFF_FFF0 == 0x184D_2A50 ? .zstd : nil
    }

    static func hexadecimal(_ bytes: Slice<UnsafeMutableRawBufferPointer>) -> String {
        "bytes " + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
    }

    private static func systemFault(_ name: String, _ expected: String) -> DBNError {
        DBNError(.system, file: name, expected: expected, found: String(cString: strerror(errno)))
    }
}

// MARK: - Reading

extension ByteSource {
    /// Reads some bytes: at least one unless the stream is at its clean end.
    ///
    /// - Throws: `truncatedFrame`, `trailingGarbage`, `corruptFrame`, `windowTooLong` or `system`.
    mutating func read(into output: UnsafeMutableRawBufferPointer) throws(DBNError) -> Int {
        guard output.count > 0 else { return 0 }
        let count = decoder == nil ? try readPlain(output) : try readFrames(output)
        offset += count
        return count
    }

    private mutating func readPlain(_ output: UnsafeMutableRawBufferPointer) throws(DBNError) -> Int {
        if position < filled {
            let count = min(output.count, filled - position)
            output.copyMemory(from: UnsafeRawBufferPointer(rebasing: piece[position..<position + count]))
            position += count
            return count
        }
        return atEnd ? 0 : try readDescriptor(output)
    }

    private mutating func readFrames(_ output: UnsafeMutableRawBufferPointer) throws(DBNError) -> Int {
        while true {
            if position == filled, !atEnd {
                position = 0
                filled = 0
                try refill()
            }
            let input = UnsafeRawBufferPointer(rebasing: piece[position..<filled])
            let isBetweenFrames = decoder!.bytesInFrame == 0
            if input.isEmpty, isBetweenFrames { return 0 }
            let (consumed, produced) = try decode(input, output, isBetweenFrames: isBetweenFrames)
            position += consumed
            if produced > 0 { return produced }
            // Nothing came in and nothing went out: the rest of the frame is missing.
            if consumed == 0, input.isEmpty {
                throw DBNError(
                    .truncatedFrame, file: name, byteOffset: offset,
                    expected: "the rest of a Zstandard frame",
                    found: "the end of the file")
            }
        }
    }

    private mutating func decode(
        _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer, isBetweenFrames: Bool
    ) throws(DBNError) -> (consumed: Int, produced: Int) {
        do throws(ZstdDecoder.Fault) {
            return try decoder!.decode(input, into: output)
        } catch {
            switch error {
            case .windowTooLong:
                throw DBNError(
                    .windowTooLong, file: name, byteOffset: offset,
                    expected: "a Zstandard window within the limit",
                    found: "a longer one")
            case .notAFrame where isBetweenFrames && decoder!.frames > 0:
                throw DBNError(
                    .trailingGarbage, file: name, byteOffset: offset,
                    expected: "the end of the file or another Zstandard frame", found: "other bytes")
            case .notAFrame:
                throw DBNError(
                    .corruptFrame, file: name, byteOffset: offset, expected: "a Zstandard frame",
                    found: "other bytes")
            case .corrupt(let reason):
                throw DBNError(
                    .corruptFrame, file: name, byteOffset: offset, expected: "a sound Zstandard frame",
                    found: reason)
            }
        }
    }

    private mutating func refill() throws(DBNError) {
        let count = try readDescriptor(UnsafeMutableRawBufferPointer(rebasing: piece[filled...]))
        filled += count
    }

    /// read(2), again when a signal interrupts it; 0 sets `atEnd`.
    private mutating func readDescriptor(_ output: UnsafeMutableRawBufferPointer) throws(DBNError) -> Int {
        while true {
            let count = Glibc.read(descriptor, output.baseAddress, output.count)
            if count > 0 { return count }
            if count == 0 {
                atEnd = true
                return 0
            }
            if errno != EINTR { throw ByteSource.systemFault(name, "to read the file") }
        }
    }
}
