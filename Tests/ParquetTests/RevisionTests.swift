import Columnar
import Digest
import Parquet
import Testing

/// The writer's bytes are part of a partition's identity: who changes them raises `ParquetWriter.revision`, and writes
/// the new hash beside it here. Uncompressed, because the bytes of libzstd and liblz4 are theirs.
struct RevisionTests {
    /// SHA-256 by revision.
    static let pins = [1: "340ab7380297d8941609289b5b988df1309070e482b8c41268a0f172c7c866d4"]

    @Test func `other bytes are another revision`() throws {
        var file = try Formula.frame(rows: 5000).encoded(
            .none, metadata: [("key", "value")], units: Formula.all.map { _ in "unit" }
        ).bytes
        // Several pages.
        let long = Formula.all.filter { ["ts_ns", "growing", "text", "sparse"].contains($0.name) }
        #expect(long.count == 4)
        file += try Formula.frame(rows: 200_000, long).encoded(.none).bytes
        // An empty table.
        file += try Formula.frame(rows: 0).encoded(.none).bytes
        #expect(SHA256.hex(of: file) == Self.pins[ParquetWriter.revision])
    }
}
