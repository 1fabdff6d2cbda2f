"""bronze.equity_taq.trades and quotes: of the vendor's files in every schema, of CSV, and of bad input.

The judge reads the same files with numpy through the vendor's own layouts and follows spec/recorder.md 3.7.
"""

import csv
import gzip

import pyarrow as pa
import pyarrow.compute as pc
import pytest
import zstandard

import vendorfiles
from pipeline import Lake, vendor
from vendorfiles import LAST, NO_PRICE, NO_TIME

DATE = "2026-03-03"
DBEQ = "real/dbeq-20240703/dbeq-basic-{}.{}.dbn.zst"
ESU4 = "real/esu4-20240701/futures_{}_2024-07-01T23-58_2024-07-02T00-02.dbn.zst"
XNAS = "synthetic/xnas-itch-20260303.{}.dbn.zst"
PREFERENCE = ["cmbp-1", "mbp-1", "mbp-10", "tcbbo", "tbbo", "cbbo-1s", "bbo-1s"]
OF_PUBLISHER = {"mbp-1", "mbp-10", "bbo-1s"}
SIDES = {b"B": "buy", b"A": "sell", b"N": "none"}
INSTANT = pa.timestamp("ns", tz="UTC")
TRADES = pa.schema(
    [
        pa.field("ts_event", INSTANT, False), ("ts_recv", INSTANT), pa.field("seq", pa.int64(), False),
        pa.field("price_int", pa.int64(), False), pa.field("size", pa.int64(), False), ("aggressor", pa.string()),
        pa.field("conditions", pa.string(), False), pa.field("source", pa.string(), False),
    ]
)  # fmt: skip
QUOTES = pa.schema(
    [
        pa.field("ts_event", INSTANT, False), ("ts_recv", INSTANT), pa.field("seq", pa.int64(), False),
        pa.field("bid_price_int", pa.int64(), False), pa.field("bid_size", pa.int64(), False),
        pa.field("ask_price_int", pa.int64(), False), pa.field("ask_size", pa.int64(), False),
        pa.field("source", pa.string(), False),
    ]
)  # fmt: skip


# The judge


class Source:
    """The records of the files of one schema, with what the order needs."""

    def __init__(self, schema, paths):
        self.schema = schema
        self.rows = []
        for path in paths:
            _, self.metadata, records = vendorfiles.read(path)
            self.rows += [dict(zip(records.dtype.names, row)) for row in records.tolist()]
        event, recv = None, None
        for ordinal, row in enumerate(self.rows):
            row["seq"] = ordinal
            own = (none(row["ts_event"]), none(row["ts_recv"]))
            event, recv = own if own != (None, None) else (event, recv)
            at_end = schema in ("bbo-1s", "cbbo-1s")
            row["at"] = recv if event is None or (at_end and recv is not None) else event
            row["recv"] = recv

    def is_trade(self, row):
        return self.schema in ("trades", "tbbo", "tcbbo") or row.get("action") == b"T"

    def merge_times(self):
        last = -(2**63)
        for row in self.rows:
            last = last if row["recv"] is None else row["recv"]
            yield last


def none(time):
    return None if time == NO_TIME else time


def merge(book, trades):
    """Ranks of both files in one stream; rows as (row, is from the trades file)."""
    left = list(zip(book.rows, book.merge_times()))
    merged = []
    position = 0
    for trade, time in zip(trades.rows, trades.merge_times()):
        while position < len(left) and left[position][1] < time:
            merged.append((left[position][0], False))
            position += 1
        end = position
        while end < len(left) and left[end][1] == time:
            end += 1
        matches = [
            index
            for index in range(position, end)
            if left[index][0]["action"] == b"T" and left[index][0]["instrument_id"] == trade["instrument_id"]
        ]
        for index in range(position, matches[0] + 1 if matches else position):
            merged.append((left[index][0], False))
            position += 1
        merged.append((trade, True))
    merged += [(row, False) for row, _ in left[position:]]
    for rank, (row, _) in enumerate(merged):
        row["seq"] = rank
    return merged


