import Foundation
import Testing

@Suite struct `The house` {
    @Test func `every room has its floor and its declaration`() throws {
        let declared = try House.declaredDependencies()
        for room in try House.rooms() {
            #expect(House.floor(of: room) != nil, "\(room) stands on no floor")
            #expect(declared[room] != nil, "\(room) is not declared in Package.swift")
        }
    }

    @Test func `every folder of tests is declared, so that none is lost`() throws {
        let manifest = try House.text("Package.swift")
        let declared = manifest.matches(of: /\btests\(\s*"(\w+)"/).map { String($0.1) }
        #expect(Set(declared).count == declared.count)
        let files = House.files(in: "Tests", endingWith: ["Tests.swift"])
        let folders = Set(files.compactMap { $0.split(separator: "/").dropFirst().first.map(String.init) })
        #expect(folders == Set(declared))
    }

    @Test func `no room depends on one of its own floor or above`() throws {
        let declared = try House.declaredDependencies()
        #expect(declared["Lake"]?.contains("Parquet") == true, "the declarations are not read any more")
        for room in try House.rooms() {
            for dependency in declared[room, default: []] {
                let lower = try #require(House.floor(of: dependency), "\(dependency) stands on no floor")
                let upper = try #require(House.floor(of: room), "\(room) stands on no floor")
                #expect(lower < upper, "\(room) depends on \(dependency)")
            }
        }
    }

    @Test func `every folder of tests is built`() throws {
        let package = try House.text("Package.swift")
        let folders = try FileManager.default.contentsOfDirectory(
            atPath: House.root.appending(path: "Tests").path
        )
        .filter { $0.hasSuffix("Tests") }
        #expect(folders.contains("HouseTests"))
        for folder in folders {
            #expect(package.contains("tests(\"\(folder)\""), "\(folder) is in no target")
        }
    }

    @Test func `no file imports what its room does not declare`() throws {
        let declared = try House.declaredDependencies()
        for room in try House.rooms() {
            let allowed = declared[room, default: []].union(
                House.engines[room] != nil ? [] : House.toolchain)
            for path in House.files(in: "Sources/\(room)", endingWith: [".swift"]) {
                let undeclared = House.imports(of: try House.text(path)).subtracting(allowed)
                #expect(undeclared.isEmpty, "\(path) imports \(undeclared.sorted())")
            }
        }
    }

    @Test func `engines know no files or clocks`() throws {
        let declared = try House.declaredDependencies()
        for (engine, allowed) in House.engines {
            #expect(declared[engine, default: []].isSubset(of: allowed), "\(engine)")
        }
    }

    @Test func `no stage names a column by a string`() throws {
        let columns = try House.columns()
        #expect(columns.contains("best_bid_price_int"), "the contracts are not read any more")
        for path in House.files(in: "Sources/Stages", endingWith: [".swift"]) {
            let named = Set(House.literals(of: try House.text(path))).intersection(columns)
            #expect(named.isEmpty, "\(path) names \(named.sorted()); use the generated table type")
        }
    }

    @Test func `imports and literals are found in each way they are written`() {
        let source = """
            import Lake
            @preconcurrency import Glibc
            package import struct JSON.JSONValue
            // import Nothing
            let a = f("x", "y \\"z\\"") // "w"
                // "comment"
            """
        #expect(House.imports(of: source) == ["Lake", "Glibc", "JSON"])
        #expect(House.literals(of: source) == ["x", #"y \"z\""#, "w"])
    }
}

@Suite struct `The repository` {
    static let texts =
        House.files(in: "Sources", endingWith: [".swift", ".c", ".h", ".modulemap"])
        + House.files(in: "Plugins", endingWith: [".swift"])
        + House.files(in: "Benchmarks", endingWith: [".swift", ".cpp", ".py"])
        + House.files(in: "Tests", endingWith: [".swift", ".py"])
        + House.files(in: "Scripts", endingWith: [""])
        + House.files(in: ".ci", endingWith: [""])
        + House.files(in: "contracts", endingWith: [".avsc", ".lock"])
        + House.files(in: "docs", endingWith: [".md", ".json"]) + [
            "Package.swift", "README.md", "datasets.yaml",
        ]

    @Test func `no file knows where one machine keeps it`() throws {
        // Spelt in pieces, so that this file may be searched, too.
        let homes = ["work", "root", "Users"].map { "/\($0)/" } + ["/" + "home/"]
        for path in Self.texts {
            guard let text = try? House.text(path) else { continue }
            for home in homes {
                #expect(
                    !text.contains(try Regex("(^|[^\\w.~-])\(home)\\w").anchorsMatchLineEndings()),
                    "\(path) has a path below \(home)")
            }
        }
    }

    @Test func `nothing is left unfinished`() throws {
        let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]
        for path in Self.texts where !path.hasPrefix("docs/") {
            guard let text = try? House.text(path) else { continue }
            for mark in marks {
                #expect(!text.contains(try Regex("\\b\(mark)\\b")), "\(path) has a \(mark)")
            }
        }
    }

    @Test func `a file of source fits in a reader's head`() throws {
        for path in House.files(in: "Sources", endingWith: [".swift", ".c", ".h"]) {
            #expect(
                try House.text(path).split(separator: "\n", omittingEmptySubsequences: false).count <= 600,
                "\(path)")
        }
    }

    @Test func `each script is executable and stops at the first error`() throws {
        for path in House.files(in: "Scripts", endingWith: [""]) + [".ci/run"] {
            let url = House.root.appending(path: path)
            if try url.resourceValues(forKeys: [.isDirectoryKey]).isDirectory == true { continue }
            let text = try House.text(path)
            guard text.hasPrefix("#!") else { continue }
            #expect(
                FileManager.default.isExecutableFile(atPath: House.root.appending(path: path).path), "\(path)"
            )
            #expect(!text.contains("bash") || text.contains("set -euo pipefail"), "\(path)")
        }
    }
}
