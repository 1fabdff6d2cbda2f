"""Every dataset of the sample lake in every reader, by the very text that `tarn inspect --how-to-read` prints.

The yardstick is each file read alone by pyarrow. Spark joins in with TARN_TEST_SPARK=1 (it starts a Java machine).
"""

import datetime
import decimal
import functools
import os
import re
import shutil

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as parquet
import pytest

import pipeline
from samplelake import DATES, PRODUCTS, QUIET_DATE, ROOT

READERS = ["pyarrow", "pandas", "polars", "duckdb", "tarn", "spark"]
TITLES = {"pyarrow": "pyarrow", "pandas": "pandas", "polars": "polars", "duckdb": "DuckDB", "tarn": "the package",
          "spark": "Spark"}  # fmt: skip
PATH_KEYS = ("product_type", "table", "symbol", "dt")


@pytest.fixture(params=READERS)
def reader(request, monkeypatch):
    if request.param == "spark":
        if not pipeline.SPARK:
            pytest.skip("Spark is for TARN_TEST_SPARK=1")
        # Of the same interpreter, on this machine only.
        monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        monkeypatch.setenv("PYSPARK_SUBMIT_ARGS", "--master local[2] --conf spark.ui.enabled=false pyspark-shell")
    monkeypatch.setenv("TARN_PROJECT", str(ROOT))
    return request.param


def calls(lake, dataset, *filters):
    return printed(lake, dataset, filters)


@functools.cache
def printed(lake, dataset, filters):
    return blocks(lake.tarn("inspect", dataset, *filters, "--how-to-read").exits(0).out)


def blocks(text):
    """Reader → its part of the printed text, which begins with a comment that names it."""
    found = {}
    for block in text.rstrip("\n").split("\n\n"):
        (reader,) = [name for name, title in TITLES.items() if block.startswith(f"# {title}")]
        found[reader] = block
    return found


def carried_out(block):
    names = {}
    exec(block, names)
    return names


def to_arrow(reader, rows):
    if reader in ("pyarrow", "tarn"):
        return rows
    if reader == "pandas":
        return pa.Table.from_pandas(rows, preserve_index=False)
    if reader == "polars":
        return rows.collect().to_arrow()
    if reader == "duckdb":
        return pa.table(rows)
    return rows.toArrow()


