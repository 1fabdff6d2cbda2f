import Columnar

/// The occupied prices of one side, the best one last.
///
/// Prices are held as *goodness*: the price of a bid, the negated price of an ask, so that both sides read alike.
/// Invariants: goodness ascends strictly; each rung's level has depth. Changes cost the distance from the touch.
struct Ladder: ~Copyable {
    struct Rung: BitwiseCopyable {
        var goodness: Int64
        var slot: Int32
    }

    private(set) var rungs = Buffer<Rung>()
    /// Goodness of the best price, or `Ladder.none`.
    private(set) var best = Ladder.none

    /// Worse than every price; the sum with any goodness is negative, so that an empty side never crosses.
    static let none: Int64 = -(1 << 62)

    @inline(__always)
    static func goodness(_ side: UInt8, _ price: Int64) -> Int64 { side == BookSide.ask ? -price : price }

    var count: Int { rungs.count }

    /// The number of rungs that are worse than `goodness`. Looks from the touch first, where things happen.
    @inline(__always)
    func position(of goodness: Int64) -> Int {
        var high = rungs.count
        let near = max(0, high - 8)
        while high > near {
            if rungs[high - 1].goodness < goodness { return high }
            high -= 1
        }
        var low = 0
        while low < high {
            let middle = (low + high) / 2
            if rungs[middle].goodness < goodness { low = middle + 1 } else { high = middle }
        }
        return low
    }

    mutating func insert(_ goodness: Int64, slot: Int) {
        let position = position(of: goodness)
        let rung = Rung(goodness: goodness, slot: Int32(slot))
        rungs.append(rung)
        let count = rungs.count
        if position < count - 1 {
            rungs.withUnsafeMutableElements { rungs in
                let hole = rungs.baseAddress! + position
                (hole + 1).update(from: hole, count: count - 1 - position)
            }
            rungs[position] = rung
        }
        best = rungs[count - 1].goodness
    }

    mutating func remove(_ goodness: Int64) {
        let position = position(of: goodness)
        precondition(rungs[position].goodness == goodness, "no such rung")
        let count = rungs.count
        if position < count - 1 {
            rungs.withUnsafeMutableElements { rungs in
                let hole = rungs.baseAddress! + position
                hole.update(from: hole + 1, count: count - 1 - position)
            }
        }
        rungs.removeLast()
        best = count > 1 ? rungs[count - 2].goodness : Ladder.none
    }

    mutating func removeAll() {
        rungs.removeAll()
        best = Ladder.none
    }
}
