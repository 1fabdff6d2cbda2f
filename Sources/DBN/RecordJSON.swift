/// Records and metadata as JSON text, with the vendor's names, raw integers and one-character codes.
///
/// Undefined values stay what they are in the file: a reader of this text sees every bit that the file has.
extension RecordBlock {
    /// The record at an offset of the block as one JSON object, its send time last. A record of an unknown
    /// type or length shows its header and its length in bytes.
    public func json(at offset: Int) -> String {
        let length = bodyLength(at: offset)
        let rtype = header(at: offset).rtype
        let record = bytes.extracting(offset..<offset + length + sendTimeBytes)
        return record.withUnsafeBytes { record in
            var text = JSONText()
            text.open()
            if let layout = RecordLayout.of(rtype: rtype, bytes: length) {
                for field in layout.fields { text.member(field, of: record, base: 0) }
            } else {
                for field in RecordLayout("", []).fields { text.member(field, of: record, base: 0) }
                text.member("length", String(length))
            }
            if sendTimeBytes == 8 {
                text.member("ts_out", String(record.loadUnaligned(fromByteOffset: length, as: UInt64.self)))
            }
            text.close()
            return text.text
        }
    }
}

extension Metadata {
    /// The metadata as one JSON object.
    public var json: String {
        func list(_ symbols: [String]) -> String {
            "[" + symbols.map { JSONText.quoted($0) }.joined(separator: ",") + "]"
        }
        var text = JSONText()
        text.open()
        text.member("version", String(version))
        text.member("dataset", JSONText.quoted(dataset))
        text.member("schema", schema.map { JSONText.quoted($0.name) } ?? "null")
        text.member("start", String(start))
        text.member("end", end.map { String($0) } ?? "null")
        text.member("limit", limit.map { String($0) } ?? "null")
        text.member("stype_in", stypeIn.map { JSONText.quoted($0.name) } ?? "null")
        text.member("stype_out", JSONText.quoted(stypeOut.name))
        text.member("ts_out", tsOut ? "true" : "false")
        text.member("symbols", list(symbols))
        text.member("partial", list(partial))
        text.member("not_found", list(notFound))
        let mappings = mappings.map { mapping in
            let intervals = mapping.intervals.map { interval in
                "{\"start_date\":\"\(interval.start)\",\"end_date\":\"\(interval.end)\","
                    + "\"symbol\":\(JSONText.quoted(interval.symbol))}"
            }
            return "{\"raw_symbol\":\(JSONText.quoted(mapping.rawSymbol)),\"intervals\":["
                + intervals.joined(separator: ",") + "]}"
        }
        text.member("mappings", "[" + mappings.joined(separator: ",") + "]")
        text.close()
        return text.text
    }
}

/// An object in the making.
struct JSONText {
    private(set) var text = ""
    private var isFirst = true

    mutating func open() {
        text += "{"
        isFirst = true
    }

    mutating func close() {
        text += "}"
        isFirst = false
    }

    mutating func member(_ name: String, _ value: String) {
        if !isFirst { text += "," }
        isFirst = false
        text += "\"\(name)\":\(value)"
    }

    mutating func member(_ field: RecordLayout.Field, of record: UnsafeRawBufferPointer, base: Int) {
        member(field.name, JSONText.value(field, of: record, base: base))
    }

    private static func value(
        _ field: RecordLayout.Field, of record: UnsafeRawBufferPointer, base: Int
    ) -> String {
        let offset = base + field.offset
        func number<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) -> String {
            String(T(littleEndian: record.loadUnaligned(fromByteOffset: offset, as: T.self)))
        }
        switch field.kind {
        case .u8: return number(UInt8.self)
        case .u16: return number(UInt16.self)
        case .u32: return number(UInt32.self)
        case .u64: return number(UInt64.self)
        case .i8: return number(Int8.self)
        case .i16: return number(Int16.self)
        case .i32: return number(Int32.self)
        case .i64: return number(Int64.self)
        case .character: return quoted(record[offset] == 0 ? "" : String(UnicodeScalar(record[offset])))
        case .text(let width):
            let bytes = UnsafeRawBufferPointer(rebasing: record[offset..<offset + width])
            return quoted(String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self))
        case .reserved: return "null"
        case .levels(let count, let consolidated):
            let layout = consolidated ? RecordLayout.consolidatedLevel : RecordLayout.level
            let levels = (0..<count).map { level in
                var text = JSONText()
                text.open()
                for part in layout.fields {
                    text.member(part, of: record, base: offset + level * layout.size)
                }
                text.close()
                return text.text
            }
            return "[" + levels.joined(separator: ",") + "]"
        }
    }

    /// A JSON string: quotes, backslashes and control characters escaped.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value < 32:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
