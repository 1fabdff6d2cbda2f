/// What a symbol of a future product asks for: one contract, or all contracts of a root.
struct FutureRequest {
    let root: String
    /// Nil: all contracts of the root.
    let contract: String?

    /// - Throws: `configuration` for what is neither.
    init(_ symbol: String) throws(StageError) {
        if let future = FutureSymbol(parsing: symbol) {
            root = future.root
            contract = symbol
            return
        }
        let isRoot = !symbol.isEmpty && symbol.utf8.count <= 16 && symbol.utf8.allSatisfy { byte in
            (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        guard isRoot else {
            throw .configuration(
                "'\(symbol)' is neither the root of a future (ES) nor an outright contract (ESH6, ESH26)")
        }
        root = symbol
        contract = nil
    }

    /// Whether a symbol of a file belongs to the request.
    func includes(_ symbol: String) -> Bool {
        if let contract { return contract.utf8.elementsEqual(symbol.utf8) }
        return FutureSymbol.matches(symbol, root: root)
    }

    /// Whether a symbol is of the root in any way: the root itself, an outright, or a spread with such a leg.
    func concerns(_ symbol: String) -> Bool {
        symbol == root || symbol.split(separator: "-").contains { FutureSymbol.matches(String($0), root: root) }
    }
}
