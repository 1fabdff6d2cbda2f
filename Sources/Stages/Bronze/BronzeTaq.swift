import CSV
import CivilTime
import DBN
import Lake
import Tables

/// Raw trades and quotes become bronze.<product>.trades and quotes: from the vendor's files in any schema that tells
/// them, or from CSV. Files are read once for all symbols of a task.
///
/// Source: spec/recorder.md 3.7.
public struct BronzeTaq: Stage {
    public static let name = "bronze_ingest_taq"
    public static let combinesSymbols = true

    public init() {}

    public func plan(_ request: StageRequest, in site: StageSite) throws -> StagePlan {
        let outputs = try ["trades", "quotes"].map { try request.output($0, request.symbol) }
        if let marks = try site.dayWithoutTrades(request.date) {
            return .task(
                StageTask(
                    request, symbol: request.symbol, inputs: marks, defaults: request.parameters, outputs: outputs,
                    isWithoutData: true))
        }
        let selection = try TaqSelection(request, in: site)
        return .task(
            StageTask(
                request, symbol: request.symbol, inputs: selection.inputs, defaults: request.parameters,
                outputs: outputs))
    }

    public func run(_ task: StageTask, in context: StageContext) throws -> [StagedPartition] {
        let symbols = Set(task.outputs.filter { context.wanted[$0] != nil }.map(\.symbol))
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        if task.isWithoutData {
            var output = TaqOutput(
                task, context, symbols: symbols, texts: [""], view: nil, repeats: symbols.map { _ in 0 },
                isTruncated: false)
            return try output.finish()
        }
        let files = try TaqInputs(task, context)
        return try files.isCSV
            ? readCSV(files, symbols, task, context) : readRecords(files, symbols, task, context)
    }

    // MARK: DBN

    private func readRecords(
        _ files: TaqInputs, _ symbols: [String], _ task: StageTask, _ context: StageContext
    ) throws -> [StagedPartition] {
        let slots = Dictionary(uniqueKeysWithValues: symbols.enumerated().map { ($1, $0) })
        var sorter = TaqSorter(context.run)
        let view: TaqSchema.View
        let repeats: [Int]
        let isTruncated: Bool
        func feed(_ kind: TaqSchema) throws -> TaqFeed {
            try TaqFeed(
                files.paths(of: kind.schema.name), kind, on: task.date, slots: slots,
                allowsTruncated: context.allowsTruncated)
        }
        let book = TaqSchema.ofQuotes.first { files.has($0.schema.name) }
        if let book, files.has(TaqSchema.trades.schema.name) {
            var merge = TaqMerge(book: try feed(book), trades: try feed(.trades))
            try merge.drain {
                if $0.slot >= 0 { try sorter.append($0) }
            } progress: {
                try context.advance($0)
            }
            view = book.view
            repeats = symbols.indices.map { merge.repeats(of: $0) }
            isTruncated = merge.wasTruncated
        } else {
            var feed = try feed(book ?? .trades)
            while try feed.next() {
                for event in feed.events where event.slot >= 0 { try sorter.append(event) }
                try context.advance(feed.events.count)
            }
            view = (book ?? .trades).view
            repeats = feed.repeats
            isTruncated = feed.wasTruncated
        }
        var output = TaqOutput(
            task, context, symbols: symbols, texts: ["", files.dataset], view: view, repeats: repeats,
            isTruncated: isTruncated)
        try sorter.drain { try output.append($0) }
        return try output.finish()
    }

    // MARK: CSV

    private func readCSV(
        _ files: TaqInputs, _ symbols: [String], _ task: StageTask, _ context: StageContext
    ) throws -> [StagedPartition] {
        var sorter = TaqSorter(context.run)
        var rows = TaqRows(symbols, task.date)
        for kind in TaqFile.Kind.allCases {
            rows.beginTable()
            for file in files.files(of: kind.rawValue) {
                try rows.read(file, kind, context, into: &sorter)
            }
        }
        try rows.checkPresence(task)
        var output = TaqOutput(
            task, context, symbols: symbols, texts: rows.texts.texts, view: nil,
            repeats: symbols.map { _ in 0 }, isTruncated: rows.wasTruncated)
        try sorter.drain { try output.append($0) }
        return try output.finish()
    }
}

/// The raw files of a task, by schema, checked against their recorded hashes.
private struct TaqInputs {
    struct Item {
        let location: RawLocation
        /// Absolute.
        let path: String
    }

    private var items: [String: [Item]] = [:]
    /// The vendor's dataset; of CSV files that of the first one.
    let dataset: String
    let isCSV: Bool

