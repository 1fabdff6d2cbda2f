import Columnar
import JSON
import Lake
import MarketState
import Tables

/// The summary of one session, `report.json`. Source: spec/recorder.md 8.1.
public struct SessionReport: Sendable {
    public let sessionID: String
    /// With sorted keys and instants in milliseconds.
    public let json: JSONValue

    static let schemaVersion = "market_state_report_v1"

    /// The tables a report is built from, besides the sessions.
    private static let sources: [RecorderDay.Source] = [
        .episodes, .episodeSnapshots, .markers, .levelInteractions, .touchPackets, .reclaimPackets,
        .levelChainMetrics, .chainSummary,
    ]

    /// One report for each session of the day, in the order of their ids.
    ///
    /// - Throws: `LakeError` when a table is missing or corrupt.
    public static func reports(of day: RecorderDay) throws -> [SessionReport] {
        let tables = try SessionTables(day)
        return try day.rows(of: .sessions, as: Sessions.self).map { session in
            SessionReport(
                sessionID: session.sessionId, json: tables.report(of: session.sessionId, on: day))
        }
    }

    /// Everything of the day that reports speak of.
    private struct SessionTables {
        let episodes: [Episodes.Row]
        let interactions: [LevelInteractions.Row]
        let chains: [ChainSummary.Row]
        let markers: [JSONObject]
        let touches: [JSONObject]
        let reclaims: [JSONObject]
        let metrics: [JSONObject]
        var rankings: [String: [FeatureEffect]] = [:]
        var parameters: [String: ParameterValue] = [:]

        init(_ day: RecorderDay) throws {
            func objects<T: Table & ~Copyable>(
                of source: RecorderDay.Source, as type: T.Type
            ) throws -> [JSONObject] {
                var objects: [JSONObject] = []
                try day.forEachPart(of: source, as: type) { part, _ in objects += part.objects() }
                return objects
            }
            episodes = try day.rows(of: .episodes, as: Episodes.self)
            interactions = try day.rows(of: .levelInteractions, as: LevelInteractions.self)
            chains = try day.rows(of: .chainSummary, as: ChainSummary.self)
            markers = try objects(of: .markers, as: Markers.self)
            touches = try objects(of: .touchPackets, as: TouchPackets.self)
            reclaims = try objects(of: .reclaimPackets, as: ReclaimPackets.self)
            metrics = try objects(of: .levelChainMetrics, as: LevelChainMetrics.self)
            for (session, all) in Dictionary(grouping: episodes, by: \.sessionId) {
                var ranking = FeatureRanking(all)
                try day.forEachPart(of: .episodeSnapshots, as: EpisodeSnapshots.self) { part, _ in ranking.add(part) }
                rankings[session] = ranking.ranked()
            }
            for source in RecorderDay.Source.parameterised {
                guard let manifest = try day.manifest(of: source) else { continue }
                parameters.merge(manifest.provenance.parameters) { first, _ in first }
            }
        }

        func report(of session: String, on day: RecorderDay) -> JSONValue {
            let episodes = episodes.filter { $0.sessionId == session }
            return [
                "_meta": [
                    "schema_version": .string(SessionReport.schemaVersion), "dt": .string("\(day.date)"),
                    "symbol": .string(day.symbol), "session_id": .string(session),
                    "config": .object(JSONObject(parameters.map { ($0.key, $0.value.json) })),
                    "inputs": .array(
                        (SessionReport.sources + [.sessions]).map(\.name).sorted().map(JSONValue.string)),
                ],
                "episodes_total": .integer(Int64(episodes.count)),
                "outcome_counts": outcomeCounts(episodes),
                "metrics": [
                    "mfe": distribution(episodes.compactMap(\.mfe)),
                    "mae": distribution(episodes.compactMap(\.mae)),
                    "time_to_mfe_ms": distribution(episodes.compactMap { $0.timeToMfeMs.map(Double.init) }),
                    "time_to_failure_ms": distribution(
                        episodes.compactMap { $0.timeToFailureMs.map(Double.init) }),
                ],
                "feature_ranking": .array((rankings[session] ?? []).map(\.json)),
                "markers": .array(markers.of(session).map(JSONValue.object)),
                "level_chains": .array(chains.filter { $0.sessionId == session }.map(chain)),
            ]
        }

