/// The numbers that the Parquet format gives to its concepts (parquet.thrift).

enum PhysicalType: Int32 {
    case boolean = 0
    case int32 = 1
    case int64 = 2
    case int96 = 3
    case float = 4
    case double = 5
    case byteArray = 6
    case fixedLengthByteArray = 7

    var name: String {
        switch self {
        case .boolean: "BOOLEAN"
        case .int32: "INT32"
        case .int64: "INT64"
        case .int96: "INT96"
        case .float: "FLOAT"
        case .double: "DOUBLE"
        case .byteArray: "BYTE_ARRAY"
        case .fixedLengthByteArray: "FIXED_LEN_BYTE_ARRAY"
        }
    }
}

enum Encoding: Int32 {
    case plain = 0
    case plainDictionary = 2
    case rle = 3
    case bitPacked = 4
    case deltaBinaryPacked = 5
    case deltaLengthByteArray = 6
    case deltaByteArray = 7
    case rleDictionary = 8
    case byteStreamSplit = 9

    var name: String {
        switch self {
        case .plain: "PLAIN"
        case .plainDictionary: "PLAIN_DICTIONARY"
        case .rle: "RLE"
        case .bitPacked: "BIT_PACKED"
        case .deltaBinaryPacked: "DELTA_BINARY_PACKED"
        case .deltaLengthByteArray: "DELTA_LENGTH_BYTE_ARRAY"
        case .deltaByteArray: "DELTA_BYTE_ARRAY"
        case .rleDictionary: "RLE_DICTIONARY"
        case .byteStreamSplit: "BYTE_STREAM_SPLIT"
        }
    }
}

enum Codec: Int32 {
    case uncompressed = 0
    case snappy = 1
    case gzip = 2
    case lzo = 3
    case brotli = 4
    case lz4Hadoop = 5
    case zstd = 6
    case lz4Raw = 7

    var name: String {
        switch self {
        case .uncompressed: "uncompressed"
        case .snappy: "snappy"
        case .gzip: "gzip"
        case .lzo: "lzo"
        case .brotli: "brotli"
        case .lz4Hadoop: "lz4 (Hadoop framing)"
        case .zstd: "zstd"
        case .lz4Raw: "lz4_raw"
        }
    }

    init(_ compression: Compression) {
        switch compression {
        case .none: self = .uncompressed
        case .zstd: self = .zstd
        case .lz4: self = .lz4Raw
        }
    }
}

enum PageType: Int32 {
    case data = 0
    case index = 1
    case dictionary = 2
    case dataV2 = 3
}

enum BoundaryOrder: Int32 {
    case unordered = 0
    case ascending = 1
    case descending = 2
}

/// The limits that writer and reader share.
enum Limits {
    /// Rows of a page, and of a batch that a reader serves.
    static let pageRows = 1 << 17
    static let rowGroupRows = 1 << 20
    /// A row group ends at the first page boundary at which its encoded pages take this many bytes.
    static let rowGroupBytes = 64 << 20
    /// A page ends after the row at which its strings take this many bytes, so that a page stays in memory.
    static let pageStringBytes = 16 << 20
    /// Longest string that is written.
    static let stringBytes = 64 << 20
    /// Columns of a file that is read: each costs its reader a hundred times what it takes in the footer.
    static let columns = 1 << 15
    /// Pairs of a file's or a column's metadata that are read.
    static let keyValues = 1 << 16
    /// What a reader may allocate for a file of so many bytes, besides its footer, is bounded by how far its
    /// compression can expand: a block of 128 KiB takes at least 4 bytes in Zstandard, 255 times less in LZ4.
    static func memory(forFileOf bytes: Int) -> Int { 64 << 20 + (bytes << 15) }
}

/// `PAR1`: the first and the last four bytes of a file.
let magic: [UInt8] = [0x50, 0x41, 0x52, 0x31]
