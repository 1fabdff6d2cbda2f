import Lake
import MarketState
import Tables

/// Flow proxies that need no level: gold.<product>.smart_money_10s.
///
/// Source: spec/recorder.md 5.7, 5.8, fields of `smart_money_10s`.
public struct GoldSmartMoney: RecorderStage {
    public static let name = "gold_smart_money"

    public init() {}

    public func run(_ task: StageTask, in context: StageContext) throws -> [StagedPartition] {
        let parameters = try RecorderParameters(context.parameters(of: task))
        let day = try context.dayState(of: task.input("state_10s"))
        var writer = try context.writer(task.outputs[0], of: task)
        var trades = SessionCursor<TradesClassified>(
            try context.reader(task.input("trades_classified"), of: task), columns: TradesClassified.windowColumns)
        var states = SessionCursor<State10s>(
            try context.reader(task.input("state_10s"), of: task), columns: State10s.flowColumns)
        var table = SmartMoney10s()
        // The rows of a session may go on in the next block.
        var open: String?
        var engine = SmartMoneyEngine(parameters)
        while let session = try states.nextSession() {
            if open?.isSameKey(session) != true {
                open = session
                engine = SmartMoneyEngine(parameters)
                try trades.begin(session)
            }
            for row in states.rows.row..<states.limit {
                let state = FlowState(states.rows.block, row: row)
                while !engine.take(
                    trades.rows.block, from: &trades.rows.row, to: trades.limit, through: state.timestamp),
                    try trades.refill(session)
                {}
                table.append(engine.close(state, sessionID: session))
            }
            try table.withViews { try writer.write($0) }
            table.removeAll()
            try context.advance(states.limit - states.rows.row)
            states.rows.row = states.limit
        }
        return [try writer.finish(dayState: day)]
    }
}

extension State10s {
    fileprivate static let flowColumns = [Columns.sessionId.rawValue] + FlowState.columns
}
