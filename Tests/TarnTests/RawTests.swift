import Foundation
import JSON
import Testing

/// A project with a small generated day of futures beside it, in `days`.
func sampleProject() throws -> Scratch {
    let project = try Scratch.project()
    let outcome = try tarn("sample", "days", "--dt", "2026-03-03", "--records", "2000", in: project.url)
    try #require(outcome.status == 0, "\(outcome.messages)")
    return project
}

@Suite struct `Adding raw files` {
    static let mbo = "glbx-mdp3-20260303.mbo.dbn.zst"
    static let place = "lake/raw/source=databento/dataset=GLBX.MDP3/schema=mbo/dt=2026-03-03"

    @Test func `a file goes where its header says, whatever its name, with its hash beside it`() throws {
        let project = try sampleProject()
        try FileManager.default.moveItem(
            atPath: project.path("days/\(Self.mbo)"), toPath: project.path("days/download(1)"))
        let outcome = try tarn("raw", "add", "days/download(1)", "--json", in: project.url)
        #expect(outcome.status == 0)
        guard case .array(let added)? = outcome.json?["added"] else {
            Issue.record("no list of files")
            return
        }
        #expect(added.count == 1)
        #expect(added[0]["schema"] == "mbo")
        #expect(added[0]["dt"] == "2026-03-03")
        let path = try #require(added[0]["path"]?.stringValue)
        #expect("lake/\(path)".hasPrefix(Self.place))
        let bytes = try Data(contentsOf: project.url.appending(path: "lake/\(path)"))
        #expect(try bytes == Data(contentsOf: project.url.appending(path: "days/download(1)")))
        let record = try String(
            contentsOf: project.url.appending(path: "lake/\(path).sha256"), encoding: .utf8)
        #expect(record.hasPrefix(try #require(added[0]["sha256"]?.stringValue)))
    }

    @Test func `adding a file again changes nothing`() throws {
        let project = try sampleProject()
        #expect(try tarn("raw", "add", "days/\(Self.mbo)", in: project.url).status == 0)
        let again = try tarn("raw", "add", "days/\(Self.mbo)", in: project.url)
        #expect(again.status == 0)
        #expect(again.output.contains("already there"))
    }

    @Test func `another file of a name that is there is refused`() throws {
        let project = try sampleProject()
        #expect(try tarn("raw", "add", "days/\(Self.mbo)", in: project.url).status == 0)
        #expect(
            try tarn(
                "sample", "other", "--dt", "2026-03-03", "--records", "2000", "--seed", "2", in: project.url
            ).status
                == 0)
        let outcome = try tarn("raw", "add", "other/\(Self.mbo)", in: project.url)
        #expect(outcome.status == 2)
        #expect(outcome.messages.contains("raw files are never replaced"))
    }

    @Test func `a file that the vendor's manifest contradicts is not added`() throws {
        let project = try sampleProject()
        let wrong = String(repeating: "0", count: 64)
        try project.write(
            Array(#"{"files":[{"filename":"\#(Self.mbo)","hash":"sha256:\#(wrong)"}]}"#.utf8),
            "days/manifest.json")
        let outcome = try tarn("raw", "add", "days/\(Self.mbo)", in: project.url)
        #expect(outcome.status == 5)
        #expect(outcome.messages.contains(wrong))
        #expect(!FileManager.default.fileExists(atPath: project.path("\(Self.place)/\(Self.mbo)")))
    }

    @Test func `a file whose manifest agrees says so`() throws {
        let project = try sampleProject()
        let first = try tarn(
            "raw", "add", "days/\(Self.mbo)", "--json", "--lake", "elsewhere", in: project.url)
        guard case .array(let added)? = first.json?["added"] else {
            Issue.record("no list of files")
            return
        }
        #expect(added[0]["vendor_hash_checked"] == false)
        let hash = try #require(added[0]["sha256"]?.stringValue)
        try project.write(
            Array(#"{"files":[{"filename":"\#(Self.mbo)","hash":"sha256:\#(hash)"}]}"#.utf8),
            "days/manifest.json")
        let outcome = try tarn("raw", "add", "days/\(Self.mbo)", in: project.url)
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("agrees"))
    }

    @Test func `what contradicts the command line is refused, the rest is added`() throws {
        let project = try sampleProject()
        let product = try tarn("raw", "add", "days/\(Self.mbo)", "-p", "future_mbx", in: project.url)
        #expect(product.status == 2)
        #expect(product.messages.contains("did you mean 'future_mbo'?"))
        let symbol = try tarn("raw", "add", "days/\(Self.mbo)", "-s", "NQH6", in: project.url)
        #expect(symbol.status == 2)
        #expect(symbol.messages.contains("it does not name NQH6"))
        let mixture = try tarn("raw", "add", "days/\(Self.mbo)", "datasets.yaml", "absent", in: project.url)
        #expect(mixture.status == 5 || mixture.status == 1)
        #expect(FileManager.default.fileExists(atPath: project.path("\(Self.place)/\(Self.mbo)")))
    }

    @Test func `a date without data is recorded`() throws {
        let project = try sampleProject()
        let outcome = try tarn(
            "raw", "add", "--no-data", "--dataset", "GLBX.MDP3", "--schema", "mbo", "--dt", "2026-01-01",
            in: project.url)
        #expect(outcome.status == 0)
        #expect(try tarn("raw", "list", in: project.url).output.contains("no data"))
        #expect(try tarn("raw", "add", "--no-data", "--dt", "2026-01-01", in: project.url).status == 2)
    }

    @Test func `nothing of a run is left in staging`() throws {
        let project = try sampleProject()
        #expect(try tarn("raw", "add", "days/\(Self.mbo)", in: project.url).status == 0)
        #expect(try tarn("raw", "add", "datasets.yaml", in: project.url).status == 5)
        let left = try FileManager.default.contentsOfDirectory(atPath: project.path("lake/_staging"))
        #expect(left.filter { !$0.hasPrefix(".") } == [])
    }

    @Test func `a damaged raw file is found`() throws {
        let project = try sampleProject()
        #expect(try tarn("raw", "add", "days/\(Self.mbo)", in: project.url).status == 0)
        #expect(try tarn("raw", "verify", in: project.url).status == 0)
        let path = project.path("\(Self.place)/\(Self.mbo)")
        var bytes = try Data(contentsOf: URL(filePath: path))
        bytes[bytes.count / 2] ^= 1
        try FileManager.default.removeItem(atPath: path)
        try bytes.write(to: URL(filePath: path))
        let outcome = try tarn("raw", "verify", "--json", in: project.url)
        #expect(outcome.status == 5)
        guard case .array(let failures)? = outcome.json?["failures"] else {
            Issue.record("no list of failures")
            return
        }
        #expect(failures.count == 1)
    }
}

