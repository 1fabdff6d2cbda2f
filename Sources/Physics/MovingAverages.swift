import Columnar
import FixedMath

/// The moving averages of u and their changes for an unbounded set of keys, kept sparsely.
///
/// A key is a lane and a position: a distance from the anchor, a price in lattice steps, a strike in strike steps.
/// Positions come in blocks of 64. Invariants: a position without a block has the state "0, not fresh" once
/// the first update has happened, and "fresh" before; blocks are in ascending order of position; a block whose
/// state is all 0 and not fresh may be dropped at any time without changing a result.
///
/// So a price that enters the lattice late starts from 0, one that left decays, and a far-off stub quote costs
/// one block and not the range up to it.
///
/// - Source: spec/physics.md, sections 4 and 7.
struct MovingAverages: ~Copyable {
    /// Positions of one block.
    static let blockLength = 64
    private static let blockShift: Int64 = 6

    /// Values of a key, each a run of `blockLength` in a lane of a block: y for τ = 2, 8, 32, 128 s, du, d2u.
    static let valueCount = 6

    private struct BlockEntry: BitwiseCopyable {
        /// The block holds positions number·64 … number·64 + 63.
        var number: Int64
        var slot: Int
        var hasFreshKeys: Bool
    }

    private let lanes: Int
    private let weights: Weights
    private var entries = Buffer<BlockEntry>()
    private var freeSlots = Buffer<Int>()
    private var state = Buffer<Double>()
    private var fresh = Buffer<Bool>()
    /// Whether some update has happened.
    private var hasStarted = false
    /// The entry that is next looked at for being at rest.
    private var inspected = 0

    init(lanes: Int) {
        self.lanes = lanes
        weights = Weights()
    }

    /// Blocks held: a measure of the memory in use.
    var blockCount: Int { entries.count }

    private var slotLength: Int { lanes * Self.valueCount * Self.blockLength }
    private var slotFlags: Int { lanes * Self.blockLength }
}

/// α and 1 − α for τ = 2, 8, 32, 128 s.
private struct Weights {
    let alpha: SIMD4<Double>
    let keep: SIMD4<Double>

    init() {
        var alpha = SIMD4<Double>()
        for (i, tau) in [2.0, 8, 32, 128].enumerated() { alpha[i] = 1 - Fixed.exp(-1 / tau) }
        self.alpha = alpha
        keep = 1 - alpha
    }
}

// MARK: - Update

extension MovingAverages {
    /// Updates every key once: those of the window's cells with u of the cell, all others with u = 0, and the held
    /// cells not at all.
    ///
    /// - Parameters:
    ///   - velocity: u of the cells.
    ///   - held: one flag a row, true for a cell that is not updated; nil when there is none.
    ///   - first: position of the first cell of each lane.
    mutating func update(_ velocity: borrowing VelocityField, held: UnsafePointer<Bool>?, first: Int64) {
        admitBlocks(velocity, held: held, first: first)
        let length = slotLength
        let flags = slotFlags
        for i in 0..<entries.count {
            let entry = entries[i]
            let offset = Int(entry.number << Self.blockShift) - Int(first)
            let isPlain = held == nil && !entry.hasFreshKeys
            let weights = weights
            let lanes = lanes
            state.withUnsafeMutableElements { state in
                fresh.withUnsafeMutableElements { fresh in
                    // In bounds: a slot is `slotLength` values and `slotFlags` flags long.
                    let values = state.baseAddress! + entry.slot * length
                    let marks = fresh.baseAddress! + entry.slot * flags
                    for lane in 0..<lanes {
                        let run = values + lane * Self.valueCount * Self.blockLength
                        if isPlain {
                            velocity.withBlock(lane: lane, offset: offset) { advance(run, $0, weights) }
                        } else {
                            let flags = marks + lane * Self.blockLength
                            advance(run, flags, velocity, held: held, lane: lane, offset: offset, weights)
                        }
                    }
                }
            }
            if entry.hasFreshKeys { entries[i].hasFreshKeys = hasFreshKeys(entry.slot) }
        }
        hasStarted = true
        dropOneAtRest()
    }

