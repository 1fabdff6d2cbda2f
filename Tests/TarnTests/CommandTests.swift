import Foundation
import JSON
import Testing

@Suite struct `The program` {
    @Test func `help goes to standard output and is no error`() throws {
        for arguments in [["--help"], ["help"], ["-h"]] {
            let outcome = try tarn(arguments[0])
            #expect(outcome.status == 0)
            #expect(outcome.output.contains("usage: tarn COMMAND"))
            #expect(outcome.messages.isEmpty)
        }
    }

    @Test func `each command has help with an example`() throws {
        for line in [
            "run", "plan", "rebuild", "status", "verify", "select-contracts", "inspect", "sample",
            "completions",
            "raw add", "raw list", "raw verify", "contracts check", "contracts show", "contracts diff",
            "contracts lock",
        ] {
            let outcome = try tarn(line.split(separator: " ").map(String.init) + ["--help"])
            #expect(outcome.status == 0)
            #expect(outcome.output.contains("usage: tarn \(line)"), "\(line)")
            let examples = outcome.output.split(separator: "examples:\n").dropFirst().joined()
            #expect(examples.contains("tarn \(line)"), "\(line)")
        }
    }

    @Test func `wrong usage is exit 2, a message on standard error and nothing else`() throws {
        let outcome = try tarn("inspct", "x")
        #expect(outcome.status == 2)
        #expect(outcome.output.isEmpty)
        #expect(
            outcome.messages
                == "error: unknown command 'inspct'\n  did you mean 'inspect'?\nusage: tarn COMMAND\n'tarn --help' tells more.\n"
        )
    }

    @Test func `with --json an error is a document, too`() throws {
        let outcome = try tarn("inspect", "no-such-file", "--json")
        #expect(outcome.status == 4)
        #expect(outcome.json?["error"]?["kind"] == "not_ready")
        #expect(outcome.json?["error"]?["exit_code"] == 4)
        #expect(outcome.messages.hasPrefix("error: no-such-file: "))
    }

    @Test func `the version is the same everywhere`() throws {
        let plain = try tarn("version")
        #expect(plain.output == (try tarn("--version").output))
        let version = try #require(try tarn("version", "--json").json?["version"]?.stringValue)
        #expect(plain.output == "tarn \(version)\n")
    }

    @Test func `no colours where there is no terminal`() throws {
        for environment in [["TERM": "xterm-256color"], ["TERM": "xterm", "NO_COLOR": "1"]] {
            let outcome = try tarn("inspct", environment: environment)
            #expect(!outcome.messages.contains("\u{1B}"))
        }
    }
}

@Suite struct `The project` {
    @Test func `is the nearest directory upward with a registry`() throws {
        let project = try Scratch.project()
        let inner = project.url.appending(path: "notes/today")
        try FileManager.default.createDirectory(at: inner, withIntermediateDirectories: true)
        #expect(try tarn("contracts", "check", in: inner).status == 0)
    }

    @Test func `is named by an option before the variable`() throws {
        let project = try Scratch.project()
        let elsewhere = try Scratch()
        #expect(try tarn("contracts", "check", in: elsewhere.url).status == 2)
        #expect(try tarn("contracts", "check", "--project", project.url.path, in: elsewhere.url).status == 0)
        #expect(
            try tarn("contracts", "check", in: elsewhere.url, environment: ["TARN_PROJECT": project.url.path])
                .status == 0)
        let wrong = try tarn(
            "contracts", "check", "--project", elsewhere.url.path, in: elsewhere.url,
            environment: ["TARN_PROJECT": project.url.path])
        #expect(wrong.status == 2)
        #expect(wrong.messages.contains("it has no datasets.yaml"))
    }
}

@Suite struct `Contracts` {
    @Test func `of the project are well formed and built in`() throws {
        let outcome = try tarn("contracts", "check", "--json")
        #expect(outcome.status == 0)
        guard case .array(let contracts)? = outcome.json?["contracts"] else {
            Issue.record("no list of contracts")
            return
        }
        let files = FileManager.default.enumerator(atPath: package.appending(path: "contracts").path)!
            .compactMap { $0 as? String }.filter { $0.hasSuffix(".avsc") }
        #expect(contracts.count == files.count)
        #expect(contracts.allSatisfy { $0["built_in"] == true })
    }

