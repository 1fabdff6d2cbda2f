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

    public var failures: [Failure] {
        tasks.flatMap { task in
            task.failure.map { [$0] }
                ?? task.partitions.compactMap { if case .failed(let failure) = $0.outcome { failure } else { nil } }
        }
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
