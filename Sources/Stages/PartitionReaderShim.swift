import Columnar
import Contracts
import Lake
struct PartitionReader: ~Copyable {
  init(_ lake: Lake, _ a: PartitionAddress, contract: Contract) throws(LakeError) {}
  mutating func next<T: Table & ~Copyable>(into: inout T, columns: [Int]? = nil) throws(LakeError) -> Bool { false }
}
