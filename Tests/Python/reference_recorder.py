"""The market-state recorder of docs/spec/recorder.md, sections 2 to 5, in plain loops: what silver must hold.

Written from the text and the contracts alone, and judged itself by the worked cases (test_recorder_cases.py). A table
is a list of rows, a row a dictionary by column name; instants are integers in the unit of their column. Section
numbers are of that document. Sections 6 and 7 are in reference_episodes.py and reference_chains.py, section 8 in
reference_report.py.
"""

import math

EPS = 1e-9
GRID = 10_000  # ms

DEFAULTS = {  # 2.8
    "trade_side": "quote_test",
    "level_width_atr": 0.25,
    "atr_period": 14,
    "atr_blend_alpha": 0.7,
    "fixed_default_atr": 0.50,
    "ema_periods": [9, 20, 30, 200],
    "floor_atr": 0.02,
    "band_pct": 0.0015,
    "approach_crash": 1.5,
    "approach_fast": 0.75,
    "approach_normal": 0.25,
    "cluster_gap_atr": 0.5,
    "include_extended_hours": False,
    "rth_open": "09:30:00",
    "rth_close": "16:00:00",
    "sample_2m": False,
    "success_threshold_atr": 0.50,
    "failure_threshold_atr": 0.35,
    "timeout_seconds": 300,
    "max_episode_seconds": 1800,
    "baseline_seconds": 300,
    "ema_confluence_ref": 0.25,
    "large_trade_window_ms": 300_000,
    "flush_drop_atr": 1.0,
    "flush_velocity_atr_per_min": 0.75,
    "snapback_ms": 120_000,
    "score_rel_aggr": 0.10,
    "include_premarket_in_vwap": False,
    "excluded_conditions": [],
}

BARS = {"bars_30s": ("tf_30s", 30_000), "bars_1m": ("tf_1m", 60_000), "bars_2m": ("tf_2m", 120_000)}


# 2.2 Functions


def total(values):
    """Sum from 0.0, left to right (2.1)."""
    result = 0.0
    for value in values:
        result += value
    return result


def mean(values):
    return total(values) / len(values)


def pstd(values):
    if len(values) < 2 or max(values) == min(values):
        return 0.0
    middle = mean(values)
    return math.sqrt(total([(x - middle) * (x - middle) for x in values]) / len(values))


def sign(x):
    return 1 if x > 1e-12 else -1 if x < -1e-12 else 0


def clamp01(x):
    return 0.0 if x < 0.0 else 1.0 if x > 1.0 else x


def zscore(x, values):
    """(x - mean)/(pstd + EPS); 0 for fewer than 2 values or pstd = 0."""
    spread = pstd(values)
    if len(values) < 2 or spread == 0.0:
        return 0.0
    return (x - mean(values)) / (spread + EPS)


def row_at(rows, index):
    """The row of an index, None where there is none."""
    return rows[index] if 0 <= index < len(rows) else None


def last_rows(rows, index, count):
    """Rows index-count+1 .. index, fewer at the start (2.4)."""
    return rows[max(0, index - count + 1) : index + 1]


def w60(rows, index):
    """W60 (2.4) of rows with a timestamp; rows may begin late but have no holes."""
    return [row for row in last_rows(rows, index, 7) if row["timestamp"] >= rows[index]["timestamp"] - 60_000]


# 3 Events


def price(price_int):
    return float(price_int) / 1e9


def milliseconds(ns):
    return ns // 1_000_000


def total_order(tie_policy):
    """Sort key of (kind, row), kind 0 quote, 1 trade (3.1)."""
    return {
        "quote_first": lambda e: (e[1]["ts_event"], e[0], e[1]["seq"]),
        "feed_order": lambda e: (e[1]["ts_event"], e[1]["seq"], e[0]),
        "book_order": lambda e: (e[1]["seq"], e[0]),
    }[tie_policy]


def kept_trade(trade, excluded):
    """3.2"""
    codes = trade["conditions"].split(",") if trade["conditions"] else []
    return trade["price_int"] > 0 and trade["size"] > 0 and not any(code in excluded for code in codes)


