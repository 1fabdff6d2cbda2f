"""Broken and hostile files, made and not kept: each a name, its bytes, and what tarn must say about it.

    python Tests/Python/broken_files.py FOLDER     writes them all, with expected.txt beside them

A case is (name, make, message): `make()` gives the bytes, `message` is a regular expression for the error, or, for a
file that is only strange and must be read, the number of its rows. Kinds differ in how tarn is given the file: test_hostile_files.py."""

import json
import pathlib
import struct
import sys

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
    ("empty file", lambda: b"", r"expected .*found 0 bytes|empty|DBN"),
    ("magic only", lambda: b"DBN", r"at byte 3: expected 5 more bytes of metadata, found the end of the stream"),
    ("another format", lambda: b"PK\x03\x04" + bytes(100), r"found bytes 50 4b 03 04"),
    ("all zeros", lambda: bytes(4096), r"found bytes 00 00 00 00"),
    ("version 0", lambda: patched(3, b"\x00"), r"version.*found 0"),
    ("version 255", lambda: patched(3, b"\xff"), r"version.*found 255"),
    ("metadata of 2^32 - 1 bytes", lambda: patched(4, MOST), r"metadata.*found 4294967295|4,294,967,295"),
    ("metadata longer than the file", lambda: patched(4, struct.pack("<I", 1 << 28)), r"metadata"),
    ("metadata of no bytes", lambda: patched(4, bytes(4)), r"metadata"),
    ("unknown schema", lambda: patched(24, struct.pack("<H", 999)), r"schema"),
    ("symbols of no width", lambda: patched(53, bytes(2)), r"a symbol width of at least 1"),
    ("symbols of 65,535 bytes", lambda: patched(53, b"\xff\xff"), r"metadata|symbol"),
    ("schema definition of 2^32 - 1 bytes", lambda: patched(108, MOST), r"schema definition|metadata"),
    ("2^32 - 1 symbols", lambda: patched(112, MOST), r"4,?294,?967,?295"),
    ("2^32 - 1 partial symbols", lambda: patched(PARTIAL, MOST), r"4,?294,?967,?295"),
    ("2^32 - 1 mappings", lambda: patched(MAPPINGS, MOST), r"4,?294,?967,?295"),
    ("2^32 - 1 intervals", lambda: patched(INTERVALS, MOST), r"4,?294,?967,?295"),
    ("an interval of no date", lambda: patched(INTERVALS + 4, struct.pack("<I", 99_999_999)), r"date.*99,?999,?999"),
    ("a symbol that is not UTF-8", lambda: renamed(b"\xff\xfeH6"), r"UTF-8|no raw mbo file of 2026-03-03 knows ESH6"),
    ("a symbol that is a path", lambda: renamed(b"../../../../tmp/x"), r"no raw mbo file of 2026-03-03 knows ESH6"),
    ("a symbol that is absolute", lambda: renamed(b"/etc/passwd"), r"no raw mbo file of 2026-03-03 knows ESH6"),
    ("a symbol of no bytes", lambda: renamed(bytes(4)), r"symbol|no raw mbo file of 2026-03-03 knows ESH6"),
    ("no symbols", lambda: vendorfiles.metadata("mbo", {}, DATE) + body(), r"symbol|knows ESH6"),
    ("60,000 symbols, 9 MB of metadata",
     lambda: header({f"S{i}": 1000 + i for i in range(60_000)} | {"ESH6": 7}) + body(), 40),
    ("a record of no length", lambda: with_record(5, "length", 0), r"record 5 at byte [\d,]+: .*a length of 0"),
    ("a record shorter than its type", lambda: with_record(5, "length", 13), r"record 5 .*with 56 bytes, found a length of 52"),
    ("a record longer than its type", lambda: with_record(5, "length", 15), r"record 5 .*with 56 bytes, found a length of 60"),
    ("a record of 1,020 bytes", lambda: with_record(5, "length", 255), r"record 5 .*with 56 bytes, found a length of 1020"),
    ("a record of an unknown type", lambda: with_record(5, "rtype", 99), 39),
    ("an unknown action", lambda: with_record(5, "action", b"\xff"), r"record 5 at byte [\d,]+: .*action"),
    ("a cut record", lambda: (HEADER + body())[:-1], r"record 39 at byte [\d,]+: .*end of the stream after 55"),
    ("text behind the records", lambda: HEADER + body() + b"hello world", r"record 40 at byte"),
    ("Zstandard magic only", lambda: b"\x28\xb5\x2f\xfd", r"Zstandard|truncated|end of the file"),
    ("Zstandard garbage", lambda: b"\x28\xb5\x2f\xfd" + b"\xff" * 100, r"Zstandard|frame"),
    ("a window of 2^41 bytes", lambda: b"\x28\xb5\x2f\xfd\x00\xf8" + bytes(20), r"window"),
    ("a frame that says it has 2^62 bytes", lambda: b"\x28\xb5\x2f\xfd\xe0" + struct.pack("<Q", 1 << 62) + bytes(20), r"Zstandard|window"),
    ("a frame without its end", lambda: packed(HEADER + body(5000))[:-7], r"end of the file|truncated|Zstandard"),
    ("a frame with a wrong checksum",
     lambda: packed(HEADER + body(), write_checksum=True)[:-1] + b"\x55", r"checksum|Zstandard"),
    ("text behind the frame", lambda: packed(HEADER + body()) + b"hello world", r"frame|garbage|Zstandard"),
    ("skippable frames only", lambda: struct.pack("<II", 0x184D2A50, 8) * 2 + bytes(8), r"DBN|frame|end of the file"),
    ("a skippable frame of 2^32 - 1 bytes",
     lambda: packed(HEADER + body()) + struct.pack("<II", 0x184D2A50, 0xFFFFFFFF) + bytes(9), r"end of the file|frame|truncated"),
    ("20,000 empty frames", lambda: packed(b"") * 20_000 + packed(HEADER + body()), 40),
    ("a gibibyte of zeros for records", lambda: zeros_behind(HEADER, 1024 * MEBI), r"record 0 at byte .*a length of 0"),
    ("400 MiB of zeros for metadata",
     lambda: zeros_behind(b"DBN\x03" + struct.pack("<I", 400 * MEBI) + HEADER[8:], 400 * MEBI), r"metadata|schema|symbol"),
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
    ("empty table", lambda: b"", r"is not a file that tarn knows: it is empty"),
    ("magics only", lambda: b"PAR1PAR1", r"8 bytes are too few"),
    ("no magic", lambda: b"XXXX" + bytes(20) + b"PAR1", r"is not a file that tarn knows: it begins with bytes 58 58 58 58"),
    ("no magic at the end", lambda: b"PAR1" + bytes(20), r"does not end with PAR1"),
    ("encrypted", lambda: b"PAR1" + bytes(20) + b"PARE", r"encrypted"),
    ("a footer of 2^32 - 1 bytes", lambda: parquet(b"", length=0xFFFFFFFF), r"4,?294,?967,?295 bytes do not fit"),
    ("a footer of no bytes", lambda: parquet(b""), r"footer"),
    ("a footer of zeros", lambda: parquet(bytes(100)), r"footer|schema"),
    ("structures in structures", lambda: parquet(b"\x9c" * 100_000), r"footer"),
    ("a list of 2^62 elements", lambda: parquet(b"\x29\xfc\x80\x80\x80\x80\x80\x80\x80\x80\x40"), r"footer"),
    ("a text of 2^62 bytes", lambda: parquet(b"\x68\x80\x80\x80\x80\x80\x80\x80\x80\x40"), r"footer"),
    ("no columns", lambda: parquet(table(0, columns=())), r"no columns"),
    ("2^62 rows in no row group", lambda: parquet(table(1 << 62)), r"0 rows in the row groups and"),
    ("fewer than no rows", lambda: parquet(table(-1)), r"footer at byte \d+: field 3 is negative"),
    ("a column beyond the file", lambda: one_page(b"", 1, uncompressed=1 << 60), r"lie outside|page|ends|bytes"),
    ("2^31 - 1 values in an empty page", lambda: one_page(page(b"", 2**31 - 1, 0), 2**31 - 1), r"page"),
    ("a page that says it has 2 GiB", lambda: one_page(page(b"\x28\xb5\x2f\xfd" + bytes(9), 10, 2**31 - 1), 10, codec=6), r"page"),
    ("a page of fewer than no bytes", lambda: one_page(page(b"12345678", 1, -5), 1), r"page"),
    ("a page that expands to a gibibyte",
     lambda: one_page(page(zeros_behind(b"", 1024 * MEBI), 1 << 27, 1024 * MEBI), 1 << 27, codec=6), r"page|memory"),
    ("a column name that is not UTF-8", lambda: parquet(table(0, columns=(b"\xff\xfe",))), r"UTF-8|schema|name"),
    ("a column name that is a path", lambda: parquet(table(0, columns=(b"../../x",))), 0),
    ("20,000 columns", lambda: parquet(table(0, columns=[b"c%d" % i for i in range(20_000)])), 0),
    ("metadata of 8 MB", lambda: parquet(table(0, pairs=several(12, [structure((1, 8, binary(b"k")), (2, 8, binary(b"v" * 8_000_000)))]))), 0),
    ("metadata of 40 MB", lambda: parquet(table(0, pairs=several(12, [structure((1, 8, binary(b"k")), (2, 8, binary(b"v" * 40_000_000)))]))), r"more than"),
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
    ("empty text", lambda: b"", r"the text is empty"),
    ("a list", lambda: b"[]", r"object|record"),
    ("cut text", lambda: contract()[:-5], r"line 1"),
    ("200 levels of lists", lambda: b'{"type": ' + b"[" * 200 + b"]" * 200 + b"}", r"nested deeper than 128"),
    ("100,000 levels of lists", lambda: b"[" * 100_000, r"line 1|deep|depth"),
    ("2 MB of blanks", lambda: b" " * (2 * MEBI) + contract(), r"larger than|bytes"),
    ("an attribute twice", lambda: contract()[:-1] + b', "version": 2}', r"(?i)duplicate"),
    ("text that is not UTF-8", lambda: contract(doc="QQ").replace(b"QQ", b"\xff\xfe"), r"unable to decode byte 0xff"),
    ("a zero byte in a name", lambda: columns(field(name="a\0b")), r"\\u0000|NUL|U\+0000|name"),
    ("a number beyond a double", lambda: columns(field(minimum=7)).replace(b'"minimum": 7', b'"minimum": 1e999'), r"(?i)real number overflow|number"),
    ("a number beyond 64 bits", lambda: columns(field(minimum=2**70)), r"(?i)too big integer|integer"),
    ("a namespace that is a path", lambda: contract(namespace="lake.silver.../../etc"), r"namespace|lake"),
    ("no columns", lambda: contract(fields=[]), r"fields|column|at"),
    ("2,000 columns", lambda: columns(*[field(name=f"c{i}") for i in range(2000)]), r"1024|columns"),
    ("300 symbols", lambda: columns(field(type={"type": "enum", "name": "E", "symbols": [f"S{i}" for i in range(300)]}, unit=None)), r"256|symbols|unit"),
    ("a column twice", lambda: columns(field(), field()), r"x.*(twice|already|duplicate)|duplicate"),
    ("a column named as a path key", lambda: columns(field(name="symbol")), r"symbol"),
    ("a version of 2^62", lambda: contract(version=2**62), r"version"),
    ("a key that is no column", lambda: contract(key=["nothing"]), r"nothing"),
]  # fmt: skip


