import CivilTime

/// What stands before the records of a file: the request that made it, and the symbology of its instruments.
public struct Metadata: Hashable, Sendable {
    /// What one symbol of the request meant from date to date.
    public struct Mapping: Hashable, Sendable {
        /// In the request's symbology (`stypeIn`), or the children of a parent symbol.
        public var rawSymbol: String
        public var intervals: [Interval]

        public init(rawSymbol: String, intervals: [Interval]) {
            self.rawSymbol = rawSymbol
            self.intervals = intervals
        }
    }

    /// Dates on which a mapping holds.
    public struct Interval: Hashable, Sendable {
        /// First date, UTC.
        public var start: CivilDate
        /// First date after it.
        public var end: CivilDate
        /// In the symbology `stypeOut`; empty when nothing was known for these dates.
        public var symbol: String

        public init(start: CivilDate, end: CivilDate, symbol: String) {
            self.start = start
            self.end = end
            self.symbol = symbol
        }
    }

    /// 1, 2 or 3.
    public var version: UInt8
    /// Such as `GLBX.MDP3`.
    public var dataset: String
    /// nil: records of several schemas.
    public var schema: Schema?
    /// Start of the request, nanoseconds since 1970-01-01 UTC.
    public var start: UInt64
    /// End of the request, excluded; nil when open.
    public var end: UInt64?
    /// Largest number of records that the request asked for.
    public var limit: UInt64?
    /// nil: a mixture, as in captures of a live feed.
    public var stypeIn: SymbolType?
    public var stypeOut: SymbolType
    /// Whether a send time of 8 bytes follows each record.
    public var tsOut: Bool
    /// Width of a symbol in the file, its zero byte included.
    public var symbolWidth: Int
    public var symbols: [String]
    /// Symbols that did not resolve on some date of the request.
    public var partial: [String]
    /// Symbols that resolved on no date of the request.
    public var notFound: [String]
    public var mappings: [Mapping]

    public init(
        version: UInt8 = 3, dataset: String, schema: Schema?, start: UInt64, end: UInt64? = nil,
        limit: UInt64? = nil, stypeIn: SymbolType? = .rawSymbol, stypeOut: SymbolType = .instrumentID,
        tsOut: Bool = false, symbols: [String] = [], partial: [String] = [], notFound: [String] = [],
        mappings: [Mapping] = []
    ) {
        self.version = version
        self.dataset = dataset
        self.schema = schema
        self.start = start
        self.end = end
        self.limit = limit
        self.stypeIn = stypeIn
        self.stypeOut = stypeOut
        self.tsOut = tsOut
        self.symbolWidth = version == 1 ? Metadata.narrowestSymbol : 71
        self.symbols = symbols
        self.partial = partial
        self.notFound = notFound
        self.mappings = mappings
    }

    /// Bytes of a record of `body` bytes in this file.
    var sendTimeBytes: Int { tsOut ? 8 : 0 }
}

// MARK: - Decoding

extension Metadata {
    /// `DBN`, the version, and the length of what follows.
    static let preludeBytes = 8
    /// Width of a symbol in version 1, its zero byte included.
    static let narrowestSymbol = 22
    /// The part without counts, in every version.
    static let fixedBytes = 100
    /// The fixed part and five counts.
    static let smallestBytes = fixedBytes + 20

    /// Why the metadata could not be decoded, at which byte of the file.
    struct Fault: Error {
        var offset: Int
        var expected: String
        var found: String
    }

