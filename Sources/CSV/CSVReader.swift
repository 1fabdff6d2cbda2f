/// A CSV file row by row: UTF-8, header, comma, quoting of RFC 4180, lines ended by LF or CRLF; plain, or
/// compressed by gzip or Zstandard.
///
/// Memory is bounded by the longest row, which is bounded. Empty lines at the end of the file are passed over.
///
///     var reader = try CSVReader(path: path)
///     let price = reader.column("price")
///     while try reader.next() { … try reader.integer(price!) … }
public struct CSVReader: ~Copyable {
    /// The longest row.
    private static let longestRow = 1 << 20
    private static let bufferBytes = 1 << 18

    /// The columns in the order of the file.
    public private(set) var header: [String] = []
    /// Line on which the current row begins, 1-based.
    public private(set) var line = 0
    /// Rows read so far, the header not counted.
    public private(set) var rowsRead = 0
    /// Whether the compressed file was cut and that was no error.
    public private(set) var wasTruncated = false

    private let source: TextSource
    private let allowsTruncated: Bool
    /// Accesses lie below `filled`, which is at most its size.
    private let buffer: UnsafeMutableRawBufferPointer
    private var position = 0
    private var filled = 0
    private var atEnd = false
    /// The line after what was read so far.
    private var nextLine = 1
    /// The fields of the current row one after another, without their quotes.
    private var row: [UInt8] = []
    /// Where each field ends in `row`.
    private var ends: [Int] = []

    /// Opens a file and reads its header.
    ///
    /// - Parameter allowsTruncated: a compressed file that is cut ends after its last whole row.
    /// - Parameter path: of the file, plain or compressed.
    /// - Throws: `foreign` when there is none, `header` when a column comes twice.
    public init(path: String, allowsTruncated: Bool = false) throws(CSVError) {
        try self.init(source: TextSource(path: path), allowsTruncated: allowsTruncated)
    }

    private init(source: TextSource, allowsTruncated: Bool) throws(CSVError) {
        self.source = source
        self.allowsTruncated = allowsTruncated
        buffer = .allocate(byteCount: CSVReader.bufferBytes, alignment: 16)
        try skipByteOrderMark()
        guard try read(), !(ends.count == 1 && row.isEmpty) else {
            throw CSVError(.foreign, file: source.name, line: 1, "there is no header")
        }
        for index in ends.indices {
            let name = try text(index)
            guard !header.contains(name) else {
                throw CSVError(.header, file: source.name, line: line, "column '\(name)' comes twice")
            }
            header.append(name)
        }
    }

    deinit {
        buffer.deallocate()
    }

    public var path: String { source.name }

    /// Position of a column; nil when the file has none of this name.
    public func column(_ name: String) -> Int? { header.firstIndex(of: name) }

    /// Reads the next row.
    ///
    /// - Throws: `format` when it has another number of fields than the header, or breaks RFC 4180.
    public mutating func next() throws(CSVError) -> Bool {
        var emptyLine: Int?
        while try read() {
            if row.isEmpty, ends.count == 1, header.count > 1 {
                emptyLine = emptyLine ?? line
                continue
            }
            if let emptyLine {
                throw CSVError(.format, file: source.name, line: emptyLine, "an empty line between rows")
            }
            guard ends.count == header.count else {
                throw error(
                    .format,
                    "expected \(header.count) field\(header.count == 1 ? "" : "s"), found \(ends.count)")
            }
            rowsRead += 1
            return true
        }
        return false
    }

    /// An error at the current row.
    public func error(_ fault: CSVError.Fault, _ reason: String) -> CSVError {
        CSVError(fault, file: source.name, line: line, reason)
    }

    /// The error that says that a field does not hold what its column must hold.
    public func error(column: Int, expected: String) -> CSVError {
        let found = String(decoding: bytes(column).prefix(60), as: UTF8.self)
        return error(.value, "column \(header[column]): expected \(expected), found '\(found)'")
    }
}

// MARK: - Fields of the current row

extension CSVReader {
    @inline(__always)
    private func start(_ column: Int) -> Int { column == 0 ? 0 : ends[column - 1] }

    /// The bytes of a field.
    public func bytes(_ column: Int) -> ArraySlice<UInt8> { row[start(column)..<ends[column]] }

    public func isEmpty(_ column: Int) -> Bool { start(column) == ends[column] }

    /// - Throws: `value` when the field is no UTF-8.
    public func text(_ column: Int) throws(CSVError) -> String {
        guard let text = String(validating: bytes(column), as: UTF8.self) else {
            throw error(.value, "field \(column + 1) is no UTF-8")
        }
        return text
    }

    /// Whether a field holds exactly these bytes.
    public func holds(_ column: Int, _ text: [UInt8]) -> Bool { bytes(column).elementsEqual(text) }

    /// A signed 64-bit integer in decimal digits.
    ///
    /// - Throws: `value` for everything else.
    public func integer(_ column: Int) throws(CSVError) -> Int64 {
        guard let value = decimal(column, fractionDigits: 0) else {
            throw error(column: column, expected: "an integer of 64 bits")
        }
        return value
    }

