"""`tarn explain`: the records it names are the vendor's, their effects add up to the published row, the weights of
moving averages are those of physics.md 4. Sums, weights and selections are made here, from the tables and files alone.
"""

import numpy as np
import pytest

import vendorfiles
from test_book_cases_end_to_end import DATES, FUTURE, OTHER_DATE, cases, equity_options, future_options, shifted, stock  # noqa: F401
from vendorfiles import SECOND

DATE = "2026-03-03"
FLOW = "silver.future_mbo.depth_and_flow_1s"
SURFACE = "gold.future_mbo.physics_surface_1s"
SUMS = ["depth_qty_start", "depth_qty_end", "add_qty", "pull_qty_total", "pull_qty_rest", "fill_qty"]


def explain(lake, dataset, symbol, date, end, *key):
    return lake.tarn("explain", dataset, "-s", symbol, "-d", date, "--at", end, "--json", *key).exits(0).json


def totals(answer):
    """What the listed records come to."""
    effects = [effect for record in answer["records"]["list"] for effect in record["effect"]]
    sums = {name: sum(effect[name] for effect in effects) for name in SUMS[2:]}
    return sums | {"change": sum(effect["depth_after"] - effect["depth_before"] for effect in effects)}


def judge(answer, row):
    """The row is the one asked for, and the records account for it."""
    found = totals(answer)
    assert {name: found[name] for name in SUMS[2:]} == {name: row[name] for name in SUMS[2:]}
    assert row["depth_qty_start"] + found["change"] == row["depth_qty_end"]
    assert answer["agrees"] and {name: answer["published"][name] for name in SUMS} == {name: row[name] for name in SUMS}
    ordinals = [record["ordinal"] for record in answer["records"]["list"]]
    assert ordinals == sorted(set(ordinals))


def integers(table):
    """Rows with instants as integers."""
    names = [name for name in table.column_names if str(table[name].type).startswith("timestamp")]
    for name in names:
        table = table.set_column(table.column_names.index(name), name, table[name].cast("int64"))
    return table.to_pylist()


# Flows, by the worked cases: what each record does is written in book.md, appendix A


@pytest.mark.parametrize("case", FUTURE, ids=lambda case: case["id"])
def test_records_of_a_worked_case(cases, case):  # noqa: F811
    date = DATES[case["id"]]
    names = case["expected"]["flow"]["columns"]
    rows = [dict(zip(names, row)) for row in case["expected"]["flow"]["rows"]]
    # Rows with something in them first; some of the idle ones.
    busy = [row for row in rows if any(row[name] for name in SUMS[2:]) or row["depth_qty_start"] != row["depth_qty_end"]]
    for row in busy + [row for row in rows if row not in busy][:2]:
        answer = explain(
            cases, FLOW, "ESH6", date, shifted(row["window_end_ts_ns"], date), f"side={row['side']}",
            f"price_int={row['price_int']}")
        judge(answer, row)
        for record in answer["records"]["list"]:
            event = case["events"][record["index"]]
            for name in ("action", "side", "order_id", "price_int", "size", "flags"):
                assert record[name] == event[name]
            assert (record["ordinal"], record["file"]) == (event["ordinal"], 0)


@pytest.mark.parametrize("case", FUTURE, ids=lambda case: case["id"])
def test_counters_of_a_worked_case(cases, case):  # noqa: F811
    """Quality rows: every record of the window is listed, and what it raised adds up to the row."""
    date = DATES[case["id"]]
    names = case["expected"]["quality"]["columns"]
    for row in [dict(zip(names, row)) for row in case["expected"]["quality"]["rows"]]:
        end = shifted(row["window_end_ts_ns"], date)
        answer = explain(cases, "silver.future_mbo.book_quality_1s", "ESH6", date, end)
        assert len(answer["records"]["list"]) == row["records"] and answer["records"]["others"] == 0
        for name in names[names.index("late_records"):names.index("off_grid_qty")]:
            raised = sum(record["counters"].get(name, 0) for record in answer["records"]["list"])
            if name == "unmatched_fill_qty":
                # Executions that wait in vain expire when the window closes.
                assert raised <= row[name]
            else:
                assert raised == row[name], name


