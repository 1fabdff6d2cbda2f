import Columnar
import Contracts
import Digest
import Parquet

/// Writes one partition into the staging directory of a run: encodes rows, checks them against the contract, and
/// hashes the bytes on their way out.
///
/// Nothing is visible in the lake before `Run.publish`; a writer that is dropped leaves only staging.
public struct PartitionWriter: ~Copyable {
    public let address: PartitionAddress
    public let provenance: Provenance
    private let run: Run
    private let slot: Slot
    private let output: DataFile
    private var parquet: ParquetWriter
    private var checker: ConformanceChecker

    /// Opens a partition for writing.
    ///
    /// - Parameter provenance: everything that determines the bytes; its contract fingerprint and compression
    ///   must be those of the other arguments.
    /// - Parameter threads: how many may encode; the bytes do not depend on it.
    /// - Parameter address: where the partition will lie.
    /// - Parameter compression: of the pages.
    /// - Parameter contract: of the dataset; every row is checked against it.
    /// - Parameter run: whose staging directory the partition is built in.
    /// - Throws: `system`.
    public init(
        _ run: Run, _ address: PartitionAddress, contract: Contract, provenance: Provenance,
        compression: Compression, threads: Int = 1
    ) throws(LakeError) {
        precondition(
            provenance.contractFingerprint == contract.fingerprint
                && provenance.compression == "\(compression)")
        let path = try run.makeSlot(generation: provenance.generation(of: address))
        let output = try DataFile(run.lake.path("\(path)/\(PartitionFile.data)"))
        self.run = run
        self.address = address
        self.provenance = provenance
        self.slot = Slot(run: run.id, name: String(path.split(separator: "/").last!))
        self.output = output
        self.checker = ConformanceChecker(contract)
        self.parquet = ParquetWriter(
            shape: contract.shape,
            metadata: [
                ("tarn.dataset", "\(address.dataset)"), ("tarn.contract_fingerprint", contract.fingerprint),
            ],
            columnUnits: contract.units, compression: compression, threads: threads, sink: { try output.write($0) })
    }

    /// Appends rows: one view a column, in the order of the contract.
    public mutating func write(_ views: [ColumnView]) throws(LakeError) {
        checker.check(views)
        do {
            try parquet.write(views)
        } catch {
            throw output.lakeError(error)
        }
    }

    /// Completes the partition in staging and makes it durable.
    ///
    /// - Throws: `violated` when rows broke the contract: then the table and the report lie in `_quarantine`;
    ///   `system`.
    public consuming func finish(
        dayState: DayState = .events, quality: Quality = Quality(), isTruncated: Bool = false
    ) throws(LakeError) -> StagedPartition {
        let rows: Int
        do {
            rows = try parquet.finish().rowCount
        } catch {
            throw output.lakeError(error)
        }
        let content = try output.finish()
        let report = checker.finish()
        let lake = run.lake
        guard report.isClean else {
            throw try PartitionWriter.quarantine(slot, address, report, in: lake)
        }
        let manifest = Manifest(
            address: address, provenance: provenance, dayState: dayState,
            files: [
                Manifest.File(
                    name: PartitionFile.data, bytes: content.bytes, sha256: content.sha256, rows: Int64(rows))
            ],
            quality: quality, isTruncated: isTruncated)
        let bytes = manifest.serialized()
        let identity = SHA256.hex(of: bytes)
        try FileSystem.create(lake.path("\(slot.path)/\(PartitionFile.manifest)"), bytes)
        try FileSystem.create(lake.path("\(slot.path)/\(PartitionFile.marker)"), Array("\(identity)\n".utf8))
        try FileSystem.synchronizeDirectory(lake.path(slot.path))
        return StagedPartition(manifest: manifest, identity: identity, slot: slot)
    }

    private static func quarantine(
        _ slot: Slot, _ address: PartitionAddress, _ report: ConformanceReport, in lake: Lake
    ) throws(LakeError) -> LakeError {
        let json = report.json.serializedBytes(.pretty) + [UInt8(ascii: "\n")]
        try FileSystem.create(lake.path("\(slot.path)/report.json"), json)
        try FileSystem.create(lake.path("\(slot.path)/report.txt"), Array("\(address)\n\(report.text)".utf8))
        let place = try lake.moveToQuarantine(slot.path, run: slot.run, as: address.path)
        return .violated(ContractViolation(address: address, report: report, quarantine: place))
    }
}

/// The data file of a partition being written: hashes what passes. The Parquet writer hands it large runs of bytes.
private final class DataFile {
    private var file: File
    private var sha = SHA256()
    private var total: Int64 = 0

    init(_ path: String) throws(LakeError) {
        file = try File(path, .create)
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(LakeError) {
        sha.update(bytes)
        total += Int64(bytes.count)
        try file.write(bytes)
    }

    /// Makes the file durable.
    func finish() throws(LakeError) -> (sha256: String, bytes: Int64) {
        try file.synchronize()
        try file.close()
        var finished = SHA256()
        swap(&sha, &finished)
        return (finished.finalize(), total)
    }

    /// The errors of this file pass through the Parquet writer, which has some of its own.
    func lakeError(_ error: any Error) -> LakeError {
        switch error {
        case let error as LakeError: error
        case let error as ParquetError: LakeError(error, path: file.path)
        default: .corrupt(path: file.path, reason: "\(error)")
        }
    }
}
