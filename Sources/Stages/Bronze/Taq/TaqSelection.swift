import CSV
import CivilTime
import DBN
import Lake

/// The raw files of one symbol and date that bronze.<product>.trades and quotes are made from.
///
/// Source: spec/recorder.md 3.7.
struct TaqSelection {
    /// In ascending order of their names.
    let files: [RawFile]

    var inputs: [Input] { files.map(\.input) }

    /// Finds the files: of the vendor's schemas those that are used, by their own symbology; or CSV files, which are
    /// filed under their one symbol, or under the product.
    ///
    /// - Returns: nil when the vendor has nothing for the date.
    /// - Throws: `missingInput` when there is no file or none that knows the symbol, or one CSV file without its
    ///   partner; `configuration` when files of two datasets, or CSV and DBN, are there.
    init(_ request: StageRequest, in site: StageSite) throws {
        let symbol = request.symbol
        let date = request.date
        let days = try site.rawDays(on: date)
        let csv = days.filter { $0.location.source == .csv && !$0.files.isEmpty }
            .filter { $0.location.dataset == symbol || $0.location.dataset == request.product }
        var known: Set<String> = []
        var schemas: [String: Set<Schema>] = [:]
        for day in days where day.location.source == .databento {
            guard let schema = Schema(name: day.location.schema), TaqSelection.isUsable(schema) else { continue }
            for file in day.files {
                let symbols = try site.symbols(of: file, on: date)
                known.formUnion(symbols)
                if symbols.contains(symbol) { schemas[file.location.dataset, default: []].insert(schema) }
            }
        }
        if !csv.isEmpty {
            if let dataset = schemas.keys.min() {
                throw StageError.configuration(
                    "\(symbol) of \(date) is in CSV files (\(csv[0].files[0].path)) and in DBN files of \(dataset): "
                        + "the two are not mixed")
            }
            files = try TaqSelection.pair(csv, symbol, date)
            return
        }
        guard let dataset = schemas.keys.first else {
            throw StageError.missingInput(
                known.isEmpty
                    ? "there is no raw file of trades or quotes of \(date): tarn raw add FILE…"
                    : "no raw file of trades or quotes of \(date) knows \(symbol); they know "
                        + known.sorted().prefix(8).joined(separator: ", ")
                        + (known.count > 8 ? " and \(known.count - 8) more" : ""))
        }
        guard schemas.count == 1 else {
            throw StageError.configuration(
                "\(symbol) of \(date) is in raw files of several datasets: "
                    + schemas.keys.sorted().joined(separator: ", "))
        }
        let used = TaqSelection.used(schemas[dataset]!).map(\.name)
        files = days.filter {
            $0.location.source == .databento && $0.location.dataset == dataset && used.contains($0.location.schema)
        }.flatMap(\.files)
    }

    static func isUsable(_ schema: Schema) -> Bool {
        schema == .trades || TaqSchema.ofQuotes.contains { $0.schema == schema }
    }

    /// The schemas that are used where these are present: one supplies the quotes; the trades come from the trades
    /// file, except beside a schema that holds the same trades.
    private static func used(_ present: Set<Schema>) -> [Schema] {
        guard let quotes = TaqSchema.ofQuotes.first(where: { present.contains($0.schema) }) else { return [.trades] }
        return present.contains(.trades) && !quotes.holdsAllTrades ? [quotes.schema, .trades] : [quotes.schema]
    }

    private static func pair(_ days: [RawDay], _ symbol: String, _ date: CivilDate) throws -> [RawFile] {
        for kind in TaqFile.Kind.allCases where !days.contains(where: { $0.location.schema == kind.rawValue }) {
            throw StageError.missingInput(
                "there is a CSV file for \(symbol) on \(date) (\(days[0].files[0].path)), but none of \(kind.rawValue): "
                    + "tarn raw add \(kind.rawValue).csv --symbol \(symbol) --dt \(date)")
        }
        let kinds = TaqFile.Kind.allCases.map(\.rawValue)
        return days.filter { kinds.contains($0.location.schema) }.flatMap(\.files)
    }
}

extension StageSite {
    /// The mark that the vendor has nothing of any schema of trades or quotes for the date; nil when there are files,
    /// or no mark.
    func dayWithoutTrades(_ date: CivilDate) throws(LakeError) -> [Input]? {
        let days = try rawDays(on: date).filter { day in
            day.location.source == .csv || Schema(name: day.location.schema).map(TaqSelection.isUsable) ?? false
        }
        guard days.allSatisfy(\.files.isEmpty) else { return nil }
        let marks = days.compactMap(\.noData)
        return marks.isEmpty ? nil : marks.map(\.input)
    }
}
