import CivilTime
import DBN
import JSON

/// One value of a vendor's record, as it is in the file.
enum FieldValue {
    case integer(Int64)
    /// Units of 1e-9.
    case price(Int64)
    /// Nanoseconds since 1970-01-01 UTC.
    case instant(Int64)
    case text(String)
    /// Not in the file, or the vendor's sign for "no value".
    case undefined

    /// For people.
    var text: String {
        switch self {
        case .integer(let number): "\(number)"
        case .price(let price): decimal(price)
        case .instant(let instant): utcText(instant)
        case .text(let text): text
        case .undefined: "–"
        }
    }

    /// For machines: integers as they are in the file, null where the vendor has no value.
    var json: JSONValue {
        switch self {
        case .integer(let number), .price(let number), .instant(let number): .integer(number)
        case .text(let text): .string(text)
        case .undefined: .null
        }
    }
}

/// The fields of one record, in the order of its layout; the fields of price level 0 stand for all levels.
struct RecordFields {
    let layout: String
    let fields: [(name: String, value: FieldValue)]

    init(_ block: RecordBlock, at offset: Int, length: Int) {
        let body = length - block.sendTimeBytes
        let rtype = block.header(at: offset).rtype
        guard let layout = RecordLayout.of(rtype: rtype, bytes: body) else {
            self.layout = "type \(rtype)"
            fields = [("instrument_id", .integer(Int64(block.header(at: offset).instrumentID)))]
            return
        }
        self.layout = layout.name
        fields = block.bytes.extracting(offset..<offset + body).withUnsafeBytes { record in
            layout.fields.compactMap { field in
                RecordFields.value(field, of: record).map { (field.name, $0) }
            }
        }
    }

    subscript(name: String) -> FieldValue? { fields.first { $0.name == name }?.value }

    private static func value(_ field: RecordLayout.Field, of record: UnsafeRawBufferPointer) -> FieldValue? {
        func load<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) -> T {
            T(littleEndian: record.loadUnaligned(fromByteOffset: field.offset, as: T.self))
        }
        switch field.kind {
        case .u8: return .integer(Int64(load(UInt8.self)))
        case .u16: return .integer(Int64(load(UInt16.self)))
        case .u32: return .integer(Int64(load(UInt32.self)))
        case .i8: return .integer(Int64(load(Int8.self)))
        case .i16: return .integer(Int64(load(Int16.self)))
        case .i32: return .integer(Int64(load(Int32.self)))
        case .u64:
            guard let number = Int64(exactly: load(UInt64.self)) else { return .undefined }
            return isInstant(field.name) ? .instant(number) : .integer(number)
        case .i64:
            let number = load(Int64.self)
            if number == Undefined.price { return .undefined }
            return isPrice(field.name) ? .price(number) : .integer(number)
        case .character:
            return record[field.offset] == 0 ? .undefined : .text(String(UnicodeScalar(record[field.offset])))
        case .text(let width):
            let bytes = record[field.offset..<field.offset + width].prefix { $0 != 0 }
            return .text(String(decoding: bytes, as: UTF8.self))
        case .reserved, .levels: return nil
        }
    }

    private static func isInstant(_ name: String) -> Bool {
        name.hasPrefix("ts_") || name == "expiration" || name == "activation"
    }

    private static func isPrice(_ name: String) -> Bool {
        name.contains("price") || ["open", "high", "low", "close"].contains(name)
    }
}

// MARK: - Numbers as text

/// `2026-03-03T14:20:00.123456789Z`; without the fraction where it is 0.
///
/// - Parameter digits: of the fraction, 3 or 9.
func utcText(_ nanoseconds: Int64, digits: Int = 9) -> String {
    let date = CivilDate(utcNanoseconds: nanoseconds)
    let ofDay = nanoseconds - date.utcNanoseconds
    let seconds = ofDay / 1_000_000_000
    func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: width - digits.count) + digits
    }
    let clock = [seconds / 3600, seconds / 60 % 60, seconds % 60].map { padded($0, 2) }.joined(separator: ":")
    let fraction = padded(ofDay % 1_000_000_000, 9).prefix(digits)
    return "\(date)T\(clock)" + (fraction.allSatisfy { $0 == "0" } ? "Z" : ".\(fraction)Z")
}

/// A price in units of 1e-9 as a decimal number, without trailing zeros: `5210.25`.
func decimal(_ price: Int64) -> String {
    let whole = price.magnitude / 1_000_000_000
    var fraction = String(price.magnitude % 1_000_000_000)
    fraction = String(repeating: "0", count: 9 - fraction.count) + fraction
    while fraction.last == "0" { fraction.removeLast() }
    return (price < 0 ? "-" : "") + "\(whole)" + (fraction.isEmpty ? "" : ".\(fraction)")
}
