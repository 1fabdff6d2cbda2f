import Columnar

extension ColumnEncoder {
    /// Runs of bits behind their length.
    func encode(booleans values: UnsafePointer<Bool>, _ count: Int, _ scratch: PageScratch) -> EncodedValues {
        let flags = UnsafeBufferPointer(start: values, count: count)
        appendLittleEndian(UInt32(0), to: &scratch.body)
        RunLengthEncoder.append(flags: flags, packed: &scratch.packedFlags, to: &scratch.body)
        let length = UInt32(scratch.body.count - 4)
        for byte in 0..<4 { scratch.body[byte] = UInt8(truncatingIfNeeded: length >> UInt32(8 * byte)) }
        let set = countTrue(flags)
        return EncodedValues(encoding: .rle, bounds: .boolean(set == count, set > 0))
    }

    /// Instants: always differences.
    func encode(instants values: UnsafePointer<Int64>, _ count: Int, _ scratch: PageScratch) -> EncodedValues {
        let (low, high) = integerBounds(values, count: count)
        return encodeDeltas(values, count, low, high, scratch)
    }

    /// Integers: a dictionary where that is smaller than differences on the chunk's first page, and as long as it
    /// stays small; else differences. The choice depends on the chunk's values only.
    func encode<T: FixedWidthInteger & SignedInteger>(
        integers values: UnsafePointer<T>, _ count: Int, _ scratch: PageScratch
    ) -> EncodedValues {
        let (low, high) = integerBounds(values, count: count)
        if choice == .undecided {
            if low == high {
                choice = .dictionary
            } else {
                let deltas = encodeDeltas(values, count, low, high, scratch)
                // Indices keep how often a value occurs, which compression makes use of; differences blur it.
                let size = compression == .none ? scratch.body.count : scratch.body.count * 5 / 4
                let limit = dictionaryLimit(count: count, elementSize: T.bitWidth / 8, toBeat: size)
                guard limit > 1, integers.index(values, count: count, limit: limit, to: scratch.indices)
                else {
                    choice = .direct
                    return deltas
                }
                choice = .dictionary
                scratch.body.removeAll()
                return finishDictionary(count, low, high, scratch)
            }
        }
        if choice == .dictionary {
            let distinct = low == high ? 1 : count
            if integers.index(
                values, count: distinct, limit: IntegerDictionary.maximumCount, to: scratch.indices)
            {
                return finishDictionary(count, low, high, scratch)
            }
            closeDictionary()
            choice = .direct
        }
        return encodeDeltas(values, count, low, high, scratch)
    }

    /// The body of a dictionary page's worth of indices, which are in the scratch.
    private func finishDictionary<T: FixedWidthInteger & SignedInteger>(
        _ count: Int, _ low: T, _ high: T, _ scratch: PageScratch
    ) -> EncodedValues {
        dictionaryCount = integers.count
        appendIndices(count, isConstant: low == high, dictionaryCount: dictionaryCount, scratch)
        return EncodedValues(encoding: .rleDictionary, bounds: bounds(low, high))
    }

    private func encodeDeltas<T: FixedWidthInteger & SignedInteger>(
        _ values: UnsafePointer<T>, _ count: Int, _ low: T, _ high: T, _ scratch: PageScratch
    ) -> EncodedValues {
        var result = EncodedValues(encoding: .deltaBinaryPacked, bounds: bounds(low, high))
        if low == high { result.constantBits = UInt64(bitPattern: Int64(low)) }
        if !isCached(result.constantBits, count) {
            DeltaEncoder.append(values, count: count, to: &scratch.body)
        }
        return result
    }

    private func bounds<T: FixedWidthInteger & SignedInteger>(_ low: T, _ high: T) -> PageBounds {
        T.bitWidth == 32
            ? .int32(Int32(truncatingIfNeeded: low), Int32(truncatingIfNeeded: high))
            : .int64(Int64(low), Int64(high))
    }

    /// Most entries with which a dictionary and its indices take less than `size` bytes.
    private func dictionaryLimit(count: Int, elementSize: Int, toBeat size: Int) -> Int {
        var limit = 0
        for width in 1...IntegerDictionary.maximumCount.trailingZeroBitCount {
            let rest = size - (count * width + 7) / 8
            guard rest > 0 else { break }
            limit = max(limit, min(1 << width, rest / elementSize))
        }
        return limit
    }

    /// Doubles: byte streams, never a dictionary.
    func encode(doubles values: UnsafePointer<Double>, _ count: Int, _ scratch: PageScratch) -> EncodedValues {
        let scan = DoubleScan(copying: values, count: count, to: scratch.values)
        var result = EncodedValues(encoding: .byteStreamSplit, bounds: scan.bounds)
        if scan.isConstant { result.constantBits = scratch.values[0].bitPattern }
        guard !isCached(result.constantBits, count) else { return result }
        scratch.body.append(count: count * 8) { target in
            if let bits = result.constantBits {
                for stream in 0..<8 {
                    let byte = UInt8(truncatingIfNeeded: bits >> UInt64(8 * stream))
                    (target.baseAddress! + stream * count).update(repeating: byte, count: count)
                }
            } else {
                UnsafeRawPointer(scratch.values).withMemoryRebound(to: UInt64.self, capacity: count) {
                    words in
                    ByteStreamSplit.split(words, count: count, to: target.baseAddress!)
                }
            }
        }
        return result
    }

    /// Whether the finished page of these values is at hand.
    private func isCached(_ bits: UInt64?, _ count: Int) -> Bool {
        guard let bits, let key = constant.key else { return false }
        return key == (bits, count)
    }

    /// Appends a page body of the first `count` indices in the scratch: their width, then their runs.
    func appendIndices(_ count: Int, isConstant: Bool, dictionaryCount: Int, _ scratch: PageScratch) {
        // Readers disagree whether a width of 0 is allowed.
        let width = max(1, BitPacking.width(UInt32(dictionaryCount - 1)))
        scratch.body.append(UInt8(width))
        if isConstant {
            RunLengthEncoder.append(run: scratch.indices[0], count: count, width: width, to: &scratch.body)
        } else {
            RunLengthEncoder.append(scratch.indices, count: count, width: width, to: &scratch.body)
        }
    }
}
