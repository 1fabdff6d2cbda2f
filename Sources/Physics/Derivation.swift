/// The derived columns of a surface: spec/physics.md, section 5, in its order.
///
/// In bounds: every loop runs over whole vectors up to `stride`, or over the cells of one lane.
extension SurfaceColumns {
    /// Steps 1, 3 and 4, cell by cell. Products with a zero may be −0; adding +0 makes them +0.
    func deriveCells() {
        for i in Swift.stride(from: 0, to: stride, by: Vector.scalarCount) {
            let ema2: Vector = load(self[.uEma2] + i)
            let ema8: Vector = load(self[.uEma8] + i)
            let ema32: Vector = load(self[.uEma32] + i)
            let ema128: Vector = load(self[.uEma128] + i)
            let fast = ema2 - ema8
            let mid = ema8 - ema32
            let slow = ema32 - ema128
            store(fast, to: self[.uBandFast] + i)
            store(mid, to: self[.uBandMid] + i)
            store(slow, to: self[.uBandSlow] + i)
            store(((fast * fast + mid * mid) + slow * slow).squareRoot(), to: self[.uWaveEnergy] + i)

            let phi: Vector = load(self[.phiRest] + i)
            let rho: Vector = load(self[.rho] + i)
            let resting = phi * ema8 + 0.0
            let restingSlow = phi * ema32 + 0.0
            store(resting, to: self[.uP] + i)
            store(restingSlow, to: self[.uPSlow] + i)
            store(rho * (0.5 + 0.5 * phi) * (1 + positivePart(restingSlow)), to: self[.omega] + i)
        }
    }

    /// Step 8: positive pushes up. Lanes alternate ask, bid.
    func derivePressure(lanes: Int, width: Int) {
        for lane in 0..<lanes {
            let source = self[.uP] + lane * width
            let target = self[.pressureGrad] + lane * width
            if lane % 2 == 0 {
                for i in 0..<width { target[i] = 0 - source[i] }
            } else {
                target.update(from: source, count: width)
            }
        }
    }

    /// Rest of step 5, and step 7.
    func deriveProminence() {
        for i in Swift.stride(from: 0, to: stride, by: Vector.scalarCount) {
            let uNear: Vector = load(self[.uNear] + i)
            let uFar: Vector = load(self[.uFar] + i)
            let omegaNear: Vector = load(self[.omegaNear] + i)
            let omegaFar: Vector = load(self[.omegaFar] + i)
            store(uNear - uFar, to: self[.uProm] + i)
            let prominence = omegaNear - omegaFar
            store(prominence, to: self[.omegaProm] + i)
            let nu = (1 + omegaNear) + 2 * positivePart(prominence)
            store(nu, to: self[.nu] + i)
            store(1 / nu, to: self[.kappa] + i)
        }
    }

    /// Step 6: differences over `spacing` ticks, 0 at both ends of a lane.
    func deriveSlopes(lanes: Int, width: Int, spacing: Double) {
        let twice = 2 * spacing
        let square = spacing * spacing
        for lane in 0..<lanes {
            let u = self[.uNear] + lane * width
            let first = self[.duDx] + lane * width
            let second = self[.d2uDx2] + lane * width
            for i in 1..<width - 1 {
                first[i] = (u[i + 1] - u[i - 1]) / twice
            }
            for i in 1..<width - 1 {
                second[i] = ((u[i + 1] - 2 * u[i]) + u[i - 1]) / square
            }
            (first[0], first[width - 1]) = (0, 0)
            (second[0], second[width - 1]) = (0, 0)
        }
    }
}
