import MarketState
import Tables
import Testing

@Suite struct `Timeline of a level` {
    /// Events as (time, event, side, mode); the side is where a touch came from or another event went to.
    private func story(_ events: [LevelInteractions.Row]) -> [String] {
        events.map {
            let side = $0.fromSide?.symbol ?? $0.toSide!.symbol
            let attempt = $0.reclaimAttempt == true ? " attempt" : ""
            return "\($0.timestamp) \($0.event.symbol) \(side) \($0.mode.symbol)\(attempt)"
        }
    }

    @Test func `case D4: wick and cross-through`() throws {
        var states = Given.states([101, 101, 99, 99, 101])
        for (index, low) in [101, 100.1, 98.9, 98.9, 99].enumerated() { states[index].low10s = low }
        for (index, high) in [101, 101.2, 101, 99.9, 101].enumerated() { states[index].high10s = high }
        let rows = try Given.rows(states)
        let traced = try Given.traced(Given.level(), over: rows)
        let events = LevelTimeline.events(of: Given.chainLevel(Given.level()), over: rows)
        #expect(
            story(events) == [
                "19999 touch above wick", "19999 reject above wick",
                "29999 touch above cross_through", "29999 break below cross_through",
                "39999 touch below wick attempt", "39999 exit below wick",
                "49999 touch below cross_through attempt", "49999 reject above cross_through",
            ])
        let metrics = ChainMetrics.rows(of: [traced], [], sessionID: "S", over: rows).levels[0]
        #expect(metrics.sessionTouches == 4)
        #expect(metrics.sessionBreaks == 1)
        #expect(metrics.sessionRejects == 2)
        #expect(metrics.sessionReclaimAttempts == 2)
        #expect(metrics.historicalHoldRate == 0.5)
    }

    @Test func `case D6: a level that appears in the band`() throws {
        let rows = try Given.rows([101, 100, 101, 100, 101])
        let early = LevelTimeline.events(of: Given.chainLevel(Given.level()), over: rows)
        #expect(early.map(\.event) == [.touch, .reject, .touch, .reject])
        let level = Given.level(created: 25000)
        let late = LevelTimeline.events(of: Given.chainLevel(level), over: rows)
        #expect(
            story(late) == [
                "29999 reject above plain", "39999 touch above plain", "49999 reject above plain",
            ])
        #expect(late.map(\.paired) == [false, true, true])
        #expect(late.map(\.touchNumber) == [nil, 1, nil])
        #expect(late.map(\.eventIndex) == [0, 1, 2])
        let traced = try Given.traced(level, over: rows)
        #expect(ChainMetrics.rows(of: [traced], [], sessionID: "S", over: rows).levels[0].sessionRejects == 1)
    }

    @Test func `an unpaired break makes the next touch an attempt`() throws {
        let rows = try Given.rows([100, 99, 100, 101])
        let events = LevelTimeline.events(of: Given.chainLevel(Given.level(created: 15000)), over: rows)
        #expect(
            story(events) == [
                "19999 break below plain", "29999 touch below plain attempt", "39999 reject above plain",
            ])
        #expect(events.map(\.paired) == [false, true, true])
    }

    @Test func `the band's ends are its own, computed as written`() {
        let level = Given.chainLevel(Given.level())
        #expect(level.lower == 99.85000000000001)
        #expect(level.upper == 100.15)
        let rows = try? Given.rows([99.85, 100.15, 99.85])
        let events = rows.map { LevelTimeline.events(of: level, over: $0) }
        #expect(events?.map(\.event) == [.touch, .exit], "99.85 lies below, 100.15 inside")
    }

    @Test func `only supports and resistances are of a chain`() {
        #expect(ChainLevel(Given.level("L", 100, .vwap), bandPct: 0.0015) == nil)
        #expect(ChainLevel(Given.level("L", 100, .manual), bandPct: 0.0015) == nil)
    }

    @Test func `events of other rows are refused`() throws {
        let rows = try Given.rows([101, 100])
        let events = LevelTimeline.events(of: Given.chainLevel(Given.level()), over: rows)
        let shorter = try Given.rows([101])
        #expect(throws: SessionRowsError.notAlike("level_interactions of L", session: "S")) {
            try TracedLevel(Given.chainLevel(Given.level()), events, in: shorter)
        }
    }
}

@Suite struct `Packets of touches` {
    private func packets(_ rows: SessionRows, _ level: Levels.Row = Given.level()) throws -> [TouchPackets.Row] {
        TouchPacketEngine(rows).packets(of: try Given.traced(level, over: rows))
    }

