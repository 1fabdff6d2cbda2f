import CivilTime
import Stages
import Testing

private func day(_ text: String) -> CivilDate { CivilDate(parsing: text)! }

@Suite("Contract-day selection")
struct ContractSelectionTests {
    @Test("symbols of outright futures are told from spreads, options and equities")
    func grammar() {
        #expect(FutureSymbol.matches("ESH6", root: "ES"))
        #expect(FutureSymbol.matches("ESZ25", root: "ES"))
        #expect(FutureSymbol.matches("6EM4", root: "6E"))
        for other in [
            "ESH6-ESM6", "ESH", "ES6", "ESI6", "ESH126", "NQH6", "UD:1V: GN 1", "SPY", "EW4K4 C5000", "ESH6 ",
        ] {
            #expect(!FutureSymbol.matches(other, root: "ES"), "\(other)")
        }
        // An NQ contract is not one of root N, nor ES of root E.
        #expect(!FutureSymbol.matches("ESH6", root: "E"))
    }

    @Test("a year of one digit is the first from the year before the session on that ends in it")
    func years() throws {
        let h6 = try #require(FutureSymbol(parsing: "ESH6"))
        #expect(h6.year(seenFrom: 2026) == 2026)
        #expect(h6.year(seenFrom: 2027) == 2026)
        #expect(h6.year(seenFrom: 2028) == 2036)
        #expect(h6.year(seenFrom: 2017) == 2016)
        let z25 = try #require(FutureSymbol(parsing: "ESZ25"))
        #expect(z25.year(seenFrom: 2024) == 2025)
    }

    @Test("expirations without a definition are third Fridays, moved before holidays")
    func thirdFridays() {
        let calendar = BusinessCalendar()
        #expect(calendar.expiration(year: 2026, month: 3) == day("2026-03-20"))
        #expect(calendar.expiration(year: 2024, month: 6) == day("2024-06-21"))
        // 2026-06-19 is a Friday and Juneteenth; 2021-06-18 precedes the rule; Good Friday 2019-04-19 is a third Friday.
        #expect(calendar.expiration(year: 2026, month: 6) == day("2026-06-18"))
        #expect(calendar.expiration(year: 2019, month: 4) == day("2019-04-18"))
        #expect(BusinessCalendar(holidays: [day("2026-03-20")]).expiration(year: 2026, month: 3) == day("2026-03-19"))
        #expect(BusinessCalendar(holidays: []).expiration(year: 2026, month: 6) == day("2026-06-19"))
    }

    @Test("Good Friday of known years is no business day")
    func goodFridays() {
        for text in [
            "2000-04-21", "2008-03-21", "2011-04-22", "2019-04-19", "2024-03-29", "2025-04-18", "2026-04-03",
            "2038-04-23",
        ] {
            #expect(!BusinessCalendar().isBusinessDay(day(text)), "\(text)")
            #expect(BusinessCalendar().isBusinessDay(day(text).adding(days: -1)))
        }
    }

    @Test("a session's volume ends at 16:00 New York; early trades count from 05:00 to 08:30 by event time")
    func sessionVolume() {
        let date = day("2026-03-03")  // standard time: 16:00 is 21:00 UTC
        let hour: Int64 = 3_600_000_000_000
        let midnight = date.utcNanoseconds
        var volume = SessionVolume(date: date)
        volume.countTrade(effectiveTime: midnight - 1, eventTime: nil, size: 1)
        volume.countTrade(effectiveTime: midnight, eventTime: midnight, size: 2)
        volume.countTrade(effectiveTime: midnight + 21 * hour - 1, eventTime: midnight + 10 * hour, size: 4)
        volume.countTrade(effectiveTime: midnight + 21 * hour, eventTime: midnight + 10 * hour - 1, size: 8)
        volume.countTrade(effectiveTime: midnight + 13 * hour, eventTime: midnight + 13 * hour + hour / 2, size: 16)
        volume.countTrade(effectiveTime: nil, eventTime: nil, size: 32)
        #expect(volume.volume == 22)
        #expect(volume.earlyTrades == 1)
    }

    private func session(_ text: String, _ volumes: [String: Int64], early: Bool = true) -> ContractSelection.Session {
        ContractSelection.Session(date: day(text), volumes: volumes, hasEarlyTrade: early)
    }

