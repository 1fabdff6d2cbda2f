"""The same requests give the same bytes of every file, whoever makes them, in whatever order, wherever."""

import shutil
import socket
import time

import pytest

import vendorfiles
from conftest import ESH4_EVE_HOURS, ESM4_HOURS, between
from pipeline import Lake, vendor

SAMPLE_DATES = ("2026-03-02", "2026-03-03")
# The order book's tables; each can be made by itself.
BOOK = {
    "bronze": ["statistics", "mbo", "definition"],
    "silver": ["contract_day", "depth_and_flow_1s", "book_quality_1s", "book_snapshot_1s"],
    "gold": ["physics_surface_1s", "forecast_1s"],
}
SAMPLE_WINDOW = {"start": "09:30", "end": "09:30:20"}


@pytest.fixture(scope="module")
def days(tmp_path_factory):
    """Two generated dates of two contracts."""
    folder = tmp_path_factory.mktemp("days")
    Lake(folder / "unused").tarn("sample", folder / "days", "--records", "20000").exits(0)
    return sorted((folder / "days").glob("*.dbn.zst"))


@pytest.fixture(scope="module")
def reference(days, tmp_path_factory):
    """Everything of the two dates in one run of one worker."""
    lake = Lake(tmp_path_factory.mktemp("reference") / "lake")
    lake.add(*days)
    lake.run("all", "ES,ESM6", ":".join(SAMPLE_DATES), workers=1, **SAMPLE_WINDOW).exits(0)
    return lake


def test_the_reference_holds_every_table(reference):
    tables = {path.split("/")[2] for path in reference.hashes()}
    assert tables >= {f"table={table}" for tables in BOOK.values() for table in tables}
    # And the recorder's, of which the registry knows.
    assert {"table=trades", "table=state_10s", "table=bar_indicators", "table=smart_money_10s", "table=episodes"} <= tables


@pytest.mark.parametrize("workers", [2, 4, 16])
def test_any_number_of_workers(days, reference, lake, workers):
    lake.add(*days)
    lake.run("all", "ES,ESM6", ":".join(SAMPLE_DATES), workers=workers, **SAMPLE_WINDOW).exits(0)
    assert lake.hashes() == reference.hashes()


def test_layer_by_layer_in_another_order(days, reference, lake):
    """Files added backwards, contracts before their root, dates named apart, layers one by one."""
    lake.add(*reversed(days))
    both = ",".join(reversed(SAMPLE_DATES))
    lake.run("bronze", "ESM6", both).exits(0)
    lake.run("bronze", "ES", both, workers=3).exits(0)
    lake.run("silver", "ESM6,ES", both, workers=2, **SAMPLE_WINDOW).exits(0)
    lake.run("gold", "ESM6", both).exits(0)
    lake.run("gold", "ES", SAMPLE_DATES[1]).exits(0)
    lake.run("gold", "ES", SAMPLE_DATES[0]).exits(0)
    assert lake.hashes() == reference.hashes()


def test_table_by_table(days, reference, lake):
    """Outputs of one task made in separate runs."""
    lake.add(*days)
    both = ",".join(SAMPLE_DATES)
    for layer, tables in BOOK.items():
        for table in tables:
            window = SAMPLE_WINDOW if layer == "silver" and table != "contract_day" else {}
            lake.run(layer, "ES,ESM6", both, table=table, **window).exits(0)
    wanted = {f"table={table}" for tables in BOOK.values() for table in tables}
    assert lake.hashes() == {k: v for k, v in reference.hashes().items() if k.split("/")[2] in wanted}


def test_shards_make_the_same_lake_together(days, reference, lake):
    """Each shard makes its part, no part twice; in any order of the shards."""
    lake.add(*days)
    both = ",".join(SAMPLE_DATES)
    made = []
    for index in (3, 1, 2):
        result = lake.run("bronze", "ESH6,ESM6", both, table="mbo", shard=f"{index}/3").exits(0)
        made += result.partitions
        assert result.outcomes <= {"published"}
    assert len(made) == len(set(made)) == 4
    assert lake.hashes() == {
        path: digest for path, digest in reference.hashes("bronze").items() if "table=mbo" in path
    }


