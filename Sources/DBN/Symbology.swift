import CivilTime

/// Which symbol an instrument id has on a date, whichever way round the file's mappings are written.
///
/// A request in raw symbols, parents or continuous names maps symbols to ids; a request in ids maps ids to
/// symbols. Files that carry no mapping, such as captures of a live feed, name their instruments in symbol
/// mapping records, and every definition names its own: feed those with `name`.
public struct Symbology: Sendable {
    private struct Span {
        /// Days since 1970-01-01, the last one excluded.
        var start: Int
        var end: Int
        var symbol: String
    }

    private var spans: [UInt32: [Span]] = [:]

    /// The mappings of a file.
    ///
    /// An interval without a symbol, without dates or with an id that is no number maps nothing. When two
    /// mappings name one instrument on a date, the first in the file holds.
    public init(_ metadata: Metadata) {
        let inverse = metadata.stypeIn == .instrumentID && metadata.stypeOut != .instrumentID
        for mapping in metadata.mappings {
            for interval in mapping.intervals where interval.start < interval.end {
                let id = inverse ? mapping.rawSymbol : interval.symbol
                let symbol = inverse ? interval.symbol : mapping.rawSymbol
                guard !symbol.isEmpty, let number = UInt32(id) else { continue }
                spans[number, default: []].append(
                    Span(
                        start: interval.start.daysSinceEpoch, end: interval.end.daysSinceEpoch, symbol: symbol
                    ))
            }
        }
    }

    /// Adds a name that is known from elsewhere, for all dates; the file's own mappings hold before it.
    public mutating func name(_ instrumentID: UInt32, _ symbol: String) {
        spans[instrumentID, default: []].append(Span(start: .min, end: .max, symbol: symbol))
    }

    /// The symbol of an instrument on a UTC date; nil when the file does not map it. O(intervals of the
    /// instrument).
    public func symbol(of instrumentID: UInt32, on date: CivilDate) -> String? {
        let day = date.daysSinceEpoch
        return spans[instrumentID]?.first { $0.start <= day && day < $0.end }?.symbol
    }

    /// Every instrument that has a symbol on a UTC date, by ascending id.
    public func instruments(on date: CivilDate) -> [(instrumentID: UInt32, symbol: String)] {
        spans.keys.sorted().compactMap { id in
            symbol(of: id, on: date).map { (instrumentID: id, symbol: $0) }
        }
    }
}
