"""Wrong bytes in every region of every file of a partition, for a table of each layer: verify names file and region, a
run refuses to read it."""

import os
import re
import shutil

import pyarrow.parquet as parquet
import pytest

from pipeline import FULL, Lake

DATE = "2026-03-03"
WINDOW = {"start": "09:30", "end": "09:30:20"}
# A table of each layer, the run that consumes it, and what that run must not publish.
TABLES = {
    "bronze": ("bronze.future_mbo.mbo", "silver", "book_snapshot_1s", "silver.future_mbo.book_snapshot_1s"),
    "silver": ("silver.future_mbo.book_snapshot_1s", "gold", "physics_surface_1s", "gold.future_mbo.physics_surface_1s"),
    "gold": ("gold.future_mbo.physics_surface_1s", "gold", "forecast_1s", "gold.future_mbo.forecast_1s"),
}
PART, MANIFEST, MARKER = "part-00000.parquet", "_MANIFEST.json", "_SUCCESS"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A generated day down to gold. Copied, never worked on."""
    folder = tmp_path_factory.mktemp("corruption")
    Lake(folder / "unused").tarn("sample", folder / "days", "--records", "5000").exits(0)
    lake = Lake(folder / "lake")
    lake.add(*sorted((folder / "days").glob(f"*{DATE.replace('-', '')}*.dbn.zst")))
    lake.run("all", "ESM6", DATE, **WINDOW).exits(0)
    lake.tarn("verify").exits(0)
    return lake


def flip(path, offset, mask=0x10):
    content = bytearray(path.read_bytes())
    content[offset] ^= mask
    path.write_bytes(content)


def cut(path, size):
    os.truncate(path, size)


def footer(path):
    """Where the footer of a Parquet file begins."""
    content = path.read_bytes()
    return len(content) - 8 - int.from_bytes(content[-8:-4], "little")


def chunks(path):
    """The column chunks as pyarrow sees them."""
    group = parquet.ParquetFile(path).metadata.row_group(0)
    return [group.column(index) for index in range(group.num_columns)]


def start(chunk):
    offsets = [chunk.data_page_offset, chunk.dictionary_page_offset]
    return min(offset for offset in offsets if offset)


def first_with_dictionary(path):
    return next(chunk for chunk in chunks(path) if chunk.dictionary_page_offset)


def end_of_pages(path):
    """Behind the last page: where the page index begins."""
    return max(start(chunk) + chunk.total_compressed_size for chunk in chunks(path))


def last_byte_of_a_page(chunk):
    return start(chunk) + chunk.total_compressed_size - 1


# What is done to which file, and what verify has to say of the part of it.
DAMAGES = {
    "header": (PART, lambda p: flip(p, 1), r"file at byte 0: does not begin with PAR1"),
    "first page header": (PART, lambda p: flip(p, 4), r"page( header)? at byte"),
    "dictionary page": (PART, lambda p: flip(p, first_with_dictionary(p).data_page_offset - 1), r"dictionary page at byte [\d,]+: column \w+: has the CRC-32"),
    "data page header": (PART, lambda p: flip(p, first_with_dictionary(p).data_page_offset), r"page( header)? at byte"),
    "page of the first column": (PART, lambda p: flip(p, last_byte_of_a_page(chunks(p)[0])), r"page at byte"),
    "page of the middle column": (PART, lambda p: flip(p, last_byte_of_a_page(chunks(p)[len(chunks(p)) // 2])), r"page at byte"),
    "page of the last column": (PART, lambda p: flip(p, last_byte_of_a_page(chunks(p)[-1])), r"page at byte"),
    "page index": (PART, lambda p: flip(p, (end_of_pages(p) + footer(p)) // 2), r"its pages are as they were written: the damage is in .*the page index"),
    "footer": (PART, lambda p: flip(p, footer(p) + 2), r"footer|schema|row group"),
    "middle of the footer": (PART, lambda p: flip(p, (footer(p) + p.stat().st_size) // 2), r"footer|schema|row group"),
    "footer length": (PART, lambda p: flip(p, p.stat().st_size - 6), r"footer"),
    "trailer": (PART, lambda p: flip(p, p.stat().st_size - 1), r"file at byte [\d,]+: does not end with PAR1"),
    "empty table": (PART, lambda p: cut(p, 0), r"it has 0 bytes"),
    "cut in the pages": (PART, lambda p: cut(p, footer(p) // 2), r"it has \d+ bytes, the manifest says"),
    "cut in the footer": (PART, lambda p: cut(p, footer(p) + 20), r"it has \d+ bytes, the manifest says"),
    "last byte gone": (PART, lambda p: cut(p, p.stat().st_size - 1), r"it has \d+ bytes, the manifest says"),
    "one byte more": (PART, lambda p: cut(p, p.stat().st_size + 1), r"it has \d+ bytes, the manifest says"),
    "table gone": (PART, lambda p: p.unlink(), r"missing"),
    "manifest value": (MANIFEST, lambda p: flip(p, p.read_bytes().index(b'"rows"') + 8, 1), r"does not hold the SHA-256 of the manifest"),
    "manifest syntax": (MANIFEST, lambda p: flip(p, 0), r"does not hold the SHA-256 of the manifest"),
    "half a manifest": (MANIFEST, lambda p: cut(p, p.stat().st_size // 2), r"does not hold the SHA-256 of the manifest"),
    "empty manifest": (MANIFEST, lambda p: cut(p, 0), r"does not hold the SHA-256 of the manifest"),
    "manifest gone": (MANIFEST, lambda p: p.unlink(), r"the manifest is missing"),
    "marker": (MARKER, lambda p: flip(p, 10, 1), r"SHA-256 of the manifest"),
    "half a marker": (MARKER, lambda p: cut(p, 30), r"SHA-256 of the manifest"),
    "empty marker": (MARKER, lambda p: cut(p, 0), r"SHA-256 of the manifest"),
    "marker gone": (MARKER, lambda p: p.unlink(), r"the marker is missing"),
}


# One damage of each kind of file is mended in the bounded run, too.
REBUILT = ("page of the first column", "table gone", "half a manifest", "marker gone")


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("layer", TABLES)
def test_verify_names_it_and_a_run_refuses_it(whole, tmp_path, layer, damage):
    dataset, consumer, table, product = TABLES[layer]
    name, spoil, words = DAMAGES[damage]
    shutil.copytree(whole.root, tmp_path / "lake")
    lake = Lake(tmp_path / "lake")
    path = lake.folder(dataset, "ESM6", DATE) / name
    spoil(path)
    shown = name if name == PART else "_MANIFEST.json|_SUCCESS"
    found = lake.tarn("verify").exits(5, rf"({shown}).*({words})")
    place = re.escape(str(lake.folder(dataset, "ESM6", DATE).relative_to(lake.root)))
    assert re.search(place, found.err), "the partition is named"
    if name == PART and "cut" not in damage and damage not in ("table gone", "empty table", "last byte gone", "one byte more"):
        assert re.search(r"at byte [\d,]+|its pages are as they were written", found.err)
    before = lake.hashes("gold", "silver")
    lake.run(consumer, "ESM6", DATE, table=table, overwrite=True).exits(5)
    assert lake.hashes("gold", "silver") == before, f"{product} was published"
    assert lake.leftovers() == []
    if damage not in REBUILT and not FULL:
        return
    # It mends itself when it is told to.
    more = {"overwrite_bronze": True} if layer == "bronze" else {}
    lake.run(layer, "ESM6", DATE, overwrite=True, **more, **(WINDOW if layer == "silver" else {})).exits(0)
    lake.tarn("verify").exits(0)
    assert lake.hashes(layer) == whole.hashes(layer), "the rebuilt bytes are the old ones"


@pytest.mark.parametrize("layer", TABLES)
def test_any_flipped_byte_is_found(whole, tmp_path, layer):
    """One byte in each twelfth part of each file, in each hundredth in the full run."""
    dataset = TABLES[layer][0]
    shutil.copytree(whole.root, tmp_path / "lake")
    lake = Lake(tmp_path / "lake")
    tried = 0
    for name in (PART, MANIFEST, MARKER):
        path = lake.folder(dataset, "ESM6", DATE) / name
        content = path.read_bytes()
        for offset in range(0, len(content), max(1, len(content) // (100 if FULL else 12))):
            flip(path, offset, 1)
            lake.tarn("verify", "-t", dataset.split(".")[2]).exits(5, re.escape(name) if name == PART else "_MANIFEST.json|_SUCCESS")
            path.write_bytes(content)
            tried += 1
    lake.tarn("verify").exits(0)
    print(f"\n{layer}: {tried} flipped bytes, each found")
