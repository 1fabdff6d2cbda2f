import Contracts
import Glibc

/// What can go wrong between the lake and its callers. Each case says where, what was found and what to do.
public enum LakeError: Error, Sendable {
    /// A system call failed: `rename lake/gold/…: No space left on device`.
    case system(SystemFailure)
    /// The caller asked for something that cannot be: a symbol that is no path, two partitions of one address.
    case usage(String)
    /// Something that must be there is not.
    case missing(String)
    /// Somebody else is at work; nothing was done.
    case busy(String)
    /// A whole partition that was written under another version of its contract.
    case outdated(String)
    /// Bytes that are not what their manifest, marker or hash promises.
    case corrupt(path: String, reason: String)
    /// A table broke its contract; it lies in quarantine, with its report.
    case violated(ContractViolation)
    /// Another generation than the one that was to be replaced is live; it was not touched.
    case conflict(PartitionAddress, live: String, intended: String)
    /// The live partition has the same generation and other bytes: a stage changed without a new revision.
    case unreproducible(PartitionAddress, generation: String)

    /// What the caller can do about it; command lines turn it into an exit code.
    public enum Category: Sendable, Hashable {
        /// Wrong usage or configuration.
        case usage
        /// The input is missing, or the own output is not what was expected; nothing was touched.
        case notReady
        /// A contract is violated.
        case violation
        /// Input or partition corrupt.
        case corrupt
        /// Out of space, I/O or other resources; safe to retry.
        case transient
        /// A defect of a stage.
        case defect
    }

    public var category: Category {
        switch self {
        case .system(let failure): failure.category
        case .usage: .usage
        case .missing, .busy, .outdated, .conflict: .notReady
        case .corrupt: .corrupt
        case .violated: .violation
        case .unreproducible: .defect
        }
    }
}

/// A failed system call.
public struct SystemFailure: Error, Sendable, Hashable {
    public let call: String
    public let path: String
    /// `errno` of the call.
    public let code: Int32

    public init(call: String, path: String, code: Int32) {
        self.call = call
        self.path = path
        self.code = code
    }

    /// Rights and read-only file systems need a person; everything else may be different next time.
    public var category: LakeError.Category {
        switch code {
        case EACCES, EPERM, EROFS, ENAMETOOLONG, ENOTDIR, EISDIR, ELOOP: .usage
        case ENOENT: .notReady
        default: .transient
        }
    }
}

/// A table that broke its contract, and where it was put.
public struct ContractViolation: Error, Sendable {
    public let address: PartitionAddress
    public let report: ConformanceReport
    /// The directory in `_quarantine`, relative to the lake.
    public let quarantine: String
}

extension LakeError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .system(let failure): failure.description
        case .usage(let text), .missing(let text), .busy(let text), .outdated(let text): text
        case .corrupt(let path, let reason): "\(path): \(reason)"
        case .violated(let violation): violation.description
        case .conflict(let address, let live, let intended):
            "\(address): another generation is live (\(live.prefix(12))) than the one this run set out to replace; "
                + "it was not touched and the new one (\(intended.prefix(12))) was not published; run again"
        case .unreproducible(let address, let generation):
            "\(address): generation \(generation.prefix(12)) is live with different bytes; equal inputs, contract, "
                + "parameters and stage revision must give equal bytes: raise the stage's revision"
        }
    }
}

extension LakeError {
    /// What is wrong with a file, for errors that name the file themselves.
    package var reason: String {
        switch self {
        case .system(let failure): "\(failure.call): \(String(cString: strerror(failure.code)))"
        case .corrupt(_, let reason): reason
        default: description
        }
    }
}

extension SystemFailure: CustomStringConvertible {
    public var description: String {
        "\(call) \(path): \(String(cString: strerror(code)))"
    }
}

extension ContractViolation: CustomStringConvertible {
    public var description: String {
        "\(address): kept in \(quarantine)\n\(report.text)"
    }
}
