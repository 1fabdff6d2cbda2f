import Columnar

extension Contract {
    /// How the columns of a file differ from the contract, in words; empty when a reader may use the file.
    ///
    /// In a file symbols are strings, so a column of symbols may come as either.
    ///
    /// - Parameter physical: the shape that the file's schema states.
    public func differences(fromPhysical physical: Shape) -> [String] {
        var differences: [String] = []
        for field in fields {
            guard let index = physical.index(of: field.name) else {
                differences.append("column \(field.name) is missing")
                continue
            }
            let found = physical.columns[index]
            if !isStored(field.type, as: found.type) {
                differences.append("column \(field.name) is \(found.type.words), not \(field.type.words)")
            }
            if found.isNullable != field.isNullable {
                differences.append(
                    "column \(field.name) \(found.isNullable ? "may" : "may not") be null, contrary to the contract"
                )
            }
        }
        for column in physical.columns where shape.index(of: column.name) == nil {
            differences.append("column \(column.name) is not of the contract")
        }
        if differences.isEmpty, physical.columns.map(\.name) != fields.map(\.name) {
            differences.append("the columns are in another order")
        }
        return differences
    }

    private func isStored(_ type: ColumnType, as stored: ColumnType) -> Bool {
        if case .symbols = type, stored == .string { return true }
        return type == stored
    }
}
