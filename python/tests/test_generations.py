"""Lakes that are written while they are read: a scan is of one moment, and of whole generations."""

import json
import os
import shutil
import threading
import warnings

import pytest

import handmade
import tarn

DATASET = "silver.toy.flow_1s"
DATE = "2026-03-03"
SYMBOLS = ("A", "B", "C")


def rows(value, count=120):
    """All values alike: a mixture of generations shows."""
    return handmade.flow(f"{DATE}T14:30:00", [value] * count)


@pytest.fixture
def lake(tmp_path):
    lake = handmade.project(tmp_path)
    for symbol in SYMBOLS:
        lake.publish(DATASET, symbol, DATE, rows(0))
    return lake


def values(table):
    found = {}
    for symbol, value in zip(table["symbol"].to_pylist(), table["value"].to_pylist()):
        found.setdefault(symbol, set()).add(value)
    return found


@pytest.mark.parametrize("atomic", [True, False])
def test_a_scan_is_of_one_moment(lake, atomic):
    """A writer replaces A, B, C in turn, again and again. At any moment A is as new as B or one newer, and so on.

    Where a file system cannot exchange, a partition is missing for a moment, and a scan may not know of it."""
    opened = tarn.open(lake.root.parent)
    stop = threading.Event()

    def write():
        generation = 0
        while not stop.is_set():
            generation += 1
            for symbol in SYMBOLS:
                lake.publish(DATASET, symbol, DATE, rows(generation, 60 + generation % 60), atomic=atomic)
            stop.wait(0.02)

    writer = threading.Thread(target=write)
    writer.start()
    seen = set()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", tarn.LakeChanging)
            for turn in range(25):
                chosen = opened[DATASET].scan().choose()
                lazy = chosen.polars()
                for table in (chosen.arrow(), lazy.collect().to_arrow()):
                    found = values(table)
                    assert all(len(one) == 1 for one in found.values()), found
                    if not atomic and len(found) < 3:
                        continue
                    a, b, c = (found[symbol].copy().pop() for symbol in SYMBOLS)
                    assert a >= b >= c >= a - 1, found
                    assert table.num_rows == sum(one.rows for one in chosen.partitions)
                seen.add(a)
    finally:
        stop.set()
        writer.join()
    assert len(seen) > 3


def test_what_was_chosen_is_read_after_it_was_replaced(lake):
    chosen = tarn.open(lake.root.parent)[DATASET].scan().choose()
    lazy, relation = chosen.polars(), chosen.duckdb()
    for symbol in SYMBOLS:
        lake.publish(DATASET, symbol, DATE, rows(7, 80))
    assert values(chosen.arrow()) == {symbol: {0} for symbol in SYMBOLS}
    assert lazy.collect()["value"].unique().to_list() == [0] and lazy.collect().height == 360
    assert relation.aggregate("max(value), count(*)").fetchall() == [(0, 360)]
    assert values(tarn.open(lake.root.parent)[DATASET].scan().arrow()) == {symbol: {7} for symbol in SYMBOLS}


def test_a_generation_that_is_gone_is_an_error(lake):
    chosen = tarn.open(lake.root.parent)[DATASET].scan("B").choose()
    lake.publish(DATASET, "B", DATE, rows(7), keep=False)
    with pytest.warns(tarn.LakeChanging, match="is being replaced"):
        with pytest.raises(tarn.PartitionReplaced, match="flow_1s B 2026-03-03"):
            chosen.arrow()


def test_a_replacement_between_two_openings_is_noticed(lake):
    """The handler is asked for a file while the partition changes under it."""
    chosen = tarn.open(lake.root.parent)[DATASET].scan("A").choose()
    calls = []

    def interfere(partition):
        calls.append(partition.symbol)
        if len(calls) == 1:
            lake.publish(DATASET, "A", DATE, rows(9, 30))

    chosen._files.before_open = interfere
    assert values(chosen.arrow()) == {"A": {0}} and calls


def test_looking_again_is_loud(lake):
    """A missing partition that comes back, as where a file system cannot exchange."""
    path = lake.root / lake.path(DATASET, "B", DATE)
    scan = tarn.open(lake.root.parent)[DATASET].scan()
    assert scan.addresses()
    hidden = path.with_name("hidden")
    real = tarn.partition._look
    looks = []

    def look(root, address):
        looks.append(address.symbol)
        if address.symbol == "B" and looks.count("B") == 1:
            os.rename(path, hidden)
            try:
                return real(root, address)
            finally:
                os.rename(hidden, path)
        return real(root, address)

    tarn.partition._look = look
    try:
        with pytest.warns(tarn.LakeChanging, match="flow_1s B 2026-03-03: it is missing"):
            assert scan.count() == 360
    finally:
        tarn.partition._look = real


def test_patience_ends(lake, monkeypatch):
    scan = tarn.open(lake.root.parent)[DATASET].scan()
    addresses = scan.addresses()
    shutil.rmtree(lake.root / lake.path(DATASET, "C", DATE))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tarn.LakeChanging)
        with pytest.raises(tarn.LakeUnsettled, match="flow_1s C 2026-03-03: it is missing"):
            tarn.partition.choose(lake.root, addresses, patience=0.05)


def test_a_damaged_partition_is_refused(lake):
    folder = lake.root / lake.path(DATASET, "A", DATE)
    scan = tarn.open(lake.root.parent)[DATASET].scan("A")
    file = folder / "part-00000.parquet"
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    with pytest.raises(tarn.CorruptPartition, match="bytes"):
        scan.count()
    file.write_bytes(whole)
    assert scan.count() == 120
    manifest = json.loads((folder / "_MANIFEST.json").read_text())
    (folder / "_MANIFEST.json").write_text(json.dumps(manifest | {"rows": 1}))
    with pytest.raises(tarn.CorruptPartition, match="marker"):
        scan.count()
