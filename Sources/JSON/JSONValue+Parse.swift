import CJansson

/// Why a text is not a JSON value.
public struct JSONError: Error, Equatable, CustomStringConvertible {
    /// What is wrong.
    public let reason: String
    /// 1-based; the line and the column (in characters) where the parser noticed.
    public let line: Int
    public let column: Int

    public var description: String { "line \(line), column \(column): \(reason)" }
}

extension JSONValue {
    /// The deepest nesting of arrays and objects that is read; hostile texts must not exhaust the stack.
    public static let maximumDepth = 128

    /// Parses one JSON text (RFC 8259, any value at the top), by libjansson.
    ///
    /// - Throws: `JSONError` for text that is not JSON or not UTF-8, a repeated member name, an integer beyond
    ///   64 bits, a number beyond a double, U+0000 in a string, nesting beyond `maximumDepth`, bytes after
    ///   the value.
    /// - Complexity: O(bytes) time and memory.
    public init(parsing bytes: UnsafeRawBufferPointer) throws(JSONError) {
        guard let base = bytes.baseAddress, bytes.count > 0 else {
            throw JSONError(reason: "the text is empty", line: 1, column: 1)
        }
        var details = json_error_t()
        let flags = Int(JSON_REJECT_DUPLICATES | JSON_DECODE_ANY)
        guard let root = json_loadb(base.assumingMemoryBound(to: CChar.self), bytes.count, flags, &details)
        else {
            throw JSONError(details)
        }
        defer { json_decref(root) }
        self = try JSONValue(root, depth: 0)
    }

    public init(parsing bytes: [UInt8]) throws(JSONError) {
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(JSONError) in try JSONValue(parsing: buffer) }
        }
        self = try result.get()
    }

    public init(parsing text: String) throws(JSONError) {
        self = try JSONValue(parsing: Array(text.utf8))
    }

    private init(_ node: UnsafeMutablePointer<json_t>, depth: Int) throws(JSONError) {
        switch node.pointee.type {
        case JSON_NULL: self = .null
        case JSON_TRUE: self = .bool(true)
        case JSON_FALSE: self = .bool(false)
        case JSON_INTEGER: self = .integer(Int64(json_integer_value(node)))
        case JSON_REAL: self = .double(json_real_value(node))
        case JSON_STRING: self = .string(text(json_string_value(node), json_string_length(node)))
        case JSON_ARRAY: self = .array(try elements(of: node, depth: depth + 1))
        default: self = .object(JSONObject(distinct: try members(of: node, depth: depth + 1)))
        }
    }
}

private func elements(of node: UnsafeMutablePointer<json_t>, depth: Int) throws(JSONError) -> [JSONValue] {
    try requireAcceptable(depth)
    let count = json_array_size(node)
    var elements: [JSONValue] = []
    elements.reserveCapacity(count)
    for index in 0..<count {
        elements.append(try JSONValue(converting: json_array_get(node, index), depth: depth))
    }
    return elements
}

private func members(
    of node: UnsafeMutablePointer<json_t>, depth: Int
) throws(JSONError) -> [JSONObject.Member] {
    try requireAcceptable(depth)
    var members: [JSONObject.Member] = []
    members.reserveCapacity(json_object_size(node))
    var cursor = json_object_iter(node)
    while let position = cursor {
        let name = text(json_object_iter_key(position), json_object_iter_key_len(position))
        let value = try JSONValue(converting: json_object_iter_value(position), depth: depth)
        members.append(JSONObject.Member(name: name, value: value))
        cursor = json_object_iter_next(node, position)
    }
    return members
}

/// libjansson stops at 2048 levels, which is safe for its own stack; ours is bounded here.
private func requireAcceptable(_ depth: Int) throws(JSONError) {
    if depth > JSONValue.maximumDepth {
        throw JSONError(reason: "nested deeper than \(JSONValue.maximumDepth) levels", line: 1, column: 1)
    }
}

extension JSONValue {
    fileprivate init(converting node: UnsafeMutablePointer<json_t>?, depth: Int) throws(JSONError) {
        guard let node else { preconditionFailure("libjansson lost a value") }
        self = try JSONValue(node, depth: depth)
    }
}

private func text(_ base: UnsafePointer<CChar>?, _ length: Int) -> String {
    guard let base else { return "" }
    // libjansson has checked that these are UTF-8.
    return String(decoding: UnsafeRawBufferPointer(start: base, count: length), as: UTF8.self)
}

extension JSONError {
    init(_ details: json_error_t) {
        var copy = details
        let reason = withUnsafeBytes(of: &copy.text) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        self.init(reason: reason, line: Int(max(1, details.line)), column: Int(max(1, details.column)))
    }
}