    /// Writes the six values of each cell of the window, lane after lane.
    ///
    /// - Parameters:
    ///   - first: position of the first cell of each lane.
    ///   - result: six columns of lanes·width values, `stride` apart: y for τ = 2, 8, 32, 128 s, du, d2u.
    func read(first: Int64, width: Int, result: UnsafeMutablePointer<Double>, stride: Int) {
        let values = Self.valueCount
        result.update(repeating: 0, count: values * stride)
        state.withUnsafeElements { state in
            for i in 0..<entries.count {
                let entry = entries[i]
                let offset = Int(entry.number << Self.blockShift) - Int(first)
                let begin = max(0, offset)
                let end = min(width, offset + Self.blockLength)
                guard begin < end else { continue }
                // In bounds: begin…end lies in both the block and the lattice.
                var source = state.baseAddress! + (entry.slot * slotLength + begin - offset)
                for lane in 0..<lanes {
                    for value in 0..<values {
                        (result + (value * stride + lane * width + begin)).update(
                            from: source, count: end - begin)
                        source += Self.blockLength
                    }
                }
            }
        }
    }
}

// MARK: - One block

/// Advances 64 keys that are neither fresh nor held.
private func advance(
    _ run: UnsafeMutablePointer<Double>, _ velocity: UnsafePointer<Double>, _ weights: Weights
) {
    let length = MovingAverages.blockLength
    // In bounds: six runs of `length`, a multiple of the vector's width.
    for i in stride(from: 0, to: length, by: Vector.scalarCount) {
        let u: Vector = load(velocity + i)
        let old2: Vector = load(run + i)
        let new2 = settled(weights.keep[0] * old2 + weights.alpha[0] * u)
        store(new2, to: run + i)
        for tau in 1..<4 {
            let target = run + (tau * length + i)
            let old: Vector = load(target)
            store(settled(weights.keep[tau] * old + weights.alpha[tau] * u), to: target)
        }
        let du = new2 - old2
        let oldDu: Vector = load(run + (4 * length + i))
        store(du, to: run + (4 * length + i))
        store(du - oldDu, to: run + (5 * length + i))
    }
}

/// 0 where the magnitude is below 1e-15: an idle cell comes to rest.
@inline(__always)
private func settled(_ v: Vector) -> Vector {
    v.replacing(with: 0, where: (v .< 1e-15) .& (v .> -1e-15))
}

/// Advances 64 keys one by one, starting the fresh ones and leaving out the held ones.
private func advance(
    _ run: UnsafeMutablePointer<Double>, _ fresh: UnsafeMutablePointer<Bool>,
    _ velocity: borrowing VelocityField,
    held: UnsafePointer<Bool>?, lane: Int, offset: Int, _ weights: Weights
) {
    let length = MovingAverages.blockLength
    for i in 0..<length {
        let cell = offset + i
        let isOnLattice = cell >= 0 && cell < velocity.width
        if let held, isOnLattice, held[lane * velocity.width + cell] { continue }
        let u = isOnLattice ? velocity[lane: lane, cell: cell] : 0
        if fresh[i] {
            fresh[i] = false
            for tau in 0..<4 { run[tau * length + i] = u }
            run[4 * length + i] = 0
            run[5 * length + i] = 0
            continue
        }
        let old2 = run[i]
        for tau in 0..<4 {
            let value = weights.keep[tau] * run[tau * length + i] + weights.alpha[tau] * u
            run[tau * length + i] = value.magnitude < 1e-15 ? 0 : value
        }
        let du = run[i] - old2
        run[5 * length + i] = du - run[4 * length + i]
        run[4 * length + i] = du
    }
}

// MARK: - Blocks

extension MovingAverages {
    /// Makes blocks for the positions that this update may bring out of the state of absent ones: those with a
    /// flow, and those that stay fresh while all others start.
    private mutating func admitBlocks(
        _ velocity: borrowing VelocityField, held: UnsafePointer<Bool>?, first: Int64
    ) {
        let width = velocity.width
        let last = first + Int64(width) - 1
        for number in (first >> Self.blockShift)...(last >> Self.blockShift) {
            let begin = max(0, Int((number << Self.blockShift) - first))
            let end = min(width, Int(((number + 1) << Self.blockShift) - first))
            var isNeeded = false
            for lane in 0..<lanes where !isNeeded {
                isNeeded = velocity.isOccupied(lane: lane, begin..<end)
                if !hasStarted, let held {
                    for cell in begin..<end where held[lane * width + cell] { isNeeded = true }
                }
            }
            if isNeeded { admitBlock(number) }
        }
    }