def expected(files, symbol, date):
    """Trades and quotes of a symbol. files: schema → paths, all that the day has of the symbol."""
    book = next((Source(schema, files[schema]) for schema in PREFERENCE if schema in files), None)
    trades = Source("trades", files["trades"]) if "trades" in files else None
    if book is None:
        stream = [(row, True) for row in trades.rows]
    elif trades is None or book.schema in ("tbbo", "tcbbo"):
        stream = [(row, book.is_trade(row) and "both") for row in book.rows]
    else:
        stream = merge(book, trades)
    metadata = (book or trades).metadata
    ids = {i for i, name in vendorfiles.symbols_of(metadata, date).items() if name == symbol}
    stream = [entry for entry in stream if entry[0]["instrument_id"] in ids]
    stream.sort(key=lambda entry: (entry[0]["at"], entry[0]["seq"]))
    trade_rows, quote_rows, publishers, last = [], [], {}, (0, 0, 0, 0)
    for row, trade in stream:
        common = {"ts_event": row["at"], "ts_recv": row["recv"], "seq": row["seq"], "source": metadata.dataset}
        if trade is not True and book is not None:
            bid = side(row["bid_px_00"], row["bid_sz_00"])
            ask = side(row["ask_px_00"], row["ask_sz_00"])
            if book.schema in OF_PUBLISHER:
                publishers[row["publisher_id"]] = (bid, ask)
                bids = [b for b, _ in publishers.values() if b[1]]
                asks = [a for _, a in publishers.values() if a[1]]
                bid = best(bids, max)
                ask = best(asks, min)
            if bid + ask != last:
                last = bid + ask
                names = ("bid_price_int", "bid_size", "ask_price_int", "ask_size")
                quote_rows.append(common | dict(zip(names, last)))
        if trade:
            price = 0 if row["price"] == NO_PRICE else row["price"]
            trade_rows.append(
                common
                | {"price_int": price, "size": row["size"], "aggressor": SIDES[row["side"]], "conditions": ""}
            )
    return pa.Table.from_pylist(trade_rows, TRADES), pa.Table.from_pylist(quote_rows, QUOTES)


def side(price, size):
    return (0, 0) if price == NO_PRICE or price <= 0 or size == 0 else (price, size)


def best(sides, choose):
    if not sides:
        return (0, 0)
    price = choose(price for price, _ in sides)
    return (price, sum(size for other, size in sides if other == price))


def check(lake, files, symbol, date):
    trades, quotes = expected(files, symbol, date)
    for name, table in (("trades", trades), ("quotes", quotes)):
        found = lake.table(f"bronze.equity_taq.{name}", symbol, date)
        assert found.cast(table.schema).equals(table), f"{name} of {symbol}: {found.num_rows}, not {table.num_rows}"
        state = lake.manifest(f"bronze.equity_taq.{name}", symbol, date)["day_state"]
        assert state == ("events" if table.num_rows else "no_events")
    return trades, quotes


def days(lake, files, symbols, date):
    lake.add(*[path for paths in files.values() for path in paths], product="equity_taq")
    result = lake.run("bronze", ",".join(symbols), date, product="equity_taq").exits(0)
    assert result.outcomes == {"published"}
    return result


# Real and generated files


@pytest.mark.parametrize(
    ("date", "schemas", "symbols"),
    [
        ("2024-07-01", ["tbbo"], ["RIOT", "ANGO", "YMM"]),
        ("2024-07-01", ["trades"], ["RIOT", "HL"]),
        ("2024-07-05", ["tbbo", "trades"], ["CX", "UA"]),
        ("2024-07-03", ["mbp-10"], ["ASAI", "CGAU", "HL", "RIOT"]),
        ("2024-07-03", ["mbp-10", "trades"], ["ASAI", "CGAU", "HL", "RIOT"]),
    ],
)
def test_real_equities(lake, date, schemas, symbols):
    files = {schema: vendor(DBEQ.format(date.replace("-", ""), schema)) for schema in schemas}
    days(lake, files, symbols, date)
    for symbol in symbols:
        trades, quotes = check(lake, files, symbol, date)
        assert trades.num_rows > 50
        assert (quotes.num_rows > 50) == (schemas != ["trades"])


def test_a_symbol_has_the_files_that_know_it(lake):
    """mbp-10 of 3 July knows four symbols; the others have only tbbo, and all are asked for at once."""
    date = "2024-07-03"
    files = {schema: vendor(DBEQ.format("20240703", schema)) for schema in ("mbp-10", "tbbo", "trades")}
    result = days(lake, files, ["HL", "ANGO", "RIOT", "UA"], date)
    assert sorted(task["symbols"] for task in result.json["tasks"]) == [["ANGO", "UA"], ["HL", "RIOT"]]
    check(lake, files, "HL", date)
    check(lake, {"tbbo": files["tbbo"]}, "ANGO", date)
    inputs = lake.manifest("bronze.equity_taq.quotes", "ANGO", date)["inputs"]
    assert [one["raw"].split("/")[3] for one in inputs] == ["schema=tbbo"]


