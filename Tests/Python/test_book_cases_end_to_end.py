"""The worked cases of docs/spec/book.md, appendix A, through the whole program: vendor file, bronze, silver.

Each case becomes a day of its own, so that one run makes all days that share parameters.
"""

import datetime
import itertools
import json

import pytest

import pipeline
import vendorfiles
from vendorfiles import DAY, SECOND, midnight

CASES = json.loads((vendorfiles.ROOT / "docs" / "spec" / "book_cases.json").read_text())
FUTURE = [case for case in CASES if case["product"] == "future_mbo"]
TABLES = {"snapshot": "book_snapshot_1s", "flow": "depth_and_flow_1s", "quality": "book_quality_1s"}
DATES = {
    case["id"]: str(datetime.date(2026, 1, 5) + datetime.timedelta(days=index)) for index, case in enumerate(FUTURE)
}
TIMES = {"window_start_ts_ns", "window_end_ts_ns"}
# Of the cases of the other products, which have a lake each.
OTHER_DATE = "2026-03-02"


def shifted(time, date):
    return None if time is None else time + midnight(date)


def row(event, date):
    return vendorfiles.order(
        event["action"],
        event["side"],
        event["order_id"],
        event["price_int"],
        event["size"],
        event["flags"],
        at=shifted(event["ts_event"], date),
        recv=shifted(event["ts_recv"], date),
        sequence=event["ordinal"],
    )


