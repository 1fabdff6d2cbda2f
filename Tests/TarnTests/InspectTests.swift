import Foundation
import JSON
import Testing

@Suite struct `Inspecting files` {
    static let mbo = "vendor/dbn/test_data.mbo.v3.dbn.zst"
    static let session = "synthetic/glbx-mdp3-20260303.mbo.dbn.zst"

    @Test(.enabled(if: VendorFiles.exists(mbo), "vendor files are absent"))
    func `shows what the vendor's tools show`() throws {
        // Values as databento-dbn gives them for this file.
        let json = try #require(try tarn("inspect", VendorFiles.path(Self.mbo), "--json", "-n", "1").json)
        #expect(json["dataset"] == "GLBX.MDP3")
        #expect(json["schema"] == "mbo")
        #expect(json["records"] == 2)
        guard case .array(let first)? = json["first"] else {
            Issue.record("no first records")
            return
        }
        #expect(first.count == 1)
        #expect(first[0]["price"] == 3_722_750_000_000)
        #expect(first[0]["order_id"] == 647_784_973_705)
        #expect(first[0]["ts_recv"] == 1_609_160_400_000_704_060)
        #expect(first[0]["action"] == "C")
    }

    @Test(.enabled(if: VendorFiles.exists(session), "vendor files are absent"))
    func `counts as the data notes say`() throws {
        let json = try #require(try tarn("inspect", VendorFiles.path(Self.session), "--json").json)
        #expect(json["records"] == 1_000_000)
        guard case .array(let instruments)? = json["instruments"] else {
            Issue.record("no instruments")
            return
        }
        #expect(instruments.map { $0["symbol"] } == ["NQH6", "ESH6"])
        #expect(instruments.allSatisfy { $0["records"] == 500_000 })
    }

    @Test(.enabled(if: VendorFiles.exists(session), "vendor files are absent"))
    func `a cut file shows what is there and is exit 5`() throws {
        let scratch = try Scratch()
        let whole = try Data(contentsOf: URL(filePath: VendorFiles.path(Self.session)))
        try scratch.write(Array(whole.prefix(400_000)), "cut.dbn.zst")
        let outcome = try tarn("inspect", scratch.path("cut.dbn.zst"))
        #expect(outcome.status == 5)
        #expect(outcome.output.contains("ESH6"))
        #expect(outcome.messages.contains("cut.dbn.zst"))
        #expect(outcome.messages.contains("at byte"))
    }

    @Test func `what is no known file is refused`() throws {
        let scratch = try Scratch()
        try scratch.write(Array("timestamp,price\n".utf8), "prices.csv")
        try scratch.write([], "empty")
        #expect(try tarn("inspect", scratch.path("prices.csv")).status == 5)
        #expect(try tarn("inspect", scratch.path("empty")).status == 5)
        #expect(try tarn("inspect", scratch.path("absent")).status == 4)
        #expect(try tarn("inspect", scratch.url.path).status == 2)
    }
}
