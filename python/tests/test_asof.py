"""As-of joins: against a join by hand, and what they refuse."""

import datetime
import random

import pyarrow as pa
import pytest

import tarn
from samplelake import DATES
from handmade import STAMP

SECOND = 10**9


def streams(seed, count=200):
    """Two tables with many equal instants and two symbols; instants of the left may be absent."""
    dice = random.Random(seed)
    left = pa.table({
        "symbol": [dice.choice("AB") for _ in range(count)],
        "at": pa.array([dice.choice([None, *range(40)]) for _ in range(count)], STAMP),
        "left": range(count),
    })  # fmt: skip
    right = pa.table({
        "symbol": [dice.choice("ABC") for _ in range(count // 4)],
        "known": pa.array([dice.randrange(40) for _ in range(count // 4)], STAMP),
        "right": range(count // 4),
    })  # fmt: skip
    return left, right


def by_hand(left, right, exact, tolerance):
    rights = right.set_column(1, "known", right["known"].cast("int64")).to_pylist()
    for row in left.set_column(1, "at", left["at"].cast("int64")).to_pylist():
        found = None
        for one in rights:
            if row["at"] is None or one["symbol"] != row["symbol"]:
                continue
            age = row["at"] - one["known"]
            if age < 0 or (age == 0 and not exact) or (tolerance is not None and age > tolerance):
                continue
            # Of several of one instant the last row counts.
            if found is None or one["known"] >= found["known"]:
                found = one
        yield None if found is None else found["right"]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("tolerance", [None, 3])
def test_the_last_known_row_is_joined(seed, exact, tolerance):
    left, right = streams(seed)
    joined = tarn.asof(left, right, on="at", known_at="known", exact=exact, tolerance=tolerance)
    assert joined["left"].to_pylist() == list(range(left.num_rows))
    assert joined["right"].to_pylist() == list(by_hand(left, right, exact, tolerance))
    for row in joined.to_pylist():
        assert row["known"] is None or row["known"] <= row["at"]


def test_the_future_changes_nothing():
    """Right rows after T do not touch what is joined up to T."""
    left, right = streams(99)
    whole = tarn.asof(left, right, on="at", known_at="known").to_pylist()
    cut = pa.scalar(20, STAMP)
    past = right.filter(pa.compute.less_equal(right["known"], cut))
    for before, after in zip(whole, tarn.asof(left, past, on="at", known_at="known").to_pylist()):
        if before["at"] is None or before["at"] <= cut.as_py():
            assert before == after


def test_without_rows_there_are_nulls():
    left, right = streams(1)
    assert tarn.asof(left, right.slice(0, 0), on="at", known_at="known")["right"].null_count == left.num_rows
    assert tarn.asof(left.slice(0, 0), right, on="at", known_at="known").num_rows == 0


def test_tables_of_the_lake_know_when_they_were_known(opened):
    """Orders get the surface of the last second that had ended when they were received."""
    orders = opened["bronze.future_mbo.mbo"].scan("ESH6", DATES[1], ["ordinal", "symbol", "ts_recv"], start="09:39",
                                                  end="09:42")  # fmt: skip
    book = opened["silver.future_mbo.book_snapshot_1s"].scan(
        "ESH6", DATES[1], ["window_end_ts_ns", "best_bid_price_int", "symbol"])  # fmt: skip
    joined = tarn.asof(orders, book, tolerance=datetime.timedelta(seconds=2))
    ends = book.arrow()["window_end_ts_ns"].cast("int64").to_pylist()
    some = 0
    received = joined["ts_recv"].cast("int64").to_pylist()
    for at, end in zip(received, joined["window_end_ts_ns"].cast("int64").to_pylist()):
        known = [one for one in ends if one <= at and at - one <= 2 * SECOND]
        assert end == (max(known) if known else None)
        some += end is not None
    assert 0 < some < joined.num_rows
    assert joined.schema.field("best_bid_price_int").metadata[b"unit"] == b"price_1e-9"


def test_a_recorder_row_is_known_when_its_millisecond_is_over():
    """A window stamped with its last millisecond, 59.999, ends at 60.000."""
    right = pa.table({"symbol": ["A"], "timestamp": pa.array([59_999], pa.timestamp("ms", "UTC")), "x": [1]})
    metadata = {"tarn.dataset": "silver.equity_taq.state_10s", "tarn.known_at": "timestamp"}
    right = right.replace_schema_metadata(metadata)
    at = pa.array([60 * SECOND - 1, 60 * SECOND], STAMP)
    left = pa.table({"symbol": ["A", "A"], "at": at})
    assert tarn.asof(left, right, on="at")["x"].to_pylist() == [None, 1]


def test_looking_ahead_is_refused(opened):
    left, right = streams(2)
    for direction in ("forward", "nearest"):
        with pytest.raises(tarn.LookAheadError, match=direction):
            tarn.asof(left, right, on="at", known_at="known", direction=direction)
    with pytest.raises(tarn.LookAheadError, match="below zero"):
        tarn.asof(left, right, on="at", known_at="known", tolerance=-1)
    with pytest.raises(tarn.LookAheadError, match="name it by known_at"):
        tarn.asof(left, right, on="at")
    flow = opened["silver.future_mbo.depth_and_flow_1s"].scan("ESH6", DATES[1])
    with pytest.raises(tarn.LookAheadError, match="known at window_end_ts_ns, not at window_start_ts_ns"):
        tarn.asof(left, flow, on="at", known_at="window_start_ts_ns")
    unknown = right.set_column(1, "known", pa.array([None] * right.num_rows, STAMP))
    with pytest.raises(tarn.LookAheadError, match="have no known"):
        tarn.asof(left, unknown, on="at", known_at="known")


@pytest.mark.parametrize(
    "table", ["touch_packets", "reclaim_packets", "episode_snapshots", "chain_summary", "level_chain_metrics",
              "episodes", "episodes_labeled"])  # fmt: skip
def test_tables_of_outcomes_are_refused(opened, table):
    contract = opened[f"gold.equity_taq.{table}"].contract
    assert contract.known_at is None
    left, _ = streams(3)
    instant = next(field.name for field in contract.fields if pa.types.is_timestamp(field.type)) if any(
        pa.types.is_timestamp(field.type) for field in contract.fields) else "symbol"  # fmt: skip
    right = contract.schema().empty_table().append_column("symbol", pa.array([], pa.string()))
    for known_at in (None, instant):
        with pytest.raises(tarn.LookAheadError, match="hold outcomes"):
            tarn.asof(left, right, on="at", known_at=known_at)
    if "end_time" in contract:
        assert tarn.asof(left, right, on="at", known_at="end_time", columns=["outcome"]).num_rows == left.num_rows


def test_streams_of_the_recorder_are_known_at_their_end(opened):
    known = {name: opened[name].contract.known_at for name in (
        "silver.equity_taq.state_10s", "silver.equity_taq.state_1s", "silver.equity_taq.bars_1m",
        "silver.equity_taq.bar_indicators", "gold.equity_taq.level_spine", "gold.equity_taq.smart_money_10s",
        "bronze.equity_taq.trades", "silver.future_mbo.book_snapshot_1s", "gold.future_mbo.forecast_1s")}  # fmt: skip
    assert known == {
        "silver.equity_taq.state_10s": "window_end_ts_ns", "silver.equity_taq.state_1s": "window_end_ts_ns",
        "silver.equity_taq.bars_1m": "bar_end_ts_ms", "silver.equity_taq.bar_indicators": "bar_end_ts_ms",
        "gold.equity_taq.level_spine": "timestamp", "gold.equity_taq.smart_money_10s": "timestamp",
        "bronze.equity_taq.trades": "ts_recv", "silver.future_mbo.book_snapshot_1s": "window_end_ts_ns",
        "gold.future_mbo.forecast_1s": "window_end_ts_ns",
    }  # fmt: skip
