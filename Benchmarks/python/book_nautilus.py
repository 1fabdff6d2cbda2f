"""Nanoseconds per record of NautilusTrader's L3 book (Rust behind Python) on a bronze table.

    book_nautilus.py BRONZE.parquet

Deltas are made before, one batch for each event of the exchange; only their application is timed.
"""

import json
import sys
import time

import pyarrow.parquet as pq
from nautilus_trader.core import nautilus_pyo3 as nt

LAST = 128
ACTIONS = {"A": nt.BookAction.ADD, "C": nt.BookAction.DELETE, "M": nt.BookAction.UPDATE, "R": nt.BookAction.CLEAR}
SIDES = {"B": nt.OrderSide.BUY, "A": nt.OrderSide.SELL, "N": nt.OrderSide.NO_ORDER_SIDE}


def batches(table):
    """Batches of deltas. A cancel that leaves a part of the order is an update."""
    instrument = nt.InstrumentId.from_str("ES.GLBX")
    prices, sizes, left = {}, {}, {}
    none = nt.BookOrder(nt.OrderSide.NO_ORDER_SIDE, nt.Price(0.0, 2), nt.Quantity(0, 0), 0)
    batch, records = [], 0
    columns = [table[name].to_pylist() for name in "action side price_int size order_id flags".split()]
    for number, (action, side, price, size, identity, flags) in enumerate(zip(*columns)):
        kind = ACTIONS.get(action)
        if kind is not None:
            if action == "R":
                left.clear()
                order = none
            else:
                if action == "C":
                    size = max(left.get(identity, 0) - size, 0)
                    if size:
                        kind = nt.BookAction.UPDATE
                if action == "C" and not size:
                    left.pop(identity, None)
                else:
                    left[identity] = size
                if price not in prices:
                    prices[price] = nt.Price(price / 1e9, 2)
                if size not in sizes:
                    sizes[size] = nt.Quantity(size, 0)
                order = nt.BookOrder(SIDES[side], prices[price], sizes[size], identity)
            batch.append(nt.OrderBookDelta(instrument, kind, order, 0, number, number, number))
        records += 1
        if flags & LAST and batch:
            yield nt.OrderBookDeltas(instrument, batch), records
            batch, records = [], 0
    if batch:
        yield nt.OrderBookDeltas(instrument, batch), records


def main():
    table = pq.read_table(sys.argv[1], partitioning=None)
    made = list(batches(table))
    book = nt.OrderBook(nt.InstrumentId.from_str("ES.GLBX"), nt.BookType.L3_MBO)
    spent, done, tops = 0, 0, []
    clock = time.thread_time_ns
    for start in range(0, len(made), 1000):
        part = made[start : start + 1000]
        begin = clock()
        for deltas, _ in part:
            book.apply_deltas(deltas)
        spent += clock() - begin
        done += sum(records for _, records in part)
        tops.append([done, *(str(p) if (p := best()) is not None else None for best in (book.best_bid_price, book.best_ask_price))])
    print(json.dumps({"ns": spent / done, "tops": tops}))


main()
