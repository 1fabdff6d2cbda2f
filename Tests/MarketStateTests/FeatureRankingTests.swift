import Glibc
import MarketState
import Tables
import Testing

/// spec/recorder.md 8.1, `feature_ranking`.
@Suite struct `Feature ranking` {
    /// An episode with two rows of baseline, six of stress and one more that does not count.
    ///
    /// - Parameter change: applied to the six rows, between the two phases.
    private static func add(
        _ id: String, _ outcome: Episodes.Outcome?, to episodes: inout [Episodes.Row],
        _ snapshots: inout EpisodeSnapshots, change: (inout EpisodeSnapshots.Row) -> Void
    ) throws {
        let given = try #require(try Given.episodes(Given.rows([102, 100.5, 101.2, 102.5])).first)
        var episode = given.row
        episode.episodeId = id
        episode.outcome = outcome
        episodes.append(episode)
        var row = try #require(given.snapshots().first)
        row.episodeId = id
        (row.delta, row.spreadPct, row.absorptionIndex10s, row.buyOnRed) = (10, 0.5, 7, 0)
        for index in 0..<9 {
            var next = row
            next.sequenceId = Int64(index)
            next.phase = index < 2 ? .baseline : .stress
            if (2..<8).contains(index) { change(&next) }
            if index == 8 { (next.delta, next.absorptionIndex10s) = (1e6, 1e6) }
            snapshots.append(next)
        }
    }

    private static func ranking(
        _ outcomes: [Episodes.Outcome?], change: (Int, inout EpisodeSnapshots.Row) -> Void
    ) throws -> [FeatureEffect] {
        var episodes: [Episodes.Row] = []
        var snapshots = EpisodeSnapshots()
        for (index, outcome) in outcomes.enumerated() {
            try add("e\(index)", outcome, to: &episodes, &snapshots) { change(index, &$0) }
        }
        var ranking = FeatureRanking(episodes)
        ranking.add(snapshots)
        return ranking.ranked()
    }

    @Test func `effects are differences of the means in pooled deviations, the largest first`() throws {
        // Changes of delta 1 and 3 in wins, -1 and -3 in losses: means 2 and -2, both deviations 1. The tails of the
        // absorption are drawn in: asinh gives 0 and 4 against 0 and 0, so deviations 2 and 0, pooled √2.
        let found = try Self.ranking([.win, .loss, .scratch, .win, .loss, nil]) { index, row in
            row.delta += [1, -1, 500, 3, -3, 500][index]
            row.absorptionIndex10s += index == 3 ? sinh(4) : 0
            row.spreadPct += [0.25, 0, 9, 0.25, 0, 9][index]
        }
        #expect(found.count == 14)
        #expect(found.prefix(3).map(\.feature) == ["delta", "absorption_index_10s", "spread_pct"])
        #expect(agrees(found[0].effect, 4) && agrees(found[0].meanDifference, 4))
        #expect(agrees(found[1].effect, 2 / 2.0.squareRoot()) && agrees(found[1].meanDifference, 2))
        // Equal within wins and within losses: no deviation, no effect, but a difference.
        #expect(found[2].effect == 0 && agrees(found[2].meanDifference, 0.25))
        #expect(found.allSatisfy { $0.wins == 2 && $0.losses == 2 })
        let rest = found.dropFirst(3)
        #expect(rest.allSatisfy { $0.effect == 0 && $0.meanDifference == 0 })
        #expect(rest.map(\.feature) == rest.map(\.feature).sorted())
    }

    @Test(arguments: [[Episodes.Outcome.win, .win, .loss], [.win, .loss, .loss], []])
    func `less than two wins and two losses give no ranking`(_ outcomes: [Episodes.Outcome]) throws {
        #expect(try Self.ranking(outcomes) { $1.delta += Double($0) }.isEmpty)
    }
}
