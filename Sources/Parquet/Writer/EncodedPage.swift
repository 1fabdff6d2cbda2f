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
