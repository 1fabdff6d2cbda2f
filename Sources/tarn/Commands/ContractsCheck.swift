import Arguments
import Contracts
import Glibc
import JSON
import Pipeline
import Tables
import Terminal

struct ContractsCheck: Command {
    static var about: About {
        About(
            "check", "Check every contract of the project, and what has changed since it was released.",
            discussion: """
                Every file below contracts/ is parsed, its texts, units, defaults and names are checked, and it is \
                compared with each version in contracts.lock: a change needs a new version, a version must be locked, \
                and what breaks readers must be approved in the file approved-breaks. All findings are listed. A contract \
                that differs from the one this program was built with is named: stages refuse to write such a table \
                until tarn is built again. Where docs/contracts.md is kept, it must be the document that 'tarn contracts \
                show --markdown' writes.
                """,
            examples: [
                Example(
                    "tarn contracts check",
                    "as a step of continuous integration: exit code 3 when something is found")
            ])
    }

    @Option("junit", .file, help: "Write the findings as JUnit XML, too.") var junit: String?

    func run(in session: Session) throws {
        let root = try session.projectRoot()
        let (set, errors) = try ContractSet.load(directory: "\(root)/contracts")
        var findings = errors.map { Finding($0) } + ContractLint.findings(in: set)
        if access("\(root)/contracts.lock", F_OK) == 0 {
            let approved =
                access("\(root)/approved-breaks", F_OK) == 0
                ? try ApprovedBreaks(path: "\(root)/approved-breaks") : ApprovedBreaks()
            findings += try ContractLock(path: "\(root)/contracts.lock").check(set, approved: approved)
        } else {
            session.console.warning("there is no contracts.lock; 'tarn contracts lock' makes it")
        }
        findings += try documentFindings(set, errors, at: "\(root)/docs/contracts.md")
        findings.sort()
        if let junit {
            let files = Set(set.contracts.map { "\($0.dataset.path).avsc" } + findings.map(\.file)).sorted()
            try SmallFile.replace(junit, by: JUnit.xml([Finding.junit(findings, files: files)]))
        }
        show(findings, set, in: session)
        if !findings.isEmpty {
            throw Failure(
                .combining(findings.map { $0.rule == .parse ? .usage : .violation }),
                "\(Human.plural(findings.count, "finding")) in \(Human.plural(set.count + errors.count, "contract"))"
            )
        }
    }

    /// The document is only compared when every contract could be read.
    private func documentFindings(
        _ set: ContractSet, _ errors: [ContractError], at path: String
    ) throws -> [Finding] {
        guard errors.isEmpty, let document = try SmallFile.contents(of: path, limit: 64 << 20) else { return [] }
        if document == Array(set.markdown().utf8) { return [] }
        return [
            Finding(
                .outdatedDocument, file: "docs/contracts.md",
                "is not what the contracts say: 'tarn contracts show --markdown > docs/contracts.md' makes it anew")
        ]
    }

    private func show(_ findings: [Finding], _ set: ContractSet, in session: Session) {
        func isBuiltIn(_ contract: Contract) -> Bool {
            CompiledContracts.fingerprints[contract.dataset.path] == contract.fingerprint
        }
        if session.isJSON {
            session.emit([
                "contracts": .array(
                    set.contracts.map { contract in
                        [
                            "dataset": .string("\(contract.dataset)"),
                            "version": .integer(Int64(contract.version)),
                            "fingerprint": .string(contract.fingerprint),
                            "built_in": .bool(isBuiltIn(contract)),
                        ]
                    }),
                "findings": .array(findings.map(\.json)),
            ])
            return
        }
        for finding in findings {
            session.console.result("\(finding.file.hasSuffix(".avsc") ? "contracts/" : "")\(finding)")
        }
        for contract in set.contracts where !isBuiltIn(contract) {
            session.console.warning("\(contract.dataset) differs from the one built in")
        }
        if findings.isEmpty {
            let columns = set.contracts.reduce(0) { $0 + $1.fields.count }
            session.console.result(
                "\(Human.plural(set.count, "contract")) with \(Human.plural(columns, "column")): nothing to mend"
            )
        }
    }
}

