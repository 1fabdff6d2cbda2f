import MarketState
import Tables
import Testing

@Suite struct `Markers` {
    @Test func `case C9: an episode around a marker`() throws {
        let rows = try Given.rows(
            Array(repeating: 100, count: 30) + [99.0] + Array(repeating: 99.2, count: 12)
                + Array(repeating: 100, count: 60), atr: 2)
        let (markers, episodes) = EpisodeEngine(Given.context(rows))
            .extract([Given.marker(305_000, .consolidation, bias: .long)])
        #expect(markers.map(\.extractStatus) == [.extracted])
        #expect(markers.map(\.markerId) == ["marker:TSLA:305000:consolidation"])
        #expect(episodes.count == 1)
        let episode = episodes[0].row
        #expect(episode.episodeSource == .markerExtract)
        #expect(episode.levelPrice == 100)
        #expect(episode.levelType == .consolidation)
        #expect(episode.levelSource == .marker)
        #expect(episode.levelEntrySide == .above)
        #expect(episode.startTime == 5000)
        #expect(episode.zoneEntryTime == 185_000)
        #expect(episode.zoneExitTime == 425_000)
        #expect(episode.resolutionTrigger == .invalidation)
        #expect(episode.resolutionTime == 429_999)
        #expect(agrees(episode.mae, 0.5))
        #expect(episode.mfe == 0)
        #expect(episode.timeToMfeMs == nil)
        #expect(episode.timeToFailureMs == 124_999)
        #expect(agrees(episode.rMultiple, -1.1428571428571388))
        #expect(episode.timeoutSeconds == 480)
        #expect(episode.maxEpisodeSeconds == 720)
        #expect(episode.markerTsMs == 305_000)
        let phases = episodes[0].snapshots().map(\.phase)
        #expect(phases.count { $0 == .baseline } == 18)
        #expect(phases.count { $0 == .stress } == 24)
        #expect(phases.count { $0 == .resolution } == 1)
    }

    @Test func `case C10: the first of equal markers stays`() throws {
        let (markers, _) = EpisodeEngine(Given.context(try Given.rows([100]))).extract([
            Given.marker(1000, .supportBounce, id: "a"), Given.marker(1000, .supportBounce, id: "b"),
            Given.marker(1000, .breakdown, id: "c"),
        ])
        #expect(markers.map(\.markerId) == ["a", "c"])
        #expect(markers.map(\.extractStatus) == [.noAnchor, .noAnchor], "the first row is at 9999")
    }

    @Test func `case C10: no trade without a bias`() throws {
        let rows = try Given.rows(Array(repeating: 100, count: 100))
        let (markers, episodes) = EpisodeEngine(Given.context(rows)).extract([Given.marker(300_000, .consolidation)])
        #expect(markers.map(\.extractStatus) == [.noTrade])
        let episode = try #require(episodes.first).row
        #expect(episode.outcome == .noTrade)
        #expect(!episode.censored)
        #expect(episode.mfe == nil && episode.mae == nil)
        #expect(episode.directionBias == nil)
        #expect(episode.resolutionTrigger == nil && episode.resolutionTime == nil)
        #expect(episode.rMultiple == nil)
        #expect(episode.endTime == 900_000)
    }

    @Test func `a marker times out when the session has its ten minutes, and is censored otherwise`() throws {
        func episode(_ count: Int) throws -> Episodes.Row? {
            let rows = try Given.rows(Array(repeating: 100, count: count))
            return EpisodeEngine(Given.context(rows)).extract([Given.marker(300_000, .supportBounce)]).episodes.first?
                .row
        }
        let whole = try #require(try episode(91))
        #expect(whole.resolutionTrigger == .timeout)
        #expect(whole.resolutionTime == 900_000)
        #expect(whole.outcome == .scratch)
        #expect(whole.directionBias == .long)
        let cut = try #require(try episode(90))
        #expect(cut.resolutionTrigger == nil)
        #expect(cut.censored)
        #expect(cut.endTime == 899_999)
        #expect(cut.rMultiple == nil)
        #expect(cut.mfe == 0)
    }

    @Test func `outside the session or before the first trade there is nothing to anchor to`() throws {
        let rows = try Given.rows([0, 0, 100, 100])
        let session = Given.session(end: 40000)
        let (markers, episodes) = EpisodeEngine(Given.context(rows, session: session)).extract([
            Given.marker(-1, .breakdown), Given.marker(29998, .breakdown), Given.marker(29999, .breakdown),
            Given.marker(40000, .breakdown), Given.marker(.max, .breakdown), Given.marker(.min, .breakdown),
        ])
        let status = Dictionary(uniqueKeysWithValues: markers.map { ($0.tsMs, $0.extractStatus) })
        #expect(status.filter { $0.value == .extracted }.keys.sorted() == [29999])
        #expect(markers.map(\.tsMs) == markers.map(\.tsMs).sorted())
        #expect(episodes.map(\.row.levelPrice) == [100])
    }

    @Test func `a short marker gains when the price falls`() throws {
        // ATR 4: 98 is −0.5 ATR, in the resolution rows that start after 420000.
        let rows = try Given.rows(Array(repeating: 100, count: 43) + [98])
        let episode = try #require(
            EpisodeEngine(Given.context(rows)).extract([Given.marker(300_000, .breakdown)]).episodes.first)
        #expect(episode.row.outcome == .win)
        #expect(episode.row.resolutionTime == 439_999)
        #expect(episode.row.mfe == 0.5)
    }
}