    init(_ task: StageTask, _ context: StageContext) throws {
        var first: RawLocation?
        let locations = task.inputs.compactMap { input in
            if case .raw(let path, _) = input { RawLocation(pathOfFile: path) } else { nil }
        }
        for (location, path) in zip(locations, try context.rawFiles(of: task)) {
            items[location.schema, default: []].append(Item(location: location, path: path))
            first = first ?? location
        }
        guard let first else { preconditionFailure("a task with data has files") }
        dataset = first.dataset
        isCSV = first.source == .csv
    }

    func has(_ schema: String) -> Bool { items[schema] != nil }

    func paths(of schema: String) -> [String] { items[schema, default: []].map(\.path) }

    /// In ascending order of their names.
    func files(of schema: String) -> [Item] {
        func name(_ item: Item) -> Substring { item.path.split(separator: "/").last ?? "" }
        return items[schema, default: []].sorted {
            ($0.location.dataset == $1.location.dataset || name($0) != name($1))
                ? name($0).utf8.lexicographicallyPrecedes(name($1).utf8)
                : $0.path.utf8.lexicographicallyPrecedes($1.path.utf8)
        }
    }
}

/// The rows of CSV files as events.
private struct TaqRows {
    private(set) var texts = TextPool()
    private(set) var wasTruncated = false
    private let symbols: [String]
    private let date: CivilDate
    private let slots: [[UInt8]: Int32]
    /// Rows of the table so far, all files and symbols.
    private var row: Int64 = 0
    /// Symbols that a file has or is filed under.
    private var present: Set<Int32> = []
    /// Some of the symbols that nobody asked for.
    private var others: Set<[UInt8]> = []

    init(_ symbols: [String], _ date: CivilDate) {
        self.symbols = symbols
        self.date = date
        slots = Dictionary(uniqueKeysWithValues: symbols.enumerated().map { (Array($1.utf8), Int32($0)) })
    }

    mutating func beginTable() { row = 0 }

    /// - Throws: `CSVError`.
    mutating func read(
        _ item: TaqInputs.Item, _ kind: TaqFile.Kind, _ context: StageContext, into sorter: inout TaqSorter
    ) throws {
        var reader = try CSVReader(path: item.path, allowsTruncated: context.allowsTruncated)
        let file = try TaqFile(reader)
        guard file.kind == kind else {
            throw reader.error(.header, "expected a \(kind.rawValue) file, found one of \(file.kind.rawValue)")
        }
        let filedUnder = slots[Array(item.location.dataset.utf8)]
        if let filedUnder { present.insert(filedUnder) }
        guard file.hasSymbol || filedUnder != nil else {
            throw reader.error(
                .header, "no column symbol, and the file is filed under \(item.location.dataset), not under a symbol")
        }
        // Rows of a symbol or date come in runs.
        var lastSymbol: [UInt8] = []
        var lastSlot: Int32?
        var lastDate: [UInt8] = []
        var isWantedDate = false
        var pending = 0
        while try reader.next() {
            pending += 1
            if pending == 1 << 14 {
                try context.advance(pending)
                pending = 0
            }
            defer { row += 1 }
            var slot = filedUnder
            if let column = file.symbol {
                if lastSymbol.isEmpty || !reader.holds(column, lastSymbol) {
                    lastSymbol = Array(reader.bytes(column))
                    guard !lastSymbol.isEmpty else { throw reader.error(column: column, expected: "a symbol") }
                    lastSlot = slots[lastSymbol]
                    if lastSlot == nil, others.count < 100 { others.insert(lastSymbol) }
                }
                slot = lastSlot
            }
            if let column = file.date {
                if lastDate.isEmpty || !reader.holds(column, lastDate) {
                    isWantedDate = try file.date(reader) == date
                    lastDate = Array(reader.bytes(column))
                }
                if !isWantedDate { continue }
            }
            guard let slot else { continue }
            present.insert(slot)
            var event = try file.event(reader, row: row, &texts)
            event.slot = slot
            try sorter.append(event)
        }
        try context.advance(pending)
        wasTruncated = wasTruncated || reader.wasTruncated
    }

    /// - Throws: `missingInput` for a symbol that no file knows.
    func checkPresence(_ task: StageTask) throws(StageError) {
        guard let absent = symbols.indices.first(where: { !present.contains(Int32($0)) }) else { return }
        let known = others.map { String(decoding: $0, as: UTF8.self) } + present.map { symbols[Int($0)] }
        throw .missingInput(
            "no CSV file of \(task.date) knows \(symbols[absent]); they know "
                + (known.isEmpty ? "no symbol" : known.sorted().prefix(8).joined(separator: ", "))
                + (known.count > 8 ? " and more" : ""))
    }
}
