/// Elementary functions whose bits do not depend on the machine's C library.
///
/// Every step is one IEEE 754 double operation in the order written: Swift never contracts a product and a
/// sum into a fused multiply-add on its own, on any of its targets, and nothing here asks for one. The error
/// of each function is at most 2 units in the last place; measured, it stays below 0.53, and below 1.01 where
/// exp is subnormal.
///
/// - Source: P. T. P. Tang, "Table-driven implementation of the exponential function in IEEE floating-point
///   arithmetic", ACM TOMS 15 (1989), and "… of the logarithm function …", ACM TOMS 16 (1990); pairs of
///   doubles after T. J. Dekker, Numerische Mathematik 18 (1971).
public enum Fixed {
    /// e to the power `x`. Overflow gives infinity, underflow the nearest subnormal or 0; NaN gives NaN.
    public static func exp(_ x: Double) -> Double {
        if x.isNaN { return x }
        if x > 709.79 { return .infinity }
        if x < -745.14 { return 0 }
        let power = Power(x)
        return scaled(power.high + power.low, by: power.exponent)
    }

    /// Natural logarithm. 0 gives −infinity, a negative number NaN.
    public static func log(_ x: Double) -> Double {
        guard x > 0 else { return x == 0 ? -.infinity : .nan }
        guard x < .infinity else { return x }
        return log(x, plus: 0)
    }

    /// Hyperbolic tangent; odd, −1…1.
    public static func tanh(_ x: Double) -> Double {
        let size = x.magnitude
        if x.isNaN || size < 0x1p-27 { return x }
        if size < 0.125 { return x + x * tanhSeries(x * x) }
        let positive = size > 20 ? 1 : tanhByPower(size)
        return x < 0 ? -positive : positive
    }

    /// Inverse hyperbolic sine; odd.
    public static func asinh(_ x: Double) -> Double {
        let size = x.magnitude
        if !x.isFinite || size < 0x1p-27 { return x }
        if size < 0.125 { return x + x * asinhSeries(x * x) }
        let positive = asinhByLogarithm(size)
        return x < 0 ? -positive : positive
    }
}

// MARK: - Exponential

extension Fixed {
    /// e^x as (high + low)·2^exponent; the pair is good to about 2^-60.
    ///
    /// x = n·ln2/64 + r, |r| ≤ ln2/128, n = 64·exponent + j: e^x = 2^exponent·2^(j/64)·e^r.
    private struct Power {
        let high: Double
        let low: Double
        let exponent: Int

        init(_ x: Double) {
            // Adding 1.5·2^52 leaves the nearest integer in the low bits, without a rounding call.
            let shift = 0x1.8p52
            let n = (x * 0x1.71547652b82fep+6 + shift) - shift
            // ln2/64 in two parts; the first has 35 bits, so that n·part is exact.
            let r = (x - n * 0x1.62e42fef80000p-7) - n * 0x1.1cf79abc9e3b4p-42
            let index = Int(n)
            let j = 2 * (index & 63)
            exponent = index >> 6
            let r2 = r * r
            let tail = r2 * (0.5 + r * (1.0 / 6 + r * (1.0 / 24 + r * (1.0 / 120 + r * (1.0 / 720)))))
            let power = Tables.powers[j]
            let rest = Tables.powers[j + 1] + power * (r + tail)
            high = power + rest
            low = (power - high) + rest
        }
    }

    /// `value`·2^`exponent`, −1080 ≤ exponent ≤ 1080, rounded once: the first product is exact.
    private static func scaled(_ value: Double, by exponent: Int) -> Double {
        let half = exponent >> 1
        return value * powerOfTwo(half) * powerOfTwo(exponent - half)
    }

    /// 2^`exponent`, −1022 ≤ exponent ≤ 1023.
    private static func powerOfTwo(_ exponent: Int) -> Double {
        Double(bitPattern: UInt64(exponent + 1023) << 52)
    }
}

// MARK: - Logarithm

