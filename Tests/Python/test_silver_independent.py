"""Silver tables equal, row by row and column by column, what a plain book makes of the vendor's file itself.

The plain book (reference_book.py) is judged first, by the worked cases of the specification.
"""

import datetime
import json
import random

import numpy as np
import pytest

import pipeline
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


def test_silver_up_to_the_end_of_the_day(lake):
    """24:00:00Z ends the last window of a file that reaches it."""
    (path,) = vendor(vendorfiles.ESH4[1])
    hours = (86_400 - 20, 86_400)
    lake.add(path)
    lake.run("bronze,silver", "ESH4", "2023-12-25", **between(hours)).exits(0)
    start, end = (midnight("2023-12-25") + seconds * SECOND for seconds in hours)
    book = reference_book.ReferenceBook(start, end).replay(orders_of(path, 17077))
    assert len(book.snapshots) == 20 and sum(row[5] for row in book.quality) > 0
    compare(lake, "ESH4", "2023-12-25", book)


# Streams that no venue sends


STREAMS = 80
FLAGS = [0] * 6 + [128] * 12 + [32, 40, 160, 168, 64, 192, 192, 194, 4, 132, 8, 136, 2, 1, 255 - 16]
ACTIONS = "A" * 12 + "C" * 6 + "M" * 7 + "F" * 4 + "T" * 4 + "R" + "N"
HOSTILE_HOURS = (14 * 3600 + 3, 14 * 3600 + 12)


def stream(seed):
    """Records without regard for sense: few ids, colliding prices, times that run back or are missing."""
    rng = random.Random(seed)
    date = str(datetime.date(2026, 1, 5) + datetime.timedelta(days=seed))
    tick = 250_000_000
    base = rng.choice([25_000_000_000, 5_000_000_000_000, tick, tick * 201, 2**61 - 300 * tick])
    now = midnight(date) + (14 * 3600 + rng.choice([0, 2, 5])) * SECOND
    calm = rng.random() < 0.5
    rows = []
    for _ in range(rng.choice([5, 150, 500])):
        now += rng.choice([0, 0, 1, 1000, 20_000_000, 20_000_000, 60_000_000, 250_000_000, 500_000_000])
        if rng.random() < 0.01:
            now += rng.choice([SECOND, 2 * SECOND, SECOND + 1])
        event, recv = now, now + rng.choice([0, 0, 5000])
        if rng.random() < 0.03:
            event -= rng.choice([1, 10_000, 700_000_000, 3 * SECOND, 80_000 * SECOND])
        if rng.random() < 0.02:
            event = None
        if rng.random() < 0.02:
            recv = None
        action = rng.choice(ACTIONS)
        flags = rng.choice(FLAGS[:18] if calm and rng.random() < 0.98 else FLAGS)
        if action == "R" and rng.random() < 0.7:
            action = "A"
        price = base + tick * rng.choice([0, 0, 1, 1, -1, 2, -2, 3, 5, -7, 150, -199, 200, 201, -201, 260])
        price += rng.choice([0, 0, 0, 0, 1, tick // 2, -tick // 2, tick // 2 - 1])
        if rng.random() < 0.02:
            price = rng.choice([None, 0, -price, -(2**63), 2**61, 2**61 + 1, 2**63 - 2])
        size = rng.choice([0, 1, 2, 3, 5, 8, 2**32 - 1]) if rng.random() < 0.15 else rng.randint(1, 9)
        identity = rng.choice([0, 1, 2, 2**63, 2**64 - 1]) if rng.random() < 0.1 else rng.randint(1, 14)
        if action == "T" and rng.random() < 0.5:
            identity = 0
        side = rng.choice("ABABABABABN")
        rows.append((event, recv, action, side, identity, price, size, flags))
    return date, rows


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A day for each stream; parameters go by its number."""
    folder = tmp_path_factory.mktemp("hostile")
    lake = pipeline.Lake(folder / "lake")
    files, groups = [], {}
    for seed in range(STREAMS):
        date, rows = stream(seed)
        records = [
            vendorfiles.order(action, side, identity, price, size, flags, at=event, recv=recv)
            for event, recv, action, side, identity, price, size, flags in rows
        ]
        files.append(vendorfiles.mbo_file(folder / f"{date}.mbo.dbn.zst", records, date))
        groups.setdefault(hostile_parameters(seed), []).append(date)
    lake.add(*files)
    lake.run("bronze", "ESH6", ",".join(date for dates in groups.values() for date in dates)).exits(0)
    for (complete, policy), dates in groups.items():
        settings = [f"assume_complete={str(complete).lower()}", f"crossed_policy={policy}"]
        lake.run("silver,gold", "ESH6", ",".join(dates), **between(HOSTILE_HOURS), set=settings).exits(0)
    return lake


def hostile_parameters(seed):
    return bool(seed & 1), ("invalidate", "record")[seed >> 1 & 1]


@pytest.mark.parametrize("seed", range(STREAMS))
def test_silver_of_a_hostile_stream(hostile, seed):
    date, rows = stream(seed)
    start, end = (midnight(date) + seconds * SECOND for seconds in HOSTILE_HOURS)
    book = reference_book.ReferenceBook(start, end, *hostile_parameters(seed)).replay(rows)
    compare(hostile, "ESH6", date, book)


def test_hostile_streams_reach_every_counter_and_reason(hostile):
    """The streams are worth something: each column of book_quality_1s is more than zero somewhere."""
    tables = [hostile.table("silver.future_mbo.book_quality_1s", "ESH6", stream(seed)[0]) for seed in range(STREAMS)]
    for name in reference_book.COUNTERS + ["off_grid_qty", "identity_residual_max"]:
        assert any(sum(table[name].to_pylist()) for table in tables), name
    reasons = {reason for table in tables for reason in table["reason"].to_pylist()}
    assert reasons == {"ok", "bad_book", "recovering", "unseeded", "crossed"}
