import CivilTime
import JSON
import Lake
import Tables

/// One self-contained, offline HTML page of a session: price with levels and zones, episodes, delta, touches, chains,
/// data quality, and where there is an order book its depth and pressure.
///
/// The page holds its numbers as JSON and draws them itself; it asks nothing of the network, and every text of the
/// data reaches the screen as text.
public struct SessionPage: Sendable {
    public let html: String

    /// - Parameter sessionID: one of the day's sessions; nil: the only one.
    /// - Parameter day: with the tables of the session.
    /// - Throws: `PageError` when the choice is none, `LakeError`.
    public init(_ day: RecorderDay, sessionID: String? = nil) throws {
        let sessions = try day.rows(of: .sessions, as: Sessions.self)
        let matching = sessionID.map { id in sessions.filter { $0.sessionId.utf8.elementsEqual(id.utf8) } } ?? sessions
        guard matching.count == 1 else {
            throw PageError(asked: sessionID, sessions: sessions.map(\.sessionId))
        }
        let session = matching[0]
        let data = try SessionPage.data(of: session, on: day)
        let title = "\(day.symbol) \(day.date)"
        html = """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
            <title>\(escaped(title))</title>
            <style>
            \(PageStyle.css)
            </style>
            </head>
            <body>
            \(PageStyle.body)
            <script type="application/json" id="data">\(inScript(data.serialized()))</script>
            <script>
            \(PageScript.javaScript)
            </script>
            </body>
            </html>

            """
    }
}

/// A session that a day does not have, or a choice that has to be made.
public struct PageError: Error, CustomStringConvertible {
    public let asked: String?
    public let sessions: [String]

    public var description: String {
        let known = sessions.joined(separator: ", ")
        return asked.map { "there is no session '\($0)'; the day has \(known)" }
            ?? "the day has \(sessions.count) sessions: \(known)"
    }
}

// MARK: - Data

extension SessionPage {
    private static func data(of session: Sessions.Row, on day: RecorderDay) throws -> JSONValue {
        let id = session.sessionId
        var series = Series()
        try day.forEachPart(of: .state10s, as: State10s.self) { part, _ in
            for row in part.runs(of: id).joined() { series.append(part[row]) }
        }
        let start = session.startTsMs
        var data = JSONObject([
            ("symbol", .string(day.symbol)), ("dt", .string("\(day.date)")), ("product", .string(day.product)),
            ("session", .string(id)), ("start", .integer(start)), ("end", .integer(session.endTsMs)),
            ("open", .integer(session.rthOpenTsMs)), ("close", .integer(session.rthCloseTsMs)),
            ("offset", .integer(NewYork.offset(atUTC: start * 1_000_000) / 1_000_000)),
            ("seed", .double(session.atrSeed)), ("seedSource", .string(session.atrSeedSource.symbol)),
            ("priorClose", session.priorClose.map(JSONValue.double) ?? .null),
            ("state", series.json),
            ("levels", .array(try day.rows(of: .levels, as: Levels.self, in: id).map(\.json))),
            ("episodes", .array(try day.rows(of: .episodes, as: Episodes.self, in: id).map(\.json))),
            ("events", .array(try day.rows(of: .levelInteractions, as: LevelInteractions.self, in: id).map(\.json))),
            ("touches", .array(try day.rows(of: .touchPackets, as: TouchPackets.self, in: id).map(\.json))),
            ("reclaims", .array(try day.rows(of: .reclaimPackets, as: ReclaimPackets.self, in: id).map(\.json))),
            ("markers", .array(try day.rows(of: .markers, as: Markers.self, in: id).map(\.json))),
            ("metrics", .array(try day.rows(of: .levelChainMetrics, as: LevelChainMetrics.self, in: id).map(\.json))),
            ("chains", .array(try day.rows(of: .chainSummary, as: ChainSummary.self, in: id).map(\.json))),
            ("quality", .array(try day.quality())),
        ])
        if let book = try day.book(during: start..<session.endTsMs) { data["book"] = book.json }
        return .object(data)
    }

    /// The ten-second rows, column by column.
    private struct Series {
        var columns: [(String, [JSONValue])] = [
            "t", "price", "high", "low", "vwap", "atr", "delta", "volume", "trades", "spread", "quote", "aggression",
        ].map { ($0, []) }

