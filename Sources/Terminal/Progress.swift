/// How far a piece of work is.
public struct Progress: Sendable {
    /// What is being done, such as `bronze ESH6 2026-03-03`.
    public var label: String
    /// In the unit of `total`: rows, bytes or tasks.
    public var done: Int
    /// Zero while it is not known.
    public var total: Int
    /// What is counted, in the plural.
    public var unit: String

    public init(label: String, done: Int, total: Int, unit: String) {
        self.label = label
        self.done = done
        self.total = total
        self.unit = unit
    }

    /// One line of at most `width` characters.
    ///
    /// - Parameter elapsedSeconds: since the work began; rate and remaining time follow from it.
    /// - Parameter width: of the terminal.
    public func line(elapsedSeconds: Double, width: Int) -> String {
        var parts: [String] = []
        if total > 0 {
            let share = min(1, Double(done) / Double(total))
            let filled = Int(share * 20)
            let percent = Int(share * 100)
            parts.append(
                "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: 20 - filled)
                    + "] \(percent < 10 ? "  " : percent < 100 ? " " : "")\(percent) %")
        }
        parts.append("\(Human.magnitude(Double(done))) \(unit)")
        if elapsedSeconds > 0.5, done > 0 {
            let rate = Double(done) / elapsedSeconds
            parts.append("\(Human.magnitude(rate)) \(unit)/s")
            if total > done {
                parts.append("\(Human.duration(seconds: Double(total - done) / rate)) left")
            }
        }
        let numbers = parts.joined(separator: "  ")
        let room = width - numbers.count - 2
        guard room > 3, !label.isEmpty else { return String(numbers.prefix(width)) }
        let safe = printable(label)
        return numbers + "  " + (safe.count <= room ? safe : safe.prefix(room - 1) + "…")
    }
}