    /// Decodes what follows the prelude.
    ///
    /// Counts and widths are compared with the bytes that are there before anything is allocated for them.
    init(version: UInt8, body: UnsafeRawBufferPointer) throws(Fault) {
        var cursor = Cursor(body)
        func fault(_ expected: String, _ found: String) -> Fault {
            Fault(offset: Metadata.preludeBytes + cursor.offset, expected: expected, found: found)
        }
        guard body.count >= Metadata.smallestBytes else {
            throw fault("metadata of at least \(Metadata.smallestBytes) bytes", "\(body.count)")
        }
        // The fixed part lies within the smallest length, so its reads cannot fail.
        guard let dataset = cursor.text(width: 16) else {
            throw fault("a dataset code in UTF-8", "other bytes")
        }
        let schemaCode: UInt16 = cursor.integer()!
        let start: UInt64 = cursor.integer()!
        let end: UInt64 = cursor.integer()!
        let limit: UInt64 = cursor.integer()!
        if version == 1 { _ = cursor.skip(8) }
        let typeIn: UInt8 = cursor.integer()!
        let typeOut: UInt8 = cursor.integer()!
        let tsOut: UInt8 = cursor.integer()!
        var width = Metadata.narrowestSymbol
        if version > 1 { width = Int(cursor.integer(UInt16.self)!) }
        _ = cursor.skip(version == 1 ? 47 : 53)
        let definitionBytes: UInt32 = cursor.integer()!

        var schema: Schema?
        if schemaCode != UInt16.max {
            schema = Schema(rawValue: schemaCode)
            guard schema != nil else { throw fault("a schema code of 0…19 or 65535", "\(schemaCode)") }
        }
        var stypeIn: SymbolType?
        if typeIn != UInt8.max {
            stypeIn = SymbolType(rawValue: typeIn)
            guard stypeIn != nil else { throw fault("a symbol type code of 0…12 or 255", "\(typeIn)") }
        }
        guard let stypeOut = SymbolType(rawValue: typeOut) else {
            throw fault("a symbol type code of 0…12", "\(typeOut)")
        }
        // The narrowest that any version has. Narrower ones would make a text of a few bytes in memory of each byte.
        guard width >= Metadata.narrowestSymbol else {
            throw fault("a symbol width of at least \(Metadata.narrowestSymbol)", "\(width)")
        }
        guard definitionBytes == 0 else {
            throw fault("no schema definition", "\(definitionBytes) bytes of one")
        }

        self.init(
            version: version, dataset: dataset, schema: schema, start: start,
            end: end == Undefined.timestamp || end == 0 ? nil : end, limit: limit == 0 ? nil : limit,
            stypeIn: stypeIn, stypeOut: stypeOut, tsOut: tsOut != 0)
        symbolWidth = width
        symbols = try Metadata.symbols(&cursor, width: width)
        partial = try Metadata.symbols(&cursor, width: width)
        notFound = try Metadata.symbols(&cursor, width: width)
        mappings = try Metadata.mappings(&cursor, width: width)
    }

    /// A count whose items have at least `size` bytes each.
    private static func count(_ cursor: inout Cursor, of name: String, size: Int) throws(Fault) -> Int {
        let offset = preludeBytes + cursor.offset
        guard let count: UInt32 = cursor.integer() else {
            throw Fault(offset: offset, expected: "a count of \(name)", found: "the end of the metadata")
        }
        guard Int(count) <= cursor.remaining / size else {
            throw Fault(
                offset: offset, expected: "at most \(cursor.remaining / size) \(name) of \(size) bytes",
                found: "a count of \(count)")
        }
        return Int(count)
    }

    private static func symbol(_ cursor: inout Cursor, width: Int) throws(Fault) -> String {
        let offset = preludeBytes + cursor.offset
        guard let symbol = cursor.text(width: width) else {
            throw Fault(offset: offset, expected: "a symbol of \(width) bytes in UTF-8", found: "other bytes")
        }
        return symbol
    }

    private static func symbols(_ cursor: inout Cursor, width: Int) throws(Fault) -> [String] {
        let count = try count(&cursor, of: "symbols", size: width)
        var symbols: [String] = []
        symbols.reserveCapacity(count)
        for _ in 0..<count { symbols.append(try symbol(&cursor, width: width)) }
        return symbols
    }

