/// Lengths of time, ns. Source: spec/book.md §1, §4.2.
enum Nanoseconds {
    static let window: Int64 = 1_000_000_000
    /// REST: the age from which an order counts as resting.
    static let rest: Int64 = 500_000_000
    /// PENDING: how long a reported execution waits for the record that applies it.
    static let pending: Int64 = 1_000_000_000
}

/// Bounds of time that keep every difference of two instants inside 64 bits. They lie in the years 1823 and
/// 2116; no vendor file holds an earlier time, and a later one is after every output window.
enum Instant {
    static let earliest: Int64 = -(1 << 62) / Nanoseconds.window * Nanoseconds.window
    static let latest: Int64 = (1 << 62) / Nanoseconds.window * Nanoseconds.window
}

enum Price {
    /// A price above this magnitude is a bad price, so that twice a price never overflows.
    static let greatest: Int64 = 1 << 61
    /// Stands for "no price" among prices that are positive.
    static let none: Int64 = 0

    /// Whether a record's price is one that can rest on a book.
    @inline(__always)
    static func isGood(_ price: Int64) -> Bool { price > 0 && price <= greatest }

    /// `double(bid + ask)·0.5·1e-9` and `floorDiv(bid + ask + 1, 2)`.
    static func mid(_ bid: Int64, _ ask: Int64) -> (price: Double, integer: Int64) {
        (Double(bid + ask) * 0.5 * 1e-9, (bid + ask + 1) >> 1)
    }
}

/// Integer division that rounds toward −∞.
@inline(__always)
func floorDiv(_ a: Int64, _ b: Int64) -> Int64 {
    let (quotient, remainder) = a.quotientAndRemainder(dividingBy: b)
    return remainder != 0 && (remainder < 0) != (b < 0) ? quotient - 1 : quotient
}

/// The number of the cell of `step` that holds `price`: round(p, s) = s·floorDiv(2p + s, 2s), without the s.
@inline(__always)
public func latticeCell(_ price: Int64, step: Int64) -> Int64 {
    floorDiv(2 * price + step, 2 * step)
}
