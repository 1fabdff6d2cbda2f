import Foundation

/// The package as text: its folders, its declared dependencies and its sources.
enum House {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The rooms from the ground up. Data flows down the list of the design and nothing in a lower room knows an
    /// upper one, so a room may depend only on rooms of an earlier line.
    static let floors: [Set<String>] = [
        ["CZstd", "CLZ4", "CSnappy", "CYAML", "CCrypto", "CJansson", "CZlib", "CSystem"],
        ["JSON", "Digest", "CivilTime", "FixedMath", "Columnar", "Terminal", "Decompression"],
        ["Arguments", "Parquet", "DBN", "CSV", "Contracts", "OrderBook", "Physics"],
        ["Tables", "Lake", "Sample", "contractgen"],
        ["MarketState", "Reference"],
        ["Stages", "Reports"],
        ["Pipeline"],
        ["tarn"],
    ]

    /// Rooms that know no files and clocks, and all that each may import. Those that count nanoseconds know no
    /// tables either; the rows of MarketState, which are few and wide, are the rows of the contracts.
    static let engines: [String: Set<String>] = [
        "OrderBook": ["Columnar", "CSystem"],
        "Physics": ["Columnar", "FixedMath"],
        "MarketState": ["Tables", "Columnar", "FixedMath", "CivilTime"],
    ]

    /// What comes with the toolchain and may be imported anywhere but in the engines.
    static let toolchain: Set<String> = ["Dispatch", "Glibc", "Synchronization"]

    static func floor(of room: String) -> Int? { floors.firstIndex { $0.contains(room) } }

    /// Room → the rooms its declaration in Package.swift names.
    static func declaredDependencies() throws -> [String: Set<String>] {
        let manifest = try text("Package.swift")
        var found: [String: Set<String>] = [:]
        for match in manifest.matches(of: /\.systemLibrary\(\s*name: "(\w+)"/) { found[String(match.1)] = [] }
        for match in manifest.matches(of: /\broom\(\s*"(\w+)"(?:,\s*\[([^\]]*)\])?/) {
            found[String(match.1)] = names(match.2 ?? "")
        }
        for match in manifest.matches(
            of: /\.(?:executableTarget|target)\(\s*name: "(\w+)"(?:,\s*dependencies: \[([^\]]*)\])?/)
        {
            found[String(match.1)] = names(match.2 ?? "")
        }
        return found
    }

    private static func names(_ list: Substring) -> Set<String> {
        Set(list.matches(of: /"(\w+)"/).map { String($0.1) })
    }

    /// The folders of Sources.
    static func rooms() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: root.appending(path: "Sources").path).sorted()
    }

    /// Paths relative to the root of the files below a folder, hidden ones left out.
    static func files(in folder: String, endingWith suffixes: [String]) -> [String] {
        guard let all = FileManager.default.enumerator(atPath: root.appending(path: folder).path) else {
            return []
        }
        return all.compactMap { $0 as? String }
            .filter { path in suffixes.contains { path.hasSuffix($0) } && !path.contains("__pycache__") }
            .map { "\(folder)/\($0)" }.sorted()
    }

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// The modules that a Swift file imports.
    static func imports(of source: String) -> Set<String> {
        let pattern =
            /(?m)^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:\w+ )?import (?:(?:struct|class|enum|protocol|func|var|let|typealias) )?(\w+)/
        return Set(source.matches(of: pattern).map { String($0.1) })
    }

    /// The string literals of Swift code, comments left out.
    static func literals(of source: String) -> [String] {
        source.split(separator: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("//") }
            .flatMap { line in line.matches(of: /"((?:[^"\\]|\\.)*)"/).map { String($0.1) } }
    }

    /// The columns of all contracts.
    static func columns() throws -> Set<String> {
        var names: Set<String> = []
        for path in files(in: "contracts", endingWith: [".avsc"]) {
            let record = try JSONSerialization.jsonObject(with: Data(text(path).utf8)) as? [String: Any]
            for field in record?["fields"] as? [[String: Any]] ?? [] {
                if let name = field["name"] as? String { names.insert(name) }
            }
        }
        return names
    }
}
