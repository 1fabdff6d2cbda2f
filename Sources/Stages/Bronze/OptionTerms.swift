import CivilTime
import DBN
import Lake
import Tables

/// What the definition of an option says that its records do not.
struct OptionTerms {
    /// The partition it belongs to: underlying contract or ticker.
    let partition: String
    let underlying: String
    /// C or P as position in the contracts' symbol list.
    let right: UInt8
    /// price_1e-9
    let strikePrice: Int64
    /// ns UTC
    let expiration: Int64

    /// Whether an instrument class is that of an option.
    static func isOption(_ instrumentClass: UInt8) -> Bool {
        instrumentClass == UInt8(ascii: "C") || instrumentClass == UInt8(ascii: "P")
    }
}

/// The options of a request that expire on the date, by instrument: of each the last definition by (ts_event,
/// ordinal), taken whole.
///
/// Source: spec/book.md 3.4.
struct OptionChain {
    private(set) var options: [UInt32: OptionTerms] = [:]

    /// The underlyings that have such options, ascending.
    var partitions: [String] {
        Set(options.values.map(\.partition)).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private struct Listing {
        let event: Int64
        let instrumentClass: String
        let symbol: String
        let underlying: String
        let strike: Int64?
        let expiration: Int64?
    }

    /// - Throws: `corruptInput` for an option without underlying, strike or expiration.
    init(
        _ reader: inout PartitionReader, _ address: PartitionAddress, _ asked: [SymbolRequest],
        on date: CivilDate
    ) throws {
        var last: [UInt32: Listing] = [:]
        var table = Tables.Definition()
        while try reader.next(into: &table) {
            for row in 0..<table.count {
                let id = UInt32(truncatingIfNeeded: table.instrumentId[row])
                let event = table.tsEvent[row] ?? Int64.min
                if let known = last[id], known.event > event { continue }
                last[id] = Listing(
                    event: event, instrumentClass: table.instrumentClass[row], symbol: table.rawSymbol[row],
                    underlying: table.underlying[row], strike: table.strikePriceInt[row],
                    expiration: table.expiration[row])
            }
        }
        for id in last.keys.sorted() {
            let listing = last[id]!
            guard listing.instrumentClass == "C" || listing.instrumentClass == "P" else { continue }
            func missing(_ what: String) -> StageError {
                .corruptInput(
                    "\(address): the definition of option \(listing.symbol) (instrument \(id)) has no \(what)"
                )
            }
            let partition = asked.lazy.compactMap { $0.partition(ofOptionOn: listing.underlying) }.first
            if partition == nil, !listing.underlying.isEmpty { continue }
            guard let expiration = listing.expiration else { throw missing(Tables.Definition.Columns.expiration.name) }
            guard NewYork.date(ofUTC: expiration) == date else { continue }
            guard let partition else { throw missing(Tables.Definition.Columns.underlying.name) }
            guard let strike = listing.strike else { throw missing("strike") }
            options[id] = OptionTerms(
                partition: partition, underlying: listing.underlying,
                right: listing.instrumentClass == "C" ? 0 : 1,
                strikePrice: strike, expiration: expiration)
        }
    }
}

extension StageSite {
    /// The task that makes a bronze table of options: raw files of the schema that are of the same vendor dataset as
    /// the definitions, since instrument ids are the dataset's own.
    func planOfOptions(_ request: StageRequest, _ schema: Schema, table: String) throws -> StagePlan {
        let asked = try SymbolRequest(request.symbol, of: request.product)
        if let marked = try dayWithoutData(schema, request.date) {
            return .task(
                StageTask(
                    request, symbol: request.symbol, inputs: marked.inputs, defaults: request.parameters,
                    outputs: [try request.output(table, asked.single ?? asked.family)], isWithoutData: true))
        }
        let days = try rawDays(schema, request.date).filter { !$0.files.isEmpty }
        guard !days.isEmpty else {
            throw StageError.missingInput(
                "there is no raw \(schema.name) file of \(request.date): tarn raw add FILE…")
        }
        guard let definition = try definition(read: request, family: asked.family) else {
            preconditionFailure("the registry: stage \(request.declaration.name) reads definitions")
        }
        guard let dataset = definition.rawDataset else {
            guard pending.contains(definition.address) else {
                throw StageError.missingInput(
                    "\(definition.address) is missing, and only definitions tell the options of \(asked.family): "
                        + "tarn raw add their definition file, then run --layer bronze")
            }
            guard let single = asked.single else {
                throw StageError.undecided(
                    "which underlyings of \(asked.family) have options on \(request.date)")
            }
            return .task(
                StageTask(
                    request, symbol: request.symbol, inputs: [definition.input], defaults: request.parameters,
                    outputs: [try request.output(table, single)]))
        }
        guard let day = days.first(where: { $0.location.dataset == dataset }) else {
            throw StageError.missingInput(
                "there is no raw \(schema.name) file of \(dataset) on \(request.date), where the definitions of "
                    + "\(asked.family) come from: tarn raw add FILE…")
        }
        var partitions = asked.single.map { [$0] } ?? []
        if asked.single == nil {
            let writer = registry.writer(of: definition.address.dataset)!
            var reader = try PartitionReader(
                lake, definition.address, contract: contract(definition.address.dataset, of: writer))
            partitions = try OptionChain(&reader, definition.address, [asked], on: request.date).partitions
        }
        guard !partitions.isEmpty else {
            return .nothing("no option of \(asked.family) expires on \(request.date)")
        }
        return .task(
            StageTask(
                request, symbol: request.symbol, inputs: day.inputs + [definition.input],
                defaults: request.parameters, outputs: try partitions.map { try request.output(table, $0) }))
    }
}

extension StageTask {
    /// The options whose records the task keeps, by the definitions of each family; none on a day without data.
    private func options(of symbols: [String], in context: StageContext) throws -> [UInt32: OptionTerms] {
        let asked = try symbols.map { symbol in try SymbolRequest(symbol, of: product) }
        var options: [UInt32: OptionTerms] = [:]
        for definition in inputPartitions {
            let own = asked.filter { $0.family == definition.address.symbol }
            guard !own.isEmpty else { continue }
            var reader = try context.reader(definition.address, of: self)
            let chain = try OptionChain(&reader, definition.address, own, on: date)
            options.merge(chain.options) { first, _ in first }
        }
        return options
    }

