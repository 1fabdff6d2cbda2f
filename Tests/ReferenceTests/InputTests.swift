import CivilTime
import Foundation
import Reference
import Tables
import Testing

private let session = Sessions.Row(
    sessionId: "s", startTsMs: utc(14, 30), endTsMs: utc(21), rthOpenTsMs: utc(14, 30), rthCloseTsMs: utc(21),
    directionBias: nil, atrSeed: 1, atrSeedSource: .fixedDefault, priorClose: nil, tiePolicy: .feedOrder)

/// The tables of some files, recognised by their content.
private func tables(
    _ files: Files, _ texts: [(name: String, text: String)], sessions: [Sessions.Row] = [session]
) throws -> ReferenceTables {
    var sources: [ReferenceKind: [ReferenceSource]] = [:]
    for (name, text) in texts {
        let source = try files.source(name, text)
        sources[try source.kind(), default: []].append(source)
    }
    return try ReferenceMerge(day, sessions, LevelDefaults(width: 0.25)).tables(sources)
}

private let commandHeader =
    "ts_ms,ticker,type,level_price,level_type,level_width_atr,level_id,marker_type,marker_id,direction_bias,notes\n"

@Suite struct `Level files` {
    let files: Files

    init() throws { files = try Files() }

    func levels(_ texts: (name: String, text: String)...) throws -> [Levels.Row] {
        try tables(files, texts).levels
    }

    func complaint(_ text: String, _ name: String = "l.yaml") -> String? {
        ReferenceTests.complaint { _ = try tables(files, [(name, text)]) }
    }

