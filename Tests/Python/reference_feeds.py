"""Trades and quotes of docs/spec/recorder.md, section 3.7, from vendor files and from orders, in plain loops.

Companion of reference_recorder.py; rows are dictionaries by column name. Layouts are the vendor's own.
"""

import collections
from types import SimpleNamespace

import databento_dbn as dbn
import numpy as np
import reference_book
from vendorfiles import NO_PRICE, NO_TIME, plain, split, symbols_of

LAYOUTS = {
    "trades": dbn.TradeMsg,
    "mbp-1": dbn.MBP1Msg,
    "tbbo": dbn.MBP1Msg,
    "mbp-10": dbn.MBP10Msg,
    "cmbp-1": dbn.CMBP1Msg,
    "tcbbo": dbn.CMBP1Msg,
    "bbo-1s": dbn.BBOMsg,
    "cbbo-1s": dbn.CBBOMsg,
}
QUOTES_FROM = ("cmbp-1", "mbp-1", "mbp-10", "tcbbo", "tbbo", "cbbo-1s", "bbo-1s")
EVERY_PUBLISHER = ("mbp-1", "mbp-10", "bbo-1s")  # the others show the whole quote in each record
INTERVALS = ("bbo-1s", "cbbo-1s")
AGGRESSORS = {"B": "buy", "A": "sell", "N": "none"}
NO_QUOTE = (0, 0, 0, 0)


# Records


def read(path):
    """(schema, metadata, records) of a file."""
    header, body = split(plain(path))
    metadata = dbn.Metadata.decode(header, upgrade_policy=dbn.VersionUpgradePolicy.AS_IS)
    schema = str(metadata.schema)
    fields = list(LAYOUTS[schema]._dtypes) + ([("ts_out", "u8")] if metadata.ts_out else [])
    return schema, metadata, np.frombuffer(body, np.dtype(fields))


def records_of(path, symbol, date):
    """(schema, dataset, records) of a symbol in the order of the file."""
    schema, metadata, everything = read(path)
    wanted = [identity for identity, name in symbols_of(metadata, date).items() if name == symbol]
    chosen = np.flatnonzero(np.isin(everything["instrument_id"], wanted))
    kept = everything[chosen]
    names = ["publisher_id", "ts_event", "ts_recv", "price", "size", "side"]
    names += ["action"] if "action" in kept.dtype.names else []
    names += ["bid_px_00", "bid_sz_00", "ask_px_00", "ask_sz_00"] if schema != "trades" else []
    found = []
    for ordinal, *values in zip(chosen.tolist(), *(kept[name].tolist() for name in names)):
        record = SimpleNamespace(**{"ordinal": ordinal, "action": b"T"} | dict(zip(names, values)))
        record.side, record.action = record.side.decode(), record.action.decode()
        if schema != "trades":
            record.quote = record.bid_px_00, record.bid_sz_00, record.ask_px_00, record.ask_sz_00
        found.append(record)
    return schema, metadata.dataset, found


def with_times(records, schema):
    """Sets `time`, what ts_event of the row becomes; a record without any time takes those of the one before."""
    before = None
    for record in records:
        if record.ts_event == NO_TIME and record.ts_recv == NO_TIME:
            record.ts_event, record.ts_recv = before.ts_event, before.ts_recv
        record.time = record.ts_recv if schema in INTERVALS or record.ts_event == NO_TIME else record.ts_event
        before = record
    return records


# Rows


def trade_row(record, dataset):
    return {
        "ts_event": record.time,
        "ts_recv": None if record.ts_recv == NO_TIME else record.ts_recv,
        "seq": record.seq,
        "price_int": 0 if record.price == NO_PRICE else record.price,
        "size": record.size,
        "aggressor": AGGRESSORS[record.side],
        "conditions": "",
        "source": dataset,
    }


def side_of(price, size):
    return (0, 0) if price == NO_PRICE or price <= 0 or size == 0 else (price, size)


def best(tops, choose):
    """(price, size) over the publishers' (price, size) of one side."""
    prices = [price for price, _ in tops if price]
    if not prices:
        return 0, 0
    price = choose(prices)
    return price, sum(size for other, size in tops if other == price)


