/// The clock and the current window, shared by all books of an engine. Source: spec/book.md §4.
///
/// Invariant: `start <= now < end` once a record was processed; before the first record `now` may lie beyond.
struct WindowClock: BitwiseCopyable {
    let outputStart: Int64
    let outputEnd: Int64
    /// Current window, ns: [start, end).
    private(set) var start: Int64
    private(set) var end: Int64
    /// The maximum of all effective times so far.
    var now: Int64
    /// An order that entered later than this is too young to rest at the end of the window.
    private(set) var youngAfter: Int64

    /// The first current window is the smaller of the first record's and the first output window.
    init(outputStart: Int64, outputEnd: Int64, firstTime: Int64) {
        self.outputStart = outputStart
        self.outputEnd = outputEnd
        now = min(max(firstTime, Instant.earliest), Instant.latest)
        start = min(floorDiv(now, Nanoseconds.window) * Nanoseconds.window, outputStart)
        end = start + Nanoseconds.window
        youngAfter = end - Nanoseconds.rest
    }

    var isOutput: Bool { start >= outputStart && end <= outputEnd }

    /// Whether all output windows are closed.
    var isPast: Bool { start >= outputEnd }

    /// t_eff of a record. A time before `Instant.earliest` is late like any other and moves nothing.
    @inline(__always)
    func effectiveTime(of record: some BookRecord) -> Int64 { record.effectiveTime ?? now }

    /// When an order that this record inserts or renews entered the book.
    @inline(__always)
    func entryTime(flags: UInt8, tsEvent: Int64) -> Int64 {
        if flags & BookFlags.snapshot == 0 || tsEvent == BookEvent.undefinedTime { return now }
        return min(max(tsEvent, Instant.earliest), now)
    }

    /// The start of the window after the current one on the way to the window of `time`. Windows before the
    /// output in which nothing can happen are passed in one step.
    func next(towards time: Int64, isIdle: Bool) -> Int64 {
        guard isIdle, start < outputStart else { return end }
        return max(end, min(floorDiv(time, Nanoseconds.window) * Nanoseconds.window, outputStart))
    }

    mutating func open(at start: Int64) {
        self.start = start
        end = start + Nanoseconds.window
        youngAfter = end - Nanoseconds.rest
    }
}