        private func outcomeCounts(_ episodes: [Episodes.Row]) -> JSONValue {
            var counts = Episodes.Outcome.allCases.map { outcome in
                (outcome.symbol, JSONValue.integer(Int64(episodes.count { $0.outcome == outcome })))
            }
            counts.append(("unresolved", .integer(Int64(episodes.count { $0.outcome == nil }))))
            return .object(JSONObject(counts))
        }

        private func chain(_ chain: ChainSummary.Row) -> JSONValue {
            let levels = metrics.of(chain.sessionId, chain: chain.chainId).map { level -> JSONValue in
                var level = level
                let id = level[LevelChainMetrics.Columns.levelId.name]?.stringValue
                level["timeline_summary"] = timeline(
                    interactions.filter { $0.sessionId == chain.sessionId && $0.levelId == id })
                return .object(level)
            }
            let touches = touches.of(chain.sessionId, chain: chain.chainId).sorted { a, b in
                let ids = (a.text(TouchPackets.Columns.levelId.name), b.text(TouchPackets.Columns.levelId.name))
                if !ids.0.utf8.elementsEqual(ids.1.utf8) { return ids.0.utf8.lexicographicallyPrecedes(ids.1.utf8) }
                let number = TouchPackets.Columns.touchNumber.name
                return (a[number]?.integerValue ?? 0) < (b[number]?.integerValue ?? 0)
            }
            return [
                "chain_id": .string(chain.chainId), "levels": .array(levels),
                "touch_packets": .array(touches.map(JSONValue.object)),
                "reclaim_packets": .array(
                    reclaims.of(chain.sessionId, chain: chain.chainId).map(JSONValue.object)),
                "main_support": [
                    "main_support_id": chain.mainSupportId.map(JSONValue.string) ?? .null,
                    "main_support_score": chain.mainSupportScore.map(JSONValue.integer) ?? .null,
                    "focus_level": chain.focusLevel.map(JSONValue.string) ?? .null,
                ],
            ]
        }

        private func timeline(_ events: [LevelInteractions.Row]) -> JSONValue {
            let touches = events.filter { $0.event == .touch }
            return [
                "touches": .integer(Int64(touches.count)),
                "breaks": .integer(Int64(events.count { $0.event == .break })),
                "rejects": .integer(Int64(events.count { $0.event == .reject })),
                "reclaim_attempts": .integer(Int64(touches.count { $0.reclaimAttempt == true })),
                "cross_throughs": .integer(Int64(touches.count { $0.mode == .crossThrough })),
            ]
        }
    }
}

/// Null, or the least, the median, the ninth decile, the greatest and the mean of values.
private func distribution(_ values: [Double]) -> JSONValue {
    guard !values.isEmpty else { return .null }
    let sorted = values.sorted()
    func quantile(_ p: Double) -> Double {
        let place = Double(sorted.count - 1) * p
        let below = Int(place.rounded(.down)), above = min(below + 1, sorted.count - 1)
        return sorted[below] + (sorted[above] - sorted[below]) * (place - Double(below))
    }
    return [
        "min": .double(sorted[0]), "p50": .double(quantile(0.5)), "p90": .double(quantile(0.9)),
        "max": .double(sorted[sorted.count - 1]),
        "mean": .double(values.reduce(0.0, +) / Double(values.count)),
    ]
}

extension FeatureEffect {
    fileprivate var json: JSONValue {
        [
            "feature": .string(feature), "effect": .double(effect), "mean_difference": .double(meanDifference),
            "wins": .integer(Int64(wins)), "losses": .integer(Int64(losses)),
        ]
    }
}

extension JSONObject {
    fileprivate func text(_ name: String) -> String { self[name]?.stringValue ?? "" }
}

extension [JSONObject] {
    /// Rows of one session, and of one chain of it; the tables name both alike.
    fileprivate func of(_ session: String, chain: String? = nil) -> [JSONObject] {
        filter { row in
            row.text(TouchPackets.Columns.sessionId.name).utf8.elementsEqual(session.utf8)
                && (chain.map { row.text(TouchPackets.Columns.chainId.name).utf8.elementsEqual($0.utf8) } ?? true)
        }
    }
}
