"""What each product asks for and refuses: publishers, terms, underlyings, steps. Nothing is published on an error."""

import re

import pytest

import pipeline
import vendorfiles
from vendorfiles import SECOND, midnight

DATE = "2026-03-02"
T0 = midnight(DATE)
EXPIRY = T0 + 21 * 3600 * SECOND
HOURS = {"start": "00:00:01Z", "end": "00:00:03Z"}


def book(price, publisher=1, instrument=7, at=0, first=1):
    """One bid and one ask."""
    more = {"publisher_id": publisher, "instrument_id": instrument}
    return [
        vendorfiles.order("A", "B", first, price, 5, at=T0 + at, **more),
        vendorfiles.order("A", "A", first + 1, price + SECOND, 5, at=T0 + at, **more),
    ]


def published(lake, product):
    return sorted(str(path) for layer in pipeline.LAYERS for path in (lake.root / layer).glob(f"product_type={product}/*/*/*"))


def stock(lake, folder, rows):
    lake.add(vendorfiles.file(folder / "stock.mbo.dbn.zst", "mbo", rows, DATE, {"XYZ": 7}, "XNAS.ITCH"),
             product="equity_mbo")


def future(lake, folder, symbol="ESH6"):
    rows = book(6900 * SECOND)
    lake.add(vendorfiles.mbo_file(folder / "a.mbo.dbn.zst", rows, DATE, {symbol: 7}))


def options(lake, folder, terms, add_definitions=True):
    rows = book(10 * SECOND, instrument=1)
    lake.add(vendorfiles.file(folder / "b.mbo.dbn.zst", "mbo", rows, DATE, {"O": 1}))
    if add_definitions:
        lake.add(vendorfiles.file(folder / "b.definition.dbn.zst", "definition", terms, DATE, {"O": 1}))


def call(strike=6900 * SECOND, underlying="ESH6", expiration=EXPIRY):
    return vendorfiles.option("O", 1, underlying, "C", strike, expiration)


# Stocks


def test_several_publishers_are_listed_with_their_records(lake, tmp_path):
    stock(lake, tmp_path, book(100 * SECOND, 2) + book(101 * SECOND, 39, first=3) + book(102 * SECOND, 39, first=5))
    lake.run("bronze", "XYZ", DATE, product="equity_mbo").exits(0)
    lake.run("silver", "XYZ", DATE, product="equity_mbo", **HOURS).exits(
        2, r"2 publishers, 2 \(2 records\), 39 \(4 records\): --set publisher=N")
    assert not list((lake.root / "silver").glob("product_type=equity_mbo/*/*/*"))
    lake.run("silver", "XYZ", DATE, product="equity_mbo", set="publisher=39", **HOURS).exits(0)
    table = lake.table("silver.equity_mbo.book_snapshot_1s", "XYZ", DATE)
    assert table["best_bid_price_int"].to_pylist() == [102 * SECOND] * 2


def test_a_contract_is_no_ticker(lake, tmp_path):
    future(lake, tmp_path)
    lake.run("bronze", "ESH6", DATE, product="equity_mbo").exits(2, "future_mbo")
    assert published(lake, "equity_mbo") == []


# Options


def test_options_without_definitions_are_refused(lake, tmp_path):
    options(lake, tmp_path, [], add_definitions=False)
    lake.run("bronze", "ESH6", DATE, product="future_option_mbo").exits(4, "definition")
    assert published(lake, "future_option_mbo") == []


@pytest.mark.parametrize(
    "terms, missing",
    [({"strike": None}, "strike"), ({"underlying": ""}, "underlying"), ({"expiration": vendorfiles.NO_TIME}, "expiration")],
)
def test_an_option_without_its_terms_is_refused(lake, tmp_path, terms, missing):
    definition = call(**terms) | {"asset": b"ES"}
    options(lake, tmp_path, [definition])
    lake.run("bronze", "ESH6", DATE, product="future_option_mbo", table="definition").exits(0)
    lake.run("bronze", "ESH6", DATE, product="future_option_mbo").exits(5, rf"option O \(instrument 1\) has no {missing}")
    assert not list((lake.root / "bronze").glob("product_type=future_option_mbo/table=mbo/*/*"))


def test_the_last_definition_of_an_instrument_counts(lake, tmp_path):
    terms = [call(6905 * SECOND) | {"ts_event": 5}, call(6910 * SECOND) | {"ts_event": 9}, call(6915 * SECOND) | {"ts_event": 7}]
    options(lake, tmp_path, terms)
    lake.run("bronze", "ES", DATE, product="future_option_mbo").exits(0)
    table = lake.table("bronze.future_option_mbo.mbo", "ESH6", DATE)
    assert table["strike_price_int"].to_pylist() == [6910 * SECOND] * 2


