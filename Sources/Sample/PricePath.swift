import CivilTime

/// What the index is worth from second to second: every product of the sample follows it, so that futures,
/// their options, the fund and its options agree.
///
/// A random walk that is livelier in regular hours and pulled back softly to its level, in units of 1e-4
/// points.
struct PricePath {
    /// Ten-thousandths of a point.
    static let unitsPerPoint = 10_000

    private let start: Int64
    private let values: [Int]

    /// One UTC date, beginning at `level`.
    ///
    /// - Parameter liveliness: standard deviation of a second's move in regular hours.
    init(date: CivilDate, from level: Int, around anchor: Int, liveliness: Int, random: inout Random) {
        start = date.utcNanoseconds
        let open = NewYork.utcNanoseconds(of: date, secondOfDay: 9 * 3600 + 1800)
        let close = NewYork.utcNanoseconds(of: date, secondOfDay: 16 * 3600)
        var value = level
        var values: [Int] = []
        values.reserveCapacity(86_400)
        for second in 0..<86_400 {
            values.append(value)
            let now = start + Int64(second) * 1_000_000_000
            let isRegular = now >= open && now < close
            value +=
                random.normal(sigma: isRegular ? liveliness : max(1, liveliness / 4)) + (anchor - value)
                / 40_000
        }
        self.values = values
    }

    /// The value at an instant; before and after the date that of its first and last second.
    func value(at instant: Int64) -> Int {
        values[Int(min(86_399, max(0, (instant - start) / 1_000_000_000)))]
    }

    var last: Int { values[86_399] }
}

/// An option's worth by a rule of thumb in integers: what exercising gives, plus a hump of time value around
/// the strike that shrinks with the square root of the time left.
struct OptionValue {
    let isCall: Bool
    /// Unit of the path.
    let strike: Int
    /// Nanoseconds since 1970-01-01 UTC.
    let expiration: Int64
    /// Time value at the strike with one session of 23 400 s left.
    let sessionValue: Int

    /// In the unit of `spot`, at least 0.
    func value(spot: Int, at instant: Int64) -> Int {
        let secondsLeft = max(0, Int((expiration - instant) / 1_000_000_000))
        let peak = sessionValue * squareRoot(secondsLeft * 10_000 / 23_400) / 100
        let width = max(1, peak * 3)
        let distance = spot - strike
        let hump = peak * (width * width / 64) / max(1, (width * width + distance * distance) / 64)
        return max(0, isCall ? distance : -distance) + hump
    }
}
