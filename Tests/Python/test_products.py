"""Every order-book product: surfaces against numpy, many instruments in one stream, stocks that only quote, roots with
another tick, what `tarn status` says, and the vendor's files that lack something.
"""

import re
import signal
import time

import numpy as np
import pytest

import pipeline
import vendorfiles
from test_book_cases_end_to_end import CASES as WORKED
from test_book_cases_end_to_end import clock, shifted
from test_forecast_reference import CASES, numbers, sample  # noqa: F401
from test_gold_reference import QUANTITIES, column
from test_memory import LIMIT_MB
from test_physics_reference import Keys, surface
from vendorfiles import SECOND, midnight

DATE = "2026-03-02"
T0 = midnight(DATE)


# Surfaces: one engine for cells and strikes; docs/spec/physics.md 3 to 7


def flows(lake, product, symbol, half, gap):
    """Per window: end, quantities by lane and cell, validity of each cell."""
    table = lake.table(f"silver.{product}.depth_and_flow_1s", symbol, DATE)
    lanes = np.array([side == "B" for side in table["side"].to_pylist()], int)
    if "right" in table.column_names:
        lanes += 2 * np.array([right == "P" for right in table["right"].to_pylist()], int)
    lane_count = 4 if "right" in table.column_names else 2
    ends, cells = numbers(table, "window_end_ts_ns"), numbers(table, "rel_ticks") // gap + half
    quantities = np.stack([numbers(table, name) for name in QUANTITIES]).astype(float)
    valid = np.array(table["window_valid"].to_pylist())
    for end in np.unique(ends):
        rows = slice(*np.searchsorted(ends, [end, end + 1]))
        dense = np.zeros((6, lane_count, 2 * half + 1))
        dense[:, lanes[rows], cells[rows]] = quantities[:, rows]
        held = np.zeros(dense.shape[1:], bool)
        held[lanes[rows], cells[rows]] = ~valid[rows]
        yield end, dense, held


def judge(lake, product, symbol, half, gap, firsts, is_valid):
    """Published surfaces equal numpy's; firsts: position of the first key by window, None where a window updates all."""
    table = lake.table(f"gold.{product}.physics_surface_1s", symbol, DATE)
    names = [field.name for field in table.schema if field.type == "double"]
    lanes = 4 if "right" in table.column_names else 2
    found = {name: numbers(table, name).reshape(-1, lanes, 2 * half + 1) for name in names}
    ends = numbers(table, "window_end_ts_ns")[:: lanes * (2 * half + 1)]
    keys = Keys(lanes, min(firsts.values()), max(firsts.values()) + 2 * half + 1)
    shown = {end: (dense, held) for end, dense, held in flows(lake, product, symbol, half, gap)}
    nothing = (np.zeros((6, lanes, 2 * half + 1)), np.zeros((lanes, 2 * half + 1), bool))
    for index, end in enumerate(ends):
        dense, held = shown.get(end, nothing)
        first = firsts[end]
        if is_valid(end, held):
            d = dense[0] + 1
            keys.update(dense[3] / d - dense[4] / d - dense[5] / d, held, first)
        expected = surface(dense, keys, keys.cells(first, 2 * half + 1), gap)
        for name in names:
            plain = re.sub("_opt", "", name)
            np.testing.assert_allclose(
                found[name][index], expected[column(plain)], rtol=1e-10, atol=1e-12, err_msg=f"{name}, window {index}")
    return len(ends)


def test_surfaces_of_a_stock(sample):  # noqa: F811
    table = sample.table("silver.equity_mbo.book_snapshot_1s", "SPY", DATE)
    valid = dict(zip(numbers(table, "window_end_ts_ns"), table["window_valid"].to_pylist()))
    anchors = dict(zip(numbers(table, "window_end_ts_ns"), table["spot_ref_price_int"].to_pylist()))
    firsts = {end: 0 for end, anchor in anchors.items() if anchor is not None}
    count = judge(sample, "equity_mbo", "SPY", 100, 1, firsts, lambda end, held: valid[end])
    assert count == len(firsts) == 1200


@pytest.mark.parametrize("product, symbol, half, gap, step", [
    ("future_option_mbo", "ESH6", 10, 20, 5 * SECOND), ("equity_option_mbo", "SPY", 25, 2, SECOND)])
