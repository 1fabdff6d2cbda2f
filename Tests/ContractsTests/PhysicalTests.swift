import Columnar
import Contracts
import Testing

@Suite struct PhysicalSchemas {
    let contract: Contract

    init() throws {
        contract = try parse(sampleText)
    }

    /// The columns as a file states them.
    private func stored(_ change: (inout [ColumnDefinition]) -> Void = { _ in }) -> Shape {
        var columns = contract.shape.columns.map { column in
            if case .symbols = column.type {
                return ColumnDefinition(column.name, .string, isNullable: column.isNullable)
            }
            return column
        }
        change(&columns)
        return Shape(columns)
    }

    @Test func `a file of the contract's columns differs in nothing`() {
        #expect(contract.differences(fromPhysical: contract.shape).isEmpty)
        #expect(contract.differences(fromPhysical: stored()).isEmpty)
    }

    @Test func `each difference is told`() {
        let shape = stored { columns in
            columns[2] = ColumnDefinition("start", .double)
            columns[3] = ColumnDefinition("added", .int64, isNullable: true)
            columns[10] = ColumnDefinition("note", .string)
            columns[13] = ColumnDefinition("night", .date)
        }
        #expect(
            contract.differences(fromPhysical: shape) == [
                "column start is double, not long",
                "column added may be null, contrary to the contract",
                "column note may not be null, contrary to the contract",
                "column day is missing",
                "column night is not of the contract",
            ])
        let reordered = stored { $0.swapAt(2, 3) }
        #expect(contract.differences(fromPhysical: reordered) == ["the columns are in another order"])
    }
}
