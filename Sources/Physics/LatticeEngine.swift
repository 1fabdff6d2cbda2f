import Columnar
import FixedMath

/// The mathematics of a surface, the same for price cells and strikes: intensities, moving averages, smoothing
/// and what follows from them. The engines of the products own one and say which key a cell has.
///
/// - Source: spec/physics.md, sections 3 to 7.
@usableFromInline
struct LatticeEngine: ~Copyable {
    let lattice: Lattice
    @usableFromInline private(set) var surface: Surface
    private var averages: MovingAverages
    private var velocity: VelocityField
    private var lane: Lane
    private let near: Smoothing
    private let far: Smoothing
    /// Whether the surface still shows the window before.
    private var showsLastWindow = false

    init(_ lattice: Lattice) {
        self.lattice = lattice
        surface = Surface(rowCount: lattice.rows)
        averages = MovingAverages(lanes: lattice.lanes)
        velocity = VelocityField(lanes: lattice.lanes, width: lattice.width)
        lane = Lane(count: lattice.width)
        near = lattice.near
        far = lattice.far
    }

    /// Blocks of keys held: a measure of the memory in use.
    var blockCount: Int { averages.blockCount }
}

/// Quantities of one cell in one window, from depth_and_flow_1s.
struct CellQuantities: BitwiseCopyable {
    var start: Int64
    var end: Int64
    var rest: Int64
    var add: Int64
    var pull: Int64
    var fill: Int64

    /// Refuses negative quantities.
    @inline(__always)
    func check() throws(PhysicsError) {
        if start | end | rest | add | pull | fill < 0 { throw negative() }
    }

    private func negative() -> PhysicsError {
        let columns = [
            ("depth_qty_start", start), ("depth_qty_end", end), ("depth_qty_rest", rest), ("add_qty", add),
            ("pull_qty_total", pull), ("fill_qty", fill),
        ]
        let first = columns.first { $0.1 < 0 }!
        return .negativeQuantity(column: first.0, value: first.1)
    }
}

// MARK: - A window

extension LatticeEngine {
    /// Forgets the window before. Cells that are not set have all quantities 0.
    mutating func openWindow() {
        guard showsLastWindow else { return }
        showsLastWindow = false
        surface.withColumns { columns in
            columns.clear(.addIntensity, through: .liquidityVelocity)
            columns.clear(.rho, through: .phiRest)
        }
    }

    /// Sets one cell: section 3, and step 2 of section 5.
    mutating func set(row: Int, _ cell: CellQuantities) throws(PhysicsError) {
        try cell.check()
        let depth = Double(cell.start) + 1
        let add = Double(cell.add) / depth
        let pull = Double(cell.pull) / depth
        let fill = Double(cell.fill) / depth
        surface[.addIntensity, row: row] = add
        surface[.pullIntensity, row: row] = pull
        surface[.fillIntensity, row: row] = fill
        surface[.liquidityVelocity, row: row] = (add - pull) - fill
        let end = Double(cell.end) + 1
        surface[.rho, row: row] = Fixed.log(end)
        surface[.phiRest, row: row] = Double(cell.rest) / end
    }

    /// Completes the window.
    ///
    /// - Parameters:
    ///   - first: position of the key of each lane's first cell.
    ///   - isUpdating: whether the moving averages take part in this window.
    ///   - held: one flag a row, true where a cell is not updated; nil when there is none.
    mutating func closeWindow(first: Int64, isUpdating: Bool, held: UnsafePointer<Bool>?) {
        openWindow()
        if isUpdating {
            surface.withColumns { velocity.load($0[.liquidityVelocity]) }
            averages.update(velocity, held: held, first: first)
        }
        let (lanes, width, spacing) = (lattice.lanes, lattice.width, Double(lattice.spacing))
        surface.withColumns { columns in
            averages.read(first: first, width: width, result: columns[.uEma2], stride: columns.stride)
            columns.deriveCells()
            columns.derivePressure(lanes: lanes, width: width)
            for start in Swift.stride(from: 0, to: lanes * width, by: width) {
                lane.load(columns[.uEma8] + start)
                near.apply(to: lane, result: columns[.uNear] + start)
                lane.load(columns[.uEma32] + start)
                far.apply(to: lane, result: columns[.uFar] + start)
                lane.load(columns[.omega] + start)
                near.apply(to: lane, result: columns[.omegaNear] + start)
                far.apply(to: lane, result: columns[.omegaFar] + start)
            }
            columns.deriveProminence()
            columns.deriveSlopes(lanes: lanes, width: width, spacing: spacing)
        }
        showsLastWindow = true
    }
}
