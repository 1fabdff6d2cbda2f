"""Bronze holds what the vendor's files hold: every kept record, every column, null exactly where the file says so.

The judge decodes the same bytes with numpy through the vendor's own layouts.
"""

import shutil

import databento_dbn as dbn
import numpy as np
import pyarrow as pa
import pytest

import vendorfiles
from pipeline import Lake, vendor
from vendorfiles import DATA, LAST, NO_PRICE, NO_TIME, SECOND, future, midnight, order

INSTANT = pa.timestamp("ns", tz="UTC")
MBO = [
    ("ordinal", pa.int64()), ("ts_recv", INSTANT), ("ts_event", INSTANT), ("ts_in_delta", pa.int32()),
    ("rtype", pa.int32()), ("publisher_id", pa.int32()), ("instrument_id", pa.int64()), ("raw_symbol", pa.string()),
    ("channel_id", pa.int32()), ("sequence", pa.int64()), ("order_id", pa.int64()), ("action", pa.string()),
    ("side", pa.string()), ("price_int", pa.int64()), ("size", pa.int64()), ("flags", pa.int32()),
]  # fmt: skip
DEFINITION = [
    ("ordinal", pa.int64()), ("ts_recv", INSTANT), ("ts_event", INSTANT), ("publisher_id", pa.int32()),
    ("instrument_id", pa.int64()), ("raw_symbol", pa.string()), ("security_update_action", pa.string()),
    ("instrument_class", pa.string()), ("security_type", pa.string()), ("asset", pa.string()),
    ("exchange", pa.string()), ("currency", pa.string()), ("underlying_id", pa.int64()), ("underlying", pa.string()),
    ("activation", INSTANT), ("expiration", INSTANT), ("strike_price_int", pa.int64()),
    ("min_price_increment_int", pa.int64()),
]  # fmt: skip
STATISTICS = [
    ("ordinal", pa.int64()), ("ts_recv", INSTANT), ("ts_event", INSTANT), ("ts_ref", INSTANT),
    ("publisher_id", pa.int32()), ("instrument_id", pa.int64()), ("raw_symbol", pa.string()),
    ("channel_id", pa.int32()), ("sequence", pa.int64()), ("ts_in_delta", pa.int32()), ("stat_type", pa.int32()),
    ("update_action", pa.int32()), ("stat_flags", pa.int32()), ("price_int", pa.int64()), ("quantity", pa.int64()),
]  # fmt: skip
COLUMNS = {"mbo": MBO, "definition": DEFINITION, "statistics": STATISTICS}
SOURCES = {"price_int": "price", "strike_price_int": "strike_price", "min_price_increment_int": "min_price_increment"}
NULLABLE = {
    "ts_recv", "ts_event", "ts_ref", "activation", "expiration", "price_int", "strike_price_int",
    "min_price_increment_int", "quantity",
}  # fmt: skip


def expected(schema, version, records, ordinals, names):
    """The table of the records, their symbols given."""
    arrays = []
    for column, kind in COLUMNS[schema]:
        source = SOURCES.get(column, column)
        if column == "ordinal":
            values, null = np.asarray(ordinals, "i8"), None
        elif column == "raw_symbol" and schema != "definition":
            arrays.append(pa.array(names, kind))
            continue
        elif records.dtype[source].kind == "S":
            arrays.append(pa.array([value.decode() for value in records[source].tolist()], kind))
            continue
        else:
            values, null = records[source], None
        if column in NULLABLE:
            null = values == (NO_TIME if kind == INSTANT else NO_PRICE)
            if column == "quantity" and version < 3:
                null |= values == 2**31 - 1
        values = np.ascontiguousarray(values)
        if column in ("order_id",) or kind == INSTANT:
            values = values.view("i8")
        array = pa.array(values.astype("i4" if kind == pa.int32() else "i8"), mask=null)
        arrays.append(array.cast(kind))
    return pa.table(arrays, names=[name for name, _ in COLUMNS[schema]])


