/// Numbers as people read them. Results for machines never use these.
public enum Human {
    /// `1,234,567`
    public static func count(_ number: Int) -> String {
        let digits = String(number.magnitude)
        var text = number < 0 ? "-" : ""
        for (position, digit) in digits.enumerated() {
            if position > 0, (digits.count - position) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return text
    }

    /// Bytes in decimal multiples: `512 B`, `4.5 kB`, `1.2 GB`.
    public static func bytes(_ number: Int) -> String {
        scaled(Double(number), ["B", "kB", "MB", "GB", "TB", "PB"])
    }

    /// A quantity per second: `950`, `3.2 k`, `15.1 M`.
    public static func magnitude(_ number: Double) -> String {
        scaled(number, ["", "k", "M", "G", "T"])
    }

    private static func scaled(_ number: Double, _ units: [String]) -> String {
        var value = number
        var unit = 0
        // 999.5 would be rounded to 1000 of the smaller unit.
        while value.magnitude >= 999.5, unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        let text = unit == 0 || value.magnitude >= 99.95 ? String(Int(value.rounded())) : decimal(value)
        return units[unit].isEmpty ? text : "\(text) \(units[unit])"
    }

    /// `0.4 s`, `12 s`, `3 min 05 s`, `2 h 07 min`
    public static func duration(seconds: Double) -> String {
        if seconds < 9.95 { return "\(decimal(max(0, seconds))) s" }
        let whole = seconds < 1e15 ? Int(seconds.rounded()) : Int(1e15)
        if whole < 60 { return "\(whole) s" }
        if whole < 3600 { return "\(whole / 60) min \(twoDigits(whole % 60)) s" }
        let minutes = (whole + 30) / 60
        return "\(count(minutes / 60)) h \(twoDigits(minutes % 60)) min"
    }

    /// `1 file`, `2 files`
    public static func plural(_ number: Int, _ one: String, _ many: String? = nil) -> String {
        "\(count(number)) \(number == 1 ? one : many ?? one + "s")"
    }

    private static func decimal(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths < 0 ? "-" : "")\(tenths.magnitude / 10).\(tenths.magnitude % 10)"
    }

    private static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