    @Test func `a level needs four keys; the others have defaults`() throws {
        let rows = try levels(
            (
                "l.yaml",
                """
                ticker: TSLA
                levels:
                  - {level_id: pdl, level_price: 250, level_type: support, level_source: prior_low}
                """
            ))
        #expect(
            rows == [
                Levels.Row(
                    sessionId: "s", levelId: "pdl", levelPrice: 250, levelType: .support, levelSource: .priorLow,
                    levelWidthAtr: 0.25, createdTsMs: 0, directionBias: nil, chainId: "default",
                    levelOutcome: .pending, notes: nil)
            ])
    }

    @Test func `a level says all there is to say`() throws {
        let rows = try levels(
            (
                "l.yaml",
                """
                ticker: TSLA
                levels:
                  - level_id: a
                    level_price: 250.25
                    level_type: resistance
                    level_source: derived
                    level_width_atr: 0.5
                    created_ts_ms: \(utc(15))
                    direction_bias: short
                    chain_id: main
                    level_outcome: win
                    notes: "top: yesterday"
                """
            ))
        #expect(
            rows == [
                Levels.Row(
                    sessionId: "s", levelId: "a", levelPrice: 250.25, levelType: .resistance, levelSource: .derived,
                    levelWidthAtr: 0.5, createdTsMs: utc(15), directionBias: .short, chainId: "main",
                    levelOutcome: .win, notes: "top: yesterday")
            ])
    }

    @Test func `a level without id is named after symbol, instant and price`() throws {
        let rows = try levels(
            (
                "c.csv",
                commandHeader + "1735050000000,TSLA,add_level,250,support,,,,,,\n"
                    + "1735050000000,TSLA,add_level,197.25,manual,,,,,,\n"
                    + "0,TSLA,add_level,0.00001,manual,,,,,,\n" + "0,TSLA,add_level,1e16,manual,,,,,,\n"
                    + "0,TSLA,add_level,1.5e-7,manual,,,,,,\n"
            ))
        #expect(
            rows.map(\.levelId) == [
                "manual:TSLA:0:0.00000015", "manual:TSLA:0:0.00001", "manual:TSLA:0:10000000000000000.0",
                "manual:TSLA:1735050000000:197.25", "manual:TSLA:1735050000000:250.0",
            ])
    }

    @Test func `a command gives a level of source manual that exists from its instant on`() throws {
        let rows = try levels(
            (
                "c.csv",
                commandHeader
                    + "\(utc(15)),TSLA,add_level,250.5,resistance,0.4,hod,,,long,\"say \"\"high\"\", twice\"\n"
            ))
        #expect(
            rows == [
                Levels.Row(
                    sessionId: "s", levelId: "hod", levelPrice: 250.5, levelType: .resistance, levelSource: .manual,
                    levelWidthAtr: 0.4, createdTsMs: utc(15), directionBias: .long, chainId: "default",
                    levelOutcome: .pending, notes: "say \"high\", twice")
            ])
    }

    @Test func `each price tag of a marker gives a level`() throws {
        let rows = try levels(
            (
                "m.yaml",
                """
                ticker: TSLA
                markers:
                  - ts_ms: \(utc(16))
                    marker_types: [breakdown, double_top]
                    price_tags:
                      - {price: 250.5, kind: resistance}
                      - {price: 249}
                """
            ))
        #expect(rows.map(\.levelId) == ["manual:TSLA:\(utc(16)):249.0", "manual:TSLA:\(utc(16)):250.5"])
        #expect(rows.map(\.levelType) == [.manual, .resistance])
        #expect(rows.allSatisfy { $0.levelSource == .manual && $0.createdTsMs == utc(16) && $0.levelWidthAtr == 0.25 })
    }

    @Test func `levels of all files are in the order of their ids`() throws {
        let text = { (id: String) in
            "ticker: TSLA\nlevels: [{level_id: \(id), level_price: 1, level_type: vwap, level_source: vwap}]\n"
        }
        let rows = try levels(
            ("b.yaml", text("é")), ("a.yaml", text("z")),
            ("c.csv", commandHeader + "0,TSLA,add_level,1,support,,Z,,,,\n"))
        #expect(rows.map(\.levelId) == ["Z", "z", "é"])
    }

    @Test func `each fault of a level file is named with its line`() throws {
        let item = { (members: String) in "ticker: TSLA\nlevels:\n  - {level_id: a, \(members)}\n" }
        let good = "level_price: 1, level_type: support, level_source: manual"
        #expect(
            complaint(item("level_type: support, level_source: manual"))
                == "l.yaml:3: a level: the key 'level_price' is missing")
        #expect(
            complaint(item("level_price: -2, level_type: support, level_source: manual"))
                == "l.yaml:3: 'level_price' of a level: expected a number above 0, found -2.0")
        #expect(
            complaint(item("level_price: nan, level_type: support, level_source: manual"))
                == "l.yaml:3: 'level_price' of a level: expected a number, found 'nan'")
        #expect(
            complaint(item("level_price: 2, level_type: pivot, level_source: manual"))
                == "l.yaml:3: 'level_type' of a level: 'pivot' is not one of: support, resistance, vwap, trendline, manual"
        )
        #expect(complaint(item(good + ", level_width_atr: 0"))?.hasPrefix("l.yaml:3: 'level_width_atr'") == true)
        #expect(complaint(item(good + ", colour: red"))?.hasPrefix("l.yaml:3: a level: unknown key 'colour'") == true)
        #expect(
            complaint(item(good + ", level_outcome: draw"))?.contains("'draw' is not one of: win, loss, pending")
                == true)
        #expect(complaint("ticker: AAPL\nlevels: []\n") == "l.yaml:1: it is of 'AAPL', not of TSLA")
        #expect(complaint("levels: []\n") == "l.yaml:1: the level file: the key 'ticker' is missing")
        #expect(
            complaint("ticker: TSLA\nlevels:\n- {level_id: a, \(good)}\n- {level_id: a, \(good)}\n")
                == "l.yaml:4: the level_id 'a' of session s is already in l.yaml:3")
        #expect(
            complaint("ticker: TSLA\nsession_id: other\nlevels:\n- {level_id: a, \(good)}\n")
                == "l.yaml:4: there is no session 'other' on 2026-01-06, only s")
    }

    @Test func `a level_id that comes twice in two files names both`() throws {
        let level = "ticker: TSLA\nlevels: [{level_id: a, level_price: 1, level_type: vwap, level_source: vwap}]\n"
        let found = ReferenceTests.complaint {
            _ = try tables(
                files, [("l.yaml", level), ("c.csv", commandHeader + "0,TSLA,add_level,1,support,,a,,,,\n")])
        }
        #expect(found == "c.csv:2: the level_id 'a' of session s is already in l.yaml:2")
    }

    @Test func `each fault of a command file is named with its line`() throws {
        func found(_ line: String, _ header: String = commandHeader) -> String? {
            complaint(header + "0,TSLA,add_level,1,support,,ok,,,,\n" + line + "\n", "c.csv")
        }
        #expect(found("0,TSLA,add_level,,support,,,,,,") == "c.csv:3: column level_price: it is empty")
        #expect(
            found("0,TSLA,add_level,-1,support,,,,,,")
                == "c.csv:3: column level_price: expected a number above 0, found -1.0")
        #expect(
            found("0,TSLA,add_level,x,support,,,,,,") == "c.csv:3: column level_price: expected a number, found 'x'")
        #expect(
            found("0,TSLA,add_level,1,shelf,,,,,,")
                == "c.csv:3: column level_type: 'shelf' is not one of: support, resistance, vwap, trendline, manual")
        #expect(
            found("0,TSLA,add_line,1,support,,,,,,")
                == "c.csv:3: column type: 'add_line' is not one of: add_level, add_marker")
        #expect(
            found("noon,TSLA,add_level,1,support,,,,,,")
                == "c.csv:3: column ts_ms: expected milliseconds since 1970, found 'noon'")
        #expect(found("0,AAPL,add_level,1,support,,,,,,") == "c.csv:3: it is of 'AAPL', not of TSLA")
        #expect(
            found("0,TSLA,add_level,1,support,,,breakdown,,,")
                == "c.csv:3: column marker_type: it has no meaning in add_level")
        #expect(
            found("0,TSLA,add_marker,1,,,,breakdown,,,")
                == "c.csv:3: column level_price: it has no meaning in add_marker")
        #expect(found("0,TSLA,add_level,1")?.hasPrefix("c.csv:3: expected 11 fields, found 4") == true)
        #expect(
            found("", commandHeader.replacing("notes", with: "remarks"))?.hasPrefix("c.csv:1: unknown column 'remarks'")
                == true)
        #expect(complaint("ts_ms,ticker\n", "c.csv") == "c.csv:1: the column 'type' is missing")
    }
}

