"""What a record costs, in instructions and in allocations: numbers that do not depend on how busy the machine is.

Programs run under valgrind, or with a counter before the C library's heap, on days of which each has twice the records
of the one before. What is the same for both days drops out of the difference.

The bounds lie a quarter above what was counted when they were written down; other versions of the C libraries take
some more or fewer. Who makes the program faster lowers them, who makes it slower must say why.
"""

import os
import re
import shutil
import subprocess

import pytest

from pipeline import FOLDER, Lake
from vendorfiles import ROOT

DATE = "2026-03-03"
SIZES = (20_000, 40_000, 80_000)
HOURS = {"start": "14:30:00Z", "end": "14:35:00Z"}

# Instructions of one more record.
INSTRUCTIONS = {"book": 235, "decode": 940, "write": 1550, "read": 470, "bronze": 4250}

needs_valgrind = pytest.mark.skipif(shutil.which("valgrind") is None, reason="no valgrind: Scripts/setup installs it")


class Days:
    """Generated days by their number of records, with bronze of the front contract."""

    def __init__(self, folder):
        self.folder = folder
        for size in SIZES:
            lake = Lake(folder / f"lake-{size}")
            lake.tarn("sample", folder / str(size), "--dt", DATE, "--records", size).exits(0)
            lake.add(self.file(size))
            lake.run("bronze", "ESH6", DATE, table="mbo").exits(0)

    def file(self, size):
        return next((self.folder / str(size)).glob("*.mbo.dbn.zst"))

    def bronze(self, size):
        return next((self.folder / f"lake-{size}").glob("bronze/**/table=mbo/**/part-00000.parquet"))

    def records(self, size):
        """Of all contracts, and of the front one."""
        lines = run("bench-book", self.file(size), 0).splitlines()
        counts = [int(re.search(r": (\d+) records", line)[1]) for line in lines]
        return sum(counts), max(counts)


@pytest.fixture(scope="module")
def days(tmp_path_factory):
    return Days(tmp_path_factory.mktemp("days"))


def run(program, *arguments, environment=None, before=()):
    command = [*map(str, before), str(FOLDER / program), *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, env=os.environ | (environment or {}))
    assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
    return result.stdout


# What each program does once with a day: the program, and its arguments for a day and a number of rounds.
WORK = {
    # Ten seconds of output: a window costs as much as hundreds of records, however many it has.
    "book": lambda days, size, rounds: ("bench-book", days.file(size), rounds, "", 10),
    "decode": lambda days, size, rounds: ("bench-formats", "decode", days.file(size), rounds),
    "write": lambda days, size, rounds: ("bench-formats", "write", days.bronze(size), rounds),
    "read": lambda days, size, rounds: ("bench-formats", "read", days.bronze(size), rounds),
}


# MARK: Instructions


@pytest.fixture(scope="module")
def stripped(tmp_path_factory):
    """The programs without the debugging tables, which valgrind stumbles over."""
    folder = tmp_path_factory.mktemp("stripped")
    for program in ("bench-book", "bench-formats", "tarn"):
        subprocess.run(["strip", "--strip-debug", "-o", folder / program, FOLDER / program], check=True)
    return folder


def instructions(stripped, program, *arguments):
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", stripped / program, *arguments]
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
    return int(re.search(r"Collected : (\d+)", result.stderr)[1])


@needs_valgrind
@pytest.mark.parametrize("work", WORK)
def test_instructions_of_a_record(days, stripped, work):
    """A round's instructions over two days: the difference is that of the records; twice the records, twice the cost."""
    costs = []
    for size in SIZES[:2]:
        once, twice = (instructions(stripped, *WORK[work](days, size, rounds)) for rounds in (1, 2))
        costs.append(twice - once)
    (all_first, front_first), (all_second, front_second) = (days.records(size) for size in SIZES[:2])
    more = front_second - front_first if work in ("write", "read") else all_second - all_first
    each = (costs[1] - costs[0]) / more
    print(f"\n{work}: {each:.0f} instructions a record; {costs[0] / 1e6:.1f} M and {costs[1] / 1e6:.1f} M a round")
    assert 0 < each < INSTRUCTIONS[work]


@needs_valgrind
def test_instructions_of_a_record_grow_as_a_straight_line(days, stripped):
    """The whole program, from the vendor's file to a published partition, on days of N, 2 N and 4 N records."""
    costs = []
    for size in SIZES:
        lake = Lake(days.folder / f"lake-{size}")
        arguments = ["--project", ROOT, "--lake", lake.root, "run", "-p", "future_mbo", "-l", "bronze", "-t", "mbo"]
        arguments += ["-s", "ESH6", "-d", DATE, "-j", "1", "-q", "--overwrite", "--overwrite-bronze"]
        costs.append(instructions(stripped, "tarn", *arguments))
    records = [days.records(size)[0] for size in SIZES]
    slopes = [(costs[i + 1] - costs[i]) / (records[i + 1] - records[i]) for i in (0, 1)]
    print(f"\nbronze: {slopes[0]:.0f} and {slopes[1]:.0f} instructions of one more record")
    assert 0 < max(slopes) < INSTRUCTIONS["bronze"]
    assert 0.85 < slopes[1] / slopes[0] < 1.15


# MARK: Allocations


@pytest.fixture(scope="module")
def counter(tmp_path_factory):
    folder = tmp_path_factory.mktemp("counter")
    compiler = shutil.which("cc") or shutil.which("clang")
    source = ROOT / "Tests" / "Cost" / "allocations.c"
    subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", folder / "allocations.so", source], check=True)
    return folder


def allocations(counter, program, *arguments):
    out = counter / "count"
    out.unlink(missing_ok=True)
    run(program, *arguments, environment={"LD_PRELOAD": str(counter / "allocations.so"), "ALLOCATIONS": str(out)})
    return int(out.read_text())


@pytest.mark.parametrize("work", WORK)
def test_no_record_allocates(days, counter, work):
    """One more round over a day of N and one over a day of 4 N records ask the heap as often, but for memory that
    doubles a few times more, and for what belongs to a block, a page or a row group."""
    more = []
    for size in (SIZES[0], SIZES[2]):
        once, twice = (allocations(counter, *WORK[work](days, size, rounds)) for rounds in (1, 2))
        more.append(twice - once)
    print(f"\n{work}: {more[0]} allocations a round for {SIZES[0]:,} records, {more[1]} for {SIZES[2]:,}")
    assert more[0] > 0
    assert more[1] - more[0] < 100


def test_no_record_allocates_in_the_whole_program(days, counter):
    """From the vendor's file to bronze and on to silver: so many more records, and hardly an allocation more."""
    counts = []
    for size in (SIZES[0], SIZES[2]):
        lake = Lake(days.folder / f"lake-{size}")
        start = ["--project", ROOT, "--lake", lake.root, "run", "-p", "future_mbo", "-s", "ESH6", "-d", DATE, "-j", "1"]
        start += ["-q", "--overwrite"]
        bronze = allocations(counter, "tarn", *start, "-l", "bronze", "-t", "mbo", "--overwrite-bronze")
        tables = "book_snapshot_1s,depth_and_flow_1s,book_quality_1s"
        hours = ["--start", HOURS["start"], "--end", HOURS["end"]]
        counts.append((bronze, allocations(counter, "tarn", *start, "-l", "silver", "-t", tables, *hours)))
    more = days.records(SIZES[2])[0] - days.records(SIZES[0])[0]
    for layer, few, many in zip(("bronze", "silver"), *counts):
        print(f"\n{layer}: {few} allocations, and {many} with {more:,} records more")
        assert many - few < more / 100