def check(lake, schema, symbol, date, table):
    """The partition equals the table: names, types, nullability, values, nulls."""
    found = lake.table(f"bronze.future_mbo.{schema}", symbol, date)
    assert found.column_names == table.column_names
    for field in found.schema:
        assert field.type == table.schema.field(field.name).type, field
        assert field.nullable == (field.name in NULLABLE), field
        mine, other = found[field.name].combine_chunks(), table[field.name].combine_chunks()
        assert mine.null_count == other.null_count, field.name
        assert mine.equals(other), field.name
    manifest = lake.manifest(f"bronze.future_mbo.{schema}", symbol, date)
    assert manifest["rows"] == table.num_rows == manifest["files"][0]["rows"]
    assert manifest["day_state"] == ("events" if table.num_rows else "no_events")


def check_file(lake, path, schema, symbol, date):
    """Orders by contract: the file's symbology on the date says whose a record is."""
    version, metadata, records = vendorfiles.read(path)
    names = vendorfiles.symbols_of(metadata, date)
    ids = [identity for identity, name in names.items() if name == symbol]
    kept = np.flatnonzero(np.isin(records["instrument_id"], ids))
    check(lake, schema, symbol, date, expected(schema, version, records[kept], kept, [symbol] * len(kept)))
    return len(kept)


# Real and synthetic files


def test_esm4(esm4):
    (orders, definition) = vendor(*vendorfiles.ESM4)
    assert check_file(esm4, orders, "mbo", "ESM4", "2024-05-08") == 13_796
    version, _, records = vendorfiles.read(definition)
    check(esm4, "definition", "ES", "2024-05-08", expected("definition", version, records, [0], []))


@pytest.mark.parametrize("index,date,count", [(0, "2023-12-24", 8_725), (1, "2023-12-25", 68_792)])
def test_esh4(esh4, index, date, count):
    assert check_file(esh4, vendor(vendorfiles.ESH4[index])[0], "mbo", "ESH4", date) == count


@pytest.mark.parametrize("symbol", ["ESH6", "NQH6"])
def test_two_contracts_of_one_file_keep_their_own_records(synthetic, symbol):
    (path,) = vendor(vendorfiles.SYNTHETIC[0])
    assert check_file(synthetic, path, "mbo", symbol, "2026-03-03") == 500_000


@pytest.mark.parametrize("root", ["ES", "NQ"])
def test_definitions_and_statistics_by_root(synthetic, root):
    for schema, path in zip(("definition", "statistics"), vendor(*vendorfiles.SYNTHETIC[1:])):
        version, metadata, records = vendorfiles.read(path)
        names = vendorfiles.symbols_of(metadata, "2026-03-03")
        mine = [index for index, record in enumerate(records) if names[record["instrument_id"]].startswith(root)]
        symbols = [names[identity] for identity in records["instrument_id"][mine]]
        table = expected(schema, version, records[mine], mine, symbols)
        assert table.num_rows == {"definition": 1, "statistics": 6}[schema]
        check(synthetic, schema, root, "2026-03-03", table)


VENDOR = sorted(path.name for path in (DATA / "vendor" / "dbn").glob("test_data.mbo.*"))


@pytest.mark.parametrize("name", VENDOR or [pytest.param("", marks=pytest.mark.skip("the vendor's files are not here"))])
def test_official_files(lake, name):
    path = DATA / "vendor" / "dbn" / name
    lake.add(path)
    lake.run("bronze", "ESH1", "2020-12-28", table="mbo").exits(0)
    assert check_file(lake, path, "mbo", "ESH1", "2020-12-28") == 2


# Forms of files, made here

DATE = "2026-03-03"
NINE = midnight(DATE) + 14 * 3600 * SECOND


