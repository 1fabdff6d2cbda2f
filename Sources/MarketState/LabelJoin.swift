import Tables

/// Puts the operator's labels beside the episodes. Source: spec/recorder.md 6.10.
public enum LabelJoin {
    /// - Returns: the episodes in their order, each with its label or without, and how many labels belong to none.
    public static func join(
        _ episodes: [Episodes.Row], _ labels: [Labels.Row]
    ) -> (rows: [EpisodesLabeled.Row], labelsWithoutEpisode: Int) {
        var byEpisode: [ByteKey: Labels.Row] = [:]
        for label in labels { byEpisode[ByteKey(label.episodeId)] = label }
        let rows = episodes.map { episode in
            EpisodesLabeled.Row(episode, byEpisode.removeValue(forKey: ByteKey(episode.episodeId)))
        }
        return (rows, byEpisode.count)
    }
}

extension EpisodesLabeled.Row {
    init(_ episode: Episodes.Row, _ label: Labels.Row?) {
        self.init(
            episodeId: episode.episodeId,
            sessionId: episode.sessionId,
            episodeSource: .init(like: episode.episodeSource),
            levelId: episode.levelId,
            levelPrice: episode.levelPrice,
            levelType: .init(like: episode.levelType),
            levelSource: .init(like: episode.levelSource),
            levelWidthAtr: episode.levelWidthAtr,
            levelEntrySide: .init(like: episode.levelEntrySide),
            directionBias: episode.directionBias.map { .init(like: $0) },
            zoneRule: episode.zoneRule,
            startTime: episode.startTime,
            zoneEntryTime: episode.zoneEntryTime,
            zoneExitTime: episode.zoneExitTime,
            resolutionTime: episode.resolutionTime,
            endTime: episode.endTime,
            resolutionTrigger: episode.resolutionTrigger.map { .init(like: $0) },
            outcome: episode.outcome.map { .init(like: $0) },
            resolutionType: episode.resolutionType.map { .init(like: $0) },
            rMultiple: episode.rMultiple,
            mfe: episode.mfe,
            mae: episode.mae,
            timeToMfeMs: episode.timeToMfeMs,
            timeToFailureMs: episode.timeToFailureMs,
            censored: episode.censored,
            reentryCount: episode.reentryCount,
            successThresholdAtr: episode.successThresholdAtr,
            failureThresholdAtr: episode.failureThresholdAtr,
            timeoutSeconds: episode.timeoutSeconds,
            maxEpisodeSeconds: episode.maxEpisodeSeconds,
            emaConfluenceRef: episode.emaConfluenceRef,
            atrValue: episode.atrValue,
            atrStatus: .init(like: episode.atrStatus),
            atrSeedSource: .init(like: episode.atrSeedSource),
            atrBlendAlpha: episode.atrBlendAlpha,
            atrIsWarm: episode.atrIsWarm,
            baselineRows: episode.baselineRows,
            baselineVol60sMean: episode.baselineVol60sMean,
            baselineVol60sStd: episode.baselineVol60sStd,
            baselineTradeCount60sMean: episode.baselineTradeCount60sMean,
            baselineTradeCount60sStd: episode.baselineTradeCount60sStd,
            timeOfDayBucket: .init(like: episode.timeOfDayBucket),
            gapPct: episode.gapPct,
            spyReturn5m: episode.spyReturn5m,
            spyBucket: episode.spyBucket.map { .init(like: $0) },
            markerId: episode.markerId,
            markerType: episode.markerType.map { .init(like: $0) },
            markerTsMs: episode.markerTsMs,
            manualOutcome: (label?.manualOutcome).map { .init(like: $0) },
            manualNotes: label?.manualNotes,
            setupType: label?.setupType,
            confidence: label?.confidence)
    }
}
