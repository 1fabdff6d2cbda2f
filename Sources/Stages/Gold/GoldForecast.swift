import Columnar
import Lake
import Physics
import Tables

/// Forecasts the anchor for 30 seconds from each second's surfaces: gold.<product>.forecast_1s.
///
/// The surface of the options on the same underlying is an obstacle too, where the lake has it: parameter `options`.
///
/// Source: spec/physics.md 8 and 9.3.
public struct GoldForecast: Stage {
    public static let name = "gold_forecast"

    public init() {}

    /// Whether the option surface is used.
    private enum OptionUse: String, CaseIterable {
        /// Where the lake holds it; that it does not is recorded, too.
        case auto
        case require
        case ignore
    }

    public func check(_ request: StageRequest) throws {
        let values = StageParameters(request.parameters, request.overrides)
        _ = (try values.choice("options", OptionUse.allCases), try gains(values))
    }

    private func gains(_ values: StageParameters) throws(StageError) -> ForecastParameters {
        ForecastParameters(beta: try values.number("beta"), gamma: try values.number("gamma"))
    }

    public func plan(_ request: StageRequest, in site: StageSite) throws -> StagePlan {
        guard let symbol = try contractSymbol(for: request, in: site) else {
            return .nothing("\(request.date) is no trading date of \(request.symbol)")
        }
        var defaults = request.parameters
        defaults["q"] = .integer(try Lattice.step(of: symbol, request, in: site))
        let output = try request.output("forecast_1s", symbol)
        // A choice that the partition records holds until another one is made.
        let recorded = try site.lake.status(of: output).manifest?.provenance.overrides["options"]
        let use = try StageParameters(
            values: ["options": request.overrides["options"] ?? recorded ?? defaults["options"] ?? .null]
        ).choice("options", OptionUse.allCases)
        var inputs: [Input] = []
        for (address, isOptional) in try request.tables(of: symbol) {
            if !isOptional || use == .require {
                inputs.append(try site.input(address))
            } else if use == .auto {
                inputs.append(try site.optionalInput(address))
            }
        }
        return .task(
            StageTask(request, symbol: symbol, inputs: inputs, defaults: defaults, outputs: [output]))
    }

    public func run(_ task: StageTask, in context: StageContext) throws -> [StagedPartition] {
        let values = try context.parameters(of: task)
        let engine = try ForecastEngine(
            halfWidth: Lattice.halfWidth(of: task.product), latticeStep: try values.integer("q"),
            parameters: try gains(values))
        let silver = task.input("book_snapshot_1s")
        let surfaces = task.inputPartitions.map(\.address).filter { $0.dataset.table == "physics_surface_1s" }
        let options = surfaces.first { $0.dataset.product != task.product }
        var replay = ForecastReplay(
            engine, windows: try context.reader(silver, of: task),
            surface: try context.reader(surfaces.first { $0.dataset.product == task.product }!, of: task),
            options: try options.map { try context.reader($0, of: task) })
        var writer = try context.writer(task.outputs[0], of: task)
        var table = Forecast1s()
        var quality = Quality(windows: 0, validWindows: 0)
        var waiting = 0
        while let (end, _, forecast) = try replay.next() {
            table.append(forecast, windowEnd: end)
            quality.windows! += 1
            if forecast != nil { quality.validWindows! += 1 }
            waiting += 1
            if waiting == GoldForecast.batch {
                try table.withViews { try writer.write($0) }
                table.removeAll()
                try context.advance(waiting)
                waiting = 0
            }
        }
        try table.withViews { try writer.write($0) }
        try context.advance(waiting)
        return [try writer.finish(dayState: try context.dayState(of: silver), quality: quality)]
    }

    /// Windows gathered before they go to the writer.
    private static let batch = 512
}

// MARK: - Surfaces in

/// The forecasts of a day, window by window, from the tables of gold_forecast.
struct ForecastReplay: ~Copyable {
    /// After `next` it still holds the arrays of the window.
    private(set) var engine: ForecastEngine
    private var windows: PartitionReader
    private var cells: WindowCursor<PhysicsSurface1s>
    private var strikes: WindowCursor<OptionPhysicsSurface1s>?
    private var snapshots = BookSnapshot1s()
    private var row = 0
    private var window = SurfaceWindow()

    /// - Parameters:
    ///   - windows: book_snapshot_1s.
    ///   - surface: physics_surface_1s of the same instrument.
    ///   - options: physics_surface_1s of the options on it, where they are used.
    init(
        _ engine: consuming ForecastEngine, windows: consuming PartitionReader,
        surface: consuming PartitionReader, options: consuming PartitionReader?
    ) {
        self.engine = engine
        self.windows = windows
        cells = WindowCursor(surface, columns: PhysicsSurface1s.forecastColumns)
        strikes = nil
        if let options = options.take() {
            strikes = WindowCursor(options, columns: OptionPhysicsSurface1s.forecastColumns)
        }
    }

