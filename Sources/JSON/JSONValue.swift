/// A JSON text as a value: what manifests, contracts, locks and reports are made of.
///
/// Integers are exact 64-bit, everything with a fraction or an exponent is a double. Strings and member
/// names are compared by their UTF-8 bytes, because Swift's `==` is canonical equivalence, which JSON
/// does not know.
public enum JSONValue: Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// Finite.
    case double(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)
}

/// The members of a JSON object, always in the order of their names' UTF-8 bytes, each name once.
public struct JSONObject: Sendable {
    public struct Member: Sendable {
        public let name: String
        public var value: JSONValue
    }

    public private(set) var members: [Member]

    public init() {
        members = []
    }

    /// - Precondition: no name twice.
    public init(_ members: [(String, JSONValue)]) {
        self.members = members.map { Member(name: $0.0, value: $0.1) }
        sort()
    }

    /// Members in any order; the caller has seen to it that no name comes twice.
    init(distinct members: [Member]) {
        self.members = members
        sort()
    }

    private mutating func sort() {
        if !isAscending { members.sort { $0.name.utf8.precedes($1.name.utf8) } }
        precondition(isAscending, "two members of one name")
    }

    private var isAscending: Bool {
        for i in members.indices.dropFirst() where !members[i - 1].name.utf8.precedes(members[i].name.utf8) {
            return false
        }
        return true
    }

    public var names: [String] { members.map(\.name) }
    public var count: Int { members.count }
    public var isEmpty: Bool { members.isEmpty }

    /// The value of the member with this name; assigning nil removes the member. O(log count) to read.
    public subscript(name: String) -> JSONValue? {
        get {
            let position = position(of: name)
            guard position < members.count, members[position].name.utf8.elementsEqual(name.utf8) else {
                return nil
            }
            return members[position].value
        }
        set {
            let position = position(of: name)
            let exists = position < members.count && members[position].name.utf8.elementsEqual(name.utf8)
            switch (exists, newValue) {
            case (true, let value?): members[position].value = value
            case (true, nil): members.remove(at: position)
            case (false, let value?): members.insert(Member(name: name, value: value), at: position)
            case (false, nil): break
            }
        }
    }

    /// Where the first member is that does not precede `name`.
    private func position(of name: String) -> Int {
        var low = 0
        var high = members.count
        while low < high {
            let middle = (low + high) / 2
            if members[middle].name.utf8.precedes(name.utf8) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension String.UTF8View {
    func precedes(_ other: String.UTF8View) -> Bool {
        lexicographicallyPrecedes(other)
    }
}

// MARK: - Reading

extension JSONValue {
    /// The member of an object; nil for other values and absent members.
    public subscript(name: String) -> JSONValue? {
        guard case .object(let object) = self else { return nil }
        return object[name]
    }

    public var isNull: Bool {
        if case .null = self { true } else { false }
    }

    public var boolValue: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    public var integerValue: Int64? {
        if case .integer(let value) = self { value } else { nil }
    }

    /// The number as a double; an integer counts when a double holds it exactly.
    public var doubleValue: Double? {
        switch self {
        case .double(let value): value
        case .integer(let value): Double(exactly: value)
        default: nil
        }
    }

    public var stringValue: String? {
        if case .string(let value) = self { value } else { nil }
    }

    public var arrayValue: [JSONValue]? {
        if case .array(let value) = self { value } else { nil }
    }

    public var objectValue: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }

    /// What kind of value this is, for messages: "a string", "null".
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .integer: "an integer"
        case .double: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

// MARK: - Comparing

extension JSONValue: Equatable {
    /// Same kind and same value: 1 and 1.0 differ, −0.0 and 0.0 are equal, strings compare by bytes.
    public static func == (a: JSONValue, b: JSONValue) -> Bool {
        switch (a, b) {
        case (.null, .null): true
        case (.bool(let x), .bool(let y)): x == y
        case (.integer(let x), .integer(let y)): x == y
        case (.double(let x), .double(let y)): x == y
        case (.string(let x), .string(let y)): x.utf8.elementsEqual(y.utf8)
        case (.array(let x), .array(let y)): x == y
        case (.object(let x), .object(let y)): x == y
        default: false
        }
    }
}

extension JSONObject: Equatable {
    public static func == (a: JSONObject, b: JSONObject) -> Bool {
        a.members.count == b.members.count
            && zip(a.members, b.members).allSatisfy {
                $0.name.utf8.elementsEqual($1.name.utf8) && $0.value == $1.value
            }
    }
}

// MARK: - Writing values down

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByNilLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .double(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(nilLiteral: ()) { self = .null }
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(JSONObject(elements)) }
}
