import CivilTime
import JSON
import Lake

/// What became of one partition in a run.
public struct PartitionResult: Sendable {
    public enum Outcome: Sendable {
        /// It was fresh.
        case skipped
        case published
        /// In the place of another generation, which is kept under this path of the lake.
        case replaced(previous: String)
        /// What was made anew is what was there.
        case identical
        /// Nothing was published: why.
        case failed(Failure)
    }

    public let address: PartitionAddress
    public let outcome: Outcome
    /// Of the live partition, when there is one.
    public let manifest: Manifest?
}

/// What became of one task.
public struct TaskResult: Sendable {
    public let stage: String
    /// As in `PlannedTask`.
    public let symbols: [String]
    public let date: CivilDate
    public let partitions: [PartitionResult]

    public var symbol: String { PlannedTask.word(for: symbols) }
    /// Why nothing was to be done.
    public let note: String?
    /// Why it could not be planned or carried out.
    public let failure: Failure?
    /// Input records read.
    public let records: Int
    public let seconds: Double
}

/// What became of a request.
public struct RunReport: Sendable {
    public let runID: String
    public let tasks: [TaskResult]
    /// Dates of ranges without raw files and bronze.
    public let skippedDates: [CivilDate]
    public let warnings: [String]
    public let seconds: Double

    /// Each reason once, however many outputs and tasks it holds for.
    public var failures: [Failure] {
        Failure.distinct(
            tasks.flatMap { task in
                task.failure.map { [$0] }
                    ?? Failure.merged(
                        task.partitions.compactMap {
                            if case .failed(let failure) = $0.outcome { ($0.address, failure) } else { nil }
                        })
            })
    }

    public var status: ExitStatus { .combining(failures.map(\.status)) }

    public var partitions: [PartitionResult] { tasks.flatMap(\.partitions) }

    /// The report as `_runs/<run>.json` keeps it and `--json` prints it.
    public var json: JSONValue {
        [
            "run": .string(runID),
            "status": .string(status.name),
            "exit_code": .integer(Int64(status.rawValue)),
            "seconds": .double(seconds),
            "skipped_dates": .array(skippedDates.map { .string("\($0)") }),
            "warnings": .array(warnings.map { .string($0) }),
            "tasks": .array(tasks.map(\.json)),
        ]
    }
}

extension TaskResult {
    var json: JSONValue {
        [
            "stage": .string(stage),
            "symbol": .string(symbol),
            "symbols": .array(symbols.map { .string($0) }),
            "dt": .string("\(date)"),
            "note": note.map { .string($0) } ?? .null,
            "error": failure.map(\.json) ?? .null,
            "records": .integer(Int64(records)),
            "seconds": .double(seconds),
            "partitions": .array(partitions.map(\.json)),
        ]
    }
}

extension PartitionResult {
    /// The word for the outcome.
    public var word: String {
        switch outcome {
        case .skipped: "fresh"
        case .published: "published"
        case .replaced: "replaced"
        case .identical: "identical"
        case .failed: "failed"
        }
    }

    var json: JSONValue {
        var previous: JSONValue = .null
        var error: JSONValue = .null
        if case .replaced(let path) = outcome { previous = .string(path) }
        if case .failed(let failure) = outcome { error = failure.json }
        return [
            "dataset": .string("\(address.dataset)"),
            "symbol": .string(address.symbol),
            "dt": .string("\(address.date)"),
            "path": .string(address.path),
            "outcome": .string(word),
            "previous": previous,
            "error": error,
            "rows": manifest.map { .integer($0.rowCount) } ?? .null,
            "bytes": manifest.map { .integer($0.byteCount) } ?? .null,
            "generation": manifest.map { .string($0.generation) } ?? .null,
        ]
    }
}

extension Failure {
    /// One failure for the outputs of a task that failed alike: that of the first, which names the others.
    static func merged(_ outputs: [(address: PartitionAddress, failure: Failure)]) -> [Failure] {
        var groups: [(failure: Failure, ending: Substring, tables: [String])] = []
        for (address, failure) in outputs {
            let name = "\(address)"
            let ending = failure.message.hasPrefix(name) ? failure.message.dropFirst(name.count) : failure.message[...]
            if let known = groups.firstIndex(where: {
                $0.ending == ending && $0.failure.status == failure.status && $0.failure.advice == failure.advice
            }) {
                groups[known].tables.append(address.dataset.table)
            } else {
                groups.append((failure, ending, []))
            }
        }
        return groups.map { failure, _, tables in
            guard !tables.isEmpty else { return failure }
            return Failure(
                failure.status, "\(failure.message); \(tables.joined(separator: ", ")) likewise",
                advice: failure.advice)
        }
    }

    /// Without repetitions, in their order.
    static func distinct(_ failures: [Failure]) -> [Failure] {
        var seen: Set<Failure> = []
        return failures.filter { seen.insert($0).inserted }
    }

    var json: JSONValue {
        [
            "kind": .string(status.name), "exit_code": .integer(Int64(status.rawValue)), "message": .string(message),
            "advice": advice.map { .string($0) } ?? .null,
        ]
    }
}

extension Manifest {
    /// Bytes of the data files.
    public var byteCount: Int64 { files.reduce(0) { $0 + $1.bytes } }
}