# The registry: what replaces it, or what replaces a part of it.

REGISTRY = [
    ("empty text", lambda: b"", r"datasets\.yaml:1: .*empty"),
    ("repeated by reference", lambda: b"a: &a [1,1]\nb: &b [*a,*a]\nc: [*b,*b]\n", r"datasets\.yaml:1: .*anchors"),
    ("deep nesting", lambda: b"version: " + b"[" * 10_000, r"datasets\.yaml:1: .*(nested|deep)"),
    ("2 MB of comments", lambda: b"# x\n" * (MEBI // 2), r"2097152 bytes, more than the 1048576"),
    ("100,000 values", lambda: b"version: [" + b"1," * 100_000 + b"]", r"more than 50000 values"),
    ("text that is not UTF-8", lambda: b"version: \xff\xfe\n", r"datasets\.yaml:1: .*UTF-8"),
    ("a zero byte", lambda: b"version: 1\0\n", r"datasets\.yaml:1: .*control"),
    ("a key twice", lambda: b"version: 1\nversion: 1\n", r"datasets\.yaml:2: .*already in line 1"),
    ("a tag", lambda: b"version: !!binary aGVsbG8=\n", r"datasets\.yaml:1: .*tags"),
    ("two documents", lambda: b"version: 1\n---\nversion: 1\n", r"datasets\.yaml:2: .*one document"),
    ("a list", lambda: b"- 1\n", r"datasets\.yaml:1: .*expected a mapping, found a list"),
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
    ("empty text", lambda whole: b"", r"the text is empty"),
    ("no members", lambda whole: b"{}", r"expected"),
    ("deep nesting", deep, r"nested deeper than 128"),
    ("2^63 rows", lambda whole: json.dumps(whole).replace(f'"rows": {whole["rows"]}', '"rows": 9223372036854775808').encode(), r"(?i)integer"),
    ("2^63 - 1 bytes", lambda whole: json.dumps(whole | {"files": [whole["files"][0] | {"bytes": 2**63 - 1}]}).encode(), r"the manifest says 9,?223"),
    ("fewer than no rows", manifest_with(rows=-1), r"rows: expected an integer from 0"),
    ("sums that overflow", lambda whole: json.dumps(whole | {"rows": 1, "files": [whole["files"][0] | {"rows": 2**63 - 1}] * 2}).encode(), r"files|rows"),
    ("a file above its folder", lambda whole: json.dumps(whole | {"files": [whole["files"][0] | {"name": "../../x"}]}).encode(), r"one file, part-00000\.parquet"),
    ("an input above the lake", manifest_with(inputs=[{"raw": "raw/../../../etc/passwd", "sha256": "0" * 64}]), r"a path below raw/"),
    ("a partition that is a path", manifest_with(inputs=[{"partition": "../../x", "manifest_sha256": None}]), r"the path of a partition"),
    ("a symbol that is a path", manifest_with(symbol=".."), r"symbol|it is the manifest of"),
    ("another symbol", manifest_with(symbol="NQH6"), r"NQH6|symbol"),
    ("no date", manifest_with(dt="2026-02-30"), r"dt: expected YYYY-MM-DD"),
    ("no hash", manifest_with(generation="0"), r"64 lowercase hexadecimal digits"),
    ("another generation", manifest_with(generation="0" * 64), r"its generation is not the hash of what it lists"),
    ("a member more", manifest_with(host="here"), r"host: expected no such member"),
    ("of a later format", manifest_with(format=99), r"format"),
    ("5 MB of counters", lambda whole: counting(whole, 400_000), 40),
    ("18 MB of counters", lambda whole: counting(whole, 1_300_000), r"manifest"),
]  # fmt: skip


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
