import CSV

/// One line of a command file, to be written.
///
/// Source: spec/recorder.md 3.5.
public struct CommandLine: Sendable {
    /// By column; what is absent is empty.
    private let fields: [String: String]

    /// - Parameter instant: ms since 1970 UTC; 0: from the session start.
    /// - Parameter bias: direction, where there is one.
    /// - Parameter id: the level's name; nil: made from price and type.
    /// - Parameter notes: free text.
    /// - Parameter price: a decimal number.
    /// - Parameter type: of the level.
    /// - Parameter width: half width in ATR.
    public static func level(
        at instant: Int64, price: String, type: String, width: String?, id: String?, bias: String?, notes: String?
    ) -> CommandLine {
        CommandLine(
            instant, CommandFile.addLevel,
            [
                "level_price": price, "level_type": type, "level_width_atr": width, "level_id": id,
                "direction_bias": bias, "notes": notes,
            ])
    }

    public static func marker(
        at instant: Int64, type: String, id: String?, bias: String?, notes: String?
    ) -> CommandLine {
        CommandLine(
            instant, CommandFile.addMarker,
            ["marker_type": type, "marker_id": id, "direction_bias": bias, "notes": notes])
    }

    private init(_ instant: Int64, _ type: String, _ fields: [String: String?]) {
        self.fields = fields.compactMapValues { $0 }.merging(["ts_ms": String(instant), "type": type]) { $1 }
    }

    /// The text of a command file with this line at its end.
    ///
    /// - Parameter predecessor: the file to extend; nil begins one.
    /// - Parameter day: whose file it is.
    public func text(extending predecessor: ReferenceSource?, of day: ReferenceDay) throws(ReferenceError) -> String {
        var text = CommandFile.columns.joined(separator: ",") + "\n"
        var columns = CommandFile.columns
        if let predecessor {
            do throws(CSVError) {
                columns = try CSVReader(path: predecessor.path).header
            } catch {
                throw ReferenceError(error, in: predecessor)
            }
            // An empty line would stand between the last row and the new one.
            text = try predecessor.text()
            while let last = text.last, last.isNewline { text.removeLast() }
            text += "\n"
        }
        let line = fields.merging(["ticker": day.symbol]) { $1 }
        if let lost = line.keys.sorted().first(where: { !columns.contains($0) }), let predecessor {
            throw ReferenceError(predecessor.file, 1, "it has no column '\(lost)', which the new line needs")
        }
        return text + columns.map { quoted(line[$0] ?? "") }.joined(separator: ",") + "\n"
    }

    /// As RFC 4180 says.
    private func quoted(_ field: String) -> String {
        guard field.utf8.contains(where: { #",""#.utf8.contains($0) || $0 == 10 || $0 == 13 }) else { return field }
        return "\"" + field.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