        mutating func append(_ row: State10s.Row) {
            let values: [JSONValue] = [
                .integer(row.timestamp), .double(row.lastPrice), .double(row.high10s), .double(row.low10s),
                .double(row.vwapSession), .double(row.atrValue), .double(row.delta), .double(row.totalVolume),
                .integer(row.tradeCount), .double(row.spreadAbs), .bool(row.hasQuote), .double(row.relativeAggression),
            ]
            for (index, value) in values.enumerated() { columns[index].1.append(value) }
        }

        var json: JSONValue { .object(JSONObject(columns.map { ($0.0, .array($0.1)) })) }
    }
}

extension RecorderDay {
    /// What the manifests of the day's tables say about them.
    fileprivate func quality() throws -> [JSONValue] {
        let books = ["book_quality_1s", "physics_surface_1s"].flatMap { [Source(.silver, $0), Source(.gold, $0)] }
        let feeds = ["trades", "quotes"].flatMap { [Source(.bronze, $0), Source(.silver, $0)] }
        return try (feeds + Source.parameterised + books).compactMap { source in
            guard makes(source), let manifest = try manifest(of: source) else { return nil }
            let quality = manifest.quality
            return [
                "table": .string(source.name), "rows": .integer(manifest.rowCount),
                "day": .string(manifest.dayState.rawValue), "dropped": .integer(quality.rowsDropped),
                "windows": quality.windows.map(JSONValue.integer) ?? .null,
                "valid": quality.validWindows.map(JSONValue.integer) ?? .null,
                "reasons": .object(JSONObject(quality.reasons.map { ($0.key, .integer($0.value)) })),
            ]
        }
    }
}

extension RecorderDay.Book {
    fileprivate var json: JSONValue {
        [
            "depth": depth.json(depth.intensity()), "pressure": pressure.map { $0.json($0.balance()) } ?? .null,
            "t": .array(spots.map { .integer($0.ms) }),
            "spot": .array(spots.map { $0.price.map(JSONValue.double) ?? .null }),
            "valid": .array(spots.map { .bool($0.isValid) }),
        ]
    }
}

extension BookField {
    fileprivate func json(_ cells: [UInt8]) -> JSONValue {
        [
            "start": .integer(startMs), "columnMs": .integer(columnMs), "columns": .integer(Int64(columns)),
            "rows": .integer(Int64(rows)), "low": .double(Double(lowest) / 1e9),
            "step": .double(Double(rowHeight) / 1e9), "cells": .string(base64(cells)),
        ]
    }
}

extension Levels.Row {
    fileprivate var json: JSONValue {
        [
            "id": .string(levelId), "price": .double(levelPrice), "type": .string(levelType.symbol),
            "width": .double(levelWidthAtr), "created": .integer(createdTsMs), "chain": .string(chainId),
            "bias": directionBias.map { .string($0.symbol) } ?? .null, "notes": notes.map(JSONValue.string) ?? .null,
        ]
    }
}

extension Episodes.Row {
    fileprivate var json: JSONValue {
        [
            "id": .string(episodeId), "level": .string(levelId), "price": .double(levelPrice),
            "type": .string(levelType.symbol), "source": .string(episodeSource.symbol),
            "width": .double(levelWidthAtr), "atr": .double(atrValue), "side": .string(levelEntrySide.symbol),
            "bias": directionBias.map { .string($0.symbol) } ?? .null, "start": .integer(startTime),
            "entry": .integer(zoneEntryTime), "exit": zoneExitTime.map(JSONValue.integer) ?? .null,
            "end": .integer(endTime), "outcome": outcome.map { .string($0.symbol) } ?? .null,
            "how": resolutionType.map { .string($0.symbol) } ?? .null, "r": rMultiple.map(JSONValue.double) ?? .null,
            "mfe": mfe.map(JSONValue.double) ?? .null, "mae": mae.map(JSONValue.double) ?? .null,
            "reentries": .integer(reentryCount), "censored": .bool(censored),
        ]
    }
}

extension LevelInteractions.Row {
    fileprivate var json: JSONValue {
        [
            "t": .integer(timestamp), "level": .string(levelId), "event": .string(event.symbol),
            "from": fromSide.map { .string($0.symbol) } ?? .null, "to": toSide.map { .string($0.symbol) } ?? .null,
            "mode": .string(mode.symbol), "number": touchNumber.map(JSONValue.integer) ?? .null,
            "attempt": .bool(reclaimAttempt ?? false), "paired": .bool(paired), "price": .double(lastPrice),
        ]
    }
}

