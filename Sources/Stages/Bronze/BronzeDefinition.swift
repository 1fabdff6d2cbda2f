import CivilTime
import Columnar
import Contracts
import DBN
import Lake
import Tables

/// Raw definition records become bronze.<product>.definition: those whose asset, underlying or raw symbol belongs
/// to the root or ticker, in file order.
///
/// Source: spec/book.md 3.8.
public struct BronzeDefinition: Stage {
    public static let name = "bronze_definition"
    public static let combinesSymbols = true

    public init() {}

    public func plan(_ request: StageRequest, in site: StageSite) throws -> StagePlan {
        try planOfWholeFiles(request, schema: .definition, table: "definition", in: site)
    }

    public func run(_ task: StageTask, in context: StageContext) throws -> [StagedPartition] {
        let families = try FamilyTable<Tables.Definition>.wanted(by: task, in: context)
        let feed = try RawFeed(
            context.rawFiles(of: task), schema: .definition, allowsTruncated: context.allowsTruncated)
        let isTruncated = try feed.read(open: { _ in }) { block, position in
            var index = 0
            try block.forEach { (rtype, offset, _) in
                defer { index += 1 }
                guard rtype == RecordType.definition, index >= position.repeats else { return }
                let definition = try block.definition(at: offset)
                for family in families
                where family.asked.concerns(definition.asset) || family.asked.concerns(definition.rawSymbol)
                    || family.asked.concerns(definition.underlying)
                {
                    try family.table.append(
                        definition, block, offset, ordinal: Int64(position.firstOrdinal + index))
                }
            }
            for family in families { try family.flush() }
            try context.advance(block.count)
        }
        return try families.map { try $0.finish(isTruncated: isTruncated) }
    }
}

/// Raw statistics records become bronze.<product>.statistics. Which options belong to a root or ticker, only their
/// definitions tell.
///
/// Source: spec/book.md 3.8.
public struct BronzeStatistics: Stage {
    public static let name = "bronze_statistics"
    public static let combinesSymbols = true

    public init() {}

    public func plan(_ request: StageRequest, in site: StageSite) throws -> StagePlan {
        try planOfWholeFiles(request, schema: .statistics, table: "statistics", in: site)
    }

    public func run(_ task: StageTask, in context: StageContext) throws -> [StagedPartition] {
        let families = try FamilyTable<Statistics>.wanted(by: task, in: context)
        let options = try families.map { try instruments(of: $0.asked.family, task, context) }
        var symbology: Symbology?
        let feed = try RawFeed(
            context.rawFiles(of: task), schema: .statistics, allowsTruncated: context.allowsTruncated)
        let isTruncated = try feed.read(open: { symbology = $0.symbology }) { block, position in
            var index = 0
            try block.forEach { (rtype, offset, _) in
                defer { index += 1 }
                guard rtype == RecordType.statistics, index >= position.repeats else { return }
                let statistic = try block.statistic(at: offset)
                guard let symbol = symbology?.symbol(of: statistic.instrumentID, on: task.date) else {
                    throw block.fieldError(
                        at: offset,
                        expected: "an instrument with a symbol on \(task.date) in the file's symbology",
                        found: "instrument \(statistic.instrumentID)")
                }
                for (family, own) in zip(families, options)
                where family.asked.concerns(symbol) || own.contains(statistic.instrumentID) {
                    try family.table.append(
                        statistic, symbol, block, offset, ordinal: Int64(position.firstOrdinal + index))
                }
            }
            for family in families { try family.flush() }
            try context.advance(block.count)
        }
        return try families.map { try $0.finish(isTruncated: isTruncated) }
    }

