"""The whole program under failing system calls and sudden death: the n-th changing call of a run fails with EIO or
ENOSPC, or the process is killed before or after it, with or without what no fsync has made durable (Tests/Faults).

After each: every partition is byte for byte the old generation, the new one, or missing where it was missing; status
and verify agree; the same command, given again, completes without help.

The default run tries each call, or each second or third, with one of the six faults in turn, and each rename that
replaces a partition with all of them. Scripts/faults (TARN_TEST_FULL=1) tries everything, reading calls included.
Counts are printed (pytest -s)."""

import concurrent.futures
import errno
import os
import pathlib
import shutil
import tempfile

import pytest

from pipeline import FULL, LAYERS, FaultyLake, Lake, faults_shim

DATE = "2026-03-03"
DATASET = "silver.future_mbo.book_snapshot_1s"
OLD = {"start": "09:30", "end": "09:30:03"}
NEW = {"start": "09:30", "end": "09:30:05"}
FAULTS = {
    "EIO": {"FAULTS_ACTION": "fail", "FAULTS_ERRNO": str(errno.EIO)},
    "ENOSPC": {"FAULTS_ACTION": "fail", "FAULTS_ERRNO": str(errno.ENOSPC)},
    "killed before": {"FAULTS_ACTION": "before"},
    "killed after": {"FAULTS_ACTION": "after"},
    "unsynchronized lost": {"FAULTS_ACTION": "lose"},
    "unsynchronized torn": {"FAULTS_ACTION": "tear"},
}
FAILING = ("EIO", "ENOSPC")


@pytest.fixture(scope="module")
def folder():
    """In memory where there is such a place: a thousand lakes are made, and no power fails."""
    shared = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="tarn-faults-", dir=shared) as path:
        yield pathlib.Path(path).resolve()


@pytest.fixture(scope="module")
def shim(folder):
    return faults_shim(folder)


@pytest.fixture(scope="module")
def raw(folder):
    """A generated day, raw files only."""
    Lake(folder / "unused").tarn("sample", folder / "days", "--records", "5000").exits(0)
    lake = Lake(folder / "raw")
    lake.add(*sorted((folder / "days").glob(f"*{DATE.replace('-', '')}*.dbn.zst")))
    return lake


@pytest.fixture(scope="module")
def first(raw, folder):
    """The first generation of every layer."""
    shutil.copytree(raw.root, folder / "first")
    lake = Lake(folder / "first")
    lake.tarn(*run_of("bronze,silver,gold", OLD)).exits(0)
    return lake


@pytest.fixture(scope="module")
def second(first, folder):
    """The second generation of silver and gold; the first lies in the history."""
    shutil.copytree(first.root, folder / "second")
    lake = Lake(folder / "second")
    lake.tarn(*run_of("silver,gold", NEW, "--overwrite")).exits(0)
    return lake


def partitions(lake, layers=LAYERS):
    """folder → its files and their hashes."""
    found = {}
    for path, digest in lake.hashes(*layers).items():
        found.setdefault(os.path.dirname(path), {})[os.path.basename(path)] = digest
    return found


# The tables of the order book and its physics: enough tasks of every kind, and a run of tens of milliseconds.
TABLES = {
    "bronze": "mbo,definition,statistics",
    "silver": "book_snapshot_1s,depth_and_flow_1s,book_quality_1s",
    "gold": "physics_surface_1s,forecast_1s",
}


def run_of(layers, window, *more):
    tables = ",".join(TABLES[layer] for layer in layers.split(","))
    arguments = ["run", "--json", "-p", "future_mbo", "-l", layers, "-t", tables, "-s", "ESM6", "-d", DATE, "-j", "1", *more]
    return arguments + ["--start", window["start"], "--end", window["end"]]


