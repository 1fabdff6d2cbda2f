import CZstd

/// Zstandard frames as a stream: any number of them, skippable ones included. Knows no files.
///
/// Memory is bounded by the window, which is bounded by the reader; nothing is sized by what a frame claims.
public final class ZstdDecoder {
    /// What stopped the decoder, by the library's own description.
    public enum Fault: Error {
        case notAFrame
        case windowTooLong
        case corrupt(String)
    }

    private let context: OpaquePointer
    /// Compressed bytes taken since the last frame ended; 0 between frames.
    public private(set) var bytesInFrame = 0
    /// Frames that ended.
    public private(set) var frames = 0

    /// - Parameter windowLog: the longest window is 2^windowLog bytes.
    public init(windowLog: Int) {
        // Fails only without memory.
        context = ZSTD_createDCtx()!
        ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Int32(windowLog))
    }

    deinit {
        ZSTD_freeDCtx(context)
    }

    /// Decodes into `output` until it is full, the input is used up, or a frame ends.
    public func decode(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(Fault) -> (consumed: Int, produced: Int) {
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let hint = ZSTD_decompressStream(context, &target, &source)
        if ZSTD_isError(hint) != 0 {
            switch ZSTD_getErrorCode(hint) {
            case ZSTD_error_prefix_unknown: throw .notAFrame
            case ZSTD_error_frameParameter_windowTooLarge: throw .windowTooLong
            default: throw .corrupt(String(cString: ZSTD_getErrorName(hint)))
            }
        }
        if hint == 0 {
            bytesInFrame = 0
            frames += 1
        } else {
            bytesInFrame += source.pos
        }
        return (source.pos, target.pos)
    }
}
