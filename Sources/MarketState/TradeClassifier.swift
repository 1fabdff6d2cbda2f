import Tables

/// Merges the trades and quotes of a symbol and date in total order and gives each trade of a session its side.
///
/// Both tables stream through in blocks, in the order of their contracts, (ts_event, seq); only the latest quote is
/// kept. Feeds: bronze, or the book events. Readers: every other table of the recorder.
///
/// Source: spec/recorder.md 3.1 to 3.3, 5.1.
public struct TradeClassifier: ~Copyable {
    private let session: Sessions.Row
    private let bounds: Range<Int64>
    private let tradeSide: TradeSide
    private let excludedConditions: Set<String>
    /// The latest quote that was not rejected, price_1e-9.
    private var quote: (bid: Int64, ask: Int64)?
    /// Rank of the next kept trade.
    private var ord: Int64 = 0
    /// `seq` of the last row of each table, which under book_order may only rise.
    private var lastTradeSeq = Int64.min
    private var lastQuoteSeq = Int64.min
    /// Rows dropped by 3.2, in the session or not.
    public private(set) var rejectedTrades: Int64 = 0
    public private(set) var rejectedQuotes: Int64 = 0

    public init(_ session: Sessions.Row, _ parameters: RecorderParameters) {
        self.session = session
        bounds = session.nanoseconds
        tradeSide = parameters.tradeSide
        excludedConditions = parameters.excludedConditions
    }

    /// What the merge waits for.
    public enum Demand: Sendable {
        /// The block of trades is used up.
        case trades
        /// The block of quotes is used up, and its successor may precede the next trade.
        case quotes
    }

    /// Classifies trades until one of the blocks is used up.
    ///
    /// - Parameters:
    ///   - trade: next row of `trades`; moved past what is done.
    ///   - quote: next row of `quotes`; likewise.
    ///   - quotesHaveEnded: no block of quotes follows.
    ///   - kept: the session's trades are appended here.
    ///   - quotes: a block, in the order of the table.
    ///   - trades: a block, in the order of the table.
    /// - Throws: `seqRunsBackwards`.
    /// - Complexity: O(rows).
    public mutating func merge(
        _ trades: borrowing Trades, from trade: inout Int, _ quotes: borrowing Quotes, from quote: inout Int,
        quotesHaveEnded: Bool, into kept: inout TradesClassified
    ) throws(TotalOrderError) -> Demand {
        let before = kept.ord.count
        defer { kept.sessionId.append(repeating: session.sessionId, count: kept.ord.count - before) }
        let tradeCount = trades.tsEvent.count
        let quoteCount = quotes.tsEvent.count
        while trade < tradeCount {
            let time = trades.tsEvent[trade]
            let seq = trades.seq[trade]
            while quote < quoteCount, precedes(quotes.tsEvent[quote], quotes.seq[quote], trade: time, seq) {
                try take(quotes, quote)
                quote += 1
            }
            if quote == quoteCount, !quotesHaveEnded { return .quotes }
            try take(trades, trade, into: &kept)
            trade += 1
        }
        return .trades
    }

    /// Passes quotes that no trade follows, so that the rejects of the whole date are counted.
    public mutating func pass(_ quotes: borrowing Quotes, from quote: inout Int) throws(TotalOrderError) {
        while quote < quotes.tsEvent.count {
            try take(quotes, quote)
            quote += 1
        }
    }

    /// Whether a quote comes before a trade. At equal keys the quote does.
    private func precedes(_ time: Int64, _ seq: Int64, trade tradeTime: Int64, _ tradeSeq: Int64) -> Bool {
        switch session.tiePolicy {
        case .quoteFirst: time <= tradeTime
        case .feedOrder: time < tradeTime || time == tradeTime && seq <= tradeSeq
        case .bookOrder: seq <= tradeSeq
        }
    }

    private mutating func take(_ quotes: borrowing Quotes, _ row: Int) throws(TotalOrderError) {
        if session.tiePolicy == .bookOrder {
            guard quotes.seq[row] > lastQuoteSeq else { throw .seqRunsBackwards(quotes.seq[row]) }
            lastQuoteSeq = quotes.seq[row]
        }
        if quotes.isKept(row) {
            quote = (quotes.bidPriceInt[row], quotes.askPriceInt[row])
        } else {
            rejectedQuotes += 1
        }
    }

    private mutating func take(
        _ trades: borrowing Trades, _ row: Int, into kept: inout TradesClassified
    ) throws(TotalOrderError) {
        if session.tiePolicy == .bookOrder {
            guard trades.seq[row] > lastTradeSeq else { throw .seqRunsBackwards(trades.seq[row]) }
            lastTradeSeq = trades.seq[row]
        }
        let (priceInt, size) = (trades.priceInt[row], trades.size[row])
        guard priceInt > 0, size > 0, !isExcluded(trades, row) else {
            rejectedTrades += 1
            return
        }
        let time = trades.tsEvent[row]
        guard bounds.contains(time) else { return }
        let aggressor = trades.aggressor[row]
        kept.ord.append(ord)
        kept.tsEvent.append(time)
        kept.tsMs.append(milliseconds(of: time))
        kept.price.append(Double(priceInt: priceInt))
        kept.size.append(size)
        kept.side.append(side(of: priceInt, aggressor))
        kept.aggressor.append(aggressor.map { TradesClassified.Aggressor(rawValue: $0.rawValue)! })
        kept.quoteBid.append(quote.map { Double(priceInt: $0.bid) })
        kept.quoteAsk.append(quote.map { Double(priceInt: $0.ask) })
        ord += 1
    }

    private func isExcluded(_ trades: borrowing Trades, _ row: Int) -> Bool {
        if excludedConditions.isEmpty { return false }
        return trades.conditions[row].split(separator: ",").contains { excludedConditions.contains(String($0)) }
    }

    private func side(of priceInt: Int64, _ aggressor: Trades.Aggressor?) -> TradesClassified.Side {
        switch tradeSide {
        case .aggressor:
            switch aggressor {
            case .buy: return .buy
            case .sell: return .sell
            case .some(.none), nil: return .unknown
            }
        case .quoteTest:
            guard let quote, quote.bid > 0, quote.ask > 0 else { return .unknown }
            return priceInt >= quote.ask ? .buy : priceInt <= quote.bid ? .sell : .unknown
        }
    }
}

/// Events that have no total order as their session wants it.
public enum TotalOrderError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Under book_order the position in the feed decides, so in the order of time `seq` may only rise.
    case seqRunsBackwards(Int64)

    public var description: String {
        switch self {
        case .seqRunsBackwards(let seq):
            "tie_policy book_order, but in the order of time seq \(seq) does not rise: "
                + "these are no events of an order book, use quote_first or feed_order"
        }
    }
}
