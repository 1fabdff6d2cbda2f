import Columnar

extension ColumnDecoder {
    /// Reads a run of lengths; its memory is at most some 26 times that of its bytes.
    ///
    /// - Returns: how many lengths there are, and how many bytes they take.
    func readLengths(
        _ bytes: UnsafeRawBufferPointer, to memory: inout BudgetedMemory
    ) throws(FormatError) -> (count: Int, size: Int) {
        var decoder = try DeltaDecoder(bytes)
        let count = decoder.total
        try memory.prepare(count * 4)
        let lengths = memory.start.assumingMemoryBound(to: Int32.self)
        try decoder.decode(count, to: lengths)
        for i in 0..<count where lengths[i] < 0 { throw FormatError("a string of \(lengths[i]) bytes") }
        return (count, try decoder.length())
    }

    /// Writes the batch's indices of the page's next `count` strings.
    func decodeStrings(_ count: Int, to out: UnsafeMutablePointer<UInt32>) throws(FormatError) {
        switch encoding {
        case .rleDictionary:
            out.update(from: try decodeIndices(count), count: count)
        case .plain:
            for i in 0..<count {
                let length = try plainLength(page.start, at: valuesNext, end: valuesEnd)
                out[i] = try append(page.start, at: valuesNext + 4, length: length)
                valuesNext += 4 + length
            }
        case .deltaLengthByteArray:
            guard lengthCount - lengthNext >= count else { throw tooFew() }
            let all = lengths.start.assumingMemoryBound(to: Int32.self)
            for i in 0..<count {
                let length = Int(all[lengthNext])
                guard length <= valuesEnd - valuesNext else { throw tooFew() }
                out[i] = try append(page.start, at: valuesNext, length: length)
                valuesNext += length
                lengthNext += 1
            }
        default:
            guard lengthCount - lengthNext >= count else { throw tooFew() }
            for i in 0..<count { out[i] = try decodePrefixed() }
        }
    }

    /// A string that begins like the one before.
    private func decodePrefixed() throws(FormatError) -> UInt32 {
        let prefix = Int(prefixes.start.load(fromByteOffset: lengthNext * 4, as: Int32.self))
        let suffix = Int(lengths.start.load(fromByteOffset: lengthNext * 4, as: Int32.self))
        lengthNext += 1
        guard prefix <= previousString.count else {
            throw FormatError(
                "a prefix of \(prefix) bytes of a string of \(previousString.count)", at: valuesNext)
        }
        guard suffix <= valuesEnd - valuesNext else { throw tooFew() }
        previousString.removeSubrange(prefix...)
        previousString.append(
            contentsOf: UnsafeRawBufferPointer(start: page.start + valuesNext, count: suffix))
        valuesNext += suffix
        return try previousString.withUnsafeBufferPointer { (bytes) throws(FormatError) -> UInt32 in
            guard let base = bytes.baseAddress else { return try append(page.start, at: 0, length: 0) }
            return try append(UnsafeRawPointer(base), at: 0, length: bytes.count)
        }
    }

    /// Adds a string to the batch.
    private func append(_ base: UnsafeRawPointer, at offset: Int, length: Int) throws(FormatError) -> UInt32 {
        let text = UnsafeRawBufferPointer(start: base + offset, count: length)
        if let last = strings.last, strings.count > dictionaryStrings.count, last.utf8.elementsEqual(text) {
            return UInt32(strings.count - 1)
        }
        try budget.exchange(stringClaim, for: stringClaim + length + Self.stringOverhead)
        stringClaim += length + Self.stringOverhead
        strings.append(try string(base, at: offset, length: length))
        return UInt32(strings.count - 1)
    }

    /// The length before a PLAIN string whose text lies in bounds too.
    func plainLength(_ base: UnsafeRawPointer, at offset: Int, end: Int) throws(FormatError) -> Int {
        guard end - offset >= 4 else { throw FormatError("ends inside a string's length", at: offset) }
        let length = Int(base.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        guard length <= end - offset - 4 else { throw FormatError("a string of \(length) bytes", at: offset) }
        return length
    }

    func string(_ base: UnsafeRawPointer, at offset: Int, length: Int) throws(FormatError) -> String {
        let text = UnsafeRawBufferPointer(start: base + offset, count: length)
        guard let string = String(validating: text.bindMemory(to: UInt8.self), as: UTF8.self) else {
            throw FormatError("a string that is not UTF-8", at: offset)
        }
        return string
    }
}
