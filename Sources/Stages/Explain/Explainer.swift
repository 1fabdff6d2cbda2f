import Columnar
import Contracts
import Lake
import OrderBook
import Physics
import Tables

/// Traces values of silver and gold back to the records they come from, by doing once more what the stages did: the
/// same engines, with the parameters and inputs that the manifests name.
public struct Explainer {
    private let site: StageSite

    public init(_ site: StageSite) {
        self.site = site
    }

    /// - Parameters:
    ///   - address: a table of order books; see `CellKey.names(of:)`.
    ///   - windowEnd: end of the row's window, ns.
    ///   - key: the cell within the window.
    /// - Throws: `StageError.missingInput` when the partition, or one that it was made from, is not there as it was
    ///   then; `configuration` when it has no such row.
    /// - Complexity: O(records and rows up to the window).
    public func explain(_ address: PartitionAddress, windowEnd: Int64, key: CellKey) throws -> Explanation {
        _ = try CellKey.names(of: address.dataset)
        let product = try OrderBookProduct(address.dataset.product)
        let manifest = try manifest(of: address)
        let query = Query(address: address, windowEnd: windowEnd, manifest: manifest, product: product)
        switch (address.dataset.table, product.isOption) {
        case ("depth_and_flow_1s", false): return try level(query, key)
        case ("depth_and_flow_1s", true): return try strike(query, key)
        case ("book_snapshot_1s", false): return try window(BookSnapshot1s.self, query)
        case ("book_snapshot_1s", true): return try instrument(query, key)
        case ("book_quality_1s", _): return try quality(query)
        case ("physics_surface_1s", false): return try surface(query, key)
        case ("physics_surface_1s", true): return try strikeSurface(query, key)
        case ("forecast_1s", false): return try forecast(query, key)
        default: preconditionFailure("CellKey knows the tables that are explained")
        }
    }

    /// What is asked, and what the partition was made from.
    fileprivate struct Query {
        let address: PartitionAddress
        let windowEnd: Int64
        let manifest: Manifest
        let product: OrderBookProduct

        var parameters: StageParameters { StageParameters(manifest.provenance) }
    }
}

// MARK: - Partitions

extension Explainer {
    private func manifest(of address: PartitionAddress) throws -> Manifest {
        let status = try site.lake.status(of: address)
        switch status.state {
        case .missing: throw StageError.missingInput("there is no partition \(address)")
        case .corrupt(let reason): throw StageError.corruptInput("\(address): \(reason)")
        case .fresh, .stale: return status.manifest!
        }
    }

    /// The partition of a table that another one was made from, which must still be the generation it was then.
    private func input(
        of manifest: Manifest, where isWanted: (PartitionAddress) -> Bool
    ) throws -> PartitionAddress? {
        for case .partition(let address, let recorded?) in manifest.provenance.inputs where isWanted(address) {
            let status = try site.lake.status(of: address)
            guard status.inputIdentity == recorded else {
                throw StageError.missingInput(
                    "\(manifest.address) was made from another generation of \(address) than the one that is there: "
                        + "'tarn run --overwrite' makes it anew")
            }
            return address
        }
        return nil
    }

    private func input(_ table: String, of manifest: Manifest) throws -> PartitionAddress {
        guard let address = try input(of: manifest, where: { $0.dataset.table == table }) else {
            throw StageError.corruptInput("\(manifest.address): its manifest names no input \(table)")
        }
        return address
    }

    private func reader(_ address: PartitionAddress) throws -> PartitionReader {
        guard let writer = site.registry.writer(of: address.dataset) else {
            throw StageError.configuration("no stage of \(site.registry.file) makes \(address.dataset)")
        }
        return try PartitionReader(site.lake, address, contract: site.contract(address.dataset, of: writer))
    }

    /// The row of a window that is meant.
    private func locate<Rows: WindowTable & ~Copyable, Value>(
        _: Rows.Type, _ address: PartitionAddress, windowEnd: Int64, columns: [Int], _ what: String,
        _ take: (borrowing Rows, Int) -> Value?
    ) throws -> (row: Int, value: Value) {
        var reader = try reader(address)
        var table = Rows()
        var first: Int64?
        var last: Int64?
        var rows = 0
        var base = 0
        while try reader.next(into: &table, columns: columns) {
            for row in 0..<table.windowRows {
                let end = table.windowEnd(row)
                first = first ?? end
                last = end
                // Rows ascend; the rest matters only for what an error says of the partition's end.
                guard end == windowEnd else { continue }
                rows += 1
                if let value = take(table, row) { return (base + row, value) }
            }
            base += table.windowRows
        }
        guard let first, let last else {
            throw StageError.configuration("\(address) has no rows")
        }
        guard windowEnd >= first, windowEnd <= last else {
            throw StageError.configuration(
                "\(address) has windows that end from \(utc(first)) to \(utc(last)); none ends at \(utc(windowEnd))")
        }
        throw StageError.configuration(
            rows == 0
                ? "\(address) has no row for the window that ends at \(utc(windowEnd))"
                : "\(address) has no row for \(what) in the window that ends at \(utc(windowEnd)), whose rows are \(rows)"
        )
    }

