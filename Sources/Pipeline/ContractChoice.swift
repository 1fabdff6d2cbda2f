import CivilTime
import Contracts
import JSON
import Lake
import Tables

/// The row of a contract_day partition.
public struct ContractChoice: Sendable {
    public let root: String
    public let session: CivilDate
    public let contract: String
    public let expiration: CivilDate
    public let previous: CivilDate?
    /// Contracts traded on `previous` in the chosen contract.
    public let previousVolume: Int64
    /// The same of the runner-up.
    public let previousVolumeRank2: Int64
    public let isRoll: Bool

    /// Reads a partition of contract_day.
    public init(_ address: PartitionAddress, in project: Project) throws {
        guard let writer = project.registry.writer(of: address.dataset),
            let definition = writer.contract(of: address.dataset, in: project.contracts)
        else { throw Failure(.usage, "no stage makes \(address.dataset)") }
        var table = ContractDay()
        var reader = try PartitionReader(project.lake, address, contract: definition)
        guard try reader.next(into: &table), table.count == 1 else {
            throw Failure(.corrupt, "\(address): expected one row")
        }
        let row = table[0]
        root = address.symbol
        session = CivilDate(daysSinceEpoch: Int(row.sessionDate))
        contract = row.selectedSymbol
        expiration = CivilDate(daysSinceEpoch: Int(row.selectedExpDate))
        previous = row.prevTradingDate.map { CivilDate(daysSinceEpoch: Int($0)) }
        previousVolume = row.prevVolumeSelected
        previousVolumeRank2 = row.prevVolumeRank2
        isRoll = row.rollFlag
    }

    public var json: JSONValue {
        [
            "root": .string(root), "session_date": .string("\(session)"), "selected_symbol": .string(contract),
            "selected_exp_date": .string("\(expiration)"),
            "prev_trading_date": previous.map { .string("\($0)") } ?? .null,
            "prev_volume_selected": .integer(previousVolume), "prev_volume_rank2": .integer(previousVolumeRank2),
            "roll_flag": .bool(isRoll),
        ]
    }
}
