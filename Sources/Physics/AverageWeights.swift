import FixedMath

/// How much each window of the past counts in the moving averages of u. Source: spec/physics.md, section 4.
public enum AverageWeights {
    /// τ of the averages, s.
    public static let times = [2, 8, 32, 128]

    /// The weights of the updates of a key, oldest first: α(1 − α)^age, and (1 − α)^age of the one that found the
    /// key fresh. They sum to 1.
    ///
    /// - Complexity: O(updates).
    public static func weights(updates: Int, time: Int) -> [Double] {
        guard updates > 0 else { return [] }
        let alpha = 1 - Fixed.exp(-1 / Double(time))
        var weights = [Double](repeating: 0, count: updates)
        var kept = 1.0
        for index in stride(from: updates - 1, to: 0, by: -1) {
            weights[index] = alpha * kept
            kept *= 1 - alpha
        }
        weights[0] = kept
        return weights
    }
}
