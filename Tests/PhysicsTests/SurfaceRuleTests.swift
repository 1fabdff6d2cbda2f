import Physics
import Testing

@Suite struct SurfaceRuleTests {
    static let q: Int64 = 250_000_000
    static let anchor = 100 * q

    /// A cell with u = 1.
    static func pulse(_ x: Int, side: Int = 0) -> Row {
        Row(x: x, side: side, start: 0, end: 1, add: 1)
    }

    @Test func `the kernels and weights are those of the text`() throws {
        var engine = try SurfaceEngine(halfWidth: 200, latticeStep: Self.q, emaFrame: .spot)
        try engine.play(Window(spotRef: Self.anchor, rows: [Self.pulse(0)]))
        // At the pulse itself S = w_0/Σw = 1/Σw.
        #expect(agrees(1 / engine.surface[.uNear, row: 200], 14.951007133609417))
        #expect(agrees(1 / engine.surface[.uFar, row: 200], 59.72625083290406))
        // N = 16 and 64: nothing beyond.
        #expect(engine.surface[.uNear, row: 216] > 0)
        #expect(engine.surface[.uNear, row: 217] == 0)
        #expect(engine.surface[.uFar, row: 264] > 0)
        #expect(engine.surface[.uFar, row: 265] == 0)
        // A second with u = 0 leaves 1 − α of a 1.
        try engine.play(Window(spotRef: Self.anchor))
        let alphas: [(SurfaceColumn, Double)] = [
            (.uEma2, 0.3934693402873666), (.uEma8, 0.11750309741540454), (.uEma32, 0.03076676552365587),
            (.uEma128, 0.007782061739756485),
        ]
        for (column, alpha) in alphas { #expect(agrees(1 - engine.surface[column, row: 200], alpha)) }
    }

    @Test func `at the edge the divisor is still the full kernel sum`() throws {
        var engine = try SurfaceEngine(halfWidth: 200, latticeStep: Self.q, emaFrame: .spot)
        try engine.play(Window(spotRef: Self.anchor, rows: [Self.pulse(-200)]))
        #expect(agrees(1 / engine.surface[.uNear, row: 0], 14.951007133609417))
        #expect(engine.surface[.duDx, row: 0] == 0)
        #expect(engine.surface[.d2uDx2, row: 400] == 0)
        // The other side of the lattice is another lane: nothing flows over.
        #expect(engine.surface[.uNear, row: 401] == 0)
        #expect(engine.surface[.uNear, row: 400] == 0)
    }

    @Test func `a price that enters late starts from 0, and one that left goes on decaying`() throws {
        var engine = try SurfaceEngine(halfWidth: 10, latticeStep: Self.q, emaFrame: .price)
        try engine.play(Window(spotRef: Self.anchor, rows: [Self.pulse(0)]))
        // 30 steps up: the old price is off the lattice, a new one gets u = 1 and is not fresh.
        try engine.play(Window(spotRef: Self.anchor + 30 * Self.q, rows: [Self.pulse(0)]))
        #expect(agrees(engine.surface[.uEma2, row: 10], 0.3934693402873666))
        #expect(agrees(engine.surface[.duDt, row: 10], 0.3934693402873666))
        try engine.play(Window(spotRef: Self.anchor))
        let kept = 1 - 0.3934693402873666
        #expect(agrees(engine.surface[.uEma2, row: 10], kept * kept))
    }

    @Test func `before the first valid window every key is fresh, also one first seen in an invalid window`()
        throws
    {
        for frame in EMAFrame.allCases {
            var engine = try SurfaceEngine(halfWidth: 10, latticeStep: Self.q, emaFrame: frame)
            try engine.play(Window(spotRef: Self.anchor, isValid: false, rows: [Self.pulse(3)]))
            #expect(engine.surface[.uEma128, row: 13] == 0)
            #expect(engine.surface[.liquidityVelocity, row: 13] == 1)
            try engine.play(Window(spotRef: Self.anchor, rows: [Self.pulse(3)]))
            #expect(engine.surface[.uEma128, row: 13] == 1)
            #expect(engine.surface[.duDt, row: 13] == 0)
        }
    }

    @Test func `an average below 1e-15 comes to rest`() throws {
        var engine = try SurfaceEngine(halfWidth: 2, latticeStep: Self.q, emaFrame: .spot)
        try engine.play(Window(spotRef: Self.anchor, rows: [Self.pulse(0)]))
        // e^(−t/2) < 10^−15 first at t = 30·ln 10 = 69.08 s.
        for _ in 0..<69 { try engine.play(Window(spotRef: Self.anchor)) }
        #expect(engine.surface[.uEma2, row: 2] > 1e-15)
        try engine.play(Window(spotRef: Self.anchor))
        #expect(engine.surface[.uEma2, row: 2] == 0)
    }

    @Test
    func `a strike that is invalid in the first window stays fresh, and starts with its first valid row`()
        throws
    {
        var engine = try OptionSurfaceEngine(halfWidth: 2, strikeStep: 4, tick: 2)
        var rows = emptyOptionRows(kmax: 2)
        let row = rows.firstIndex { $0.x == 1 && $0.right == 1 && $0.side == 0 }!
        rows[row] = Row(x: 1, side: 0, right: 1, start: 0, end: 1, add: 1, isValid: false)
        try engine.play(strikeRef: 40, rows)
        #expect(engine.surface[.uEma8, row: row] == 0)
        rows[row].isValid = true
        try engine.play(strikeRef: 40, rows)
        #expect(engine.surface[.uEma8, row: row] == 1)
        rows[row].isValid = false
        try engine.play(strikeRef: 40, rows)
        #expect(engine.surface[.uEma8, row: row] == 1)
    }

    @Test func `an idle strike that is invalid in the first window stays fresh, too`() throws {
        var engine = try OptionSurfaceEngine(halfWidth: 2, strikeStep: 4, tick: 2)
        var rows = emptyOptionRows(kmax: 2)
        let row = rows.firstIndex { $0.x == -2 && $0.right == 0 && $0.side == 1 }!
        rows[row].isValid = false
        try engine.play(strikeRef: 40, rows)
        rows[row] = Row(x: -2, side: 1, start: 0, end: 1, add: 1)
        rows[row - 5] = Row(x: -2, side: 0, start: 0, end: 1, add: 1)
        try engine.play(strikeRef: 40, rows)
        #expect(engine.surface[.uEma128, row: row] == 1)
        #expect(agrees(engine.surface[.uEma128, row: row - 5], 0.007782061739756485))
    }

    @Test func `an invalid strike changes no bit of the others, down to rest`() throws {
        var engine = try OptionSurfaceEngine(halfWidth: 10, strikeStep: 4, tick: 2)
        var other = try OptionSurfaceEngine(halfWidth: 10, strikeStep: 4, tick: 2)
        var streams = Streams(seed: 41)
        var rows = emptyOptionRows(kmax: 10)
        for i in rows.indices where rows[i].right == 0 { streams.fill(&rows[i]) }
        for second in 0..<400 {
            try engine.play(strikeRef: 400, rows)
            // The last row is of another lane, right P.
            rows[rows.count - 1].isValid = second == 0
            try other.play(strikeRef: 400, rows)
            for column in [SurfaceColumn.uEma2, .uEma8, .uEma32, .uEma128, .duDt, .d2uDt2, .uNear, .omegaFar] {
                let expected = engine.surface.withRun(of: column) { $0.map(\.bitPattern) }
                #expect(other.surface.withRun(of: column) { $0.map(\.bitPattern) } == expected)
            }
            rows = emptyOptionRows(kmax: 10)
        }
        #expect(engine.surface[.uEma8, row: 0] == 0)
    }

    @Test func `without fills and rest Omega is half of rho`() throws {
        var engine = try OptionSurfaceEngine(halfWidth: 25, strikeStep: 1_000_000_000, tick: 500_000_000)
        var streams = Streams(seed: 9)
        var rows = emptyOptionRows(kmax: 25)
        for _ in 0..<20 {
            for i in rows.indices {
                streams.fill(&rows[i])
                (rows[i].rest, rows[i].fill) = (0, 0)
            }
            try engine.play(strikeRef: 600_000_000_000, rows)
            for row in rows.indices {
                #expect(engine.surface[.omega, row: row] == 0.5 * engine.surface[.rho, row: row])
                for column in [SurfaceColumn.fillIntensity, .phiRest, .uP, .uPSlow, .pressureGrad] {
                    #expect(engine.surface[column, row: row].bitPattern == 0)
                }
            }
        }
    }

    // MARK: - Hostile input

    @Test(arguments: [
        (Row(x: 11, side: 0), PhysicsError.cellOffLattice(relTicks: 11, limit: 10, spacing: 1)),
        (Row(x: 0, side: 2), .unknownSymbol(column: "side", index: 2)),
        (Row(x: 0, side: 1, pull: -1), .negativeQuantity(column: "pull_qty_total", value: -1)),
        (Row(x: 0, side: 1, start: .min), .negativeQuantity(column: "depth_qty_start", value: .min)),
    ])
    func `a row that is no cell of the lattice is refused`(row: Row, error: PhysicsError) throws {
        var engine = try SurfaceEngine(halfWidth: 10, latticeStep: Self.q, emaFrame: .price)
        #expect(throws: error) { try engine.play(Window(spotRef: Self.anchor, rows: [row])) }
    }

    @Test(arguments: [Int64(0), -250_000_000, 250_000_001, .min, .max, (1 << 62) + 72_612_096])
    func `an anchor off the grid is refused`(anchor: Int64) throws {
        for frame in EMAFrame.allCases {
            var engine = try SurfaceEngine(halfWidth: 10, latticeStep: Self.q, emaFrame: frame)
            #expect(throws: PhysicsError.anchorOffGrid(price: anchor, step: Self.q)) {
                try engine.play(Window(spotRef: anchor))
            }
        }
        var options = try OptionSurfaceEngine(halfWidth: 2, strikeStep: Self.q, tick: Self.q)
        #expect(throws: PhysicsError.anchorOffGrid(price: anchor, step: Self.q)) {
            try options.play(strikeRef: anchor, emptyOptionRows(kmax: 2))
        }
        var forecasts = try ForecastEngine(
            halfWidth: 64, latticeStep: Self.q, parameters: ForecastParameters())
        #expect(throws: PhysicsError.anchorOffGrid(price: anchor, step: Self.q)) {
            try forecasts.play(ForecastInput(halfWidth: 64), windowEnd: 0, spotRef: anchor)
        }
    }

    @Test func `side anchors that differ within a window are refused`() throws {
        var engine = try SurfaceEngine(halfWidth: 10, latticeStep: Self.q, emaFrame: .spot)
        let rows = [Row(x: 0, side: 1, shift: 2), Row(x: 3, side: 1, shift: 1)]
        #expect(throws: PhysicsError.unevenSideAnchor(relTicks: 3, relTicksSide: 2, expected: 2)) {
            try engine.play(Window(spotRef: Self.anchor, rows: rows))
        }
    }

    @Test func `an option window that is not dense or between strikes is refused`() throws {
        var engine = try OptionSurfaceEngine(halfWidth: 2, strikeStep: 4, tick: 2)
        #expect(throws: PhysicsError.wrongLength(column: "rel_ticks", found: 19, expected: 20)) {
            try engine.play(strikeRef: 40, Array(emptyOptionRows(kmax: 2).dropLast()))
        }
        let (one, zero, yes) = ([Int32(1)], [Int64(0)], [true])
        let code = [UInt8(0)]
        #expect(throws: PhysicsError.cellOffLattice(relTicks: 1, limit: 4, spacing: 2)) {
            try engine.add(
                relTicks: one.span, right: code.span, side: code.span, depthStart: zero.span,
                depthEnd: zero.span,
                depthRest: zero.span, add: zero.span, pull: zero.span, fill: zero.span, windowValid: yes.span)
        }
    }

    @Test func `columns of unequal length and numbers that are not finite are refused`() throws {
        var engine = try ForecastEngine(halfWidth: 64, latticeStep: Self.q, parameters: ForecastParameters())
        var input = ForecastInput(halfWidth: 64)
        input.omega.removeLast()
        #expect(throws: PhysicsError.wrongLength(column: "Omega", found: 257, expected: 258)) {
            try engine.play(input, windowEnd: 0, spotRef: Self.q)
        }
        for value in [Double.nan, .infinity, -.infinity] {
            for column in [\ForecastInput.pressureGrad, \.uNear, \.uPSlow, \.omega] {
                var input = ForecastInput(halfWidth: 64)
                input[keyPath: column][100] = value
                #expect(throws: PhysicsError.notFinite(windowEnd: 5)) {
                    try engine.play(input, windowEnd: 5, spotRef: Self.q)
                }
            }
            var input = ForecastInput(halfWidth: 64)
            input.options = [(0, value), (2, 1)]
            #expect(throws: PhysicsError.notFinite(windowEnd: 5)) {
                try engine.play(input, windowEnd: 5, spotRef: Self.q)
            }
        }
    }

    @Test func `parameters outside their range are refused`() {
        #expect(throws: PhysicsError.self) {
            _ = try SurfaceEngine(halfWidth: 0, latticeStep: 1, emaFrame: .spot)
        }
        #expect(throws: PhysicsError.self) {
            _ = try SurfaceEngine(halfWidth: 1, latticeStep: 0, emaFrame: .spot)
        }
        #expect(throws: PhysicsError.self) {
            _ = try OptionSurfaceEngine(halfWidth: 1, strikeStep: 5, tick: 2)
        }
        #expect(throws: PhysicsError.self) {
            _ = try OptionSurfaceEngine(halfWidth: 1, strikeStep: 1 << 62, tick: 1 << 61)
        }
        #expect(throws: PhysicsError.self) {
            _ = try ForecastEngine(halfWidth: 63, latticeStep: 1, parameters: ForecastParameters())
        }
        #expect(throws: PhysicsError.self) {
            _ = try ForecastEngine(halfWidth: 64, latticeStep: 1, parameters: ForecastParameters(beta: .nan))
        }
    }
}
