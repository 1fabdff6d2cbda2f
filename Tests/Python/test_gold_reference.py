"""Gold surfaces equal what numpy makes of the silver tables by docs/spec/physics.md, sections 2 to 6.

The reference of section 5 and the state of section 4 are those of test_physics_reference.py, which judges the engine
alone; here they judge the tables of real lakes.
"""

import re
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as parquet
import pytest

import vendorfiles
from conftest import SYNTHETIC_HOURS, between
from pipeline import Lake
from test_physics_reference import Keys, surface
from vendorfiles import midnight

GOLD = "gold.future_mbo.physics_surface_1s"
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
    "nqh6": ("synthetic", "NQH6", "2026-03-03"),
}
both_frames = pytest.mark.parametrize("frame", ["spot", "price"])
every_lake = pytest.mark.parametrize("name", LAKES)


@pytest.fixture(scope="module")
def surfaces(request, tmp_path_factory):
    """(lake, symbol, date) by name and frame; the second frame in copies of silver."""
    copies = {}

    def find(name, frame):
        fixture, symbol, date = LAKES[name]
        lake = request.getfixturevalue(fixture)
        if frame == "spot":
            return lake, symbol, date
        if fixture not in copies:
            copies[fixture] = Lake(tmp_path_factory.mktemp(fixture) / "lake")
            without_gold = shutil.ignore_patterns("gold")
            shutil.copytree(lake.root, copies[fixture].root, ignore=without_gold, dirs_exist_ok=True)
        copies[fixture].run("gold", symbol, date, set="ema_frame=price").exits(0)
        return copies[fixture], symbol, date

    return find


def column(name):
    """du_dx → duDx, Omega_near → omegaNear: the names of the reference."""
    name = name[0].lower() + name[1:]
    return re.sub(r"_(.)", lambda match: match[1].upper(), name)


def numbers(table, name):
    array = table[name]
    if isinstance(array.type, pa.TimestampType):
        array = array.cast("int64")
    return array.to_numpy()


def blocks(lake, symbol, date, windows=64):
    """A gold table in pieces of whole windows: a day of surfaces is larger than memory."""
    file = parquet.ParquetFile(lake.file(GOLD, symbol, date))
    rest = file.schema_arrow.empty_table()
    for batch in file.iter_batches(windows * 2 * WIDTH):
        rest = pa.concat_tables([rest, pa.Table.from_batches([batch])])
        whole = rest.num_rows // (2 * WIDTH) * 2 * WIDTH
        if whole:
            yield rest.slice(0, whole)
        rest = rest.slice(whole).combine_chunks()
    assert rest.num_rows == 0


