"""Broken and hostile files, made and not kept: each a name, its bytes, and what tarn must say about it.

    python Tests/Python/broken_files.py FOLDER     writes them all, with expected.txt beside them

A case is (name, make, message): `make()` gives the bytes, `message` is part of the error, or, for a file that is only
strange and must be read, the number of its rows. Kinds differ in how tarn is given the file: test_hostile_files.py."""

import json
import pathlib
import struct
import sys

import numpy as np
import zstandard

import vendorfiles
from vendorfiles import midnight, order

DATE = "2026-03-03"
MEBI = 1 << 20


def orders(count=40):
    at = midnight(DATE) + 14 * 3600 * 10**9
    return [
        order("A", "AB"[i % 2], i + 1, 25_000_000_000 - 250_000_000 * (i % 2), 5, at=at + i * 50_000_000)
        for i in range(count)
    ]


def header(symbols=None):
    return vendorfiles.metadata("mbo", symbols or {"ESH6": 7}, DATE)


def body(count=40):
    return vendorfiles.records("mbo", orders(count)).tobytes()


HEADER = header()
END = len(HEADER)


def patched(offset, replacement, content=None):
    content = bytearray(HEADER + body() if content is None else content)
    content[offset : offset + len(replacement)] = replacement
    return bytes(content)


def with_record(index, name, value):
    records = vendorfiles.records("mbo", orders())
    records[name][index] = value
    return HEADER + records.tobytes()


def packed(content, **more):
    return zstandard.ZstdCompressor(level=1, **more).compress(content)


