/// Reads Thrift's compact protocol from bytes that nobody vouches for.
///
/// Every read is checked against the end; lengths and counts are bounded by the bytes that are left, nesting
/// by `maximumDepth`. So a parse ends after at most one step for each byte.
struct CompactReader {
    let bytes: UnsafeRawBufferPointer
    private(set) var position = 0
    private var lastFields: [Int16] = []

    typealias WireType = CompactWriter.WireType

    static let maximumDepth = 16

    struct Field {
        let id: Int16
        let type: WireType
    }

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    var remaining: Int { bytes.count - position }

    // MARK: Structs

    mutating func beginStruct() throws(FormatError) {
        guard lastFields.count < Self.maximumDepth else { throw error("structures nested too deeply") }
        lastFields.append(0)
    }

    mutating func beginStruct(_ field: Field) throws(FormatError) {
        guard field.type == .structure else { throw error("field \(field.id) is not a structure") }
        try beginStruct()
    }

    /// The next field of the open struct, or nil after its last one, which also closes it.
    mutating func nextField() throws(FormatError) -> Field? {
        let byte = try readByte()
        if byte == 0 {
            lastFields.removeLast()
            return nil
        }
        guard let type = WireType(rawValue: byte & 0x0F) else {
            throw error("no thrift type has the number \(byte & 0x0F)")
        }
        let delta = Int16(byte >> 4)
        let last = lastFields[lastFields.count - 1]
        let id: Int16
        if delta == 0 {
            guard let explicit = Int16(exactly: unzigzag(try varint())) else {
                throw error("field id out of range")
            }
            id = explicit
        } else {
            let (sum, overflow) = last.addingReportingOverflow(delta)
            guard !overflow else { throw error("field id out of range") }
            id = sum
        }
        lastFields[lastFields.count - 1] = id
        return Field(id: id, type: type)
    }

    // MARK: Values

    mutating func readBool(_ field: Field) throws(FormatError) -> Bool {
        switch field.type {
        case .boolTrue: return true
        case .boolFalse: return false
        default: throw error("field \(field.id) is not a boolean")
        }
    }

    mutating func readInt32(_ field: Field) throws(FormatError) -> Int32 {
        guard field.type == .i32 || field.type == .i16 else { throw error("field \(field.id) is not an i32") }
        return try readInt32()
    }

    mutating func readInt32() throws(FormatError) -> Int32 {
        guard let value = Int32(exactly: unzigzag(try varint())) else { throw error("i32 out of range") }
        return value
    }

    mutating func readInt64(_ field: Field) throws(FormatError) -> Int64 {
        guard field.type == .i64 || field.type == .i32 else { throw error("field \(field.id) is not an i64") }
        return unzigzag(try varint())
    }

    /// An i32 that counts something: not negative.
    mutating func readSize(_ field: Field) throws(FormatError) -> Int {
        let value = try readInt32(field)
        guard value >= 0 else { throw error("field \(field.id) is negative") }
        return Int(value)
    }

    mutating func readByte(_ field: Field) throws(FormatError) -> UInt8 {
        guard field.type == .byte else { throw error("field \(field.id) is not a byte") }
        return try readByte()
    }

    /// An i64 that counts or locates something: not negative.
    mutating func readCount(_ field: Field) throws(FormatError) -> Int {
        let value = try readInt64(field)
        guard value >= 0 else { throw error("field \(field.id) is negative") }
        return Int(value)
    }

    mutating func readBytes(_ field: Field) throws(FormatError) -> [UInt8] {
        guard field.type == .binary else { throw error("field \(field.id) is not a binary") }
        return try readBytes()
    }

    mutating func readBytes() throws(FormatError) -> [UInt8] {
        let length = try boundedLength()
        defer { position += length }
        return [UInt8](UnsafeRawBufferPointer(rebasing: bytes[position..<position + length]))
    }

    mutating func readString(_ field: Field) throws(FormatError) -> String {
        let bytes = try readBytes(field)
        guard let string = String(validating: bytes, as: UTF8.self) else { throw error("text is not UTF-8") }
        return string
    }

    mutating func readString() throws(FormatError) -> String {
        guard let string = String(validating: try readBytes(), as: UTF8.self) else {
            throw error("text is not UTF-8")
        }
        return string
    }

