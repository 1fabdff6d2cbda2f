/// What a file's footer says: the schema, and where the row groups and their columns lie.
///
/// The model holds what writer and reader both need; fields of the format that neither uses are skipped.
struct FileMetadata {
    /// The root and then its children, in order.
    var schema: [SchemaElement]
    var rowCount: Int
    var rowGroups: [RowGroupMetadata]
    var keyValues: [KeyValue]
}

struct KeyValue {
    var key: String
    var value: String
}

/// A node of the schema.
struct SchemaElement {
    enum Repetition: Int32 {
        case required = 0
        case optional = 1
        case repeated = 2
    }

    /// The logical types that columns of tarn can have, and a name for every other.
    enum LogicalType: Equatable {
        case string
        case date
        case timestamp(unit: TimeUnit, isUTC: Bool)
        case integer(bits: Int, isSigned: Bool)
        case other(String)
    }

    enum TimeUnit: Int16 {
        case milliseconds = 1
        case microseconds = 2
        case nanoseconds = 3
    }

    var name: String
    var type: PhysicalType?
    var repetition: Repetition
    var childCount: Int
    var convertedType: Int32?
    var logicalType: LogicalType?

    /// Numbers of the older annotations that mean the same as a logical type of ours.
    enum Converted {
        static let utf8: Int32 = 0
        static let enumeration: Int32 = 4
        static let date: Int32 = 6
        static let timestampMillis: Int32 = 9
        static let timestampMicros: Int32 = 10
        static let unsigned: ClosedRange<Int32> = 11...14
        static let signed: ClosedRange<Int32> = 15...18
    }
}

struct RowGroupMetadata {
    var columns: [ChunkMetadata]
    var rowCount: Int
    /// Bytes of all pages with their headers, before and after compression.
    var uncompressedSize: Int
    var compressedSize: Int
    var ordinal: Int
}

/// One column of one row group.
struct ChunkMetadata {
    var type: PhysicalType
    var encodings: [Int32] = []
    var name: String
    /// A number of `Codec`, or one that we do not know.
    var codec: Int32
    var valueCount: Int
    var uncompressedSize: Int
    var compressedSize: Int
    var keyValues: [KeyValue] = []
    var dataPageOffset: Int
    var dictionaryPageOffset: Int?
    var statistics: ChunkStatistics?
    /// How many pages of which type have which encoding.
    var encodingStatistics: [PageEncodingCount] = []
    var offsetIndex: FileSpan?
    var columnIndex: FileSpan?

    /// First byte of the chunk's first page.
    var start: Int {
        guard let dictionary = dictionaryPageOffset, dictionary > 0, dictionary < dataPageOffset else {
            return dataPageOffset
        }
        return dictionary
    }
}

struct PageEncodingCount {
    var page: PageType
    var encoding: Encoding
    var count: Int
}

/// A run of bytes of the file.
struct FileSpan {
    var offset: Int
    var length: Int
}

/// Bounds as the file holds them: PLAIN-encoded, strings without a length.
struct ChunkStatistics {
    var minimum: [UInt8]?
    var maximum: [UInt8]?
    var nullCount: Int?
}
