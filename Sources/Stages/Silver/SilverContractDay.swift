import Contracts
import CivilTime
import Lake
import Tables

/// Chooses the contract of a root to study on a date: silver.future_mbo.contract_day, one row.
///
/// The volumes come from the manifests of bronze, which counted them; the definitions give the expirations. The
/// dates looked at reach back to the second trading date before, no further.
///
/// Source: spec/book.md 10.
public struct SilverContractDay: Stage {
    public static let name = "silver_contract_day"

    public init() {}

    public func check(_ request: StageRequest) throws {
        _ = try calendar(StageParameters(request.declaration.parameters, request.overrides))
    }

    public func plan(_ request: StageRequest, in site: StageSite) throws -> StagePlan {
        let asked = try SymbolRequest(request.symbol, of: request.product)
        guard asked.single == nil else { return .irrelevant }
        let mbo = bronze("mbo", request)
        let early = CivilDate(daysSinceEpoch: CivilDate(year: 1900, month: 1, day: 1)!.daysSinceEpoch)
        let partitions = try site.lake.partitions(
            PartitionFilter(dataset: mbo, dates: early...request.date)
        ).filter { FutureSymbol.matches($0.symbol, root: asked.family) }
        if site.pending.contains(where: { $0.dataset == mbo && $0.date == request.date }) {
            return .task(try task(request, asked.family, []))
        }
        guard partitions.contains(where: { $0.date == request.date }) else {
            throw StageError.missingInput(
                "there is no bronze partition of \(asked.family) on \(request.date): run --layer bronze --symbol \(asked.family) first"
            )
        }
        let history = try History(partitions, in: site.lake)
        guard history.sessions.last?.isTradingDate == true else {
            return .nothing(
                "\(request.date) is no trading date of \(asked.family): no volume, or no trade from 05:00 to 08:30")
        }
        var inputs = history.inputs
        let definition = try address(bronze("definition", request), asked.family, request)
        inputs.append(.partition(definition, manifest: try site.lake.status(of: definition).inputIdentity))
        return .task(try task(request, asked.family, inputs))
    }

    private func task(_ request: StageRequest, _ root: String, _ inputs: [Input]) throws(LakeError) -> StageTask {
        StageTask(
            request, symbol: root, inputs: inputs, defaults: request.parameters,
            outputs: [try request.output("contract_day", root)])
    }

