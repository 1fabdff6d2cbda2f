/// Civil time of New York as a pure function of the United States' daylight-saving rules.
///
/// From 2007: daylight saving from the second Sunday of March, 2:00, to the first Sunday of November, 2:00
/// (Energy Policy Act of 2005). 1987–2006: first Sunday of April to last Sunday of October. Earlier years
/// are outside the range of any supported feed and use the rule of 1987. No time-zone database of the host
/// is read, so results do not depend on the machine.
public enum NewYork {
    static let second: Int64 = 1_000_000_000

    /// Nanoseconds since 1970-01-01 UTC of a civil time.
    ///
    /// - Parameter secondOfDay: 0…86 400 seconds after civil midnight. A time that the spring change skips
    ///   counts as standard time; a time that the autumn change repeats is the first one.
    /// - Parameter date: the civil date in New York.
    public static func utcNanoseconds(of date: CivilDate, secondOfDay: Int) -> Int64 {
        let civil = date.utcNanoseconds + Int64(secondOfDay) * second
        let asDaylight = civil + 4 * 3600 * second
        if isDaylightSaving(atUTC: asDaylight) { return asDaylight }
        return civil + 5 * 3600 * second
    }

    /// The civil date of an instant.
    public static func date(ofUTC instant: Int64) -> CivilDate {
        CivilDate(utcNanoseconds: instant + offset(atUTC: instant))
    }

    /// Nanoseconds since civil midnight at an instant.
    public static func nanosecondOfDay(ofUTC instant: Int64) -> Int64 {
        let civil = instant + offset(atUTC: instant)
        return civil - floorDivide(civil, 86_400 * second) * 86_400 * second
    }

    /// Civil minus UTC time at an instant: −4 or −5 hours in nanoseconds.
    public static func offset(atUTC instant: Int64) -> Int64 {
        (isDaylightSaving(atUTC: instant) ? -4 : -5) * 3600 * second
    }

    static func isDaylightSaving(atUTC instant: Int64) -> Bool {
        let year = CivilDate(utcNanoseconds: instant).year
        let (first, last) =
            year >= 2007
            ? (sunday(2, ofMonth: 3, year: year), sunday(1, ofMonth: 11, year: year))
            : (sunday(1, ofMonth: 4, year: year), lastSunday(ofMonth: 10, year: year))
        // 2:00 standard time is 7:00 UTC; 2:00 daylight time is 6:00 UTC.
        return instant >= first.utcNanoseconds + 7 * 3600 * second
            && instant < last.utcNanoseconds + 6 * 3600 * second
    }

    private static func sunday(_ n: Int, ofMonth month: Int, year: Int) -> CivilDate {
        let first = CivilDate(year: year, month: month, day: 1)!
        return first.adding(days: (7 - first.weekday) % 7 + 7 * (n - 1))
    }

    private static func lastSunday(ofMonth month: Int, year: Int) -> CivilDate {
        let last = CivilDate(year: year, month: month, day: CivilDate.length(ofMonth: month, year: year))!
        return last.adding(days: -last.weekday)
    }
}
