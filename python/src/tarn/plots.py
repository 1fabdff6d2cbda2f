"""Ready plots. Each takes a scan or an Arrow table, draws on the given axes or new ones, and gives the axes back.

Needs matplotlib (`pip install tarn[plots]`) and numpy, which comes with it. Units of axes and colours are those of the
contract.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from .errors import NothingSelected, TarnError
from .scan import Scan

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Table = Any  # Scan | pyarrow.Table

_NEW_YORK = "America/New_York"
#: The ten seconds of a row of state_10s, in days.
_STATE_WINDOW = 10 / 86_400
#: Which share of all there is the first view of a field shows.
_SHOWN = 0.9


def book_heatmap(flow: Table, snapshot: Table | None = None, *, column: str = "depth_qty_end",
                 ax: Axes | None = None) -> Axes:  # fmt: skip
    """Depth of the book over time and price, both sides in one picture, colours by the order of magnitude.

    Prices far off with almost nothing are outside the picture at first; `set_ylim` shows them.

    Args:
        flow: Rows of depth_and_flow_1s of one symbol.
        snapshot: Rows of book_snapshot_1s of the same: best bid and ask are drawn as lines.
        column: Which quantity is shown.
    """
    import numpy as np
    from matplotlib import colors, patheffects

    table = _rows(flow, ["window_end_ts_ns", "price_int", column])
    times, time_index = _axis(table["window_end_ts_ns"])
    prices, price_index = _axis(table["price_int"])
    # Prices are drawn on an even grid, so that a gap in the book is a gap in the picture.
    step = int(np.gcd.reduce(np.diff(prices))) if len(prices) > 1 else 10**9
    grid = np.zeros(((prices[-1] - prices[0]) // step + 1, len(times)))
    rows = (prices[price_index] - prices[0]) // step
    np.add.at(grid, (rows, time_index), table[column].to_numpy().astype(float))
    axes = ax if ax is not None else _new_axes()
    extent = _time_extent(times) + ((prices[0] - step / 2) / 1e9, (prices[-1] + step / 2) / 1e9)
    some = grid[grid > 0]
    norm = colors.LogNorm(some.min(), max(some.max(), 10 * some.min())) if some.size else None
    image = axes.imshow(
        np.ma.masked_less_equal(grid, 0), origin="lower", aspect="auto", extent=extent, cmap="magma", norm=norm,
        interpolation="nearest")  # fmt: skip
    axes.set_facecolor("black")
    _colour_bar(axes, image, f"{column} [{_unit(table, column)}]")
    low, high = _where_it_is(grid.sum(axis=1))
    limits = [(prices[0] + (low - 0.5) * step) / 1e9, (prices[0] + (high + 0.5) * step) / 1e9]
    if snapshot is not None:
        best = _rows(snapshot, ["window_end_ts_ns", "best_bid_price_int", "best_ask_price_int"])
        for name, colour, label in (("best_bid_price_int", "deepskyblue", "best bid"),
                                    ("best_ask_price_int", "lime", "best ask")):  # fmt: skip
            price = pc.divide(best[name].cast(pa.float64(), safe=False), 1e9).to_numpy()
            outline = patheffects.withStroke(linewidth=2.0, foreground="black")
            axes.step(_dates(best["window_end_ts_ns"]), price, where="pre", color=colour, lw=1.2, label=label,
                      path_effects=[outline])  # fmt: skip
            if not np.isnan(price).all():
                limits = [min(limits[0], float(np.nanmin(price)) - step / 1e9),
                          max(limits[1], float(np.nanmax(price)) + step / 1e9)]  # fmt: skip
        axes.legend(loc="upper right", fontsize="small")
    axes.set_ylim(*limits)
    _time_axis(axes)
    axes.set_ylabel("price")
    return axes


def pressure_field(surface: Table, *, side: str | None = None, column: str = "pressure_grad",
                   ax: Axes | None = None) -> Axes:  # fmt: skip
    """A field of the surface over time and distance from the spot.

    Cells far off with almost nothing are outside the picture at first; `set_ylim` shows them.

    Args:
        surface: Rows of physics_surface_1s of one symbol.
        side: "A" or "B"; None adds both.
    """
    import numpy as np

    table = _rows(surface, ["window_end_ts_ns", "side", "rel_ticks", column])
    if side is not None:
        table = table.filter(pc.equal(table["side"], side))
        _require_rows(table, f"of side {side}")
    times, time_index = _axis(table["window_end_ts_ns"])
    cells, cell_index = _axis(table["rel_ticks"])
    grid = np.zeros((cells[-1] - cells[0] + 1, len(times)))
    np.add.at(grid, (cells[cell_index] - cells[0], time_index), table[column].to_numpy())
    axes = ax if ax is not None else _new_axes()
    # Symmetric colours: white is zero. A few extreme cells must not wash out the rest.
    bound = float(np.quantile(np.abs(grid), 0.995)) or float(np.abs(grid).max()) or 1.0
    extent = _time_extent(times) + (cells[0] - 0.5, cells[-1] + 0.5)
    image = axes.imshow(
        grid, origin="lower", aspect="auto", extent=extent, cmap="RdBu_r", vmin=-bound, vmax=bound,
        interpolation="nearest")  # fmt: skip
    _colour_bar(axes, image, f"{column} [{_unit(table, column)}]")
    low, high = _where_it_is(np.abs(grid).sum(axis=1))
    reach = max(abs(int(cells[0]) + low), abs(int(cells[0]) + high)) + 0.5
    axes.set_ylim(-reach, reach)
    axes.axhline(0, color="black", lw=0.6)
    _time_axis(axes)
    axes.set_ylabel("distance from the spot [cells]")
    axes.set_title({"A": "ask side", "B": "bid side", None: "both sides"}.get(side, side or ""))
    return axes


def episode_chart(episode: Table, states: Table, *, before: float = 120, after: float = 120,
                  ax: Axes | None = None) -> Axes:  # fmt: skip
    """One episode: the price around it, the level and its zone, and when it began, resolved and ended.

    Args:
        episode: One row of episodes or episodes_labeled.
        states: Rows of state_10s of the same symbol and session.
        before, after: Seconds drawn around it.
    """
    import numpy as np

    names = ["level_price", "level_width_atr", "zone_entry_time", "resolution_time", "end_time", "outcome",
             "level_type", "direction_bias"]  # fmt: skip
    one = _rows(episode, names)
    if one.num_rows != 1:
        raise TarnError(f"an episode chart shows one episode, not {one.num_rows}")
    row = {name: one[name][0] for name in names}
    first, last = row["zone_entry_time"], row["end_time"] if row["end_time"].is_valid else row["zone_entry_time"]
    if not first.is_valid:
        raise TarnError("the episode has no entry: nothing to draw")
    prices = _rows(states, ["window_end_ts_ns", "last_price", "high_10s", "low_10s", "atr_value"])
    at = prices["window_end_ts_ns"].cast(pa.int64()).to_numpy()
    start, end = _nanoseconds(first) - int(before * 1e9), _nanoseconds(last) + int(after * 1e9)
    prices = prices.filter(pa.array((at >= start) & (at <= end)))
    prices = prices.filter(pc.greater(prices["last_price"], 0))
    _require_rows(prices, "of states around the episode")
    axes = ax if ax is not None else _new_axes()
    # Each window from its begin to its end: the first value is given once more at the begin of the first.
    when = _dates(prices["window_end_ts_ns"])
    when = np.concatenate(([when[0] - _STATE_WINDOW], when))

    def windows(name: str) -> Any:
        values = prices[name].to_numpy(zero_copy_only=False).astype(float)
        return np.concatenate((values[:1], values))

    level = row["level_price"].as_py()
    if row["level_width_atr"].is_valid:
        # The zone is as wide as the ATR in force says (recorder.md 6.2).
        width = row["level_width_atr"].as_py() * windows("atr_value")
        axes.fill_between(when, level - width, level + width, step="pre", color="gold", alpha=0.3, lw=0, label="zone")
    axes.axhline(level, color="black", lw=1, label=f"{row['level_type'].as_py()} {level:.10g}")
    axes.fill_between(when, windows("low_10s"), windows("high_10s"), step="pre", color="steelblue", alpha=0.25, lw=0,
                      label="low to high")  # fmt: skip
    axes.step(when, windows("last_price"), where="pre", color="steelblue", lw=1.2, label="last price")
    marks: dict[float, list[str]] = {}
    for name, label in (("zone_entry_time", "entered"), ("resolution_time", "resolved"), ("end_time", "ended")):
        if row[name].is_valid:
            marks.setdefault(_date(row[name]), []).append(label)
    for (moment, labels), colour in zip(marks.items(), ("darkorange", "crimson", "grey")):
        axes.axvline(moment, color=colour, lw=1.2, ls="--", label=" and ".join(labels))
    outcome = row["outcome"].as_py() or "unresolved"
    axes.set_title(f"{outcome} · {row['direction_bias'].as_py() or 'no bias'}")
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0, fontsize="small")
    _time_axis(axes)
    axes.set_ylabel("price")
    return axes


# Tables


def _rows(source: Table, columns: list[str]) -> pa.Table:
    table = source.with_(columns=columns).arrow() if isinstance(source, Scan) else source
    missing = [name for name in columns if name not in table.column_names]
    if missing:
        raise TarnError(f"the plot needs the columns {', '.join(missing)}")
    _require_rows(table, "to draw")
    return table.select(columns)


def _require_rows(table: pa.Table, what: str) -> None:
    if table.num_rows == 0:
        raise NothingSelected(f"there are no rows {what}")


def _axis(column: pa.ChunkedArray) -> tuple[Any, Any]:
    """Distinct values, ascending, and the place of each row among them."""
    import numpy as np

    values = column.cast(pa.int64()).to_numpy()
    return np.unique(values, return_inverse=True)


def _where_it_is(amounts: Any) -> tuple[int, int]:
    """The first and the last place between which lies all but a small share of what there is, equal at both ends."""
    import numpy as np

    total = float(amounts.sum())
    if total == 0:
        return 0, len(amounts) - 1
    shares = np.cumsum(amounts) / total
    tail = (1 - _SHOWN) / 2
    low = int(np.searchsorted(shares, tail))
    return low, max(low, min(int(np.searchsorted(shares, 1 - tail)), len(amounts) - 1))


def _unit(table: pa.Table, column: str) -> str:
    metadata = table.schema.field(column).metadata or {}
    return str(metadata.get(b"unit", b"?").decode())


# Times: matplotlib counts days since 1970.


def _nanoseconds(instant: pa.Scalar) -> int:
    return int(instant.cast(pa.timestamp("ns", "UTC")).value)


def _date(instant: pa.Scalar) -> float:
    return _nanoseconds(instant) / 86_400e9


def _dates(column: pa.ChunkedArray) -> Any:
    return column.cast(pa.timestamp("ns", "UTC")).cast(pa.int64()).to_numpy() / 86_400e9


def _time_extent(times: Any) -> tuple[float, float]:
    """Each window is drawn from its begin to its end."""
    import numpy as np

    step = int(np.diff(times).min()) if len(times) > 1 else 10**9
    return (int(times[0]) - step) / 86_400e9, int(times[-1]) / 86_400e9


def _time_axis(axes: Axes) -> None:
    from matplotlib import dates

    locator = dates.AutoDateLocator(tz=_NEW_YORK)
    axes.xaxis_date(_NEW_YORK)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator, tz=_NEW_YORK))
    axes.set_xlabel("New York time")


def _colour_bar(axes: Axes, image: Any, label: str) -> None:
    axes.figure.colorbar(image, ax=axes, label=label)


def _new_axes() -> Axes:
    from matplotlib import pyplot

    axes: Axes = pyplot.subplots(figsize=(11, 5), layout="constrained")[1]
    return axes
