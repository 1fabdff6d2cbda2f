import Columnar

/// What a good contract has beyond what the parser demands: texts, units that are known, defaults, names.
public enum ContractLint {
    /// All findings, by file.
    public static func findings(in contracts: ContractSet) -> [Finding] {
        var findings: [Finding] = []
        for contract in contracts.contracts {
            findings += self.findings(in: contract)
        }
        return findings + sharedNames(contracts)
    }

    /// The findings of one contract.
    public static func findings(in contract: Contract) -> [Finding] {
        let file = contract.dataset.path + ".avsc"
        var findings: [Finding] = []
        if contract.doc.isEmpty { findings.append(Finding(.missingDoc, file: file, "the table has no doc")) }
        if !startsUppercase(contract.name) {
            findings.append(
                Finding(.recordName, file: file, "the record's name begins with a capital: it names a type"))
        }
        for field in contract.fields {
            findings += self.findings(in: field).map { rule, message in
                Finding(rule, file: file, place: "column \(field.name)", message)
            }
        }
        if let first = contract.orderBy.first.flatMap(contract.field), !startsAnOrder(first) {
            findings.append(
                Finding(
                    .unorderedStart, file: file, place: "orderBy",
                    "rows begin with a time, a date, an ordinal or an identifier, not with \(first.name)"))
        }
        return findings
    }

    private static func findings(in field: Contract.Field) -> [(Finding.Rule, String)] {
        var findings: [(Finding.Rule, String)] = []
        if field.doc.isEmpty { findings.append((.missingDoc, "no doc")) }
        if field.isNullable, field.fallback == nil {
            findings.append(
                (.missingDefault, "a nullable column has \"default\": null, so that older data can be read"))
        }
        switch field.type {
        case .int32, .int64, .double:
            guard let unit = field.unit else { findings.append((.missingUnit, "numbers have a unit")); break }
            if !Units.isKnown(unit) { findings.append((.unknownUnit, "the unit \(unit) is not known")) }
        case .timestampNanos:
            if field.unit != "ns" { findings.append((.unitOfTime, "timestamp-nanos count ns")) }
        case .timestampMillis:
            if field.unit != "ms" { findings.append((.unitOfTime, "timestamp-millis count ms")) }
        case .boolean, .string, .date, .symbols:
            if field.unit != nil { findings.append((.needlessUnit, "only numbers have a unit")) }
        }
        return findings
    }

    /// Order columns that mean something to a reader who scans the file.
    private static func startsAnOrder(_ field: Contract.Field) -> Bool {
        switch field.type {
        case .timestampNanos, .timestampMillis, .date, .string: true
        default: field.unit == "ordinal"
        }
    }

    /// Contracts of one record name share a generated type, so they need one shape.
    private static func sharedNames(_ contracts: ContractSet) -> [Finding] {
        var first: [String: Contract] = [:]
        var findings: [Finding] = []
        for contract in contracts.contracts {
            guard let other = first[contract.name] else {
                first[contract.name] = contract
                continue
            }
            if other.shape != contract.shape
                || other.fields.map(\.enumName) != contract.fields.map(\.enumName)
            {
                findings.append(
                    Finding(
                        .sharedRecordName, file: contract.dataset.path + ".avsc", place: "name",
                        "\(other.dataset.path).avsc defines \(contract.name) with other columns"))
            }
        }
        return findings
    }

    private static func startsUppercase(_ name: String) -> Bool {
        name.utf8.first.map { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") } ?? false
    }
}

/// The units of the lake and their compounds: factors joined by `*` and `/`, each with an optional power
/// `^n`.
public enum Units {
    /// The units that stand alone, by what they measure.
    public static let known: Set<String> = [
        // time
        "ns", "ms", "s", "min",
        // prices
        "price", "price_1e-9", "ticks", "tick", "points", "atr", "r", "log_return",
        // quantities
        "contracts", "shares", "count",
        // places
        "cells", "cell", "ordinal", "id",
        // pure numbers
        "1", "ratio", "fraction", "zscore", "sign", "code", "bitmask", "flag",
    ]

    public static func isKnown(_ unit: String) -> Bool {
        let factors = unit.split(separator: "*", omittingEmptySubsequences: false)
            .flatMap { $0.split(separator: "/", omittingEmptySubsequences: false) }
        return factors.allSatisfy { factor in
            let parts = factor.split(separator: "^", omittingEmptySubsequences: false)
            let hasPower =
                parts.count == 2 && parts[1].utf8.count == 1 && ("2"..."9").contains(String(parts[1]))
            return known.contains(String(parts[0])) && (parts.count == 1 || hasPower)
        }
    }
}
