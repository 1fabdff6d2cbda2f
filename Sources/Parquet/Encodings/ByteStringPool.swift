import Columnar

/// Distinct byte strings in order of first appearance, in one run of bytes.
///
/// Invariants: string `i` is `bytes[ends[i - 1] ..< ends[i]]`; at most half of the slots are taken; a slot holds 0
/// or the index of its string plus 1.
struct ByteStringPool: ~Copyable {
    private(set) var bytes = Buffer<UInt8>()
    private var ends = Buffer<Int>()
    private var hashes = Buffer<UInt64>()
    private var slots = Buffer<UInt32>()

    init() {
        removeAll()
    }

    var count: Int { ends.count }

    mutating func removeAll() {
        bytes.removeAll()
        ends.removeAll()
        hashes.removeAll()
        resize(slotCount: 64)
    }

    /// Where string `index` lies in `bytes`.
    @inline(__always)
    func range(of index: Int) -> Range<Int> {
        (index == 0 ? 0 : ends[index - 1])..<ends[index]
    }

    @inline(__always)
    func length(of index: Int) -> Int {
        range(of: index).count
    }

    /// The index of the string, which is added when it is new. O(length) amortised.
    mutating func index(of string: String) -> UInt32 {
        var copy = string
        return copy.withUTF8 { index(of: $0) }
    }

    private mutating func index(of string: UnsafeBufferPointer<UInt8>) -> UInt32 {
        let hash = Self.hash(string)
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[slot] != 0 {
            let index = Int(slots[slot]) - 1
            if hashes[index] == hash, isEqual(index, string) { return UInt32(index) }
            slot = (slot + 1) & (slots.count - 1)
        }
        bytes.append(contentsOf: string)
        ends.append(bytes.count)
        hashes.append(hash)
        if ends.count * 2 > slots.count {
            resize(slotCount: slots.count * 2)
        } else {
            slots[slot] = UInt32(ends.count)
        }
        return UInt32(ends.count - 1)
    }

    private func isEqual(_ index: Int, _ string: UnsafeBufferPointer<UInt8>) -> Bool {
        let range = range(of: index)
        guard range.count == string.count else { return false }
        return bytes.withUnsafeElements { UnsafeBufferPointer(rebasing: $0[range]).elementsEqual(string) }
    }

    private mutating func resize(slotCount: Int) {
        slots.removeAll()
        slots.append(repeating: 0, count: slotCount)
        for index in 0..<ends.count {
            var slot = Int(truncatingIfNeeded: hashes[index]) & (slotCount - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (slotCount - 1) }
            slots[slot] = UInt32(index + 1)
        }
    }

    /// FNV-1a, with the high bits folded in because slots are chosen by the low ones.
    private static func hash(_ string: UnsafeBufferPointer<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in string { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        return hash ^ (hash >> 32)
    }
}
