"""As-of joins that cannot look ahead.

Each row of the left gets the last row of the right that was known at its time. From when on a right row was known is
a fact of its table (`Contract.known_at`): the end of a window or bar, the receipt of a record. A join on another
column, forward, or with a table whose rows hold outcomes is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Union

import pyarrow as pa
import pyarrow.compute as pc

from .errors import LookAheadError, NoSuchColumn, TarnError
from .scan import Scan, nanoseconds

Table = Union[Scan, pa.Table]

_MILLISECOND = 1_000_000


def asof(
    left: Table,
    right: Table,
    *,
    on: str | None = None,
    known_at: str | None = None,
    by: Sequence[str] = ("symbol",),
    columns: Sequence[str] | None = None,
    tolerance: Any = None,
    exact: bool = True,
    direction: str = "backward",
    suffix: str = "_right",
) -> pa.Table:
    """Joins to each left row the last right row known at its time.

    Args:
        left: A scan or an Arrow table; its rows stay, in their order.
        right: A scan, or an Arrow table of one (its schema tells from when on its rows were known).
        on: The left column that says at which instant something is decided; without it the left's own `known_at`.
        known_at: For a right table of one's own making, the column that says when its rows were known. For a table
            of the lake only what the contract says, or `end_time` for episodes.
        by: Columns with equal values on both sides.
        columns: Right columns to add; None means all but those of `by`. The one that says when the row was known is
            always among them.
        tolerance: Greatest age of the right row: nanoseconds or a timedelta. An older one counts as none.
        exact: Whether a right row of the very same instant counts.
        direction: Only "backward"; what others call "forward" and "nearest" is refused.
        suffix: For right columns whose name the left has, too.

    Raises: LookAheadError.
    """
    if direction != "backward":
        raise LookAheadError(f"direction {direction!r} would join what was not known yet; only 'backward' does not")
    before = left.arrow() if isinstance(left, Scan) else left
    after = right.arrow() if isinstance(right, Scan) else right
    stamp = _known_at(after, known_at)
    moment = on or _metadata(before, "tarn.known_at")
    if not moment:
        raise TarnError("say by on= at which instant of the left rows something is decided")
    for name, table, side in (*((name, before, "left") for name in (*by, moment)),
                              *((name, after, "right") for name in (*by, stamp))):  # fmt: skip
        if name not in table.column_names:
            raise NoSuchColumn(f"the {side} of the join has no column '{name}'")
    at = _instants(before, moment)
    known = _instants(after, stamp)
    if known.null_count:
        raise LookAheadError(
            f"{known.null_count} right rows have no {stamp}: nobody knows when they were known; "
            "filter them, or join an Arrow table of your own with known_at="
        )
    index = _last_known(_groups(before, after, by), at, known, exact)
    if tolerance is not None:
        limit = _nanoseconds_long(tolerance)
        age = pc.subtract(at, known.take(index))
        index = pc.if_else(pc.less_equal(age, limit), index, pa.scalar(None, pa.int64()))
    wanted = [name for name in after.column_names if name not in by] if columns is None else list(columns)
    if stamp not in wanted:
        wanted.append(stamp)
    result = before
    for name in wanted:
        if name not in after.column_names:
            raise NoSuchColumn(f"the right of the join has no column '{name}'")
        field = after.schema.field(name)
        shown = name + suffix if name in result.column_names else name
        if shown in result.column_names:
            raise TarnError(f"the join would have two columns '{shown}': choose another suffix")
        result = result.append_column(
            pa.field(shown, field.type, True, field.metadata), after[name].take(index)
        )
    return result


def _metadata(table: pa.Table, key: str) -> str:
    value = (table.schema.metadata or {}).get(key.encode(), b"")
    return str(value.decode())


def _known_at(right: pa.Table, given: str | None) -> str:
    dataset = _metadata(right, "tarn.dataset")
    if not dataset:
        if given is None:
            raise LookAheadError("the right of the join does not say when its rows were known: name it by known_at=")
        return given
    stated = _metadata(right, "tarn.known_at")
    if stated:
        if given not in (None, stated):
            raise LookAheadError(f"rows of {dataset} were known at {stated}, not at {given}")
        return stated
    if given == "end_time" and "end_time" in right.column_names:
        return given
    advice = "; an episode is known at its end: known_at='end_time'" if "end_time" in right.column_names else ""
    raise LookAheadError(f"rows of {dataset} hold outcomes: no instant says when all of a row was known{advice}")


def _instants(table: pa.Table, name: str) -> pa.ChunkedArray:
    """Nanoseconds. A recorder's `timestamp` is the last millisecond of its window, which counts as a whole."""
    column = table[name]
    kind = column.type
    if not pa.types.is_timestamp(kind):
        raise TarnError(f"'{name}' is {kind}, not an instant")
    if kind.tz is None:
        raise TarnError(f"'{name}' has no time zone")
    values = column.cast(pa.timestamp("ns", kind.tz)).cast(pa.int64())
    if name == "timestamp" and _metadata(table, "tarn.known_at") == "timestamp":
        values = pc.add(values, _MILLISECOND)
    return values


