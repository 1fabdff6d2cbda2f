import Tables

extension EpisodeEngine {
    /// Drops repeated markers and takes an episode around each that has a price.
    ///
    /// - Parameter inputs: the session's rows of ref.markers, in the order of the input.
    /// - Returns: rows of gold.markers ordered by time and id, and the episodes of those with an anchor.
    /// - Source: spec/recorder.md 6.8.
    public func extract(_ inputs: [MarkerInputs.Row]) -> (markers: [Markers.Row], episodes: [Episode]) {
        var markers: [Markers.Row] = []
        var episodes: [Episode] = []
        var seen: Set<Occurrence> = []
        for input in inputs where seen.insert(Occurrence(time: input.tsMs, type: input.markerType)).inserted {
            let id = input.markerId ?? "marker:\(context.symbol):\(input.tsMs):\(input.markerType.symbol)"
            let episode = anchor(of: input.tsMs).map { self.episode(of: input, id: id, anchoredAt: $0) }
            if let episode { episodes.append(episode) }
            let status: Markers.ExtractStatus =
                episode.map { $0.row.directionBias == nil ? .noTrade : .extracted } ?? .noAnchor
            markers.append(
                Markers.Row(
                    sessionId: context.session.sessionId, markerId: id, tsMs: input.tsMs,
                    markerType: Markers.MarkerType(like: input.markerType),
                    directionBias: input.directionBias.map { Markers.DirectionBias(like: $0) },
                    notes: input.notes, extractStatus: status))
        }
        markers.sort {
            ($0.tsMs, ByteKey($0.markerId)) < ($1.tsMs, ByteKey($1.markerId))
        }
        return (markers, episodes)
    }

    /// Markers of one instant and type are the same.
    private struct Occurrence: Hashable {
        let time: Int64
        let type: MarkerInputs.MarkerType
    }

    /// The latest priced row of the session that is not after the marker; it is less than a window older.
    private func anchor(of time: Int64) -> State10s.Row? {
        let session = context.session
        guard time >= session.startTsMs, time < session.endTsMs,
            let row = context.rows.last(atOrBefore: time), row >= context.rows.firstPriced,
            case let anchor = context.rows.states[row], time - anchor.timestamp < SessionRows.step
        else { return nil }
        return anchor
    }

    private func episode(
        of marker: MarkerInputs.Row, id: String, anchoredAt anchor: State10s.Row
    ) -> Episode {
        let rows = context.rows
        let level = ZoneLevel(
            id: id, price: anchor.lastPrice, widthATR: context.parameters.levelWidthATR,
            createdMs: context.session.startTsMs)
        let zoneEntry = marker.tsMs - MarkerTimes.stress
        let entryRow = rows.priced(from: zoneEntry, through: anchor.timestamp).lowerBound
        let subject = EpisodeSubject(
            source: .markerExtract, level: level, type: Episodes.LevelType(like: marker.markerType),
            levelSource: .marker,
            entrySide: rows.states[entryRow].lastPrice >= level.price ? .above : .below,
            bias: bias(of: marker), anchor: anchor,
            marker: (id, Episodes.MarkerType(like: marker.markerType), marker.tsMs),
            contextTime: marker.tsMs, timeoutSeconds: MarkerTimes.timeoutSeconds,
            maxEpisodeSeconds: MarkerTimes.maxEpisodeSeconds)
        return Episode(
            subject, course(of: marker.tsMs, subject), spine: ZoneGate.spine(of: level, over: rows), in: context)
    }

    /// The first resolution row that moves far enough ends the episode, else its time, else the session.
    private func course(of time: Int64, _ subject: EpisodeSubject) -> EpisodeCourse {
        let rows = context.rows
        let last = rows.states.last!.timestamp
        let limit = time + MarkerTimes.resolution
        var course = EpisodeCourse(
            start: time - MarkerTimes.baseline, zoneEntry: time - MarkerTimes.stress,
            zoneExit: time + MarkerTimes.stress, end: min(limit, last))
        guard subject.bias != nil else { return course }
        for state in rows.states[rows.priced(from: time + MarkerTimes.stress + 1, through: limit)] {
            if let trigger = subject.trigger(subject.move(state.lastPrice), context.parameters) {
                course.trigger = trigger
                course.end = state.timestamp
                return course
            }
        }
        if last >= limit { course.trigger = .timeout } else { course.isCensored = true }
        return course
    }

    private func bias(of marker: MarkerInputs.Row) -> Episodes.DirectionBias? {
        if let given = marker.directionBias { return Episodes.DirectionBias(like: given) }
        switch marker.markerType {
        case .supportBounce, .downtrendBreak: return .long
        case .breakdown: return .short
        case .consolidation, .doubleBottom, .tripleBottom, .doubleTop, .tripleTop: return nil
        }
    }
}

/// Times around a marker, ms unless said otherwise; constants of spec/recorder.md 2.8 and 6.8.
private enum MarkerTimes {
    static let baseline: Int64 = 300_000
    static let stress: Int64 = 120_000
    static let resolution: Int64 = 600_000
    static let timeoutSeconds: Int64 = 480
    static let maxEpisodeSeconds: Int64 = 720
}
