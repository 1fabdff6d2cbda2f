/// An owning, growable, contiguous run of plain values: the storage under every column and engine.
///
/// Invariants: `0 <= count <= room`; the first `count` elements are initialised. Every access by
/// subscript is checked against `count`, so callers stay in bounds; the pointer never leaves the type
/// except through a closure or a span that borrows the buffer.
@frozen
public struct Buffer<Element: BitwiseCopyable>: ~Copyable {
    @usableFromInline var base: UnsafeMutablePointer<Element>
    @usableFromInline var initialised: Int
    @usableFromInline var room: Int

    /// An empty buffer with room for `capacity` elements.
    @inlinable
    public init(capacity: Int = 0) {
        precondition(capacity >= 0)
        self.base = UnsafeMutablePointer<Element>.allocate(capacity: capacity)
        self.initialised = 0
        self.room = capacity
    }

    /// `count` copies of `element`.
    @inlinable
    public init(repeating element: Element, count: Int) {
        self.init(capacity: count)
        base.initialize(repeating: element, count: count)
        initialised = count
    }

    @inlinable
    deinit {
        base.deallocate()
    }

    @inlinable public var count: Int { initialised }
    @inlinable public var isEmpty: Bool { initialised == 0 }

    @inlinable
    public subscript(index: Int) -> Element {
        @inline(__always) get {
            precondition(index >= 0 && index < initialised, "index out of bounds")
            return base[index]
        }
        @inline(__always) set {
            precondition(index >= 0 && index < initialised, "index out of bounds")
            base[index] = newValue
        }
    }

    @inlinable @inline(__always)
    public mutating func append(_ element: Element) {
        if initialised == room { grow(toAtLeast: initialised + 1) }
        base[initialised] = element
        initialised += 1
    }

    @inlinable
    public mutating func append(repeating element: Element, count: Int) {
        reserve(initialised + count)
        (base + initialised).initialize(repeating: element, count: count)
        initialised += count
    }

    @inlinable
    public mutating func append(contentsOf elements: UnsafeBufferPointer<Element>) {
        guard let source = elements.baseAddress, elements.count > 0 else { return }
        reserve(initialised + elements.count)
        (base + initialised).initialize(from: source, count: elements.count)
        initialised += elements.count
    }

    /// Appends `count` elements that `fill` writes: the closure must initialise all of them.
    @inlinable
    public mutating func append<E: Error>(
        count: Int, _ fill: (UnsafeMutableBufferPointer<Element>) throws(E) -> Void
    ) throws(E) {
        reserve(initialised + count)
        try fill(UnsafeMutableBufferPointer(start: base + initialised, count: count))
        initialised += count
    }

    /// Makes room for `wanted` elements in all.
    @inlinable
    public mutating func reserve(_ wanted: Int) {
        if wanted > room { grow(toAtLeast: wanted) }
    }

    /// Forgets the elements and keeps the memory.
    @inlinable
    public mutating func removeAll() {
        initialised = 0
    }

    /// Forgets the last `n` elements.
    @inlinable
    public mutating func removeLast(_ n: Int = 1) {
        precondition(n >= 0 && n <= initialised)
        initialised -= n
    }

    /// Forgets the first `n` elements; the others move down. O(count).
    @inlinable
    public mutating func removeFirst(_ n: Int) {
        precondition(n >= 0 && n <= initialised)
        base.update(from: base + n, count: initialised - n)
        initialised -= n
    }

    @usableFromInline
    mutating func grow(toAtLeast wanted: Int) {
        let newCapacity = max(wanted, room * 2, 16)
        let new = UnsafeMutablePointer<Element>.allocate(capacity: newCapacity)
        new.moveInitialize(from: base, count: initialised)
        base.deallocate()
        base = new
        room = newCapacity
    }

    /// The elements, for as long as the closure runs.
    @inlinable
    public borrowing func withUnsafeElements<R: ~Copyable, E: Error>(
        _ body: (UnsafeBufferPointer<Element>) throws(E) -> R
    ) throws(E) -> R {
        try body(UnsafeBufferPointer(start: base, count: initialised))
    }

    /// The elements, writable, for as long as the closure runs.
    @inlinable
    public mutating func withUnsafeMutableElements<R: ~Copyable, E: Error>(
        _ body: (UnsafeMutableBufferPointer<Element>) throws(E) -> R
    ) throws(E) -> R {
        try body(UnsafeMutableBufferPointer(start: base, count: initialised))
    }

    /// The elements as a span that borrows the buffer.
    @inlinable
    public var span: Span<Element> {
        @_lifetime(borrow self)
        borrowing get {
            let span = unsafe Span(_unsafeStart: base, count: initialised)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// The elements as a span that borrows the buffer exclusively.
    @inlinable
    public var mutableSpan: MutableSpan<Element> {
        @_lifetime(&self)
        mutating get {
            let span = unsafe MutableSpan(_unsafeStart: base, count: initialised)
            return unsafe _overrideLifetime(span, mutating: &self)
        }
    }
}

/// The memory is owned by exactly one value, and moves with it between threads.
extension Buffer: @unchecked Sendable {}
