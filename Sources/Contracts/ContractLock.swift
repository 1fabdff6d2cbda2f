import JSON

/// `contracts.lock`: every released version of every contract, so that a change cannot slip in unseen.
///
///     {"contracts": {"<dataset>": [{"contract": <canonical form>, "fingerprint": …, "name": …, "version": 1}, …]},
///      "format": 1}
///
/// Written with one release a line, so that a review shows what was released.
///
/// Invariants: the versions of a dataset ascend; a release's fingerprint is that of its contract.
public struct ContractLock: Sendable {
    /// The releases of each dataset, ascending by version. Their texts are not kept.
    public private(set) var releases: [DatasetKey: [Contract]]

    public init() {
        releases = [:]
    }

    /// The releases of a dataset, ascending by version.
    public subscript(dataset: DatasetKey) -> [Contract] { releases[dataset] ?? [] }

    /// Bound on a lock file: more than a thousand releases of ten kilobytes.
    public static let maximumFileBytes = 16 << 20

    public init(path: String) throws(ContractError) {
        try self.init(parsing: readFile(path, limit: Self.maximumFileBytes), file: path)
    }

    public init(parsing bytes: [UInt8], file: String) throws(ContractError) {
        let value: JSONValue
        do { value = try JSONValue(parsing: bytes) } catch {
            throw ContractError(.malformed, file: file, place: "line \(error.line)", error.reason)
        }
        let parser = ContractParser(file: file)
        let top = try parser.attributes(of: value, at: "", known: ["format", "contracts"])
        guard try parser.integer(top, "format", at: "") == 1 else {
            throw ContractError(.invalidValue, file: file, place: "format", "this program reads format 1")
        }
        guard let datasets = top["contracts"]?.objectValue else {
            throw ContractError(.missingAttribute, file: file, "the attribute contracts is missing")
        }
        releases = [:]
        for member in datasets.members {
            guard let dataset = DatasetKey(parsing: member.name) else {
                throw ContractError(
                    .illegalName, file: file, place: parser.shown(member.name), "not a dataset")
            }
            releases[dataset] = try Self.releases(member.value, of: dataset, parser)
        }
    }

    private static func releases(
        _ value: JSONValue, of dataset: DatasetKey, _ parser: ContractParser
    ) throws(ContractError) -> [Contract] {
        guard let list = value.arrayValue, !list.isEmpty else {
            throw parser.fail(.invalidValue, dataset.description, "expected a list of releases, at least one")
        }
        var contracts: [Contract] = []
        for element in list {
            let place = "\(dataset), release \(contracts.count + 1)"
            let release = try parser.attributes(
                of: element, at: place, known: ["name", "version", "fingerprint", "contract"])
            let contract = try Contract(
                parser.required(release, "contract", at: place), table: dataset.table, file: parser.file)
            guard contract.dataset == dataset,
                try parser.string(release, "fingerprint", at: place) == contract.fingerprint,
                try parser.integer(release, "version", at: place) == Int64(contract.version),
                try parser.string(release, "name", at: place) == contract.name
            else {
                throw parser.fail(
                    .invalidValue, place, "name, version or fingerprint are not those of the contract")
            }
            if let last = contracts.last, last.version >= contract.version {
                throw parser.fail(.duplicate, place, "versions ascend")
            }
            contracts.append(contract)
        }
        return contracts
    }

    /// The text of the lock file.
    public var text: String {
        var text = "{\"contracts\": {"
        for (index, dataset) in releases.keys.sorted(by: { $0.description < $1.description }).enumerated() {
            text += index == 0 ? "\n" : ",\n"
            text += "  \"\(dataset)\": [\n"
            text += self[dataset].map { "    \(Self.release($0).serialized())" }.joined(separator: ",\n")
            text += "\n  ]"
        }
        return text + "\n}, \"format\": 1}\n"
    }

    private static func release(_ contract: Contract) -> JSONValue {
        [
            "name": .string(contract.name), "version": .integer(Int64(contract.version)),
            "fingerprint": .string(contract.fingerprint), "contract": contract.canonicalValue,
        ]
    }

