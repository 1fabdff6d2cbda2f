import Foundation
import Physics
import Testing

/// One window's columns for the forecast, rows side A then B.
struct ForecastInput {
    var pressureGrad: [Double]
    var uNear: [Double]
    var uPSlow: [Double]
    var omega: [Double]
    /// Option rows: rel_ticks and Omega_opt.
    var options: [(Int, Double)] = []

    init(halfWidth: Int) {
        let zeros = [Double](repeating: 0, count: 2 * (2 * halfWidth + 1))
        (pressureGrad, uNear, uPSlow, omega) = (zeros, zeros, zeros, zeros)
    }

    /// Random columns, and option rows with kmax and spacing of a product; some of them beyond the lattice.
    static func random(_ streams: inout Streams, halfWidth: Int, kmax: Int, spacing: Int) -> ForecastInput {
        var input = ForecastInput(halfWidth: halfWidth)
        func number() -> Double { Double(streams.below(2_000_001) - 1_000_000) * 1e-6 }
        for row in input.omega.indices where streams.chance(70) {
            input.pressureGrad[row] = number() * 20
            input.uNear[row] = number()
            input.uPSlow[row] = number()
            input.omega[row] = abs(number()) * 10
        }
        if streams.chance(70) {
            for _ in 0..<4 {
                for k in -kmax...kmax { input.options.append((k * spacing, abs(number()) * 6)) }
            }
        }
        return input
    }
}

extension ForecastEngine {
    mutating func play(
        _ input: ForecastInput, windowEnd: Int64, spotRef: Int64?, isValid: Bool = true
    ) throws
        -> Forecast?
    {
        let middle = input.options.count / 3
        for part in [input.options[..<middle], input.options[middle...]] where !part.isEmpty {
            let (relTicks, omega) = (part.map { Int32($0.0) }, part.map { $0.1 })
            try addOptions(relTicks: relTicks.span, omega: omega.span)
        }
        return try forecast(
            windowEnd: windowEnd, spotRef: spotRef, isValid: isValid, pressureGrad: input.pressureGrad.span,
            uNear: input.uNear.span, uPSlow: input.uPSlow.span, omega: input.omega.span)
    }
}

/// Sections 8.2 to 8.5 as they read.
struct NaiveForecast {
    let g: [Int: Double]
    let r: [Int: Double]
    let s: [Int: Double]
    let kappa: [Int: Double]
    let n: [Int: Double]
    let prominence: [Int: Double]
    let m: Int

    init(_ input: ForecastInput, halfWidth m: Int) {
        self.m = m
        func directional(_ column: [Double]) -> [Int: Double] {
            var field: [Int: Double] = [:]
            for x in -m...m { field[x] = x == 0 ? 0 : column[(x > 0 ? 0 : 2 * m + 1) + x + m] }
            return field
        }
        g = directional(input.pressureGrad)
        r = directional(input.uNear.map { max(0, -$0) })
        s = directional(input.uPSlow)
        var options: [Int: Double] = [:]
        for x in -m...m { options[x] = 0 }
        for (x, omega) in input.options where abs(x) <= m { options[x]! += omega }
        let smoothedOptions = naiveSmoothed(options, 8, 24)
        var o = directional(input.omega)
        for x in -m...m { o[x]! += 0.70 * smoothedOptions[x]! }
        let near = naiveSmoothed(o, 6, 16)
        let far = naiveSmoothed(o, 24, 64)
        prominence = near.merging(far) { $0 - $1 }
        var n: [Int: Double] = [:]
        for x in -m...m { n[x] = 1 + near[x]! + 2 * max(0, prominence[x]!) }
        self.n = n
        kappa = n.mapValues { 1 / $0 }
    }

    func run(_ sign: Int) -> (wall: Int, score: Double) {
        let highest = (1...64).map { prominence[sign * $0]! }.max()!
        let wall = highest <= 0 ? 64 : (1...64).first { prominence[sign * $0]! >= 0.60 * highest }!
        let weights = (1..<max(wall, 1)).map { exp(-Double($0) / 16) }
        let sum = zip(weights, 1..<max(wall, 1)).map { $0 * r[sign * $1]! }.reduce(0, +)
        let ease = wall == 1 ? 0 : sum / weights.reduce(0, +)
        return (wall, ease - max(0, s[sign * wall]!))
    }

    func at(_ field: [Int: Double], _ y: Double) -> Double {
        if y <= Double(-m) { return field[-m]! }
        if y >= Double(m) { return field[m]! }
        let low = Int(floor(y))
        return field[low]! * (Double(low + 1) - y) + field[low + 1]! * (y - Double(low))
    }

