"""The vendor's files for tests: read into numpy with the vendor's own layouts, and written from rows.

Nothing here knows tarn. Layouts are the `_dtypes` of databento-dbn; metadata is encoded and decoded by it.
"""

import datetime
import os
import pathlib
from types import SimpleNamespace

import databento_dbn as dbn
import numpy as np
import zstandard

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = pathlib.Path(os.environ.get("TARN_TEST_DATA", ROOT.parent / "shared" / "data"))

SECOND = 10**9
DAY = 86_400 * SECOND
NO_PRICE = 2**63 - 1
NO_TIME = 2**64 - 1

LAST, TOB, SNAPSHOT, MBP, BAD_TIME, BAD_BOOK = 128, 64, 32, 16, 8, 4

ESM4 = [
    "real/esm4-20240508/orderbooks_mbo_2024-05-08T00-00-00_2024-05-08T00-00-02.dbn.zst",
    "real/esm4-20240508/orderbooks_definition.dbn.zst",
]
ESH4 = [
    "real/esh4-20231224/esh4-glbx-mdp3-20231224.mbo.dbn.zst",
    "real/esh4-20231224/esh4-glbx-mdp3-20231225.mbo.dbn.zst",
]
SYNTHETIC = [
    "synthetic/glbx-mdp3-20260303.mbo.dbn.zst",
    "synthetic/glbx-mdp3-20260303.definition.dbn.zst",
    "synthetic/glbx-mdp3-20260303.statistics.dbn.zst",
]


def midnight(date):
    """UTC nanoseconds of 00:00 UTC of an ISO date."""
    day = datetime.date.fromisoformat(str(date))
    return (day - datetime.date(1970, 1, 1)).days * DAY


def clock(seconds):
    """HH:MM:SS of a second of the day, 24:00:00 for its end."""
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


# Reading


def plain(path):
    """The bytes of a file without its compression, however many frames it has."""
    content = pathlib.Path(path).read_bytes()
    if content[:3] == b"DBN":
        return content
    whole = b""
    while content:
        frame = zstandard.ZstdDecompressor().decompressobj()
        whole += frame.decompress(content)
        content = frame.unused_data
    return whole


# Schema → the vendor's record type, by name and by number.
KINDS = {
    "mbo": ("MBOMsg", 160),
    "definition": ("InstrumentDefMsg", 19),
    "statistics": ("StatMsg", 24),
    "trades": ("TradeMsg", 0),
    "mbp-1": ("MBP1Msg", 1),
    "tbbo": ("MBP1Msg", 1),
    "mbp-10": ("MBP10Msg", 10),
    "bbo-1s": ("BBOMsg", 195),
    "cmbp-1": ("CMBP1Msg", 177),
    "tcbbo": ("CMBP1Msg", 194),
    "cbbo-1s": ("CBBOMsg", 192),
}


def layout(schema, version, ts_out=False):
    """The vendor's numpy layout of a record."""
    module = {1: dbn.v1, 2: dbn.v2, 3: dbn.v3}[version]
    kind = KINDS[schema][0]
    fields = list((getattr(module, kind, None) or getattr(dbn, kind))._dtypes)
    return np.dtype(fields + ([("ts_out", "u8")] if ts_out else []))


def split(content):
    """Metadata bytes and record bytes of a plain file."""
    end = 8 + int.from_bytes(content[4:8], "little")
    return content[:end], content[end:]


def read(path):
    """(version, metadata as the vendor decodes it, records in the file's own layout)."""
    header, body = split(plain(path))
    metadata = dbn.Metadata.decode(header, upgrade_policy=dbn.VersionUpgradePolicy.AS_IS)
    records = np.frombuffer(body, layout(str(metadata.schema), header[3], metadata.ts_out))
    assert (records["length"].astype(int) * 4 == records.dtype.itemsize).all()
    return header[3], metadata, records


def symbols_of(metadata, date):
    """instrument id → symbol on an ISO date, for files that map raw symbols to ids."""
    return {
        int(interval["symbol"]): symbol
        for symbol, intervals in metadata.mappings.items()
        for interval in intervals
        if str(interval["start_date"]) <= str(date) < str(interval["end_date"]) and interval["symbol"]
    }


# Writing