    @Test func `all errors are listed, not only the first`() throws {
        let project = try Scratch.project()
        try FileManager.default.removeItem(at: project.url.appending(path: "contracts"))
        let folder = project.url.appending(path: "contracts/bronze/future_mbo")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try project.write(Array("{".utf8), "contracts/bronze/future_mbo/mbo.avsc")
        try project.write(Array("[]".utf8), "contracts/bronze/future_mbo/definition.avsc")
        let outcome = try tarn("contracts", "check", in: project.url)
        #expect(outcome.status == 2)
        #expect(outcome.output.contains("contracts/bronze/future_mbo/mbo.avsc"))
        #expect(outcome.output.contains("contracts/bronze/future_mbo/definition.avsc"))
    }

    @Test func `a change without a version is found and named`() throws {
        let project = try Scratch.project()
        try FileManager.default.removeItem(at: project.url.appending(path: "contracts"))
        let folder = project.url.appending(path: "contracts/bronze/future_mbo")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let original = try String(
            contentsOf: package.appending(path: "contracts/bronze/future_mbo/mbo.avsc"), encoding: .utf8)
        func write(_ text: String) throws {
            try project.write(Array(text.utf8), "contracts/bronze/future_mbo/mbo.avsc")
        }
        try write(original)
        #expect(try tarn("contracts", "lock", in: project.url).output == "bronze.future_mbo.mbo version 1\n")
        #expect(try tarn("contracts", "check", in: project.url).status == 0)
        #expect(try tarn("contracts", "diff", in: project.url).output.isEmpty)
        let changed = original.replacingOccurrences(of: "\"maximum\": 160", with: "\"maximum\": 161")
        try #require(changed != original)
        try write(changed)
        let check = try tarn("contracts", "check", in: project.url)
        #expect(check.status == 3)
        #expect(check.output.contains("changedWithoutVersion"))
        #expect(try tarn("contracts", "diff", in: project.url).output.contains("rtype"))
    }

    @Test func `a table is shown with units and key`() throws {
        let outcome = try tarn("contracts", "show", "silver.future_mbo.book_snapshot_1s")
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("key    window_end_ts_ns\n"))
        #expect(outcome.output.contains("price_1e-9"))
        let wrong = try tarn("contracts", "show", "silver.future_mbo.book_snapshot")
        #expect(wrong.status == 2)
        #expect(wrong.messages.contains("did you mean 'silver.future_mbo.book_snapshot_1s'?"))
    }
}

@Suite struct `Completion of the program` {
    func words(_ line: String...) throws -> [String] {
        let process = Process()
        process.executableURL = products.appending(path: "tarn")
        process.arguments = ["completions", "--words", "--"] + line
        process.currentDirectoryURL = package
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return text.split(separator: "\n").map { String($0.split(separator: "\t")[0]) }
    }

    @Test func `knows commands, options and the project's datasets`() throws {
        #expect(try words("contr") == ["contracts"])
        #expect(try words("contracts", "sh") == ["show"])
        #expect(
            try words("contracts", "show", "silver.future_mbo.book_s") == [
                "silver.future_mbo.book_snapshot_1s"
            ])
        let inspected = try words("inspect", "")
        #expect(inspected.last == ":files")
        #expect(inspected.dropLast().allSatisfy { $0.split(separator: ".").count == 3 } && inspected.count > 50)
        #expect(try words("inspect", "--ro") == ["--rows"])
    }

    @Test(arguments: ["bash", "zsh", "fish"]) func `has a script for each shell`(shell: String) throws {
        let outcome = try tarn("completions", shell)
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("completions --words"))
        #expect(try tarn("completions", "tcsh").status == 2)
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/bin/bash"))) func `works in bash`()
        throws
    {
        let script = """
            export PATH="\(products.path):$PATH"
            source <(tarn completions bash)
            COMP_WORDS=(tarn contracts show silver.future_mbo.depth); COMP_CWORD=3
            _tarn
            echo "${COMPREPLY[*]}"
            """
        let process = Process()
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments = ["-c", script]
        process.currentDirectoryURL = package
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(text == "silver.future_mbo.depth_and_flow_1s\n")
    }
}
