/// The products made from orders and quotes of orders, and what the specification fixes for each.
///
/// Source: spec/book.md, introduction and section 2.
enum OrderBookProduct: String, CaseIterable {
    case futureMbo = "future_mbo"
    case equityMbo = "equity_mbo"
    case futureOptionMbo = "future_option_mbo"
    case equityOptionMbo = "equity_option_mbo"

    /// - Throws: `configuration` for a product that no rule here speaks of.
    init(_ name: String) throws(StageError) {
        guard let product = OrderBookProduct(rawValue: name) else {
            throw .configuration(
                "the registry gives '\(name)' to a stage of order books, which does not know it")
        }
        self = product
    }

    var isOption: Bool { self == .futureOptionMbo || self == .equityOptionMbo }
    /// Whether symbols are contracts of a root; otherwise they are tickers.
    var hasContracts: Bool { self == .futureMbo || self == .futureOptionMbo }
    /// The product whose book an instrument's anchor comes from: its own, or that of its underlying.
    var anchor: OrderBookProduct {
        switch self {
        case .futureMbo, .futureOptionMbo: .futureMbo
        case .equityMbo, .equityOptionMbo: .equityMbo
        }
    }
}

/// What a symbol asks for: one contract, all contracts of a root, or a ticker. Of options it names the underlying.
struct SymbolRequest {
    /// What definitions and statistics are partitioned by: root or ticker.
    let family: String
    /// The one contract or ticker; nil: all contracts of the root.
    let single: String?
    let product: OrderBookProduct

    /// - Throws: `configuration` for what is none of these.
    init(_ symbol: String, of product: String) throws(StageError) {
        self.product = try OrderBookProduct(product)
        guard self.product.hasContracts else {
            guard (1...16).contains(symbol.utf8.count), symbol.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
            else {
                throw .configuration("'\(symbol)' is no ticker (SPY)")
            }
            guard FutureSymbol(parsing: symbol) == nil else {
                throw .configuration(
                    "'\(symbol)' is a contract of a future and no ticker: --product-type "
                        + "\(self.product.isOption ? "future_option_mbo" : "future_mbo")")
            }
            family = symbol
            single = symbol
            return
        }
        if let future = FutureSymbol(parsing: symbol) {
            family = future.root
            single = symbol
            return
        }
        let isRoot =
            !symbol.isEmpty && symbol.utf8.count <= 16
            && symbol.utf8.allSatisfy { byte in
                (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            }
        guard isRoot else {
            throw .configuration(
                "'\(symbol)' is neither the root of a future (ES) nor an outright contract (ESH6, ESH26)")
        }
        family = symbol
        single = nil
    }

    /// Whether a symbol of a file, which is no option, belongs to the request.
    func includes(_ symbol: String) -> Bool {
        if let single { return single.utf8.elementsEqual(symbol.utf8) }
        return FutureSymbol.matches(symbol, root: family)
    }

    /// The partition of an option by its underlying; nil when it does not belong to the request. Tickers are compared
    /// without regard to case.
    func partition(ofOptionOn underlying: String) -> String? {
        if product.hasContracts { return includes(underlying) ? underlying : nil }
        return underlying.lowercased().utf8.elementsEqual(family.lowercased().utf8) ? family : nil
    }

    /// Whether a symbol is of the family in any way: the root or ticker itself, an outright of the root, or a spread
    /// with such a leg.
    func concerns(_ symbol: String) -> Bool {
        if symbol == family { return true }
        guard product.hasContracts else { return partition(ofOptionOn: symbol) != nil }
        return symbol.split(separator: "-").contains { FutureSymbol.matches(String($0), root: family) }
    }
}
