import CivilTime
import Contracts
import Glibc
import JSON
import Lake

/// The calls that open a dataset in other programs: Python text that works as it stands. Each gives `rows`.
///
/// The path keys have their types named, so that no reader guesses (an all-digit symbol is no number), and are filtered
/// before a file is opened. A test carries out every call.
struct ReaderCalls {
    let dataset: DatasetKey
    let lake: String
    let symbols: [String]
    let dates: [CivilDate]

    /// - Parameter lake: the lake's directory, made absolute so that the calls work anywhere.
    init(_ dataset: DatasetKey, lake: Lake, symbols: [String], dates: [CivilDate]) {
        self.dataset = dataset
        self.symbols = symbols
        self.dates = dates
        if let absolute = realpath(lake.root, nil) {
            self.lake = String(cString: absolute)
            free(absolute)
        } else {
            self.lake = lake.root
        }
    }

    /// The directory of the table.
    var folder: String { "\(lake)/\(dataset.layer.rawValue)/product_type=\(dataset.product)/table=\(dataset.table)" }

    /// Reader and call.
    var all: [(reader: String, call: String)] {
        [
            ("pyarrow", pyarrow), ("pandas", pandas), ("polars", polars), ("duckdb", duckdb), ("spark", spark),
            ("tarn", tarn),
        ]
    }

    var json: JSONValue {
        [
            "dataset": .string("\(dataset)"), "path": .string(folder),
            "readers": .object(JSONObject(all.map { ($0.reader, .string($0.call)) })),
        ]
    }

    var text: String {
        all.map { "# \(ReaderCalls.titles[$0.reader] ?? $0.reader)\n\($0.call)" }.joined(separator: "\n\n")
    }

    private static let titles = [
        "pandas": "pandas; the backend keeps nullable integers exact",
        "polars": "polars, lazily: .collect() reads",
        "duckdb": "DuckDB 2.0 or later; older ones cut nanoseconds to microseconds",
        "spark": "Spark 3.5 or later; instants are nanoseconds since 1970 UTC as bigint",
        "tarn": "the package in python/: with contracts, quality and exact prices",
    ]

    // MARK: - Calls

    private var keys: String {
        """
        keys = ds.partitioning(pa.schema([("symbol", pa.string()), ("dt", pa.date32())]), flavor="hive")
        """
    }

    private var pyarrow: String {
        """
        \(imports("datetime", "pyarrow as pa", "pyarrow.dataset as ds"))
        \(keys)
        dataset = ds.dataset(\(python(folder)), partitioning=keys)
        rows = dataset.to_table(\(filter.map { "filter=\($0)" } ?? ""))
        """
    }

    private var pandas: String {
        """
        \(imports("datetime", "pandas as pd", "pyarrow as pa", "pyarrow.dataset as ds"))
        \(keys)
        rows = pd.read_parquet(
            \(python(folder)),
            partitioning=keys,\(filter.map { " filters=\($0)," } ?? "") dtype_backend="pyarrow")
        """
    }

    /// An expression of pyarrow.
    private var filter: String? {
        let parts =
            (symbols.isEmpty ? [] : ["ds.field(\"symbol\").isin(\(list(symbols.map(python))))"])
            + (dates.isEmpty ? [] : ["ds.field(\"dt\").isin(\(list(dates.map(pythonDate))))"])
        return parts.isEmpty ? nil : parts.count == 1 ? parts[0] : "(\(parts.joined(separator: " & ")))"
    }

    private var polars: String {
        let filters =
            (symbols.isEmpty ? [] : [".filter(pl.col(\"symbol\").is_in(\(list(symbols.map(python)))))"])
            + (dates.isEmpty ? [] : [".filter(pl.col(\"dt\").is_in(\(list(dates.map(pythonDate)))))"])
        return """
            \(imports("datetime", "polars as pl"))
            rows = pl.scan_parquet(
                \(python(folder + "/**/*.parquet")), hive_partitioning=True,
                hive_schema={"product_type": pl.String, "table": pl.String, "symbol": pl.String, "dt": pl.Date},
            )\(filters.joined())
            """
    }

    private var duckdb: String {
        let conditions =
            (symbols.isEmpty ? [] : ["symbol IN (\(symbols.map(sql).joined(separator: ", ")))"])
            + (dates.isEmpty ? [] : ["dt IN (\(dates.map { "DATE '\($0)'" }.joined(separator: ", ")))"])
        let place = sql(folder + "/**/*.parquet")
        var lines = [
            "SELECT * FROM read_parquet(\(place), hive_partitioning = true,",
            "    hive_types = {'product_type': VARCHAR, 'table': VARCHAR, 'symbol': VARCHAR, 'dt': DATE})",
        ]
        if !conditions.isEmpty { lines.append("WHERE \(conditions.joined(separator: " AND "))") }
        return """
            \(imports("duckdb"))
            rows = duckdb.sql(\(lines.map { python($0 + " ") }.joined(separator: "\n    ")))
            """
    }

    private var spark: String {
        let filters =
            (symbols.isEmpty ? [] : [".where(col(\"symbol\").isin(\(list(symbols.map(python)))))"])
            + (dates.isEmpty ? [] : [".where(col(\"dt\").isin(\(list(dates.map { python("\($0)") }))))"])
        return """
            from pyspark.sql import SparkSession
            from pyspark.sql.functions import col
            spark = (SparkSession.builder
                .config("spark.sql.legacy.parquet.nanosAsLong", "true")
                .config("spark.sql.sources.partitionColumnTypeInference.enabled", "false")
                .config("spark.sql.session.timeZone", "UTC").getOrCreate())
            rows = spark.read.parquet(\(python(folder)))\(filters.joined())
            """
    }

    private var tarn: String {
        var arguments: [String] = []
        if !symbols.isEmpty { arguments.append(list(symbols.map(python))) }
        if !dates.isEmpty { arguments.append("dt=\(list(dates.map { python("\($0)") }))") }
        return """
            \(imports("tarn"))
            rows = tarn.open(\(python(lake)))[\(python("\(dataset)"))].scan(\(arguments.joined(separator: ", "))).arrow()
            """
    }

    // MARK: - Literals

    private func imports(_ modules: String...) -> String {
        modules.map { "import \($0)" }.joined(separator: "\n")
    }

    /// What JSON calls a string Python calls one, too.
    private func python(_ text: String) -> String { JSONValue.string(text).serialized(.compact) }

    private func pythonDate(_ date: CivilDate) -> String { "datetime.date.fromisoformat(\"\(date)\")" }

    private func sql(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
    }

    private func list(_ elements: [String]) -> String { "[\(elements.joined(separator: ", "))]" }
}