class Scenario:
    """A command on a lake, and what must hold after a fault in it."""

    def __init__(self, base, command, folder, shim, layers=LAYERS):
        self.base, self.command, self.folder, self.shim, self.layers = base, command, folder, shim, layers
        self.old = partitions(base, layers)
        trace = folder / "trace"
        trace.unlink(missing_ok=True)
        lake = self.copy("whole")
        reads = {"FAULTS_READS": "1"} if FULL else {}
        lake.under(shim, FAULTS_TRACE=str(trace), **reads).tarn(*command).exits(0)
        self.calls = [line.split(" ", 1)[0] for line in trace.read_text().splitlines()]
        self.new = partitions(lake, layers)
        shutil.rmtree(lake.root)

    def copy(self, name):
        shutil.copytree(self.base.root, self.folder / name)
        return FaultyLake(self.folder / name)

    # Calls that the bounded run tries with every fault.
    decisive = ()

    def points(self, stride):
        """(n, fault): all of them, or each stride-th call with one fault and each decisive one with all."""
        for n, call in enumerate(self.calls, 1):
            for index, fault in enumerate(FAULTS):
                reads = call in ("read", "open-read")
                if FULL and not (reads and fault not in FAILING):
                    yield n, fault
                elif not FULL and (call in self.decisive or (n % stride == 0 and n // stride % 6 == index)):
                    yield n, fault

    def attempt(self, n, fault):
        lake = self.copy(f"{n}-{fault.replace(' ', '-')}")
        try:
            reads = {"FAULTS_READS": "1"} if FULL else {}
            result = lake.under(self.shim, FAULTS_NTH=str(n), **FAULTS[fault], **reads).tarn(*self.command)
            where = f"call {n} ({self.calls[n - 1]}), {fault}: {result}"
            if fault in FAILING:
                assert result.code in (0, 6), where
            else:
                assert result.code in (0, -9), where
            self.judge(lake, result.code, where)
        finally:
            shutil.rmtree(lake.root)

    def judge(self, lake, code, where):
        there = partitions(lake, self.layers)
        for path in self.old.keys() | self.new.keys():
            assert there.get(path) in (self.old.get(path), self.new.get(path)), f"{path} is half: {where}"
        assert there.keys() <= self.old.keys() | self.new.keys(), where
        if code == 0:
            assert there == self.new, f"it said that it was done: {where}"
        self.truth(lake, there, where)
        lake.tarn(*self.command).exits(0)
        self.complete(lake, where)

    def truth(self, lake, there, where):
        """status and verify see what is there, and all of it is whole."""
        listed = {entry["path"]: entry["state"] for entry in lake.tarn("status", "--partitions", "--json").exits(0).json["partitions"]}
        assert listed.keys() == there.keys(), where
        assert set(listed.values()) <= {"fresh", "stale"}, f"{listed} {where}"
        verified = lake.tarn("verify", "--json").exits(0).json["partitions"]
        assert {entry["path"] for entry in verified} == there.keys(), where

    def complete(self, lake, where):
        assert partitions(lake, self.layers) == self.new, where
        assert lake.leftovers() == [], where
        assert not list((lake.root / "_quarantine").glob("*/*")), where


class Replacement(Scenario):
    decisive = ("renameat2",)

    def complete(self, lake, where):
        super().complete(lake, where)
        replaced = {path for path in self.old if self.old[path] != self.new[path]}
        kept = {str(path.parent.parent.relative_to(lake.root / "_history")) for path in lake.history()}
        assert kept == replaced and len(lake.history()) == len(replaced), where


class Rollback(Scenario):
    decisive = ("renameat2", "linkat")

    def judge(self, lake, code, where):
        """A rollback that was completed is not repeated: that would take it back."""
        there = partitions(lake)
        assert there in (self.old, self.new), where
        assert code != 0 or there == self.new, where
        self.truth(lake, there, where)
        if there == self.old:
            lake.tarn(*self.command).exits(0)
        # Whatever is swept is swept by a run.
        lake.run("bronze", "ESM6", DATE).exits(0)
        assert partitions(lake) == self.new and lake.leftovers() == [], where
        lake.tarn("verify").exits(0)
        lake.tarn("rollback", DATASET, "-s", "ESM6", "-d", DATE).exits(0)
        assert partitions(lake) == self.old, f"what was replaced was kept: {where}"


class Collection(Scenario):
    def judge(self, lake, code, where):
        assert partitions(lake) == self.old, where
        self.truth(lake, self.old, where)
        lake.tarn(*self.command).exits(0)
        assert partitions(lake) == self.old and lake.history() == [], where


# What people write: levels of a day, and levels that take their place.
LEVELS = """\
ticker: TSLA
levels:
  - {level_id: low, level_price: %s, level_type: support, level_source: prior_low}
"""
REFERENCE = ["ref", "add", "--json", "-p", "equity_taq", "-s", "TSLA", "-d", DATE]


class Reference(Scenario):
    """Levels of a day: their file with its recorded hash, and the tables that are published of it."""

    def judge(self, lake, code, where):
        there = partitions(lake, self.layers)
        for path in self.old.keys() | self.new.keys():
            if path.startswith("ref/"):
                assert there.get(path) in (self.old.get(path), self.new.get(path)), f"{path} is half: {where}"
        contents = {files.get("levels.yaml") for files in (*self.old.values(), *self.new.values())} - {None}
        for path, files in there.items():
            assert not path.startswith("raw/") or files.get("levels.yaml") in {None, *contents}, where
        if code == 0:
            assert there == self.new, f"it said that it was done: {where}"
        # Between a file and the record of its hash there is a moment, which verify and every stage see.
        verified = lake.tarn("verify", "--json")
        assert verified.code in (0, 5), f"{where}: {verified}"
        damaged = [entry["path"] for entry in verified.json["damaged_raw_files"]]
        assert len(damaged) <= (verified.code == 5) and all("levels.yaml" in path for path in damaged), where
        assert all(entry["sound"] for entry in verified.json["partitions"]), where
        lake.tarn(*self.command).exits(0)
        assert partitions(lake, self.layers) == self.new, where
        lake.tarn("verify").exits(0)
        replaced = [path for path in (lake.root / "_history" / "raw").rglob("*") if path.is_file()]
        assert len(replaced) == sum(path.startswith("raw/") for path in self.old), where


class Addition(Scenario):
    """Raw files: whole, with their recorded hash, or not there."""

    def judge(self, lake, code, where):
        def files():
            return {path: digest for path, digest in lake.hashes("raw").items() if path.endswith(".zst")}

        whole = {path: digest for found in self.new.values() for path, digest in found.items() if path.endswith(".zst")}
        assert {(os.path.basename(p), d) for p, d in files().items()} <= set(whole.items()), where
        lake.tarn(*self.command).exits(0)
        assert {(os.path.basename(p), d) for p, d in files().items()} == set(whole.items()), where
        lake.tarn("raw", "verify").exits(0)
        lake.run("bronze", "ESM6", DATE).exits(0)
        assert lake.leftovers() == [], where


def matrix(name, scenario, stride=1):
    points = list(scenario.points(stride))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for _ in pool.map(lambda point: scenario.attempt(*point), points):
            pass
    tally = {fault: sum(1 for _, tried in points if tried == fault) for fault in FAULTS}
    kinds = {call: scenario.calls.count(call) for call in sorted(set(scenario.calls))}
    print(f"\nfault points of '{name}': {len(points)} tried of {len(scenario.calls)} calls {kinds}; {tally}")
    assert len(points) >= 15


def test_a_run_that_makes_everything(raw, folder, shim):
    matrix("run, all layers from raw", Scenario(raw, run_of("bronze,silver,gold", NEW), folder, shim), stride=3)


def test_a_run_that_replaces(first, folder, shim):
    command = run_of("silver,gold", NEW, "--overwrite")
    matrix("run --overwrite, silver and gold", Replacement(first, command, folder, shim), stride=2)


def test_a_rollback(second, folder, shim):
    command = ["rollback", DATASET, "-s", "ESM6", "-d", DATE]
    matrix("rollback", Rollback(second, command, folder, shim))


def test_a_collection(second, folder, shim):
    matrix("gc --delete", Collection(second, ["gc", "--delete"], folder, shim), stride=2)


def test_an_addition_of_files(raw, folder, shim):
    empty = Lake(folder / "empty")
    files = sorted((folder / "days").glob(f"*{DATE.replace('-', '')}*.dbn.zst"))
    scenario = Addition(empty, ["raw", "add", "-p", "future_mbo", *files], folder, shim, layers=("raw",))
    matrix("raw add", scenario)


def test_an_addition_of_levels(folder, shim):
    path = folder / "levels" / "levels.yaml"
    path.parent.mkdir()
    path.write_text(LEVELS % 250)
    scenario = Reference(Lake(folder / "unmarked"), [*REFERENCE, path], folder, shim, layers=("raw", "ref"))
    matrix("ref add", scenario, stride=2)


def test_a_replacement_of_levels(folder, shim):
    """A file of the same name replaces its predecessor, which is kept."""
    path = folder / "replaced" / "levels.yaml"
    path.parent.mkdir()
    path.write_text(LEVELS % 250)
    marked = Lake(folder / "marked")
    marked.tarn(*REFERENCE, path).exits(0)
    path.write_text(LEVELS % 249)
    scenario = Reference(marked, [*REFERENCE, path], folder, shim, layers=("raw", "ref"))
    matrix("ref add of a file that is there", scenario, stride=2)


def test_an_addition_of_another_file_of_the_same_name(raw, folder, shim):
    """Vendors' files are never replaced: every fault leaves the first, and so does none."""
    (there,) = (path for path in (raw.root / "raw").rglob("*.mbo.dbn.zst"))
    other = folder / "other" / there.name
    Lake(folder / "unused").tarn("sample", folder / "more", "--records", "6000").exits(0)
    other.parent.mkdir()
    shutil.copyfile(folder / "more" / there.name, other)
    before = raw.hashes("raw")
    command = ["raw", "add", "-p", "future_mbo", other]
    lake = FaultyLake(folder / "same-name")
    shutil.copytree(raw.root, lake.root, dirs_exist_ok=True)
    trace = folder / "refused"
    lake.under(shim, FAULTS_TRACE=str(trace)).tarn(*command).exits(2, "raw files are never replaced")
    count = len(trace.read_text().splitlines())
    for n in range(1, count + 1):
        for index, fault in enumerate(FAULTS):
            if FULL or n % 6 == index:
                result = lake.under(shim, FAULTS_NTH=str(n), **FAULTS[fault]).tarn(*command)
                assert result.code in (2, 6, -9), result
                assert lake.hashes("raw") == before, f"call {n}, {fault}"
    lake.tarn("raw", "verify").exits(0)
    print(f"\nfault points of 'raw add of another file of the same name': {count * (6 if FULL else 1)} of {count} calls")


def test_the_shim_bites(first, folder, shim):
    """Without this an unused shim would pass every matrix: a failing call is seen by the program, and a kill kills."""
    shutil.copytree(first.root, folder / "bites")
    lake = FaultyLake(folder / "bites")
    command = run_of("silver", NEW, "--overwrite")
    failed = lake.under(shim, FAULTS_NTH="1", **FAULTS["ENOSPC"]).tarn(*command)
    assert failed.code == 6 and "No space left on device" in failed.err, str(failed)
    assert lake.under(shim, FAULTS_NTH="20", **FAULTS["killed before"]).tarn(*command).code == -9