def surfaces_of(lake, symbol, date):
    """The windows of a gold table, each column as sides × cells."""
    for table in blocks(lake, symbol, date):
        columns = {name: numbers(table, name).reshape(-1, 2, WIDTH) for name in table.column_names if name != "side"}
        for index in range(table.num_rows // (2 * WIDTH)):
            yield {name: array[index] for name, array in columns.items()}


def anchors_of(lake, symbol, date):
    return lake.table("silver.future_mbo.book_snapshot_1s", symbol, date)["spot_ref_price_int"].drop_null().to_pylist()


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
    windows = silver(lake, symbol, date)
    firsts = [0] if frame == "spot" else [anchor // Q - H for anchor in anchors_of(lake, symbol, date)]
    keys = Keys(2, min(firsts, default=0), max(firsts, default=0) + WIDTH)
    x = np.arange(-H, H + 1)
    count = 0
    for (end, anchor, valid, dense, offsets), found in zip(windows, surfaces_of(lake, symbol, date), strict=True):
        count += 1
        first = 0 if frame == "spot" else anchor // Q - H
        if valid:
            d = dense[0] + 1
            u = dense[3] / d - dense[4] / d - dense[5] / d
            keys.update(u, np.zeros_like(u, bool), first)
        expected = surface(dense, keys, keys.cells(first, WIDTH), 1)
        assert set(expected) == {column(column_name) for column_name in found.keys() - PLACES} and len(expected) == 30
        for column_name in found.keys() - PLACES:
            np.testing.assert_allclose(
                found[column_name], expected[column(column_name)], rtol=1e-10, atol=1e-12,
                err_msg=f"{column_name}, window {count}",
            )  # fmt: skip
        assert (found["window_end_ts_ns"] == end).all() and (found["event_ts_ns"] == end).all()
        assert (found["spot_ref_price_int"] == anchor).all()
        assert (found["rel_ticks"] == x).all()
        assert (found["rel_ticks_side"] == x - np.array(offsets)[:, None]).all()
    assert lake.manifest(GOLD, symbol, date)["rows"] == count * 2 * WIDTH and (name == "esh4 eve" or count)


@both_frames
@every_lake
def test_rows_are_dense_in_order_and_finite(surfaces, name, frame):
    lake, symbol, date = surfaces(name, frame)
    file = parquet.ParquetFile(lake.file(GOLD, symbol, date))
    assert not any(field.nullable for field in file.schema_arrow)
    assert sum(field.type == "double" for field in file.schema_arrow) == 30
    sides = ["A"] * WIDTH + ["B"] * WIDTH
    ends = []
    for table in blocks(lake, symbol, date):
        count = table.num_rows // (2 * WIDTH)
        assert table["side"].to_pylist() == sides * count
        assert (numbers(table, "rel_ticks") == np.tile(np.arange(-H, H + 1), 2 * count)).all()
        here = numbers(table, "window_end_ts_ns").reshape(count, -1)
        assert (here == here[:, :1]).all()
        ends += here[:, 0].tolist()
        for field in table.schema:
            if field.type == "double":
                values = numbers(table, field.name)
                assert np.isfinite(values).all() and not np.signbit(values[values == 0]).any(), field.name
    assert ends == [end for end, *_ in silver(lake, symbol, date)]


@both_frames
@every_lake
def test_identities_between_columns(surfaces, name, frame):
    """What sections 3, 5 and 6 promise of every row, stated between the columns of the file."""
    lake, symbol, date = surfaces(name, frame)

    def same(left, right):
        np.testing.assert_allclose(left, right, rtol=1e-10, atol=1e-12)

    for table in blocks(lake, symbol, date):
        v = {name: numbers(table, name) for name in table.column_names if name != "side"}
        is_bid = np.tile(np.repeat([False, True], WIDTH), table.num_rows // (2 * WIDTH))
        same(v["liquidity_velocity"], v["add_intensity"] - v["pull_intensity"] - v["fill_intensity"])
        for band, fast, slow in (("fast", 2, 8), ("mid", 8, 32), ("slow", 32, 128)):
            same(v[f"u_band_{band}"], v[f"u_ema_{fast}"] - v[f"u_ema_{slow}"])
        same(v["u_prom"], v["u_near"] - v["u_far"])
        same(v["Omega_prom"], v["Omega_near"] - v["Omega_far"])
        same(v["nu"] * v["kappa"], np.ones(len(v["nu"])))
        same(v["pressure_grad"], np.where(is_bid, v["u_p"], -v["u_p"]))
        assert (v["phi_rest"] < 1).all() and (v["phi_rest"] >= 0).all() and (v["nu"] >= 1).all()
        edge = np.abs(v["rel_ticks"]) == H
        assert (v["du_dx"][edge] == 0).all() and (v["d2u_dx2"][edge] == 0).all()


@pytest.mark.parametrize("name", ["esh4", "esh6"])
def test_the_frames_differ_where_the_anchor_moves(surfaces, name):
    """Both describe the first window alike; once the anchor has moved, histories belong to different cells."""
    frames = [surfaces_of(*surfaces(name, frame)) for frame in ("spot", "price")]
    moved = differing = 0
    for index, (spot, price) in enumerate(zip(*frames)):
        is_same = (spot["u_ema_32"] == price["u_ema_32"]).all()
        first = spot["spot_ref_price_int"][0, 0] if index == 0 else first
        assert index > 0 or is_same
        if spot["spot_ref_price_int"][0, 0] != first:
            moved, differing = moved + 1, differing + (not is_same)
        if differing:
            break
    assert moved and differing


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
        part = lake.table(dataset, "ESH6", date)
        assert numbers(part, "window_end_ts_ns").max() == cut
        assert synthetic.manifest(dataset, "ESH6", date)["rows"] > part.num_rows
        until = ds.field("window_end_ts_ns") <= pa.scalar(cut, part.schema.field("window_end_ts_ns").type)
        assert part.equals(ds.dataset(synthetic.file(dataset, "ESH6", date)).to_table(filter=until)), dataset


def test_kernel_sums():
    """The reference itself: the divisors that the text prints."""
    for (sigma, reach), total in KERNEL_SUMS.items():
        k = np.arange(-reach, reach + 1)
        assert abs(np.exp(-0.5 * (k / sigma) ** 2).sum() - total) < 1e-13
