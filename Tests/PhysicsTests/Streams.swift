import Physics

/// Random windows, the same on every machine (xorshift64*).
struct Streams {
    var state: UInt64

    init(seed: UInt64) {
        state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
        for _ in 0..<8 { _ = next() }
    }

    mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 2_685_821_657_736_338_717
    }

    /// 0…limit − 1
    mutating func below(_ limit: Int) -> Int {
        Int((next() >> 33) % UInt64(limit))
    }

    mutating func chance(_ percent: Int) -> Bool {
        below(100) < percent
    }

    /// Quantities that keep the books: end = start + add − pull − fill.
    mutating func fill(_ row: inout Row) {
        row.start = chance(30) ? 0 : below(500)
        row.add = chance(50) ? 0 : below(300)
        row.fill = chance(70) ? 0 : below(row.start + row.add + 1)
        row.pull = chance(50) ? 0 : below(row.start + row.add - row.fill + 1)
        row.end = row.start + row.add - row.fill - row.pull
        row.rest = below(row.end + 1)
    }

    /// Windows of a dense lattice: a wandering anchor that sometimes leaps far away and back, windows that are
    /// invalid, have no anchor or no row.
    mutating func windows(_ count: Int, halfWidth: Int, step: Int64, start: Int64) -> [Window] {
        var windows: [Window] = []
        var tick = start
        for _ in 0..<count {
            tick += Int64(below(7)) - 3
            if chance(4) { tick += Int64(below(2000)) - 1000 }
            tick = max(tick, 1)
            if chance(8) {
                windows.append(Window(spotRef: nil, isValid: false))
                continue
            }
            var window = Window(spotRef: tick * step, isValid: !chance(20))
            if !chance(10) {
                let shifts = [below(9) - 4, below(9) - 4]
                for side in 0..<2 {
                    for x in -halfWidth...halfWidth where chance(25) {
                        var row = Row(x: x, side: side, shift: shifts[side])
                        fill(&row)
                        window.rows.append(row)
                    }
                }
            }
            windows.append(window)
        }
        return windows
    }
}
