import Columnar

extension ColumnSymbol {
    /// The symbol of the same text in this contract's list.
    ///
    /// - Precondition: the list has it; the contracts of the recorder share their words.
    init(like other: some ColumnSymbol) {
        guard let index = Self.symbols.firstIndex(of: other.symbol), let symbol = Self(rawValue: UInt8(index))
        else { preconditionFailure("\(Self.self) has no symbol \(other.symbol)") }
        self = symbol
    }
}
