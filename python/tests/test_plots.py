"""The ready plots on the sample lake: what is drawn is what the tables say."""

import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from matplotlib import dates, pyplot

import tarn
import tarn.plots
from samplelake import DATES

SECOND = 1 / 86_400


@pytest.fixture(autouse=True)
def closed():
    yield
    pyplot.close("all")


def the_image(axes):
    (image,) = axes.get_images()
    return image, np.ma.filled(image.get_array(), 0.0)


def cell(image, when, height):
    """Row and column of the image at an instant (in days) and a height."""
    left, right, bottom, top = image.get_extent()
    rows, columns = image.get_array().shape
    return int((height - bottom) / (top - bottom) * rows), int((when - left) / (right - left) * columns)


def test_the_heatmap_has_the_depth_of_every_cell(opened):
    flow = opened["silver.future_mbo.depth_and_flow_1s"].scan("ESH6", DATES[1])
    book = opened["silver.future_mbo.book_snapshot_1s"].scan("ESH6", DATES[1])
    axes = tarn.plots.book_heatmap(flow, book)
    image, grid = the_image(axes)
    table = flow.arrow()
    assert grid.sum() == pc.sum(table["depth_qty_end"]).as_py() > 0
    deep = table.filter(pc.greater(table["depth_qty_end"], 0)).slice(7, 1).to_pylist()[0]
    both = table.filter(
        pc.and_(pc.equal(table["window_end_ts_ns"], deep["window_end_ts_ns"]),
                pc.equal(table["price_int"], deep["price_int"])))  # fmt: skip
    end = pa.scalar(deep["window_end_ts_ns"], table.schema.field("window_end_ts_ns").type).value / 86_400e9
    found = grid[cell(image, end - SECOND / 2, deep["price_int"] / 1e9)]
    assert found == pc.sum(both["depth_qty_end"]).as_py()
    # Nine tenths of the depth and the best prices are in view.
    low, high = axes.get_ylim()
    inside = pc.and_(pc.greater(table["price_int"], int(low * 1e9)), pc.less(table["price_int"], int(high * 1e9)))
    assert pc.sum(table.filter(inside)["depth_qty_end"]).as_py() >= 0.9 * grid.sum()
    best = book.arrow()
    shown = {line.get_label(): line for line in axes.get_lines()}
    for side in ("bid", "ask"):
        prices = best[f"best_{side}_price_int"].to_numpy() / 1e9
        np.testing.assert_array_equal(shown[f"best {side}"].get_ydata(), prices)
        assert low < prices.min() and prices.max() < high
    assert "depth_qty_end [contracts]" in [other.get_ylabel() for other in axes.figure.axes]


@pytest.mark.parametrize("side", ["A", "B", None])
def test_the_pressure_field_has_the_value_of_every_cell(opened, side):
    surface = opened["gold.future_mbo.physics_surface_1s"].scan("ESH6", DATES[1])
    axes = tarn.plots.pressure_field(surface, side=side)
    image, grid = the_image(axes)
    table = surface.arrow()
    if side:
        table = table.filter(pc.equal(table["side"], side))
    assert grid.shape == (401, len(pc.unique(table["window_end_ts_ns"])))
    np.testing.assert_allclose(grid.sum(), pc.sum(table["pressure_grad"]).as_py(), atol=1e-9)
    assert np.abs(grid).max() > 0
    strong = table.sort_by([("pressure_grad", "descending")]).slice(0, 1).to_pylist()[0]
    same = table.filter(
        pc.and_(pc.equal(table["window_end_ts_ns"], strong["window_end_ts_ns"]),
                pc.equal(table["rel_ticks"], strong["rel_ticks"])))  # fmt: skip
    end = pa.scalar(strong["window_end_ts_ns"], table.schema.field("window_end_ts_ns").type).value / 86_400e9
    found = grid[cell(image, end - SECOND / 2, strong["rel_ticks"])]
    assert found == pytest.approx(pc.sum(same["pressure_grad"]).as_py())
    # White is zero, the spot is in the middle.
    assert image.norm.vmin == -image.norm.vmax and sum(axes.get_ylim()) == 0
    assert "pressure_grad [1/s]" in [other.get_ylabel() for other in axes.figure.axes]


