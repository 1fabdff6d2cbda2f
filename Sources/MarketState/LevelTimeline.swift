import Tables

/// Tells when the price touches, breaks, rejects and leaves the band of a support or resistance.
///
/// Source: spec/recorder.md 7.2; contract gold.equity_taq.level_interactions.
public enum LevelTimeline {
    /// The events of a level, in time order.
    public static func events(of level: ChainLevel, over rows: SessionRows) -> [LevelInteractions.Row] {
        var timeline = Timeline(level)
        for index in rows.priced.dropFirst() {
            let state = rows.states[index]
            guard state.timestamp >= level.createdMs else { continue }
            let previous = level.position(rows.states[index - 1].lastPrice)
            let current = level.position(state.lastPrice)
            switch (previous, current) {
            case (.inBand, .inBand):
                break
            case (_, .inBand):
                timeline.touch(from: previous, .plain, state)
            case (.inBand, _):
                timeline.exit(to: current, .plain, state)
            case (.above, .below), (.below, .above):
                timeline.touch(from: previous, .crossThrough, state)
                timeline.exit(to: current, .crossThrough, state)
            case (.above, .above):
                if state.low10s <= level.upper { timeline.wick(from: current, state) }
            case (.below, .below):
                if state.high10s >= level.lower { timeline.wick(from: current, state) }
            }
        }
        return timeline.events
    }

    /// The events so far and what they left behind.
    private struct Timeline {
        let level: ChainLevel
        private(set) var events: [LevelInteractions.Row] = []
        /// From a break to the next reject.
        private var isBroken = false
        private var touches: Int64 = 0

        init(_ level: ChainLevel) { self.level = level }

        mutating func touch(
            from side: ChainLevel.Position, _ mode: LevelInteractions.Mode, _ state: State10s.Row
        ) {
            touches += 1
            append(
                .touch, from: side == .above ? .above : .below, to: nil, mode, touchNumber: touches,
                reclaimAttempt: isBroken, paired: true, state)
        }

        mutating func exit(
            to side: ChainLevel.Position, _ mode: LevelInteractions.Mode, _ state: State10s.Row
        ) {
            let touch = events.last.flatMap { $0.event == .touch ? $0 : nil }
            let event: LevelInteractions.Event
            if side != level.failingSide {
                event = .reject
                isBroken = false
            } else if touch?.fromSide == (side == .above ? .above : .below) {
                // It came from where it went: nothing was held and nothing gave way.
                event = .exit
            } else {
                event = .break
                isBroken = true
            }
            append(
                event, from: nil, to: side == .above ? .above : .below, mode, touchNumber: nil,
                reclaimAttempt: nil, paired: touch != nil, state)
        }

        mutating func wick(from side: ChainLevel.Position, _ state: State10s.Row) {
            touch(from: side, .wick, state)
            exit(to: side, .wick, state)
        }

        private mutating func append(
            _ event: LevelInteractions.Event, from: LevelInteractions.FromSide?,
            to: LevelInteractions.ToSide?,
            _ mode: LevelInteractions.Mode, touchNumber: Int64?, reclaimAttempt: Bool?, paired: Bool,
            _ state: State10s.Row
        ) {
            events.append(
                LevelInteractions.Row(
                    sessionId: state.sessionId, chainId: level.chainID, levelId: level.id,
                    timestamp: state.timestamp,
                    eventIndex: Int64(events.count), event: event, fromSide: from, toSide: to, mode: mode,
                    touchNumber: touchNumber, reclaimAttempt: reclaimAttempt, paired: paired,
                    lastPrice: state.lastPrice))
        }
    }
}