def test_a_fill_is_the_execution_and_the_cancel_that_applies_it(cases):  # noqa: F811
    """Case A1: 1200 F B id1 ×4, 1200 C B id1 ×4 are the fill of 4 at $25.00."""
    date = DATES["A1"]
    (row,) = [
        row for row in integers(cases.table(FLOW, "ESH6", date)) if row["fill_qty"] == 4
    ]
    answer = explain(cases, FLOW, "ESH6", date, row["window_end_ts_ns"], "side=B", "price=25")
    execution, cancel = answer["records"]["list"]
    assert (execution["action"], execution["effect"]) == ("F", [])
    assert cancel["action"] == "C" and [effect["fill_qty"] for effect in cancel["effect"]] == [4]
    assert cancel["effect"][0]["pull_qty_total"] == 0
    assert answer["records"]["opening"]["best_bid_price_int"] == 25 * SECOND


def test_a_stock(stock):  # noqa: F811
    """Case A27: three prices of one bucket of $0.50."""
    lake, case, symbol = stock
    names = case["expected"]["flow"]["columns"]
    rows = [dict(zip(names, row)) for row in case["expected"]["flow"]["rows"]]
    for row in rows:
        judge(
            explain(
                lake, "silver.equity_mbo.depth_and_flow_1s", symbol, OTHER_DATE,
                shifted(row["window_end_ts_ns"], OTHER_DATE), f"side={row['side']}", f"price_int={row['price_int']}"),
            row)


@pytest.mark.parametrize("product", ["future_options", "equity_options"])
def test_options(product, request):
    """Cases A28 and A29: every row with a flow, all books of a bucket together."""
    lake, case, symbol = request.getfixturevalue(product)
    dataset = f"silver.{case['product']}.depth_and_flow_1s"
    names = case["expected"]["flow"]["columns"]
    rows = [dict(zip(names, row)) for row in case["expected"]["flow"]["rows"]]
    busy = [row for row in rows if any(row[name] for name in SUMS)]
    first = {"future_option_mbo": 4, "equity_option_mbo": 0}[case["product"]]
    assert len(busy) >= 5
    for row in busy + rows[:2]:
        answer = explain(
            lake, dataset, symbol, OTHER_DATE, shifted(row["window_end_ts_ns"], OTHER_DATE), f"right={row['right']}",
            f"side={row['side']}", f"rel_ticks={row['rel_ticks']}")
        judge(answer, row)
        for record in answer["records"]["list"]:
            assert record["right"] == row["right"]
            # The future's file comes before that of its options.
            assert record["ordinal"] == first + record["index"] and record["file"] == (1 if first else 0)
            event = case["events"][record["index"]]
            assert record["instrument_id"] == event["instrument_id"] and record["action"] == event["action"]
    quality = f"silver.{case['product']}.book_quality_1s"
    for end in {shifted(row["window_end_ts_ns"], OTHER_DATE) for row in rows}:
        assert explain(lake, quality, symbol, OTHER_DATE, end)["agrees"]
    # The snapshot of one option has the records of that option alone.
    for row in integers(lake.table(f"silver.{case['product']}.book_snapshot_1s", symbol, OTHER_DATE))[:3]:
        answer = explain(
            lake, f"silver.{case['product']}.book_snapshot_1s", symbol, OTHER_DATE, row["window_end_ts_ns"],
            f"instrument_id={row['instrument_id']}")
        assert answer["row"]["mid_price_int"] == row["mid_price_int"]
        assert {record["instrument_id"] for record in answer["records"]["list"]} <= {row["instrument_id"]}


def test_strike_surfaces(future_options):  # noqa: F811
    """The averages of A28's bucket C B 20: u = 6 in window 1 (6 added, nothing before), 0 in window 2."""
    lake, case, symbol = future_options
    dataset = "gold.future_option_mbo.physics_surface_1s"
    # In window 2 the anchor is $6905, and so is the bucket: rel_ticks 0.
    end = max(row["window_end_ts_ns"] for row in integers(lake.table(dataset, symbol, OTHER_DATE)))
    answer = explain(lake, dataset, symbol, OTHER_DATE, end, "right=C", "side=B", "strike=6905")
    for average in answer["averages"]:
        alpha = 1 - np.exp(-1 / average["time_s"])
        assert (average["updates"], len(average["windows"])) == (2, 1)
        (window,) = average["windows"]
        assert (window["age"], window["liquidity_velocity"], window["share"]) == (1, 6.0, 1.0)
        np.testing.assert_allclose([window["weight"], average["value"]], [1 - alpha, 6 * (1 - alpha)], rtol=1e-10)


