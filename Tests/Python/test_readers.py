"""Every table of a lake opens in the readers that people use, with equal counts, sums, types and times.

pyarrow reading one file is the yardstick; the others read the layers as a whole, by the globs of the documentation.
"""

import decimal

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as parquet
import pytest

import pipeline
import vendorfiles
from vendorfiles import midnight, order

LAYERS = ("bronze", "silver", "gold")
BOOK = {
    "mbo", "definition", "statistics", "book_snapshot_1s", "depth_and_flow_1s", "book_quality_1s", "physics_surface_1s",
    "forecast_1s",
}  # fmt: skip
EMPTY_DATE = "2026-03-04"
QUIET_DATE = "2026-03-05"


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """All tables of the synthetic day, a date whose file has no record, and a date the vendor has nothing for.

    Without the vendor's files, a generated day in their place."""
    folder = tmp_path_factory.mktemp("readers")
    lake = pipeline.Lake(folder / "lake")
    files = [vendorfiles.DATA / name for name in vendorfiles.SYNTHETIC]
    if not all(file.exists() for file in files):
        lake.tarn("sample", folder / "days", "--dt", "2026-03-03", "--records", "20000").exits(0)
        files = sorted((folder / "days").glob("*20260303*.dbn.zst"))
    lake.add(*files)
    lake.add(vendorfiles.mbo_file(folder / "glbx-mdp3-20260304.mbo.dbn.zst", [], EMPTY_DATE))
    for schema in ("mbo", "definition"):
        lake.tarn("raw", "add", "--no-data", "--dataset", "GLBX.MDP3", "--schema", schema, "--dt", QUIET_DATE).exits(0)
    window = {"start": "14:40:00Z", "end": "14:40:05Z"}
    # The recorder's tables are read by the tests of the Python package.
    lake.run("all", "ESH6", f"2026-03-03,{EMPTY_DATE},{QUIET_DATE}", table=",".join(sorted(BOOK)), **window).exits(0)
    return lake


def partitions(lake, layer):
    return sorted((lake.root / layer).rglob("*.parquet"))


def tables(lake):
    """layer, product, table → files."""
    found = {}
    for layer in LAYERS:
        for path in partitions(lake, layer):
            keys = dict(part.split("=") for part in path.parts if "=" in part)
            found.setdefault((layer, keys["product_type"], keys["table"]), []).append(path)
    return found


def plain(value):
    if isinstance(value, decimal.Decimal):
        return int(value)
    return value


def yardstick(files):
    """Rows, and per column the number of nulls, and a sum (numbers), extremes (times) or values (text, flags)."""
    table = pa.concat_tables([parquet.read_table(file, partitioning=None) for file in files])
    digest = {}
    for name in table.column_names:
        column = table[name]
        if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
            values = column.drop_null().cast("int64" if pa.types.is_timestamp(column.type) else "int32").to_pylist()
            digest[name] = (column.null_count, min(values, default=None), max(values, default=None))
        elif pa.types.is_string(column.type) or pa.types.is_boolean(column.type):
            digest[name] = (column.null_count, sorted(map(str, set(column.drop_null().to_pylist()))))
        else:
            digest[name] = (column.null_count, sum(column.drop_null().to_pylist()))
    return table.num_rows, table.schema, digest


def same(found, expected, context):
    if isinstance(expected[-1], float):
        assert found[0] == expected[0], context
        assert found[1] == pytest.approx(expected[1], rel=1e-9, abs=1e-9), context
    else:
        assert found == expected, context


def test_every_table_is_there(lake):
    assert {table for _, _, table in tables(lake)} == BOOK
    for (layer, _, table), files in tables(lake).items():
        dates = {path.parent.name for path in files}
        assert "dt=2026-03-03" in dates
        if table in ("mbo", "book_snapshot_1s", "depth_and_flow_1s", "book_quality_1s", "physics_surface_1s"):
            assert {f"dt={EMPTY_DATE}", f"dt={QUIET_DATE}"} < dates


def test_days_without_data_are_told_apart(lake):
    for date, state in (("2026-03-03", "events"), (EMPTY_DATE, "no_events"), (QUIET_DATE, "no_data")):
        for dataset in ("bronze.future_mbo.mbo", "silver.future_mbo.book_quality_1s",
                        "gold.future_mbo.physics_surface_1s"):  # fmt: skip
            manifest = lake.manifest(dataset, "ESH6", date)
            assert manifest["day_state"] == state
            assert (manifest["rows"] == 0) == (state != "events")


def test_one_schema_for_all_partitions_of_a_table(lake):
    """Physical schema, logical types, nullability: equal in full and empty partitions."""
    for (layer, product, table), files in tables(lake).items():
        first = parquet.ParquetFile(files[0])
        for file in files[1:]:
            other = parquet.ParquetFile(file)
            assert other.schema.equals(first.schema), file
            assert other.schema_arrow.equals(first.schema_arrow, check_metadata=True), file


