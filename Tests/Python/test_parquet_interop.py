"""Parquet files of tarn in pyarrow, polars, pandas and DuckDB, and theirs in tarn.

No side is asked what it wrote: every cell is a formula of its row (`Tests/ParquetTests/Formula.swift` has the same
ones), so each program's reading is compared with the formula.

Run it with pytest after `swift build -c release --build-tests` (or `swift test -c release`):

1. the fixture writes foreign files to `<dir>/foreign`,
2. it runs the Swift tests named InteropTests with TARN_INTEROP_DIR=<dir>: they check the foreign files and leave
   theirs in `<dir>/tarn`,
3. the tests below read these.

<dir> is TARN_INTEROP_DIR when set, else a temporary folder.
"""

import os
import pathlib
import subprocess

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
U64 = np.uint64


def mix(rows, salt):
    """SplitMix64's output function of row and salt."""
    with np.errstate(over="ignore"):
        z = rows.astype(U64) + U64(salt) * U64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> U64(30))) * U64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> U64(27))) * U64(0x94D049BB133111EB)
        return z ^ (z >> U64(31))


def pick(values, index):
    return np.array(values, dtype=object)[index]


SPECIALS = [0.0, 5e-324, -5e-324, 1.7976931348623157e308, -1.7976931348623157e308, 2.2250738585072014e-308,
            2.2250738585072014e-308 / 1024, float("inf"), float("-inf"), 0.1]
I64, I32 = np.iinfo(np.int64), np.iinfo(np.int32)
NS, MS = pa.timestamp("ns", "UTC"), pa.timestamp("ms", "UTC")


def int64(values, null=None, type=pa.int64()):
    return pa.array(values.astype(np.int64), pa.int64(), mask=null).cast(type)


def int32(values, null=None, type=pa.int32()):
    return pa.array(values.astype(np.int32), pa.int32(), mask=null).cast(type)


def mod(rows, salt, n):
    return (mix(rows, salt) % U64(n)).astype(np.int64)


