import Columnar
import Physics

/// One silver row, keyed by its cell.
struct Row: Sendable {
    var x: Int
    var side: Int
    var right = 0
    var start = 0
    var end = 0
    var rest = 0
    var add = 0
    var pull = 0
    var fill = 0
    /// rel_ticks − rel_ticks_side
    var shift = 0
    var isValid = true
}

/// One window of book_snapshot_1s with its rows.
struct Window {
    var spotRef: Int64?
    var isValid = true
    var rows: [Row] = []
}

extension SurfaceEngine {
    /// Plays one window that has a spot_ref, its rows in two calls.
    mutating func play(_ window: Window) throws {
        let middle = window.rows.count / 2
        try add(window.rows[..<middle])
        try add(window.rows[middle...])
        try closeWindow(spotRef: window.spotRef!, isValid: window.isValid)
    }

    private mutating func add(_ rows: ArraySlice<Row>) throws {
        try add(
            relTicks: rows.map { Int32($0.x) }.span, relTicksSide: rows.map { Int32($0.x - $0.shift) }.span,
            side: rows.map { UInt8($0.side) }.span, depthStart: rows.map { Int64($0.start) }.span,
            depthEnd: rows.map { Int64($0.end) }.span, depthRest: rows.map { Int64($0.rest) }.span,
            add: rows.map { Int64($0.add) }.span, pull: rows.map { Int64($0.pull) }.span,
            fill: rows.map { Int64($0.fill) }.span)
    }
}

extension OptionSurfaceEngine {
    /// Plays one window; the rows' x is k.
    mutating func play(strikeRef: Int64, _ rows: [Row]) throws {
        try add(
            relTicks: rows.map { Int32($0.x * spacing) }.span, right: rows.map { UInt8($0.right) }.span,
            side: rows.map { UInt8($0.side) }.span, depthStart: rows.map { Int64($0.start) }.span,
            depthEnd: rows.map { Int64($0.end) }.span, depthRest: rows.map { Int64($0.rest) }.span,
            add: rows.map { Int64($0.add) }.span, pull: rows.map { Int64($0.pull) }.span,
            fill: rows.map { Int64($0.fill) }.span, windowValid: rows.map { $0.isValid }.span)
        try closeWindow(strikeRef: strikeRef)
    }
}

/// Dense option rows with all quantities 0, k ascending in each lane.
func emptyOptionRows(kmax: Int) -> [Row] {
    var rows: [Row] = []
    for right in 0..<2 {
        for side in 0..<2 {
            for k in -kmax...kmax { rows.append(Row(x: k, side: side, right: right)) }
        }
    }
    return rows
}

/// The spec's comparison: 1e-12 + 1e-10·|reference|.
func agrees(_ value: Double, _ reference: Double) -> Bool {
    (value - reference).magnitude <= 1e-12 + 1e-10 * reference.magnitude
}

/// The whole window, column by column.
func columns(_ surface: borrowing Surface) -> [SurfaceColumn: [Double]] {
    var result: [SurfaceColumn: [Double]] = [:]
    for column in SurfaceColumn.allCases { result[column] = surface.withRun(of: column) { Array($0) } }
    return result
}