    public func run(_ task: StageTask, in context: StageContext) throws -> [StagedPartition] {
        let bronze = task.inputPartitions.map(\.address).filter { $0.dataset.table == "mbo" }
        let history = try History(bronze, in: context.site.lake)
        let symbols = Set(history.sessions.flatMap(\.volumes.keys))
        let selection = ContractSelection(
            candidates: symbols.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) },
            expirations: try expirations(task, context), calendar: try calendar(context.parameters(of: task)))
        let choice: ContractSelection.Choice
        do {
            choice = try selection.choose(history.sessions)
        } catch .noEligibleContract(let date) {
            throw StageError.missingInput("no contract of \(task.symbol) expires after \(date)")
        } catch .notATradingDate(let date) {
            throw StageError.missingInput("\(date) is no trading date of \(task.symbol)")
        }
        var table = ContractDay()
        table.append(
            ContractDay.Row(
                sessionDate: Int32(task.date.daysSinceEpoch), selectedSymbol: choice.symbol,
                selectedExpDate: Int32(choice.expiration.daysSinceEpoch),
                prevTradingDate: choice.previousTradingDate.map { Int32($0.daysSinceEpoch) },
                prevVolumeSelected: choice.previousVolume, prevVolumeRank2: choice.previousVolumeRank2,
                rollFlag: choice.isRoll))
        var writer = try context.writer(task.outputs[0], of: task)
        try table.withViews { try writer.write($0) }
        return [try writer.finish()]
    }

    /// New York expiration dates by symbol, from the last definition of each contract.
    private func expirations(_ task: StageTask, _ context: StageContext) throws -> [String: CivilDate] {
        guard let definition = task.inputPartitions.first(where: { $0.address.dataset.table == "definition" }) else {
            return [:]
        }
        var latest: [String: (event: Int64, date: CivilDate)] = [:]
        var table = Definition()
        var reader = try context.reader(definition.address, of: task)
        while try reader.next(into: &table) {
            for row in 0..<table.count {
                guard let expiration = table.expiration[row] else { continue }
                let event = table.tsEvent[row] ?? Int64.min
                if let known = latest[table.rawSymbol[row]], known.event > event { continue }
                latest[table.rawSymbol[row]] = (event, NewYork.date(ofUTC: expiration))
            }
        }
        return latest.mapValues(\.date)
    }

    private func calendar(_ values: StageParameters) throws -> BusinessCalendar {
        guard let days = try values.optionalList("holidays") else { return BusinessCalendar() }
        return BusinessCalendar(
            holidays: try days.map { text in
                guard let date = CivilDate(parsing: text) else {
                    throw StageError.configuration("parameter holidays: expected dates YYYY-MM-DD, found '\(text)'")
                }
                return date
            })
    }

    private func bronze(_ table: String, _ request: StageRequest) -> DatasetKey {
        for read in request.declaration.reads {
            if case .table(let template) = read.source, template.table == table {
                return template.dataset(for: request.product)
            }
        }
        preconditionFailure("the registry: stage \(request.declaration.name) reads \(table)")
    }

    private func address(_ dataset: DatasetKey, _ root: String, _ request: StageRequest) throws -> PartitionAddress {
        try PartitionAddress(dataset, symbol: root, date: request.date)
    }

    /// The dates that decide a choice, with what bronze counted on them.
    private struct History {
        /// Ascending; the last is the session.
        private(set) var sessions: [ContractSelection.Session] = []
        private(set) var inputs: [Input] = []

        /// Walks back from the last date until two earlier trading dates are found.
        init(_ partitions: [PartitionAddress], in lake: Lake) throws {
            let byDate = Dictionary(grouping: partitions, by: \.date)
            var tradingDates = 0
            for date in byDate.keys.sorted(by: >) {
                var volumes: [String: Int64] = [:]
                var early: Int64 = 0
                for address in byDate[date]!.sorted() {
                    let status = try lake.status(of: address)
                    guard let manifest = status.manifest, let identity = status.inputIdentity else {
                        throw StageError.corruptInput("\(address): \(status.state)")
                    }
                    volumes[address.symbol] = manifest.quality.counters["session_volume"] ?? 0
                    early += manifest.quality.counters["early_trades"] ?? 0
                    inputs.append(.partition(address, manifest: identity))
                }
                let session = ContractSelection.Session(date: date, volumes: volumes, hasEarlyTrade: early > 0)
                sessions.insert(session, at: 0)
                if session.isTradingDate { tradingDates += 1 }
                if tradingDates == 3 { break }
            }
        }
    }
}

/// The contract or ticker that a request means: itself, or what contract_day chose for the root. Options follow the
/// future they are on.
///
/// - Returns: nil when the date is no trading date of the root.
/// - Throws: `missingInput` when a root has no contract_day partition for the date.
func contractSymbol(for request: StageRequest, in site: StageSite) throws -> String? {
    let asked = try SymbolRequest(request.symbol, of: request.product)
    if let single = asked.single { return single }
    let dataset = DatasetKey(layer: .silver, product: asked.product.anchor.rawValue, table: "contract_day")!
    let address = try PartitionAddress(dataset, symbol: asked.family, date: request.date)
    let status = try site.lake.status(of: address)
    switch status.state {
    case .missing:
        if site.pending.contains(address) {
            throw StageError.undecided("the contract of \(asked.family) on \(request.date)")
        }
        guard let writer = site.registry.writer(of: dataset), let stage = StageCatalogue.stage(named: writer.name)
        else {
            preconditionFailure("the registry has a stage for \(dataset)")
        }
        let choosing = StageRequest(
            declaration: writer, product: dataset.product, symbol: asked.family, date: request.date)
        if case .nothing = try stage.plan(choosing, in: site) { return nil }
        throw StageError.missingInput(
            "\(address) is missing: run --product-type \(dataset.product) --layer silver --table contract_day --symbol \(asked.family) first, or name a contract"
        )
    case .corrupt(let reason):
        throw StageError.corruptInput("\(address): \(reason)")
    case .fresh, .stale:
        var table = ContractDay()
        var reader = try PartitionReader(
            site.lake, address, contract: site.contract(dataset, of: site.registry.writer(of: dataset)!))
        guard try reader.next(into: &table), table.count == 1 else {
            throw StageError.corruptInput("\(address): expected one row")
        }
        return table.selectedSymbol[0]
    }
}
