import DBN

/// The letters of records as positions in the contracts' symbol lists.
enum RecordCodes {
    /// A C M R T F N → 0…6; nil for any other byte.
    @inline(__always)
    static func action(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "A"): 0
        case UInt8(ascii: "C"): 1
        case UInt8(ascii: "M"): 2
        case UInt8(ascii: "R"): 3
        case UInt8(ascii: "T"): 4
        case UInt8(ascii: "F"): 5
        case UInt8(ascii: "N"): 6
        default: nil
        }
    }

    /// A B N → 0…2; nil for any other byte.
    @inline(__always)
    static func side(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "A"): 0
        case UInt8(ascii: "B"): 1
        case UInt8(ascii: "N"): 2
        default: nil
        }
    }
}

extension RecordCodes {
    /// Action and side of a record as positions in the contracts' symbol lists.
    ///
    /// - Throws: `badField` for a letter that the contracts do not know.
    @inline(__always)
    static func check(
        _ actionByte: UInt8, _ sideByte: UInt8, _ block: borrowing RecordBlock, _ offset: Int
    ) throws(DBNError) -> (action: UInt8, side: UInt8) {
        guard let action = action(actionByte) else {
            throw block.fieldError(at: offset, expected: "an action of A C M R T F N", found: character(actionByte))
        }
        guard let side = side(sideByte) else {
            throw block.fieldError(at: offset, expected: "a side of A B N", found: character(sideByte))
        }
        return (action, side)
    }
}

/// A byte as people read it.
func character(_ byte: UInt8) -> String {
    (0x21...0x7E).contains(byte) ? "'\(Character(UnicodeScalar(byte)))'" : "byte \(byte)"
}

/// A time of a record, or nil where it is undefined. Callers have checked that it is below 2^63.
@inline(__always)
func instant(_ time: UInt64) -> Int64? {
    time == Undefined.timestamp ? nil : Int64(bitPattern: time)
}

extension RecordBlock {
    /// A time of a record, nil where it is undefined.
    ///
    /// - Throws: `badField` from 2^63 on, which no table can hold.
    @inline(__always)
    func instant(_ time: UInt64, _ field: @autoclosure () -> String, at offset: Int) throws(DBNError) -> Int64? {
        if time == Undefined.timestamp { return nil }
        guard let instant = Int64(exactly: time) else {
            throw fieldError(at: offset, expected: "\(field()) below 2^63 or undefined", found: "\(time)")
        }
        return instant
    }
}
