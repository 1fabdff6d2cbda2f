"""Broken and hostile files (broken_files.py) end in the expected message and exit code, within seconds and a stated
memory, and nothing is published."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time

import pytest

import broken_files
import vendorfiles
from broken_files import DATE
from pipeline import FOLDER, FULL, Lake, Result
from vendorfiles import ROOT

USAGE, NOT_READY, CORRUPT = 2, 4, 5
SECONDS = 60
# docs/guarantees.md: what the program takes for anything, and what reading a file of `size` bytes may cost besides.
MEBI = 1 << 20
BASE = 64 * MEBI
# Zstandard makes at most a block of 128 KiB of 4 bytes.
EXPANSION = 1 << 15


def memory_of_dbn(size):
    """A window, and the metadata as bytes and decoded, which may be compressed."""
    whole = size * EXPANSION
    return BASE + min(128 * MEBI, whole) + 10 * min(512 * MEBI, whole)


MEMORY = {
    "dbn": memory_of_dbn,
    "parquet": lambda size: BASE + min(1024 * MEBI, 64 * MEBI + size * EXPANSION) + 64 * min(size, 32 * MEBI),
    "contract": lambda size: BASE + 96 * min(size, MEBI),
    "registry": lambda size: BASE + 64 * min(size, MEBI),
    "manifest": lambda size: BASE + 96 * min(size, 16 * MEBI),
}
# Sizes of the files that cost the most.
SIZES = {
    "dbn": [MEBI, 8 * MEBI, *([64 * MEBI] if FULL else [])],
    "parquet": [MEBI, 4 * MEBI, *([16 * MEBI, 31 * MEBI] if FULL else [])],
    "contract": [64 << 10, MEBI],
    "registry": [64 << 10, MEBI],
    "manifest": [64 << 10, MEBI, *([15 * MEBI] if FULL else [])],
}


# A small process that starts the program: what a child inherits as its highest memory is that of its parent.
STARTER = """
import os, sys
child = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(child, 0)
open(sys.argv[1], "w").write(f"{os.waitstatus_to_exitcode(status)} {usage.ru_maxrss}")
"""


def measured(lake, kind, size, *arguments):
    """The program's result; its memory and time are within bounds."""
    began = time.monotonic()
    note = lake.root.parent / "measured"
    command = [sys.executable, "-I", "-S", "-c", STARTER, note, FOLDER / "tarn", *arguments]
    process = subprocess.run(
        [str(word) for word in command], env=lake._environment(), cwd=lake.root, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=SECONDS)  # fmt: skip
    code, kibi = map(int, note.read_text().split())
    result = Result([str(a) for a in arguments], code, process.stdout, process.stderr)
    assert result.code >= 0 and "fatal error" not in result.err.lower(), str(result)
    assert kibi * 1024 < MEMORY[kind](size), f"{kibi} KiB for {size} bytes: {result}"
    MEASURED.append((kibi, kind, size, time.monotonic() - began))
    return result


MEASURED = []


def cases(table):
    return pytest.mark.parametrize("case", table, ids=[case[0] for case in table])


@cases(broken_files.DBN)
def test_vendor_files(lake, tmp_path, case):
    _, make, message = case
    path = tmp_path / ("hostile.mbo.dbn" + (".zst" if make()[:4] == b"\x28\xb5\x2f\xfd" else ""))
    path.write_bytes(make())
    size = path.stat().st_size
    result = measured(lake, "dbn", size, "raw", "add", "-p", "future_mbo", "--dt", DATE, path)
    if result.code == 0:
        result = measured(lake, "dbn", size, "run", "-p", "future_mbo", "-l", "bronze", "-t", "mbo", "-s", "ESH6", "-d", DATE)
    if isinstance(message, int):
        assert result.code == 0 and lake.table("bronze.future_mbo.mbo", "ESH6", DATE).num_rows == message, str(result)
        return
    expected = NOT_READY if "knows ESH6" in result.err else CORRUPT
    assert result.code == expected and message in result.err, str(result)
    assert result.code != CORRUPT or path.name in result.err
    assert list((lake.root / "bronze").rglob("*.parquet")) == [] and lake.leftovers() == []


@cases(broken_files.PARQUET)
def test_parquet_files(lake, tmp_path, case):
    _, make, message = case
    path = tmp_path / "hostile.parquet"
    path.write_bytes(make())
    result = measured(lake, "parquet", path.stat().st_size, "inspect", path)
    if isinstance(message, int):
        assert result.code == 0 and re.search(rf"rows +{message} in", result.out), str(result)
    else:
        assert result.code == CORRUPT and message in result.err and path.name in result.err, str(result)


@pytest.fixture
def project(lake, tmp_path):
    folder = tmp_path / "project"
    shutil.copytree(ROOT / "contracts", folder / "contracts")
    shutil.copyfile(ROOT / "datasets.yaml", folder / "datasets.yaml")
    lake.project = folder
    return folder


@cases(broken_files.CONTRACTS)
def test_contracts(lake, project, case):
    _, make, message = case
    path = project / "contracts/silver/future_mbo/broken.avsc"
    path.write_bytes(make())
    result = measured(lake, "contract", path.stat().st_size, "contracts", "check")
    assert result.code == USAGE and "silver/future_mbo/broken.avsc" in result.out, str(result)
    assert message in result.out, str(result)
    assert measured(lake, "contract", 0, "status").code == USAGE


@cases(broken_files.REGISTRY)
def test_registries(lake, project, case):
    _, make, message = case
    (project / "datasets.yaml").write_bytes(make())
    result = measured(lake, "registry", len(make()), "status")
    assert result.code == USAGE and message in result.err, str(result)


