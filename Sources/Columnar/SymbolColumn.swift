/// An enum of a contract: its raw value is the position in the contract's symbol list.
public protocol ColumnSymbol: RawRepresentable, BitwiseCopyable, Sendable, Hashable where RawValue == UInt8 {
    /// The symbols as the contract lists them.
    static var symbols: [String] { get }
}

extension ColumnSymbol {
    /// The symbol's text.
    public var symbol: String { Self.symbols[Int(rawValue)] }
}

/// A column of enum symbols without nulls.
@frozen
public struct SymbolColumn<Symbol: ColumnSymbol>: ~Copyable {
    /// One index into `Symbol.symbols` a row.
    public var values: Buffer<UInt8>

    @inlinable
    public init() {
        values = Buffer()
    }

    @inlinable public var count: Int { values.count }

    @inlinable
    public subscript(row: Int) -> Symbol {
        @inline(__always) get { Symbol(rawValue: values[row])! }
    }

    @inlinable @inline(__always)
    public mutating func append(_ symbol: Symbol) {
        values.append(symbol.rawValue)
    }

    @inlinable
    public mutating func removeAll() {
        values.removeAll()
    }

    /// Appends the rows of a view of symbols of the same list.
    public mutating func append(_ view: ColumnView) {
        precondition(view.validity == nil)
        values.append(contentsOf: symbolIndices(of: view.values))
    }

    /// Lends the rows to `body`.
    public borrowing func withView<R, E: Error>(_ body: (ColumnView) throws(E) -> R) throws(E) -> R {
        try values.withUnsafeElements { (elements) throws(E) -> R in try body(ColumnView(.symbols(elements))) }
    }
}

/// A column of enum symbols with nulls.
@frozen
public struct OptionalSymbolColumn<Symbol: ColumnSymbol>: ~Copyable {
    /// One index into `Symbol.symbols` a row; 0 where the row is null.
    public var values: Buffer<UInt8>
    /// One flag a row.
    public var validity: Buffer<Bool>

    @inlinable
    public init() {
        values = Buffer()
        validity = Buffer()
    }

    @inlinable public var count: Int { values.count }

    @inlinable
    public subscript(row: Int) -> Symbol? {
        @inline(__always) get { validity[row] ? Symbol(rawValue: values[row])! : nil }
    }

    @inlinable @inline(__always)
    public mutating func append(_ symbol: Symbol?) {
        values.append(symbol?.rawValue ?? 0)
        validity.append(symbol != nil)
    }

    @inlinable
    public mutating func removeAll() {
        values.removeAll()
        validity.removeAll()
    }

    /// Appends the rows of a view of symbols of the same list.
    public mutating func append(_ view: ColumnView) {
        values.append(contentsOf: symbolIndices(of: view.values))
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
                try body(ColumnView(.symbols(elements), validity: flags))
            }
        }
    }
}

private func symbolIndices(of values: ColumnView.Values) -> UnsafeBufferPointer<UInt8> {
    guard case .symbols(let indices) = values else { preconditionFailure("not a column of symbols") }
    return indices
}
