/// What went wrong with a Parquet file, and where.
///
/// Nothing a file holds can trap or hang the reader: every broken file ends in one of these.
public struct ParquetError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What the caller can do about it.
    public enum Kind: Hashable, Sendable {
        /// The bytes contradict the format: the file is damaged, cut short, or no Parquet file.
        case corrupt
        /// A valid file that uses a part of the format that this reader does not know.
        case unsupported
        /// A valid file whose columns are not those that the table wants.
        case mismatch
        /// A valid file that wants more memory than the reader may use.
        case limit
        /// The operating system refused; `errno`.
        case system(Int32)
    }

    /// The part of the file that the error is about.
    public enum Region: String, Hashable, Sendable {
        case file
        case footer
        case schema
        case rowGroup = "row group"
        case pageHeader = "page header"
        case page
        case dictionary = "dictionary page"
        case pageIndex = "page index"
        case table
    }

    public let kind: Kind
    /// The file as the caller named it; the name given to a writer is not known and left empty.
    public let path: String
    public let region: Region
    /// Byte offset in the file of the part that is wrong (its start where no single byte is to blame).
    public let offset: Int
    /// What was expected and what was found.
    public let message: String

    public init(_ kind: Kind, path: String, region: Region, offset: Int, message: String) {
        self.kind = kind
        self.path = path
        self.region = region
        self.offset = offset
        self.message = message
    }

    public var description: String {
        "\(path.isEmpty ? "parquet" : path): \(region.rawValue) at byte \(offset): \(message)"
    }
}

/// An error before it is known where in which file it happened: what decoders of byte runs throw.
struct FormatError: Error {
    var kind: ParquetError.Kind
    /// Bytes from the start of the run that was being decoded.
    var offset: Int
    var message: String
    /// The run ended too soon: more bytes might help.
    var endsEarly: Bool

    init(_ message: String, kind: ParquetError.Kind = .corrupt, at offset: Int = 0, endsEarly: Bool = false) {
        self.kind = kind
        self.offset = offset
        self.message = message
        self.endsEarly = endsEarly
    }

    func located(path: String, region: ParquetError.Region, base: Int) -> ParquetError {
        ParquetError(kind, path: path, region: region, offset: base + offset, message: message)
    }
}
