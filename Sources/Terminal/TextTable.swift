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
    public func lines(_ palette: Palette) -> [String] {
        let widths = columns.indices.map { column in
            rows.reduce(columns[column].title.count) { max($0, $1[column].text.count) }
        }
        func line(_ cells: [Cell]) -> String {
            var text = ""
            for (column, cell) in cells.enumerated() {
                if column > 0 { text += "  " }
                let pad = String(repeating: " ", count: widths[column] - cell.text.count)
                if columns[column].isRightAligned {
                    text += pad + palette(cell.text, cell.style)
                } else {
                    text += palette(cell.text, cell.style)
                    if column < cells.count - 1 { text += pad }
                }
            }
            while text.last == " " { text.removeLast() }
            return text
        }
        return [line(columns.map { Cell($0.title, .faint) })] + rows.map(line)
    }
}