@pytest.mark.parametrize("schemas", [["mbp-1"], ["mbp-1", "trades"], ["trades"]])
def test_a_future_and_generated_equities(lake, schemas):
    future = {schema: vendor(ESU4.format(schema)) for schema in schemas}
    days(lake, future, ["ESU4"], "2024-07-01")
    check(lake, future, "ESU4", "2024-07-01")
    equities = {schema: vendor(XNAS.format(schema)) for schema in schemas}
    symbols = ["AAPL", "F", "SPY"]
    result = days(lake, equities, symbols, DATE)
    # One task for all symbols: the file is decoded once.
    assert [task["symbols"] for task in result.json["tasks"]] == [symbols]
    assert result.json["tasks"][0]["records"] == sum(
        len(vendorfiles.read(path)[2]) for paths in equities.values() for path in paths
    )
    for symbol in symbols:
        check(lake, equities, symbol, DATE)


def test_equal_trades_in_two_files_change_only_the_numbers(lake, tmp_path):
    """With equal trades in both files the result is that of the book file alone, up to seq."""
    both = {schema: vendor(XNAS.format(schema)) for schema in ("mbp-1", "trades")}
    days(lake, both, ["AMD"], DATE)
    alone = Lake(tmp_path / "alone")
    days(alone, {"mbp-1": both["mbp-1"]}, ["AMD"], DATE)
    for name in ("trades", "quotes"):
        tables = [one.table(f"bronze.equity_taq.{name}", "AMD", DATE).drop_columns("seq") for one in (lake, alone)]
        assert tables[0].equals(tables[1])


def test_how_many_are_asked_for_does_not_matter(lake, tmp_path):
    files = {"mbp-1": vendor(XNAS.format("mbp-1"))}
    days(lake, files, ["AMD", "SPY", "TSLA"], DATE)
    one = Lake(tmp_path / "one")
    for symbol in ("TSLA", "AMD", "SPY"):
        days(one, files, [symbol], DATE)
    assert lake.hashes("bronze") == one.hashes("bronze")


# Worked case A5 and single rules


MS = 1_000_000
POINT = 10**9
P, Q = 39, 40


def record(at, publisher, action, bid, ask, **more):
    """A record of any schema with a quote; sides are (price, size) or None."""
    row = {
        "publisher_id": publisher,
        "instrument_id": 7,
        "ts_event": at,
        "ts_recv": at,
        "price": NO_PRICE,
        "action": action.encode(),
        "side": b"N",
        "flags": LAST,
    }
    for name, level in (("bid", bid), ("ask", ask)):
        row[f"{name}_px_00"] = int(level[0] * POINT) if level else NO_PRICE
        row[f"{name}_sz_00"] = level[1] if level else 0
    return row | more


def a5():
    """The six records; ts_recv follows their order, as in any feed."""
    trade = {"price": int(100.5 * POINT), "size": 1, "side": b"B"}
    return [
        record(1000 * MS, P, "A", (99, 5), (101, 5), ts_recv=1000 * MS),
        record(1100 * MS, Q, "A", (99, 3), (100.5, 2), ts_recv=1100 * MS),
        record(1200 * MS, P, "A", (99, 5), (101, 5), ts_recv=1200 * MS),
        record(1300 * MS, Q, "T", (99, 3), (100.5, 2), ts_recv=1300 * MS, **trade),
        record(1300 * MS, Q, "C", (99, 3), None, ts_recv=1300 * MS),
        record(1250 * MS, P, "A", (99.5, 1), (101, 5), ts_recv=1400 * MS),
    ]


def write(folder, schema, rows, name="day", dataset="DBEQ.BASIC", date="1970-01-01", instruments=None):
    names = vendorfiles.layout(schema, 3).names
    rows = [{key: value for key, value in row.items() if key in names} for row in rows]
    path = folder / f"{name}.{schema}.dbn.zst"
    return vendorfiles.file(path, schema, rows, date, instruments or {"SYM": 7}, dataset)


def tables(lake, *files, symbol="SYM", date="1970-01-01"):
    """(trades, quotes) as lists of tuples; prices in points, times in ms."""
    lake.add(*files, product="equity_taq")
    lake.run("bronze", symbol, date, product="equity_taq").exits(0)
    return rows(lake, symbol, date)


def rows(lake, symbol="SYM", date="1970-01-01"):
    def columns(name, *wanted):
        table = lake.table(f"bronze.equity_taq.{name}", symbol, date)
        for index, column in enumerate(table.column_names):
            if column.startswith("ts_"):
                table = table.set_column(index, column, table[column].cast(pa.int64()))
        return [
            tuple(
                row[key] / MS if key == "ts_event" else row[key] / POINT if key.endswith("price_int") else row[key]
                for key in wanted
            )
            for row in table.to_pylist()
        ]

    return (
        columns("trades", "ts_event", "seq", "price_int", "size", "aggressor"),
        columns("quotes", "ts_event", "seq", "bid_price_int", "bid_size", "ask_price_int", "ask_size"),
    )


A5_QUOTES = [
    (1000, 0, 99, 5, 101, 5),
    (1100, 1, 99, 8, 100.5, 2),
    (1250, 5, 99.5, 1, 100.5, 2),
    (1300, 4, 99.5, 1, 101, 5),
]