def digest(column):
    """Nulls, and a sum: exact for whole numbers and instants (in ns), counts of values for text."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    values = column.drop_null()
    if pa.types.is_timestamp(kind):
        factor = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}[kind.unit]
        return column.null_count, factor * whole_sum(values.cast("int64"))
    if pa.types.is_integer(kind):
        return column.null_count, whole_sum(values)
    if pa.types.is_floating(kind):
        return column.null_count, pytest.approx(pc.sum(values).as_py() or 0.0, rel=1e-9, abs=1e-9)
    counts = pc.value_counts(values.cast("string")).to_pylist()
    return column.null_count, {one["values"]: one["counts"] for one in counts}


def whole_sum(values):
    return int(pc.sum(values.cast(pa.decimal128(38, 0))).as_py() or decimal.Decimal(0))


def folder(lake, dataset):
    layer, product, table = dataset.split(".")
    return lake.root / layer / f"product_type={product}" / f"table={table}"


@functools.cache
def yardstick(lake, dataset, symbol=None, date=None):
    files = sorted(folder(lake, dataset).glob(f"symbol={symbol or '*'}/dt={date or '*'}/part-00000.parquet"))
    assert files
    return pa.concat_tables([parquet.read_table(file, partitioning=None) for file in files])


def test_the_sample_has_empty_days_of_whatever_can_be_empty(sample):
    empty = {name for name in datasets(sample) for path in [folder(sample, name)]
             if any(not parquet.read_metadata(file).num_rows for file in path.glob("symbol=*/dt=*/*.parquet"))}  # fmt: skip
    # What tells of instruments and sessions, not of what happened in them, is there with rows or not at all.
    without = {name.split(".")[2] for name in set(datasets(sample)) - empty}
    assert without == {"definition", "statistics", "sessions", "contract_day"} and len(empty) > 90


def assert_same(found, expected, context):
    assert found.num_rows == expected.num_rows, context
    assert [name for name in found.column_names if name not in PATH_KEYS] == expected.column_names, context
    sums = digests(expected)
    for name in expected.column_names:
        assert digest(found[name]) == sums[name], (*context, name)


_digests = {}


def digests(table):
    """Of all columns of a yardstick, once."""
    if id(table) not in _digests:
        _digests[id(table)] = table, {name: digest(table[name]) for name in table.column_names}
    return _digests[id(table)][1]


def datasets(lake):
    return sorted(
        ".".join((layer, *(part.split("=")[1] for part in folder.relative_to(lake.root / layer).parts)))
        for layer in ("ref", "bronze", "silver", "gold") for folder in (lake.root / layer).glob("product_type=*/table=*")
    )  # fmt: skip


def test_every_dataset_opens_with_equal_counts_and_sums(sample, reader):
    names = datasets(sample)
    contracts = (ROOT / "contracts").glob("*/*/*.avsc")
    assert {".".join(file.relative_to(ROOT / "contracts").with_suffix("").parts) for file in contracts} <= set(names)
    # Products share the contracts of the recorder; each of them has its tables.
    assert {name.split(".")[1] for name in names} == {*PRODUCTS, "equity_taq"} and len(names) > 100
    for name in names:
        rows = carried_out(calls(sample, name)[reader])["rows"]
        assert_same(to_arrow(reader, rows), yardstick(sample, name), (reader, name))


@pytest.mark.parametrize("date", [DATES[1], QUIET_DATE])
def test_path_keys_are_filters(sample, reader, date):
    """Also of a day without data."""
    for name in ("bronze.future_mbo.mbo", "silver.equity_mbo.depth_and_flow_1s", "gold.future_mbo.physics_surface_1s",
                 "gold.equity_option_mbo.physics_surface_1s", "silver.equity_taq.state_10s",
                 "gold.equity_taq.episodes", "ref.equity_taq.levels"):  # fmt: skip
        symbol = "SPY" if "equity" in name else "ESH6"
        rows = carried_out(calls(sample, name, "-s", symbol, "-d", date)[reader])["rows"]
        expected = yardstick(sample, name, symbol, date)
        assert (expected.num_rows == 0) == (date == QUIET_DATE)
        table = to_arrow(reader, rows)
        assert_same(table, expected, (reader, name))
        assert {str(one) for one in set(table["symbol"].to_pylist())} <= {symbol}
        assert {str(one) for one in set(table["dt"].to_pylist())} <= {date}


def test_the_calls_of_the_readme_are_those_and_work(sample, reader, tmp_path, monkeypatch):
    (shown,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    name, filters = "gold.future_mbo.physics_surface_1s", ("-s", "ESH6", "-d", DATES[1])
    call = blocks(shown)[reader]
    assert call == calls(sample, name, *filters)[reader].replace(str(sample.root), "lake")
    (tmp_path / "lake").symlink_to(sample.root)
    monkeypatch.chdir(tmp_path)
    if reader == "spark":
        # A Java machine stays in the directory in which it was started.
        call = call.replace('"lake/', f'"{sample.root}/')
    assert_same(to_arrow(reader, carried_out(call)["rows"]), yardstick(sample, name, "ESH6", DATES[1]), (reader,))


def damaged(sample, root, where, dataset="silver.future_mbo.book_snapshot_1s", symbol="ESH6"):
    """A lake of one table whose last date cannot be read: the whole file, its pages, or those of the columns named."""
    lake = pipeline.Lake(root)
    for date in DATES:
        shutil.copytree(sample.folder(dataset, symbol, date), lake.folder(dataset, symbol, date))
    file = lake.file(dataset, symbol, DATES[1])
    whole = bytearray(file.read_bytes())
    footer = int.from_bytes(whole[-8:-4], "little") + 8
    ranges = {"file": [(4, len(whole))], "pages": [(4, len(whole) - footer)]}.get(where)
    if ranges is None:
        metadata = parquet.read_metadata(file)
        chunks = [metadata.row_group(group).column(index) for group in range(metadata.num_row_groups)
                  for index in range(metadata.num_columns)]  # fmt: skip
        starts = [(min(chunk.dictionary_page_offset or chunk.data_page_offset, chunk.data_page_offset), chunk)
                  for chunk in chunks if chunk.path_in_schema in where]  # fmt: skip
        ranges = [(start, start + chunk.total_compressed_size) for start, chunk in starts]
    for start, end in ranges:
        whole[start:end] = b"\x55" * (end - start)
    os.chmod(file, 0o644)
    file.write_bytes(whole)
    return lake


def test_files_of_other_dates_are_not_opened(sample, reader, tmp_path):
    lake = damaged(sample, tmp_path / "lake", "file")
    name = "silver.future_mbo.book_snapshot_1s"
    rows = carried_out(calls(lake, name, "-s", "ESH6", "-d", DATES[0])[reader])["rows"]
    assert_same(to_arrow(reader, rows), yardstick(sample, name, "ESH6", DATES[0]), (reader,))
    with pytest.raises(Exception):
        to_arrow(reader, carried_out(calls(lake, name, "-s", "ESH6", "-d", DATES[1])[reader])["rows"])


def until(reader, names, lake, at):
    """The rows before an instant: the printed call with a filter of the reader's own."""
    rows = names["rows"]
    moment = pa.scalar(at, pa.timestamp("ns", "UTC"))
    if reader == "pyarrow":
        return names["dataset"].to_table(filter=ds.field("window_end_ts_ns") < moment)
    if reader == "polars":
        literal = pl.lit(at).cast(pl.Datetime("ns", "UTC"))
        return rows.filter(pl.col("window_end_ts_ns") < literal).collect().to_arrow()
    if reader == "duckdb":
        return pa.table(rows.filter(f"window_end_ts_ns < make_timestamp_ns({at})::TIMESTAMPTZ_NS"))
    import tarn

    return tarn.open(lake.root)["silver.future_mbo.book_snapshot_1s"].scan(end=at).arrow()


