import Glibc

/// A number with two decimals, rounded like printf: to the nearer one by its exact value, ties to even.
func hundredths(_ value: Double) -> String {
    // The largest double has 309 digits before the point.
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 320) { text in
        let length = withVaList([value]) { vsnprintf(text.baseAddress, text.count, "%.2f", $0) }
        return String(decoding: text.prefix(Int(length)).lazy.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