def test_case_a5(lake, tmp_path):
    trades, quotes = tables(lake, write(tmp_path, "mbp-10", a5()))
    assert quotes == A5_QUOTES
    assert trades == [(1300, 3, 100.5, 1, "buy")]


def test_case_a5_as_tbbo(lake, tmp_path):
    trades, quotes = tables(lake, write(tmp_path, "tbbo", a5()[3:4]))
    assert quotes == [(1300, 0, 99, 3, 100.5, 2)]
    assert trades == [(1300, 0, 100.5, 1, "buy")]


def test_case_a5_with_a_trades_file(lake, tmp_path):
    trades, quotes = tables(lake, write(tmp_path, "mbp-10", a5()), write(tmp_path, "trades", a5()[3:4]))
    ranks = {4: 5, 5: 6}
    assert quotes == [(time, ranks.get(seq, seq), *level) for time, seq, *level in A5_QUOTES]
    assert trades == [(1300, 4, 100.5, 1, "buy")]


def test_a_trade_without_its_record_precedes_the_book_of_its_time(lake, tmp_path):
    book = [record(1000 * MS, P, "A", (99, 5), (101, 5)), record(2000 * MS, P, "A", (99, 6), (101, 5))]
    trade = record(2000 * MS, P, "T", None, None, price=100 * POINT, size=9, side=b"A")
    trades, quotes = tables(lake, write(tmp_path, "mbp-1", book), write(tmp_path, "trades", [trade]))
    assert trades == [(2000, 1, 100, 9, "sell")]
    assert [seq for _, seq, *_ in quotes] == [0, 2]


@pytest.mark.parametrize("schema", ["mbp-1", "mbp-10", "cmbp-1", "tbbo", "tcbbo", "bbo-1s", "cbbo-1s"])
def test_every_schema_with_a_quote(lake, tmp_path, schema):
    """Two publishers, a repeated quote, a trade, an empty side, no time of its own."""
    feed = [
        record(1000 * MS, P, "A", (99, 5), (101, 5)),
        record(2000 * MS, Q, "A", (99, 1), (102, 5)),
        record(3000 * MS, P, "A", (99, 5), (101, 5)),
        record(4000 * MS, P, "T", (99, 5), (101, 5), price=101 * POINT, size=2, side=b"B"),
        record(NO_TIME, P, "C", (99, 5), None, ts_recv=5000 * MS),
        record(NO_TIME, P, "C", (-1, 5), (103, 0), ts_recv=NO_TIME),
    ]
    if schema in ("bbo-1s", "cbbo-1s"):
        # ts_event is the last sale's; the interval ends at ts_recv.
        for row in feed[:4]:
            row["ts_event"] = 500 * MS
    path = write(tmp_path, schema, feed)
    tables(lake, path)
    trades, quotes = check(lake, {schema: [path]}, "SYM", "1970-01-01")
    if schema in OF_PUBLISHER:
        levels = [(99, 5, 101, 5), (99, 6, 101, 5), (99, 6, 102, 5), (99, 1, 102, 5)]
    else:
        levels = [(99, 5, 101, 5), (99, 1, 102, 5), (99, 5, 101, 5), (99, 5, 0, 0), (0, 0, 0, 0)]
    assert [row[2:] for row in rows(lake)[1]] == levels
    assert trades.num_rows == {"bbo-1s": 0, "cbbo-1s": 0, "tbbo": 6, "tcbbo": 6}.get(schema, 1)


def test_the_first_present_schema_supplies_the_quotes(lake, tmp_path):
    feed = [record(1000 * MS, P, "A", (99, 5), (101, 5))]
    for number, schema in enumerate(PREFERENCE):
        own = [row | {"bid_sz_00": number + 1} for row in feed]
        write(tmp_path, schema, own)
    for number in reversed(range(len(PREFERENCE))):
        one = Lake(tmp_path / f"lake{number}")
        files = [tmp_path / f"day.{schema}.dbn.zst" for schema in PREFERENCE[number:]]
        _, quotes = tables(one, *files)
        assert [size for _, _, _, size, _, _ in quotes] == [number + 1]


def test_records_before_the_first_time_have_it(lake, tmp_path):
    feed = [
        record(NO_TIME, P, "A", (98, 5), (101, 5)),
        record(NO_TIME, P, "A", (99, 5), (101, 5)),
        record(2000 * MS, P, "A", (99, 6), (101, 5)),
    ]
    _, quotes = tables(lake, write(tmp_path, "mbp-1", feed))
    assert [(time, seq) for time, seq, *_ in quotes] == [(2000, 0), (2000, 1), (2000, 2)]


