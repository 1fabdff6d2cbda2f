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
        var engine = try ForecastEngine(
            halfWidth: Lattice.halfWidth(of: task.product), latticeStep: try values.integer("q"),
            parameters: ForecastParameters(beta: try values.number("beta"), gamma: try values.number("gamma"))
        )
        let silver = task.input("book_snapshot_1s")
        let surfaces = task.inputPartitions.map(\.address).filter { $0.dataset.table == "physics_surface_1s" }
        var windows = try context.reader(silver, of: task)
        var cells = WindowCursor<PhysicsSurface1s>(
            try context.reader(surfaces.first { $0.dataset.product == task.product }!, of: task),
            columns: PhysicsSurface1s.forecastColumns)
        var strikes: WindowCursor<OptionPhysicsSurface1s>?
        if let options = surfaces.first(where: { $0.dataset.product != task.product }) {
            strikes = WindowCursor(
                try context.reader(options, of: task), columns: OptionPhysicsSurface1s.forecastColumns)
        }
        var writer = try context.writer(task.outputs[0], of: task)
        var snapshots = BookSnapshot1s()
        var window = SurfaceWindow()
        var table = Forecast1s()
        var quality = Quality(windows: 0, validWindows: 0)
        while try windows.next(into: &snapshots, columns: BookSnapshot1s.anchorColumns) {
            for row in 0..<snapshots.windowEndTsNs.count {
                let end = snapshots.windowEndTsNs[row]
                window.removeAll()
                try cells.forEachRun(ofWindow: end) { window.append($0, $1) }
                try strikes?.forEachRun(ofWindow: end) { try engine.addOptions($0, $1) }
                let forecast = try engine.forecast(
                    windowEnd: end, spotRef: snapshots.spotRefPriceInt[row],
                    isValid: snapshots.windowValid[row],
                    pressureGrad: window.pressureGrad.span, uNear: window.uNear.span,
                    uPSlow: window.uPSlow.span,
                    omega: window.omega.span)
                table.append(forecast, windowEnd: end)
                quality.windows! += 1
                if forecast != nil { quality.validWindows! += 1 }
            }
            try table.withViews { try writer.write($0) }
            table.removeAll()
            try context.advance(snapshots.windowEndTsNs.count)
        }
        return [try writer.finish(dayState: try context.dayState(of: silver), quality: quality)]
    }
}

// MARK: - Surfaces in

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
