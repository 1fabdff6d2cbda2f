"""The sample's day of trades and quotes holds each thing that the recorder tells of at least once.

The counts are those of the independent reference (reference_recorder.py and its neighbours) on the quotes and trades of
the sample's mbp-1 file and on the sample's levels and markers. Another seed, date or size of the sample has others.
"""

from collections import Counter

import pytest

from pipeline import Lake

DATE = "2026-03-02"


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recorder")
    lake = Lake(folder / "lake")
    lake.tarn("sample", folder / "days", "-p", "equity_taq", "-d", DATE).exits(0)
    lake.add(*(folder / "days").glob("*mbp-1*"), product="equity_taq")
    references = [path for path in (folder / "days").iterdir() if path.name.startswith("spy-")]
    lake.tarn("ref", "add", "-p", "equity_taq", "-s", "SPY", "-d", DATE, *references).exits(0)
    lake.run("all", "SPY", DATE, product="equity_taq").exits(0)
    return lake


def counts(lake, table, *columns):
    rows = lake.table(f"gold.equity_taq.{table}", "SPY", DATE).select(columns).to_pylist()
    return Counter(tuple(row[name] for name in columns) for row in rows)


def test_zones_and_markers_end_in_every_way(lake):
    assert counts(lake, "episodes", "episode_source", "outcome", "censored") == {
        ("level_gate", "win", False): 134,
        ("level_gate", "loss", False): 156,
        ("level_gate", "scratch", False): 2,
        ("level_gate", None, True): 2,
        ("marker_extract", "win", False): 5,
        ("marker_extract", "loss", False): 2,
        ("marker_extract", "no_trade", False): 1,
        ("marker_extract", None, True): 1,
    }


def test_markers_have_every_status(lake):
    # One of the eleven is a repetition.
    assert counts(lake, "markers", "extract_status") == {("extracted",): 8, ("no_trade",): 1, ("no_anchor",): 1}


def test_levels_are_touched_broken_and_crossed_in_every_way(lake):
    assert counts(lake, "level_interactions", "event", "mode", "paired") == {
        ("touch", "plain", True): 374,
        ("touch", "wick", True): 126,
        ("touch", "cross_through", True): 42,
        ("reject", "plain", True): 191,
        ("reject", "plain", False): 8,
        ("reject", "wick", True): 68,
        ("reject", "cross_through", True): 21,
        ("break", "plain", True): 9,
        ("break", "plain", False): 4,
        ("break", "cross_through", True): 21,
        ("exit", "plain", True): 162,
        ("exit", "wick", True): 58,
    }
    assert counts(lake, "level_interactions", "reclaim_attempt") == {(None,): 542, (False,): 366, (True,): 176}


def test_touches_and_reclaims_end_in_every_way(lake):
    assert counts(lake, "touch_packets", "touch_outcome") == {
        ("hold",): 412,
        ("break",): 98,
        ("break_reclaim_hold",): 6,
        ("break_reclaim_fail",): 14,
        (None,): 12,
    }
    assert counts(lake, "reclaim_packets", "snapback_flag", "flush_flag", "reclaim_hold_30s") == {
        (True, True, True): 4,
        (True, False, False): 2,
        (False, True, True): 5,
        (False, True, False): 3,
        (False, False, True): 4,
        (False, False, False): 5,
        (False, None, False): 1,
    }
    assert counts(lake, "level_chain_metrics", "role_flip") == {
        (None,): 25,
        ("support_to_resistance",): 3,
        ("resistance_to_support",): 4,
    }


def test_labels_find_their_episodes(lake):
    labelled = counts(lake, "episodes_labeled", "manual_outcome")
    assert {outcome: count for (outcome,), count in labelled.items() if outcome} == {"win": 1, "loss": 1, "no_trade": 1}


def test_every_table_can_be_made_again(lake):
    """ref, bronze, silver and gold of the recorder: the same bytes, beside the lake."""
    before = lake.hashes("ref", "bronze", "silver", "gold")
    report = lake.tarn("verify", "--rebuild", "100", "--json").exits(0).json["partitions"]
    assert len(report) >= 25 and {entry["dataset"].split(".")[0] for entry in report} == {"ref", "bronze", "silver", "gold"}
    assert {entry["recomputed"] for entry in report} == {"identical"}
    assert lake.hashes("ref", "bronze", "silver", "gold") == before and lake.leftovers() == []
