import Columnar
import Synchronization

/// The memory that encoding one page takes: some megabytes, lent to a writer while it encodes and given back, so
/// that hundreds of open writers share a few.
final class PageScratch: @unchecked Sendable {
    let compressor = PageCompressor()
    /// The page's body: encoded values.
    var body = Buffer<UInt8>()
    var compressed = Buffer<UInt8>()
    var levels = Buffer<UInt8>()
    var packedFlags = Buffer<UInt8>()
    var header = CompactWriter()
    /// Room for the values of a page without its nulls; `dense`, `values` and `indices` hold `Limits.pageRows`
    /// elements, and no page has more rows.
    let dense = UnsafeMutableRawPointer.allocate(byteCount: Limits.pageRows * 8, alignment: 64)
    /// Room for a page's doubles with clean zeros.
    let values = UnsafeMutablePointer<Double>.allocate(capacity: Limits.pageRows)
    /// Room for a page's dictionary indices.
    let indices = UnsafeMutablePointer<UInt32>.allocate(capacity: Limits.pageRows)

    deinit {
        dense.deallocate()
        values.deallocate()
        indices.deallocate()
    }

    private static let idle = Mutex<[PageScratch]>([])

    /// Lends a scratch to `body`. Nothing in it survives to the next loan but memory.
    static func lend<E: Error>(_ body: (PageScratch) throws(E) -> Void) throws(E) {
        let scratch = idle.withLock { $0.popLast() } ?? PageScratch()
        defer { idle.withLock { $0.append(scratch) } }
        try body(scratch)
    }
}
