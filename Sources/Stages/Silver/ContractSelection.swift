import CivilTime

/// What contract selection knows of one contract on one date. Bronze counts it while it decodes and leaves it
/// in the partition's manifest, so that choosing a contract reads no order records a second time.
///
/// Source: spec/book.md 10.3.
public struct SessionVolume: Hashable, Sendable {
    /// Σ size of the trades from 00:00 UTC to 16:00 New York of the date. Contracts.
    public var volume: Int64 = 0
    /// Trades with ts_event in [05:00, 08:30) New York.
    public var earlyTrades: Int64 = 0

    private let sessionStart: Int64
    private let sessionEnd: Int64
    private let earlyStart: Int64
    private let earlyEnd: Int64

    public init(date: CivilDate) {
        sessionStart = date.utcNanoseconds
        sessionEnd = NewYork.utcNanoseconds(of: date, secondOfDay: 16 * 3600)
        earlyStart = NewYork.utcNanoseconds(of: date, secondOfDay: 5 * 3600)
        earlyEnd = NewYork.utcNanoseconds(of: date, secondOfDay: 8 * 3600 + 1800)
    }

    /// Counts one trade record.
    ///
    /// - Parameters:
    ///   - effectiveTime: t_eff of spec/book.md 4.1; ns UTC, nil when the record has no time at all.
    ///   - eventTime: ts_event; ns UTC, nil when undefined.
    ///   - size: contracts.
    public mutating func countTrade(effectiveTime: Int64?, eventTime: Int64?, size: Int64) {
        if let t = effectiveTime, t >= sessionStart, t < sessionEnd { volume += size }
        if let t = eventTime, t >= earlyStart, t < earlyEnd { earlyTrades += 1 }
    }
}

/// Chooses the contract to study on a date. Pure: volumes and expirations in, one row out.
///
/// Source: spec/book.md 10.
public struct ContractSelection: Sendable {
    /// One date of the lake: what each candidate traded, and whether it is a trading date.
    public struct Session: Sendable {
        public let date: CivilDate
        public let volumes: [String: Int64]
        public let hasEarlyTrade: Bool

        public init(date: CivilDate, volumes: [String: Int64], hasEarlyTrade: Bool) {
            self.date = date
            self.volumes = volumes
            self.hasEarlyTrade = hasEarlyTrade
        }

        public var isTradingDate: Bool { hasEarlyTrade && volumes.values.contains { $0 > 0 } }
    }

    /// The row of silver.future_mbo.contract_day.
    public struct Choice: Hashable, Sendable {
        public let symbol: String
        public let expiration: CivilDate
        public let previousTradingDate: CivilDate?
        public let previousVolume: Int64
        public let previousVolumeRank2: Int64
        public let isRoll: Bool
    }

    public enum Failure: Error, Hashable, Sendable {
        case notATradingDate(CivilDate)
        case noEligibleContract(CivilDate)
    }

    let candidates: [String]
    let expirations: [String: CivilDate]
    let calendar: BusinessCalendar

    /// - Parameters:
    ///   - candidates: contract symbols of the root; others are passed over.
    ///   - expirations: New York dates from the definitions, where there are any.
    ///   - calendar: the exchange's business days.
    public init(candidates: [String], expirations: [String: CivilDate], calendar: BusinessCalendar) {
        self.candidates = candidates.filter { FutureSymbol(parsing: $0) != nil }
        self.expirations = expirations
        self.calendar = calendar
    }

    /// The choice for the last of `sessions`, which are in ascending order of date; those before it need not
    /// reach further back than the second trading date before it.
    public func choose(_ sessions: [Session]) throws(Failure) -> Choice {
        guard let session = sessions.last else { preconditionFailure("no session to choose for") }
        guard session.isTradingDate else { throw .notATradingDate(session.date) }
        let earlier = sessions.dropLast().filter(\.isTradingDate)
        let previous = earlier.last
        let ranking = ranked(on: session.date, by: previous)
        guard let best = ranking.first else { throw .noEligibleContract(session.date) }
        let before = previous.flatMap { ranked(on: $0.date, by: earlier.dropLast().last).first }
        return Choice(
            symbol: best.symbol,
            expiration: best.expiration,
            previousTradingDate: previous?.date,
            previousVolume: best.volume,
            previousVolumeRank2: ranking.count > 1 ? ranking[1].volume : 0,
            isRoll: previous != nil && before.map { !$0.symbol.utf8.elementsEqual(best.symbol.utf8) } ?? false)
    }

    private struct Ranked {
        let symbol: String
        let expiration: CivilDate
        let volume: Int64
    }

    /// Eligible candidates, best first: volume of the previous trading date, then expiration, then symbol.
    private func ranked(on date: CivilDate, by previous: Session?) -> [Ranked] {
        candidates
            .map { symbol in
                Ranked(
                    symbol: symbol, expiration: expiration(of: symbol, seenFrom: date),
                    volume: previous?.volumes[symbol] ?? 0)
            }
            .filter { $0.expiration > date }
            .sorted { a, b in
                if a.volume != b.volume { return a.volume > b.volume }
                if a.expiration != b.expiration { return a.expiration < b.expiration }
                return a.symbol.utf8.lexicographicallyPrecedes(b.symbol.utf8)
            }
    }

    private func expiration(of symbol: String, seenFrom date: CivilDate) -> CivilDate {
        if let known = expirations[symbol] { return known }
        guard let future = FutureSymbol(parsing: symbol) else { preconditionFailure("filtered in init") }
        return calendar.expiration(year: future.year(seenFrom: date.year), month: future.month)
    }
}

/// Monday to Friday except holidays.
///
/// Source: spec/book.md 10.2: Good Friday and, from 2022, 19 June, unless a list replaces them.
public struct BusinessCalendar: Sendable {
    let holidays: Set<CivilDate>?

    public init(holidays: [CivilDate]? = nil) {
        self.holidays = holidays.map(Set.init)
    }

    public func isBusinessDay(_ date: CivilDate) -> Bool {
        guard (1...5).contains(date.weekday) else { return false }
        if let holidays { return !holidays.contains(date) }
        if date.year >= 2022 && date.month == 6 && date.day == 19 { return false }
        return date != easterSunday(of: date.year).adding(days: -2)
    }

    /// The third Friday of the month, or the last business day before it.
    public func expiration(year: Int, month: Int) -> CivilDate {
        let first = CivilDate(year: year, month: month, day: 1)!
        var date = first.adding(days: (5 - first.weekday + 7) % 7 + 14)
        while !isBusinessDay(date) { date = date.adding(days: -1) }
        return date
    }
}

/// Easter Sunday of the Gregorian calendar, by the anonymous algorithm (Nature, 1876).
func easterSunday(of year: Int) -> CivilDate {
    let a = year % 19
    let b = year / 100
    let c = year % 100
    let d = (19 * a + b - b / 4 - (b - (b + 8) / 25 + 1) / 3 + 15) % 30
    let e = (32 + 2 * (b % 4) + 2 * (c / 4) - d - c % 4) % 7
    let m = (a + 11 * d + 22 * e) / 451
    let f = d + e - 7 * m + 114
    return CivilDate(year: year, month: f / 31, day: f % 31 + 1)!
}
