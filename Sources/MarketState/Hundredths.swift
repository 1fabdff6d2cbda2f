/// A number with two decimals: the nearer one by its exact value, ties to even. Numbers from 2^52/100 on, which have no
/// hundredths of their own, keep their shortest digits.
func hundredths(_ value: Double) -> String {
    guard value.magnitude < 0x1p52 / 100 else { return "\(value)" }
    var count = (value * 100).rounded(.toNearestOrEven)
    // The product was rounded itself; the exact one decides next to a half.
    let above = (-(count + 0.5)).addingProduct(value, 100), below = (-(count - 0.5)).addingProduct(value, 100)
    let isOdd = count.remainder(dividingBy: 2) != 0
    if above > 0 || above == 0 && isOdd { count += 1 } else if below < 0 || below == 0 && isOdd { count -= 1 }
    let digits = String(Int64(count.magnitude))
    let padded = String(repeating: "0", count: max(0, 3 - digits.count)) + digits
    return (count < 0 ? "-" : "") + padded.dropLast(2) + "." + padded.suffix(2)
}