    @Test func `case D1: all fields`() throws {
        let prices = [103, 102.5, 102, 101.5, 101, 100.5, 100.1, 100, 100.4, 100.6, 100.8, 101, 101.2]
        let deltas: [Double] = [-10, -20, -30, -40, -50, -60, -70, 40, 50, 60, 10, 10, 10]
        let volumes: [Double] = [100, 100, 200, 100, 200, 300, 900, 500, 400, 300, 200, 100, 100]
        let spreads = [0.0002, 0.0002, 0.0002, 0.0004, 0.0004, 0.0004, 0.0010] + Array(repeating: 0.0005, count: 6)
        let compression = [0.9, 0.9, 0.9, 0.8, 0.7, 0.6] + Array(repeating: 0.5, count: 7)
        let absorption: [Double] = [1, 2, 3, 4, 5, 6, 140, 0, 0, 0, 0, 0, 0]
        var states = Given.states(prices, atr: 2)
        for index in states.indices {
            states[index].low10s = prices[index] - 0.05
            states[index].high10s = prices[index] + 0.05
            states[index].delta = deltas[index]
            states[index].totalVolume = volumes[index]
            states[index].relativeAggression = deltas[index] / volumes[index]
            states[index].spreadPct = spreads[index]
            states[index].compressionIndex = compression[index]
            states[index].absorptionIndex10s = absorption[index]
            states[index].vwapState = .below
            states[index].stackState = .bear
        }
        states[7].low10s = 99.80
        var flows = Given.flows(states)
        (flows[5].largeTradeCount10s, flows[6].largeTradeCount10s, flows[7].largeTradeCount10s) = (1, 3, 2)
        (flows[6].largeBuyVolume10s, flows[7].largeBuyVolume10s) = (100, 300)
        (flows[5].largeSellVolume10s, flows[6].largeSellVolume10s) = (50, 200)
        let rows = try SessionRows(states: states, flows: flows)
        let events = LevelTimeline.events(of: Given.chainLevel(Given.level()), over: rows)
        #expect(events.map(\.event) == [.touch, .reject])
        #expect(events.map(\.timestamp) == [69999, 89999])
        let packets = try packets(rows)
        #expect(packets.count == 1)
        let packet = packets[0]
        #expect(packet.touchId == "touch:S:L:69999")
        #expect(packet.levelKind == .support)
        #expect(packet.bandPct == 0.0015)
        #expect(packet.touchNumber == 1)
        #expect(packet.fromSide == .above)
        #expect(packet.touchMode == .plain)
        #expect(!packet.reclaimAttempt)
        #expect(packet.timeSinceLastTouchS == nil)
        #expect(agrees(packet.approachVelocityAtrPerMin, 1.45))
        #expect(packet.approachType == .fast)
        #expect(packet.approachDelta60s == -210)
        #expect(agrees(packet.approachRelAggr60s, -0.21666666666666667))
        #expect(packet.touchDwellS == 20)
        #expect(agrees(packet.bounceReturn30sPct, 0.004995004995004995))
        #expect(agrees(packet.bounceReturn60sPct, 0.010989010989011075))
        #expect(packet.bandDelta030s == -30)
        #expect(packet.bandDelta060s == -30)
        #expect(agrees(packet.relAggr030s, 0.042407407407407414))
        #expect(agrees(packet.relAggr060s, 0.07953703703703703))
        #expect(!packet.deltaFlipFlag)
        #expect(agrees(packet.maxPenetrationPct, 0.0005))
        #expect(packet.wickRecoveredFlag)
        #expect(agreesAsScore(packet.touchVolumeZ!, 9.838699100867075))
        #expect(packet.largeTradeCountAtTouch == 5)
        #expect(agrees(packet.largeTradeBuyRatio, 0.6666666666666666))
        #expect(agrees(packet.absorptionMean030s, 46.666666666666664))
        #expect(agrees(packet.priceEfficiency030s, 0.00027777777777762344))
        #expect(packet.cvd60sAtTouch == -270)
        #expect(packet.cvdSlopeIntoTouch == -260)
        #expect(packet.divFlagAtTouch == false)
        #expect(packet.spreadPctAtTouch == 0.001)
        #expect(packet.spreadWideningIntoTouch == true)
        #expect(packet.spreadNarrowingAfterTouch == true)
        #expect(agrees(packet.compressionAtTouch, 0.7571428571428571))
        #expect(packet.compressionTrendIntoTouch == .tightening)
        #expect(packet.priceVsVwapAtTouch == .below)
        #expect(packet.emaStackAtTouch == .bear)
        #expect(packet.breakConfirmed30s == false)
        #expect(packet.reclaimAfterBreak == nil)
        #expect(packet.reclaimHold30s == nil)
        #expect(packet.touchOutcome == .hold)
    }