def test_no_column_hides_a_path_key(lake):
    for (layer, product, table), files in tables(lake).items():
        names = set(parquet.read_schema(files[0]).names)
        assert not names & {"product_type", "table", "symbol", "dt"}


def test_pyarrow_reads_layers_as_datasets(lake):
    for layer in LAYERS:
        for key in {key for key in tables(lake) if key[0] == layer}:
            files = tables(lake)[key]
            rows, schema, digest = yardstick(files)
            folder = lake.root / layer / f"product_type={key[1]}" / f"table={key[2]}"
            whole = ds.dataset(folder, partitioning="hive", exclude_invalid_files=True).to_table()
            assert whole.num_rows == rows
            assert set(whole.column_names) == set(schema.names) | {"symbol", "dt"}
            for name in schema.names:
                assert whole.schema.field(name).type == schema.field(name).type


def test_polars_scans_with_hive_keys(lake):
    for (layer, product, table), files in tables(lake).items():
        rows, schema, digest = yardstick(files)
        pattern = lake.root / layer / f"product_type={product}" / f"table={table}" / "**" / "*.parquet"
        frame = pl.scan_parquet(pattern, hive_partitioning=True).collect()
        assert frame.height == rows
        assert set(frame.columns) == set(schema.names) | {"product_type", "table", "symbol", "dt"}
        for name, expected in digest.items():
            series = frame[name]
            if isinstance(series.dtype, pl.Datetime):
                assert series.dtype == pl.Datetime("ns", "UTC"), name
                values = series.drop_nulls().cast(pl.Int64)
                found = (series.null_count(), values.min(), values.max())
            elif series.dtype in (pl.String, pl.Boolean):
                found = (series.null_count(), sorted(map(str, series.drop_nulls().unique().to_list())))
            elif series.dtype == pl.Date:
                values = series.drop_nulls().cast(pl.Int32)
                found = (series.null_count(), values.min(), values.max())
            else:
                # Sums of 64-bit ids do not fit into 64 bits.
                found = (series.null_count(), sum(series.drop_nulls().to_list()))
            same(found, expected, f"{table}.{name}")


SURFACES = "gold/product_type=future_mbo/table=physics_surface_1s"


def test_polars_takes_a_table_by_glob(lake):
    """The glob of the documentation, from a table down."""
    scan = pl.scan_parquet(lake.root / SURFACES / "**" / "*.parquet", hive_partitioning=True)
    counts = dict(scan.group_by(pl.col("dt").cast(pl.String)).len().collect().iter_rows())
    manifest = lake.manifest("gold.future_mbo.physics_surface_1s", "ESH6", "2026-03-03")
    assert counts == {"2026-03-03": manifest["rows"]} and manifest["rows"] == 5 * 802


def test_polars_pushes_filters_down_by_statistics(lake):
    """A filter on times and keys gives what filtering afterwards gives."""
    path = lake.root / "bronze" / "product_type=future_mbo" / "table=mbo" / "**" / "*.parquet"
    whole = pl.scan_parquet(path, hive_partitioning=True).collect()
    at = pl.from_epoch(pl.lit(midnight("2026-03-03") + (14 * 3600 + 2400) * 10**9), time_unit="ns")
    at = at.dt.replace_time_zone("UTC")
    wanted = (pl.col("ts_recv") >= at) & (pl.col("action") == "T")
    pushed = pl.scan_parquet(path, hive_partitioning=True).filter(wanted).collect()
    assert pushed.height > 0 and pushed.equals(whole.filter(wanted))


def test_pandas_reads_partitions_and_tables(lake):
    for (layer, product, table), files in tables(lake).items():
        rows, schema, digest = yardstick(files)
        folder = lake.root / layer / f"product_type={product}" / f"table={table}"
        frame = pd.read_parquet(folder)
        assert len(frame) == rows
        assert set(frame.columns) == set(schema.names) | {"symbol", "dt"}
        for name, expected in digest.items():
            column = frame[name]
            if pa.types.is_timestamp(schema.field(name).type):
                assert str(column.dtype) == "datetime64[ns, UTC]", name
                values = column.dropna().astype("int64").tolist()
                found = (int(column.isna().sum()), min(values, default=None), max(values, default=None))
                same(found, expected, f"{table}.{name}")
            elif not pa.types.is_string(schema.field(name).type):
                # Nullable integers become doubles in pandas; their count is exact.
                assert int(column.isna().sum()) == expected[0], name


