/// The Swift name of a column or symbol: `ts_recv` → `tsRecv`, `Omega_near` → `omegaNear`, `u_ema_2` →
/// `uEma2`, `A` → `a`, `tf_30s` → `tf30s`; in backticks where it is a keyword.
func swiftName(_ name: String) -> String {
    let words = name.split(separator: "_")
    guard let first = words.first else { return "_\(name)" }
    var result = lowercasedFirst(first)
    for word in words.dropFirst() { result += word.prefix(1).uppercased() + word.dropFirst() }
    if result.utf8.first.map({ $0 < UInt8(ascii: "A") }) == true { result = "_" + result }
    return keywords.contains(result) ? "`\(result)`" : taken.contains(result) ? result + "Value" : result
}

/// `AtrStatus` → `atrStatus`, `ATR` → `atr`.
private func lowercasedFirst(_ word: Substring) -> String {
    if word.allSatisfy({ !$0.isLowercase }) { return word.lowercased() }
    return word.prefix(1).lowercased() + word.dropFirst()
}

/// Words that the language keeps for itself.
private let keywords: Set<String> = [
    "as", "associatedtype", "borrowing", "break", "case", "catch", "class", "consuming", "continue",
    "default", "defer",
    "deinit", "do", "else", "enum", "extension", "fallthrough", "false", "fileprivate", "for", "func",
    "guard", "if",
    "import", "in", "inout", "internal", "is", "let", "nil", "operator", "package", "precedencegroup",
    "private",
    "protocol", "public", "repeat", "rethrows", "return", "static", "struct", "subscript", "super", "switch",
    "throw",
    "throws", "true", "try", "typealias", "var", "where", "while",
]

/// Names that the generated types or the language use themselves, also in backticks.
private let taken: Set<String> = [
    "count", "shape", "append", "removeAll", "withViews", "views", "symbols", "symbol", "rawValue",
    "allCases", "self",
    "init", "hashValue", "hash",
]