    private func utc(_ instant: Int64) -> String {
        let day: Int64 = 86_400_000_000_000
        let second = ((instant % day) + day) % day / 1_000_000_000
        let parts = [second / 3600, second / 60 % 60, second % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }
        return parts.joined(separator: ":") + "Z"
    }
}

// MARK: - Silver

extension Explainer {
    private func level(_ query: Query, _ key: CellKey) throws -> Explanation {
        let side = try key.side()
        let position = try key.position(CellKey.Word.price, CellKey.Word.priceInt)
        let step = try query.parameters.integer("q")
        let columns = DepthAndFlow1s.explainedColumns
        let (row, (price, published)) = try locate(
            DepthAndFlow1s.self, query.address, windowEnd: query.windowEnd, columns: columns, "the cell"
        ) { table, row in
            table.is(row, side, position) ? (table.priceInt[row], table.sums(row)) : nil
        }
        let cell = ExplainedCell.level(side: side, price: price, step: step)
        return Explanation(
            address: query.address, windowEnd: query.windowEnd, cell: cell, row: row,
            flow: try flow(query.manifest, query.windowEnd, cell, published), averages: [], forecast: nil)
    }

    private func strike(_ query: Query, _ key: CellKey) throws -> Explanation {
        let (right, side) = (try key.right(), try key.side())
        let position = try key.position(CellKey.Word.strike, CellKey.Word.strikeInt)
        let (row, (strike, published)) = try locate(
            OptionDepthAndFlow1s.self, query.address, windowEnd: query.windowEnd,
            columns: OptionDepthAndFlow1s.explainedColumns, "the cell"
        ) { table, row in
            table.is(row, right, side, position) ? (table.strikePriceInt[row], table.sums(row)) : nil
        }
        let cell = ExplainedCell.strike(
            right: right, side: side, strike: strike, step: try query.parameters.integer("step"))
        return Explanation(
            address: query.address, windowEnd: query.windowEnd, cell: cell, row: row,
            flow: try flow(query.manifest, query.windowEnd, cell, published), averages: [], forecast: nil)
    }

    private func window<Rows: WindowTable & ~Copyable>(_: Rows.Type, _ query: Query) throws -> Explanation {
        let (row, _) = try locate(
            Rows.self, query.address, windowEnd: query.windowEnd, columns: Rows.windowColumns, "it"
        ) { _, _ in true }
        return Explanation(
            address: query.address, windowEnd: query.windowEnd, cell: .window, row: row,
            flow: try flow(query.manifest, query.windowEnd, .window, nil), averages: [], forecast: nil)
    }

    private func instrument(_ query: Query, _ key: CellKey) throws -> Explanation {
        let id = try key.integer(CellKey.Word.instrumentID)
        let columns = [OptionBookSnapshot1s.Columns.windowEndTsNs, .instrumentId].map(\.rawValue)
        let (row, _) = try locate(
            OptionBookSnapshot1s.self, query.address, windowEnd: query.windowEnd, columns: columns, "instrument \(id)"
        ) { table, row in
            table.instrumentId[row] == id ? true : nil
        }
        let cell = ExplainedCell.instrument(UInt32(truncatingIfNeeded: id))
        return Explanation(
            address: query.address, windowEnd: query.windowEnd, cell: cell, row: row,
            flow: try flow(query.manifest, query.windowEnd, cell, nil), averages: [], forecast: nil)
    }

    private func quality(_ query: Query) throws -> Explanation {
        let counted = QualityCounters().byColumn.map(\.column)
        let columns = [BookQuality1s.Columns.windowEndTsNs.rawValue] + counted.map(\.rawValue)
        let (row, published) = try locate(
            BookQuality1s.self, query.address, windowEnd: query.windowEnd, columns: columns, "it"
        ) { table, row in
            table.counters(row)
        }
        return Explanation(
            address: query.address, windowEnd: query.windowEnd, cell: .window, row: row,
            flow: try flow(query.manifest, query.windowEnd, .window, nil, counters: published), averages: [],
            forecast: nil)
    }
}

