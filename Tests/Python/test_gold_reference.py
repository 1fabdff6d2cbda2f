"""Gold surfaces equal what numpy makes of the silver tables by docs/spec/physics.md, sections 2 to 6.

The reference of section 5 and the state of section 4 are those of test_physics_reference.py, which judges the engine
alone; here they judge the tables of real lakes.
"""

import re
import shutil

import numpy as np
import pytest

import vendorfiles
from conftest import SYNTHETIC_HOURS, between
from pipeline import Lake
from test_physics_reference import Keys, surface
from vendorfiles import midnight

Q = 250_000_000
H = 200
WIDTH = 2 * H + 1
LANES = {"A": 0, "B": 1}
QUANTITIES = ["depth_qty_start", "depth_qty_end", "depth_qty_rest", "add_qty", "pull_qty_total", "fill_qty"]
PLACES = {"window_end_ts_ns", "event_ts_ns", "spot_ref_price_int", "rel_ticks", "rel_ticks_side", "side"}
KERNEL_SUMS = {(6, 16): 14.951007133609417, (24, 64): 59.72625083290406}

LAKES = {
    "esm4": ("esm4", "ESM4", "2024-05-08"),
    "esh4 eve": ("esh4", "ESH4", "2023-12-24"),
    "esh4": ("esh4", "ESH4", "2023-12-25"),
    "esh6": ("synthetic", "ESH6", "2026-03-03"),
}
both_frames = pytest.mark.parametrize("frame", ["spot", "price"])
every_lake = pytest.mark.parametrize("name", LAKES)


@pytest.fixture(scope="module")
def surfaces(request, tmp_path_factory):
    """(lake, symbol, date) by name and frame; the second frame in copies, by overwriting gold alone."""
    copies = {}

    def find(name, frame):
        fixture, symbol, date = LAKES[name]
        lake = request.getfixturevalue(fixture)
        if frame == "spot":
            return lake, symbol, date
        if fixture not in copies:
            copies[fixture] = Lake(tmp_path_factory.mktemp(fixture) / "lake")
            shutil.copytree(lake.root, copies[fixture].root, dirs_exist_ok=True)
        copies[fixture].run("gold", symbol, date, "--overwrite", set="ema_frame=price").exits(0)
        return copies[fixture], symbol, date

    return find


def column(name):
    """du_dx → duDx, Omega_near → omegaNear: the names of the reference."""
    name = name[0].lower() + name[1:]
    return re.sub(r"_(.)", lambda match: match[1].upper(), name)


def numbers(table, name):
    array = table[name]
    if array.type.__class__.__name__ == "TimestampType":
        array = array.cast("int64")
    return array.to_numpy()


def silver(lake, symbol, date):
    """Per window with an anchor: end, anchor, validity, quantities by lane and cell, offset c of each side."""
    windows = lake.table("silver.future_mbo.book_snapshot_1s", symbol, date)
    flows = lake.table("silver.future_mbo.depth_and_flow_1s", symbol, date)
    ends = numbers(flows, "window_end_ts_ns")
    lanes = np.array([LANES[side] for side in flows["side"].to_pylist()], int)
    cells, side_cells = numbers(flows, "rel_ticks"), numbers(flows, "rel_ticks_side")
    quantities = np.stack([numbers(flows, name) for name in QUANTITIES]).astype(float)
    anchors = windows["spot_ref_price_int"].to_pylist()
    for end, anchor, valid in zip(numbers(windows, "window_end_ts_ns"), anchors, windows["window_valid"].to_pylist()):
        rows = slice(*np.searchsorted(ends, [end, end + 1]))
        if anchor is None:
            assert rows.start == rows.stop
            continue
        dense = np.zeros((6, 2, WIDTH))
        dense[:, lanes[rows], cells[rows] + H] = quantities[:, rows]
        offsets = [0, 0]
        for lane, offset in zip(lanes[rows], cells[rows] - side_cells[rows]):
            offsets[lane] = offset
        yield end, anchor, valid, dense, offsets


