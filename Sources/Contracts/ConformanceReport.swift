import JSON

/// What a conformance check found: every rule of the contract with the rows that break it.
public struct ConformanceReport: Sendable, Equatable {
    public let dataset: DatasetKey
    public let fingerprint: String
    /// Rows checked.
    public let rows: Int
    /// All rules of the contract: column by column, then key, order and identities.
    public let rules: [RuleResult]

    /// The rules that at least one row breaks.
    public var violations: [RuleResult] { rules.filter { $0.violations > 0 } }
    public var isClean: Bool { rules.allSatisfy { $0.violations == 0 } }

    /// One rule and the rows that break it.
    public struct RuleResult: Sendable, Equatable {
        public enum Kind: String, Sendable {
            case null, symbol, minimum, maximum, finite, key, order, identity
        }

        public let kind: Kind
        /// The columns the rule is about.
        public let columns: [String]
        /// The rule in words and signs: "best_bid_qty >= 0".
        public let statement: String
        /// Rows that break the rule.
        public internal(set) var violations = 0
        /// The first of these rows.
        public internal(set) var samples: [Sample] = []
        /// What the count does not cover, if anything.
        public internal(set) var note: String?

        public static let maximumSamples = 5
    }

    /// One row that breaks a rule.
    public struct Sample: Sendable, Equatable {
        /// 0-based row of the partition.
        public let row: Int
        /// Key columns of the row: "window_end_ts_ns=1767709801000000000, side=B".
        public let key: String
        /// What was found: "best_bid_qty=-3".
        public let value: String

        public init(row: Int, key: String, value: String) {
            self.row = row
            self.key = key
            self.value = value
        }
    }
}

// MARK: - Rendering

extension ConformanceReport {
    /// The report for people; one line when the table is clean. Ends with a newline.
    public var text: String {
        if isClean { return "\(dataset): \(rows) rows conform to the contract\n" }
        var text = "\(dataset): \(rows) rows, \(violations.count) of \(rules.count) rules violated\n"
        for rule in violations {
            text += "  \(rule.kind.rawValue): \(rule.statement): \(rule.violations) "
            text += rule.violations == 1 ? "row\n" : "rows\n"
            for sample in rule.samples {
                text += "    row \(sample.row) (\(sample.key)): \(sample.value)\n"
            }
            if rule.samples.count < rule.violations {
                text += "    and \(rule.violations - rule.samples.count) more\n"
            }
            if let note = rule.note { text += "    \(note)\n" }
        }
        return text
    }

    /// The report for programs: dataset, fingerprint, rows, rules (number checked), violations.
    public var json: JSONValue {
        [
            "dataset": .string(dataset.description),
            "contract_fingerprint": .string(fingerprint),
            "rows": .integer(Int64(rows)),
            "rules": .integer(Int64(rules.count)),
            "violations": .array(violations.map(json)),
        ]
    }

    private func json(_ rule: RuleResult) -> JSONValue {
        var object = JSONObject([
            ("rule", .string(rule.kind.rawValue)),
            ("columns", .array(rule.columns.map { .string($0) })),
            ("statement", .string(rule.statement)),
            ("rows", .integer(Int64(rule.violations))),
            (
                "samples",
                .array(
                    rule.samples.map { sample in
                        [
                            "row": .integer(Int64(sample.row)), "key": .string(sample.key),
                            "value": .string(sample.value),
                        ]
                    })
            ),
        ])
        if let note = rule.note { object["note"] = .string(note) }
        return .object(object)
    }

    /// The report as a suite of JUnit: one test case a rule.
    ///
    /// - Parameter place: what was checked, for the suite's name, such as the partition's address.
    public func junit(place: String) -> JUnit.Suite {
        JUnit.Suite(
            name: place,
            cases: rules.map { rule in
                let details = rule.samples.map { "row \($0.row) (\($0.key)): \($0.value)" }
                let failure =
                    rule.violations == 0
                    ? nil
                    : JUnit.Failure(
                        message: "\(rule.violations) rows violate: \(rule.statement)", details: details)
                return JUnit.Case(
                    group: dataset.description, name: "\(rule.kind.rawValue): \(rule.statement)",
                    failure: failure)
            })
    }
}
