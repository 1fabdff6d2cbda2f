import Columnar

/// One price of one side.
struct Level: BitwiseCopyable {
    /// Price, 1e-9; 0 marks a slot that is free.
    var price: Int64
    /// Total quantity resting here.
    var depth: Int64
    /// Number of the lattice cell the price belongs to; 0 where the book has no lattice.
    var cell: Int64
    /// The level's account in the current window, or −1 when nothing happened here yet.
    var account: Int32
    /// A code of `BookSide`.
    var side: UInt8
}

/// The price levels of one book: stable slots, found by (side, price) through a hash of slot numbers.
///
/// Prices need no common tick and no range: a level costs the same wherever it lies. A level outlives its
/// depth until `sweep`, because prices near the touch come and go.
struct LevelTable: ~Copyable {
    private(set) var levels = Buffer<Level>()
    /// Slot + 1 of each level, 0 = empty; a power of two, at least four times `used`.
    private var index = Buffer<Int32>()
    private var free = Buffer<Int32>()
    /// Levels in use, empty ones included.
    private(set) var used = 0
    private var mask = 0
    private var shift: UInt64 = 64
    /// Lattice step, or 0 for a book without a lattice.
    let step: Int64

    init(step: Int64) {
        self.step = step
    }

    subscript(slot: Int) -> Level {
        @inline(__always) get { levels[slot] }
        @inline(__always) set { levels[slot] = newValue }
    }

    /// Prices are multiples of a tick: one multiplication alone maps such a series onto few places, so the product
    /// is folded and multiplied again.
    @inline(__always)
    private func home(_ side: UInt8, _ price: Int64) -> Int {
        var key = (UInt64(bitPattern: price) << 1 | UInt64(side & 1)) &* 0x9E37_79B9_7F4A_7C15
        key ^= key >> 29
        return Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) &>> shift)
    }

    /// The slot of a level, or −1.
    @inline(__always)
    func find(_ side: UInt8, _ price: Int64) -> Int {
        if used == 0 { return -1 }
        var position = home(side, price)
        while true {
            let slot = Int(index[position]) - 1
            if slot < 0 { return -1 }
            if levels[slot].price == price && levels[slot].side == side { return slot }
            position = (position + 1) & mask
        }
    }

    /// The slot of a level, which is made when there is none.
    @inline(__always)
    mutating func findOrMake(_ side: UInt8, _ price: Int64) -> Int {
        let slot = find(side, price)
        return slot >= 0 ? slot : make(side, price)
    }

    @inline(never)
    private mutating func make(_ side: UInt8, _ price: Int64) -> Int {
        let cell = step > 0 ? latticeCell(price, step: step) : 0
        let level = Level(price: price, depth: 0, cell: cell, account: -1, side: side)
        let slot: Int
        if free.isEmpty {
            slot = levels.count
            levels.append(level)
        } else {
            slot = Int(free[free.count - 1])
            free.removeLast()
            levels[slot] = level
        }
        used += 1
        if used * 4 > index.count {
            rebuildIndex(capacity: max(16, index.count * 2))
        } else {
            enter(slot)
        }
        return slot
    }

    private mutating func enter(_ slot: Int) {
        var position = home(levels[slot].side, levels[slot].price)
        while index[position] != 0 { position = (position + 1) & mask }
        index[position] = Int32(slot + 1)
    }

    private mutating func rebuildIndex(capacity: Int) {
        index = Buffer(repeating: 0, count: capacity)
        mask = capacity - 1
        shift = UInt64(capacity.leadingZeroBitCount + 1)
        for slot in 0..<levels.count where levels[slot].price != 0 { enter(slot) }
    }

    /// Frees the levels without depth once they outnumber the others. Called between windows, when no level has
    /// an account; each call that works frees at least half of what was made since the last.
    mutating func sweep(occupied: Int) {
        guard used - occupied > max(64, occupied) else { return }
        for slot in 0..<levels.count where levels[slot].price != 0 && levels[slot].depth == 0 {
            levels[slot].price = 0
            free.append(Int32(slot))
            used -= 1
        }
        var wanted = 16
        while wanted < (used + 1) * 4 { wanted *= 2 }
        rebuildIndex(capacity: wanted)
    }
}