def extremes():
    """Each field at the ends of its range, and each undefined value on its own."""
    rows = [order("A", "B", index, 25_000_000_000, 5, at=NINE + index) for index in range(40)]
    big = dict(
        order_id=2**64 - 1, size=2**32 - 1, flags=255, channel_id=255, sequence=2**32 - 1, ts_in_delta=2**31 - 1
    )
    rows[3] |= big
    rows[4] |= {"ts_in_delta": -(2**31), "order_id": 2**63, "price": -(2**63)}
    rows[5] |= {"price": NO_PRICE}
    rows[6] |= {"ts_event": NO_TIME}
    rows[7] |= {"ts_recv": NO_TIME}
    rows[8] |= {"ts_event": NO_TIME, "ts_recv": NO_TIME, "price": NO_PRICE, "size": 0}
    rows[9] |= {"ts_event": 2**63 - 1, "ts_recv": 0, "price": 2**63 - 2}
    for index, action in enumerate("ACMRTFN"):
        for place, side in enumerate("ABN"):
            rows[10 + index * 3 + place] |= {"action": action.encode(), "side": side.encode()}
    rows[31]["publisher_id"] = 2**16 - 1
    return rows


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("ts_out", [False, True], ids=["", "ts_out"])
@pytest.mark.parametrize("frames", [0, 1, 3], ids=["plain", "one frame", "three frames"])
def test_every_form_of_a_file(lake, version, ts_out, frames):
    name = "day.mbo.dbn" + (".zst" if frames else "")
    more = {"version": version, "ts_out": ts_out}
    path = vendorfiles.mbo_file(lake.root.parent / name, extremes(), DATE, frames=frames, **more)
    lake.add(path)
    lake.run("bronze", "ESH6", DATE).exits(0)
    assert check_file(lake, path, "mbo", "ESH6", DATE) == 40
    assert lake.table("bronze.future_mbo.mbo", "ESH6", DATE)["order_id"][3].as_py() == -1


def test_other_record_types_are_skipped_but_counted(lake):
    """A system message and a type that nobody knows, among orders, have ordinals of their own."""
    rows = [order("A", "B", index + 1, 25_000_000_000, 5, at=NINE + index) for index in range(4)]
    body = vendorfiles.records("mbo", rows).tobytes()
    system = bytes(dbn.SystemMsg(NINE, "Heartbeat"))
    unknown = bytes([5, 250]) + bytes(18)
    path = lake.root.parent / "day.mbo.dbn.zst"
    body = unknown + body[:112] + system + body[112:] + unknown
    vendorfiles.write(path, vendorfiles.metadata("mbo", {"ESH6": 7}, DATE), body)
    lake.add(path)
    lake.run("bronze", "ESH6", DATE).exits(0)
    records = vendorfiles.records("mbo", rows)
    check(lake, "mbo", "ESH6", DATE, expected("mbo", 3, records, [1, 2, 4, 5], ["ESH6"] * 4))


def test_only_outright_futures_of_the_root_are_kept(lake):
    """A root takes its outrights, each into its own partition; spreads, other roots and options stay out."""
    instruments = {
        "ESH6": 1, "ESM6": 2, "ESZ26": 3, "ESH6-ESM6": 4, "NQH6": 5, "ESA6": 6, "ESH": 7, "ESH126": 8,
        "ES": 9, "MESH6": 10, "ESH6 C5000": 11, "UD:1V: VT 1": 12, "EESH6": 13, "ESU6": 14,
    }  # fmt: skip
    rows = [
        order("A", "B", 100 + turn * 20 + identity, 25_000_000_000, 1, at=NINE + turn, instrument_id=identity)
        for turn in range(3)
        for identity in list(instruments.values())[:-1]
    ]
    path = vendorfiles.mbo_file(lake.root.parent / "day.mbo.dbn.zst", rows, DATE, instruments)
    lake.add(path)
    lake.run("bronze", "ES", DATE).exits(0)
    here = sorted(folder.name for folder in (lake.root / "bronze").glob("*/table=mbo/symbol=*"))
    assert here == ["symbol=ESH6", "symbol=ESM6", "symbol=ESU6", "symbol=ESZ26"]
    for symbol, count in {"ESH6": 3, "ESM6": 3, "ESZ26": 3, "ESU6": 0}.items():
        assert check_file(lake, path, "mbo", symbol, DATE) == count


