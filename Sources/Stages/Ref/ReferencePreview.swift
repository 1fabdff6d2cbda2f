import Lake
import Reference

/// What the reference stages would make of some source files; nothing is written.
public enum ReferencePreview {
    /// - Parameters:
    ///   - sources: all source files of the day.
    ///   - settings: the parameters that the command line sets for a stage.
    ///   - day: symbol and date.
    ///   - site: lake, registry and contracts.
    /// - Throws: `ReferenceError`, and what the stages throw when they plan.
    public static func tables(
        _ sources: [ReferenceKind: [ReferenceSource]], of day: ReferenceDay, in site: StageSite,
        settings: (StageDeclaration) throws -> [String: ParameterValue]
    ) throws -> ReferenceTables {
        let (sessionRequest, overrides) = try request(RefSessions.name, day, "sessions", in: site, settings)
        let parameters = StageParameters(try clockedDefaults(of: sessionRequest), overrides)
        var entries: [SessionEntry] = []
        for source in sources[.sessions] ?? [] { entries += try SessionEntry.parse(source, of: day) }
        // Neither the order of events nor the seed decides whether a file can be taken.
        let rules = try RefSessions.rules(parameters, on: day.date, tiePolicy: .feedOrder, priorATR: nil)
        let sessions = try rules.sessions(entries, of: day)
        let (ingest, width) = try request(RefIngest.name, day, "levels", in: site, settings)
        return try ReferenceMerge(
            day, sessions, RefIngest.levelDefaults(StageParameters(ingest.parameters, width))
        ).tables(sources)
    }

    /// The request of a stage for a day, and the overrides that its partition of a table will have: those set now, and
    /// of those that it has the others.
    private static func request(
        _ stage: String, _ day: ReferenceDay, _ table: String, in site: StageSite,
        _ settings: (StageDeclaration) throws -> [String: ParameterValue]
    ) throws -> (StageRequest, [String: ParameterValue]) {
        guard let declaration = site.registry[stage: stage], declaration.products.contains(day.product) else {
            throw StageError.configuration("there are no reference tables of '\(day.product)'")
        }
        let request = StageRequest(
            declaration: declaration, product: day.product, symbol: day.symbol, date: day.date)
        let recorded = try site.lake.status(of: request.output(table, day.symbol)).manifest?.provenance.overrides
        return (request, try (recorded ?? [:]).merging(settings(declaration)) { $1 })
    }
}