def test_records_that_never_have_a_time_are_an_error(lake, tmp_path):
    lake.add(write(tmp_path, "mbp-1", [record(NO_TIME, P, "A", (98, 5), (101, 5))]), product="equity_taq")
    lake.run("bronze", "SYM", "1970-01-01", product="equity_taq").exits(5, "none of its mbp-1 records has a time")
    assert lake.hashes("bronze") == {}


def test_a_faulty_record_stops_all_symbols_of_its_file(lake, tmp_path):
    """The file is named, its record and the byte; a file that lies once is not trusted for the others."""
    feed = [record(second * 1000 * MS, P, "A", (99, second), (101, 5), instrument_id=7 + second % 2) for second in range(9)]
    feed[4]["side"] = b"Q"
    path = write(tmp_path, "mbp-1", feed, instruments={"SYM": 7, "OTHER": 8})
    lake.add(path, product="equity_taq")
    header, _ = vendorfiles.split(vendorfiles.plain(path))
    place = f"day.mbp-1.dbn.zst: record 4 at byte {len(header) + 4 * 80:,}: expected a side of A B N, found 'Q'"
    lake.run("bronze", "SYM,OTHER", "1970-01-01", product="equity_taq").exits(5, place)
    lake.run("bronze", "OTHER", "1970-01-01", product="equity_taq").exits(5, place)
    assert lake.hashes("bronze") == {}


def test_an_overlap_of_two_files_counts_once(lake, tmp_path):
    feed = [record(second * 1000 * MS, P, "A", (99, second), (101, 5)) for second in range(1, 8)]
    first = write(tmp_path, "mbp-1", feed[:5], name="a")
    second = write(tmp_path, "mbp-1", feed[3:], name="b")
    _, quotes = tables(lake, first, second)
    assert [(time, seq) for time, seq, *_ in quotes] == [
        (1000, 0), (2000, 1), (3000, 2), (4000, 3), (5000, 4), (6000, 7), (7000, 8)
    ]  # fmt: skip
    assert lake.manifest("bronze.equity_taq.quotes", "SYM", "1970-01-01")["quality"]["rows_dropped"] == 2


def test_a_day_of_another_symbol_only(lake, tmp_path):
    path = write(
        tmp_path, "mbp-1", [record(1000 * MS, P, "A", (99, 5), (101, 5))], instruments={"SYM": 7, "OTHER": 8}
    )
    lake.add(path, product="equity_taq")
    lake.run("bronze", "OTHER", "1970-01-01", product="equity_taq").exits(0)
    assert lake.manifest("bronze.equity_taq.trades", "OTHER", "1970-01-01")["day_state"] == "no_events"
    lake.run("bronze", "NONE", "1970-01-01", product="equity_taq").exits(4, "knows NONE; they know OTHER, SYM")


def test_a_day_without_data(lake):
    lake.tarn("raw", "add", "--no-data", "--dataset", "XNAS.ITCH", "--schema", "mbp-1", "--dt", DATE).exits(0)
    lake.run("bronze", "SPY", DATE, product="equity_taq").exits(0)
    for name in ("trades", "quotes"):
        assert lake.manifest(f"bronze.equity_taq.{name}", "SPY", DATE)["day_state"] == "no_data"
        assert lake.table(f"bronze.equity_taq.{name}", "SPY", DATE).num_rows == 0


def test_two_datasets_are_not_mixed(lake, tmp_path):
    feed = [record(1000 * MS, P, "A", (99, 5), (101, 5))]
    lake.add(
        write(tmp_path, "mbp-1", feed),
        write(tmp_path, "trades", feed, name="other", dataset="XNAS.ITCH"),
        product="equity_taq",
    )
    lake.run("bronze", "SYM", "1970-01-01", product="equity_taq").exits(2, "several datasets: DBEQ.BASIC, XNAS.ITCH")
    assert lake.hashes("bronze") == {}


# CSV


SUFFIXES = {"": lambda data: data, ".gz": gzip.compress, ".zst": lambda data: zstandard.compress(data)}


def decimal(price):
    """Exact, without a trailing zero."""
    text = f"{abs(price):010d}"
    return ("-" if price < 0 else "") + f"{text[:-9]}.{text[-9:]}".rstrip("0").rstrip(".")


def export(table, integers=False):
    """The rows of a partition as the columns of the CSV form."""
    for row in table.to_pylist():
        out = {}
        for name, value in row.items():
            if name.startswith("ts_"):
                out[name] = "" if value is None else value.value
            elif name.endswith("price_int") and not integers:
                out[name.removesuffix("_int")] = decimal(value)
            else:
                out[name] = "" if value is None else value
        yield out


