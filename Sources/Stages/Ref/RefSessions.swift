import CivilTime
import Lake
import Reference
import Tables

/// The recording sessions of a date: those of its session files, cut to regular hours, or else the regular hours
/// themselves, each with the ATR that its first bars start from.
///
/// Everything below runs on these bounds, so the stage comes before the recorder's silver.
///
/// Source: spec/recorder.md 3.3, 5.4.
public struct RefSessions: Stage {
    public static let name = "ref_sessions"

    public init() {}

    public func check(_ request: StageRequest) throws {
        _ = try RefSessions.rules(
            StageParameters(clockedDefaults(of: request), request.overrides), on: request.date, tiePolicy: .feedOrder,
            priorATR: nil)
    }

    public func plan(_ request: StageRequest, in site: StageSite) throws -> StagePlan {
        guard let day = try request.referenceDay(in: site) else {
            return .nothing("\(request.date) is no trading date of \(request.symbol)")
        }
        var defaults = try clockedDefaults(of: request)
        // Not a parameter of the registry: it follows from the files of the date.
        defaults[Sessions.Columns.tiePolicy.name] = .text(tiePolicy(of: request, in: site).symbol)
        var inputs = try request.referenceFiles([.sessions], of: day, in: site)
        inputs += try PriorSession(request)?.inputs(before: day.date, day.symbol, in: site) ?? []
        return .task(
            StageTask(
                request, symbol: day.symbol, inputs: inputs, defaults: defaults,
                outputs: [try request.output("sessions", day.symbol)]))
    }

    public func run(_ task: StageTask, in context: StageContext) throws -> [StagedPartition] {
        let parameters = try context.parameters(of: task)
        let day = ReferenceDay(product: task.product, symbol: task.symbol, date: task.date)
        let prior = PriorSession(
            StageRequest(
                declaration: task.declaration, product: task.product, symbol: task.symbol, date: task.date))
        let rules = try RefSessions.rules(
            parameters, on: task.date,
            tiePolicy: try parameters.choice(Sessions.Columns.tiePolicy.name, tiePolicies),
            priorATR: try prior?.atr(task, context))
        var entries: [SessionEntry] = []
        for source in try context.referenceSources(of: task)[.sessions] ?? [] {
            entries += try SessionEntry.parse(source, of: day)
        }
        let table = Sessions(try rules.sessions(entries, of: day))
        return [try context.stage(table, as: task.outputs[0], of: task)].compactMap(\.self)
    }

    /// The rules that the parameters set for a date.
    ///
    /// - Throws: `configuration` when a parameter is none.
    static func rules(
        _ parameters: StageParameters, on date: CivilDate, tiePolicy: Sessions.TiePolicy, priorATR: Double?
    ) throws -> SessionRules {
        let fixedATR = try parameters.number("fixed_default_atr")
        guard fixedATR > 0 else {
            throw StageError.configuration("parameter fixed_default_atr: expected a number above 0")
        }
        let open = try parameters.integer("rth_open") / 1_000_000
        var close = try parameters.integer("rth_close") / 1_000_000
        if try isEarlyClose(parameters, date) {
            close = min(close, NewYork.utcNanoseconds(of: date, secondOfDay: EarlyClose.secondOfDay) / 1_000_000)
        }
        guard open < close else {
            throw StageError.configuration("rth_open is not before the end of regular hours on \(date)")
        }
        return SessionRules(
            rthOpen: open, rthClose: close,
            includesExtendedHours: try parameters.boolean("include_extended_hours"), tiePolicy: tiePolicy,
            seed: ATRSeed(priorSession: priorATR, fixedDefault: fixedATR))
    }

    private static func isEarlyClose(_ parameters: StageParameters, _ date: CivilDate) throws -> Bool {
        guard let days = try parameters.optionalList("early_close") else { return EarlyClose.isRegular(on: date) }
        return try days.map { text in
            guard let day = CivilDate(parsing: text) else {
                throw StageError.configuration("parameter early_close: expected dates YYYY-MM-DD, found '\(text)'")
            }
            return day
        }.contains(date)
    }

    private var tiePolicies: [String: Sessions.TiePolicy] {
        Dictionary(uniqueKeysWithValues: Sessions.TiePolicy.allCases.map { ($0.symbol, $0) })
    }

    /// How events of one instant are ordered: as the book took them in, as the feed numbered them, or, where trades
    /// and quotes come as two CSV files, quotes first. What is wrong with the files is for bronze to say.
    private func tiePolicy(of request: StageRequest, in site: StageSite) -> Sessions.TiePolicy {
        guard OrderBookProduct(rawValue: request.product) == nil else { return .bookOrder }
        let files = (try? TaqSelection(request, in: site))?.files
        return files?.first?.location.source == .csv ? .quoteFirst : .feedOrder
    }
}
