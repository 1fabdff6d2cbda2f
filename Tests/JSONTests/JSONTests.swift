import JSON
import Testing

@Suite struct Parsing {
    @Test func `integers are exact to 64 bits and one more is an error`() throws {
        #expect(try JSONValue(parsing: "9223372036854775807") == .integer(.max))
        #expect(try JSONValue(parsing: "-9223372036854775808") == .integer(.min))
        #expect(throws: JSONError.self) { try JSONValue(parsing: "9223372036854775808") }
    }

    @Test func `a number with a fraction or an exponent is a double`() throws {
        #expect(try JSONValue(parsing: "1.0") == .double(1))
        #expect(try JSONValue(parsing: "1e3") == .double(1000))
        #expect(try JSONValue(parsing: "1") != .double(1))
        #expect(throws: JSONError.self) { try JSONValue(parsing: "1e999") }
    }

    @Test func `a repeated member name is an error with its place`() {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: "{\"a\": 1,\n \"a\": 2}") }
        #expect(error?.line == 2)
        #expect((error?.column ?? 0) > 1)
    }

    @Test func `names that look alike but differ in bytes are two members`() throws {
        // é as one scalar and as e with a combining accent: canonically equivalent for Swift, not for JSON.
        let value = try JSONValue(parsing: "{\"\u{e9}\": 1, \"e\u{301}\": 2}")
        #expect(value["\u{e9}"] == 1)
        #expect(value["e\u{301}"] == 2)
        #expect(JSONValue.string("\u{e9}") != .string("e\u{301}"))
    }

    @Test(arguments: [
        "", " ", "{", "[1,]", "{\"a\":1,}", "nul", "01", "+1", ".5", "1 2", "\"a", "\"\u{1}\"", "\"\\x\"",
        "\"\\ud800\"",
        "\"\\u0000\"", "{1:2}", "NaN", "Infinity", "[1", "]",
    ])
    func `what is not JSON is an error`(text: String) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
    }

    @Test func `bytes that are not UTF-8 are an error`() {
        for bytes: [UInt8] in [
            [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0], [0xFE, 0xFF],
        ] {
            #expect(throws: JSONError.self) { try JSONValue(parsing: bytes) }
        }
    }

    @Test(arguments: [128, 129, 2000, 2100, 1_000_000])
    func `nesting is bounded`(depth: Int) {
        let text = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        if depth <= JSONValue.maximumDepth {
            #expect(throws: Never.self) { try JSONValue(parsing: text) }
        } else {
            #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
        }
    }
}

@Suite struct Serialising {
    @Test func `members are sorted by the bytes of their names`() {
        let value: JSONValue = ["b": 1, "a": 2, "B": 3, "é": 4, "": 5, "aa": 6]
        #expect(value.serialized() == #"{"":5,"B":3,"a":2,"aa":6,"b":1,"é":4}"#)
    }

    @Test func `pretty text is indented by two spaces and empty lists stay on their line`() {
        let value: JSONValue = ["list": [1, [], ["x": nil]], "none": .object(JSONObject())]
        let expected = """
            {
              "list": [
                1,
                [],
                {
                  "x": null
                }
              ],
              "none": {}
            }
            """
        #expect(value.serialized(.pretty) == expected)
    }

    @Test(
        arguments: zip(
            [0.1, 1, -0.0, 1e21, .leastNonzeroMagnitude, 1.7976931348623157e308, 0.30000000000000004, 1e-9],
            [
                "0.1", "1.0", "-0.0", "1e+21", "5e-324", "1.7976931348623157e+308", "0.30000000000000004",
                "1e-09",
            ]))
    func `a double has its shortest digits`(value: Double, text: String) {
        #expect(JSONValue.double(value).serialized() == text)
    }

    @Test func `strings escape what JSON demands and nothing else`() {
        let text = "\"\\/\u{8}\u{c}\n\r\t\u{1}\u{1f}\u{7f}é\u{2028}😀"
        #expect(
            JSONValue.string(text).serialized()
                == "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\u{7f}é\u{2028}😀\"")
    }

    @Test func `random values come back as they were`() throws {
        var random = SplitMix(state: 42)
        for _ in 0..<500 {
            let value = arbitrary(depth: 0, &random)
            #expect(try JSONValue(parsing: value.serialized()) == value)
            #expect(try JSONValue(parsing: value.serialized(.pretty)) == value)
        }
    }

    @Test func `doubles come back bit by bit`() throws {
        var random = SplitMix(state: 7)
        for _ in 0..<20_000 {
            let value = Double(bitPattern: random.next())
            guard value.isFinite else { continue }
            guard case .double(let back) = try JSONValue(parsing: JSONValue.double(value).serialized()) else {
                Issue.record("\(value) came back as another kind")
                return
            }
            #expect(back.bitPattern == value.bitPattern)
        }
    }
}

@Suite struct Members {
    @Test func `assigning adds, replaces and removes`() {
        var object = JSONObject([("b", 1)])
        object["a"] = 2
        object["b"] = 3
        object["c"] = 4
        object["a"] = nil
        object["z"] = nil
        #expect(JSONValue.object(object).serialized() == #"{"b":3,"c":4}"#)
        #expect(object["a"] == nil)
    }
}

private func arbitrary(depth: Int, _ random: inout SplitMix) -> JSONValue {
    switch random.next() % (depth > 4 ? 5 : 7) {
    case 0: return .null
    case 1: return .bool(random.next() % 2 == 0)
    case 2: return .integer(Int64(bitPattern: random.next()))
    case 3: return .double(Double(Int64(bitPattern: random.next())) / 1e6)
    case 4: return .string(text(&random))
    case 5: return .array((0..<random.next() % 5).map { _ in arbitrary(depth: depth + 1, &random) })
    default:
        var object = JSONObject()
        for _ in 0..<random.next() % 5 { object[text(&random)] = arbitrary(depth: depth + 1, &random) }
        return .object(object)
    }
}

private func text(_ random: inout SplitMix) -> String {
    let scalars: [Unicode.Scalar] = ["a", "\"", "\\", "\n", "é", "\u{301}", "😀", "\u{1}", " ", "\u{FFFF}"]
    var text = ""
    for _ in 0..<random.next() % 8 {
        text.unicodeScalars.append(scalars[Int(random.next() % UInt64(scalars.count))])
    }
    return text
}

/// SplitMix64 (Steele, Lea, Flood 2014): a fixed sequence for each seed.
private struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
