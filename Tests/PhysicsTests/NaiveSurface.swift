import Foundation
import Physics

/// Sections 3 to 7 as they read, cell by cell, with dictionaries and the C library: slow and obvious.
struct NaiveSurface {
    struct Key: Hashable {
        /// x, price or strike
        var position: Int64
        var lane: Int
    }

    struct State {
        var y = [0.0, 0, 0, 0]
        var du = 0.0
        var d2u = 0.0
        var isFresh = true
    }

    let halfWidth: Int
    let lanes: Int
    let gap: Double
    var states: [Key: State] = [:]
    /// What a key has that was never seen: fresh before the first update, 0 afterwards.
    var unseen = State()

    /// One window; `key` names the cell's key, `isHeld` the cells that are not updated.
    mutating func window(
        _ rows: [Row], lane laneOf: (Row) -> Int, isUpdating: Bool, key: (Int, Int) -> Key,
        isHeld: (Int, Int) -> Bool
    ) -> [SurfaceColumn: [Double]] {
        let cells = -halfWidth...halfWidth
        var quantities: [Key: Row] = [:]
        for row in rows { quantities[Key(position: Int64(row.x), lane: laneOf(row))] = row }
        func quantity(_ x: Int, _ lane: Int) -> Row {
            quantities[Key(position: Int64(x), lane: lane)] ?? Row(x: x, side: lane)
        }
        func intensities(_ x: Int, _ lane: Int) -> (add: Double, pull: Double, fill: Double, u: Double) {
            let row = quantity(x, lane)
            let d = Double(row.start + 1)
            let (a, p, f) = (Double(row.add) / d, Double(row.pull) / d, Double(row.fill) / d)
            return (a, p, f, a - p - f)
        }

        if isUpdating {
            var flow: [Key: Double] = [:]
            var held: Set<Key> = []
            for lane in 0..<lanes {
                for x in cells {
                    flow[key(x, lane)] = intensities(x, lane).u
                    if isHeld(x, lane) { held.insert(key(x, lane)) }
                }
            }
            for name in Set(states.keys).union(flow.keys) where !held.contains(name) {
                states[name] = updated(states[name] ?? unseen, flow[name] ?? 0)
            }
            for name in held where states[name] == nil { states[name] = unseen }
            unseen.isFresh = false
        }

        var result: [SurfaceColumn: [Double]] = [:]
        for column in SurfaceColumn.allCases { result[column] = [] }
        for lane in 0..<lanes {
            var uEma8: [Int: Double] = [:]
            var uEma32: [Int: Double] = [:]
            var omega: [Int: Double] = [:]
            for x in cells {
                let row = quantity(x, lane)
                let (a, p, f, u) = intensities(x, lane)
                let state = states[key(x, lane)] ?? State()
                let y = state.y
                let (fast, mid, slow) = (y[0] - y[1], y[1] - y[2], y[2] - y[3])
                let rho = Foundation.log(Double(1 + row.end))
                let phi = Double(row.rest) / Double(row.end + 1)
                let (uP, uPSlow) = (phi * y[1], phi * y[2])
                uEma8[x] = y[1]
                uEma32[x] = y[2]
                omega[x] = rho * (0.5 + 0.5 * phi) * (1 + max(0, uPSlow))
                let values: [(SurfaceColumn, Double)] = [
                    (.addIntensity, a), (.pullIntensity, p), (.fillIntensity, f), (.liquidityVelocity, u),
                    (.uEma2, y[0]), (.uEma8, y[1]), (.uEma32, y[2]), (.uEma128, y[3]), (.duDt, state.du),
                    (.d2uDt2, state.d2u), (.uBandFast, fast), (.uBandMid, mid), (.uBandSlow, slow),
                    (.uWaveEnergy, (fast * fast + mid * mid + slow * slow).squareRoot()), (.rho, rho),
                    (.phiRest, phi), (.uP, uP), (.uPSlow, uPSlow), (.omega, omega[x]!),
                    (.pressureGrad, lane % 2 == 1 ? uP : -uP),
                ]
                for (column, value) in values { result[column]!.append(value) }
            }
            let nearSigma = max(1, 6 / gap)
            let farSigma = max(1, 24 / gap)
            let nearReach = Int(floor(16 / gap + 0.5))
            let farReach = Int(floor(64 / gap + 0.5))
            let uNear = smoothed(uEma8, nearSigma, nearReach)
            let uFar = smoothed(uEma32, farSigma, farReach)
            let omegaNear = smoothed(omega, nearSigma, nearReach)
            let omegaFar = smoothed(omega, farSigma, farReach)
            for x in cells {
                let inside = x.magnitude < halfWidth
                let prominence = omegaNear[x]! - omegaFar[x]!
                let nu = 1 + omegaNear[x]! + 2 * max(0, prominence)
                let values: [(SurfaceColumn, Double)] = [
                    (.uNear, uNear[x]!), (.uFar, uFar[x]!), (.uProm, uNear[x]! - uFar[x]!),
                    (.duDx, inside ? (uNear[x + 1]! - uNear[x - 1]!) / (2 * gap) : 0),
                    (.d2uDx2, inside ? (uNear[x + 1]! - 2 * uNear[x]! + uNear[x - 1]!) / (gap * gap) : 0),
                    (.omegaNear, omegaNear[x]!), (.omegaFar, omegaFar[x]!), (.omegaProm, prominence),
                    (.nu, nu),
                    (.kappa, 1 / nu),
                ]
                for (column, value) in values { result[column]!.append(value) }
            }
        }
        return result
    }

    private func updated(_ old: State, _ u: Double) -> State {
        if old.isFresh { return State(y: [u, u, u, u], isFresh: false) }
        var new = old
        for (i, tau) in [2.0, 8, 32, 128].enumerated() {
            let alpha = 1 - Foundation.exp(-1 / tau)
            let value = (1 - alpha) * old.y[i] + alpha * u
            new.y[i] = abs(value) < 1e-15 ? 0 : value
        }
        new.du = new.y[0] - old.y[0]
        new.d2u = new.du - old.du
        return new
    }

    private func smoothed(_ f: [Int: Double], _ sigma: Double, _ reach: Int) -> [Int: Double] {
        naiveSmoothed(f, sigma, reach)
    }
}

/// S(f; σ, N) with f = 0 where there is no cell.
func naiveSmoothed(_ f: [Int: Double], _ sigma: Double, _ reach: Int) -> [Int: Double] {
    var weights = 0.0
    for k in -reach...reach { weights += Foundation.exp(-0.5 * pow(Double(k) / sigma, 2)) }
    var result: [Int: Double] = [:]
    for x in f.keys {
        var sum = 0.0
        for k in -reach...reach { sum += Foundation.exp(-0.5 * pow(Double(k) / sigma, 2)) * (f[x + k] ?? 0) }
        result[x] = sum / weights
    }
    return result
}
