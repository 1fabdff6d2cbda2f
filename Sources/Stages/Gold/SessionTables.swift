import Lake
import MarketState
import Tables

// What the stages of levels, episodes and chains read: rows of one session after the other.

extension SessionCursor where Rows: ~Copyable {
    /// Lends the rows of a session, one by one, until there are no more or `body` returns false. Sessions are asked for in
    /// ascending order; rows of sessions before them are passed over.
    mutating func forEachRow(of session: String, _ body: (borrowing Rows, Int) -> Bool) throws {
        while let next = try nextSession() {
            if next.isSameKey(session) {
                while rows.row < limit {
                    let isWanted = body(rows.block, rows.row)
                    rows.row += 1
                    if !isWanted { return }
                }
            } else if ByteKey(next) < ByteKey(session) {
                rows.row = limit
            } else {
                return
            }
        }
    }
}

extension SessionCursor<State10s> {
    /// The rows of the session that comes next; nil after the last one.
    mutating func nextStates() throws -> [State10s.Row]? {
        guard let session = try nextSession() else { return nil }
        return try states(of: session)
    }

    /// All rows of a session.
    mutating func states(of session: String) throws -> [State10s.Row] {
        var states: [State10s.Row] = []
        try forEachRow(of: session) {
            states.append($0[$1])
            return true
        }
        return states
    }
}

extension SessionCursor<SmartMoney10s> {
    mutating func flows(of session: String) throws -> [SmartMoney10s.Row] {
        var flows: [SmartMoney10s.Row] = []
        try forEachRow(of: session) {
            flows.append($0[$1])
            return true
        }
        return flows
    }
}

extension SessionCursor<Levels> {
    /// The levels of a session, by id.
    mutating func levels(of session: String) throws -> [Levels.Row] {
        var levels: [Levels.Row] = []
        try forEachRow(of: session) {
            levels.append($0[$1])
            return true
        }
        return levels
    }

    /// The supports and resistances of a session, chain by chain.
    mutating func chains(of session: String, bandPct: Double) throws -> [[ChainLevel]] {
        let levels = try levels(of: session).compactMap { ChainLevel($0, bandPct: bandPct) }
        return Dictionary(grouping: levels) { ByteKey($0.chainID) }.sorted { $0.key < $1.key }.map(\.value)
    }
}

extension SessionCursor<LevelInteractions> {
    /// The events of a session, by level.
    mutating func events(of session: String) throws -> [ByteKey: [LevelInteractions.Row]] {
        var events: [ByteKey: [LevelInteractions.Row]] = [:]
        try forEachRow(of: session) { table, row in
            let event = table[row]
            events[ByteKey(event.levelId), default: []].append(event)
            return true
        }
        return events
    }
}

extension StageContext {
    /// Puts the rows of a session together.
    ///
    /// - Throws: `corruptInput` for rows that no session can have, `missingInput` for tables of different generations.
    func together<Whole>(_ make: () throws(SessionRowsError) -> Whole) throws(StageError) -> Whole {
        do throws(SessionRowsError) {
            return try make()
        } catch .notAlike(let table, let session) {
            throw .missingInput("\(SessionRowsError.notAlike(table, session: session)); build it again")
        } catch {
            throw .corruptInput("\(error)")
        }
    }
}

extension SmartMoney10s: SessionTable {
    borrowing func sessionID(_ row: Int) -> String { sessionId[row] }
    var sessionRows: Int { sessionId.count }
    borrowing func end(ofSession session: String, from row: Int) -> Int { sessionId.end(of: session, from: row) }
}

extension Levels: SessionTable {
    borrowing func sessionID(_ row: Int) -> String { sessionId[row] }
    var sessionRows: Int { sessionId.count }
    borrowing func end(ofSession session: String, from row: Int) -> Int { sessionId.end(of: session, from: row) }
}

extension LevelSpine: SessionTable {
    borrowing func sessionID(_ row: Int) -> String { sessionId[row] }
    var sessionRows: Int { sessionId.count }
    borrowing func end(ofSession session: String, from row: Int) -> Int { sessionId.end(of: session, from: row) }
}

extension MarkerInputs: SessionTable {
    borrowing func sessionID(_ row: Int) -> String { sessionId[row] }
    var sessionRows: Int { sessionId.count }
    borrowing func end(ofSession session: String, from row: Int) -> Int { sessionId.end(of: session, from: row) }
}

extension LevelInteractions: SessionTable {
    borrowing func sessionID(_ row: Int) -> String { sessionId[row] }
    var sessionRows: Int { sessionId.count }
    borrowing func end(ofSession session: String, from row: Int) -> Int { sessionId.end(of: session, from: row) }
}

extension ReclaimPackets: SessionTable {
    borrowing func sessionID(_ row: Int) -> String { sessionId[row] }
    var sessionRows: Int { sessionId.count }
    borrowing func end(ofSession session: String, from row: Int) -> Int { sessionId.end(of: session, from: row) }
}