def csv_file(path, rows, suffix="", terminator="\r\n", quoting=csv.QUOTE_MINIMAL):
    import io

    rows = list(rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator=terminator, quoting=quoting)
    writer.writeheader()
    writer.writerows(rows)
    path = path.with_name(path.name + suffix)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(SUFFIXES[suffix](text.getvalue().encode()))
    return path


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    """Bronze of a real day of two symbols."""
    lake = Lake(tmp_path_factory.mktemp("day") / "lake")
    days(lake, {"mbp-10": vendor(DBEQ.format("20240703", "mbp-10"))}, ["ASAI", "HL"], "2024-07-03")
    return lake


def exported(lake, symbol, name):
    # Timestamps of pandas keep their nanoseconds.
    table = lake.table(f"bronze.equity_taq.{name}", symbol, "2024-07-03")
    return table


def same(lake, other, symbol, date="2024-07-03"):
    for name in ("trades", "quotes"):
        dataset = f"bronze.equity_taq.{name}"
        assert lake.table(dataset, symbol, date).equals(other.table(dataset, symbol, date)), name


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("integers", [False, True])
def test_csv_gives_the_same_partitions(lake, tmp_path, day, suffix, integers):
    files = [
        csv_file(tmp_path / f"{name}.csv", export(exported(day, "ASAI", name), integers), suffix)
        for name in ("trades", "quotes")
    ]
    lake.add(*files, product="equity_taq", symbol="ASAI", dt="2024-07-03")
    lake.run("bronze", "ASAI", "2024-07-03", product="equity_taq").exits(0)
    same(lake, day, "ASAI")
    assert lake.tarn("verify", "--json").exits(0)
    listed = lake.tarn("raw", "list", "--json").exits(0).json["days"]
    assert sorted(one["path"] for one in listed) == [
        f"raw/source=csv/dataset=ASAI/schema={name}/dt=2024-07-03" for name in ("quotes", "trades")
    ]
    lake.tarn("raw", "verify").exits(0)


def test_csv_of_many_symbols_and_dates(lake, tmp_path, day):
    """Columns symbol and dt choose the partition; rows in any order; all fields quoted, lines ended by LF."""
    files = []
    for name in ("trades", "quotes"):
        rows = []
        for symbol in ("HL", "ASAI"):
            for row in export(exported(day, symbol, name)):
                rows.append({"dt": "2024-07-03", "symbol": symbol} | row)
        rows += [{**row, "dt": "2024-07-02"} for row in rows[:3]]
        rows.sort(key=lambda row: (row["seq"] * 7919 % 10007, row["symbol"]))
        files.append(csv_file(tmp_path / f"{name}.csv", rows, ".gz", "\n", csv.QUOTE_ALL))
    lake.add(*files, product="equity_taq")
    result = lake.run("bronze", "ASAI,HL", "2024-07-03", product="equity_taq").exits(0)
    assert [task["symbols"] for task in result.json["tasks"]] == [["ASAI", "HL"]]
    for symbol in ("ASAI", "HL"):
        same(lake, day, symbol)
    lake.run("bronze", "HL", "2024-07-02", product="equity_taq").exits(0)
    assert lake.table("bronze.equity_taq.trades", "HL", "2024-07-02").num_rows == 3
    lake.run("bronze", "NONE", "2024-07-03", product="equity_taq").exits(4, "no CSV file of 2024-07-03 knows NONE")


def test_csv_defaults(lake, tmp_path):
    """What optional columns are without them, and what RFC 4180 allows."""
    trades = tmp_path / "trades.csv"
    trades.write_text('\ufeffsize,price,conditions,ts_event\n7,-0.5,"@,""T""\nI",2000000\r\n8,1.000000001,,1000000\n9,3,x,1000000')
    quotes = tmp_path / "quotes.csv"
    quotes.write_text("ts_event,bid_price_int,bid_size,ask_price_int,ask_size,colour\n1,0,0,5,6,red\n1,0,0,5,6,red\n\n")
    result = lake.add(trades, quotes, product="equity_taq", symbol="SYM", dt=DATE)
    assert "colour" in result.err
    lake.run("bronze", "SYM", DATE, product="equity_taq").exits(0)
    found = lake.table("bronze.equity_taq.trades", "SYM", DATE).drop_columns("ts_event").to_pylist()
    common = {"ts_recv": None, "aggressor": None, "source": "csv"}
    assert found == [
        common | {"seq": 1, "price_int": 1_000_000_001, "size": 8, "conditions": ""},
        common | {"seq": 2, "price_int": 3_000_000_000, "size": 9, "conditions": "x"},
        common | {"seq": 0, "price_int": -500_000_000, "size": 7, "conditions": '@,"T"\nI'},
    ]
    # Nothing is suppressed.
    found = lake.table("bronze.equity_taq.quotes", "SYM", DATE).to_pylist()
    assert [(row["seq"], row["bid_price_int"], row["ask_price_int"], row["ask_size"]) for row in found] == [
        (0, 0, 5, 6),
        (1, 0, 5, 6),
    ]


