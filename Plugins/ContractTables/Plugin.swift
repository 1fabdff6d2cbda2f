import Foundation
import PackagePlugin

/// Generates the table types of `Tables` from the contracts at the package's root.
///
/// One command reads all contracts, because contracts share types. Its inputs are the contract files, so that a
/// changed one regenerates the code; its outputs are named after the files' paths. SwiftPM runs this plugin again
/// when Package.swift or the plugin changes: whoever adds or removes a contract touches one of them.
@main
struct ContractTables: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: Target) throws -> [Command] {
        let contracts = context.package.directoryURL.appending(path: "contracts")
        let output = context.pluginWorkDirectoryURL
        let paths = try FileManager.default.subpathsOfDirectory(atPath: contracts.path())
            .filter { $0.hasSuffix(".avsc") }
            .sorted()
        let outputs = paths.map { path in
            output.appending(
                path: path.dropLast(".avsc".count).split(separator: "/").joined(separator: ".") + ".swift")
        }
        return [
            .buildCommand(
                displayName: "Generating tables from \(paths.count) contracts",
                executable: try context.tool(named: "contractgen").url,
                arguments: [contracts.path(), output.path()],
                inputFiles: paths.map { contracts.appending(path: $0) },
                outputFiles: outputs + [output.appending(path: "CompiledContracts.swift")])
        ]
    }
}