def clock(nanoseconds):
    assert nanoseconds % SECOND == 0
    return vendorfiles.clock(nanoseconds // SECOND) + "Z"


def parameters(case):
    return case["output_start_ns"], case["output_end_ns"], case["assume_complete"], case["crossed_policy"]


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cases")
    lake = pipeline.Lake(folder / "lake")
    files = []
    for case in FUTURE:
        date = DATES[case["id"]]
        rows = [row(event, date) for event in case["events"]]
        files.append(vendorfiles.mbo_file(folder / f"{case['id']}.mbo.dbn.zst", rows, date))
    lake.add(*files)
    for (start, end, complete, policy), group in itertools.groupby(sorted(FUTURE, key=parameters), parameters):
        dates = ",".join(DATES[case["id"]] for case in group)
        settings = [f"assume_complete={str(complete).lower()}", f"crossed_policy={policy}"]
        lake.run("bronze,silver", "ESH6", dates, start=clock(start), end=clock(end), set=settings).exits(0)
    return lake


@pytest.mark.parametrize("case", FUTURE, ids=lambda case: case["id"])
@pytest.mark.parametrize("part", TABLES)
def test_case(cases, case, part):
    date = DATES[case["id"]]
    agree(cases.table(f"silver.future_mbo.{TABLES[part]}", "ESH6", date), case["expected"][part], date)


def agree(table, expected, date):
    """A table is what the case says, its times moved to the date."""
    assert table.column_names == expected["columns"]
    for name, values in zip(expected["columns"], zip(*expected["rows"])):
        found = table[name].cast("int64").to_pylist() if name in TIMES else table[name].to_pylist()
        wanted = [shifted(value, date) for value in values] if name in TIMES else list(values)
        assert found == wanted, name
    assert table.num_rows == len(expected["rows"])


@pytest.mark.parametrize("case", FUTURE, ids=lambda case: case["id"])
def test_events_reach_bronze_unchanged(cases, case):
    date = DATES[case["id"]]
    table = cases.table("bronze.future_mbo.mbo", "ESH6", date)
    for name in ("ordinal", "ts_event", "ts_recv", "action", "side", "order_id", "price_int", "size", "flags"):
        found = table[name].cast("int64").to_pylist() if name.startswith("ts_") else table[name].to_pylist()
        wanted = [event[name] for event in case["events"]]
        assert found == ([shifted(time, date) for time in wanted] if name.startswith("ts_") else wanted), name


# A27: a stock


@pytest.fixture(scope="module")
def stock(tmp_path_factory):
    (case,) = [case for case in CASES if case["product"] == "equity_mbo"]
    folder = tmp_path_factory.mktemp("stock")
    lake = pipeline.Lake(folder / "lake")
    rows = [row(event, OTHER_DATE) | {"publisher_id": 2} for event in case["events"]]
    lake.add(vendorfiles.file(folder / "a.dbn.zst", "mbo", rows, OTHER_DATE, {"XYZ": 7}, dataset="XNAS.ITCH"),
             product="equity_mbo")
    hours = {"start": clock(case["output_start_ns"]), "end": clock(case["output_end_ns"])}
    # The book of a stock is complete without being told.
    lake.run("all", "XYZ", OTHER_DATE, product="equity_mbo", set=["crossed_policy=record"], **hours).exits(0)
    return lake, case, "XYZ"


# A28, A29: options, whose underlying is a book that shows the anchors of the case.


def anchors(case, step):
    """Orders of a book whose best bid is at each window's opening the anchor of the case."""
    first, second = [window["spot_ref_price_int"] for window in case["underlying"]]
    half = SECOND // 2
    return [
        vendorfiles.order("A", "B", 1, first, 10, at=midnight(OTHER_DATE) + 100),
        vendorfiles.order("A", "A", 2, first + 20 * step, 10, at=midnight(OTHER_DATE) + 100),
        vendorfiles.order("C", "B", 1, first, 10, at=midnight(OTHER_DATE) + SECOND + half),
        vendorfiles.order("A", "B", 3, second, 10, at=midnight(OTHER_DATE) + SECOND + half),
    ]


def definitions(case, underlying, **more):
    end = midnight(OTHER_DATE) + 21 * 3600 * SECOND
    return [
        vendorfiles.option(
            f"OPTION{instrument['instrument_id']}", instrument["instrument_id"], underlying, instrument["right"],
            instrument["strike_price_int"], end, **more)
        for instrument in case["instruments"]
    ]


def ids(case):
    return {f"OPTION{instrument['instrument_id']}": instrument["instrument_id"] for instrument in case["instruments"]}


def run_options(lake, case, product, underlying, symbol):
    hours = {"start": clock(case["output_start_ns"]), "end": clock(case["output_end_ns"])}
    policy = ["crossed_policy=record", "assume_complete=true"]
    lake.run("bronze,silver", symbol, OTHER_DATE, product=underlying, set=policy, **hours).exits(0)
    lake.run("all", symbol, OTHER_DATE, product=product, set=policy, **hours).exits(0)


@pytest.fixture(scope="module")
def future_options(tmp_path_factory):
    (case,) = [case for case in CASES if case["product"] == "future_option_mbo"]
    folder = tmp_path_factory.mktemp("future_options")
    lake = pipeline.Lake(folder / "lake")
    rows = [
        vendorfiles.order(
            event["action"], event["side"], event["order_id"], event["price_int"], event["size"], event["flags"],
            at=shifted(event["ts_event"], OTHER_DATE), instrument_id=event["instrument_id"])
        for event in case["events"]
    ]
    # One that expires another day, and one on another future, whose records are passed over.
    later = vendorfiles.option("LATER", 91, "ESH6", "C", 6900 * SECOND, midnight("2026-03-20"))
    other = vendorfiles.option("OTHER", 92, "NQH6", "C", 6900 * SECOND, midnight(OTHER_DATE) + 21 * 3600 * SECOND)
    rows += [
        vendorfiles.order("A", "B", 5, SECOND, 3, at=midnight(OTHER_DATE) + 2 * SECOND, instrument_id=foreign)
        for foreign in (91, 92)
    ]
    instruments = ids(case) | {"LATER": 91, "OTHER": 92}
    lake.add(
        vendorfiles.mbo_file(folder / "a.mbo.dbn.zst", anchors(case, SECOND // 4), OTHER_DATE, {"ESH6": 7}),
        vendorfiles.file(folder / "b.mbo.dbn.zst", "mbo", rows, OTHER_DATE, instruments),
        vendorfiles.file(
            folder / "b.definition.dbn.zst", "definition", definitions(case, "ESH6") + [later, other], OTHER_DATE,
            instruments))
    run_options(lake, case, "future_option_mbo", "future_mbo", "ESH6")
    return lake, case, "ESH6"


@pytest.fixture(scope="module")
def equity_options(tmp_path_factory):
    (case,) = [case for case in CASES if case["product"] == "equity_option_mbo"]
    folder = tmp_path_factory.mktemp("equity_options")
    lake = pipeline.Lake(folder / "lake")
    rows = [
        vendorfiles.quote(
            event["instrument_id"], event["bid_price_int"], event["bid_size"], event["ask_price_int"],
            event["ask_size"], event["action"], event["flags"], at=shifted(event["ts_event"], OTHER_DATE))
        for event in case["events"]
    ]
    terms = definitions(case, "xyz", asset=b"XYZ")
    lake.add(
        vendorfiles.file(
            folder / "a.mbo.dbn.zst", "mbo", anchors(case, SECOND // 2), OTHER_DATE, {"XYZ": 7}, "XNAS.ITCH"),
        product="equity_mbo")
    lake.add(
        vendorfiles.file(folder / "b.cmbp-1.dbn.zst", "cmbp-1", rows, OTHER_DATE, ids(case), "OPRA.PILLAR"),
        vendorfiles.file(folder / "b.definition.dbn.zst", "definition", terms, OTHER_DATE, ids(case), "OPRA.PILLAR"),
        product="equity_option_mbo")
    run_options(lake, case, "equity_option_mbo", "equity_mbo", "XYZ")
    return lake, case, "XYZ"


@pytest.mark.parametrize("part", TABLES)
@pytest.mark.parametrize("product", ["stock", "future_options", "equity_options"])
def test_case_of_another_product(product, part, request):
    lake, case, symbol = request.getfixturevalue(product)
    table = lake.table(f"silver.{case['product']}.{TABLES[part]}", symbol, OTHER_DATE)
    agree(table, case["expected"][part], OTHER_DATE)


@pytest.mark.parametrize("product, rows", [("stock", 3 * 402), ("future_options", 2 * 84), ("equity_options", 2 * 204)])
def test_surfaces_of_another_product_are_dense(product, rows, request):
    lake, case, symbol = request.getfixturevalue(product)
    assert lake.table(f"gold.{case['product']}.physics_surface_1s", symbol, OTHER_DATE).num_rows == rows


def test_options_keep_the_ordinals_of_all_files(future_options):
    lake, case, symbol = future_options
    table = lake.table("bronze.future_option_mbo.mbo", symbol, OTHER_DATE)
    # The future's file comes first by name and has four records.
    assert table["ordinal"].to_pylist() == [4 + index for index in range(len(case["events"]))]
    assert set(table["underlying"].to_pylist()) == {"ESH6"}


def test_every_case_is_tested():
    assert len(FUTURE) == len(CASES) - 3 >= 35
    assert all(event["ts_event"] is None or 0 <= event["ts_event"] < DAY for case in FUTURE for event in case["events"])
