import Tables

extension Sessions.Row {
    /// The session in nanoseconds: `[start, end)`, so that an event is in it exactly when its `ts_ms` is.
    var nanoseconds: Range<Int64> {
        startTsMs * nanosecondsPerMillisecond..<endTsMs * nanosecondsPerMillisecond
    }
}

let nanosecondsPerMillisecond: Int64 = 1_000_000

/// `ts_ms` of an instant: rounded down, also before the epoch. Source: spec/recorder.md 2.3.
func milliseconds(of nanoseconds: Int64) -> Int64 {
    floored(nanoseconds, by: nanosecondsPerMillisecond)
}

/// `div` of spec/recorder.md 2.2: integer division rounding down.
func floored(_ dividend: Int64, by divisor: Int64) -> Int64 {
    let (quotient, remainder) = dividend.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
}

/// A quote or trade price as silver and gold hold it. Source: spec/recorder.md 2.1.
extension Double {
    init(priceInt: Int64) { self = Double(priceInt) / 1e9 }
}
