import Tables

/// The 10 s rows of one session as the engines of gold walk them.
///
/// Invariants: the grid has no holes, so row k ends exactly 10·k seconds after row 0; from the first trade on every
/// row has a price, because it is carried. Source: spec/recorder.md 2.3 and 4.
public struct SessionRows: Sendable {
    /// Every row of the session, ascending.
    public let states: [State10s.Row]
    /// The flow proxies of the same rows; empty when they were not given, as engines of levels alone need none.
    public let flows: [SmartMoney10s.Row]
    /// The first row with last_price > 0; the number of rows when none has.
    public let firstPriced: Int

    /// Length of a window, ms.
    static let step: Int64 = 10_000

    /// - Throws: when the rows are not one session's dense grid, or the proxies are those of other rows.
    public init(states: [State10s.Row], flows: [SmartMoney10s.Row]? = nil) throws(SessionRowsError) {
        for (index, state) in states.enumerated() {
            guard state.timestamp == states[0].timestamp + Int64(index) * SessionRows.step,
                state.sessionId.utf8.elementsEqual(states[0].sessionId.utf8)
            else { throw .notDense(session: states[0].sessionId, row: index) }
        }
        if let flows, !flows.map(\.timestamp).elementsEqual(states.map(\.timestamp)) {
            throw .notAlike("smart_money_10s", session: (states.first?.sessionId ?? flows.first?.sessionId)!)
        }
        self.states = states
        self.flows = flows ?? []
        firstPriced = states.firstIndex { $0.lastPrice > 0 } ?? states.count
        if let gap = states[firstPriced...].firstIndex(where: { !($0.lastPrice > 0) }) {
            throw .notCarried(session: states[0].sessionId, row: gap)
        }
    }

    /// The rows that have a price.
    var priced: Range<Int> { firstPriced..<states.count }

    /// The row with exactly this timestamp.
    func row(at timestamp: Int64) -> Int? {
        guard let row = last(atOrBefore: timestamp), states[row].timestamp == timestamp else { return nil }
        return row
    }

    /// The latest row with a timestamp of at most this.
    func last(atOrBefore timestamp: Int64) -> Int? {
        guard let first = states.first?.timestamp, timestamp >= first else { return nil }
        return Int(min((timestamp - first) / SessionRows.step, Int64(states.count - 1)))
    }

    /// The priced rows with a timestamp of at least `start` and at most `end`.
    func priced(from start: Int64, through end: Int64) -> Range<Int> {
        let before = last(atOrBefore: start - 1).map { $0 + 1 } ?? 0
        let after = last(atOrBefore: end).map { $0 + 1 } ?? 0
        let lower = max(before, firstPriced)
        return lower..<max(lower, after)
    }

    /// The part of a range of rows that exists.
    func existing(_ rows: ClosedRange<Int>) -> Range<Int> {
        let lower = min(max(rows.lowerBound, 0), states.count)
        return lower..<max(lower, min(rows.upperBound + 1, states.count))
    }

    /// Row i − 6, the reference of a minute ago; nil when it does not exist or has no price (spec 7).
    func minuteBefore(_ row: Int) -> Int? {
        row - 6 >= firstPriced ? row - 6 : nil
    }
}

/// Rows that no session can have: the tables they come from do not belong together.
public enum SessionRowsError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A row is not 10 s after the one before.
    case notDense(session: String, row: Int)
    /// A row has no price although an earlier one has.
    case notCarried(session: String, row: Int)
    /// A table has other rows than state_10s.
    case notAlike(String, session: String)

    public var description: String {
        switch self {
        case .notDense(let session, let row):
            "state_10s of session \(session): row \(row) is not 10 s after the row before it"
        case .notCarried(let session, let row):
            "state_10s of session \(session): row \(row) has no last_price although an earlier row has one"
        case .notAlike(let table, let session):
            "\(table) of session \(session) was made from other rows than those of state_10s"
        }
    }
}
