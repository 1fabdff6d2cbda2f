import CivilTime
import DBN
import JSON
import Terminal

/// What a DBN file holds: its header, its symbols, counts, and the first records.
struct DBNReport {
    let path: String
    let metadata: Metadata
    private let symbology: Symbology
    private(set) var records = 0
    /// Records by name of their layout.
    private(set) var countsByType: [String: Int] = [:]
    private(set) var instruments: [UInt32: Instrument] = [:]
    private(set) var first: [RecordFields] = []
    /// Why reading stopped before the end.
    private(set) var damage: DBNError?

    struct Instrument {
        var records = 0
        /// Of `ts_event`, the only time that all record types have; nanoseconds since 1970-01-01 UTC.
        var earliest = UInt64.max
        var latest = UInt64.min
    }

    /// Reads the whole file.
    ///
    /// - Parameter rows: how many records to keep.
    init(path: String, rows: Int) throws(DBNError) {
        self.path = path
        var options = DBNFile.Options()
        options.allowTruncated = false
        var file = try DBNFile(path: path, options: options)
        metadata = file.metadata
        symbology = file.symbology
        do throws(DBNError) {
            while try file.nextBlock() { count(file.block, rows: rows) }
        } catch {
            damage = error
        }
    }

    private mutating func count(_ block: RecordBlock, rows: Int) {
        // Runs of one type and instrument are the rule, so the tables are looked up once a run.
        var run: (rtype: UInt8, length: Int, id: UInt32, tally: Instrument)?
        block.forEach { rtype, offset, length in
            if first.count < rows { first.append(RecordFields(block, at: offset, length: length)) }
            let header = block.header(at: offset)
            if run == nil || run!.rtype != rtype || run!.id != header.instrumentID || run!.length != length {
                close(run, block.sendTimeBytes)
                run = (rtype, length, header.instrumentID, instruments[header.instrumentID] ?? Instrument())
                typeRun = run!.tally.records
            }
            run!.tally.records += 1
            if header.tsEvent != Undefined.timestamp {
                run!.tally.earliest = min(run!.tally.earliest, header.tsEvent)
                run!.tally.latest = max(run!.tally.latest, header.tsEvent)
            }
        }
        close(run, block.sendTimeBytes)
        records += block.count
    }

    /// The instrument's count where the present run began.
    private var typeRun = 0

    private mutating func close(
        _ run: (rtype: UInt8, length: Int, id: UInt32, tally: Instrument)?, _ sendTime: Int
    ) {
        guard let run else { return }
        instruments[run.id] = run.tally
        let name =
            RecordLayout.of(rtype: run.rtype, bytes: run.length - sendTime)?.name ?? "type \(run.rtype)"
        countsByType[name, default: 0] += run.tally.records - typeRun
    }
}

// MARK: - Symbols

extension DBNReport {
    /// The symbol of an instrument on the date of its first record.
    func symbol(of id: UInt32) -> String? {
        let instant = instruments[id].map(\.earliest) ?? metadata.start
        let dates = [instant, metadata.start].compactMap { Int64(exactly: $0) }.map(
            CivilDate.init(utcNanoseconds:))
        return dates.lazy.compactMap { symbology.symbol(of: id, on: $0) }.first
    }

    private var sortedInstruments: [(id: UInt32, tally: Instrument)] {
        instruments.map { ($0.key, $0.value) }.sorted {
            ($1.tally.records, $0.id) < ($0.tally.records, $1.id)
        }
    }
}

// MARK: - For people

extension DBNReport {
    /// Columns of the first records that people look for, of all record types.
    private static let shown = [
        "ts_recv", "ts_event", "instrument_id", "raw_symbol", "instrument_class", "expiration",
        "strike_price",
        "min_price_increment", "action", "side", "depth", "stat_type", "price", "size", "quantity", "open",
        "high",
        "low", "close", "volume", "order_id", "flags", "sequence",
    ]
    /// Instruments listed before the rest is counted only.
    private static let listed = 20

