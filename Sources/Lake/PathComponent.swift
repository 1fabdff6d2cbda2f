/// Symbols, ids and file names of others as parts of paths.
///
/// The bytes A–Z a–z 0–9 `.` `_` `-` stand for themselves; every other byte of the UTF-8 form, and a `.` or
/// `_` at the start, becomes `%` and two uppercase hexadecimal digits. So no symbol can leave its directory, hide,
/// or take one of the lake's own names, and each symbol has exactly one encoding. Readers of Hive layouts
/// (Spark, pyarrow, DuckDB, polars) decode the same escapes.
package enum PathComponent {
    /// The longest encoded form in bytes. `symbol=` and a suffix must fit in the 255 bytes of a directory entry.
    package static let maximumLength = 200

    /// Nil when `text` is empty or its encoded form too long.
    package static func encode(_ text: String) -> String? {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            let isFirst = bytes.isEmpty
            if isUnreserved(byte) && !(isFirst && (byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_"))) {
                bytes.append(byte)
            } else {
                bytes.append(UInt8(ascii: "%"))
                bytes.append(digit(byte >> 4))
                bytes.append(digit(byte & 15))
            }
            if bytes.count > maximumLength { return nil }
        }
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }

    /// The text whose encoded form this is; nil for anything that `encode` does not give.
    package static func decode(_ component: Substring) -> String? {
        if let first = component.utf8.first, first != UInt8(ascii: "."), first != UInt8(ascii: "_"),
            component.utf8.count <= maximumLength, component.utf8.allSatisfy(isUnreserved)
        {
            return String(component)
        }
        var bytes: [UInt8] = []
        var rest = component.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard let high = rest.popFirst().flatMap(value), let low = rest.popFirst().flatMap(value)
                else { return nil }
                bytes.append(high << 4 | low)
            } else {
                bytes.append(byte)
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self), let again = encode(text),
            again.utf8.elementsEqual(component.utf8)
        else { return nil }
        return text
    }

    static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