#: name -> (nullable, formula of an array of rows)
FORMULAS = {
    "ordinal": (False, lambda i: int64(i)),
    "ts_ns": (True, lambda i: int64(1_767_600_000_000_000_000 + i * 1_000_003 + mod(i, 2, 1000), mod(i, 1, 10) == 3, NS)),
    "ts_ms": (False, lambda i: int64(1_767_600_000_000 + i * 7, type=MS)),
    "day": (True, lambda i: int32(20_454 + i // 1000, i % 50 < 3, pa.date32())),
    "constant": (False, lambda i: int32(i * 0 + 160)),
    "few": (False, lambda i: int32(mod(i, 3, 7) - 3)),
    "price": (True, lambda i: int64((4000 + mod(i, 5, 500)) * 250_000_000, mod(i, 4, 100) == 0)),
    "wild64": (False, lambda i: int64(mix(i, 6).view(np.int64))),
    "wild32": (False, lambda i: int32((mix(i, 7) & U64(0xFFFFFFFF)).astype(np.uint32).view(np.int32))),
    "extreme64": (False, lambda i: int64(np.array([I64.min, I64.max, 0, -1, 1])[i % 5])),
    "extreme32": (True, lambda i: int32(np.array([I32.min, 0, I32.max, 0, -1, 1])[i % 6], i % 6 == 1)),
    "runs": (False, lambda i: int32(i // 100 % 5)),
    "growing": (False, lambda i: int64((mix(i, 8) % (i // 64 + 1).astype(U64)).astype(np.int64) * 1_000_000_007)),
    "flag": (False, lambda i: pa.array(mod(i, 9, 2) == 1, pa.bool_())),
    "maybe": (True, lambda i: pa.array(i // 40 % 2 == 0, pa.bool_(), mask=mod(i, 10, 5) == 0)),
    "side": (False, lambda i: pa.array(pick(["N", "B", "A"], mod(i, 11, 3)), pa.string())),
    "side_or_null": (True, lambda i: pa.array(pick(["N", "B", "A"], i // 30 % 3), pa.string(), mask=mod(i, 12, 4) == 0)),
    "name": (False, lambda i: pa.array([f"name-{k}" for k in mod(i, 13, 200)], pa.string())),
    "unique": (False, lambda i: pa.array([f"row {r} é{k}" for r, k in zip(i, mod(i, 14, 100_000))], pa.string())),
    "text": (True, lambda i: pa.array(pick(["", "x", "Ω", "long enough to leave the string itself"], i % 4), pa.string(),
                                      mask=i % 3 == 0)),
    "value": (False, lambda i: pa.array((mod(i, 15, 2_000_001) - 1_000_000) / 1024, pa.float64())),
    "sparse": (True, lambda i: pa.array(i * 0.1, pa.float64(), mask=mod(i, 16, 4) != 0)),
    "zero": (False, lambda i: pa.array(i * 0.0, pa.float64())),
    "special": (False, lambda i: pa.array(np.array(SPECIALS)[i % 10], pa.float64())),
    "null_int": (True, lambda i: pa.nulls(len(i), pa.int64())),
    "null_double": (True, lambda i: pa.nulls(len(i), pa.float64())),
    "null_text": (True, lambda i: pa.nulls(len(i), pa.string())),
    "null_flag": (True, lambda i: pa.nulls(len(i), pa.bool_())),
    "half_null": (True, lambda i: int32(i, i < len(i) // 2)),
}


def expected(rows, names=FORMULAS, nullable=None):
    i = np.arange(rows, dtype=np.int64)
    fields, arrays = [], []
    for name in names:
        null, formula = FORMULAS[name]
        arrays.append(formula(i))
        fields.append(pa.field(name, arrays[-1].type, null if nullable is None else nullable))
    return pa.table(arrays, schema=pa.schema(fields))


def write_foreign(folder):
    """Files of every writer at hand, with what tarn's reader supports and some of what it does not."""
    delta, lengths, prefixes, split = ("DELTA_BINARY_PACKED", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY", "BYTE_STREAM_SPLIT")
    ints = ["ordinal", "constant", "few", "wild64", "wild32", "extreme64", "extreme32", "growing", "price", "null_int"]
    texts = ["name", "unique", "text", "null_text", "side_or_null"]
    doubles = ["value", "sparse", "special", "null_double"]
    encodings = {**{c: delta for c in ints}, **{c: lengths for c in texts}, **{c: split for c in doubles}}
    variants = {
        "default": dict(compression="zstd"),
        "v2": dict(compression="zstd", data_page_version="2.0"),
        "plain": dict(compression="none", use_dictionary=False),
        "plainv2": dict(compression="none", use_dictionary=False, data_page_version="2.0"),
        "lz4": dict(compression="lz4", row_group_size=777),
        "snappy": dict(compression="snappy", data_page_size=3000, write_batch_size=100),
        "snappyv2": dict(compression="snappy", data_page_version="2.0"),
        "smallpages": dict(compression="zstd", data_page_size=512, write_batch_size=64, write_page_index=True),
        "fallback": dict(compression="zstd", dictionary_pagesize_limit=1000, data_page_size=2000, write_batch_size=100),
        "encoded": dict(compression="zstd", use_dictionary=False, column_encoding=encodings, write_page_checksum=True),
        "encodedv2": dict(compression="none", use_dictionary=False, data_page_version="2.0",
                          column_encoding={**encodings, **{c: prefixes for c in texts}, **{c: split for c in ints},
                                           "flag": "RLE", "maybe": "RLE", "null_flag": "RLE"}),
        "prefixes": dict(compression="lz4", use_dictionary=False, data_page_size=1000, write_batch_size=50,
                         column_encoding={c: prefixes for c in texts}),
    }
    for rows in (0, 1, 30, 5000, 140_000):
        table = expected(rows)
        for name, options in variants.items():
            if rows == 140_000 and name in ("smallpages", "lz4", "prefixes"):
                continue
            pq.write_table(table, folder / f"pyarrow-{name}-{rows}.parquet", **options)
        pq.write_table(expected(rows, nullable=True), folder / f"pyarrow-optional-{rows}.parquet", compression="zstd")
        frame = pl.from_arrow(table)
        frame.write_parquet(folder / f"polars-default-{rows}.parquet")
        frame.write_parquet(folder / f"polars-lz4-{rows}.parquet", compression="lz4", row_group_size=1000, data_page_size=3000)
        frame.write_parquet(folder / f"polars-none-{rows}.parquet", compression="uncompressed", statistics=False)
        # DuckDB has no timestamps that are both UTC and ns, nor ms.
        plain = table.drop_columns(["ts_ns", "ts_ms"])
        for version in ("V1", "V2"):
            duckdb.from_arrow(plain).query(
                "t", f"COPY (SELECT * FROM t ORDER BY ordinal) TO '{folder}/duckdb-{version}-{rows}.parquet' "
                f"(FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION {version})")

    i = np.arange(10)
    unsupported = {
        "brotli": (pa.table({"ordinal": i}), dict(compression="brotli")),
        "gzip": (pa.table({"ordinal": i}), dict(compression="gzip")),
        "nested": (pa.table({"ordinal": [[1], [2, 3]]}), {}),
        "FLOAT": (pa.table({"ordinal": i.astype(np.float32)}), {}),
        "unsigned": (pa.table({"ordinal": i.astype(np.uint32)}), {}),
        "microseconds": (pa.table({"ordinal": pa.array(i).cast(pa.timestamp("us", "UTC"))}), {}),
        "time zone": (pa.table({"ordinal": pa.array(i).cast(pa.timestamp("ns"))}), {}),
        "DECIMAL": (pa.table({"ordinal": pa.array(i).cast(pa.decimal128(25, 3))}), {}),
        "BYTE_ARRAY": (pa.table({"ordinal": pa.array([b"x"])}), {}),
    }
    for word, (table, options) in unsupported.items():
        pq.write_table(table, folder / f"unsupported-{word}.parquet", **options)


@pytest.fixture(scope="session")
def interop(tmp_path_factory):
    configured = os.environ.get("TARN_INTEROP_DIR")
    folder = pathlib.Path(configured) if configured else tmp_path_factory.mktemp("interop")
    (folder / "foreign").mkdir(parents=True, exist_ok=True)
    write_foreign(folder / "foreign")
    run = subprocess.run(
        ["swift", "test", "-c", "release", "--skip-build", "--filter", "ParquetTests.InteropTests"], cwd=ROOT,
        env={**os.environ, "TARN_INTEROP_DIR": str(folder)}, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
    return folder / "tarn"


FILES = {
    **{f"all-{rows}-{codec}.parquet": (rows, list(FORMULAS))
       for rows, codec in [(0, "zstd1"), (1, "none"), (7, "lz4"), (1000, "zstd9"), (131_072, "none"), (131_073, "lz4"),
                           (300_000, "zstd1")]},
    "long-1400000-zstd1.parquet": (1_400_000, ["ordinal", "ts_ns", "growing", "text", "sparse", "side_or_null"]),
}


@pytest.fixture(scope="session", params=FILES)
def case(request, interop):
    rows, names = FILES[request.param]
    order = [n for n in FORMULAS if n in names]
    return interop / request.param, expected(rows, order)


def same(found, wanted):
    """Same columns in the same order, every cell equal, doubles by their bits."""
    assert found.column_names == wanted.column_names
    assert found.num_rows == wanted.num_rows
    for name in wanted.column_names:
        a = found[name].combine_chunks()
        b = wanted[name].combine_chunks()
        assert a.cast(b.type).equals(b), name
        if pa.types.is_floating(b.type):
            values = lambda x: x.drop_null().to_numpy(zero_copy_only=False).view(np.int64)
            assert (values(a) == values(b)).all(), name


def test_pyarrow(case):
    path, wanted = case
    found = pq.ParquetFile(path, page_checksum_verification=True).read()
    assert found.schema.equals(wanted.schema)
    same(found, wanted)


def test_polars(case):
    path, wanted = case
    frame = pl.read_parquet(path)
    if wanted.num_rows:
        assert frame.schema["ts_ns"] == pl.Datetime("ns", "UTC")
    same(frame.to_arrow(), wanted)
    lazy = pl.scan_parquet(path).filter(pl.col("ordinal") >= wanted.num_rows // 2).collect()
    assert lazy.height == wanted.num_rows - wanted.num_rows // 2


def test_duckdb(case):
    path, wanted = case
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'; SET preserve_insertion_order = true")
    found = connection.sql(f"SELECT * FROM '{path}'").to_arrow_table()
    same(found, wanted)


def test_pandas(case):
    path, wanted = case
    frame = pd.read_parquet(path, dtype_backend="pyarrow")
    same(pa.Table.from_pandas(frame, preserve_index=False), wanted)


def test_metadata(interop):
    file = pq.ParquetFile(interop / "all-1000-zstd9.parquet")
    assert file.metadata.created_by == "tarn"
    assert file.metadata.metadata == {b"dataset": b"interop", b"fingerprint": "ü".encode()}
    assert file.metadata.format_version == "2.6"
    for c in range(file.metadata.num_columns):
        chunk = file.metadata.row_group(0).column(c)
        assert chunk.has_offset_index and chunk.has_column_index
        assert chunk.metadata == {b"unit": f"unit of {chunk.path_in_schema}".encode()}


def test_statistics(interop):
    """Every row group's bounds and null counts are those of its rows."""
    path = interop / "long-1400000-zstd1.parquet"
    file = pq.ParquetFile(path)
    wanted = expected(*FILES[path.name])
    first = 0
    for g in range(file.metadata.num_row_groups):
        group = file.metadata.row_group(g)
        rows = wanted.slice(first, group.num_rows)
        first += group.num_rows
        for c in range(group.num_columns):
            statistics = group.column(c).statistics
            column = rows[group.column(c).path_in_schema].combine_chunks()
            values = column.drop_null()
            assert statistics.null_count == column.null_count
            if pa.types.is_string(column.type):
                texts = sorted(set(values.to_pylist()), key=lambda s: s.encode())
                assert (statistics.min, statistics.max) == (texts[0], texts[-1])
            else:
                bounds = pa.compute.min_max(values)
                assert pa.scalar(statistics.min, values.type).equals(bounds["min"]), group.column(c)
                assert pa.scalar(statistics.max, values.type).equals(bounds["max"]), group.column(c)


def test_pages_are_skipped_and_nothing_is_lost(interop):
    """Readers that use bounds and the page index find what is there."""
    path = interop / "long-1400000-zstd1.parquet"
    for low, high in [(0, 10), (131_071, 131_073), (1_048_570, 1_048_580), (1_399_990, 1_400_000)]:
        rows = list(range(low, high))
        condition = f"ordinal >= {low} AND ordinal < {high}"
        assert [r[0] for r in duckdb.sql(f"SELECT ordinal FROM '{path}' WHERE {condition}").fetchall()] == rows
        assert pq.read_table(path, filters=[("ordinal", ">=", low), ("ordinal", "<", high)])["ordinal"].to_pylist() == rows
        found = pl.scan_parquet(path).filter(pl.col("ordinal").is_between(low, high, closed="left")).collect()
        assert found["ordinal"].to_list() == rows
    count = len([r for r in range(1_400_000) if r % 3 and r % 4 == 2])
    assert duckdb.sql(f"SELECT count(*) FROM '{path}' WHERE text = 'Ω'").fetchall()[0][0] == count
    assert pl.scan_parquet(path).filter(pl.col("text") == "Ω").collect().height == count
    assert duckdb.sql(f"SELECT count(*) FROM '{interop}/all-300000-zstd1.parquet' WHERE zero = 0").fetchall()[0][0] == 300_000
