import DBN
import Lake
import Tables

/// Raw definition records become bronze.<product>.definition: those whose asset, underlying or raw symbol belongs
/// to the root, in file order.
///
/// Source: spec/book.md 3.8.
public struct BronzeDefinition: Stage {
    public static let name = "bronze_definition"

    public init() {}

    public func plan(_ request: StageRequest, in site: StageSite) throws -> StagePlan {
        try planOfWholeFiles(request, schema: .definition, table: "definition", in: site)
    }

    public func run(_ task: StageTask, in context: StageContext) throws -> [StagedPartition] {
        let asked = try FutureRequest(task.symbol)
        var writer = try context.writer(task.outputs[0], of: task)
        var table = Tables.Definition()
        var rows = 0
        let feed = try RawFeed(
            context.rawFiles(of: task), schema: .definition, allowsTruncated: context.allowsTruncated)
        let isTruncated = try feed.read(open: { _ in }) { block, position in
            var index = 0
            try block.forEach { (rtype, offset, _) in
                defer { index += 1 }
                guard rtype == RecordType.definition, index >= position.repeats else { return }
                let definition = try block.definition(at: offset)
                guard
                    definition.asset == asked.root || asked.concerns(definition.rawSymbol)
                        || asked.concerns(definition.underlying)
                else { return }
                try table.append(definition, block, offset, ordinal: Int64(position.firstOrdinal + index))
            }
            rows += table.count
            try table.withViews { try writer.write($0) }
            table.removeAll()
            try context.advance(block.count)
        }
        return [try writer.finish(dayState: rows == 0 ? .noEvents : .events, isTruncated: isTruncated)]
    }
}

/// Raw statistics records become bronze.<product>.statistics.
///
/// Source: spec/book.md 3.8.
public struct BronzeStatistics: Stage {
    public static let name = "bronze_statistics"

    public init() {}

    public func plan(_ request: StageRequest, in site: StageSite) throws -> StagePlan {
        try planOfWholeFiles(request, schema: .statistics, table: "statistics", in: site)
    }

    public func run(_ task: StageTask, in context: StageContext) throws -> [StagedPartition] {
        let asked = try FutureRequest(task.symbol)
        var writer = try context.writer(task.outputs[0], of: task)
        var table = Statistics()
        var rows = 0
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
                guard asked.concerns(symbol) else { return }
                try table.append(
                    statistic, symbol, block, offset, ordinal: Int64(position.firstOrdinal + index))
            }
            rows += table.count
            try table.withViews { try writer.write($0) }
            table.removeAll()
            try context.advance(block.count)
        }
        return [try writer.finish(dayState: rows == 0 ? .noEvents : .events, isTruncated: isTruncated)]
    }
}

/// Definitions and statistics partition by root, and a lake may do without them.
private func planOfWholeFiles(
    _ request: StageRequest, schema: Schema, table: String, in site: StageSite
) throws -> StagePlan {
    let asked = try FutureRequest(request.symbol)
    let files = try site.rawDays(schema, request.date).flatMap(\.files)
    guard !files.isEmpty else { return .nothing("there is no raw \(schema.name) file of \(request.date)") }
    let datasets = Set(files.map(\.location.dataset)).sorted()
    guard datasets.count == 1 else {
        throw StageError.configuration(
            "raw \(schema.name) files of \(request.date) are of several datasets: \(datasets.joined(separator: ", "))"
        )
    }
    return .task(
        StageTask(
            request, symbol: asked.root, inputs: files.map(\.input),
            defaults: request.declaration.parameters, outputs: [try request.output(table, asked.root)]))
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
