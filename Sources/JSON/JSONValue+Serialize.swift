extension JSONValue {
    /// How a value is written: on one line without spaces, or indented by two spaces.
    public enum Layout: Sendable {
        case compact, pretty
    }

    /// The value as JSON text: members by the UTF-8 bytes of their names, doubles by their shortest digits
    /// that read back equal, always with a fraction or an exponent; no locale, no trailing newline.
    ///
    /// - Precondition: doubles are finite; JSON has no other.
    public func serialized(_ layout: Layout = .compact) -> String {
        String(decoding: serializedBytes(layout), as: UTF8.self)
    }

    /// The UTF-8 bytes of `serialized(_:)`.
    public func serializedBytes(_ layout: Layout = .compact) -> [UInt8] {
        var writer = Writer(isPretty: layout == .pretty)
        writer.write(self, indent: 0)
        return writer.bytes
    }
}

private struct Writer {
    let isPretty: Bool
    var bytes: [UInt8] = []

    mutating func write(_ value: JSONValue, indent: Int) {
        switch value {
        case .null: bytes.append(contentsOf: "null".utf8)
        case .bool(let flag): bytes.append(contentsOf: flag ? "true".utf8 : "false".utf8)
        case .integer(let number): bytes.append(contentsOf: String(number).utf8)
        case .double(let number):
            precondition(number.isFinite, "JSON has no infinities and no NaN")
            bytes.append(contentsOf: number.description.utf8)
        case .string(let text): write(text)
        case .array(let elements):
            writeList("[", "]", elements.count, indent: indent) { writer, index in
                writer.write(elements[index], indent: indent + 1)
            }
        case .object(let object):
            writeList("{", "}", object.count, indent: indent) { writer, index in
                let member = object.members[index]
                writer.write(member.name)
                writer.bytes.append(UInt8(ascii: ":"))
                if writer.isPretty { writer.bytes.append(UInt8(ascii: " ")) }
                writer.write(member.value, indent: indent + 1)
            }
        }
    }

    private mutating func writeList(
        _ open: Unicode.Scalar, _ close: Unicode.Scalar, _ count: Int, indent: Int,
        _ writeItem: (inout Writer, Int) -> Void
    ) {
        bytes.append(UInt8(ascii: open))
        for index in 0..<count {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            newLine(indent + 1)
            writeItem(&self, index)
        }
        if count > 0 { newLine(indent) }
        bytes.append(UInt8(ascii: close))
    }

    private mutating func newLine(_ indent: Int) {
        guard isPretty else { return }
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * indent))
    }

    private mutating func write(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): bytes.append(contentsOf: "\\\"".utf8)
            case UInt8(ascii: "\\"): bytes.append(contentsOf: "\\\\".utf8)
            case 0x08: bytes.append(contentsOf: "\\b".utf8)
            case 0x09: bytes.append(contentsOf: "\\t".utf8)
            case 0x0A: bytes.append(contentsOf: "\\n".utf8)
            case 0x0C: bytes.append(contentsOf: "\\f".utf8)
            case 0x0D: bytes.append(contentsOf: "\\r".utf8)
            case 0..<0x20:
                let digits = Array("0123456789abcdef".utf8)
                bytes.append(contentsOf: "\\u00".utf8)
                bytes.append(digits[Int(byte >> 4)])
                bytes.append(digits[Int(byte & 15)])
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
