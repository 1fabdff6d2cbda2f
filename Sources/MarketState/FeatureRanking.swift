import FixedMath
import Tables

/// How far a feature sets winning episodes apart from losing ones. Source: spec/recorder.md 8.1.
public struct FeatureEffect: Equatable, Sendable {
    /// Column of episode_snapshots.
    public let feature: String
    /// Difference of the means in pooled standard deviations; dimensionless.
    public let effect: Double
    /// Mean over wins minus mean over losses, in the feature's unit (of its asinh where that is taken).
    public let meanDifference: Double
    public let wins: Int
    public let losses: Int
}

/// Ranks features by what happens to them between the baseline of an episode and the first minute of its stress.
///
/// Episodes count when they are won or lost and have rows of both phases. Memory does not grow with the rows.
public struct FeatureRanking: Sendable {
    /// Fewer wins or losses give no ranking.
    static let leastEpisodes = 2
    /// The first minute.
    static let stressRows = 6

    private struct Feature: Sendable {
        let column: EpisodeSnapshots.Columns
        /// Heavy tails are drawn in.
        let isDrawnIn: Bool
        let value: @Sendable (borrowing EpisodeSnapshots, Int) -> Double

        init(
            _ column: EpisodeSnapshots.Columns, isDrawnIn: Bool = false,
            _ value: @escaping @Sendable (borrowing EpisodeSnapshots, Int) -> Double
        ) {
            self.column = column
            self.isDrawnIn = isDrawnIn
            self.value = value
        }
    }

    private static let features: [Feature] = [
        Feature(.delta) { $0.delta[$1] },
        Feature(.cvd60s) { $0.cvd60s[$1] },
        Feature(.cvd30s) { $0.cvd30s[$1] },
        Feature(.relativeAggression) { $0.relativeAggression[$1] },
        Feature(.absorptionIndex10s, isDrawnIn: true) { $0.absorptionIndex10s[$1] },
        Feature(.divScore, isDrawnIn: true) { $0.divScore[$1] },
        Feature(.buyOnRed, isDrawnIn: true) { $0.buyOnRed[$1] },
        Feature(.sellOnGreen, isDrawnIn: true) { $0.sellOnGreen[$1] },
        Feature(.spreadPct) { $0.spreadPct[$1] },
        Feature(.signedDistanceToLevelAtr) { $0.signedDistanceToLevelAtr[$1] },
        Feature(.volZ60s) { $0.volZ60s[$1] },
        Feature(.tradeRateZ60s) { $0.tradeRateZ60s[$1] },
        Feature(.compressionIndex) { $0.compressionIndex[$1] },
        Feature(.emaConfluenceScore) { $0.emaConfluenceScore[$1] },
    ]

    /// Sums of one episode, feature by feature.
    private struct Phases {
        var baseline = [Double](repeating: 0, count: features.count)
        var stress = [Double](repeating: 0, count: features.count)
        var baselineRows = 0
        var stressRows = 0
    }

    private let outcomes: [String: Episodes.Outcome]
    private var phases: [String: Phases] = [:]

    /// - Parameter episodes: those of one session.
    public init(_ episodes: [Episodes.Row]) {
        outcomes = Dictionary(
            episodes.compactMap { episode in
                guard let outcome = episode.outcome, [.win, .loss].contains(outcome) else { return nil }
                return (episode.episodeId, outcome)
            }, uniquingKeysWith: { first, _ in first })
    }

    /// Takes rows of episode_snapshots, each episode's in ascending order; rows of other episodes are passed over.
    public mutating func add(_ table: borrowing EpisodeSnapshots) {
        for row in 0..<table.count {
            let phase = table.phase[row]
            guard phase != .resolution, outcomes[table.episodeId[row]] != nil else { continue }
            var sums = phases[table.episodeId[row]] ?? Phases()
            if phase == .baseline {
                sums.baselineRows += 1
                for (index, feature) in Self.features.enumerated() {
                    sums.baseline[index] += feature.value(table, row)
                }
            } else if sums.stressRows < Self.stressRows {
                sums.stressRows += 1
                for (index, feature) in Self.features.enumerated() {
                    sums.stress[index] += feature.value(table, row)
                }
            }
            phases[table.episodeId[row]] = sums
        }
    }

    /// The features in descending order of their effect's size; none without enough wins and losses.
    public func ranked() -> [FeatureEffect] {
        // Sums run in the order of the ids, which is that of the stored rows.
        let counted = phases.filter { $0.value.baselineRows > 0 && $0.value.stressRows > 0 }
            .sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        let won = counted.filter { outcomes[$0.key] == .win }.map(\.value)
        let lost = counted.filter { outcomes[$0.key] == .loss }.map(\.value)
        guard won.count >= Self.leastEpisodes, lost.count >= Self.leastEpisodes else { return [] }
        let effects = Self.features.indices.map { index -> FeatureEffect in
            let wins = won.map { change(of: index, in: $0) }, losses = lost.map { change(of: index, in: $0) }
            let difference = Numbers.mean(wins) - Numbers.mean(losses)
            let winSpread = Numbers.pstd(wins), lossSpread = Numbers.pstd(losses)
            let pooled = ((winSpread * winSpread + lossSpread * lossSpread) / 2).squareRoot()
            return FeatureEffect(
                feature: Self.features[index].column.name,
                effect: winSpread == 0 && lossSpread == 0 ? 0 : difference / (pooled + 1e-12),
                meanDifference: difference, wins: wins.count, losses: losses.count)
        }
        return effects.sorted { a, b in
            if abs(a.effect) != abs(b.effect) { return abs(a.effect) > abs(b.effect) }
            if abs(a.meanDifference) != abs(b.meanDifference) {
                return abs(a.meanDifference) > abs(b.meanDifference)
            }
            return a.feature.utf8.lexicographicallyPrecedes(b.feature.utf8)
        }
    }

    private func change(of index: Int, in sums: Phases) -> Double {
        let change =
            sums.stress[index] / Double(sums.stressRows) - sums.baseline[index] / Double(sums.baselineRows)
        return Self.features[index].isDrawnIn ? Fixed.asinh(change) : change
    }
}