    @Test func `case D2: break, reclaim, hold`() throws {
        let rows = try Given.rows([101, 100, 99.5, 99.4, 99.3, 99.4, 99.9, 100, 100.1, 100.2], atr: 2)
        let traced = try Given.traced(Given.level(), over: rows)
        let events = LevelTimeline.events(of: Given.chainLevel(Given.level()), over: rows)
        #expect(events.map(\.timestamp) == [19999, 29999, 69999, 99999])
        #expect(events.map(\.event) == [.touch, .break, .touch, .reject])
        #expect(events.map(\.reclaimAttempt) == [false, nil, true, nil])
        let packets = try packets(rows)
        #expect(packets.map(\.breakConfirmed30s) == [true, false])
        #expect(packets.map(\.reclaimAfterBreak) == [true, nil])
        #expect(packets.map(\.reclaimHold30s) == [true, nil])
        #expect(packets.map(\.touchOutcome) == [.breakReclaimHold, .hold])
        #expect(packets.map(\.touchDwellS) == [10, 30])
        #expect(packets.map(\.timeSinceLastTouchS) == [nil, 50])
        #expect(agrees(packets[0].bounceReturn30sPct, -0.007))
        #expect(agrees(packets[0].maxPenetrationPct, 0.0055))
        let metrics = ChainMetrics.rows(of: [traced], [], sessionID: "S", over: rows).levels[0]
        #expect(metrics.sessionTouches == 2)
        #expect(metrics.sessionBreaks == 1)
        #expect(metrics.sessionRejects == 1)
        #expect(metrics.sessionReclaimAttempts == 1)
        #expect(metrics.sessionReclaimHoldRate == 1)
        #expect(metrics.historicalHoldRate == 0.5)
    }

    @Test func `case D3: failed reclaim and censoring`() throws {
        let rows = try Given.rows([101, 100, 99.5, 99.4, 99.3, 99.4, 99.9, 100, 99.7, 99.6, 99.5], atr: 2)
        let packets = try packets(rows)
        #expect(packets.map(\.touchOutcome) == [.breakReclaimFail, nil])
        #expect(packets.map(\.breakConfirmed30s) == [true, nil])
        #expect(packets[1].fromSide == .below && packets[1].reclaimAttempt)
        let traced = try Given.traced(Given.level(), over: rows)
        let metrics = ChainMetrics.rows(of: [traced], [], sessionID: "S", over: rows).levels[0]
        #expect(metrics.sessionTouches == 2)
        #expect(metrics.sessionBreaks == 1)
        #expect(metrics.sessionRejects == 0)
        #expect(metrics.sessionReclaimHoldRate == 0)
        #expect(metrics.roleFlip == .supportToResistance)
    }

    @Test func `a touch that nothing follows is undecided`() throws {
        let packet = try #require(try packets(Given.rows([101, 100, 100, 100, 100, 100, 100, 100])).first)
        #expect(packet.breakConfirmed30s == nil)
        #expect(packet.touchOutcome == nil)
    }

    @Test func `a break that nobody takes back`() throws {
        let packet = try #require(try packets(Given.rows([101, 100] + Array(repeating: 99, count: 8))).first)
        #expect(packet.touchOutcome == .break)
        #expect(packet.reclaimAfterBreak == false)
        #expect(packet.reclaimHold30s == nil)
    }

    @Test func `rows without a price are no reference of a minute ago`() throws {
        let rows = try Given.rows([0, 0, 101, 100.5, 100.4, 100.3, 100.2, 100, 100])
        let packet = try #require(try packets(rows).first)
        #expect(packet.touchTsMs == 79999)
        #expect(packet.approachVelocityAtrPerMin == nil)
        #expect(packet.approachType == nil)
        #expect(packet.cvdSlopeIntoTouch == nil)
        #expect(packet.divFlagAtTouch == nil)
        #expect(packet.touchVolumeZ == nil, "no volume varies")
        #expect(packet.compressionTrendIntoTouch == .flat, "a row without a price can have averages")
    }

    @Test func `without quotes there is no spread`() throws {
        var states = Given.states([101, 100, 100, 100, 100])
        for index in states.indices { states[index].hasQuote = false }
        let packet = try #require(try packets(Given.rows(states)).first)
        #expect(packet.spreadPctAtTouch == nil)
        #expect(packet.spreadWideningIntoTouch == nil)
        #expect(packet.spreadNarrowingAfterTouch == nil)
    }

