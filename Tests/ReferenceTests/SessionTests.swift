import CivilTime
import Foundation
import Reference
import Tables
import Testing

@Suite struct `Session files` {
    let files: Files

    init() throws { files = try Files() }

    func sessions(_ text: String, _ rules: SessionRules = rules) throws -> [Sessions.Row] {
        try rules.sessions(SessionEntry.parse(files.source("s.yaml", text), of: day), of: day)
    }

    func complaint(_ text: String, _ rules: SessionRules = rules) -> String? {
        ReferenceTests.complaint { _ = try sessions(text, rules) }
    }

    @Test func `without a file a date has its regular hours`() throws {
        let rows = try rules.sessions([], of: day)
        #expect(
            rows == [
                Sessions.Row(
                    sessionId: "TSLA:2026-01-06:rth", startTsMs: 1_767_709_800_000, endTsMs: 1_767_733_200_000,
                    rthOpenTsMs: 1_767_709_800_000, rthCloseTsMs: 1_767_733_200_000, directionBias: nil,
                    atrSeed: 0.5, atrSeedSource: .fixedDefault, priorClose: nil, tiePolicy: .feedOrder)
            ])
    }

    @Test func `a file says all there is to say`() throws {
        let row = try sessions(
            """
            symbol: TSLA
            dt: 2026-01-06
            session_id: morning
            start_ts_ms: \(utc(14, 45))
            end_ts_ms: \(utc(17))
            direction_bias: short
            prior_close: 250.5
            atr_seed: 0.8
            atr_seed_source: prior_session
            tie_policy: quote_first
            """)[0]
        #expect(row.sessionId == "morning")
        #expect((row.startTsMs, row.endTsMs) == (utc(14, 45), utc(17)))
        #expect((row.rthOpenTsMs, row.rthCloseTsMs) == (utc(14, 30), utc(21)))
        #expect(row.directionBias == .short)
        #expect((row.atrSeed, row.atrSeedSource) == (0.8, .priorSession))
        #expect(row.priorClose == 250.5)
        #expect(row.tiePolicy == .quoteFirst)
    }

    @Test func `bounds are cut to regular hours, then rounded to ten seconds`() throws {
        let text = """
            symbol: TSLA
            dt: 2026-01-06
            start_ts_ms: \(utc(9))
            end_ts_ms: \(utc(16) + 1)
            """
        let cut = try sessions(text)[0]
        #expect((cut.startTsMs, cut.endTsMs) == (utc(14, 30), utc(16, 0, 10)))
        var extended = rules
        extended.includesExtendedHours = true
        let whole = try sessions(text, extended)[0]
        #expect((whole.startTsMs, whole.endTsMs) == (utc(9), utc(16, 0, 10)))
        let inside = try sessions(
            "{symbol: TSLA, dt: 2026-01-06, start_ts_ms: \(utc(15) + 9999), end_ts_ms: \(utc(16))}")[0]
        #expect((inside.startTsMs, inside.endTsMs) == (utc(15), utc(16)))
    }

    @Test func `the seed is the prior session's, else a daily ATR over √390, else fixed`() throws {
        let text = "{symbol: TSLA, dt: 2026-01-06, daily_atr: 7.8}"
        var known = rules
        known.seed.priorSession = 1.25
        let prior = try sessions(text, known)[0]
        #expect((prior.atrSeed, prior.atrSeedSource) == (1.25, .priorSession))
        let daily = try sessions(text)[0]
        // 7.8 / 19.748417658131498
        #expect(abs(daily.atrSeed - 0.394968353162630) < 1e-14)
        #expect(daily.atrSeedSource == .dailyFallback)
    }

    @Test func `several sessions come in the order of their ids`() throws {
        let rows = try sessions(
            """
            sessions:
              - {symbol: TSLA, dt: 2026-01-06, session_id: b, end_ts_ms: \(utc(16))}
              - {symbol: TSLA, dt: 2026-01-06, session_id: a, start_ts_ms: \(utc(16))}
            """)
        #expect(rows.map(\.sessionId) == ["a", "b"])
        #expect(rows.map(\.startTsMs) == [utc(16), utc(14, 30)])
    }

    @Test func `each fault is named with its line`() throws {
        let head = "symbol: TSLA\ndt: 2026-01-06\n"
        #expect(complaint("dt: 2026-01-06\n") == "s.yaml:1: the session file: the key 'symbol' is missing")
        #expect(
            complaint("symbol: AAPL\ndt: 2026-01-06\n") == "s.yaml:1: it is of 'AAPL', not of TSLA")
        #expect(
            complaint("symbol: TSLA\ndt: 2026-01-07\n")
                == "s.yaml:1: it is of 2026-01-07, not of 2026-01-06")
        #expect(
            complaint("symbol: TSLA\ndt: yesterday\n")
                == "s.yaml:2: 'dt' of the session file: expected a date YYYY-MM-DD, found 'yesterday'")
        #expect(
            complaint(head + "prior_close: -1\n")
                == "s.yaml:3: 'prior_close' of the session file: expected a number above 0, found -1.0")
        #expect(
            complaint(head + "daily_atr: 0\n")
                == "s.yaml:3: 'daily_atr' of the session file: expected a number above 0, found 0.0")
        #expect(
            complaint(head + "tie_policy: newest\n")
                == "s.yaml:3: 'tie_policy' of the session file: 'newest' is not one of: quote_first, feed_order, book_order"
        )
        #expect(
            complaint(head + "atr_seed: 1\n")
                == "s.yaml:3: 'atr_seed' of the session file: atr_seed and atr_seed_source are given together or not at all"
        )
        #expect(complaint(head + "closes: 1\n")?.hasPrefix("s.yaml:3: the session file: unknown key 'closes'") == true)
        #expect(
            complaint(head + "start_ts_ms: soon\n")
                == "s.yaml:3: 'start_ts_ms' of the session file: expected an integer, found 'soon'")
        #expect(
            complaint(head + "end_ts_ms: \(utc(14))\n")?.hasPrefix("s.yaml:1: the session ends") == true)
        #expect(
            complaint(head + "start_ts_ms: \(utc(9))\nend_ts_ms: \(utc(14))\n")?
                .hasPrefix("s.yaml:1: nothing is left of the session when it is cut to regular hours") == true)
        #expect(
            complaint("sessions:\n- {symbol: TSLA, dt: 2026-01-06}\n- {symbol: TSLA, dt: 2026-01-06}\n")
                == "s.yaml:3: the session_id 'TSLA:2026-01-06:rth' is already in s.yaml:2")
        #expect(complaint("sessions: []\n") == "s.yaml:1: 'sessions' of the session file: the list is empty")
        var extended = rules
        extended.includesExtendedHours = true
        #expect(
            complaint(head + "start_ts_ms: \(utc(4))\n", extended)
                == "s.yaml:1: the session begins on 2026-01-05, not on 2026-01-06")
    }

    @Test func `a fault of the text is named, too`() throws {
        #expect(complaint("symbol: TSLA\n  dt: [\n")?.hasPrefix("s.yaml:") == true)
        #expect(complaint("") == "s.yaml:1: the file is empty")
        #expect(complaint("symbol: TSLA\nsymbol: TSLA\n") == "s.yaml:2: the key 'symbol' is already in line 1")
    }

    /// Calendars of the New York Stock Exchange.
    @Test(arguments: [
        ("2023-07-03", true), ("2024-07-03", true), ("2025-07-03", true), ("2026-07-03", false),
        ("2022-11-25", true), ("2023-11-24", true), ("2024-11-29", true), ("2025-11-28", true),
        ("2023-12-24", false), ("2024-12-24", true), ("2025-12-24", true), ("2021-12-24", false),
        ("2025-11-21", false), ("2025-12-31", false), ("2024-07-05", false),
    ])
    func `early closes are those of the exchange`(date: String, isEarly: Bool) {
        #expect(EarlyClose.isRegular(on: CivilDate(parsing: date)!) == isEarly)
    }
}
