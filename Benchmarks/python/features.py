"""Records, last trade and resting quantity by price of each second, from bronze, by whole-table expressions.

    features.py polars|duckdb BRONZE.parquet      seconds that it takes
    features.py equal LAKE SYMBOL BRONZE.parquet  compares both with silver, and says how many values are the same

An order lives from its add or modification to the next one. Within such a life its quantity is what it began with less
the cancels; its price changes with the next life. So each record changes the depth of one or two prices, and the depth
at the end of a second is the running sum of these changes. (What silver has beyond that, rest, pulls and fills told
apart, the anchor, validity, needs the state of the book in mid-stream.) Snapshots are before the hours compared.
"""

import os
import sys
import time

os.environ["POLARS_MAX_THREADS"] = "1"

import duckdb  # noqa: E402
import polars as pl  # noqa: E402

SQL = """
WITH records AS (
    SELECT ordinal, action, side, price_int, size, order_id,
        epoch_ns(CASE WHEN flags & 32 <> 0 THEN coalesce(ts_recv, ts_event) ELSE coalesce(ts_event, ts_recv) END) AS t
    FROM read_parquet('{file}', hive_partitioning = false)
), timed AS (
    SELECT *, max(t) OVER (ORDER BY ordinal ROWS UNBOUNDED PRECEDING) // 1000000000 + 1 AS second,
        sum(CASE WHEN action = 'R' THEN 1 ELSE 0 END) OVER (ORDER BY ordinal ROWS UNBOUNDED PRECEDING) AS book
    FROM records
), changes AS (
    SELECT *, sum(CASE WHEN action <> 'C' THEN 1 ELSE 0 END) OVER same AS life
    FROM timed WHERE action IN ('A', 'C', 'M') WINDOW same AS (PARTITION BY book, order_id ORDER BY ordinal ROWS UNBOUNDED PRECEDING)
), lives AS (
    SELECT *,
        first_value(size) OVER life AS begun, first_value(price_int) OVER life AS price, first_value(side) OVER life AS own,
        sum(CASE WHEN action = 'C' THEN size ELSE 0 END) OVER life AS gone
    FROM changes
    WINDOW life AS (PARTITION BY book, order_id, life ORDER BY ordinal ROWS UNBOUNDED PRECEDING)
), resting AS (
    SELECT *, greatest(begun - gone, 0) AS left_now FROM lives
), before AS (
    SELECT *, coalesce(lag(left_now) OVER same, 0) AS left_before, lag(price) OVER same AS price_before,
        lag(own) OVER same AS side_before
    FROM resting WINDOW same AS (PARTITION BY book, order_id ORDER BY ordinal)
), deltas AS (
    SELECT book, second, own AS side, price, left_now AS change FROM before WHERE life > 0
    UNION ALL
    SELECT book, second, side_before, price_before, -left_before FROM before WHERE left_before > 0
), depth AS (
    SELECT book, second, side, price, sum(sum(change)) OVER (PARTITION BY book, side, price ORDER BY second) AS depth
    FROM deltas GROUP BY book, second, side, price
)
"""


def by_duckdb(file):
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("CREATE TEMP TABLE feature_depth AS " + SQL.format(file=file) + "SELECT * FROM depth")
    connection.execute(
        "CREATE TEMP TABLE feature_second AS "
        + SQL.format(file=file)
        + "SELECT second, count(*) AS records, last(price_int ORDER BY ordinal) FILTER (action = 'T') AS last_trade "
        "FROM timed GROUP BY second"
    )
    return connection.sql("FROM feature_second").pl(), connection.sql("FROM feature_depth").pl()


