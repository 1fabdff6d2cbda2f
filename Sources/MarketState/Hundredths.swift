/// A number with two decimals: the nearer one by its exact value, ties to even. Numbers from 2^53/100 on, which have no
/// hundredths of their own, keep their shortest digits.
func hundredths(_ value: Double) -> String {
    guard value.magnitude < 0x1p53 / 100 else { return "\(value)" }
    var count = (value * 100).rounded(.toNearestOrEven)
    // The product was rounded itself; what it missed decides where it fell on a half.
    let rest = (-count).addingProduct(value, 100)
    if rest > 0.5 { count += 1 } else if rest < -0.5 { count -= 1 }
    let digits = String(Int64(count.magnitude))
    let padded = String(repeating: "0", count: max(0, 3 - digits.count)) + digits
    return (count < 0 ? "-" : "") + padded.dropLast(2) + "." + padded.suffix(2)
}