@pytest.mark.parametrize("version", [1, 2, 3])
def test_definitions_of_every_version(lake, version):
    rows = [
        future("ESH6", 1, midnight("2026-03-20"), ts_event=NINE, ts_recv=NINE + 5, activation=NINE - 7),
        future("ESM6", 2, NO_TIME, ts_event=NO_TIME, ts_recv=NO_TIME, security_update_action=b"M"),
        future("ESH6-ESM6", 3, midnight("2026-03-20"), instrument_class=b"S", min_price_increment=NO_PRICE),
        future("E1A C5000", 4, midnight("2026-03-06"), asset=b"EW1", underlying=b"ESH6", underlying_id=1,
               instrument_class=b"C", strike_price=5_000_000_000_000),
        future("NQH6", 5, midnight("2026-03-20"), asset=b"NQ"),
        future("ESH6", 1, midnight("2026-03-21"), ts_event=NINE + 9, publisher_id=65_535, instrument_class=b""),
    ]  # fmt: skip
    instruments = {row["raw_symbol"].decode(): row["instrument_id"] for row in rows}
    records = vendorfiles.records("definition", rows, version)
    header = vendorfiles.metadata("definition", instruments, DATE, version)
    lake.add(vendorfiles.write(lake.root.parent / "day.definition.dbn.zst", header, records))
    lake.run("bronze", "ES", DATE, table="definition").exits(0)
    kept = [0, 1, 2, 3, 5]
    check(lake, "definition", "ES", DATE, expected("definition", version, records[kept], kept, []))


@pytest.mark.parametrize("version", [1, 2, 3])
def test_statistics_of_every_version(lake, version):
    """Undefined quantities: 2^63 − 1, and 2^31 − 1 where the file has 32 bits for them."""
    widest = 2**31 - 1 if version < 3 else 2**63 - 1
    quantities = [0, 1, -5, 2**31 - 2, widest]
    rows = [
        {"publisher_id": 1, "instrument_id": identity, "ts_event": NINE + index, "ts_recv": NINE + index + 3,
         "ts_ref": NO_TIME if index % 2 else NINE, "price": NO_PRICE if index % 3 else 25_000_000_000 + index,
         "quantity": quantity, "sequence": 2**32 - 1 - index, "ts_in_delta": -index, "stat_type": index + 1,
         "channel_id": 9, "update_action": 1 + index % 2, "stat_flags": 255 - index}
        for index, (quantity, identity) in enumerate((q, i) for q in quantities for i in (1, 2, 3))
    ]  # fmt: skip
    if version == 3:
        rows[3]["quantity"] = 2**31 - 1
        rows[6]["quantity"] = 2**63 - 2
    instruments = {"ESH6": 1, "NQH6": 2, "ESH6-ESM6": 3}
    records = vendorfiles.records("statistics", rows, version)
    header = vendorfiles.metadata("statistics", instruments, DATE, version)
    lake.add(vendorfiles.write(lake.root.parent / "day.statistics.dbn.zst", header, records))
    lake.run("bronze", "ES", DATE, table="statistics").exits(0)
    kept = [index for index, row in enumerate(rows) if row["instrument_id"] != 2]
    symbols = [{1: "ESH6", 3: "ESH6-ESM6"}[rows[index]["instrument_id"]] for index in kept]
    check(lake, "statistics", "ES", DATE, expected("statistics", version, records[kept], kept, symbols))


# Several files of a day


