import Glibc
import JSON

/// What a sweep has done with the staging of runs that are gone.
public struct SweepReport: Sendable, Hashable {
    /// Runs whose staging directory was removed.
    public var runs: [String] = []
    /// Replaced generations that had not reached `_history` yet, by their paths there.
    public var movedToHistory: [String] = []
    /// Partitions put back because the run died between two plain renames.
    public var restored: [String] = []
    /// Corrupt partitions that had been replaced, by their paths in `_quarantine`.
    public var quarantined: [String] = []

    public init() {}
}

extension Lake {
    /// Clears the staging directories of runs that are gone. Runs that live are not touched; a run is gone when
    /// nobody holds its lock.
    @discardableResult
    public func sweep() throws(LakeError) -> SweepReport {
        guard try FileSystem.exists(path(Lake.staging)) else { return SweepReport() }
        let history = try HistoryLock.shared(self)
        let report = try sweepUnguarded()
        withExtendedLifetime(history) {}
        return report
    }

    /// The same for a caller that holds the lock on the history.
    func sweepUnguarded() throws(LakeError) -> SweepReport {
        var report = SweepReport()
        for entry in try FileSystem.entries(of: path(Lake.staging)) where entry.isDirectory {
            if entry.name.hasPrefix(".") { continue }
            let directory = "\(Lake.staging)/\(entry.name)"
            do {
                guard let lock = try FileLock(path("\(directory)/\(Lake.owner)"), isWaiting: false) else {
                    continue
                }
                try clear(run: entry.name, &report)
                withExtendedLifetime(lock) {}
            } catch .system(let failure) where failure.code == ENOENT || failure.code == ENOTDIR {
                continue  // Another sweeper was faster.
            }
            report.runs.append(entry.name)
        }
        return report
    }

    /// Clears the staging directory of a run whose lock the caller holds.
    func clear(run: String) throws(LakeError) {
        var report = SweepReport()
        try clear(run: run, &report)
    }

    private func clear(run: String, _ report: inout SweepReport) throws(LakeError) {
        let directory = "\(Lake.staging)/\(run)"
        let names = try FileSystem.entries(of: path(directory)).map(\.name)
        // Interrupted exchanges first: they decide what is live.
        for name in names where name.hasSuffix(Slot.recordSuffix) {
            try recover(Slot(run: run, name: String(name.dropLast(Slot.recordSuffix.count))), &report)
        }
        for name in names where name != Lake.owner {
            try clear(Slot(run: run, name: name), &report)
        }
        // The owner's file goes last: as long as it is there, this directory is somebody's.
        try FileSystem.removeFile(path("\(directory)/\(Lake.owner)"))
        try FileSystem.removeDirectory(path(directory))
    }

    /// Puts a partition back that was moved away and whose successor did not arrive.
    private func recover(_ slot: Slot, _ report: inout SweepReport) throws(LakeError) {
        let bytes = try FileSystem.read(path(slot.recordPath), atMost: 1 << 16)
        // A torn record was never synchronized, so nothing was renamed under it.
        guard let json = try? JSONValue(parsing: bytes), let text = json["partition"]?.stringValue,
            let address = PartitionAddress(path: text), try FileSystem.exists(path(slot.displacedPath))
        else { return }
        let lock = try PartitionLocks(self, [address])
        if try FileSystem.renamePlainly(path(slot.displacedPath), to: path(of: address)) == .done {
            try FileSystem.synchronizeDirectory(path(address.symbolPath))
            report.restored.append(address.path)
        }
        withExtendedLifetime(lock) {}
    }

    /// Removes what a slot holds, unless that is a partition which it has displaced.
    private func clear(_ slot: Slot, _ report: inout SweepReport) throws(LakeError) {
        let whole = path(slot.path)
        guard let information = try FileSystem.information(whole) else { return }
        guard information.isDirectory else { return try FileSystem.removeFile(whole) }
        let snapshot = try PartitionSnapshot(directory: whole, path: slot.path, address: nil)
        switch snapshot.condition {
        case .whole(let manifest) where manifest.generation != slot.generation:
            report.movedToHistory.append(try moveToHistory(slot.path, manifest, identity: snapshot.identity))
        case .whole where !slot.isDisplaced:
            try FileSystem.removeTree(whole)
        case .unreadable(_, let isCommitted, let claim)
        where !slot.isDisplaced && (!isCommitted || claim.map { $0 == slot.generation } ?? false):
            // Unfinished: nothing that was ever live lacks a marker, and one that is torn has our manifest.
            try FileSystem.removeTree(whole)
        case .whole, .damaged, .unreadable:
            report.quarantined.append(try moveToQuarantine(slot.path, run: slot.run, as: slot.name))
        }
    }
}

/// One partition's place in the staging directory of a run: `<number>-<intended generation>`.
struct Slot {
    let run: String
    let name: String

    static let displacedSuffix = ".displaced"
    static let recordSuffix = ".json"

    var path: String { "\(Lake.staging)/\(run)/\(name)" }
    /// Where two plain renames put the old generation in between.
    var displacedPath: String { path + Slot.displacedSuffix }
    var recordPath: String { path + Slot.recordSuffix }
    var isDisplaced: Bool { name.hasSuffix(Slot.displacedSuffix) }

    /// The generation that this slot was made for.
    var generation: Substring {
        let base = isDisplaced ? name.dropLast(Slot.displacedSuffix.count) : name[...]
        return base.drop { $0 != "-" }.dropFirst()
    }
}
