import Tables

/// A stretch of the session in which the price dealt with a level or a marker, with its row of gold.episodes.
///
/// Built by `EpisodeEngine`; `snapshots` are its rows of gold.episode_snapshots.
public struct Episode: Sendable {
    public let row: Episodes.Row
    /// The session's rows.
    let rows: SessionRows
    /// The spine of the level over the session's priced rows.
    let spine: [LevelSpine.Row]
}

/// What an episode is about, frozen at its entry row or anchor.
struct EpisodeSubject {
    let source: Episodes.EpisodeSource
    let level: ZoneLevel
    let type: Episodes.LevelType
    let levelSource: Episodes.LevelSource
    let entrySide: Episodes.LevelEntrySide
    /// Nil: nothing is expected of the price, and there is no trade.
    let bias: Episodes.DirectionBias?
    /// The row that the ATR fields are frozen from.
    let anchor: State10s.Row
    let marker: (id: String, type: Episodes.MarkerType, time: Int64)?
    /// The time that the context of the day is looked up at.
    let contextTime: Int64
    let timeoutSeconds: Int64
    let maxEpisodeSeconds: Int64

    /// The way from the level in the direction of the bias, in ATR of the anchor; positive is favourable.
    func move(_ price: Double) -> Double {
        (bias == .short ? -1 : 1) * (price - level.price) / anchor.atrValue
    }

    /// Whether a move ends the episode.
    func trigger(
        _ move: Double, _ parameters: RecorderParameters
    ) -> Episodes.ResolutionTrigger? {
        if move >= parameters.successThresholdATR { return .thresholdHit }
        if move <= -parameters.failureThresholdATR { return .invalidation }
        return nil
    }
}

/// When an episode began and how it went. All times in ms.
struct EpisodeCourse {
    let start: Int64
    let zoneEntry: Int64
    var zoneExit: Int64?
    /// Of the last row that belongs to it.
    var end: Int64
    /// Nil while nothing has resolved it.
    var trigger: Episodes.ResolutionTrigger?
    var isCensored = false
    var reentries: Int64 = 0
}

// MARK: - The row

