/// The named quantities of the recorder. Source: spec/recorder.md 2.8.
///
/// An engine takes the whole set; a stage fills in what its registry entry names and leaves the rest.
public struct RecorderParameters: Equatable, Sendable {
    // MARK: Sides and volumes

    /// How a trade gets its side.
    public var tradeSide = TradeSide.quoteTest
    /// Conditions of trades that are dropped.
    public var excludedConditions: Set<String> = []
    /// Trades before the regular open count for the VWAP, too.
    public var includesPremarketInVWAP = false
    /// Length of the sample that large trades stand out of, ms.
    public var largeTradeWindowMs: Int64 = 300_000

    // MARK: Indicators

    /// Bars until an ATR is live.
    public var atrPeriod = 14
    /// Weight of the seed while the ATR is blending.
    public var atrBlendAlpha = 0.7
    /// Periods of the four averages, ascending.
    public var emaPeriods = [9, 20, 30, 200]
    /// Spread of the averages, in ATR, at which their confluence is 0.
    public var emaConfluenceRef = 0.25
    /// Least denominator of ATR quotients.
    public var floorATR = 0.02
    /// The two-minute timeframe is sampled, too.
    public var samples2m = false
    /// Approach speeds in ATR per minute from which a bucket starts.
    public var approachCrash = 1.5
    public var approachFast = 0.75
    public var approachNormal = 0.25

    // MARK: Episodes

    /// Half width of the zone of a level without one of its own, ATR.
    public var levelWidthATR = 0.25
    public var successThresholdATR = 0.50
    public var failureThresholdATR = 0.35
    public var timeoutSeconds: Int64 = 300
    public var maxEpisodeSeconds: Int64 = 1800
    public var baselineSeconds: Int64 = 300

    // MARK: Chains

    /// Half width of a support's band as a fraction of its price.
    public var bandPct = 0.0015
    public var flushDropATR = 1.0
    public var flushVelocityATRPerMin = 0.75
    public var snapbackMs: Int64 = 120_000
    /// Gap below which two supports are a cluster, ATR.
    public var clusterGapATR = 0.5
    /// Relative aggression from which a reclaim scores.
    public var scoreRelAggr = 0.10

    public init() {}
}

/// How a trade gets its side. Source: spec/recorder.md 5.1.
public enum TradeSide: String, CaseIterable, Sendable {
    /// By the latest quote before it.
    case quoteTest = "quote_test"
    /// As the feed says.
    case aggressor
}
