import Columnar
import Contracts
import Parquet

/// Reads one generation of a partition, after every byte of it was found to be what its manifest says and its
/// columns to be those of the contract.
///
/// The directory is opened once; a publication during the reading does not matter.
public struct PartitionReader: ~Copyable {
    public let address: PartitionAddress
    public let manifest: Manifest
    /// SHA-256 of the manifest: what the reader's own outputs record as their input.
    public let identity: String
    private var parquet: ParquetReader
    private let path: String

    /// - Throws: `missing`, `corrupt`, `outdated` when the columns are not those of the contract, `system`.
    /// - Complexity: O(bytes), for the hash.
    public init(_ lake: Lake, _ address: PartitionAddress, contract: Contract) throws(LakeError) {
        guard let snapshot = try lake.snapshot(of: address) else {
            throw .missing("\(address): there is no such partition")
        }
        if let error = try snapshot.damage() { throw error }
        guard let manifest = snapshot.condition.manifest, let identity = snapshot.identity else {
            preconditionFailure("an undamaged partition has a manifest")
        }
        let path = "\(address.path)/\(PartitionFile.data)"
        let parquet = try ParquetReader(of: snapshot, path: path)
        guard parquet.shape == contract.shape.stored else {
            throw .outdated(
                "\(address): its columns are not those of contract \(contract.name), version \(contract.version): "
                    + "\(difference(parquet.shape, contract.shape.stored)); build it again")
        }
        guard Int64(parquet.rowCount) == manifest.rowCount else {
            throw .corrupt(
                path: path, reason: "\(parquet.rowCount) rows, the manifest says \(manifest.rowCount)")
        }
        self.address = address
        self.manifest = manifest
        self.identity = identity
        self.path = path
        self.parquet = parquet
    }

    public var rowCount: Int { parquet.rowCount }

    /// Reads the next batch of at most 2^17 rows into a table, which is emptied first. False at the end.
    ///
    /// - Parameter columns: positions in the table's shape; the other columns stay empty. Nil means all.
    /// - Parameter table: takes the rows.
    public mutating func next<T: Table & ~Copyable>(
        into table: inout T, columns: [Int]? = nil
    ) throws(LakeError) -> Bool {
        do throws(ParquetError) {
            return try parquet.next(into: &table, columns: columns)
        } catch {
            throw LakeError(error, path: path)
        }
    }
}

extension LakeError {
    /// An error of the Parquet reader or writer about a file of the lake, which knows it by another name.
    init(_ error: ParquetError, path: String) {
        switch error.kind {
        case .system(let code): self = .system(SystemFailure(call: "read", path: path, code: code))
        case .corrupt, .unsupported, .mismatch, .limit:
            self = .corrupt(
                path: path, reason: "\(error.region.rawValue) at byte \(error.offset): \(error.message)")
        }
    }
}

extension ParquetReader {
    /// Opens the data file of the very directory that the snapshot holds, whatever is at its path by now.
    init(of snapshot: borrowing PartitionSnapshot, path: String) throws(LakeError) {
        let file = try File(PartitionFile.data, in: snapshot.directory, .read)
        do throws(ParquetError) {
            try self.init(path: "/proc/self/fd/\(file.descriptor)")
        } catch {
            throw LakeError(error, path: path)
        }
    }
}

extension Shape {
    /// The shape as a Parquet file knows it: enums are strings.
    var stored: Shape {
        Shape(
            columns.map { column in
                guard case .symbols = column.type else { return column }
                return ColumnDefinition(column.name, .string, isNullable: column.isNullable)
            })
    }
}

/// The first difference of two shapes, in words.
private func difference(_ found: Shape, _ expected: Shape) -> String {
    for (a, b) in zip(found.columns, expected.columns) where a != b {
        return "found \(words(a)), expected \(words(b))"
    }
    if found.columns.count < expected.columns.count {
        return "column \(expected.columns[found.columns.count].name) is missing"
    }
    return "column \(found.columns[expected.columns.count].name) is unknown"
}

private func words(_ column: ColumnDefinition) -> String {
    "\(column.name) (\(column.type)\(column.isNullable ? ", nullable" : ""))"
}