def test_options_need_the_seconds_of_their_underlying(lake, tmp_path):
    future(lake, tmp_path)
    options(lake, tmp_path, [call()])
    lake.run("bronze", "ESH6", DATE, product="future_option_mbo").exits(0)
    silver = lambda end: lake.run(
        "silver", "ESH6", DATE, product="future_option_mbo", start="00:00:01Z", end=end)
    silver("00:00:03Z").exits(4, r"silver\.future_mbo\.book_snapshot_1s ESH6 2026-03-02 is missing: run --product-type future_mbo")
    lake.run("bronze,silver", "ESH6", DATE, set="assume_complete=true", **HOURS).exits(0)
    silver("00:00:09Z").exits(4, "has no row for the window ending at")
    assert not list((lake.root / "silver").glob("product_type=future_option_mbo/*/*/*"))
    silver("00:00:03Z").exits(0)


def test_the_option_surface_of_a_forecast_is_recorded(lake, tmp_path):
    future(lake, tmp_path)
    options(lake, tmp_path, [call()])
    lake.run("all", "ESH6", DATE, set=["assume_complete=true"], **HOURS).exits(0)
    recorded = lambda: {
        entry["partition"].split("/")[1]: entry["manifest_sha256"]
        for entry in lake.manifest("gold.future_mbo.forecast_1s", "ESH6", DATE)["inputs"] if "gold/" in entry["partition"]
    }
    assert recorded()["product_type=future_option_mbo"] is None
    forecast = lambda use: lake.run("gold", "ESH6", DATE, "--overwrite", table="forecast_1s", set=f"options={use}")
    forecast("require").exits(4, r"gold\.future_option_mbo\.physics_surface_1s ESH6 2026-03-02 is missing")
    lake.run("all", "ESH6", DATE, product="future_option_mbo", set=["assume_complete=true"], **HOURS).exits(0)
    forecast("require").exits(0)
    assert re.fullmatch("[0-9a-f]{64}", recorded()["product_type=future_option_mbo"])
    forecast("ignore").exits(0)
    assert "product_type=future_option_mbo" not in recorded()
    # What the partition records holds.
    assert lake.run("gold", "ESH6", DATE, table="forecast_1s").exits(0).outcomes == {"fresh"}
    forecast("perhaps").exits(2, "options")


# Roots


def test_a_root_without_a_step_names_the_tick_of_its_definition(lake, tmp_path):
    future(lake, tmp_path, "ZZH6")
    definition = vendorfiles.future("ZZH6", 7, EXPIRY, asset=b"ZZ", min_price_increment=SECOND // 8)
    lake.add(vendorfiles.file(tmp_path / "a.definition.dbn.zst", "definition", [definition], DATE, {"ZZH6": 7}))
    lake.run("bronze", "ZZH6", DATE).exits(0)
    lake.run("silver", "ZZH6", DATE).exits(2, r"root ZZ has no lattice step, .* tick of 0\.125: .* ZZ: \{q: 0\.125\}")


def test_a_step_that_is_no_multiple_of_the_tick_is_refused(lake, tmp_path):
    future(lake, tmp_path, "NQH6")
    definition = vendorfiles.future("NQH6", 7, EXPIRY, asset=b"NQ", min_price_increment=SECOND // 10)
    lake.add(vendorfiles.file(tmp_path / "a.definition.dbn.zst", "definition", [definition], DATE, {"NQH6": 7}))
    lake.run("bronze", "NQH6", DATE).exits(0)
    lake.run("silver", "NQH6", DATE).exits(2, r"step 0\.25 .* no multiple of the tick 0\.1")


# Every product of the sample, raw files to gold


@pytest.fixture(scope="module")
def sampled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sampled")
    lake = pipeline.Lake(folder / "lake")
    lake.tarn("sample", "-p", "all", "-d", DATE, "--records", "20000", folder / "days").exits(0)
    lake.tarn("raw", "add", *sorted((folder / "days").glob("*.zst"))).exits(0)
    return lake


@pytest.mark.parametrize(
    "product, symbol, underlying",
    [
        ("future_mbo", "ESH6", None),
        ("equity_mbo", "SPY", None),
        ("future_option_mbo", "ESH6", "future_mbo"),
        ("equity_option_mbo", "SPY", "equity_mbo"),
    ],
)
def test_sample_reaches_gold_and_is_valid(sampled, product, symbol, underlying):
    hours = {"start": "09:30", "end": "09:31"}
    if underlying:
        sampled.run("bronze,silver", symbol, DATE, product=underlying, **hours).exits(0)
    sampled.run("all", symbol, DATE, product=product, **hours).exits(0)
    quality = sampled.manifest(f"silver.{product}.book_quality_1s", symbol, DATE)["quality"]
    assert quality["windows"] == 60 and quality["valid_windows"] == 60
    assert quality["counters"]["bad_order"] == quality["counters"]["unknown_cancel"] == 0
    rows = {"future_mbo": 802, "equity_mbo": 402, "future_option_mbo": 84, "equity_option_mbo": 204}[product]
    assert sampled.table(f"gold.{product}.physics_surface_1s", symbol, DATE).num_rows == 60 * rows
    definitions = sampled.table(f"bronze.{product}.definition", "ES" if symbol == "ESH6" else symbol, DATE)
    assert definitions.num_rows > 0
