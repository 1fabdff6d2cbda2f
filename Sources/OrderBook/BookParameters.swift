/// What an output window says about a crossed book. Source: spec/book.md §5.3.
public enum CrossedPolicy: UInt8, BitwiseCopyable, Sendable {
    /// A window in which the book was crossed at an event boundary is not valid.
    case invalidate
    /// Crossed books are counted and nothing else.
    case record
}

/// Parameters of one book of orders. Source: spec/book.md §11.
public struct BookParameters: Sendable, Hashable {
    /// Start of the first output window, ns; a whole second.
    public var outputStart: Int64
    /// End of the last output window, ns; a whole second.
    public var outputEnd: Int64
    /// The book is trusted without a snapshot.
    public var assumeComplete: Bool
    public var crossedPolicy: CrossedPolicy
    /// Lattice step q, 1e-9.
    public var latticeStep: Int64
    /// H: cells on each side of the anchor.
    public var halfWidth: Int64
    /// Keeps one publisher's records; nil keeps all.
    public var publisher: UInt16?

    public init(
        outputStart: Int64, outputEnd: Int64, assumeComplete: Bool,
        crossedPolicy: CrossedPolicy = .invalidate,
        latticeStep: Int64, halfWidth: Int64, publisher: UInt16? = nil
    ) {
        self.outputStart = outputStart
        self.outputEnd = outputEnd
        self.assumeComplete = assumeComplete
        self.crossedPolicy = crossedPolicy
        self.latticeStep = latticeStep
        self.halfWidth = halfWidth
        self.publisher = publisher
    }

    func check() throws(BookError) {
        try checkOutput(outputStart, outputEnd)
        guard latticeStep > 0, latticeStep <= Price.greatest else {
            throw .parameter("lattice step", latticeStep)
        }
        guard halfWidth >= 0, halfWidth <= 1 << 20 else { throw .parameter("half width", halfWidth) }
    }
}

/// Parameters of the options of one underlying. Source: spec/book.md §8.2, §11.
public struct OptionParameters: Sendable, Hashable {
    /// Start of the first output window, ns; a whole second.
    public var outputStart: Int64
    /// End of the last output window, ns; a whole second.
    public var outputEnd: Int64
    /// Books are trusted without a snapshot. Books of quotes always are.
    public var assumeComplete: Bool
    public var crossedPolicy: CrossedPolicy
    /// Strike step, 1e-9.
    public var strikeStep: Int64
    /// kmax: strike buckets on each side of the anchor.
    public var halfWidth: Int64
    /// Unit of `rel_ticks`, 1e-9; divides the strike step.
    public var tick: Int64
    /// Keeps one publisher's records; nil keeps all.
    public var publisher: UInt16?

    public init(
        outputStart: Int64, outputEnd: Int64, assumeComplete: Bool,
        crossedPolicy: CrossedPolicy = .invalidate,
        strikeStep: Int64, halfWidth: Int64, tick: Int64, publisher: UInt16? = nil
    ) {
        self.outputStart = outputStart
        self.outputEnd = outputEnd
        self.assumeComplete = assumeComplete
        self.crossedPolicy = crossedPolicy
        self.strikeStep = strikeStep
        self.halfWidth = halfWidth
        self.tick = tick
        self.publisher = publisher
    }

    func check() throws(BookError) {
        try checkOutput(outputStart, outputEnd)
        guard strikeStep > 0, strikeStep <= 1 << 50 else { throw .parameter("strike step", strikeStep) }
        guard halfWidth >= 0, halfWidth <= 1 << 10 else { throw .parameter("half width", halfWidth) }
        guard tick > 0, strikeStep % tick == 0, strikeStep / tick <= 1 << 20 else {
            throw .parameter("tick", tick)
        }
    }
}

private func checkOutput(_ start: Int64, _ end: Int64) throws(BookError) {
    guard start % Nanoseconds.window == 0, start >= Instant.earliest else {
        throw .parameter("output start", start)
    }
    guard end % Nanoseconds.window == 0, end >= start, end <= Instant.latest else {
        throw .parameter("output end", end)
    }
}

