"""The sample lake of the package's tests, and lakes made by hand.

The sample lake is made by the program from generated days: all products, two dates, and a date the vendor has nothing
for. Helpers of the program's own tests (Tests/Python) start it.
"""

import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "src"), str(HERE.parents[1] / "Tests" / "Python"), str(HERE)]

import matplotlib  # noqa: E402

matplotlib.use("Agg")

import pipeline  # noqa: E402

from samplelake import DATES, FEEDS, PRODUCTS, QUIET_DATE, QUIET_SYMBOLS, ROOT, WINDOW  # noqa: E402


def pytest_collection_modifyitems(items):
    """Without the program there is no sample lake."""
    if (pipeline.FOLDER / "tarn").exists():
        return
    skip = pytest.mark.skip(reason="no program: swift build -c release --product tarn")
    for item in items:
        if "sample" in getattr(item, "fixturenames", ()):
            item.add_marker(skip)


@pytest.fixture(scope="session")
def sample(tmp_path_factory):
    """All tables of all products, of two generated dates and one without data. Read only."""
    folder = tmp_path_factory.mktemp("sample")
    lake = pipeline.Lake(folder / "lake")
    lake.tarn("sample", folder / "days", "--product-type", "all", "--records", "10000").exits(0)
    lake.tarn("raw", "add", *sorted((folder / "days").glob("*.dbn.zst"))).exits(0)
    for dataset, schemas in FEEDS.items():
        for schema in schemas:
            lake.tarn("raw", "add", "--no-data", "--dataset", dataset, "--schema", schema, "--dt", QUIET_DATE).exits(0)
    for product, symbol in PRODUCTS.items():
        lake.run("all", symbol, ",".join(DATES), product=product, **WINDOW).exits(0)
        lake.run("all", QUIET_SYMBOLS[product], QUIET_DATE, product=product, **WINDOW).exits(0)
    # The recorder's sessions are whole, and one after the other: the second takes its first ATR from the one before.
    for date in (*DATES, QUIET_DATE):
        files = sorted((folder / "days").glob(f"spy-{date.replace('-', '')}.*"))
        if files:
            lake.tarn("ref", "add", "-p", "equity_taq", "-s", "SPY", "-d", date, *files).exits(0)
        lake.run("all", "SPY", date, product="equity_taq").exits(0)
    return lake


@pytest.fixture
def opened(sample, monkeypatch):
    """The sample lake with the project's contracts."""
    import tarn

    for name in ("TARN_LAKE", "TARN_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TARN_BIN", str(pipeline.FOLDER))
    return tarn.open(sample.root, contracts=ROOT / "contracts")
