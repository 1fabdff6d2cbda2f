import MarketState
import Tables
import Testing

@Suite struct `Gate of a zone` {
    @Test func `case C1: entries, exits, touches and crosses`() throws {
        let rows = try Given.rows([98.0, 99.5, 98.5, 99.5, 98.5, 98.5, 100.2, 101.0, 101.5])
        let spine = ZoneGate.spine(of: Given.level(), over: rows)
        #expect(spine.map(\.zoneEvent) == [nil, .enter, .exit, .enter, .exit, nil, .enter, nil, .exit])
        #expect(spine.map(\.touchCountSession) == [0, 0, 0, 0, 0, 1, 1, 1, 1])
        #expect(spine.filter(\.inZone).map(\.timestamp) == [19999, 39999, 69999, 79999])
        #expect(spine.map(\.timeInZoneRolling) == [0, 10, 10, 20, 20, 20, 30, 30, 30])
        #expect(spine.map(\.crossCount60s) == [0, 0, 0, 0, 0, 0, 1, 1, 1])
        #expect(spine[8].crossDensity == 1.0 / 60)
        #expect(spine[8].oscillationAmplitudeAtr60s == 0.75)
        #expect(spine.map(\.timeInZoneSession) == [0, 10, 10, 20, 20, 20, 30, 40, 40])
    }

    @Test func `case C2: a level that appears under the price`() throws {
        let rows = try Given.rows([100.0, 100.1, 100.2, 102.0, 102.0])
        let level = Given.level(created: 15000)
        let spine = ZoneGate.spine(of: level, over: rows)
        #expect(spine.map(\.levelActive) == [false, true, true, true, true])
        #expect(spine.map(\.zoneEvent) == [nil, .enter, nil, .exit, nil])
        #expect(spine.map(\.touchCountSession) == [0, 0, 0, 0, 1])
        let episode = try #require(Given.episodes(rows, level).first).row
        #expect(episode.zoneEntryTime == 19999)
        #expect(episode.levelEntrySide == .above)
        #expect(episode.zoneExitTime == 39999)
        #expect(episode.resolutionTime == 39999)
        #expect(episode.resolutionTrigger == .thresholdHit)
        #expect(episode.mfe == 0.5)
        #expect(episode.timeToMfeMs == 20000)
        #expect(episode.startTime == -280_001)
    }

    @Test func `rows before the first trade have no spine`() throws {
        let rows = try Given.rows([0, 0, 100, 103])
        let spine = ZoneGate.spine(of: Given.level(), over: rows)
        #expect(spine.map(\.timestamp) == [29999, 39999])
        #expect(spine.map(\.zoneEvent) == [.enter, .exit])
    }

    @Test func `a price exactly on the level does not hide a cross and is none`() throws {
        // −, 0, +: one change; +, 0, +: none.
        #expect(ZoneGate.spine(of: Given.level(), over: try Given.rows([99, 100, 101])).last?.crossCount60s == 1)
        #expect(ZoneGate.spine(of: Given.level(), over: try Given.rows([101, 100, 101])).last?.crossCount60s == 0)
    }

    @Test func `rows with a hole are no session`() {
        var states = Given.states([100, 101, 102])
        states.remove(at: 1)
        #expect(throws: SessionRowsError.notDense(session: "S", row: 1)) { try SessionRows(states: states) }
    }

    @Test func `a price that vanishes is no session`() {
        #expect(throws: SessionRowsError.notCarried(session: "S", row: 1)) {
            try SessionRows(states: Given.states([100, 0, 102]))
        }
    }

    @Test func `flows of other rows are refused`() {
        let states = Given.states([100, 101])
        #expect(throws: SessionRowsError.notAlike("smart_money_10s", session: "S")) {
            try SessionRows(states: states, flows: Given.flows(Array(states.prefix(1))))
        }
    }
}
