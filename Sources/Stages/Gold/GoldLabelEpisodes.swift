import Lake
import MarketState
import Tables

/// Puts the operator's labels beside the episodes: gold.<product>.episodes_labeled.
///
/// Source: spec/recorder.md 6.10.
public struct GoldLabelEpisodes: Stage {
    public static let name = "gold_label_episodes"

    public init() {}

    public func plan(_ request: StageRequest, in site: StageSite) throws -> StagePlan {
        try request.recorderPlan(in: site)
    }

    public func run(_ task: StageTask, in context: StageContext) throws -> [StagedPartition] {
        var labels: [Labels.Row] = []
        var labelTable = Labels()
        var labelReader = try context.reader(task.input("labels"), of: task)
        while try labelReader.next(into: &labelTable) {
            for row in 0..<labelTable.count { labels.append(labelTable[row]) }
        }
        var episodes: [Episodes.Row] = []
        var episodeTable = Episodes()
        var episodeReader = try context.reader(task.input("episodes"), of: task)
        while try episodeReader.next(into: &episodeTable) {
            for row in 0..<episodeTable.count { episodes.append(episodeTable[row]) }
        }
        let joined = LabelJoin.join(episodes, labels)
        var table = EpisodesLabeled()
        for row in joined.rows { table.append(row) }
        var writer = try context.writer(task.outputs[0], of: task)
        try table.withViews { try writer.write($0) }
        return [
            try writer.finish(
                dayState: try context.dayState(of: task.input("episodes")),
                quality: Quality(counters: ["labels_without_episode": Int64(joined.labelsWithoutEpisode)]))
        ]
    }
}
