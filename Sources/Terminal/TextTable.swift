/// Rows of text under headings, aligned in columns.
public struct TextTable {
    public struct Column {
        public let title: String
        public let isRightAligned: Bool
        /// Columns above 0 are left out where there is no room, the highest first, of equals the last.
        var dispensability = 0
        /// Names such as `silver.future_mbo.trades`, which may be shown below what they have in common.
        var isQualified = false

        /// Words, aligned to the left.
        public static func text(_ title: String) -> Column { Column(title: title, isRightAligned: false) }
        /// Numbers, aligned to the right.
        public static func number(_ title: String) -> Column { Column(title: title, isRightAligned: true) }
        /// Datasets, the first column of a table: where there is little room, `silver.future_mbo` becomes a heading.
        public static func datasets(_ title: String) -> Column {
            var column = text(title)
            column.isQualified = true
            return column
        }

        /// The column, to be left out where a terminal is too narrow.
        ///
        /// - Parameter rank: those of a higher rank go first.
        public func dispensable(_ rank: Int = 1) -> Column {
            var column = self
            column.dispensability = rank
            return column
        }
    }

    /// A text and its emphasis.
    public struct Cell: ExpressibleByStringInterpolation {
        public let text: String
        public let style: Style?

        public init(_ text: String, _ style: Style? = nil) {
            self.text = printable(text)
            self.style = style
        }

        public init(stringLiteral text: String) {
            self.init(text)
        }
    }

    private let columns: [Column]
    private var rows: [[Cell]] = []
    /// Datasets stand below what they have in common.
    private var isGrouped = false

    public init(_ columns: [Column]) {
        self.columns = columns
    }

    public var isEmpty: Bool { rows.isEmpty }

    public mutating func add(_ cells: [Cell]) {
        precondition(cells.count == columns.count)
        rows.append(cells)
    }

    /// The lines of the table; nothing trails the last column.
    ///
    /// - Parameter width: where given, the table is fitted into it: datasets go below headings, dispensable columns
    ///   are left out (and named in a last line), words of the last column go on in further lines.
    /// - Parameter palette: of the output.
    public func lines(_ palette: Palette, width: Int? = nil) -> [String] {
        guard let width else { return set(rows, palette) }
        var (narrowed, missing) = (self, Set<String>())
        // What is empty is not missed.
        for column in columns.indices.reversed()
        where columns[column].dispensability > 0 && !rows.contains(where: { !$0[column].text.isEmpty }) {
            narrowed = narrowed.without(column)
        }
        narrowed.isGrouped = columns.first?.isQualified == true && narrowed.leastWidth > width
        while narrowed.leastWidth > width, let victim = narrowed.mostDispensable {
            missing.insert(narrowed.columns[victim].title)
            narrowed = narrowed.without(victim)
        }
        var lines = narrowed.set(narrowed.rows, palette, width: width)
        if !missing.isEmpty {
            let titles = columns.map(\.title).filter(missing.contains).joined(separator: ", ")
            lines += filled("no room for: \(titles)", width: width).map { palette($0, .faint) }
        }
        return lines
    }

    // MARK: - Fitting

    /// Characters of the last column below which its words are not filled into it.
    private static let leastText = 28

    private var widths: [Int] {
        columns.indices.map { column in
            rows.reduce(columns[column].title.count) { max($0, shown($1, column).count) }
        }
    }

    /// Characters of a line, where words of the last column may go on in the next.
    private var leastWidth: Int {
        let widths = widths
        guard let last = widths.last else { return 0 }
        let isText = columns.last?.isRightAligned == false
        return widths.dropLast().reduce(0) { $0 + $1 + 2 } + (isText ? min(last, TextTable.leastText) : last)
    }

    private var mostDispensable: Int? {
        columns.indices.filter { columns[$0].dispensability > 0 }
            .max { (columns[$0].dispensability, $0) < (columns[$1].dispensability, $1) }
    }

    private func without(_ column: Int) -> TextTable {
        var columns = columns
        columns.remove(at: column)
        var narrowed = TextTable(columns)
        narrowed.isGrouped = isGrouped
        narrowed.rows = rows.map { row in
            var row = row
            row.remove(at: column)
            return row
        }
        return narrowed
    }

    /// `silver.future_mbo` of `silver.future_mbo.trades`.
    private func qualifier(_ row: [Cell]) -> Substring? {
        row[0].text.lastIndex(of: ".").map { row[0].text[..<$0] }
    }

    /// A cell as it stands in its line.
    private func shown(_ row: [Cell], _ column: Int) -> String {
        guard isGrouped, column == 0, let qualifier = qualifier(row) else { return row[column].text }
        return "  \(row[0].text.dropFirst(qualifier.count + 1))"
    }

    private func set(_ rows: [[Cell]], _ palette: Palette, width: Int? = nil) -> [String] {
        let widths = widths
        let indent = widths.dropLast().reduce(0) { $0 + $1 + 2 }
        let room = width.map { $0 - indent } ?? .max
        var lines = [line(columns.map { Cell($0.title, .faint) }, widths, palette)]
        var group: Substring?
        for row in rows {
            if isGrouped, let qualifier = qualifier(row), qualifier != group {
                group = qualifier
                lines.append(palette(String(qualifier), .strong))
            }
            let row = row.enumerated().map { Cell(shown(row, $0), $1.style) }
            guard let last = row.last, columns.last?.isRightAligned == false, room >= 20, last.text.count > room else {
                lines.append(line(row, widths, palette))
                continue
            }
            let parts = filled(last.text, width: room)
            lines.append(line(row.dropLast() + [Cell(parts[0], last.style)], widths, palette))
            for part in parts.dropFirst() {
                lines.append(String(repeating: " ", count: indent) + palette(part, last.style))
            }
        }
        return lines
    }

    private func line(_ cells: [Cell], _ widths: [Int], _ palette: Palette) -> String {
        var text = ""
        for (column, cell) in cells.enumerated() {
            if column > 0 { text += "  " }
            let isLast = column == cells.count - 1
            let pad = String(repeating: " ", count: max(0, widths[column] - cell.text.count))
            if columns[column].isRightAligned {
                text += pad + palette(cell.text, cell.style)
            } else {
                text += palette(cell.text, cell.style) + (isLast ? "" : pad)
            }
        }
        while text.last == " " { text.removeLast() }
        return text
    }
}

/// Words filled into lines of at most `width` characters; a longer word stands alone.
public func filled(_ text: String, width: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(whereSeparator: \.isWhitespace) {
        if !line.isEmpty, line.count + 1 + word.count > width {
            lines.append(line)
            line = ""
        }
        line += line.isEmpty ? String(word) : " \(word)"
    }
    return line.isEmpty && !lines.isEmpty ? lines : lines + [line]
}
