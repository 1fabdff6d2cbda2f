"""Datasets, contracts and scans, on the sample lake; plain pyarrow is the yardstick."""

import datetime
import decimal
import json
import pydoc

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as parquet
import pytest

import handmade
import tarn
from samplelake import DATES, QUIET_DATE, ROOT
from tarn.scan import _on_date, nanoseconds, parse_dates

SURFACE = "gold.future_mbo.physics_surface_1s"
MBO = "bronze.future_mbo.mbo"


def raw(sample, dataset, symbol, *dates):
    """The files as they are, path keys left out."""
    return pa.concat_tables([sample.table(dataset, symbol, date) for date in dates])


def test_a_lake_is_a_mapping_of_its_datasets(opened, sample):
    there = {
        ".".join((layer, *(part.split("=")[1] for part in table.relative_to(sample.root / layer).parts)))
        for layer in ("ref", "bronze", "silver", "gold")
        for table in (sample.root / layer).glob("product_type=*/table=*")
    }
    assert set(opened) == there and SURFACE in opened and len(opened) == len(there) > 25
    assert "31" not in opened and repr(opened).startswith("<tarn lake ")


def test_contracts_are_metadata_and_help(opened):
    surface = opened[SURFACE]
    record = json.loads((ROOT / "contracts/gold/future_mbo/physics_surface_1s.avsc").read_text())
    assert surface.columns == [field["name"] for field in record["fields"]]
    assert surface.units == {field["name"]: field["unit"] for field in record["fields"] if "unit" in field}
    assert list(surface.key) == record["key"] and surface.contract.doc == record["doc"]
    text = pydoc.plain(pydoc.render_doc(surface))
    for field in record["fields"]:
        assert field["name"] in text and field["doc"] in text
    assert record["doc"] in text
    schema = surface.scan("ESH6", DATES[0], ["u_near", "symbol"]).arrow().schema
    assert schema.field("u_near").metadata == {b"unit": b"1/s", b"doc": b"near smoothing of u_ema_8"}
    assert schema.metadata[b"tarn.key"] == b"window_end_ts_ns,side,rel_ticks"


def test_every_contract_of_the_project_is_understood(opened):
    files = sorted((ROOT / "contracts").glob("*/*/*.avsc"))
    assert len(files) >= 56
    for file in files:
        name = ".".join(file.relative_to(ROOT / "contracts").with_suffix("").parts)
        contract = tarn.Contract.load(file, name)
        record = json.loads(file.read_text())
        assert contract.names == [field["name"] for field in record["fields"]]
        assert [field.nullable for field in contract.fields] == [isinstance(f["type"], list) for f in record["fields"]]


def test_files_have_the_columns_of_their_contracts(opened):
    for name, dataset in opened.items():
        for partition in dataset.partitions():
            scan = dataset.scan(partition.symbol, partition.date)
            assert scan.count() == partition.rows, name
        assert dataset.contract.is_complete
        assert dataset.scan().count() == sum(one.rows for one in dataset.partitions())


def test_scans_choose_symbols_dates_and_columns(opened, sample):
    table = opened[MBO].scan("ESH6", f"{DATES[0]}:{QUIET_DATE}", ["ordinal", "dt", "price_int"]).arrow()
    expected = raw(sample, MBO, "ESH6", *DATES, QUIET_DATE)
    assert table.column_names == ["ordinal", "dt", "price_int"]
    assert table["ordinal"].to_pylist() == expected["ordinal"].to_pylist()
    assert table["price_int"].to_pylist() == expected["price_int"].to_pylist()
    assert set(table["dt"].to_pylist()) == {datetime.date.fromisoformat(date) for date in DATES}
    assert opened[MBO].symbols == ["ESH6", "ESM6"]
    both = opened[MBO].scan(["ESH6", "ESM6"], datetime.date(2026, 3, 3)).count()
    assert both == sum(raw(sample, MBO, symbol, DATES[1]).num_rows for symbol in ("ESH6", "ESM6"))


