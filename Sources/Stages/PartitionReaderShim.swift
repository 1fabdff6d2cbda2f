import Columnar
import Contracts
import Lake
import Parquet
public struct PartitionReader: ~Copyable {
  var reader: ParquetReader
  public init(_ lake: Lake, _ a: PartitionAddress, contract: Contract) throws {
    reader = try ParquetReader(path: lake.path(of: a) + "/part-00000.parquet")
  }
  public mutating func next<T: Table & ~Copyable>(into t: inout T, columns: [Int]? = nil) throws -> Bool { try reader.next(into: &t, columns: columns) }
}
