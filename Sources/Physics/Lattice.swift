/// Cells of one surface: `lanes` rows of 2·halfWidth + 1 cells, offsets ascending. A lane is a side (A, B), or a
/// right and a side (C A, C B, P A, P B); lane by lane is the row order of the tables.
struct Lattice {
    /// H of futures and equities, kmax of options.
    let halfWidth: Int
    let lanes: Int
    /// Distance of neighbouring cells in ticks: 1, or step/tick of options.
    let spacing: Int

    /// Cells of one lane.
    var width: Int { 2 * halfWidth + 1 }
    /// Rows of one window.
    var rows: Int { lanes * width }

    init(halfWidth: Int, lanes: Int, spacing: Int) throws(PhysicsError) {
        guard (1...4096).contains(halfWidth) else {
            throw .invalidParameter(name: "half width", value: "\(halfWidth)", expected: "1…4096 cells")
        }
        guard (1...100_000).contains(spacing) else {
            throw .invalidParameter(name: "step/tick", value: "\(spacing)", expected: "1…100000")
        }
        self.halfWidth = halfWidth
        self.lanes = lanes
        self.spacing = spacing
    }

    /// σ = max(1, 6/spacing), N = floor(16/spacing + 0.5): section 7, and with spacing 1 section 6.
    var near: Smoothing { smoothing(sigma: 6, reach: 16) }
    /// σ = max(1, 24/spacing), N = floor(64/spacing + 0.5).
    var far: Smoothing { smoothing(sigma: 24, reach: 64) }

    private func smoothing(sigma: Double, reach: Double) -> Smoothing {
        let ticks = Double(spacing)
        return Smoothing(sigma: max(1, sigma / ticks), reach: Int(reach / ticks + 0.5))
    }
}