    func forceAndDamping(_ shift: Double) -> (Double, Double) {
        let a = (1...64).map { exp(-Double($0 * $0) / 288) }
        let b = (1...16).map { exp(-Double($0 * $0) / 72) }
        var force = 0.0
        for x in -64...64 where x != 0 {
            let y = Double(x) + shift
            force += a[abs(x) - 1] / a.reduce(0, +) * at(kappa, y) * at(g, y)
        }
        var damping = 0.0
        for x in -16...16 where x != 0 {
            damping += b[abs(x) - 1] / b.reduce(0, +) * at(n, Double(x) + shift)
        }
        return (force, damping)
    }

    func deltas(_ velocity: Double, _ parameters: ForecastParameters) -> [Int64] {
        var v = min(8, max(-8, velocity))
        var shift = 0.0
        return (1...30).map { _ in
            let (f, n) = forceAndDamping(shift)
            v = min(8, max(-8, (1 - parameters.gamma) * v + parameters.beta * f / (1 + n)))
            shift = min(80, max(-80, shift + v))
            return Int64(rint(shift))
        }
    }
}

@Suite struct ForecastTests {
    static let q: Int64 = 250_000_000
    static let second: Int64 = 1_000_000_000

    @Test(arguments: [(200, 10, 20), (100, 25, 2), (100, 60, 2)])
    func `the forecast agrees with the text on random windows`(halfWidth: Int, kmax: Int, spacing: Int) throws {
        var streams = Streams(seed: UInt64(halfWidth + kmax))
        for parameters in [ForecastParameters(), ForecastParameters(beta: 40, gamma: 0.05)] {
            var engine = try ForecastEngine(halfWidth: halfWidth, latticeStep: Self.q, parameters: parameters)
            var tick: Int64 = 27_000
            var previous: Int64?
            for window in 0..<25 {
                tick += Int64(streams.below(25)) - 12
                let input = ForecastInput.random(&streams, halfWidth: halfWidth, kmax: kmax, spacing: spacing)
                let isValid = !streams.chance(20)
                let hasAnchor = !streams.chance(10)
                let found = try engine.play(
                    input, windowEnd: Int64(window) * Self.second, spotRef: hasAnchor ? tick * Self.q : nil,
                    isValid: isValid)
                guard isValid, hasAnchor else {
                    #expect(found == nil)
                    previous = nil
                    continue
                }
                let forecast = try #require(found)
                let naive = NaiveForecast(input, halfWidth: halfWidth)
                let (up, down) = (naive.run(1), naive.run(-1))
                #expect(forecast.spotTick == tick)
                #expect(Int(forecast.wallUp) == up.wall)
                #expect(Int(forecast.wallDown) == down.wall)
                #expect(agrees(forecast.runScoreUp, up.score))
                #expect(agrees(forecast.runScoreDown, down.score))
                let (force, damping) = naive.forceAndDamping(0)
                #expect(agrees(forecast.force, force))
                #expect(agrees(forecast.damping, damping))
                let deltas = naive.deltas(previous.map { Double(tick - $0) } ?? 0, parameters)
                #expect((1...30).map { forecast.predictedTickDelta(at: $0) } == deltas)
                let certainty = tanh(abs(force) / (1 + damping))
                for h in 1...30 {
                    let d = deltas[h - 1]
                    let gate = d == 0 ? 0 : tanh(max(0, d > 0 ? up.score : down.score))
                    #expect(agrees(forecast.confidence(at: h), certainty * gate))
                    #expect(forecast.predictedSpotTick(at: h) == tick + d)
                }
                previous = tick
            }
        }
    }

    @Test func `the speed at the start looks back exactly one second, and not over a skipped window`() throws {
        let input = ForecastInput(halfWidth: 64)
        func firstStep(_ gap: Int64, skipped: Bool) throws -> Int64 {
            var engine = try ForecastEngine(
                halfWidth: 64, latticeStep: Self.q, parameters: ForecastParameters(beta: 1, gamma: 0))
            _ = try engine.play(input, windowEnd: 0, spotRef: 100 * Self.q)
            if skipped { _ = try engine.play(input, windowEnd: 0, spotRef: 100 * Self.q, isValid: false) }
            return try engine.play(input, windowEnd: gap, spotRef: 103 * Self.q)!.predictedTickDelta(at: 1)
        }
        #expect(try firstStep(Self.second, skipped: false) == 3)
        #expect(try firstStep(2 * Self.second, skipped: false) == 0)
        #expect(try firstStep(Self.second, skipped: true) == 0)
    }

