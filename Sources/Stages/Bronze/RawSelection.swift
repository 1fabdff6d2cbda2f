import CivilTime
import DBN
import Lake

/// The raw files of a schema and date that hold the symbols somebody asks for.
struct RawSelection {
    /// In ascending order of their names; all of one vendor dataset.
    let files: [RawFile]
    /// The symbols that these files give their instruments on the date and that are wanted, ascending.
    let symbols: [String]

    /// Finds the files by their own symbology: only headers are read.
    ///
    /// - Parameter isWanted: whether a symbol belongs to what was asked for.
    /// - Throws: `missingInput` when there is no file or none that knows such a symbol; `configuration` when files
    ///   of two vendor datasets do.
    init(
        schema: Schema, date: CivilDate, asked: String, in site: StageSite, isWanted: (String) -> Bool
    ) throws {
        let all = try site.rawDays(schema, date).flatMap(\.files)
        guard !all.isEmpty else {
            throw StageError.missingInput("there is no raw \(schema.name) file of \(date): tarn raw add FILE…")
        }
        var wanted: [String: Set<String>] = [:]
        var known: Set<String> = []
        for file in all {
            let symbols = try site.symbols(of: file, on: date)
            known.formUnion(symbols)
            let matching = symbols.filter(isWanted)
            if !matching.isEmpty { wanted[file.location.dataset, default: []].formUnion(matching) }
        }
        guard let dataset = wanted.keys.first else {
            let sample = known.sorted().prefix(8).joined(separator: ", ")
            throw StageError.missingInput(
                "no raw \(schema.name) file of \(date) knows \(asked); they know \(sample.isEmpty ? "no symbol" : sample)"
                    + (known.count > 8 ? " and \(known.count - 8) more" : ""))
        }
        guard wanted.count == 1 else {
            throw StageError.configuration(
                "\(asked) of \(date) is in raw \(schema.name) files of several datasets: "
                    + wanted.keys.sorted().joined(separator: ", "))
        }
        files = all.filter { $0.location.dataset == dataset }
        symbols = wanted[dataset, default: []].sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    var inputs: [Input] { files.map(\.input) }
}

/// Finds the partition of a record by its instrument id.
///
/// Open addressing over a power of two at most half full: ids of a file are few, records are many.
struct InstrumentTable {
    /// What is known of an instrument.
    enum Slot {
        /// The file gives it no symbol on the date.
        static let unknown = -1
        /// It has a symbol that nobody asked for.
        static let unwanted = -2
    }

    private var ids: [UInt32]
    private var slots: [Int32]
    private let mask: Int
    private var lastID: UInt32 = 0
    private var lastSlot = Slot.unknown

    /// - Parameter slot: the partition of an instrument; nil when nobody asked for it.
    init(
        _ symbology: Symbology, on date: CivilDate, slot: (_ instrumentID: UInt32, _ symbol: String) -> Int?
    ) {
        let instruments = symbology.instruments(on: date)
        var size = 16
        while size < instruments.count * 2 { size *= 2 }
        mask = size - 1
        ids = [UInt32](repeating: 0, count: size)
        slots = [Int32](repeating: Int32(Slot.unknown), count: size)
        for instrument in instruments {
            var at = InstrumentTable.hash(instrument.instrumentID) & mask
            while slots[at] != Slot.unknown { at = (at + 1) & mask }
            ids[at] = instrument.instrumentID
            slots[at] = Int32(slot(instrument.instrumentID, instrument.symbol) ?? Slot.unwanted)
        }
        lastID = 0
        lastSlot = find(0)
    }

    /// The slot of an instrument.
    @inline(__always)
    mutating func slot(of id: UInt32) -> Int {
        if id != lastID {
            lastID = id
            lastSlot = find(id)
        }
        return lastSlot
    }

    private func find(_ id: UInt32) -> Int {
        var at = InstrumentTable.hash(id) & mask
        while slots[at] != Slot.unknown {
            if ids[at] == id { return Int(slots[at]) }
            at = (at + 1) & mask
        }
        return Slot.unknown
    }

    private static func hash(_ id: UInt32) -> Int {
        Int((id &* 2_654_435_769) >> 7)
    }
}
