import Contracts
import DBN
import Lake
import Parquet

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

extension Failure {
    /// What an error of any room means to the user.
    public init(explaining error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let error as LakeError: self.init(ExitStatus(error.category), "\(error)")
        case let error as RegistryError: self.init(.usage, "\(error)")
        case let error as ContractError: self.init(.usage, "\(error)")
        case let error as DBNError: self.init(ExitStatus(error.fault), "\(error)")
        case let error as ParquetError: self.init(ExitStatus(error.kind), "\(error)")
        default: self.init(.failed, "\(error)")
        }
    }
}

extension ExitStatus {
    init(_ category: LakeError.Category) {
        self =
            switch category {
            case .usage: .usage
            case .notReady: .notReady
            case .violation: .violation
            case .corrupt: .corrupt
            case .transient: .transient
            case .defect: .failed
            }
    }

    init(_ kind: ParquetError.Kind) {
        self =
            switch kind {
            case .corrupt, .unsupported, .limit: .corrupt
            case .mismatch: .violation
            case .system: .transient
            }
    }

    init(_ fault: DBNError.Fault) {
        self =
            switch fault {
            case .system: .transient
            case .notEncodable: .failed
            default: .corrupt
            }
    }
}