def kept_quote(quote):
    """3.2"""
    return min(quote["bid_price_int"], quote["bid_size"], quote["ask_price_int"], quote["ask_size"]) >= 0


def merged(trades, quotes, session, parameters):
    """Kept events of the date in total order, as (kind, row)."""
    events = [(0, quote) for quote in quotes if kept_quote(quote)]
    events += [(1, trade) for trade in trades if kept_trade(trade, parameters["excluded_conditions"])]
    return sorted(events, key=total_order(session["tie_policy"]))


def ordered_quotes(quotes, session, parameters):
    return [row for _, row in merged([], quotes, session, parameters)]


def quote_side(price_int, quote):
    """The quote test (5.1)."""
    if quote is None or quote["bid_price_int"] <= 0 or quote["ask_price_int"] <= 0:
        return "unknown"
    if price_int >= quote["ask_price_int"]:
        return "buy"
    if price_int <= quote["bid_price_int"]:
        return "sell"
    return "unknown"


def trades_classified(trades, quotes, session, parameters=DEFAULTS):
    rows, latest = [], None
    for kind, event in merged(trades, quotes, session, parameters):
        if kind == 0:
            latest = event
            continue
        ts_ms = milliseconds(event["ts_event"])
        if not session["start_ts_ms"] <= ts_ms < session["end_ts_ms"]:
            continue
        if parameters["trade_side"] == "quote_test":
            side = quote_side(event["price_int"], latest)
        else:
            side = event["aggressor"] if event["aggressor"] in ("buy", "sell") else "unknown"
        rows.append(
            {
                "session_id": session["session_id"],
                "ord": len(rows),
                "ts_event": event["ts_event"],
                "ts_ms": ts_ms,
                "price": price(event["price_int"]),
                "size": event["size"],
                "side": side,
                "aggressor": event["aggressor"],
                "quote_bid": None if latest is None else price(latest["bid_price_int"]),
                "quote_ask": None if latest is None else price(latest["ask_price_int"]),
            }
        )
    return rows


# 4 Grids


def windows(session, length):
    """Start of every window of the session."""
    return range(session["start_ts_ms"], session["end_ts_ms"], length)


