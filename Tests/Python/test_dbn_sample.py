"""The generated sample decodes with the vendor's own package, and its books hold together.

The Swift tests, run with TARN_INTEROP_DIR, write the sample into its folder `sample`, and `files.txt` with the counts.
"""

import os
import pathlib

import databento_dbn as dbn
import pytest
import zstandard

FOLDER = pathlib.Path(os.environ["TARN_INTEROP_DIR"]) / "sample" if "TARN_INTEROP_DIR" in os.environ else None
LIST = FOLDER / "files.txt" if FOLDER else None
FILES = [line.split() for line in LIST.read_text().splitlines()] if LIST and LIST.exists() else []
pytestmark = pytest.mark.skipif(not FILES, reason="no sample: run the Sample tests with TARN_INTEROP_DIR first")

DAY = 86_400 * 10**9
LAST, SNAPSHOT = 128, 32
UNDEFINED = 2**63 - 1


def decode(name):
    content = zstandard.ZstdDecompressor().decompressobj().decompress((FOLDER / name).read_bytes())
    decoder = dbn.DBNDecoder(upgrade_policy=dbn.VersionUpgradePolicy.AS_IS)
    decoder.write(content)
    metadata, *records = decoder.decode()
    return metadata, records


def code(value):
    return getattr(value, "value", value)


def new_york(name, seconds):
    """UTC nanoseconds of a New York time on the file's date; the sample's dates are in winter."""
    digits = name.split("-")[2][:8]
    from datetime import UTC, datetime

    midnight = int(datetime.strptime(digits, "%Y%m%d").replace(tzinfo=UTC).timestamp()) * 10**9
    return midnight + (5 * 3600 + seconds) * 10**9


@pytest.mark.parametrize("name,dataset,schema,count", FILES, ids=[row[0] for row in FILES])
def test_decodes(name, dataset, schema, count):
    metadata, records = decode(name)
    assert (metadata.version, metadata.dataset, str(metadata.schema)) == (3, dataset, schema)
    assert len(records) == int(count) > 0
    assert metadata.end - metadata.start == DAY
    ids = {interval["symbol"] for intervals in metadata.mappings.values() for interval in intervals}
    assert {str(record.instrument_id) for record in records} <= ids
    received = [record.ts_recv for record in records]
    assert schema in ("definition", "statistics") or received == sorted(received)
    assert metadata.start - DAY <= received[0] and received[-1] < metadata.end + 10**9


@pytest.mark.parametrize("name", [row[0] for row in FILES if row[2] == "mbo"])
def test_books_hold_together(name):
    """Every C, M and F names a live order; no event leaves a crossed book outside the evening's pre-opening."""
    _, records = decode(name)
    books = {}
    preopen, opening = new_york(name, 17 * 3600 + 2700), new_york(name, 18 * 3600)
    regular = 0
    for record in records:
        orders, depth = books.setdefault(record.instrument_id, ({}, {"B": {}, "A": {}}))

        def change(side, price, size):
            level = depth[side]
            level[price] = level.get(price, 0) + size
            if not level[price]:
                del level[price]

        action, side = code(record.action), code(record.side)
        if action == "A":
            assert record.order_id not in orders and record.size > 0
            orders[record.order_id] = (side, record.price, record.size)
            change(side, record.price, record.size)
        elif action == "C":
            old_side, price, size = orders.pop(record.order_id)
            assert (old_side, price) == (side, record.price) and record.size <= size
            change(side, price, -record.size)
            if record.size < size:
                orders[record.order_id] = (side, price, size - record.size)
        elif action == "M":
            change(*orders[record.order_id][:2], -orders[record.order_id][2])
            orders[record.order_id] = (side, record.price, record.size)
            change(side, record.price, record.size)
        elif action == "R":
            orders.clear()
            depth["A"].clear()
            depth["B"].clear()
        elif action == "F":
            assert orders[record.order_id][2] >= record.size
        if record.flags & LAST and depth["A"] and depth["B"]:
            if max(depth["B"]) >= min(depth["A"]):
                assert preopen <= record.ts_event < opening
        if new_york(name, 34_200) <= record.ts_event < new_york(name, 57_600):
            regular += 1
    assert regular > len(records) * 0.6
    snapshots = {record.instrument_id for record in records if record.flags & SNAPSHOT}
    assert name.startswith("xnas") != (snapshots == set(books))


def test_trades_are_those_of_the_quotes():
    for name in [row[0] for row in FILES if row[2] == "trades"]:
        _, trades = decode(name)
        _, quotes = decode(name.replace("trades", "mbp-1"))
        _, orders = decode(name.replace("trades", "mbo"))

        def key(records):
            return [
                (r.ts_event, r.ts_recv, r.price, r.size, code(r.side), r.sequence)
                for r in records
                if code(r.action) == "T"
            ]

        # Blocks that are printed late are in the tape alone, and nobody's aggression.
        known = set(key(orders))
        late = [one for one in key(trades) if one not in known]
        assert all(side == "N" for *_, side, _ in late) and len(late) <= 2
        assert key(trades) == key(quotes)
        assert [one for one in key(trades) if one in known] == key(orders)


def test_options_name_their_terms():
    for name in [row[0] for row in FILES if row[2] == "definition"]:
        _, definitions = decode(name)
        for definition in definitions:
            kind = code(definition.instrument_class)
            if kind in "CP":
                assert definition.underlying in ("ESH6", "SPY")
                assert definition.strike_price != UNDEFINED and definition.expiration < 2**63
            elif kind == "F":
                assert definition.raw_symbol in ("ESH6", "ESM6") and definition.asset == "ES"
