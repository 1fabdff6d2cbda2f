import Columnar

/// The distinct integers of a column chunk in order of first appearance, found by open addressing.
///
/// Invariants: at most half of the slots are taken; a slot holds 0 or the index of its value plus 1.
struct IntegerDictionary: ~Copyable {
    /// More distinct integers than this are not "few": the lookups leave the caches.
    static let maximumCount = 1 << 14

    private(set) var values = Buffer<Int64>()
    private var slots = Buffer<UInt32>()
    private var shift: UInt64 = 0

    init() {
        removeAll()
    }

    var count: Int { values.count }

    mutating func removeAll() {
        values.removeAll()
        resize(slotCount: 64)
    }

    /// Forgets all but the first `kept` values.
    mutating func truncate(to kept: Int) {
        guard kept < values.count else { return }
        values.removeLast(values.count - kept)
        resize(slotCount: slots.count)
    }

    /// Writes the index of each value, adding new ones.
    ///
    /// - Returns: false when there would be more than `limit` distinct values; the indices then have no meaning and
    ///   the dictionary is as before.
    /// - Complexity: O(count).
    mutating func index<T: FixedWidthInteger & SignedInteger>(
        _ source: UnsafePointer<T>, count: Int, limit: Int, to out: UnsafeMutablePointer<UInt32>
    ) -> Bool {
        let before = values.count
        var done = 0
        while done < count {
            let missing = lookUp(source, from: done, count: count, to: out)
            guard missing < count else { return true }
            guard values.count < limit else {
                truncate(to: before)
                return false
            }
            insert(Int64(source[missing]))
            done = missing
        }
        return true
    }

    /// Writes indices until a value is not found, and returns its position.
    @inline(__always)
    private func lookUp<T: FixedWidthInteger & SignedInteger>(
        _ source: UnsafePointer<T>, from start: Int, count: Int, to out: UnsafeMutablePointer<UInt32>
    ) -> Int {
        let mask = slots.count - 1
        let shift = shift
        return slots.withUnsafeElements { slots in
            values.withUnsafeElements { values in
                // In bounds: a hash has as many bits as the mask, and a slot's index is that of a value.
                let slots = slots.baseAddress!
                let values = values.baseAddress!
                for i in start..<count {
                    let value = Int64(source[i])
                    var slot = Self.hash(value, shift)
                    while true {
                        let entry = slots[slot]
                        if entry == 0 { return i }
                        if values[Int(entry) - 1] == value {
                            out[i] = entry - 1
                            break
                        }
                        slot = (slot + 1) & mask
                    }
                }
                return count
            }
        }
    }

    private mutating func insert(_ value: Int64) {
        values.append(value)
        if values.count * 2 > slots.count {
            resize(slotCount: slots.count * 2)
        } else {
            place(values.count - 1)
        }
    }

    private mutating func resize(slotCount: Int) {
        slots.removeAll()
        slots.append(repeating: 0, count: slotCount)
        shift = UInt64(64 - slotCount.trailingZeroBitCount)
        for index in 0..<values.count { place(index) }
    }

    private mutating func place(_ index: Int) {
        var slot = Self.hash(values[index], shift)
        while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = UInt32(index + 1)
    }

    @inline(__always)
    private static func hash(_ value: Int64, _ shift: UInt64) -> Int {
        Int(truncatingIfNeeded: (UInt64(bitPattern: value) &* 0x9E37_79B9_7F4A_7C15) &>> shift)
    }
}
