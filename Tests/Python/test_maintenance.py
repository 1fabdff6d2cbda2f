"""Old generations: roll back, collect; recompute what is there."""

import pytest

from pipeline import Lake

DATE = "2026-03-03"
DATASET = "silver.future_mbo.book_snapshot_1s"


@pytest.fixture
def lake(tmp_path):
    """Two generations of silver, gold made from the second."""
    Lake(tmp_path / "unused").tarn("sample", tmp_path / "days", "--records", "5000").exits(0)
    lake = Lake(tmp_path / "lake")
    lake.add(*sorted((tmp_path / "days").glob(f"*{DATE.replace('-', '')}*.dbn.zst")))
    lake.run("bronze,silver", "ESM6", DATE, start="09:30", end="09:30:20").exits(0)
    lake.run("silver", "ESM6", DATE, overwrite=True, start="09:30", end="09:30:30").exits(0)
    lake.run("gold", "ESM6", DATE).exits(0)
    return lake


def rollback(lake, *more):
    return lake.tarn("rollback", "--json", DATASET, "-s", "ESM6", "-d", DATE, *more)


def test_there_and_back(lake):
    before = lake.hashes("silver")
    rollback(lake).exits(0)
    assert lake.hashes("silver") != before
    lake.tarn("verify").exits(0)
    states = {entry["dataset"]: entry["state"] for entry in lake.tarn("status", "--partitions", "--json").json["partitions"]}
    assert states["gold.future_mbo.physics_surface_1s"] == "stale"
    rollback(lake).exits(0)
    assert lake.hashes("silver") == before
    assert lake.leftovers() == []


def test_there_is_nothing_to_go_back_to(lake):
    lake.tarn("rollback", "gold.future_mbo.physics_surface_1s", "-s", "ESM6", "-d", DATE).exits(4, "no earlier")


def test_collecting_is_a_look_until_it_is_told_to_delete(lake):
    before = lake.hashes()
    # Three tables of silver were replaced; nothing was made from the first generation.
    kept = len(lake.history())
    assert len(lake.tarn("gc", "--json").exits(0).json["unreached"]) == kept == 3
    assert len(lake.history()) == kept
    assert lake.tarn("gc", "--delete", "--json").exits(0).json["deleted"] is True
    assert lake.history() == [] and lake.hashes() == before
    lake.tarn("verify").exits(0)


def test_what_gold_was_made_from_stays(lake):
    """After the rollback gold still names the second generation, which is now an old one."""
    inputs = {i["manifest_sha256"] for i in lake.manifest("gold.future_mbo.physics_surface_1s", "ESM6", DATE)["inputs"]}
    rollback(lake).exits(0)
    report = lake.tarn("gc", "--delete", "--json").exits(0).json
    reached = [entry for entry in report["reached"] if entry["dataset"] == DATASET]
    if inputs:
        assert len(reached) == 1
    links = [link for one in lake.tarn("verify", "--json").exits(0).json["partitions"] for link in one["lineage"]]
    assert {link["state"] for link in links} <= {"current", "superseded", "absent"}


def test_what_is_there_can_be_made_again(lake, tmp_path):
    before = lake.hashes()
    report = lake.tarn("verify", "--rebuild", "50", "--json").exits(0).json["partitions"]
    assert {entry["recomputed"] for entry in report} == {"identical"}
    assert lake.hashes() == before and lake.leftovers() == []


def test_the_choice_follows_the_seed(lake):
    def chosen(seed):
        report = lake.tarn("verify", "--rebuild", "2", "--seed", str(seed), "--json").exits(0).json["partitions"]
        return [entry["path"] for entry in report if entry["recomputed"] == "identical"]

    assert chosen(7) == chosen(7) and len(chosen(7)) == 2
    assert len({tuple(chosen(seed)) for seed in range(5)}) > 1


def test_junit(lake, tmp_path):
    import xml.etree.ElementTree as xml

    lake.tarn("verify", "--junit", tmp_path / "verify.xml").exits(0)
    root = xml.parse(tmp_path / "verify.xml").getroot()
    assert root.get("failures") == "0" and len(root) == len(lake.tarn("verify", "--json").json["partitions"])
    part = lake.file(DATASET, "ESM6", DATE)
    part.write_bytes(part.read_bytes()[:-1])
    lake.tarn("verify", "--junit", tmp_path / "verify.xml").exits(5)
    assert xml.parse(tmp_path / "verify.xml").getroot().get("failures") == "1"
    lake.tarn("contracts", "check", "--junit", tmp_path / "contracts.xml").exits(0)
    assert xml.parse(tmp_path / "contracts.xml").getroot().get("failures") == "0"