def episodes(opened, outcome):
    table = opened["gold.equity_taq.episodes"].scan("SPY", DATES[0]).arrow()
    chosen = pc.is_null(table["outcome"]) if outcome is None else pc.equal(table["outcome"], outcome)
    return table.filter(pc.fill_null(chosen, False))


@pytest.mark.parametrize("outcome", ["win", "loss", "scratch", None])
def test_the_chart_of_an_episode(opened, outcome):
    states = opened["silver.equity_taq.state_10s"].scan("SPY", DATES[0])
    one = episodes(opened, outcome).slice(0, 1)
    row = one.to_pylist()[0]
    axes = tarn.plots.episode_chart(one, states, before=60, after=30)
    lines = {line.get_label(): line for line in axes.get_lines()}
    assert axes.get_title().startswith(outcome or "unresolved") and row["direction_bias"] in axes.get_title()
    (level,) = [line for label, line in lines.items() if label.startswith(row["level_type"])]
    assert set(level.get_ydata()) == {row["level_price"]}
    entered, ended = dates.date2num(row["zone_entry_time"]), dates.date2num(row["end_time"])
    assert lines["entered"].get_xdata()[0] == pytest.approx(entered, abs=1e-9)
    assert ("resolved and ended" if row["resolution_time"] else "ended") in lines
    # The price around it, window by window.
    table = states.arrow()
    ends = table["window_end_ts_ns"].to_numpy().astype("int64") / 86_400e9
    inside = (ends >= entered - 60 * SECOND) & (ends <= ended + 30 * SECOND) & (table["last_price"].to_numpy() > 0)
    np.testing.assert_array_equal(lines["last price"].get_ydata()[1:], table["last_price"].to_numpy()[inside])
    np.testing.assert_allclose(lines["last price"].get_xdata()[1:], ends[inside])


def test_the_zone_is_as_wide_as_the_atr_of_each_window(opened):
    """recorder.md 6.2: in the zone while |last_price − level| ≤ level_width_atr · ATR of the row."""
    states = opened["silver.equity_taq.state_10s"].scan("SPY", DATES[0]).arrow()
    gate = episodes(opened, "win")
    one = gate.filter(pc.equal(gate["episode_source"], "level_gate")).slice(0, 1)
    row = one.to_pylist()[0]
    axes = tarn.plots.episode_chart(one, states)
    zone = next(shape for shape in axes.collections if shape.get_label() == "zone")
    edges = set(np.round(zone.get_paths()[0].vertices[:, 1], 9))
    at = next(state for state in states.to_pylist() if state["timestamp"] == row["zone_entry_time"])
    for sign in (-1, 1):
        assert round(row["level_price"] + sign * row["level_width_atr"] * at["atr_value"], 9) in edges
    assert abs(at["last_price"] - row["level_price"]) <= row["level_width_atr"] * at["atr_value"]


def test_what_cannot_be_drawn_is_refused(opened):
    states = opened["silver.equity_taq.state_10s"].scan("SPY", DATES[0])
    with pytest.raises(tarn.TarnError, match="one episode, not [0-9]+"):
        tarn.plots.episode_chart(episodes(opened, "win"), states)
    with pytest.raises(tarn.NothingSelected, match="no rows"):
        tarn.plots.episode_chart(episodes(opened, "win").slice(0, 0), states)
    other = opened["silver.equity_taq.state_10s"].scan("SPY", DATES[1])
    with pytest.raises(tarn.NothingSelected, match="around the episode"):
        tarn.plots.episode_chart(episodes(opened, "win").slice(0, 1), other)
    with pytest.raises(tarn.TarnError, match="needs the columns window_end_ts_ns"):
        tarn.plots.pressure_field(pa.table({"side": ["A"]}))
    surface = opened["gold.future_mbo.physics_surface_1s"].scan("ESH6", DATES[1], start=datetime.datetime(
        2026, 3, 3, 3, tzinfo=datetime.timezone.utc), end=datetime.datetime(
        2026, 3, 3, 4, tzinfo=datetime.timezone.utc))  # fmt: skip
    with pytest.raises(tarn.NothingSelected):
        tarn.plots.pressure_field(surface)
