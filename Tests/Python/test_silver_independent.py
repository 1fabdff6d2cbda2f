"""Silver tables equal, row by row and column by column, what a plain book makes of the vendor's file itself.

The plain book (reference_book.py) is judged first, by the worked cases of the specification.
"""

import json

import numpy as np
import pytest

import reference_book
import vendorfiles
from conftest import ESH4_EVE_HOURS, ESH4_HOURS, ESM4_HOURS, SYNTHETIC_HOURS, between
from pipeline import vendor
from vendorfiles import NO_PRICE, NO_TIME, SECOND, midnight

CASES = json.loads((vendorfiles.ROOT / "docs" / "spec" / "book_cases.json").read_text())
TABLES = {
    "book_snapshot_1s": ("snapshots", reference_book.SNAPSHOT_COLUMNS),
    "depth_and_flow_1s": ("flows", reference_book.FLOW_COLUMNS),
    "book_quality_1s": ("quality", reference_book.QUALITY_COLUMNS),
}
# The real book crosses at 22:39:55.
AUCTION = (22 * 3600 + 2390, 22 * 3600 + 2420)
MBO_CASES = [case for case in CASES if case["product"] in ("future_mbo", "equity_mbo")]


@pytest.mark.parametrize("case", MBO_CASES, ids=lambda case: case["id"])
def test_the_plain_book_agrees_with_the_worked_cases(case):
    lattice = {"future_mbo": (250_000_000, 200), "equity_mbo": (500_000_000, 100)}[case["product"]]
    book = reference_book.ReferenceBook(
        case["output_start_ns"], case["output_end_ns"], case["assume_complete"], case["crossed_policy"], *lattice
    )
    names = ("ts_event", "ts_recv", "action", "side", "order_id", "price_int", "size", "flags")
    book.replay([tuple(event[name] for name in names) for event in case["events"]])
    for part, found in (("snapshot", book.snapshots), ("flow", book.flows), ("quality", book.quality)):
        assert found == case["expected"][part]["rows"], part


def orders_of(path, instrument):
    """The records of an instrument as the plain book takes them."""
    _, _, records = vendorfiles.read(path)
    records = records[records["instrument_id"] == instrument]

    def optional(name, undefined):
        return [None if value == undefined else value for value in records[name].tolist()]

    letters = {name: np.char.decode(records[name], "ascii").tolist() for name in ("action", "side")}
    return list(
        zip(
            optional("ts_event", NO_TIME), optional("ts_recv", NO_TIME), letters["action"], letters["side"],
            records["order_id"].tolist(), optional("price", NO_PRICE), records["size"].tolist(),
            records["flags"].tolist(),
        )
    )  # fmt: skip


def compare(lake, symbol, date, book):
    for table, (part, columns) in TABLES.items():
        found = lake.table(f"silver.future_mbo.{table}", symbol, date)
        rows = getattr(book, part)
        assert found.column_names == columns
        assert found.num_rows == len(rows), table
        for name, expected in zip(columns, zip(*rows)):
            values = found[name].cast("int64") if name.startswith("window_") and "ts" in name else found[name]
            values = values.to_pylist()
            if values != list(expected):
                at = next(i for i, (a, b) in enumerate(zip(values, expected)) if a != b)
                raise AssertionError(f"{table}.{name} row {at}: {values[at]} is not {expected[at]}, {rows[at]}")


REAL = {
    "esm4": ("esm4", vendorfiles.ESM4[0], "ESM4", 5602, "2024-05-08", ESM4_HOURS),
    "esh4 eve": ("esh4", vendorfiles.ESH4[0], "ESH4", 17077, "2023-12-24", ESH4_EVE_HOURS),
    "esh4": ("esh4", vendorfiles.ESH4[1], "ESH4", 17077, "2023-12-25", ESH4_HOURS),
    "esh6": ("synthetic", vendorfiles.SYNTHETIC[0], "ESH6", 42140864, "2026-03-03", SYNTHETIC_HOURS),
    "nqh6": ("synthetic", vendorfiles.SYNTHETIC[0], "NQH6", 42005804, "2026-03-03", SYNTHETIC_HOURS),
}


@pytest.mark.parametrize("fixture,file,symbol,instrument,date,hours", REAL.values(), ids=REAL)
def test_silver_of_a_file(request, fixture, file, symbol, instrument, date, hours):
    (path,) = vendor(file)
    lake = request.getfixturevalue(fixture)
    start, end = (midnight(date) + seconds * SECOND for seconds in hours)
    book = reference_book.ReferenceBook(start, end).replay(orders_of(path, instrument))
    assert len(book.snapshots) == (end - start) // SECOND
    compare(lake, symbol, date, book)


@pytest.mark.parametrize("policy", ["record", "invalidate"])
def test_silver_of_the_opening_auction(lake, policy):
    """Before 23:00 the real book is crossed and locked; both policies, and a book that is complete from the start."""
    (path,) = vendor(vendorfiles.ESH4[1])
    date = "2023-12-25"
    lake.add(path)
    settings = [f"crossed_policy={policy}", "assume_complete=true"]
    lake.run("bronze,silver", "ESH4", date, **between(AUCTION), set=settings).exits(0)
    start, end = (midnight(date) + seconds * SECOND for seconds in AUCTION)
    book = reference_book.ReferenceBook(start, end, True, policy).replay(orders_of(path, 17077))
    compare(lake, "ESH4", date, book)
    crossed = sum(row[reference_book.QUALITY_COLUMNS.index("crossed_events")] for row in book.quality)
    reasons = {row[4] for row in book.quality}
    assert crossed > 0 and ("crossed" in reasons) == (policy == "invalidate") and "ok" in reasons
