import Columnar
import Physics
import Testing

@Suite struct NaiveAgreementTests {
    static let q: Int64 = 500_000_000

    static func compare(
        _ found: [SurfaceColumn: [Double]], _ expected: [SurfaceColumn: [Double]], _ place: String
    ) {
        for column in SurfaceColumn.allCases {
            let (a, b) = (found[column]!, expected[column]!)
            guard a.count == b.count else {
                Issue.record("\(place) \(column): \(a.count) rows, expected \(b.count)")
                continue
            }
            for row in 0..<a.count where !agrees(a[row], b[row]) {
                Issue.record("\(place) \(column) row \(row): \(a[row]), expected \(b[row])")
                return
            }
        }
    }

    /// Finite, no −0, and the ranges of the contract.
    static func checkRanges(_ columns: [SurfaceColumn: [Double]], _ place: String) {
        for (column, values) in columns {
            for value in values {
                let isClean = value.isFinite && !(value == 0 && value.sign == .minus)
                let isInRange =
                    switch column {
                    case .addIntensity, .fillIntensity, .pullIntensity, .uWaveEnergy, .rho, .omega,
                        .omegaNear,
                        .omegaFar:
                        value >= 0
                    case .phiRest: value >= 0 && value < 1
                    case .nu: value >= 1
                    case .kappa: value > 0 && value <= 1
                    default: true
                    }
                if !isClean || !isInRange { Issue.record("\(place) \(column): \(value)") }
            }
        }
    }

    @Test(arguments: EMAFrame.allCases, [100, 9, 33])
    func `the dense surface agrees with the text on random windows`(frame: EMAFrame, halfWidth: Int) throws {
        var streams = Streams(seed: UInt64(halfWidth))
        let windows = streams.windows(
            halfWidth == 100 ? 60 : 200, halfWidth: halfWidth, step: Self.q, start: 13_000)
        var engine = try SurfaceEngine(halfWidth: halfWidth, latticeStep: Self.q, emaFrame: frame)
        var naive = NaiveSurface(halfWidth: halfWidth, lanes: 2, gap: 1)
        for (i, window) in windows.enumerated() {
            guard let spotRef = window.spotRef else { continue }
            try engine.play(window)
            let found = columns(engine.surface)
            let expected = naive.window(
                window.rows, lane: { $0.side }, isUpdating: window.isValid,
                key: { x, side in
                    NaiveSurface.Key(
                        position: frame == .spot ? Int64(x) : spotRef + Int64(x) * Self.q, lane: side)
                }, isHeld: { _, _ in false })
            Self.compare(found, expected, "window \(i)")
            Self.checkRanges(found, "window \(i)")
            for side in 0..<2 {
                let shift = window.rows.first { $0.side == side }?.shift ?? 0
                for x in -halfWidth...halfWidth {
                    let row = side * (2 * halfWidth + 1) + x + halfWidth
                    #expect(engine.relTicks[row] == Int32(x))
                    #expect(engine.side[row] == UInt8(side))
                    #expect(engine.relTicksSide[row] == Int32(x - shift))
                }
            }
        }
    }

    @Test(arguments: [(10, Int64(5_000_000_000), Int64(250_000_000)), (25, 1_000_000_000, 500_000_000)])
    func `the option surface agrees with the text on random windows`(
        kmax: Int, step: Int64, tick: Int64
    ) throws {
        var streams = Streams(seed: UInt64(kmax) + 7)
        var engine = try OptionSurfaceEngine(halfWidth: kmax, strikeStep: step, tick: tick)
        var naive = NaiveSurface(halfWidth: kmax, lanes: 4, gap: Double(step / tick))
        var strike: Int64 = 400
        for window in 0..<150 {
            strike += Int64(streams.below(5)) - 2
            if streams.chance(3) { strike += Int64(streams.below(300)) - 150 }
            var rows = emptyOptionRows(kmax: kmax)
            // Nothing is valid at first and now and then; the first valid window has invalid strikes, too.
            let invalidPercent = window < 3 || streams.chance(10) ? 100 : streams.chance(60) ? 30 : 0
            var invalid: Set<Int> = []
            for right in 0..<2 {
                for k in -kmax...kmax where streams.chance(invalidPercent) { invalid.insert(k * 2 + right) }
            }
            for i in rows.indices {
                if streams.chance(60) { streams.fill(&rows[i]) }
                rows[i].isValid = !invalid.contains(rows[i].x * 2 + rows[i].right)
            }
            try engine.play(strikeRef: strike * step, rows)
            let found = columns(engine.surface)
            let expected = naive.window(
                rows, lane: { $0.right * 2 + $0.side }, isUpdating: rows.contains { $0.isValid },
                key: { k, lane in NaiveSurface.Key(position: strike + Int64(k), lane: lane) },
                isHeld: { k, lane in invalid.contains(k * 2 + lane / 2) })
            Self.compare(found, expected, "window \(window)")
            Self.checkRanges(found, "window \(window)")
        }
    }

    @Test(arguments: EMAFrame.allCases)
    func `a prefix of the windows gives a prefix of the rows, bit for bit`(frame: EMAFrame) throws {
        var streams = Streams(seed: 5)
        let windows = streams.windows(80, halfWidth: 40, step: Self.q, start: 900).filter {
            $0.spotRef != nil
        }
        func play(_ windows: ArraySlice<Window>) throws -> [[UInt64]] {
            var engine = try SurfaceEngine(halfWidth: 40, latticeStep: Self.q, emaFrame: frame)
            var result: [[UInt64]] = []
            for window in windows {
                try engine.play(window)
                for column in SurfaceColumn.allCases {
                    result.append(engine.surface.withRun(of: column) { $0.map(\.bitPattern) })
                }
            }
            return result
        }
        let whole = try play(windows[...])
        for length in [1, 7, windows.count / 2, windows.count - 1] {
            #expect(try play(windows[..<length]) == Array(whole[..<(length * SurfaceColumn.allCases.count)]))
        }
    }

    @Test func `keys at rest are forgotten, so that a day of leaps stays small`() throws {
        var engine = try SurfaceEngine(halfWidth: 40, latticeStep: Self.q, emaFrame: .price)
        var streams = Streams(seed: 11)
        var most = 0
        // An average of 128 s from a rate of 1 needs 128·ln(10^15) = 4421 s to rest.
        for second in 0..<20_000 {
            var window = Window(spotRef: Int64(1 + second % 1000 * 500) * Self.q)
            if second < 10_000, second % 100 == 0 {
                var row = Row(x: 0, side: 1)
                streams.fill(&row)
                row.add += 1
                window.rows = [row]
            }
            try engine.play(window)
            most = max(most, engine.blockCount)
        }
        #expect(most <= 10)
        #expect(engine.blockCount == 0)
    }

    @Test func `a far-off price costs no memory in between and a huge quantity stays finite`() throws {
        var engine = try SurfaceEngine(halfWidth: 100, latticeStep: 1, emaFrame: .price)
        let huge = Int(Int64.max)
        let row = Row(x: 3, side: 0, start: 0, end: huge, rest: huge / 2, add: huge, pull: huge, fill: 0)
        for anchor in [1, 1 << 61, 1 << 40, 1 << 61] {
            try engine.play(Window(spotRef: Int64(anchor), rows: [row]))
            Self.checkRanges(columns(engine.surface), "anchor \(anchor)")
        }
        #expect(engine.blockCount < 10)
    }
}
