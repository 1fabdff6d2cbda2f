import Columnar
import Contracts
import Testing

@Suite struct Parser {
    @Test func `a contract gives columns, rules and shape`() throws {
        let contract = try parse(sampleText)
        #expect(contract.dataset.description == "silver.future_mbo.sample")
        #expect(contract.name == "Sample")
        #expect(
            contract.shape.columns.prefix(3) == [
                ColumnDefinition("at", .timestampNanos), ColumnDefinition("side", .symbols(["B", "A"])),
                ColumnDefinition("start", .int64),
            ])
        #expect(
            contract.shape.columns.suffix(5) == [
                ColumnDefinition("note", .string, isNullable: true),
                ColumnDefinition("other", .symbols(["B", "A"]), isNullable: true),
                ColumnDefinition("ticks", .int32, isNullable: true), ColumnDefinition("day", .date),
                ColumnDefinition("ms", .timestampMillis, isNullable: true),
            ])
        #expect(contract.field("start")?.lower?.value == .integer(0))
        #expect(contract.field("bid")?.lower?.value == .real(0))
        #expect(contract.field("bid")?.lower?.isExclusive == true)
        #expect(contract.field("ms")?.exportName == "milli%")
        #expect(contract.field("nobody") == nil)
        #expect(contract.units.prefix(3) == ["ns", nil, "contracts"])
        #expect(contract.identities.map(\.isExact) == [true, false])
        #expect(
            contract.identities.map(\.statement) == [
                "start + added - 2 * removed = end where valid", "0.5 * bid + 0.5 * ask = mid within 1e-09",
            ])
    }

    /// What is changed in the sample, into what, and which error that is.
    static let defects: [(String, String, ContractError.Kind)] = [
        (#""minimum": 0"#, #""minimun": 0"#, .unknownAttribute),
        (#""version": 1,"#, #""version": 1, "aliases": [],"#, .unknownAttribute),
        (#""tolerance": 0"#, #""tolerance": 0, "unless": "valid""#, .unknownAttribute),
        (#""symbols": ["B", "A"]"#, #""symbols": ["B", "A"], "default": "A""#, .unknownAttribute),
        (#""logicalType": "date""#, #""logicalType": "date", "precision": 3"#, .unknownAttribute),
        (#""version": 1,"#, "", .missingAttribute),
        (#""key": ["at", "side"], "#, "", .missingAttribute),
        (#", "tolerance": 0}"#, "}", .missingAttribute),
        (#""namespace": "lake.silver.future_mbo","#, "", .missingAttribute),
        (
            #""type": "long", "doc": "d", "unit": "contracts", "minimum": 0"#, #""doc": "d""#,
            .missingAttribute
        ),
        (#""version": 1"#, #""version": 0"#, .invalidValue),
        (#""version": 1"#, #""version": "1""#, .invalidValue),
        (#""version": 1"#, #""version": 9223372036854775807"#, .invalidValue),
        (#""type": "record""#, #""type": "enum""#, .unsupportedType),
        (#""type": "long", "doc""#, #""type": "float", "doc""#, .unsupportedType),
        (#""type": "long", "doc""#, #""type": "bytes", "doc""#, .unsupportedType),
        (#""type": "long", "doc""#, #""type": {"type": "array", "items": "long"}, "doc""#, .unknownAttribute),
        (
            #""type": "long", "doc""#, #""type": {"type": "long", "logicalType": "timestamp-micros"}, "doc""#,
            .unsupportedType
        ),
        (
            #""type": "long", "doc""#, #""type": {"type": "int", "logicalType": "timestamp-nanos"}, "doc""#,
            .unsupportedType
        ),
        (#""type": "long", "doc""#, #""type": 7, "doc""#, .unsupportedType),
        (#"["null", "string"]"#, #"["string", "null"]"#, .unsupportedType),
        (#"["null", "string"]"#, #"["null", "string", "long"]"#, .unsupportedType),
        (#"["null", "string"]"#, #"["null", ["null", "string"]]"#, .unsupportedType),
        (#"["null", "Side"]"#, #"["null", "Sid"]"#, .unsupportedType),
        (#"["null", "Side"]"#, #"["null", {"type": "enum", "name": "Side", "symbols": ["A"]}]"#, .duplicate),
        (#""symbols": ["B", "A"]"#, #""symbols": ["B", "B"]"#, .duplicate),
        (#""symbols": ["B", "A"]"#, #""symbols": []"#, .invalidValue),
        (#""symbols": ["B", "A"]"#, #""symbols": ["B", 1]"#, .invalidValue),
        (#""symbols": ["B", "A"]"#, #""symbols": ["B", "a-b"]"#, .illegalName),
        (#""name": "added""#, #""name": "start""#, .duplicate),
        (#""name": "added""#, #""name": "symbol""#, .illegalName),
        (#""name": "added""#, #""name": "dt""#, .illegalName),
        (#""name": "added""#, #""name": "table""#, .illegalName),
        (#""name": "added""#, #""name": "product_type""#, .illegalName),
        (#""name": "added""#, #""name": "1st""#, .illegalName),
        (#""name": "added""#, #""name": "é""#, .illegalName),
        (#""name": "added""#, #""name": """#, .illegalName),
        (#""name": "Sample""#, #""name": "Sam ple""#, .illegalName),
        ("lake.silver", "lake.platinum", .illegalName),
        ("lake.silver", "pond.silver", .illegalName),
        ("future_mbo", "../etc", .illegalName),
        (#""key": ["at", "side"]"#, #""key": ["at", "sides"]"#, .unknownColumn),
        (#""key": ["at", "side"]"#, #""key": []"#, .invalidValue),
        (#""key": ["at", "side"]"#, #""key": "at""#, .invalidValue),
        (#""key": ["at", "side"]"#, #""key": ["at", "at"]"#, .duplicate),
        (#""key": ["at", "side"]"#, #""key": ["at", "bid"]"#, .invalidValue),
        (#""key": ["at", "side"]"#, #""key": ["at", "note"]"#, .invalidValue),
        (#""orderBy": ["at", "side"]"#, #""orderBy": ["nobody"]"#, .unknownColumn),
        (#"["start", 1]"#, #"["begin", 1]"#, .unknownColumn),
        (#"["start", 1]"#, #"["side", 1]"#, .invalidValue),
        (#"["start", 1]"#, #"["ticks", 1]"#, .invalidValue),
        (#"["start", 1]"#, #"["start", 0]"#, .invalidValue),
        (#"["start", 1]"#, #"["start", 1e300]"#, .invalidValue),
        (#"["start", 1]"#, #"["start"]"#, .invalidValue),
        (#""equals": "end""#, #""equals": "valid""#, .invalidValue),
        (#""where": "valid""#, #""where": "start""#, .invalidValue),
        (#""where": "valid""#, #""where": "nobody""#, .unknownColumn),
        (#""tolerance": 0"#, #""tolerance": -1"#, .invalidValue),
        (#""minimum": 0"#, #""minimum": 0.5"#, .invalidValue),
        (#""minimum": 0"#, #""minimum": "0""#, .invalidValue),
        (#""minimum": 0"#, #""minimum": 0, "exclusiveMinimum": 0"#, .invalidValue),
        (#""minimum": 0"#, #""minimum": 1, "maximum": 0"#, .invalidValue),
        (#""minimum": 0"#, #""exclusiveMinimum": 0, "exclusiveMaximum": 1"#, .invalidValue),
        (#""minimum": 0"#, #""exclusiveMinimum": 9223372036854775807"#, .invalidValue),
        (#""minimum": 0"#, #""exclusiveMaximum": -9223372036854775808"#, .invalidValue),
        (#""exclusiveMinimum": 0, "maximum": 5"#, #""exclusiveMinimum": 2147483647"#, .invalidValue),
        (#""exclusiveMinimum": 0, "maximum": 5"#, #""minimum": 2147483648"#, .invalidValue),
        (#""exclusiveMinimum": 0}"#, #""exclusiveMinimum": 1.7976931348623157e308}"#, .invalidValue),
        (#""exclusiveMinimum": 0}"#, #""exclusiveMinimum": 0, "exclusiveMaximum": 5e-324}"#, .invalidValue),
        (#""exclusiveMinimum": 0}"#, #""minimum": 1e999}"#, .malformed),
        (#""minimum": 0"#, #""minimum": 99999999999999999999"#, .malformed),
        (#""name": "side", "#, #""name": "side", "maximum": 1, "#, .invalidValue),
        (#""name": "valid", "#, #""name": "valid", "minimum": 0, "#, .invalidValue),
        (#""default": null"#, #""default": "x""#, .invalidValue),
        (#""name": "start", "#, #""name": "start", "default": null, "#, .invalidValue),
        (#""name": "side", "#, #""name": "side", "default": "C", "#, .invalidValue),
        (#""unit": "ns""#, #""unit": """#, .invalidValue),
        (#""unit": "ns""#, #""unit": 1"#, .invalidValue),
        (#""doc": "time""#, #""doc": ["time"]"#, .invalidValue),
        (#""alias": "milli%""#, #""alias": "day""#, .duplicate),
        (#""doc": "time""#, #""doc": "time", "doc": "twice""#, .malformed),
        (#"{"name": "day", "type""#, #"["day", {"type""#, .malformed),
        (#""fields": ["#, #""fields": [1, "#, .invalidValue),
    ]

    @Test(arguments: defects.indices)
    func `a defect is an error of its kind that names the file`(index: Int) {
        let (old, new, kind) = Self.defects[index]
        let error = #expect(throws: ContractError.self, "\(old) → \(new)") { try parse(changed(old, new)) }
        #expect(error?.kind == kind, "\(old) → \(new): \(error.map(String.init(describing:)) ?? "")")
        #expect(error?.description.hasPrefix("silver/future_mbo/sample.avsc: ") == true)
    }

    @Test func `an error names the column and the attribute`() {
        let error = #expect(throws: ContractError.self) {
            try parse(changed(#""minimum": 0"#, #""minimum": 0.5"#))
        }
        #expect(error?.place == "column start, minimum")
    }

    @Test func `defaults other than null are read`() throws {
        let text = changed(#""name": "start", "#, #""name": "start", "default": 7, "#)
        #expect(try parse(text).field("start")?.fallback == .number(.integer(7)))
        #expect(try parse(sampleText).field("note")?.fallback == .null)
    }

    @Test(arguments: ["a.json", "Sample.avsc", "", "silver/future_mbo/.avsc", "silver/future_mbo/a b.avsc"])
    func `a file name that is no table is an error`(name: String) {
        #expect(throws: ContractError.self) { try parse(sampleText, file: name) }
    }

    @Test func `hostile files are errors`() {
        let deep = String(repeating: "[", count: 100_000)
        let huge = "\"" + String(repeating: "x", count: Contract.maximumFileBytes) + "\""
        let columns = (0..<1025).map { "{\"name\": \"c\($0)\", \"type\": \"long\"}" }.joined(separator: ",")
        let wide = changed(#""fields": ["#, #""fields": [\#(columns), "#)
        let symbols = (0..<257).map { "\"s\($0)\"" }.joined(separator: ",")
        let manySymbols = changed(#"["B", "A"]"#, "[\(symbols)]")
        for text in [deep, huge, wide, manySymbols, "", "null", "[]", "{}", "\"x\"", "1e5"] {
            #expect(throws: ContractError.self) { try parse(text) }
        }
        let binary: [[UInt8]] = [[0xFF], [0], Array(sampleText.utf8).map { $0 == 0x64 ? 0xE9 : $0 }]
        for bytes in binary {
            #expect(throws: ContractError.self) { try Contract(parsing: bytes, file: "a.avsc") }
        }
    }

    @Test func `no truncation and no single changed byte traps`() {
        let bytes = Array(sampleText.utf8)
        var refused = 0
        for length in stride(from: 0, to: bytes.count, by: 7) {
            do throws(ContractError) {
                _ = try Contract(parsing: Array(bytes[..<length]), file: "a.avsc")
            } catch { refused += 1 }
        }
        #expect(refused == (bytes.count + 6) / 7)
        for position in bytes.indices {
            for byte: UInt8 in [0, 0x22, 0x2C, 0x39, 0x5B, 0x7D, 0xFF] {
                var damaged = bytes
                damaged[position] = byte
                _ = try? Contract(parsing: damaged, file: "a.avsc")
            }
        }
    }
}

@Suite struct Keys {
    @Test func `a dataset key reads back from its text and its path`() throws {
        let key = try #require(DatasetKey(parsing: "silver.future_mbo.book_snapshot_1s"))
        #expect(key.layer == .silver && key.product == "future_mbo" && key.table == "book_snapshot_1s")
        #expect(DatasetKey(path: key.path) == key)
        #expect(DatasetKey(parsing: key.description) == key)
    }

    @Test(arguments: [
        "", "silver", "silver.a", "silver.a.b.c", "tin.a.b", "silver..b", "silver.A.b", "silver.a.é",
        "silver.a./", "silver.1.b",
    ])
    func `what is no dataset key is refused`(text: String) {
        #expect(DatasetKey(parsing: text) == nil)
    }

    @Test func `keys sort by the flow of data, then by name`() {
        let keys = ["gold.a.a", "ref.a.a", "silver.b.a", "silver.a.b", "silver.a.a", "bronze.z.z"].compactMap(
            DatasetKey.init(parsing:))
        #expect(
            keys.sorted().map(\.description) == [
                "ref.a.a", "bronze.z.z", "silver.a.a", "silver.a.b", "silver.b.a", "gold.a.a",
            ])
    }
}
