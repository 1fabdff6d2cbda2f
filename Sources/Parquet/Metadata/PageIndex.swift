/// The page index: for each column chunk the bounds of its pages (ColumnIndex) and their places (OffsetIndex), so
/// that readers with a predicate skip pages.
enum PageIndex {
    struct Location {
        var offset: Int
        var length: Int
        /// Row of the row group.
        var firstRow: Int
    }

    /// Appends the chunk's ColumnIndex; nil where a page with values has no bounds (all NaN), for which the format
    /// has no way to say so.
    static func appendColumnIndex(of pages: [EncodedPage], to thrift: inout CompactWriter) -> FileSpan? {
        let bounds = pages.map(\.bounds.encoded)
        for (page, bound) in zip(pages, bounds) where bound == nil && page.nullCount < page.rowCount {
            return nil
        }
        let start = thrift.bytes.count
        thrift.beginStruct()
        thrift.beginList(1, .boolTrue, count: pages.count)
        for bound in bounds { thrift.element(bound == nil) }
        thrift.beginList(2, .binary, count: pages.count)
        for bound in bounds { thrift.element(bound?.minimum ?? []) }
        thrift.beginList(3, .binary, count: pages.count)
        for bound in bounds { thrift.element(bound?.maximum ?? []) }
        thrift.field(4, order(of: pages).rawValue)
        thrift.beginList(5, .i64, count: pages.count)
        for page in pages { thrift.element(page.nullCount) }
        thrift.endStruct()
        return FileSpan(offset: start, length: thrift.bytes.count - start)
    }

    static func appendOffsetIndex(_ locations: [Location], to thrift: inout CompactWriter) -> FileSpan {
        let start = thrift.bytes.count
        thrift.beginStruct()
        thrift.beginList(1, .structure, count: locations.count)
        for location in locations {
            thrift.beginStruct()
            thrift.field(1, location.offset)
            thrift.field(2, Int32(location.length))
            thrift.field(3, location.firstRow)
            thrift.endStruct()
        }
        thrift.endStruct()
        return FileSpan(offset: start, length: thrift.bytes.count - start)
    }

    /// Whether both bounds ascend or descend over the pages that have bounds.
    private static func order(of pages: [EncodedPage]) -> BoundaryOrder {
        let bounds = pages.map(\.bounds).filter { $0 != .none }
        let pairs = zip(bounds, bounds.dropFirst())
        if pairs.allSatisfy({ $0.ascends(to: $1) }) { return .ascending }
        if pairs.allSatisfy({ $1.ascends(to: $0) }) { return .descending }
        return .unordered
    }
}
