import CivilTime
import Tables

/// What turns the sessions that people describe into the sessions of a date.
///
/// Source: spec/recorder.md 3.3.
public struct SessionRules: Sendable {
    /// Regular hours of the date, ms since 1970 UTC, early close included.
    public var rthOpen: Int64
    public var rthClose: Int64
    /// Sessions are not cut to regular hours.
    public var includesExtendedHours: Bool
    /// Order of events where the file names none: by the feed.
    public var tiePolicy: Sessions.TiePolicy
    public var seed: ATRSeed

    public init(
        rthOpen: Int64, rthClose: Int64, includesExtendedHours: Bool, tiePolicy: Sessions.TiePolicy, seed: ATRSeed
    ) {
        self.rthOpen = rthOpen
        self.rthClose = rthClose
        self.includesExtendedHours = includesExtendedHours
        self.tiePolicy = tiePolicy
        self.seed = seed
    }

    /// Session bounds are multiples of this, ms.
    public static let grid: Int64 = 10_000

    /// The sessions of a day in ascending order of their ids: those of the files, or else its regular hours.
    ///
    /// - Throws: for an empty session, one that begins on another date, and an id that comes twice.
    public func sessions(
        _ entries: [SessionEntry], of day: ReferenceDay
    ) throws(ReferenceError) -> [Sessions.Row] {
        var rows: [Sessions.Row] = []
        var places: [String: ReferencePlace] = [:]
        for entry in entries.isEmpty ? [SessionEntry()] : entries {
            let row = try session(entry, of: day)
            if let place = entry.place, let other = places.updateValue(place, forKey: row.sessionId) {
                throw place.error("the session_id '\(row.sessionId)' is already in \(other)")
            }
            rows.append(row)
        }
        return rows.sorted { $0.sessionId.utf8.lexicographicallyPrecedes($1.sessionId.utf8) }
    }

    private func session(_ entry: SessionEntry, of day: ReferenceDay) throws(ReferenceError) -> Sessions.Row {
        let open = entry.rthOpen ?? rthOpen
        let close = entry.rthClose ?? rthClose
        func fault(_ reason: String) -> ReferenceError {
            entry.place?.error(reason) ?? ReferenceError("the regular hours of \(day.date)", nil, reason)
        }
        guard open < close else { throw fault("regular hours end (\(close)) not after they begin (\(open))") }
        var start = entry.start ?? open
        var end = entry.end ?? close
        guard start < end else { throw fault("the session ends (\(end)) not after it begins (\(start))") }
        if !includesExtendedHours {
            (start, end) = (max(start, open), min(end, close))
            guard start < end else {
                throw fault("nothing is left of the session when it is cut to regular hours, \(open) to \(close)")
            }
        }
        start -= start % SessionRules.grid
        end += (SessionRules.grid - end % SessionRules.grid) % SessionRules.grid
        let date = NewYork.date(ofUTC: start * 1_000_000)
        guard date == day.date else { throw fault("the session begins on \(date), not on \(day.date)") }
        let (value, source) = seed.resolve(entry)
        return Sessions.Row(
            sessionId: entry.sessionID ?? SessionRules.defaultID(of: day), startTsMs: start, endTsMs: end,
            rthOpenTsMs: open, rthCloseTsMs: close, directionBias: entry.directionBias, atrSeed: value,
            atrSeedSource: source, priorClose: entry.priorClose, tiePolicy: entry.tiePolicy ?? tiePolicy)
    }

    /// The id of a session that was given none.
    public static func defaultID(of day: ReferenceDay) -> String { "\(day.symbol):\(day.date)\(defaultSuffix)" }

    static let defaultSuffix = ":rth"
}

/// Where the ATR before the first bar comes from.
///
/// Source: spec/recorder.md 5.4.
public struct ATRSeed: Sendable, Hashable {
    /// The last live ATR of an earlier session, price; nil when none is in reach.
    public var priorSession: Double?
    public var fixedDefault: Double

    public init(priorSession: Double?, fixedDefault: Double) {
        self.priorSession = priorSession
        self.fixedDefault = fixedDefault
    }

    /// Minutes of regular hours: a daily range is that of so many minutes put together.
    private static let minutesOfDay = 390.0

    func resolve(_ entry: SessionEntry) -> (Double, Sessions.AtrSeedSource) {
        if let (value, source) = entry.seed { return (value, source) }
        if let priorSession { return (priorSession, .priorSession) }
        if let daily = entry.dailyATR { return (daily / ATRSeed.minutesOfDay.squareRoot(), .dailyFallback) }
        return (fixedDefault, .fixedDefault)
    }
}

/// The days on which the exchanges close at 13:00 New York.
///
/// Source: spec/recorder.md 3.3.
public enum EarlyClose {
    /// Second of the day.
    public static let secondOfDay = 13 * 3600

    /// 3 July and 24 December on a Monday to Thursday, and the Friday after Thanksgiving, which is the fourth
    /// Thursday of November.
    public static func isRegular(on date: CivilDate) -> Bool {
        switch (date.month, date.day) {
        case (7, 3), (12, 24): (1...4).contains(date.weekday)
        case (11, 23...29): date.weekday == 5
        default: false
        }
    }
}
