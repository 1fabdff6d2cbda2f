import Columnar

/// The books of all options of one underlying, with one clock and common windows. Source: spec/book.md §8.
///
/// A book is made at its instrument's first record. Orders and quotes differ only in how a record
/// changes its book: `OptionRecord`.
struct OptionBooks: ~Copyable {
    let parameters: OptionParameters
    /// Whether the feed knows the age of what rests: orders do, quotes do not.
    let hasAges: Bool
    let hasTime: Bool
    var clock: WindowClock
    var counters = QualityCounters()
    /// Number of the record at which the replay stopped, counted from 0 over all records given.
    private(set) var stoppedAt: Int?
    /// Records taken from the caller so far, other publishers' included.
    private(set) var recordsTaken = 0
    var instruments: InstrumentTable
    var books: BookPool
    /// Whether some instrument has completed a snapshot.
    var hasCompletedSnapshot = false
    /// The underlying, one entry an output window; empty in a partition without times.
    private let underlying: Buffer<UnderlyingWindow>
    /// Sums of the current window by right, side and bucket: scratch of the rows.
    private var buckets: Buffer<BucketSums>
    /// Whether a window is valid by right and bucket: scratch of the rows.
    private var validity: Buffer<Bool>

    init(
        _ parameters: OptionParameters, hasAges: Bool, instruments: [OptionInstrument],
        underlying: [UnderlyingWindow], firstTime: Int64?
    ) throws(BookError) {
        try parameters.check()
        // Whatever can fail comes before what has to be destroyed.
        let windows = firstTime == nil ? [] : try OptionBooks.outputWindows(of: underlying, parameters)
        self.instruments = try InstrumentTable(instruments, strikeStep: parameters.strikeStep)
        self.parameters = parameters
        self.hasAges = hasAges
        hasTime = firstTime != nil
        clock = WindowClock(
            outputStart: parameters.outputStart, outputEnd: parameters.outputEnd, firstTime: firstTime ?? 0)
        books = BookPool()
        var kept = Buffer<UnderlyingWindow>(capacity: windows.count)
        for window in windows { kept.append(window) }
        self.underlying = kept
        let width = Int(2 * parameters.halfWidth + 1)
        buckets = Buffer(repeating: BucketSums(), count: 4 * width)
        validity = Buffer(repeating: true, count: 2 * width)
    }

    /// The underlying's rows, one for each output window in turn. Each window needs one.
    private static func outputWindows(
        of underlying: [UnderlyingWindow], _ parameters: OptionParameters
    ) throws(BookError) -> [UnderlyingWindow] {
        var result: [UnderlyingWindow] = []
        var expected = parameters.outputStart + Nanoseconds.window
        for window in underlying.sorted(by: { $0.windowEnd < $1.windowEnd })
        where expected <= parameters.outputEnd {
            if window.windowEnd < expected { continue }
            guard window.windowEnd == expected else { break }
            if let spot = window.spotReference, !Price.isGood(spot) {
                throw .underlyingPrice(windowEnd: window.windowEnd, spot)
            }
            result.append(window)
            expected += Nanoseconds.window
        }
        if expected <= parameters.outputEnd { throw .underlyingMissing(windowEnd: expected) }
        return result
    }

    /// Processes records from `index` on and moves `index` behind the last one processed.
    @inline(__always)
    mutating func process<Event: OptionRecord>(
        _ events: Span<Event>, from index: inout Int, into rows: inout OptionWindowRows
    ) throws(BookError) -> BlockProgress {
        if stoppedAt != nil { return .stopped }
        let offset = recordsTaken - index
        defer { recordsTaken = offset + index }
        if !hasTime { index = events.count }
        while index < events.count {
            let event = events[index]
            if let publisher = parameters.publisher, event.publisherID != publisher {
                index += 1
                continue
            }
            let time = clock.effectiveTime(of: event)
            if time >= clock.end {
                if time >= parameters.outputEnd {
                    stoppedAt = offset + index
                    return .stopped
                }
                guard try pass(to: time, into: &rows) else { return .rowsFull }
            } else if time < clock.start {
                counters.lateRecords += 1
            }
            if time > clock.now { clock.now = time }
            counters.records += 1
            try event.check(record: offset + index)
            event.apply(to: try book(of: event.instrumentID, record: offset + index), of: &self)
            index += 1
        }
        return .consumed
    }

    /// The book of an instrument's record.
    @inline(__always)
    mutating func book(of instrumentID: UInt32, record: Int) throws(BookError) -> Int {
        let entry = instruments.find(instrumentID)
        guard entry >= 0 else { throw .unknownInstrument(instrumentID, record: record) }
        let book = Int(instruments[entry].book)
        return book >= 0 ? book : makeBook(entry)
    }

    private mutating func makeBook(_ entry: Int) -> Int {
        let isSeeded = !hasAges || parameters.assumeComplete || hasCompletedSnapshot
        let book = books.append(Book(isSeeded: isSeeded, latticeStep: 0, youngAfter: clock.youngAfter))
        instruments[entry].book = Int32(book)
        return book
    }

    /// As `ReplayEngine.pass`.
    @inline(never)
    mutating func pass(to time: Int64, into rows: inout OptionWindowRows) throws(BookError) -> Bool {
        guard hasTime else { return true }
        while time >= clock.end && !clock.isPast {
            if rows.isFull { return false }
            let next = clock.next(towards: time, isIdle: counters.records == 0)
            try closeWindow(at: next, into: &rows)
            clock.open(at: next)
            counters = QualityCounters()
            for book in 0..<books.count {
                books[book].openWindow(youngAfter: clock.youngAfter)
                if books[book].hasCompletedSnapshot { hasCompletedSnapshot = true }
            }
        }
        return true
    }
}