    /// A decimal number with at most 9 digits behind the point, exactly, in units of 1e-9.
    ///
    /// - Throws: `value` for everything else.
    public func nanos(_ column: Int) throws(CSVError) -> Int64 {
        guard let value = decimal(column, fractionDigits: 9) else {
            throw error(
                column: column, expected: "a decimal number with at most 9 digits behind the point, below 9.2e9")
        }
        return value
    }

    /// [+-]digits[.digits] times 10^fractionDigits; nil for anything else.
    private func decimal(_ column: Int, fractionDigits: Int) -> Int64? {
        var at = start(column)
        let end = ends[column]
        guard at < end else { return nil }
        let isNegative = row[at] == UInt8(ascii: "-")
        if isNegative || row[at] == UInt8(ascii: "+") { at += 1 }
        var magnitude: UInt64 = 0
        var digits = 0
        var fraction: Int?
        while at < end {
            let byte = row[at]
            at += 1
            if byte == UInt8(ascii: "."), fraction == nil, digits > 0, fractionDigits > 0, at < end {
                fraction = 0
                continue
            }
            let digit = byte &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            digits += 1
            if fraction != nil { fraction! += 1 }
            let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
            if overflow || carry { return nil }
            magnitude = sum
        }
        guard digits > 0, fraction ?? 0 <= fractionDigits else { return nil }
        for _ in (fraction ?? 0)..<fractionDigits {
            let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
            if overflow { return nil }
            magnitude = product
        }
        if isNegative {
            return magnitude == 1 << 63 ? Int64.min : Int64(exactly: magnitude).map { -$0 }
        }
        return Int64(exactly: magnitude)
    }
}

// MARK: - Rows

extension CSVReader {
    private mutating func refill() throws(CSVError) {
        position = 0
        filled = 0
        guard !atEnd else { return }
        do throws(CSVError) {
            filled = try source.read(into: buffer)
        } catch {
            guard error.fault == .truncated, allowsTruncated else {
                throw error.fault == .truncated || error.fault == .format
                    ? CSVError(error.fault, file: error.file, line: nextLine, error.reason) : error
            }
            wasTruncated = true
        }
        if filled == 0 { atEnd = true }
    }

    private mutating func skipByteOrderMark() throws(CSVError) {
        try refill()
        if UnsafeRawBufferPointer(rebasing: buffer[0..<filled]).starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    private enum State {
        case start, plain, quoted, afterQuote, afterReturn
    }

    /// Reads one row into `row` and `ends`; false at the end of the file.
    private mutating func read() throws(CSVError) -> Bool {
        row.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        line = nextLine
        var state = State.start
        while true {
            if position == filled {
                try refill()
                if filled == 0 { return try endOfFile(state) }
            }
            let byte = buffer[position]
            position += 1
            switch state {
            case .start, .plain:
                switch byte {
                case UInt8(ascii: ","):
                    ends.append(row.count)
                    state = .start
                case UInt8(ascii: "\n"):
                    nextLine += 1
                    ends.append(row.count)
                    return true
                case UInt8(ascii: "\r"): state = .afterReturn
                case UInt8(ascii: "\""):
                    guard state == .start else {
                        throw error(.format, "a quote inside a field that does not begin with one")
                    }
                    state = .quoted
                default:
                    row.append(byte)
                    state = .plain
                }
            case .quoted:
                if byte == UInt8(ascii: "\"") {
                    state = .afterQuote
                } else {
                    if byte == UInt8(ascii: "\n") { nextLine += 1 }
                    row.append(byte)
                }
            case .afterQuote:
                switch byte {
                case UInt8(ascii: "\""):
                    row.append(byte)
                    state = .quoted
                case UInt8(ascii: ","):
                    ends.append(row.count)
                    state = .start
                case UInt8(ascii: "\n"):
                    nextLine += 1
                    ends.append(row.count)
                    return true
                case UInt8(ascii: "\r"): state = .afterReturn
                default: throw error(.format, "something other than a comma follows a closing quote")
                }
            case .afterReturn:
                guard byte == UInt8(ascii: "\n") else { throw error(.format, "a carriage return inside a line") }
                nextLine += 1
                ends.append(row.count)
                return true
            }
            guard row.count <= CSVReader.longestRow, ends.count <= CSVReader.longestRow else {
                throw error(.format, "a row of more than \(CSVReader.longestRow) bytes: is a quote not closed?")
            }
        }
    }

    /// The last line may lack its end; of a file that was cut it may be a part and does not count.
    private mutating func endOfFile(_ state: State) throws(CSVError) -> Bool {
        if wasTruncated { return false }
        if state == .quoted { throw error(.format, "the file ends inside a quoted field") }
        guard state != .start || !ends.isEmpty else { return false }
        ends.append(row.count)
        nextLine += 1
        return true
    }
}
