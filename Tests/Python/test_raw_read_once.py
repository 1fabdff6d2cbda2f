"""A raw file is read once for all symbols of a command, and what each partition holds does not depend on it."""

import vendorfiles
from pipeline import Lake, vendor

DATE = "2026-03-03"


def tasks(result, stage):
    return [task["symbols"] for task in result.json["tasks"] if task["stage"] == stage]


def test_futures(lake, tmp_path):
    files = vendor(*vendorfiles.SYNTHETIC)
    lake.add(*files)
    both = lake.run("bronze", "NQH6,ESH6", DATE).exits(0)
    assert tasks(both, "bronze_mbo") == [["ESH6", "NQH6"]]
    assert tasks(both, "bronze_definition") == [["ES", "NQ"]]
    assert tasks(both, "bronze_statistics") == [["ES", "NQ"]]
    # Every record of the file was read once.
    records = {task["stage"]: task["records"] for task in both.json["tasks"]}
    assert records["bronze_mbo"] == 1_000_000
    alone = Lake(tmp_path / "alone")
    alone.add(*files)
    for symbol in ("NQH6", "ESH6"):
        alone.run("bronze", symbol, DATE).exits(0)
    assert lake.hashes("bronze") == alone.hashes("bronze")


def test_a_fresh_partition_stays_out(lake):
    lake.add(*vendor(*vendorfiles.SYNTHETIC))
    lake.run("bronze", "NQH6", DATE, table="mbo").exits(0)
    result = lake.run("bronze", "NQH6,ESH6", DATE, table="mbo").exits(0)
    assert sorted(tasks(result, "bronze_mbo")) == [["ESH6"], ["NQH6"]]
    assert {path.split("symbol=")[1][:4]: entry["outcome"] for path, entry in result.partitions.items()} == {
        "ESH6": "published",
        "NQH6": "fresh",
    }


def test_options_of_two_tickers(lake, tmp_path):
    lake.tarn("sample", tmp_path / "days", "-p", "future_option_mbo,future_mbo", "-d", DATE, "--records", "5000").exits(0)
    lake.tarn("raw", "add", *sorted((tmp_path / "days").glob("*.dbn.zst"))).exits(0)
    result = lake.run("bronze", "ES,ESH6", DATE, product="future_option_mbo").exits(0)
    assert len(tasks(result, "bronze_option_mbo")) == 1
    alone = Lake(tmp_path / "alone")
    alone.tarn("raw", "add", *sorted((tmp_path / "days").glob("*.dbn.zst"))).exits(0)
    alone.run("bronze", "ESH6", DATE, product="future_option_mbo").exits(0)
    hashes = lake.hashes("bronze")
    assert {path: hashes[path] for path in alone.hashes("bronze")} == alone.hashes("bronze")