def _nanoseconds_long(length: Any) -> int:
    if isinstance(length, int):
        if length < 0:
            raise LookAheadError("a tolerance below zero would look ahead")
        return length
    if hasattr(length, "total_seconds"):
        if length.total_seconds() < 0:
            raise LookAheadError("a tolerance below zero would look ahead")
        return int((length.days * 86_400 + length.seconds) * 1_000_000 + length.microseconds) * 1000
    raise TypeError("a tolerance is nanoseconds or a timedelta")


def _groups(left: pa.Table, right: pa.Table, by: Sequence[str]) -> pa.Array:
    """One number for each combination of the values of `by`, for the right rows and then the left rows."""
    total = right.num_rows + left.num_rows
    groups = pa.array([0], pa.int64()).take(pa.nulls(total, pa.int64()).fill_null(0))
    for name in by:
        whole = pa.chunked_array([*right[name].cast(left[name].type).chunks, *left[name].chunks], left[name].type)
        codes = whole.combine_chunks().dictionary_encode(null_encoding="encode")
        if isinstance(codes, pa.ChunkedArray):
            codes = codes.combine_chunks()
        mixed = pc.add(pc.multiply(groups, len(codes.dictionary) + 1), codes.indices.cast(pa.int64()))
        groups = mixed.dictionary_encode().indices.cast(pa.int64())
    return groups


def _last_known(groups: pa.Array, at: pa.ChunkedArray, known: pa.ChunkedArray, exact: bool) -> pa.Array:
    """For each left row the index of the right row, or null.

    Right rows of one group and instant keep their order: the last of them counts. O(n log n).
    """
    rights, lefts = len(known), len(at)
    if lefts == 0:
        return pa.array([], pa.int64())
    right_side = pa.nulls(rights, pa.int8()).fill_null(0 if exact else 1)
    left_side = pa.nulls(lefts, pa.int8()).fill_null(1 if exact else 0)
    ordinal = pa.array(range(rights), pa.int64())
    lines = pa.table({
        "group": groups,
        "at": pa.chunked_array([*known.chunks, *at.chunks], pa.int64()),
        "side": pa.chunked_array([right_side, left_side]),
        "row": pa.chunked_array([ordinal, pa.array(range(lefts), pa.int64())]),
        "right": pa.chunked_array([ordinal, pa.nulls(lefts, pa.int64())]),
        "is_left": pa.chunked_array([pa.nulls(rights, pa.bool_()).fill_null(False),
                                     pa.nulls(lefts, pa.bool_()).fill_null(True)]),
    })  # fmt: skip
    order = pc.sort_indices(lines, [(name, "ascending") for name in ("group", "at", "side", "row")])
    lines = lines.take(order).combine_chunks()
    last = pc.fill_null_forward(lines["right"])
    # The row carried forward must be of the same group, and a left row without an instant has none.
    groups_of_right = groups.slice(0, rights)
    same = pc.and_(pc.equal(groups_of_right.take(last.combine_chunks()), lines["group"]), pc.is_valid(lines["at"]))
    last = pc.if_else(same, last, pa.scalar(None, pa.int64()))
    mine = pa.table({"row": lines["row"], "last": last}).filter(lines["is_left"])
    return mine.take(pc.sort_indices(mine["row"]))["last"].combine_chunks()


__all__ = ["asof", "nanoseconds"]
