import CZlib

/// Gzip members as a stream: any number of them. Knows no files.
///
/// Memory is bounded by the format's window of 32 KiB. Checksums and lengths of the members are verified.
/// Source: RFC 1952.
public final class GzipDecoder {
    /// What stopped the decoder.
    public enum Fault: Error {
        case notAMember
        case corrupt(String)
    }

    private var stream = z_stream()
    /// Whether the last member is complete and no other has begun.
    public private(set) var isBetweenMembers = true
    /// Members that ended.
    public private(set) var members = 0

    public init() {
        // 15 bits of window, 16: the gzip wrapping. Fails only without memory.
        let outcome = inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(outcome == Z_OK, "zlib")
    }

    deinit {
        inflateEnd(&stream)
    }

    /// Decodes into `output` until it is full, the input is used up, or a member ends.
    public func decode(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(Fault) -> (consumed: Int, produced: Int) {
        if isBetweenMembers {
            guard let first = input.first else { return (0, 0) }
            guard first == 0x1F else { throw .notAMember }
            inflateReset(&stream)
            isBetweenMembers = false
        }
        // zlib counts in 32 bits and does not write to its input.
        let available = min(input.count, 1 << 30)
        let room = min(output.count, 1 << 30)
        stream.next_in = UnsafeMutablePointer(
            mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.avail_in = UInt32(available)
        stream.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.avail_out = UInt32(room)
        let outcome = inflate(&stream, Z_NO_FLUSH)
        switch outcome {
        case Z_STREAM_END:
            isBetweenMembers = true
            members += 1
        // Z_BUF_ERROR: there was nothing to take or nowhere to put it.
        case Z_OK, Z_BUF_ERROR: break
        default: throw .corrupt(stream.msg.map { String(cString: $0) } ?? "zlib error \(outcome)")
        }
        return (available - Int(stream.avail_in), room - Int(stream.avail_out))
    }
}
