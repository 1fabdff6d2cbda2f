import Columnar
import FixedMath

/// What one cell adds to F(0): weight·κ·g. Source: spec/physics.md, section 8.4.
public struct ForceTerm: Sendable, Hashable {
    /// Cells from the anchor.
    public let relTicks: Int
    /// a_|x|; the weights of each direction sum to 1.
    public let weight: Double
    /// κ of the cell.
    public let mobility: Double
    /// g of the cell, 1/s.
    public let pressure: Double

    public var contribution: Double { weight * mobility * pressure }
}

/// Force and damping at a displaced anchor: spec/physics.md, section 8.4.
struct ForceWeights: ~Copyable {
    private static let forceReach = 64
    private static let dampingReach = 16
    /// a_k for k = 0…64, those from 1 on divided by their sum.
    private let force: Buffer<Double>
    /// b_k for k = 0…16, those from 1 on divided by their sum.
    private let damping: Buffer<Double>

    init() {
        force = Self.normalised(reach: Self.forceReach, scale: 288)
        damping = Self.normalised(reach: Self.dampingReach, scale: 72)
    }

    private static func normalised(reach: Int, scale: Double) -> Buffer<Double> {
        var weights = Buffer<Double>(capacity: reach + 1)
        var sum = 0.0
        for k in 0...reach {
            let weight = k == 0 ? 0 : Fixed.exp(-Double(k * k) / scale)
            weights.append(weight)
            sum += weight
        }
        for k in 1...reach { weights[k] /= sum }
        return weights
    }

    /// The terms of F(0), x ascending.
    func terms(_ fields: borrowing ForecastFields) -> [ForceTerm] {
        (-Self.forceReach...Self.forceReach).filter { $0 != 0 }.map { x in
            ForceTerm(
                relTicks: x, weight: force[abs(x)], mobility: fields.mobility[x + fields.halfWidth],
                pressure: fields.pressure[x + fields.halfWidth])
        }
    }

    /// F(δ) and N(δ), x ascending, for |δ| ≤ 80.
    func evaluate(_ fields: borrowing ForecastFields, shift: Double) -> (force: Double, damping: Double) {
        let pressure = fields.pressure.span
        let mobility = fields.mobility.span
        let viscosity = fields.viscosity.span
        var sum = 0.0
        for x in -Self.forceReach...Self.forceReach where x != 0 {
            let place = Place(Double(x) + shift, halfWidth: fields.halfWidth)
            sum += force[abs(x)] * place.value(of: mobility) * place.value(of: pressure)
        }
        var total = 0.0
        for x in -Self.dampingReach...Self.dampingReach where x != 0 {
            let place = Place(Double(x) + shift, halfWidth: fields.halfWidth)
            total += damping[abs(x)] * place.value(of: viscosity)
        }
        return (sum, total)
    }

    /// A place between two cells; beyond the ends it is the end itself.
    private struct Place {
        let index: Int
        let fraction: Double

        @inline(__always)
        init(_ y: Double, halfWidth: Int) {
            var cell = Int(y)
            if Double(cell) > y { cell -= 1 }
            if cell < -halfWidth {
                index = 0
                fraction = 0
            } else if cell >= halfWidth {
                // One cell before the end, so that both neighbours exist.
                index = 2 * halfWidth - 1
                fraction = 1
            } else {
                index = cell + halfWidth
                fraction = y - Double(cell)
            }
        }

        @inline(__always)
        func value(of field: Span<Double>) -> Double {
            let low = field[index]
            return low + fraction * (field[index + 1] - low)
        }
    }
}
