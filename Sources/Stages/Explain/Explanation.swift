import Lake
import OrderBook
import Physics

/// Where one value of a silver or gold table of an order-book product comes from: the records of its window and what
/// each did, the windows that its moving averages remember, the cells that its forecast is pushed by.
public struct Explanation: Sendable {
    public let address: PartitionAddress
    /// End of the window, ns.
    public let windowEnd: Int64
    public let cell: ExplainedCell
    /// Number of the row in the partition, from 0.
    public let row: Int
    /// The silver row that the value was made from; nil where the value stands in silver itself.
    public let flow: ExplainedFlow
    /// Of surfaces: one for each τ.
    public let averages: [ExplainedAverage]
    /// Of forecasts.
    public let forecast: ExplainedForecast?
}

/// Which part of the books a row speaks of.
public enum ExplainedCell: Sendable, Hashable {
    /// A bucket of the price lattice: side code, price and step in 1e-9.
    case level(side: UInt8, price: Int64, step: Int64)
    /// A bucket of strikes: right and side code, strike and step in 1e-9.
    case strike(right: UInt8, side: UInt8, strike: Int64, step: Int64)
    /// One option.
    case instrument(UInt32)
    /// Everything in the window.
    case window
}

/// The records of a window that touch a cell, in file order, and what they come to.
public struct ExplainedFlow: Sendable {
    /// The records' table.
    public let bronze: PartitionAddress
    /// The raw files that bronze was made from, in the order of their ordinals; paths relative to the lake.
    public let rawFiles: [(path: String, sha256: String)]
    /// The book when the window opened; nil for options, which have many.
    public let opening: BookSight?
    public let records: [ExplainedRecord]
    /// Records of the window that are not listed, because they leave the cell alone.
    public let otherRecords: Int
    /// Sums over the records listed, and what the table says; the starting depth is the table's in both.
    public let traced: FlowSums
    /// Nil where the table has no such sums.
    public let published: FlowSums?
    /// Counters of the window by their column, where they are not 0: by the records, and as the table says.
    public let counters: [(name: String, traced: Int64, published: Int64)]

    /// Whether the records account for the published quantities.
    public var agrees: Bool { published.map { $0 == traced } ?? true }
}

/// Quantities of a cell and window, qty.
public struct FlowSums: Sendable, Hashable {
    public var depthStart: Int64 = 0
    public var depthEnd: Int64 = 0
    public var added: Int64 = 0
    public var pulled: Int64 = 0
    public var pulledAtRest: Int64 = 0
    public var filled: Int64 = 0

    mutating func add(_ change: LevelChange) {
        depthEnd += change.depthAfter - change.depthBefore
        added += change.added
        pulled += change.pulled
        pulledAtRest += change.pulledAtRest
        filled += change.filled
    }
}

/// One bronze record of the window.
public struct ExplainedRecord: Sendable {
    /// As in bronze.
    public let ordinal: Int64
    /// Raw file, as its place among `rawFiles`, and the record's index in it from 0.
    public let file: Int
    public let index: Int64
    public let content: Content
    /// Option terms; nil where there are none.
    public let option: OptionInstrument?
    /// Changes outside the cell left out.
    public let effect: RecordEffect

    public enum Content: Sendable {
        case order(BookEvent, sequence: Int64)
        case quote(QuoteEvent)
    }
}

/// A moving average as the sum of what each window of the past left in it.
public struct ExplainedAverage: Sendable {
    /// τ, s.
    public let time: Int
    /// As published.
    public let value: Double
    /// Σ weight·u over all updates, oldest first.
    public let recomputed: Double
    /// Updates of the key up to this window, and the sum of their weights: 1 unless there is none.
    public let updates: Int
    public let weightSum: Double
    /// The windows with more than a hundredth of Σ |weight·u|, newest first.
    public let terms: [Term]
    /// Sum of the contributions that are not listed, and the number of windows they come from.
    public let rest: Double
    public let restWindows: Int

    public struct Term: Sendable {
        public let windowEnd: Int64
        /// Updates since.
        public let age: Int
        public let weight: Double
        /// u of the window.
        public let velocity: Double
        /// weight·u.
        public let contribution: Double
        /// |contribution| of Σ |weight·u|.
        public let share: Double
        /// What u was made from: u = (added − pulled − filled)/(depthStart + 1).
        public let flow: FlowSums
    }
}

/// What a forecast saw.
public struct ExplainedForecast: Sendable {
    public let horizon: Int
    public let parameters: ForecastParameters
    /// q, 1e-9.
    public let latticeStep: Int64
    /// spot_ref of the window, 1e-9.
    public let spotRef: Int64?
    /// spot_tick − that of the preceding window, 0 where that was skipped; before it is held to ±8.
    public let velocity: Int64
    public let usesOptions: Bool
    /// Nil for a skipped window.
    public let forecast: Forecast?
    /// The cells with more than a hundredth of Σ |a·κ·g|, those that push most first.
    public let terms: [ForceTerm]
    /// Sum of the contributions that are not listed.
    public let rest: Double
}
