import Columnar

/// The computed columns of one surface, under the names of physics.md 9.1; the option tables append `_opt` to most.
public enum SurfaceColumn: Int, CaseIterable, Sendable {
    case addIntensity, fillIntensity, pullIntensity, liquidityVelocity
    case uEma2, uEma8, uEma32, uEma128, duDt, d2uDt2
    case uBandFast, uBandMid, uBandSlow, uWaveEnergy
    case uNear, uFar, uProm
    case duDx, d2uDx2
    case rho, phiRest
    case uP, uPSlow
    case omega, omegaNear, omegaFar, omegaProm
    case nu, kappa
    case pressureGrad
}

/// One window of a surface: per column one contiguous run of values in row order, lane after lane, offsets
/// ascending. All values are finite and none is −0.
///
/// A surface engine owns it and overwrites it with each window.
public struct Surface: ~Copyable {
    /// Rows of a window.
    public let rowCount: Int
    /// Distance of columns in `values`: `rowCount` up to whole vectors, so that loops need no remainder.
    private let stride: Int
    private var values: Buffer<Double>

    init(rowCount: Int) {
        self.rowCount = rowCount
        let step = Wide.scalarCount
        stride = (rowCount + step - 1) / step * step
        values = Buffer(repeating: 0, count: stride * SurfaceColumn.allCases.count)
    }

    /// Appends the window's run of one column.
    public borrowing func append(_ column: SurfaceColumn, to buffer: inout Buffer<Double>) {
        withRun(of: column) { buffer.append(contentsOf: $0) }
    }

    /// The window's value of one column and row.
    public internal(set) subscript(column: SurfaceColumn, row row: Int) -> Double {
        get {
            precondition(row >= 0 && row < rowCount)
            return values[column.rawValue * stride + row]
        }
        set {
            precondition(row >= 0 && row < rowCount)
            values[column.rawValue * stride + row] = newValue
        }
    }

    /// Lends the window's run of one column.
    public borrowing func withRun<R: ~Copyable, E: Error>(
        of column: SurfaceColumn, _ body: (UnsafeBufferPointer<Double>) throws(E) -> R
    ) throws(E) -> R {
        let start = column.rawValue * stride
        return try values.withUnsafeElements { (all) throws(E) -> R in
            try body(UnsafeBufferPointer(rebasing: all[start..<start + rowCount]))
        }
    }

    /// Lends all columns, writable.
    mutating func withColumns<R: ~Copyable>(_ body: (SurfaceColumns) -> R) -> R {
        let stride = stride
        return values.withUnsafeMutableElements {
            body(SurfaceColumns(base: $0.baseAddress!, stride: stride))
        }
    }
}

/// The columns of a surface as pointers. Each holds `stride` values, a multiple of every vector's width; those
/// past the last row have no meaning.
struct SurfaceColumns {
    let base: UnsafeMutablePointer<Double>
    let stride: Int

    @inline(__always)
    subscript(column: SurfaceColumn) -> UnsafeMutablePointer<Double> {
        base + column.rawValue * stride
    }

    /// Sets neighbouring columns to 0.
    func clear(_ first: SurfaceColumn, through last: SurfaceColumn) {
        self[first].update(repeating: 0, count: (last.rawValue - first.rawValue + 1) * stride)
    }
}
