import Columnar

extension ColumnDecoder {
    // MARK: Opening

    /// Bounds-checks the dictionary; strings are made from their bytes.
    func checkDictionary(size: Int) throws(FormatError) {
        switch type {
        case .int32, .int64, .double:
            guard size / elementSize >= dictionaryCount else {
                throw FormatError("\(dictionaryCount) entries in \(size) bytes")
            }
        case .byteArray:
            guard dictionaryCount <= size / 4 else {
                throw FormatError("\(dictionaryCount) strings in \(size) bytes")
            }
            let claim = dictionaryCount * Self.stringOverhead + size
            try budget.exchange(dictionaryClaim, for: claim)
            dictionaryClaim = claim
            dictionaryStrings.reserveCapacity(dictionaryCount)
            var next = 0
            for _ in 0..<dictionaryCount {
                let length = try plainLength(dictionary.start, at: next, end: size)
                dictionaryStrings.append(try string(dictionary.start, at: next + 4, length: length))
                next += 4 + length
            }
        default: throw FormatError("a dictionary of booleans")
        }
    }

    /// Bytes that a string takes beside its text, at most.
    static let stringOverhead = 48

    /// Makes a page's values ready.
    func openValues(_ number: Int32, count: Int, at offset: Int, end: Int) throws(FormatError) {
        guard let known = Encoding(rawValue: number) else { throw unsupported("number \(number)") }
        encoding = known == .plainDictionary ? .rleDictionary : known
        valuesNext = offset
        valuesEnd = end
        runs = nil
        deltas = nil
        streamNext = 0
        let bytes = UnsafeRawBufferPointer(start: page.start + offset, count: end - offset)
        switch (encoding, type) {
        case (.plain, _):
            break
        case (.rleDictionary, .int32), (.rleDictionary, .int64), (.rleDictionary, .double),
            (.rleDictionary, .byteArray):
            // A page of nulls may have no body.
            guard let width = bytes.first else { return }
            guard width <= 32 else { throw FormatError("indices of \(width) bits", at: offset) }
            runs = RunLengthDecoder(UnsafeRawBufferPointer(rebasing: bytes.dropFirst()), width: Int(width))
        case (.rle, .boolean):
            guard !bytes.isEmpty else { return }
            guard bytes.count >= 4 else { throw FormatError("runs without a length", at: offset) }
            let length = Int(bytes.loadUnaligned(as: UInt32.self))
            guard length <= bytes.count - 4 else {
                throw FormatError("runs reach beyond the page", at: offset)
            }
            runs = RunLengthDecoder(UnsafeRawBufferPointer(rebasing: bytes[4..<4 + length]), width: 1)
        case (.deltaBinaryPacked, .int32), (.deltaBinaryPacked, .int64):
            guard !bytes.isEmpty else { return }
            deltas = try DeltaDecoder(bytes)
        case (.byteStreamSplit, .int32), (.byteStreamSplit, .int64), (.byteStreamSplit, .double):
            guard bytes.count % elementSize == 0 else {
                throw FormatError("\(bytes.count) bytes of streams", at: offset)
            }
            streamTotal = bytes.count / elementSize
        case (.deltaLengthByteArray, .byteArray):
            lengthCount = 0
            lengthNext = 0
            guard !bytes.isEmpty else { return }
            let run = try readLengths(bytes, to: &lengths)
            lengthCount = run.count
            valuesNext += run.size
        case (.deltaByteArray, .byteArray):
            lengthCount = 0
            lengthNext = 0
            previousString = []
            guard !bytes.isEmpty else { return }
            let first = try readLengths(bytes, to: &prefixes)
            let second = try readLengths(UnsafeRawBufferPointer(rebasing: bytes[first.size...]), to: &lengths)
            guard first.count == second.count else {
                throw FormatError("\(first.count) prefixes and \(second.count) suffixes", at: offset)
            }
            lengthCount = first.count
            valuesNext += first.size + second.size
        default: throw unsupported(known.name)
        }
    }

    private func unsupported(_ encoding: String) -> FormatError {
        FormatError("encoding \(encoding) of \(type.name) is not supported", kind: .unsupported)
    }

    // MARK: Decoding

    /// Writes the page's next `count` values, without nulls, to `values` from row `first` on.
    func decodeValues(_ count: Int, at first: Int) throws(FormatError) {
        guard count > 0 else { return }
        switch type {
        case .boolean: try decodeBooleans(count, to: values.start.assumingMemoryBound(to: Bool.self) + first)
        case .int32: try decodeNumbers(count, to: values.start.assumingMemoryBound(to: UInt32.self) + first)
        case .int64, .double:
            try decodeNumbers(count, to: values.start.assumingMemoryBound(to: UInt64.self) + first)
        case .byteArray:
            try decodeStrings(count, to: values.start.assumingMemoryBound(to: UInt32.self) + first)
        default: preconditionFailure("a type that no column has")
        }
    }

    func tooFew() -> FormatError {
        FormatError("the page ends before its last value", at: valuesNext)
    }

    private func decodeBooleans(_ count: Int, to out: UnsafeMutablePointer<Bool>) throws(FormatError) {
        if encoding == .rle {
            guard runs != nil else { throw tooFew() }
            _ = try runs!.decodeFlags(count, to: out)
            return
        }
        guard (valuesEnd - valuesNext) * 8 - streamNext >= count else { throw tooFew() }
        for i in 0..<count {
            let bit = streamNext + i
            let byte = page.start.load(fromByteOffset: valuesNext + bit >> 3, as: UInt8.self)
            out[i] = byte >> UInt8(bit & 7) & 1 == 1
        }
        streamNext += count
    }

    private func decodeNumbers<T: FixedWidthInteger & UnsignedInteger>(
        _ count: Int, to out: UnsafeMutablePointer<T>
    ) throws(FormatError) {
        let size = MemoryLayout<T>.size
        switch encoding {
        case .plain:
            guard (valuesEnd - valuesNext) / size >= count else { throw tooFew() }
            UnsafeMutableRawPointer(out).copyMemory(from: page.start + valuesNext, byteCount: count * size)
            valuesNext += count * size
        case .rleDictionary:
            let indices = try decodeIndices(count)
            let entries = UnsafeRawPointer(dictionary.start).assumingMemoryBound(to: T.self)
            for i in 0..<count { out[i] = entries[Int(indices[i])] }
        case .deltaBinaryPacked:
            guard deltas != nil else { throw tooFew() }
            try deltas!.decode(count, to: out)
        default:
            guard streamTotal - streamNext >= count else { throw tooFew() }
            let streams = UnsafeRawPointer(page.start + valuesNext).assumingMemoryBound(to: UInt8.self)
            ByteStreamSplit.join(streams, total: streamTotal, first: streamNext, count: count, to: out)
            streamNext += count
        }
    }

    /// The next `count` indices into the dictionary, all of them in bounds.
    func decodeIndices(_ count: Int) throws(FormatError) -> UnsafePointer<UInt32> {
        guard runs != nil else { throw tooFew() }
        try shared.indices.prepare(count * 4)
        let out = shared.indices.start.assumingMemoryBound(to: UInt32.self)
        try runs!.decode(count, to: out)
        let (_, highest) = integerBounds(UnsafePointer(out), count: count)
        guard highest < dictionaryCount else {
            throw FormatError(
                "index \(highest) into a dictionary of \(dictionaryCount) entries", at: valuesNext)
        }
        return UnsafePointer(out)
    }
}