    /// The next window: its end, its anchor, its forecast, which is nil when it is skipped. Nil after the last one.
    mutating func next() throws -> (end: Int64, spotRef: Int64?, forecast: Forecast?)? {
        while row == snapshots.windowEndTsNs.count {
            row = 0
            guard try windows.next(into: &snapshots, columns: BookSnapshot1s.anchorColumns) else { return nil }
        }
        let end = snapshots.windowEndTsNs[row]
        let spotRef = snapshots.spotRefPriceInt[row]
        try Self.load(end, &cells, &window)
        try Self.load(end, &strikes, &engine)
        let isValid = snapshots.windowValid[row]
        let forecast = try Self.forecast(&engine, window, end, spotRef, isValid)
        row += 1
        return (end, spotRef, forecast)
    }

    private static func load(
        _ end: Int64, _ cells: inout WindowCursor<PhysicsSurface1s>, _ window: inout SurfaceWindow
    ) throws {
        window.removeAll()
        try cells.forEachRun(ofWindow: end) { window.append($0, $1) }
    }

    private static func load(
        _ end: Int64, _ strikes: inout WindowCursor<OptionPhysicsSurface1s>?, _ engine: inout ForecastEngine
    ) throws {
        try strikes?.forEachRun(ofWindow: end) { try engine.addOptions($0, $1) }
    }

    private static func forecast(
        _ engine: inout ForecastEngine, _ window: borrowing SurfaceWindow, _ end: Int64, _ spotRef: Int64?,
        _ isValid: Bool
    ) throws(PhysicsError) -> Forecast? {
        try engine.forecast(
            windowEnd: end, spotRef: spotRef, isValid: isValid, pressureGrad: window.pressureGrad.span,
            uNear: window.uNear.span, uPSlow: window.uPSlow.span, omega: window.omega.span)
    }
}

/// What the forecast looks at of one window's surface, in row order.
private struct SurfaceWindow: ~Copyable {
    var pressureGrad = Buffer<Double>()
    var uNear = Buffer<Double>()
    var uPSlow = Buffer<Double>()
    var omega = Buffer<Double>()

    mutating func append(_ table: borrowing PhysicsSurface1s, _ rows: Range<Int>) {
        func copy(_ column: borrowing Buffer<Double>, _ target: inout Buffer<Double>) {
            column.withUnsafeElements { target.append(contentsOf: UnsafeBufferPointer(rebasing: $0[rows])) }
        }
        copy(table.pressureGrad.values, &pressureGrad)
        copy(table.uNear.values, &uNear)
        copy(table.uPSlow.values, &uPSlow)
        copy(table.omega.values, &omega)
    }

    mutating func removeAll() {
        pressureGrad.removeAll()
        uNear.removeAll()
        uPSlow.removeAll()
        omega.removeAll()
    }
}

extension PhysicsSurface1s: WindowTable {
    borrowing func windowEnd(_ row: Int) -> Int64 { windowEndTsNs[row] }
    var windowRows: Int { windowEndTsNs.count }

    fileprivate static let forecastColumns = [
        Columns.windowEndTsNs, .pressureGrad, .uNear, .uPSlow, .omega,
    ].map(\.rawValue)
}

extension OptionPhysicsSurface1s: WindowTable {
    borrowing func windowEnd(_ row: Int) -> Int64 { windowEndTsNs[row] }
    var windowRows: Int { windowEndTsNs.count }

    fileprivate static let forecastColumns = [Columns.windowEndTsNs, .relTicks, .omegaOpt].map(\.rawValue)
}

extension ForecastEngine {
    fileprivate mutating func addOptions(
        _ table: borrowing OptionPhysicsSurface1s, _ rows: Range<Int>
    ) throws(PhysicsError) {
        try addOptions(
            relTicks: table.relTicks.values.span.extracting(rows),
            omega: table.omegaOpt.values.span.extracting(rows))
    }
}

// MARK: - Rows out

extension Forecast1s {
    /// Appends the 31 rows of a window; without a forecast, as one that was skipped.
    fileprivate mutating func append(_ forecast: Forecast?, windowEnd: Int64) {
        append(
            Row(
                windowEndTsNs: windowEnd, horizonS: 0, predictedSpotTick: nil, predictedTickDelta: nil,
                confidence: nil, runScoreUp: forecast?.runScoreUp, runScoreDown: forecast?.runScoreDown,
                dUp: forecast?.wallUp, dDown: forecast?.wallDown))
        for horizon in 1...Forecast.horizons {
            append(
                Row(
                    windowEndTsNs: windowEnd, horizonS: Int32(horizon),
                    predictedSpotTick: forecast?.predictedSpotTick(at: horizon),
                    predictedTickDelta: forecast?.predictedTickDelta(at: horizon),
                    confidence: forecast?.confidence(at: horizon), runScoreUp: nil, runScoreDown: nil,
                    dUp: nil,
                    dDown: nil))
        }
    }
}
