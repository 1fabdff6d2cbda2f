import Lake
import MarketState
import Tables

/// Puts the operator's labels beside the episodes: gold.<product>.episodes_labeled.
///
/// Source: spec/recorder.md 6.10.
public struct GoldLabelEpisodes: RecorderStage {
    public static let name = "gold_label_episodes"

    public init() {}

    public func run(_ task: StageTask, in context: StageContext) throws -> [StagedPartition] {
        let joined = LabelJoin.join(
            try context.reader(task.input("episodes"), of: task).rows(as: Episodes.self),
            try context.reader(task.input("labels"), of: task).rows(as: Labels.self))
        return try [
            context.stage(
                EpisodesLabeled(joined.rows), as: task.outputs[0], of: task,
                dayState: context.dayState(of: task.input("episodes")),
                quality: Quality(counters: ["labels_without_episode": Int64(joined.labelsWithoutEpisode)]))
        ].compactMap(\.self)
    }
}
