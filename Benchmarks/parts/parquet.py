"""Parquet files of the same rows, written and read by four libraries on one thread."""

import json

from parts.common import BIN, PROGRAMS, PYTHON, WORK, lake_of, partition, ratios, run, sample, sh, spread

LIBRARIES = {
    "tarn": "tarn",
    "pyarrow": "pyarrow, the same encodings",
    "pyarrow-defaults": "pyarrow, its defaults",
    "polars": "polars",
    "duckdb": "DuckDB",
}


def measure(tables, options):
    file = options.file or sample(850_000 if options.quick else 3_000_000)
    lake = lake_of("parquet", [file])
    sh(*run(lake, "bronze", table="mbo"))
    bronze = sorted(partition(lake, "bronze.future_mbo.mbo", "X").parent.parent.glob("symbol=*/dt=*/*.parquet"))
    bronze = max(bronze, key=lambda path: path.stat().st_size)
    symbol = bronze.parts[-3].removeprefix("symbol=")
    hours = ["--start", "14:30:00Z", "--end", "14:40:00Z" if options.quick else "15:20:00Z"]
    sh(*run(lake, "silver", *hours, table="book_snapshot_1s,depth_and_flow_1s,book_quality_1s", symbol=symbol))
    sh(*run(lake, "gold", table="physics_surface_1s", symbol=symbol))
    gold = partition(lake, "gold.future_mbo.physics_surface_1s", symbol) / "part-00000.parquet"
    for title, model in (("order records", bronze), ("a physics surface, mostly doubles", gold)):
        compare(tables, options, title, model)


def compare(tables, options, title, model):
    write, read, sizes = ({name: [] for name in LIBRARIES} for _ in range(3))
    rows = 0
    for _ in range(options.rounds):
        for name in LIBRARIES:
            out = WORK / f"{name}.parquet"
            if name == "tarn":
                count, seconds, size = sh(BIN / "bench-formats", "write", model, 1, out).split()
                rows = int(count)
                again = sh(BIN / "bench-formats", "read", out, 1).split()[1]
            else:
                result = json.loads(sh(PYTHON, PROGRAMS / "parquet_library.py", name, model, out))
                seconds, size, again = result["write"], result["bytes"], result["read"]
            write[name].append(rows / float(seconds) / 1e6)
            read[name].append(rows / float(again) / 1e6)
            sizes[name].append(int(size) / 1e6)
    sh(PYTHON, PROGRAMS / "parquet_library.py", "equal", WORK / "tarn.parquet", *(WORK / f"{n}.parquet" for n in LIBRARIES))
    tables.show(
        f"Parquet: {title}",
        ["one thread, zstd level 1", "write M rows/s", "tarn is × as fast", "read M rows/s", "tarn is × as fast", "MB"],
        [
            [
                words,
                spread(write[name]),
                ratios(write["tarn"], write[name]),
                spread(read[name]),
                ratios(read["tarn"], read[name]),
                spread(sizes[name], 1),
            ]
            for name, words in LIBRARIES.items()
        ],
        f"{rows:,} rows, from memory to a file and back to columns in memory; all files were read and are equal.",
    )