struct ContractsLock: Command {
    static var about: About {
        About(
            "lock", "Add the present versions of the contracts to contracts.lock.",
            discussion: """
                Released versions stay as they are. 'tarn contracts check' says whether a change is one that readers \
                can live with.
                """,
            examples: [Example("tarn contracts lock", "after raising the version of a contract")])
    }

    func run(in session: Session) throws {
        let path = try "\(session.projectRoot())/contracts.lock"
        let set = try session.contracts()
        let old = access(path, F_OK) == 0 ? try ContractLock(path: path) : ContractLock()
        let new = old.adding(set)
        let added = set.contracts.filter { new[$0.dataset].count > old[$0.dataset].count }
        if !added.isEmpty { try SmallFile.replace(path, by: new.text) }
        session.report(
            [
                "added": .array(
                    added.map {
                        ["dataset": .string("\($0.dataset)"), "version": .integer(Int64($0.version))]
                    })
            ],
            added.isEmpty
                ? "nothing to add"
                : added.map { "\($0.dataset) version \($0.version)" }.joined(separator: "\n"))
    }
}

struct ContractsDiff: Command {
    static var about: About {
        About(
            "diff", "Show how contracts differ from their last release, or from those of another directory.",
            discussion: "Each change is named with the readers that it breaks.",
            examples: [
                Example("tarn contracts diff", "against contracts.lock"),
                Example("tarn contracts diff --against ../other/contracts", "against another check-out"),
            ])
    }

    @Option("against", .directory, help: "Directory of contracts to compare with; without it contracts.lock.")
    var against: String?

    func run(in session: Session) throws {
        let new = try session.contracts()
        let old = try earlier(in: session)
        var changed: [(old: Contract, new: Contract)] = []
        var added: [Contract] = []
        for contract in new.contracts {
            guard let previous = old[contract.dataset] else {
                added.append(contract)
                continue
            }
            if !changes(from: previous, to: contract).isEmpty {
                changed.append((previous, contract))
            }
        }
        let removed = old.contracts.filter { new[$0.dataset] == nil }
        if session.isJSON {
            session.emit([
                "added": .array(added.map { .string("\($0.dataset)") }),
                "removed": .array(removed.map { .string("\($0.dataset)") }),
                "changed": .array(changed.map { json($0.old, $0.new) }),
            ])
            return
        }
        for contract in added {
            session.console.result("\(contract.dataset) version \(contract.version): new")
        }
        for contract in removed {
            session.console.result("\(contract.dataset) version \(contract.version): gone")
        }
        for (old, new) in changed {
            session.console.result("\(new.dataset) version \(old.version) → \(new.version)")
            for change in changes(from: old, to: new) {
                session.console.result(
                    "  \(change.description)" + (change.isBreaking ? ": \(change.consequence)" : ""))
            }
        }
        if added.isEmpty, removed.isEmpty, changed.isEmpty { session.console.note("no difference") }
    }

    /// Releases are kept without their texts, so a change of text is only seen against another directory.
    private func changes(from old: Contract, to new: Contract) -> [ContractChange] {
        ContractChange.changes(from: old, to: new).filter { against != nil || $0.kind != .textChanged }
    }

    private func earlier(in session: Session) throws -> ContractSet {
        if let against { return try ContractSet(directory: against) }
        let lock = try ContractLock(path: "\(session.projectRoot())/contracts.lock")
        return ContractSet(lock.releases.values.compactMap(\.last))
    }

    private func json(_ old: Contract, _ new: Contract) -> JSONValue {
        [
            "dataset": .string("\(new.dataset)"), "from": .integer(Int64(old.version)),
            "to": .integer(Int64(new.version)),
            "changes": .array(
                changes(from: old, to: new).map { change in
                    [
                        "change": .string(change.description),
                        "breaks_backward": .bool(change.breaksBackward),
                        "breaks_forward": .bool(change.breaksForward),
                    ]
                }),
        ]
    }
}