@Suite struct `Running from the command line` {
    static let window = ["-p", "future_mbo", "-s", "ESH6", "-d", "2026-03-03", "-l", "bronze,silver"]

    func run(_ command: String, _ further: String..., in project: Scratch) throws -> Outcome {
        let arguments = [command] + Self.window + further
        return try tarn(arguments, in: project.url)
    }

    @Test func `what is fresh is skipped, what is stale is refused and then rebuilt`() throws {
        let project = try sampleProject()
        #expect(
            try tarn(
                ["raw", "add"]
                    + ["mbo", "definition", "statistics"].map { "days/glbx-mdp3-20260303.\($0).dbn.zst" },
                in: project.url
            ).status == 0)
        let first = try run("run", "--start", "09:30", "--end", "09:31", in: project)
        #expect(first.status == 0, "\(first.messages)")
        #expect(first.output.contains("published"))
        let second = try run("run", in: project)
        #expect(second.status == 0)
        #expect(second.output.contains("fresh"))
        #expect(!second.output.contains("published"))
        let stale = try run("run", "--end", "09:32", in: project)
        #expect(stale.status == 4)
        #expect(stale.messages.contains("output_end"))
        #expect(stale.messages.contains("--overwrite"))
        let rebuilt = try run("run", "--end", "09:32", "--overwrite", in: project)
        #expect(rebuilt.status == 0, "\(rebuilt.messages)")
        #expect(try tarn("verify", in: project.url).status == 0)
        let plan = try run("plan", "--ndjson", in: project)
        #expect(plan.status == 0)
        for line in plan.output.split(separator: "\n") {
            #expect(throws: Never.self) { try JSONValue(parsing: String(line)) }
        }
        let inspected = try tarn("inspect", "silver.future_mbo.book_quality_1s", "--json", in: project.url)
        #expect(inspected.json?["state"] == "fresh")
        #expect(inspected.json?["table"]?["rows"] == 120)
    }

    @Test(
        arguments: [
            (["-s", "../x", "-d", "2026-03-03", "-l", "bronze", "-p", "future_mbo"], 2),
            (["-s", "ES", "-d", "2026-02-30", "-l", "bronze", "-p", "future_mbo"], 2),
            (["-s", "ES", "-d", "2026-03-03", "-l", "brnze", "-p", "future_mbo"], 2),
            (["-s", "ES", "-d", "2026-03-03", "-l", "bronze", "-p", "future"], 2),
            (["-s", "ES", "-d", "2026-03-03", "-l", "silver", "-p", "future_mbo", "--set", "nothing=1"], 2),
            (["-s", "ES", "-d", "2026-03-03", "-l", "silver", "-p", "future_mbo", "-t", "book"], 2),
            (
                [
                    "-s", "ES", "-d", "2026-03-03", "-l", "silver", "-p", "future_mbo", "--start", "10:00",
                    "--end", "09:00",
                ], 2
            ),
            (["-s", "ES", "-d", "2026-03-03", "-l", "bronze", "-p", "future_mbo"], 4),
        ] as [([String], Int32)])
    func `a request that cannot be carried out is refused`(arguments: [String], status: Int32) throws {
        let project = try Scratch.project()
        let outcome = try tarn(["run"] + arguments, in: project.url)
        #expect(outcome.status == status, "\(outcome.messages)")
        #expect(outcome.messages.hasPrefix("error: ") || outcome.messages.contains("\nerror: "))
    }
}
