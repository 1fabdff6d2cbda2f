import Lake
import MarketState
import Tables

/// Tells the episodes of levels and markers: gold.<product>.episodes, episode_snapshots and markers.
///
/// Source: spec/recorder.md 6.4 to 6.9.
public struct GoldEpisodes: RecorderStage {
    public static let name = "gold_episodes"

    public init() {}

    public func run(_ task: StageTask, in context: StageContext) throws -> [StagedPartition] {
        let parameters = try RecorderParameters(context.parameters(of: task))
        let day = try context.dayState(of: task.input("state_10s"))
        let benchmark = try benchmark(task, context)
        var inputs = try EpisodeInputs(task, context)
        var markers = Markers()
        var episodes: [Episode] = []
        var repeated = 0
        for session in try context.recordedSessions(of: task, on: day) {
            let engine = EpisodeEngine(
                EpisodeContext(
                    symbol: task.symbol, session: session, rows: try inputs.rows(of: session, context),
                    firstRegularTrade: try inputs.firstRegularTrade(of: session), benchmark: benchmark,
                    parameters: parameters))
            let spines = try inputs.spines(of: session)
            for level in try inputs.levels.rows(of: session.sessionId) {
                let spine = spines[ByteKey(level.levelId)] ?? []
                episodes += try context.together { () throws(SessionRowsError) in
                    try engine.episodes(of: level, spine: spine)
                }
            }
            let entered = try inputs.markers(of: session)
            let extracted = engine.extract(entered)
            for marker in extracted.markers { markers.append(marker) }
            repeated += entered.count - extracted.markers.count
            episodes += extracted.episodes
            try context.advance(spines.count)
        }
        return try [
            write(episodes, task, context, day), writeSnapshots(episodes, task, context, day),
            context.stage(
                markers, as: task.output("markers"), of: task, dayState: day,
                quality: Quality(rowsDropped: Int64(repeated))),
        ].compactMap(\.self)
    }

    /// The prices of SPY, where the lake has them.
    private func benchmark(_ task: StageTask, _ context: StageContext) throws -> Benchmark? {
        let address = task.inputPartitions.map(\.address).first {
            $0.dataset.table == "state_10s"
                && $0.symbol.isSameKey(StageDeclaration.SymbolRule.spy.rawValue)
        }
        guard let address else { return nil }
        var states = SessionCursor<State10s>(
            try context.reader(address, of: task), columns: State10s.benchmarkColumns)
        var sessions: [[Benchmark.Price]] = []
        while let session = try states.nextSession() {
            var prices: [Benchmark.Price] = []
            try states.forEachRow(of: session) { table, row in
                prices.append(Benchmark.Price(timestamp: table.timestamp[row], lastPrice: table.lastPrice[row]))
                return true
            }
            sessions.append(prices)
        }
        return Benchmark(sessions: sessions)
    }

    /// By session, entry and id, as the contract orders them.
    private func write(
        _ episodes: [Episode], _ task: StageTask, _ context: StageContext, _ day: DayState
    ) throws -> StagedPartition? {
        let rows = episodes.map(\.row).sorted {
            (ByteKey($0.sessionId), $0.zoneEntryTime, ByteKey($0.episodeId))
                < (ByteKey($1.sessionId), $1.zoneEntryTime, ByteKey($1.episodeId))
        }
        var quality = Quality()
        for row in rows { quality.counters[row.outcome?.symbol ?? "unresolved", default: 0] += 1 }
        return try context.stage(
            Episodes(rows), as: task.output("episodes"), of: task, dayState: day, quality: quality)
    }

    /// Episode by episode in the order of their ids.
    private func writeSnapshots(
        _ episodes: [Episode], _ task: StageTask, _ context: StageContext, _ day: DayState
    ) throws -> StagedPartition? {
        guard var writer = try context.writerIfWanted(task.output("episode_snapshots"), of: task) else { return nil }
        var table = EpisodeSnapshots()
        for episode in episodes.sorted(by: { ByteKey($0.row.episodeId) < ByteKey($1.row.episodeId) }) {
            for row in episode.snapshots() { table.append(row) }
            try table.withViews { try writer.write($0) }
            try context.advance(table.count)
            table.removeAll()
        }
        return try writer.finish(dayState: day)
    }
}

/// The tables that episodes are made from, session by session.
private struct EpisodeInputs: ~Copyable {
    private var states: SessionCursor<State10s>
    private var flows: SessionCursor<SmartMoney10s>
    private var spines: SessionCursor<LevelSpine>
    private var trades: SessionCursor<TradesClassified>
    private var markers: SessionCursor<MarkerInputs>
    var levels: SessionCursor<Levels>

    init(_ task: StageTask, _ context: StageContext) throws {
        // All are opened before the first is kept: a noncopyable value is never half there.
        let states = try context.reader(task.input("state_10s"), of: task)
        let flows = try context.reader(task.input("smart_money_10s"), of: task)
        let spines = try context.reader(task.input("level_spine"), of: task)
        let trades = try context.reader(task.input("trades_classified"), of: task)
        let markers = try context.reader(task.input("markers"), of: task)
        let levels = try context.reader(task.input("levels"), of: task)
        self.states = SessionCursor(states)
        self.flows = SessionCursor(flows)
        self.spines = SessionCursor(spines)
        self.trades = SessionCursor(trades, columns: TradesClassified.windowColumns)
        self.markers = SessionCursor(markers)
        self.levels = SessionCursor(levels)
    }

    mutating func rows(of session: Sessions.Row, _ context: StageContext) throws -> SessionRows {
        let states = try states.rows(of: session.sessionId)
        let flows = try flows.rows(of: session.sessionId)
        return try context.together { () throws(SessionRowsError) in
            try SessionRows(states: states, flows: flows)
        }
    }

    /// The spines of a session, by level.
    mutating func spines(of session: Sessions.Row) throws -> [ByteKey: [LevelSpine.Row]] {
        try spines.rows(of: session.sessionId) { $0.levelId }
    }

    mutating func markers(of session: Sessions.Row) throws -> [MarkerInputs.Row] {
        try markers.rows(of: session.sessionId)
    }

    /// The first trade in the regular hours of a session.
    mutating func firstRegularTrade(of session: Sessions.Row) throws -> EpisodeContext.RegularTrade? {
        var first: EpisodeContext.RegularTrade?
        let hours = session.rthOpenTsMs..<session.rthCloseTsMs
        try trades.forEachRow(of: session.sessionId) { table, row in
            guard hours.contains(table.tsMs[row]) else { return true }
            first = EpisodeContext.RegularTrade(tsMs: table.tsMs[row], price: table.price[row])
            return false
        }
        return first
    }
}

extension State10s {
    fileprivate static let benchmarkColumns = [Columns.sessionId, .timestamp, .lastPrice].map(\.rawValue)
}