GOOD_TRADES = "ts_event,price,size\n1,2.5,3\n"
GOOD_QUOTES = "ts_event,bid_price,bid_size,ask_price,ask_size\n1,2,3,4,5\n"


@pytest.mark.parametrize(
    ("trades", "code", "pattern"),
    [
        ("ts_event,price,size\n1,2.x,3\n", 5, r"trades\.csv:2: column price: expected a decimal number.*found '2\.x'"),
        ("ts_event,price,size\n1,2.5,3\n1,1.0000000001,3\n", 5, r"trades\.csv:3: column price: .*at most 9 digits"),
        ("ts_event,price,size\n1,1e3,3\n", 5, r"trades\.csv:2: column price"),
        ("ts_event,price,size\n1,,3\n", 5, r"trades\.csv:2: column price: .*found ''"),
        ("ts_event,price,size\n1,9223372036.854775808,3\n", 5, r"trades\.csv:2: column price"),
        ("ts_event,price_int,size\n1,1.5,3\n", 5, r"trades\.csv:2: column price_int: expected an integer"),
        ("ts_event,price,size\n1,2.5,-3\n", 5, r"trades\.csv:2: column size: expected a size of at least 0"),
        ("ts_event,price,size\n1.5,2.5,3\n", 5, r"trades\.csv:2: column ts_event: expected an integer"),
        ("ts_event,price,size\n1,2.5\n", 5, r"trades\.csv:2: expected 3 fields, found 2"),
        ('ts_event,price,size\n1,"2.5,3\n', 5, r"trades\.csv:2: the file ends inside a quoted field"),
        ('ts_event,price,size\n1,"2.5"0,3\n', 5, r"trades\.csv:2: something other than a comma"),
        ("ts_event,price,size\n\n1,2.5,3\n", 5, r"trades\.csv:2: an empty line"),
        ("ts_event,price,size,aggressor\n1,2.5,3,BUY\n", 5, r"trades\.csv:2: column aggressor: expected buy, sell, none"),
        ("ts_event,price,size,seq\n1,2.5,3,4\n1,2.5,3,4\n", 3, r"key"),
    ],
)
def test_bad_rows(lake, tmp_path, trades, code, pattern):
    (tmp_path / "trades.csv").write_text(trades)
    (tmp_path / "quotes.csv").write_text(GOOD_QUOTES)
    lake.add(tmp_path / "trades.csv", tmp_path / "quotes.csv", product="equity_taq", symbol="SYM", dt=DATE)
    lake.run("bronze", "SYM", DATE, product="equity_taq").exits(code, pattern)
    assert lake.hashes("bronze") == {}
    assert lake.leftovers() == []


@pytest.mark.parametrize(
    ("text", "options", "code", "pattern"),
    [
        ("ts_event,price\n1,2\n", {"symbol": "SYM", "dt": DATE}, 5, r"file\.csv:1: a trades file without column size"),
        ("ts_event,bid_price,bid_size,ask_size\n", {"symbol": "SYM", "dt": DATE}, 5, r"a quotes file without column ask_price \(or ask_price_int\)"),
        ("time,what\n", {"symbol": "SYM", "dt": DATE}, 5, r"file\.csv: it is neither DBN nor CSV.*the header is neither"),
        ("", {"symbol": "SYM", "dt": DATE}, 5, r"file\.csv: it is neither DBN nor CSV.*there is no header"),
        ("ts_event,price,size,size\n", {"symbol": "SYM", "dt": DATE}, 5, r"column 'size' comes twice"),
        ("ts_event,price,price_int,size\n", {"symbol": "SYM", "dt": DATE}, 5, r"columns price and price_int"),
        (GOOD_TRADES, {"dt": DATE}, 2, r"no column symbol"),
        (GOOD_TRADES, {"symbol": "SYM"}, 2, r"no column dt"),
        ("ts_event,price,size,dt\n1,2,3,2026-03-02\n", {"symbol": "SYM", "dt": DATE}, 2, r"none of its rows is of 2026-03-03"),
        ("ts_event,price,size,dt\n1,2,3,03/02/2026\n", {"symbol": "SYM"}, 5, r"file\.csv:2: column dt: expected a date"),
        ("ts_event,price,size,symbol\n1,2,3,A\n", {"symbol": "SYM", "dt": DATE}, 2, r"none of its rows is of SYM"),
    ],
)  # fmt: skip
def test_files_that_are_not_added(lake, tmp_path, text, options, code, pattern):
    (tmp_path / "file.csv").write_text(text)
    arguments = [one for name, value in options.items() for one in (f"--{name}", value)]
    lake.tarn("raw", "add", "-p", "equity_taq", tmp_path / "file.csv", *arguments).exits(code, pattern)
    assert not list(lake.root.rglob("*.csv*"))


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_truncated_file(lake, tmp_path, suffix):
    rows = [{"ts_event": index, "price": f"{index * 7919 % 1000}.25", "size": index + 1} for index in range(50_000)]
    trades = csv_file(tmp_path / "trades.csv", rows, suffix)
    trades.write_bytes(trades.read_bytes()[:-2000])
    quotes = tmp_path / "quotes.csv"
    quotes.write_text(GOOD_QUOTES)
    lake.add(trades, quotes, product="equity_taq", symbol="SYM", dt=DATE)
    lake.run("bronze", "SYM", DATE, product="equity_taq").exits(5, r"trades\.csv\S*: .*ends too early")
    assert lake.hashes("bronze") == {}
    lake.run("bronze", "SYM", DATE, "--allow-truncated", product="equity_taq").exits(0)
    found = lake.table("bronze.equity_taq.trades", "SYM", DATE)
    assert 1000 < found.num_rows < 50_000
    assert found["size"].to_pylist() == list(range(1, found.num_rows + 1))
    assert lake.manifest("bronze.equity_taq.trades", "SYM", DATE)["truncated"]


