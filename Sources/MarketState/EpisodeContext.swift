import Tables

/// What all episodes of a session have around them.
///
/// Source: spec/recorder.md 6.7.
public struct EpisodeContext: Sendable {
    /// Symbol of the partition; part of generated marker ids.
    public let symbol: String
    public let session: Sessions.Row
    public let rows: SessionRows
    /// The first trade of the session's regular hours.
    public let firstRegularTrade: RegularTrade?
    /// The rows of SPY on the date.
    public let benchmark: Benchmark?
    public let parameters: RecorderParameters

    /// A trade as gaps are measured with it.
    public struct RegularTrade: Sendable, Hashable {
        public let tsMs: Int64
        public let price: Double

        public init(tsMs: Int64, price: Double) {
            self.tsMs = tsMs
            self.price = price
        }
    }

    /// - Parameter rows: with the flow proxies.
    /// - Parameter benchmark: which way the market went, nil where that is not known.
    /// - Parameter firstRegularTrade: of the date, nil where there was none.
    /// - Parameter parameters: the recorder's.
    /// - Parameter session: its row of ref.sessions.
    /// - Parameter symbol: of the session.
    public init(
        symbol: String, session: Sessions.Row, rows: SessionRows, firstRegularTrade: RegularTrade? = nil,
        benchmark: Benchmark? = nil, parameters: RecorderParameters = RecorderParameters()
    ) {
        precondition(rows.flows.count == rows.states.count, "episodes need the flow proxies")
        self.symbol = symbol
        self.session = session
        self.rows = rows
        self.firstRegularTrade = firstRegularTrade
        self.benchmark = benchmark
        self.parameters = parameters
    }

    /// First and last hour of the regular hours, half-open.
    func timeOfDay(at time: Int64) -> Episodes.TimeOfDayBucket {
        let hour: Int64 = 3_600_000
        if time >= session.rthOpenTsMs, time < session.rthOpenTsMs + hour { return .open }
        if time >= session.rthCloseTsMs - hour, time < session.rthCloseTsMs { return .close }
        return .mid
    }

    /// Gap of the open against the previous close, a fraction; nil while the open is still to come.
    func gap(knownAt time: Int64) -> Double? {
        guard let trade = firstRegularTrade, trade.tsMs <= time, let close = session.priorClose else {
            return nil
        }
        return (trade.price - close) / close
    }
}

/// Prices of SPY on the date, session by session.
public struct Benchmark: Sendable {
    private let sessions: [[Price]]

    /// What counts of a 10 s row.
    public struct Price: Sendable, Hashable {
        /// Last millisecond of the window.
        public let timestamp: Int64
        public let lastPrice: Double

        public init(timestamp: Int64, lastPrice: Double) {
            self.timestamp = timestamp
            self.lastPrice = lastPrice
        }
    }

    /// - Parameter sessions: the 10 s rows of each session, ascending and without holes.
    public init(sessions: [[Price]]) {
        self.sessions = sessions.filter { !$0.isEmpty }
    }

    /// Return of the five minutes up to the latest row that is not after `time`, a fraction; nil when one of the two
    /// prices is missing.
    func fiveMinuteReturn(at time: Int64) -> Double? {
        var latest: (rows: [Price], row: Int)?
        for rows in sessions {
            guard let row = rows.lastIndex(where: { $0.timestamp <= time }) else { continue }
            if let found = latest, found.rows[found.row].timestamp >= rows[row].timestamp { continue }
            latest = (rows, row)
        }
        guard let (rows, row) = latest, row >= 30, rows[row].lastPrice > 0, rows[row - 30].lastPrice > 0 else {
            return nil
        }
        return rows[row].lastPrice / rows[row - 30].lastPrice - 1
    }
}
