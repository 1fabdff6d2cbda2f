"""Small days of many stocks in the vendor's format: small_days.py DIR FIRST_DATE DATES STOCKS

A file a date; of each stock some orders around the opening. Nothing of it is market data.
"""

import datetime
import itertools
import sys
from pathlib import Path
from types import SimpleNamespace as Mapping

import databento_dbn as dbn
import zstandard


def tickers(count):
    letters = "ABCDEFGHIJ"
    return ["".join(word) for word in itertools.islice(itertools.product("T", letters, letters, letters), count)]


def day(date, names):
    nanoseconds = int(datetime.datetime.fromisoformat(f"{date}T00:00:00+00:00").timestamp()) * 10**9
    end = date + datetime.timedelta(days=1)
    metadata = dbn.Metadata(
        dataset="XNAS.ITCH", start=nanoseconds, end=nanoseconds + 86_400 * 10**9, stype_in=dbn.SType.RAW_SYMBOL,
        stype_out=dbn.SType.INSTRUMENT_ID, schema=dbn.Schema.MBO, symbols=names, partial=[], not_found=[],
        mappings=[
            Mapping(raw_symbol=name, intervals=[Mapping(start_date=date, end_date=end, symbol=str(number))])
            for number, name in enumerate(names, 1)
        ],
    )  # fmt: skip
    records = [bytes(metadata.encode())]
    for step in range(20):
        for number in range(1, len(names) + 1):
            time = nanoseconds + 52_200 * 10**9 + step * 10**8 + number * 1000
            records.append(bytes(dbn.MBOMsg(
                publisher_id=2, instrument_id=number, ts_event=time, order_id=number * 100 + step,
                price=100_000_000_000 + (step % 10 - 10 if step % 2 else step % 10 + 1) * 10_000_000, size=100 + step,
                action=dbn.Action.ADD, side=dbn.Side.BID if step % 2 else dbn.Side.ASK, ts_recv=time + 500, flags=128,
                channel_id=0, ts_in_delta=100, sequence=step * 1000 + number,
            )))  # fmt: skip
    return b"".join(records)


def main():
    folder, first, dates, stocks = Path(sys.argv[1]), datetime.date.fromisoformat(sys.argv[2]), *map(int, sys.argv[3:])
    folder.mkdir(parents=True, exist_ok=True)
    names = tickers(stocks)
    date = first
    while dates > 0:
        if date.weekday() < 5:
            name = f"xnas-itch-{date:%Y%m%d}.mbo.dbn.zst"
            (folder / name).write_bytes(zstandard.compress(day(date, names), 3))
            dates -= 1
        date += datetime.timedelta(days=1)


main()
