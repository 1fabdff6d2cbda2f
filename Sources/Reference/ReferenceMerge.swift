import Tables

/// Levels, markers and labels of a day, as they are published.
public struct ReferenceTables: Sendable {
    /// In the order of their contracts.
    public var levels: [Levels.Row] = []
    public var markers: [MarkerInputs.Row] = []
    public var labels: [Labels.Row] = []
    public var counts = Counts()

    /// What was not taken over.
    public struct Counts: Sendable, Hashable {
        public init() {}

        /// Levels and markers that are in none of several sessions.
        public var levelsWithoutSession: Int64 = 0
        public var markersWithoutSession: Int64 = 0
        /// Labels with an unknown outcome or a confidence outside [0, 1].
        public var labelsSkipped: Int64 = 0
        /// Labels that a later one of the same episode took the place of.
        public var labelsReplaced: Int64 = 0
    }
}

/// Puts the source files of a day together.
///
/// Files are read in the order of their names, command files before marker files, so that the result does not depend
/// on who added them when.
///
/// Source: spec/recorder.md 3.3 to 3.6, 3.8, 6.10.
public struct ReferenceMerge: Sendable {
    public let day: ReferenceDay
    /// In the order of their ids.
    public let sessions: [Sessions.Row]
    public let defaults: LevelDefaults

    public init(_ day: ReferenceDay, _ sessions: [Sessions.Row], _ defaults: LevelDefaults) {
        self.day = day
        self.sessions = sessions
        self.defaults = defaults
    }

    /// - Throws: for what a file must not hold, and for ids that come twice in a session.
    public func tables(
        _ sources: [ReferenceKind: [ReferenceSource]]
    ) throws(ReferenceError) -> ReferenceTables {
        var levels: [LevelEntry] = []
        var markers: [MarkerEntry] = []
        var labels: [LabelEntry] = []
        for source in ordered(sources[.levels]) { levels += try LevelEntry.parse(source, of: day, defaults) }
        for source in ordered(sources[.commands]) {
            let commands = try CommandFile.parse(source, of: day, defaults)
            levels += commands.levels
            markers += commands.markers
        }
        for source in ordered(sources[.markers]) {
            let file = try MarkerEntry.parse(source, of: day, defaults)
            markers += file.markers
            levels += file.levels
        }
        for source in ordered(sources[.labels]) { labels += try LabelEntry.parse(source) }
        var tables = ReferenceTables()
        try add(levels, to: &tables)
        try add(markers, levels, to: &tables)
        add(labels, to: &tables)
        return tables
    }

    private func ordered(_ sources: [ReferenceSource]?) -> [ReferenceSource] {
        (sources ?? []).sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    private func add(_ levels: [LevelEntry], to tables: inout ReferenceTables) throws(ReferenceError) {
        var places: [Key: ReferencePlace] = [:]
        for entry in levels {
            // A level is active from its creation on.
            let joined = try sessionIDs(entry.sessionID, entry.place) { entry.level.createdTsMs < $0.endTsMs }
            if joined.isEmpty { tables.counts.levelsWithoutSession += 1 }
            for session in joined {
                var row = entry.level
                row.sessionId = session
                if let other = places.updateValue(entry.place, forKey: Key(session, row.levelId)) {
                    throw entry.place.error(
                        "the level_id '\(row.levelId)' of session \(session) is already in \(other)")
                }
                tables.levels.append(row)
            }
        }
        tables.levels.sort { Key($0.sessionId, $0.levelId) < Key($1.sessionId, $1.levelId) }
    }

    private func add(
        _ markers: [MarkerEntry], _ levels: [LevelEntry], to tables: inout ReferenceTables
    ) throws(ReferenceError) {
        let levelIDs = Set(tables.levels.map { Key($0.sessionId, $0.levelId) })
        var places: [Key: (place: ReferencePlace, isGiven: Bool)] = [:]
        for (position, entry) in markers.enumerated() {
            let joined = try sessionIDs(entry.sessionID, entry.place) {
                ($0.startTsMs..<$0.endTsMs).contains(entry.marker.tsMs)
            }
            if joined.isEmpty { tables.counts.markersWithoutSession += 1 }
            let id = entry.id(of: day.symbol)
            let isGiven = entry.marker.markerId != nil
            for session in joined {
                let key = Key(session, id)
                if levelIDs.contains(key) {
                    throw entry.place.error("the marker_id '\(id)' of session \(session) is also that of a level")
                }
                // Markers without an id may be entered twice: gold takes the first.
                if let other = places[key], isGiven || other.isGiven {
                    throw entry.place.error("the marker_id '\(id)' of session \(session) is already in \(other.place)")
                }
                if places[key] == nil { places[key] = (entry.place, isGiven) }
                var row = entry.marker
                row.sessionId = session
                row.inputSeq = Int64(position)
                tables.markers.append(row)
            }
        }
        tables.markers.sort { a, b in
            a.sessionId == b.sessionId
                ? a.inputSeq < b.inputSeq : a.sessionId.utf8.lexicographicallyPrecedes(b.sessionId.utf8)
        }
    }

    private func add(_ labels: [LabelEntry], to tables: inout ReferenceTables) {
        var last: [String: Labels.Row] = [:]
        for entry in labels {
            guard let label = entry.label else {
                tables.counts.labelsSkipped += 1
                continue
            }
            if last.updateValue(label, forKey: label.episodeId) != nil { tables.counts.labelsReplaced += 1 }
        }
        tables.labels = last.values.sorted { $0.episodeId.utf8.lexicographicallyPrecedes($1.episodeId.utf8) }
    }

    /// The session that a file names, or all in which something is active; where a date has one session, that one.
    private func sessionIDs(
        _ named: String?, _ place: ReferencePlace, _ isActive: (Sessions.Row) -> Bool
    ) throws(ReferenceError) -> [String] {
        if let named {
            guard sessions.contains(where: { $0.sessionId.utf8.elementsEqual(named.utf8) }) else {
                let ids = sessions.map(\.sessionId).joined(separator: ", ")
                throw place.error("there is no session '\(named)' on \(day.date), only \(ids)")
            }
            return [named]
        }
        if sessions.count == 1 { return [sessions[0].sessionId] }
        return sessions.filter(isActive).map(\.sessionId)
    }

    /// An id within a session, compared by bytes.
    private struct Key: Hashable, Comparable {
        let session: [UInt8]
        let id: [UInt8]

        init(_ session: String, _ id: String) {
            self.session = Array(session.utf8)
            self.id = Array(id.utf8)
        }

        static func < (a: Key, b: Key) -> Bool {
            a.session == b.session
                ? a.id.lexicographicallyPrecedes(b.id) : a.session.lexicographicallyPrecedes(b.session)
        }
    }
}