    /// Count and element type of a list. Every element takes a byte at least, so the bytes left bound the count.
    mutating func beginList(_ field: Field) throws(FormatError) -> (count: Int, type: WireType) {
        guard field.type == .list || field.type == .set else {
            throw error("field \(field.id) is not a list")
        }
        return try beginList()
    }

    /// A list whose elements must be of one type, and no more than `limit`.
    mutating func beginList(
        _ field: Field, of wanted: WireType, atMost limit: Int = .max
    ) throws(FormatError) -> Int {
        let (count, type) = try beginList(field)
        let isWanted = type == wanted || (type == .boolFalse && wanted == .boolTrue)
        guard count == 0 || isWanted else { throw error("field \(field.id) is a list of the wrong type") }
        guard count <= limit else {
            throw FormatError(
                "field \(field.id) is a list of \(count) elements, more than \(limit)", kind: .limit, at: position)
        }
        return count
    }

    private mutating func beginList() throws(FormatError) -> (count: Int, type: WireType) {
        let byte = try readByte()
        guard let type = WireType(rawValue: byte & 0x0F) else {
            throw error("no thrift type has the number \(byte & 0x0F)")
        }
        var count = Int(byte >> 4)
        if count == 15 {
            guard let long = Int(exactly: try varint()) else { throw error("list too long") }
            count = long
        }
        guard count <= remaining else { throw error("a list of \(count) elements in \(remaining) bytes") }
        return (count, type)
    }

    mutating func readBoolElement() throws(FormatError) -> Bool {
        // Writers disagree whether false is 0 or 2; nobody uses anything but 1 for true.
        try readByte() == 1
    }

    // MARK: What nobody asked for

    mutating func skip(_ field: Field) throws(FormatError) {
        try skip(field.type, isElement: false, depth: lastFields.count)
    }

    private mutating func skip(_ type: WireType, isElement: Bool, depth: Int) throws(FormatError) {
        guard depth <= Self.maximumDepth else { throw error("values nested too deeply") }
        switch type {
        case .boolTrue, .boolFalse:
            if isElement { _ = try readByte() }
        case .byte:
            _ = try readByte()
        case .i16, .i32, .i64:
            _ = try varint()
        case .double:
            guard remaining >= 8 else { throw error("ends inside a double") }
            position += 8
        case .binary:
            position += try boundedLength()
        case .list, .set:
            let (count, element) = try beginList()
            for _ in 0..<count { try skip(element, isElement: true, depth: depth + 1) }
        case .map:
            guard let count = Int(exactly: try varint()) else { throw error("map too long") }
            guard count <= remaining else { throw error("a map of \(count) entries in \(remaining) bytes") }
            guard count > 0 else { return }
            let types = try readByte()
            guard let key = WireType(rawValue: types >> 4), let value = WireType(rawValue: types & 0x0F)
            else {
                throw error("map of unknown types")
            }
            for _ in 0..<count {
                try skip(key, isElement: true, depth: depth + 1)
                try skip(value, isElement: true, depth: depth + 1)
            }
        case .structure:
            try beginStruct()
            while let field = try nextField() {
                try skip(field.type, isElement: false, depth: depth + 1)
            }
        }
    }

    // MARK: Bytes

    func error(_ message: String) -> FormatError {
        FormatError(message, at: position)
    }

    private mutating func readByte() throws(FormatError) -> UInt8 {
        guard position < bytes.count else {
            throw FormatError("ends inside a value", at: position, endsEarly: true)
        }
        defer { position += 1 }
        return bytes[position]
    }

    private mutating func varint() throws(FormatError) -> UInt64 {
        guard let base = bytes.baseAddress else {
            throw FormatError("ends inside a value", at: position, endsEarly: true)
        }
        var next = base + position
        let value = loadVarint(&next, before: base + bytes.count)
        position = next - base
        guard let value else {
            guard remaining > 0 else {
                throw FormatError("ends inside a value", at: position, endsEarly: true)
            }
            throw error("a number longer than 64 bits")
        }
        return value
    }

    private mutating func boundedLength() throws(FormatError) -> Int {
        guard let length = Int(exactly: try varint()), length <= remaining else {
            throw FormatError("ends inside a value", at: position, endsEarly: true)
        }
        return length
    }
}
