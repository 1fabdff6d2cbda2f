import JSON

/// Something about the contracts that a person has to mend: from the lint or from the comparison with the
/// lock.
public struct Finding: Sendable, Equatable, Comparable, CustomStringConvertible {
    public enum Rule: String, Sendable {
        /// The file is not a contract.
        case parse
        // Lint.
        case missingDoc, missingUnit, unknownUnit, needlessUnit, unitOfTime, missingDefault, recordName,
            sharedRecordName
        case unorderedStart
        // Lock.
        case notLocked, changedWithoutVersion, versionGoesBack, incompatible, contractRemoved,
            needlessApproval
        /// The document made from the contracts is that of others.
        case outdatedDocument
    }

    public let rule: Rule
    /// The contract's file below the contracts directory, or the lock.
    public let file: String
    /// "column best_bid_qty"; empty when the whole file is meant.
    public let place: String
    public let message: String

    public init(_ rule: Rule, file: String, place: String = "", _ message: String) {
        self.rule = rule
        self.file = file
        self.place = place
        self.message = message
    }

    public init(_ error: ContractError) {
        self.init(.parse, file: error.file, place: error.place, error.reason)
    }

    public var description: String {
        "\(file): \(place.isEmpty ? "" : place + ": ")\(message) [\(rule.rawValue)]"
    }

    /// By file; within a file in the order of their discovery, as sorting is stable there.
    public static func < (a: Finding, b: Finding) -> Bool {
        a.file.utf8.lexicographicallyPrecedes(b.file.utf8)
    }

    public var json: JSONValue {
        [
            "rule": .string(rule.rawValue), "file": .string(file), "place": .string(place),
            "message": .string(message),
        ]
    }

    /// The findings as a suite of JUnit: one case a file.
    public static func junit(_ findings: [Finding], files: [String]) -> JUnit.Suite {
        let cases = files.map { file in
            let own = findings.filter { $0.file == file }
            let failure =
                own.isEmpty
                ? nil : JUnit.Failure(message: "\(own.count) findings", details: own.map(\.description))
            return JUnit.Case(group: "contracts", name: file, failure: failure)
        }
        return JUnit.Suite(name: "contracts", cases: cases)
    }
}
