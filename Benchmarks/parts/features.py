"""Features of each second from bronze: silver, and what a user would write instead."""

from parts.common import PROGRAMS, PYTHON, lake_of, measured, partition, ratios, run, sample, sh, spread

TABLES = "book_snapshot_1s,depth_and_flow_1s,book_quality_1s"
HOURS = "14:30:00Z", "15:30:00Z"


def measure(tables, options):
    file = options.file or sample(850_000)
    lake = lake_of("features", [file])
    sh(*run(lake, "bronze", table="mbo"))
    bronze = max(
        partition(lake, "bronze.future_mbo.mbo", "X").parent.parent.glob("symbol=*/dt=*/*.parquet"),
        key=lambda path: path.stat().st_size,
    )
    symbol = bronze.parts[-3].removeprefix("symbol=")
    silver = run(lake, "silver", "--start", HOURS[0], "--end", HOURS[1], "-j", 1, table=TABLES, symbol=symbol)
    sh(*silver)
    own = sh(PYTHON, PROGRAMS / "features.py", "equal", lake, symbol, bronze)
    walls = {"tarn silver: all three tables": [], "polars": [], "duckdb": []}
    memory = {name: [] for name in walls}
    for _ in range(options.rounds):
        used = measured(*silver, "--overwrite", one_core=True)
        walls["tarn silver: all three tables"].append(used.wall)
        memory["tarn silver: all three tables"].append(used.memory)
        for name in ("polars", "duckdb"):
            used = measured(PYTHON, PROGRAMS / "features.py", name, bronze, one_core=True)
            walls[name].append(float(used.out))
            memory[name].append(used.memory)
    mine = walls["tarn silver: all three tables"]
    words = {"polars": "polars: the part that it can express", "duckdb": "DuckDB SQL: the part that it can express"}
    tables.show(
        "Features of each second from bronze",
        ["one core", "seconds", "of tarn's time", "peak MB"],
        [[words.get(n, n), spread(v), ratios(v, mine, 1), spread(memory[n], 0)] for n, v in walls.items()],
        f"Compared before: {own.strip()}. tarn's time is that of the whole process, with contract, hashes and "
        "publication; that of the others is without start and imports.",
    )
