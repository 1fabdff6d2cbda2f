import Columnar

/// Columns whose every cell is a formula of its row, so that any program can tell what a file must hold.
/// `Tests/Python/test_parquet_interop.py` has the same formulas; change both together.
enum Formula {
    /// SplitMix64's output function of row and salt: bits without a pattern.
    static func mix(_ row: Int, _ salt: UInt64) -> UInt64 {
        var z = UInt64(row) &+ salt &* 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    static let all: [ColumnDefinition] = [
        ColumnDefinition("ordinal", .int64),
        ColumnDefinition("ts_ns", .timestampNanos, isNullable: true),
        ColumnDefinition("ts_ms", .timestampMillis),
        ColumnDefinition("day", .date, isNullable: true),
        ColumnDefinition("constant", .int32),
        ColumnDefinition("few", .int32),
        ColumnDefinition("price", .int64, isNullable: true),
        ColumnDefinition("wild64", .int64),
        ColumnDefinition("wild32", .int32),
        ColumnDefinition("extreme64", .int64),
        ColumnDefinition("extreme32", .int32, isNullable: true),
        ColumnDefinition("runs", .int32),
        ColumnDefinition("growing", .int64),
        ColumnDefinition("flag", .boolean),
        ColumnDefinition("maybe", .boolean, isNullable: true),
        ColumnDefinition("side", .symbols(["N", "B", "A"])),
        ColumnDefinition("side_or_null", .symbols(["N", "B", "A"]), isNullable: true),
        ColumnDefinition("name", .string),
        ColumnDefinition("unique", .string),
        ColumnDefinition("text", .string, isNullable: true),
        ColumnDefinition("value", .double),
        ColumnDefinition("sparse", .double, isNullable: true),
        ColumnDefinition("zero", .double),
        ColumnDefinition("special", .double),
        ColumnDefinition("null_int", .int64, isNullable: true),
        ColumnDefinition("null_double", .double, isNullable: true),
        ColumnDefinition("null_text", .string, isNullable: true),
        ColumnDefinition("null_flag", .boolean, isNullable: true),
        ColumnDefinition("half_null", .int32, isNullable: true),
    ]

    /// Zero, the smallest subnormals, the largest and the smallest normal numbers, infinities, a long fraction.
    static let specials: [Double] = [
        0, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .greatestFiniteMagnitude,
        -.greatestFiniteMagnitude,
        .leastNormalMagnitude, .leastNormalMagnitude / 1024, .infinity, -.infinity, 0.1,
    ]

    /// The cells of a column, by its name.
    static func cells(_ name: String, rows: Int) -> Cells? {
        func int64(_ f: (Int) -> Int64?) -> Cells { .int64s((0..<rows).map(f)) }
        func int32(_ f: (Int) -> Int32?) -> Cells { .int32s((0..<rows).map(f)) }
        func double(_ f: (Int) -> Double?) -> Cells { .doubles((0..<rows).map(f)) }
        func flag(_ f: (Int) -> Bool?) -> Cells { .booleans((0..<rows).map(f)) }
        func text(_ f: (Int) -> String?) -> Cells { .strings((0..<rows).map(f)) }
        switch name {
        case "ordinal": return int64 { Int64($0) }
        case "ts_ns":
            return int64 {
                mix($0, 1) % 10 == 3
                    ? nil : 1_767_600_000_000_000_000 + Int64($0) * 1_000_003 + Int64(mix($0, 2) % 1000)
            }
        case "ts_ms": return int64 { 1_767_600_000_000 + Int64($0) * 7 }
        case "day": return int32 { $0 % 50 < 3 ? nil : 20_454 + Int32($0 / 1000) }
        case "constant": return int32 { _ in 160 }
        case "few": return int32 { Int32(mix($0, 3) % 7) - 3 }
        case "price":
            return int64 { mix($0, 4) % 100 == 0 ? nil : (4000 + Int64(mix($0, 5) % 500)) * 250_000_000 }
        case "wild64": return int64 { Int64(bitPattern: mix($0, 6)) }
        case "wild32": return int32 { Int32(truncatingIfNeeded: mix($0, 7)) }
        case "extreme64": return int64 { [.min, .max, 0, -1, 1][$0 % 5] }
        case "extreme32": return int32 { [.min, nil, .max, 0, -1, 1][$0 % 6] }
        case "runs": return int32 { Int32($0 / 100 % 5) }
        // Few at first, many later: a dictionary that must be given up.
        case "growing": return int64 { Int64(mix($0, 8) % UInt64($0 / 64 + 1)) * 1_000_000_007 }
        case "flag": return flag { mix($0, 9) & 1 == 1 }
        case "maybe": return flag { mix($0, 10) % 5 == 0 ? nil : $0 / 40 % 2 == 0 }
        case "side": return text { ["N", "B", "A"][Int(mix($0, 11) % 3)] }
        case "side_or_null": return text { mix($0, 12) % 4 == 0 ? nil : ["N", "B", "A"][$0 / 30 % 3] }
        case "name": return text { "name-\(mix($0, 13) % 200)" }
        case "unique": return text { "row \($0) é\(mix($0, 14) % 100_000)" }
        case "text":
            return text {
                $0 % 3 == 0 ? nil : ["", "x", "Ω", "long enough to leave the string itself"][$0 % 4]
            }
        case "value": return double { Double(Int64(mix($0, 15) % 2_000_001) - 1_000_000) / 1024 }
        case "sparse": return double { mix($0, 16) % 4 == 0 ? Double($0) * 0.1 : nil }
        case "zero": return double { _ in 0 }
        case "special": return double { specials[$0 % specials.count] }
        case "null_int": return int64 { _ in nil }
        case "null_double": return double { _ in nil }
        case "null_text": return text { _ in nil }
        case "null_flag": return flag { _ in nil }
        case "half_null": return int32 { $0 < rows / 2 ? nil : Int32($0) }
        default: return nil
        }
    }

    static func frame(rows: Int, _ columns: [ColumnDefinition] = all) -> Frame {
        Frame(columns.map { ($0, cells($0.name, rows: rows)!) })
    }
}
