extension RecorderParameters {
    /// The value of a parameter as registry, command line and manifest carry it: decimal numbers as text.
    public enum Value: Equatable, Sendable {
        case boolean(Bool)
        case integer(Int64)
        case text(String)
        case list([String])
    }

    /// Takes the parameters of this type out of those of a stage, by the names of spec/recorder.md 2.8; what a stage
    /// does not have keeps its value, and what is none of the formulas' is passed over.
    ///
    /// - Throws: for values that no formula can use.
    public init(_ values: [String: Value]) throws(RecorderParameterError) {
        self.init()
        let values = Values(values)
        if let side = try values.word("trade_side", of: TradeSide.allCases) { tradeSide = side }
        if let codes = try values.list("excluded_conditions") { excludedConditions = Set(codes) }
        try values.boolean("include_premarket_in_vwap", &includesPremarketInVWAP)
        try values.integer("large_trade_window_ms", &largeTradeWindowMs, multipleOf: TenSecondStates.length)
        try setIndicators(values)
        try setEpisodes(values)
        try setChains(values)
    }

    private mutating func setIndicators(_ values: Values) throws(RecorderParameterError) {
        var period = Int64(atrPeriod)
        try values.integer("atr_period", &period)
        guard period <= Self.longestPeriod else {
            throw RecorderParameterError("atr_period", "at most \(Self.longestPeriod) bars", "\(period)")
        }
        atrPeriod = Int(period)
        try values.number("atr_blend_alpha", &atrBlendAlpha, from: 0)
        guard atrBlendAlpha <= 1 else {
            throw RecorderParameterError("atr_blend_alpha", "a number up to 1", "\(atrBlendAlpha)")
        }
        if let texts = try values.list("ema_periods") {
            let periods = texts.compactMap { Int($0) }
            guard texts.count == 4, periods.count == 4, periods[0] > 0, periods[3] <= Self.longestPeriod,
                zip(periods, periods.dropFirst()).allSatisfy({ $0 < $1 })
            else {
                throw RecorderParameterError(
                    "ema_periods", "four ascending numbers of bars", texts.joined(separator: ","))
            }
            emaPeriods = periods
        }
        try values.number("ema_confluence_ref", &emaConfluenceRef, above: 0)
        try values.number("floor_atr", &floorATR, from: 0)
        try values.boolean("sample_2m", &samples2m)
        try values.number("approach_crash", &approachCrash, above: 0)
        try values.number("approach_fast", &approachFast, above: 0)
        try values.number("approach_normal", &approachNormal, above: 0)
    }

    private mutating func setEpisodes(_ values: Values) throws(RecorderParameterError) {
        try values.number("level_width_atr", &levelWidthATR, above: 0)
        try values.number("success_threshold_atr", &successThresholdATR, above: 0)
        try values.number("failure_threshold_atr", &failureThresholdATR, above: 0)
        try values.seconds("timeout_seconds", &timeoutSeconds, atMost: Self.day)
        try values.seconds("max_episode_seconds", &maxEpisodeSeconds, atMost: Self.day)
        // The contract knows at most 30 rows of a baseline.
        try values.seconds("baseline_seconds", &baselineSeconds, atMost: 300)
    }

    private mutating func setChains(_ values: Values) throws(RecorderParameterError) {
        try values.number("band_pct", &bandPct, above: 0)
        try values.number("flush_drop_atr", &flushDropATR, above: 0)
        try values.number("flush_velocity_atr_per_min", &flushVelocityATRPerMin, above: 0)
        try values.integer("snapback_ms", &snapbackMs)
        try values.number("cluster_gap_atr", &clusterGapATR, above: 0)
        try values.number("score_rel_aggr", &scoreRelAggr, from: 0)
    }

    /// Seconds of a day: more than any session has.
    private static let day: Int64 = 86_400
    /// Bars of a period: more than any session has.
    private static let longestPeriod = 1_000_000
}

/// A parameter that no formula can use.
public struct RecorderParameterError: Error, Hashable, Sendable, CustomStringConvertible {
    public let name: String
    public let expected: String
    public let found: String

    init(_ name: String, _ expected: String, _ found: String) {
        self.name = name
        self.expected = expected
        self.found = found
    }

    public var description: String { "parameter \(name): expected \(expected), found '\(found)'" }
}

/// Reads values by name; a name without a value changes nothing.
private struct Values {
    private let values: [String: RecorderParameters.Value]

    init(_ values: [String: RecorderParameters.Value]) {
        self.values = values
    }

    func number(
        _ name: String, _ target: inout Double, above bound: Double
    ) throws(RecorderParameterError) {
        guard let value = try number(name) else { return }
        guard value > bound else { throw RecorderParameterError(name, "a number above \(bound)", "\(value)") }
        target = value
    }

    func number(
        _ name: String, _ target: inout Double, from bound: Double
    ) throws(RecorderParameterError) {
        guard let value = try number(name) else { return }
        guard value >= bound else { throw RecorderParameterError(name, "a number from \(bound)", "\(value)") }
        target = value
    }

    private func number(_ name: String) throws(RecorderParameterError) -> Double? {
        switch values[name] {
        case nil: return nil
        case .integer(let value): return Double(value)
        case .text(let text):
            if let value = Double(text), value.isFinite { return value }
        case .boolean, .list: break
        }
        throw error(name, "a number")
    }

    /// A positive integer.
    func integer(
        _ name: String, _ target: inout Int64, multipleOf unit: Int64 = 1
    ) throws(RecorderParameterError) {
        guard values[name] != nil else { return }
        guard case .integer(let value) = values[name], value > 0, value % unit == 0 else {
            throw error(name, unit == 1 ? "a positive integer" : "a positive multiple of \(unit)")
        }
        target = value
    }

    /// A positive number of seconds.
    func seconds(
        _ name: String, _ target: inout Int64, atMost bound: Int64
    ) throws(RecorderParameterError) {
        try integer(name, &target)
        guard target <= bound else { throw RecorderParameterError(name, "at most \(bound) seconds", "\(target)") }
    }

    func boolean(_ name: String, _ target: inout Bool) throws(RecorderParameterError) {
        guard values[name] != nil else { return }
        guard case .boolean(let value) = values[name] else { throw error(name, "true or false") }
        target = value
    }

    /// A list; from the command line a text with commas, which may be empty.
    func list(_ name: String) throws(RecorderParameterError) -> [String]? {
        switch values[name] {
        case nil: return nil
        case .list(let texts): return texts
        case .text(let text): return text.split(separator: ",").map(String.init)
        case .boolean, .integer: throw error(name, "a list")
        }
    }

    func word<Word: RawRepresentable<String>>(
        _ name: String, of words: [Word]
    ) throws(RecorderParameterError) -> Word? {
        guard values[name] != nil else { return nil }
        guard case .text(let text) = values[name], let word = words.first(where: { $0.rawValue == text }) else {
            throw error(name, words.map(\.rawValue).joined(separator: " or "))
        }
        return word
    }

    private func error(_ name: String, _ expected: String) -> RecorderParameterError {
        let found =
            switch values[name] {
            case .boolean(let value): "\(value)"
            case .integer(let value): "\(value)"
            case .text(let text): text
            case .list(let texts): texts.joined(separator: ",")
            case nil: "nothing"
            }
        return RecorderParameterError(name, expected, found)
    }
}
