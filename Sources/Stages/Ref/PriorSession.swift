import CivilTime
import Contracts
import Lake
import Tables

/// The search for the ATR that an earlier session ended with: the last live one of a session that covers the regular
/// hours, of the latest earlier date that has one.
///
/// Source: spec/recorder.md 5.4.
struct PriorSession {
    /// Calendar days that the search reaches back.
    static let reach = 10

    let indicators: DatasetKey
    let sessions: DatasetKey

    /// Nil when the registry declares no such read.
    init?(_ request: StageRequest) {
        func dataset(_ table: String) -> DatasetKey? {
            for read in request.declaration.reads(for: request.product) where read.date == .priorSession {
                if case .table(let template) = read.source, template.table == table {
                    return template.dataset(for: request.product)
                }
            }
            return nil
        }
        guard let indicators = dataset("bar_indicators"), let sessions = dataset("sessions") else { return nil }
        self.indicators = indicators
        self.sessions = sessions
    }

    /// What the search looks at, latest date first: the partitions of each date up to the one that has such an ATR.
    /// An absence is an input, too: the latest date there could have been one.
    ///
    /// Indicators are a few rows a minute, so a plan reads them.
    func inputs(before date: CivilDate, _ symbol: String, in site: StageSite) throws -> [Input] {
        var inputs: [Input] = []
        for back in 1...PriorSession.reach {
            let indicators = try PartitionAddress(indicators, symbol: symbol, date: date.adding(days: -back))
            let sessions = try PartitionAddress(sessions, symbol: symbol, date: indicators.date)
            let isPending = site.pending.contains(indicators)
            guard try isPending || site.lake.status(of: indicators).state != .missing else { continue }
            inputs.append(try site.input(indicators))
            let isWithoutSessions =
                try !site.pending.contains(sessions) && site.lake.status(of: sessions).state == .missing
            inputs.append(try isWithoutSessions ? .partition(sessions, manifest: nil) : site.input(sessions))
            if isWithoutSessions { continue }
            if isPending { break }
            if try lastLive(indicators, sessions, { try site.reader($0) }) != nil { break }
        }
        if inputs.isEmpty {
            let latest = try PartitionAddress(indicators, symbol: symbol, date: date.adding(days: -1))
            inputs = [.partition(latest, manifest: nil)]
        }
        return inputs
    }

    /// The result of the search on the inputs of a task.
    func atr(_ task: StageTask, _ context: StageContext) throws -> Double? {
        let there = task.inputPartitions.map(\.address)
        for indicators in there.filter({ $0.dataset == indicators }).sorted(by: >) {
            guard let sessions = there.first(where: { $0.dataset == sessions && $0.date == indicators.date }) else {
                continue
            }
            if let atr = try lastLive(indicators, sessions, { try context.reader($0, of: task) }) { return atr }
        }
        return nil
    }

    private func lastLive(
        _ indicators: PartitionAddress, _ sessions: PartitionAddress,
        _ open: (PartitionAddress) throws -> PartitionReader
    ) throws -> Double? {
        let covering = Set(
            try open(sessions).rows(as: Sessions.self).filter {
                $0.startTsMs <= $0.rthOpenTsMs && $0.endTsMs >= $0.rthCloseTsMs
            }
            .map(\.sessionId))
        var last: (end: Int64, atr: Double)?
        var reader = try open(indicators)
        var table = BarIndicators()
        while try reader.next(into: &table) {
            for row in 0..<table.count where table.atrStatus[row] == .live {
                guard let atr = table.atrValue[row], covering.contains(table.sessionId[row]) else { continue }
                let end = table.barEndTsMs[row]
                if last.map({ end >= $0.end }) ?? true { last = (end, atr) }
            }
        }
        return last?.atr
    }
}

extension StageSite {
    /// Opens a partition that a plan has to look into.
    fileprivate func reader(_ address: PartitionAddress) throws -> PartitionReader {
        guard let writer = registry.writer(of: address.dataset) else {
            preconditionFailure("the registry was checked: a stage makes \(address.dataset)")
        }
        return try PartitionReader(lake, address, contract: contract(address.dataset, of: writer))
    }
}
