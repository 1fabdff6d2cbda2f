/// Smallest and largest value of a page or a column chunk, in the order that readers are told to trust: numbers by
/// value, strings by their bytes. Nulls and NaN take no part.
enum PageBounds: Equatable {
    /// No value, or none but NaN.
    case none
    case boolean(Bool, Bool)
    case int32(Int32, Int32)
    case int64(Int64, Int64)
    case double(Double, Double)
    case bytes([UInt8], [UInt8])

    /// The bounds of both.
    func union(_ other: PageBounds) -> PageBounds {
        switch (self, other) {
        case (.none, let bounds), (let bounds, .none): bounds
        case (.boolean(let a, let b), .boolean(let c, let d)): .boolean(a && c, b || d)
        case (.int32(let a, let b), .int32(let c, let d)): .int32(min(a, c), max(b, d))
        case (.int64(let a, let b), .int64(let c, let d)): .int64(min(a, c), max(b, d))
        case (.double(let a, let b), .double(let c, let d)): .double(min(a, c), max(b, d))
        case (.bytes(let a, let b), .bytes(let c, let d)):
            .bytes(c.lexicographicallyPrecedes(a) ? c : a, b.lexicographicallyPrecedes(d) ? d : b)
        default: preconditionFailure("bounds of one column have one type")
        }
    }

    /// Both bounds as statistics hold them: PLAIN, strings without a length.
    var encoded: (minimum: [UInt8], maximum: [UInt8])? {
        switch self {
        case .none: nil
        case .boolean(let low, let high): ([low ? 1 : 0], [high ? 1 : 0])
        case .int32(let low, let high): (littleEndian(low), littleEndian(high))
        case .int64(let low, let high): (littleEndian(low), littleEndian(high))
        // The sign of a zero bound is not to be trusted, says the format: the minimum is written as −0, the
        // maximum as +0, so that neither zero lies outside.
        case .double(let low, let high):
            (
                littleEndian((low == 0 ? -0.0 : low).bitPattern),
                littleEndian((high == 0 ? 0.0 : high).bitPattern)
            )
        case .bytes(let low, let high): (low, high)
        }
    }

    /// Whether neither bound descends from `self` to `next`.
    func ascends(to next: PageBounds) -> Bool {
        switch (self, next) {
        case (.boolean(let a, let b), .boolean(let c, let d)): (!a || c) && (!b || d)
        case (.int32(let a, let b), .int32(let c, let d)): a <= c && b <= d
        case (.int64(let a, let b), .int64(let c, let d)): a <= c && b <= d
        case (.double(let a, let b), .double(let c, let d)): a <= c && b <= d
        case (.bytes(let a, let b), .bytes(let c, let d)):
            !c.lexicographicallyPrecedes(a) && !d.lexicographicallyPrecedes(b)
        default: false
        }
    }

    private func littleEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) }
    }
}

/// Bounds of at least one integer. O(count).
func integerBounds<T: FixedWidthInteger>(_ values: UnsafePointer<T>, count: Int) -> (T, T) {
    precondition(count > 0)
    var low = values[0]
    var high = low
    for i in 0..<count {
        low = min(low, values[i])
        high = max(high, values[i])
    }
    return (low, high)
}

/// What one pass over the doubles of a page finds out.
struct DoubleScan {
    var minimum: Double
    var maximum: Double
    /// All values have the same bits.
    var isConstant: Bool

    var bounds: PageBounds { minimum <= maximum ? .double(minimum, maximum) : .none }

    /// Copies the values with −0.0 as 0.0, because equal values must have equal bytes, and looks at them.
    ///
    /// - Complexity: O(count), 4 values at a time.
    init(copying source: UnsafePointer<Double>, count: Int, to out: UnsafeMutablePointer<Double>) {
        precondition(count > 0)
        typealias Lanes = SIMD4<Double>
        typealias Bits = SIMD4<UInt64>
        let first = source[0] == 0 ? 0.0 : source[0]
        let firstBits = Bits(repeating: first.bitPattern)
        var low = Lanes(repeating: .infinity)
        var high = Lanes(repeating: -.infinity)
        var difference = Bits.zero
        let whole = count & ~3
        let input = UnsafeRawPointer(source)
        let output = UnsafeMutableRawPointer(out)
        for offset in stride(from: 0, to: whole * 8, by: 32) {
            var lanes = input.loadUnaligned(fromByteOffset: offset, as: Lanes.self)
            lanes.replace(with: Lanes.zero, where: lanes .== Lanes.zero)
            output.storeBytes(of: lanes, toByteOffset: offset, as: Lanes.self)
            low.replace(with: lanes, where: lanes .< low)
            high.replace(with: lanes, where: lanes .> high)
            difference |= unsafeBitCast(lanes, to: Bits.self) ^ firstBits
        }
        minimum = min(min(low[0], low[1]), min(low[2], low[3]))
        maximum = max(max(high[0], high[1]), max(high[2], high[3]))
        var rest: UInt64 = difference[0] | difference[1] | difference[2] | difference[3]
        for i in whole..<count {
            let value = source[i] == 0 ? 0.0 : source[i]
            out[i] = value
            if value < minimum { minimum = value }
            if value > maximum { maximum = value }
            rest |= value.bitPattern ^ first.bitPattern
        }
        isConstant = rest == 0
    }
}