def test_an_overlap_of_two_files_is_dropped_and_keeps_its_ordinals(lake):
    """The synthetic orders cut in two files that share k records; then the same without an overlap."""
    (path,) = vendor(vendorfiles.SYNTHETIC[0])
    _, metadata, records = vendorfiles.read(path)
    records = records[:60_000]
    header, _ = vendorfiles.split(vendorfiles.plain(path))
    names = vendorfiles.symbols_of(metadata, DATE)
    ids = {symbol: identity for identity, symbol in names.items()}
    cut = 41_234
    for k in (0, 1, 3_000, 10_000):
        other = Lake(lake.root.parent / f"lake-{k}")
        folder = lake.root.parent / f"files-{k}"
        # The names, not the order of adding, say which is first.
        other.add(vendorfiles.write(folder / "b.mbo.dbn.zst", header, records[cut - k :]))
        other.add(vendorfiles.write(folder / "a.mbo.dbn.zst", header, records[:cut]))
        other.run("bronze", "ESH6,NQH6", DATE, table="mbo").exits(0)
        ordinals = np.concatenate([np.arange(cut), np.arange(cut + k, len(records) + k)])
        for symbol, identity in ids.items():
            mine = np.flatnonzero(records["instrument_id"] == identity)
            table = expected("mbo", 3, records[mine], ordinals[mine], [symbol] * len(mine))
            check(other, "mbo", symbol, DATE, table)
        dropped = [
            other.manifest("bronze.future_mbo.mbo", symbol, DATE)["quality"]["rows_dropped"] for symbol in ids
        ]
        assert sum(dropped) == k
        shutil.rmtree(other.root)


def test_the_largest_overlap_counts_and_partial_repeats_are_kept(lake):
    """Records that occur twice on purpose: only the end of one file that equals the start of the next goes."""
    a, b, c, d = (order("A", "B", index, 25_000_000_000, 1, at=NINE + index) for index in range(4))
    files = {"a": [a, b, a, b], "b": [a, b, c, c], "c": [c, d], "d": [a]}
    header = vendorfiles.metadata("mbo", {"ESH6": 7}, DATE)
    for name, rows in files.items():
        records = vendorfiles.records("mbo", rows)
        lake.add(vendorfiles.write(lake.root.parent / "files" / f"{name}.mbo.dbn.zst", header, records))
    lake.run("bronze", "ESH6", DATE).exits(0)
    # a: 0–3; b: 4–7, of which 4 and 5 repeat; c: 8, 9, of which 8 repeats; d: 10.
    kept = [(0, a), (1, b), (2, a), (3, b), (6, c), (7, c), (9, d), (10, a)]
    records = vendorfiles.records("mbo", [row for _, row in kept])
    check(lake, "mbo", "ESH6", DATE, expected("mbo", 3, records, [n for n, _ in kept], ["ESH6"] * len(kept)))


def test_instruments_change_their_ids_between_files(lake):
    """Each file's own symbology maps its records."""
    first = [order("A", "B", 1, 25_000_000_000, 1, at=NINE, instrument_id=7)]
    second = [order("A", "B", 2, 25_000_000_000, 1, at=NINE + 1, instrument_id=8)]
    folder = lake.root.parent / "files"
    lake.add(vendorfiles.mbo_file(folder / "a.dbn.zst", first, DATE, {"ESH6": 7, "ESM6": 8}))
    lake.add(vendorfiles.mbo_file(folder / "b.dbn.zst", second, DATE, {"ESH6": 8, "ESM6": 7}))
    lake.run("bronze", "ESH6", DATE).exits(0)
    records = vendorfiles.records("mbo", first + second)
    check(lake, "mbo", "ESH6", DATE, expected("mbo", 3, records, [0, 1], ["ESH6", "ESH6"]))


def test_a_file_without_records_gives_an_empty_partition(lake):
    lake.add(vendorfiles.mbo_file(lake.root.parent / "day.mbo.dbn.zst", [], DATE))
    lake.run("all", "ESH6", DATE).exits(0)
    check(lake, "mbo", "ESH6", DATE, expected("mbo", 3, vendorfiles.records("mbo", []), [], []))


def test_last_flags_do_not_matter_to_bronze(lake):
    """What silver would refuse is bronze's to keep: an aggregated level, two publishers."""
    rows = [order("A", "B", 1, 25_000_000_000, 1, at=NINE, flags=LAST | vendorfiles.MBP, publisher_id=1),
            order("A", "B", 2, 25_000_000_000, 1, at=NINE, publisher_id=2)]  # fmt: skip
    path = vendorfiles.mbo_file(lake.root.parent / "day.mbo.dbn.zst", rows, DATE)
    lake.add(path)
    lake.run("bronze", "ESH6", DATE).exits(0)
    assert check_file(lake, path, "mbo", "ESH6", DATE) == 2
