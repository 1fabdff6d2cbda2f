import Physics

/// What the moving averages of one key have been fed with, oldest first. Source: spec/physics.md 4 and 7.
struct AverageTrace {
    private var updates: [(windowEnd: Int64, flow: FlowSums, velocity: Double)] = []

    /// Shows the flow of the key's cell in a window that updates it; nil where the cell has no row, or none on the
    /// lattice.
    mutating func update(_ windowEnd: Int64, _ flow: FlowSums?) {
        let flow = flow ?? FlowSums()
        let d = Double(flow.depthStart) + 1
        let velocity = (Double(flow.added) / d - Double(flow.pulled) / d) - Double(flow.filled) / d
        updates.append((windowEnd, flow, velocity))
    }

    /// The windows behind the average of a τ.
    func average(_ time: Int, published value: Double) -> ExplainedAverage {
        let weights = AverageWeights.weights(updates: updates.count, time: time)
        var sum = 0.0
        var weightSum = 0.0
        var magnitude = 0.0
        for (weight, update) in zip(weights, updates) {
            sum += weight * update.velocity
            weightSum += weight
            magnitude += (weight * update.velocity).magnitude
        }
        var terms: [ExplainedAverage.Term] = []
        var rest = 0.0
        var restWindows = 0
        for (index, update) in updates.enumerated().reversed() {
            let contribution = weights[index] * update.velocity
            if contribution == 0 { continue }
            guard contribution.magnitude > 0.01 * magnitude else {
                rest += contribution
                restWindows += 1
                continue
            }
            terms.append(
                ExplainedAverage.Term(
                    windowEnd: update.windowEnd, age: updates.count - 1 - index, weight: weights[index],
                    velocity: update.velocity, contribution: contribution, share: contribution.magnitude / magnitude,
                    flow: update.flow))
        }
        return ExplainedAverage(
            time: time, value: value, recomputed: sum, updates: updates.count, weightSum: weightSum, terms: terms,
            rest: rest, restWindows: restWindows)
    }
}
