"""A plain book in Python: the reference of the tests, whose rows are those of silver.

    book_python.py symbol LAKE INSTRUMENT     the contract of an instrument
    book_python.py replay BRONZE.parquet      nanoseconds per record, and best prices on the way
"""

import json
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Tests" / "Python"))
from reference_book import LAST, SECOND, ReferenceBook, effective  # noqa: E402


def symbol(lake, instrument):
    for path in sorted(Path(lake).glob("bronze/product_type=future_mbo/table=mbo/symbol=*/dt=*/*.parquet")):
        ids = pq.read_table(path, columns=["instrument_id"], partitioning=None)["instrument_id"]
        if ids[0].as_py() == int(instrument):
            return path.parts[-3].removeprefix("symbol=")
    sys.exit(f"no contract has instrument {instrument}")


def records(path):
    table = pq.read_table(path, partitioning=None)
    names = "ts_event ts_recv action side order_id price_int size flags".split()
    columns = []
    for name in names:
        column = table[name]
        columns.append((column.cast("int64") if name.startswith("ts_") else column).to_pylist())
    return list(zip(*columns))


class Watched(ReferenceBook):
    """Best prices after every thousandth event that changed the book, as the other program takes them."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.seen, self.batches, self.tops_seen, self.is_open = 0, 0, [], False

    def process(self, event, action, side, identity, price, size, flags):
        super().process(event, action, side, identity, price, size, flags)
        self.seen += 1
        self.is_open = self.is_open or action in "ACMR"
        if flags & LAST and self.is_open:
            self.is_open = False
            self.batches += 1
            if self.batches % 1000 == 0:
                tops = [self.top(side) for side in "BA"]
                self.tops_seen.append([self.seen, *(f"{p / 1e9:.2f}" if p is not None else None for p in tops)])


def replay(path):
    """Five minutes with flows after all that was before them, as the engine does it; best prices of the beginning."""
    rows = records(path)
    day = rows[0][1] // (86_400 * SECOND) * 86_400 * SECOND
    first, last = (day + minutes * 60 * SECOND for minutes in (14 * 60 + 30, 14 * 60 + 35))
    rows = [row for row in rows if effective(row[0], row[1], row[7]) < last]
    start = time.thread_time_ns()
    ReferenceBook(first, last).replay(rows)
    spent = time.thread_time_ns() - start
    return {"ns": spent / len(rows), "tops": Watched(first, last).replay(rows[:50_000]).tops_seen}


if sys.argv[1] == "symbol":
    print(json.dumps(symbol(*sys.argv[2:])))
else:
    print(json.dumps(replay(sys.argv[2])))
