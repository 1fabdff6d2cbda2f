/// Why a DBN file could not be opened, decoded or written: what was expected, what was found, and where.
public struct DBNError: Error, Hashable, Sendable {
    /// The kind of fault, for callers that act on it (exit codes, `--allow-truncated`).
    public enum Fault: Hashable, Sendable {
        /// open(2), read(2) or write(2) failed.
        case system
        /// The content is neither DBN nor Zstandard-compressed DBN.
        case notDBN
        /// The version is not 1, 2 or 3.
        case unsupportedVersion
        /// The stream ends inside the metadata.
        case truncatedMetadata
        /// A count, length, code, date or symbol of the metadata cannot be right.
        case badMetadata
        /// The stream ends inside a record.
        case truncatedRecord
        /// A record's length byte is 0, or too small for its type.
        case badRecordLength
        /// A field that is read by name does not hold what its type allows.
        case badField
        /// The file ends inside a Zstandard frame.
        case truncatedFrame
        /// Something that is no frame follows the last Zstandard frame.
        case trailingGarbage
        /// A Zstandard frame is damaged: a checksum differs, or its coding is impossible.
        case corruptFrame
        /// A Zstandard frame wants a longer window than the reader grants.
        case windowTooLong
        /// A value does not fit its field when written.
        case notEncodable
    }

    public let fault: Fault
    /// The path, or the name that the caller gave the bytes.
    public let file: String
    /// Index of the record in the file, counted from 0; nil when the fault lies outside the records.
    public let recordIndex: Int?
    /// Position in the decompressed stream.
    public let byteOffset: Int
    public let expected: String
    public let found: String

    public init(
        _ fault: Fault, file: String, recordIndex: Int? = nil, byteOffset: Int = 0, expected: String,
        found: String
    ) {
        self.fault = fault
        self.file = file
        self.recordIndex = recordIndex
        self.byteOffset = byteOffset
        self.expected = expected
        self.found = found
    }

    /// Whether the only thing wrong is that the file stops too early.
    public var isTruncation: Bool {
        fault == .truncatedRecord || fault == .truncatedFrame || fault == .truncatedMetadata
    }
}

extension DBNError: CustomStringConvertible {
    /// `es.dbn: record 81,204 at byte 4,547,672: expected …, found …`
    public var description: String {
        var text = file + ": "
        if let recordIndex {
            text += "record \(grouped(recordIndex)) at byte \(grouped(byteOffset)): "
        } else if fault != .system {
            text += "at byte \(grouped(byteOffset)): "
        }
        return text + "expected \(expected), found \(found)"
    }
}

/// Decimal digits in groups of three.
func grouped(_ number: Int) -> String {
    var text = ""
    let digits = String(number.magnitude)
    for (index, digit) in digits.enumerated() {
        if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
        text.append(digit)
    }
    return (number < 0 ? "-" : "") + text
}
