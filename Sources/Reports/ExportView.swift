import CSV
import CivilTime
import Columnar
import Contracts
import Lake
import Parquet
import Tables

/// The tables that leave the lake under names of their own, one file a session, with the columns date and ticker in
/// front. Source: spec/recorder.md 8.4.
public enum ExportView: String, CaseIterable, Sendable {
    case snapshots
    case episodes
    case labels
    case tfIndicators = "tf_indicators"
    case sessionStream = "session_stream"
    case markers

    private var source: RecorderDay.Source {
        switch self {
        case .snapshots: .episodeSnapshots
        case .episodes: .episodes
        case .labels: .episodesLabeled
        case .tfIndicators: .tfIndicators10s
        case .sessionStream: .state10s
        case .markers: .markers
        }
    }

    /// The view of one day: the Parquet file of each session, in the order of their ids; sessions without rows have an
    /// empty one.
    public func parquet(of day: RecorderDay) throws -> [(sessionID: String, file: [UInt8])] {
        switch self {
        case .snapshots: try files(of: day, as: EpisodeSnapshots.self)
        case .episodes: try files(of: day, as: Episodes.self)
        case .labels: try files(of: day, as: EpisodesLabeled.self)
        case .tfIndicators: try files(of: day, as: TfIndicators10s.self)
        case .sessionStream: try files(of: day, as: State10s.self)
        case .markers: try files(of: day, as: Markers.self)
        }
    }

    /// The view of one day as comma-separated values under the official column names.
    public func csv(of day: RecorderDay) throws -> [(sessionID: String, file: [UInt8])] {
        switch self {
        case .snapshots: try texts(of: day, as: EpisodeSnapshots.self)
        case .episodes: try texts(of: day, as: Episodes.self)
        case .labels: try texts(of: day, as: EpisodesLabeled.self)
        case .tfIndicators: try texts(of: day, as: TfIndicators10s.self)
        case .sessionStream: try texts(of: day, as: State10s.self)
        case .markers: try texts(of: day, as: Markers.self)
        }
    }

    private func files<T: Table & ~Copyable>(
        of day: RecorderDay, as type: T.Type
    ) throws -> [(sessionID: String, file: [UInt8])] {
        try day.rows(of: .sessions, as: Sessions.self).map { session in
            // date and ticker are texts, as readers of the folders' names have them.
            let keys = [ColumnDefinition("date", .string), ColumnDefinition("ticker", .string)]
            let contract = try day.contract(of: source)
            var bytes: [UInt8] = []
            try withoutActuallyEscaping({ (part: UnsafeRawBufferPointer) in bytes.append(contentsOf: part) }) { sink in
                var writer = ParquetWriter(
                    shape: Shape(keys + T.shape.columns),
                    metadata: [("dataset", "\(contract.dataset)"), ("session_id", session.sessionId)],
                    columnUnits: [nil, nil] + contract.fields.map(\.unit), sink: sink)
                try day.forEachPart(of: source, as: type) { part, _ in
                    for run in part.runs(of: session.sessionId) {
                        var date = StringColumn(), ticker = StringColumn()
                        date.append(repeating: "\(day.date)", count: run.count)
                        ticker.append(repeating: day.symbol, count: run.count)
                        try part.withViews { views in
                            try date.withView { dates in
                                try ticker.withView { tickers in
                                    try writer.write([dates, tickers] + views.map { $0.rows(run) })
                                }
                            }
                        }
                    }
                }
                _ = try writer.finish()
            }
            return (session.sessionId, bytes)
        }
    }

    private func texts<T: Table & ~Copyable>(
        of day: RecorderDay, as type: T.Type
    ) throws -> [(sessionID: String, file: [UInt8])] {
        try day.rows(of: .sessions, as: Sessions.self).map { session in
            var csv = CSVWriter(header: ["date", "ticker"] + (try day.contract(of: source)).fields.map(\.exportName))
            try day.forEachPart(of: source, as: type) { part, _ in
                part.withViews { views in
                    for row in part.runs(of: session.sessionId).joined() {
                        csv.append([.string("\(day.date)"), .string(day.symbol)] + T.cells(of: views, row))
                    }
                }
            }
            return (session.sessionId, Array(csv.text.utf8))
        }
    }
}

/// The tables of the chains that leave the lake as one CSV file for all days. Source: spec/recorder.md 8.2.
public enum ChainExport: String, CaseIterable, Sendable {
    case levelChains = "level_chains"
    case touchPackets = "touch_packets"
    case reclaimPackets = "reclaim_packets"

    /// The rows of several days of one contract; order them by date, then by ticker.
    public func csv(of days: [RecorderDay]) throws -> String {
        switch self {
        case .levelChains: try text(of: days, .levelChainMetrics, as: LevelChainMetrics.self)
        case .touchPackets: try text(of: days, .touchPackets, as: TouchPackets.self)
        case .reclaimPackets: try text(of: days, .reclaimPackets, as: ReclaimPackets.self)
        }
    }

    /// date, ticker and session_id come first, then the other columns as the contract has them.
    private func text<T: Table & ~Copyable>(
        of days: [RecorderDay], _ source: RecorderDay.Source, as type: T.Type
    ) throws -> String {
        let others = T.shape.columns.indices.filter { $0 != T.sessionColumn }
        var csv = CSVWriter(
            header: ["date", "ticker", T.shape.columns[T.sessionColumn].name] + others.map { T.shape.columns[$0].name })
        for day in days {
            try day.forEachPart(of: source, as: type) { part, _ in
                part.withViews { views in
                    for row in 0..<part.count {
                        let cells = T.cells(of: views, row)
                        csv.append(
                            [.string("\(day.date)"), .string(day.symbol), cells[T.sessionColumn]]
                                + others.map { cells[$0] })
                    }
                }
            }
        }
        return csv.text
    }
}

extension Table where Self: ~Copyable {
    static func cells(of views: [ColumnView], _ row: Int) -> [CSVCell] {
        views.indices.map { views[$0].cell(row, shape.columns[$0].type) }
    }
}