// MARK: - Gold

extension Explainer {
    private func surface(_ query: Query, _ key: CellKey) throws -> Explanation {
        let side = try key.side()
        let position = try key.position(CellKey.Word.price, CellKey.Word.priceInt)
        let step = try query.parameters.integer("q")
        let (row, found) = try locate(
            PhysicsSurface1s.self, query.address, windowEnd: query.windowEnd,
            columns: PhysicsSurface1s.explainedColumns, "the cell"
        ) { (table, row) -> (price: Int64, relTicks: Int64, averages: [Double])? in
            let relTicks = Int64(table.relTicks[row])
            let price = table.spotRefPriceInt[row] + relTicks * step
            guard table.side.values[row] == side, position.matches(price: price, relTicks: relTicks) else { return nil }
            return (price, relTicks, [table.uEma2[row], table.uEma8[row], table.uEma32[row], table.uEma128[row]])
        }
        let cell = ExplainedCell.level(side: side, price: found.price, step: step)
        let flows = try input("depth_and_flow_1s", of: query.manifest)
        let windows = try input("book_snapshot_1s", of: query.manifest)
        let frame = try query.parameters.choice("ema_frame", EMAFrame.allCases)
        let reach = Int64(Lattice.halfWidth(of: query.address.dataset.product))
        var trace = AverageTrace()
        var published = FlowSums()
        var cursor = WindowCursor<DepthAndFlow1s>(try reader(flows), columns: DepthAndFlow1s.explainedColumns)
        var snapshots = BookSnapshot1s()
        var reader = try reader(windows)
        reading: while try reader.next(into: &snapshots, columns: BookSnapshot1s.anchorColumns) {
            for row in 0..<snapshots.windowEndTsNs.count {
                let end = snapshots.windowEndTsNs[row]
                if end > query.windowEnd { break reading }
                guard let spot = snapshots.spotRefPriceInt[row] else { continue }
                // Where the key's cell is in this window, in cells from its anchor.
                let offset = frame == .spot ? found.relTicks : (found.price - spot) / step
                let isOnLattice = offset >= -reach && offset <= reach
                var flow: FlowSums?
                try cursor.forEachRun(ofWindow: end) { table, rows in
                    for row in rows where isOnLattice && table.is(row, side, .relTicks(offset)) {
                        flow = table.sums(row)
                    }
                }
                if snapshots.windowValid[row] { trace.update(end, flow) }
                if end == query.windowEnd, let flow { published = flow }
            }
        }
        return Explanation(
            address: query.address, windowEnd: query.windowEnd, cell: cell, row: row,
            flow: try flow(manifest(of: flows), query.windowEnd, cell, published),
            averages: zip(AverageWeights.times, found.averages).map { trace.average($0, published: $1) }, forecast: nil)
    }

    private func strikeSurface(_ query: Query, _ key: CellKey) throws -> Explanation {
        let (right, side) = (try key.right(), try key.side())
        let position = try key.position(CellKey.Word.strike, CellKey.Word.strikeInt)
        let (row, found) = try locate(
            OptionPhysicsSurface1s.self, query.address, windowEnd: query.windowEnd,
            columns: OptionPhysicsSurface1s.explainedColumns, "the cell"
        ) { (table, row) -> (strike: Int64, averages: [Double])? in
            let (strike, relTicks) = (table.strikePriceInt[row], Int64(table.relTicks[row]))
            guard table.right.values[row] == right, table.side.values[row] == side,
                position.matches(price: strike, relTicks: relTicks)
            else { return nil }
            return (strike, [table.uOptEma2[row], table.uOptEma8[row], table.uOptEma32[row], table.uOptEma128[row]])
        }
        let cell = ExplainedCell.strike(
            right: right, side: side, strike: found.strike, step: try query.parameters.integer("step"))
        let flows = try input("depth_and_flow_1s", of: query.manifest)
        var trace = AverageTrace()
        var published = FlowSums()
        var cursor = WindowCursor<OptionDepthAndFlow1s>(
            try reader(flows), columns: OptionDepthAndFlow1s.explainedColumns)
        while let end = try cursor.nextWindow(), end <= query.windowEnd {
            var flow: FlowSums?
            var isHeld = false
            var isUpdating = false
            try cursor.forEachRun(ofWindow: end) { table, rows in
                for row in rows {
                    if table.windowValid[row] { isUpdating = true }
                    guard table.is(row, right, side, .price(found.strike)) else { continue }
                    flow = table.sums(row)
                    isHeld = !table.windowValid[row]
                }
            }
            if isUpdating, !isHeld { trace.update(end, flow) }
            if end == query.windowEnd, let flow { published = flow }
        }
        return Explanation(
            address: query.address, windowEnd: query.windowEnd, cell: cell, row: row,
            flow: try flow(manifest(of: flows), query.windowEnd, cell, published),
            averages: zip(AverageWeights.times, found.averages).map { trace.average($0, published: $1) }, forecast: nil)
    }

