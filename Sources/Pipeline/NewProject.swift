import Glibc
import Lake

/// A project made from another: registry, contracts and their lock, elsewhere than the sources of the program.
public enum NewProject {
    /// Files and directories that a project consists of; the first two must be there.
    private static let parts = ["datasets.yaml", "contracts", "contracts.lock", "parameters.yaml"]
    private static let largestFile = 16 << 20

    /// Copies the project at `template` to `directory`.
    ///
    /// - Parameter lake: the new registry's lake_root; nil: the directory `lake` of the new project.
    /// - Parameter directory: of the new project; made if it is not there.
    /// - Parameter template: directory of the project to copy.
    /// - Returns: the number of contracts.
    /// - Throws: `Failure`, of status `usage` where there is a project already.
    public static func make(at directory: String, from template: String, lake: String?) throws(Failure) -> Int {
        do {
            guard try !FileSystem.exists("\(directory)/datasets.yaml") else {
                throw Failure(.usage, "\(directory) is a project already: it has a datasets.yaml")
            }
            guard try FileSystem.exists("\(template)/datasets.yaml"), try FileSystem.exists("\(template)/contracts")
            else {
                throw Failure(.usage, "\(template) is no project: it has no datasets.yaml with contracts")
            }
            try FileSystem.makeRoot(directory)
            var contracts = 0
            // The registry comes last: without it there is no project.
            for part in parts.reversed() {
                guard let kind = try FileSystem.information("\(template)/\(part)") else { continue }
                if kind.isDirectory {
                    contracts += try copy(part, from: template, to: directory)
                } else {
                    var bytes = try FileSystem.read("\(template)/\(part)", atMost: largestFile)
                    if part == "datasets.yaml" { bytes = try registry(bytes, lake: lake ?? "lake") }
                    try FileSystem.create("\(directory)/\(part)", bytes)
                }
            }
            return contracts
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(explaining: error)
        }
    }

    /// - Returns: the number of files.
    private static func copy(_ folder: String, from template: String, to directory: String) throws -> Int {
        try FileSystem.makeDirectories(folder, below: directory)
        var files = 0
        for entry in try FileSystem.entries(of: "\(template)/\(folder)").sorted(by: { $0.name < $1.name }) {
            let path = "\(folder)/\(entry.name)"
            guard let kind = try FileSystem.information("\(template)/\(path)") else { continue }
            if kind.isDirectory {
                files += try copy(path, from: template, to: directory)
            } else {
                try FileSystem.create(
                    "\(directory)/\(path)", FileSystem.read("\(template)/\(path)", atMost: largestFile))
                files += 1
            }
        }
        return files
    }

    /// The registry with another lake_root, everything else as it was.
    private static func registry(_ bytes: [UInt8], lake: String) throws(Failure) -> [UInt8] {
        let text = String(decoding: bytes, as: UTF8.self)
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard let place = lines.firstIndex(where: { $0.hasPrefix("lake_root:") }) else {
            throw Failure(.usage, "the template's datasets.yaml has no lake_root")
        }
        // Single quotes take everything as it is, but for themselves.
        let quoted = lake.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''")
        lines[place] = "lake_root: '\(quoted)'"
        return Array(lines.joined(separator: "\n").utf8)
    }
}
