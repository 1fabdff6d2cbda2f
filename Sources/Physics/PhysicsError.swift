/// Input that the physics of a surface or forecast cannot take. It comes from files, so it is thrown, never trapped.
public enum PhysicsError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A parameter of the run is outside its range.
    case invalidParameter(name: String, value: String, expected: String)
    /// Column runs of one call differ in length, or a run has not the length of the lattice.
    case wrongLength(column: String, found: Int, expected: Int)
    /// A row lies on no cell of the lattice: |rel_ticks| is too large or between two cells.
    case cellOffLattice(relTicks: Int32, limit: Int, spacing: Int)
    /// A side or right is not an index into its symbol list.
    case unknownSymbol(column: String, index: UInt8)
    /// A quantity is below 0.
    case negativeQuantity(column: String, value: Int64)
    /// A column of the surfaces holds a NaN or an infinity.
    case notFinite(windowEnd: Int64)
    /// An anchor is not positive, beyond 2^62, or no multiple of its step.
    case anchorOffGrid(price: Int64, step: Int64)
    /// rel_ticks − rel_ticks_side differs between rows of one window and side.
    case unevenSideAnchor(relTicks: Int32, relTicksSide: Int32, expected: Int64)
    /// The normal equations of a fit have no unique solution.
    case singularFit(windows: Int)

    public var description: String {
        switch self {
        case .invalidParameter(let name, let value, let expected):
            "parameter \(name): expected \(expected), found \(value)"
        case .wrongLength(let column, let found, let expected):
            "column \(column): expected \(expected) rows, found \(found)"
        case .cellOffLattice(let relTicks, let limit, let spacing):
            "rel_ticks \(relTicks) is not a multiple of \(spacing) within ±\(limit)"
        case .unknownSymbol(let column, let index):
            "column \(column): index \(index) is outside the symbol list"
        case .negativeQuantity(let column, let value):
            "column \(column): expected a quantity of at least 0, found \(value)"
        case .notFinite(let windowEnd):
            "the surfaces of the window ending at \(windowEnd) ns hold a NaN or an infinity"
        case .anchorOffGrid(let price, let step):
            "anchor price \(price) is not a positive multiple of \(step) up to 2^62"
        case .unevenSideAnchor(let relTicks, let relTicksSide, let expected):
            "rel_ticks \(relTicks) and rel_ticks_side \(relTicksSide) differ by another number than the "
                + "\(expected) of their window and side"
        case .singularFit(let windows):
            "the normal equations over \(windows) windows have no unique solution"
        }
    }
}

/// `price`/`step` for a positive multiple of `step` up to 2^62: good prices end at 2^61, and a bucket may round up.
func gridIndex(of price: Int64, step: Int64) throws(PhysicsError) -> Int64 {
    guard price > 0, price <= 1 << 62, price % step == 0 else {
        throw .anchorOffGrid(price: price, step: step)
    }
    return price / step
}
