import Tables

/// The trades of one window, added up in time order. Source: spec/recorder.md 4, fields of `state_1s` and `state_10s`.
struct TradeFlow {
    /// Trades in the window.
    private(set) var count: Int64 = 0
    /// Sum of sizes, and of the sizes of each side.
    private(set) var totalVolume = 0.0
    private(set) var buyVolume = 0.0
    private(set) var sellVolume = 0.0
    private(set) var unknownVolume = 0.0
    /// Sum of price · size.
    private(set) var notional = 0.0
    /// Prices of the window's trades; without trades the price that was carried into it, 0 before the first trade.
    private(set) var open: Double
    private(set) var high: Double
    private(set) var low: Double
    private(set) var last: Double

    /// A window without trades after a trade at `carried`.
    init(carrying carried: Double = 0) {
        (open, high, low, last) = (carried, carried, carried, carried)
    }

    var delta: Double { buyVolume - sellVolume }

    mutating func add(price: Double, size: Int64, side: TradesClassified.Side) {
        let volume = Double(size)
        if count == 0 { (open, high, low) = (price, price, price) }
        count += 1
        totalVolume += volume
        notional += price * volume
        switch side {
        case .buy: buyVolume += volume
        case .sell: sellVolume += volume
        case .unknown: unknownVolume += volume
        }
        high = max(high, price)
        low = min(low, price)
        last = price
    }

    /// Turns to the next window, which the last price is carried into.
    mutating func startWindow() {
        self = TradeFlow(carrying: last)
    }
}
