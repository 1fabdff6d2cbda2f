import Columnar

/// Executions that were reported and not yet applied, in the order of their time.
///
/// A doubly linked list in a pool. Because the clock never runs back, an entry that is renewed belongs at the
/// end, and the oldest is always at the head. Entries exist only for orders on the book, one for each at most.
struct PendingFills: ~Copyable {
    struct Entry: BitwiseCopyable {
        var orderID: UInt64
        var quantity: Int64
        /// When the execution was last reported, ns.
        var time: Int64
        var previous: Int32
        var next: Int32
    }

    private var pool = Buffer<Entry>()
    private var head: Int32 = -1
    private var tail: Int32 = -1
    private var free: Int32 = -1
    /// Time of the oldest entry, or `Int64.max`.
    private(set) var oldest = Int64.max

    subscript(entry: Int32) -> Int64 {
        @inline(__always) get { pool[Int(entry)].quantity }
    }

    var oldestOrder: UInt64 { pool[Int(head)].orderID }
    var oldestEntry: Int32 { head }

    /// Opens an entry at the end of the list.
    mutating func open(_ orderID: UInt64, _ quantity: Int64, at time: Int64) -> Int32 {
        let entry = Entry(orderID: orderID, quantity: quantity, time: time, previous: tail, next: -1)
        let index: Int32
        if free >= 0 {
            index = free
            free = pool[Int(index)].next
            pool[Int(index)] = entry
        } else {
            index = Int32(pool.count)
            pool.append(entry)
        }
        link(index)
        return index
    }

    /// Adds a further execution and renews the entry's time.
    mutating func add(_ quantity: Int64, to index: Int32, at time: Int64) {
        unlink(index)
        pool[Int(index)].quantity += quantity
        pool[Int(index)].time = time
        pool[Int(index)].previous = tail
        pool[Int(index)].next = -1
        link(index)
    }

    /// Takes an applied quantity out of an entry that has more.
    mutating func reduce(_ index: Int32, by quantity: Int64) {
        pool[Int(index)].quantity -= quantity
    }

    /// Closes an entry and returns what was left in it.
    mutating func close(_ index: Int32) -> Int64 {
        unlink(index)
        pool[Int(index)].next = free
        free = index
        return pool[Int(index)].quantity
    }

    /// Closes all entries and returns what was left in them.
    mutating func closeAll() -> Int64 {
        var rest: Int64 = 0
        while head >= 0 { rest += close(head) }
        return rest
    }

    private mutating func link(_ index: Int32) {
        if tail >= 0 { pool[Int(tail)].next = index } else { head = index }
        tail = index
        oldest = pool[Int(head)].time
    }

    private mutating func unlink(_ index: Int32) {
        let entry = pool[Int(index)]
        if entry.previous >= 0 { pool[Int(entry.previous)].next = entry.next } else { head = entry.next }
        if entry.next >= 0 { pool[Int(entry.next)].previous = entry.previous } else { tail = entry.previous }
        oldest = head >= 0 ? pool[Int(head)].time : Int64.max
    }
}
