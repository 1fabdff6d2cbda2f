/// The best bid and offer of a feed, and which records change it.
///
/// Where a schema shows the book of one publisher, the bid is the highest of the publishers' latest bids, its size the
/// sum of the sizes at that price; the ask likewise with the lowest.
///
/// Source: spec/recorder.md 3.7 (change, publishers).
struct TaqQuotes {
    /// Both sides; price and size 0 where a side is empty.
    struct Level: Equatable {
        var bidPrice: Int64 = 0
        var bidSize: Int64 = 0
        var askPrice: Int64 = 0
        var askSize: Int64 = 0
    }

    /// The quote row that was written last.
    private(set) var last = Level()
    /// Nil: every record shows the whole feed.
    private var publishers: [(id: UInt16, level: Level)]?

    init(_ view: TaqSchema.View) {
        publishers = view == .publisher ? [] : nil
    }

    /// Takes a quote; whether it changes the best bid or offer, which is then `last`.
    mutating func update(_ event: TaqEvent) -> Bool {
        let own = Level(
            bidPrice: event.bidPrice, bidSize: event.bidSize, askPrice: event.askPrice, askSize: event.askSize)
        let best = publishers == nil ? own : merged(own, of: event.publisherID)
        guard best != last else { return false }
        last = best
        return true
    }

    private mutating func merged(_ own: Level, of publisher: UInt16) -> Level {
        if let known = publishers!.firstIndex(where: { $0.id == publisher }) {
            publishers![known].level = own
        } else {
            publishers!.append((publisher, own))
        }
        var best = Level()
        for (_, level) in publishers! {
            if level.bidPrice > best.bidPrice {
                best.bidPrice = level.bidPrice
                best.bidSize = level.bidSize
            } else if level.bidPrice == best.bidPrice {
                best.bidSize += level.bidSize
            }
            if level.askPrice > 0, best.askPrice == 0 || level.askPrice < best.askPrice {
                best.askPrice = level.askPrice
                best.askSize = level.askSize
            } else if level.askPrice == best.askPrice {
                best.askSize += level.askSize
            }
        }
        return best
    }
}
