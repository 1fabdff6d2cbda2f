import Tables

/// Follows the price through the zone of each level and tells the episodes.
///
/// An episode's columns that are known at its entry are frozen there; only its outcome looks further, and no further
/// than its end. Source: spec/recorder.md 6.4 to 6.7.
public struct EpisodeEngine: Sendable {
    let context: EpisodeContext

    public init(_ context: EpisodeContext) {
        self.context = context
    }

    /// The episodes of a level, in the order of their entries.
    ///
    /// - Parameter spine: the level's rows of gold.level_spine.
    /// - Parameter level: its row of ref.levels.
    /// - Throws: when the spine is not that of the session's priced rows.
    public func episodes(of level: Levels.Row, spine: [LevelSpine.Row]) throws(SessionRowsError) -> [Episode] {
        let rows = context.rows
        guard spine.count == rows.priced.count,
            zip(spine, rows.states[rows.priced]).allSatisfy({ $0.timestamp == $1.timestamp })
        else { throw .notAlike("level_spine of \(level.levelId)", session: context.session.sessionId) }
        let parameters = context.parameters
        var episodes: [Episode] = []
        var open: (subject: EpisodeSubject, course: EpisodeCourse)?
        for (gate, state) in zip(spine, rows.states[rows.priced]) {
            let time = state.timestamp
            if open != nil {
                switch gate.zoneEvent {
                case .exit where open!.course.zoneExit == nil: open!.course.zoneExit = time
                case .enter: open!.course.reentries += 1
                case .exit, nil: break
                }
            } else if gate.zoneEvent == .enter {
                let start = time - parameters.baselineSeconds * 1000
                open = (subject(level, enteredAt: state), EpisodeCourse(start: start, zoneEntry: time, end: time))
            }
            guard let (subject, course) = open else { continue }
            open!.course.end = time
            let trigger =
                subject.trigger(subject.move(state.lastPrice), parameters)
                ?? (isTimedOut(course, at: time) ? .timeout : nil)
            if let trigger {
                open!.course.trigger = trigger
                episodes.append(Episode(subject, open!.course, spine: spine, in: context))
                open = nil
            }
        }
        if open != nil {
            open!.course.isCensored = true
            episodes.append(Episode(open!.subject, open!.course, spine: spine, in: context))
        }
        return episodes
    }

    /// Long after the first exit, or longer after the entry.
    private func isTimedOut(_ course: EpisodeCourse, at time: Int64) -> Bool {
        if let exit = course.zoneExit, time >= exit + context.parameters.timeoutSeconds * 1000 { return true }
        return time >= course.zoneEntry + context.parameters.maxEpisodeSeconds * 1000
    }

    private func subject(_ level: Levels.Row, enteredAt state: State10s.Row) -> EpisodeSubject {
        let side: Episodes.LevelEntrySide = state.lastPrice >= level.levelPrice ? .above : .below
        return EpisodeSubject(
            source: .levelGate, level: ZoneLevel(level), type: Episodes.LevelType(like: level.levelType),
            levelSource: Episodes.LevelSource(like: level.levelSource), entrySide: side,
            bias: bias(of: level, enteredFrom: side), anchor: state, marker: nil,
            contextTime: state.timestamp,
            timeoutSeconds: context.parameters.timeoutSeconds,
            maxEpisodeSeconds: context.parameters.maxEpisodeSeconds)
    }

    /// The level's own, else the session's, else what its type or the entry suggests.
    private func bias(
        of level: Levels.Row, enteredFrom side: Episodes.LevelEntrySide
    ) -> Episodes.DirectionBias {
        if let own = level.directionBias { return Episodes.DirectionBias(like: own) }
        if let session = context.session.directionBias { return Episodes.DirectionBias(like: session) }
        switch level.levelType {
        case .support: return .long
        case .resistance: return .short
        case .vwap, .trendline, .manual: return side == .above ? .long : .short
        }
    }
}
