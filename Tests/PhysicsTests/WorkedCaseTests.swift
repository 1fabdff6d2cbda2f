import Columnar
import Physics
import Testing

/// The worked cases of spec/physics.md, section 10.
@Suite struct WorkedCaseTests {
    static let q: Int64 = 250_000_000
    static let price: Int64 = 25_000_000_000

    /// B1: the rows of the three windows.
    static func caseB1(secondIsValid: Bool = true) -> [Window] {
        [
            Window(
                spotRef: price,
                rows: [Row(x: -1, side: 1, start: 9, end: 4, rest: 2, add: 5, pull: 1, fill: 0)]),
            Window(
                spotRef: price + q, isValid: secondIsValid,
                rows: [Row(x: -2, side: 1, start: 4, end: 4, rest: 4)]),
            Window(spotRef: price),
        ]
    }

    static let columnsB1: [SurfaceColumn] = [
        .uEma2, .uEma8, .uEma32, .uEma128, .duDt, .d2uDt2, .phiRest, .uP, .omega, .uNear, .uFar, .omegaNear,
        .nu,
        .uWaveEnergy,
    ]

    static let valuesB1: [(EMAFrame, Int, Int, [Double])] = [
        (
            .spot, 1, -1,
            [
                0.4, 0.4, 0.4, 0.4, 0.0, 0.0, 0.4, 0.16000000000000003, 1.3068635848964896,
                0.026754050508130112, 0.006697222652047569, 0.08740973589389166, 1.2184674256621506, 0.0,
            ]
        ),
        (
            .spot, 1, 0,
            [
                0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.026385035012844105, 0.006691411613234824,
                0.0862041036112621, 1.2148884999893361, 0.0,
            ]
        ),
        (
            .spot, 2, -1,
            [
                0.2426122638850534, 0.3529987610338382, 0.3876932937905377, 0.39688717530409745,
                -0.15738773611494664, -0.15738773611494664, 0.0, 0.0, 0.0, 0.023610366705016646,
                0.0064911707730523046, 0.09554642025878804, 1.2381769088551755, 0.11607504819413063,
            ]
        ),
        (
            .spot, 2, -2,
            [
                0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.8, 0.0, 1.4484941211906903, 0.023284711673421027,
                0.006485538521108161, 0.09688271219766317, 1.2421436983940093, 0.0,
            ]
        ),
        (
            .spot, 3, -1,
            [
                0.14715177646857694, 0.311520313228562, 0.3757652251253904, 0.3937985748021634,
                -0.09546048741647645, 0.06192724869847019, 0.0, 0.0, 0.0, 0.02083607548606365,
                0.006291458443903796, 0.0, 1.0, 0.17739680459865834,
            ]
        ),
        (
            .price, 1, -1,
            [
                0.4, 0.4, 0.4, 0.4, 0.0, 0.0, 0.4, 0.16000000000000003, 1.3068635848964896,
                0.026754050508130112, 0.006697222652047569, 0.08740973589389166, 1.2184674256621506, 0.0,
            ]
        ),
        (
            .price, 1, 0,
            [
                0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.026385035012844105, 0.006691411613234824,
                0.0862041036112621, 1.2148884999893361, 0.0,
            ]
        ),
        (
            .price, 2, -1,
            [
                0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.023284711673421027, 0.006485538521108161,
                0.12518058536280766, 1.3120485810943046, 0.0,
            ]
        ),
        (
            .price, 2, -2,
            [
                0.2426122638850534, 0.3529987610338382, 0.3876932937905377, 0.39688717530409745,
                -0.15738773611494664, -0.15738773611494664, 0.8, 0.2823990088270706, 1.8977512866952098,
                0.023610366705016646, 0.0064911707730523046, 0.12693133444028137, 1.3172456887948063,
                0.11607504819413063,
            ]
        ),
        (
            .price, 3, -1,
            [
                0.14715177646857694, 0.311520313228562, 0.3757652251253904, 0.3937985748021634,
                -0.09546048741647645, 0.06192724869847019, 0.0, 0.0, 0.0, 0.02083607548606365,
                0.006291458443903796, 0.0, 1.0, 0.17739680459865834,
            ]
        ),
    ]

    @Test func `B1: one level and a moving anchor, both frames`() throws {
        for frame in EMAFrame.allCases {
            var engine = try SurfaceEngine(halfWidth: 200, latticeStep: Self.q, emaFrame: frame)
            var rows = 0
            for (i, window) in Self.caseB1().enumerated() {
                try engine.play(window)
                rows += engine.rowCount
                for (expectedFrame, number, x, values) in Self.valuesB1
                where expectedFrame == frame && number == i + 1 {
                    for (column, value) in zip(Self.columnsB1, values) {
                        let found = engine.surface[column, row: 401 + 200 + x]
                        #expect(agrees(found, value), "\(frame) window \(number) x \(x) \(column): \(found)")
                    }
                }
            }
            #expect(rows == 2406)
        }
    }

    @Test func `B1 with an invalid second window: one decay instead of two`() throws {
        // The cell that holds the history in window 2 is x = −1 in frame spot and x = −2 in frame price.
        for (frame, holder) in [(EMAFrame.spot, -1), (.price, -2)] {
            var engine = try SurfaceEngine(halfWidth: 200, latticeStep: Self.q, emaFrame: frame)
            let windows = Self.caseB1(secondIsValid: false)
            try engine.play(windows[0])
            try engine.play(windows[1])
            #expect(engine.surface[.uEma2, row: 601 + holder] == 0.4)
            #expect(engine.surface[.duDt, row: 601 + holder] == 0)
            try engine.play(windows[2])
            #expect(agrees(engine.surface[.uEma2, row: 600], 0.2426122638850534))
        }
    }

