import JSON
import Lake
import Tables

/// A marker as a source file describes it.
///
/// Source: spec/recorder.md 3.5, 3.6.
public struct MarkerEntry: Sendable {
    /// With an empty session id and input_seq 0.
    public var marker: MarkerInputs.Row
    /// The session that the file is for; nil: every session in which the marker is.
    public var sessionID: String?
    public var place: ReferencePlace

    /// The id that the marker has in the end. Source: spec/recorder.md 6.8.
    func id(of symbol: String) -> String {
        marker.markerId ?? "marker:\(symbol):\(marker.tsMs):\(marker.markerType.symbol)"
    }
}

extension MarkerEntry {
    /// The markers of a marker file and the levels of its price tags, in the order of the file.
    public static func parse(
        _ source: ReferenceSource, of day: ReferenceDay, _ defaults: LevelDefaults
    ) throws(ReferenceError) -> (markers: [MarkerEntry], levels: [LevelEntry]) {
        var markers: [MarkerEntry] = []
        var levels: [LevelEntry] = []
        let ticker: (String, ReferencePlace)
        let root = try source.yaml("the marker file")
        do throws(RegistryError) {
            try root.require(keys: ["ticker", "markers"], optional: ["session_id"])
            ticker = (try root.value("ticker").word(), ReferencePlace(source.file, try root.value("ticker").node.line))
            let sessionID = try root.given("session_id")?.word()
            for element in try root.value("markers").list() {
                let item = try element.mapping("a marker")
                try item.require(
                    keys: ["ts_ms", "marker_types"],
                    optional: ["marker_id", "direction_bias", "notes", "end_ts_ms", "price_tags"])
                for marker in try rows(item) {
                    markers.append(
                        MarkerEntry(marker: marker, sessionID: sessionID, place: ReferencePlace(item, source)))
                }
                for tag in try item.given("price_tags")?.list() ?? [] {
                    let mapping = try tag.mapping("a price tag")
                    levels.append(
                        LevelEntry(
                            level: try level(mapping, created: item.value("ts_ms").instant(), day.symbol, defaults),
                            sessionID: sessionID, place: ReferencePlace(mapping, source)))
                }
            }
        } catch {
            throw ReferenceError(error)
        }
        try day.check(ticker.0, ticker.1)
        return (markers, levels)
    }

    /// One marker for each type; several types share one id with the type behind it.
    private static func rows(_ item: YAMLMapping) throws(RegistryError) -> [MarkerInputs.Row] {
        let instant = try item.value("ts_ms").instant()
        let types = try item.value("marker_types")
        let list = try types.list()
        guard !list.isEmpty else { throw types.error(.invalidValue, "the list is empty") }
        let id = try item.given("marker_id")?.word()
        let bias: MarkerInputs.DirectionBias? = try item.given("direction_bias")?.symbol()
        let notes = try notes(item, from: instant)
        var rows: [MarkerInputs.Row] = []
        for element in list {
            let type: MarkerInputs.MarkerType = try element.symbol()
            guard !rows.contains(where: { $0.markerType == type }) else {
                throw element.error(.duplicateKey, "'\(type.symbol)' comes twice")
            }
            rows.append(
                MarkerInputs.Row(
                    sessionId: "", inputSeq: 0, markerId: id.map { list.count > 1 ? "\($0):\(type.symbol)" : $0 },
                    tsMs: instant, markerType: type, directionBias: bias, notes: notes))
        }
        return rows
    }

    /// Compact JSON with sorted keys; nil without content.
    private static func notes(_ item: YAMLMapping, from instant: Int64) throws(RegistryError) -> String? {
        var notes = JSONObject()
        if let value = item.given("notes") {
            for (key, member) in try value.mapping("notes").members { notes[key.text] = try member.json() }
        }
        if let value = item.given("end_ts_ms") {
            let end = try value.instant()
            guard end >= instant else { throw value.error(.invalidValue, "the marker ends before it begins") }
            guard notes["end_ts_ms"] == nil else {
                throw value.error(.duplicateKey, "end_ts_ms is also in the notes")
            }
            notes["end_ts_ms"] = .integer(end)
        }
        return notes.isEmpty ? nil : JSONValue.object(notes).serialized()
    }

    private static func level(
        _ tag: YAMLMapping, created: Int64, _ symbol: String, _ defaults: LevelDefaults
    ) throws(RegistryError) -> Levels.Row {
        try tag.require(keys: ["price"], optional: ["kind"])
        let price = try tag.value("price").positive()
        return Levels.Row(
            sessionId: "", levelId: LevelDefaults.id(symbol, created: created, price: price), levelPrice: price,
            levelType: try tag.given("kind")?.symbol() ?? .manual, levelSource: .manual,
            levelWidthAtr: defaults.width, createdTsMs: created, directionBias: nil,
            chainId: LevelDefaults.chainID, levelOutcome: .pending, notes: nil)
    }
}

extension YAMLValue {
    /// The value as JSON: plain scalars mean null, booleans and numbers where they can, quoted ones are strings.
    fileprivate func json() throws(RegistryError) -> JSONValue {
        switch node.content {
        case .scalar(let text, let isPlain):
            guard isPlain else { return .string(text) }
            switch text {
            case "", "~", "null": return .null
            case "true": return .bool(true)
            case "false": return .bool(false)
            default: break
            }
            if let integer = Int64(text) { return .integer(integer) }
            return (try? number()).map { .double($0) } ?? .string(text)
        case .sequence:
            var elements: [JSONValue] = []
            for element in try list() { elements.append(try element.json()) }
            return .array(elements)
        case .mapping:
            var object = JSONObject()
            for (key, member) in try mapping(place).members { object[key.text] = try member.json() }
            return .object(object)
        }
    }
}