@Suite struct `Marker files` {
    let files: Files

    init() throws { files = try Files() }

    func markers(_ text: String, _ name: String = "m.yaml") throws -> [MarkerInputs.Row] {
        try tables(files, [(name, text)]).markers
    }

    func complaint(_ texts: (name: String, text: String)...) -> String? {
        ReferenceTests.complaint { _ = try tables(files, texts) }
    }

    @Test func `each type gives one marker, and a shared id carries the type`() throws {
        let rows = try markers(
            """
            ticker: TSLA
            markers:
              - {ts_ms: 1000, marker_types: [support_bounce, breakdown], marker_id: m}
              - {ts_ms: 2000, marker_types: [double_top], marker_id: n, direction_bias: short}
              - {ts_ms: 3000, marker_types: [double_top]}
            """)
        #expect(rows.map(\.markerId) == ["m:support_bounce", "m:breakdown", "n", nil])
        #expect(rows.map(\.inputSeq) == [0, 1, 2, 3])
        #expect(rows.map(\.tsMs) == [1000, 1000, 2000, 3000])
        #expect(rows.map(\.markerType) == [.supportBounce, .breakdown, .doubleTop, .doubleTop])
        #expect(rows.map(\.directionBias) == [nil, nil, .short, nil])
    }

    @Test func `notes are compact JSON with sorted keys`() throws {
        let rows = try markers(
            """
            ticker: TSLA
            markers:
              - {ts_ms: 1, marker_types: [breakdown], notes: {z: 1, a: "1", f: 1.50, l: [x, null, true], m: {b: é, a: ""}}}
              - {ts_ms: 2, marker_types: [breakdown], notes: {who: me}, end_ts_ms: 5}
              - {ts_ms: 3, marker_types: [breakdown], end_ts_ms: 5}
              - {ts_ms: 4, marker_types: [breakdown], notes: {}}
              - {ts_ms: 5, marker_types: [breakdown], notes: null}
            """)
        #expect(
            rows.map(\.notes) == [
                #"{"a":"1","f":1.5,"l":["x",null,true],"m":{"a":"","b":"é"},"z":1}"#,
                #"{"end_ts_ms":5,"who":"me"}"#, #"{"end_ts_ms":5}"#, nil, nil,
            ])
    }

    @Test func `a command's notes become a text`() throws {
        let rows = try markers(commandHeader + "7,TSLA,add_marker,,,,,triple_top,t,long,\"a \"\"b\"\"\"\n", "c.csv")
        #expect(
            rows == [
                MarkerInputs.Row(
                    sessionId: "s", inputSeq: 0, markerId: "t", tsMs: 7, markerType: .tripleTop, directionBias: .long,
                    notes: #"{"text":"a \"b\""}"#)
            ])
    }

    @Test func `command files come first, then marker files, each by name`() throws {
        let file = { (id: String) in
            "ticker: TSLA\nmarkers: [{ts_ms: 1, marker_types: [breakdown], marker_id: \(id)}]\n"
        }
        let rows = try tables(
            files,
            [
                ("b.yaml", file("b")), ("a.yaml", file("a")),
                ("z.csv", commandHeader + "9,TSLA,add_marker,,,,,breakdown,z,,\n"),
            ]
        ).markers
        #expect(rows.map(\.markerId) == ["z", "a", "b"])
        #expect(rows.map(\.inputSeq) == [0, 1, 2])
    }

    /// Case C10: of two support bounces at one instant both are still there; gold takes the first.
    @Test func `markers of one instant and type are all kept as entered`() throws {
        let rows = try markers(
            """
            ticker: TSLA
            markers:
              - {ts_ms: 1000, marker_types: [support_bounce], marker_id: a}
              - {ts_ms: 1000, marker_types: [support_bounce], marker_id: b}
              - {ts_ms: 1000, marker_types: [breakdown], marker_id: c}
              - {ts_ms: 2000, marker_types: [breakdown]}
              - {ts_ms: 2000, marker_types: [breakdown]}
            """)
        #expect(rows.map(\.markerId) == ["a", "b", "c", nil, nil])
    }

    @Test func `each fault of a marker is named with its line`() throws {
        let file = { (items: String) in "ticker: TSLA\nmarkers:\n\(items)" }
        #expect(
            complaint(("m.yaml", file("- {ts_ms: 1, marker_types: [hammer]}\n")))?
                .hasPrefix("m.yaml:3: 'marker_types' of a marker: 'hammer' is not one of: consolidation") == true)
        #expect(
            complaint(("m.yaml", file("- {ts_ms: 1, marker_types: []}\n")))
                == "m.yaml:3: 'marker_types' of a marker: the list is empty")
        #expect(
            complaint(("m.yaml", file("- {ts_ms: 1, marker_types: breakdown}\n")))
                == "m.yaml:3: 'marker_types' of a marker: expected a list, found a scalar")
        #expect(
            complaint(("m.yaml", file("- {marker_types: [breakdown]}\n")))
                == "m.yaml:3: a marker: the key 'ts_ms' is missing")
        #expect(
            complaint(("m.yaml", file("- {ts_ms: 9, marker_types: [breakdown], end_ts_ms: 8}\n")))
                == "m.yaml:3: 'end_ts_ms' of a marker: the marker ends before it begins")
        #expect(
            complaint(("m.yaml", file("- {ts_ms: 9, marker_types: [breakdown], price_tags: [{price: -1}]}\n")))
                == "m.yaml:3: 'price' of a price tag: expected a number above 0, found -1.0")
        #expect(
            complaint(("m.yaml", file("- {ts_ms: 9, marker_types: [breakdown], notes: text}\n")))
                == "m.yaml:3: notes: expected a mapping, found a scalar")
        #expect(
            complaint(
                (
                    "m.yaml",
                    file(
                        "- {ts_ms: 1, marker_types: [breakdown], marker_id: a}\n"
                            + "- {ts_ms: 2, marker_types: [breakdown], marker_id: a}\n")
                )) == "m.yaml:4: the marker_id 'a' of session s is already in m.yaml:3")
        #expect(
            complaint(
                (
                    "m.yaml",
                    file(
                        "- {ts_ms: 1, marker_types: [breakdown]}\n"
                            + "- {ts_ms: 2, marker_types: [breakdown], marker_id: \"marker:TSLA:1:breakdown\"}\n")
                ))?.hasPrefix("m.yaml:4: the marker_id 'marker:TSLA:1:breakdown'") == true)
        #expect(
            complaint(
                ("m.yaml", file("- {ts_ms: 1, marker_types: [breakdown], marker_id: a}\n")),
                ("c.csv", commandHeader + "0,TSLA,add_level,1,support,,a,,,,\n"))
                == "m.yaml:3: the marker_id 'a' of session s is also that of a level")
        #expect(complaint(("m.yaml", "ticker: X\nmarkers: []\n")) == "m.yaml:1: it is of 'X', not of TSLA")
    }
}

