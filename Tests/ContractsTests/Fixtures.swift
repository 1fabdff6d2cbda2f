import Columnar
import Contracts
import Glibc
import JSON

/// The package's root, from this file's place in it.
let root: String = {
    var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    parts.removeLast(3)
    return parts.joined(separator: "/")
}()

/// A contract with one column of every type and one rule of every kind; tests change single attributes of it.
let sampleText = """
    {
      "type": "record", "name": "Sample", "version": 1, "namespace": "lake.silver.future_mbo",
      "doc": "One column of every type.",
      "key": ["at", "side"], "orderBy": ["at", "side"],
      "identities": [
        {"sum": [["start", 1], ["added", 1], ["removed", -2]], "equals": "end", "where": "valid", "tolerance": 0},
        {"sum": [["bid", 0.5], ["ask", 0.5]], "equals": "mid", "tolerance": 1e-9}
      ],
      "fields": [
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-nanos"}, "doc": "time", "unit": "ns"},
        {"name": "side", "type": {"type": "enum", "name": "Side", "symbols": ["B", "A"]}, "doc": "side"},
        {"name": "start", "type": "long", "doc": "d", "unit": "contracts", "minimum": 0},
        {"name": "added", "type": "long", "doc": "d", "unit": "contracts"},
        {"name": "removed", "type": "int", "doc": "d", "unit": "contracts"},
        {"name": "end", "type": "long", "doc": "d", "unit": "contracts"},
        {"name": "valid", "type": "boolean", "doc": "d"},
        {"name": "bid", "type": "double", "doc": "d", "unit": "price", "exclusiveMinimum": 0},
        {"name": "ask", "type": "double", "doc": "d", "unit": "price", "maximum": 1000000},
        {"name": "mid", "type": "double", "doc": "d", "unit": "price", "exclusiveMaximum": 1e7},
        {"name": "note", "type": ["null", "string"], "default": null, "doc": "d"},
        {"name": "other", "type": ["null", "Side"], "default": null, "doc": "d"},
        {"name": "ticks", "type": ["null", "int"], "default": null, "doc": "d", "unit": "ticks", "exclusiveMinimum": 0, "maximum": 5},
        {"name": "day", "type": {"type": "int", "logicalType": "date"}, "doc": "d"},
        {"name": "ms", "type": ["null", {"type": "long", "logicalType": "timestamp-millis"}], "default": null, "doc": "d", "unit": "ms", "alias": "milli%"}
      ]
    }
    """

func parse(_ text: String, file: String = "silver/future_mbo/sample.avsc") throws(ContractError) -> Contract {
    try Contract(parsing: Array(text.utf8), file: file)
}

/// The sample with the first `old` replaced.
func changed(_ old: String, _ new: String) -> String {
    sampleText.replacing(old, with: new)
}

/// Rows of the sample, column by column, conforming unless a test changes them.
struct SampleRows: ~Copyable {
    var at = Column<Int64>()
    var side = RawSymbols()
    var start = Column<Int64>()
    var added = Column<Int64>()
    var removed = Column<Int32>()
    var end = Column<Int64>()
    var valid = Column<Bool>()
    var bid = Column<Double>()
    var ask = Column<Double>()
    var mid = Column<Double>()
    var note = OptionalStringColumn()
    var ticks = OptionalColumn<Int32>()
    var day = Column<Int32>()
    var ms = OptionalColumn<Int64>()
    /// Replaces the view of a column by the same values with these flags.
    var nulls: (column: Int, flags: [Bool])?

    struct RawSymbols: ~Copyable {
        var values = Buffer<UInt8>()
    }

    /// `count` rows: two a nanosecond from `first`, side A before side B.
    init(_ count: Int, first: Int64 = 0) {
        for i in 0..<count { append(at: first + Int64(i / 2), side: i % 2 == 0 ? 1 : 0, row: i) }
    }

    mutating func append(at time: Int64, side index: UInt8, row: Int) {
        let i = Int64(row % 100)
        at.append(time)
        side.values.append(index)
        start.append(i)
        added.append(10)
        removed.append(3)
        end.append(i + 4)
        valid.append(true)
        bid.append(100 + Double(i))
        ask.append(101 + Double(i))
        mid.append(100.5 + Double(i))
        note.append(row % 3 == 0 ? nil : "n\(row % 2)")
        ticks.append(row % 2 == 0 ? nil : 5)
        day.append(20000)
        ms.append(row % 5 == 0 ? nil : i)
    }

    /// Checks the rows as the next batch, with other columns in place of some and one more before another.
    borrowing func check(
        by checker: inout ConformanceChecker, replacing others: [Int: ColumnView] = [:],
        inserting another: (Int, ColumnView)? = nil
    ) {
        let zeros = [UInt8](repeating: 0, count: at.count)
        let none = [Bool](repeating: false, count: at.count)
        let flags = nulls?.flags ?? []
        zeros.withUnsafeBufferPointer { zeros in
            none.withUnsafeBufferPointer { none in
                flags.withUnsafeBufferPointer { flags in
                    side.values.withUnsafeElements { sides in
                        var views = [
                            at.withView { $0 }, ColumnView(.symbols(sides)), start.withView { $0 },
                            added.withView { $0 },
                            removed.withView { $0 }, end.withView { $0 }, valid.withView { $0 },
                            bid.withView { $0 },
                            ask.withView { $0 }, mid.withView { $0 }, note.withView { $0 },
                            ColumnView(.symbols(zeros), validity: none), ticks.withView { $0 },
                            day.withView { $0 },
                            ms.withView { $0 },
                        ]
                        if let column = nulls?.column {
                            views[column] = ColumnView(views[column].values, validity: flags)
                        }
                        for (column, view) in others { views[column] = view }
                        if let another { views.insert(another.1, at: another.0) }
                        checker.check(views)
                    }
                }
            }
        }
    }

    consuming func report() throws -> ConformanceReport {
        var checker = ConformanceChecker(try parse(sampleText))
        check(by: &checker)
        return checker.finish()
    }
}

extension String {
    /// The text with the first `old` replaced.
    func replacing(_ old: String, with new: String) -> String {
        guard let range = utf8Range(of: old) else { preconditionFailure("\(old) does not occur") }
        return String(self[..<range.lowerBound]) + new + String(self[range.upperBound...])
    }

    private func utf8Range(of old: String) -> Range<String.Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(old) { return start..<index(start, offsetBy: old.count) }
            start = index(after: start)
        }
        return nil
    }
}

/// The violated rules of a report, briefly: "minimum start 1".
func brief(_ report: ConformanceReport) -> [String] {
    report.violations.map { "\($0.kind.rawValue) \($0.columns.joined(separator: ",")) \($0.violations)" }
}
