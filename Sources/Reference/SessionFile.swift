import CivilTime
import Lake
import Tables

/// One session as a session file describes it; what it leaves out is nil.
///
/// Source: spec/recorder.md 3.3.
public struct SessionEntry: Sendable {
    public var sessionID: String?
    public var start: Int64?
    public var end: Int64?
    public var rthOpen: Int64?
    public var rthClose: Int64?
    public var directionBias: Sessions.DirectionBias?
    public var priorClose: Double?
    /// A seed that needs no search.
    public var seed: (value: Double, source: Sessions.AtrSeedSource)?
    /// For the seed where no earlier session has one, price.
    public var dailyATR: Double?
    public var tiePolicy: Sessions.TiePolicy?
    /// Nil for the session that a date has without a file.
    public var place: ReferencePlace?

    /// The regular hours of a date.
    public init() {}
}

extension SessionEntry {
    /// The sessions of a file: one mapping, or a list `sessions` of them.
    public static func parse(
        _ source: ReferenceSource, of day: ReferenceDay
    ) throws(ReferenceError) -> [SessionEntry] {
        var mappings: [YAMLMapping] = []
        let root = try source.yaml("the session file")
        do throws(RegistryError) {
            if let list = root.optional("sessions") {
                try root.require(keys: ["sessions"])
                for element in try list.list() { mappings.append(try element.mapping("a session")) }
                guard !mappings.isEmpty else { throw list.error(.invalidValue, "the list is empty") }
            } else {
                mappings = [root]
            }
        } catch {
            throw ReferenceError(error)
        }
        var entries: [SessionEntry] = []
        for mapping in mappings {
            let place = ReferencePlace(mapping, source)
            let claim: (symbol: String, date: CivilDate)
            do throws(RegistryError) {
                claim = try SessionEntry.claim(mapping)
                entries.append(try SessionEntry(mapping, place))
            } catch {
                throw ReferenceError(error)
            }
            try day.check(claim.symbol, place)
            guard claim.date == day.date else {
                throw place.error("it is of \(claim.date), not of \(day.date)", kind: .claim)
            }
        }
        return entries
    }

    /// Refuses ids of sessions of other days: an id names one session of a product.
    ///
    /// - Parameter others: the sessions of the product's other days that files give.
    /// - Parameter entries: the sessions of the day's files.
    /// - Parameter day: symbol and date.
    public static func checkIDs(
        _ entries: [SessionEntry], of day: ReferenceDay, others: [SessionEntry]
    ) throws(ReferenceError) {
        for entry in entries {
            guard let id = entry.sessionID, let place = entry.place else { continue }
            if let other = others.first(where: { $0.sessionID.map { $0.utf8.elementsEqual(id.utf8) } ?? false }) {
                throw place.error(
                    "the session_id '\(id)' is that of \(other.place.map { "\($0)" } ?? "another day"); "
                        + "an id names one session of \(day.product)")
            }
            // What days without a session file call theirs.
            if id.utf8.reversed().starts(with: SessionRules.defaultSuffix.utf8.reversed()),
                !id.utf8.elementsEqual(SessionRules.defaultID(of: day).utf8)
            {
                throw place.error(
                    "the session_id '\(id)' is not of this day; without one it is '\(SessionRules.defaultID(of: day))'")
            }
        }
    }

    private static let optionalKeys = [
        "session_id", "start_ts_ms", "end_ts_ms", "rth_open_ts_ms", "rth_close_ts_ms", "direction_bias",
        "prior_close", "atr_seed", "atr_seed_source", "daily_atr", "tie_policy",
    ]

    private static func claim(
        _ mapping: YAMLMapping
    ) throws(RegistryError) -> (symbol: String, date: CivilDate) {
        try mapping.require(keys: ["symbol", "dt"], optional: optionalKeys)
        let dt = try mapping.value("dt")
        guard let date = CivilDate(parsing: try dt.text()) else {
            throw dt.error(.invalidValue, "expected a date YYYY-MM-DD, found '\(try dt.text())'")
        }
        return (try mapping.value("symbol").word(), date)
    }

    private init(_ mapping: YAMLMapping, _ place: ReferencePlace) throws(RegistryError) {
        self.place = place
        sessionID = try mapping.given("session_id")?.word()
        start = try mapping.given("start_ts_ms")?.instant()
        end = try mapping.given("end_ts_ms")?.instant()
        rthOpen = try mapping.given("rth_open_ts_ms")?.instant()
        rthClose = try mapping.given("rth_close_ts_ms")?.instant()
        directionBias = try mapping.given("direction_bias")?.symbol()
        priorClose = try mapping.given("prior_close")?.positive()
        dailyATR = try mapping.given("daily_atr")?.positive()
        tiePolicy = try mapping.given("tie_policy")?.symbol()
        switch (mapping.given("atr_seed"), mapping.given("atr_seed_source")) {
        case (let value?, let source?): seed = (try value.positive(), try source.symbol())
        case (nil, nil): break
        case (let one?, nil), (nil, let one?):
            throw one.error(.missingKey, "atr_seed and atr_seed_source are given together or not at all")
        }
    }
}
