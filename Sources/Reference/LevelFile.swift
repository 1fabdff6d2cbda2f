import Lake
import Tables

/// A level as a source file describes it.
///
/// Source: spec/recorder.md 3.4 to 3.6.
public struct LevelEntry: Sendable {
    /// With an empty session id.
    public var level: Levels.Row
    /// The session that the file is for; nil: every session in which the level is active.
    public var sessionID: String?
    public var place: ReferencePlace
}

/// What a source file without a value for a level takes for it.
public struct LevelDefaults: Sendable {
    /// Half width of the zone, ATR.
    public var width: Double

    public init(width: Double) {
        self.width = width
    }

    static let chainID = "default"

    /// The id of a level that was given none. Source: spec/recorder.md 6.1.
    static func id(_ symbol: String, created: Int64, price: Double) -> String {
        "manual:\(symbol):\(created):\(decimal(price))"
    }

    /// The shortest decimal that reads back as the same double, which is positive, with a fractional digit and without
    /// an exponent.
    static func decimal(_ number: Double) -> String {
        let text = number.description
        guard let mark = text.firstIndex(of: "e"), let exponent = Int(text[text.index(after: mark)...]) else {
            return text
        }
        let mantissa = text[..<mark]
        let whole = mantissa.prefix { $0 != "." }
        var digits = Substring(whole + mantissa.dropFirst(whole.count + 1))
        while digits.last == "0" { digits.removeLast() }
        let point = whole.count + exponent
        if point <= 0 { return "0." + String(repeating: "0", count: -point) + digits }
        if point >= digits.count { return digits + String(repeating: "0", count: point - digits.count) + ".0" }
        return String(digits.prefix(point)) + "." + String(digits.dropFirst(point))
    }
}

extension LevelEntry {
    /// The levels of a level file.
    public static func parse(
        _ source: ReferenceSource, of day: ReferenceDay, _ defaults: LevelDefaults
    ) throws(ReferenceError) -> [LevelEntry] {
        var levels: [LevelEntry] = []
        let ticker: (String, ReferencePlace)
        let root = try source.yaml("the level file")
        do throws(RegistryError) {
            try root.require(keys: ["ticker", "levels"], optional: ["session_id"])
            ticker = (try root.value("ticker").word(), ReferencePlace(source.file, try root.value("ticker").node.line))
            let sessionID = try root.given("session_id")?.word()
            for element in try root.value("levels").list() {
                let item = try element.mapping("a level")
                levels.append(
                    LevelEntry(
                        level: try level(item, defaults), sessionID: sessionID, place: ReferencePlace(item, source)))
            }
        } catch {
            throw ReferenceError(error)
        }
        try day.check(ticker.0, ticker.1)
        return levels
    }

    private static func level(_ item: YAMLMapping, _ defaults: LevelDefaults) throws(RegistryError) -> Levels.Row {
        try item.require(
            keys: ["level_id", "level_price", "level_type", "level_source"],
            optional: ["level_width_atr", "created_ts_ms", "direction_bias", "chain_id", "level_outcome", "notes"])
        return Levels.Row(
            sessionId: "", levelId: try item.value("level_id").word(),
            levelPrice: try item.value("level_price").positive(), levelType: try item.value("level_type").symbol(),
            levelSource: try item.value("level_source").symbol(),
            levelWidthAtr: try item.given("level_width_atr")?.positive() ?? defaults.width,
            createdTsMs: try item.given("created_ts_ms")?.instant() ?? 0,
            directionBias: try item.given("direction_bias")?.symbol(),
            chainId: try item.given("chain_id")?.word() ?? LevelDefaults.chainID,
            levelOutcome: try item.given("level_outcome")?.symbol() ?? .pending,
            notes: try item.given("notes")?.text())
    }
}
