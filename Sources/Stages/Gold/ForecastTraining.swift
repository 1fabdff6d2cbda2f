import CivilTime
import Contracts
import Lake
import Physics

/// Fits the gains of the forecast to days of surfaces in the lake. Source: spec/physics.md 8.6.
public struct ForecastTraining {
    /// What a fit gives, and what it was fitted to.
    public struct Result: Sendable {
        public let parameters: ForecastParameters
        /// Windows t that count: t − 1, t and t + 1 are consecutive and not skipped, t lies in the interval.
        public let windows: Int
    }

    private let site: StageSite
    private let product: String
    private let interval: (start: ClockTime, end: ClockTime)
    private let usesOptions: Bool
    private var fit = ForecastFit()
    /// The partitions shown, by date, with those of the options where they were used.
    public private(set) var inputs: [Input] = []

    /// - Parameters:
    ///   - interval: windows that lie in it are fitted to, civil times of each date.
    ///   - usesOptions: takes the option surface of a date into account where the lake holds it.
    ///   - product: future_mbo or equity_mbo.
    ///   - site: lake, registry and contracts.
    public init(
        _ site: StageSite, product: String, interval: (start: ClockTime, end: ClockTime), usesOptions: Bool
    ) {
        self.site = site
        self.product = product
        self.interval = interval
        self.usesOptions = usesOptions
    }

    /// The instrument of a symbol or root on a date; nil when the root is not traded then.
    ///
    /// - Throws: `StageError.missingInput` when the root's contract is not chosen yet.
    public func instrument(of symbol: String, on date: CivilDate) throws -> String? {
        guard let writer = site.registry.writer(of: dataset(.gold, "forecast_1s")) else {
            throw StageError.configuration("the registry has no stage for forecasts of \(product)")
        }
        return try contractSymbol(
            for: StageRequest(declaration: writer, product: product, symbol: symbol, date: date), in: site)
    }

    /// Shows the windows of the next date; dates ascend.
    ///
    /// - Throws: `StageError.missingInput` when the date has no surface.
    public mutating func show(_ symbol: String, on date: CivilDate) throws {
        guard let step = Lattice.step(of: symbol, product: product, in: site.registry) else {
            throw StageError.configuration(
                "root \(FutureSymbol.family(of: symbol)) has no lattice step in \(site.registry.file)")
        }
        let engine = try ForecastEngine(
            halfWidth: Lattice.halfWidth(of: product), latticeStep: step, parameters: ForecastParameters())
        let options = dataset(.gold, "physics_surface_1s", of: optionProduct)
        let strikes = try PartitionAddress(options, symbol: symbol, date: date)
        var isThere = usesOptions
        if usesOptions, case .missing = try site.lake.status(of: strikes).state { isThere = false }
        var replay = ForecastReplay(
            engine, windows: try reader(dataset(.silver, "book_snapshot_1s"), symbol, date),
            surface: try reader(dataset(.gold, "physics_surface_1s"), symbol, date),
            options: isThere ? try reader(options, symbol, date) : nil)
        let start = interval.start.utcNanoseconds(on: date)
        let end = interval.end.utcNanoseconds(on: date)
        while let (windowEnd, _, forecast) = try replay.next() {
            fit.show(
                windowEnd: windowEnd, forecast: forecast,
                isInInterval: windowEnd - 1_000_000_000 >= start && windowEnd <= end)
        }
    }

    /// - Throws: `StageError.missingInput` when the windows shown do not determine the gains.
    public func result() throws -> Result {
        do throws(PhysicsError) {
            return Result(parameters: try fit.solution(), windows: fit.windows)
        } catch {
            throw StageError.missingInput(
                "\(error): the anchor has to move, and the surface to push, in the interval of the dates")
        }
    }

    private var optionProduct: String {
        product == OrderBookProduct.futureMbo.rawValue
            ? OrderBookProduct.futureOptionMbo.rawValue : OrderBookProduct.equityOptionMbo.rawValue
    }

    private func dataset(_ layer: DatasetKey.Layer, _ table: String, of product: String? = nil) -> DatasetKey {
        DatasetKey(layer: layer, product: product ?? self.product, table: table)!
    }

    private mutating func reader(
        _ dataset: DatasetKey, _ symbol: String, _ date: CivilDate
    ) throws -> PartitionReader {
        let address = try PartitionAddress(dataset, symbol: symbol, date: date)
        inputs.append(try site.input(address))
        return try PartitionReader(
            site.lake, address, contract: site.contract(dataset, of: site.registry.writer(of: dataset)!))
    }
}
