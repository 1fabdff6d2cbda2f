"""Days longer than a block of rows: what the recorder's silver stages stream must be what polars makes of the whole.

A block is 2^17 rows; the windows, bars and merges of these days begin in one and end in another.
"""

import datetime
import zoneinfo

import numpy as np
import polars as pl
import pytest

from pipeline import Lake

SYMBOL, DATE = "BLCK", "2025-06-10"
BLOCK = 1 << 17
NEW_YORK = zoneinfo.ZoneInfo("America/New_York")


def new_york(clock):
    moment = datetime.datetime.combine(datetime.date.fromisoformat(DATE), datetime.time.fromisoformat(clock), NEW_YORK)
    return int(moment.timestamp()) * 10**9


OPEN, CLOSE = new_york("09:30:00"), new_york("16:00:00")


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    """(lake, trades, quotes): CSV files taken to gold, and their rows in order."""
    rng = np.random.default_rng(7)
    folder = tmp_path_factory.mktemp("blocks")

    # From ten minutes before the open to ten minutes after the close, most of it in half an hour.
    def times(n):
        quiet = rng.integers(OPEN - 600 * 10**9, CLOSE + 600 * 10**9, n // 4)
        busy = rng.integers(OPEN + 3600 * 10**9, OPEN + 5400 * 10**9, n - n // 4)
        return np.unique(np.concatenate([quiet, busy]))

    quote_times, trade_times = times(3 * BLOCK), times(5 * BLOCK // 2)
    bid = 50_000 + np.cumsum(rng.integers(-1, 2, len(quote_times)))
    quotes = pl.DataFrame(
        {
            "ts_event": quote_times,
            "bid_price_int": bid * 10**7,
            "bid_size": rng.integers(1, 100, len(quote_times)),
            "ask_price_int": (bid + rng.integers(0, 4, len(quote_times))) * 10**7,
            "ask_size": rng.integers(1, 100, len(quote_times)),
        }
    )
    near = bid[np.clip(np.searchsorted(quote_times, trade_times), 0, len(bid) - 1)]
    trades = pl.DataFrame(
        {
            "ts_event": trade_times,
            "price_int": (near + rng.integers(-1, 4, len(trade_times))) * 10**7,
            "size": rng.integers(1, 900, len(trade_times)),
        }
    )
    assert len(trades) > 2 * BLOCK and len(quotes) > 2 * BLOCK
    files = [folder / "trades.csv", folder / "quotes.csv"]
    for file, rows in zip(files, (trades, quotes)):
        rows.write_csv(file)
    lake = Lake(folder / "lake")
    lake.tarn("raw", "add", "--symbol", SYMBOL, "--dt", DATE, *files).exits(0)
    lake.run("all", SYMBOL, DATE, product="equity_taq").exits(0)
    return lake, trades, quotes


def table(lake, layer, name):
    frame = pl.from_arrow(lake.table(f"{layer}.equity_taq.{name}", SYMBOL, DATE))
    return frame.with_columns(pl.col(c).cast(pl.Int64) for c, t in frame.schema.items() if t.base_type() == pl.Datetime)


def price(integers):
    """Double(price_int) / 1e9, null where there is none; polars would multiply by 1e-9 instead."""
    return pl.Series([None if value is None else float(value) / 1e9 for value in integers], dtype=pl.Float64)


def classified(trades, quotes):
    """Trades of regular hours with their side, by the last quote at or before them."""
    joined = trades.join_asof(quotes, on="ts_event", strategy="backward")
    side = (
        pl.when(pl.col("bid_price_int").is_null())
        .then(pl.lit("unknown"))
        .when(pl.col("price_int") >= pl.col("ask_price_int"))
        .then(pl.lit("buy"))
        .when(pl.col("price_int") <= pl.col("bid_price_int"))
        .then(pl.lit("sell"))
        .otherwise(pl.lit("unknown"))
    )
    return joined.filter(pl.col("ts_event").is_between(OPEN, CLOSE, closed="left")).with_columns(
        ts_ms=pl.col("ts_event") // 10**6, price=pl.col("price_int").map_batches(price, pl.Float64), side=side
    )


def volume(side=None):
    own = pl.col("size") if side is None else pl.col("size").filter(pl.col("side") == side)
    return own.sum().cast(pl.Float64)


def flows(trades, length):
    """Sums per window of so many ms that holds a trade, by its start."""
    return (
        trades.group_by(start=pl.col("ts_ms") // length * length, maintain_order=True)
        .agg(
            open=pl.col("price").first(),
            high=pl.col("price").max(),
            low=pl.col("price").min(),
            close=pl.col("price").last(),
            trade_count=pl.len().cast(pl.Int64),
            total_volume=volume(),
            buy_volume=volume("buy"),
            sell_volume=volume("sell"),
            unknown_volume=volume("unknown"),
        )
        .sort("start")
    )


def test_every_trade_of_the_session_has_its_side(day):
    lake, trades, quotes = day
    expected, found = classified(trades, quotes), table(lake, "silver", "trades_classified")
    assert found["ord"].to_list() == list(range(len(expected)))
    assert len(found) > 2 * BLOCK
    for name in ("ts_event", "ts_ms", "price", "size"):
        assert found[name].equals(expected[name], check_names=False), name
    assert found["side"].cast(pl.String).equals(expected["side"])
    assert set(expected["side"]) == {"buy", "sell", "unknown"}
    assert found["quote_bid"].equals(price(expected["bid_price_int"]), check_names=False)


@pytest.mark.parametrize("name, length", [("state_1s", 1000), ("state_10s", 10_000)])
def test_every_window_has_its_trades(day, name, length):
    lake, trades, quotes = day
    found = table(lake, "silver", name).with_columns(start=pl.col("timestamp") - length + 1)
    assert found["start"].to_list() == list(range(OPEN // 10**6, CLOSE // 10**6, length))
    sums = flows(classified(trades, quotes), length)
    expected = found.select("start").join(sums, on="start", how="left")
    for column in ("trade_count", "total_volume", "buy_volume", "sell_volume", "unknown_volume"):
        assert found[column].equals(expected[column].fill_null(0)), column
    assert found["last_price"].equals(expected["close"].forward_fill().fill_null(0), check_names=False)


def test_every_second_has_the_last_quote_so_far(day):
    lake, _, quotes = day
    found = table(lake, "silver", "state_1s")
    stamped = quotes.with_columns(timestamp=pl.col("ts_event") // 10**6)
    last = stamped.group_by("timestamp", maintain_order=True).last().sort("timestamp").set_sorted("timestamp")
    expected = found.select("timestamp").join_asof(last, on="timestamp", strategy="backward")
    assert found["bid"].equals(price(expected["bid_price_int"]), check_names=False)
    assert found["ask"].equals(price(expected["ask_price_int"]), check_names=False)
    counts = stamped.group_by(timestamp=pl.col("timestamp") // 1000 * 1000 + 999).agg(n=pl.len().cast(pl.Int64))
    counted = found.select("timestamp").join(counts, on="timestamp", how="left")["n"].fill_null(0)
    assert found["quote_count"].equals(counted, check_names=False)


@pytest.mark.parametrize("name, length", [("bars_30s", 30_000), ("bars_1m", 60_000), ("bars_2m", 120_000)])
def test_every_bar_has_its_trades(day, name, length):
    lake, trades, quotes = day
    found, expected = table(lake, "silver", name), flows(classified(trades, quotes), length)
    assert found["bar_start_ts_ms"].to_list() == expected["start"].to_list()
    for column in ("open", "high", "low", "close", "trade_count"):
        assert found[column].equals(expected[column]), column
    assert found["volume"].equals(expected["total_volume"], check_names=False)


def test_large_trades_stand_out_of_the_last_five_minutes(day):
    lake, trades, quotes = day
    found, kept = table(lake, "gold", "smart_money_10s"), classified(trades, quotes)
    times, sizes = kept["ts_ms"].to_numpy(), kept["size"].to_numpy()
    for timestamp, threshold, count in found.select(
        "timestamp", "large_trade_threshold_size", "large_trade_count_10s"
    ).iter_rows():
        start, row, end = np.searchsorted(times, [timestamp - 300_000, timestamp - 10_000, timestamp], "right")
        sample, window = np.sort(sizes[start:end]), sizes[row:end]
        expected = sample[(95 * len(sample) + 99) // 100 - 1] if len(sample) else 0
        assert (threshold, count) == (expected, int((window >= expected).sum()))
