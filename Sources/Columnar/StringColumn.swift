/// Distinct strings in order of first appearance. Strings are compared by their UTF-8 bytes, because
/// Swift's `==` is canonical equivalence, which no file format knows.
struct StringPool {
    private(set) var strings: [String] = []
    private var indices: [Bytes: UInt32] = [:]
    private var last: UInt32?

    private struct Bytes: Hashable {
        let string: String
        static func == (a: Bytes, b: Bytes) -> Bool { a.string.utf8.elementsEqual(b.string.utf8) }
        func hash(into hasher: inout Hasher) {
            var copy = string
            copy.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        }
    }

    /// The index of `string`, which is added when it is new. Amortised O(length).
    mutating func index(of string: String) -> UInt32 {
        if let last, strings[Int(last)].utf8.elementsEqual(string.utf8) { return last }
        let key = Bytes(string: string)
        if let known = indices[key] {
            last = known
            return known
        }
        let index = UInt32(strings.count)
        strings.append(string)
        indices[key] = index
        last = index
        return index
    }
}

/// A column of strings without nulls, dictionary-encoded in memory.
public struct StringColumn: ~Copyable {
    private var indices = Buffer<UInt32>()
    private var pool = StringPool()

    public init() {}

    public var count: Int { indices.count }

    public subscript(row: Int) -> String { pool.strings[Int(indices[row])] }

    public mutating func append(_ string: String) {
        indices.append(pool.index(of: string))
    }

    public mutating func append(repeating string: String, count: Int) {
        indices.append(repeating: pool.index(of: string), count: count)
    }

    /// Forgets the rows and their strings.
    public mutating func removeAll() {
        indices.removeAll()
        pool = StringPool()
    }

    /// Appends the rows of a view of strings.
    public mutating func append(_ view: ColumnView) {
        precondition(view.validity == nil)
        guard case .strings(let codes, let strings) = view.values else { preconditionFailure("not strings") }
        let mapped = strings.map { pool.index(of: $0) }
        for code in codes { indices.append(mapped[Int(code)]) }
    }

    /// Lends the rows to `body`.
    public borrowing func withView<R, E: Error>(_ body: (ColumnView) throws(E) -> R) throws(E) -> R {
        let strings = pool.strings
        return try indices.withUnsafeElements { (codes) throws(E) -> R in
            try body(ColumnView(.strings(codes, strings)))
        }
    }
}

/// A column of strings with nulls, dictionary-encoded in memory.
public struct OptionalStringColumn: ~Copyable {
    private var indices = Buffer<UInt32>()
    private var validity = Buffer<Bool>()
    private var pool = StringPool()

    public init() {}

    public var count: Int { indices.count }

    public subscript(row: Int) -> String? { validity[row] ? pool.strings[Int(indices[row])] : nil }

    public mutating func append(_ string: String?) {
        indices.append(string.map { pool.index(of: $0) } ?? 0)
        validity.append(string != nil)
    }

    /// Forgets the rows and their strings.
    public mutating func removeAll() {
        indices.removeAll()
        validity.removeAll()
        pool = StringPool()
    }

    /// Appends the rows of a view of strings.
    public mutating func append(_ view: ColumnView) {
        guard case .strings(let codes, let strings) = view.values else { preconditionFailure("not strings") }
        let mapped = strings.map { pool.index(of: $0) }
        for row in 0..<codes.count {
            let isValid = view.validity?[row] ?? true
            indices.append(isValid ? mapped[Int(codes[row])] : 0)
            validity.append(isValid)
        }
    }

    /// Lends the rows to `body`. The index of a null row is 0, also where there are no strings.
    public borrowing func withView<R, E: Error>(_ body: (ColumnView) throws(E) -> R) throws(E) -> R {
        let strings = pool.strings
        return try indices.withUnsafeElements { (codes) throws(E) -> R in
            try validity.withUnsafeElements { (flags) throws(E) -> R in
                try body(ColumnView(.strings(codes, strings), validity: flags))
            }
        }
    }
}
