"""Wrong bytes in every region of every file of a partition: verify names file and region, a run refuses to read it."""

import os
import shutil

import pytest

from pipeline import Lake

DATE = "2026-03-03"
DATASET = "silver.future_mbo.book_snapshot_1s"
WINDOW = {"start": "09:30", "end": "09:30:20"}


@pytest.fixture(scope="module")
def silver(tmp_path_factory):
    """A generated day down to silver. Copied, never worked on."""
    folder = tmp_path_factory.mktemp("corruption")
    Lake(folder / "unused").tarn("sample", folder / "days", "--records", "5000").exits(0)
    lake = Lake(folder / "lake")
    lake.add(*sorted((folder / "days").glob(f"*{DATE.replace('-', '')}*.dbn.zst")))
    lake.run("bronze,silver", "ESM6", DATE, **WINDOW).exits(0)
    lake.tarn("verify").exits(0)
    return lake


def flip(path, offset, mask=0x10):
    bytes_ = bytearray(path.read_bytes())
    bytes_[offset] ^= mask
    path.write_bytes(bytes_)


def cut(path, size):
    os.truncate(path, size)


def footer(path):
    """Where the footer of a Parquet file begins."""
    content = path.read_bytes()
    return len(content) - 8 - int.from_bytes(content[-8:-4], "little")


# What is done to which file, and what verify has to say: the file, and the part of it.
PART, MANIFEST, MARKER = "part-00000.parquet", "_MANIFEST.json", "_SUCCESS"
DAMAGES = {
    "header": (PART, lambda p: flip(p, 1), "does not (start|begin) with PAR1"),
    "first page header": (PART, lambda p: flip(p, 4), "page"),
    "page": (PART, lambda p: flip(p, footer(p) // 2), "page"),
    "footer": (PART, lambda p: flip(p, footer(p) + 2), "footer"),
    "footer length": (PART, lambda p: flip(p, p.stat().st_size - 6), "footer"),
    "trailer": (PART, lambda p: flip(p, p.stat().st_size - 1), "does not end with PAR1"),
    "empty table": (PART, lambda p: cut(p, 0), "it has 0 bytes"),
    "half a table": (PART, lambda p: cut(p, p.stat().st_size // 2), r"it has \d+ bytes, the manifest says"),
    "table gone": (PART, lambda p: p.unlink(), "missing"),
    "manifest value": (MANIFEST, lambda p: flip(p, p.read_bytes().index(b'"rows"') + 8, 1), "does not hold the SHA-256 of the manifest"),
    "manifest syntax": (MANIFEST, lambda p: flip(p, 0), "does not hold the SHA-256 of the manifest"),
    "half a manifest": (MANIFEST, lambda p: cut(p, p.stat().st_size // 2), "does not hold the SHA-256 of the manifest"),
    "manifest gone": (MANIFEST, lambda p: p.unlink(), "the manifest is missing"),
    "marker": (MARKER, lambda p: flip(p, 10, 1), "SHA-256 of the manifest"),
    "half a marker": (MARKER, lambda p: cut(p, 30), "SHA-256 of the manifest"),
    "marker gone": (MARKER, lambda p: p.unlink(), "the marker is missing"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_verify_names_it_and_a_run_refuses_it(silver, tmp_path, damage):
    name, spoil, words = DAMAGES[damage]
    shutil.copytree(silver.root, tmp_path / "lake")
    lake = Lake(tmp_path / "lake")
    path = lake.folder(DATASET, "ESM6", DATE) / name
    spoil(path)
    shown = name if name == PART else "_MANIFEST.json|_SUCCESS"
    lake.tarn("verify").exits(5, f"({shown}).*({words})")
    lake.run("gold", "ESM6", DATE).exits(5)
    assert not lake.folder("gold.future_mbo.physics_surface_1s", "ESM6", DATE).exists(), "it was published"
    # It mends itself when it is told to.
    lake.run("silver", "ESM6", DATE, overwrite=True, **WINDOW).exits(0)
    lake.tarn("verify").exits(0)
    assert lake.hashes("silver") == silver.hashes("silver"), "the rebuilt bytes are the old ones"


def test_any_flipped_byte_is_found(silver, tmp_path):
    """One byte in each sixtieth part of each file."""
    shutil.copytree(silver.root, tmp_path / "lake")
    lake = Lake(tmp_path / "lake")
    tried = 0
    for name in (PART, MANIFEST, MARKER):
        path = lake.folder(DATASET, "ESM6", DATE) / name
        whole = path.read_bytes()
        for offset in range(0, len(whole), max(1, len(whole) // 60)):
            flip(path, offset, 1)
            lake.tarn("verify", "-t", "book_snapshot_1s").exits(5)
            path.write_bytes(whole)
            tried += 1
    lake.tarn("verify").exits(0)
    print(f"\n{tried} flipped bytes, each found")