extension TouchPackets.Row {
    fileprivate var json: JSONValue {
        [
            "t": .integer(touchTsMs), "level": .string(levelId), "chain": .string(chainId),
            "price": .double(levelPrice), "number": .integer(touchNumber), "from": .string(fromSide.symbol),
            "outcome": touchOutcome.map { .string($0.symbol) } ?? .null,
            "approach": approachType.map { .string($0.symbol) } ?? .null, "dwell": .double(touchDwellS),
            "bounce": bounceReturn60sPct.map(JSONValue.double) ?? .null, "delta": .double(bandDelta030s),
        ]
    }
}

extension ReclaimPackets.Row {
    fileprivate var json: JSONValue {
        [
            "level": .string(reclaimedLevelId), "deeper": .string(taggedDeeperLevelId),
            "tag": .integer(tTagDeeperMs), "t": .integer(tReclaimMs), "snapback": .bool(snapbackFlag),
            "held": reclaimHold30s.map(JSONValue.bool) ?? .null, "flush": flushFlag.map(JSONValue.bool) ?? .null,
        ]
    }
}

extension Markers.Row {
    fileprivate var json: JSONValue {
        [
            "t": .integer(tsMs), "id": .string(markerId), "type": .string(markerType.symbol),
            "status": .string(extractStatus.symbol), "notes": notes.map(JSONValue.string) ?? .null,
        ]
    }
}

extension LevelChainMetrics.Row {
    fileprivate var json: JSONValue {
        [
            "chain": .string(chainId), "level": .string(levelId), "kind": .string(levelKind.symbol),
            "price": .double(levelPrice), "touches": .integer(sessionTouches), "breaks": .integer(sessionBreaks),
            "rejects": .integer(sessionRejects), "attempts": .integer(sessionReclaimAttempts),
            "held": sessionReclaimHoldRate.map(JSONValue.double) ?? .null,
            "hold": historicalHoldRate.map(JSONValue.double) ?? .null,
            "flip": roleFlip.map { .string($0.symbol) } ?? .null,
            "gap": gapToNextSupportAtr.map(JSONValue.double) ?? .null,
            "score": mainSupportScore.map(JSONValue.integer) ?? .null, "main": .bool(isMainSupport),
            "focus": .bool(focusReturnsToThis),
        ]
    }
}

extension ChainSummary.Row {
    fileprivate var json: JSONValue {
        [
            "chain": .string(chainId), "main": mainSupportId.map(JSONValue.string) ?? .null,
            "score": mainSupportScore.map(JSONValue.integer) ?? .null,
            "focus": focusLevel.map(JSONValue.string) ?? .null,
        ]
    }
}

// MARK: - Text

/// Text between tags.
private func escaped(_ text: String) -> String {
    var result = ""
    for character in text.unicodeScalars {
        switch character {
        case "&": result += "&amp;"
        case "<": result += "&lt;"
        case ">": result += "&gt;"
        default: result.unicodeScalars.append(character)
        }
    }
    return result
}

/// JSON inside of a script element: nothing in it may end the element or open a comment. In JSON `<` stands only in
/// strings, where its escape means the same.
private func inScript(_ json: String) -> String {
    var result = ""
    result.reserveCapacity(json.utf8.count)
    for character in json.unicodeScalars {
        switch character {
        case "<": result += "\\u003c"
        case "\u{2028}": result += "\\u2028"
        case "\u{2029}": result += "\\u2029"
        default: result.unicodeScalars.append(character)
        }
    }
    return result
}

/// RFC 4648, with padding.
private func base64(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var result: [UInt8] = []
    result.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let part = (0..<3).map { start + $0 < bytes.count ? Int(bytes[start + $0]) : 0 }
        let word = part[0] << 16 | part[1] << 8 | part[2]
        for place in 0..<4 {
            let isPadding = start + place > bytes.count
            result.append(isPadding ? UInt8(ascii: "=") : alphabet[word >> (18 - 6 * place) & 63])
        }
    }
    return String(decoding: result, as: UTF8.self)
}
