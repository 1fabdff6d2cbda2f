import Columnar

/// Writes Thrift's compact protocol: what Parquet's footer, page headers and page index are made of.
///
/// Fields of a struct must be written in ascending order of their ids.
struct CompactWriter: ~Copyable {
    var bytes = Buffer<UInt8>()
    /// Id of the last field written in each open struct.
    private var lastFields: [Int16] = []

    /// Wire types of fields and of list elements.
    enum WireType: UInt8 {
        case boolTrue = 1
        case boolFalse = 2
        case byte = 3
        case i16 = 4
        case i32 = 5
        case i64 = 6
        case double = 7
        case binary = 8
        case list = 9
        case set = 10
        case map = 11
        case structure = 12
    }

    mutating func beginStruct() {
        lastFields.append(0)
    }

    mutating func endStruct() {
        lastFields.removeLast()
        bytes.append(0)
    }

    mutating func beginStruct(_ id: Int16) {
        header(id, .structure)
        beginStruct()
    }

    mutating func field(_ id: Int16, _ value: Bool) {
        header(id, value ? .boolTrue : .boolFalse)
    }

    mutating func field(_ id: Int16, _ value: Int16) {
        header(id, .i16)
        appendVarint(zigzag(Int64(value)), to: &bytes)
    }

    mutating func field(_ id: Int16, _ value: Int32) {
        header(id, .i32)
        appendVarint(zigzag(Int64(value)), to: &bytes)
    }

    mutating func field(_ id: Int16, _ value: Int) {
        header(id, .i64)
        appendVarint(zigzag(Int64(value)), to: &bytes)
    }

    mutating func field(_ id: Int16, _ value: String) {
        header(id, .binary)
        element(value)
    }

    mutating func field(_ id: Int16, _ value: [UInt8]) {
        header(id, .binary)
        element(value)
    }

    mutating func beginList(_ id: Int16, _ type: WireType, count: Int) {
        header(id, .list)
        if count < 15 {
            bytes.append(UInt8(count) << 4 | type.rawValue)
        } else {
            bytes.append(0xF0 | type.rawValue)
            appendVarint(UInt64(count), to: &bytes)
        }
    }

    mutating func element(_ value: Bool) {
        bytes.append(value ? 1 : 2)
    }

    mutating func element(_ value: Int32) {
        appendVarint(zigzag(Int64(value)), to: &bytes)
    }

    mutating func element(_ value: Int) {
        appendVarint(zigzag(Int64(value)), to: &bytes)
    }

    mutating func element(_ value: String) {
        appendVarint(UInt64(value.utf8.count), to: &bytes)
        for byte in value.utf8 { bytes.append(byte) }
    }

    mutating func element(_ value: [UInt8]) {
        appendVarint(UInt64(value.count), to: &bytes)
        value.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
    }

    private mutating func header(_ id: Int16, _ type: WireType) {
        let last = lastFields[lastFields.count - 1]
        precondition(id > last, "thrift fields ascend")
        if id - last <= 15 {
            bytes.append(UInt8(id - last) << 4 | type.rawValue)
        } else {
            bytes.append(type.rawValue)
            appendVarint(zigzag(Int64(id)), to: &bytes)
        }
        lastFields[lastFields.count - 1] = id
    }
}
