import Tables

/// A support or resistance with its band. Source: spec/recorder.md 7.1.
public struct ChainLevel: Sendable {
    public let id: String
    public let chainID: String
    public let price: Double
    public let kind: Kind
    /// The level exists from here on, ms.
    public let createdMs: Int64
    public let outcome: Levels.LevelOutcome
    /// Ends of the band; prices on them are inside.
    public let lower: Double
    public let upper: Double

    public enum Kind: Sendable, Hashable {
        case support
        case resistance
    }

    /// Where a price is: the raw values order it.
    enum Position: Int, Sendable {
        case below = -1
        case inBand = 0
        case above = 1
    }

    /// Nil for levels that are neither: those have no part in chains.
    public init?(_ level: Levels.Row, bandPct: Double) {
        switch level.levelType {
        case .support: kind = .support
        case .resistance: kind = .resistance
        case .vwap, .trendline, .manual: return nil
        }
        id = level.levelId
        chainID = level.chainId
        price = level.levelPrice
        createdMs = level.createdTsMs
        outcome = level.levelOutcome
        lower = level.levelPrice * (1.0 - bandPct)
        upper = level.levelPrice * (1.0 + bandPct)
    }

    func position(_ price: Double) -> Position {
        price < lower ? .below : price > upper ? .above : .inBand
    }

    /// Whether the level is kept at this price.
    func holds(_ price: Double) -> Bool {
        switch kind {
        case .support: price >= lower
        case .resistance: price <= upper
        }
    }

    /// The side that a failing level lets the price through to.
    var failingSide: Position { kind == .support ? .below : .above }

    /// The order of a chain: supports downward, then resistances upward, ties by id.
    static func precedes(_ a: ChainLevel, _ b: ChainLevel) -> Bool {
        if a.kind != b.kind { return a.kind == .support }
        if a.price != b.price { return (a.price > b.price) == (a.kind == .support) }
        return ByteKey(a.id) < ByteKey(b.id)
    }
}

extension SessionRows {
    /// Whether the level holds on row `first` and the rows after it through `last`: false at the first that does not, else
    /// nil when the session ends before.
    func hold(_ level: ChainLevel, _ first: Int, through last: Int) -> Bool? {
        let range = existing(first...last)
        if states[range].contains(where: { !level.holds($0.lastPrice) }) { return false }
        return last < states.count ? true : nil
    }
}

/// A level of a chain with everything that happened at it.
public struct TracedLevel: Sendable {
    public let level: ChainLevel
    /// Its rows of gold.level_interactions.
    let events: [LevelInteractions.Row]
    /// Of each event, the session's row.
    let rows: [Int]

    /// - Throws: when an event is at no row of the session.
    public init(
        _ level: ChainLevel, _ events: [LevelInteractions.Row], in session: SessionRows
    ) throws(SessionRowsError) {
        self.level = level
        self.events = events
        var rows: [Int] = []
        for event in events {
            guard let row = session.row(at: event.timestamp), row >= session.firstPriced else {
                throw .notAlike("level_interactions of \(level.id)", session: event.sessionId)
            }
            rows.append(row)
        }
        self.rows = rows
    }

    /// The touches, by position among the events.
    var touches: [Int] { events.indices.filter { events[$0].event == .touch } }
}