@pytest.fixture(scope="module")
def bronze(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    lake = Lake(folder / "lake")
    lake.add(vendorfiles.mbo_file(folder / "good.mbo.dbn.zst", broken_files.orders(), DATE))
    lake.run("bronze", "ESH6", DATE).exits(0)
    return lake


@cases(broken_files.MANIFESTS)
def test_manifests(bronze, tmp_path, case):
    """The marker holds the hash of the broken manifest: somebody wanted it so."""
    _, make, message = case
    shutil.copytree(bronze.root, tmp_path / "lake")
    lake = Lake(tmp_path / "lake")
    folder = lake.folder("bronze.future_mbo.mbo", "ESH6", DATE)
    content = make(json.loads((folder / "_MANIFEST.json").read_text()))
    (folder / "_MANIFEST.json").write_bytes(content)
    (folder / "_SUCCESS").write_text(hashlib.sha256(content).hexdigest() + "\n")
    result = measured(lake, "manifest", len(content), "verify")
    if isinstance(message, int):
        assert result.code == 0 and f"{message} rows" in result.out, str(result)
        return
    assert result.code == CORRUPT and message in result.err, str(result)
    assert "_MANIFEST.json" in result.err or "part-00000.parquet" in result.err
    assert measured(lake, "manifest", len(content), "status").code in (0, CORRUPT)
    silver = lake.run("silver", "ESH6", DATE, start="14:00:00Z", end="14:00:03Z", set="assume_complete=true")
    # What only verify compares does not keep a run from reading what is whole.
    assert silver.code == (0 if "generation is not the hash" in result.err else CORRUPT), str(silver)
    assert not list((lake.root.parent).rglob("x")), "nothing was made outside"


def dense(kind):
    return pytest.mark.parametrize("make", broken_files.DENSE[kind].values(), ids=list(broken_files.DENSE[kind]))


@dense("dbn")
def test_memory_of_vendor_files_follows_their_metadata(lake, tmp_path, make):
    for size in SIZES["dbn"]:
        content = make(size)
        path = tmp_path / ("dense.mbo.dbn" + (".zst" if content[:4] == b"\x28\xb5\x2f\xfd" else ""))
        path.write_bytes(content)
        result = measured(lake, "dbn", len(content), "raw", "add", "-p", "future_mbo", "--dt", DATE, path)
        assert result.code == 0, str(result)
        kibi = MEASURED[-1][0]
        assert kibi * 1024 < BASE + 10 * size, f"{kibi} KiB for {size} bytes of metadata"
        shutil.rmtree(lake.root / "raw")


@dense("parquet")
def test_memory_of_parquet_follows_the_size(lake, tmp_path, make):
    for size in SIZES["parquet"]:
        path = tmp_path / "dense.parquet"
        path.write_bytes(make(size))
        assert measured(lake, "parquet", path.stat().st_size, "inspect", path).code in (0, CORRUPT)


@dense("contract")
def test_memory_of_contracts_follows_the_size(lake, project, make):
    for size in SIZES["contract"]:
        (project / "contracts/silver/future_mbo/broken.avsc").write_bytes(make(size))
        assert measured(lake, "contract", size, "contracts", "check").code == USAGE


@dense("registry")
def test_memory_of_registries_follows_the_size(lake, project, make):
    for size in SIZES["registry"]:
        content = make(size)
        (project / "datasets.yaml").write_bytes(content)
        assert measured(lake, "registry", len(content), "status").code == USAGE


@dense("manifest")
def test_memory_of_manifests_follows_the_size(bronze, tmp_path, make):
    shutil.copytree(bronze.root, tmp_path / "lake")
    lake = Lake(tmp_path / "lake")
    folder = lake.folder("bronze.future_mbo.mbo", "ESH6", DATE)
    whole = json.loads((folder / "_MANIFEST.json").read_text())
    for size in SIZES["manifest"]:
        content = make(whole, size)
        (folder / "_MANIFEST.json").write_bytes(content)
        (folder / "_SUCCESS").write_text(hashlib.sha256(content).hexdigest() + "\n")
        assert measured(lake, "manifest", len(content), "verify").code == CORRUPT


def test_the_corpus_is_written_by_a_script(tmp_path):
    script = ROOT / "Tests" / "Python" / "broken_files.py"
    subprocess.run([sys.executable, script, tmp_path / "corpus"], check=True)
    names = (tmp_path / "corpus" / "expected.txt").read_text().splitlines()
    assert len(names) == sum(map(len, (broken_files.DBN, broken_files.PARQUET, broken_files.CONTRACTS, broken_files.REGISTRY)))


def test_the_cases_are_documented():
    """python -c 'import broken_files; print(*broken_files.table_of_cases(), sep="\\n")' prints the table."""
    text = (ROOT / "docs" / "guarantees.md").read_text()
    assert "\n".join(broken_files.table_of_cases()) in text


def test_what_is_shown_never_holds_control_characters(lake, tmp_path):
    """A terminal must not obey a file."""
    path = tmp_path / "hostile.parquet"
    path.write_bytes(broken_files.parquet(broken_files.table(0, columns=(b"\x1b[2Jx",))))
    result = measured(lake, "parquet", path.stat().st_size, "inspect", path)
    assert "\x1b" not in result.out + result.err


def test_what_it_cost():
    """Runs last; for pytest -s."""
    for kind in MEMORY:
        costs = [cost for cost in MEASURED if cost[1] == kind]
        if costs:
            kibi, _, size, _ = max(costs)
            print(f"\n{kind}: {len(costs)} commands, at most {kibi // 1024} MiB (file of {size:,} bytes)")
            share, kibi, size = max((kibi * 1024 / MEMORY[kind](size), kibi, size) for kibi, _, size, _ in costs)
            print(f"nearest to its bound, {share:.0%}: {kibi // 1024} MiB (file of {size:,} bytes)")
