/// A column of plain values without nulls: `Bool`, `Int32`, `Int64` or `Double`.
@frozen
public struct Column<Element: ColumnElement>: ~Copyable {
    public var values: Buffer<Element>

    @inlinable
    public init() {
        values = Buffer()
    }

    @inlinable public var count: Int { values.count }

    @inlinable
    public subscript(row: Int) -> Element {
        @inline(__always) get { values[row] }
    }

    @inlinable @inline(__always)
    public mutating func append(_ element: Element) {
        values.append(element)
    }

    @inlinable
    public mutating func removeAll() {
        values.removeAll()
    }

    /// Appends the rows of a view of the same type.
    public mutating func append(_ view: ColumnView) {
        precondition(view.validity == nil)
        values.append(contentsOf: Element.elements(of: view.values))
    }

    /// Lends the rows to `body`.
    public borrowing func withView<R, E: Error>(_ body: (ColumnView) throws(E) -> R) throws(E) -> R {
        try values.withUnsafeElements { (elements) throws(E) -> R in try body(ColumnView(Element.view(elements))) }
    }
}

/// A column of plain values with nulls.
@frozen
public struct OptionalColumn<Element: ColumnElement>: ~Copyable {
    /// One element a row; zero where the row is null.
    public var values: Buffer<Element>
    /// One flag a row.
    public var validity: Buffer<Bool>

    @inlinable
    public init() {
        values = Buffer()
        validity = Buffer()
    }

    @inlinable public var count: Int { values.count }

    @inlinable
    public subscript(row: Int) -> Element? {
        @inline(__always) get { validity[row] ? values[row] : nil }
    }

    @inlinable @inline(__always)
    public mutating func append(_ element: Element?) {
        values.append(element ?? Element.zero)
        validity.append(element != nil)
    }

    @inlinable
    public mutating func removeAll() {
        values.removeAll()
        validity.removeAll()
    }

    /// Appends the rows of a view of the same type, nullable or not.
    public mutating func append(_ view: ColumnView) {
        values.append(contentsOf: Element.elements(of: view.values))
        if let flags = view.validity {
            validity.append(contentsOf: flags)
        } else {
            validity.append(repeating: true, count: view.count)
        }
    }

    /// Lends the rows to `body`.
    public borrowing func withView<R, E: Error>(_ body: (ColumnView) throws(E) -> R) throws(E) -> R {
        try values.withUnsafeElements { (elements) throws(E) -> R in
            try validity.withUnsafeElements { (flags) throws(E) -> R in
                try body(ColumnView(Element.view(elements), validity: flags))
            }
        }
    }
}

/// The plain element types of columns.
public protocol ColumnElement: BitwiseCopyable {
    static var zero: Self { get }
    static func view(_ elements: UnsafeBufferPointer<Self>) -> ColumnView.Values
    /// The elements of a view, which must be of this type.
    static func elements(of values: ColumnView.Values) -> UnsafeBufferPointer<Self>
}

extension Bool: ColumnElement {
    @inlinable public static var zero: Bool { false }
    public static func view(_ elements: UnsafeBufferPointer<Bool>) -> ColumnView.Values { .boolean(elements) }
    public static func elements(of values: ColumnView.Values) -> UnsafeBufferPointer<Bool> {
        guard case .boolean(let elements) = values else { preconditionFailure("not a boolean column") }
        return elements
    }
}

extension Int32: ColumnElement {
    public static func view(_ elements: UnsafeBufferPointer<Int32>) -> ColumnView.Values { .int32(elements) }
    public static func elements(of values: ColumnView.Values) -> UnsafeBufferPointer<Int32> {
        guard case .int32(let elements) = values else { preconditionFailure("not an int32 column") }
        return elements
    }
}

extension Int64: ColumnElement {
    public static func view(_ elements: UnsafeBufferPointer<Int64>) -> ColumnView.Values { .int64(elements) }
    public static func elements(of values: ColumnView.Values) -> UnsafeBufferPointer<Int64> {
        guard case .int64(let elements) = values else { preconditionFailure("not an int64 column") }
        return elements
    }
}

extension Double: ColumnElement {
    public static func view(_ elements: UnsafeBufferPointer<Double>) -> ColumnView.Values { .double(elements) }
    public static func elements(of values: ColumnView.Values) -> UnsafeBufferPointer<Double> {
        guard case .double(let elements) = values else { preconditionFailure("not a double column") }
        return elements
    }
}