    /// Decodes option records into one partition for each wanted underlying.
    func decodeOptions<Rows: BronzeRows & ~Copyable>(
        _ schema: Schema, type: UInt8, in context: StageContext, rows: (OptionSymbols) -> Rows
    ) throws -> [StagedPartition] {
        let wanted = outputs.filter { context.wanted[$0] != nil }
        let options = try options(of: wanted.map(\.symbol), in: context)
        let symbols = OptionSymbols(options)
        let partitions = try wanted.map {
            try BronzePartition(writer: context.writer($0, of: self), symbol: $0.symbol, rows: rows(symbols))
        }
        let slots = Dictionary(uniqueKeysWithValues: partitions.enumerated().map { ($1.symbol, $0) })
        return try decode(schema, type: type, in: context, into: partitions) { id, symbol in
            guard let terms = options[id], let slot = slots[terms.partition] else { return nil }
            symbols.name(id, symbol)
            return slot
        }
    }
}

/// Terms and symbol of each option, by instrument; the symbol is that of the file being read.
final class OptionSymbols {
    private let options: [UInt32: OptionTerms]
    private var symbols: [UInt32: String] = [:]
    private var last: (id: UInt32, terms: OptionTerms, symbol: String)?

    init(_ options: [UInt32: OptionTerms]) {
        self.options = options
    }

    func name(_ id: UInt32, _ symbol: String) {
        symbols[id] = symbol
        last = nil
    }

    /// - Precondition: the instrument was named, as all are whose records are kept.
    func find(_ id: UInt32) -> (id: UInt32, terms: OptionTerms, symbol: String) {
        if let last, last.id == id { return last }
        let found = (id: id, terms: options[id]!, symbol: symbols[id]!)
        last = found
        return found
    }
}