    func show(on console: Console) {
        let range =
            utcText(clamped(metadata.start)) + " – " + (metadata.end.map { utcText(clamped($0)) } ?? "open")
        var facts = TextTable([.text("file"), .text(path)])
        facts.add(["format", "DBN version \(metadata.version)"])
        facts.add(["dataset", .init(metadata.dataset)])
        facts.add(["schema", .init(metadata.schema?.name ?? "several")])
        facts.add(["range", .init(range)])
        facts.add(["symbols", .init(symbolsText)])
        facts.add(["records", .init(Human.count(records))])
        for (type, count) in countsByType.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
            facts.add(["", .init("\(Human.count(count)) \(type)")])
        }
        console.result(facts)
        if !instruments.isEmpty {
            console.result()
            showInstruments(on: console)
        }
        if !first.isEmpty {
            console.result()
            showFirst(on: console)
        }
    }

    private var symbolsText: String {
        let kind = "\(metadata.stypeIn?.name ?? "mixed") → \(metadata.stypeOut.name)"
        var text = "\(Human.plural(metadata.symbols.count, "symbol")), \(kind)"
        if !metadata.partial.isEmpty { text += ", \(metadata.partial.count) partly resolved" }
        if !metadata.notFound.isEmpty { text += ", \(metadata.notFound.count) not found" }
        return text
    }

    private func showInstruments(on console: Console) {
        var table = TextTable([
            .number("instrument").dispensable(), .text("symbol"), .number("records"), .text("first ts_event"),
            .text("last ts_event"),
        ])
        let sorted = sortedInstruments
        for (id, tally) in sorted.prefix(DBNReport.listed) {
            table.add([
                "\(id)", .init(symbol(of: id) ?? "–"), .init(Human.count(tally.records)),
                .init(tally.earliest <= tally.latest ? utcText(clamped(tally.earliest)) : "–"),
                .init(tally.earliest <= tally.latest ? utcText(clamped(tally.latest)) : "–"),
            ])
        }
        console.result(table)
        if sorted.count > DBNReport.listed {
            console.result("… and \(Human.plural(sorted.count - DBNReport.listed, "instrument")) more")
        }
    }

    private func showFirst(on console: Console) {
        let names = DBNReport.shown.filter { name in first.contains { $0[name] != nil } }
        var table = TextTable(
            [.text("record").dispensable()]
                + names.enumerated().map { place, name in
                    let column: TextTable.Column = ["action", "side"].contains(name) ? .text(name) : .number(name)
                    // When and what is what people look for first.
                    return ["ts_event", "action", "side", "price", "size", "raw_symbol"].contains(name)
                        ? column : column.dispensable(name == "ts_recv" || name == "instrument_id" ? 1 : 2)
                })
        for record in first {
            table.add([.init(record.layout)] + names.map { .init(record[$0]?.text ?? "") })
        }
        console.result(table)
    }

    /// Instants beyond the year 2262 are a broken header's; they are shown as the last one there is.
    private func clamped(_ instant: UInt64) -> Int64 { Int64(clamping: instant) }
}

// MARK: - For machines

extension DBNReport {
    var json: JSONValue {
        func instant(_ value: UInt64?) -> JSONValue {
            value.flatMap { Int64(exactly: $0) }.map(JSONValue.integer) ?? .null
        }
        return [
            "file": .string(path), "format": "dbn", "version": .integer(Int64(metadata.version)),
            "dataset": .string(metadata.dataset), "schema": metadata.schema.map { .string($0.name) } ?? .null,
            "start_ns": instant(metadata.start), "end_ns": instant(metadata.end),
            "stype_in": metadata.stypeIn.map { .string($0.name) } ?? .null,
            "stype_out": .string(metadata.stypeOut.name),
            "symbols": .array(metadata.symbols.map(JSONValue.string)),
            "partial": .array(metadata.partial.map(JSONValue.string)),
            "not_found": .array(metadata.notFound.map(JSONValue.string)),
            "records": .integer(Int64(records)),
            "records_by_type": .object(JSONObject(countsByType.map { ($0.key, .integer(Int64($0.value))) })),
            "instruments": .array(
                sortedInstruments.map { id, tally in
                    [
                        "instrument_id": .integer(Int64(id)),
                        "symbol": symbol(of: id).map(JSONValue.string) ?? .null,
                        "records": .integer(Int64(tally.records)),
                        "first_ts_event": tally.earliest <= tally.latest ? instant(tally.earliest) : .null,
                        "last_ts_event": tally.earliest <= tally.latest ? instant(tally.latest) : .null,
                    ]
                }),
            "first": .array(
                first.map { record in
                    .object(
                        JSONObject(
                            record.fields.map { ($0.name, $0.value.json) } + [
                                ("record", .string(record.layout))
                            ]))
                }),
        ]
    }
}
