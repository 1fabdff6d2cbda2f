import CLZ4
import CSnappy
import CZlib
import CZstd
import Columnar

/// Compresses page bodies. One Zstandard context serves all pages.
final class PageCompressor {
    private var context: OpaquePointer?

    deinit {
        ZSTD_freeCCtx(context)
    }

    /// Compresses `body` into `out`, which is emptied before.
    ///
    /// - Returns: false when that saves nothing; the page is then stored as it is.
    func compress(
        _ body: borrowing Buffer<UInt8>, _ compression: Compression, to out: inout Buffer<UInt8>
    ) -> Bool {
        out.removeAll()
        guard body.count > 0 else { return false }
        return body.withUnsafeElements { source in
            switch compression {
            case .none:
                return false
            case .zstd(let level):
                if context == nil { context = ZSTD_createCCtx() }
                guard let context else { preconditionFailure("no memory for a compression context") }
                let bound = ZSTD_compressBound(source.count)
                var size = 0
                out.append(count: bound) { target in
                    size = ZSTD_compressCCtx(
                        context, target.baseAddress, bound, source.baseAddress, source.count, Int32(level))
                }
                precondition(ZSTD_isError(size) == 0, "a compression with room enough cannot fail")
                out.removeLast(bound - size)
            case .lz4:
                let bound = Int(LZ4_compressBound(Int32(source.count)))
                var size = 0
                out.append(count: bound) { target in
                    size = target.withMemoryRebound(to: CChar.self) { target in
                        source.withMemoryRebound(to: CChar.self) { source in
                            Int(
                                LZ4_compress_default(
                                    source.baseAddress, target.baseAddress, Int32(source.count), Int32(bound))
                            )
                        }
                    }
                }
                precondition(size > 0, "a compression with room enough cannot fail")
                out.removeLast(bound - size)
            }
            return out.count < source.count
        }
    }
}

/// Decompresses page bodies of known size.
final class PageDecompressor {
    private var context: OpaquePointer?

    deinit {
        ZSTD_freeDCtx(context)
    }

    /// Decompresses `source` to exactly `target.count` bytes.
    func decompress(
        _ source: UnsafeRawBufferPointer, _ codec: Int32, to target: UnsafeMutableRawBufferPointer
    ) throws(FormatError) {
        switch Codec(rawValue: codec) {
        case .uncompressed:
            guard source.count == target.count else {
                throw FormatError(
                    "an uncompressed page of \(source.count) bytes where \(target.count) were announced")
            }
            if source.count > 0 { target.copyMemory(from: source) }
        case .zstd:
            if context == nil { context = ZSTD_createDCtx() }
            guard let context else {
                throw FormatError("no memory for a decompression context", kind: .limit)
            }
            let size = ZSTD_decompressDCtx(
                context, target.baseAddress, target.count, source.baseAddress, source.count)
            guard ZSTD_isError(size) == 0 else {
                throw FormatError("zstd: \(String(cString: ZSTD_getErrorName(size)))")
            }
            guard size == target.count else {
                throw FormatError("the page holds \(size) bytes where \(target.count) were announced")
            }
        case .lz4Raw:
            let size = LZ4_decompress_safe(
                source.baseAddress?.assumingMemoryBound(to: CChar.self),
                target.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(source.count),
                Int32(target.count))
            guard size >= 0 else { throw FormatError("lz4: the block is damaged") }
            guard Int(size) == target.count else {
                throw FormatError("the page holds \(size) bytes where \(target.count) were announced")
            }
        case .snappy:
            // The block says its own length, which the library would write whatever the room.
            var size = 0
            let block = source.baseAddress?.assumingMemoryBound(to: CChar.self)
            guard snappy_uncompressed_length(block, source.count, &size) == SNAPPY_OK else {
                throw FormatError("snappy: the block is damaged")
            }
            guard size == target.count else {
                throw FormatError("the page holds \(size) bytes where \(target.count) were announced")
            }
            let room = target.baseAddress?.assumingMemoryBound(to: CChar.self)
            guard snappy_uncompress(block, source.count, room, &size) == SNAPPY_OK else {
                throw FormatError("snappy: the block is damaged")
            }
        case let other:
            let name = other?.name ?? "number \(codec)"
            throw FormatError(
                "compression \(name) is not supported; zstd, snappy, lz4_raw and none are", kind: .unsupported)
        }
    }
}

/// CRC-32 of a run of bytes, continued from `before`.
func checksum(_ bytes: UnsafeRawBufferPointer, after before: UInt32 = 0) -> UInt32 {
    guard let base = bytes.baseAddress else { return before }
    return UInt32(
        truncatingIfNeeded: crc32_z(UInt(before), base.assumingMemoryBound(to: UInt8.self), bytes.count))
}
