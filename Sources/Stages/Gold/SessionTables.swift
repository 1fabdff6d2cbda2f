import Columnar
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

extension SessionCursor where Rows: RowTable & ~Copyable {
    /// All rows of a session.
    mutating func rows(of session: String) throws -> [Rows.Row] {
        var rows: [Rows.Row] = []
        try forEachRow(of: session) {
            rows.append($0[$1])
            return true
        }
        return rows
    }

    /// All rows of a session by one of their texts, in the order of the table.
    mutating func rows(of session: String, by key: (Rows.Row) -> String) throws -> [ByteKey: [Rows.Row]] {
        try Dictionary(grouping: rows(of: session)) { ByteKey(key($0)) }
    }

    /// The rows of the session that comes next; nil after the last one.
    mutating func nextRows() throws -> [Rows.Row]? {
        guard let session = try nextSession() else { return nil }
        return try rows(of: session)
    }
}

extension SessionCursor<Levels> {
    /// The supports and resistances of a session, chain by chain.
    mutating func chains(of session: String, bandPct: Double) throws -> [[ChainLevel]] {
        let levels = try rows(of: session).compactMap { ChainLevel($0, bandPct: bandPct) }
        return Dictionary(grouping: levels) { ByteKey($0.chainID) }.sorted { $0.key < $1.key }.map(\.value)
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
