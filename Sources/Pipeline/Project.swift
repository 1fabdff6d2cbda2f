import Contracts
import DBN
import Lake
import Reference
import Stages
import Tables

/// A project on disk: the registry, the contracts it names, and the lake.
///
/// Invariant: every stage of the registry has code, and every contract that a stage reads or writes is the one
/// the code was built from.
public struct Project: Sendable {
    public let root: String
    public let lake: Lake
    public let registry: Registry
    public let contracts: ContractSet

    /// Opens the project at `root`, the directory of `datasets.yaml`.
    ///
    /// - Parameter lake: a lake instead of the registry's.
    /// - Parameter root: directory with datasets.yaml.
    /// - Throws: `Failure` with status `usage`: everything here is configuration.
    public init(root: String, lake: String? = nil) throws(Failure) {
        self.root = root
        do {
            contracts = try ContractSet(directory: "\(root)/contracts")
        } catch {
            throw Failure(.usage, "contracts/\(error)")
        }
        do {
            registry = try Registry(path: "\(root)/datasets.yaml", contracts: contracts)
        } catch {
            throw Failure(.usage, "\(error)")
        }
        let lakeRoot = registry.lakeRoot
        self.lake = Lake(root: lake ?? (lakeRoot.hasPrefix("/") ? lakeRoot : "\(root)/\(lakeRoot)"))
        try checkStages()
        try checkContracts()
    }

    private func checkStages() throws(Failure) {
        for stage in registry.stages where StageCatalogue.stage(named: stage.name) == nil {
            throw Failure(
                .usage, "\(registry.file):\(stage.line): there is no code for a stage '\(stage.name)'",
                advice: "stages are: \(StageCatalogue.names.joined(separator: ", "))")
        }
        // The vendor's, those of CSV files, and those of what people tell.
        let schemas = Set(
            Schema.allCases.map(\.name) + TaqFile.Kind.allCases.map(\.rawValue)
                + ReferenceKind.allCases.map(\.rawValue))
        for read in registry.stages.flatMap(\.reads) {
            if case .raw(let schema) = read.source, !schemas.contains(schema) {
                throw Failure(
                    .usage, "\(registry.file):\(read.line): there is no raw schema '\(schema)'",
                    advice: "schemas are: \(schemas.sorted().joined(separator: ", "))")
            }
        }
    }

    /// A contract that differs from the one the program was built from would be checked by one text and written
    /// by another.
    private func checkContracts() throws(Failure) {
        for stage in registry.stages {
            for product in stage.products {
                for dataset in stage.writes(for: product) {
                    let defining = stage.contractDataset(of: dataset)
                    guard let contract = contracts[defining] else { continue }
                    guard let compiled = CompiledContracts.fingerprints[defining.path] else {
                        throw Failure(
                            .usage, "contracts/\(defining.path).avsc is not known to this program",
                            advice: "build it again, so that the table's code is generated")
                    }
                    if compiled != contract.fingerprint {
                        throw Failure(
                            .usage,
                            "contracts/\(defining.path).avsc differs from the contract this program was built from "
                                + "(fingerprint \(contract.fingerprint.prefix(12)), built from \(compiled.prefix(12)))",
                            advice:
                                "build it again, or restore the contract; 'tarn contracts check' names the change"
                        )
                    }
                }
            }
        }
    }
}