// MARK: Rows

/// What the instruments of one right and bucket add up to on one side.
struct BucketSums: BitwiseCopyable {
    var start: Int64 = 0
    var end: Int64 = 0
    var rest: Int64 = 0
    var added: Int64 = 0
    var pulled: Int64 = 0
    var pulledAtRest: Int64 = 0
    var filled: Int64 = 0
}

extension OptionBooks {
    private mutating func closeWindow(at end: Int64, into rows: inout OptionWindowRows) throws(BookError) {
        let isOutput = clock.isOutput
        var window: UnderlyingWindow?
        var referenceCell: Int64?
        if isOutput {
            window = underlying[Int((clock.start - parameters.outputStart) / Nanoseconds.window)]
            referenceCell = window?.spotReference.map { latticeCell($0, step: parameters.strikeStep) }
            for bucket in 0..<buckets.count { buckets[bucket] = BucketSums() }
            for bucket in 0..<validity.count { validity[bucket] = window?.isValid ?? true }
        }

        var flags = WindowFlags()
        var residual: Int64 = 0
        var offGrid: Int64 = 0
        var allValid = true
        for index in 0..<instruments.count {
            let entry = instruments[index]
            if entry.book < 0 { continue }
            let book = Int(entry.book)
            let own = try books[book].closeWindow(at: end, instrument: entry.terms.instrumentID, &counters)
            guard isOutput else { continue }
            residual = max(residual, own)
            flags.formUnion(books[book].seen)
            allValid = allValid && books[book].isValid
            writeSnapshot(entry, window?.spotReference, into: &rows.snapshots)
            if let referenceCell, abs(entry.strikeCell - referenceCell) <= parameters.halfWidth {
                sum(book, right: entry.terms.right, offset: entry.strikeCell - referenceCell)
            } else {
                offGrid += books[book].totals[0] + books[book].totals[1]
            }
        }
        guard isOutput else { return }

        if let window, let spot = window.spotReference, let referenceCell {
            writeFlows(spot, referenceCell, into: &rows.flows)
        }
        if window?.isValid == false { flags.insert(.underlying) }
        rows.quality.append(
            QualityRow(
                windowStart: clock.start, windowEnd: clock.end, bookValid: allValid,
                reason: flags.under(parameters.crossedPolicy).reason, counters: counters,
                offGridQuantity: offGrid,
                identityResidualMax: residual))
    }

    private func writeSnapshot(
        _ entry: InstrumentTable.Entry, _ spotReference: Int64?, into rows: inout Buffer<OptionSnapshotRow>
    ) {
        let book = Int(entry.book)
        let bid = books[book].best(BookSide.bid)
        let ask = books[book].best(BookSide.ask)
        guard bid != Price.none, ask != Price.none else { return }
        let mid = Price.mid(bid, ask)
        rows.append(
            OptionSnapshotRow(
                windowStart: clock.start, windowEnd: clock.end, strikePrice: entry.terms.strikePrice,
                bidPrice: bid,
                askPrice: ask, midPrice: mid.price, midPriceInt: mid.integer, spotReference: spotReference,
                instrumentID: entry.terms.instrumentID, right: entry.terms.right,
                bookValid: books[book].isValid))
    }

    /// Adds one book to its buckets, all its prices together.
    private mutating func sum(_ book: Int, right: UInt8, offset: Int64) {
        let width = Int(2 * parameters.halfWidth + 1)
        let place = Int(offset + parameters.halfWidth)
        if !books[book].seen.under(parameters.crossedPolicy).isEmpty {
            validity[Int(right) * width + place] = false
        }
        for side in 0..<2 {
            let bucket = (Int(right) * 2 + side) * width + place
            let total = books[book].totals[side]
            buckets[bucket].start += total
            buckets[bucket].end += total
            if hasAges { buckets[bucket].rest += total }
        }
        // Where nothing was touched the depth at the start is the depth at the end.
        for index in 0..<books[book].accounts.count {
            let account = books[book].accounts[index]
            let level = books[book].levels[Int(account.level)]
            var sums = buckets[(Int(right) * 2 + Int(level.side)) * width + place]
            sums.start += account.start - level.depth
            if hasAges { sums.rest -= account.young }
            sums.added += account.added
            sums.pulled += account.pulled
            sums.pulledAtRest += account.pulledAtRest
            sums.filled += account.filled
            buckets[(Int(right) * 2 + Int(level.side)) * width + place] = sums
        }
    }

    private func writeFlows(_ spot: Int64, _ referenceCell: Int64, into rows: inout Buffer<OptionFlowRow>) {
        let width = Int(2 * parameters.halfWidth + 1)
        let ticks = parameters.strikeStep / parameters.tick
        for bucket in 0..<buckets.count {
            let right = bucket / (2 * width)
            let offset = Int64(bucket % width) - parameters.halfWidth
            let sums = buckets[bucket]
            rows.append(
                OptionFlowRow(
                    windowStart: clock.start, windowEnd: clock.end,
                    strikePrice: (referenceCell + offset) * parameters.strikeStep, spotReference: spot,
                    strikeReference: referenceCell * parameters.strikeStep, depthStart: sums.start,
                    depthEnd: sums.end, depthRest: sums.rest, added: sums.added, pulled: sums.pulled,
                    pulledAtRest: sums.pulledAtRest, filled: sums.filled,
                    relTicks: Int32(truncatingIfNeeded: offset * ticks), right: UInt8(right),
                    side: UInt8(bucket / width % 2), windowValid: validity[right * width + bucket % width]))
        }
    }
}
