import Columnar
import Contracts
import Tables
import Testing

private let contractsDirectory: String = {
    var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    parts.removeLast(3)
    return parts.joined(separator: "/") + "/contracts"
}()

@Suite struct GeneratedTables {
    @Test func `each contract file has the fingerprint that was compiled in`() throws {
        let contracts = try ContractSet(directory: contractsDirectory)
        let current = Dictionary(
            uniqueKeysWithValues: contracts.contracts.map { ($0.dataset.path, $0.fingerprint) })
        #expect(CompiledContracts.fingerprints == current)
        #expect(current.count == 56)
    }

    @Test func `shapes are those of the contracts`() throws {
        let contracts = try ContractSet(directory: contractsDirectory)
        func shape(_ key: String) -> Shape? { DatasetKey(parsing: key).flatMap { contracts[$0]?.shape } }
        #expect(Mbo.shape == shape("bronze.future_mbo.mbo"))
        #expect(Mbo.shape == shape("bronze.equity_mbo.mbo"))
        #expect(OptionMbo.shape == shape("bronze.future_option_mbo.mbo"))
        #expect(OptionPhysicsSurface1s.shape == shape("gold.equity_option_mbo.physics_surface_1s"))
        #expect(EpisodeSnapshots.shape == shape("gold.equity_taq.episode_snapshots"))
        #expect(Bars30s.shape == shape("silver.equity_taq.bars_30s"))
        #expect(ContractDay.shape == shape("silver.future_mbo.contract_day"))
        #expect(Sessions.shape == shape("ref.equity_taq.sessions"))
    }

    @Test func `rows come back as they were appended`() {
        var table = Mbo()
        let rows = (0..<5).map { i in
            Mbo.Row(
                ordinal: Int64(i), tsRecv: i == 2 ? nil : 7, tsEvent: 8, tsInDelta: -9, rtype: 160,
                publisherId: 1,
                instrumentId: 42, rawSymbol: "ES\(i % 2)", channelId: 0, sequence: .max, orderId: .min,
                action: Mbo.Action.allCases[i], side: .n, priceInt: i == 3 ? nil : -5, size: 1, flags: 255)
        }
        for row in rows { table.append(row) }
        #expect(table.count == 5)
        #expect((0..<5).map { table[$0] } == rows)
        table.removeAll()
        #expect(table.count == 0)
    }

    @Test func `views carry a table into another`() {
        let empty = OptionBookSnapshot1s()
        empty.withViews { #expect($0.map(\.count) == OptionBookSnapshot1s.shape.columns.map { _ in 0 }) }
        var source = Mbo()
        for i in 0..<1000 {
            source.append(
                Mbo.Row(
                    ordinal: Int64(i), tsRecv: i % 3 == 0 ? nil : Int64(i), tsEvent: nil, tsInDelta: 0,
                    rtype: 160,
                    publisherId: 1, instrumentId: 42, rawSymbol: "S\(i % 7)", channelId: 0, sequence: 1,
                    orderId: 2,
                    action: .t, side: .a, priceInt: nil, size: 1, flags: 0))
        }
        var copied = Mbo()
        for _ in 0..<2 {
            source.withViews { views in
                for (index, view) in views.enumerated() { copied.append(view, toColumn: index) }
            }
        }
        #expect(copied.count == 2000)
        #expect(copied[999] == source[999])
        #expect(copied[1003] == source[3])
    }

    @Test func `names are Swift's`() {
        // Omega_near, u_ema_2, d2u_dt2, the keyword right, the symbols A, tf_30s and break.
        #expect(PhysicsSurface1s.Columns.omegaNear.rawValue == PhysicsSurface1s.shape.index(of: "Omega_near"))
        #expect(PhysicsSurface1s.Columns.uEma2.rawValue == PhysicsSurface1s.shape.index(of: "u_ema_2"))
        #expect(PhysicsSurface1s.Columns.d2uDt2.rawValue == PhysicsSurface1s.shape.index(of: "d2u_dt2"))
        #expect(OptionMbo.Columns.right.rawValue == OptionMbo.shape.index(of: "right"))
        #expect(Mbo.Action.a.symbol == "A")
        #expect(BarIndicators.Timeframe.tf30s.symbol == "tf_30s")
        #expect(LevelInteractions.Event.break.symbol == "break")
        #expect(Mbo.Columns.allCases.count == Mbo.shape.columns.count)
    }

    @Test func `a checker accepts the views of a table`() throws {
        let contracts = try ContractSet(directory: contractsDirectory)
        let key = try #require(DatasetKey(parsing: "bronze.future_mbo.mbo"))
        var checker = ConformanceChecker(try #require(contracts[key]))
        var table = Mbo()
        for i in 0..<10 {
            table.append(
                Mbo.Row(
                    ordinal: Int64(i), tsRecv: 1, tsEvent: 1, tsInDelta: 0, rtype: 160, publisherId: 1,
                    instrumentId: 42,
                    rawSymbol: "ESH6", channelId: 0, sequence: 1, orderId: 2, action: .a, side: .b,
                    priceInt: 5,
                    size: i == 7 ? -1 : 1, flags: 0))
        }
        table.withViews { checker.check($0) }
        let report = checker.finish()
        #expect(report.violations.map(\.statement) == ["size >= 0"])
        #expect(report.violations.first?.samples.map(\.row) == [7])
    }
}
