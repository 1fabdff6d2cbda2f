import CivilTime

/// A symbol of an outright future: root, month letter, one or two digits of the year (`ESH6`, `CLZ25`).
///
/// Source: spec/book.md 3.3 (grammar) and 10.1 (years).
public struct FutureSymbol: Hashable, Sendable {
    public let root: String
    /// 1…12
    public let month: Int
    /// 0…9 or 0…99, as written.
    public let yearDigits: Int
    public let digitCount: Int

    /// What roots, steps and fitted values are kept by: the root of an outright future, else the symbol itself, which
    /// is a root or a ticker.
    public static func family(of symbol: String) -> String {
        FutureSymbol(parsing: symbol)?.root ?? symbol
    }

    static let monthLetters = Array("FGHJKMNQUVXZ".utf8)

    /// Reads a symbol of any root, or nil when it is none (a spread, an option, an equity).
    public init?(parsing symbol: String) {
        let bytes = Array(symbol.utf8)
        let digits = bytes.reversed().prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.count
        guard (1...2).contains(digits), bytes.count > digits + 1,
            let month = FutureSymbol.monthLetters.firstIndex(of: bytes[bytes.count - digits - 1])
        else { return nil }
        let root = bytes.prefix(bytes.count - digits - 1)
        guard root.allSatisfy({ isAlphanumeric($0) }) else { return nil }
        self.root = String(decoding: root, as: UTF8.self)
        self.month = month + 1
        self.yearDigits = bytes.suffix(digits).reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        self.digitCount = digits
    }

    /// Whether `symbol` is an outright future of `root`.
    public static func matches(_ symbol: String, root: String) -> Bool {
        FutureSymbol(parsing: symbol)?.root == root
    }

    /// Year of delivery, seen from a session: two digits are 20dd; one digit is the first year from the one
    /// before the session's on that ends in it.
    public func year(seenFrom sessionYear: Int) -> Int {
        if digitCount == 2 { return 2000 + yearDigits }
        let first = sessionYear - 1
        return first + (yearDigits - first % 10 + 10) % 10
    }
}

private func isAlphanumeric(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
}
