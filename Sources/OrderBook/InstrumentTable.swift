import Columnar

/// The instruments of a partition in ascending order of their ids, found by id.
struct InstrumentTable: ~Copyable {
    struct Entry: BitwiseCopyable {
        var terms: OptionInstrument
        /// Number of the strike's cell on the grid of strike steps.
        var strikeCell: Int64
        /// The instrument's book, or −1 before its first record.
        var book: Int32
    }

    private(set) var entries: Buffer<Entry>
    /// Position + 1 of an id in `entries`, 0 = empty; a power of two, at least twice the entries.
    private var index: Buffer<Int32>
    private let mask: Int
    private let shift: UInt64

    init(_ instruments: [OptionInstrument], strikeStep: Int64) throws(BookError) {
        let sorted = instruments.sorted { $0.instrumentID < $1.instrumentID }
        var capacity = 16
        while capacity < 2 * sorted.count { capacity *= 2 }
        entries = Buffer(capacity: sorted.count)
        index = Buffer(repeating: 0, count: capacity)
        mask = capacity - 1
        shift = UInt64(capacity.leadingZeroBitCount + 1)
        for terms in sorted {
            guard Price.isGood(terms.strikePrice), terms.right <= OptionRight.put else {
                throw .instrumentTerms(terms.instrumentID)
            }
            var position = home(terms.instrumentID)
            while index[position] != 0 {
                if entries[Int(index[position]) - 1].terms.instrumentID == terms.instrumentID {
                    throw .instrumentTerms(terms.instrumentID)
                }
                position = (position + 1) & mask
            }
            entries.append(
                Entry(terms: terms, strikeCell: latticeCell(terms.strikePrice, step: strikeStep), book: -1))
            index[position] = Int32(entries.count)
        }
    }

    var count: Int { entries.count }

    subscript(entry: Int) -> Entry {
        @inline(__always) get { entries[entry] }
        @inline(__always) set { entries[entry] = newValue }
    }

    private func home(_ id: UInt32) -> Int {
        Int(truncatingIfNeeded: (UInt64(id) &* 0x9E37_79B9_7F4A_7C15) &>> shift)
    }

    /// The place of an instrument among the entries, or −1.
    @inline(__always)
    func find(_ id: UInt32) -> Int {
        var position = home(id)
        while true {
            let entry = Int(index[position]) - 1
            if entry < 0 || entries[entry].terms.instrumentID == id { return entry }
            position = (position + 1) & mask
        }
    }
}