def zeros_behind(content, count):
    """One frame that expands to content and count zeros, made in pieces."""
    compressor = zstandard.ZstdCompressor(level=1).compressobj()
    pieces = [compressor.compress(content)] + [compressor.compress(bytes(MEBI)) for _ in range(count // MEBI)]
    return b"".join(pieces) + compressor.flush()


MOST = b"\xff\xff\xff\xff"


def renamed(symbol):
    """The file maps another name of the same width."""
    content = HEADER + body()
    assert content.count(b"ESH6") == 2
    return content.replace(b"ESH6" + bytes(len(symbol) - 4), symbol)


# Fields of the metadata of version 3 by their offset: lengths in bytes 4, dataset 8, schema 24, symbol width 53,
# schema definition 108, number of symbols 112; the first symbol has 71 bytes, then come the other lists.
PARTIAL = 116 + 71
MAPPINGS = PARTIAL + 8
INTERVALS = MAPPINGS + 4 + 71

DBN = [
    ("empty file", lambda: b"", "it is neither DBN nor CSV of trades or quotes: there is no header"),
    ("magic only", lambda: b"DBN", "at byte 3: expected 5 more bytes of metadata, found the end of the stream"),
    ("another format", lambda: b"PK\x03\x04" + bytes(100), "it is neither DBN nor CSV of trades or quotes: the header is neither that of trades"),
    ("all zeros", lambda: bytes(4096), "it is neither DBN nor CSV of trades or quotes: the header is neither that of trades"),
    ("version 0", lambda: patched(3, b"\x00"), "at byte 3: expected version 1, 2 or 3, found 0"),
    ("version 255", lambda: patched(3, b"\xff"), "at byte 3: expected version 1, 2 or 3, found 255"),
    ("metadata of 2^32 - 1 bytes", lambda: patched(4, MOST), "at byte 4: expected a metadata length of 120…536870912, found 4294967295"),
    ("metadata longer than the file", lambda: patched(4, struct.pack("<I", 1 << 28)), "at byte 2,600: expected 268432864 more bytes of metadata, found the end of the stream"),
    ("metadata of no bytes", lambda: patched(4, bytes(4)), "at byte 4: expected a metadata length of 120…536870912, found 0"),
    ("unknown schema", lambda: patched(24, struct.pack("<H", 999)), "at byte 112: expected a schema code of 0…19 or 65535, found 999"),
    ("symbols of no width", lambda: patched(53, bytes(2)), "at byte 112: expected a symbol width of at least 22, found 0"),
    ("symbols of 1 byte", lambda: patched(53, b"\x01\x00"), "at byte 112: expected a symbol width of at least 22, found 1"),
    ("symbols of 65,535 bytes", lambda: patched(53, b"\xff\xff"), "at byte 112: expected at most 0 symbols of 65535 bytes, found a count of 1"),
    ("schema definition of 2^32 - 1 bytes", lambda: patched(108, MOST), "at byte 112: expected no schema definition, found 4294967295 bytes of one"),
    ("2^32 - 1 symbols", lambda: patched(112, MOST), "at byte 112: expected at most 3 symbols of 71 bytes, found a count of 4294967295"),
    ("2^32 - 1 partial symbols", lambda: patched(PARTIAL, MOST), "at byte 187: expected at most 2 symbols of 71 bytes, found a count of 4294967295"),
    ("2^32 - 1 mappings", lambda: patched(MAPPINGS, MOST), "at byte 195: expected at most 2 mappings of 75 bytes, found a count of 4294967295"),
    ("2^32 - 1 intervals", lambda: patched(INTERVALS, MOST), "at byte 270: expected at most 1 intervals of 79 bytes, found a count of 4294967295"),
    ("an interval of no date", lambda: patched(INTERVALS + 4, struct.pack("<I", 99_999_999)), "at byte 274: expected a date YYYYMMDD, found 99999999"),
    ("a symbol that is not UTF-8", lambda: renamed(b"\xff\xfeH6"), "at byte 116: expected a symbol of 71 bytes in UTF-8, found other bytes"),
    ("a symbol that is a path", lambda: renamed(b"../../../../tmp/x"), "no raw mbo file of 2026-03-03 knows ESH6; they know ../../../../tmp/x"),
    ("a symbol that is absolute", lambda: renamed(b"/etc/passwd"), "no raw mbo file of 2026-03-03 knows ESH6; they know /etc/passwd"),
    ("a symbol of no bytes", lambda: renamed(bytes(4)), "no raw mbo file of 2026-03-03 knows ESH6; they know no symbol"),
    ("no symbols", lambda: vendorfiles.metadata("mbo", {}, DATE) + body(), "no raw mbo file of 2026-03-03 knows ESH6; they know no symbol"),
    ("60,000 symbols, 9 MB of metadata",
     lambda: header({f"S{i}": 1000 + i for i in range(60_000)} | {"ESH6": 7}) + body(), 40),
    ("a record of no length", lambda: with_record(5, "length", 0), "record 5 at byte 640: expected a record of type 160 with 56 bytes, found a length of 0"),
    ("a record shorter than its type", lambda: with_record(5, "length", 13), "record 5 at byte 640: expected a record of type 160 with 56 bytes, found a length of 52"),
    ("a record longer than its type", lambda: with_record(5, "length", 15), "record 5 at byte 640: expected a record of type 160 with 56 bytes, found a length of 60"),
    ("a record of 1,020 bytes", lambda: with_record(5, "length", 255), "record 5 at byte 640: expected a record of type 160 with 56 bytes, found a length of 1020"),
    ("a record of an unknown type", lambda: with_record(5, "rtype", 99), 39),
    ("an unknown action", lambda: with_record(5, "action", b"\xff"), "record 5 at byte 640: expected an action of A C M R T F N, found byte 255"),
    ("a cut record", lambda: (HEADER + body())[:-1], "record 39 at byte 2,544: expected a record of 56 bytes, found the end of the stream after 55"),
    ("text behind the records", lambda: HEADER + body() + b"hello world", "record 40 at byte 2,600: expected a record of 416 bytes, found the end of the stream after 11"),
    ("Zstandard magic only", lambda: b"\x28\xb5\x2f\xfd", "at byte 0: expected 8 more bytes of metadata, found the end of the stream"),
    ("Zstandard garbage", lambda: b"\x28\xb5\x2f\xfd" + b"\xff" * 100, "at byte 0: expected a sound Zstandard frame, found Unsupported frame parameter"),
    ("a window of 2^41 bytes", lambda: b"\x28\xb5\x2f\xfd\x00\xf8" + bytes(20), "at byte 0: expected a Zstandard window within the limit, found a longer one"),
    ("a frame that says it has 2^62 bytes", lambda: b"\x28\xb5\x2f\xfd\xe0" + struct.pack("<Q", 1 << 62) + bytes(20), "at byte 0: expected a Zstandard window within the limit, found a longer one"),
    ("a frame without its end", lambda: packed(HEADER + body(5000))[:-7], "at byte 262,144: expected the rest of a Zstandard frame, found the end of the file"),
    ("a frame with a wrong checksum",
     lambda: packed(HEADER + body(), write_checksum=True)[:-1] + b"\x55", "at byte 360: expected a sound Zstandard frame, found Restored data doesn't match checksum"),
    ("text behind the frame", lambda: packed(HEADER + body()) + b"hello world", "at byte 2,600: expected the end of the file or another Zstandard frame, found other bytes"),
    ("skippable frames only", lambda: struct.pack("<II", 0x184D2A50, 8) * 2 + bytes(8), "at byte 0: expected the end of the file or another Zstandard frame, found other bytes"),
    ("a skippable frame of 2^32 - 1 bytes",
     lambda: packed(HEADER + body()) + struct.pack("<II", 0x184D2A50, 0xFFFFFFFF) + bytes(9), "at byte 2,600: expected the rest of a Zstandard frame, found the end of the file"),
    ("20,000 empty frames", lambda: packed(b"") * 20_000 + packed(HEADER + body()), 40),
    ("a gibibyte of zeros for records", lambda: zeros_behind(HEADER, 1024 * MEBI), "record 0 at byte 360: expected a record of type 0 with 48 bytes, found a length of 0"),
    ("400 MiB of zeros for metadata",
     lambda: zeros_behind(b"DBN\x03" + struct.pack("<I", 400 * MEBI) + HEADER[8:], 400 * MEBI), "record 0 at byte 419,430,408: expected a record of type 0 with 48 bytes, found a length of 0"),
]  # fmt: skip


# Parquet: footers by hand, in Thrift's compact protocol.


def varint(n):
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def zigzag(n):
    return varint((n << 1 if n >= 0 else (-n << 1) - 1) & (1 << 64) - 1)


def structure(*fields):
    """(id, type, encoded) in ascending order of ids; types: 5 i32, 6 i64, 8 binary, 9 list, 12 struct."""
    out, last = b"", 0
    for number, kind, value in fields:
        out, last = out + bytes([(number - last) << 4 | kind]) + value, number
    return out + b"\x00"


def binary(text):
    return varint(len(text)) + text


def several(kind, elements, announced=None):
    count = len(elements) if announced is None else announced
    head = bytes([count << 4 | kind]) if count < 15 else bytes([0xF0 | kind]) + varint(count)
    return head + b"".join(elements)


def schema_of(columns):
    root = structure((4, 8, binary(b"schema")), (5, 5, zigzag(len(columns))))
    return several(12, [root] + [structure((1, 5, zigzag(2)), (3, 5, zigzag(0)), (4, 8, binary(c))) for c in columns])


def chunk(column, offset, values, compressed, uncompressed, codec=0):
    return structure(
        (2, 6, zigzag(offset)),
        (3, 12, structure(
            (1, 5, zigzag(2)), (2, 9, several(5, [zigzag(0)])), (3, 9, several(8, [binary(column)])), (4, 5, zigzag(codec)),
            (5, 6, zigzag(values)), (6, 6, zigzag(uncompressed)), (7, 6, zigzag(compressed)), (9, 6, zigzag(offset)))),
    )  # fmt: skip


def parquet(footer, pages=b"", length=None):
    return b"PAR1" + pages + footer + struct.pack("<I", len(footer) if length is None else length) + b"PAR1"


def table(rows, columns=(b"x",), groups=None, pairs=None):
    fields = [(1, 5, zigzag(2)), (2, 9, schema_of(columns)), (3, 6, zigzag(rows)), (4, 9, groups or several(12, []))]
    return structure(*fields, *([(5, 9, pairs)] if pairs else []))


def one_page(page, values, codec=0, uncompressed=None):
    """A column x of one page."""
    size = uncompressed or len(page)
    group = structure((1, 9, several(12, [chunk(b"x", 4, values, len(page), size, codec)])), (2, 6, zigzag(size)), (3, 6, zigzag(values)))
    return parquet(table(values, groups=several(12, [group])), page)


def page(content, values, uncompressed, encoding=0):
    """A data page of version 1."""
    data = structure((1, 5, zigzag(values)), (2, 5, zigzag(encoding)), (3, 5, zigzag(3)), (4, 5, zigzag(3)))
    return structure((1, 5, zigzag(0)), (2, 5, zigzag(uncompressed)), (3, 5, zigzag(len(content))), (5, 12, data)) + content


PARQUET = [
    ("empty table", lambda: b"", "is not a file that tarn knows: it is empty"),
    ("magics only", lambda: b"PAR1PAR1", "file at byte 0: 8 bytes are too few for a Parquet file"),
    ("no magic", lambda: b"XXXX" + bytes(20) + b"PAR1", "is not a file that tarn knows: it begins with bytes 58 58 58 58"),
    ("no magic at the end", lambda: b"PAR1" + bytes(20), "file at byte 20: does not end with PAR1"),
    ("encrypted", lambda: b"PAR1" + bytes(20) + b"PARE", "footer at byte 24: the file is encrypted"),
    ("a footer of 2^32 - 1 bytes", lambda: parquet(b"", length=0xFFFFFFFF), "footer at byte 4: 4294967295 bytes do not fit in the file"),
    ("a footer of no bytes", lambda: parquet(b""), "footer at byte 4: ends inside a value"),
    ("a footer of zeros", lambda: parquet(bytes(100)), "footer at byte 5: the file's metadata is incomplete"),
    ("structures in structures", lambda: parquet(b"\x9c" * 100_000), "footer at byte 20: structures nested too deeply"),
    ("a list of 2^62 elements", lambda: parquet(b"\x29\xfc\x80\x80\x80\x80\x80\x80\x80\x80\x40"), "footer at byte 15: a list of 4611686018427387904 elements in 0 bytes"),
    ("a text of 2^62 bytes", lambda: parquet(b"\x68\x80\x80\x80\x80\x80\x80\x80\x80\x40"), "footer at byte 14: ends inside a value"),
    ("no columns", lambda: parquet(table(0, columns=())), "schema at byte 4: has no columns"),
    ("2^62 rows in no row group", lambda: parquet(table(1 << 62)), "row group at byte 4: 0 rows in the row groups and 4611686018427387904 in all"),
    ("fewer than no rows", lambda: parquet(table(-1)), "footer at byte 29: field 3 is negative"),
    ("a column beyond the file", lambda: one_page(b"", 1, uncompressed=1 << 60), "row group at byte 4: column x: the column ends 1 rows early"),
    ("2^31 - 1 values in an empty page", lambda: one_page(page(b"", 2**31 - 1, 0), 2**31 - 1), "page at byte 25: column x: the page ends before its last value"),
    ("a page that says it has 2 GiB", lambda: one_page(page(b"\x28\xb5\x2f\xfd" + bytes(9), 10, 2**31 - 1), 10, codec=6), "page at byte 25: column x: wants 2147483663 bytes of memory; the reader may use 70549504 in all"),
    ("a page of fewer than no bytes", lambda: one_page(page(b"12345678", 1, -5), 1), "page header at byte 8: column x: field 2 is negative"),
    ("a page that expands to a gibibyte",
     lambda: one_page(page(zeros_behind(b"", 1024 * MEBI), 1 << 27, 1024 * MEBI), 1 << 27, codec=6), "page at byte 31: column x: wants 1073741840 bytes of memory; the reader may use 1073741824 in all"),
    ("a column name that is not UTF-8", lambda: parquet(table(0, columns=(b"\xff\xfe",))), "footer at byte 27: text is not UTF-8"),
    ("a column name that is a path", lambda: parquet(table(0, columns=(b"../../x",))), 0),
    ("100,000 columns", lambda: parquet(table(0, columns=[b"c%d" % i for i in range(100_000)])), "footer at byte 11: field 2 is a list of 100001 elements, more than 32769"),
    ("100,000 pairs of metadata", lambda: parquet(table(0, pairs=several(12, [structure((1, 8, binary(b"")))] * 100_000))), "field 5 is a list of 100000 elements, more than 65536"),
    ("20,000 columns", lambda: parquet(table(0, columns=[b"c%d" % i for i in range(20_000)])), 0),
    ("metadata of 8 MB", lambda: parquet(table(0, pairs=several(12, [structure((1, 8, binary(b"k")), (2, 8, binary(b"v" * 8_000_000)))]))), 0),
    ("metadata of 40 MB", lambda: parquet(table(0, pairs=several(12, [structure((1, 8, binary(b"k")), (2, 8, binary(b"v" * 40_000_000)))]))), "footer at byte 40000043: 40000039 bytes are more than 33554432"),
]  # fmt: skip


# Contracts


def contract(**changes):
    fields = [{"name": "at", "type": {"type": "long", "logicalType": "timestamp-nanos"}, "doc": "d", "unit": "ns"}]
    whole = {"type": "record", "name": "Broken", "version": 1, "namespace": "lake.silver.future_mbo", "doc": "d",
             "key": ["at"], "orderBy": ["at"], "fields": fields}  # fmt: skip
    return json.dumps(whole | changes).encode()


def field(**more):
    return {"name": "x", "type": "long", "doc": "d", "unit": "count"} | more


def columns(*fields):
    return contract(fields=json.loads(contract())["fields"] + list(fields))


CONTRACTS = [
    ("empty text", lambda: b"", "line 1: the text is empty"),
    ("a list", lambda: b"[]", "expected an object, found an array"),
    ("cut text", lambda: contract()[:-5], "line 1: premature end of input near '\"n'"),
    ("200 levels of lists", lambda: b'{"type": ' + b"[" * 200 + b"]" * 200 + b"}", "line 1: nested deeper than 128 levels"),
    ("100,000 levels of lists", lambda: b"[" * 100_000, "line 1: maximum parsing depth reached near '['"),
    ("2 MB of blanks", lambda: b" " * (2 * MEBI) + contract(), "larger than 1048576 bytes"),
    ("an attribute twice", lambda: contract()[:-1] + b', "version": 2}', "line 1: duplicate object key near '\"version\"'"),
    ("text that is not UTF-8", lambda: contract(doc="QQ").replace(b"QQ", b"\xff\xfe"), "line 1: unable to decode byte 0xff near '\"'"),
    ("a zero byte in a name", lambda: columns(field(name="a\0b")), "line 1: \\u0000 is not allowed without JSON_ALLOW_NUL near '\"a\\u0000b\"'"),
    ("a number beyond a double", lambda: columns(field(minimum=7)).replace(b'"minimum": 7', b'"minimum": 1e999'), "line 1: real number overflow near '1e999'"),
    ("a number beyond 64 bits", lambda: columns(field(minimum=2**70)), "line 1: too big integer"),
    ("a namespace that is a path", lambda: contract(namespace="lake.silver.../../etc"), "namespace: expected lake.<layer>.<product>, found \"lake.silver.../../etc\""),
    ("no columns", lambda: contract(fields=[]), "fields: expected a list of columns, at least one"),
    ("2,000 columns", lambda: columns(*[field(name=f"c{i}") for i in range(2000)]), "fields: more than 1024 columns"),
    ("300 symbols", lambda: columns(field(type={"type": "enum", "name": "E", "symbols": [f"S{i}" for i in range(300)]}, unit=None)), "column x, type: more than 256 symbols"),
    ("a column twice", lambda: columns(field(), field()), "column x: there is a column of this name already"),
    ("a column named as a path key", lambda: columns(field(name="symbol")), "column symbol: this name is a partition key of the path"),
    ("a version of 2^62", lambda: contract(version=2**62), "version: a version is a whole number from 1"),
    ("a key that is no column", lambda: contract(key=["nothing"]), "key: there is no column \"nothing\""),
]  # fmt: skip


# The registry: what replaces it, or what replaces a part of it.

REGISTRY = [
    ("empty text", lambda: b"", "datasets.yaml:1: the file is empty"),
    ("repeated by reference", lambda: b"a: &a [1,1]\nb: &b [*a,*a]\nc: [*b,*b]\n", "datasets.yaml:1: anchors are not allowed here"),
    ("deep nesting", lambda: b"version: " + b"[" * 10_000, "datasets.yaml:1: nested deeper than 16 levels"),
    ("2 MB of comments", lambda: b"# x\n" * (MEBI // 2), "2097152 bytes, more than the 1048576 that such a file may have"),
    ("100,000 values", lambda: b"version: [" + b"1," * 100_000 + b"]", "datasets.yaml:1: more than 50000 values"),
    ("text that is not UTF-8", lambda: b"version: \xff\xfe\n", "datasets.yaml:1: invalid leading UTF-8 octet"),
    ("a zero byte", lambda: b"version: 1\0\n", "datasets.yaml:1: control characters are not allowed"),
    ("a key twice", lambda: b"version: 1\nversion: 1\n", "datasets.yaml:2: the key 'version' is already in line 1"),
    ("a tag", lambda: b"version: !!binary aGVsbG8=\n", "datasets.yaml:1: tags are not allowed here"),
    ("two documents", lambda: b"version: 1\n---\nversion: 1\n", "datasets.yaml:2: one document was expected, here begins another"),
    ("a list", lambda: b"- 1\n", "datasets.yaml:1: the registry: expected a mapping, found a list"),
]


# Manifests, with a marker that vouches for them. make() takes the manifest that was there.


def manifest_with(**changes):
    return lambda whole: json.dumps(whole | changes).encode()


def counting(whole, count):
    counters = {f"c{i:07}": 1 for i in range(count)}
    return json.dumps(whole | {"quality": whole["quality"] | {"counters": counters}}).encode()


def deep(whole):
    return json.dumps(whole).replace('"truncated": false', '"truncated": ' + "[" * 1000 + "]" * 1000).encode()


MANIFESTS = [
    ("empty text", lambda whole: b"", "_MANIFEST.json: line 1, column 1: the text is empty"),
    ("no members", lambda whole: b"{}", "_MANIFEST.json: compression: expected this member"),
    ("deep nesting", deep, "_MANIFEST.json: line 1, column 1: nested deeper than 128 levels"),
    ("2^63 rows", lambda whole: json.dumps(whole).replace(f'"rows": {whole["rows"]}', '"rows": 9223372036854775808').encode(), "_MANIFEST.json: line 1, column 333: too big integer near '9223372036854775808'"),
    ("2^63 - 1 bytes", lambda whole: json.dumps(whole | {"files": [whole["files"][0] | {"bytes": 2**63 - 1}]}).encode(), "part-00000.parquet: it has 3625 bytes, the manifest says 9223372036854775807"),
    ("fewer than no rows", manifest_with(rows=-1), "_MANIFEST.json: rows: expected an integer from 0"),
    ("sums that overflow", lambda whole: json.dumps(whole | {"rows": 1, "files": [whole["files"][0] | {"rows": 2**63 - 1}] * 2}).encode(), "_MANIFEST.json: files: expected one file, part-00000.parquet"),
    ("a file above its folder", lambda whole: json.dumps(whole | {"files": [whole["files"][0] | {"name": "../../x"}]}).encode(), "_MANIFEST.json: files: expected one file, part-00000.parquet"),
    ("an input above the lake", manifest_with(inputs=[{"raw": "raw/../../../etc/passwd", "sha256": "0" * 64}]), "_MANIFEST.json: inputs[0].raw: expected a path below raw/"),
    ("a partition that is a path", manifest_with(inputs=[{"partition": "../../x", "manifest_sha256": None}]), "_MANIFEST.json: inputs[0].partition: expected the path of a partition"),
    ("a symbol that is a path", manifest_with(symbol=".."), "_MANIFEST.json: it is the manifest of bronze.future_mbo.mbo .. 2026-03-03"),
    ("another symbol", manifest_with(symbol="NQH6"), "_MANIFEST.json: it is the manifest of bronze.future_mbo.mbo NQH6 2026-03-03"),
    ("no date", manifest_with(dt="2026-02-30"), "_MANIFEST.json: dt: expected YYYY-MM-DD"),
    ("no hash", manifest_with(generation="0"), "_MANIFEST.json: generation: expected 64 lowercase hexadecimal digits"),
    ("another generation", manifest_with(generation="0" * 64), "_MANIFEST.json: its generation is not the hash of what it lists"),
    ("a member more", manifest_with(host="here"), "_MANIFEST.json: host: expected no such member"),
    ("of a later format", manifest_with(format=99), "_MANIFEST.json: format: expected 2"),
    ("5 MB of counters", lambda whole: counting(whole, 400_000), 40),
    ("18 MB of counters", lambda whole: counting(whole, 1_300_000), "_MANIFEST.json: the manifest is missing or too large"),
]  # fmt: skip


# Files that cost the most memory for their size: make(size) gives one of about so many bytes.


def mappings(size, width=22):
    """DBN whose metadata has nothing but mappings of the narrowest symbols, each of an instrument of its own."""
    count = size // (2 * width + 12)
    one = np.zeros(count, [("raw", f"S{width}"), ("intervals", "<u4"), ("start", "<u4"), ("end", "<u4"), ("symbol", f"S{width}")])
    ids = np.arange(count)
    one["raw"] = np.char.add(b"S" * (width - 10), ids.astype("S9"))
    one["intervals"], one["start"], one["end"], one["symbol"] = 1, 20260101, 20270101, ids.astype("S9")
    content = HEADER[8:53] + struct.pack("<H", width) + HEADER[55:112] + bytes(12) + struct.pack("<I", count) + one.tobytes()
    return b"DBN\x03" + struct.pack("<I", len(content)) + content


def expanding(size):
    """The same for one instrument again and again: a small frame of Zstandard."""
    one = mappings(size)
    head = len(HEADER[:112]) + 16
    count = (len(one) - head) // 56
    return packed(one[:head] + one[head : head + 56] * count)


def footer_of(size, element, fields):
    """Parquet whose footer is a list of this element, so many times that it has about `size` bytes."""
    return parquet(structure(*fields(several(12, [element] * (size // len(element))))))


ROW_GROUP = structure((1, 9, several(12, [chunk(b"x", 4, 0, 0, 0)])), (2, 6, zigzag(0)), (3, 6, zigzag(0)))
PAIR = structure((1, 8, binary(b"")))
PAIRED = structure((1, 9, several(12, [structure((3, 12, structure(
    (1, 5, zigzag(2)), (2, 9, several(5, [])), (3, 9, several(8, [binary(b"x")])), (4, 5, zigzag(0)), (5, 6, zigzag(0)),
    (6, 6, zigzag(0)), (7, 6, zigzag(0)), (8, 9, several(12, [PAIR] * 50_000)), (9, 6, zigzag(4)))))])),
    (2, 6, zigzag(0)), (3, 6, zigzag(0)))  # fmt: skip


def groups(found):
    return [(1, 5, zigzag(2)), (2, 9, schema_of([b"x"])), (3, 6, zigzag(0)), (4, 9, found)]


def filled(shape, size):
    count = size // (len(shape) + 1)
    return b"[" + (shape + b",") * (count - 1) + shape + b"]"


def page_of_zeros(size):
    """One page that expands by as much as Zstandard can; `size` is that of the expanded page."""
    return one_page(page(zeros_behind(b"", size), size // 8, size), size // 8, codec=6)


DENSE = {
    "dbn": {"mappings": mappings, "mappings, compressed": expanding},
    "parquet": {
        "row groups": lambda size: footer_of(size, ROW_GROUP, groups),
        "pairs of a column": lambda size: footer_of(size, PAIRED, groups),
        "8,000 columns": lambda size: parquet(table(0, columns=[b"c%d" % i for i in range(min(8_000, size // 16))])),
        "a page of zeros": page_of_zeros,
    },
    "contract": {shape.decode(): (lambda size, shape=shape: b'{"x":' + filled(shape, size - 10) + b"}") for shape in (b"{}", b"[]", b"0", b'""')},
    "registry": {
        "list": lambda size: b"version: [" + b"1," * min(49_000, size // 2) + b"]",
        "mappings": lambda size: b"version: [" + b"{a: 1}," * min(12_000, size // 7) + b"]",
        "text": lambda size: b'version: "' + b"a" * (size - 20) + b'"',
    },
    "manifest": {
        shape.decode(): (lambda whole, size, shape=shape: json.dumps(whole).encode().replace(b'"truncated": false', b'"truncated": ' + filled(shape, size)))
        for shape in (b"{}", b"[[[[0]]]]", b"0", b'"text"')
    },
}  # fmt: skip


def table_of_cases():
    """The cases as the lines of a Markdown table, for docs/guarantees.md."""
    kinds = ("DBN", DBN), ("Parquet", PARQUET), ("contract", CONTRACTS), ("registry", REGISTRY), ("manifest", MANIFESTS)
    lines = ["| file | case | what tarn says |", "|---|---|---|"]
    for kind, cases in kinds:
        for name, _, message in cases:
            shown = f"`{message}`" if isinstance(message, str) else f"is read, {message} rows"
            lines.append(f"| {kind} | {name} | {shown} |")
    return lines


def main(folder):
    """Manifests are made from one that is there, so they are not among these files."""
    lines = []
    for kind, cases in (("dbn", DBN), ("parquet", PARQUET), ("avsc", CONTRACTS), ("yaml", REGISTRY)):
        for number, (name, make, message) in enumerate(cases, 1):
            path = folder / f"{kind}-{number:02}.{kind}"
            path.write_bytes(make())
            lines.append(f"{path.name}  {name}  {message if isinstance(message, str) else f'{message} rows'}\n")
    (folder / "expected.txt").write_text("".join(lines))


if __name__ == "__main__":
    target = pathlib.Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    main(target)
