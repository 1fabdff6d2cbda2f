import Contracts
import JSON
import Testing

@Suite struct Fingerprints {
    /// The canonical form of a small contract, worked out by hand from the rules.
    @Test func `the canonical form is the documented one`() throws {
        let text = """
            { "fields": [
                {"doc": "x", "unit": "shares", "minimum": 0, "name": "n", "type": {"type": "long"}},
                {"name": "s", "type": ["null", {"symbols": ["B"], "name": "S", "type": "enum", "doc": "x"}], "default": null},
                {"name": "t", "type": "S", "alias": "T%"},
                {"name": "d", "type": "double", "exclusiveMinimum": 0, "maximum": 1e6},
                {"name": "w", "type": "boolean"}],
              "orderBy": ["n"], "key": ["n"], "doc": "text", "version": 2, "namespace": "lake.gold.p", "name": "R",
              "identities": [{"tolerance": 0, "where": "w", "equals": "d", "sum": [["d", 1]]}], "type": "record" }
            """
        let expected =
            #"{"name":"lake.gold.p.R","type":"record","fields":["#
            + #"{"name":"n","type":"long","unit":"shares","minimum":0},"#
            + #"{"name":"s","type":["null",{"name":"lake.gold.p.S","type":"enum","symbols":["B"]}],"default":null},"#
            + #"{"name":"t","type":"lake.gold.p.S","alias":"T%"},"#
            + #"{"name":"d","type":"double","maximum":1000000.0,"exclusiveMinimum":0.0},"#
            + #"{"name":"w","type":"boolean"}],"version":2,"key":["n"],"orderBy":["n"],"#
            + #""identities":[{"sum":[["d",1.0]],"equals":"d","where":"w","tolerance":0.0}]}"#
        #expect(try parse(text).canonicalForm == expected)
    }

    /// printf '<canonical form>' | sha256sum, GNU coreutils 9.1.
    @Test func `the fingerprint is the SHA-256 of the canonical form`() throws {
        let text =
            #"{"type":"record","name":"R","namespace":"lake.gold.p","version":1,"key":["n"],"orderBy":["n"],"fields":[{"name":"n","type":"long"}]}"#
        let contract = try parse(text)
        #expect(
            contract.canonicalForm
                == #"{"name":"lake.gold.p.R","type":"record","fields":[{"name":"n","type":"long"}],"version":1,"key":["n"],"orderBy":["n"]}"#
        )
        #expect(contract.fingerprint == "51184c9302173d2fa26545e9650edf1c0b8336db15802c6bdea91b12f0272b72")
    }

    @Test func `a canonical form is a contract of the same fingerprint`() throws {
        for contract in try [parse(sampleText)] + ContractSet(directory: root + "/contracts").contracts {
            let again = try parse(contract.canonicalForm, file: contract.dataset.table + ".avsc")
            #expect(again.fingerprint == contract.fingerprint)
            #expect(again.dataset == contract.dataset)
        }
    }

    @Test func `texts, blanks and the order of attributes do not matter`() throws {
        let fingerprint = try parse(sampleText).fingerprint
        #expect(try parse(changed(#""doc": "time""#, #""doc": "another text""#)).fingerprint == fingerprint)
        #expect(try parse(changed(#""doc": "time", "#, "")).fingerprint == fingerprint)
        #expect(try parse(changed("One column of every type.", "Some.")).fingerprint == fingerprint)
        #expect(try parse(changed(#""maximum": 1000000"#, #""maximum": 1e6"#)).fingerprint == fingerprint)
        let sorted = try JSONValue(parsing: sampleText)
        #expect(try parse(sorted.serialized(.compact)).fingerprint == fingerprint)
        #expect(try parse(sorted.serialized(.pretty)).fingerprint == fingerprint)
    }

    static let changes: [(String, String)] = [
        (#""version": 1"#, #""version": 2"#),
        ("\"Sample\"", "\"Example\""),
        ("lake.silver.future_mbo", "lake.silver.equity_mbo"),
        ("lake.silver.future_mbo", "lake.gold.future_mbo"),
        (#""key": ["at", "side"]"#, #""key": ["at"]"#),
        (#""key": ["at", "side"]"#, #""key": ["side", "at"]"#),
        (#""orderBy": ["at", "side"]"#, #""orderBy": ["side", "at"]"#),
        (#""where": "valid", "#, ""),
        (#""tolerance": 0"#, #""tolerance": 0.5"#),
        (#"["removed", -2]"#, #"["removed", -1]"#),
        (#"["start", 1], ["added", 1]"#, #"["added", 1], ["start", 1]"#),
        (#""equals": "end""#, #""equals": "added""#),
        (#""minimum": 0"#, #""minimum": 1"#),
        (#""minimum": 0"#, #""exclusiveMinimum": 0"#),
        (#""minimum": 0"#, #""maximum": 0"#),
        (#", "minimum": 0"#, ""),
        (#""unit": "contracts", "minimum""#, #""unit": "shares", "minimum""#),
        (#""unit": "contracts", "minimum""#, #""minimum""#),
        ("timestamp-nanos", "timestamp-millis"),
        (#"{"type": "long", "logicalType": "timestamp-nanos"}"#, #""long""#),
        (#"["B", "A"]"#, #"["A", "B"]"#),
        (#"["B", "A"]"#, #"["B", "A", "N"]"#),
        (#"{"name": "added", "type": "long""#, #"{"name": "added", "type": "int""#),
        (#"["null", "string"], "default": null"#, #""string""#),
        (
            #""name": "note", "type": ["null", "string"], "default": null"#,
            #""name": "note", "type": ["null", "string"]"#
        ),
        (#"{"name": "note""#, #"{"name": "notes""#),
        (#", "alias": "milli%""#, ""),
        (#""milli%""#, #""milli""#),
        (#"{"name": "day", "type": {"type": "int", "logicalType": "date"}, "doc": "d"},"#, ""),
    ]

    @Test func `every change of a rule gives another fingerprint`() throws {
        var fingerprints: [String: String] = [try parse(sampleText).fingerprint: "unchanged"]
        for (old, new) in Self.changes {
            let fingerprint = try parse(changed(old, new)).fingerprint
            #expect(
                fingerprints[fingerprint] == nil, "\(old) → \(new) equals \(fingerprints[fingerprint] ?? "")")
            fingerprints[fingerprint] = "\(old) → \(new)"
        }
    }

    @Test func `units of a shared contract are replaced also inside compounds`() throws {
        let shared = try parse(changed(#""unit": "price""#, #""unit": "contracts*price/contracts""#))
        let other = shared.substituting(units: ["contracts": "shares"])
        #expect(other.field("bid")?.unit == "shares*price/shares")
        #expect(other.field("start")?.unit == "shares")
        #expect(other.field("at")?.unit == "ns")
        #expect(other.shape == shared.shape)
        #expect(other.fingerprint != shared.fingerprint)
        #expect(other.substituting(units: ["shares": "contracts"]).fingerprint == shared.fingerprint)
        #expect(shared.substituting(units: [:]).fingerprint == shared.fingerprint)
    }

    @Test func `a contract renamed for another dataset has that namespace`() throws {
        let contract = try parse(sampleText)
        let key = try #require(DatasetKey(parsing: "gold.equity_taq.thing"))
        let renamed = contract.renamed(as: key)
        #expect(renamed.dataset == key)
        #expect(renamed.namespace == "lake.gold.equity_taq")
        #expect(renamed.fingerprint != contract.fingerprint)
        #expect(renamed.renamed(as: contract.dataset).fingerprint == contract.fingerprint)
    }
}