    @Test func `B2: absolute strikes`() throws {
        let dollar: Int64 = 1_000_000_000
        var engine = try OptionSurfaceEngine(halfWidth: 10, strikeStep: 5 * dollar, tick: Self.q)
        let columns: [SurfaceColumn] = [
            .rho, .phiRest, .uEma8, .uNear, .uFar, .duDx, .omega, .omegaNear, .nu, .pressureGrad,
        ]
        let expected: [(Int, Int32, [Double])] = [
            (
                1, -200,
                [
                    2.302585092994046, 0.9, 0.4, 0.18074510475104244, 0.13333889620911157, 0.0,
                    2.9749399401483076,
                    1.3442645777754143, 3.049417693787364, 0.36000000000000004,
                ]
            ),
            (
                1, -180,
                [
                    0.0, 0.0, 0.0, 0.1096274476244788, 0.09422370137761746, -0.004518627618776061, 0.0,
                    0.8153376811864467, 2.044463780874934, 0.0,
                ]
            ),
            (2, -200, [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0]),
            (
                3, -200,
                [
                    0.0, 0.0, 0.311520313228562, 0.14076442911643497, 0.12526030087996967, 0.0, 0.0, 0.0, 1.0,
                    0.0,
                ]
            ),
        ]
        for (i, strikeRef) in [6900 * dollar, 6905 * dollar, 6900 * dollar].enumerated() {
            var rows = emptyOptionRows(kmax: 10)
            if i == 0 {
                let row = rows.firstIndex { $0.x == -10 && $0.right == 0 && $0.side == 1 }!
                rows[row].start = 9
                rows[row].end = 9
                rows[row].rest = 9
                rows[row].add = 4
            }
            try engine.play(strikeRef: strikeRef, rows)
            for (window, relTicks, values) in expected where window == i + 1 {
                // Right C, side B is the second lane of 21 strikes.
                let row = 21 + 10 + Int(relTicks) / 20
                #expect(engine.relTicks[row] == relTicks)
                #expect(engine.right[row] == 0)
                #expect(engine.side[row] == 1)
                #expect(engine.strikePrice[row] == strikeRef + Int64(relTicks) * Self.q)
                for (column, value) in zip(columns, values) {
                    let found = engine.surface[column, row: row]
                    #expect(
                        agrees(found, value), "window \(window) rel_ticks \(relTicks) \(column): \(found)")
                }
            }
        }
    }

    /// Plays one window of hand-made arrays after an earlier anchor; empty arrays are all 0.
    static func forecast(
        previous: Int64?, now: Int64, g: [Int: Double] = [:], r: [Int: Double] = [:], o: [Int: Double] = [:]
    ) throws -> Forecast {
        var engine = try ForecastEngine(
            halfWidth: 200, latticeStep: q, parameters: ForecastParameters(beta: 1, gamma: 0.2))
        let zeros = [Double](repeating: 0, count: 802)
        func directional(_ values: [Int: Double], _ sign: Double) -> [Double] {
            var column = zeros
            for (x, value) in values { column[(x > 0 ? 200 : 601) + x] = sign * value }
            return column
        }
        if let previous {
            _ = try engine.forecast(
                windowEnd: 1_000_000_000, spotRef: previous, isValid: true, pressureGrad: zeros.span,
                uNear: zeros.span,
                uPSlow: zeros.span, omega: zeros.span)
        }
        let (pressure, uNear, omega) = (directional(g, 1), directional(r, -1), directional(o, 1))
        return try engine.forecast(
            windowEnd: 2_000_000_000, spotRef: now, isValid: true, pressureGrad: pressure.span,
            uNear: uNear.span,
            uPSlow: zeros.span, omega: omega.span)!
    }

    @Test func `B3: motion without force`() throws {
        let forecast = try Self.forecast(previous: Self.price, now: Self.price + 5 * Self.q)
        #expect(forecast.wallUp == 64)
        #expect(forecast.wallDown == 64)
        #expect(forecast.force == 0)
        #expect(agrees(forecast.damping, 2))
        let deltas: [Int64] = [
            4, 7, 10, 12, 13, 15, 16, 17, 17, 18, 18, 19, 19, 19, 19, 19, 20, 20, 20, 20, 20, 20, 20, 20, 20,
            20, 20, 20,
            20, 20,
        ]
        #expect((1...30).map { forecast.predictedTickDelta(at: $0) } == deltas)
        #expect((1...30).map { forecast.predictedSpotTick(at: $0) } == deltas.map { 105 + $0 })
        #expect((1...30).allSatisfy { forecast.confidence(at: $0) == 0 })
    }

    @Test func `B4: a wall above`() throws {
        let forecast = try Self.forecast(
            previous: nil, now: Self.price, g: [1: 3], r: [1: 0.5, 2: 0.5, 3: 0.5, 4: 0.5, 5: 0.5], o: [30: 4]
        )
        #expect(forecast.wallUp == 25)
        #expect(forecast.wallDown == 64)
        #expect(agrees(forecast.runScoreUp, 0.17273445131081172))
        #expect(agrees(forecast.runScoreDown, 0))
        #expect(agrees(forecast.force, 0.20561547425600557))
        #expect(agrees(forecast.damping, 2.000218066813647))
        let deltas: [Int64] = [
            0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 6, 6,
        ]
        #expect((1...30).map { forecast.predictedTickDelta(at: $0) } == deltas)
        for h in 1...30 {
            #expect(agrees(forecast.confidence(at: h), deltas[h - 1] > 0 ? 0.011703430785848875 : 0))
        }
    }
}
