"""A made-up day of trades and quotes with everything that section 3 of docs/spec/recorder.md has a rule for.

Pauses, jumps through levels, events on the edges of windows and at the very same nanosecond, empty, one-sided, locked
and crossed quotes, rejects, condition codes, early and late events, and a file in no order.
"""

import csv
import random
from decimal import Decimal

SECOND = 10**9


def random_day(seed, start, end, center=100.0, rate=0.7):
    """(trades, quotes) as rows of bronze; start and end in ms, events also before and after. `seq` is the rank."""
    rng = random.Random(seed)
    now, last = (start - 300_000) * 1_000_000, (end + 60_000) * 1_000_000
    middle = center
    trades, quotes = [], []
    while now < last:
        pause = rng.expovariate(rate)
        if rng.random() < 0.004:
            pause += rng.uniform(15, 150)
        now += int(pause * SECOND)
        if rng.random() < 0.03:  # onto an edge
            edge = rng.choice([1000, 10_000, 60_000]) * 1_000_000
            now = now // edge * edge + edge - rng.choice([0, 0, 1])
        middle += rng.gauss(0, 0.02) * max(pause, 0.05) ** 0.5 - (middle - center) * 0.0008 * pause
        if rng.random() < 0.004:
            middle += rng.choice([-1, 1]) * rng.uniform(0.2, 0.7)
        bid = round(middle * 100) - rng.choice([0, 1, 1, 2, 3])
        ask = round(middle * 100) + rng.choice([0, 1, 1, 2, 3]) - (2 if rng.random() < 0.01 else 0)
        if rng.random() < 0.6:
            quotes.append(quote(rng, now + rng.choice([0, 0, 400, 900_000]), bid, ask))
        if rng.random() < 0.7:
            for _ in range(rng.choice([1, 1, 1, 2, 5])):
                trades.append(trade(rng, now + rng.choice([0, 0, 0, 700]), bid, ask))
    for rows in (trades, quotes):
        rows.sort(key=lambda row: row["ts_event"])
        for rank, row in enumerate(rows):
            row["seq"] = rank
    return trades, quotes


def quote(rng, time, bid, ask):
    sizes = [rng.randint(1, 40) * 100 for _ in range(2)]
    prices = [bid * 10_000_000, ask * 10_000_000]
    for side in range(2):
        if rng.random() < 0.02:
            prices[side] = sizes[side] = 0
    if rng.random() < 0.003:
        prices[rng.randrange(2)] *= -1
    return {
        "ts_event": time,
        "ts_recv": None if rng.random() < 0.1 else time + 150_000,
        "bid_price_int": prices[0],
        "bid_size": sizes[0],
        "ask_price_int": prices[1],
        "ask_size": sizes[1],
        "source": "made",
    }


def trade(rng, time, bid, ask):
    price = rng.choice([bid, bid, ask, ask, (bid + ask) / 2, bid - 1, ask + 1])
    size = rng.choice([1, 10, 50, 100, 100, 100, 200, 300, rng.randint(1, 999), rng.randint(1, 20) * 1000])
    if rng.random() < 0.003:
        size = 0
    return {
        "ts_event": time,
        "ts_recv": None if rng.random() < 0.1 else time + 90_000,
        "price_int": 0 if rng.random() < 0.002 else int(price * 10_000_000),
        "size": size,
        "aggressor": rng.choice(["buy", "sell", "none", None]),
        "conditions": rng.choice(["", "", "", "@", "@,I", "Z", "T,Z"]),
        "source": "made",
    }


# CSV


def decimal(price_int):
    return format((Decimal(price_int) / 10**9).normalize(), "f")


def write_csv(folder, trades, quotes, seed=0):
    """trades.csv with decimal prices, quotes.csv with integers; lines and columns in no order."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(seed)
    trade_columns = ["ts_event", "ts_recv", "seq", "price", "size", "aggressor", "conditions", "source"]
    quote_columns = "ts_event ts_recv seq bid_price_int bid_size ask_price_int ask_size source".split()
    files = []
    for name, columns, rows in (("trades", trade_columns, trades), ("quotes", quote_columns, quotes)):
        rows = [row | ({"price": decimal(row["price_int"])} if name == "trades" else {}) for row in rows]
        rng.shuffle(columns)
        rng.shuffle(rows)
        files.append(folder / f"{name}.csv")
        with files[-1].open("w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(columns)
            for row in rows:
                writer.writerow(["" if row[c] is None else row[c] for c in columns])
    return files