@both_frames
@every_lake
def test_surfaces_of_a_lake(surfaces, name, frame):
    lake, symbol, date = surfaces(name, frame)
    gold = lake.table("gold.future_mbo.physics_surface_1s", symbol, date)
    windows = list(silver(lake, symbol, date))
    assert gold.num_rows == 2 * WIDTH * len(windows) and (name == "esh4 eve" or windows)
    found = {name: numbers(gold, name).reshape(len(windows), 2, WIDTH) for name in gold.column_names if name != "side"}
    values = {name: array for name, array in found.items() if name not in PLACES}
    assert len(values) == 30
    for column_name, array in values.items():
        assert gold[column_name].type == "double" and np.isfinite(array).all(), column_name
        assert not np.signbit(array[array == 0]).any(), f"{column_name}: -0.0"
    firsts = [0 if frame == "spot" else anchor // Q - H for _, anchor, *_ in windows]
    keys = Keys(2, min(firsts, default=0), max(firsts, default=0) + WIDTH)
    for index, (end, anchor, valid, dense, offsets) in enumerate(windows):
        first = firsts[index]
        if valid:
            d = dense[0] + 1
            u = dense[3] / d - dense[4] / d - dense[5] / d
            keys.update(u, np.zeros_like(u, bool), first)
        expected = surface(dense, keys, keys.cells(first, WIDTH), 1)
        assert set(expected) == {column(name) for name in values}
        for column_name, array in values.items():
            np.testing.assert_allclose(
                array[index], expected[column(column_name)], rtol=1e-10, atol=1e-12,
                err_msg=f"{column_name}, window {index} of {len(windows)}",
            )  # fmt: skip
        assert (found["window_end_ts_ns"][index] == end).all() and (found["event_ts_ns"][index] == end).all()
        assert (found["spot_ref_price_int"][index] == anchor).all()
        x = np.arange(-H, H + 1)
        assert (found["rel_ticks"][index] == x).all()
        assert (found["rel_ticks_side"][index] == x - np.array(offsets)[:, None]).all()


@both_frames
@every_lake
def test_rows_are_dense_and_in_order(surfaces, name, frame):
    lake, symbol, date = surfaces(name, frame)
    gold = lake.table("gold.future_mbo.physics_surface_1s", symbol, date)
    snapshots = lake.table("silver.future_mbo.book_snapshot_1s", symbol, date)
    ends = numbers(snapshots, "window_end_ts_ns")[snapshots["spot_ref_price_int"].is_valid().to_numpy()]
    assert (numbers(gold, "window_end_ts_ns") == np.repeat(ends, 2 * WIDTH)).all()
    assert gold["side"].to_pylist() == (["A"] * WIDTH + ["B"] * WIDTH) * len(ends)
    assert (numbers(gold, "rel_ticks") == np.tile(np.arange(-H, H + 1), 2 * len(ends))).all()


@both_frames
@every_lake
def test_identities_between_columns(surfaces, name, frame):
    """What sections 3, 5 and 6 promise of every row, stated between the columns of the file."""
    lake, symbol, date = surfaces(name, frame)
    table = lake.table("gold.future_mbo.physics_surface_1s", symbol, date)
    v = {name: numbers(table, name) for name in table.column_names if name != "side"}
    is_bid = np.array([side == "B" for side in table["side"].to_pylist()], bool)

    def same(left, right):
        np.testing.assert_allclose(left, right, rtol=1e-10, atol=1e-12)

    same(v["liquidity_velocity"], v["add_intensity"] - v["pull_intensity"] - v["fill_intensity"])
    for band, fast, slow in (("fast", 2, 8), ("mid", 8, 32), ("slow", 32, 128)):
        same(v[f"u_band_{band}"], v[f"u_ema_{fast}"] - v[f"u_ema_{slow}"])
    same(v["u_prom"], v["u_near"] - v["u_far"])
    same(v["Omega_prom"], v["Omega_near"] - v["Omega_far"])
    same(v["nu"] * v["kappa"], np.ones(len(v["nu"])))
    same(np.abs(v["pressure_grad"]), np.abs(v["u_p"]))
    same(v["pressure_grad"], np.where(is_bid, v["u_p"], -v["u_p"]))
    assert (v["phi_rest"] < 1).all() and (v["phi_rest"] >= 0).all() and (v["nu"] >= 1).all()
    assert (v["du_dx"][np.abs(v["rel_ticks"]) == H] == 0).all()
    assert (v["d2u_dx2"][np.abs(v["rel_ticks"]) == H] == 0).all()


@pytest.mark.parametrize("name", ["esh4", "esh6"])
def test_the_frames_differ_where_the_anchor_moves(surfaces, name):
    """Both describe the first window alike; once the anchor has moved, histories belong to different cells."""
    tables = []
    for frame in ("spot", "price"):
        lake, symbol, date = surfaces(name, frame)
        tables.append(lake.table("gold.future_mbo.physics_surface_1s", symbol, date))
    spot, price = (numbers(table, "u_ema_32").reshape(-1, 2 * WIDTH) for table in tables)
    anchors = numbers(tables[0], "spot_ref_price_int").reshape(-1, 2 * WIDTH)[:, 0]
    moved = np.flatnonzero(anchors != anchors[0])
    assert len(moved) and (spot[0] == price[0]).all() and (spot[moved] != price[moved]).any()


def test_no_row_knows_what_comes_later(lake, synthetic):
    """Orders up to a second T give the same rows up to T as the whole day gives."""
    path = vendorfiles.DATA / vendorfiles.SYNTHETIC[0]
    header, _ = vendorfiles.split(vendorfiles.plain(path))
    _, _, records = vendorfiles.read(path)
    date = "2026-03-03"
    start = SYNTHETIC_HOURS[0]
    cut = midnight(date) + (start + 50) * 10**9
    past = records[(records["ts_event"] < cut) & (records["ts_recv"] < cut)]
    assert 0 < len(past) < len(records)
    lake.add(vendorfiles.write(lake.root.parent / "cut.mbo.dbn.zst", header, past))
    lake.run("all", "ESH6", date, **between((start, start + 50))).exits(0)
    for dataset in ("silver.future_mbo.book_snapshot_1s", "silver.future_mbo.depth_and_flow_1s",
                    "silver.future_mbo.book_quality_1s", "gold.future_mbo.physics_surface_1s"):  # fmt: skip
        whole, part = (one.table(dataset, "ESH6", date) for one in (synthetic, lake))
        assert 0 < part.num_rows < whole.num_rows
        assert numbers(part, "window_end_ts_ns").max() == cut
        assert part.equals(whole.slice(0, part.num_rows)), dataset


def test_kernel_sums():
    """The reference itself: the divisors that the text prints."""
    for (sigma, reach), total in KERNEL_SUMS.items():
        k = np.arange(-reach, reach + 1)
        assert abs(np.exp(-0.5 * (k / sigma) ** 2).sum() - total) < 1e-13