    private func forecast(_ query: Query, _ key: CellKey) throws -> Explanation {
        let horizon = try key.integer(CellKey.Word.horizon)
        guard (0...Int64(Forecast.horizons)).contains(horizon) else {
            throw StageError.configuration("\(CellKey.Word.horizon)=\(horizon): expected 0…\(Forecast.horizons)")
        }
        let columns = [Forecast1s.Columns.windowEndTsNs, .horizonS].map(\.rawValue)
        let (row, _) = try locate(
            Forecast1s.self, query.address, windowEnd: query.windowEnd, columns: columns, "horizon \(horizon)"
        ) { table, row in
            table.horizonS[row] == horizon ? true : nil
        }
        let own = query.address.dataset.product
        let values = query.parameters
        let step = try values.integer("q")
        let parameters = ForecastParameters(beta: try values.number("beta"), gamma: try values.number("gamma"))
        let windows = try input("book_snapshot_1s", of: query.manifest)
        let surface = try input(of: query.manifest) {
            $0.dataset.table == "physics_surface_1s" && $0.dataset.product == own
        }
        let options = try input(of: query.manifest) {
            $0.dataset.table == "physics_surface_1s" && $0.dataset.product != own
        }
        guard let surface else {
            throw StageError.corruptInput("\(query.address): its manifest names no surface")
        }
        var replay = ForecastReplay(
            try ForecastEngine(halfWidth: Lattice.halfWidth(of: own), latticeStep: step, parameters: parameters),
            windows: try reader(windows), surface: try reader(surface), options: try options.map { try reader($0) })
        var previous: Forecast?
        var found: (spotRef: Int64?, forecast: Forecast?)?
        while found == nil, let (end, spotRef, forecast) = try replay.next() {
            if end == query.windowEnd { found = (spotRef, forecast) } else { previous = forecast }
        }
        guard let found else {
            throw StageError.corruptInput("\(windows) has no window that ends at \(query.windowEnd)")
        }
        let all = found.forecast == nil ? [] : replay.engine.forceTerms()
        let magnitude = all.reduce(0) { $0 + $1.contribution.magnitude }
        let terms = all.filter { $0.contribution.magnitude > 0.01 * magnitude }
            .sorted { ($1.contribution.magnitude, $0.relTicks) < ($0.contribution.magnitude, $1.relTicks) }
        let rest = all.filter { $0.contribution.magnitude <= 0.01 * magnitude }.reduce(0) { $0 + $1.contribution }
        return Explanation(
            address: query.address, windowEnd: query.windowEnd, cell: .window, row: row,
            flow: try flow(manifest(of: windows), query.windowEnd, .window, nil), averages: [],
            forecast: ExplainedForecast(
                horizon: Int(horizon), parameters: parameters, latticeStep: step, spotRef: found.spotRef,
                velocity: found.forecast.flatMap { now in previous.map { now.spotTick - $0.spotTick } } ?? 0,
                usesOptions: options != nil, forecast: found.forecast, terms: terms, rest: rest))
    }
}

// MARK: - Records