    @Test("the largest volume of the trading date before decides, and a change of it is a roll")
    func rolls() throws {
        let selection = ContractSelection(
            candidates: ["ESH6", "ESM6", "ESH6-ESM6"], expirations: ["ESH6": day("2026-03-19")],
            calendar: BusinessCalendar())
        let sessions = [
            session("2026-03-09", ["ESH6": 100, "ESM6": 10]),
            session("2026-03-10", ["ESH6": 90, "ESM6": 20]),
            session("2026-03-11", ["ESH6": 40, "ESM6": 80]),
            session("2026-03-12", ["ESH6": 10, "ESM6": 90]),
            session("2026-03-13", ["ESH6": 1, "ESM6": 91]),
        ]
        // First date known: no volume, so the earliest expiration.
        let first = try selection.choose(Array(sessions.prefix(1)))
        #expect(first.symbol == "ESH6" && first.expiration == day("2026-03-19") && first.previousTradingDate == nil)
        #expect(first.previousVolume == 0 && first.previousVolumeRank2 == 0 && !first.isRoll)
        let third = try selection.choose(Array(sessions.prefix(3)))
        #expect(
            third.symbol == "ESH6" && third.previousVolume == 90 && third.previousVolumeRank2 == 20 && !third.isRoll)
        let fourth = try selection.choose(Array(sessions.prefix(4)))
        #expect(fourth.symbol == "ESM6" && fourth.expiration == day("2026-06-18") && fourth.isRoll)
        #expect(fourth.previousVolume == 80 && fourth.previousVolumeRank2 == 40)
        #expect(try !selection.choose(sessions).isRoll)
        // Sessions further back than the second trading date before change nothing.
        #expect(try selection.choose(Array(sessions[1...3])) == fourth)
    }

    @Test("a contract is not eligible on its expiration date")
    func expiration() throws {
        let selection = ContractSelection(
            candidates: ["ESH6", "ESM6"], expirations: ["ESH6": day("2026-03-20")], calendar: BusinessCalendar())
        let before = session("2026-03-19", ["ESH6": 100, "ESM6": 10])
        let choice = try selection.choose([before, session("2026-03-20", ["ESH6": 5, "ESM6": 6])])
        #expect(choice.symbol == "ESM6" && choice.previousVolume == 10 && choice.previousVolumeRank2 == 0)
        // On the 19th itself, ESH6 was chosen: a roll.
        #expect(choice.isRoll)
        let expired = ContractSelection(
            candidates: ["ESH6"], expirations: ["ESH6": day("2026-03-20")], calendar: BusinessCalendar())
        #expect(throws: ContractSelection.Failure.noEligibleContract(day("2026-03-20"))) {
            try expired.choose([session("2026-03-20", ["ESH6": 5])])
        }
    }

    @Test("dates without early trades or volume are passed over, and refused when asked for")
    func notTradingDates() throws {
        let selection = ContractSelection(candidates: ["ESH6", "ESM6"], expirations: [:], calendar: BusinessCalendar())
        let sunday = session("2026-03-08", ["ESH6": 10], early: false)
        let holiday = session("2026-03-09", ["ESH6": 0, "ESM6": 0])
        let choice = try selection.choose([
            session("2026-03-06", ["ESH6": 1, "ESM6": 3]), sunday, holiday, session("2026-03-10", ["ESH6": 9]),
        ])
        #expect(choice.symbol == "ESM6" && choice.previousTradingDate == day("2026-03-06"))
        #expect(throws: ContractSelection.Failure.notATradingDate(day("2026-03-08"))) { try selection.choose([sunday]) }
        #expect(throws: ContractSelection.Failure.notATradingDate(day("2026-03-09"))) {
            try selection.choose([holiday])
        }
    }

    @Test("equal volumes go to the earlier expiration, then to the smaller symbol")
    func ties() throws {
        let selection = ContractSelection(
            candidates: ["ESM6", "ESH6", "ESH26"], expirations: [:], calendar: BusinessCalendar())
        let choice = try selection.choose([
            session("2026-03-02", ["ESM6": 7, "ESH6": 7, "ESH26": 7]), session("2026-03-03", ["ESH6": 1]),
        ])
        #expect(choice.symbol == "ESH26")
    }
}
