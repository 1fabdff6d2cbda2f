"""Every record that tarn decodes equals, field by field, what the vendor's own package decodes.

The Swift tests, run with TARN_INTEROP_DIR, write one `<file>.jsonl` per file into its folder `dbn`: the metadata on the
first line, then a record per line. Names are those of the package, prices integers, undefined values the raw sentinels.
"""

import json
import os
import pathlib

import databento_dbn as dbn
import pytest
import zstandard

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = pathlib.Path(os.environ.get("TARN_TEST_DATA", ROOT.parent / "shared" / "data"))
INTEROP = pathlib.Path(os.environ["TARN_INTEROP_DIR"]) / "dbn" if "TARN_INTEROP_DIR" in os.environ else None

DUMPS = sorted(INTEROP.glob("*.jsonl")) if INTEROP and INTEROP.is_dir() else []
pytestmark = pytest.mark.skipif(not DUMPS, reason="no dumps: run the DBN tests with TARN_INTEROP_DIR first")


def source(dump):
    name = dump.name.removesuffix(".jsonl")
    if (INTEROP / name).exists():
        return INTEROP / name
    if name.startswith("real+"):
        return DATA / "real" / name.removeprefix("real+").replace("+", "/")
    return DATA / "vendor" / "dbn" / name


def plain(path):
    content = path.read_bytes()
    if content[:3] == b"DBN":
        return content
    return zstandard.ZstdDecompressor().decompressobj(read_across_frames=True).decompress(content)


def decode(content):
    decoder = dbn.DBNDecoder(upgrade_policy=dbn.VersionUpgradePolicy.AS_IS)
    decoder.write(content)
    return decoder.decode()


def raw(value):
    """A value of the package as the file has it."""
    if hasattr(value, "value"):
        value = value.value
    return value


def names(record):
    """The fields that a record of the package has in the file, reserved bytes apart."""
    fields = []
    for name, _ in type(record)._dtypes:
        if name.startswith("_") or name == "length":
            continue
        level = name.rsplit("_", 1)
        if len(level) == 2 and level[1].isdigit() and len(level[1]) == 2 and hasattr(record, "levels"):
            continue
        fields.append(name)
    return fields


def character(value):
    """The package shows unset characters as zero bytes and three-way flags as booleans."""
    if value is None or isinstance(value, bool):
        return {True: "Y", False: "N", None: "~"}[value]
    return chr(value) if isinstance(value, int) else value.rstrip("\0")


def number(value):
    """Enumerations whose value in Python is a name, by their code."""
    return value.__index__() if hasattr(value, "__index__") and not isinstance(value, int) else value


def compare(ours, theirs, context):
    fields = names(theirs)
    for name in fields:
        value = getattr(theirs, name)
        expected = ours[name]
        if isinstance(expected, str):
            found = character(raw(value))
        else:
            found = int(number(value))
        assert expected == found, f"{context}.{name}"
    if hasattr(theirs, "levels"):
        assert len(ours["levels"]) == len(theirs.levels), context
        for mine, other in zip(ours["levels"], theirs.levels):
            for name in mine:
                assert mine[name] == getattr(other, name), f"{context}.levels.{name}"
    shown = set(ours) - {"levels", "ts_out"}
    assert shown == set(fields), f"{context}: {shown ^ set(fields)}"
    if "ts_out" in ours:
        assert ours["ts_out"] == theirs.ts_out, context


@pytest.mark.parametrize("dump", DUMPS, ids=lambda dump: dump.name)
def test_decodes_like_the_vendor(dump):
    lines = dump.read_text().splitlines()
    metadata, *records = decode(plain(source(dump)))
    ours = json.loads(lines[0])
    for name in ("version", "dataset", "start", "end", "limit", "ts_out", "symbols", "partial", "not_found"):
        expected = getattr(metadata, name)
        assert ours[name] == (expected if expected != 2**64 - 1 else None), name
    for name in ("schema", "stype_in", "stype_out"):
        expected = getattr(metadata, name)
        assert ours[name] == (None if expected is None else str(expected)), name
    mappings = {
        mapping["raw_symbol"]: [
            (interval["start_date"], interval["end_date"], interval["symbol"]) for interval in mapping["intervals"]
        ]
        for mapping in ours["mappings"]
    }
    assert mappings == {
        symbol: [(str(i["start_date"]), str(i["end_date"]), i["symbol"]) for i in intervals]
        for symbol, intervals in metadata.mappings.items()
    }
    if not dump.name.startswith("real+"):
        assert len(lines) - 1 == len(records)
    assert len(lines) > 1 or not records
    for index, (line, record) in enumerate(zip(lines[1:], records)):
        compare(json.loads(line), record, f"record {index}")


def test_every_official_file_was_dumped():
    if not (DATA / "vendor" / "dbn").is_dir():
        pytest.skip("the vendor's files are not here")
    official = {path.name for path in (DATA / "vendor" / "dbn").iterdir()}
    assert official <= {dump.name.removesuffix(".jsonl") for dump in DUMPS}
