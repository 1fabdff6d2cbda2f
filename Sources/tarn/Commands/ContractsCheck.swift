import Arguments
import Contracts
import JSON
import Pipeline
import Tables
import Terminal

struct ContractsCheck: Command {
    static var about: About {
        About(
            "check", "Check every contract of the project.",
            discussion: """
                Every file below contracts/ is parsed, with its types, units, keys, order, limits and identities; all \
                errors are listed. A contract that differs from the one this program was built with is named: stages \
                refuse to write such a table until tarn is built again.
                """,
            examples: [Example("tarn contracts check", "as a step of continuous integration")])
    }

    func run(in session: Session) throws {
        let root = try session.projectRoot()
        let (set, errors) = try ContractSet.load(directory: "\(root)/contracts")
        let changed = set.contracts.filter {
            CompiledContracts.fingerprints[$0.dataset.path] != $0.fingerprint
        }
        if session.isJSON {
            session.emit([
                "contracts": .array(
                    set.contracts.map { contract in
                        [
                            "dataset": .string("\(contract.dataset)"),
                            "version": .integer(Int64(contract.version)),
                            "fingerprint": .string(contract.fingerprint),
                            "built_in": .bool(
                                CompiledContracts.fingerprints[contract.dataset.path] == contract.fingerprint),
                        ]
                    }),
                "errors": .array(
                    errors.map { error in
                        [
                            "file": .string(error.file), "place": .string(error.place),
                            "reason": .string(error.reason),
                        ]
                    }),
            ])
        } else {
            for error in errors { session.console.error("contracts/\(error)") }
            for contract in changed {
                session.console.warning("\(contract.dataset) differs from the one built in")
            }
            if errors.isEmpty {
                let columns = set.contracts.reduce(0) { $0 + $1.fields.count }
                session.console.result(
                    "\(Human.plural(set.count, "contract")) with \(Human.plural(columns, "column")): all well formed"
                )
            }
        }
        guard errors.isEmpty else {
            throw Failure(
                .usage,
                "\(Human.plural(errors.count, "contract")) of \(set.count + errors.count) cannot be used")
        }
    }
}
