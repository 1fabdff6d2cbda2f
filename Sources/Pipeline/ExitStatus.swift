/// What the caller of the program can do next. The only list of exit codes.
public enum ExitStatus: Int32, Sendable, CaseIterable {
    /// Done, or already fresh.
    case done = 0
    /// Tasks failed for different reasons; or a defect of the program.
    case failed = 1
    /// Wrong usage or configuration.
    case usage = 2
    /// A contract is violated.
    case violation = 3
    /// Input missing or not ready, or own output stale without `--overwrite`.
    case notReady = 4
    /// Corrupt input or partition.
    case corrupt = 5
    /// Out of space or I/O; safe to retry.
    case transient = 6
    /// Interrupted, after cleaning up.
    case interrupted = 130

    /// The status of a whole from the statuses of its parts: one common reason gives its own code.
    public static func combining(_ parts: some Sequence<ExitStatus>) -> ExitStatus {
        let reasons = Set(parts).subtracting([.done])
        if reasons.contains(.interrupted) { return .interrupted }
        return reasons.count > 1 ? .failed : reasons.first ?? .done
    }

    /// The word for the status in machine-readable output.
    public var name: String {
        switch self {
        case .done: "done"
        case .failed: "failed"
        case .usage: "usage"
        case .violation: "violation"
        case .notReady: "not_ready"
        case .corrupt: "corrupt"
        case .transient: "transient"
        case .interrupted: "interrupted"
        }
    }
}

/// A command or task cannot go on: what, with which exit code, and what to do about it.
public struct Failure: Error, Sendable, Hashable, CustomStringConvertible {
    public let status: ExitStatus
    public let message: String
    public let advice: String?

    public init(_ status: ExitStatus, _ message: String, advice: String? = nil) {
        self.status = status
        self.message = message
        self.advice = advice
    }

    public var description: String { message }
}