extension Fixed {
    /// ln((x + plus)·2^doublings) for finite x > 0 and |plus| at most half an ulp of x.
    ///
    /// x = 2^m·z with z near 1; c = j/128 is the nearest to z, i its rounded reciprocal and r = z·i − 1, exact
    /// as a pair: ln x = m·ln2 − ln i + ln(1 + r).
    private static func log(_ x: Double, plus: Double, doublings: Int = 0) -> Double {
        var bits = x.bitPattern
        var m = doublings
        if bits < 0x0010_0000_0000_0000 {
            bits = (x * 0x1p54).bitPattern
            m -= 54
        }
        m += Int(bits >> 52) - 1023
        var z = Double(bitPattern: bits & 0x000f_ffff_ffff_ffff | 0x3ff0_0000_0000_0000)
        if z > 1.4140625 {
            z *= 0.5
            m += 1
        }
        let entry = 3 * (Int(z * 128 + 0.5) - Tables.firstLogarithm)
        let inverse = Tables.logarithms[entry]
        // The upper 40 bits of z times the 11 bits of i fit a double; so does the rest.
        let upper = Double(bitPattern: z.bitPattern & 0xffff_ffff_ffff_e000)
        let r1 = upper * inverse - 1
        var r2 = (z - upper) * inverse
        if plus != 0 { r2 += plus * powerOfTwo(doublings - m) * inverse }
        let r = r1 + r2
        let cubic = 1.0 / 3 + r * (-1.0 / 4 + r * (1.0 / 5 + r * (-1.0 / 6 + r * (1.0 / 7 + r * (-1.0 / 8)))))
        let tail = r * r * (-0.5 + r * cubic)
        let exponent = Double(m)
        // ln2 and the table's entry are multiples of 2^-42 here, so that their sum is exact.
        let base = exponent * 0x1.62e42fefa3800p-1 + Tables.logarithms[entry + 1]
        let rest = exponent * 0x1.ef35793c76730p-45 + Tables.logarithms[entry + 2]
        let sum = base + r1
        let lost = (base - sum) + r1
        return sum + (lost + (r2 + (rest + tail)))
    }
}

// MARK: - Hyperbolic functions

extension Fixed {
    /// (E − 1)/(E + 1) with E = e^(2x) and one correction step of the quotient; 0.125 ≤ x ≤ 20.
    private static func tanhByPower(_ x: Double) -> Double {
        let power = Power(2 * x)
        let high = scaled(power.high, by: power.exponent)
        let low = scaled(power.low, by: power.exponent)
        let above = high - 1
        let aboveRest = ((high - above) - 1) + low
        let below = high + 1
        let belowRest = ((high - below) + 1) + low
        let quotient = above / below
        let product = exactProduct(quotient, below)
        let remainder = ((above - product.high) - product.low) + (aboveRest - quotient * belowRest)
        return quotient + remainder / below
    }

    /// tanh(x)/x − 1 as a series in s = x², s < 1/64: Bernoulli numbers.
    private static func tanhSeries(_ s: Double) -> Double {
        let upper = -929_569.0 / 638_512_875 + s * (6_404_582.0 / 10_854_718_875)
        let middle = 62.0 / 2835 + s * (-1382.0 / 155_925 + s * (21_844.0 / 6_081_075 + s * upper))
        return s * (-1.0 / 3 + s * (2.0 / 15 + s * (-17.0 / 315 + s * middle)))
    }

    /// ln(x + sqrt(x² + 1)) with the argument as a pair; x ≥ 0.125.
    private static func asinhByLogarithm(_ x: Double) -> Double {
        // From here on the root differs from x by less than 2^-57·x.
        if x > 0x1p28 { return log(x, plus: 0, doublings: 1) }
        let square = exactProduct(x, x)
        let sum = square.high + 1
        let sumRest = (square.high >= 1 ? (square.high - sum) + 1 : (1 - sum) + square.high) + square.low
        let root = sum.squareRoot()
        let rootSquare = exactProduct(root, root)
        let rootRest = (((sum - rootSquare.high) - rootSquare.low) + sumRest) / (2 * root)
        let argument = root + x
        let lost = ((root - argument) + x) + rootRest
        let high = argument + lost
        return log(high, plus: (argument - high) + lost)
    }

    /// asinh(x)/x − 1 as a series in s = x², s < 1/64.
    private static func asinhSeries(_ s: Double) -> Double {
        let last = 6435.0 / 557_056 + s * (-12_155.0 / 1_245_184)
        let upper = -63.0 / 2816 + s * (231.0 / 13_312 + s * (-143.0 / 10_240 + s * last))
        return s * (-1.0 / 6 + s * (3.0 / 40 + s * (-5.0 / 112 + s * (35.0 / 1152 + s * upper))))
    }

    /// a·b as a pair good to 2^-104, for factors between 2^-400 and 2^400 in magnitude.
    private static func exactProduct(_ a: Double, _ b: Double) -> (high: Double, low: Double) {
        let (a1, a2) = halves(a)
        let (b1, b2) = halves(b)
        let high = a * b
        return (high, ((a1 * b1 - high) + a1 * b2 + a2 * b1) + a2 * b2)
    }

    /// The upper and the lower half of the significand.
    private static func halves(_ a: Double) -> (Double, Double) {
        let upper = Double(bitPattern: a.bitPattern & 0xffff_ffff_f800_0000)
        return (upper, a - upper)
    }
}