def test_a_date_without_data_gives_no_rows_and_the_same_columns(opened):
    full = opened[SURFACE].scan("ESH6", DATES[0]).arrow()
    none = opened[SURFACE].scan("ESH6", QUIET_DATE).arrow()
    assert none.num_rows == 0 and none.schema.equals(full.schema, check_metadata=True)
    assert opened[SURFACE].partitions("ESH6", QUIET_DATE)[0].day_state == "no_data"
    assert opened[SURFACE].scan("ESH6", QUIET_DATE).polars().collect().height == 0
    assert opened[SURFACE].scan("ESH6", QUIET_DATE).duckdb().fetchall() == []
    assert len(opened[SURFACE].scan("ESH6", QUIET_DATE).pandas()) == 0


def test_instants_are_half_open_and_in_new_york(opened, sample):
    """On 3 March New York is five hours behind UTC."""
    whole = raw(sample, SURFACE, "ESH6", DATES[1])
    at = whole["window_end_ts_ns"].cast("int64")
    first = int(datetime.datetime(2026, 3, 3, 14, 40, 10, tzinfo=datetime.timezone.utc).timestamp()) * 10**9
    expected = pc.sum(pc.and_(pc.greater_equal(at, first), pc.less(at, first + 5 * 10**9))).as_py()
    assert expected == 5 * 802
    for start, end in (("09:40:10", "09:40:15"), ("14:40:10Z", "14:40:15Z"), (first, first + 5 * 10**9),
                       ("2026-03-03T14:40:10Z", "2026-03-03T09:40:15-05:00"),
                       (pd.Timestamp(first, tz="UTC"), pd.Timestamp(first + 5 * 10**9, tz="UTC").to_numpy()),
                       (datetime.datetime.fromtimestamp(first // 10**9, datetime.timezone.utc), "09:40:15")):  # fmt: skip
        assert opened[SURFACE].scan("ESH6", DATES[1], start=start, end=end).count() == expected
    days = opened[SURFACE].scan("ESH6", f"{DATES[0]}:{DATES[1]}", start="09:40:10", end="09:40:15")
    assert days.count() == 2 * expected


def test_times_of_day_know_daylight_saving():
    """Clocks go forward on 8 March 2026 at 2:00."""
    hour = 3600 * 10**9
    for date, clock, utc in (("2026-03-06", "09:30", 14.5), ("2026-03-09", "09:30", 13.5), ("2026-03-08", "24:00", 28)):
        midnight = nanoseconds(f"{date}T00:00:00Z")
        assert _on_date(clock, datetime.date.fromisoformat(date)) == midnight + int(utc * hour)
    assert nanoseconds("2026-03-03T14:30:00.123456789Z") - nanoseconds("2026-03-03T14:30:00Z") == 123456789


@pytest.mark.parametrize("text", ["2026-3-1", "2026-03-02:2026-03-01", "2026-03-01:2026-03-02:2026-03-03"])
def test_dates_that_are_none_are_refused(text):
    with pytest.raises(ValueError):
        parse_dates(text)


def test_instants_without_a_time_zone_are_refused(opened):
    for instant in ("2026-03-03T14:40:00", datetime.datetime(2026, 3, 3), pd.Timestamp("2026-03-03")):
        with pytest.raises(ValueError, match="zone"):
            opened[SURFACE].scan("ESH6", DATES[1], start=instant).count()


def test_all_engines_give_the_same_rows(opened):
    """Filters of the scan, and filters put on top of it, which the engines push down."""
    scan = opened[MBO].scan(
        "ESH6", DATES[1], ["ordinal", "ts_recv", "ts_event", "action", "price_int", "order_id", "symbol", "dt"],
        start="09:31", end="09:50", where=pc.field("action") != "T",
    )  # fmt: skip
    table = scan.arrow()
    assert 0 < table.num_rows < opened[MBO].scan("ESH6", DATES[1]).count()
    rows = table.set_column(1, "ts_recv", table["ts_recv"].cast("int64"))
    rows = rows.set_column(2, "ts_event", table["ts_event"].cast("int64")).to_pylist()
    # polars, lazily, with a filter of its own
    lazy = scan.polars()
    assert isinstance(lazy, pl.LazyFrame)
    asks = [row for row in rows if row["action"] == "A"]
    frame = lazy.filter(pl.col("action") == "A").with_columns(pl.col("ts_recv", "ts_event").cast(pl.Int64)).collect()
    assert frame.to_dicts() == asks
    # pandas: nullable integers stay integers
    frame = scan.pandas()
    assert frame["ts_recv"].dtype == "datetime64[ns, UTC]" and frame["price_int"].dtype == "Int64"
    assert frame["price_int"].tolist() == table["price_int"].to_pylist()
    assert frame["ts_recv"].astype("int64").tolist() == [row["ts_recv"] for row in rows]
    assert frame.attrs["units"]["price_int"] == "price_1e-9" and frame.attrs["key"] == ["ordinal"]
    # DuckDB
    relation = scan.duckdb()
    found = relation.filter("action = 'A'").project(
        "ordinal, epoch_ns(ts_recv), epoch_ns(ts_event), action, price_int, order_id, symbol, dt")  # fmt: skip
    assert sorted(found.fetchall()) == sorted(tuple(row.values()) for row in asks)
    connection = duckdb.connect()
    assert scan.duckdb(connection).aggregate("count(*)").fetchall() == [(table.num_rows,)]


def test_prices_are_integers_decimals_or_floats(opened):
    scan = opened["silver.future_mbo.book_snapshot_1s"].scan("ESH6", DATES[1], ["best_bid_price_int", "mid_price_int"])
    exact = scan.arrow()["best_bid_price_int"].to_pylist()
    assert all(isinstance(price, int) for price in exact) and len(set(exact)) > 0
    points = [decimal.Decimal(price).scaleb(-9) for price in exact]
    decimals = scan.with_(prices="decimal")
    assert decimals.arrow().column_names == ["best_bid_price_decimal", "mid_price_decimal"]
    assert decimals.arrow()["best_bid_price_decimal"].to_pylist() == points
    assert decimals.polars().collect()["best_bid_price_decimal"].to_list() == points
    assert [row[0] for row in decimals.duckdb().fetchall()] == points
    assert decimals.pandas()["best_bid_price_decimal"].tolist() == points
    floats = scan.with_(prices="float")
    for found in (floats.arrow()["best_bid_price_float"].to_pylist(),
                  floats.polars().collect()["best_bid_price_float"].to_list(),
                  [row[0] for row in floats.duckdb().fetchall()], floats.pandas()["best_bid_price_float"].tolist()):  # fmt: skip
        assert found == [price / 1e9 for price in exact]
    assert decimals.arrow().schema.field(0).metadata[b"unit"] == b"price"


def test_extreme_prices_and_nulls_stay_exact(tmp_path):
    lake = handmade.project(tmp_path)
    prices = [-(2**63), 2**63 - 1, None, 1, -1, 0]
    lake.publish("silver.toy.flow_1s", "A", "2026-03-03", handmade.flow("2026-03-03T14:30:00", range(6), prices))
    scan = tarn.open(tmp_path)["silver.toy.flow_1s"].scan(prices="decimal", columns=["price_int"])
    exact = decimal.Context(prec=40)
    expected = [None if price is None else decimal.Decimal(price).scaleb(-9, exact) for price in prices]
    assert scan.arrow()["price_decimal"].to_pylist() == expected
    assert scan.polars().collect()["price_decimal"].to_list() == expected
    assert [row[0] for row in scan.duckdb().fetchall()] == expected
    frame = scan.with_(prices="int").pandas()["price_int"]
    assert frame.dtype == "Int64" and frame.tolist()[:2] == prices[:2] and frame.isna().tolist()[2]


def test_only_valid_windows(tmp_path):
    """Where a table has no flag of its own, the quality table of the same symbol and date decides."""
    lake = handmade.project(tmp_path)
    for symbol, valid in (("A", [True, False, True]), ("B", [False, True, True])):
        lake.publish("silver.toy.flow_1s", symbol, "2026-03-03", handmade.flow("2026-03-03T14:30:00", [1, 2, 3]))
        lake.publish("silver.toy.book_quality_1s", symbol, "2026-03-03", handmade.quality("2026-03-03T14:30:00", valid))
    opened = tarn.open(tmp_path)
    scan = opened["silver.toy.flow_1s"].scan(columns=["symbol", "value"], valid_only=True)
    expected = [("A", 1), ("A", 3), ("B", 2), ("B", 3)]
    assert [tuple(row.values()) for row in scan.arrow().to_pylist()] == expected
    assert scan.polars().collect().rows() == expected
    assert scan.duckdb().fetchall() == expected
    assert opened.quality("toy").with_(valid_only=True).count() == 4
    lake.publish("silver.toy.flow_1s", "C", "2026-03-03", handmade.flow("2026-03-03T14:30:00", [1]))
    with pytest.raises(tarn.QualityUnknown, match="book_quality_1s C 2026-03-03"):
        scan.arrow()


def test_valid_only_of_the_surface_follows_the_quality_table(opened, sample):
    quality = raw(sample, "silver.future_mbo.book_quality_1s", "ESH6", DATES[1])
    valid = pc.sum(quality["window_valid"]).as_py()
    assert valid > 0
    assert opened[SURFACE].scan("ESH6", DATES[1], valid_only=True).count() == valid * 802


def test_mistakes_are_named(opened):
    with pytest.raises(tarn.NoSuchDataset, match="did you mean 'gold.future_mbo.physics_surface_1s'"):
        opened["gold.future_mbo.physics_surface"]
    with pytest.raises(tarn.NoSuchColumn, match="did you mean 'u_near'"):
        opened[SURFACE].scan(columns=["u_naer"])
    with pytest.raises(tarn.NothingSelected, match="its symbols are ESH6"):
        opened[SURFACE].scan("ESZ9").count()
    with pytest.raises(tarn.NothingSelected, match="2026-03-02"):
        opened[SURFACE].scan("ESH6", "2020-01-01").count()
    with pytest.raises(ValueError, match="prices"):
        opened[SURFACE].scan(prices="cents")
    with pytest.raises(tarn.QualityUnknown, match="no windows"):
        opened["bronze.future_mbo.definition"].scan(valid_only=True).count()
    with pytest.raises(tarn.NoSuchLake):
        tarn.open("/nowhere")


def test_a_lake_alone_knows_its_columns_and_units(opened, sample, tmp_path, monkeypatch):
    """Copied away from its project."""
    monkeypatch.chdir(tmp_path)
    partition = sample.folder(SURFACE, "ESH6", DATES[0])
    target = tmp_path / "lake" / partition.relative_to(sample.root)
    target.mkdir(parents=True)
    for file in partition.iterdir():
        (target / file.name).write_bytes(file.read_bytes())
    surface = tarn.open(tmp_path / "lake")[SURFACE]
    assert not surface.contract.is_complete and surface.source == "its Parquet files"
    assert surface.columns == opened[SURFACE].columns and surface.units == opened[SURFACE].units
    assert surface.scan("ESH6").count() == opened[SURFACE].scan("ESH6", DATES[0]).count()


def test_other_columns_than_the_contract_says_are_refused(tmp_path):
    lake = handmade.project(tmp_path)
    table = handmade.flow("2026-03-03T14:30:00", [1]).rename_columns(["window_end_ts_ns", "other", "price_int"])
    lake.publish("silver.toy.flow_1s", "A", "2026-03-03", table)
    with pytest.raises(tarn.ContractMismatch, match="flow_1s A 2026-03-03"):
        tarn.open(tmp_path)["silver.toy.flow_1s"].scan().count()


def test_partitions_under_different_contracts_are_not_mixed(tmp_path):
    lake = handmade.project(tmp_path)
    for date, fingerprint in (("2026-03-02", "a" * 64), ("2026-03-03", "b" * 64)):
        table = handmade.flow(f"{date}T14:30:00", [1])
        lake.publish("silver.toy.flow_1s", "A", date, table, fingerprint=fingerprint)
    dataset = tarn.open(tmp_path)["silver.toy.flow_1s"]
    with pytest.raises(tarn.ContractMismatch, match="different contracts"):
        dataset.scan().count()
    assert dataset.scan(dt="2026-03-03").count() == 1


def test_the_program_answers_on_the_lake(opened, sample):
    status = opened.program("inspect", SURFACE, "--symbol", "ESH6", "--dt", DATES[0], "--rows", "0")
    assert isinstance(status, dict)
    with pytest.raises(tarn.ProgramError) as caught:
        opened.program("inspect", "gold.future_mbo.nothing")
    assert caught.value.exit_code == 2 and "no dataset" in str(caught.value)


@pytest.mark.parametrize("form", ["New York", "UTC", "instant"])
def test_explain_leads_from_a_cell_to_its_records(opened, sample, form):
    """What the records of the window added at the price is what the published row says was added."""
    name = "silver.future_mbo.depth_and_flow_1s"
    rows = opened[name].scan("ESH6", DATES[1], where=pc.field("add_qty") > 0).arrow().to_pylist()
    row = max(rows, key=lambda one: one["add_qty"])
    end = pd.Timestamp(row["window_end_ts_ns"])
    at = {"New York": end.tz_convert("America/New_York").strftime("%H:%M:%S"), "UTC": end.strftime("%H:%M:%SZ"),
          "instant": end}[form]  # fmt: skip
    price = decimal.Decimal(row["price_int"]).scaleb(-9)
    told = opened.explain(name, "ESH6", DATES[1], at, side=row["side"], price=price)
    assert told["agrees"] and told["row"]["add_qty"] == row["add_qty"]
    assert told["window_end_ts_ns"] == end.value
    orders = raw(sample, MBO, "ESH6", DATES[1]).to_pandas().set_index("ordinal")
    orders = orders.loc[[record["ordinal"] for record in told["records"]["list"]]]
    assert (orders.ts_recv < end).all() and (orders.ts_recv >= end - pd.Timedelta(seconds=1)).all()
    here = orders[(orders.action == "A") & (orders.side == row["side"]) & (orders.price_int == row["price_int"])]
    assert here["size"].sum() == row["add_qty"]
    with pytest.raises(tarn.ProgramError, match="none ends at 08:00:00Z") as caught:
        opened.explain(name, "ESH6", DATES[1], "03:00", side="B", price=price)
    assert caught.value.exit_code == 2


def test_symbols_of_paths_are_decoded(tmp_path):
    lake = handmade.project(tmp_path)
    for encoded in ("BRK%2FB", "%2Ea", "a%20b"):
        lake.publish("silver.toy.flow_1s", encoded, "2026-03-03", handmade.flow("2026-03-03T14:30:00", [1]))
    dataset = tarn.open(tmp_path)["silver.toy.flow_1s"]
    assert dataset.symbols == [".a", "BRK/B", "a b"]
    assert dataset.scan("BRK/B").arrow()["symbol"].to_pylist() == ["BRK/B"]
    assert dataset.scan().count() == 3
    assert parquet.read_schema(lake.root / dataset.partitions("a b")[0].address.path / "part-00000.parquet")
