import CivilTime
import Columnar
import Contracts
import Glibc
import Lake
import Parquet

/// A directory that goes with the test.
final class Scratch: Sendable {
    let path: String

    /// - Parameter inMemory: on tmpfs where there is one, for tests that publish thousands of times.
    init(inMemory: Bool = false) {
        let parent = inMemory && access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
        var template = Array("\(parent)/tarn-lake-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { fatalError("mkdtemp") }
        path = String(cString: made)
    }

    deinit {
        try? FileSystem.removeTree(path)
    }

    func file(_ name: String, _ text: String) throws -> String {
        try FileSystem.create("\(path)/\(name)", Array(text.utf8))
        return "\(path)/\(name)"
    }
}

let repository = String(#filePath.split(separator: "/").dropLast(3).joined(separator: "/"))

/// A table of one column, `value` ≥ 0, ascending.
let sampleContract: Contract = {
    let text = """
        {"type": "record", "name": "Sample", "version": 1, "namespace": "lake.silver.future_mbo", "doc": "For tests.",
         "key": ["value"], "orderBy": ["value"],
         "fields": [{"name": "value", "type": "long", "doc": "a number", "unit": "count", "minimum": 0}]}
        """
    return try! Contract(parsing: Array(text.utf8), file: "silver/future_mbo/sample.avsc")
}()

let sampleDate = CivilDate(year: 2026, month: 1, day: 6)!

func sampleAddress(_ symbol: String = "ESH6", _ date: CivilDate = sampleDate) -> PartitionAddress {
    try! PartitionAddress(sampleContract.dataset, symbol: symbol, date: date)
}

let someHash = String(repeating: "0123456789abcdef", count: 4)
let otherHash = String(repeating: "fedcba9876543210", count: 4)

func sampleProvenance(
    revision: Int = 1, defaults: [String: ParameterValue] = [:], overrides: [String: ParameterValue] = [:],
    inputs: [Input] = [.raw(path: "raw/source=databento/x.dbn", sha256: someHash)]
) -> Provenance {
    Provenance(
        stage: "sample", revision: revision, defaults: defaults, overrides: overrides,
        contractPath: "contracts/silver/future_mbo/sample.avsc",
        contractFingerprint: sampleContract.fingerprint,
        compression: "none", inputs: inputs)
}

/// Builds a partition in staging that holds `values`.
func stage(
    _ run: Run, _ values: [Int64], at address: PartitionAddress = sampleAddress(),
    _ provenance: Provenance = sampleProvenance()
) throws(LakeError) -> StagedPartition {
    var writer = try PartitionWriter(
        run, address, contract: sampleContract, provenance: provenance, compression: .none)
    try values.withUnsafeBufferPointer { (buffer) throws(LakeError) in
        try writer.write([ColumnView(.int64(buffer))])
    }
    return try writer.finish()
}

/// Stages and publishes one partition in a run of its own.
@discardableResult
func publish(
    _ lake: Lake, _ values: [Int64], at address: PartitionAddress = sampleAddress(),
    _ provenance: Provenance = sampleProvenance(), replacing: LiveIdentity? = nil
) throws -> PublicationOutcome {
    let run = try Run(lake)
    let staged = try stage(run, values, at: address, provenance)
    let outcomes = try run.publish([staged], replacing: replacing.map { [address: $0] } ?? [:])
    try run.end()
    return outcomes[0]
}

/// Relative paths of all files and directories below `path`.
func tree(_ path: String, prefix: String = "") throws -> [String] {
    var found: [String] = []
    for entry in try FileSystem.entries(of: path) {
        found.append(prefix + entry.name)
        if entry.isDirectory { found += try tree("\(path)/\(entry.name)", prefix: "\(prefix)\(entry.name)/") }
    }
    return found
}
