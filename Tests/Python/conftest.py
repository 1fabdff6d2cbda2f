"""Lakes for the tests that run the whole program.

TARN_BIN names the folder of the program (default .build/release), TARN_TEST_DATA the vendor files (default
../shared/data), TARN_TEST_FULL=1 takes whole days to gold.
"""

import os

import pytest

import pipeline
import vendorfiles

WHOLE_PROGRAM = {
    "test_bronze_lossless", "test_book_cases_end_to_end", "test_silver_independent", "test_gold_reference",
    "test_readers", "test_determinism", "test_requests", "test_bad_input", "test_sigterm",
}


def pytest_collection_modifyitems(items):
    if (pipeline.FOLDER / "tarn").exists():
        return
    if "TARN_BIN" in os.environ:
        raise pytest.UsageError(f"TARN_BIN: there is no program {pipeline.FOLDER / 'tarn'}")
    skip = pytest.mark.skip(reason="no program: swift build -c release --product tarn")
    for item in items:
        if item.module.__name__ in WHOLE_PROGRAM:
            item.add_marker(skip)


@pytest.fixture
def lake(tmp_path):
    """An empty lake."""
    return pipeline.Lake(tmp_path / "lake")


@pytest.fixture(scope="session")
def esm4(tmp_path_factory):
    """ESM4 of 2024-05-08, all layers of its ten seconds, both tables of bronze. Read only."""
    lake = pipeline.Lake(tmp_path_factory.mktemp("esm4") / "lake")
    lake.add(*pipeline.vendor(*vendorfiles.ESM4))
    lake.run("all", "ESM4", "2024-05-08", start="00:00:00Z", end="00:00:10Z").exits(0)
    return lake


@pytest.fixture(scope="session")
def esh4(tmp_path_factory):
    """ESH4 of 2023-12-24 (a snapshot only, no window asked for has an event) and an hour of the 25th. Read only."""
    lake = pipeline.Lake(tmp_path_factory.mktemp("esh4") / "lake")
    lake.add(*pipeline.vendor(*vendorfiles.ESH4))
    lake.run("all", "ESH4", "2023-12-24,2023-12-25", start="22:40:00Z", end="23:40:00Z").exits(0)
    return lake


@pytest.fixture(scope="session")
def synthetic(tmp_path_factory):
    """The synthetic day: bronze whole, ten minutes of silver and gold, silver of the full session under
    TARN_TEST_FULL. Read only."""
    lake = pipeline.Lake(tmp_path_factory.mktemp("synthetic") / "lake")
    lake.add(*pipeline.vendor(*vendorfiles.SYNTHETIC))
    hours = {} if pipeline.FULL else {"start": "14:29:00Z", "end": "14:33:00Z"}
    lake.run("all", "ESH6,NQH6", "2026-03-03", **hours).exits(0)
    return lake
