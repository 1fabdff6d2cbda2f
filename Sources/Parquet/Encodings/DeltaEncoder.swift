import Columnar

/// DELTA_BINARY_PACKED: the first value, then blocks of 256 differences, each block's smallest difference and the
/// excess over it in 4 miniblocks with a bit width each. (Smaller blocks follow the data better and cost more for
/// their own numbers; on order and quote times this is where the two meet.)
///
/// Differences wrap around, as the format wants it: the reader's additions wrap back.
enum DeltaEncoder {
    static let blockValues = 256
    static let miniblocks = 4
    static let miniblockValues = blockValues / miniblocks

    /// Appends the page body of `count` values.
    ///
    /// - Complexity: O(count).
    static func append<T: FixedWidthInteger & SignedInteger>(
        _ values: UnsafePointer<T>, count: Int, to bytes: inout Buffer<UInt8>
    ) {
        appendVarint(UInt64(blockValues), to: &bytes)
        appendVarint(UInt64(miniblocks), to: &bytes)
        appendVarint(UInt64(count), to: &bytes)
        appendVarint(zigzag(count > 0 ? Int64(values[0]) : 0), to: &bytes)
        guard count > 1 else { return }
        let blocks = (count - 1 + blockValues - 1) / blockValues
        let room = blocks * (10 + miniblocks + blockValues * T.bitWidth / 8) + BitPacking.slack
        var used = 0
        bytes.append(count: room) { target in
            withUnsafeTemporaryAllocation(of: UInt64.self, capacity: blockValues) { excess in
                var out = UnsafeMutableRawPointer(target.baseAddress!)
                var done = 1
                while done < count {
                    let n = min(blockValues, count - done)
                    appendBlock(values + done, count: n, excess: excess.baseAddress!, to: &out)
                    done += n
                }
                used = out - UnsafeMutableRawPointer(target.baseAddress!)
            }
        }
        bytes.removeLast(room - used)
    }

    /// One block; the value before `values` belongs to the block before.
    @inline(__always)
    private static func appendBlock<T: FixedWidthInteger & SignedInteger>(
        _ values: UnsafePointer<T>, count: Int, excess: UnsafeMutablePointer<UInt64>,
        to out: inout UnsafeMutableRawPointer
    ) {
        var smallest = T.max
        for i in 0..<count {
            let delta = values[i] &- values[i - 1]
            smallest = min(smallest, delta)
            excess[i] = UInt64(bitPattern: Int64(delta))
        }
        let base = UInt64(bitPattern: Int64(smallest))
        for i in 0..<count { excess[i] = excess[i] &- base }
        for i in count..<blockValues { excess[i] = 0 }

        storeVarint(zigzag(Int64(smallest)), at: &out)
        let widths = out
        out += miniblocks
        for m in 0..<miniblocks {
            let mini = UnsafePointer(excess + m * miniblockValues)
            var bits: UInt64 = 0
            for i in 0..<miniblockValues { bits |= mini[i] }
            let width = BitPacking.width(bits)
            widths.storeBytes(of: UInt8(width), toByteOffset: m, as: UInt8.self)
            // A miniblock without values has no body.
            guard m * miniblockValues < count else { continue }
            BitPacking.pack(mini, groups: miniblockValues / 8, width: width, to: out)
            out += miniblockValues / 8 * width
        }
    }
}
