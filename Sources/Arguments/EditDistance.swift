/// Number of edits from `a` to `b`: insertions, deletions, replacements and swaps of neighbours (optimal
/// string alignment).
///
/// - Complexity: O(a × b) in bytes.
/// - Source: Damerau, "A technique for computer detection and correction of spelling errors", 1964.
func editDistance(_ a: String, _ b: String) -> Int {
    let a = Array(a.utf8)
    let b = Array(b.utf8)
    var beforeLast = [Int](repeating: 0, count: b.count + 1)
    var last = Array(0...b.count)
    for i in 0..<a.count {
        var row = [i + 1]
        row.reserveCapacity(b.count + 1)
        for j in 0..<b.count {
            var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                cost = min(cost, beforeLast[j - 1] + 1)
            }
            row.append(cost)
        }
        beforeLast = last
        last = row
    }
    return last[b.count]
}

/// The word closest to a mistyped one, or nil when none is close enough to be meant: one edit for each
/// three letters, and a word that `text` is the beginning of.
public func nearest(to text: String, among words: [String]) -> String? {
    let text = text.lowercased()
    guard !text.isEmpty, text.utf8.count <= 64 else { return nil }
    var best: (word: String, distance: Int)?
    for word in words {
        let candidate = word.lowercased()
        let distance = editDistance(text, candidate)
        if distance < best?.distance ?? .max { best = (word, distance) }
    }
    if let best, best.distance <= max(1, text.utf8.count / 3) { return best.word }
    return text.utf8.count >= 2 ? words.first { $0.lowercased().hasPrefix(text) } : nil
}
