/// Books side by side in memory, made one by one and never removed.
///
/// Invariant: the first `count` places are initialised; each access is checked against `count`.
struct BookPool: ~Copyable {
    private var base: UnsafeMutablePointer<Book>
    private var room: Int
    private(set) var count = 0

    init() {
        base = UnsafeMutablePointer.allocate(capacity: 0)
        room = 0
    }

    deinit {
        base.deinitialize(count: count)
        base.deallocate()
    }

    subscript(index: Int) -> Book {
        @inline(__always) _read {
            precondition(index >= 0 && index < count, "index out of bounds")
            yield base[index]
        }
        @inline(__always) _modify {
            precondition(index >= 0 && index < count, "index out of bounds")
            yield &base[index]
        }
    }

    /// Adds a book and returns its place.
    mutating func append(_ book: consuming Book) -> Int {
        if count == room {
            room = max(16, room * 2)
            let new = UnsafeMutablePointer<Book>.allocate(capacity: room)
            new.moveInitialize(from: base, count: count)
            base.deallocate()
            base = new
        }
        (base + count).initialize(to: book)
        count += 1
        return count - 1
    }
}
