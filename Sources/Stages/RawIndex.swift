import CivilTime
import DBN
import Lake
import Synchronization

/// What plans have learnt of the raw layer, so that a plan of many symbols lists it once and opens each file once.
/// Safe to use from several threads.
final class RawIndex: Sendable {
    private struct Known {
        var days: [CivilDate: [RawDay]] = [:]
        /// By path and date.
        var symbols: [String: [CivilDate: Set<String>]] = [:]
    }

    private let known = Mutex(Known())

    func days(on date: CivilDate, _ list: () throws(LakeError) -> [RawDay]) throws(LakeError) -> [RawDay] {
        if let days = known.withLock({ $0.days[date] }) { return days }
        let days = try list()
        known.withLock { $0.days[date] = days }
        return days
    }

    func symbols(
        _ path: String, on date: CivilDate, _ read: () throws(DBNError) -> Set<String>
    ) throws(DBNError) -> Set<String> {
        if let symbols = known.withLock({ $0.symbols[path]?[date] }) { return symbols }
        let symbols = try read()
        known.withLock { $0.symbols[path, default: [:]][date] = symbols }
        return symbols
    }
}

extension StageSite {
    /// Everything that the raw layer has of a date, in the order of its locations.
    func rawDays(on date: CivilDate) throws(LakeError) -> [RawDay] {
        try index.days(on: date) { () throws(LakeError) in try raw.days(RawFilter(dates: date...date)) }
    }

    /// The symbols that a vendor's file gives its instruments on a date.
    func symbols(of file: RawFile, on date: CivilDate) throws(DBNError) -> Set<String> {
        try index.symbols(file.path, on: date) { () throws(DBNError) in
            var options = DBNFile.Options()
            options.usesThread = false
            let header = try DBNFile(path: lake.path(file.path), options: options)
            return Set(header.symbology.instruments(on: date).map(\.symbol))
        }
    }

    /// The mark that the vendor has nothing of a schema for the date; nil when there are files, or no mark.
    func dayWithoutData(_ schema: Schema, _ date: CivilDate) throws(LakeError) -> RawDay? {
        let days = try rawDays(schema, date)
        return days.allSatisfy(\.files.isEmpty) ? days.first { $0.noData != nil } : nil
    }

    /// The vendor's raw files of a schema and date, one day for each vendor dataset.
    func rawDays(_ schema: Schema, _ date: CivilDate) throws(LakeError) -> [RawDay] {
        try rawDays(on: date).filter {
            $0.location.source == .databento && $0.location.schema == schema.name
        }
    }
}
