import CivilTime
import Contracts
import Lake
import Physics
import Stages

/// Fits `beta` and `gamma` of gold_forecast and keeps them in `parameters.yaml`. Source: spec/physics.md 8.6.
public struct ForecastFitting: Sendable {
    /// Which days, and which part of them.
    public struct Request: Sendable {
        public var product: String
        /// A contract, root or ticker. Values are kept by root or ticker.
        public var symbol: String
        /// Nil: the last `days` dates that have a surface.
        public var dates: DateSelection?
        public var days: Int
        public var start: ClockTime
        public var end: ClockTime
        public var usesOptions: Bool

        public init(
            product: String, symbol: String, dates: DateSelection?, days: Int, start: ClockTime, end: ClockTime,
            usesOptions: Bool
        ) {
            self.product = product
            self.symbol = symbol
            self.dates = dates
            self.days = days
            self.start = start
            self.end = end
            self.usesOptions = usesOptions
        }
    }

    /// What was fitted.
    public struct Report: Sendable {
        public let family: String
        public let beta: Double
        public let gamma: Double
        public let windows: Int
        /// The instrument of each date.
        public let days: [(date: CivilDate, symbol: String)]
        /// Dates without trading.
        public let skipped: [CivilDate]
        public let entry: FittedParameters.Entry
    }

    private static let stage = "gold_forecast"

    private let project: Project

    public init(_ project: Project) {
        self.project = project
    }

    /// `parameters.yaml` of the project.
    public var path: String { FittedParameters.path(besideRegistry: project.registry.file) }

    /// Fits; nothing is written.
    ///
    /// - Throws: `Failure`, `StageError`, `LakeError`, `PhysicsError`.
    public func fit(_ request: Request) throws -> Report {
        guard let stage = project.registry[stage: Self.stage], stage.products.contains(request.product) else {
            throw Failure(
                .usage, "there is no forecast of '\(request.product)'",
                advice: "products with one are: "
                    + (project.registry[stage: Self.stage]?.products.joined(separator: ", ") ?? "none"))
        }
        let site = StageSite(lake: project.lake, registry: project.registry, contracts: project.contracts)
        var training = ForecastTraining(
            site, product: request.product, interval: (request.start, request.end),
            usesOptions: request.usesOptions)
        var days: [(date: CivilDate, symbol: String)] = []
        var skipped: [CivilDate] = []
        for date in try dates(of: request) {
            guard let symbol = try training.instrument(of: request.symbol, on: date) else {
                skipped.append(date)
                continue
            }
            try training.show(symbol, on: date)
            days.append((date, symbol))
        }
        let result = try training.result()
        let family = FutureSymbol.family(of: request.symbol)
        let entry = FittedParameters.Entry(
            stage: Self.stage, product: request.product, symbol: family,
            values: [
                "beta": .text("\(result.parameters.beta)"), "gamma": .text("\(result.parameters.gamma)"),
            ],
            basis: [
                "dates": .list(days.map { "\($0.date)" }), "symbols": .list(days.map(\.symbol)),
                "interval": .text("\(request.start.text)–\(request.end.text)"),
                "windows": .integer(Int64(result.windows)), "options": .text(request.usesOptions ? "auto" : "ignore"),
            ])
        return Report(
            family: family, beta: result.parameters.beta, gamma: result.parameters.gamma, windows: result.windows,
            days: days, skipped: skipped, entry: entry)
    }

    /// Puts what was fitted into `parameters.yaml`, beside what is there for other symbols.
    public func store(_ report: Report) throws {
        var fitted = try FittedParameters(path: path)
        fitted.set(report.entry)
        try SmallFile.replace(path, by: fitted.serialized)
    }

    /// The dates of the request, or the last ones with a surface.
    private func dates(of request: Request) throws -> [CivilDate] {
        let family = FutureSymbol.family(of: request.symbol)
        var filter = PartitionFilter(layers: [.gold], products: [request.product])
        filter.tables = ["physics_surface_1s"]
        if let first = request.dates?.dates.first, let last = request.dates?.dates.last { filter.dates = first...last }
        let known = Set(
            try project.lake.partitions(filter).filter {
                $0.symbol == request.symbol || request.symbol == family && FutureSymbol.family(of: $0.symbol) == family
            }.map(\.date))
        let dates =
            request.dates.map { selection in
                // Like a run: the dates of a range that there are, and every date that is named.
                selection.dates.filter { selection.named.contains($0) || known.contains($0) }
            } ?? known.sorted().suffix(request.days)
        guard !dates.isEmpty else {
            throw Failure(
                .notReady, "the lake has no surface of \(request.product) \(request.symbol) to fit to",
                advice: "'tarn run --layer gold' makes it")
        }
        return Array(dates)
    }
}
