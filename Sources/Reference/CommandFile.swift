import CSV
import JSON
import Tables

/// Commands: levels and markers that were entered one at a time.
///
/// Source: spec/recorder.md 3.5.
public struct CommandFile: Sendable {
    /// In the order of the file.
    public private(set) var levels: [LevelEntry] = []
    public private(set) var markers: [MarkerEntry] = []

    /// The columns, each once, in any order. The first three must be there; a field without a value is empty.
    public static let columns = [
        "ts_ms", "ticker", "type", "level_price", "level_type", "level_width_atr", "level_id", "marker_type",
        "marker_id", "direction_bias", "notes",
    ]
    private static let required = columns.prefix(3)
    private static let ofLevels: Set<String> = ["level_price", "level_type", "level_width_atr", "level_id"]
    private static let ofMarkers: Set<String> = ["marker_type", "marker_id"]

    static let addLevel = "add_level"
    static let addMarker = "add_marker"

    /// - Throws: with the line of the first command that cannot be.
    public static func parse(
        _ source: ReferenceSource, of day: ReferenceDay, _ defaults: LevelDefaults
    ) throws(ReferenceError) -> CommandFile {
        var file = CommandFile()
        var rows = try CSVRows.open(source, columns: columns, required: Array(required))
        while let row = try rows.next() {
            try day.check(try row.required("ticker"), row.place)
            switch try row.required("type") {
            case addLevel:
                try row.refuse(ofMarkers, in: addLevel)
                file.levels.append(try level(row, day, defaults))
            case addMarker:
                try row.refuse(ofLevels, in: addMarker)
                file.markers.append(try marker(row))
            case let type:
                throw row.place.error("column type: '\(type)' is not one of: \(addLevel), \(addMarker)")
            }
        }
        return file
    }

    private static func level(
        _ row: CSVRow, _ day: ReferenceDay, _ defaults: LevelDefaults
    ) throws(ReferenceError) -> LevelEntry {
        let created = try row.instant("ts_ms")
        let price = try row.required(row.positive("level_price"), "level_price")
        let id = row["level_id"] ?? LevelDefaults.id(day.symbol, created: created, price: price)
        let level = Levels.Row(
            sessionId: "", levelId: id, levelPrice: price,
            levelType: try row.required(row.symbol("level_type"), "level_type"), levelSource: .manual,
            levelWidthAtr: try row.positive("level_width_atr") ?? defaults.width, createdTsMs: created,
            directionBias: try row.symbol("direction_bias"), chainId: LevelDefaults.chainID, levelOutcome: .pending,
            notes: row["notes"])
        return LevelEntry(level: level, sessionID: nil, place: row.place)
    }

    private static func marker(_ row: CSVRow) throws(ReferenceError) -> MarkerEntry {
        let marker = MarkerInputs.Row(
            sessionId: "", inputSeq: 0, markerId: row["marker_id"], tsMs: try row.instant("ts_ms"),
            markerType: try row.required(row.symbol("marker_type"), "marker_type"),
            directionBias: try row.symbol("direction_bias"),
            notes: row["notes"].map { JSONValue.object(JSONObject([("text", .string($0))])).serialized() })
        return MarkerEntry(marker: marker, sessionID: nil, place: row.place)
    }
}
