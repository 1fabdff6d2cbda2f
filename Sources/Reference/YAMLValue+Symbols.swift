import Columnar
import Lake

extension YAMLValue {
    /// One of the symbols of an enum column.
    func symbol<Symbol: ColumnSymbol & CaseIterable>(_: Symbol.Type = Symbol.self) throws(RegistryError) -> Symbol {
        let word = try text()
        guard let symbol = Symbol(word) else {
            throw error(.invalidValue, "'\(word)' is not one of: \(Symbol.symbols.joined(separator: ", "))")
        }
        return symbol
    }

    /// A number above 0.
    func positive() throws(RegistryError) -> Double {
        let number = try number()
        guard number > 0 else { throw error(.invalidValue, "expected a number above 0, found \(number)") }
        return number
    }

    /// An instant in milliseconds since 1970 UTC, not later than the year 9999.
    func instant() throws(RegistryError) -> Int64 {
        let instant = Int64(try integer())
        guard Instant.range.contains(instant) else {
            throw error(.invalidValue, "expected milliseconds since 1970, found \(instant)")
        }
        return instant
    }

    /// Text with at least one character.
    func word() throws(RegistryError) -> String {
        let text = try text()
        guard !text.isEmpty else { throw error(.invalidValue, "it is empty") }
        return text
    }
}

extension ColumnSymbol where Self: CaseIterable {
    /// The symbol of a text; nil when it is none of them.
    init?(_ text: String) {
        guard let position = Self.symbols.firstIndex(where: { $0.utf8.elementsEqual(text.utf8) }) else { return nil }
        self.init(rawValue: UInt8(position))
    }
}

enum Instant {
    /// Milliseconds since 1970 UTC up to the end of the year 9999.
    static let range: ClosedRange<Int64> = 0...253_402_300_799_999
}