@Suite struct `Sessions and what joins them` {
    let files: Files

    init() throws { files = try Files() }

    /// 14:30 to 16:00 and 16:00 to 21:00.
    let two: [Sessions.Row] = {
        var (a, b) = (session, session)
        (a.sessionId, a.endTsMs) = ("a", utc(16))
        (b.sessionId, b.startTsMs) = ("b", utc(16))
        return [a, b]
    }()

    @Test func `levels and markers join every session in which they are active`() throws {
        let level = "level_price: 1, level_type: support, level_source: manual"
        let tables = try tables(
            files,
            [
                (
                    "l.yaml",
                    """
                    ticker: TSLA
                    levels:
                    - {level_id: always, \(level)}
                    - {level_id: late, \(level), created_ts_ms: \(utc(16))}
                    - {level_id: never, \(level), created_ts_ms: \(utc(21))}
                    """
                ),
                (
                    "m.yaml",
                    """
                    ticker: TSLA
                    markers:
                    - {ts_ms: \(utc(15)), marker_types: [breakdown]}
                    - {ts_ms: \(utc(16)), marker_types: [breakdown]}
                    - {ts_ms: \(utc(22)), marker_types: [breakdown]}
                    """
                ),
            ], sessions: two)
        #expect(tables.levels.map { "\($0.sessionId) \($0.levelId)" } == ["a always", "b always", "b late"])
        #expect(tables.markers.map { "\($0.sessionId) \($0.inputSeq)" } == ["a 0", "b 1"])
        #expect(tables.counts.levelsWithoutSession == 1)
        #expect(tables.counts.markersWithoutSession == 1)
    }