def quote_rows(records, schema, dataset):
    """Changes of the best quote; records in the order (time, seq)."""
    tops, last, rows = {}, NO_QUOTE, []
    for record in sorted(records, key=lambda r: (r.time, r.seq)):
        if schema not in EVERY_PUBLISHER:
            tops.clear()
        bid_price, bid_size, ask_price, ask_size = record.quote
        tops[record.publisher_id] = side_of(bid_price, bid_size), side_of(ask_price, ask_size)
        bid = best([bids for bids, _ in tops.values()], max)
        ask = best([asks for _, asks in tops.values()], min)
        if bid + ask != last:
            last = bid + ask
            rows.append(
                {
                    "ts_event": record.time,
                    "ts_recv": None if record.ts_recv == NO_TIME else record.ts_recv,
                    "seq": record.seq,
                    "bid_price_int": bid[0],
                    "bid_size": bid[1],
                    "ask_price_int": ask[0],
                    "ask_size": ask[1],
                    "source": dataset,
                }
            )
    return rows


def merge(books, trades):
    """Sets seq to the rank in the merge by ts_recv; records of each in file order."""
    clock = 0
    for group in (books, trades):
        for record in group:
            clock = record.recv = clock if record.ts_recv == NO_TIME else record.ts_recv
        clock = 0
    ranked, waiting = [], collections.deque(trades)
    trade_records_left = collections.Counter(book.recv for book in books if book.action == "T")
    for book in books:
        while waiting and waiting[0].recv <= book.recv:
            if waiting[0].recv == book.recv and trade_records_left[book.recv]:
                break
            ranked.append(waiting.popleft())
        ranked.append(book)
        if book.action == "T":
            trade_records_left[book.recv] -= 1
            if waiting and waiting[0].recv == book.recv:
                ranked.append(waiting.popleft())
    ranked.extend(waiting)
    for rank, record in enumerate(ranked):
        record.seq = rank


def trades_and_quotes(by_schema, dataset):
    """(trades, quotes) from the records of each schema, each in file order."""
    source = next((schema for schema in QUOTES_FROM if schema in by_schema), None)
    for schema, records in by_schema.items():
        for record in with_times(records, schema):
            record.seq = record.ordinal
    books, trades = by_schema.get(source, []), by_schema.get("trades")
    if source in ("tbbo", "tcbbo"):
        trades = books
    elif source in INTERVALS and trades is None:
        trades = []
    elif trades is None:
        trades = [record for record in books if record.action == "T"]
    elif source is not None:
        merge(books, trades)
    rows = [trade_row(record, dataset) for record in trades]
    return sorted(rows, key=lambda t: (t["ts_event"], t["seq"])), quote_rows(books, source, dataset)


def feed(paths, symbol, date):
    """(trades, quotes) of one symbol and date from files of distinct schemas."""
    by_schema, datasets = {}, set()
    for path in paths:
        schema, dataset, records = records_of(path, symbol, date)
        assert schema not in by_schema
        by_schema[schema] = records
        datasets.add(dataset)
    (dataset,) = datasets
    return trades_and_quotes(by_schema, dataset)


# Order-book products


class BookEvents(reference_book.ReferenceBook):
    """Trades and quotes of an order book; the book, its validity and the clock are those of book.md."""

    def __init__(self, rows, product, assume_complete):
        """rows: of bronze.<product>.mbo."""
        times = [time for row in rows for time in (row["ts_event"], row["ts_recv"]) if time is not None]
        end = max(times, default=0) + 2 * reference_book.SECOND
        super().__init__(end, end, assume_complete=assume_complete)
        self.product, self.rows, self.at = product, rows, 0
        self.trades, self.quotes, self.last = [], [], NO_QUOTE
        order = "ts_event ts_recv action side order_id price_int size flags".split()
        self.replay([tuple(row[name] for name in order) for row in rows])

    def best(self, side):
        price = self.top(side) if self.valid else None
        return (0, 0) if price is None else (price, self.depth[side][price])

    def process(self, event, action, side, identity, price, size, flags):
        super().process(event, action, side, identity, price, size, flags)
        row = self.rows[self.at]
        self.at += 1
        common = {"ts_event": self.clock, "ts_recv": row["ts_recv"], "source": self.product}
        if action == "T":
            self.trades.append(
                common
                | {
                    "seq": 2 * row["ordinal"],
                    "price_int": price or 0,
                    "size": size,
                    "aggressor": AGGRESSORS[side],
                    "conditions": "",
                }
            )
        now = self.best("B") + self.best("A")
        if flags & reference_book.LAST and now != self.last:
            self.last = now
            names = ("bid_price_int", "bid_size", "ask_price_int", "ask_size")
            self.quotes.append(common | {"seq": 2 * row["ordinal"] + 1} | dict(zip(names, now)))
