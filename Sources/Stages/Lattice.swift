import Contracts
import CivilTime
import Lake
import Tables

/// Cells of the surfaces of futures and equities, which the contracts fix too.
///
/// Source: spec/book.md 6.1.
enum Lattice {
    /// q of equities, price_1e-9: $0.50.
    private static let equityStep: Int64 = 500_000_000

    /// H: cells on each side of the anchor.
    static func halfWidth(of product: String) -> Int {
        OrderBookProduct(rawValue: product)?.hasContracts ?? false ? 200 : 100
    }

    /// q, price_1e-9, as the registry says; nil for a future whose root has none.
    static func step(of symbol: String, product: String, in registry: Registry) -> Int64? {
        guard OrderBookProduct(rawValue: product)?.hasContracts ?? false else { return equityStep }
        return registry.roots[FutureSymbol.family(of: symbol)]?.latticeStep
    }

    /// q, price_1e-9: of a future that of its root.
    ///
    /// - Throws: `configuration` for a root that the registry does not know, with the tick of its definition, or
    ///   whose step is no multiple of that tick.
    static func step(of symbol: String, _ request: StageRequest, in site: StageSite) throws -> Int64 {
        let known = Self.step(of: symbol, product: request.product, in: site.registry)
        guard try OrderBookProduct(request.product).hasContracts else { return equityStep }
        let root = FutureSymbol.family(of: symbol)
        // The step of ES is the specification's.
        if let known, root == "ES" { return known }
        let tick = try tick(of: symbol, root: root, request, in: site)
        guard let known else {
            let example = "\(root): {q: \(decimal(tick ?? 250_000_000))}"
            let found =
                tick.map { "its definition of \(request.date) has a tick of \(decimal($0))" }
                ?? "there is no definition of \(request.date) to tell its tick"
            throw StageError.configuration(
                "root \(root) has no lattice step, and \(found): add it to 'roots' in \(site.registry.file), e.g. \(example)"
            )
        }
        if let tick, known % tick != 0 {
            throw StageError.configuration(
                "root \(root): the lattice step \(decimal(known)) in \(site.registry.file) is no multiple of the tick "
                    + "\(decimal(tick)) in the definition of \(request.date)")
        }
        return known
    }

    /// min_price_increment of the last definition of a contract; nil where the lake has none.
    private static func tick(
        of symbol: String, root: String, _ request: StageRequest, in site: StageSite
    ) throws -> Int64? {
        let dataset = DatasetKey(layer: .bronze, product: request.product, table: "definition")!
        guard let writer = site.registry.writer(of: dataset) else { return nil }
        let address = try PartitionAddress(dataset, symbol: root, date: request.date)
        switch try site.lake.status(of: address).state {
        case .missing, .corrupt: return nil
        case .fresh, .stale: break
        }
        var tick: Int64?
        var table = Definition()
        var reader = try PartitionReader(site.lake, address, contract: site.contract(dataset, of: writer))
        while try reader.next(into: &table, columns: columns) {
            for row in 0..<table.rawSymbol.count where table.rawSymbol[row] == symbol {
                if let increment = table.minPriceIncrementInt[row], increment > 0 { tick = increment }
            }
        }
        return tick
    }

    private static let columns = [Definition.Columns.rawSymbol, .minPriceIncrementInt].map(\.rawValue)
}

/// Strike buckets of the surfaces of options; prices in price_1e-9. Source: spec/book.md 8.2.
struct StrikeLattice {
    let step: Int64
    /// kmax: buckets on each side of the anchor.
    let halfWidth: Int
    /// Unit of rel_ticks.
    let tick: Int64

    init(of product: String) {
        let hasContracts = OrderBookProduct(rawValue: product)?.hasContracts ?? false
        step = hasContracts ? 5_000_000_000 : 1_000_000_000
        halfWidth = hasContracts ? 10 : 25
        tick = hasContracts ? 250_000_000 : 500_000_000
    }
}

/// A positive price_1e-9 as people write it.
func decimal(_ price: Int64) -> String {
    var fraction = String(price % 1_000_000_000)
    fraction = String(repeating: "0", count: 9 - fraction.count) + fraction
    while fraction.hasSuffix("0") { fraction.removeLast() }
    return fraction.isEmpty ? "\(price / 1_000_000_000)" : "\(price / 1_000_000_000).\(fraction)"
}
