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
    table = cases.table(f"silver.future_mbo.{TABLES[part]}", "ESH6", date)
    expected = case["expected"][part]
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


def test_cases_are_what_the_program_can_make():
    """The rest belongs to products whose stages the registry does not have."""
    registry = (vendorfiles.ROOT / "datasets.yaml").read_text()
    book = registry[registry.index("  silver_book:") :].split("revision:")[0]
    assert [case["id"] for case in CASES if case["product"] in book] == [case["id"] for case in FUTURE]
    assert len(FUTURE) >= 35 and all(event["ts_event"] is None or 0 <= event["ts_event"] < DAY
                                     for case in FUTURE for event in case["events"])
