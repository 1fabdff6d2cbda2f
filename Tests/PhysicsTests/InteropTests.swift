import Foundation
import Physics
import Testing

private let interopDirectory = ProcessInfo.processInfo.environment["TARN_INTEROP_DIR"]

/// Writes random windows and what the engines make of them, for Tests/Python/test_physics_reference.py to judge:
/// rows as CSV, results as little-endian doubles, window by window, column by column in the order of
/// `SurfaceColumn`.
@Suite(.enabled(if: interopDirectory != nil))
struct InteropTests {
    static func write(_ name: String, _ data: Data) throws {
        try data.write(to: URL(fileURLWithPath: interopDirectory!).appendingPathComponent(name))
    }

    static func write(_ name: String, _ lines: [String]) throws {
        try write(name, Data(lines.joined(separator: "\n").utf8))
    }

    static func append(_ surface: borrowing Surface, to data: inout Data) {
        for column in SurfaceColumn.allCases {
            surface.withRun(of: column) { data.append(contentsOf: UnsafeRawBufferPointer($0)) }
        }
    }

    static func line(_ row: Row, window: Int) -> String {
        [window, row.right, row.side, row.x, row.start, row.end, row.rest, row.add, row.pull, row.fill]
            .map { "\($0)" }.joined(separator: ",") + ",\(row.isValid ? 1 : 0)"
    }

    @Test func `dense windows for the numpy reference`() throws {
        let step: Int64 = 250_000_000
        var streams = Streams(seed: 31)
        let windows = streams.windows(150, halfWidth: 50, step: step, start: 3000).filter {
            $0.spotRef != nil
        }
        var rows: [String] = []
        for (i, window) in windows.enumerated() { rows += window.rows.map { Self.line($0, window: i) } }
        try Self.write("physics_dense_rows.csv", rows)
        try Self.write(
            "physics_dense_windows.csv", windows.map { "\($0.spotRef! / step),\($0.isValid ? 1 : 0)" })
        for frame in EMAFrame.allCases {
            var engine = try SurfaceEngine(halfWidth: 50, latticeStep: step, emaFrame: frame)
            var data = Data()
            for window in windows {
                try engine.play(window)
                Self.append(engine.surface, to: &data)
            }
            try Self.write("physics_dense_\(frame.rawValue).bin", data)
        }
        try Self.write("physics_columns.csv", SurfaceColumn.allCases.map { "\($0)" })
    }

    @Test(arguments: [10, 25])
    func `option windows for the numpy reference`(kmax: Int) throws {
        let tick: Int64 = 500_000_000
        let step = kmax == 10 ? 20 * tick : 2 * tick
        var engine = try OptionSurfaceEngine(halfWidth: kmax, strikeStep: step, tick: tick)
        var streams = Streams(seed: 13)
        var (rows, windows, data) = ([String](), [String](), Data())
        var strike: Int64 = 700
        for window in 0..<120 {
            strike += Int64(streams.below(5)) - 2
            var cells = emptyOptionRows(kmax: kmax)
            let invalidPercent = streams.chance(10) ? 100 : streams.chance(50) ? 20 : 0
            for i in cells.indices {
                if streams.chance(60) { streams.fill(&cells[i]) }
                cells[i].isValid = !streams.chance(invalidPercent)
            }
            try engine.play(strikeRef: strike * step, cells)
            Self.append(engine.surface, to: &data)
            rows += cells.map { Self.line($0, window: window) }
            windows.append("\(strike)")
        }
        try Self.write("physics_options_\(kmax)_rows.csv", rows)
        try Self.write("physics_options_\(kmax)_windows.csv", windows)
        try Self.write("physics_options_\(kmax).bin", data)
    }
}
