"""The worked cases of docs/spec/physics.md, section 10, through the whole program.

B3 is a day of trades, from the vendor's file on. The rows of B1, B2 and B4 no book can show (9 + 5 − 1 is not 4; an
order book at rest presses with less than 3): there the program makes all layers of a small day, then the rows of the
case take the place of the table that the stage reads, and `tarn run` makes the next one from it.
The expected numbers are read from the text of the specification.
"""

import hashlib
import json
import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

import pipeline
import vendorfiles
from vendorfiles import SECOND, midnight

DATE = "2026-03-02"
T0 = midnight(DATE)
TICK = SECOND // 4
P = 25 * SECOND
TEXT = (vendorfiles.ROOT / "docs" / "spec" / "physics.md").read_text()


def section(case):
    return TEXT[TEXT.index(f"**{case}."):].split("\n\n")[0]


def table_of(case):
    """The table of a case: list of dictionaries."""
    lines = [line.strip("| ").split(" | ") for line in section(case).splitlines() if line.startswith("|")]
    names, _, *rows = lines
    return [dict(zip(names, row)) for row in rows]


def close(found, expected):
    np.testing.assert_allclose(float(found), float(expected), rtol=1e-10, atol=1e-12)


def put(lake, dataset, symbol, rows):
    """Rows take the place of a table's own: file, manifest and marker as a partition has them."""
    folder = lake.folder(dataset, symbol, DATE)
    schema = parquet.read_schema(folder / "part-00000.parquet")
    for row in rows:
        assert set(row) == set(schema.names), set(schema.names) ^ set(row)
    arrays = [pa.array([row[field.name] for row in rows], field.type) for field in schema]
    parquet.write_table(pa.Table.from_arrays(arrays, schema=schema), folder / "part-00000.parquet", compression="zstd")
    content = (folder / "part-00000.parquet").read_bytes()
    manifest = json.loads((folder / "_MANIFEST.json").read_text())
    manifest["files"][0] |= {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest(), "rows": len(rows)}
    manifest["rows"] = len(rows)
    text = json.dumps(manifest, indent=2, sort_keys=True) + "\n"
    (folder / "_MANIFEST.json").write_text(text)
    (folder / "_SUCCESS").write_text(hashlib.sha256(text.encode()).hexdigest() + "\n")


def snapshots(anchors, valid):
    """Rows of book_snapshot_1s with nothing but anchors."""
    empty = dict.fromkeys(
        ["best_bid_price_int", "best_ask_price_int", "mid_price", "mid_price_int", "last_trade_price_int"])
    return [
        empty | {
            "window_start_ts_ns": T0 + w * SECOND, "window_end_ts_ns": T0 + (w + 1) * SECOND, "best_bid_qty": 0,
            "best_ask_qty": 0, "spot_ref_price_int": anchor, "book_valid": True, "window_valid": valid[w - 1],
        }
        for w, anchor in enumerate(anchors, 1)
    ]


@pytest.fixture
def small(lake, tmp_path):
    """A future with one bid, three seconds of silver and gold."""
    orders = [vendorfiles.order("A", "B", 1, P, 5, at=T0 + 1)]
    lake.add(vendorfiles.mbo_file(tmp_path / "a.mbo.dbn.zst", orders, DATE))
    hours = {"start": "00:00:01Z", "end": "00:00:04Z"}
    lake.run("all", "ESH6", DATE, set="assume_complete=true", **hours).exits(0)
    return lake


# B1


