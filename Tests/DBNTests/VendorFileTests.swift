import DBN
import Glibc
import Testing

/// The vendor's own files decode; with `TARN_INTEROP_DIR` they are dumped for the comparison, value by value,
/// with the vendor's package in `Tests/Python/test_dbn_against_databento.py`.
@Suite(.enabled(if: vendorData != nil, "the vendor's files are not here"))
struct VendorFileTests {
    /// Metadata on the first line, then a record per line.
    static func dump(_ path: String, limit: Int = .max) throws(DBNError) -> (lines: [String], records: Int) {
        var file = try DBNFile(path: path)
        var lines = [file.metadata.json]
        while try file.nextBlock() {
            let block = file.block
            block.forEach { _, offset, _ in
                if lines.count <= limit { lines.append(block.json(at: offset)) }
            }
        }
        return (lines, file.recordsRead)
    }

    static func publish(_ lines: [String], _ name: String) {
        guard let interopFolder else { return }
        mkdir(interopFolder, 0o755)
        write(Array((lines.joined(separator: "\n") + "\n").utf8), to: "\(interopFolder)/\(name).jsonl")
    }

    @Test func `every official test file decodes`() throws {
        let folder = vendorData! + "/vendor/dbn"
        let names = files(in: folder)
        #expect(names.count == 64)
        for name in names {
            let (lines, records) = try Self.dump("\(folder)/\(name)")
            #expect(records <= 4, "\(name)")
            #expect(records >= 1 || name.contains("ohlcv-1d"), "\(name)")
            Self.publish(lines, name)
        }
    }

    @Test func `real files decode to the numbers of records that are documented`() throws {
        let counts = [
            "esm4-20240508/orderbooks_mbo_2024-05-08T00-00-00_2024-05-08T00-00-02.dbn.zst": 13_796,
            "esm4-20240508/orderbooks_definition.dbn.zst": 1,
            "esh4-20231224/esh4-glbx-mdp3-20231224.mbo.dbn.zst": 8_725,
            "esh4-20231224/esh4-glbx-mdp3-20231225.mbo.dbn.zst": 68_792,
            "esu4-20240701/futures_mbp-1_2024-07-01T23-58_2024-07-02T00-02.dbn.zst": 2_288,
            "esu4-20240701/futures_trades_2024-07-01T23-58_2024-07-02T00-02.dbn.zst": 120,
            "esu4-20240701/futures_ohlcv-1m_2024-07-01T23-40_2024-07-02T00-10.dbn.zst": 60,
            "esu4-20240701/futures_definition.dbn.zst": 2,
            "dbeq-20240703/dbeq-basic-20240703.mbp-10.dbn.zst": 151_894,
            "dbeq-20240703/dbeq-basic-20240703.tbbo.dbn.zst": 7_853,
            "dbeq-20240703/dbeq-basic-20240703.status.dbn.zst": 390,
        ]
        for (name, count) in counts.sorted(by: { $0.key < $1.key }) {
            let path = "\(vendorData!)/real/\(name)"
            guard access(path, R_OK) == 0 else { continue }
            let (lines, records) = try Self.dump(path, limit: 1000)
            #expect(records == count, "\(name)")
            Self.publish(lines, "real+" + name.replacing("/", with: "+"))
        }
    }

    @Test func `definitions of every version give the same instrument`() throws {
        for name in ["definition.v1.dbn.zst", "definition.v2.dbn.zst", "definition.v3.dbn.zst"] {
            var file = try DBNFile(path: vendorData! + "/vendor/dbn/test_data." + name)
            #expect(try file.nextBlock())
            let definition = try file.block.definition(at: 0)
            #expect(definition.rawSymbol == "MSFT")
            #expect(definition.instrumentID == 6819)
            #expect(definition.exchange == "XNAS")
            #expect(definition.strikePrice == Undefined.price)
            #expect(definition.expiration == Undefined.timestamp)
        }
    }

    @Test func `an undefined quantity is one value in every version`() throws {
        var quantities: [Int64] = []
        for name in ["statistics.v1.dbn.zst", "statistics.v2.dbn.zst", "statistics.v3.dbn.zst"] {
            var file = try DBNFile(path: vendorData! + "/vendor/dbn/test_data." + name)
            #expect(try file.nextBlock())
            let statistic = try file.block.statistic(at: 0)
            quantities.append(statistic.quantity)
        }
        #expect(quantities == Array(repeating: Undefined.quantity, count: 3))
    }
}
