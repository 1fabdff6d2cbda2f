import Columnar
import Lake
import Physics
import Tables

/// Turns the seconds of a book into surfaces: gold.<product>.physics_surface_1s, dense in side and lattice cell.
///
/// Source: spec/physics.md 2 to 6 and 9.1.
public struct GoldPhysics: Stage {
    public static let name = "gold_physics"

    public init() {}

    public func check(_ request: StageRequest) throws {
        _ = try StageParameters(request.parameters, request.overrides).choice("ema_frame", EMAFrame.allCases)
    }

    public func plan(_ request: StageRequest, in site: StageSite) throws -> StagePlan {
        guard let contract = try contractSymbol(for: request, in: site) else {
            return .nothing("\(request.date) is no trading date of \(request.symbol)")
        }
        var defaults = request.parameters
        defaults["q"] = .integer(try Lattice.step(of: contract, request, in: site))
        let inputs = try request.tables(of: contract).map { try site.input($0.address) }
        return .task(
            StageTask(
                request, symbol: contract, inputs: inputs, defaults: defaults,
                outputs: [try request.output("physics_surface_1s", contract)]))
    }

    public func run(_ task: StageTask, in context: StageContext) throws -> [StagedPartition] {
        let values = try context.parameters(of: task)
        var engine = try SurfaceEngine(
            halfWidth: Lattice.halfWidth(of: task.product), latticeStep: try values.integer("q"),
            emaFrame: try values.choice("ema_frame", EMAFrame.allCases))
        var windows = try context.reader(task.input("book_snapshot_1s"), of: task)
        var flows = WindowCursor<DepthAndFlow1s>(
            try context.reader(task.input("depth_and_flow_1s"), of: task), columns: DepthAndFlow1s.surfaceColumns)
        var writer = try context.writer(task.outputs[0], of: task)
        var snapshots = BookSnapshot1s()
        var surface = PhysicsSurface1s()
        var quality = Quality()
        quality.windows = 0
        quality.validWindows = 0
        while try windows.next(into: &snapshots, columns: BookSnapshot1s.anchorColumns) {
            for row in 0..<snapshots.windowEndTsNs.count {
                let end = snapshots.windowEndTsNs[row]
                quality.windows! += 1
                if snapshots.windowValid[row] { quality.validWindows! += 1 }
                guard let anchor = snapshots.spotRefPriceInt[row] else { continue }
                try flows.forEachRun(ofWindow: end) { try engine.add($0, $1) }
                try engine.closeWindow(spotRef: anchor, isValid: snapshots.windowValid[row])
                surface.append(engine, windowEnd: end, anchor: anchor)
                if surface.count >= GoldPhysics.batch {
                    try surface.withViews { try writer.write($0) }
                    try context.advance(surface.count)
                    surface.removeAll()
                }
            }
        }
        try surface.withViews { try writer.write($0) }
        return [
            try writer.finish(dayState: try context.dayState(of: task.input("book_snapshot_1s")), quality: quality)
        ]
    }

    /// Rows gathered before they go to the writer: some twenty windows.
    private static let batch = 1 << 14
}

extension BookSnapshot1s {
    static let anchorColumns = [Columns.windowEndTsNs, .spotRefPriceInt, .windowValid].map(\.rawValue)
}

extension DepthAndFlow1s: WindowTable {
    borrowing func windowEnd(_ row: Int) -> Int64 { windowEndTsNs[row] }
    var windowRows: Int { windowEndTsNs.count }

    fileprivate static let surfaceColumns = [
        Columns.windowEndTsNs, .side, .relTicks, .relTicksSide, .depthQtyStart, .depthQtyEnd, .depthQtyRest, .addQty,
        .pullQtyTotal, .fillQty,
    ].map(\.rawValue)
}

extension SurfaceEngine {
    /// Adds rows of the open window.
    fileprivate mutating func add(_ table: borrowing DepthAndFlow1s, _ rows: Range<Int>) throws(PhysicsError) {
        try add(
            relTicks: table.relTicks.values.span.extracting(rows),
            relTicksSide: table.relTicksSide.values.span.extracting(rows),
            side: table.side.values.span.extracting(rows),
            depthStart: table.depthQtyStart.values.span.extracting(rows),
            depthEnd: table.depthQtyEnd.values.span.extracting(rows),
            depthRest: table.depthQtyRest.values.span.extracting(rows),
            add: table.addQty.values.span.extracting(rows),
            pull: table.pullQtyTotal.values.span.extracting(rows),
            fill: table.fillQty.values.span.extracting(rows))
    }
}

extension PhysicsSurface1s {
    /// Appends the engine's closed window.
    fileprivate mutating func append(_ engine: borrowing SurfaceEngine, windowEnd: Int64, anchor: Int64) {
        let rows = engine.rowCount
        windowEndTsNs.values.append(repeating: windowEnd, count: rows)
        eventTsNs.values.append(repeating: windowEnd, count: rows)
        spotRefPriceInt.values.append(repeating: anchor, count: rows)
        engine.relTicks.withUnsafeElements { relTicks.values.append(contentsOf: $0) }
        engine.relTicksSide.withUnsafeElements { relTicksSide.values.append(contentsOf: $0) }
        engine.side.withUnsafeElements { side.values.append(contentsOf: $0) }
        engine.surface.append(.addIntensity, to: &addIntensity.values)
        engine.surface.append(.fillIntensity, to: &fillIntensity.values)
        engine.surface.append(.pullIntensity, to: &pullIntensity.values)
        engine.surface.append(.liquidityVelocity, to: &liquidityVelocity.values)
        engine.surface.append(.uEma2, to: &uEma2.values)
        engine.surface.append(.uEma8, to: &uEma8.values)
        engine.surface.append(.uEma32, to: &uEma32.values)
        engine.surface.append(.uEma128, to: &uEma128.values)
        engine.surface.append(.uBandFast, to: &uBandFast.values)
        engine.surface.append(.uBandMid, to: &uBandMid.values)
        engine.surface.append(.uBandSlow, to: &uBandSlow.values)
        engine.surface.append(.uWaveEnergy, to: &uWaveEnergy.values)
        engine.surface.append(.duDt, to: &duDt.values)
        engine.surface.append(.d2uDt2, to: &d2uDt2.values)
        engine.surface.append(.uNear, to: &uNear.values)
        engine.surface.append(.uFar, to: &uFar.values)
        engine.surface.append(.uProm, to: &uProm.values)
        engine.surface.append(.duDx, to: &duDx.values)
        engine.surface.append(.d2uDx2, to: &d2uDx2.values)
        engine.surface.append(.rho, to: &rho.values)
        engine.surface.append(.phiRest, to: &phiRest.values)
        engine.surface.append(.uP, to: &uP.values)
        engine.surface.append(.uPSlow, to: &uPSlow.values)
        engine.surface.append(.omega, to: &omega.values)
        engine.surface.append(.omegaNear, to: &omegaNear.values)
        engine.surface.append(.omegaFar, to: &omegaFar.values)
        engine.surface.append(.omegaProm, to: &omegaProm.values)
        engine.surface.append(.nu, to: &nu.values)
        engine.surface.append(.kappa, to: &kappa.values)
        engine.surface.append(.pressureGrad, to: &pressureGrad.values)
    }
}
