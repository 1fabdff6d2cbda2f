/// What a reader may allocate for what a file says: the sum is bounded, so that a hostile file cannot ask for more.
final class MemoryBudget {
    let limit: Int
    private(set) var used = 0

    init(limit: Int) {
        self.limit = limit
    }

    /// Replaces a claim of `old` bytes by one of `new`.
    func exchange(_ old: Int, for new: Int) throws(FormatError) {
        guard new <= limit - (used - old) else {
            throw FormatError(
                "wants \(new) bytes of memory; the reader may use \(limit) in all", kind: .limit)
        }
        used += new - old
    }
}

/// A run of memory that grows, forgetting what it held, and counts against the budget.
///
/// Every access goes through pointers to the first `capacity` bytes; users check their offsets against the length
/// that they asked for.
struct BudgetedMemory: ~Copyable {
    private(set) var start: UnsafeMutableRawPointer
    private(set) var capacity = 0
    private let budget: MemoryBudget

    init(_ budget: MemoryBudget) {
        self.budget = budget
        start = UnsafeMutableRawPointer.allocate(byteCount: 16, alignment: 16)
    }

    deinit {
        start.deallocate()
    }

    /// Makes room for `count` bytes and, after them, `slack` zeros.
    mutating func prepare(_ count: Int, slack: Int = 0) throws(FormatError) {
        if count + slack > capacity {
            try budget.exchange(capacity, for: count + slack)
            start.deallocate()
            start = UnsafeMutableRawPointer.allocate(byteCount: count + slack, alignment: 64)
            capacity = count + slack
        }
        if slack > 0 { (start + count).initializeMemory(as: UInt8.self, repeating: 0, count: slack) }
    }
}
