import Columnar

/// The key of a cell's moving averages: parameter `ema_frame`.
public enum EMAFrame: String, Sendable, CaseIterable {
    /// History of a distance from the anchor.
    case spot
    /// History of a price.
    case price
}

/// Surfaces of one future or stock: gold.{future_mbo, equity_mbo}.physics_surface_1s.
///
/// Per window with a spot_ref: any number of `add` with its silver rows, then `closeWindow`; the columns of the
/// window can then be read until the next one begins. Windows come in ascending order; those without a spot_ref
/// are left out. After an error the engine is of no further use.
///
/// Rows are side A then B, rel_ticks ascending in each. Nothing is allocated per window, except for keys of prices
/// never seen before.
///
/// - Source: spec/physics.md, sections 2 to 6 and 9.1.
public struct SurfaceEngine: ~Copyable {
    /// H: cells on each side of the anchor.
    public let halfWidth: Int
    private let latticeStep: Int64
    private let emaFrame: EMAFrame
    @usableFromInline var core: LatticeEngine
    /// rel_ticks of each row, the same in every window.
    public let relTicks: Buffer<Int32>
    /// Side of each row as index in A, B, the same in every window.
    public let side: Buffer<UInt8>
    /// rel_ticks_side of each row of the closed window.
    public private(set) var relTicksSide: Buffer<Int32>
    /// rel_ticks − rel_ticks_side of the window's rows, per side; nil while a side has none.
    private var sideShift: (Int64?, Int64?) = (nil, nil)

    /// - Parameters:
    ///   - halfWidth: H, 200 for futures, 100 for equities.
    ///   - latticeStep: q in price_1e-9.
    ///   - emaFrame: whether averages stay with a cell or with a price.
    public init(halfWidth: Int, latticeStep: Int64, emaFrame: EMAFrame) throws(PhysicsError) {
        guard latticeStep > 0 else {
            throw .invalidParameter(name: "q", value: "\(latticeStep)", expected: "a positive price step")
        }
        let lattice = try Lattice(halfWidth: halfWidth, lanes: 2, spacing: 1)
        var relTicks = Buffer<Int32>()
        var side = Buffer<UInt8>()
        for lane in UInt8(0)..<2 {
            for x in -halfWidth...halfWidth {
                relTicks.append(Int32(x))
                side.append(lane)
            }
        }
        self.halfWidth = halfWidth
        self.latticeStep = latticeStep
        self.emaFrame = emaFrame
        core = LatticeEngine(lattice)
        relTicksSide = Buffer(repeating: 0, count: relTicks.count)
        self.relTicks = relTicks
        self.side = side
    }

    /// Rows of a window: 2·(2H + 1).
    public var rowCount: Int { core.lattice.rows }

    /// The closed window.
    @inlinable
    public var surface: Surface {
        _read { yield core.surface }
    }

    /// Blocks of 64 keys whose moving averages are held: a measure of the memory in use.
    public var blockCount: Int { core.blockCount }

    /// Adds rows of depth_and_flow_1s of the open window, column by column; quantities in qty, `side` as index
    /// in A, B.
    ///
    /// - Complexity: O(rows).
    public mutating func add(
        relTicks: Span<Int32>, relTicksSide: Span<Int32>, side: Span<UInt8>, depthStart: Span<Int64>,
        depthEnd: Span<Int64>, depthRest: Span<Int64>, add: Span<Int64>, pull: Span<Int64>, fill: Span<Int64>
    ) throws(PhysicsError) {
        let count = relTicks.count
        try checkLength("rel_ticks_side", relTicksSide.count, count)
        try checkLength("side", side.count, count)
        try checkLength("depth_qty_start", depthStart.count, count)
        try checkLength("depth_qty_end", depthEnd.count, count)
        try checkLength("depth_qty_rest", depthRest.count, count)
        try checkLength("add_qty", add.count, count)
        try checkLength("pull_qty_total", pull.count, count)
        try checkLength("fill_qty", fill.count, count)
        core.openWindow()
        let width = core.lattice.width
        for i in 0..<count {
            let x = Int(relTicks[i])
            guard x >= -halfWidth, x <= halfWidth else {
                throw .cellOffLattice(relTicks: relTicks[i], limit: halfWidth, spacing: 1)
            }
            guard side[i] < 2 else { throw .unknownSymbol(column: "side", index: side[i]) }
            try noteShift(relTicks[i], relTicksSide[i], side[i])
            let cell = CellQuantities(
                start: depthStart[i], end: depthEnd[i], rest: depthRest[i], add: add[i], pull: pull[i],
                fill: fill[i])
            try core.set(row: Int(side[i]) * width + x + halfWidth, cell)
        }
    }

    /// Completes the window.
    ///
    /// - Parameters:
    ///   - spotRef: anchor of the window in price_1e-9, a positive multiple of q.
    ///   - isValid: window_valid; an invalid window leaves the moving averages as they are.
    /// - Complexity: O(occupied cells × taps).
    public mutating func closeWindow(spotRef: Int64, isValid: Bool) throws(PhysicsError) {
        let anchor = try gridIndex(of: spotRef, step: latticeStep)
        let first = emaFrame == .price ? anchor - Int64(halfWidth) : 0
        core.closeWindow(first: first, isUpdating: isValid, held: nil)
        writeSideOffsets()
    }

    /// Section 2: c is the same in all rows of a window and side.
    @inline(__always)
    private mutating func noteShift(
        _ relTicks: Int32, _ relTicksSide: Int32, _ side: UInt8
    ) throws(PhysicsError) {
        let shift = Int64(relTicks) - Int64(relTicksSide)
        let known = side == 0 ? sideShift.0 : sideShift.1
        guard let known else {
            if side == 0 { sideShift.0 = shift } else { sideShift.1 = shift }
            return
        }
        guard known == shift else {
            throw .unevenSideAnchor(relTicks: relTicks, relTicksSide: relTicksSide, expected: known)
        }
    }

    private mutating func writeSideOffsets() {
        let width = core.lattice.width
        for side in 0..<2 {
            let shift = (side == 0 ? sideShift.0 : sideShift.1) ?? 0
            for x in -halfWidth...halfWidth {
                relTicksSide[side * width + x + halfWidth] = Int32(truncatingIfNeeded: Int64(x) - shift)
            }
        }
        sideShift = (nil, nil)
    }
}

/// Throws unless a run has the length of the others.
@inline(__always)
func checkLength(_ column: String, _ found: Int, _ expected: Int) throws(PhysicsError) {
    if found != expected { throw .wrongLength(column: column, found: found, expected: expected) }
}
