import CivilTime
import Lake

/// Reads parameters by name with their type. The registry declares names and defaults; here is what they mean.
///
/// Source: spec/book.md 11.
struct StageParameters {
    let values: [String: ParameterValue]

    init(_ provenance: Provenance) {
        self.init(values: provenance.parameters)
    }

    init(values: [String: ParameterValue]) {
        self.values = values
    }

    /// What a request says, so that a plan already refuses what cannot be.
    init(_ defaults: [String: ParameterValue], _ overrides: [String: ParameterValue]) {
        self.values = defaults.merging(overrides) { $1 }
    }

    func integer(_ name: String) throws(StageError) -> Int64 {
        guard case .integer(let value) = values[name] else { throw error(name, "an integer") }
        return value
    }

    func optionalInteger(_ name: String) throws(StageError) -> Int64? {
        switch values[name] {
        case .null, nil: nil
        case .integer(let value): value
        default: throw error(name, "an integer")
        }
    }

    /// A decimal number, which the registry and the command line carry as text.
    func number(_ name: String) throws(StageError) -> Double {
        let text: String? =
            switch values[name] {
            case .text(let text): text
            case .integer(let value): String(value)
            default: nil
            }
        guard let text, let number = Double(text), number.isFinite else { throw error(name, "a number") }
        return number
    }

    func optionalList(_ name: String) throws(StageError) -> [String]? {
        switch values[name] {
        case .null, nil: nil
        case .list(let texts): texts
        // From the command line, where nothing but the default says that a list is wanted.
        case .text(let text): text.split(separator: ",").map(String.init)
        default: throw error(name, "a list")
        }
    }

    func boolean(_ name: String) throws(StageError) -> Bool {
        guard case .boolean(let value) = values[name] else { throw error(name, "true or false") }
        return value
    }

    /// One of the words of an enum.
    func choice<Choice: RawRepresentable<String>>(
        _ name: String, _ choices: [Choice]
    ) throws(StageError) -> Choice {
        try choice(name, Dictionary(uniqueKeysWithValues: choices.map { ($0.rawValue, $0) }))
    }

    /// One of a few words.
    func choice<Choice>(_ name: String, _ choices: [String: Choice]) throws(StageError) -> Choice {
        guard case .text(let text) = values[name], let choice = choices[text] else {
            throw error(name, choices.keys.sorted().joined(separator: " or "))
        }
        return choice
    }

    private func error(_ name: String, _ expected: String) -> StageError {
        .configuration(
            "parameter \(name): expected \(expected), found \(values[name].map { "'\($0)'" } ?? "nothing")")
    }
}

extension StageRequest {
    /// The defaults that a partition would have today, for whoever looks through a lake without asking its stages:
    /// those of the registry and the fitted ones, and the lattices that stages add to them.
    ///
    /// - Parameter recorded: the defaults of the partition.
    /// - Parameter registry: what holds now.
    public func defaults(
        recorded: [String: ParameterValue], in registry: Registry
    ) throws(StageError) -> [String: ParameterValue] {
        var defaults = recorded
        let isOfOptions = OrderBookProduct(rawValue: product)?.isOption ?? false
        for name in recorded.keys where declaration.parameters[name] == nil {
            switch name {
            case "q" where OrderBookProduct(rawValue: product) != nil:
                defaults[name] = Lattice.step(of: symbol, product: product, in: registry).map { .integer($0) }
            case "step" where isOfOptions: defaults[name] = .integer(StrikeLattice(of: product).step)
            case "tick" where isOfOptions: defaults[name] = .integer(StrikeLattice(of: product).tick)
            default: break
            }
        }
        for (name, value) in parameters {
            defaults[name] = try StageRequest.normalised(value, of: name, on: date)
        }
        return defaults
    }

    /// Parameters that hold times of day.
    private static let clockTimes: Set<String> = ["output_start", "output_end", "rth_open", "rth_close"]

    /// Times as UTC nanoseconds on the date, everything else as it is, so that equal instants are equal
    /// parameters however they were written.
    ///
    /// - Throws: `configuration` when a time is none.
    public static func normalised(
        _ value: ParameterValue, of name: String, on date: CivilDate
    ) throws(StageError) -> ParameterValue {
        guard clockTimes.contains(name), case .text(let text) = value else { return value }
        guard let time = ClockTime(parsing: text) else {
            throw .configuration(
                "parameter \(name): expected a time HH:MM[:SS] of New York or HH:MM[:SS]Z up to 24:00:00, found '\(text)'"
            )
        }
        return .integer(time.utcNanoseconds(on: date))
    }
}
