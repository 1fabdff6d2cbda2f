import Tables

/// A price whose zone is watched: a level of the operator, or a marker's anchor.
struct ZoneLevel: Sendable {
    let id: String
    let price: Double
    /// Half width of the zone, ATR.
    let widthATR: Double
    /// The level exists from here on, ms.
    let createdMs: Int64

    init(id: String, price: Double, widthATR: Double, createdMs: Int64) {
        self.id = id
        self.price = price
        self.widthATR = widthATR
        self.createdMs = createdMs
    }

    init(_ level: Levels.Row) {
        self.init(
            id: level.levelId, price: level.levelPrice, widthATR: level.levelWidthAtr,
            createdMs: level.createdTsMs)
    }
}

/// Decides row by row whether the price is in the zone of a level, and counts what comes of it.
///
/// It looks at one level and at nothing after the row, so levels do not influence each other and a spine never changes
/// behind its end. Source: spec/recorder.md 6.2, 6.3; contract gold.equity_taq.level_spine.
public enum ZoneGate {
    /// The spine of a level: one row for every row of the session that has a price.
    public static func spine(of level: Levels.Row, over rows: SessionRows) -> [LevelSpine.Row] {
        spine(of: ZoneLevel(level), over: rows)
    }

    static func spine(of level: ZoneLevel, over rows: SessionRows) -> [LevelSpine.Row] {
        var spine: [LevelSpine.Row] = []
        spine.reserveCapacity(rows.priced.count)
        var wasInside = false
        var hasPendingTouch = false
        var touches: Int64 = 0
        var rowsInside = 0
        for state in rows.states[rows.priced] {
            let distance = state.lastPrice - level.price
            let distanceATR = distance / state.atrValue
            let isActive = level.createdMs <= state.timestamp
            let isInside = isActive && abs(distanceATR) <= level.widthATR
            let event: LevelSpine.ZoneEvent? = isInside == wasInside ? nil : isInside ? .enter : .exit
            // An exit counts as a touch when the row after it is still outside.
            if hasPendingTouch, !isInside { touches += 1 }
            hasPendingTouch = event == .exit
            wasInside = isInside
            if isInside { rowsInside += 1 }
            let minute = spine.suffix(6).map(\.signedDistanceToLevelAtr) + [distanceATR]
            let crosses = signChanges(minute)
            let insideLately = spine.suffix(5).count(where: \.inZone) + (isInside ? 1 : 0)
            spine.append(
                LevelSpine.Row(
                    sessionId: state.sessionId, levelId: level.id, timestamp: state.timestamp,
                    levelActive: isActive,
                    signedDistanceToLevel: distance, signedDistanceToLevelAtr: distanceATR,
                    absDistanceToLevelAtr: abs(distanceATR), crossCount60s: crosses,
                    crossDensity: Double(crosses) / 60,
                    oscillationAmplitudeAtr60s: minute.max()! - minute.min()!,
                    timeInZoneRolling: Double(10 * insideLately), inZone: isInside, zoneEvent: event,
                    touchCountSession: touches, timeInZoneSession: Double(10 * rowsInside)))
        }
        return spine
    }

    /// How often the sign changes from one value to the next that is not zero.
    private static func signChanges(_ values: [Double]) -> Int64 {
        let signs = values.map(Numbers.sign).filter { $0 != 0 }
        return Int64(zip(signs, signs.dropFirst()).count { $0 != $1 })
    }
}
