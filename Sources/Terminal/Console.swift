import Glibc
import Synchronization

/// Where a command speaks: results to standard output, everything else to standard error.
///
/// Safe to use from several threads. At most one progress line stands at the bottom of the terminal;
/// messages push it down.
public final class Console: Sendable {
    public enum Loudness: Int, Sendable, Comparable {
        /// Errors only.
        case quiet
        case normal
        /// Each step, and progress as plain lines where there is no terminal.
        case verbose

        public static func < (a: Loudness, b: Loudness) -> Bool { a.rawValue < b.rawValue }
    }

    private struct State {
        var pendingResults = ""
        var progressStands = false
        var began: Double?
        var lastDrawn = -Double.infinity
        var failure: Int32 = 0
    }

    public let loudness: Loudness
    /// Of standard output.
    public let palette: Palette
    /// Of standard error.
    public let messagePalette: Palette
    private let messagesOnTerminal: Bool
    private let resultsOnTerminal: Bool
    /// Whether a line of progress can be drawn anew in its place.
    private let movesCursor: Bool
    private let state = Mutex(State())

    /// When text is coloured.
    public enum Colour: String, CaseIterable, Sendable {
        /// On a terminal, unless the environment has `NO_COLOR` (https://no-color.org) or a dumb terminal.
        case auto
        case always, never
    }

    public init(loudness: Loudness, colour: Colour) {
        self.loudness = loudness
        let isDumb = variable("TERM").map { $0.isEmpty || $0 == "dumb" } ?? true
        resultsOnTerminal = isatty(1) == 1
        messagesOnTerminal = isatty(2) == 1
        let isPlain = isDumb || !(variable("NO_COLOR") ?? "").isEmpty
        func chosen(onTerminal: Bool) -> Palette {
            Palette(isColoured: colour == .always || colour == .auto && onTerminal && !isPlain)
        }
        palette = chosen(onTerminal: resultsOnTerminal)
        messagePalette = chosen(onTerminal: messagesOnTerminal)
        movesCursor = messagesOnTerminal && !isDumb
    }

    /// Columns of the terminal, 80 where there is none.
    public static var width: Int {
        var size = winsize()
        for descriptor: Int32 in [1, 2]
        where ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 {
            return Int(size.ws_col)
        }
        return 80
    }

    /// Columns that results may take: those of the terminal, or a line that editors show whole.
    public var resultWidth: Int { resultsOnTerminal ? Console.width : 110 }

    // MARK: - Results

    /// Adds a line to the results.
    public func result(_ line: String = "") {
        state.withLock { state in
            state.pendingResults += line
            state.pendingResults += "\n"
            if resultsOnTerminal || state.pendingResults.utf8.count > 1 << 16 { flush(&state) }
        }
    }

    public func result(_ table: TextTable) {
        for line in table.lines(palette, width: resultsOnTerminal ? Console.width : nil) { result(line) }
    }

    /// Writes out what is pending.
    ///
    /// - Returns: 0, or the `errno` of the first failed write; a reader that went away is no failure.
    public func finish() -> Int32 {
        state.withLock { state in
            clearProgress(&state)
            flush(&state)
            return state.failure == EPIPE ? 0 : state.failure
        }
    }

    private func flush(_ state: inout State) {
        guard !state.pendingResults.isEmpty else { return }
        if state.failure == 0 {
            clearProgress(&state)
            state.failure = write(state.pendingResults, to: 1)
        }
        state.pendingResults = ""
    }

    // MARK: - Messages

    /// What a user wants to see unless he asked for quiet.
    public func note(_ text: String) { message(laid(text), from: .normal) }

    /// A command line that a user may take over: it stays in one piece.
    public func suggestion(_ command: String) {
        message(messagePalette("next: \(printable(command))", .accent), from: .normal)
    }

    /// What a user wants to see when he looks for a reason.
    public func detail(_ text: String) { message(messagePalette(laid(printable(text)), .faint), from: .verbose) }

    public func warning(_ text: String) {
        message(laid(printable(text), after: "warning:", .caution), from: .normal)
    }

    /// An error, what may be done about it, and lines that tell more.
    public func error(_ text: String, advice: String? = nil, more: [String] = []) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map {
            printable(String($0))
        }
        message(laid(lines.joined(separator: "\n"), after: "error:", .bad), from: .quiet)
        if let advice { message(messagePalette(laid("  " + printable(advice)), .accent), from: .quiet) }
        for line in more { message(laid(printable(line)), from: .quiet) }
    }

    /// A message whose words go on in further lines where the terminal ends; elsewhere lines are left as they are.
    private func laid(_ text: String, after mark: String = "", _ style: Style? = nil) -> String {
        let marked = mark.isEmpty ? text : "\(mark) \(text)"
        let width = messagesOnTerminal ? Console.width : .max
        let lines = marked.split(separator: "\n", omittingEmptySubsequences: false).flatMap { line -> [String] in
            guard line.count > width else { return [String(line)] }
            let indent = line.prefix { $0 == " " }
            let parts = filled(String(line), width: width - indent.count - 2)
            return parts.enumerated().map { $0 == 0 ? indent + $1 : indent + "  " + $1 }
        }
        return messagePalette(mark, style) + lines.joined(separator: "\n").dropFirst(mark.count)
    }

    private func message(_ line: String, from least: Loudness) {
        guard loudness >= least else { return }
        state.withLock { state in
            clearProgress(&state)
            flush(&state)
            _ = write(line + "\n", to: 2)
        }
    }

    // MARK: - Progress

    /// Shows how far the work is: on a terminal ten times a second in place, elsewhere (also on a dumb one), when
    /// verbose, as a plain line every ten seconds.
    public func progress(_ progress: Progress) {
        guard loudness != .quiet, movesCursor || loudness == .verbose else { return }
        state.withLock { state in
            let now = monotonicSeconds()
            let began = state.began ?? now
            state.began = began
            guard now - state.lastDrawn >= (movesCursor ? 0.1 : 10) else { return }
            state.lastDrawn = now
            if movesCursor {
                flush(&state)
                let line = progress.line(elapsedSeconds: now - began, width: Console.width - 1)
                _ = write("\r\u{1B}[2K" + line, to: 2)
                state.progressStands = true
            } else {
                _ = write(progress.line(elapsedSeconds: now - began, width: 200) + "\n", to: 2)
            }
        }
    }

    /// Takes the progress line away; the next progress begins anew.
    public func endProgress() {
        state.withLock { state in
            clearProgress(&state)
            state.began = nil
            state.lastDrawn = -Double.infinity
        }
    }

    private func clearProgress(_ state: inout State) {
        guard state.progressStands else { return }
        _ = write("\r\u{1B}[2K", to: 2)
        state.progressStands = false
    }
}

/// A variable of the process's environment.
public func variable(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
}

/// Seconds of a clock that never runs back; for rates and durations shown to people only.
public func monotonicSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// Writes all of a text.
///
/// - Returns: 0 or `errno`.
private func write(_ text: String, to descriptor: Int32) -> Int32 {
    var text = text
    return text.withUTF8 { bytes in
        var rest = UnsafeRawBufferPointer(bytes)
        while let base = rest.baseAddress, rest.count > 0 {
            let written = Glibc.write(descriptor, base, rest.count)
            if written < 0 {
                if errno == EINTR { continue }
                return errno
            }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(written))
        }
        return 0
    }
}
