import Columnar
import Lake
import Physics
import Tables

/// Turns the seconds of the options on one underlying into surfaces over strikes:
/// gold.<product>.physics_surface_1s, one row per row of depth_and_flow_1s.
///
/// Source: spec/physics.md 7 and 9.2.
public struct GoldOptionPhysics: Stage {
    public static let name = "gold_option_physics"

    public init() {}

    public func plan(_ request: StageRequest, in site: StageSite) throws -> StagePlan {
        guard let underlying = try contractSymbol(for: request, in: site) else {
            return .nothing("\(request.date) is no trading date of \(request.symbol)")
        }
        let lattice = StrikeLattice(of: request.product)
        var defaults = request.parameters
        defaults["step"] = .integer(lattice.step)
        defaults["tick"] = .integer(lattice.tick)
        return .task(
            StageTask(
                request, symbol: underlying,
                inputs: try request.tables(of: underlying).map { try site.input($0.address) },
                defaults: defaults, outputs: [try request.output("physics_surface_1s", underlying)]))
    }

    public func run(_ task: StageTask, in context: StageContext) throws -> [StagedPartition] {
        let values = try context.parameters(of: task)
        var engine = try OptionSurfaceEngine(
            halfWidth: StrikeLattice(of: task.product).halfWidth, strikeStep: try values.integer("step"),
            tick: try values.integer("tick"))
        let silver = task.input("depth_and_flow_1s")
        var flows = WindowCursor<OptionDepthAndFlow1s>(
            try context.reader(silver, of: task), columns: OptionDepthAndFlow1s.surfaceColumns)
        var writer = try context.writer(task.outputs[0], of: task)
        var surface = OptionPhysicsSurface1s()
        var quality = Quality(windows: 0, validWindows: 0)
        while let end = try flows.nextWindow() {
            var anchor: (spot: Int64, strike: Int64) = (0, 0)
            var isValid = true
            try flows.forEachRun(ofWindow: end) { table, rows in
                anchor = (table.spotRefPriceInt[rows.lowerBound], table.strikeRefPriceInt[rows.lowerBound])
                for row in rows where !table.windowValid[row] { isValid = false }
                try engine.add(table, rows)
            }
            try engine.closeWindow(strikeRef: anchor.strike)
            quality.windows! += 1
            if isValid { quality.validWindows! += 1 }
            surface.append(engine, windowEnd: end, spot: anchor.spot, strike: anchor.strike)
            if surface.count >= GoldOptionPhysics.batch {
                try surface.withViews { try writer.write($0) }
                try context.advance(surface.count)
                surface.removeAll()
            }
        }
        try surface.withViews { try writer.write($0) }
        return [try writer.finish(dayState: try context.dayState(of: silver), quality: quality)]
    }

    /// Rows gathered before they go to the writer.
    private static let batch = 1 << 14
}

extension OptionDepthAndFlow1s: WindowTable {
    borrowing func windowEnd(_ row: Int) -> Int64 { windowEndTsNs[row] }
    var windowRows: Int { windowEndTsNs.count }

    fileprivate static let surfaceColumns = [
        Columns.windowEndTsNs, .right, .side, .spotRefPriceInt, .strikeRefPriceInt, .relTicks, .depthQtyStart,
        .depthQtyEnd, .depthQtyRest, .addQty, .pullQtyTotal, .fillQty, .windowValid,
    ].map(\.rawValue)
}

extension OptionSurfaceEngine {
    /// Adds rows of the open window.
    fileprivate mutating func add(
        _ table: borrowing OptionDepthAndFlow1s, _ rows: Range<Int>
    ) throws(PhysicsError) {
        try add(
            relTicks: table.relTicks.values.span.extracting(rows),
            right: table.right.values.span.extracting(rows),
            side: table.side.values.span.extracting(rows),
            depthStart: table.depthQtyStart.values.span.extracting(rows),
            depthEnd: table.depthQtyEnd.values.span.extracting(rows),
            depthRest: table.depthQtyRest.values.span.extracting(rows),
            add: table.addQty.values.span.extracting(rows),
            pull: table.pullQtyTotal.values.span.extracting(rows),
            fill: table.fillQty.values.span.extracting(rows),
            windowValid: table.windowValid.values.span.extracting(rows))
    }
}

extension OptionPhysicsSurface1s {
    /// Appends the engine's closed window.
    fileprivate mutating func append(
        _ engine: borrowing OptionSurfaceEngine, windowEnd: Int64, spot: Int64, strike: Int64
    ) {
        let rows = engine.rowCount
        windowEndTsNs.values.append(repeating: windowEnd, count: rows)
        eventTsNs.values.append(repeating: windowEnd, count: rows)
        spotRefPriceInt.values.append(repeating: spot, count: rows)
        strikeRefPriceInt.values.append(repeating: strike, count: rows)
        engine.strikePrice.withUnsafeElements { strikePriceInt.values.append(contentsOf: $0) }
        engine.relTicks.withUnsafeElements { relTicks.values.append(contentsOf: $0) }
        engine.right.withUnsafeElements { right.values.append(contentsOf: $0) }
        engine.side.withUnsafeElements { side.values.append(contentsOf: $0) }
        engine.surface.append(.addIntensity, to: &addIntensity.values)
        engine.surface.append(.fillIntensity, to: &fillIntensity.values)
        engine.surface.append(.pullIntensity, to: &pullIntensity.values)
        engine.surface.append(.liquidityVelocity, to: &liquidityVelocity.values)
        engine.surface.append(.rho, to: &rhoOpt.values)
        engine.surface.append(.phiRest, to: &phiRestOpt.values)
        engine.surface.append(.uEma2, to: &uOptEma2.values)
        engine.surface.append(.uEma8, to: &uOptEma8.values)
        engine.surface.append(.uEma32, to: &uOptEma32.values)
        engine.surface.append(.uEma128, to: &uOptEma128.values)
        engine.surface.append(.uBandFast, to: &uOptBandFast.values)
        engine.surface.append(.uBandMid, to: &uOptBandMid.values)
        engine.surface.append(.uBandSlow, to: &uOptBandSlow.values)
        engine.surface.append(.uWaveEnergy, to: &uOptWaveEnergy.values)
        engine.surface.append(.duDt, to: &duOptDt.values)
        engine.surface.append(.d2uDt2, to: &d2uOptDt2.values)
        engine.surface.append(.uP, to: &uOptP.values)
        engine.surface.append(.uPSlow, to: &uOptPSlow.values)
        engine.surface.append(.uNear, to: &uOptNear.values)
        engine.surface.append(.uFar, to: &uOptFar.values)
        engine.surface.append(.uProm, to: &uOptProm.values)
        engine.surface.append(.duDx, to: &duOptDx.values)
        engine.surface.append(.d2uDx2, to: &d2uOptDx2.values)
        engine.surface.append(.omega, to: &omegaOpt.values)
        engine.surface.append(.omegaNear, to: &omegaOptNear.values)
        engine.surface.append(.omegaFar, to: &omegaOptFar.values)
        engine.surface.append(.omegaProm, to: &omegaOptProm.values)
        engine.surface.append(.nu, to: &nuOpt.values)
        engine.surface.append(.kappa, to: &kappaOpt.values)
        engine.surface.append(.pressureGrad, to: &pressureGradOpt.values)
    }
}
