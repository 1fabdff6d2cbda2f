import Columnar

/// Why a window is not valid; raw values are positions in the contracts' symbol list.
public enum WindowReason: UInt8, BitwiseCopyable, Sendable, CaseIterable {
    case ok, badBook, recovering, unseeded, crossed, underlying
}

/// Counters of one window. Source: spec/book.md §9.
@frozen
public struct QualityCounters: BitwiseCopyable, Sendable, Hashable {
    public var records: Int64 = 0
    public var lateRecords: Int64 = 0
    public var duplicateAdds: Int64 = 0
    public var overCancels: Int64 = 0
    public var unknownCancels: Int64 = 0
    public var unknownModifies: Int64 = 0
    public var unknownFills: Int64 = 0
    public var aggressorFills: Int64 = 0
    public var unmatchedFillQuantity: Int64 = 0
    public var badSide: Int64 = 0
    public var badOrder: Int64 = 0
    public var lockedEvents: Int64 = 0
    public var crossedEvents: Int64 = 0
    public var clearedQuantity: Int64 = 0

    @inlinable
    public init() {}
}

/// A row of `book_quality_1s`. Source: spec/book.md §9.
@frozen
public struct QualityRow: BitwiseCopyable, Sendable, Hashable {
    public var windowStart: Int64
    public var windowEnd: Int64
    public var bookValid: Bool
    public var reason: WindowReason
    public var counters: QualityCounters
    public var offGridQuantity: Int64
    public var identityResidualMax: Int64

    @inlinable public var windowValid: Bool { reason == .ok }
}

/// A row of `book_snapshot_1s` of a future or a stock. Prices 1e-9, quantities `qty`. Source: spec/book.md §7.1.
@frozen
public struct SnapshotRow: BitwiseCopyable, Sendable, Hashable {
    public var windowStart: Int64
    public var windowEnd: Int64
    public var bestBidPrice: Int64?
    public var bestBidQuantity: Int64
    public var bestAskPrice: Int64?
    public var bestAskQuantity: Int64
    public var midPrice: Double?
    public var midPriceInt: Int64?
    public var lastTradePrice: Int64?
    public var spotReference: Int64?
    public var bookValid: Bool
    public var windowValid: Bool
}

/// A row of `depth_and_flow_1s` of a future or a stock. Source: spec/book.md §7.2.
@frozen
public struct FlowRow: BitwiseCopyable, Sendable, Hashable {
    public var windowEnd: Int64
    /// Lattice price, 1e-9.
    public var price: Int64
    public var spotReference: Int64
    public var depthStart: Int64
    public var depthEnd: Int64
    public var depthRest: Int64
    public var added: Int64
    public var pulled: Int64
    public var pulledAtRest: Int64
    public var filled: Int64
    /// Cells from the anchor.
    public var relTicks: Int32
    /// Cells from this side's best price; held to 32 bits where the best is farther than that.
    public var relTicksSide: Int32
    /// A code of `BookSide`.
    public var side: UInt8
    public var windowValid: Bool

    @inlinable public var windowStart: Int64 { windowEnd - 1_000_000_000 }
}

/// A row of `book_snapshot_1s` of options. Source: spec/book.md §8.5.
@frozen
public struct OptionSnapshotRow: BitwiseCopyable, Sendable, Hashable {
    public var windowStart: Int64
    public var windowEnd: Int64
    public var strikePrice: Int64
    public var bidPrice: Int64
    public var askPrice: Int64
    public var midPrice: Double
    public var midPriceInt: Int64
    public var spotReference: Int64?
    public var instrumentID: UInt32
    /// A code of `OptionRight`.
    public var right: UInt8
    public var bookValid: Bool
}

/// A row of `depth_and_flow_1s` of options. Source: spec/book.md §8.3.
@frozen
public struct OptionFlowRow: BitwiseCopyable, Sendable, Hashable {
    public var windowStart: Int64
    public var windowEnd: Int64
    /// Strike bucket, 1e-9.
    public var strikePrice: Int64
    public var spotReference: Int64
    public var strikeReference: Int64
    public var depthStart: Int64
    public var depthEnd: Int64
    public var depthRest: Int64
    public var added: Int64
    public var pulled: Int64
    public var pulledAtRest: Int64
    public var filled: Int64
    public var relTicks: Int32
    /// A code of `OptionRight`.
    public var right: UInt8
    /// A code of `BookSide`.
    public var side: UInt8
    public var windowValid: Bool
}

/// The rows that an engine has finished. The caller drains them between calls.
@frozen
public struct ReplayRows<Snapshot: BitwiseCopyable, Flow: BitwiseCopyable>: ~Copyable {
    public var snapshots = Buffer<Snapshot>()
    public var flows = Buffer<Flow>()
    public var quality = Buffer<QualityRow>()
    /// The engine stops for draining when it has written this many rows of a table, at the end of a window.
    public let rowLimit: Int

    public init(rowLimit: Int = 1 << 12) {
        self.rowLimit = rowLimit
    }

    /// Whether the engine waits for the rows to be drained. Windows without flow rows count too.
    @inlinable public var isFull: Bool {
        flows.count >= rowLimit || snapshots.count >= rowLimit || quality.count >= rowLimit
    }

    /// Forgets the rows, keeps the memory.
    @inlinable
    public mutating func removeAll() {
        snapshots.removeAll()
        flows.removeAll()
        quality.removeAll()
    }
}

/// The rows of a book.
public typealias WindowRows = ReplayRows<SnapshotRow, FlowRow>

/// The rows of the books of options.
public typealias OptionWindowRows = ReplayRows<OptionSnapshotRow, OptionFlowRow>

/// What became of a block of records.
public enum BlockProgress: Sendable {
    /// All records of the block are processed.
    case consumed
    /// The rows are to be drained, then the call repeated from the returned index.
    case rowsFull
    /// A record at or after the end of the output was met: no further record counts.
    case stopped
}