def by_window(events, length, time):
    """Events of each window that has one, by the window's start."""
    result = {}
    for event in events:
        result.setdefault(time(event) // length * length, []).append(event)
    return result


def volume(trades, side=None):
    return total([float(t["size"]) for t in trades if side is None or t["side"] == side])


def state_1s(classified, quotes, session, parameters=DEFAULTS):
    trades_of = by_window(classified, 1000, lambda t: t["ts_ms"])
    ordered = ordered_quotes(quotes, session, parameters)
    quotes_of = by_window(ordered, 1000, lambda q: milliseconds(q["ts_event"]))
    earlier = [q for q in ordered if milliseconds(q["ts_event"]) < session["start_ts_ms"]]
    quote = earlier[-1] if earlier else None
    last = 0.0
    rows = []
    for start in windows(session, 1000):
        stamp = start + 999
        trades, arrived = trades_of.get(start, []), quotes_of.get(start, [])
        prices = [t["price"] for t in trades]
        opening = prices[0] if prices else last
        last = prices[-1] if prices else last
        quote = arrived[-1] if arrived else quote
        buy, sell = volume(trades, "buy"), volume(trades, "sell")
        rows.append(
            {
                "session_id": session["session_id"],
                "timestamp": stamp,
                "window_start_ts_ns": start * 1_000_000,
                "window_end_ts_ns": (start + 1000) * 1_000_000,
                "open": opening,
                "high": max(prices, default=last),
                "low": min(prices, default=last),
                "last_price": last,
                "trade_count": len(trades),
                "total_volume": volume(trades),
                "notional": total([t["price"] * float(t["size"]) for t in trades]),
                "buy_volume": buy,
                "sell_volume": sell,
                "unknown_volume": volume(trades, "unknown"),
                "delta": buy - sell,
                "bid": price(quote["bid_price_int"]) if quote else 0.0,
                "ask": price(quote["ask_price_int"]) if quote else 0.0,
                "quote_count": len(arrived),
                "quote_age_ms": stamp - milliseconds(quote["ts_event"]) if quote else None,
            }
        )
    return rows


# 5.2 Bars


def bars(classified, session, length):
    rows = []
    for start, trades in by_window(classified, length, lambda t: t["ts_ms"]).items():
        prices = [t["price"] for t in trades]
        rows.append(
            {
                "session_id": session["session_id"],
                "bar_start_ts_ms": start,
                "bar_end_ts_ms": start + length - 1,
                "open": prices[0],
                "high": max(prices),
                "low": min(prices),
                "close": prices[-1],
                "volume": volume(trades),
                "trade_count": len(trades),
            }
        )
    return sorted(rows, key=lambda bar: bar["bar_start_ts_ms"])


# 5.4 ATR, 5.5 EMA per bar


def bar_indicators(bars_by_timeframe, session, parameters=DEFAULTS):
    """bars_by_timeframe: tf_… → bars of the session."""
    rows = []
    for timeframe in sorted(bars_by_timeframe):
        emas = None
        previous_close = partial = None
        for k, bar in enumerate(bars_by_timeframe[timeframe], start=1):
            emas = next_emas(emas, bar["close"], parameters["ema_periods"])
            row = {
                "session_id": session["session_id"],
                "timeframe": timeframe,
                "bar_end_ts_ms": bar["bar_end_ts_ms"],
                "ema9": emas[0],
                "ema20": emas[1],
                "ema30": emas[2],
                "ema200": emas[3],
                "true_range": None,
                "atr_partial": None,
                "atr_value": None,
                "atr_status": None,
                "bars_today": None,
            }
            if timeframe == "tf_1m":
                row["true_range"] = true_range(bar, previous_close)
                partial = next_partial(partial, row["true_range"], k, parameters["atr_period"])
                row["atr_partial"] = partial
                row["atr_value"], row["atr_status"] = blended_atr(partial, k, session["atr_seed"], parameters)
                row["bars_today"] = k
                previous_close = bar["close"]
            rows.append(row)
    return rows


def next_emas(emas, close, periods):
    if emas is None:
        return [close for _ in periods]
    alphas = [2.0 / (n + 1.0) for n in periods]
    return [alpha * close + (1.0 - alpha) * ema for alpha, ema in zip(alphas, emas)]


def true_range(bar, previous_close):
    if previous_close is None:
        return bar["high"] - bar["low"]
    return max(bar["high"] - bar["low"], abs(bar["high"] - previous_close), abs(bar["low"] - previous_close))


def next_partial(partial, range_, k, period):
    if k == 1:
        return range_
    if k <= period:
        return (partial * (k - 1) + range_) / k
    return (partial * (period - 1) + range_) / period


def blended_atr(partial, k, seed, parameters):
    alpha = parameters["atr_blend_alpha"]
    live = k >= parameters["atr_period"]
    value = partial if live else alpha * seed + (1.0 - alpha) * partial
    return (value if value > 0 else seed), ("live" if live else "blending")


def in_force(indicators, timeframe, stamps):
    """For each stamp the latest bar with bar_end_ts_ms <= stamp, or None."""
    of_timeframe = [row for row in indicators if row["timeframe"] == timeframe]
    result, count = [], 0
    for stamp in stamps:
        while count < len(of_timeframe) and of_timeframe[count]["bar_end_ts_ms"] <= stamp:
            count += 1
        result.append(of_timeframe[count - 1] if count else None)
    return result


def ema_block(bars_in_force, index, last_price, atr):
    """The EMA columns shared by state_10s and tf_indicators_10s; the flag of readiness is the caller's."""
    bar, earlier = bars_in_force[index], row_at(bars_in_force, index - 6)
    ema = {name: bar[name] if bar else 0.0 for name in ("ema9", "ema20", "ema30", "ema200")}
    block = dict(ema)
    for name in ("ema9", "ema20", "ema30"):
        block[f"slope_{name}_60s"] = (bar[name] - earlier[name]) / 60 if bar and earlier else 0.0
    block["ema_spread_9_20"] = ema["ema9"] - ema["ema20"]
    block["ema_spread_20_30"] = ema["ema20"] - ema["ema30"]
    if not bar:
        return block | {
            "compression_index": 0.0,
            "ema_confluence_score": 0.0,
            "stack_state": "mixed",
            "price_vs_emas": 0,
            "stretch_200_atr": 0.0,
        }
    compression = (abs(ema["ema9"] - ema["ema20"]) + abs(ema["ema20"] - ema["ema30"])) / atr
    block["compression_index"] = compression
    block["stack_state"] = "mixed"
    if ema["ema9"] > ema["ema20"] > ema["ema30"]:
        block["stack_state"] = "bull"
    if ema["ema9"] < ema["ema20"] < ema["ema30"]:
        block["stack_state"] = "bear"
    block["price_vs_emas"] = 0
    block["stretch_200_atr"] = 0.0
    if last_price != 0:
        for bit, name in enumerate(("ema9", "ema20", "ema30", "ema200")):
            block["price_vs_emas"] += 2**bit if last_price > ema[name] else 0
        block["stretch_200_atr"] = (last_price - ema["ema200"]) / atr
    return block


# 4, 5.3 to 5.6: state_10s


def quote_columns(quote, stamp):
    bid = price(quote["bid_price_int"]) if quote else 0.0
    ask = price(quote["ask_price_int"]) if quote else 0.0
    has_quote = bid > 0 and ask > 0
    mid = (bid + ask) / 2 if has_quote else 0.0
    spread = ask - bid if has_quote else 0.0
    return {
        "bid": bid,
        "ask": ask,
        "has_quote": has_quote,
        "mid_price": mid,
        "spread_abs": spread,
        "spread_pct": spread / mid if has_quote else 0.0,
        "quote_age_ms": stamp - milliseconds(quote["ts_event"]) if quote else None,
    }


def flow_columns(trades):
    buy, sell, everything = volume(trades, "buy"), volume(trades, "sell"), volume(trades)
    sizes = [float(t["size"]) for t in trades]
    average = everything / len(trades) if trades else 0.0
    spread = pstd(sizes)
    largest = sorted(sizes, reverse=True)[: (len(sizes) + 9) // 10]
    return {
        "trade_count": len(trades),
        "total_volume": everything,
        "buy_volume": buy,
        "sell_volume": sell,
        "unknown_volume": volume(trades, "unknown"),
        "delta": buy - sell,
        "pct_at_ask": buy / everything if everything else 0.0,
        "pct_at_bid": sell / everything if everything else 0.0,
        "relative_aggression": (buy - sell) / (everything + EPS) if everything else 0.0,
        "avg_trade_size": average,
        "trade_size_std": spread,
        "trade_size_cv": spread / average if trades else 0.0,
        "top_decile_volume_share": total(largest) / everything if trades else 0.0,
    }


def realized_volatility(rows):
    prices = [row["last_price"] for row in rows if row["last_price"] > 0]
    returns = [math.log(b / a) for a, b in zip(prices, prices[1:])]
    return pstd(returns)


def both_priced(row, earlier):
    return earlier is not None and row["last_price"] != 0 and earlier["last_price"] != 0


def state_10s(classified, quotes, indicators, session, parameters=DEFAULTS):
    trades_of = by_window(classified, GRID, lambda t: t["ts_ms"])
    quotes_of = by_window(ordered_quotes(quotes, session, parameters), GRID, lambda q: milliseconds(q["ts_event"]))
    starts = list(windows(session, GRID))
    minute_bars = in_force(indicators, "tf_1m", [start + GRID - 1 for start in starts])
    last = money = shares = 0.0
    rows = []
    for index, start in enumerate(starts):
        stamp = start + GRID - 1
        trades, arrived = trades_of.get(start, []), quotes_of.get(start, [])
        prices = [t["price"] for t in trades]
        last = prices[-1] if prices else last
        for trade in trades:
            if parameters["include_premarket_in_vwap"] or trade["ts_ms"] >= session["rth_open_ts_ms"]:
                money += trade["price"] * float(trade["size"])
                shares += float(trade["size"])
        vwap = money / shares if shares else 0.0
        bar = minute_bars[index]
        atr = bar["atr_value"] if bar else session["atr_seed"]
        row = {
            "session_id": session["session_id"],
            "sequence_id": index,
            "timestamp": stamp,
            "window_start_ts_ns": start * 1_000_000,
            "window_end_ts_ns": (start + GRID) * 1_000_000,
            "last_price": last,
            "high_10s": max(prices, default=last),
            "low_10s": min(prices, default=last),
            "vwap_session": vwap,
            "price_minus_vwap": last - vwap if last and vwap else 0.0,
            "atr_value": atr,
            "atr_status": bar["atr_status"] if bar else "seeded",
            "bars_today": bar["bars_today"] if bar else 0,
        }
        row["price_minus_vwap_atr"] = row["price_minus_vwap"] / atr
        row["vwap_state"] = "above" if row["price_minus_vwap"] > 0 else "below"
        if abs(row["price_minus_vwap"]) < 1e-12:
            row["vwap_state"] = "at"
        row["atr_is_warm"] = row["bars_today"] >= parameters["atr_period"]
        row["ema_ready"] = row["bars_today"] >= 1
        row |= quote_columns(arrived[-1] if arrived else None, stamp)
        row |= flow_columns(trades)
        row |= ema_block(minute_bars, index, last, atr)
        row["ema_confluence_score"] = confluence(row["compression_index"], bar, parameters)
        rows.append(row)
        add_rolling(rows, index, parameters)
    return rows


def confluence(compression, bar, parameters):
    return clamp01(1.0 - compression / parameters["ema_confluence_ref"]) if bar else 0.0


def add_rolling(rows, index, parameters):
    """The columns of the newest row that look back."""
    row, before, lag = rows[index], row_at(rows, index - 1), row_at(rows, index - 6)
    window = w60(rows, index)
    spreads = [r["spread_pct"] for r in window if r["has_quote"]]
    row["spread_volatility_60s"] = pstd(spreads)
    row["spread_zscore"] = zscore(row["spread_pct"], spreads) if row["has_quote"] else 0.0
    aggressions = [r["relative_aggression"] for r in window]
    row["relative_aggression_zscore_60s"] = zscore(row["relative_aggression"], aggressions)
    row["delta_velocity"] = row["delta"] - before["delta"] if before else 0.0
    row["delta_acceleration"] = row["delta_velocity"] - before["delta_velocity"] if index >= 2 else 0.0
    row["return_10s"] = row["last_price"] - before["last_price"] if both_priced(row, before) else 0.0
    row["absorption_index_10s"] = max(0.0, -row["delta"]) / (abs(row["return_10s"]) + EPS)
    row["realized_volatility_60s"] = row["approach_volatility_60s"] = realized_volatility(window)
    row["approach_return_60s"] = 0.0
    row["approach_velocity_bucket"] = "grind"
    if both_priced(row, lag):
        row["approach_return_60s"] = math.log(row["last_price"] / lag["last_price"])
        if abs(row["last_price"] - lag["last_price"]) / row["atr_value"] >= parameters["approach_crash"]:
            row["approach_velocity_bucket"] = "crash"


def tf_indicators_10s(indicators, state, session, parameters=DEFAULTS):
    timeframes = ["tf_30s", "tf_1m"] + (["tf_2m"] if parameters["sample_2m"] else [])
    stamps = [row["timestamp"] for row in state]
    bars_of = {timeframe: in_force(indicators, timeframe, stamps) for timeframe in timeframes}
    rows = []
    for index, state_row in enumerate(state):
        for timeframe in sorted(timeframes):
            bar = bars_of[timeframe][index]
            row = {
                "session_id": session["session_id"],
                "timestamp": state_row["timestamp"],
                "timeframe": timeframe,
                "ready": bar is not None,
            }
            row |= ema_block(bars_of[timeframe], index, state_row["last_price"], state_row["atr_value"])
            row["ema_confluence_score"] = confluence(row["compression_index"], bar, parameters)
            rows.append(row)
    return rows


# 5.7, 5.8: smart_money_10s


def large_threshold(sizes):
    ordered = sorted(sizes)
    return float(ordered[(95 * len(ordered) + 99) // 100 - 1]) if ordered else 0.0


def smart_money_10s(state, classified, parameters=DEFAULTS):
    rows = []
    first = end = 0
    for index, s in enumerate(state):
        stamp = s["timestamp"]
        while end < len(classified) and classified[end]["ts_ms"] <= stamp:
            end += 1
        while first < end and classified[first]["ts_ms"] <= stamp - parameters["large_trade_window_ms"]:
            first += 1
        threshold = large_threshold([t["size"] for t in classified[first:end]])
        large = [t for t in classified[first:end] if t["ts_ms"] > stamp - GRID and t["size"] >= threshold]
        lb, ls, lu = volume(large, "buy"), volume(large, "sell"), volume(large, "unknown")
        before, lag = row_at(rows, index - 1), row_at(state, index - 6)
        row = {
            "session_id": s["session_id"],
            "timestamp": stamp,
            "cvd_10s": s["delta"],
            "cvd_30s": total([r["delta"] for r in last_rows(state, index, 3)]),
            "cvd_60s": total([r["delta"] for r in last_rows(state, index, 6)]),
            "return_10s": s["return_10s"],
            "return_sign_10s": sign(s["return_10s"]),
            "return_60s": s["last_price"] - lag["last_price"] if both_priced(s, lag) else 0.0,
        }
        row["cvd_30s_slope"] = row["cvd_30s"] - before["cvd_30s"] if before else 0.0
        row["cvd_60s_slope"] = row["cvd_60s"] - before["cvd_60s"] if before else 0.0
        row["return_norm"] = row["return_60s"] / (s["atr_value"] + EPS)
        row["return_sign"] = sign(row["return_norm"])
        denominator = max(abs(s["return_10s"]), parameters["floor_atr"] * s["atr_value"]) + EPS
        row["buy_on_red"] = s["buy_volume"] / denominator if s["return_10s"] < 0 else 0.0
        row["sell_on_green"] = s["sell_volume"] / denominator if s["return_10s"] > 0 else 0.0
        row["vol_60s"] = total([r["total_volume"] for r in last_rows(state, index, 6)])
        row["trade_count_60s"] = sum(r["trade_count"] for r in last_rows(state, index, 6))
        row["large_trade_threshold_size"] = threshold
        row["large_trade_count_10s"] = len(large)
        row["large_buy_volume_10s"] = lb
        row["large_sell_volume_10s"] = ls
        row["large_unknown_volume_10s"] = lu
        row["large_trade_buy_ratio"] = lb / (lb + ls + EPS) if lb + ls else 0.0
        row["large_trade_delta"] = lb - ls
        row["large_trade_share_of_total_vol_10s"] = (
            (lb + ls + lu) / (s["total_volume"] + EPS) if s["total_volume"] else 0.0
        )
        rows.append(row)
    return rows


# All of silver, one session


def silver(trades, quotes, session, parameters=DEFAULTS):
    """Every silver table of a session, by name, from the bronze rows of its date."""
    classified = trades_classified(trades, quotes, session, parameters)
    tables = {"trades_classified": classified, "state_1s": state_1s(classified, quotes, session, parameters)}
    for name, (_, length) in BARS.items():
        tables[name] = bars(classified, session, length)
    indicators = bar_indicators({tf: tables[name] for name, (tf, _) in BARS.items()}, session, parameters)
    tables["bar_indicators"] = indicators
    tables["state_10s"] = state_10s(classified, quotes, indicators, session, parameters)
    tables["tf_indicators_10s"] = tf_indicators_10s(indicators, tables["state_10s"], session, parameters)
    return tables
