import Columnar
import FixedMath

/// Truncated Gaussian smoothing along one lane.
///
/// - Source: spec/physics.md, section 6.
struct Smoothing: ~Copyable {
    /// N: cells on each side.
    let reach: Int
    /// w_k for k = −N…N.
    private let weights: Buffer<Double>
    /// Σ w_k, k ascending.
    private let divisor: Double

    /// - Parameters:
    ///   - sigma: standard deviation in cells.
    ///   - reach: N, at most `Lane.margin`.
    init(sigma: Double, reach: Int) {
        precondition(reach >= 0 && reach <= Lane.margin)
        self.reach = reach
        var weights = Buffer<Double>(capacity: 2 * reach + 1)
        var sum = 0.0
        for k in -reach...reach {
            let ratio = Double(k) / sigma
            let weight = Fixed.exp(-0.5 * (ratio * ratio))
            weights.append(weight)
            sum += weight
        }
        self.weights = weights
        self.divisor = sum
    }

    /// Writes Σ w_k·f(x + k)/Σ w_k, k ascending, for every cell of `lane` to `result`.
    ///
    /// Sixteen neighbouring cells are summed side by side, each in its own order. Products with the zeros
    /// around the occupied cells are left out: adding +0 changes no sum that starts at +0.
    ///
    /// - Complexity: O(occupied cells × taps).
    func apply(to lane: borrowing Lane, result: UnsafeMutablePointer<Double>) {
        let count = lane.count
        let block = Wide.scalarCount
        // In bounds: x + k runs from −reach to count + block + reach, within the margins of the lane;
        // the tap index from 0 to 2·reach.
        lane.withCells { cells in
            weights.withUnsafeElements { taps in
                let tap = taps.baseAddress! + reach
                var x = 0
                while x < count {
                    var sum = Wide.zero
                    let first = max(-reach, lane.firstOccupied - (x + block - 1))
                    let last = min(reach, lane.lastOccupied - x)
                    var k = first
                    while k <= last {
                        sum += Wide(repeating: tap[k]) * load(cells + (x + k))
                        k += 1
                    }
                    sum /= Wide(repeating: divisor)
                    if x + block <= count {
                        store(sum, to: result + x)
                    } else {
                        for i in 0..<count - x { result[x + i] = sum[i] }
                    }
                    x += block
                }
            }
        }
    }
}

/// One lane of a field with zeros on both sides: f = 0 outside the lattice.
struct Lane: ~Copyable {
    /// Zeros before the first cell and, beyond a whole block, after the last.
    static let margin = 64

    let count: Int
    /// First and last cell that is not 0; first > last when there is none.
    private(set) var firstOccupied = 0
    private(set) var lastOccupied = -1
    private var storage: Buffer<Double>

    init(count: Int) {
        self.count = count
        storage = Buffer(repeating: 0, count: count + Wide.scalarCount + 2 * Lane.margin)
    }

    /// Replaces the cells. `values` holds at least `count` values, none of them −0.
    mutating func load(_ values: UnsafePointer<Double>) {
        let count = count
        storage.withUnsafeMutableElements { elements in
            (elements.baseAddress! + Lane.margin).update(from: values, count: count)
        }
        var first = 0
        var last = count - 1
        while first < count, values[first] == 0 { first += 1 }
        while last > first, values[last] == 0 { last -= 1 }
        firstOccupied = first
        lastOccupied = first == count ? -1 : last
    }

    /// Lends the first cell; `margin` cells before it and a block and `margin` cells after the last may be read.
    func withCells(_ body: (UnsafePointer<Double>) -> Void) {
        storage.withUnsafeElements { body($0.baseAddress! + Lane.margin) }
    }
}