def test_duckdb_reads_every_table(lake):
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    for (layer, product, table), files in tables(lake).items():
        rows, schema, digest = yardstick(files)
        source = (
            f"read_parquet('{lake.root}/{layer}/product_type={product}/table={table}/**/*.parquet', "
            "hive_partitioning=true)"
        )
        kinds = {name: kind for name, kind, *_ in connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}
        assert connection.execute(f"SELECT count(*) FROM {source}").fetchone() == (rows,)
        assert set(kinds) == set(schema.names) | {"product_type", "table", "symbol", "dt"}
        for name, expected in digest.items():
            kind = schema.field(name).type
            nulls = f"count(*) - count(\"{name}\")"
            if pa.types.is_timestamp(kind):
                assert "TIMESTAMP" in kinds[name], (name, kinds[name])
                parts = f"{nulls}, min(epoch_ns(\"{name}\")), max(epoch_ns(\"{name}\"))"
                found = connection.execute(f"SELECT {parts} FROM {source}").fetchone()
            elif pa.types.is_string(kind) or pa.types.is_boolean(kind):
                found = connection.execute(
                    f"SELECT {nulls}, list_sort(coalesce(list(DISTINCT \"{name}\"), [])) FROM {source}"
                ).fetchone()
                found = (found[0], sorted(map(str, found[1])))
            else:
                summing = f"sum(\"{name}\"::HUGEINT)" if pa.types.is_integer(kind) else f"sum(\"{name}\")"
                found = connection.execute(f"SELECT {nulls}, coalesce({summing}, 0) FROM {source}").fetchone()
            same(tuple(map(plain, found)), expected, f"{table}.{name}")


def test_duckdb_takes_a_table_by_glob(lake):
    """The glob of the documentation, from a table down."""
    found = duckdb.sql(
        f"SELECT symbol, dt::VARCHAR, count(*) FROM read_parquet('{lake.root}/{SURFACES}/**/*.parquet', "
        "hive_partitioning=true) GROUP BY ALL"
    ).fetchall()
    assert found == [("ESH6", "2026-03-03", 5 * 802)]


def test_duckdb_unites_the_tables_of_a_layer(lake):
    """From a layer down, tables of different columns are united by name; there is nothing else below a layer."""
    found = duckdb.sql(
        f"SELECT \"table\", symbol, dt::VARCHAR, count(*) FROM read_parquet('{lake.root}/gold/**/*.parquet', "
        "hive_partitioning=true, union_by_name=true) GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    assert found == [
        ("forecast_1s", "ESH6", "2026-03-03", 5 * 31), ("physics_surface_1s", "ESH6", "2026-03-03", 5 * 802)
    ]  # fmt: skip


def test_values_survive_in_every_reader(lake, tmp_path):
    """Not sums but values, extremes included, of a small partition; bit for bit."""
    rows = [order("A", "B", 2**64 - 1 - i, 25_000_000_000 + i, 2**32 - 1 - i, at=2**62 + i, sequence=i) for i in range(9)]
    rows[2] |= {"price": vendorfiles.NO_PRICE, "ts_recv": vendorfiles.NO_TIME}
    # DuckDB takes the very last instant, 2^63 − 1, for infinity.
    rows[3] |= {"price": -(2**63), "ts_event": 2**63 - 2, "ts_recv": 0}
    small = pipeline.Lake(tmp_path / "lake")
    small.add(vendorfiles.mbo_file(tmp_path / "day.mbo.dbn.zst", rows, "2026-03-03"))
    small.run("bronze", "ESH6", "2026-03-03").exits(0)
    file = small.file("bronze.future_mbo.mbo", "ESH6", "2026-03-03")
    table = small.table("bronze.future_mbo.mbo", "ESH6", "2026-03-03")
    expected = {
        name: table[name].cast("int64").to_pylist() if name.startswith("ts_") and "delta" not in name
        else table[name].to_pylist() for name in table.column_names
    }  # fmt: skip
    assert expected["ts_event"][3] == 2**63 - 2 and expected["ts_recv"][2:4] == [None, 0]
    assert expected["price_int"][2:4] == [None, -(2**63)] and expected["order_id"][0] == -1
    polars = pl.read_parquet(file, hive_partitioning=False)
    frame = pd.read_parquet(file, partitioning=None, dtype_backend="pyarrow")
    for name, values in expected.items():
        series = polars[name]
        found = series.cast(pl.Int64).to_list() if isinstance(series.dtype, pl.Datetime) else series.to_list()
        assert found == values, name
        array = pa.array(frame[name], from_pandas=True)
        found = array.cast("int64").to_pylist() if pa.types.is_timestamp(array.type) else array.to_pylist()
        assert found == values, name
        shown = f"epoch_ns({name})" if name in ("ts_event", "ts_recv") else name
        found = duckdb.sql(f"SELECT {shown} FROM read_parquet('{file}', hive_partitioning=false) ORDER BY ordinal")
        assert [value for (value,) in found.fetchall()] == values, name
