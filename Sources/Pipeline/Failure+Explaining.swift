import CSV
import Contracts
import DBN
import Lake
import OrderBook
import Parquet
import Physics
import Reference
import Stages

extension Failure {
    /// What an error of any room means to the user.
    public init(explaining error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let error as StageError: self.init(error)
        case let error as LakeError: self.init(ExitStatus(error.category), "\(error)")
        case let error as DBNError:
            self.init(
                ExitStatus(error.fault), "\(error)",
                advice: error.isTruncation ? "--allow-truncated publishes what is there, marked as such" : nil)
        case let error as CSVError:
            self.init(
                error.fault == .system ? .transient : .corrupt, "\(error)",
                advice: error.fault == .truncated ? "--allow-truncated publishes what is there, marked as such" : nil)
        case let error as ParquetError: self.init(ExitStatus(error.kind), "\(error)")
        case let error as ContractError: self.init(.usage, "\(error)")
        case let error as RegistryError: self.init(.usage, "\(error)")
        case let error as BookError: self.init(error)
        case let error as ReferenceError: self.init(ExitStatus(error.kind), "\(error)")
        case let error as PhysicsError: self.init(.corrupt, "\(error)")
        default: self.init(.failed, "\(error)")
        }
    }

    private init(_ error: StageError) {
        switch error {
        case .missingInput(let text): self.init(.notReady, text)
        case .configuration(let text): self.init(.usage, text)
        case .corruptInput(let text): self.init(.corrupt, text)
        case .undecided: self.init(.notReady, "\(error)")
        case .cancelled: self.init(.interrupted, "interrupted")
        }
    }

    private init(_ error: BookError) {
        switch error {
        case .parameter: self.init(.usage, "\(error)")
        case .severalPublishers: self.init(.usage, "\(error)", advice: "--set publisher=N keeps one of them")
        case .identity: self.init(.failed, "\(error)")
        default: self.init(.corrupt, "\(error)")
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

    init(_ kind: ReferenceError.Kind) {
        self =
            switch kind {
            case .content: .corrupt
            case .claim: .usage
            case .unreadable(let category): ExitStatus(category)
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
