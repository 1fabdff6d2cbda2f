import CivilTime
import DBN

/// What a sample can hold: the raw files of one product.
public enum SampleProduct: String, CaseIterable, Sendable {
    case futureMbo = "future_mbo"
    case futureOptionMbo = "future_option_mbo"
    case equityMbo = "equity_mbo"
    case equityTaq = "equity_taq"
    case equityOptionMbo = "equity_option_mbo"
}

/// Why a sample was not written.
public enum SampleError: Error, CustomStringConvertible, Sendable {
    /// The date is a Saturday or a Sunday, or does not follow the one before it.
    case noTradingDay(CivilDate)
    case file(DBNError)

    public var description: String {
        switch self {
        case .noTradingDay(let date): "\(date): expected weekdays in ascending order"
        case .file(let error): error.description
        }
    }
}

/// A file of a sample.
public struct SampleFile: Hashable, Sendable {
    /// As the vendor names it: `glbx-mdp3-20260303.mbo.dbn.zst`.
    public let name: String
    public let dataset: String
    public let schema: Schema
    public let date: CivilDate
    public let records: Int
}

/// Generated market days in the vendor's format, for people to try the pipeline with and for tests.
///
/// Index futures, their options, the fund SPY and its options follow one price path. Integers and an own
/// random generator only: the same parameters give the same records on every machine. The books go over from
/// date to date.
///
/// What is in the futures' days: an opening snapshot; adds, cancels, modifies, trades over one or more
/// levels, mass cancels; reserve orders; an order modified until it trades; the clear and recovery snapshot
/// at 12:30 New York; the pre-opening of 17:45 with a crossed book and its auction at 18:00. Nothing else
/// crosses the books.
public struct Sample: Sendable {
    public var seed: UInt64
    /// UTC dates of the files: weekdays, ascending.
    public var dates: [CivilDate]
    /// About the number of records of the front future's date; the other files are in proportion.
    public var recordsPerDay: Int
    /// Level of Zstandard.
    public var compressionLevel = 3

    public static let defaultDates = [
        CivilDate(year: 2026, month: 3, day: 2)!, CivilDate(year: 2026, month: 3, day: 3)!,
    ]

    public init(seed: UInt64 = 1, dates: [CivilDate] = Sample.defaultDates, recordsPerDay: Int = 300_000) {
        precondition(recordsPerDay >= 1000, "fewer records than a book has orders")
        self.seed = seed
        self.dates = dates
        self.recordsPerDay = recordsPerDay
    }

    /// Writes the files of some products into an existing folder, replacing files of the same name.
    ///
    /// - Returns: what was written, by date, then product.
    public func write(_ products: [SampleProduct], into folder: String) throws(SampleError) -> [SampleFile] {
        var last: CivilDate?
        for date in dates {
            guard (1...5).contains(date.weekday), last.map({ $0 < date }) ?? true else {
                throw .noTradingDay(date)
            }
            last = date
        }
        do throws(DBNError) {
            return try files(Set(products), folder)
        } catch {
            throw .file(error)
        }
    }

    private func files(_ products: Set<SampleProduct>, _ folder: String) throws(DBNError) -> [SampleFile] {
        var written: [SampleFile] = []
        let futures = FutureDays(self)
        let equities = EquityDays(self)
        for (date, path) in paths() {
            let output = SampleOutput(date: date, folder: folder, compressionLevel: compressionLevel)
            if products.contains(.futureMbo) { written += try futures.write(path, output) }
            if products.contains(.futureOptionMbo) {
                written += try FutureOptionDay(self, path, date).write(output)
            }
            if products.contains(.equityMbo) || products.contains(.equityTaq) {
                written += try equities.write(path, output, products)
            }
            if products.contains(.equityOptionMbo) {
                written += try EquityOptionDay(self, path, date).write(output)
            }
        }
        return written
    }

    /// The source files of reference tables for the days of `equity_taq`, by date; nothing is written.
    public func references() -> [SampleReference] {
        paths().flatMap { ReferenceFiles(path: $0.path, date: $0.date).all }
    }

    private func paths() -> [(date: CivilDate, path: PricePath)] {
        var random = Random(seed: seed, stream: "path")
        var level = SampleLevel.anchor
        return dates.map { date in
            let path = PricePath(
                date: date, from: level, around: SampleLevel.anchor,
                liveliness: max(40, 1125 * min(recordsPerDay, 300_000) / 300_000), random: &random)
            level = path.last
            return (date, path)
        }
    }

    func random(_ stream: String) -> Random { Random(seed: seed, stream: stream) }
}

/// Where the sample's index stands.
enum SampleLevel {
    /// In the path's unit.
    static let anchor = 6900 * PricePath.unitsPerPoint
    /// Unit 1e-9 of one unit of the path.
    static let nanosPerUnit: Int64 = 100_000
}

/// Writes one date's files under the vendor's names.
struct SampleOutput {
    let date: CivilDate
    let folder: String
    let compressionLevel: Int

    /// One file; `suffix` tells apart files of one dataset, schema and date.
    func write(
        dataset: String, schema: Schema, suffix: String = "", stypeIn: SymbolType = .rawSymbol,
        request: [String],
        instruments: [(symbol: String, id: UInt32)],
        _ body: (inout DBNWriter) throws(DBNError) -> Void
    ) throws(DBNError) -> SampleFile {
        let digits = String(describing: date).filter { $0 != "-" }
        let stem = dataset.lowercased().replacing(".", with: "-")
        let name = "\(stem)-\(digits).\(schema.name)\(suffix).dbn.zst"
        let next = date.adding(days: 1)
        let metadata = Metadata(
            dataset: dataset, schema: schema, start: UInt64(date.utcNanoseconds),
            end: UInt64(next.utcNanoseconds),
            stypeIn: stypeIn, symbols: request,
            mappings: instruments.map { instrument in
                Metadata.Mapping(
                    rawSymbol: instrument.symbol,
                    intervals: [Metadata.Interval(start: date, end: next, symbol: String(instrument.id))])
            })
        var writer = try DBNWriter(
            path: "\(folder)/\(name)", metadata: metadata, compression: .zstd(level: compressionLevel))
        try body(&writer)
        let records = writer.recordCount
        try writer.finish()
        return SampleFile(name: name, dataset: dataset, schema: schema, date: date, records: records)
    }
}