# A day: surfaces and records of the synthetic file


def keyed(lake, frame):
    """u of each key's update, from silver: {(side, place): [(end, u), …]} and the anchor of each window."""
    anchors = [
        (row["window_end_ts_ns"], row["spot_ref_price_int"], row["window_valid"])
        for row in integers(lake.table("silver.future_mbo.book_snapshot_1s", "ESH6", DATE))
    ]
    flows = {}
    for row in integers(lake.table(FLOW, "ESH6", DATE)):
        place = row["rel_ticks"] if frame == "spot" else row["price_int"]
        flows[row["window_end_ts_ns"], row["side"], place] = row
    return [(end, spot) for end, spot, valid in anchors if valid and spot is not None], flows


@pytest.mark.parametrize("frame", ["spot", "price"])
def test_averages_of_a_surface(synthetic, tmp_path, frame):
    lake = synthetic
    if frame == "price":
        import shutil

        from pipeline import Lake

        shutil.copytree(synthetic.root, tmp_path / "lake", ignore=shutil.ignore_patterns("gold"))
        lake = Lake(tmp_path / "lake")
        lake.run("gold", "ESH6", DATE, table="physics_surface_1s", set="ema_frame=price").exits(0)
    windows, flows = keyed(lake, frame)
    ends = [end for end, _ in windows]
    last, spot = windows[150]
    rows = [row for row in integers(lake.table(SURFACE, "ESH6", DATE)) if row["window_end_ts_ns"] == last]
    chosen = [row for row in rows if row["rel_ticks"] in (-40, -3, -1, 0, 1, 2, 17)]
    listed = 0
    for row in chosen:
        side, x = row["side"], row["rel_ticks"]
        place = x if frame == "spot" else spot + x * SECOND // 4
        u = []
        for end in ends[: ends.index(last) + 1]:
            flow = flows.get((end, side, place))
            u.append(0.0 if flow is None else (flow["add_qty"] - flow["pull_qty_total"] - flow["fill_qty"]) / (flow["depth_qty_start"] + 1))
        answer = explain(lake, SURFACE, "ESH6", DATE, last, f"side={side}", f"rel_ticks={x}")
        assert answer["cell"] == {"side": side, "price_int": spot + x * SECOND // 4}
        assert answer["row"]["liquidity_velocity"] == row["liquidity_velocity"]
        flow = flows.get((last, side, place), dict.fromkeys(SUMS, 0))
        judge(answer, flow)
        for average in answer["averages"]:
            alpha = 1 - np.exp(-1 / average["time_s"])
            ages = np.arange(len(u))[::-1]
            weights = alpha * (1 - alpha) ** ages
            weights[0] = (1 - alpha) ** ages[0]
            np.testing.assert_allclose([average["weight_sum"], weights.sum()], 1, rtol=1e-12)
            contributions = weights * u
            np.testing.assert_allclose(contributions.sum(), row[f"u_ema_{average['time_s']}"], rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(average["value"], row[f"u_ema_{average['time_s']}"], rtol=0)
            shares = np.abs(contributions) / max(np.abs(contributions).sum(), 1e-300)
            clear = {ends[i] for i in np.flatnonzero(shares > 0.01 + 1e-9)}
            border = {ends[i] for i in np.flatnonzero(np.abs(shares - 0.01) <= 1e-9)}
            found = {window["window_end_ts_ns"]: window for window in average["windows"]}
            assert clear <= set(found) <= clear | border
            for end, window in found.items():
                i = ends.index(end)
                assert window["age"] == ages[i]
                np.testing.assert_allclose(
                    [window["weight"], window["liquidity_velocity"], window["contribution"], window["share"]],
                    [weights[i], u[i], contributions[i], shares[i]], rtol=1e-9, atol=1e-15)
            total = sum(window["contribution"] for window in found.values()) + average["rest"]
            np.testing.assert_allclose(total, row[f"u_ema_{average['time_s']}"], rtol=1e-9, atol=1e-12)
            listed += len(found)
    assert listed > 100


def test_records_are_those_of_the_vendors_file(synthetic):
    """Each listed record stands at its index in the raw file, and all of the window's records are looked at."""
    busiest = max(
        (row for row in integers(synthetic.table(FLOW, "ESH6", DATE)) if row["window_valid"]),
        key=lambda row: (row["fill_qty"] > 0, row["add_qty"] + row["pull_qty_total"]))
    end = busiest["window_end_ts_ns"]
    answer = explain(synthetic, FLOW, "ESH6", DATE, end, f"side={busiest['side']}", f"price_int={busiest['price_int']}")
    judge(answer, busiest)
    assert len(answer["records"]["list"]) > 3
    (raw,) = answer["records"]["raw"]
    _, _, vendor = vendorfiles.read(synthetic.root / raw["path"])
    for record in answer["records"]["list"]:
        original = vendor[record["index"]]
        assert record["index"] == record["ordinal"]
        for name in ("order_id", "size", "ts_event", "ts_recv", "sequence", "instrument_id"):
            assert record[name] == original[name], name
        assert record["price_int"] in (original["price"], None) and record["action"] == original["action"].decode()
        assert end - SECOND <= record["ts_event"] < end
    mine = (vendor["instrument_id"] == 42140864) & (vendor["ts_event"] >= end - SECOND) & (vendor["ts_event"] < end)
    mine &= (vendor["flags"] & vendorfiles.SNAPSHOT) == 0
    assert len(answer["records"]["list"]) + answer["records"]["others"] == mine.sum()


def test_several_raw_files(lake, tmp_path):
    """Ordinals count through the files of the day; the place within each is told."""
    midnight = vendorfiles.midnight(DATE)
    order = lambda number, at, **more: vendorfiles.order("A", "B", number, (100 + number) * SECOND, 5, at=midnight + at, **more)
    first = [order(1, 100), order(2, 200), order(3, 300, instrument_id=8)]
    second = [order(4, 400), order(5, SECOND + 5), order(6, SECOND + 6)]
    ids = {"ESH6": 7, "ESM6": 8}
    lake.add(
        vendorfiles.file(tmp_path / "a.mbo.dbn.zst", "mbo", first, DATE, ids),
        vendorfiles.file(tmp_path / "b.mbo.dbn.zst", "mbo", second, DATE, ids))
    lake.run("bronze,silver", "ESH6", DATE, set="assume_complete=true", start="00:00:01Z", end="00:00:03Z").exits(0)
    answer = explain(lake, "silver.future_mbo.book_snapshot_1s", "ESH6", DATE, midnight + 2 * SECOND)
    places = [(record["ordinal"], record["file"], record["index"]) for record in answer["records"]["list"]]
    assert places == [(4, 1, 1), (5, 1, 2)]
    assert [path["path"].rsplit("/", 1)[1] for path in answer["records"]["raw"]] == ["a.mbo.dbn.zst", "b.mbo.dbn.zst"]
    # A time may be written as people or as tables write it; 19:00:02 in New York is on the next date in UTC.
    for text, code in (("00:00:02Z", 0), ("19:00:02", 2), ("00:00:02", 2)):
        lake.tarn("explain", "silver.future_mbo.book_snapshot_1s", "-s", "ESH6", "-d", DATE, "--at", text).exits(code)


def test_it_is_readable(synthetic):
    """For people: the row, the windows, the records, and that they agree."""
    text = synthetic.tarn("explain", SURFACE, "-s", "ESH6", "-d", DATE, "--at", "14:30:30Z", "side=B", "rel_ticks=-1").exits(0).out
    for words in ("u_ema_128", "Moving average of 2 s", "share", "Records: bronze.future_mbo.mbo ESH6", "as published"):
        assert words in text, words
    text = synthetic.tarn(
        "explain", "gold.future_mbo.forecast_1s", "-s", "ESH6", "-d", DATE, "--at", "14:30:30Z", "horizon_s=3").exits(0).out
    for words in ("F(0)", "wall above", "after 3 s", "a × κ × g"):
        assert words in text, words


def test_forecast_terms(synthetic):
    """F(0) is the sum of the listed cells and the rest; each is a·κ·g of physics.md 8.4."""
    table = integers(synthetic.table(SURFACE, "ESH6", DATE))
    ends = sorted({row["window_end_ts_ns"] for row in table})
    answer = explain(synthetic, "gold.future_mbo.forecast_1s", "ESH6", DATE, ends[100], "horizon_s=0")
    seen = answer["forecast"]
    pressure = {(row["side"], row["rel_ticks"]): row["pressure_grad"] for row in table if row["window_end_ts_ns"] == ends[100]}
    k = np.arange(1, 65)
    weights = np.exp(-(k**2) / 288) / np.exp(-(k**2) / 288).sum()
    for cell in seen["cells"]:
        x = cell["rel_ticks"]
        assert cell["pressure_grad"] == pressure["A" if x > 0 else "B", x]
        np.testing.assert_allclose(cell["weight"], weights[abs(x) - 1], rtol=1e-12)
        np.testing.assert_allclose(cell["contribution"], cell["weight"] * cell["kappa"] * cell["pressure_grad"], rtol=1e-12)
    total = sum(cell["contribution"] for cell in seen["cells"]) + seen["rest"]
    np.testing.assert_allclose(total, seen["force"], rtol=1e-9, atol=1e-15)
    assert answer["row"]["D_up"] == seen["D_up"] and answer["row"]["RunScore_up"] == seen["RunScore_up"]


# What cannot be explained


@pytest.mark.parametrize(
    "dataset, symbol, at, words, code, pattern",
    [
        (SURFACE, "ESM6", "14:30:30Z", ["side=B", "rel_ticks=0"], 4, r"no partition gold.future_mbo.physics_surface_1s ESM6 2026-03-03\n.*ESH6"),
        (SURFACE, "ESH6", "20:00:00Z", ["side=B", "rel_ticks=0"], 2, r"windows that end from 14:29:01Z to 14:33:00Z; none ends at 20:00:00Z"),
        (SURFACE, "ESH6", "14:30:30Z", ["sid=B", "rel_ticks=0"], 2, r"no key 'sid'\n.*did you mean 'side'"),
        (SURFACE, "ESH6", "14:30:30Z", ["rel_ticks=0"], 2, "which side"),
        (SURFACE, "ESH6", "14:30:30Z", ["side=X", "rel_ticks=0"], 2, "side=X: expected A or B"),
        (SURFACE, "ESH6", "14:30:30Z", ["side=B"], 2, "which cell"),
        (SURFACE, "ESH6", "14:30:30Z", ["side=B", "rel_ticks=0", "price=6860"], 2, "twice"),
        (SURFACE, "ESH6", "14:30:30Z", ["side=B", "rel_ticks=201"], 2, "no row for the cell in the window that ends at 14:30:30Z, whose rows are 802"),
        (SURFACE, "ESH6", "14:30:30Z", ["side=B", "side=A", "rel_ticks=0"], 2, "side is given twice"),
        (SURFACE, "ESH6", "noon", ["side=B", "rel_ticks=0"], 2, "'noon' is neither a time"),
        ("gold.future_mbo.physics_surface", "ESH6", "14:30:30Z", [], 2, "did you mean 'gold.future_mbo.physics_surface_1s'"),
        ("gold.future_mbo.forecast_1s", "ESH6", "14:30:30Z", [], 2, "which horizon_s"),
        ("gold.future_mbo.forecast_1s", "ESH6", "14:30:30Z", ["horizon_s=31"], 2, "0…30"),
        ("silver.future_mbo.book_quality_1s", "ESH6", "14:30:30Z", ["side=A"], 2, "one row a window"),
        ("bronze.future_mbo.mbo", "ESH6", "14:30:30Z", [], 2, "tarn inspect"),
    ],
)
def test_errors(synthetic, dataset, symbol, at, words, code, pattern):
    result = synthetic.tarn("explain", dataset, "-s", symbol, "-d", DATE, "--at", at, *words).exits(code, pattern)
    assert result.out == ""


def test_another_generation_of_the_input_is_refused(lake, tmp_path):
    """What silver was made from is gone: no story is better than a wrong one."""
    rows = [vendorfiles.order("A", "B", n, (100 + n) * SECOND, 5, at=vendorfiles.midnight(DATE) + n) for n in (1, 2)]
    lake.add(vendorfiles.mbo_file(tmp_path / "a.mbo.dbn.zst", rows, DATE))
    hours = {"start": "00:00:01Z", "end": "00:00:02Z"}
    lake.run("bronze,silver", "ESH6", DATE, set="assume_complete=true", **hours).exits(0)
    lake.add(vendorfiles.mbo_file(tmp_path / "b.mbo.dbn.zst", rows[:1], DATE))
    lake.run("bronze", "ESH6", DATE, "--overwrite", "--overwrite-bronze").exits(0)
    lake.tarn("explain", FLOW, "-s", "ESH6", "-d", DATE, "--at", "00:00:02Z", "side=B", "price=101").exits(
        4, "another generation of bronze.future_mbo.mbo ESH6 2026-03-03")