    @Test func `a file that names a session is for that one`() throws {
        let tables = try tables(
            files,
            [
                (
                    "l.yaml",
                    """
                    ticker: TSLA
                    session_id: b
                    levels: [{level_id: x, level_price: 1, level_type: support, level_source: manual}]
                    """
                ),
                ("m.yaml", "ticker: TSLA\nsession_id: a\nmarkers: [{ts_ms: \(utc(20)), marker_types: [breakdown]}]\n"),
            ], sessions: two)
        #expect(tables.levels.map(\.sessionId) == ["b"])
        #expect(tables.markers.map(\.sessionId) == ["a"])
    }

    @Test func `with one session nothing is lost, whatever its instant`() throws {
        let tables = try tables(
            files,
            [
                (
                    "m.yaml",
                    "ticker: TSLA\nmarkers: [{ts_ms: 0, marker_types: [breakdown]}, {ts_ms: \(utc(23)), marker_types: [breakdown]}]\n"
                )
            ])
        #expect(tables.markers.count == 2)
        #expect(tables.counts == ReferenceTables.Counts())
    }
}

@Suite struct `Label files` {
    let files: Files

    init() throws { files = try Files() }

    /// Case C10: labels e1 win, e1 loss, e9 win.
    @Test func `of labels of one episode the last stays`() throws {
        let found = try tables(
            files, [("labels.csv", "episode_id,manual_outcome\ne1,win\ne9,win\ne1,loss\n")])
        #expect(found.labels.map(\.episodeId) == ["e1", "e9"])
        #expect(found.labels.map(\.manualOutcome) == [.loss, .win])
        #expect(found.counts.labelsReplaced == 1)
    }

