import Contracts
import DBN
import JSON
import Lake
import Parquet
import Pipeline

extension Failure {
    /// What an error of any room means to the user.
    init(explaining error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let error as ContractError: self.init(.usage, "contracts/\(error)")
        case let error as DBNError:
            self.init(
                error.fault == .system ? .transient : error.fault == .notEncodable ? .failed : .corrupt,
                "\(error)")
        default: self.init(.failed, "\(error)")
        }
    }
}
