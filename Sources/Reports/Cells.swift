import CSV
import CivilTime
import Columnar
import JSON

extension ColumnView {
    /// One value as reports and exports show it: instants and integers as stored, dates as text, enums by symbol.
    func cell(_ row: Int, _ type: ColumnType) -> CSVCell {
        if let validity, !validity[row] { return .null }
        switch values {
        case .boolean(let values): return .bool(values[row])
        case .int64(let values): return .integer(values[row])
        case .double(let values): return .double(values[row])
        case .strings(let codes, let strings): return .string(strings[Int(codes[row])])
        case .int32(let values):
            return type == .date
                ? .string("\(CivilDate(daysSinceEpoch: Int(values[row])))") : .integer(Int64(values[row]))
        case .symbols(let codes):
            guard case .symbols(let symbols) = type else { preconditionFailure("codes are of a column of symbols") }
            return .string(symbols[Int(codes[row])])
        }
    }

    /// A run of rows.
    func rows(_ range: Range<Int>) -> ColumnView {
        let part: Values =
            switch values {
            case .boolean(let all): .boolean(UnsafeBufferPointer(rebasing: all[range]))
            case .int32(let all): .int32(UnsafeBufferPointer(rebasing: all[range]))
            case .int64(let all): .int64(UnsafeBufferPointer(rebasing: all[range]))
            case .double(let all): .double(UnsafeBufferPointer(rebasing: all[range]))
            case .symbols(let all): .symbols(UnsafeBufferPointer(rebasing: all[range]))
            case .strings(let all, let strings): .strings(UnsafeBufferPointer(rebasing: all[range]), strings)
            }
        return ColumnView(part, validity: validity.map { UnsafeBufferPointer(rebasing: $0[range]) })
    }
}

extension Table where Self: ~Copyable {
    /// All rows as JSON objects, by the columns' names.
    borrowing func objects() -> [JSONObject] {
        let columns = Self.shape.columns
        return withViews { views in
            (0..<(views.first?.count ?? 0)).map { row in
                JSONObject(columns.indices.map { (columns[$0].name, JSONValue(views[$0].cell(row, columns[$0].type))) })
            }
        }
    }
}

extension JSONValue {
    init(_ cell: CSVCell) {
        self =
            switch cell {
            case .null: .null
            case .bool(let flag): .bool(flag)
            case .integer(let number): .integer(number)
            case .double(let number): .double(number)
            case .string(let text): .string(text)
            }
    }
}
