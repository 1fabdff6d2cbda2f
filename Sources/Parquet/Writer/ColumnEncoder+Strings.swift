import Columnar

extension ColumnEncoder {
    /// Largest dictionary of strings: entries, and bytes of the entries.
    private static let maximumEntries = 1 << 16
    private static let maximumBytes = 1 << 20

    /// Symbols: the contract's whole list is the dictionary, so that every file of a contract numbers them alike.
    func encode(
        symbols values: UnsafePointer<UInt8>, _ count: Int, _ list: [String], _ scratch: PageScratch
    ) -> EncodedValues {
        let (low, high) = integerBounds(values, count: count)
        precondition(Int(high) < list.count, "a symbol's index lies in the list")
        for i in 0..<count { scratch.indices[i] = UInt32(values[i]) }
        choice = .dictionary
        dictionaryCount = list.count
        appendIndices(count, isConstant: low == high, dictionaryCount: list.count, scratch)

        // The list's order is not the order of the strings: look at every symbol that occurs.
        var bounds = PageBounds.none
        withUnsafeTemporaryAllocation(of: Bool.self, capacity: 256) { occurs in
            occurs.initialize(repeating: false)
            for i in 0..<count { occurs[Int(values[i])] = true }
            for index in 0..<list.count where occurs[index] {
                let bytes = [UInt8](list[index].utf8)
                bounds = bounds.union(.bytes(bytes, bytes))
            }
        }
        return EncodedValues(encoding: .rleDictionary, bounds: bounds)
    }

    /// Strings: a dictionary where that is smaller on the chunk's first page, and as long as it stays small; else
    /// lengths as differences and then the bytes. The choice depends on the chunk's values only.
    ///
    /// - Parameter codes: indices into the pool.
    func encode(strings codes: UnsafePointer<UInt32>, _ count: Int, _ scratch: PageScratch) -> EncodedValues {
        if choice != .direct {
            let fits = pool.count <= Self.maximumEntries && pool.bytes.count <= Self.maximumBytes
            if choice == .undecided {
                let width = BitPacking.width(UInt32(max(pool.count - 1, 1)))
                let dictionarySize = pool.bytes.count + 4 * pool.count + (count * width + 7) / 8
                // A length takes about a byte.
                choice = fits && dictionarySize <= stagedStringBytes + count ? .dictionary : .direct
            } else if !fits {
                closeDictionary()
                choice = .direct
            }
        }
        let bounds = stringBounds(codes, count)
        guard choice == .direct else {
            dictionaryCount = pool.count
            scratch.indices.update(from: codes, count: count)
            let (low, high) = integerBounds(codes, count: count)
            appendIndices(count, isConstant: low == high, dictionaryCount: dictionaryCount, scratch)
            return EncodedValues(encoding: .rleDictionary, bounds: bounds)
        }
        scratch.indices.withMemoryRebound(to: Int32.self, capacity: count) { lengths in
            for i in 0..<count { lengths[i] = Int32(pool.length(of: Int(codes[i]))) }
            DeltaEncoder.append(UnsafePointer(lengths), count: count, to: &scratch.body)
        }
        pool.bytes.withUnsafeElements { bytes in
            for i in 0..<count {
                let range = pool.range(of: Int(codes[i]))
                scratch.body.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[range]))
            }
        }
        return EncodedValues(encoding: .deltaLengthByteArray, bounds: bounds)
    }

    /// Bounds of the strings that occur in a page, by bytes.
    private func stringBounds(_ codes: UnsafePointer<UInt32>, _ count: Int) -> PageBounds {
        withUnsafeTemporaryAllocation(of: Bool.self, capacity: pool.count) { occurs in
            occurs.initialize(repeating: false)
            for i in 0..<count { occurs[Int(codes[i])] = true }
            return pool.bytes.withUnsafeElements { bytes in
                var low: UnsafeBufferPointer<UInt8>?
                var high: UnsafeBufferPointer<UInt8>?
                for index in 0..<pool.count where occurs[index] {
                    let string = UnsafeBufferPointer(rebasing: bytes[pool.range(of: index)])
                    if low == nil || string.lexicographicallyPrecedes(low!) { low = string }
                    if high == nil || high!.lexicographicallyPrecedes(string) { high = string }
                }
                return .bytes([UInt8](low!), [UInt8](high!))
            }
        }
    }
}
