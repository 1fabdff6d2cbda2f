"""Lakes for the tests that run the whole program.

TARN_BIN names the folder of the program (default .build/release), TARN_TEST_DATA the vendor files (default
../shared/data), TARN_TEST_FULL=1 takes whole days to gold.
"""

import os

import pytest

import pipeline
import vendorfiles


def needs_program(module):
    """Whoever takes something from pipeline.py starts the program."""
    return any(one is pipeline or getattr(one, "__module__", None) == "pipeline" for one in vars(module).values())


def pytest_collection_modifyitems(items):
    if (pipeline.FOLDER / "tarn").exists():
        return
    if "TARN_BIN" in os.environ:
        raise pytest.UsageError(f"TARN_BIN: there is no program {pipeline.FOLDER / 'tarn'}")
    skip = pytest.mark.skip(reason="no program: swift build -c release --product tarn")
    for item in items:
        if needs_program(item.module):
            item.add_marker(skip)


@pytest.fixture
def lake(tmp_path):
    """An empty lake."""
    return pipeline.Lake(tmp_path / "lake")


# Output windows of the fixtures, seconds of the UTC day: enough to hold what is particular about each file.
ESM4_HOURS = (0, 10)
ESH4_EVE_HOURS = (22 * 3600 + 2400, 22 * 3600 + 2420)
ESH4_HOURS = (22 * 3600 + 2400, 23 * 3600 + 2400) if pipeline.FULL else (23 * 3600 - 60, 23 * 3600 + 120)
SYNTHETIC_HOURS = (14 * 3600 + 1800, 15 * 3600 + 2400) if pipeline.FULL else (14 * 3600 + 1740, 14 * 3600 + 1980)


def between(hours):
    """--start and --end."""
    return {name: f"{vendorfiles.clock(seconds)}Z" for name, seconds in zip(("start", "end"), hours)}


@pytest.fixture(scope="session")
def esm4(tmp_path_factory):
    """ESM4 of 2024-05-08: ten seconds from bronze to gold. Read only."""
    lake = pipeline.Lake(tmp_path_factory.mktemp("esm4") / "lake")
    lake.add(*pipeline.vendor(*vendorfiles.ESM4))
    lake.run("all", "ESM4", "2024-05-08", **between(ESM4_HOURS)).exits(0)
    return lake


@pytest.fixture(scope="session")
def esh4(tmp_path_factory):
    """ESH4 of two dates: on the first only a snapshot, on the second the minutes around the opening. Read only."""
    lake = pipeline.Lake(tmp_path_factory.mktemp("esh4") / "lake")
    lake.add(*pipeline.vendor(*vendorfiles.ESH4))
    lake.run("all", "ESH4", "2023-12-24", **between(ESH4_EVE_HOURS)).exits(0)
    lake.run("all", "ESH4", "2023-12-25", **between(ESH4_HOURS)).exits(0)
    return lake


@pytest.fixture(scope="session")
def synthetic(tmp_path_factory):
    """The synthetic day: bronze whole, four minutes around the opening (the whole day under TARN_TEST_FULL) of silver
    and gold for both contracts. Read only."""
    lake = pipeline.Lake(tmp_path_factory.mktemp("synthetic") / "lake")
    lake.add(*pipeline.vendor(*vendorfiles.SYNTHETIC))
    lake.run("bronze,silver", "ESH6,NQH6", "2026-03-03", **between(SYNTHETIC_HOURS)).exits(0)
    lake.run("gold", "ESH6,NQH6", "2026-03-03").exits(0)
    return lake
