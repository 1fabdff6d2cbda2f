import Glibc
import Testing

/// Runs the generator as the plugin does, on small directories of contracts.
@Suite struct ContractGen {
    private static func contract(_ name: String, _ product: String, _ fields: String) -> String {
        """
        {"type": "record", "name": "\(name)", "namespace": "lake.gold.\(product)", "version": 1, "key": ["id"], "orderBy": ["id"],
         "fields": [{"name": "id", "type": "long"}, \(fields)]}
        """
    }

    private let x = #"{"name": "x", "type": "double"}"#

    @Test func `contracts of one record share a type, records of one shape are aliases`() throws {
        let files = [
            "gold/a/t.avsc": Self.contract("T", "a", x), "gold/b/t.avsc": Self.contract("T", "b", x),
            "gold/b/u.avsc": Self.contract("U", "b", x),
        ]
        let result = try generate(files)
        #expect(result.status == 0)
        #expect(result.outputs["gold.a.t.swift"]?.contains("public struct T: ~Copyable, RowTable {") == true)
        #expect(
            result.outputs["gold.b.t.swift"]
                == "// Generated from contracts/gold/b/t.avsc.\n// T is generated from gold/a/t.avsc.\n")
        #expect(result.outputs["gold.b.u.swift"]?.contains("public typealias U = T\n") == true)
        #expect(result.outputs["CompiledContracts.swift"]?.contains("\"gold/b/u\": \"") == true)
        #expect(result.outputs.count == 4)
    }

    @Test func `names become Swift's`() throws {
        let columns = [
            "ts_recv", "Omega_near", "u_ema_2", "d2u_dt2", "right", "in", "count", "ATR", "_a", "_1",
        ]
        let fields = columns.map { "{\"name\": \"\($0)\", \"type\": \"long\"}" }.joined(separator: ", ")
        let symbols =
            #"{"name": "s", "type": ["null", {"type": "enum", "name": "S", "symbols": ["A", "break", "tf_30s", "init", "bad_book"]}]}"#
        let text = try #require(
            try generate(["gold/a/t.avsc": Self.contract("T", "a", fields + ", " + symbols)]).outputs[
                "gold.a.t.swift"])
        for name in [
            "tsRecv", "omegaNear", "uEma2", "d2uDt2", "right", "`in`", "countValue", "atr", "a", "_1",
        ] {
            #expect(text.contains("public var \(name): Column<Int64> = Column<Int64>()\n"), "\(name)")
        }
        #expect(text.contains("public var s: OptionalSymbolColumn<S> = OptionalSymbolColumn<S>()\n"))
        for name in ["a", "`break`", "tf30s", "initValue", "badBook"] {
            #expect(text.contains("        case \(name)\n"), "\(name)")
        }
    }

    /// Contracts that cannot become Swift, and what the message names.
    static let defects: [([String: String], String)] = [
        (
            [
                "gold/a/t.avsc": contract(
                    "T", "a", #"{"name": "a_b", "type": "long"}, {"name": "aB", "type": "long"}"#)
            ], "column aB: the columns a_b and aB"
        ),
        (
            [
                "gold/a/t.avsc": contract(
                    "T", "a", #"{"name": "s", "type": {"type": "enum", "name": "S", "symbols": ["A", "a"]}}"#)
            ], "the symbols A and a"
        ),
        (
            [
                "gold/a/t.avsc": contract(
                    "T", "a", #"{"name": "s", "type": {"type": "enum", "name": "Row", "symbols": ["A"]}}"#)
            ], "enum Row"
        ),
        (
            [
                "gold/a/t.avsc": contract("T", "a", #"{"name": "x", "type": "double"}"#),
                "gold/b/t.avsc": contract("T", "b", #"{"name": "x", "type": "long"}"#),
            ], "gold/b/t.avsc: name"
        ),
        (["gold/a/t.avsc": "{"], "gold/a/t.avsc: line 1"),
        (
            ["gold/b/t.avsc": contract("T", "a", #"{"name": "x", "type": "long"}"#)],
            "gold/b/t.avsc: namespace"
        ),
    ]

    @Test(arguments: defects.indices)
    func `a contract that cannot become a type fails with its file`(index: Int) throws {
        let (files, message) = Self.defects[index]
        let result = try generate(files)
        #expect(result.status == 1)
        #expect(result.outputs.isEmpty)
        #expect(result.errors.contains("error: ") && result.errors.contains(message), "\(result.errors)")
    }

    @Test func `a file that would not change is not written again`() throws {
        try withDirectory { directory in
            try save(Self.contract("T", "a", x), "\(directory)/contracts/gold/a/t.avsc")
            mkdir("\(directory)/out", 0o755)
            _ = try run([directory + "/contracts", directory + "/out"], in: directory)
            chmod("\(directory)/out/gold.a.t.swift", 0o444)
            let before = try modification("\(directory)/out/gold.a.t.swift")
            usleep(20_000)
            #expect(try run([directory + "/contracts", directory + "/out"], in: directory).status == 0)
            #expect(try modification("\(directory)/out/gold.a.t.swift") == before)
        }
    }
}

// MARK: - Running

private struct Failure: Error {}

private func generate(
    _ files: [String: String]
) throws -> (status: Int32, errors: String, outputs: [String: String]) {
    try withDirectory { directory in
        for (path, text) in files { try save(text, "\(directory)/contracts/\(path)") }
        mkdir("\(directory)/out", 0o755)
        let (status, errors) = try run([directory + "/contracts", directory + "/out"], in: directory)
        var outputs: [String: String] = [:]
        for name in try names(in: directory + "/out") {
            outputs[name] = try text(of: "\(directory)/out/\(name)")
        }
        return (status, errors, outputs)
    }
}

/// The generator lies beside the test runner.
private func run(_ arguments: [String], in directory: String) throws -> (status: Int32, errors: String) {
    let runner = CommandLine.arguments[0].split(separator: "/", omittingEmptySubsequences: false)
    let program = (runner.dropLast() + ["contractgen"]).joined(separator: "/")
    let log = "\(directory)/errors"
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 2, log, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var child: pid_t = 0
    guard posix_spawn(&child, program, &actions, nil, &words, environ) == 0 else { throw Failure() }
    var status: Int32 = 0
    guard waitpid(child, &status, 0) == child else { throw Failure() }
    return ((status >> 8) & 0xFF, try text(of: log))
}

private func withDirectory<R>(_ body: (String) throws -> R) throws -> R {
    var template = Array("/tmp/tarn-contractgen-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Failure() }
    let directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { remove(tree: directory) }
    return try body(directory)
}

private func remove(tree: String) {
    for name in (try? names(in: tree)) ?? [] { remove(tree: "\(tree)/\(name)") }
    _ = remove(tree)
}

private func names(in directory: String) throws -> [String] {
    guard let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) {
            String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name != "." && name != ".." { names.append(name) }
    }
    return names
}

private func save(_ text: String, _ path: String) throws {
    var folder = ""
    for part in path.split(separator: "/").dropLast() {
        folder += "/\(part)"
        mkdir(folder, 0o755)
    }
    guard let file = fopen(path, "w") else { throw Failure() }
    fputs(text, file)
    fclose(file)
}

private func text(of path: String) throws -> String {
    guard let file = fopen(path, "r") else { throw Failure() }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = fread(&block, 1, block.count, file)
        if count == 0 { return String(decoding: bytes, as: UTF8.self) }
        bytes.append(contentsOf: block[..<count])
    }
}

private func modification(_ path: String) throws -> [Int] {
    var status = stat()
    guard stat(path, &status) == 0 else { throw Failure() }
    return [status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
}
