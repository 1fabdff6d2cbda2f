/// Rows of text under headings, aligned in columns.
public struct TextTable {
    public struct Column {
        public let title: String
        public let isRightAligned: Bool

        /// Words, aligned to the left.
        public static func text(_ title: String) -> Column { Column(title: title, isRightAligned: false) }
        /// Numbers, aligned to the right.
        public static func number(_ title: String) -> Column { Column(title: title, isRightAligned: true) }
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
    /// - Parameter width: where given, words of the last column go on in further lines instead of beyond it.
    public func lines(_ palette: Palette, width: Int? = nil) -> [String] {
        let widths = columns.indices.map { column in
            rows.reduce(columns[column].title.count) { max($0, $1[column].text.count) }
        }
        let indent = widths.dropLast().reduce(0) { $0 + $1 + 2 }
        let room = width.map { $0 - indent } ?? .max
        var lines = [line(columns.map { Cell($0.title, .faint) }, widths, palette)]
        for row in rows {
            guard let last = row.last, room >= 20, last.text.count > room else {
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
