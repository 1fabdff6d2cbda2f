import Decompression
import Glibc

/// The bytes of a text file, plain or compressed by gzip or Zstandard: its first bytes decide.
final class TextSource {
    private static let pieceBytes = 1 << 17
    /// The longest Zstandard window is 2^27 bytes.
    private static let windowLog = 27

    private enum Content {
        case plain
        case gzip(GzipDecoder)
        case zstd(ZstdDecoder)
    }

    let name: String
    private let descriptor: Int32
    private let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: TextSource.pieceBytes, alignment: 16)
    private var position = 0
    private var filled = 0
    private var atEnd = false
    private var content = Content.plain

    init(path: String) throws(CSVError) {
        name = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw CSVError(.system, file: path, "open: \(String(cString: strerror(errno)))")
        }
        while filled < 4, !atEnd { try refill() }
        let start = Array(piece[0..<min(4, filled)])
        if start.starts(with: [0x1F, 0x8B]) {
            content = .gzip(GzipDecoder())
        } else if start == [0x28, 0xB5, 0x2F, 0xFD]
            || (start.count == 4 && start[0] & 0xF0 == 0x50 && start[1...] == [0x2A, 0x4D, 0x18])
        {
            content = .zstd(ZstdDecoder(windowLog: TextSource.windowLog))
        }
    }

    deinit {
        piece.deallocate()
        if descriptor >= 0 { close(descriptor) }
    }

    /// Reads some bytes: at least one unless the text is at its clean end.
    ///
    /// - Throws: `truncated`, `format` or `system`.
    func read(into output: UnsafeMutableRawBufferPointer) throws(CSVError) -> Int {
        while true {
            if position == filled, !atEnd {
                position = 0
                filled = 0
                try refill()
            }
            let input = UnsafeRawBufferPointer(rebasing: piece[position..<filled])
            let consumed: Int
            let produced: Int
            switch content {
            case .plain:
                produced = min(output.count, input.count)
                output.copyMemory(from: UnsafeRawBufferPointer(rebasing: input[0..<produced]))
                consumed = produced
                if produced == 0 { return 0 }
            case .gzip(let decoder):
                if input.isEmpty, decoder.isBetweenMembers { return 0 }
                (consumed, produced) = try inflate(decoder, input, output)
            case .zstd(let decoder):
                if input.isEmpty, decoder.bytesInFrame == 0 { return 0 }
                (consumed, produced) = try decompress(decoder, input, output)
            }
            position += consumed
            if produced > 0 { return produced }
            // Nothing came in and nothing went out: the rest is missing.
            if consumed == 0, input.isEmpty {
                throw CSVError(.truncated, file: name, "the compressed file ends too early")
            }
        }
    }

    private func inflate(
        _ decoder: GzipDecoder, _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
    ) throws(CSVError) -> (Int, Int) {
        do throws(GzipDecoder.Fault) {
            return try decoder.decode(input, into: output)
        } catch {
            switch error {
            case .notAMember: throw damaged("something that is no gzip member follows the last one")
            case .corrupt(let reason): throw damaged("damaged gzip compression: \(reason)")
            }
        }
    }

    private func decompress(
        _ decoder: ZstdDecoder, _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
    ) throws(CSVError) -> (Int, Int) {
        do throws(ZstdDecoder.Fault) {
            return try decoder.decode(input, into: output)
        } catch {
            switch error {
            case .notAFrame: throw damaged("something that is no Zstandard frame follows the last one")
            case .windowTooLong: throw damaged("its Zstandard window is longer than 2^\(TextSource.windowLog) bytes")
            case .corrupt(let reason): throw damaged("damaged Zstandard compression: \(reason)")
            }
        }
    }

    private func damaged(_ reason: String) -> CSVError { CSVError(.format, file: name, reason) }

    /// read(2), again when a signal interrupts it; 0 sets `atEnd`.
    private func refill() throws(CSVError) {
        while true {
            let free = UnsafeMutableRawBufferPointer(rebasing: piece[filled...])
            let count = Glibc.read(descriptor, free.baseAddress, free.count)
            if count >= 0 {
                filled += count
                if count == 0 { atEnd = true }
                return
            }
            if errno != EINTR {
                throw CSVError(.system, file: name, "read: \(String(cString: strerror(errno)))")
            }
        }
    }
}
