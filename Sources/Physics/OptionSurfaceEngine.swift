import Columnar

/// Surfaces of the options on one underlying: gold.{future_option_mbo, equity_option_mbo}.physics_surface_1s.
///
/// Per window with a spot_ref: `add` all its silver rows, in any number of calls, then `closeWindow`. Rows are right
/// C then P, side A then B, strike ascending. The moving averages belong to absolute strikes. After an error the
/// engine is of no further use.
///
/// - Source: spec/physics.md, sections 7 and 9.2.
public struct OptionSurfaceEngine: ~Copyable {
    /// kmax: strikes on each side of the anchor strike.
    public let halfWidth: Int
    /// step/tick: 20 for futures options, 2 for equity options.
    public let spacing: Int
    private let strikeStep: Int64
    @usableFromInline var core: LatticeEngine
    /// rel_ticks of each row, the same in every window.
    public let relTicks: Buffer<Int32>
    /// Right of each row as index in C, P, the same in every window.
    public let right: Buffer<UInt8>
    /// Side of each row as index in A, B, the same in every window.
    public let side: Buffer<UInt8>
    /// strike_price_int of each row of the closed window.
    public private(set) var strikePrice: Buffer<Int64>
    /// Per row of the open window, whether its window_valid is false.
    private var held: Buffer<Bool>
    private var rowsAdded = 0

    /// - Parameters:
    ///   - halfWidth: kmax, 10 for futures options, 25 for equity options.
    ///   - strikeStep: distance of strikes in price_1e-9.
    ///   - tick: unit of rel_ticks in price_1e-9; divides `strikeStep`.
    public init(halfWidth: Int, strikeStep: Int64, tick: Int64) throws(PhysicsError) {
        // Up to 2^48, so that no strike of a lattice around a good anchor overflows.
        guard tick > 0, strikeStep > 0, strikeStep % tick == 0, strikeStep <= 1 << 48 else {
            throw .invalidParameter(
                name: "strike step", value: "\(strikeStep)",
                expected: "a positive multiple of the tick \(tick) up to 2^48")
        }
        let spacing = Int(strikeStep / tick)
        let lattice = try Lattice(halfWidth: halfWidth, lanes: 4, spacing: spacing)
        var relTicks = Buffer<Int32>()
        var right = Buffer<UInt8>()
        var side = Buffer<UInt8>()
        for lane in UInt8(0)..<4 {
            for k in -halfWidth...halfWidth {
                relTicks.append(Int32(k * spacing))
                right.append(lane / 2)
                side.append(lane % 2)
            }
        }
        self.halfWidth = halfWidth
        self.strikeStep = strikeStep
        self.spacing = spacing
        self.relTicks = relTicks
        self.right = right
        self.side = side
        strikePrice = Buffer(repeating: 0, count: lattice.rows)
        held = Buffer(repeating: false, count: lattice.rows)
        core = LatticeEngine(lattice)
    }

    /// Rows of a window: 4·(2·kmax + 1).
    public var rowCount: Int { core.lattice.rows }

    /// The closed window.
    @inlinable
    public var surface: Surface {
        _read { yield core.surface }
    }

    /// Adds rows of depth_and_flow_1s of the open window, column by column; quantities in qty, `right` as index in
    /// C, P and `side` in A, B.
    ///
    /// - Complexity: O(rows).
    public mutating func add(
        relTicks: Span<Int32>, right: Span<UInt8>, side: Span<UInt8>, depthStart: Span<Int64>,
        depthEnd: Span<Int64>, depthRest: Span<Int64>, add: Span<Int64>, pull: Span<Int64>, fill: Span<Int64>,
        windowValid: Span<Bool>
    ) throws(PhysicsError) {
        let count = relTicks.count
        try checkLength("right", right.count, count)
        try checkLength("side", side.count, count)
        try checkLength("depth_qty_start", depthStart.count, count)
        try checkLength("depth_qty_end", depthEnd.count, count)
        try checkLength("depth_qty_rest", depthRest.count, count)
        try checkLength("add_qty", add.count, count)
        try checkLength("pull_qty_total", pull.count, count)
        try checkLength("fill_qty", fill.count, count)
        try checkLength("window_valid", windowValid.count, count)
        core.openWindow()
        let width = core.lattice.width
        for i in 0..<count {
            let (k, remainder) = Int(relTicks[i]).quotientAndRemainder(dividingBy: spacing)
            guard remainder == 0, k >= -halfWidth, k <= halfWidth else {
                throw .cellOffLattice(relTicks: relTicks[i], limit: halfWidth * spacing, spacing: spacing)
            }
            guard right[i] < 2 else { throw .unknownSymbol(column: "right", index: right[i]) }
            guard side[i] < 2 else { throw .unknownSymbol(column: "side", index: side[i]) }
            let row = (Int(right[i]) * 2 + Int(side[i])) * width + k + halfWidth
            let cell = CellQuantities(
                start: depthStart[i], end: depthEnd[i], rest: depthRest[i], add: add[i], pull: pull[i],
                fill: fill[i])
            try core.set(row: row, cell)
            held[row] = !windowValid[i]
        }
        rowsAdded += count
    }

    /// Completes the window. All its rows must have been added, since silver is dense.
    ///
    /// - Parameter strikeRef: anchor strike of the window in price_1e-9, a positive multiple of the strike step.
    public mutating func closeWindow(strikeRef: Int64) throws(PhysicsError) {
        try checkLength("rel_ticks", rowsAdded, rowCount)
        let anchor = try gridIndex(of: strikeRef, step: strikeStep)
        let first = anchor - Int64(halfWidth)
        held.withUnsafeElements { flags in
            let isUpdating = flags.contains(false)
            let hasHeldCells = flags.contains(true)
            core.closeWindow(
                first: first, isUpdating: isUpdating, held: hasHeldCells ? flags.baseAddress! : nil)
        }
        let width = core.lattice.width
        for row in 0..<rowCount {
            strikePrice[row] = (first + Int64(row % width)) * strikeStep
        }
        rowsAdded = 0
    }
}