    /// The instruments of a family's definitions, where they are among the inputs.
    private func instruments(
        of family: String, _ task: StageTask, _ context: StageContext
    ) throws -> Set<UInt32> {
        guard let definition = task.inputPartitions.first(where: { $0.address.symbol == family }) else { return [] }
        var found: Set<UInt32> = []
        var table = Tables.Definition()
        var reader = try context.reader(definition.address, of: task)
        while try reader.next(into: &table, columns: [Tables.Definition.Columns.instrumentId.rawValue]) {
            for row in 0..<table.instrumentId.count {
                found.insert(UInt32(truncatingIfNeeded: table.instrumentId[row]))
            }
        }
        return found
    }
}

/// The rows of one root or ticker, of a file that holds many.
private final class FamilyTable<Rows: Table & ~Copyable> {
    let asked: SymbolRequest
    var table = Rows()
    private var writer: PartitionWriter?
    private var rows = 0

    private init(_ asked: SymbolRequest, _ writer: consuming PartitionWriter) {
        self.asked = asked
        self.writer = consume writer
    }

    /// One for each output that is to be made.
    static func wanted(by task: StageTask, in context: StageContext) throws -> [FamilyTable] {
        try task.outputs.filter { context.wanted[$0] != nil }.map {
            FamilyTable(try SymbolRequest($0.symbol, of: task.product), try context.writer($0, of: task))
        }
    }

    func flush() throws {
        guard table.count > 0 else { return }
        rows += table.count
        try table.withViews { try writer!.write($0) }
        table.removeAll()
    }

    func finish(isTruncated: Bool) throws -> StagedPartition {
        try writer.take()!.finish(dayState: rows == 0 ? .noEvents : .events, isTruncated: isTruncated)
    }
}

/// Definitions and statistics partition by root or ticker, and a lake may do without them.
private func planOfWholeFiles(
    _ request: StageRequest, schema: Schema, table: String, in site: StageSite
) throws -> StagePlan {
    let asked = try SymbolRequest(request.symbol, of: request.product)
    let definition = try site.definition(read: request, family: asked.family)
    let days = try site.rawDays(schema, request.date).filter { !$0.files.isEmpty }
    guard !days.isEmpty else { return .nothing("there is no raw \(schema.name) file of \(request.date)") }
    // Of options only definitions tell whose they are, and faulty ones are for the stage that needs their terms.
    let isOnlyOne = days.count == 1 && asked.product.isOption
    let holding = try days.filter { day in
        if isOnlyOne { return true }
        if let dataset = definition?.rawDataset { return day.location.dataset == dataset }
        return try site.holds(asked, day)
    }
    guard let day = holding.first else {
        return .nothing("no raw \(schema.name) file of \(request.date) speaks of \(asked.family)")
    }
    guard holding.count == 1 else {
        throw StageError.configuration(
            "raw \(schema.name) files of \(request.date) that speak of \(asked.family) are of several datasets: "
                + holding.map(\.location.dataset).sorted().joined(separator: ", "))
    }
    return .task(
        StageTask(
            request, symbol: asked.family, inputs: day.files.map(\.input) + (definition.map { [$0.input] } ?? []),
            defaults: request.parameters, outputs: [try request.output(table, asked.family)]))
}

extension StageSite {
    /// The definitions of a family as an input, with the vendor dataset they came from.
    struct DefinitionInput {
        let address: PartitionAddress
        let input: Input
        /// Nil where they are not there.
        let rawDataset: String?
    }

    /// The definitions that a request's stage reads, there or not; nil when it reads none.
    func definition(read request: StageRequest, family: String) throws -> DefinitionInput? {
        for read in request.declaration.reads(for: request.product) {
            guard case .table(let template) = read.source, template.table == "definition" else { continue }
            let address = try PartitionAddress(
                template.dataset(for: request.product), symbol: family, date: request.date)
            let status = try lake.status(of: address)
            if case .corrupt(let reason) = status.state, !pending.contains(address) {
                throw StageError.corruptInput("\(address): \(reason)")
            }
            return DefinitionInput(
                address: address, input: .partition(address, manifest: status.inputIdentity),
                rawDataset: status.manifest?.provenance.inputs.lazy.compactMap { input in
                    if case .raw(let path, _) = input { RawLocation(pathOfFile: path)?.dataset } else { nil }
                }.first)
        }
        return nil
    }

