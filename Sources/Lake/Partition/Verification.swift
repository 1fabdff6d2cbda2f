import Columnar
import Contracts
import Parquet

/// What a verification of one partition found.
public struct PartitionVerification: Sendable {
    public let address: PartitionAddress
    /// Nil when it cannot be read.
    public let manifest: Manifest?
    /// Bytes that are not what they must be: which file, which part, why. Empty for a sound partition.
    public var damage: [LakeError] = []
    /// The value rules of the contract; nil when the rows could not be read or are of another version.
    public var conformance: ConformanceReport?
    /// Written under another version of the contract; its rules were not checked.
    public var isOutdated = false
    /// One for each input that the manifest lists, in its order.
    public var lineage: [LineageLink] = []

    /// No damage and no broken rule. Inputs that have changed since make a partition stale, not wrong.
    public var isSound: Bool { damage.isEmpty && conformance?.isClean ?? true }
}

/// An input that a manifest lists, compared with the lake of today.
public struct LineageLink: Sendable, Hashable {
    public enum State: String, Sendable, Hashable {
        /// The same generation or file is there.
        case current
        /// Another one is there; the recorded generation lies in `_history`.
        case superseded
        /// Another one is there, and the recorded one is nowhere.
        case lost
        /// Nothing is there.
        case missing
        /// It was optional, absent then, and is absent still.
        case absent
        /// It was optional and absent then.
        case appeared
    }

    public let input: Input
    public let state: State
}

extension Lake {
    /// Hashes the files of a live partition; nil when nothing is wrong.
    ///
    /// - Complexity: O(bytes).
    public func verifyContent(of address: PartitionAddress) throws(LakeError) -> LakeError? {
        guard let snapshot = try snapshot(of: address) else {
            return .missing("\(address): there is no such partition")
        }
        return try snapshot.damage()
    }

    /// Hashes the files of a partition, decodes every page, checks every value rule and follows the lineage.
    ///
    /// - Parameter contract: of the dataset; nil leaves the value rules out.
    /// - Parameter address: of a partition that is there.
    /// - Complexity: O(bytes + rows × rules).
    public func verify(
        _ address: PartitionAddress, contract: Contract?
    ) throws(LakeError) -> PartitionVerification {
        guard let snapshot = try snapshot(of: address) else {
            var nothing = PartitionVerification(address: address, manifest: nil)
            nothing.damage = [.missing("\(address): there is no such partition")]
            return nothing
        }
        var result = PartitionVerification(address: address, manifest: snapshot.condition.manifest)
        let alteration = try snapshot.damage()
        if let alteration { result.damage.append(alteration) }
        try snapshot.reportStrays(address, into: &result)
        guard let manifest = result.manifest else { return result }
        if manifest.provenance.generation(of: address) != manifest.generation {
            result.damage.append(
                .corrupt(
                    path: "\(address.path)/\(PartitionFile.manifest)",
                    reason: "its generation is not the hash of what it lists"))
        }
        result.isOutdated =
            contract.map { $0.fingerprint != manifest.provenance.contractFingerprint } ?? false
        if case .damaged = snapshot.condition {
        } else {
            let known = result.damage.count
            snapshot.checkRows(manifest, contract, into: &result)
            // Every page has a checksum; what stands around the pages has none.
            if alteration != nil, result.damage.count == known {
                result.damage.append(
                    .corrupt(
                        path: "\(address.path)/\(PartitionFile.data)",
                        reason: "its pages are as they were written: the damage is in a page header, the page index "
                            + "or the footer"))
            }
        }
        for input in manifest.provenance.inputs { result.lineage.append(try link(input)) }
        return result
    }

    private func link(_ input: Input) throws(LakeError) -> LineageLink {
        switch input {
        case .partition(let address, let recorded):
            let live = try status(of: address).inputIdentity
            switch (recorded, live) {
            case (nil, nil): return LineageLink(input: input, state: .absent)
            case (nil, _): return LineageLink(input: input, state: .appeared)
            case (_, nil): return LineageLink(input: input, state: .missing)
            case (let recorded?, let live?):
                if recorded == live { return LineageLink(input: input, state: .current) }
                let isKept = try history(of: address).contains { $0.identity == recorded }
                return LineageLink(input: input, state: isKept ? .superseded : .lost)
            }
        case .raw(let path, let sha256):
            guard try FileSystem.exists(self.path(path)) else {
                return LineageLink(input: input, state: .missing)
            }
            let recorded = try RawStore(self).recordedHash(of: path)
            return LineageLink(input: input, state: recorded == sha256 ? .current : .lost)
        }
    }
}

// MARK: - One partition

extension PartitionSnapshot {
    /// Readers that take `**/*.parquet` would read a stranger's file as part of the table.
    fileprivate borrowing func reportStrays(
        _ address: PartitionAddress, into result: inout PartitionVerification
    ) throws(LakeError) {
        let own = [PartitionFile.data, PartitionFile.manifest, PartitionFile.marker]
        for entry in try directory.entries() where !own.contains(entry.name) {
            result.damage.append(
                .corrupt(path: "\(address.path)/\(entry.name)", reason: "it does not belong to the partition")
            )
        }
    }

    /// Decodes the rows: also of a damaged file, because the decoder says in which part the damage is.
    fileprivate borrowing func checkRows(
        _ manifest: Manifest, _ contract: Contract?, into result: inout PartitionVerification
    ) {
        let path = "\(manifest.address.path)/\(PartitionFile.data)"
        do {
            var parquet = try ParquetReader(of: self, path: path)
            try checkText("tarn.dataset", "\(manifest.address.dataset)", parquet, path)
            try checkText("tarn.contract_fingerprint", manifest.provenance.contractFingerprint, parquet, path)
            guard Int64(parquet.rowCount) == manifest.rowCount else {
                throw LakeError.corrupt(
                    path: path, reason: "\(parquet.rowCount) rows, the manifest says \(manifest.rowCount)")
            }
            guard let contract, !result.isOutdated else {
                while try parquet.nextViews({ (_: [ColumnView]) in true }) != nil {}
                return
            }
            guard parquet.shape == contract.shape.stored else {
                throw LakeError.corrupt(path: path, reason: "its columns are not those of the contract")
            }
            var checker = ConformanceChecker(contract)
            // As stored: symbols are strings, of which a foreign one is a violation among the others.
            while try parquet.nextViews({ checker.check($0) }) != nil {}
            result.conformance = checker.finish()
        } catch let error as LakeError {
            result.damage.append(error)
        } catch let error as ParquetError {
            result.damage.append(LakeError(error, path: path))
        } catch {
            preconditionFailure("only the lake and Parquet throw here: \(error)")
        }
    }

    private borrowing func checkText(
        _ key: String, _ expected: String, _ parquet: borrowing ParquetReader, _ path: String
    ) throws(LakeError) {
        let found = parquet.metadata(key)
        guard found == expected else {
            throw .corrupt(
                path: path, reason: "\(key) is \(found ?? "missing"), the manifest says \(expected)")
        }
    }
}