def test_different_ways_to_name_the_same_window(days, reference, lake):
    """Times of New York and of UTC, options and --set: the parameters of a partition are instants."""
    lake.add(*days)
    window = {"start": "14:30:00Z", "set": "output_end=09:30:20"}
    lake.run("all", "ES,ESM6", ":".join(SAMPLE_DATES), **window).exits(0)
    assert lake.hashes() == reference.hashes()


def test_real_files_in_another_lake(esm4, esh4, tmp_path):
    """One lake for both, other workers, from a directory with another name: the partitions' bytes are the same."""
    lake = Lake(tmp_path / "a lake with spaces, ünïcode & =")
    lake.add(*vendor(*vendorfiles.ESH4), *vendor(*vendorfiles.ESM4))
    lake.run("all", "ESM4", "2024-05-08", workers=4, **between(ESM4_HOURS)).exits(0)
    lake.run("all", "ESH4", "2023-12-24", workers=4, **between(ESH4_EVE_HOURS)).exits(0)
    eve = {path: digest for path, digest in esh4.hashes().items() if "2023-12-24" in path}
    assert lake.hashes() == esm4.hashes() | eve


def test_the_synthetic_bronze_with_four_workers(synthetic, lake):
    """A million records decoded by two tasks side by side."""
    lake.add(*vendor(*vendorfiles.SYNTHETIC))
    lake.run("bronze", "NQH6,ESH6", "2026-03-03", workers=4).exits(0)
    assert lake.hashes() == synthetic.hashes("bronze")


def test_a_rerun_finds_everything_fresh(reference, tmp_path):
    lake = Lake(tmp_path / "lake")
    shutil.copytree(reference.root, lake.root, dirs_exist_ok=True)
    before = lake.hashes()
    times = {path: (lake.root / path).stat().st_mtime_ns for path in before}
    for workers in (1, 4):
        result = lake.run("all", "ES,ESM6", ":".join(SAMPLE_DATES), workers=workers).exits(0)
        assert result.outcomes == {"fresh"} and len(result.partitions) == len(before | lake.hashes("ref")) // 3
    assert lake.hashes() == before
    assert times == {path: (lake.root / path).stat().st_mtime_ns for path in before}


def test_overwriting_without_a_change_gives_identical_generations(reference, tmp_path):
    lake = Lake(tmp_path / "lake")
    shutil.copytree(reference.root, lake.root, dirs_exist_ok=True)
    before = lake.hashes()
    result = lake.run("all", "ES,ESM6", ":".join(SAMPLE_DATES), "--overwrite", "--overwrite-bronze").exits(0)
    assert result.outcomes == {"identical"}
    assert lake.hashes() == before and lake.history() == [] and lake.leftovers() == []


@pytest.mark.parametrize("compression", ["none", "lz4", "zstd:6"])
def test_another_compression_changes_bytes_but_no_value(days, reference, lake, compression):
    lake.add(*days)
    lake.run("all", "ES,ESM6", ":".join(SAMPLE_DATES), compression=compression, **SAMPLE_WINDOW).exits(0)
    mine, other = lake.hashes(), reference.hashes()
    assert mine.keys() == other.keys()
    tables = [path for path in mine if path.endswith(".parquet")]
    # Small tables may come out alike at any level.
    assert sum(mine[path] != other[path] for path in tables) > len(tables) / 3
    for path in tables:
        folder = path.split("/")
        dataset = f"{folder[0]}.future_mbo.{folder[2].removeprefix('table=')}"
        symbol, date = (part.split("=")[1] for part in folder[3:5])
        assert lake.table(dataset, symbol, date).equals(reference.table(dataset, symbol, date))


def test_the_program_can_check_its_lake(reference, esh4, esm4):
    for lake in (reference, esh4, esm4):
        lake.tarn("verify").exits(0)


def test_nothing_of_the_machine_is_in_a_partition(reference):
    """No host, user, directory or date of today in any byte that is published."""
    words = [socket.gethostname(), str(reference.root), time.strftime("%Y-%m-%dT")]
    # Two letters occur in any compressed page.
    words = [word for word in words if len(word) > 5]
    for path in reference.hashes():
        content = (reference.root / path).read_bytes()
        for word in words:
            assert word.encode() not in content, (path, word)
