"""silver.<product>.trades and quotes of the order-book products: what the book tells, spec/recorder.md 3.7.

The judge is the reference book: it replays bronze record by record and looks at the best of both sides after each
event.
"""

import pyarrow as pa
import pytest

import vendorfiles
from pipeline import vendor
from reference_book import LAST as END
from reference_book import SECOND, ReferenceBook, effective
from vendorfiles import BAD_BOOK, LAST, SNAPSHOT, midnight, order

DATE = "2026-03-03"
NOON = midnight(DATE) + 15 * 3600 * SECOND
SIDES = {"A": "sell", "B": "buy", "N": "none"}
TABLES = ("trades", "quotes")


class Feed(ReferenceBook):
    """Gathers what the book tells: trades and changes of the best bid and offer."""

    def __init__(self, rows, assume_complete=False):
        clock = max((time for time in (effective(r[1], r[2], r[8]) for r in rows) if time is not None), default=0)
        end = (clock // SECOND + 1) * SECOND
        super().__init__(end, end, assume_complete=assume_complete)
        self.trades, self.quotes, self.shown = [], [], (0, 0, 0, 0)
        self.left = iter(rows)
        self.replay([row[1:] for row in rows])

    def process(self, event, action, side, identity, price, size, flags):
        ordinal, _, recv, *_ = next(self.left)
        super().process(event, action, side, identity, price, size, flags)
        if action == "T":
            self.trades.append((self.clock, recv, 2 * ordinal, price or 0, size, SIDES[side]))
        if flags & END:
            level = self.best("B") + self.best("A") if self.valid else (0, 0, 0, 0)
            if level != self.shown:
                self.shown = level
                self.quotes.append((self.clock, recv, 2 * ordinal + 1, *level))

    def best(self, side):
        price = self.top(side)
        return (0, 0) if price is None else (price, self.depth[side][price])


def bronze(lake, product, symbol, date):
    table = lake.table(f"bronze.{product}.mbo", symbol, date)
    names = ["ordinal", "ts_event", "ts_recv", "action", "side", "order_id", "price_int", "size", "flags"]
    columns = []
    for name in names:
        column = table[name]
        columns.append((column.cast(pa.int64()) if name.startswith("ts_") else column).to_pylist())
    return list(zip(*columns))


def found(lake, product, name, symbol, date):
    table = lake.table(f"silver.{product}.{name}", symbol, date)
    assert set(table["source"].to_pylist()) <= {product}
    table = table.drop_columns("source")
    if name == "trades":
        assert set(table["conditions"].to_pylist()) <= {""}
        table = table.drop_columns("conditions")
    columns = [c.cast(pa.int64()) if pa.types.is_timestamp(c.type) else c for c in table.columns]
    return list(zip(*[column.to_pylist() for column in columns]))


def check(lake, product, symbol, date, assume_complete=False):
    rows = bronze(lake, product, symbol, date)
    feed = Feed(rows, assume_complete)
    assert found(lake, product, "trades", symbol, date) == feed.trades
    assert found(lake, product, "quotes", symbol, date) == feed.quotes
    return feed


def run(lake, symbol, date, product="future_mbo", layers="bronze,silver", **more):
    tables = ",".join(TABLES if layers == "silver" else ("mbo", *TABLES))
    return lake.run(layers, symbol, date, product=product, table=tables, **more)


@pytest.mark.parametrize(("files", "symbol", "dates"), [
    (vendorfiles.ESM4[:1], "ESM4", ["2024-05-08"]),
    (vendorfiles.ESH4, "ESH4", ["2023-12-24", "2023-12-25"]),
])  # fmt: skip
def test_real_books(lake, files, symbol, dates):
    lake.add(*vendor(*files))
    for date in dates:
        run(lake, symbol, date).exits(0)
        feed = check(lake, "future_mbo", symbol, date)
        assert feed.quotes or date == "2023-12-24"


def test_the_generated_days(lake, tmp_path):
    lake.tarn("sample", tmp_path / "days", "-p", "future_mbo,equity_mbo", "-d", DATE, "--records", "20000").exits(0)
    files = sorted((tmp_path / "days").glob("*.dbn.zst"))
    lake.tarn("raw", "add", *files).exits(0)
    run(lake, "SPY", DATE, product="equity_mbo").exits(0)
    feed = check(lake, "equity_mbo", "SPY", DATE, assume_complete=True)
    assert len(feed.trades) > 100 and len(feed.quotes) > 500
    lake.run("bronze", "ES", DATE).exits(0)
    # The contract of a root is that of its book.
    lake.run("silver", "ES", DATE, table="contract_day").exits(0)
    run(lake, "ES", DATE, layers="silver").exits(0)
    (symbol,) = lake.table("silver.future_mbo.contract_day", "ES", DATE)["selected_symbol"].to_pylist()
    feed = check(lake, "future_mbo", symbol, DATE)
    assert len(feed.trades) > 100 and len(feed.quotes) > 500
    # The order of the feed is that of the clock.
    times = [row[0] for row in feed.quotes]
    assert times == sorted(times)


def test_a_book_that_is_not_valid_is_empty(lake, tmp_path):
    """Before the snapshot, during a recovery and after a gap both sides count as empty."""
    at = iter(range(NOON, NOON + 100 * SECOND, SECOND // 2))
    one = 100 * 10**9
    rows = [
        order("A", "B", 1, one, 5, at=next(at)),
        order("R", "N", flags=SNAPSHOT, at=next(at)),
        order("A", "B", 2, one, 4, flags=SNAPSHOT, at=next(at)),
        order("A", "A", 3, one + 10**9, 6, flags=SNAPSHOT | LAST, at=next(at)),
        order("T", "B", 0, one + 10**9, 2, flags=0, at=next(at)),
        order("F", "A", 3, one + 10**9, 2, flags=0, at=next(at)),
        order("C", "A", 3, one + 10**9, 2, at=next(at)),
        order("A", "B", 4, one - 10**9, 9, at=next(at)),
        order("A", "B", 5, one, 1, flags=LAST | BAD_BOOK, at=next(at)),
        order("T", "N", 0, None, 3, at=next(at)),
        order("R", "N", at=next(at), flags=0),
        order("A", "A", 6, one, 2, at=None, recv=None),
    ]
    lake.add(vendorfiles.mbo_file(tmp_path / "day.mbo.dbn.zst", rows, DATE))
    run(lake, "ESH6", DATE).exits(0)
    feed = check(lake, "future_mbo", "ESH6", DATE)
    assert [(seq, *level) for _, _, seq, *level in feed.quotes] == [
        (7, one, 4, one + 10**9, 6),
        (13, one, 4, one + 10**9, 4),
        (17, 0, 0, 0, 0),
        (23, 0, 0, one, 2),
    ]
    assert [(seq, price, size, side) for _, _, seq, price, size, side in feed.trades] == [
        (8, one + 10**9, 2, "buy"),
        (18, 0, 3, "none"),
    ]


def test_several_publishers_are_to_be_chosen_from(lake, tmp_path):
    rows = [order("A", "B", 1, 10**11, 5, at=NOON), order("A", "B", 1, 10**11, 7, at=NOON + 1, publisher_id=2)]
    lake.add(vendorfiles.mbo_file(tmp_path / "day.mbo.dbn.zst", rows, DATE))
    run(lake, "ESH6", DATE).exits(2, "2 publishers, 1 .*--set publisher")
    assert not list((lake.root / "silver").rglob("*.parquet"))
    run(lake, "ESH6", DATE, set=["publisher=2", "assume_complete=true"]).exits(0)
    assert found(lake, "future_mbo", "quotes", "ESH6", DATE) == [(NOON + 1, NOON + 1, 3, 10**11, 7, 0, 0)]


def test_the_tables_are_those_of_the_shared_contracts(lake, tmp_path):
    rows = [order("A", "B", 1, 10**11, 5, at=NOON)]
    lake.add(vendorfiles.mbo_file(tmp_path / "day.mbo.dbn.zst", rows, DATE))
    run(lake, "ESH6", DATE, set="assume_complete=true").exits(0)
    for name in TABLES:
        assert (
            lake.manifest(f"silver.future_mbo.{name}", "ESH6", DATE)["contract"]["path"]
            == f"contracts/bronze/equity_taq/{name}.avsc"
        )
    # Futures count contracts where the file says shares.
    content = lake.file("silver.future_mbo.quotes", "ESH6", DATE).read_bytes()
    assert b"contracts" in content and b"shares" not in content
    lake.tarn("verify").exits(0)