    private static func mappings(_ cursor: inout Cursor, width: Int) throws(Fault) -> [Mapping] {
        let count = try count(&cursor, of: "mappings", size: width + 4)
        var mappings: [Mapping] = []
        mappings.reserveCapacity(count)
        for _ in 0..<count {
            let raw = try symbol(&cursor, width: width)
            let intervalCount = try Metadata.count(&cursor, of: "intervals", size: width + 8)
            var intervals: [Interval] = []
            intervals.reserveCapacity(intervalCount)
            for _ in 0..<intervalCount {
                let start = try date(&cursor)
                let end = try date(&cursor)
                intervals.append(Interval(start: start, end: end, symbol: try symbol(&cursor, width: width)))
            }
            mappings.append(Mapping(rawSymbol: raw, intervals: intervals))
        }
        return mappings
    }

    /// A date as the number YYYYMMDD.
    private static func date(_ cursor: inout Cursor) throws(Fault) -> CivilDate {
        let offset = preludeBytes + cursor.offset
        guard let number: UInt32 = cursor.integer() else {
            throw Fault(offset: offset, expected: "a date", found: "the end of the metadata")
        }
        let (year, month, day) = (Int(number) / 10_000, Int(number) / 100 % 100, Int(number) % 100)
        guard let date = CivilDate(year: year, month: month, day: day) else {
            throw Fault(offset: offset, expected: "a date YYYYMMDD", found: "\(number)")
        }
        return date
    }
}

// MARK: - Encoding

extension Metadata {
    /// The metadata as bytes, prelude included; version 3 is padded to a multiple of 8.
    ///
    /// - Throws: `notEncodable` when a text does not fit its field or is not ASCII.
    func encoded(file: String) throws(DBNError) -> [UInt8] {
        var bytes: [UInt8] = []
        func fail(_ expected: String, _ found: String) -> DBNError {
            DBNError(.notEncodable, file: file, byteOffset: bytes.count, expected: expected, found: found)
        }
        func put<T: FixedWidthInteger>(_ value: T) {
            withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
        }
        func text(_ text: String, width: Int) throws(DBNError) {
            guard text.utf8.count < width, text.utf8.allSatisfy({ $0 != 0 && $0 < 128 }) else {
                throw fail("ASCII text of at most \(width - 1) bytes", "'\(text)'")
            }
            bytes.append(contentsOf: text.utf8)
            bytes.append(contentsOf: repeatElement(0, count: width - text.utf8.count))
        }
        guard (1...3).contains(version) else { throw fail("version 1, 2 or 3", "\(version)") }
        bytes.append(contentsOf: Array("DBN".utf8) + [version, 0, 0, 0, 0])
        try text(dataset, width: 16)
        put(schema?.rawValue ?? UInt16.max)
        put(start)
        put(end ?? Undefined.timestamp)
        put(limit ?? 0)
        if version == 1 { put(UInt64.max) }
        bytes.append(contentsOf: [stypeIn?.rawValue ?? UInt8.max, stypeOut.rawValue, tsOut ? 1 : 0])
        if version > 1 { put(UInt16(truncatingIfNeeded: symbolWidth)) }
        bytes.append(contentsOf: repeatElement(0, count: version == 1 ? 47 : 53))
        put(UInt32(0))
        for list in [symbols, partial, notFound] {
            put(UInt32(list.count))
            for symbol in list { try text(symbol, width: symbolWidth) }
        }
        put(UInt32(mappings.count))
        for mapping in mappings {
            try text(mapping.rawSymbol, width: symbolWidth)
            put(UInt32(mapping.intervals.count))
            for interval in mapping.intervals {
                for date in [interval.start, interval.end] {
                    put(UInt32(date.year * 10_000 + date.month * 100 + date.day))
                }
                try text(interval.symbol, width: symbolWidth)
            }
        }
        if version >= 3 { bytes.append(contentsOf: repeatElement(0, count: (8 - bytes.count % 8) % 8)) }
        let length = UInt32(bytes.count - Metadata.preludeBytes)
        for index in 0..<4 { bytes[4 + index] = UInt8(truncatingIfNeeded: length >> (8 * UInt32(index))) }
        return bytes
    }
}
