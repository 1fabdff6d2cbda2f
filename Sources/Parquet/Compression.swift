/// How pages are compressed. A part of a partition's identity: its text is in manifests and options.
public enum Compression: Hashable, Sendable, CustomStringConvertible {
    case none
    /// Zstandard at a level from 1 to 22.
    case zstd(level: Int)
    /// LZ4 blocks without a frame (Parquet's LZ4_RAW).
    case lz4

    /// `zstd:1` … `zstd:22`, `lz4` or `none`; nil for any other text.
    public init?(parsing text: String) {
        switch text {
        case "none": self = .none
        case "lz4": self = .lz4
        default:
            guard text.utf8.starts(with: "zstd:".utf8) else { return nil }
            let digits = text.utf8.dropFirst(5)
            guard (1...2).contains(digits.count), digits.allSatisfy({ (48...57).contains($0) }),
                digits.first != 48,
                let level = Int(text.dropFirst(5)), (1...22).contains(level)
            else { return nil }
            self = .zstd(level: level)
        }
    }

    public var description: String {
        switch self {
        case .none: "none"
        case .zstd(let level): "zstd:\(level)"
        case .lz4: "lz4"
        }
    }
}