def test_surfaces_of_options(sample, product, symbol, half, gap, step):  # noqa: F811
    table = sample.table(f"silver.{product}.depth_and_flow_1s", symbol, DATE)
    anchors = dict(zip(numbers(table, "window_end_ts_ns"), numbers(table, "strike_ref_price_int")))
    firsts = {end: anchor // step - half for end, anchor in anchors.items()}
    # Keys are absolute strikes, so the anchor has to move for this to be a test of them; a stock's does.
    assert len(set(firsts.values())) > 1 or product == "future_option_mbo"
    count = judge(sample, product, symbol, half, gap, firsts, lambda end, held: not held.all())
    assert count == len(firsts) >= 120


# Many instruments


def chain(folder, instruments, orders):
    """Definitions of that many options around the anchor, and orders of each in turn: adds, then cancels of them."""
    names = {f"O{number}": number for number in range(1, instruments + 1)}
    definitions = [
        vendorfiles.option(f"O{n}", n, "ESH6", "CP"[n % 2], (6900 + 5 * (n // 2 % 400 - 200)) * SECOND, T0 + 21 * 3600 * SECOND)
        for n in range(1, instruments + 1)
    ]
    rows = np.zeros(orders, vendorfiles.layout("mbo", 3))
    number = np.arange(orders)
    rows["length"], rows["rtype"], rows["publisher_id"] = rows.dtype.itemsize // 4, 160, 1
    rows["instrument_id"] = number % instruments + 1
    rows["order_id"] = number + 1
    rows["ts_event"] = rows["ts_recv"] = T0 + number * (50 * SECOND // orders)
    rows["price"] = (1 + number // instruments % 20) * SECOND
    rows["size"], rows["flags"], rows["action"], rows["side"] = 5, 128, b"A", np.where(number % 2, b"A", b"B")
    # Every second round of the instruments takes away what the one before brought.
    takes = number // instruments % 2 == 1
    rows["action"][takes] = b"C"
    rows["order_id"][takes] -= instruments
    rows["side"][takes] = np.where((number[takes] - instruments) % 2, b"A", b"B")
    future = [vendorfiles.order("A", "B", 1, 6900 * SECOND, 5, at=T0 + 1, instrument_id=999_999)]
    return [
        vendorfiles.mbo_file(folder / "a.mbo.dbn.zst", future, DATE, {"ESH6": 999_999}),
        vendorfiles.write(folder / "b.mbo.dbn.zst", vendorfiles.metadata("mbo", names, DATE), rows),
        vendorfiles.file(folder / "b.definition.dbn.zst", "definition", definitions, DATE, names),
    ]


def silver_peak(tmp_path, instruments, orders=400_000):
    """Megabytes that the silver of a minute of options held at its most, and the lake."""
    folder = tmp_path / str(instruments)
    lake = pipeline.Lake(folder / "lake")
    lake.add(*chain(folder, instruments, orders))
    hours = {"start": "00:00:01Z", "end": "00:01:00Z", "set": "assume_complete=true"}
    lake.run("bronze,silver", "ESH6", DATE, **hours).exits(0)
    lake.run("bronze", "ESH6", DATE, product="future_option_mbo").exits(0)
    process = lake.start(
        "run", "-q", "-p", "future_option_mbo", "-l", "silver", "-s", "ESH6", "-d", DATE, *pipeline.flags(hours))
    most = 0
    while process.poll() is None:
        mark = re.search(r"VmHWM:\s+(\d+) kB", (pipeline.pathlib.Path(f"/proc/{process.pid}/status")).read_text())
        most = max(most, int(mark[1]) if mark else 0)
        time.sleep(0.001)
    assert process.returncode == 0 and most, process.communicate()
    return most / 1024, lake


def test_thousands_of_instruments(tmp_path):
    """A book costs some kilobytes, and only where there are orders: eight thousand stay below the limit of a day."""
    few, _ = silver_peak(tmp_path, 20)
    many, lake = silver_peak(tmp_path, 8000)
    print(f"{few:.0f} MB with 20 instruments, {many:.0f} MB with 8000: {(many - few) * 1024 / 7980:.1f} kB each")
    assert many < LIMIT_MB
    assert (many - few) * 1024 / 7980 < 16, "kilobytes of a book"
    quality = lake.table("silver.future_option_mbo.book_quality_1s", "ESH6", DATE)
    assert sum(quality["records"].to_pylist()) == 400_000 - 8000
    assert set(quality["unknown_cancel"].to_pylist()) == {0}


def test_instruments_without_orders_have_no_book(tmp_path):
    """Eight thousand defined, twenty that trade: the memory of twenty."""
    few, _ = silver_peak(tmp_path / "few", 20)
    folder = tmp_path / "defined"
    lake = pipeline.Lake(folder / "lake")
    future, _, definitions = chain(folder, 8000, 8000)
    _, orders, _ = chain(folder / "traded", 20, 400_000)
    lake.add(future, orders, definitions)
    hours = {"start": "00:00:01Z", "end": "00:01:00Z", "set": "assume_complete=true"}
    lake.run("bronze,silver", "ESH6", DATE, **hours).exits(0)
    lake.run("bronze", "ESH6", DATE, product="future_option_mbo").exits(0)
    process = lake.start("run", "-q", "-p", "future_option_mbo", "-l", "silver", "-s", "ESH6", "-d", DATE, *pipeline.flags(hours))
    most = 0
    while process.poll() is None:
        mark = re.search(r"VmHWM:\s+(\d+) kB", (pipeline.pathlib.Path(f"/proc/{process.pid}/status")).read_text())
        most = max(most, int(mark[1]) if mark else 0)
        time.sleep(0.001)
    assert process.returncode == 0
    assert most / 1024 < few + 12, (most / 1024, few)


# Stocks whose publisher only quotes


@pytest.mark.parametrize("name", ["A33", "A34", "A36"])
def test_quotes_of_a_stock(lake, tmp_path, name):
    """The F_TOB cases on the lattice of stocks, between the orders of a publisher that is not asked for."""
    (case,) = [case for case in WORKED if case["id"] == name]
    # One tick of the case is one step of $0.50.
    price = lambda p: None if p is None else 2 * p - 25 * SECOND
    rows = []
    for event in case["events"]:
        at, recv = shifted(event["ts_event"], DATE), shifted(event["ts_recv"], DATE)
        rows.append(vendorfiles.order("A", "B", 77, 20 * SECOND, 1, at=at, publisher_id=39))
        rows.append(
            vendorfiles.order(
                event["action"], event["side"], event["order_id"], price(event["price_int"]), event["size"], event["flags"],
                at=at, recv=recv, publisher_id=40))
    lake.add(vendorfiles.file(tmp_path / "a.dbn.zst", "mbo", rows, DATE, {"XYZ": 7}, "DBEQ.BASIC"), product="equity_mbo")
    hours = {"start": clock(case["output_start_ns"]), "end": clock(case["output_end_ns"])}
    run = lambda layers, **more: lake.run(layers, "XYZ", DATE, product="equity_mbo", **more)
    run("bronze").exits(0)
    run("silver,gold", **hours).exits(2, rf"2 publishers, 39 \({len(rows) // 2} records\), 40 \({len(rows) // 2} records\)")
    assert not list((lake.root / "silver").glob("*/*/*/*"))
    run("silver,gold", set=["publisher=40", "crossed_policy=record"], **hours).exits(0)
    for part, table in {"snapshot": "book_snapshot_1s", "flow": "depth_and_flow_1s", "quality": "book_quality_1s"}.items():
        found = lake.table(f"silver.equity_mbo.{table}", "XYZ", DATE)
        expected = case["expected"][part]
        assert found.num_rows == len(expected["rows"])
        for column_name, values in zip(expected["columns"], zip(*expected["rows"])):
            values = list(values)
            if column_name.endswith("price_int"):
                values = [price(value) for value in values]
            if column_name == "mid_price":
                values = [None if value is None else 2 * value - 25 for value in values]
            if column_name.endswith("ts_ns"):
                values = [shifted(value, DATE) for value in values]
            array = found[column_name]
            assert (array.cast("int64") if "timestamp" in str(array.type) else array).to_pylist() == values, column_name


# Another root, another tick


@pytest.mark.parametrize("name", ["A1", "A5", "A17", "A23", "A25"])
def test_crude_oil(lake, tmp_path, name):
    """Worked cases with the tick of CL, $0.01, whose step the registry has."""
    (case,) = [case for case in WORKED if case["id"] == name]
    price = lambda p: None if p is None else 60 * SECOND + (p - 25 * SECOND) // 25
    rows = [
        vendorfiles.order(
            event["action"], event["side"], event["order_id"], price(event["price_int"]), event["size"], event["flags"],
            at=shifted(event["ts_event"], DATE), recv=shifted(event["ts_recv"], DATE))
        for event in case["events"]
    ]
    definition = vendorfiles.future("CLJ6", 7, midnight("2026-03-20"), asset=b"CL", min_price_increment=SECOND // 100)
    lake.add(
        vendorfiles.mbo_file(tmp_path / "a.mbo.dbn.zst", rows, DATE, {"CLJ6": 7}),
        vendorfiles.file(tmp_path / "a.definition.dbn.zst", "definition", [definition], DATE, {"CLJ6": 7}))
    settings = [f"assume_complete={str(case['assume_complete']).lower()}", f"crossed_policy={case['crossed_policy']}"]
    hours = {"start": clock(case["output_start_ns"]), "end": clock(case["output_end_ns"])}
    lake.run("all", "CLJ6", DATE, set=settings, **hours).exits(0)
    expected = case["expected"]["flow"]
    found = lake.table("silver.future_mbo.depth_and_flow_1s", "CLJ6", DATE)
    assert found.num_rows == len(expected["rows"])
    for column_name, values in zip(expected["columns"], zip(*expected["rows"])):
        if column_name.endswith("ts_ns"):
            continue
        values = [price(value) for value in values] if column_name.endswith("price_int") else list(values)
        assert found[column_name].to_pylist() == values, column_name
    gold = lake.table("gold.future_mbo.physics_surface_1s", "CLJ6", DATE)
    anchors = {value for value in gold["spot_ref_price_int"].to_pylist()}
    assert anchors == set(found["spot_ref_price_int"].to_pylist()) and gold.num_rows % 802 == 0


# What status says


def test_status_tells_the_share_of_valid_windows_and_the_reasons(sample, tmp_path):  # noqa: F811
    lines = {
        (line["dataset"], line["symbol"]): line for line in sample.tarn("status", "--json").exits(0).json["datasets"]
    }
    for product, options, symbol, _ in CASES.values():
        for name in (product, options):
            line = lines[f"silver.{name}.book_quality_1s", symbol]
            quality = sample.table(f"silver.{name}.book_quality_1s", symbol, DATE)
            valid = sum(quality["window_valid"].to_pylist())
            assert (line["windows"], line["valid_windows"]) == (quality.num_rows, valid)
            found = [reason for reason in quality["reason"].to_pylist() if reason != "ok"]
            assert {key: value for key, value in line["reasons"].items() if value} == {
                reason: found.count(reason) for reason in found}
            assert (lines[f"gold.{name}.physics_surface_1s", symbol]["windows"]) > 0
    text = sample.tarn("status").exits(0).out
    assert len(re.findall(r"book_quality_1s .* \d+\.\d %", text)) == 4


def test_status_names_the_most_frequent_reason(lake, tmp_path):
    """Case A15: three windows with a bad book, then a good one."""
    (case,) = [case for case in WORKED if case["id"] == "A15"]
    rows = [
        vendorfiles.order(
            event["action"], event["side"], event["order_id"], event["price_int"], event["size"], event["flags"],
            at=shifted(event["ts_event"], DATE), recv=shifted(event["ts_recv"], DATE))
        for event in case["events"]
    ]
    lake.add(vendorfiles.mbo_file(tmp_path / "a.mbo.dbn.zst", rows, DATE))
    hours = {"start": clock(case["output_start_ns"]), "end": clock(case["output_end_ns"])}
    lake.run("bronze,silver", "ESH6", DATE, set="assume_complete=true", **hours).exits(0)
    assert re.search(r"book_quality_1s .* 25\.0 % +bad_book 75\.0 %", lake.tarn("status").exits(0).out)


# The vendor's files


def test_real_option_files_lack_their_underlying(lake):
    """There is no order file for SPY: bronze comes, silver says what is missing, nothing is published."""
    files = pipeline.vendor("synthetic/opra-pillar-20260303.cmbp-1.dbn.zst", "synthetic/opra-pillar-20260303.definition.dbn.zst")
    lake.add(*files, product="equity_option_mbo")
    run = lambda layers: lake.run(layers, "SPY", "2026-03-03", product="equity_option_mbo")
    run("bronze").exits(0)
    run("silver,gold").exits(4, r"silver\.equity_mbo\.book_snapshot_1s SPY 2026-03-03 is missing: run --product-type equity_mbo")
    assert not list((lake.root / "silver").glob("*/*/*/*")) and not list((lake.root / "gold").glob("*/*/*/*"))
    assert {path.parts[-3] for path in (lake.root / "bronze").glob("*/*/*/*")} >= {"table=cmbp_1"}


def test_quotes_for_a_product_of_orders(lake):
    """The vendor's mbp-1 file of stocks is no order file."""
    (file,) = pipeline.vendor("synthetic/xnas-itch-20260303.mbp-1.dbn.zst")
    result = lake.tarn("raw", "add", "-p", "equity_mbo", file)
    result.exits(2, "it is a mbp-1 file, which no stage of equity_mbo reads")
    lake.run("all", "AAPL", "2026-03-03", product="equity_mbo").exits(4, "raw mbo")


# Interruption


def test_who_interrupts_a_run_that_is_done_has_it_done(lake, tmp_path):
    """The signal comes when the last stage has said that it is ready."""
    orders = [vendorfiles.order("A", "B", n, (100 + n) * SECOND, 5, at=T0 + n) for n in (1, 2)]
    lake.add(vendorfiles.mbo_file(tmp_path / "a.mbo.dbn.zst", orders, DATE))
    lake.run("bronze", "ESH6", DATE).exits(0)
    process = lake.start(
        "run", "-v", "-p", "future_mbo", "-l", "silver", "-t", "book_quality_1s", "-s", "ESH6", "-d", DATE, "--start",
        "00:00:01Z", "--end", "00:00:02Z", "--set", "assume_complete=true")
    for line in process.stderr:
        if line.startswith("silver_book ESH6"):
            process.send_signal(signal.SIGINT)
            break
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert lake.table("silver.future_mbo.book_quality_1s", "ESH6", DATE).num_rows == 1