def by_polars(file):
    recv, event = (pl.col(name).cast(pl.Int64) for name in ("ts_recv", "ts_event"))
    is_snapshot = (pl.col("flags") & 32) != 0
    time_of = pl.when(is_snapshot).then(pl.coalesce(recv, event)).otherwise(pl.coalesce(event, recv))
    timed = (
        pl.scan_parquet(file, hive_partitioning=False)
        .select("ordinal", pl.col("action", "side").cast(pl.String), "price_int", "size", "order_id", t=time_of)
        .sort("ordinal")
        .with_columns(
            second=pl.col("t").forward_fill().cum_max() // 1_000_000_000 + 1, book=(pl.col("action") == "R").cum_sum()
        )
        .collect()
    )
    seconds = timed.group_by("second").agg(
        records=pl.len(), last_trade=pl.col("price_int").filter(pl.col("action") == "T").last()
    )
    order = ["book", "order_id"]
    changes = timed.filter(pl.col("action").is_in(["A", "C", "M"])).with_columns(
        life=pl.col("action").is_in(["A", "M"]).cast(pl.Int64).cum_sum().over(order)
    )
    life = [*order, "life"]
    gone = pl.when(pl.col("action") == "C").then("size").otherwise(0).cum_sum().over(life)
    lives = changes.with_columns(
        price=pl.col("price_int").first().over(life), own=pl.col("side").first().over(life),
        left_now=(pl.col("size").first().over(life) - gone).clip(lower_bound=0),
    ).with_columns(
        left_before=pl.col("left_now").shift(1).over(order).fill_null(0),
        price_before=pl.col("price").shift(1).over(order), side_before=pl.col("own").shift(1).over(order),
    )  # fmt: skip
    now = lives.filter(pl.col("life") > 0).select("book", "second", side="own", price="price", change="left_now")
    past = lives.filter(pl.col("left_before") > 0).select(
        "book", "second", side="side_before", price="price_before", change=-pl.col("left_before")
    )
    keys = ["book", "side", "price"]
    depth = (
        pl.concat([now, past]).group_by("second", *keys).agg(pl.col("change").sum()).sort("second")
        .with_columns(depth=pl.col("change").cum_sum().over(keys))
    )  # fmt: skip
    return seconds, depth


def silver(lake, symbol, table):
    return pl.read_parquet(
        f"{lake}/silver/product_type=future_mbo/table={table}/symbol={symbol}/dt=*/*.parquet", hive_partitioning=False
    ).with_columns(second=pl.col("window_end_ts_ns").cast(pl.Int64) // 1_000_000_000)


def equal(lake, symbol, file):
    quality, snapshot, flow = (silver(lake, symbol, t) for t in ("book_quality_1s", "book_snapshot_1s", "depth_and_flow_1s"))
    compared = []
    for name, features in (("polars", by_polars), ("DuckDB", by_duckdb)):
        seconds, depth = features(file)
        # Records: silver counts seconds without any as 0.
        both = quality.join(seconds, on="second", how="left")
        wrong = both.filter(pl.col("records") != pl.col("records_right").fill_null(0)).height
        trades = snapshot.join(seconds, on="second", how="inner").filter(pl.col("last_trade").is_not_null())
        wrong += trades.filter(pl.col("last_trade") != pl.col("last_trade_price_int")).height
        # Depth: every change of a price on the lattice has a row in silver, and every row with flow or depth is one of
        # a price whose last change is known.
        last = depth.select("second", "side", pl.col("price").alias("price_int"), pl.col("depth").cast(pl.Int64), "book")
        book = seconds.select("second").sort("second").join_asof(
            last.group_by("second").agg(pl.col("book").max()).sort("second"), on="second"
        )  # fmt: skip
        rows = (
            flow.join(book, on="second", how="left").select("second", "side", "price_int", "depth_qty_end", "book")
            .with_columns(pl.col("side").cast(pl.String), pl.col("book").fill_null(strategy="forward"))
            .sort("second")
            .join_asof(last.sort("second"), on="second", by=["book", "side", "price_int"], check_sortedness=False)
        )  # fmt: skip
        wrong += rows.filter(pl.col("depth_qty_end") != pl.col("depth").fill_null(0)).height
        if wrong or not (rows.height and trades.height):
            sys.exit(f"{name} and silver differ in {wrong} values of {both.height}, {trades.height}, {rows.height}")
        compared = [both.height, trades.height, rows.height]
    print("the records of {:,} seconds, the last trade of {:,}, the depth of {:,} prices and seconds are the same in silver, polars and DuckDB".format(*compared))


def main():
    if sys.argv[1] == "equal":
        return equal(*sys.argv[2:])
    start = time.monotonic()
    {"polars": by_polars, "duckdb": by_duckdb}[sys.argv[1]](sys.argv[2])
    print(time.monotonic() - start)


main()