def metadata(schema, instruments, date, version=3, ts_out=False, dataset="GLBX.MDP3", days=1):
    """The header of a file of one day.

    instruments: symbol → id. Both symbology directions occur in the wild; this is raw_symbol → instrument_id.
    """
    first = datetime.date.fromisoformat(str(date))
    interval = {"start_date": first, "end_date": first + datetime.timedelta(days)}
    return dbn.Metadata(
        dataset=dataset,
        start=midnight(date),
        end=midnight(date) + days * DAY,
        stype_in=dbn.SType.RAW_SYMBOL,
        stype_out=dbn.SType.INSTRUMENT_ID,
        schema=dbn.Schema.from_str(schema),
        symbols=list(instruments),
        mappings=[
            SimpleNamespace(raw_symbol=symbol, intervals=[SimpleNamespace(**interval, symbol=str(identity))])
            for symbol, identity in instruments.items()
        ],
        version=version,
        ts_out=ts_out,
    ).encode()


def order(action, side="N", order_id=0, price=None, size=0, flags=LAST, at=None, recv="same", **more):
    """One order record as a dictionary; None as a price or time is the vendor's undefined value."""
    event = NO_TIME if at is None else at
    return {
        "publisher_id": 1,
        "instrument_id": 7,
        "ts_event": event,
        "ts_recv": event if recv == "same" else NO_TIME if recv is None else recv,
        "order_id": order_id,
        "price": NO_PRICE if price is None else price,
        "size": size,
        "flags": flags,
        "channel_id": 0,
        "action": action.encode(),
        "side": side.encode(),
        "ts_in_delta": 0,
        "sequence": 0,
    } | more


def records(schema, rows, version=3, ts_out=False):
    """Rows (dictionaries) in the vendor's layout; fields that a row does not name are zero."""
    kind = layout(schema, version, ts_out)
    made = np.zeros(len(rows), kind)
    made["length"] = kind.itemsize // 4
    made["rtype"] = KINDS[schema][1]
    for index, row in enumerate(rows):
        for name, value in row.items():
            made[name][index] = value
    return made


def future(symbol, instrument, expiration, **more):
    """One definition of an outright future, the columns that bronze keeps."""
    return {
        "publisher_id": 1,
        "instrument_id": instrument,
        "raw_symbol": symbol.encode(),
        "security_update_action": b"A",
        "instrument_class": b"F",
        "security_type": b"FUT",
        "asset": b"ES",
        "exchange": b"XCME",
        "currency": b"USD",
        "expiration": expiration,
        "activation": NO_TIME,
        "strike_price": NO_PRICE,
        "min_price_increment": 250_000_000,
    } | more


def option(symbol, instrument, underlying, right, strike, expiration, **more):
    """One definition of an option."""
    return future(symbol, instrument, expiration) | {
        "instrument_class": right.encode(),
        "security_type": b"OOF",
        "asset": b"E1A",
        "underlying": underlying.encode(),
        "strike_price": NO_PRICE if strike is None else strike,
    } | more


def quote(instrument, bid, bid_size, ask, ask_size, action="A", flags=LAST, at=0, **more):
    """One consolidated quote as a dictionary."""
    return {
        "publisher_id": 30,
        "instrument_id": instrument,
        "ts_event": at,
        "ts_recv": at,
        "price": NO_PRICE,
        "action": action.encode(),
        "side": b"N",
        "flags": flags,
        "bid_px_00": NO_PRICE if bid is None else bid,
        "ask_px_00": NO_PRICE if ask is None else ask,
        "bid_sz_00": bid_size,
        "ask_sz_00": ask_size,
    } | more


def file(path, schema, rows, date, instruments, dataset="GLBX.MDP3"):
    """A file of one schema and day."""
    return write(path, metadata(schema, instruments, date, dataset=dataset), records(schema, rows))


def write(path, header, body, frames=1):
    """Writes a file; frames: number of zstd frames the bytes are cut into, 0 for none."""
    content = header + (body if isinstance(body, bytes) else body.tobytes())
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if frames:
        cuts = [len(content) * i // frames for i in range(frames + 1)]
        pieces = [content[a:b] for a, b in zip(cuts, cuts[1:])]
        content = b"".join(zstandard.ZstdCompressor(level=1).compress(piece) for piece in pieces)
    path.write_bytes(content)
    return path


def mbo_file(path, rows, date, instruments=None, frames=1, **more):
    """A day of orders of one contract."""
    header = metadata("mbo", instruments or {"ESH6": 7}, date, **more)
    kind = {name: more[name] for name in ("version", "ts_out") if name in more}
    return write(path, header, records("mbo", rows, **kind), frames)
