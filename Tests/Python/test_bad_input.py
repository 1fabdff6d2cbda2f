"""Bad input of every kind: a clear message, the exit code of the design, nothing published, everything earlier intact."""

import json
import re
import shutil

import pytest
import zstandard

import vendorfiles
from pipeline import LAYERS, Lake, vendor
from vendorfiles import DATA, LAST, MBP, ROOT, midnight, order

GOOD, BAD = "2026-03-02", "2026-03-03"
WINDOW = {"start": "14:00:00Z", "end": "14:00:03Z", "set": "assume_complete=true"}
USAGE, NOT_READY, CORRUPT = 2, 4, 5
HEADER = len(vendorfiles.metadata("mbo", {"ESH6": 7}, BAD))


def rows(date, count=40):
    """A live book of two sides, a record each 50 ms from 14:00 UTC."""
    at = midnight(date) + 14 * 3600 * 10**9
    return [
        order("A", "AB"[i % 2], i + 1, 25_000_000_000 - 250_000_000 * (i % 2), 5, at=at + i * 50_000_000)
        for i in range(count)
    ]


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A lake with a good date in every layer."""
    folder = tmp_path_factory.mktemp("sound")
    lake = Lake(folder / "lake")
    lake.add(vendorfiles.mbo_file(folder / "good.mbo.dbn.zst", rows(GOOD), GOOD))
    lake.run("all", "ESH6", GOOD, **WINDOW).exits(0)
    return lake


@pytest.fixture
def lake(sound, tmp_path):
    """A copy of it; whatever the test does to another date must leave this one alone."""
    shutil.copytree(sound.root, tmp_path / "lake")
    return Lake(tmp_path / "lake")


def refuses(lake, code, pattern, *command, **options):
    """The program ends with the code and message, and the layers and staging are as they were before.

    command: words of the command line, or what Lake.run takes.
    """
    before = lake.hashes("raw", *LAYERS)
    is_run = set(command[0].split(",")) <= {*LAYERS, "all"}
    result = lake.run(*command, **options) if is_run else lake.tarn(*command)
    result.exits(code, pattern)
    assert lake.hashes("raw", *LAYERS) == before
    assert lake.leftovers() == []
    assert "fatal error" not in result.err.lower() and "stack dump" not in result.err.lower()
    return result


def day(lake, records, name="bad.mbo.dbn.zst", frames=1, **more):
    """Adds a file of the bad date."""
    lake.add(vendorfiles.mbo_file(lake.root.parent / name, records, BAD, frames=frames, **more))


def raw_bytes(lake, content, name="bad.mbo.dbn"):
    path = lake.root.parent / name
    path.write_bytes(content)
    return path


def good_bytes(count=40):
    return vendorfiles.metadata("mbo", {"ESH6": 7}, BAD) + vendorfiles.records("mbo", rows(BAD, count)).tobytes()


# Files that cannot be added


def test_a_file_that_is_not_there(lake):
    path = lake.root.parent / "absent.mbo.dbn.zst"
    refuses(lake, NOT_READY, "absent.mbo.dbn.zst.*No such file", "raw", "add", "-p", "future_mbo", path)


def test_a_directory_for_a_file(lake):
    refuses(lake, USAGE, "it is a directory", "raw", "add", "-p", "future_mbo", lake.root.parent)


@pytest.mark.parametrize(
    "content",
    [b"", b"D", b"DBN", b"DBN\x03", b"PAR1" + bytes(100), bytes(200), b"\x28\xb5\x2f\xfd", b"\x28\xb5\x2f\xfd" + bytes(50),
     good_bytes()[: HEADER - 1], b"DBN\x04" + good_bytes()[4:], b"DBN\x00" + good_bytes()[4:],
     b"DBN\x03\xff\xff\xff\xff" + good_bytes()[8:]],
    ids=["empty", "one byte", "magic", "version", "parquet", "zeros", "zstd magic", "zstd garbage", "cut header",
         "version 4", "version 0", "endless header"],
)  # fmt: skip
def test_what_is_no_vendor_file(lake, content):
    refuses(lake, CORRUPT, "bad.mbo.dbn: ", "raw", "add", "-p", "future_mbo", raw_bytes(lake, content))


def test_a_schema_that_the_product_is_not_made_from(lake):
    header = vendorfiles.metadata("trades", {"ESH6": 7}, BAD)
    path = vendorfiles.write(lake.root.parent / "bad.trades.dbn.zst", header, b"")
    result = refuses(lake, USAGE, "trades file, which no stage of future_mbo reads", "raw", "add", "-p", "future_mbo", path)
    assert "definition, mbo, statistics" in result.err


def test_a_real_file_of_another_schema(lake):
    (path,) = vendor("real/esu4-20240701/futures_trades_2024-07-01T23-58_2024-07-02T00-02.dbn.zst")
    refuses(lake, USAGE, "trades file", "raw", "add", "-p", "future_mbo", path)


def test_a_symbol_that_the_file_does_not_name(lake):
    path = vendorfiles.mbo_file(lake.root.parent / "bad.mbo.dbn.zst", rows(BAD), BAD)
    refuses(lake, USAGE, "does not name ESM6", "raw", "add", "-p", "future_mbo", "-s", "ESM6", path)


def test_a_hash_that_is_not_the_vendors(lake):
    path = vendorfiles.mbo_file(lake.root.parent / "delivery" / "bad.mbo.dbn.zst", rows(BAD), BAD)
    listed = {"files": [{"filename": path.name, "hash": "sha256:" + "0" * 64, "size": path.stat().st_size}]}
    (path.parent / "manifest.json").write_text(json.dumps(listed))
    refuses(lake, CORRUPT, "bad.mbo.dbn.zst", "raw", "add", "-p", "future_mbo", path)


def test_another_file_of_the_same_name(lake):
    day(lake, rows(BAD))
    other = vendorfiles.mbo_file(lake.root.parent / "other" / "bad.mbo.dbn.zst", rows(BAD, 5), BAD)
    result = lake.tarn("raw", "add", "-p", "future_mbo", other)
    assert result.code not in (0, 1) and "bad.mbo.dbn.zst" in result.err, str(result)
    assert len(list((lake.root / "raw").rglob(f"dt={BAD}/*.zst"))) == 1


# Files that cannot be decoded


def zstd(content, keep):
    whole = zstandard.ZstdCompressor(level=1).compress(content)
    return whole[: keep(len(whole))]


@pytest.mark.parametrize("layers", ["bronze", "all"])
@pytest.mark.parametrize("part", [0.5, 0.9, 1.0], ids=["half", "most", "all but the last byte"])
def test_a_truncated_zstd_file(lake, layers, part):
    """Also with silver and gold asked for: what they miss has the same reason, so the code is the same."""
    path = raw_bytes(lake, zstd(good_bytes(20_000), lambda n: int(n * part) - (part == 1.0)), "bad.mbo.dbn.zst")
    lake.add(path)
    pattern = r"bad\.mbo\.dbn\.zst: .*(end of the file|truncated|Zstandard)"
    result = refuses(lake, CORRUPT, pattern, layers, "ESH6", BAD)
    assert "--allow-truncated" in result.err


def test_a_truncated_record(lake):
    lake.add(raw_bytes(lake, good_bytes()[:-20]))
    result = refuses(lake, CORRUPT, rf"bad\.mbo\.dbn: record 39 at byte {HEADER + 39 * 56:,}", "bronze", "ESH6", BAD)
    assert "--allow-truncated" in result.err


def test_a_truncated_file_can_be_published_as_such(lake):
    lake.add(raw_bytes(lake, good_bytes()[:-20]))
    lake.run("all", "ESH6", BAD, "--allow-truncated", **WINDOW).exits(0)
    manifest = lake.manifest("bronze.future_mbo.mbo", "ESH6", BAD)
    assert manifest["truncated"] is True and manifest["rows"] == 39
    assert lake.manifest("bronze.future_mbo.mbo", "ESH6", GOOD)["truncated"] is False


def with_field(index, name, value):
    records = vendorfiles.records("mbo", rows(BAD))
    records[name][index] = value
    return vendorfiles.metadata("mbo", {"ESH6": 7}, BAD) + records.tobytes()


RECORDS = {
    "unknown action": (17, "action", b"X", r"an action of A C M R T F N.*'X'"),
    "no action": (17, "action", b"", r"an action of A C M R T F N"),
    "unknown side": (3, "side", b"Q", r"a side of A B N.*'Q'"),
    "unmapped instrument": (21, "instrument_id", 99, r"instrument.*symbol.*99"),
    "empty record": (5, "length", 0, r"length"),
    "short record": (5, "length", 4, r"length"),
    "a time that no table holds": (9, "ts_event", 2**63, r"ts_event below 2\^63"),
    "a capture time that no table holds": (9, "ts_recv", 2**64 - 2, r"ts_recv below 2\^63"),
}


@pytest.mark.parametrize("case", RECORDS)
def test_records_that_cannot_be(lake, case):
    """The message names file, record index, byte offset, what was expected and what was found."""
    index, name, value, pattern = RECORDS[case]
    lake.add(raw_bytes(lake, with_field(index, name, value)))
    place = rf"bad\.mbo\.dbn: record {index} at byte {HEADER + index * 56:,}: "
    refuses(lake, CORRUPT, place + ".*" + pattern, "bronze", "ESH6", BAD, table="mbo")


def test_a_record_that_swallows_its_neighbours(lake):
    """A length of 1,020 bytes, which no order record has: found at the record, not where the reader would go on."""
    lake.add(raw_bytes(lake, with_field(5, "length", 255)))
    place = rf"bad\.mbo\.dbn: record 5 at byte {HEADER + 5 * 56:,}: "
    refuses(lake, CORRUPT, place + "expected a record of type 160 with 56 bytes, found a length of 1020", "bronze", "ESH6", BAD)


def test_an_instrument_whose_symbol_is_of_another_date(lake):
    """The symbology maps the id on the day before only."""
    header = vendorfiles.metadata("mbo", {"ESH6": 7}, GOOD)
    path = vendorfiles.write(lake.root.parent / "bad.mbo.dbn.zst", header, vendorfiles.records("mbo", rows(BAD)))
    lake.tarn("raw", "add", "-p", "future_mbo", "--dt", BAD, path).exits(0)
    refuses(lake, NOT_READY, "no raw mbo file of 2026-03-03 knows ESH6", "bronze", "ESH6", BAD)


def test_a_file_of_another_schema_in_the_folder(lake):
    """Somebody puts a file where it does not belong."""
    folder = lake.root / "raw" / "source=databento" / "dataset=GLBX.MDP3" / "schema=mbo" / f"dt={BAD}"
    header = vendorfiles.metadata("trades", {"ESH6": 7}, BAD)
    path = vendorfiles.write(lake.root.parent / "x.dbn.zst", header, b"")
    lake.tarn("raw", "add", path).exits(0)
    folder.mkdir(parents=True)
    for file in (lake.root / "raw").rglob("x.dbn.zst*"):
        shutil.move(file, folder / file.name)
    refuses(lake, CORRUPT, r"x\.dbn\.zst: expected records of schema mbo, found trades", "bronze", "ESH6", BAD)


def test_a_raw_file_that_changed_after_it_was_added(lake):
    """Nothing in a plain file notices a flipped bit; its recorded hash does, before a manifest repeats it."""
    lake.add(raw_bytes(lake, good_bytes()))
    (path,) = (lake.root / "raw").rglob("bad.mbo.dbn")
    content = bytearray(path.read_bytes())
    content[HEADER + 24] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)
    refuses(lake, CORRUPT, r"bad\.mbo\.dbn", "raw", "verify")
    refuses(lake, CORRUPT, r"bad\.mbo\.dbn", "bronze", "ESH6", BAD)


def test_two_vendor_datasets_that_know_the_symbol(lake):
    day(lake, rows(BAD))
    day(lake, rows(BAD), "other.mbo.dbn.zst", dataset="IFEU.IMPACT")
    refuses(lake, USAGE, "GLBX.MDP3, IFEU.IMPACT", "bronze", "ESH6", BAD, table="mbo")


# What the book refuses


def silver(lake, records, **more):
    day(lake, records, **more)
    lake.run("bronze", "ESH6", BAD).exits(0)


def test_an_aggregated_level(lake):
    records = rows(BAD)
    records[25]["flags"] = LAST | MBP
    silver(lake, records)
    refuses(lake, CORRUPT, r"(?i)F_MBP|aggregated", "silver", "ESH6", BAD, **WINDOW)


def test_an_aggregated_level_after_the_last_window_is_not_looked_at(lake):
    records = rows(BAD, 80)
    records[75]["flags"] = LAST | MBP
    silver(lake, records)
    lake.run("silver", "ESH6", BAD, table="book_snapshot_1s", **WINDOW).exits(0)


def test_two_publishers(lake):
    records = rows(BAD)
    for record in records[10:20]:
        record["publisher_id"] = 2
    silver(lake, records)
    result = refuses(lake, USAGE, r"publisher", "silver", "ESH6", BAD, **WINDOW)
    assert "--set publisher=" in result.err
    settings = [WINDOW["set"], "publisher=2"]
    lake.run("silver", "ESH6", BAD, **(WINDOW | {"set": settings})).exits(0)
    quality = lake.table("silver.future_mbo.book_quality_1s", "ESH6", BAD)
    assert sum(quality["records"].to_pylist()) == 10


def test_two_instruments_in_one_partition(lake):
    """Two files of the day give the symbol to different ids."""
    records = rows(BAD, 10)
    day(lake, records, "a.mbo.dbn.zst")
    day(lake, [record | {"instrument_id": 8} for record in records], "b.mbo.dbn.zst", instruments={"ESH6": 8})
    lake.run("bronze", "ESH6", BAD).exits(0)
    refuses(lake, CORRUPT, r"instrument", "silver", "ESH6", BAD, **WINDOW)


def test_a_root_without_a_lattice_step(lake):
    day(lake, rows(BAD), instruments={"GCJ6": 7})
    lake.run("bronze", "GCJ6", BAD).exits(0)
    for layers in ("silver", "silver,gold", "all"):
        refuses(
            lake, USAGE, r"root GC has no lattice step.*roots.*GC: \{q:", layers, "GCJ6", BAD,
            table="book_snapshot_1s",
        )  # fmt: skip


# Layers that are missing or broken


@pytest.mark.parametrize("layers,pattern", [
    ("bronze", "no raw mbo file of 2026-03-03"),
    ("silver", r"bronze\.future_mbo\.mbo ESH6 2026-03-03 is missing"),
    ("gold", r"silver\.future_mbo\.\w+ ESH6 2026-03-03 is missing"),
    ("silver,gold", r"bronze\.future_mbo\.mbo ESH6 2026-03-03 is missing"),
    ("all", "no raw mbo file of 2026-03-03"),
])  # fmt: skip
def test_a_missing_input(lake, layers, pattern):
    refuses(lake, NOT_READY, pattern, layers, "ESH6", BAD)


def test_a_root_without_bronze(lake):
    refuses(lake, NOT_READY, "ES on 2026-03-03", "silver", "ES", BAD)


def flip(path, place):
    content = bytearray(path.read_bytes())
    content[int(len(content) * place) if isinstance(place, float) else place] ^= 0x20
    path.write_bytes(content)


BROKEN = {
    "first page": ("part-00000.parquet", lambda path: flip(path, 30)),
    "middle": ("part-00000.parquet", lambda path: flip(path, 0.5)),
    "footer": ("part-00000.parquet", lambda path: flip(path, -30)),
    "footer length": ("part-00000.parquet", lambda path: flip(path, -8)),
    "magic": ("part-00000.parquet", lambda path: flip(path, 0)),
    "cut": ("part-00000.parquet", lambda path: path.write_bytes(path.read_bytes()[:-100])),
    "longer": ("part-00000.parquet", lambda path: path.write_bytes(path.read_bytes() + b"x")),
    "gone": ("part-00000.parquet", lambda path: path.unlink()),
    "manifest": ("_MANIFEST.json", lambda path: path.write_text(path.read_text().replace('"rows": 40', '"rows": 41'))),
    "no json": ("_MANIFEST.json", lambda path: path.write_text("{")),
    "no manifest": ("_MANIFEST.json", lambda path: path.unlink()),
    "success": ("_SUCCESS", lambda path: path.write_text("0" * 64 + "\n")),
    "empty success": ("_SUCCESS", lambda path: path.write_text("")),
    "no success": ("_SUCCESS", lambda path: path.unlink()),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_corrupt_bronze_partition(lake, case):
    """No layer is made from it, verify finds it, and bronze made anew heals the lake without further help."""
    name, damage = BROKEN[case]
    damage(lake.folder("bronze.future_mbo.mbo", "ESH6", GOOD) / name)
    refuses(lake, CORRUPT, r"bronze.*ESH6.*2026-03-02", "silver", "ESH6", GOOD, "--overwrite")
    refuses(lake, CORRUPT, r"bronze.*ESH6.*2026-03-02", "verify")
    before = {path: digest for path, digest in Lake(lake.root).hashes("silver", "gold").items()}
    lake.run("bronze", "ESH6", GOOD, "--overwrite", "--overwrite-bronze").exits(0)
    lake.tarn("verify").exits(0)
    assert lake.run("silver,gold", "ESH6", GOOD).exits(0).outcomes == {"fresh"}
    assert lake.hashes("silver", "gold") == before


@pytest.mark.parametrize("table", ["book_snapshot_1s", "depth_and_flow_1s"])
def test_a_corrupt_silver_partition(lake, table):
    flip(lake.file(f"silver.future_mbo.{table}", "ESH6", GOOD), 0.4)
    refuses(lake, CORRUPT, rf"{table}.*ESH6.*2026-03-02", "gold", "ESH6", GOOD, "--overwrite")


@pytest.mark.parametrize("schema", ["mbo", "definition"])
def test_a_root_one_of_whose_files_cannot_be_read(tmp_path, schema):
    """No contract is chosen from half of what there is; everything that follows has the same reason."""
    lake = Lake(tmp_path / "lake")
    lake.tarn("sample", tmp_path / "days", "--dt", BAD, "--records", "5000").exits(0)
    for path in (tmp_path / "days").glob("*.dbn.zst"):
        content = vendorfiles.plain(path)
        if schema in path.name:
            content = content[:-20]
        path.unlink()
        path.with_suffix("").write_bytes(content)
        lake.add(path.with_suffix(""))
    result = lake.run("all", "ES", BAD, start="09:30", end="09:30:05").exits(CORRUPT, rf"{schema}\.dbn: .*record")
    made = {entry["dataset"] for entry in result.partitions.values() if entry["outcome"] == "published"}
    assert made == {"bronze.future_mbo.statistics", "bronze.future_mbo." + {"mbo": "definition", "definition": "mbo"}[schema]}
    assert {task["error"]["exit_code"] for task in result.json["tasks"] if task["error"]} == {CORRUPT}
    assert lake.leftovers() == []


def test_one_bad_date_leaves_the_others(lake):
    """The good date of a list is made; the code is that of the one reason."""
    records = vendorfiles.records("mbo", rows(BAD))
    records["action"][3] = b"X"
    header = vendorfiles.metadata("mbo", {"ESH6": 7}, BAD)
    lake.add(vendorfiles.write(lake.root.parent / "bad.mbo.dbn.zst", header, records))
    lake.add(vendorfiles.mbo_file(lake.root.parent / "next.mbo.dbn.zst", rows("2026-03-04"), "2026-03-04"))
    before = lake.hashes()
    result = lake.run("all", "ESH6", "2026-03-02:2026-03-04", **WINDOW).exits(CORRUPT, "'X'")
    after = lake.hashes()
    assert {path: after[path] for path in before} == before
    assert {path.split("/")[4] for path in after.keys() - before.keys()} == {"dt=2026-03-04"}
    outcomes = {(entry["dataset"].split(".")[0], entry["dt"]): entry["outcome"] for entry in result.partitions.values()}
    assert outcomes[("gold", "2026-03-04")] == "published" and outcomes[("bronze", BAD)] == "failed"
    assert lake.leftovers() == []


# What is asked for


REQUESTS = {
    "climbing symbol": (["-s", "../x"], r"'\.\./x' is a path, not a symbol"),
    "climbing deeper": (["-s", "ESH6/../../x"], r"is a path, not a symbol"),
    "absolute symbol": (["-s", "/etc/passwd"], r"is a path, not a symbol"),
    "dots": (["-s", ".."], r"is a path, not a symbol"),
    "empty symbol": (["-s", ""], r"symbol"),
    "empty symbol in a list": (["-s", "ESH6,,ESM6"], r"symbol"),
    "control character": (["-s", "ES\nH6"], r"control character"),
    "long symbol": (["-s", "E" * 200], r"1 to 100 bytes"),
    "neither root nor contract": (["-s", "A/B"], r"neither the root of a future"),
    "lower case": (["-s", "esh6"], r"neither the root of a future"),
    "unknown product": (["-p", "future_mb"], r"no product 'future_mb'.*(\n.*)*future_mbo"),
    "unknown layer": (["-l", "platinum"], r"platinum.*(\n.*)*bronze"),
    "unknown table": (["-t", "book"], r"no table 'book'"),
    "table of another layer": (["-l", "gold", "-t", "mbo"], r"no table 'mbo'"),
    "no such day": (["-d", "2024-02-30"], r"'2024-02-30' is not a date"),
    "no such month": (["-d", "2024-13-01"], r"not a date"),
    "another form of a date": (["-d", "20240508"], r"not a date"),
    "backward range": (["-d", "2026-03-03:2026-03-01"], r"ends before it begins"),
    "endless range": (["-d", "1000-01-01:3000-01-01"], r"(century|not a date|range)"),
    "half a range": (["-d", "2026-03-03:"], r"not a date"),
    "bad time": (["--start", "24:30"], r"'24:30' is not a time"),
    "times in the wrong order": (["--start", "10:00", "--end", "09:00"], r"--start is not before --end"),
    "no workers": (["--workers", "0"], r"workers"),
    "unknown compression": (["--compression", "gzip"], r"gzip.*zstd"),
    "unknown option": (["--overwite"], r"overwrite"),
    "setting twice": (["--set", "publisher=1", "--set", "publisher=2"], r"twice"),
}


@pytest.mark.parametrize("case", REQUESTS)
def test_requests_that_cannot_be(lake, case):
    arguments, pattern = REQUESTS[case]
    base = {"-p": "future_mbo", "-l": "all", "-s": "ESH6", "-d": BAD}
    command = ["run", "--json"]
    for name, value in base.items():
        if name not in arguments:
            command += [name, value]
    day(lake, rows(BAD))
    result = refuses(lake, USAGE, pattern, *command, *arguments)
    assert not (lake.root.parent / "x").exists()
    assert result.json.get("error", {}).get("exit_code", result.json.get("exit_code")) == USAGE


def test_times_in_the_wrong_order_across_clocks(lake):
    """09:30 in New York is 14:30 UTC: the window is empty although the digits ascend."""
    day(lake, rows(BAD))
    lake.run("bronze", "ESH6", BAD).exits(0)
    refuses(lake, USAGE, r"output_start and output_end: the window is empty", "silver", "ESH6", BAD, table="book_snapshot_1s", start="09:30", end="10:00Z")


# The project


@pytest.fixture
def project(lake, tmp_path):
    """A copy of contracts and registry to break."""
    folder = tmp_path / "project"
    folder.mkdir()
    shutil.copytree(ROOT / "contracts", folder / "contracts")
    shutil.copyfile(ROOT / "datasets.yaml", folder / "datasets.yaml")
    lake.project = folder
    return folder


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return text[: text.index(old)].count("\n") + 1


def change_contract(project, change, table="silver/future_mbo/book_snapshot_1s"):
    path = project / "contracts" / f"{table}.avsc"
    contract = json.loads(path.read_text())
    change(contract)
    path.write_text(json.dumps(contract, indent=2))


def field(contract, name):
    return next(field for field in contract["fields"] if field["name"] == name)


def test_a_whole_copy_of_the_project_works(lake, project):
    day(lake, rows(BAD))
    lake.run("all", "ESH6", BAD, **WINDOW).exits(0)


CONTRACTS = {
    "lacks a column": lambda c: c["fields"].remove(field(c, "mid_price_int")),
    "has one more": lambda c: c["fields"].append({"name": "more", "type": "long", "doc": "more", "unit": "count"}),
    "another order": lambda c: c["fields"].reverse(),
    "another type": lambda c: field(c, "best_bid_qty").update(type="int"),
    "no longer nullable": lambda c: (field(c, "mid_price").update(type="double"), field(c, "mid_price").pop("default")),
    "another rule": lambda c: field(c, "best_bid_qty").update(minimum=1),
    "another unit": lambda c: field(c, "best_bid_qty").update(unit="shares"),
    "another key": lambda c: c.update(key=["window_start_ts_ns"]),
}


@pytest.mark.parametrize("case", CONTRACTS)
def test_a_contract_that_is_not_the_one_the_program_was_built_from(lake, project, case):
    day(lake, rows(BAD))
    change_contract(project, CONTRACTS[case])
    result = refuses(lake, USAGE, r"contracts/silver/future_mbo/book_snapshot_1s\.avsc", "all", "ESH6", BAD)
    assert re.search("differs from the contract this program was built from|mid_price_int|key", result.err), result.err


def test_a_contract_whose_words_change_is_the_same_contract(lake, project):
    """Documentation and layout of the text are not part of the fingerprint."""
    day(lake, rows(BAD))
    change_contract(project, lambda c: (field(c, "mid_price").update(doc="in other words"), c.update(doc="so")))
    lake.run("all", "ESH6", BAD, **WINDOW).exits(0)


def test_a_contract_that_is_no_json(lake, project):
    path = project / "contracts/silver/future_mbo/book_snapshot_1s.avsc"
    path.write_text(path.read_text()[:-3])
    refuses(lake, USAGE, r"book_snapshot_1s\.avsc.*(line|:\d+)", "all", "ESH6", BAD)


def test_a_contract_that_is_not_there(lake, project):
    (project / "contracts/silver/future_mbo/book_quality_1s.avsc").unlink()
    refuses(lake, USAGE, r"datasets\.yaml:\d+.*book_quality_1s", "all", "ESH6", BAD)


REGISTRY = {
    "unknown stage": ("  silver_book:", "  silver_boook:", r"silver_boook", 0),
    "unknown table": ("silver.{product}.book_quality_1s", "silver.{product}.book_qualty_1s", r"book_qualty_1s", 0),
    "unknown input": ("dataset: \"bronze.{product}.mbo\"", "dataset: \"bronze.{product}.mob\"", r"mob", 0),
    "unknown layer": ("silver.{product}.book_quality_1s", "platinum.{product}.book_quality_1s", r"platinum", 0),
    "unknown raw schema": ("- raw.definition", "- raw.definitons", r"definitons", 0),
    "unknown product": ("products: [future_mbo]", "products: [future_mob]", r"future_mob", 6),
    "unknown key": ("    revision: 1", "    revison: 1", r"revison", 0),
    "no revision": ("    revision: 1", "    revision: one", r"revision", 0),
    "lattice step of nothing": ("ES: {q: 0.25}", "ES: {q: 0}", r"q", 0),
    "lattice step of words": ("ES: {q: 0.25}", "ES: {q: many}", r"q", 0),
    "another version": ("version: 1", "version: 2", r"version", 0),
    "key twice": ("lake_root: lake", "lake_root: lake\nlake_root: lake", r"lake_root", 1),
    "invalid YAML": ("    parameters:\n", "    parameters: [\n", r"", None),
    "tab": ("  NQ: {q: 0.25}", "\tNQ: {q: 0.25}", r"", None),
    "unclosed quote": ('output_start: "09:30:00"', 'output_start: "09:30:00', r"", None),
}


@pytest.mark.parametrize("case", REGISTRY)
def test_a_registry_that_cannot_be(lake, project, case):
    """Every complaint names the file and the line: of the entry, or of its stage."""
    old, new, pattern, offset = REGISTRY[case]
    line = edit(project / "datasets.yaml", old, new)
    result = refuses(lake, USAGE, r"datasets\.yaml:\d+", "all", "ESH6", BAD)
    assert re.search(pattern, result.err), result.err
    if offset is not None:
        found = [int(number) for number in re.findall(r"datasets\.yaml:(\d+)", result.err)]
        assert any(abs(number - line - offset) <= 1 for number in found), (line, result.err)


def test_a_cycle_in_the_registry(lake, project):
    edit(project / "datasets.yaml", "      - bronze.{product}.mbo\n    writes:\n      - silver.{product}.book_snapshot_1s",
         "      - gold.{product}.physics_surface_1s\n    writes:\n      - silver.{product}.book_snapshot_1s")
    refuses(lake, USAGE, r"datasets\.yaml:\d+", "all", "ESH6", BAD)


def test_no_project(lake, tmp_path):
    lake.project = tmp_path / "nowhere"
    refuses(lake, USAGE, r"nowhere is not a project", "all", "ESH6", BAD)


def test_a_missing_registry_or_contracts(lake, project):
    shutil.rmtree(project / "contracts")
    refuses(lake, USAGE, r"contracts", "all", "ESH6", BAD)


# A lake that cannot be written


def test_a_lake_below_a_file(lake, tmp_path):
    blocker = tmp_path / "file"
    blocker.write_text("")
    elsewhere = Lake.__new__(Lake)
    elsewhere.root, elsewhere.project = blocker / "lake", lake.project
    path = vendorfiles.mbo_file(tmp_path / "bad.mbo.dbn.zst", rows(BAD), BAD)
    process = lake.tarn("raw", "add", "--lake", elsewhere.root, path)
    assert process.code in (USAGE, 6) and "file/lake" in process.err, str(process)


def test_vendor_files_were_never_touched():
    """The data of the tests is read only, whatever the tests above did with it."""
    if not DATA.exists():
        pytest.skip("the vendor's files are not here")
    for path in DATA.rglob("*.zst"):
        assert path.stat().st_mode & 0o222 == 0 and path.read_bytes()[:4] == b"\x28\xb5\x2f\xfd"
