import OrderBook

/// One value of a row, so that rows of the engine, of the reference and of the worked cases compare alike.
enum Cell: Equatable, CustomStringConvertible {
    case null
    case int(Int64)
    case double(Double)
    case bool(Bool)
    case text(String)

    static func int(_ value: Int64?) -> Cell { value.map { .int($0) } ?? .null }

    /// Doubles agree within the tolerance of spec/book.md §1.
    static func == (a: Cell, b: Cell) -> Bool {
        switch (a, b) {
        case (.null, .null): true
        case (.int(let x), .int(let y)): x == y
        case (.double(let x), .double(let y)): abs(x - y) <= 1e-12 + 1e-10 * abs(y)
        case (.bool(let x), .bool(let y)): x == y
        case (.text(let x), .text(let y)): x == y
        default: false
        }
    }

    var description: String {
        switch self {
        case .null: "null"
        case .int(let value): "\(value)"
        case .double(let value): "\(value)"
        case .bool(let value): "\(value)"
        case .text(let value): value
        }
    }
}

/// Three tables of rows, columns in the order of the contracts.
struct Tables: Equatable {
    var snapshot: [[Cell]] = []
    var flow: [[Cell]] = []
    var quality: [[Cell]] = []

    /// The first row that differs, for a readable failure.
    func difference(from other: Tables) -> String? {
        for (name, a, b) in [
            ("quality", quality, other.quality), ("snapshot", snapshot, other.snapshot),
            ("flow", flow, other.flow),
        ] {
            for row in 0..<min(a.count, b.count) where a[row] != b[row] {
                return "\(name) row \(row): \(a[row]) is not \(b[row])"
            }
            if a.count != b.count { return "\(name): \(a.count) rows, not \(b.count)" }
        }
        return nil
    }
}

let sideNames = ["A", "B"]
let rightNames = ["C", "P"]
let reasonNames = ["ok", "bad_book", "recovering", "unseeded", "crossed", "underlying"]

/// A row of an engine that can be held against the reference's.
protocol ComparableRow: BitwiseCopyable {
    var cells: [Cell] { get }
}

extension SnapshotRow: ComparableRow {
    var cells: [Cell] {
        [
            .int(windowStart), .int(windowEnd), .int(bestBidPrice), .int(bestBidQuantity), .int(bestAskPrice),
            .int(bestAskQuantity), midPrice.map { .double($0) } ?? .null, .int(midPriceInt),
            .int(lastTradePrice),
            .int(spotReference), .bool(bookValid), .bool(windowValid),
        ]
    }
}

extension FlowRow: ComparableRow {
    var cells: [Cell] {
        [
            .int(windowStart), .int(windowEnd), .text(sideNames[Int(side)]), .int(price), .int(spotReference),
            .int(Int64(relTicks)), .int(Int64(relTicksSide)), .int(depthStart), .int(depthEnd),
            .int(depthRest),
            .int(added), .int(pulled), .int(pulledAtRest), .int(filled), .bool(windowValid),
        ]
    }
}

extension QualityRow {
    var cells: [Cell] {
        let c = counters
        return [
            .int(windowStart), .int(windowEnd), .bool(bookValid), .bool(windowValid),
            .text(reasonNames[Int(reason.rawValue)]), .int(c.records), .int(c.lateRecords),
            .int(c.duplicateAdds),
            .int(c.overCancels), .int(c.unknownCancels), .int(c.unknownModifies), .int(c.unknownFills),
            .int(c.aggressorFills), .int(c.unmatchedFillQuantity), .int(c.badSide), .int(c.badOrder),
            .int(c.lockedEvents), .int(c.crossedEvents), .int(c.clearedQuantity), .int(offGridQuantity),
            .int(identityResidualMax),
        ]
    }
}

extension OptionSnapshotRow: ComparableRow {
    var cells: [Cell] {
        [
            .int(windowStart), .int(windowEnd), .int(Int64(instrumentID)), .text(rightNames[Int(right)]),
            .int(strikePrice), .int(bidPrice), .int(askPrice), .double(midPrice), .int(midPriceInt),
            .int(spotReference), .bool(bookValid),
        ]
    }
}

extension OptionFlowRow: ComparableRow {
    var cells: [Cell] {
        [
            .int(windowStart), .int(windowEnd), .int(strikePrice), .text(rightNames[Int(right)]),
            .text(sideNames[Int(side)]), .int(spotReference), .int(strikeReference), .int(Int64(relTicks)),
            .int(depthStart), .int(depthEnd), .int(depthRest), .int(added), .int(pulled), .int(pulledAtRest),
            .int(filled), .bool(windowValid),
        ]
    }
}
