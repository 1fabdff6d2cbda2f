/// A whole second of a day as people write it: `09:30`, `09:30:00` in New York, or `22:40:00Z` in UTC.
public struct ClockTime: Hashable, Sendable {
    /// 0…86 400
    public let secondOfDay: Int
    public let isUTC: Bool

    /// Reads `HH:MM[:SS][Z]`, up to `24:00:00`.
    public init?(parsing text: String) {
        var bytes = Array(text.utf8)[...]
        isUTC = bytes.last == UInt8(ascii: "Z")
        if isUTC { bytes.removeLast() }
        let parts = bytes.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3 else { return nil }
        var numbers: [Int] = []
        for part in parts {
            guard part.count == 2, part.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
            else { return nil }
            numbers.append(part.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) })
        }
        let second = numbers.count == 3 ? numbers[2] : 0
        guard numbers[1] < 60, second < 60 else { return nil }
        secondOfDay = numbers[0] * 3600 + numbers[1] * 60 + second
        guard secondOfDay <= 86_400 else { return nil }
    }

    /// `HH:MM:SS`, in UTC with a final `Z`.
    public var text: String {
        let parts = [secondOfDay / 3600, secondOfDay / 60 % 60, secondOfDay % 60].map {
            $0 < 10 ? "0\($0)" : "\($0)"
        }
        return parts.joined(separator: ":") + (isUTC ? "Z" : "")
    }

    /// The instant on a date, in nanoseconds since 1970-01-01 UTC.
    public func utcNanoseconds(on date: CivilDate) -> Int64 {
        isUTC
            ? date.utcNanoseconds + Int64(secondOfDay) * 1_000_000_000
            : NewYork.utcNanoseconds(of: date, secondOfDay: secondOfDay)
    }
}