    /// Adds the block unless it is there.
    private mutating func admitBlock(_ number: Int64) {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].number < number { low = middle + 1 } else { high = middle }
        }
        if low < entries.count, entries[low].number == number { return }
        let slot = takeSlot()
        entries.append(BlockEntry(number: number, slot: slot, hasFreshKeys: !hasStarted))
        var i = entries.count - 1
        while i > low {
            entries[i] = entries[i - 1]
            i -= 1
        }
        entries[low] = BlockEntry(number: number, slot: slot, hasFreshKeys: !hasStarted)
    }

    /// A slot of zeros; its keys are fresh before the first update.
    private mutating func takeSlot() -> Int {
        let isFresh = !hasStarted
        guard !freeSlots.isEmpty else {
            let slot = fresh.count / slotFlags
            state.append(repeating: 0, count: slotLength)
            fresh.append(repeating: isFresh, count: slotFlags)
            return slot
        }
        // Only blocks at rest are dropped: their values are 0 already, and no key of them is fresh.
        let slot = freeSlots[freeSlots.count - 1]
        freeSlots.removeLast()
        return slot
    }

    private func hasFreshKeys(_ slot: Int) -> Bool {
        fresh.withUnsafeElements { $0[slot * slotFlags..<(slot + 1) * slotFlags].contains(true) }
    }

    /// Drops the inspected block if it is at rest, and moves on to the next: one block an update is enough to
    /// keep up with a moving anchor.
    private mutating func dropOneAtRest() {
        guard !entries.isEmpty else { return }
        if inspected >= entries.count { inspected = 0 }
        let entry = entries[inspected]
        let isAtRest = state.withUnsafeElements { all in
            all[entry.slot * slotLength..<(entry.slot + 1) * slotLength].allSatisfy { $0 == 0 }
        }
        guard isAtRest, !entry.hasFreshKeys else {
            inspected += 1
            return
        }
        freeSlots.append(entry.slot)
        for i in inspected + 1..<entries.count { entries[i - 1] = entries[i] }
        entries.removeLast()
    }
}

/// u of one window, lane after lane, with a block of zeros on both sides of each lane.
struct VelocityField: ~Copyable {
    let lanes: Int
    let width: Int
    private var storage: Buffer<Double>

    private static var margin: Int { MovingAverages.blockLength }
    private var laneLength: Int { width + 2 * Self.margin }

    init(lanes: Int, width: Int) {
        self.lanes = lanes
        self.width = width
        storage = Buffer(repeating: 0, count: lanes * (width + 2 * Self.margin))
    }

    /// Replaces u; `values` holds lanes·width values.
    mutating func load(_ values: UnsafePointer<Double>) {
        let (lanes, width, length) = (lanes, width, laneLength)
        storage.withUnsafeMutableElements { elements in
            for lane in 0..<lanes {
                let target = elements.baseAddress! + lane * length + Self.margin
                target.update(from: values + lane * width, count: width)
            }
        }
    }

    subscript(lane lane: Int, cell cell: Int) -> Double {
        storage[lane * laneLength + Self.margin + cell]
    }

    /// Whether a cell of the range has u ≠ 0.
    func isOccupied(lane: Int, _ cells: Range<Int>) -> Bool {
        let start = lane * laneLength + Self.margin
        return storage.withUnsafeElements { all in
            all[start + cells.lowerBound..<start + cells.upperBound].contains { $0 != 0 }
        }
    }

    /// Lends u of the 64 cells from `offset` on, 0 where there is no cell.
    func withBlock(lane: Int, offset: Int, _ body: (UnsafePointer<Double>) -> Void) {
        // A block that misses the lattice reads the margin before it: −64…−1.
        let isNear = offset > -Self.margin && offset < width
        let start = lane * laneLength + (isNear ? offset + Self.margin : 0)
        storage.withUnsafeElements { body($0.baseAddress! + start) }
    }
}
