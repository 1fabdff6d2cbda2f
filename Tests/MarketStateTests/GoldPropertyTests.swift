import MarketState
import Tables
import Testing

/// Days of random walks around their levels; equal seeds give equal days.
private struct RandomDay {
    private var numbers: Numbers64

    init(_ seed: UInt64) { numbers = Numbers64(state: seed) }

    /// Ten-second rows that start without a price and wander around 100 with wicks, flow and quotes.
    mutating func states(_ count: Int = 400) -> [State10s.Row] {
        var price = 100.0
        return (0..<count).map { index in
            price += (numbers.fraction() - 0.5) * 0.4 + (100 - price) * 0.01
            var row = Given.state(index, index < 3 ? 0 : price, atr: 0.5 + numbers.fraction())
            guard index >= 3 else { return row }
            row.high10s = price + numbers.fraction() * 0.2
            row.low10s = price - numbers.fraction() * 0.2
            row.totalVolume = (numbers.fraction() * 1000).rounded()
            row.delta = ((numbers.fraction() * 2 - 1) * row.totalVolume).rounded()
            row.relativeAggression = row.totalVolume == 0 ? 0 : row.delta / (row.totalVolume + 1e-9)
            row.tradeCount = Int64(numbers.fraction() * 50)
            row.hasQuote = numbers.fraction() < 0.9
            row.spreadPct = row.hasQuote ? numbers.fraction() * 0.001 : 0
            row.emaReady = index > 8
            row.compressionIndex = row.emaReady ? numbers.fraction() : 0
            row.absorptionIndex10s = numbers.fraction() * 1000
            return row
        }
    }

    static let levels = [
        Given.level("a", 99.5), Given.level("b", 100), Given.level("c", 100.4, .resistance, created: 1_000_000),
        Given.level("d", 99, .support, created: 500_000), Given.level("e", 100.2, .vwap),
        Given.level("f", 101, .resistance),
    ]
    static let markers = [
        Given.marker(700_000, .supportBounce), Given.marker(1_500_000, .breakdown),
        Given.marker(2_000_000, .doubleTop), Given.marker(2_500_000, .consolidation, bias: .short),
    ]
}

/// Everything that gold makes of a session.
private struct Gold {
    var spine: [String: [LevelSpine.Row]] = [:]
    var episodes: [Episodes.Row] = []
    var snapshots: [String: [EpisodeSnapshots.Row]] = [:]
    var events: [String: [LevelInteractions.Row]] = [:]
    var touches: [TouchPackets.Row] = []
    var reclaims: [ReclaimPackets.Row] = []

    init(_ states: [State10s.Row], levels: [Levels.Row] = RandomDay.levels) throws {
        let rows = try Given.rows(states)
        let engine = EpisodeEngine(Given.context(rows))
        var all: [Episode] = engine.extract(RandomDay.markers).episodes
        var chain: [TracedLevel] = []
        for level in levels {
            let spine = ZoneGate.spine(of: level, over: rows)
            self.spine[level.levelId] = spine
            all += try engine.episodes(of: level, spine: spine)
            guard let chainLevel = ChainLevel(level, bandPct: 0.0015) else { continue }
            let events = LevelTimeline.events(of: chainLevel, over: rows)
            self.events[level.levelId] = events
            chain.append(try TracedLevel(chainLevel, events, in: rows))
        }
        for episode in all {
            episodes.append(episode.row)
            snapshots[episode.row.episodeId] = episode.snapshots()
        }
        touches = chain.flatMap { TouchPacketEngine(rows).packets(of: $0) }
        reclaims = ReclaimPacketEngine.packets(of: chain, over: rows)
    }
}

/// An episode without the columns that tell how it went on.
private func withoutOutcome(_ row: Episodes.Row) -> Episodes.Row {
    var row = row
    if row.episodeSource == .levelGate { row.zoneExitTime = nil }
    (row.resolutionTime, row.endTime, row.resolutionTrigger) = (nil, 0, nil)
    (row.outcome, row.resolutionType, row.rMultiple) = (nil, nil, nil)
    (row.mfe, row.mae, row.timeToMfeMs, row.timeToFailureMs) = (nil, nil, nil, nil)
    (row.censored, row.reentryCount) = (false, 0)
    return row
}

/// A touch without the columns that tell how it went on.
private func withoutOutcome(_ row: TouchPackets.Row) -> TouchPackets.Row {
    var row = row
    (row.touchDwellS, row.bounceReturn30sPct, row.bounceReturn60sPct) = (0, nil, nil)
    (row.bandDelta030s, row.bandDelta060s, row.relAggr030s, row.relAggr060s) = (0, 0, 0, 0)
    (row.deltaFlipFlag, row.maxPenetrationPct, row.wickRecoveredFlag) = (false, 0, false)
    (row.largeTradeCountAtTouch, row.largeTradeBuyRatio, row.absorptionMean030s) = (0, nil, 0)
    (row.priceEfficiency030s, row.spreadNarrowingAfterTouch) = (nil, nil)
    (row.breakConfirmed30s, row.reclaimAfterBreak, row.reclaimHold30s, row.touchOutcome) = (nil, nil, nil, nil)
    return row
}

