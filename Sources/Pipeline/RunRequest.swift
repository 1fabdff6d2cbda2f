import CivilTime
import Contracts

/// What a user asks the pipeline to compute: which partitions, with which parameters, how.
///
/// Plain values, checked on their own; whether products, tables, keys and symbols exist is for the plan to say.
public struct RunRequest: Sendable, Hashable {
    public var productType: String
    /// Ascending, each once, not empty.
    public var layers: [DatasetKey.Layer]
    /// Only these tables; empty: all tables of the layers.
    public var tables: [String]
    /// Only this stage; nil: all that make tables of the layers.
    public var stage: String?
    /// Only these of the symbols on these dates; nil: each symbol on each date.
    public var days: Set<SymbolDay>?
    /// Not empty, each once, in the order given.
    public var symbols: [String]
    public var dates: DateSelection
    /// Output window; nil: as the registry says.
    public var start: ClockTime?
    public var end: ClockTime?
    /// Parameters that replace the registry's, in the order given, each key once.
    public var settings: [Setting]
    public var overwrite: Overwrite
    public var workers: Int
    public var shard: Shard?
    /// Publish what a truncated input holds, marked as such.
    public var allowsTruncated: Bool
    /// As in Parquet's writer: `zstd:3`, `lz4`, `none`; nil: the default.
    public var compression: String?

    public enum Overwrite: String, Sendable, Hashable, Comparable, CaseIterable {
        /// Refuse what is stale.
        case nothing
        /// Rebuild what is stale or named, and what is downstream of it; bronze stays.
        case derived
        /// Bronze, too.
        case everything

        public static func < (one: Self, other: Self) -> Bool {
            allCases.firstIndex(of: one)! < allCases.firstIndex(of: other)!
        }
    }

    /// A symbol on a date.
    public struct SymbolDay: Sendable, Hashable {
        public let symbol: String
        public let date: CivilDate

        public init(symbol: String, date: CivilDate) {
            self.symbol = symbol
            self.date = date
        }
    }

    public init(
        productType: String, layers: [DatasetKey.Layer], tables: [String] = [], symbols: [String],
        dates: DateSelection,
        start: ClockTime? = nil, end: ClockTime? = nil, settings: [Setting] = [],
        overwrite: Overwrite = .nothing,
        workers: Int, shard: Shard? = nil, allowsTruncated: Bool = false, compression: String? = nil
    ) {
        self.productType = productType
        self.layers = layers
        self.tables = tables
        self.symbols = symbols
        self.dates = dates
        self.start = start
        self.end = end
        self.settings = settings
        self.overwrite = overwrite
        self.workers = workers
        self.shard = shard
        self.allowsTruncated = allowsTruncated
        self.compression = compression
    }
}

/// Text of a request that is not understood.
public struct RequestError: Error, Sendable, Hashable {
    public let message: String

    public init(_ message: String) {
        self.message = message
    }
}

/// Dates in ascending order, each once.
public struct DateSelection: Sendable, Hashable {
    public let dates: [CivilDate]
    /// Dates that were named one by one. The others come from ranges, whose days without raw files are skipped.
    public let named: Set<CivilDate>

    /// Dates named one by one.
    public init(_ dates: Set<CivilDate>) {
        named = dates
        self.dates = dates.sorted()
    }

    /// No selection spans more days than this, a century.
    static let mostDays = 36_525

    /// One date.
    public init(_ date: CivilDate) {
        dates = [date]
        named = [date]
    }

    /// Reads `D`, `D:D` (both ends included) and lists of them, `D,D:D`.
    public init(parsing text: String) throws(RequestError) {
        var all: Set<CivilDate> = []
        var named: Set<CivilDate> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: ":", omittingEmptySubsequences: false)
            guard ends.count <= 2 else { throw RequestError("'\(part)' is not a date D or a range D:D") }
            let first = try DateSelection.date(ends[0])
            guard ends.count == 2 else {
                named.insert(first)
                continue
            }
            let last = try DateSelection.date(ends[1])
            guard first <= last else { throw RequestError("the range \(part) ends before it begins") }
            let days = last.daysSinceEpoch - first.daysSinceEpoch + 1
            guard days <= DateSelection.mostDays else {
                throw RequestError("the range \(part) is longer than a century")
            }
            for day in 0..<days { all.insert(first.adding(days: day)) }
        }
        self.named = named
        dates = all.union(named).sorted()
    }

    private static func date(_ text: Substring) throws(RequestError) -> CivilDate {
        guard let date = CivilDate(parsing: text) else {
            throw RequestError("'\(text)' is not a date of the form YYYY-MM-DD")
        }
        return date
    }
}

/// One part of the work, split by symbol: the `index`-th of `count`, counted from 1.
public struct Shard: Sendable, Hashable {
    public let index: Int
    public let count: Int

    /// Reads `i/n` with 1 ≤ i ≤ n.
    public init(parsing text: String) throws(RequestError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let index = Int(parts[0]), let count = Int(parts[1]),
            (1...100_000).contains(count),
            (1...count).contains(index)
        else { throw RequestError("'\(text)' is not a shard i/n with 1 ≤ i ≤ n, such as 1/4") }
        self.index = index
        self.count = count
    }
}

/// A parameter and its text, `key=value`.
public struct Setting: Sendable, Hashable {
    public let key: String
    public let value: String

    public init(parsing text: String) throws(RequestError) {
        guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
            throw RequestError("'\(text)' is not of the form key=value")
        }
        key = String(text[..<equals])
        value = String(text[text.index(after: equals)...])
        guard !value.isEmpty else { throw RequestError("'\(key)' has no value") }
    }
}

/// An instrument's symbol as users write it.
public enum SymbolText {
    /// Refuses what no vendor names an instrument and what somebody might hope to climb out of the lake with.
    public static func checked(_ text: String) throws(RequestError) -> String {
        guard !text.isEmpty, text.utf8.count <= 100 else {
            throw RequestError("a symbol has 1 to 100 bytes")
        }
        guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
            throw RequestError("the symbol holds a control character")
        }
        guard text.first != " ", text.last != " " else {
            throw RequestError("the symbol '\(text)' begins or ends with a space")
        }
        let steps = text.split(separator: "/", omittingEmptySubsequences: false)
        guard !steps.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }) else {
            throw RequestError("'\(text)' is a path, not a symbol")
        }
        return text
    }
}
