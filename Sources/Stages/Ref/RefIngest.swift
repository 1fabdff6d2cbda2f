import Lake
import Reference
import Tables

/// Levels, markers and labels of a date from the source files that people wrote, joined to its sessions.
///
/// Without any such file the tables are empty, so that whatever reads them runs.
///
/// Source: spec/recorder.md 3.3 to 3.6, 3.8, 6.10.
public struct RefIngest: Stage {
    public static let name = "ref_ingest"

    public init() {}

    private static let kinds: [ReferenceKind] = [.levels, .commands, .markers, .labels]

    public func check(_ request: StageRequest) throws {
        _ = try RefIngest.levelDefaults(StageParameters(request.parameters, request.overrides))
    }

    public func plan(_ request: StageRequest, in site: StageSite) throws -> StagePlan {
        guard let day = try request.referenceDay(in: site) else {
            return .nothing("\(request.date) is no trading date of \(request.symbol)")
        }
        var inputs = try request.referenceFiles(RefIngest.kinds, of: day, in: site)
        for table in try request.tables(of: day.symbol) { inputs.append(try site.input(table.address)) }
        return .task(
            StageTask(
                request, symbol: day.symbol, inputs: inputs, defaults: request.parameters,
                outputs: [
                    try request.output("levels", day.symbol), try request.output("markers", day.symbol),
                    try request.output("labels", day.symbol),
                ]))
    }

    public func run(_ task: StageTask, in context: StageContext) throws -> [StagedPartition] {
        let day = ReferenceDay(product: task.product, symbol: task.symbol, date: task.date)
        let merge = ReferenceMerge(
            day, try context.sessions(task.input("sessions"), of: task),
            try RefIngest.levelDefaults(context.parameters(of: task)))
        let tables = try merge.tables(context.referenceSources(of: task))
        let counts = tables.counts
        return try [
            context.stage(
                Levels(tables.levels), as: task.outputs[0], of: task,
                quality: dropped(["levels_without_session": counts.levelsWithoutSession])),
            context.stage(
                MarkerInputs(tables.markers), as: task.outputs[1], of: task,
                quality: dropped(["markers_without_session": counts.markersWithoutSession])),
            context.stage(
                Labels(tables.labels), as: task.outputs[2], of: task,
                quality: dropped([
                    "labels_skipped": counts.labelsSkipped, "labels_replaced": counts.labelsReplaced,
                ])),
        ].compactMap(\.self)
    }

    /// What was not taken over, by reason.
    private func dropped(_ counters: [String: Int64]) -> Quality {
        Quality(counters: counters, rowsDropped: counters.values.reduce(0, +))
    }

    /// - Throws: `configuration` when the width is not positive.
    static func levelDefaults(_ parameters: StageParameters) throws(StageError) -> LevelDefaults {
        let name = Levels.Columns.levelWidthAtr.name
        let width = try parameters.number(name)
        guard width > 0 else { throw .configuration("parameter \(name): expected a number above 0") }
        return LevelDefaults(width: width)
    }
}