def plan_of(rows):
    return rows._jdf.queryExecution().executedPlan().toString()


def test_pages_of_other_instants_are_not_read(sample, reader, tmp_path):
    """The statistics of a file say that none of its rows is meant: its pages, which are damaged, are left alone.

    Spark's Parquet reader does not compare a bigint with statistics of nanoseconds, so that there the path key is what
    keeps files closed; the recorder's milliseconds are instants to it, and it skips their row groups."""
    midnight = datetime.datetime(2026, 3, 3, tzinfo=datetime.timezone.utc)
    at = int(midnight.timestamp()) * 10**9
    if reader == "spark":
        call = calls(sample, "silver.future_mbo.book_snapshot_1s")[reader]
        rows = carried_out(call)["rows"].where(f"window_end_ts_ns < {at}")
        assert f"LessThan(window_end_ts_ns,{at})" in plan_of(rows)
        assert_same(rows.toArrow(), yardstick(sample, "silver.future_mbo.book_snapshot_1s", "ESH6", DATES[0]), ("spark",))
        name = "silver.equity_taq.state_10s"
        lake = damaged(sample, tmp_path / "lake", "pages", name, "SPY")
        every = carried_out(calls(lake, name)[reader])["rows"]
        assert_same(every.where(f"timestamp < '{midnight}'").toArrow(), yardstick(sample, name, "SPY", DATES[0]), (reader,))
        with pytest.raises(Exception):
            every.toArrow()
        return
    lake = damaged(sample, tmp_path / "lake", "pages")
    name = "silver.future_mbo.book_snapshot_1s"
    call = calls(lake, name)[reader]
    if reader == "pandas":
        # A filter is an argument of the call.
        call = call.replace("partitioning=keys,", f"partitioning=keys, filters=ds.field('window_end_ts_ns') < "
                            f"pa.scalar({at}, pa.timestamp('ns', 'UTC')),")  # fmt: skip
        found = to_arrow(reader, carried_out(call)["rows"])
    elif reader in ("pyarrow", "tarn"):
        # The call without its last line, which reads everything.
        found = until(reader, carried_out(call.rsplit("\n", 1)[0] + "\nrows = None"), lake, at)
    else:
        found = until(reader, carried_out(call), lake, at)
    assert_same(found, yardstick(sample, name, "ESH6", DATES[0]), (reader,))