@pytest.mark.parametrize("second_is_valid", [True, False])
@pytest.mark.parametrize("frame", ["spot", "price"])
def test_b1_one_level_and_a_moving_anchor(small, frame, second_is_valid):
    def flow(window, spot, x, start, end, rest, add, pull):
        return {
            "window_start_ts_ns": T0 + window * SECOND, "window_end_ts_ns": T0 + (window + 1) * SECOND, "side": "B",
            "price_int": P - TICK, "spot_ref_price_int": spot, "rel_ticks": x, "rel_ticks_side": 0,
            "depth_qty_start": start, "depth_qty_end": end, "depth_qty_rest": rest, "add_qty": add,
            "pull_qty_total": pull, "pull_qty_rest": 0, "fill_qty": 0, "window_valid": True,
        }

    valid = [True, second_is_valid, True]
    put(small, "silver.future_mbo.book_snapshot_1s", "ESH6", snapshots([P, P + TICK, P], valid))
    put(small, "silver.future_mbo.depth_and_flow_1s", "ESH6",
        [flow(1, P, -1, 9, 4, 2, 5, 1), flow(2, P + TICK, -2, 4, 4, 4, 0, 0)])
    small.run("gold", "ESH6", DATE, "--overwrite", table="physics_surface_1s", set=f"ema_frame={frame}").exits(0)
    table = small.table("gold.future_mbo.physics_surface_1s", "ESH6", DATE)
    assert table.num_rows == 2406
    rows = {
        ((row["window_end_ts_ns"] - T0) // SECOND - 1, row["side"], row["rel_ticks"]): row
        for row in table.set_column(0, "window_end_ts_ns", table["window_end_ts_ns"].cast("int64")).drop(["event_ts_ns"]).to_pylist()
    }
    if not second_is_valid:
        # What the text says below the table.
        holder = rows[2, "B", -1 if frame == "spot" else -2]
        close(holder["u_ema_2"], 0.4)
        assert holder["du_dt"] == 0
        expected = re.search(r"window 3, x = −1 has u_ema_2 = (\S+):", TEXT)[1]
        close(rows[3, "B", -1]["u_ema_2"], expected)
        return
    close(rows[1, "B", -1]["liquidity_velocity"], 0.4)
    cases = [case for case in table_of("B1") if case["frame"] == frame]
    assert len(cases) == 5
    for case in cases:
        row = rows[int(case["window"]), "B", int(case["x"])]
        for name in case.keys() - {"frame", "window", "x"}:
            close(row[name], case[name])


# B2


def test_b2_absolute_strikes(lake, tmp_path):
    future = [vendorfiles.order("A", "B", 1, 6900 * SECOND, 5, at=T0 + 1)]
    option = vendorfiles.option("O", 1, "ESH6", "C", 6850 * SECOND, T0 + 21 * 3600 * SECOND)
    orders = [vendorfiles.order("A", "B", 2, SECOND, 5, at=T0 + 1, instrument_id=1)]
    lake.add(
        vendorfiles.mbo_file(tmp_path / "a.mbo.dbn.zst", future, DATE),
        vendorfiles.file(tmp_path / "b.mbo.dbn.zst", "mbo", orders, DATE, {"O": 1}),
        vendorfiles.file(tmp_path / "b.definition.dbn.zst", "definition", [option], DATE, {"O": 1}))
    hours = {"start": "00:00:01Z", "end": "00:00:04Z"}
    for product in ("future_mbo", "future_option_mbo"):
        lake.run("bronze,silver", "ESH6", DATE, product=product, set="assume_complete=true", **hours).exits(0)
    rows = []
    for window, strike_ref in enumerate((6900, 6905, 6900), 1):
        for right in "CP":
            for side in "AB":
                for k in range(-10, 11):
                    here = (window, right, side, strike_ref + 5 * k) == (1, "C", "B", 6850)
                    rows.append({
                        "window_start_ts_ns": T0 + window * SECOND, "window_end_ts_ns": T0 + (window + 1) * SECOND,
                        "strike_price_int": (strike_ref + 5 * k) * SECOND, "right": right, "side": side,
                        "spot_ref_price_int": strike_ref * SECOND, "strike_ref_price_int": strike_ref * SECOND,
                        "rel_ticks": 20 * k, "depth_qty_start": 9 * here, "depth_qty_end": 9 * here,
                        "depth_qty_rest": 9 * here, "add_qty": 4 * here, "pull_qty_total": 0, "pull_qty_rest": 0,
                        "fill_qty": 0, "window_valid": True,
                    })
    put(lake, "silver.future_option_mbo.depth_and_flow_1s", "ESH6", rows)
    lake.run("gold", "ESH6", DATE, product="future_option_mbo").exits(0)
    found = lake.table("gold.future_option_mbo.physics_surface_1s", "ESH6", DATE)
    assert found.num_rows == 3 * 84
    window = (found["window_end_ts_ns"].cast("int64").to_numpy() - T0) // SECOND - 1
    cells = {
        (int(w), row["rel_ticks"]): row
        for w, row in zip(window, found.drop(["window_end_ts_ns", "event_ts_ns"]).to_pylist())
        if (row["right"], row["side"]) == ("C", "B")
    }
    cases = table_of("B2")
    assert len(cases) == 4
    for case in cases:
        for name in case.keys() - {"window", "rel_ticks"}:
            close(cells[int(case["window"]), int(case["rel_ticks"])][name], case[name])


# B3, B4


def predictions(case):
    """The thirty displacements that the text lists."""
    lists = re.findall(r"(?:-?\d+, ){29}-?\d+", section(case))
    assert len(lists) == 1
    return [int(number) for number in lists[0].split(", ")]


def test_b3_motion_without_force_from_the_vendors_file(lake, tmp_path):
    """No orders, only trades: the anchor is the last trade, which moves by 5 ticks; all arrays are 0."""
    trade = lambda at, price: vendorfiles.order("T", "N", 0, price, 1, at=T0 + at)
    rows = [trade(500_000_000, P), trade(SECOND + 500_000_000, P + 5 * TICK)]
    lake.add(vendorfiles.mbo_file(tmp_path / "a.mbo.dbn.zst", rows, DATE))
    lake.run("all", "ESH6", DATE, set="assume_complete=true", start="00:00:01Z", end="00:00:03Z").exits(0)
    anchors = lake.table("silver.future_mbo.book_snapshot_1s", "ESH6", DATE)["spot_ref_price_int"].to_pylist()
    assert anchors == [P, P + 5 * TICK]
    head, *rows = lake.table("gold.future_mbo.forecast_1s", "ESH6", DATE).slice(31).to_pylist()
    assert (head["D_up"], head["D_down"], head["RunScore_up"], head["RunScore_down"]) == (64, 64, 0, 0)
    assert [row["predicted_tick_delta"] for row in rows] == predictions("B3")
    assert {row["confidence"] for row in rows} == {0.0}
    assert [row["predicted_spot_tick"] for row in rows] == [105 + delta for delta in predictions("B3")]
    seen = lake.tarn(
        "explain", "gold.future_mbo.forecast_1s", "-s", "ESH6", "-d", DATE, "--at", "00:00:03Z", "horizon_s=1", "--json"
    ).exits(0).json["forecast"]
    assert (seen["force"], seen["velocity_ticks"]) == (0, 5)
    close(seen["damping"], 2)


def test_b4_a_wall_above(small):
    surface = "gold.future_mbo.physics_surface_1s"
    schema = parquet.read_schema(small.file(surface, "ESH6", DATE))
    rows = []
    for side in "AB":
        for x in range(-200, 201):
            row = dict.fromkeys(schema.names, 0) | {
                "window_end_ts_ns": T0 + 2 * SECOND, "event_ts_ns": T0 + 2 * SECOND, "spot_ref_price_int": P,
                "rel_ticks": x, "rel_ticks_side": x, "side": side,
            }
            if side == "A":
                row |= {"pressure_grad": 3.0 * (x == 1), "u_near": -0.5 * (1 <= x <= 5), "Omega": 4.0 * (x == 30)}
            rows.append(row)
    put(small, "silver.future_mbo.book_snapshot_1s", "ESH6", snapshots([P], [True]))
    put(small, surface, "ESH6", rows)
    small.run("gold", "ESH6", DATE, "--overwrite", table="forecast_1s", set="options=ignore").exits(0)
    head, *rows = small.table("gold.future_mbo.forecast_1s", "ESH6", DATE).to_pylist()
    number = lambda name: re.search(rf"{re.escape(name)} (-?[\d.]*\d)", section("B4"))[1]
    assert (head["D_up"], head["D_down"]) == (int(number("D_up")), int(number("D_down")))
    close(head["RunScore_up"], number("RunScore_up"))
    close(head["RunScore_down"], number("RunScore_down"))
    assert [row["predicted_tick_delta"] for row in rows] == predictions("B4")
    for row in rows:
        close(row["confidence"], number("confidence where the displacement is positive") if row["predicted_tick_delta"] > 0 else 0)
    seen = small.tarn(
        "explain", "gold.future_mbo.forecast_1s", "-s", "ESH6", "-d", DATE, "--at", "00:00:02Z", "horizon_s=30", "--json")
    # The surface of the case was not made from this silver; the forecast was made from that surface.
    close(seen.json["forecast"]["force"], number("F(0)"))
    close(seen.json["forecast"]["damping"], number("N(0)"))