    @Test func `flow against a new low diverges`() throws {
        var states = Given.states([103, 102.5, 102, 101.5, 101, 100.5, 100])
        // Sums of three rows: −60 at row 3, −15 at row 6.
        for (index, delta) in [0, -20, -20, -20, -5, -5, -5].enumerated() { states[index].delta = Double(delta) }
        #expect(try packets(Given.rows(states)).first?.divFlagAtTouch == true)
        for index in states.indices { states[index].delta = -states[index].delta }
        #expect(try packets(Given.rows(states)).first?.divFlagAtTouch == false)
    }
}

@Suite struct `Chains` {
    @Test func `case D5: roles`() throws {
        func metrics(_ prices: [Double], _ type: Levels.LevelType = .support) throws -> LevelChainMetrics.Row {
            let rows = try Given.rows(prices)
            let traced = try Given.traced(Given.level("L", 100, type), over: rows)
            return ChainMetrics.rows(of: [traced], [], sessionID: "S", over: rows).levels[0]
        }
        #expect(try metrics([101, 100, 99, 100, 99, 98]).roleFlip == .supportToResistance)
        let regained = try metrics([101, 100, 99, 100, 99, 100, 101])
        #expect(regained.roleFlip == nil)
        #expect(regained.sessionTouches == 3)
        #expect(regained.sessionBreaks == 1)
        #expect(regained.sessionRejects == 1)
        #expect(regained.sessionReclaimAttempts == 2)
        #expect(regained.sessionReclaimHoldRate == 0)
        #expect(agrees(regained.historicalHoldRate, 1.0 / 3))
        #expect(try metrics([99, 100, 101, 100, 101], .resistance).roleFlip == .resistanceToSupport)
    }

    private struct Story {
        let rows: SessionRows
        let chain: [TracedLevel]
        let packets: [ReclaimPackets.Row]

        init() throws {
            let prices = [
                103, 102.5, 102, 101.5, 101, 100.5, 100, 99, 98, 98.6, 99.2, 99.9, 100.05, 100.1, 100.4, 100.8, 101.2,
                101,
            ]
            let deltas: [Double] =
                Array(repeating: -50, count: 9) + [80, 60, 90, 40, 30, 20, 10, 10, 10]
            let aggressions =
                Array(repeating: -0.5, count: 9) + [0.4, 0.3, 0.45, 0.2, 0.15, 0.1, 0.1, 0.1, 0.1]
            var states = Given.states(prices, atr: 1.6)
            for index in states.indices {
                states[index].delta = deltas[index]
                states[index].relativeAggression = aggressions[index]
            }
            let rows = try Given.rows(states)
            self.rows = rows
            chain = try [("a", 98.0), ("b", 100.0)].map { try Given.traced(Given.level($0, $1), over: rows) }
            packets = ReclaimPacketEngine.packets(of: chain, over: rows)
        }
    }

    @Test func `case D7: the reclaim packet`() throws {
        let packets = try Story().packets
        #expect(packets.count == 1)
        let packet = packets[0]
        #expect(packet.reclaimId == "reclaim:S:b:a:119999")
        #expect(packet.reclaimedLevelPrice == 100)
        #expect(packet.taggedDeeperLevelPrice == 98)
        #expect(packet.tTagDeeperMs == 89999)
        #expect(packet.tReclaimMs == 119_999)
        #expect(packet.timeToReclaimMs == 30000)
        #expect(packet.timeToReclaimS == 30)
        #expect(packet.snapbackFlag)
        #expect(packet.reclaimBandDelta30s == 160)
        #expect(agrees(packet.reclaimRelAggr30s, 0.26666666666666666))
        #expect(packet.reclaimBandDelta60s == 160)
        #expect(agrees(packet.reclaimRelAggr60s, 0.18333333333333335))
        #expect(packet.reclaimHold30s == true)
        #expect(packet.reclaimHold60s == nil || packet.reclaimHold60s == true)
        #expect(agrees(packet.dropPctToDeeper, -0.02))
        #expect(agrees(packet.dropAtrToDeeper, 1.25))
        #expect(agrees(packet.dropVelocityAtrPerMin, 2.5))
        #expect(packet.flushFlag == true)
    }