def test_quotes_without_trades(lake, tmp_path):
    (tmp_path / "quotes.csv").write_text(GOOD_QUOTES)
    lake.add(tmp_path / "quotes.csv", product="equity_taq", symbol="SYM", dt=DATE)
    lake.run("bronze", "SYM", DATE, product="equity_taq").exits(4, "but none of trades")
    assert lake.hashes("bronze") == {}


def test_csv_and_dbn_are_not_mixed(lake, tmp_path):
    (tmp_path / "quotes.csv").write_text(GOOD_QUOTES)
    (tmp_path / "trades.csv").write_text(GOOD_TRADES)
    lake.add(tmp_path / "quotes.csv", tmp_path / "trades.csv", product="equity_taq", symbol="SYM", dt=DATE)
    feed = [record(1000 * MS, P, "A", (99, 5), (101, 5))]
    lake.add(write(tmp_path, "mbp-1", feed, date=DATE), product="equity_taq")
    lake.run("bronze", "SYM", DATE, product="equity_taq").exits(2, "not mixed")
    assert lake.hashes("bronze") == {}


def test_a_day_larger_than_the_sorter(lake, tmp_path):
    """Half a million rows in the worst order: the sorted runs go through files."""
    count = 600_000
    with gzip.open(tmp_path / "trades.csv.gz", "wt", compresslevel=1) as out:
        out.write("ts_event,price,size\n")
        for index in range(count):
            out.write(f"{index * 7919 % count},1.5,{index % 1000}\n")
    (tmp_path / "quotes.csv").write_text(GOOD_QUOTES)
    lake.add(tmp_path / "trades.csv.gz", tmp_path / "quotes.csv", product="equity_taq", symbol="SYM", dt=DATE)
    lake.run("bronze", "SYM", DATE, product="equity_taq").exits(0)
    found = lake.table("bronze.equity_taq.trades", "SYM", DATE)
    inverse = pow(7919, -1, count)
    assert found["ts_event"].cast(pa.int64()).to_pylist() == list(range(count))
    assert found["seq"].to_pylist() == [time * inverse % count for time in range(count)]
    assert lake.leftovers() == []


# The sample


def test_the_sample(lake, tmp_path):
    """The fund's trades and quotes in the vendor's schemas; and the book of its orders tells the same feed."""
    lake.tarn("sample", tmp_path / "days", "-p", "equity_taq,equity_mbo", "-d", DATE, "--records", "20000").exits(0)
    files = sorted((tmp_path / "days").glob("*.dbn.zst"))
    lake.tarn("raw", "add", *files).exits(0)
    lake.run("bronze", "SPY", DATE, product="equity_taq").exits(0)
    feeds = {schema: [path for path in files if f".{schema}." in path.name] for schema in ("mbp-1", "trades")}
    trades, quotes = check(lake, feeds, "SPY", DATE)
    assert trades.num_rows > 500 and quotes.num_rows > 2000
    lake.run("bronze,silver", "SPY", DATE, product="equity_mbo", table="mbo,trades,quotes").exits(0)
    # The two late prints were made without an order.
    is_late = pc.and_(pc.equal(trades["aggressor"], "none"), pc.equal(trades["size"], 5000))
    assert pc.sum(is_late).as_py() == 2
    trades = trades.filter(pc.invert(is_late))
    for name, table in (("trades", trades), ("quotes", quotes)):
        own = ["seq", "source"]
        book = lake.table(f"silver.equity_mbo.{name}", "SPY", DATE).drop_columns(own)
        assert book.equals(table.drop_columns(own).cast(book.schema)), name