    /// Whether files of a dataset speak of what is asked: by their symbology, and of options, whose symbols say
    /// nothing, by their definitions.
    fileprivate func holds(_ asked: SymbolRequest, _ day: RawDay) throws -> Bool {
        for raw in day.files {
            var options = DBNFile.Options()
            options.usesThread = false
            var file = try DBNFile(path: lake.path(raw.path), options: options)
            guard asked.product.isOption else {
                if file.symbology.instruments(on: day.location.date).contains(where: { asked.concerns($0.symbol) }) {
                    return true
                }
                continue
            }
            while try file.nextBlock() {
                let block = file.block
                var found = false
                try block.forEach { (rtype, offset, _) in
                    guard rtype == RecordType.definition, !found else { return }
                    let definition = try block.definition(at: offset)
                    found =
                        OptionTerms.isOption(definition.instrumentClass)
                        && asked.partition(ofOptionOn: definition.underlying) != nil
                }
                if found { return true }
            }
        }
        return false
    }
}

extension Tables.Definition {
    fileprivate mutating func append(
        _ definition: DBN.Definition, _ block: borrowing RecordBlock, _ offset: Int, ordinal: Int64
    ) throws(DBNError) {
        append(
            Row(
                ordinal: ordinal,
                tsRecv: try block.instant(definition.tsRecv, Columns.tsRecv.name, at: offset),
                tsEvent: try block.instant(definition.tsEvent, Columns.tsEvent.name, at: offset),
                publisherId: Int32(definition.publisherID),
                instrumentId: Int64(definition.instrumentID),
                rawSymbol: definition.rawSymbol,
                securityUpdateAction: text(definition.securityUpdateAction),
                instrumentClass: text(definition.instrumentClass),
                securityType: definition.securityType,
                asset: definition.asset,
                exchange: definition.exchange,
                currency: definition.currency,
                underlyingId: Int64(definition.underlyingID),
                underlying: definition.underlying,
                activation: try block.instant(definition.activation, Columns.activation.name, at: offset),
                expiration: try block.instant(definition.expiration, Columns.expiration.name, at: offset),
                strikePriceInt: price(definition.strikePrice),
                minPriceIncrementInt: price(definition.minPriceIncrement)))
    }
}

extension Statistics {
    fileprivate mutating func append(
        _ statistic: Statistic, _ symbol: String, _ block: borrowing RecordBlock, _ offset: Int,
        ordinal: Int64
    ) throws(DBNError) {
        append(
            Row(
                ordinal: ordinal,
                tsRecv: try block.instant(statistic.tsRecv, Columns.tsRecv.name, at: offset),
                tsEvent: try block.instant(statistic.tsEvent, Columns.tsEvent.name, at: offset),
                tsRef: try block.instant(statistic.tsRef, Columns.tsRef.name, at: offset),
                publisherId: Int32(statistic.publisherID),
                instrumentId: Int64(statistic.instrumentID),
                rawSymbol: symbol,
                channelId: Int32(statistic.channelID),
                sequence: Int64(statistic.sequence),
                tsInDelta: statistic.tsInDelta,
                statType: Int32(statistic.statType),
                updateAction: Int32(statistic.updateAction),
                statFlags: Int32(statistic.statFlags),
                priceInt: price(statistic.price),
                quantity: statistic.quantity == Undefined.quantity ? nil : statistic.quantity))
    }
}

private func price(_ value: Int64) -> Int64? {
    value == Undefined.price ? nil : value
}

/// A code letter as text; empty where the file has a zero byte.
private func text(_ byte: UInt8) -> String {
    byte == 0 ? "" : String(UnicodeScalar(byte))
}
