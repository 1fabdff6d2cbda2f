import CivilTime

/// When a venue trades on a UTC date, and how much of the day's activity falls there.
struct Session {
    enum Kind {
        case continuous
        /// Orders gather, and one price clears them at the end.
        case auction
    }

    var start: Int64
    var end: Int64
    /// Share of the day's records, per mille.
    var share: Int
    var kind = Kind.continuous

    private static func newYork(_ date: CivilDate, _ hour: Int, _ minute: Int) -> Int64 {
        NewYork.utcNanoseconds(of: date, secondOfDay: hour * 3600 + minute * 60)
    }

    private static func regular(_ date: CivilDate) -> [Session] {
        [
            Session(start: newYork(date, 9, 30), end: newYork(date, 10, 0), share: 140),
            Session(start: newYork(date, 10, 0), end: newYork(date, 11, 30), share: 200),
            Session(start: newYork(date, 11, 30), end: newYork(date, 14, 0), share: 200),
            Session(start: newYork(date, 14, 0), end: newYork(date, 15, 30), share: 160),
            Session(start: newYork(date, 15, 30), end: newYork(date, 16, 0), share: 120),
        ]
    }

    /// CME Globex on a UTC date: the evening before until 17:00 New York, a pre-opening from 17:45, and
    /// trading again from 18:00 except on Fridays.
    static func globex(_ date: CivilDate) -> [Session] {
        var sessions = [
            Session(start: date.utcNanoseconds, end: newYork(date, 5, 0), share: 20),
            Session(start: newYork(date, 5, 0), end: newYork(date, 8, 30), share: 60),
            Session(start: newYork(date, 8, 30), end: newYork(date, 9, 30), share: 60),
        ]
        sessions += regular(date)
        sessions.append(Session(start: newYork(date, 16, 0), end: newYork(date, 17, 0), share: 20))
        if date.weekday != 5 {
            sessions.append(
                Session(start: newYork(date, 17, 45), end: newYork(date, 18, 0), share: 1, kind: .auction))
            sessions.append(
                Session(start: newYork(date, 18, 0), end: date.adding(days: 1).utcNanoseconds, share: 19))
        }
        return sessions
    }

    /// Options that end at 16:00 New York.
    static func globexUntilExpiration(_ date: CivilDate) -> [Session] {
        globex(date).filter { $0.end <= newYork(date, 16, 0) }
    }

    /// Nasdaq: 4:00 to 20:00 New York, in winter beyond midnight UTC and then cut there.
    static func nasdaq(_ date: CivilDate) -> [Session] {
        [
            Session(start: newYork(date, 4, 0), end: newYork(date, 8, 0), share: 60),
            Session(start: newYork(date, 8, 0), end: newYork(date, 9, 30), share: 80),
        ] + regular(date) + [
            Session(
                start: newYork(date, 16, 0),
                end: min(newYork(date, 20, 0), date.adding(days: 1).utcNanoseconds),
                share: 40)
        ]
    }

    /// Options exchanges: regular hours.
    static func opra(_ date: CivilDate) -> [Session] { regular(date) }
}

/// Quarterly futures on the index, and what they are called.
struct Contract {
    let symbol: String
    let instrumentID: UInt32
    /// The day of the third Friday, or the business day before it.
    let expiration: CivilDate
    let year: Int
    let month: Int

    /// The contract of a quarterly month.
    init(year: Int, month: Int) {
        self.year = year
        self.month = month
        let letter: String
        switch month {
        case 3: letter = "H"
        case 6: letter = "M"
        case 9: letter = "U"
        default: letter = "Z"
        }
        symbol = "ES\(letter)\(year % 10)"
        instrumentID = UInt32(140_000 + (year - 2000) * 12 + month)
        let first = CivilDate(year: year, month: month, day: 1)!
        let thirdFriday = first.adding(days: (12 - first.weekday) % 7 + 14)
        // 19 June is a holiday.
        expiration =
            month == 6 && thirdFriday.day == 19 && year >= 2022 ? thirdFriday.adding(days: -1) : thirdFriday
    }

    /// 9:30 New York.
    var expirationInstant: Int64 { NewYork.utcNanoseconds(of: expiration, secondOfDay: 9 * 3600 + 1800) }

    /// The contracts that expire after a date, nearest first.
    static func listed(on date: CivilDate, count: Int) -> [Contract] {
        (date.year...date.year + 1).flatMap { year in
            [3, 6, 9, 12].map { Contract(year: year, month: $0) }
        }.filter { $0.expiration > date }.prefix(count).map { $0 }
    }
}
