import Contracts
import Glibc

/// Writes one Swift file per contract, plus one with the fingerprints: the build-tool plugin runs this before
/// `Tables` is compiled.
///
///     contractgen <contracts directory> <output directory>
///
/// Output names depend on the contracts' paths alone, so that the plugin knows them without reading a
/// contract.
@main
struct ContractGen {
    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count == 3 else {
            report("usage: contractgen <contracts directory> <output directory>")
            exit(2)
        }
        do {
            try generate(from: arguments[1], into: arguments[2])
        } catch {
            report("error: \(arguments[1])/\(error)")
            exit(1)
        }
    }

    static func generate(from directory: String, into output: String) throws(ContractError) {
        let contracts = try ContractSet(directory: directory)
        for (contract, text) in try TableCode.files(for: contracts.contracts) {
            try save(text, to: "\(output)/\(fileName(contract.dataset))")
        }
        try save(TableCode.fingerprints(of: contracts.contracts), to: "\(output)/CompiledContracts.swift")
    }

    /// `silver/future_mbo/mbo.avsc` → `silver.future_mbo.mbo.swift`, as in the plugin.
    static func fileName(_ dataset: DatasetKey) -> String {
        "\(dataset.layer.rawValue).\(dataset.product).\(dataset.table).swift"
    }

    /// Leaves a file alone that has the text already, so that the compiler need not look at it again.
    static func save(_ text: String, to path: String) throws(ContractError) {
        let bytes = Array(text.utf8)
        if contents(of: path) == bytes { return }
        guard let file = fopen(path, "w") else { throw failure(path) }
        let written = fwrite(bytes, 1, bytes.count, file)
        guard fclose(file) == 0, written == bytes.count else { throw failure(path) }
    }

    static func contents(of path: String) -> [UInt8]? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&block, 1, block.count, file)
            if count == 0 { return bytes }
            bytes.append(contentsOf: block[..<count])
        }
    }

    static func failure(_ path: String) -> ContractError {
        ContractError(.unreadable, file: path, String(cString: strerror(errno)))
    }

    static func report(_ message: String) {
        let line = Array("\(message)\n".utf8)
        _ = write(2, line, line.count)
    }
}
