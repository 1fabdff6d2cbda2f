"""Peak memory of the program is small and does not grow with the day."""

import os
import pathlib
import re
import time

import pytest

from conftest import SYNTHETIC_HOURS, between
from pipeline import FULL, Lake, flags

LIMIT_MB = 256


def peak(lake, *arguments, **options):
    """Megabytes that a run held at its most.

    The high-water mark is read while the run goes on: what the system reports at the end of a process may be that of
    the one that started it.
    """
    process = lake.start("run", "--quiet", "-p", "future_mbo", "-d", "2026-03-03", *arguments, *flags(options))
    most = 0
    while process.poll() is None:
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        if mark := re.search(r"VmHWM:\s+(\d+) kB", status):
            most = max(most, int(mark[1]))
        time.sleep(0.002)
    assert process.communicate()[1] == "" and process.returncode == 0 and most > 0
    return most / 1024


@pytest.fixture
def lake(synthetic, tmp_path):
    """The raw files of the synthetic day."""
    (tmp_path / "lake").mkdir()
    os.symlink(synthetic.root / "raw", tmp_path / "lake" / "raw")
    return Lake(tmp_path / "lake")


def test_a_day_of_a_million_orders(lake):
    """Both contracts at a time, the silver of a whole session, surfaces of some minutes."""
    used = {"bronze": peak(lake, "-l", "bronze", "-s", "ESH6,NQH6", "-j", "2")}
    used["silver"] = peak(lake, "-l", "silver", "-s", "ESH6,NQH6", "-j", "2")
    used["silver of minutes"] = peak(lake, "-l", "silver", "-s", "ESH6", "--overwrite", **between(SYNTHETIC_HOURS))
    used["gold"] = peak(lake, "-l", "gold", "-s", "ESH6")
    print(used)
    assert max(used.values()) < LIMIT_MB, used


@pytest.mark.skipif(not FULL, reason="a whole session of surfaces: TARN_TEST_FULL=1")
def test_gold_of_a_whole_session(lake, tmp_path):
    """From 09:30 to 16:00, as the defaults have it: memory stays, and another number of workers gives the same file."""
    gold = "gold.future_mbo.physics_surface_1s"
    lake.run("bronze,silver", "ESH6", "2026-03-03").exits(0)
    used = peak(lake, "-l", "gold", "-s", "ESH6", "-j", "1")
    print(used)
    assert used < LIMIT_MB
    windows = lake.table("silver.future_mbo.book_snapshot_1s", "ESH6", "2026-03-03")
    anchored = windows.num_rows - windows["spot_ref_price_int"].null_count
    assert windows.num_rows == 6.5 * 3600 and anchored > 0
    manifest = lake.manifest(gold, "ESH6", "2026-03-03")
    assert manifest["rows"] == anchored * 2 * 401
    other = Lake(tmp_path / "other")
    os.symlink(lake.root / "raw", other.root / "raw")
    other.run("all", "ESH6", "2026-03-03", workers=4).exits(0)
    assert other.manifest(gold, "ESH6", "2026-03-03") == manifest
