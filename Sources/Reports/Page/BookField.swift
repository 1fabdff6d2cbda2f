import Columnar
import Lake
import Tables

/// A quantity over time and price, drawn as a picture: resting depth or pressure around the spot.
///
/// Memory is that of the picture, whatever the day's size.
struct BookField {
    /// A picture is no finer than this.
    static let mostColumns = 780
    static let mostRows = 240
    /// Prices above and below the spot's range, in lattice steps.
    static let margin: Int64 = 40

    /// Milliseconds of the first column's start and of one column.
    let startMs: Int64
    let columnMs: Int64
    let columns: Int
    /// The lowest row's least price and the height of a row, 1e-9.
    let lowest: Int64
    let rowHeight: Int64
    let rows: Int
    private var sums: [Double]
    /// Windows that fell into each column.
    private var windows: [Int]
    private var lastWindow = Int64.min

    /// - Parameters:
    ///   - session: milliseconds.
    ///   - spots: the prices that the picture must hold, 1e-9.
    ///   - step: of the lattice, 1e-9.
    init(session: Range<Int64>, spots: ClosedRange<Int64>, step: Int64) {
        let length = session.upperBound - session.lowerBound
        columnMs = max(1, (length / 1000 + Int64(Self.mostColumns) - 1) / Int64(Self.mostColumns)) * 1000
        startMs = session.lowerBound
        columns = max(1, Int((length + columnMs - 1) / columnMs))
        let low = spots.lowerBound / step - Self.margin, high = spots.upperBound / step + Self.margin
        let group = max(1, (high - low + Int64(Self.mostRows)) / Int64(Self.mostRows))
        lowest = low * step
        rowHeight = group * step
        rows = Int((high - low) / group) + 1
        sums = [Double](repeating: 0, count: columns * rows)
        windows = [Int](repeating: 0, count: columns)
    }

    /// Adds a value to the cell of a price in the window that ends at an instant; rows come window by window.
    mutating func add(_ value: Double, price: Int64, windowEndNs: Int64) {
        let ms = windowEndNs / 1_000_000 - 1 - startMs
        guard ms >= 0, case let column = Int(ms / columnMs), column < columns else { return }
        if lastWindow != windowEndNs {
            lastWindow = windowEndNs
            windows[column] += 1
        }
        guard price >= lowest, case let row = Int((price - lowest) / rowHeight), row < rows else { return }
        sums[column * rows + row] += value
    }

    /// The cells' means over the windows of their column, column by column from the lowest price upward.
    private var means: [Double] {
        sums.indices.map { sums[$0] / Double(max(1, windows[$0 / rows])) }
    }

    /// The cells as bytes: 0 for nothing, 255 for what only one cell in 200 exceeds, their square roots in proportion between.
    func intensity() -> [UInt8] {
        let means = means
        let positive = means.filter { $0 > 0 }.sorted()
        guard !positive.isEmpty else { return means.map { _ in 0 } }
        let top = positive[min(positive.count - 1, positive.count * 199 / 200)]
        return means.map { mean in
            guard mean > 0 else { return 0 }
            return UInt8(min(255, 1 + (mean / top).squareRoot() * 254))
        }
    }

    /// The cells as bytes around 128: 1 for what only one cell in 200 is below, 255 for what only one exceeds.
    func balance() -> [UInt8] {
        let means = means
        let sizes = means.lazy.map(abs).filter { $0 > 0 }.sorted()
        guard !sizes.isEmpty else { return means.map { _ in 128 } }
        let top = sizes[min(sizes.count - 1, sizes.count * 199 / 200)]
        return means.map { UInt8(128 + min(127, max(-127, $0 / top * 127))) }
    }
}

extension RecorderDay {
    /// What the page shows of an order book: depth, pressure and spot; nil where the lake has no book of the day.
    struct Book {
        var depth: BookField
        var pressure: BookField?
        /// Spot in price points at each window's end, every second; nil without an anchor.
        var spots: [(ms: Int64, price: Double?, isValid: Bool)]
    }

    /// - Parameter session: milliseconds.
    func book(during session: Range<Int64>) throws -> Book? {
        let snapshots = Source(.silver, "book_snapshot_1s"), depth = Source(.silver, "depth_and_flow_1s")
        let surface = Source(.gold, "physics_surface_1s")
        guard makes(snapshots), makes(depth), try manifest(of: snapshots) != nil, try manifest(of: depth) != nil else {
            return nil
        }
        var spots: [(ms: Int64, price: Double?, isValid: Bool)] = []
        var range: (low: Int64, high: Int64)?
        try forEachPart(of: snapshots, as: BookSnapshot1s.self) { part, _ in
            for row in 0..<part.count {
                let ms = part.windowEndTsNs[row] / 1_000_000
                guard session.contains(ms - 1) else { continue }
                let spot = part.spotRefPriceInt[row]
                spots.append((ms, spot.map { Double($0) / 1e9 }, part.windowValid[row]))
                guard let spot else { continue }
                range = (min(range?.low ?? spot, spot), max(range?.high ?? spot, spot))
            }
        }
        guard let range else { return nil }
        // The lattice's step: what all prices of its cells are multiples of.
        var step: Int64 = 0
        try forEachPart(of: depth, as: DepthAndFlow1s.self) { part, _ in
            for row in 0..<part.count { step = divisor(step, part.priceInt[row]) }
        }
        guard step > 0 else { return nil }
        let empty = BookField(session: session, spots: range.low...range.high, step: step)
        var book = Book(depth: empty, pressure: nil, spots: spots)
        try forEachPart(of: depth, as: DepthAndFlow1s.self) { part, _ in
            for row in 0..<part.count {
                book.depth.add(
                    Double(part.depthQtyEnd[row]), price: part.priceInt[row], windowEndNs: part.windowEndTsNs[row])
            }
        }
        if makes(surface), try manifest(of: surface) != nil {
            var pressure = empty
            try forEachPart(of: surface, as: PhysicsSurface1s.self) { part, _ in
                for row in 0..<part.count {
                    pressure.add(
                        part.pressureGrad[row],
                        price: part.spotRefPriceInt[row] + Int64(part.relTicks[row]) * step,
                        windowEndNs: part.windowEndTsNs[row])
                }
            }
            book.pressure = pressure
        }
        return book
    }
}

/// Greatest common divisor.
private func divisor(_ a: Int64, _ b: Int64) -> Int64 {
    var (a, b) = (abs(a), abs(b))
    while b != 0 { (a, b) = (b, a % b) }
    return a
}