    @Test func `options of one window do not reach the next`() throws {
        var streams = Streams(seed: 77)
        var input = ForecastInput.random(&streams, halfWidth: 64, kmax: 3, spacing: 20)
        input.options = []
        var withOptions = input
        withOptions.options = [(0, 5), (20, 7)]
        func second(after first: ForecastInput, isValid: Bool) throws -> Forecast {
            var engine = try ForecastEngine(
                halfWidth: 64, latticeStep: Self.q, parameters: ForecastParameters())
            _ = try engine.play(first, windowEnd: 0, spotRef: Self.q, isValid: isValid)
            return try engine.play(input, windowEnd: Self.second, spotRef: Self.q)!
        }
        let alone = try second(after: input, isValid: true)
        #expect(try second(after: withOptions, isValid: true).force == alone.force)
        #expect(try second(after: withOptions, isValid: false).force == alone.force)
    }

    // MARK: - Fit

    /// Forecasts whose responses are known: a pressure of `force` around the anchor, n = 1, so that N = 2.
    static func forecasts(_ ticks: [Int64?], _ pressures: [Double]) throws -> [Forecast?] {
        var engine = try ForecastEngine(halfWidth: 64, latticeStep: q, parameters: ForecastParameters())
        return try zip(ticks, pressures).enumerated().map { i, window in
            var input = ForecastInput(halfWidth: 64)
            for row in input.pressureGrad.indices { input.pressureGrad[row] = window.1 }
            return try engine.play(input, windowEnd: Int64(i) * second, spotRef: window.0.map { $0 * q })
        }
    }

    @Test func `the fit solves the normal equations over triples of windows, speeds not clamped`() throws {
        // Ticks with jumps beyond 8, a skipped window, and every kind of neighbourhood of the interval.
        var streams = Streams(seed: 21)
        var tick: Int64 = 1000
        var ticks: [Int64?] = []
        var pressures: [Double] = []
        for i in 0..<300 {
            tick += Int64(streams.below(41)) - 20
            ticks.append(i % 37 == 11 ? nil : tick)
            pressures.append(Double(streams.below(1000)) / 100 - 5)
        }
        let forecasts = try Self.forecasts(ticks, pressures)
        var fit = ForecastFit()
        for (i, forecast) in forecasts.enumerated() {
            fit.show(windowEnd: Int64(i) * Self.second, forecast: forecast, isInInterval: i >= 10 && i < 280)
        }
        // The same sums from the definition: F(0) = 2·pressure with weights that sum to 1 in each direction,
        // N(0) = 2.
        var (x1y, x2y, x1x1, x1x2, x2x2, count) = (0.0, 0.0, 0.0, 0.0, 0.0, 0)
        for t in 10..<280 {
            guard let before = ticks[t - 1], let now = ticks[t], let after = ticks[t + 1] else { continue }
            let (y, x1) = (Double(after - now), Double(now - before))
            let x2 = 2 * pressures[t] / 3
            x1y += x1 * y
            x2y += x2 * y
            x1x1 += x1 * x1
            x1x2 += x1 * x2
            x2x2 += x2 * x2
            count += 1
        }
        let delta = x1x1 * x2x2 - x1x2 * x1x2
        let (a, b) = ((x1y * x2x2 - x2y * x1x2) / delta, (x1x1 * x2y - x1x2 * x1y) / delta)
        let solution = try fit.solution()
        #expect(fit.windows == count)
        #expect((solution.gamma - (1 - min(max(a, 0), 1))).magnitude < 1e-9)
        #expect((solution.beta - max(0, b)).magnitude < 1e-9)
    }

    @Test func `the fit finds the gains of a motion that obeys the law`() throws {
        // y = 0.5·x1 + 3·x2 in whole ticks: x2 = 2·pressure/3, so the pressure is chosen to make it exact.
        var ticks: [Int64?] = [1000, 1008]
        var pressures = [0.0]
        for i in 0..<40 {
            let x1 = ticks[ticks.count - 1]! - ticks[ticks.count - 2]!
            let y = x1 / 2 + Int64(i * i % 7) - 3
            // 3·(2/3)·pressure = y − x1/2
            pressures.append((Double(y) - 0.5 * Double(x1)) / 2)
            ticks.append(ticks[ticks.count - 1]! + y)
        }
        pressures.append(0)
        var fit = ForecastFit()
        for (i, forecast) in try Self.forecasts(ticks, pressures).enumerated() {
            fit.show(windowEnd: Int64(i) * Self.second, forecast: forecast, isInInterval: true)
        }
        let solution = try fit.solution()
        #expect((solution.beta - 3).magnitude < 1e-9)
        #expect((solution.gamma - 0.5).magnitude < 1e-9)
    }

    @Test func `a fit without information is an error`() throws {
        var fit = ForecastFit()
        #expect(throws: PhysicsError.singularFit(windows: 0)) { try fit.solution() }
        for (i, forecast) in try Self.forecasts([1, 2, 4, 5], [0, 0, 0, 0]).enumerated() {
            fit.show(windowEnd: Int64(i) * Self.second, forecast: forecast, isInInterval: true)
        }
        #expect(throws: PhysicsError.singularFit(windows: 2)) { try fit.solution() }
    }
}