extension Episode {
    /// - Precondition: the session has a priced row at or after the course's zone entry.
    init(
        _ subject: EpisodeSubject, _ course: EpisodeCourse, spine: [LevelSpine.Row], in context: EpisodeContext
    ) {
        let parameters = context.parameters
        let rows = context.rows
        let baseline = Baseline(rows, rows.priced(from: course.start, through: course.zoneEntry - 1))
        let excursion = subject.bias.map { _ in Excursion(subject, course, rows, parameters) }
        let spyReturn = context.benchmark?.fiveMinuteReturn(at: course.zoneEntry)
        row = Episodes.Row(
            episodeId: "ep:\(context.session.sessionId):\(subject.level.id):\(course.zoneEntry)",
            sessionId: context.session.sessionId,
            episodeSource: subject.source,
            levelId: subject.level.id,
            levelPrice: subject.level.price,
            levelType: subject.type,
            levelSource: subject.levelSource,
            levelWidthAtr: subject.level.widthATR,
            levelEntrySide: subject.entrySide,
            directionBias: subject.bias,
            zoneRule: "abs(signed_distance_to_level_atr) <= \(hundredths(subject.level.widthATR))",
            startTime: course.start,
            zoneEntryTime: course.zoneEntry,
            zoneExitTime: course.zoneExit,
            resolutionTime: course.trigger == nil ? nil : course.end,
            endTime: course.end,
            resolutionTrigger: course.trigger,
            outcome: subject.bias == nil ? .noTrade : course.trigger.map(outcome),
            resolutionType: course.trigger.map { trigger in
                switch trigger {
                case .invalidation: .continuation
                case .timeout: .chop
                case .thresholdHit:
                    excursion!.adverse > subject.level.widthATR ? .fakeBreak : .reversalSuccess
                }
            },
            rMultiple: course.trigger == nil ? nil : excursion!.final / parameters.failureThresholdATR,
            mfe: excursion?.favourable,
            mae: excursion?.adverse,
            timeToMfeMs: excursion?.timeToFavourable,
            timeToFailureMs: excursion?.timeToFailure,
            censored: course.isCensored,
            reentryCount: course.reentries,
            successThresholdAtr: parameters.successThresholdATR,
            failureThresholdAtr: parameters.failureThresholdATR,
            timeoutSeconds: subject.timeoutSeconds,
            maxEpisodeSeconds: subject.maxEpisodeSeconds,
            emaConfluenceRef: parameters.emaConfluenceRef,
            atrValue: subject.anchor.atrValue,
            atrStatus: Episodes.AtrStatus(like: subject.anchor.atrStatus),
            atrSeedSource: Episodes.AtrSeedSource(like: context.session.atrSeedSource),
            atrBlendAlpha: parameters.atrBlendAlpha,
            atrIsWarm: subject.anchor.atrIsWarm,
            baselineRows: baseline.rows,
            baselineVol60sMean: baseline.volumeMean,
            baselineVol60sStd: baseline.volumeDeviation,
            baselineTradeCount60sMean: baseline.tradesMean,
            baselineTradeCount60sStd: baseline.tradesDeviation,
            timeOfDayBucket: context.timeOfDay(at: subject.contextTime),
            gapPct: context.gap(knownAt: subject.contextTime),
            spyReturn5m: spyReturn,
            spyBucket: spyReturn.map { $0 >= 0.001 ? .up : $0 <= -0.001 ? .down : .flat },
            markerId: subject.marker?.id,
            markerType: subject.marker?.type,
            markerTsMs: subject.marker?.time)
        self.rows = rows
        self.spine = spine
    }
}

private func outcome(_ trigger: Episodes.ResolutionTrigger) -> Episodes.Outcome {
    switch trigger {
    case .thresholdHit: .win
    case .invalidation: .loss
    case .timeout: .scratch
    }
}

/// The activity that an episode's rows are measured against. Source: spec/recorder.md 6.5.
private struct Baseline {
    let rows: Int64
    let volumeMean: Double
    let volumeDeviation: Double
    let tradesMean: Double
    let tradesDeviation: Double

    /// - Parameter range: the rows of phase baseline.
    init(_ session: SessionRows, _ range: Range<Int>) {
        let volumes = session.flows[range].map(\.vol60s)
        let trades = session.flows[range].map { Double($0.tradeCount60s) }
        rows = Int64(range.count)
        volumeMean = Numbers.mean(volumes)
        volumeDeviation = Numbers.pstd(volumes)
        tradesMean = Numbers.mean(trades)
        tradesDeviation = Numbers.pstd(trades)
    }
}

/// How far the price went, in ATR of the anchor, from the zone entry to the end. Source: spec/recorder.md 6.6.
private struct Excursion {
    let favourable: Double
    let adverse: Double
    let timeToFavourable: Int64?
    let timeToFailure: Int64?
    /// Move of the last row.
    let final: Double

    init(
        _ subject: EpisodeSubject, _ course: EpisodeCourse, _ rows: SessionRows, _ parameters: RecorderParameters
    ) {
        let range = rows.priced(from: course.zoneEntry, through: course.end)
        let moves = rows.states[range].map { subject.move($0.lastPrice) }
        func sinceEntry(_ index: Int) -> Int64 {
            rows.states[range.lowerBound + index].timestamp - course.zoneEntry
        }
        favourable = max(0, moves.max()!)
        adverse = max(0, -moves.min()!)
        timeToFavourable = favourable == 0 ? nil : sinceEntry(moves.firstIndex(of: favourable)!)
        timeToFailure = moves.firstIndex { -$0 >= parameters.failureThresholdATR }.map(sinceEntry)
        final = moves.last!
    }
}
