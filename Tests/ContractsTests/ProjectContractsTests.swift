import Columnar
import Contracts
import Glibc
import Testing

/// The contracts of this repository.
@Suite struct ProjectContracts {
    let contracts: ContractSet

    init() throws {
        contracts = try ContractSet(directory: root + "/contracts")
    }

    @Test func `all parse, in the order of their keys`() {
        #expect(contracts.count == 56)
        #expect(contracts.datasets == contracts.datasets.sorted())
        #expect(Set(contracts.contracts.map(\.name)).count == 39)
        #expect(Set(contracts.contracts.map(\.shape)).count == 37)
        #expect(contracts.contracts.map(\.fields.count).reduce(0, +) == 1125)
    }

    @Test func `all lint clean`() {
        let findings = ContractLint.findings(in: contracts)
        #expect(findings.isEmpty, "\(findings.map(\.description).joined(separator: "\n"))")
    }

    @Test func `the lock holds every version and nothing else`() throws {
        let lock = try ContractLock(path: root + "/contracts.lock")
        #expect(lock.check(contracts).isEmpty)
        #expect(lock.adding(contracts).text == lock.text)
        let bytes = try #require(contents(of: root + "/contracts.lock"))
        #expect(lock.text == bytes)
    }

    @Test func `every contract of the project can be shown`() {
        for contract in contracts.contracts {
            let text = contract.text(width: 100)
            #expect(contract.fields.allSatisfy { text.contains($0.name) })
            #expect(!text.contains(" \n"))
            let rows = contract.markdown().split(separator: "\n").filter {
                $0.hasPrefix("| ") && !$0.hasPrefix("| #")
            }
            #expect(rows.count == contract.fields.count)
        }
        #expect(contracts.markdown().hasPrefix("# Contracts\n"))
    }
}

@Suite struct Directories {
    @Test func `path and namespace must agree`() throws {
        try withContracts(["silver/equity_mbo/sample.avsc": sampleText]) { directory in
            let error = #expect(throws: ContractError.self) { try ContractSet(directory: directory) }
            #expect(error?.kind == .misplaced)
        }
        try withContracts(["silver/future_mbo/sample.avsc": sampleText, "silver/future_mbo/readme.txt": "no"]) {
            directory in
            let contracts = try ContractSet(directory: directory)
            #expect(contracts.datasets.map(\.description) == ["silver.future_mbo.sample"])
        }
    }

    @Test func `all errors are found, in the order of the paths`() throws {
        let files = [
            "silver/future_mbo/sample.avsc": sampleText, "silver/future_mbo/b.avsc": "{",
            "bronze/x.avsc": sampleText,
            "silver/future_mbo/Bad.avsc": sampleText,
        ]
        try withContracts(files) { directory in
            let (set, errors) = try ContractSet.load(directory: directory)
            #expect(set.count == 1)
            #expect(
                errors.map(\.file) == [
                    "bronze/x.avsc", "silver/future_mbo/Bad.avsc", "silver/future_mbo/b.avsc",
                ])
            #expect(errors.map(\.kind) == [.misplaced, .illegalName, .malformed])
        }
    }

    @Test func `a directory that is not there is an error`() {
        #expect(throws: ContractError.self) { try ContractSet(directory: "/nonexistent/contracts") }
    }
}

@Suite struct Lint {
    static let cases: [(String, String, Finding.Rule)] = [
        ("\"One column of every type.\"", "\"\"", .missingDoc),
        (#""doc": "time", "#, "", .missingDoc),
        (#", "unit": "contracts", "minimum": 0"#, "", .missingUnit),
        (#""unit": "contracts", "minimum""#, #""unit": "contrasts", "minimum""#, .unknownUnit),
        (#""unit": "contracts", "minimum""#, #""unit": "1//s", "minimum""#, .unknownUnit),
        (#""unit": "contracts", "minimum""#, #""unit": "s^", "minimum""#, .unknownUnit),
        (#""name": "note", "#, #""name": "note", "unit": "count", "#, .needlessUnit),
        (#""unit": "ns""#, #""unit": "ms""#, .unitOfTime),
        (#""default": null, "doc": "d"},"#, #""doc": "d"},"#, .missingDefault),
        ("\"Sample\"", "\"sample\"", .recordName),
        (#""orderBy": ["at", "side"]"#, #""orderBy": ["side", "at"]"#, .unorderedStart),
    ]

    @Test(arguments: cases.indices)
    func `a lapse is one finding`(index: Int) throws {
        let (old, new, rule) = Self.cases[index]
        #expect(ContractLint.findings(in: try parse(changed(old, new))).map(\.rule) == [rule])
    }

    @Test func `the sample is clean`() throws {
        #expect(ContractLint.findings(in: try parse(sampleText)).isEmpty)
    }

    @Test func `one record name for two shapes is a finding`() throws {
        let other = try parse(changed("future_mbo", "equity_mbo").replacing(Changes.day, with: ""))
        let findings = ContractLint.findings(in: ContractSet([try parse(sampleText), other]))
        #expect(findings.map(\.rule) == [.sharedRecordName])
        #expect(findings.map(\.file) == ["silver/future_mbo/sample.avsc"])
    }

    @Test(arguments: ["1/s", "1/s^3", "1/s/cell^2", "price*shares", "price/shares", "atr/min", "price_1e-9"])
    func `compound units are known by their factors`(unit: String) {
        #expect(Units.isKnown(unit))
    }
}

/// Runs `body` with a temporary directory of these files.
private func withContracts(_ files: [String: String], _ body: (String) throws -> Void) throws {
    var template = Array("/tmp/tarn-contracts-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
        throw ContractError(.unreadable, file: "/tmp", "no temporary directory")
    }
    let directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    for (path, text) in files {
        var folder = directory
        for part in path.split(separator: "/").dropLast() {
            folder += "/\(part)"
            mkdir(folder, 0o755)
        }
        let file = try #require(fopen("\(directory)/\(path)", "w"))
        fputs(text, file)
        fclose(file)
    }
    defer {
        for path in files.keys { unlink("\(directory)/\(path)") }
        for path in files.keys {
            var parts = path.split(separator: "/").dropLast()
            while !parts.isEmpty {
                rmdir("\(directory)/\(parts.joined(separator: "/"))")
                parts.removeLast()
            }
        }
        rmdir(directory)
    }
    try body(directory)
}

private func contents(of path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = fread(&block, 1, block.count, file)
        if count == 0 { return String(decoding: bytes, as: UTF8.self) }
        bytes.append(contentsOf: block[..<count])
    }
}