def test_what_is_put_on_top_of_a_scan_is_pushed_down(sample, tmp_path, monkeypatch):
    """Filters and columns that polars and DuckDB add: pages that they exclude are damaged, and are left alone."""
    import tarn

    monkeypatch.setenv("TARN_PROJECT", str(ROOT))
    name = "silver.future_mbo.book_snapshot_1s"
    expected = yardstick(sample, name, "ESH6", DATES[0]).num_rows
    at = int(datetime.datetime(2026, 3, 3, tzinfo=datetime.timezone.utc).timestamp()) * 10**9
    scan = tarn.open(damaged(sample, tmp_path / "pages", "pages").root)[name].scan()
    early = pl.col("window_end_ts_ns") < pl.lit(at).cast(pl.Datetime("ns", "UTC"))
    assert scan.polars().filter(early).collect().height == expected
    assert scan.polars().filter(pl.col("dt") == datetime.date.fromisoformat(DATES[0])).collect().height == expected
    # DuckDB has no filter on instants of nanoseconds for what Arrow scans.
    assert len(scan.with_(end=at).duckdb().fetchall()) == expected
    assert len(scan.duckdb().filter(f"dt = DATE '{DATES[0]}'").fetchall()) == expected
    assert scan.with_(end=at).count() == expected
    with pytest.raises(Exception):
        scan.polars().collect()
    others = tuple(one for one in scan.dataset.columns if one not in ("window_end_ts_ns", "book_valid"))
    scan = tarn.open(damaged(sample, tmp_path / "columns", others).root)[name].scan()
    whole = yardstick(sample, name, "ESH6")
    for rows in (
        scan.with_(columns=["window_end_ts_ns", "book_valid"]).arrow(),
        scan.polars().select("window_end_ts_ns", "book_valid").collect().to_arrow(),
        pa.table(scan.duckdb().project("window_end_ts_ns, book_valid")),
    ):
        assert digest(rows["book_valid"]) == digest(whole["book_valid"])
        assert digest(rows["window_end_ts_ns"]) == digest(whole["window_end_ts_ns"])
    with pytest.raises(Exception):
        scan.arrow()


def test_the_printed_text_is_one_program_and_the_json_has_its_parts(sample):
    arguments = ("inspect", "silver.future_mbo.book_snapshot_1s", "-s", "ESH6", "--how-to-read")
    shown = sample.tarn(*arguments).exits(0).out
    compile(shown, "how-to-read", "exec")
    parts = sample.tarn(*arguments, "--json").exits(0).json["readers"]
    assert set(parts) == set(READERS)
    assert {reader: block.split("\n", 1)[1] for reader, block in blocks(shown).items()} == parts


def test_only_datasets_are_read_that_way(sample, tmp_path):
    file = sample.file("silver.future_mbo.book_snapshot_1s", "ESH6", DATES[0])
    sample.tarn("inspect", file, "--how-to-read").exits(2, "is about a dataset")
    sample.tarn("inspect", "silver.future_mbo.nothing", "--how-to-read").exits(2, "no dataset")
