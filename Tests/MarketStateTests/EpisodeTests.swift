import MarketState
import Tables
import Testing

@Suite struct `Episodes of a level` {
    @Test func `case C3: a win`() throws {
        let rows = try Given.rows([98.0, 99.5, 99.9, 101.5, 100.8, 101.9, 102.0, 102.5])
        let episodes = try Given.episodes(rows)
        #expect(episodes.count == 1)
        let episode = episodes[0].row
        #expect(episode.episodeId == "ep:S:L:19999")
        #expect(episode.levelEntrySide == .below)
        #expect(episode.directionBias == .long)
        #expect(episode.zoneRule == "abs(signed_distance_to_level_atr) <= 0.25")
        #expect(episode.zoneExitTime == 39999)
        #expect(episode.reentryCount == 1)
        #expect(episode.resolutionTime == 69999)
        #expect(episode.endTime == 69999)
        #expect(episode.resolutionTrigger == .thresholdHit)
        #expect(episode.outcome == .win)
        #expect(episode.resolutionType == .reversalSuccess)
        #expect(agrees(episode.mfe, 0.5))
        #expect(agrees(episode.mae, 0.125))
        #expect(episode.timeToMfeMs == 50000)
        #expect(episode.timeToFailureMs == nil)
        #expect(agrees(episode.rMultiple, 1.4285714285714286))
        #expect(!episode.censored)
        let snapshots = episodes[0].snapshots()
        #expect(
            snapshots.map(\.phase)
                == [.baseline, .stress, .stress, .stress, .resolution, .resolution, .resolution])
        #expect(snapshots.map(\.sequenceId) == [0, 1, 2, 3, 4, 5, 6])
        #expect(snapshots.map(\.touchCount) == [0, 0, 0, 0, 0, 0, 1])
        #expect(snapshots.map(\.totalTimeInZoneEpisode) == [0, 10, 20, 20, 30, 30, 30])
        let penetration = [0, 0, 0, 0.375, 0.375, 0.475, 0.5]
        #expect(zip(snapshots, penetration).allSatisfy { agrees($0.maxPenetrationAtr, $1) })
        #expect(snapshots.map(\.avgTimePerTouch) == [0, 0, 0, 0, 0, 0, 30])
    }

    @Test func `case C4: a loss`() throws {
        let episode = try #require(Given.episodes(Given.rows([102.0, 100.5, 99.5, 98.5])).first).row
        #expect(episode.resolutionTime == 39999)
        #expect(episode.resolutionTrigger == .invalidation)
        #expect(episode.outcome == .loss)
        #expect(episode.resolutionType == .continuation)
        #expect(agrees(episode.mfe, 0.125))
        #expect(episode.timeToMfeMs == 0)
        #expect(agrees(episode.mae, 0.375))
        #expect(episode.timeToFailureMs == 20000)
        #expect(agrees(episode.rMultiple, -1.0714285714285714))
    }

    @Test func `case C5: a timeout`() throws {
        let rows = try Given.rows([102.0, 100.5] + Array(repeating: 101.2, count: 40))
        let episode = try #require(Given.episodes(rows).first).row
        #expect(episode.zoneExitTime == 29999)
        #expect(episode.resolutionTime == 329_999)
        #expect(episode.resolutionTrigger == .timeout)
        #expect(episode.outcome == .scratch)
        #expect(episode.resolutionType == .chop)
        #expect(agrees(episode.mfe, 0.3))
        #expect(episode.mae == 0)
        #expect(episode.timeToMfeMs == 10000)
        #expect(agrees(episode.rMultiple, 0.8571428571428592))
    }

    @Test func `case C6: success before timeout`() throws {
        let rows = try Given.rows(
            [102.0, 100.5] + Array(repeating: 101.2, count: 30) + Array(repeating: 102.0, count: 4))
        let episode = try #require(Given.episodes(rows).first).row
        #expect(episode.resolutionTime == 329_999)
        #expect(episode.resolutionTrigger == .thresholdHit)
    }

    @Test func `case C7: censored`() throws {
        let episodes = try Given.episodes(Given.rows([102.0, 100.5, 101.5, 100.5, 100.5]))
        #expect(episodes.count == 1)
        let episode = episodes[0].row
        #expect(episode.resolutionTrigger == nil)
        #expect(episode.outcome == nil)
        #expect(episode.resolutionType == nil)
        #expect(episode.censored)
        #expect(episode.endTime == 49999)
        #expect(episode.resolutionTime == nil)
        #expect(episode.zoneExitTime == 29999)
        #expect(episode.reentryCount == 1)
        #expect(agrees(episode.mfe, 0.375))
        #expect(episode.rMultiple == nil)
    }

    @Test func `case C8: baseline and divergence`() throws {
        var states = Given.states(Array(repeating: 100, count: 6) + [101])
        for index in states.indices {
            states[index].delta = -5
            states[index].totalVolume = 100
            states[index].tradeCount = 10
        }
        let episodes = try Given.episodes(Given.rows(states), Given.level(created: 65000))
        let episode = try #require(episodes.first)
        #expect(episode.row.zoneEntryTime == 69999)
        #expect(episode.row.baselineRows == 6)
        #expect(agrees(episode.row.baselineVol60sMean, 350))
        #expect(agrees(episode.row.baselineVol60sStd, 170.78251276599332))
        #expect(agrees(episode.row.baselineTradeCount60sMean, 35))
        #expect(agrees(episode.row.baselineTradeCount60sStd, 17.07825127659933))
        let entry = try #require(episode.snapshots().last)
        #expect(entry.phase == .stress)
        #expect(entry.return60s == 1)
        #expect(agrees(entry.returnNorm, 0.2499999999375))
        #expect(entry.cvd60s == -30)
        #expect(agrees(entry.deltaNorm, -0.08571428571404081))
        #expect(entry.deltaSign == -1)
        #expect(entry.returnSign == 1)
        #expect(entry.divergenceFlag == 1)
        #expect(agrees(entry.divScore, 0.34285714157044894))
        #expect(agreesAsScore(entry.volZ60s, 1.4638501094142284))
        #expect(agreesAsScore(entry.tradeRateZ60s, 1.4638501093370855))
    }

    @Test func `an episode without rows before it has an empty baseline`() throws {
        let episode = try #require(Given.episodes(Given.rows([100, 103])).first)
        #expect(episode.row.baselineRows == 0)
        #expect(episode.row.baselineVol60sMean == 0)
        let entry = episode.snapshots()[0]
        #expect(entry.deltaNorm == 0)
        #expect(entry.volZ60s == 0)
    }

    @Test func `half an hour ends an episode that never leaves the zone`() throws {
        let rows = try Given.rows([102] + Array(repeating: 100.5, count: 200))
        let episode = try #require(Given.episodes(rows).first).row
        #expect(episode.zoneExitTime == nil)
        #expect(episode.resolutionTrigger == .timeout)
        #expect(episode.resolutionTime == 1_819_999)
        #expect(try Given.episodes(rows).count == 1, "the price is still inside, and that is no entry")
        let phases = try Given.episodes(rows)[0].snapshots().map(\.phase)
        #expect(phases.first == .baseline && phases.dropFirst().allSatisfy { $0 == .stress })
    }

    @Test func `a spike against the level makes the later win a fake break`() throws {
        // In ATR of 4: −0.3 is beyond the width of 0.25 and short of the failure at 0.35.
        let episode = try #require(Given.episodes(Given.rows([102, 100.5, 98.8, 102])).first).row
        #expect(episode.outcome == .win)
        #expect(episode.resolutionType == .fakeBreak)
    }

    @Test(arguments: [
        (Levels.LevelType.support, 102.0, Episodes.DirectionBias.long),
        (.resistance, 102.0, .short), (.vwap, 102.0, .long), (.manual, 98.0, .short), (.trendline, 98.0, .short),
    ])
    func `without a bias the level's type or the entry decides`(
        type: Levels.LevelType, from: Double, expected: Episodes.DirectionBias
    ) throws {
        let rows = try Given.rows([from, from > 100 ? 100.5 : 99.5])
        #expect(try Given.episodes(rows, Given.level("L", 100, type)).first?.row.directionBias == expected)
    }

    @Test func `a level's bias goes before its session's, and that before its type`() throws {
        let rows = try Given.rows([102, 100.5])
        func bias(_ level: Levels.Row, _ session: Sessions.Row) throws -> Episodes.DirectionBias? {
            let spine = ZoneGate.spine(of: level, over: rows)
            return try EpisodeEngine(Given.context(rows, session: session)).episodes(of: level, spine: spine)[0].row
                .directionBias
        }
        #expect(try bias(Given.level(bias: .long), Given.session(bias: .short)) == .long)
        #expect(try bias(Given.level(), Given.session(bias: .short)) == .short)
    }

    @Test func `case C10: gap of the open`() throws {
        let rows = try Given.rows([101.5, 100.5])
        let session = Given.session(priorClose: 100)
        let level = Given.level()
        func gap(_ trade: EpisodeContext.RegularTrade?) throws -> Double? {
            let context = EpisodeContext(symbol: "TSLA", session: session, rows: rows, firstRegularTrade: trade)
            let spine = ZoneGate.spine(of: level, over: rows)
            return try EpisodeEngine(context).episodes(of: level, spine: spine)[0].row.gapPct
        }
        #expect(agrees(try gap(.init(tsMs: 100, price: 101.5)), 0.015))
        #expect(try gap(nil) == nil)
        #expect(try gap(.init(tsMs: 20_000, price: 101.5)) == nil, "the open is after the entry at 19999")
    }

    @Test func `case C10: hour of the day`() throws {
        // Exchange time 09:30 is 0 here.
        func bucket(_ entry: Int) throws -> Episodes.TimeOfDayBucket? {
            let prices = Array(repeating: 102.0, count: entry) + [100.5]
            return try Given.episodes(Given.rows(prices)).first?.row.timeOfDayBucket
        }
        #expect(try bucket(359) == .open, "10:29:59.999")
        #expect(try bucket(360) == .mid, "10:30:09.999")
        #expect(try bucket(1979) == .mid, "14:59:59.999")
        #expect(try bucket(1980) == .close, "15:00:09.999")
    }

    @Test(arguments: [
        (100.2, Episodes.SpyBucket.up), (100.05, .flat), (99.8, .down), (99.95, .flat),
    ])
    func `the way of the market in five minutes`(last: Double, bucket: Episodes.SpyBucket) throws {
        let rows = try Given.rows(Array(repeating: 102.0, count: 31) + [100.5])
        // The row of the entry at 319999 is the last one; SPY ends a row before it.
        let spy = [100] + Array(repeating: 103, count: 29) + [last]
        let level = Given.level()
        let context = EpisodeContext(
            symbol: "TSLA", session: Given.session(), rows: rows, benchmark: Benchmark(sessions: [Given.market(spy)]))
        let spine = ZoneGate.spine(of: level, over: rows)
        let episode = try EpisodeEngine(context).episodes(of: level, spine: spine)[0].row
        #expect(agrees(episode.spyReturn5m, last / 100 - 1))
        #expect(episode.spyBucket == bucket)
    }

    @Test func `without five minutes of the market there is no return`() throws {
        let rows = try Given.rows([102, 100.5])
        let level = Given.level()
        let context = EpisodeContext(
            symbol: "TSLA", session: Given.session(), rows: rows,
            benchmark: Benchmark(sessions: [Given.market([100, 101])]))
        let spine = ZoneGate.spine(of: level, over: rows)
        let episode = try EpisodeEngine(context).episodes(of: level, spine: spine)[0].row
        #expect(episode.spyReturn5m == nil)
        #expect(episode.spyBucket == nil)
    }

    @Test func `a spine of other rows is refused`() throws {
        let level = Given.level()
        let spine = ZoneGate.spine(of: level, over: try Given.rows([102, 100.5]))
        let engine = EpisodeEngine(Given.context(try Given.rows([102, 100.5, 102])))
        #expect(throws: SessionRowsError.notAlike("level_spine of L", session: "S")) {
            try engine.episodes(of: level, spine: spine)
        }
    }

    @Test(arguments: [(0.25, "0.25"), (0.125, "0.12"), (1.115, "1.11"), (0.145, "0.14"), (12, "12.00")])
    func `the rule of the zone has two decimals`(width: Double, text: String) throws {
        var level = Given.level()
        level.levelWidthAtr = width
        let episode = try #require(Given.episodes(Given.rows([100]), level).first).row
        #expect(episode.zoneRule == "abs(signed_distance_to_level_atr) <= \(text)")
    }
}

@Suite struct `Labels of episodes` {
    @Test func `case C10: a left join`() throws {
        let e1 = try #require(Given.episodes(Given.rows([102, 100.5])).first).row
        var e2 = e1
        e2.episodeId = "e2"
        func label(_ id: String, _ outcome: Labels.ManualOutcome) -> Labels.Row {
            Labels.Row(episodeId: id, manualOutcome: outcome, manualNotes: "n", setupType: nil, confidence: 0.5)
        }
        let (rows, unmatched) = LabelJoin.join([e1, e2], [label(e1.episodeId, .loss), label("e9", .win)])
        #expect(rows.map(\.manualOutcome) == [.loss, nil])
        #expect(rows.map(\.manualNotes) == ["n", nil])
        #expect(rows.map(\.confidence) == [0.5, nil])
        #expect(rows.map(\.episodeId) == [e1.episodeId, "e2"])
        #expect(rows[0].levelEntrySide.symbol == e1.levelEntrySide.symbol)
        #expect(unmatched == 1)
    }
}
