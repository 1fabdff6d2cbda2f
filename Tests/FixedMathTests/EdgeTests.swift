import FixedMath
import Testing

@Suite struct EdgeTests {
    @Test func `exp at its limits`() {
        #expect(Fixed.exp(0) == 1)
        #expect(Fixed.exp(-0.0) == 1)
        #expect(Fixed.exp(.infinity) == .infinity)
        #expect(Fixed.exp(-.infinity) == 0)
        #expect(Fixed.exp(.nan).isNaN)
        #expect(Fixed.exp(709.782712893384) < .infinity)
        #expect(Fixed.exp(709.7827128933841) == .infinity)
        #expect(Fixed.exp(-745.1332191019411) == .leastNonzeroMagnitude)
        #expect(Fixed.exp(-745.1332191019412) == 0)
        #expect(Fixed.exp(.leastNonzeroMagnitude) == 1)
        // The nearest double of e, 2.71828182845904523536…
        #expect(Fixed.exp(1) == 2.718281828459045235360287)
    }

    @Test func `log at its limits`() {
        #expect(Fixed.log(0) == -.infinity)
        #expect(Fixed.log(-0.0) == -.infinity)
        #expect(Fixed.log(-1).isNaN)
        #expect(Fixed.log(.nan).isNaN)
        #expect(Fixed.log(.infinity) == .infinity)
        #expect(Fixed.log(1).bitPattern == 0)
        #expect(Fixed.log(2) == 0.693147180559945309417232)
        #expect(Fixed.log(10) == 2.302585092994045684017991)
        // ln(2^-1074) = −1074·ln 2
        #expect(Fixed.log(.leastNonzeroMagnitude) == -744.440071921381262314107)
        #expect(Fixed.log(.greatestFiniteMagnitude) == 709.782712893383996843)
    }

    @Test func `tanh and asinh are odd, keep tiny arguments and saturate`() {
        for f in [Fixed.tanh, Fixed.asinh] {
            #expect(f(0).bitPattern == 0)
            #expect(f(-0.0).sign == .minus)
            #expect(f(.leastNonzeroMagnitude) == .leastNonzeroMagnitude)
            #expect(f(1e-9) == 1e-9)
            #expect(f(.nan).isNaN)
            for x in [0.1, 0.125, 0.3, 1, 19, 21, 1e9] { #expect(f(-x) == -f(x)) }
        }
        #expect(Fixed.tanh(.infinity) == 1)
        #expect(Fixed.tanh(-.infinity) == -1)
        #expect(Fixed.tanh(1e300) == 1)
        #expect(Fixed.asinh(.infinity) == .infinity)
        // asinh(x) = ln(2x) to the last bit here: 1024·ln 2 and a little
        #expect(Fixed.asinh(.greatestFiniteMagnitude) == 710.475860073943942160)
    }

    /// Where two branches or table entries meet, and over many neighbours: the results never step back.
    @Test func `monotone across neighbours, branches and table entries`() {
        func check(_ name: String, _ f: (Double) -> Double, from starts: [Double]) {
            for start in starts {
                var x = start
                for _ in 0..<200 { x = x.nextDown }
                var last = f(x)
                for _ in 0..<400 {
                    x = x.nextUp
                    let value = f(x)
                    #expect(value >= last, "\(name) at \(x)")
                    last = value
                }
            }
        }
        let twoTo = (-40...40).map { 0.6931471805599453 * (Double($0) + 0.5) / 64 }
        check("exp", Fixed.exp, from: twoTo + [1, 100, -700, 709, -744])
        let entries = (90...182).map { (Double($0) + 0.5) / 128 }
        check("log", Fixed.log, from: entries + [1.4140625, 1, 2, 1e-308, 2.2250738585072014e-308, 1e300])
        check("tanh", Fixed.tanh, from: [0x1p-27, 0.125, 0.3, 1, 20])
        check("asinh", Fixed.asinh, from: [0x1p-27, 0.125, 0.5, 1, 1000, 0x1p28, 1e300])
    }
}