    @Test func `case D7: metrics, main support and focus`() throws {
        let story = try Story()
        let (levels, summary) = ChainMetrics.rows(of: story.chain, story.packets, sessionID: "S", over: story.rows)
        #expect(levels.map(\.levelId) == ["b", "a"])
        #expect(levels.map(\.levelIndex) == [1, 2])
        #expect(levels.map(\.sessionTouches) == [2, 1])
        #expect(levels.map(\.sessionBreaks) == [1, 0])
        #expect(levels.map(\.sessionRejects) == [1, 1])
        #expect(levels[0].sessionReclaimAttempts == 1)
        #expect(levels[0].sessionReclaimHoldRate == 1)
        #expect(agrees(levels[0].gapToNextSupportAtr, 1.25))
        #expect(levels.map(\.gapToNextSupportAtr)[1] == nil)
        #expect(levels.map(\.supportClusterFlag) == [false, nil])
        #expect(levels.map(\.focusReturnsToThis) == [true, false])
        #expect(levels.map(\.mainSupportScore) == [3, 0])
        #expect(levels.map(\.isMainSupport) == [true, false])
        #expect(summary.mainSupportId == "b")
        #expect(summary.mainSupportScore == 3)
        #expect(summary.focusLevel == "b")
        #expect(summary.levelCount == 2)
    }

    @Test func `case D7: touch packets`() throws {
        let story = try Story()
        let engine = TouchPacketEngine(story.rows)
        let deeper = engine.packets(of: story.chain[0])
        let prior = engine.packets(of: story.chain[1])
        #expect(prior.map(\.touchTsMs) == [69999, 119_999])
        #expect(prior.map(\.fromSide) == [.above, .below])
        #expect(prior.map(\.reclaimAttempt) == [false, true])
        #expect(prior.map(\.approachType) == [.crash, .normal])
        #expect(agrees(prior[0].approachVelocityAtrPerMin, 1.875))
        #expect(agrees(prior[1].approachVelocityAtrPerMin, 0.375))
        #expect(prior.map(\.touchOutcome) == [.breakReclaimHold, .hold])
        #expect(deeper.map(\.touchTsMs) == [89999])
        #expect(deeper.map(\.approachType) == [.crash])
        #expect(agrees(deeper[0].approachVelocityAtrPerMin, 2.5))
        #expect(deeper.map(\.touchOutcome) == [.hold])
    }

    @Test func `a pair can give several packets`() throws {
        // 98 touched, 100 regained; then again.
        let rows = try Given.rows([103, 99, 98, 99, 101, 99, 98, 99, 101, 101])
        let chain = try [("a", 98.0), ("b", 100.0)].map { try Given.traced(Given.level($0, $1), over: rows) }
        let packets = ReclaimPacketEngine.packets(of: chain, over: rows)
        #expect(packets.map(\.tTagDeeperMs) == [29999, 69999])
        #expect(packets.map(\.tReclaimMs) == [49999, 89999])
        #expect(packets.map(\.reclaimHold30s) == [false, nil])
        #expect(packets.map(\.dropVelocityAtrPerMin) == [nil, 1.25])
        #expect(packets.map(\.flushFlag) == [nil, false], "the drop is half an ATR")
    }

    @Test func `a support that did not exist yet is not regained`() throws {
        let rows = try Given.rows([103, 99, 98, 99, 101, 99, 98, 99, 101, 101])
        let chain = try [
            Given.traced(Given.level("a", 98), over: rows),
            Given.traced(Given.level("b", 100, created: 35000), over: rows),
        ]
        #expect(ReclaimPacketEngine.packets(of: chain, over: rows).map(\.tTagDeeperMs) == [69999])
    }

    @Test func `resistances follow the supports, upward`() throws {
        let rows = try Given.rows([100, 100])
        let chain = try [
            ("r2", 104, Levels.LevelType.resistance), ("s2", 96, .support), ("r1", 102, .resistance),
            ("s1", 98, .support), ("s0", 98, .support),
        ].map { try Given.traced(Given.level($0, $1, $2), over: rows) }
        let (levels, summary) = ChainMetrics.rows(of: chain, [], sessionID: "S", over: rows)
        #expect(levels.map(\.levelId) == ["s0", "s1", "s2", "r1", "r2"])
        #expect(levels.map(\.gapToNextSupportAtr) == [0, 0.5, nil, nil, nil])
        #expect(levels.map(\.supportClusterFlag) == [true, false, nil, nil, nil])
        #expect(levels.map(\.mainSupportScore) == [0, 0, 0, nil, nil])
        #expect(summary.mainSupportId == "s0", "ties go to the lowest index")
        #expect(summary.focusLevel == nil)
    }

    @Test func `a chain of resistances has no main support`() throws {
        let rows = try Given.rows([100])
        let chain = [try Given.traced(Given.level("r", 101, .resistance), over: rows)]
        let summary = ChainMetrics.rows(of: chain, [], sessionID: "S", over: rows).summary
        #expect(summary.mainSupportId == nil)
        #expect(summary.mainSupportScore == nil)
    }
}
