import Columnar
import Synchronization

/// The encoded pages of an open row group, in the order in which they were finished.
///
/// Columns may add pages from several threads; all else happens while none does.
final class PageArena: Sendable {
    private let bytes = Mutex(Buffer<UInt8>())

    var count: Int { bytes.withLock { $0.count } }

    /// Appends the parts of a page, and returns where it begins.
    func append(
        _ header: borrowing Buffer<UInt8>, _ levels: borrowing Buffer<UInt8>, _ body: borrowing Buffer<UInt8>
    ) -> Int {
        bytes.withLock { bytes in
            let start = bytes.count
            header.withUnsafeElements { bytes.append(contentsOf: $0) }
            levels.withUnsafeElements { bytes.append(contentsOf: $0) }
            body.withUnsafeElements { bytes.append(contentsOf: $0) }
            return start
        }
    }

    func reserve(_ wanted: Int) {
        bytes.withLock { $0.reserve(wanted) }
    }

    func withPage(_ page: EncodedPage, _ body: (UnsafeBufferPointer<UInt8>) throws -> Void) throws {
        try bytes.withLock { bytes in
            try bytes.withUnsafeElements {
                try body(UnsafeBufferPointer(rebasing: $0[page.start..<page.start + page.length]))
            }
        }
    }

    func removeAll() {
        bytes.withLock { $0.removeAll() }
    }
}

/// A finished page in the row group's arena.
struct EncodedPage {
    /// Where the header begins in the arena.
    var start: Int
    /// Bytes of header and body.
    var length: Int
    /// Bytes of header and body before compression.
    var uncompressedLength: Int
    var rowCount: Int
    var nullCount: Int
    var encoding: Encoding
    var bounds: PageBounds
}

/// A row slice of one column: the input of one page.
struct ColumnSlice {
    /// Elements of the column's type in memory; strings as indices into the column's pool.
    var values: UnsafeRawPointer
    /// One flag a row; nil where all rows have values.
    var validity: UnsafePointer<Bool>?
    var rowCount: Int
}
