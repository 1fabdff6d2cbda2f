import Foundation
import Physics
import Testing

/// Prints time per window when TARN_MEASURE is set; says nothing about right or wrong.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["TARN_MEASURE"] != nil), .serialized)
struct SpeedTests {
    /// Futures-like windows: bids below and asks above a slowly wandering anchor, with flows near it.
    static func windows(_ count: Int, halfWidth: Int, occupied percent: Int) -> [Window] {
        var streams = Streams(seed: 3)
        var tick: Int64 = 27_000
        return (0..<count).map { _ in
            tick += Int64(streams.below(3)) - 1
            var window = Window(spotRef: tick * 250_000_000)
            for side in 0..<2 {
                for d in 0...halfWidth where streams.chance(percent) {
                    var row = Row(x: side == 0 ? d : -d, side: side)
                    streams.fill(&row)
                    window.rows.append(row)
                }
            }
            return window
        }
    }

    @Test(arguments: EMAFrame.allCases, [30, 90])
    func `time per window of a futures surface`(frame: EMAFrame, percent: Int) throws {
        let windows = Self.windows(100, halfWidth: 200, occupied: percent)
        var engine = try SurfaceEngine(halfWidth: 200, latticeStep: 250_000_000, emaFrame: frame)
        var forecasts = try ForecastEngine(
            halfWidth: 200, latticeStep: 250_000_000, parameters: ForecastParameters())
        var (surfaceTime, forecastTime) = (Duration.zero, Duration.zero)
        var moved = 0
        let clock = ContinuousClock()
        for round in 0..<40 {
            for (i, window) in windows.enumerated() {
                let rows = window.rows
                let relTicks = rows.map { Int32($0.x) }
                let side = rows.map { UInt8($0.side) }
                let (start, end) = (rows.map { Int64($0.start) }, rows.map { Int64($0.end) })
                let (rest, add) = (rows.map { Int64($0.rest) }, rows.map { Int64($0.add) })
                let (pull, fill) = (rows.map { Int64($0.pull) }, rows.map { Int64($0.fill) })
                let begin = clock.now
                try engine.add(
                    relTicks: relTicks.span, relTicksSide: relTicks.span, side: side.span,
                    depthStart: start.span, depthEnd: end.span, depthRest: rest.span, add: add.span,
                    pull: pull.span, fill: fill.span)
                try engine.closeWindow(spotRef: window.spotRef!, isValid: true)
                let middle = clock.now
                surfaceTime += middle - begin
                let found = columns(engine.surface)
                let (g, u) = (found[.pressureGrad]!, found[.uNear]!)
                let (s, o) = (found[.uPSlow]!, found[.omega]!)
                let beginForecast = clock.now
                let forecast = try forecasts.forecast(
                    windowEnd: Int64(round * 100 + i) * 1_000_000_000, spotRef: window.spotRef, isValid: true,
                    pressureGrad: g.span, uNear: u.span, uPSlow: s.span, omega: o.span)
                forecastTime += clock.now - beginForecast
                moved += Int(forecast!.predictedTickDelta(at: 30).magnitude)
            }
        }
        print(
            "\(frame) \(percent) % occupied: surface \(surfaceTime / 4000), forecast \(forecastTime / 4000)",
            moved)
    }

    @Test(arguments: [(10, Int64(5_000_000_000), Int64(250_000_000)), (25, 1_000_000_000, 500_000_000)])
    func `time per window of an option surface`(kmax: Int, step: Int64, tick: Int64) throws {
        var engine = try OptionSurfaceEngine(halfWidth: kmax, strikeStep: step, tick: tick)
        var streams = Streams(seed: 3)
        var rows = emptyOptionRows(kmax: kmax)
        for i in rows.indices { streams.fill(&rows[i]) }
        let clock = ContinuousClock()
        let time = try clock.measure {
            for second in 0..<4000 { try engine.play(strikeRef: Int64(500 + second / 60 % 5) * step, rows) }
        }
        print("options, kmax \(kmax): \(time / 4000), arrays of the test included")
    }
}
