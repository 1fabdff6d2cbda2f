"""Processes that publish at the same moment, and readers while generations are swapped under them.

The default run is bounded; TARN_TEST_FULL=1 does thousands of swaps. Counts are printed (pytest -s)."""

import ctypes
import json
import os
import shutil
import threading
import time

import duckdb
import polars
import pyarrow.parquet as parquet
import pytest

from pipeline import FULL, Lake, interrupt

DATE = "2026-03-03"
DATASET = "silver.future_mbo.book_snapshot_1s"
WINDOWS = ({"start": "09:30", "end": "09:30:20"}, {"start": "09:30", "end": "09:30:30"})
SECONDS = 240 if FULL else 4
libc = ctypes.CDLL(None, use_errno=True)


@pytest.fixture(scope="module")
def bronze(tmp_path_factory):
    """A generated day in bronze. Copied, never worked on."""
    folder = tmp_path_factory.mktemp("races")
    Lake(folder / "unused").tarn("sample", folder / "days", "--records", "5000").exits(0)
    lake = Lake(folder / "lake")
    lake.add(*sorted((folder / "days").glob(f"*{DATE.replace('-', '')}*.dbn.zst")))
    lake.run("bronze", "ESM6,ESH6", DATE).exits(0)
    return lake


def copy(bronze, folder):
    shutil.copytree(bronze.root, folder / "lake")
    return Lake(folder / "lake")


def finish(processes):
    ended = []
    for process in processes:
        out, err = process.communicate(timeout=300)
        ended.append((process.returncode, out, err))
    return ended


@pytest.mark.parametrize("count", [2, 8])
def test_processes_that_make_the_same_partitions(bronze, tmp_path, count):
    """One publishes; the others find the very same partition there. All succeed, nothing is left behind."""
    rounds = 8 if FULL else 1
    tally = {}
    for number in range(rounds):
        lake = copy(bronze, tmp_path / str(number))
        arguments = ("run", "--json", "-p", "future_mbo", "-l", "silver", "-s", "ESM6", "-d", DATE, "-j", "1")
        ended = finish([lake.start(*arguments, "--start", "09:30", "--end", "09:30:20") for _ in range(count)])
        published = {}
        for code, out, err in ended:
            assert code == 0, err
            for task in json.loads(out)["tasks"]:
                for entry in task["partitions"]:
                    tally[entry["outcome"]] = tally.get(entry["outcome"], 0) + 1
                    published[entry["path"]] = published.get(entry["path"], 0) + (entry["outcome"] == "published")
        assert set(published.values()) == {1}, "each partition was published once"
        assert lake.leftovers() == []
        lake.tarn("verify").exits(0)
    print(f"\n{count} processes, {rounds} rounds, same partitions: {tally}")


@pytest.mark.parametrize("count", [2, 8])
def test_processes_that_want_different_generations_of_one_partition(bronze, tmp_path, count):
    """One of them wins. Another either finds it fresh or stale (4); what is there is whole and of one of them."""
    lake = copy(bronze, tmp_path)
    processes = [
        lake.start("run", "--json", "-p", "future_mbo", "-l", "silver", "-t", "book_snapshot_1s", "-s", "ESM6",
                   "-d", DATE, "--start", "09:30", "--end", f"09:30:{10 + number}")
        for number in range(count)
    ]
    codes = [code for code, _, _ in finish(processes)]
    assert codes.count(0) >= 1 and set(codes) <= {0, 4}, codes
    assert lake.leftovers() == []
    lake.tarn("verify").exits(0)
    print(f"\n{count} processes, different generations: exit codes {sorted(codes)}")


def test_processes_on_different_partitions(bronze, tmp_path):
    lake = copy(bronze, tmp_path)
    processes = [
        lake.start("run", "--json", "-p", "future_mbo", "-l", "silver", "-s", symbol, "-d", DATE, "-t", table,
                   "--start", "09:30", "--end", "09:30:20")
        for symbol in ("ESM6", "ESH6")
        for table in ("book_snapshot_1s", "depth_and_flow_1s", "book_quality_1s")
    ]
    assert [code for code, _, err in finish(processes)] == [0] * 6
    assert lake.leftovers() == []
    lake.tarn("verify").exits(0)


def read_with(name, path):
    if name == "pyarrow":
        return parquet.read_table(path, partitioning=None).num_rows
    if name == "polars":
        return polars.read_parquet(path, hive_partitioning=False).height
    # Every value is hashed: the count alone is in the footer.
    source = f"read_parquet('{path}', hive_partitioning=false)"
    return duckdb.sql(f"select count(*), sum(hash(t)) from {source} t").fetchall()[0][0]


def renameat2_exchange(a, b):
    if libc.renameat2(-100, os.fsencode(a), -100, os.fsencode(b), 2) != 0:
        raise OSError(ctypes.get_errno(), "renameat2")


@pytest.mark.parametrize("reader", ["pyarrow", "polars", "duckdb"])
def test_readers_while_generations_are_swapped(bronze, tmp_path, reader):
    """The swap is the very system call of publication, made as fast as it goes. A file that is opened once is one
    generation; a reader that opens the path again may fail and say so, but never gives a mixture."""
    lake = copy(bronze, tmp_path)
    live = lake.folder(DATASET, "ESM6", DATE)
    rows = []
    for number, window in enumerate(WINDOWS):
        lake.run("silver", "ESM6", DATE, table="book_snapshot_1s", overwrite=number > 0, **window).exits(0)
        rows.append(lake.table(DATASET, "ESM6", DATE).num_rows)
        shutil.copytree(live, tmp_path / f"generation{number}")
    assert rows[0] != rows[1]
    assert read_with(reader, live / "part-00000.parquet") == rows[1], "at rest it reads"
    other = lake.root / "_staging" / "other"
    shutil.copytree(tmp_path / "generation0", other)
    stop = threading.Event()
    swaps = [0]

    def swap():
        while not stop.is_set():
            renameat2_exchange(live, other)
            swaps[0] += 1
            time.sleep(0.0005)

    thread = threading.Thread(target=swap)
    thread.start()
    counts = {"whole": 0, "refused": 0, "opened once": 0}
    try:
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            try:
                assert read_with(reader, live / "part-00000.parquet") in rows, "a mixture"
                counts["whole"] += 1
            except (OSError, polars.exceptions.PolarsError, duckdb.Error):
                counts["refused"] += 1
            with open(live / "part-00000.parquet", "rb") as file:
                content = parquet.ParquetFile(file)
                assert content.metadata.num_rows in rows and content.read().num_rows == content.metadata.num_rows
                counts["opened once"] += 1
    finally:
        stop.set()
        thread.join()
    assert swaps[0] > 100
    print(f"\n{reader}: {swaps[0]} swaps, {counts}")


def test_an_interrupted_race_leaves_nothing(bronze, tmp_path):
    """Signals amid a race: whatever was reached, a further run completes it."""
    lake = copy(bronze, tmp_path)
    arguments = ("run", "-p", "future_mbo", "-l", "silver", "-s", "ESM6", "-d", DATE, "--start", "09:30", "--end", "09:31")
    processes = [lake.start(*arguments) for _ in range(2)]
    time.sleep(0.05)
    result, _ = interrupt(processes[0])
    assert result.code in (0, 130, -2), result.err
    assert finish(processes[1:])[0][0] == 0
    lake.run("silver", "ESM6", DATE, start="09:30", end="09:31").exits(0)
    lake.tarn("verify").exits(0)
    assert lake.leftovers() == []
