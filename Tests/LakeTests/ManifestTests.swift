import Digest
import JSON
import Lake
import Testing

@Suite struct ManifestTests {
    let scratch = Scratch()

    func sample() throws -> Manifest {
        let run = try Run(Lake(root: scratch.path))
        let provenance = sampleProvenance(
            defaults: ["start": .integer(34_200), "policy": .text("record"), "days": .list(["2026-01-01"])],
            overrides: ["start": .integer(0), "publisher": .null, "complete": .boolean(true)],
            inputs: [
                .raw(path: "raw/source=databento/b.dbn", sha256: someHash),
                .partition(sampleAddress("é"), manifest: otherHash),
                .partition(sampleAddress("gone"), manifest: nil),
                .raw(path: "raw/source=databento/a.dbn", sha256: otherHash),
            ])
        var writer = try PartitionWriter(
            run, sampleAddress("a/b"), contract: sampleContract, provenance: provenance, compression: .none)
        try [Int64(1), 2].withUnsafeBufferPointer { try writer.write([.init(.int64($0))]) }
        return try writer.finish(
            dayState: .noEvents,
            quality: Quality(
                windows: 10, validWindows: 8, reasons: ["ok": 8, "crossed": 2], counters: ["dup_add": 3],
                rowsDropped: 1),
            isTruncated: true
        ).manifest
    }

    @Test func `a manifest reads back equal, and again gives the same bytes`() throws {
        let manifest = try sample()
        let bytes = manifest.serialized()
        let back = try Manifest(parsing: bytes, path: "m")
        #expect(back == manifest)
        #expect(back.serialized() == bytes)
    }

    @Test func `a manifest lists what the partition is made from, in order and without a clock`() throws {
        let json = try JSONValue(parsing: try sample().serialized())
        #expect(
            json.objectValue?.names == [
                "compression", "contract", "dataset", "day_state", "dt", "files", "format", "generation",
                "inputs",
                "parameters", "quality", "rows", "stage", "symbol", "truncated", "writer_revision",
            ])
        #expect(json["symbol"] == "a/b")
        #expect(json["dt"] == "2026-01-06")
        #expect(json["rows"] == 2)
        #expect(json["day_state"] == "no_events")
        #expect(json["truncated"] == true)
        #expect(json["parameters"]?["defaults"]?["start"] == 34_200)
        #expect(json["parameters"]?["overrides"] == ["complete": true, "publisher": nil, "start": 0])
        #expect(
            json["quality"] == [
                "counters": ["dup_add": 3], "reasons": ["crossed": 2, "ok": 8], "rows_dropped": 1,
                "valid_windows": 8, "windows": 10,
            ])
        let inputs = json["inputs"]?.arrayValue ?? []
        #expect(inputs.count == 4)
        #expect(inputs[0]["raw"] == "raw/source=databento/a.dbn")
        #expect(inputs[2]["manifest_sha256"] == .string(otherHash))
        #expect(inputs[3]["manifest_sha256"] == .null)
    }

    @Test func `the generation depends on everything that determines the bytes`() {
        let base = sampleProvenance()
        let others = [
            sampleProvenance(revision: 2), sampleProvenance(defaults: ["a": .integer(1)]),
            sampleProvenance(overrides: ["a": .integer(1)]), sampleProvenance(inputs: []),
            sampleProvenance(inputs: [.raw(path: "raw/source=databento/x.dbn", sha256: otherHash)]),
            Provenance(
                stage: "other", revision: 1, contractPath: base.contractPath,
                contractFingerprint: base.contractFingerprint, compression: "none", inputs: base.inputs),
            Provenance(
                stage: "sample", revision: 1, contractPath: base.contractPath, contractFingerprint: otherHash,
                compression: "none", inputs: base.inputs),
            Provenance(
                stage: "sample", revision: 1, contractPath: base.contractPath,
                contractFingerprint: base.contractFingerprint, compression: "lz4", inputs: base.inputs),
            Provenance(
                stage: "sample", revision: 1, contractPath: base.contractPath,
                contractFingerprint: base.contractFingerprint, compression: "none",
                writerRevision: base.writerRevision + 1, inputs: base.inputs),
        ]
        let generations = ([base] + others).map { $0.generation(of: sampleAddress()) }
        #expect(Set(generations).count == generations.count)
        #expect(!generations.contains(base.generation(of: sampleAddress("NQH6"))))
        #expect(generations[0] == sampleProvenance().generation(of: sampleAddress()))
        #expect(
            sampleProvenance(defaults: ["a": .integer(1), "b": .text("x")]).generation(of: sampleAddress())
                == sampleProvenance(defaults: ["b": .text("x"), "a": .integer(1)]).generation(
                    of: sampleAddress()))
    }

    @Test func `every member must be there, be known and have its type`() throws {
        let json = try JSONValue(parsing: try sample().serialized())
        let object = try #require(json.objectValue)
        for name in object.names {
            var without = object
            without[name] = nil
            expectRejected(.object(without), name)
            for wrong: JSONValue in [.null, .integer(-1), .double(1.5), .array([.integer(1)]), .bool(false)] {
                if name == "truncated", wrong == .bool(false) { continue }
                var changed = object
                changed[name] = wrong
                expectRejected(.object(changed), name)
            }
        }
        var extra = object
        extra["host"] = "here"
        expectRejected(.object(extra), "host")
    }

    private func expectRejected(_ json: JSONValue, _ name: String) {
        do throws(LakeError) {
            _ = try Manifest(parsing: json.serializedBytes(), path: "m")
            Issue.record("accepted with a wrong \(name)")
        } catch {
            #expect(error.category == .corrupt)
            #expect("\(error)".contains(name), "\(error)")
        }
    }

    @Test(arguments: [
        ("\"raw\": \"raw/source=databento/a.dbn\"", "\"raw\": \"raw/../../etc/passwd\""),
        ("\"raw\": \"raw/source=databento/a.dbn\"", "\"raw\": \"/etc/passwd\""),
        ("\"name\": \"part-00000.parquet\"", "\"name\": \"../part-00000.parquet\""),
        ("\"rows\": 2,", "\"rows\": 3,"),
        ("\"dt\": \"2026-01-06\"", "\"dt\": \"2026-13-06\""),
        ("\"format\": 2", "\"format\": 1"),
        ("\"truncated\": true", "\"truncated\": true,"),
    ])
    func `hostile values are refused`(from: String, to: String) throws {
        let text = String(decoding: try sample().serialized(), as: UTF8.self)
        let parts = text.split(separator: from, maxSplits: 1, omittingEmptySubsequences: false)
        try #require(parts.count == 2)
        #expect(throws: LakeError.self) {
            try Manifest(parsing: Array((parts[0] + to + parts[1]).utf8), path: "m")
        }
    }

    @Test func `any cut of a manifest is refused`() throws {
        let bytes = try sample().serialized()
        for length in stride(from: 0, to: bytes.count - 2, by: 7) {
            #expect(throws: LakeError.self) { try Manifest(parsing: Array(bytes[..<length]), path: "m") }
        }
    }
}