    @Test func `an unknown outcome or a confidence outside 0 to 1 is skipped and counted`() throws {
        let found = try tables(
            files,
            [
                (
                    "labels.csv",
                    """
                    episode_id,manual_outcome,manual_notes,setup_type,confidence
                    e1,no_trade,"a, b",flag,1
                    e1,draw,,,0.5
                    e2,,,,0.5
                    e3,scratch,,,1.01
                    e4,loss,,,-0.1
                    e5,win,,,0

                    """
                )
            ])
        #expect(
            found.labels == [
                Labels.Row(
                    episodeId: "e1", manualOutcome: .noTrade, manualNotes: "a, b", setupType: "flag", confidence: 1),
                Labels.Row(episodeId: "e5", manualOutcome: .win, manualNotes: nil, setupType: nil, confidence: 0),
            ])
        #expect(found.counts.labelsSkipped == 4)
        #expect(found.counts.labelsReplaced == 0)
    }

    @Test func `files are taken in the order of their names`() throws {
        let found = try tables(
            files,
            [("b.csv", "episode_id,manual_outcome\ne1,win\n"), ("a.csv", "episode_id,manual_outcome\ne1,loss\n")])
        #expect(found.labels.map(\.manualOutcome) == [.win])
    }

    @Test func `each fault of a label file is named with its line`() throws {
        func complaint(_ text: String) -> String? {
            ReferenceTests.complaint { _ = try tables(files, [("l.csv", text)]) }
        }
        #expect(complaint("episode_id,manual_outcome\n,win\n") == "l.csv:2: column episode_id: it is empty")
        #expect(
            complaint("episode_id,manual_outcome,confidence\na,win,high\n")
                == "l.csv:2: column confidence: expected a number, found 'high'")
        #expect(complaint("episode_id,setup_type\na,b\n") == "l.csv:1: the column 'manual_outcome' is missing")
        #expect(
            complaint("episode_id,manual_outcome\na,\"win\n")?.hasPrefix("l.csv:2: ") == true)
    }
}

@Suite struct `Recognition` {
    let files: Files

    init() throws { files = try Files() }

    @Test(arguments: [
        ("levels: []\nticker: A\n", ReferenceKind.levels), ("ticker: A\nmarkers: []\n", .markers),
        ("symbol: A\ndt: 2026-01-06\n", .sessions), ("sessions:\n- {symbol: A, dt: 2026-01-06}\n", .sessions),
        ("notes,ts_ms,ticker,type\n", .commands), ("\u{FEFF}ts_ms,ticker,type\r\n", .commands),
        ("manual_outcome,episode_id\n", .labels), ("# levels, by hand\nticker: A\nlevels: []\n", .levels),
    ])
    func `a file is what it holds, whatever its name`(text: String, kind: ReferenceKind) throws {
        #expect(try files.source("x", text).kind() == kind)
    }

    @Test func `what is none of them says what it is`() throws {
        func complaint(_ text: String) throws -> String? {
            let source = try files.source("x", text)
            return ReferenceTests.complaint { _ = try source.kind() }
        }
        #expect(
            try complaint("price: 1\nsize: 2\n")
                == "x:1: neither 'levels', 'markers', nor 'symbol' and 'dt' of a session are among its keys: price, size"
        )
        #expect(try complaint("hello\n")?.hasPrefix("x:1: neither a session, level or marker file (YAML)") == true)
        #expect(try complaint("a,b\n1,2\n")?.hasPrefix("x:1: neither") == true)
    }
}

@Suite struct `Lines of a command file` {
    let files: Files

    init() throws { files = try Files() }

    @Test func `a line is read back as it was meant`() throws {
        let first = CommandLine.level(
            at: 5, price: "250.25", type: "support", width: nil, id: "a,b", bias: "long", notes: "x \"y\"\nz")
        let text = try first.text(extending: nil, of: day)
        let more = try CommandLine.marker(at: 6, type: "breakdown", id: nil, bias: nil, notes: nil)
            .text(extending: files.source("commands.csv", text + "\n\n"), of: day)
        let found = try tables(files, [("commands.csv", more)])
        #expect(found.levels.map(\.levelId) == ["a,b"])
        #expect(found.levels.map(\.notes) == ["x \"y\"\nz"])
        #expect(found.markers.map(\.tsMs) == [6])
        #expect(more.hasPrefix(text))
    }

    @Test func `a line follows the columns of its file, or says which is not there`() throws {
        let file = try files.source("commands.csv", "type,ticker,ts_ms,marker_type")
        let marker = CommandLine.marker(at: 6, type: "breakdown", id: nil, bias: nil, notes: nil)
        #expect(
            try marker.text(extending: file, of: day) == "type,ticker,ts_ms,marker_type\nadd_marker,TSLA,6,breakdown\n")
        let named = CommandLine.marker(at: 6, type: "breakdown", id: "n", bias: nil, notes: nil)
        #expect(
            complaint { _ = try named.text(extending: file, of: day) }
                == "commands.csv:1: it has no column 'marker_id', which the new line needs")
    }
}
