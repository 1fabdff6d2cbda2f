"""Processes that publish at the same moment, and readers while generations are swapped under them.

Two generations of one length differ in every row; whatever a reader gets is compared with both, value by value. The
default run is bounded, TARN_TEST_FULL=1 reads for a minute a reader. Counts are printed (pytest -s)."""

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
EVE = "2026-03-02"
DATASET = "silver.future_mbo.depth_and_flow_1s"
# As many rows, of other seconds.
WINDOWS = ({"start": "09:30", "end": "09:31"}, {"start": "09:31", "end": "09:32"})
SECONDS = 60 if FULL else 3
libc = ctypes.CDLL(None, use_errno=True)


@pytest.fixture(scope="module")
def bronze(tmp_path_factory):
    """A generated day in bronze. Copied, never worked on."""
    folder = tmp_path_factory.mktemp("races")
    Lake(folder / "unused").tarn("sample", folder / "days", "--records", "5000").exits(0)
    lake = Lake(folder / "lake")
    lake.add(*sorted((folder / "days").glob("*.dbn.zst")))
    lake.run("bronze", "ESM6,ESH6", f"{EVE}:{DATE}").exits(0)
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


@pytest.mark.parametrize("count", [2, 8])
def test_processes_on_different_partitions(bronze, tmp_path, count):
    lake = copy(bronze, tmp_path)
    tables = ("book_snapshot_1s", "depth_and_flow_1s", "book_quality_1s")
    wanted = [(t, symbol, date) for t in tables for symbol in ("ESM6", "ESH6") for date in (EVE, DATE)][:count]
    processes = [
        lake.start("run", "--json", "-p", "future_mbo", "-l", "silver", "-s", symbol, "-d", date, "-t", table,
                   "--start", "09:30", "--end", "09:30:20")
        for table, symbol, date in wanted
    ]  # fmt: skip
    assert [(code, err) for code, _, err in finish(processes) if code != 0] == []
    for table, symbol, date in wanted:
        assert lake.table(f"silver.future_mbo.{table}", symbol, date).num_rows > 0
    assert lake.leftovers() == []
    lake.tarn("verify").exits(0)


def read_with(name, path):
    """Every value of the table, in a form that == compares."""
    if name == "pyarrow":
        return parquet.read_table(path, partitioning=None)
    if name == "polars":
        return Frame(polars.read_parquet(path, hive_partitioning=False))
    return duckdb.sql(f"from read_parquet('{path}', hive_partitioning=false)").to_arrow_table()


def read_open(name, file):
    """The same from a file that is open already: it is not looked up by its path again."""
    if name == "pyarrow":
        return parquet.ParquetFile(file).read()
    if name == "polars":
        return Frame(polars.read_parquet(file, hive_partitioning=False))
    return read_with(name, f"/proc/self/fd/{file.fileno()}")


class Frame:
    """polars compares with ==, element by element."""

    def __init__(self, frame):
        self.frame = frame

    def __eq__(self, other):
        return self.frame.equals(other.frame)


ERRORS = (OSError, polars.exceptions.PolarsError, duckdb.Error)


def renameat2_exchange(a, b):
    if libc.renameat2(-100, os.fsencode(a), -100, os.fsencode(b), 2) != 0:
        raise OSError(ctypes.get_errno(), "renameat2")


class Generations:
    """A lake with two generations of one partition, and the tables that a reader must get."""

    def __init__(self, bronze, folder, reader):
        self.lake, self.reader = copy(bronze, folder), reader
        self.live = self.lake.folder(DATASET, "ESM6", DATE)
        self.path = self.live / "part-00000.parquet"
        self.tables = []
        for number, window in enumerate(WINDOWS):
            self.lake.run("silver", "ESM6", DATE, table="depth_and_flow_1s", overwrite=number > 0, **window).exits(0)
            self.tables.append(read_with(reader, self.path))
            shutil.copytree(self.live, folder / f"generation{number}")
        assert not self.tables[0] == self.tables[1]
        times = [parquet.read_table(folder / f"generation{n}" / "part-00000.parquet", partitioning=None) for n in (0, 1)]
        assert times[0].num_rows == times[1].num_rows >= 60 * 160
        column = "window_start_ts_ns"
        assert not set(times[0][column].to_pylist()) & set(times[1][column].to_pylist()), "no row is in both"

    def read_while(self, swap):
        """Reads for SECONDS while swap(), called again and again on a thread, replaces the partition."""
        stop = threading.Event()
        swaps, failures = [0], []

        def swapping():
            try:
                while not stop.is_set():
                    swap()
                    swaps[0] += 1
            except Exception as error:  # noqa: BLE001 - shown below
                failures.append(error)

        thread = threading.Thread(target=swapping)
        counts = {"first": 0, "second": 0, "refused": 0, "opened once": 0}
        thread.start()
        try:
            until = time.monotonic() + SECONDS
            while time.monotonic() < until:
                try:
                    table = read_with(self.reader, self.path)
                    assert table in self.tables, "a mixture, by path"
                    counts["first" if table == self.tables[0] else "second"] += 1
                except ERRORS:
                    counts["refused"] += 1
                try:
                    file = open(self.path, "rb")
                except FileNotFoundError:
                    # Only without an atomic exchange; here it must not happen.
                    raise AssertionError("the partition was missing") from None
                with file:
                    assert read_open(self.reader, file) in self.tables, "a mixture, in an open file"
                    counts["opened once"] += 1
        finally:
            stop.set()
            thread.join()
        assert failures == []
        return swaps[0], counts


@pytest.mark.parametrize("reader", ["pyarrow", "polars", "duckdb"])
def test_readers_while_generations_are_exchanged(bronze, tmp_path, reader):
    """The very system call of publication, made as fast as it goes. A file that is opened once is one generation; a
    reader that opens the path again may fail and say so, but never gives a mixture."""
    generations = Generations(bronze, tmp_path, reader)
    other = generations.lake.root / "_staging" / "other"
    shutil.copytree(tmp_path / "generation0", other)

    def swap():
        renameat2_exchange(generations.live, other)
        time.sleep(0.0005)

    swaps, counts = generations.read_while(swap)
    assert swaps > 100 and counts["opened once"] > 5
    print(f"\n{reader}: {swaps} exchanges, {counts}")


@pytest.mark.parametrize("reader", ["pyarrow", "polars", "duckdb"])
def test_readers_while_tarn_replaces(bronze, tmp_path, reader):
    """The same with the program's own publication: it rolls back, again and again."""
    generations = Generations(bronze, tmp_path, reader)

    def swap():
        generations.lake.tarn("rollback", DATASET, "-s", "ESM6", "-d", DATE).exits(0)

    swaps, counts = generations.read_while(swap)
    assert swaps >= 2 and counts["opened once"] > 5
    generations.lake.tarn("verify").exits(0)
    print(f"\n{reader}: {swaps} publications, {counts}")


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
