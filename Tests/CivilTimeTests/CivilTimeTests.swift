import CivilTime
import Foundation
import Testing

@Suite("Civil time")
struct CivilTimeTests {
    @Test("every day of four centuries survives the way to a day number and back, in calendar order")
    func daysRoundTrip() throws {
        var previous: CivilDate?
        for days in -80_000...80_000 {
            let date = CivilDate(daysSinceEpoch: days)
            #expect(date.daysSinceEpoch == days)
            if let previous { #expect(previous < date) }
            previous = date
        }
    }

    @Test("dates agree with Foundation's Gregorian calendar")
    func agreesWithFoundation() throws {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(identifier: "UTC"))
        for days in stride(from: -20_000, through: 40_000, by: 37) {
            let parts = calendar.dateComponents(
                [.year, .month, .day, .weekday], from: Date(timeIntervalSince1970: Double(days) * 86_400))
            let date = CivilDate(daysSinceEpoch: days)
            #expect(date.year == parts.year && date.month == parts.month && date.day == parts.day)
            #expect(date.weekday + 1 == parts.weekday)
        }
    }

    @Test("text is read as YYYY-MM-DD and nothing else")
    func parsing() {
        #expect(CivilDate(parsing: "2024-02-29")?.description == "2024-02-29")
        for wrong in [
            "2023-02-29", "2024-2-29", "2024-02-29 ", "24-02-29", "2024/02/29", "", "2024-13-01", "0000-01-01",
            "２024-01-01",
        ] {
            #expect(CivilDate(parsing: wrong) == nil, "\(wrong)")
        }
    }

    @Test("New York agrees with the time-zone database in every half hour from 1990 to 2037")
    func newYorkAgreesWithZoneDatabase() throws {
        let zone = try #require(TimeZone(identifier: "America/New_York"))
        let start = CivilDate(year: 1990, month: 1, day: 1)!.utcNanoseconds / 1_000_000_000
        let end = CivilDate(year: 2037, month: 12, day: 31)!.utcNanoseconds / 1_000_000_000
        var differences = 0
        for instant in stride(from: start, to: end, by: 1800) {
            let expected = zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(instant)))
            if NewYork.offset(atUTC: instant * 1_000_000_000) != Int64(expected) * 1_000_000_000 { differences += 1 }
        }
        #expect(differences == 0)
    }

    @Test("civil opening times on both sides of the changes")
    func openings() throws {
        // 9:30 is 14:30 UTC in winter, 13:30 in summer; 2026 changes on 8 March and 1 November.
        for (text, hour) in [("2026-03-06", 14), ("2026-03-09", 13), ("2026-10-30", 13), ("2026-11-02", 14)] {
            let date = try #require(CivilDate(parsing: text))
            let instant = NewYork.utcNanoseconds(of: date, secondOfDay: 9 * 3600 + 1800)
            #expect(instant == date.utcNanoseconds + Int64(hour * 3600 + 1800) * 1_000_000_000)
            #expect(NewYork.date(ofUTC: instant) == date)
            #expect(NewYork.nanosecondOfDay(ofUTC: instant) == 34_200 * 1_000_000_000)
        }
    }

    @Test("an instant before UTC midnight belongs to the civil evening")
    func evening() throws {
        let date = try #require(CivilDate(parsing: "2024-05-08"))
        #expect(NewYork.date(ofUTC: date.utcNanoseconds).description == "2024-05-07")
        #expect(CivilDate(utcNanoseconds: date.utcNanoseconds - 1).description == "2024-05-07")
    }
}