extension Explainer {
    /// The records of a window, by the bronze table and the parameters of a silver partition.
    private func flow(
        _ silver: Manifest, _ windowEnd: Int64, _ cell: ExplainedCell, _ published: FlowSums?,
        counters: QualityCounters? = nil
    ) throws -> ExplainedFlow {
        guard let bronze = try input(of: silver, where: { $0.dataset.layer == .bronze }) else {
            throw StageError.corruptInput("\(silver.address): its manifest names no records")
        }
        let values = StageParameters(silver.provenance)
        let product = silver.address.dataset.product
        let trace = RecordTrace(end: windowEnd)
        var options: [UInt32: OptionInstrument] = [:]
        let found: RecordTrace.Found
        switch try OrderBookProduct(product) {
        case .futureMbo, .equityMbo:
            let parameters = try SilverBook().bookParameters(values, product: product)
            let first = try firstTime(Mbo.self, bronze, of: parameters.publisher)
            found = try trace.find(Mbo.self, MboEngine(parameters, firstTime: first), reader(bronze))
        case .futureOptionMbo:
            let parameters = try SilverOptionBook().bookParameters(values, product: product)
            let first = try firstTime(OptionMbo.self, bronze, of: parameters.publisher)
            options = try terms(OptionMbo.self, bronze)
            let engine = try OptionMboEngine(
                parameters, instruments: options.keys.sorted().map { options[$0]! },
                underlying: try underlying(of: silver), firstTime: first)
            found = try trace.find(OptionMbo.self, engine, reader(bronze))
        case .equityOptionMbo:
            let parameters = try SilverOptionBook().bookParameters(values, product: product)
            let first = try firstTime(Cmbp1.self, bronze, of: parameters.publisher)
            options = try terms(Cmbp1.self, bronze)
            let engine = try OptionQuoteEngine(
                parameters, instruments: options.keys.sorted().map { options[$0]! },
                underlying: try underlying(of: silver), firstTime: first)
            found = try trace.find(Cmbp1.self, engine, reader(bronze))
        }
        return try flow(found, cell, published, counters, options, bronze)
    }

    private func flow(
        _ found: RecordTrace.Found, _ cell: ExplainedCell, _ published: FlowSums?, _ counters: QualityCounters?,
        _ options: [UInt32: OptionInstrument], _ bronze: PartitionAddress
    ) throws -> ExplainedFlow {
        let places = try RawPlaces(of: manifest(of: bronze).provenance.inputs, in: site.lake)
        var records: [ExplainedRecord] = []
        var traced = FlowSums(depthStart: published?.depthStart ?? 0, depthEnd: published?.depthStart ?? 0)
        var counted = [String: Int64]()
        for record in found.records {
            for (column, value) in record.effect.counters.byColumn { counted[column.name, default: 0] += value }
            let option = options[record.instrumentID]
            var effect = record.effect
            effect.changes = effect.changes.filter { cell.holds(side: $0.side, price: $0.price, option: option) }
            guard !effect.changes.isEmpty || cell.concerns(record, option: option) else { continue }
            for change in effect.changes { traced.add(change) }
            let (file, index) = places.place(of: record.ordinal)
            records.append(
                ExplainedRecord(
                    ordinal: record.ordinal, file: file, index: index, content: record.content, option: option,
                    effect: effect))
        }
        return ExplainedFlow(
            bronze: bronze, rawFiles: places.files, opening: found.opening, records: records,
            otherRecords: found.records.count - records.count, traced: traced, published: published,
            counters: (counters ?? QualityCounters()).byColumn.compactMap { column, value in
                let own = counted[column.name] ?? 0
                return counters == nil || own == 0 && value == 0 ? nil : (column.name, own, value)
            })
    }

    /// The first time of the records that are kept: book.md 4.1.
    private func firstTime<Records: TracedRecords & ~Copyable>(
        _: Records.Type, _ bronze: PartitionAddress, of publisher: UInt16?
    ) throws -> Int64? {
        var reader = try reader(bronze)
        var records = Records()
        var events = Buffer<Records.Event>()
        while try reader.next(into: &records, columns: Records.tracedColumns) {
            events.removeAll()
            records.appendEvents(to: &events)
            for index in 0..<events.count where publisher == nil || events[index].publisherID == publisher {
                if let time = events[index].effectiveTime { return time }
            }
        }
        return nil
    }

    private func terms<Records: OptionRecords & TracedRecords & ~Copyable>(
        _: Records.Type, _ bronze: PartitionAddress
    ) throws -> [UInt32: OptionInstrument] {
        var terms: [UInt32: OptionInstrument] = [:]
        var reader = try reader(bronze)
        var records = Records()
        while try reader.next(into: &records, columns: Records.tracedColumns + Records.termColumns) {
            records.appendTerms(to: &terms)
        }
        return terms
    }

    private func underlying(of silver: Manifest) throws -> [UnderlyingWindow] {
        let anchor = try input("book_snapshot_1s", of: silver)
        return try SilverOptionBook.underlyingWindows(reader(anchor))
    }
}

// MARK: - Rows