/// A reclaim without the columns that tell how it went on.
private func withoutOutcome(_ row: ReclaimPackets.Row) -> ReclaimPackets.Row {
    var row = row
    (row.reclaimBandDelta30s, row.reclaimBandDelta60s) = (0, 0)
    (row.reclaimRelAggr30s, row.reclaimRelAggr60s) = (0, 0)
    (row.reclaimHold30s, row.reclaimHold60s) = (nil, nil)
    return row
}

@Suite struct `Gold of random days` {
    @Test(arguments: [UInt64(1), 2, 3])
    func `what a day says up to an instant does not depend on what comes after`(seed: UInt64) throws {
        var day = RandomDay(seed)
        let states = day.states()
        let whole = try Gold(states)
        #expect(!whole.episodes.isEmpty && !whole.touches.isEmpty && !whole.reclaims.isEmpty)
        for count in stride(from: 5, through: states.count, by: 13) {
            let end = states[count - 1].timestamp
            let cut = try Gold(Array(states.prefix(count)))
            for (id, spine) in whole.spine { #expect(cut.spine[id] == spine.filter { $0.timestamp <= end }) }
            for (id, events) in whole.events { #expect(cut.events[id] == events.filter { $0.timestamp <= end }) }
            func known(_ episode: Episodes.Row) -> Bool {
                (episode.markerTsMs ?? episode.zoneEntryTime) <= end
            }
            #expect(
                cut.episodes.filter(known).map(withoutOutcome)
                    == whole.episodes.filter(known).map(withoutOutcome))
            for episode in cut.episodes where known(episode) {
                let expected = whole.snapshots[episode.episodeId]?.filter { $0.timestamp <= end }
                #expect(cut.snapshots[episode.episodeId] == expected)
            }
            #expect(
                cut.touches.map(withoutOutcome)
                    == whole.touches.filter { $0.touchTsMs <= end }.map(withoutOutcome))
            #expect(
                cut.reclaims.map(withoutOutcome)
                    == whole.reclaims.filter { $0.tReclaimMs <= end }.map(withoutOutcome))
            // What is decided stays decided.
            let resolved = cut.episodes.filter { $0.resolutionTrigger != nil }
            #expect(
                resolved == whole.episodes.filter { episode in resolved.contains { $0.episodeId == episode.episodeId } }
            )
        }
    }

    @Test(arguments: [UInt64(4), 5])
    func `a level's rows do not depend on the other levels`(seed: UInt64) throws {
        var day = RandomDay(seed)
        let states = day.states()
        let all = try Gold(states)
        for level in RandomDay.levels {
            let alone = try Gold(states, levels: [level])
            #expect(alone.spine[level.levelId] == all.spine[level.levelId])
            #expect(alone.events[level.levelId] == all.events[level.levelId])
            #expect(
                alone.episodes.filter { $0.levelId == level.levelId }
                    == all.episodes.filter { $0.levelId == level.levelId })
            #expect(alone.touches == all.touches.filter { $0.levelId == level.levelId })
        }
    }

    /// The day mirrored at price 0 would have negative prices; at 100 it has none, and bands of 100 ± 0.15 mirror up to
    /// the last bit, which no random price meets.
    @Test(arguments: [UInt64(6), 7])
    func `a resistance at 100 sees the mirrored day as a support sees the day`(seed: UInt64) throws {
        var day = RandomDay(seed)
        let states = day.states()
        let mirrored = states.map { row in
            var row = row
            guard row.lastPrice > 0 else { return row }
            row.lastPrice = 200 - row.lastPrice
            (row.high10s, row.low10s) = (200 - row.low10s, 200 - row.high10s)
            row.delta = -row.delta
            row.relativeAggression = -row.relativeAggression
            return row
        }
        let support = Given.level("x", 100, .support)
        let resistance = Given.level("x", 100, .resistance)
        let up = try Gold(states, levels: [support])
        let down = try Gold(mirrored, levels: [resistance])
        let mirror = ["above": "below", "below": "above"]
        #expect(up.events["x"]!.map(\.event) == down.events["x"]!.map(\.event))
        #expect(up.events["x"]!.map(\.mode) == down.events["x"]!.map(\.mode))
        #expect(
            up.events["x"]!.map { $0.fromSide.flatMap { mirror[$0.symbol] } }
                == down.events["x"]!.map { $0.fromSide?.symbol })
        #expect(up.touches.count > 10)
        #expect(up.touches.map(\.touchOutcome) == down.touches.map(\.touchOutcome))
        #expect(up.touches.map(\.divFlagAtTouch) == down.touches.map(\.divFlagAtTouch))
        #expect(up.touches.map(\.wickRecoveredFlag) == down.touches.map(\.wickRecoveredFlag))
        #expect(zip(up.touches, down.touches).allSatisfy { agrees($0.maxPenetrationPct, $1.maxPenetrationPct) })
        #expect(zip(up.touches, down.touches).allSatisfy { agrees($0.bandDelta030s, -$1.bandDelta030s) })
        let pairs = zip(up.episodes.filter { $0.levelId == "x" }, down.episodes.filter { $0.levelId == "x" })
        #expect(pairs.allSatisfy { $0.outcome == $1.outcome && $0.zoneEntryTime == $1.zoneEntryTime })
        #expect(pairs.allSatisfy { agrees($0.mfe, $1.mfe) && agrees($0.mae, $1.mae) })
        #expect(up.episodes.count == down.episodes.count)
    }
}