    /// The lock with the current version of each contract added where it is newer than what is released.
    /// A changed contract of an old version is left out: `check` reports it.
    public func adding(_ contracts: ContractSet) -> ContractLock {
        var result = self
        for contract in contracts.contracts
        where contract.version > (self[contract.dataset].last?.version ?? 0) {
            result.releases[contract.dataset, default: []].append(contract)
        }
        return result
    }
}

extension Contract {
    /// The canonical form as a value.
    fileprivate var canonicalValue: JSONValue {
        guard let value = try? JSONValue(parsing: canonicalForm) else {
            preconditionFailure("\(dataset): the canonical form is JSON")
        }
        return value
    }
}

// MARK: - Checking

extension ContractLock {
    /// What CI must not let pass: contracts that changed without a version, versions that are not locked, and
    /// changes that break readers of any released version, unless they are approved with a reason.
    public func check(
        _ contracts: ContractSet, approved: ApprovedBreaks = ApprovedBreaks(), file: String = "contracts.lock"
    ) -> [Finding] {
        var findings: [Finding] = []
        var used: Set<ApprovedBreaks.Approval> = []
        for contract in contracts.contracts {
            findings += check(contract, approved, &used)
        }
        for dataset in releases.keys.sorted() where contracts[dataset] == nil {
            let removal = approved.approval(
                dataset: dataset, from: self[dataset].last?.version ?? 0, to: 0, change: "removed")
            if let removal {
                used.insert(removal)
            } else {
                findings.append(
                    Finding(
                        .contractRemoved, file: file, place: dataset.description,
                        "released, but its contract is gone"))
            }
        }
        for approval in approved.approvals where !used.contains(approval) {
            findings.append(
                Finding(
                    .needlessApproval, file: approved.file, place: approval.dataset.description,
                    "nothing needs the approval of \"\(approval.change)\" from version \(approval.from) to \(approval.to)"
                ))
        }
        return findings
    }

    private func check(
        _ contract: Contract, _ approved: ApprovedBreaks, _ used: inout Set<ApprovedBreaks.Approval>
    ) -> [Finding] {
        let file = contract.dataset.path + ".avsc"
        let released = self[contract.dataset]
        guard let last = released.last else {
            return [
                Finding(
                    .notLocked, file: file, place: "version", "version \(contract.version) is not in the lock"
                )
            ]
        }
        var findings: [Finding] = []
        if contract.version < last.version {
            findings.append(
                Finding(
                    .versionGoesBack, file: file, place: "version",
                    "version \(contract.version) after version \(last.version) was released"))
        } else if contract.version > last.version {
            findings.append(
                Finding(
                    .notLocked, file: file, place: "version", "version \(contract.version) is not in the lock"
                ))
        } else if contract.fingerprint != last.fingerprint {
            let changes = ContractChange.changes(from: last, to: contract).filter { $0.kind != .textChanged }
            findings.append(
                Finding(
                    .changedWithoutVersion, file: file, place: "version",
                    "changed since version \(last.version) was released: \(changes.map(\.description).joined(separator: "; "))"
                ))
        }
        for release in released where release.version != contract.version {
            for change in ContractChange.changes(from: release, to: contract) where change.isBreaking {
                let approval = approved.approval(
                    dataset: contract.dataset, from: release.version, to: contract.version,
                    change: change.description)
                if let approval {
                    used.insert(approval)
                } else {
                    findings.append(
                        Finding(
                            .incompatible, file: file, place: "since version \(release.version)",
                            "\(change.description): \(change.consequence)"))
                }
            }
        }
        return findings
    }
}

extension ContractChange {
    /// Whom the change breaks, in words.
    public var consequence: String {
        switch (breaksBackward, breaksForward) {
        case (true, true): "breaks new readers of old data and old readers of new data"
        case (true, false): "breaks new readers of old data"
        case (false, true): "breaks old readers of new data"
        case (false, false): "compatible"
        }
    }
}
