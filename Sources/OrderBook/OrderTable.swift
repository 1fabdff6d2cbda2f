import CSystem
import Columnar

/// One resting order.
struct Order: BitwiseCopyable {
    var id: UInt64
    /// When the order entered the book or last lost its priority, ns.
    var tEnter: Int64
    /// Positive on the book; 0 marks an empty slot of the table.
    var quantity: UInt32
    /// Slot of the order's price level.
    var level: Int32
    /// Entry of the pending fills, or −1.
    var pending: Int32

    /// Stands in `pending` of an order that is about to leave the table with many others.
    static let taken: Int32 = -2

    static let empty = Order(id: 0, tEnter: 0, quantity: 0, level: 0, pending: -1)
}

/// The orders of one book by id: open addressing with linear probing and deletion by backward shift.
///
/// Invariants: the number of slots is 0 or a power of two, at least twice `count`; every order is reachable
/// from its home slot without passing an empty one. Slot numbers are valid until the next change of the table.
struct OrderTable: ~Copyable {
    private(set) var slots = Buffer<Order>()
    private(set) var count = 0
    private var mask = 0
    private var shift: UInt64 = 64

    var isEmpty: Bool { count == 0 }

    subscript(slot: Int) -> Order {
        @inline(__always) get { slots[slot] }
        @inline(__always) set { slots[slot] = newValue }
    }

    @inline(__always)
    private func home(_ id: UInt64) -> Int {
        Int(truncatingIfNeeded: ((id ^ (id >> 32)) &* 0x9E37_79B9_7F4A_7C15) &>> shift)
    }

    /// The slot of the order, or −1.
    @inline(__always)
    func find(_ id: UInt64) -> Int {
        if count == 0 { return -1 }
        var slot = home(id)
        while true {
            let order = slots[slot]
            if order.quantity == 0 { return -1 }
            if order.id == id { return slot }
            slot = (slot + 1) & mask
        }
    }

    /// The slot of the order, or the empty slot that its id may `claim`.
    @inline(__always)
    mutating func locate(_ id: UInt64) -> Int {
        if (count + 1) * 2 > slots.count { resize(to: max(16, slots.count * 2)) }
        var slot = home(id)
        while true {
            let order = slots[slot]
            if order.quantity == 0 || order.id == id { return slot }
            slot = (slot + 1) & mask
        }
    }

    /// Counts an order that the caller puts into the empty slot that `locate` found for its id.
    @inline(__always)
    mutating func claim() {
        count += 1
    }

    @inline(__always)
    mutating func remove(at slot: Int) {
        count -= 1
        var hole = slot
        var next = slot
        while true {
            next = (next + 1) & mask
            let order = slots[next]
            if order.quantity == 0 { break }
            // An order may move to the hole when its home does not lie behind the hole.
            if (next &- home(order.id)) & mask >= (next &- hole) & mask {
                slots[hole] = order
                hole = next
            }
        }
        slots[hole].quantity = 0
    }

    /// Forgets all orders, and the memory too: the next fill of the table pays for what it needs.
    mutating func removeAll() {
        if slots.isEmpty { return }
        slots = Buffer()
        count = 0
        mask = 0
        shift = 64
    }

    /// Keeps the orders that `isKept` accepts. O(slots)
    mutating func filter(_ isKept: (Order) -> Bool) {
        for slot in 0..<slots.count where slots[slot].quantity != 0 && !isKept(slots[slot]) {
            slots[slot].quantity = 0
            count -= 1
        }
        var wanted = 16
        while wanted < (count + 1) * 2 { wanted *= 2 }
        resize(to: wanted)
    }

    /// Gives room back when few orders are left, as after a snapshot: a small table stays in the cache.
    mutating func shrink() {
        guard slots.count > 256, count * 16 < slots.count else { return }
        var wanted = 256
        while wanted < count * 4 { wanted *= 2 }
        resize(to: wanted)
    }

    private mutating func resize(to capacity: Int) {
        var old = Buffer<Order>(repeating: .empty, count: capacity)
        swap(&old, &slots)
        mask = capacity - 1
        shift = UInt64(capacity.leadingZeroBitCount + 1)
        for index in 0..<old.count where old[index].quantity != 0 {
            var slot = home(old[index].id)
            while slots[slot].quantity != 0 { slot = (slot + 1) & mask }
            slots[slot] = old[index]
        }
    }

    /// Whether the table is so large that a look-up waits for memory.
    @inline(__always)
    var isLarge: Bool { slots.count > 1 << 12 }

    /// Brings the home slot of an id near.
    @inline(__always)
    func prefetch(_ id: UInt64) {
        let slot = home(id)
        slots.withUnsafeElements { tarn_prefetch($0.baseAddress! + slot) }
    }
}
