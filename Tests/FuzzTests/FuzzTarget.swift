import Columnar
import Contracts
import DBN
import Glibc
import JSON
import Lake
import Parquet

/// What is fuzzed: each decoder of bytes that we did not write. Whatever the bytes, reading them ends in a value or in
/// a typed error, and what was read reads back equal where there is a writer.
///
/// The raw values are the folders of the seeds in Tests/Fuzz.
enum FuzzTarget: String, CaseIterable {
    case dbn = "DBN"
    case zstd = "Zstd"
    case parquet = "Parquet"
    case contract = "Contract"
    case registry = "Registry"
    case manifest = "Manifest"
    case json = "JSON"

    func read(_ bytes: [UInt8]) {
        switch self {
        case .dbn: readDBN(bytes)
        case .zstd: readDBN([0x28, 0xB5, 0x2F, 0xFD] + bytes)
        case .parquet: readParquet(bytes)
        case .contract: readContract(bytes)
        case .registry: readRegistry(bytes)
        case .manifest: readManifest(bytes)
        case .json: readJSON(bytes)
        }
    }
}

// MARK: - DBN, plain and Zstandard

/// The last byte chooses the options.
private func readDBN(_ input: [UInt8]) {
    var bytes = input
    let choice = bytes.popLast() ?? 0
    var options = DBNFile.Options()
    options.usesThread = choice & 1 != 0
    options.allowTruncated = choice & 2 != 0
    options.blockBytes = choice & 4 != 0 ? 1020 : 8192
    options.windowLog = 20
    options.metadataBytes = 1 << 24
    do throws(DBNError) {
        var file = try DBNFile(bytes: bytes, name: "fuzz", options: options)
        var records = 0
        // A small frame can hold very many records.
        while records < 1 << 16, try file.nextBlock() {
            let block = file.block
            var inBlock = 0
            block.forEach { rtype, offset, length in
                precondition(offset + length <= block.bytes.byteCount)
                inBlock += 1
                readByName(block, rtype, offset)
            }
            precondition(inBlock == block.count && block.firstRecord == records)
            records += inBlock
        }
        precondition(records == file.recordsRead)
        _ = file.metadata.json
    } catch {
        _ = error.description
    }
}

private func readByName(_ block: borrowing RecordBlock, _ rtype: UInt8, _ offset: Int) {
    _ = block.json(at: offset)
    _ = try? block.definition(at: offset)
    _ = try? block.statistic(at: offset)
    _ = try? block.symbolMapping(at: offset)
    switch rtype {
    case RecordType.mbo: _ = block.load(MboRecord.self, at: offset)
    case RecordType.mbp10: _ = block.load(Mbp10Record.self, at: offset)
    case RecordType.imbalance: _ = block.load(ImbalanceRecord.self, at: offset)
    default: break
    }
}

// MARK: - Parquet

/// The last byte says whether checksums are verified: with them hardly any page is decoded.
private func readParquet(_ input: [UInt8]) {
    var bytes = input
    let verifies = (bytes.popLast() ?? 0) & 1 != 0
    var template = Array("\(access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp")/tarn-fuzz-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    unlink(template)
    precondition(descriptor >= 0 && write(descriptor, bytes, bytes.count) == bytes.count)
    defer { close(descriptor) }
    do {
        var reader = try ParquetReader(
            path: "/proc/self/fd/\(descriptor)", memoryLimit: 64 << 20, verifyChecksums: verifies)
        var rows = 0
        while rows < 1 << 20, let count = try reader.nextViews({ $0[0].count }) { rows += count }
        for group in 0..<min(reader.rowGroupCount, 100) {
            for column in reader.shape.columns.indices { _ = reader.chunk(rowGroup: group, column: column) }
        }
    } catch let error as ParquetError {
        _ = error.description
    } catch {
        preconditionFailure("\(error)")
    }
}

// MARK: - Texts

private func readContract(_ bytes: [UInt8]) {
    do throws(ContractError) {
        let contract = try Contract(parsing: bytes, file: "silver/future_mbo/fuzz.avsc")
        precondition(ContractChange.changes(from: contract, to: contract).isEmpty)
        let lock = ContractLock().adding(ContractSet([contract]))
        let again = try ContractLock(parsing: Array(lock.text.utf8), file: "contracts.lock")
        precondition(again.text == lock.text)
        _ = contract.text(width: 80) + contract.markdown()
        _ = ContractLint.findings(in: ContractSet([contract]))
    } catch {
        _ = error.description
    }
    _ = try? ContractLock(parsing: bytes, file: "contracts.lock")
    _ = try? ApprovedBreaks(parsing: bytes, file: "approved-breaks")
}

/// Of the project, so that a registry of the project is whole.
private let contracts: ContractSet = {
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    return try! ContractSet(directory: "/\(root)/contracts")
}()

private func readRegistry(_ bytes: [UInt8]) {
    do throws(RegistryError) {
        let registry = try Registry(parsing: bytes, file: "datasets.yaml", contracts: contracts)
        for dataset in registry.datasets { _ = registry.writer(of: dataset)?.contract(of: dataset, in: contracts) }
    } catch {
        _ = error.description
    }
}

private func readManifest(_ bytes: [UInt8]) {
    do throws(LakeError) {
        let manifest = try Manifest(parsing: bytes, path: "fuzz")
        let again = try Manifest(parsing: manifest.serialized(), path: "again")
        precondition(again == manifest)
        _ = manifest.provenance.generation(of: manifest.address)
    } catch {
        _ = error.description
    }
}

private func readJSON(_ bytes: [UInt8]) {
    do throws(JSONError) {
        let value = try JSONValue(parsing: bytes)
        let again = try JSONValue(parsing: value.serialized())
        precondition(again == value)
        let pretty = try JSONValue(parsing: value.serializedBytes(.pretty))
        precondition(pretty == value)
    } catch {
        _ = error.description
    }
}