extension CellKey.Position {
    fileprivate func matches(price: Int64, relTicks: Int64) -> Bool {
        switch self {
        case .price(let wanted): price == wanted
        case .relTicks(let wanted): relTicks == wanted
        }
    }
}

extension WindowTable where Self: ~Copyable {
    /// The column of window_end_ts_ns alone.
    fileprivate static var windowColumns: [Int] {
        [shape.columns.firstIndex { $0.name == BookSnapshot1s.Columns.windowEndTsNs.name }!]
    }
}

extension BookSnapshot1s: WindowTable {
    borrowing func windowEnd(_ row: Int) -> Int64 { windowEndTsNs[row] }
    var windowRows: Int { windowEndTsNs.count }
}

extension OptionBookSnapshot1s: WindowTable {
    borrowing func windowEnd(_ row: Int) -> Int64 { windowEndTsNs[row] }
    var windowRows: Int { windowEndTsNs.count }
}

extension Forecast1s: WindowTable {
    borrowing func windowEnd(_ row: Int) -> Int64 { windowEndTsNs[row] }
    var windowRows: Int { windowEndTsNs.count }
}

extension BookQuality1s: WindowTable {
    borrowing func windowEnd(_ row: Int) -> Int64 { windowEndTsNs[row] }
    var windowRows: Int { windowEndTsNs.count }

    /// The counters of a row.
    fileprivate borrowing func counters(_ row: Int) -> QualityCounters {
        var c = QualityCounters()
        c.records = records[row]
        c.lateRecords = lateRecords[row]
        c.duplicateAdds = dupAdd[row]
        c.overCancels = overCancel[row]
        c.unknownCancels = unknownCancel[row]
        c.unknownModifies = unknownModify[row]
        c.unknownFills = unknownFill[row]
        c.aggressorFills = aggressorFill[row]
        c.unmatchedFillQuantity = unmatchedFillQty[row]
        c.badSide = badSide[row]
        c.badOrder = badOrder[row]
        c.lockedEvents = lockedEvents[row]
        c.crossedEvents = crossedEvents[row]
        c.clearedQuantity = clearedQty[row]
        return c
    }
}

extension DepthAndFlow1s {
    fileprivate static let explainedColumns = [
        Columns.windowEndTsNs, .side, .priceInt, .relTicks, .depthQtyStart, .depthQtyEnd, .addQty, .pullQtyTotal,
        .pullQtyRest, .fillQty,
    ].map(\.rawValue)

    fileprivate borrowing func `is`(_ row: Int, _ side: UInt8, _ position: CellKey.Position) -> Bool {
        self.side.values[row] == side && position.matches(price: priceInt[row], relTicks: Int64(relTicks[row]))
    }

    fileprivate borrowing func sums(_ row: Int) -> FlowSums {
        FlowSums(
            depthStart: depthQtyStart[row], depthEnd: depthQtyEnd[row], added: addQty[row], pulled: pullQtyTotal[row],
            pulledAtRest: pullQtyRest[row], filled: fillQty[row])
    }
}

extension OptionDepthAndFlow1s {
    fileprivate static let explainedColumns = [
        Columns.windowEndTsNs, .right, .side, .strikePriceInt, .relTicks, .depthQtyStart, .depthQtyEnd, .addQty,
        .pullQtyTotal, .pullQtyRest, .fillQty, .windowValid,
    ].map(\.rawValue)

    fileprivate borrowing func `is`(
        _ row: Int, _ right: UInt8, _ side: UInt8, _ position: CellKey.Position
    ) -> Bool {
        self.right.values[row] == right && self.side.values[row] == side
            && position.matches(price: strikePriceInt[row], relTicks: Int64(relTicks[row]))
    }

    fileprivate borrowing func sums(_ row: Int) -> FlowSums {
        FlowSums(
            depthStart: depthQtyStart[row], depthEnd: depthQtyEnd[row], added: addQty[row], pulled: pullQtyTotal[row],
            pulledAtRest: pullQtyRest[row], filled: fillQty[row])
    }
}

extension PhysicsSurface1s {
    fileprivate static let explainedColumns = [
        Columns.windowEndTsNs, .spotRefPriceInt, .relTicks, .side, .uEma2, .uEma8, .uEma32, .uEma128,
    ].map(\.rawValue)
}

extension OptionPhysicsSurface1s {
    fileprivate static let explainedColumns = [
        Columns.windowEndTsNs, .strikePriceInt, .relTicks, .right, .side, .uOptEma2, .uOptEma8, .uOptEma32, .uOptEma128,
    ].map(\.rawValue)
}
