import Columnar
import FixedMath

/// The arrays of one window on x = −M…M: spec/physics.md, section 8.2, and the walls of 8.3.
struct ForecastFields: ~Copyable {
    /// How far a wall is looked for, in cells.
    static let wallReach = 64

    enum Direction {
        case up, down
    }

    let halfWidth: Int
    /// g, from pressure_grad.
    private(set) var pressure: Buffer<Double>
    /// κ = 1/n.
    private(set) var mobility: Buffer<Double>
    /// n = 1 + O_near + 2·max(0, O_prom).
    private(set) var viscosity: Buffer<Double>
    /// r, from max(0, −u_near).
    private var recession: Buffer<Double>
    /// s, from u_p_slow.
    private var support: Buffer<Double>
    /// O_f + 0.70·S(O_o; 8, 24).
    private var obstacle: Buffer<Double>
    private var prominence: Buffer<Double>
    /// O_o, sum of Omega_opt per cell.
    private var options: Buffer<Double>
    private var hasOptions = false
    private var lane: Lane
    private var nearSum: Buffer<Double>
    private var farSum: Buffer<Double>
    private let near = Smoothing(sigma: 6, reach: 16)
    private let far = Smoothing(sigma: 24, reach: 64)
    private let optionSmoothing = Smoothing(sigma: 8, reach: 24)
    /// e_k = exp(−k/16), k = 0…64.
    private let runWeights: Buffer<Double>

    init(halfWidth: Int) {
        self.halfWidth = halfWidth
        let width = 2 * halfWidth + 1
        pressure = Buffer(repeating: 0, count: width)
        mobility = Buffer(repeating: 0, count: width)
        viscosity = Buffer(repeating: 0, count: width)
        recession = Buffer(repeating: 0, count: width)
        support = Buffer(repeating: 0, count: width)
        obstacle = Buffer(repeating: 0, count: width)
        prominence = Buffer(repeating: 0, count: width)
        options = Buffer(repeating: 0, count: width)
        nearSum = Buffer(repeating: 0, count: width)
        farSum = Buffer(repeating: 0, count: width)
        lane = Lane(count: width)
        var weights = Buffer<Double>(capacity: Self.wallReach + 1)
        for k in 0...Self.wallReach { weights.append(Fixed.exp(-Double(k) / 16)) }
        runWeights = weights
    }
}

// MARK: - Fields

extension ForecastFields {
    mutating func addOptions(relTicks: Span<Int32>, omega: Span<Double>) {
        for i in 0..<relTicks.count {
            let x = Int(relTicks[i])
            if x >= -halfWidth, x <= halfWidth { options[x + halfWidth] += omega[i] }
        }
        hasOptions = true
    }

    mutating func forgetOptions() {
        guard hasOptions else { return }
        for i in 0..<options.count { options[i] = 0 }
        hasOptions = false
    }

    /// Takes side A above the anchor, side B below it, and 0 at it.
    mutating func load(
        pressureGrad: Span<Double>, uNear: Span<Double>, uPSlow: Span<Double>, omega: Span<Double>
    ) {
        let width = 2 * halfWidth + 1
        for i in 0..<width where i != halfWidth {
            let row = i > halfWidth ? i : width + i
            pressure[i] = pressureGrad[row]
            recession[i] = uNear[row] < 0 ? -uNear[row] : uNear[row] * 0
            support[i] = uPSlow[row]
            obstacle[i] = omega[row]
        }
        if hasOptions {
            Self.smooth(&lane, options, optionSmoothing, into: &nearSum)
            for i in 0..<width { obstacle[i] = (i == halfWidth ? 0 : obstacle[i]) + 0.70 * nearSum[i] }
        } else {
            obstacle[halfWidth] = 0
        }
        Self.smooth(&lane, obstacle, near, into: &nearSum)
        Self.smooth(&lane, obstacle, far, into: &farSum)
        for i in 0..<width {
            let excess = nearSum[i] - farSum[i]
            let n = (1 + nearSum[i]) + 2 * max(0, excess)
            prominence[i] = excess
            viscosity[i] = n
            mobility[i] = 1 / n
        }
    }

    private static func smooth(
        _ lane: inout Lane, _ field: borrowing Buffer<Double>, _ smoothing: borrowing Smoothing,
        into result: inout Buffer<Double>
    ) {
        field.withUnsafeElements { lane.load($0.baseAddress!) }
        result.withUnsafeMutableElements { smoothing.apply(to: lane, result: $0.baseAddress!) }
    }
}

extension ForecastFields {
    /// Whether the arrays that everything else is computed from are finite.
    var isFinite: Bool {
        let (g, r, s, o) = (pressure.span, recession.span, support.span, obstacle.span)
        var isFinite = true
        for i in 0..<g.count {
            // 0 for finite numbers, NaN for all others.
            let nothing = 0 * g[i] + 0 * r[i] + 0 * s[i] + 0 * o[i]
            isFinite = isFinite && nothing == 0
        }
        return isFinite
    }
}

// MARK: - Walls

extension ForecastFields {
    /// Distance of the wall in a direction, and the ease of running there.
    func run(_ direction: Direction) -> (wall: Int32, score: Double) {
        let step = direction == .up ? 1 : -1
        let wall = wall(step)
        var sum = 0.0
        var total = 0.0
        for k in 1..<max(wall, 1) {
            sum += runWeights[k] * recession[halfWidth + step * k]
            total += runWeights[k]
        }
        let ease = wall > 1 ? sum / total : 0
        return (Int32(wall), ease - max(0, support[halfWidth + step * wall]))
    }

    /// The first cell whose prominence reaches 60 % of the largest within reach; the last where none is positive.
    private func wall(_ step: Int) -> Int {
        var largest = prominence[halfWidth + step]
        for k in 2...Self.wallReach { largest = max(largest, prominence[halfWidth + step * k]) }
        guard largest > 0 else { return Self.wallReach }
        let height = 0.60 * largest
        var k = 1
        while prominence[halfWidth + step * k] < height { k += 1 }
        return k
    }
}