/// One window of the underlying's `book_snapshot_1s`, as far as its options need it.
public struct UnderlyingWindow: BitwiseCopyable, Sendable, Hashable {
    /// End of the window, ns.
    public var windowEnd: Int64
    /// The underlying's anchor, 1e-9; nil = unresolved.
    public var spotReference: Int64?
    public var isValid: Bool

    public init(windowEnd: Int64, spotReference: Int64?, isValid: Bool) {
        self.windowEnd = windowEnd
        self.spotReference = spotReference
        self.isValid = isValid
    }
}

/// Right codes: positions in the contracts' symbol list `C P`.
public enum OptionRight {
    public static let call: UInt8 = 0
    public static let put: UInt8 = 1
}

/// The terms of one option. Source: spec/book.md §3.4.
public struct OptionInstrument: BitwiseCopyable, Sendable, Hashable {
    public var instrumentID: UInt32
    /// A code of `OptionRight`.
    public var right: UInt8
    /// Listed strike, 1e-9.
    public var strikePrice: Int64

    public init(instrumentID: UInt32, right: UInt8, strikePrice: Int64) {
        self.instrumentID = instrumentID
        self.right = right
        self.strikePrice = strikePrice
    }
}

/// What stops an engine. Record numbers count the records handed to the engine, from 0.
public enum BookError: Error, Hashable, Sendable {
    /// A parameter has a value that no engine can work with.
    case parameter(String, Int64)
    /// Records of two publishers, and no publisher was chosen.
    case severalPublishers(UInt16, UInt16)
    /// Records of two instruments where the product has one.
    case severalInstruments(UInt32, UInt32)
    /// F_MBP: the publisher supplies neither orders nor quotes of one side.
    case aggregatedLevel(record: Int)
    /// A record of an instrument whose terms were not given.
    case unknownInstrument(UInt32, record: Int)
    /// Two terms for one instrument, or a strike that is not a positive price up to 2^61.
    case instrumentTerms(UInt32)
    /// The underlying has no row for an output window.
    case underlyingMissing(windowEnd: Int64)
    /// The underlying's anchor is not a positive price up to 2^61.
    case underlyingPrice(windowEnd: Int64, Int64)
    /// The accounting identity of spec/book.md §7.3 does not hold: a defect of this engine.
    case identity(IdentityViolation)
}

/// Where flows and depths of one price disagree in a window in which they must not.
public struct IdentityViolation: Hashable, Sendable {
    public var windowEnd: Int64
    public var instrumentID: UInt32?
    /// A code of `BookSide`.
    public var side: UInt8
    public var price: Int64
    public var depthStart: Int64
    public var added: Int64
    public var pulled: Int64
    public var filled: Int64
    public var depthEnd: Int64
}

extension BookError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .parameter(let name, let value): "parameter \(name): \(value) is out of range"
        case .severalPublishers(let a, let b):
            "records of publishers \(a) and \(b) in one partition: choose one with the parameter 'publisher'"
        case .severalInstruments(let a, let b): "records of instruments \(a) and \(b) in one partition"
        case .aggregatedLevel(let record):
            "record \(record): an aggregated level (F_MBP) is neither an order nor a quote of one side"
        case .unknownInstrument(let id, let record): "record \(record): instrument \(id) has no option terms"
        case .instrumentTerms(let id): "instrument \(id): terms given twice, or strike out of range"
        case .underlyingMissing(let end): "the underlying has no row for the window ending at \(end)"
        case .underlyingPrice(let end, let price):
            "the underlying's anchor \(price) of the window ending at \(end) is not a price"
        case .identity(let v):
            "window ending at \(v.windowEnd)\(v.instrumentID.map { ", instrument \($0)" } ?? ""), "
                + "side \(v.side == BookSide.ask ? "A" : "B"), price \(v.price): depth \(v.depthStart) + \(v.added) "
                + "added − \(v.pulled) pulled − \(v.filled) filled is not depth \(v.depthEnd)"
        }
    }
}
