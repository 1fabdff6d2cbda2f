"""Support chains of docs/spec/recorder.md, section 7, in plain loops.

Companion of reference_recorder.py; rows are dictionaries by column name, `rows` all 10 s rows of the session and
indices those of rows.
"""

from reference_recorder import DEFAULTS, EPS, mean, pstd, row_at, total

SIDES = {1: "above", -1: "below"}


def is_chain_level(level):
    return level["level_type"] in ("support", "resistance")


# 7.1


class Band:
    def __init__(self, level, parameters):
        self.lower = level["level_price"] * (1.0 - parameters["band_pct"])
        self.upper = level["level_price"] * (1.0 + parameters["band_pct"])
        self.is_support = level["level_type"] == "support"
        self.failing = -1 if self.is_support else 1

    def position(self, row):
        return -1 if row["last_price"] < self.lower else 1 if row["last_price"] > self.upper else 0

    def holds(self, row):
        return row["last_price"] >= self.lower if self.is_support else row["last_price"] <= self.upper

    def all_hold(self, rows, first, last):
        """Rows first..last all hold: false at the first violation, else null if a row is missing."""
        for index in range(first, last + 1):
            if index >= len(rows):
                return None
            if not self.holds(rows[index]):
                return False
        return True


# 7.2


def moves_of(rows, band):
    """(row index, "touch" or "exit", side, mode) of the whole session."""
    result = []
    priced = [i for i, row in enumerate(rows) if row["last_price"] > 0]
    for before, i in zip(priced, priced[1:]):
        p, c = band.position(rows[before]), band.position(rows[i])
        if p != 0 and c == 0:
            result.append((i, "touch", p, "plain"))
        elif p == 0 and c != 0:
            result.append((i, "exit", c, "plain"))
        elif p != 0 and c == -p:
            result += [(i, "touch", p, "cross_through"), (i, "exit", c, "cross_through")]
        elif p == c == 1 and rows[i]["low_10s"] <= band.upper or p == c == -1 and rows[i]["high_10s"] >= band.lower:
            result += [(i, "touch", p, "wick"), (i, "exit", c, "wick")]
    return result


def timeline(level, rows, parameters=DEFAULTS):
    """Events of one level: rows of level_interactions with their row index under "row"."""
    band = Band(level, parameters)
    events, broken, touches, touch = [], False, 0, None
    for index, kind, side, mode in moves_of(rows, band):
        if rows[index]["timestamp"] < level["created_ts_ms"]:
            continue
        event = {
            "session_id": rows[index]["session_id"],
            "chain_id": level["chain_id"],
            "level_id": level["level_id"],
            "timestamp": rows[index]["timestamp"],
            "event_index": len(events),
            "event": "touch",
            "from_side": None,
            "to_side": None,
            "mode": mode,
            "touch_number": None,
            "reclaim_attempt": None,
            "paired": True,
            "last_price": rows[index]["last_price"],
            "row": index,
        }
        if kind == "touch":
            touches += 1
            event |= {"from_side": SIDES[side], "touch_number": touches, "reclaim_attempt": broken}
            touch = side
        else:
            event |= {"to_side": SIDES[side], "paired": touch is not None}
            if side != band.failing:
                event["event"] = "reject"
                broken = False
            elif touch == band.failing:
                event["event"] = "exit"
            else:
                event["event"] = "break"
                broken = True
            touch = None
        events.append(event)
    return events


# 7.3


def existing(rows, first, last):
    """Rows first..last that exist."""
    return rows[max(0, first) : max(0, last + 1)]


def lag6(rows, index):
    """Row i-6; None when it does not exist or has no price."""
    row = row_at(rows, index - 6)
    return row if row is not None and row["last_price"] != 0 else None


def column(rows, name):
    return [row[name] for row in rows]


def approach_type(velocity, parameters):
    if velocity is None:
        return None
    for name in ("crash", "fast", "normal"):
        if velocity >= parameters[f"approach_{name}"]:
            return name
    return "grind"


def band_delta(rows, first, last, band):
    """Sum of delta over the rows that are the first or in band."""
    counted = [row for k, row in enumerate(existing(rows, first, last)) if k == 0 or band.position(row) == 0]
    return total(column(counted, "delta"))


def quoted_spread(rows):
    """Mean spread_pct of the has_quote rows, None without such rows."""
    spreads = [row["spread_pct"] for row in rows if row["has_quote"]]
    return mean(spreads) if spreads else None


def touch_packet(level, event, next_event, previous_touch, rows, flow, parameters):
    """flow: smart_money_10s, row by row beside rows."""
    band, i = Band(level, parameters), event["row"]
    row = rows[i]
    r30, r60 = existing(rows, i, i + 2), existing(rows, i, i + 5)
    p60, p30 = existing(rows, i - 6, i - 1), existing(rows, i - 3, i - 1)
    lag, after30, after60 = lag6(rows, i), row_at(rows, i + 3), row_at(rows, i + 6)
    packet = {
        "touch_id": f"touch:{row['session_id']}:{level['level_id']}:{row['timestamp']}",
        "session_id": row["session_id"],
        "chain_id": level["chain_id"],
        "level_id": level["level_id"],
        "level_kind": level["level_type"],
        "level_price": level["level_price"],
        "band_pct": parameters["band_pct"],
        "touch_ts_ms": row["timestamp"],
        "touch_number": event["touch_number"],
        "from_side": event["from_side"],
        "touch_mode": event["mode"],
        "reclaim_attempt": event["reclaim_attempt"],
        "time_since_last_touch_s": None,
        "price_vs_vwap_at_touch": row["vwap_state"],
        "ema_stack_at_touch": row["stack_state"],
    }
    if previous_touch is not None:
        packet["time_since_last_touch_s"] = (row["timestamp"] - previous_touch["timestamp"]) / 1000
    # approach
    velocity = abs(row["last_price"] - lag["last_price"]) / row["atr_value"] if lag else None
    packet["approach_velocity_atr_per_min"] = velocity
    packet["approach_type"] = approach_type(velocity, parameters)
    packet["approach_delta_60s"] = total(column(p60, "delta"))
    packet["approach_rel_aggr_60s"] = mean(column(p60, "relative_aggression"))
    # reaction
    dwell = 0
    while i + dwell < len(rows) and band.position(rows[i + dwell]) == 0:
        dwell += 1
    packet["touch_dwell_s"] = 10.0 * dwell
    for name, later in (("30s", after30), ("60s", after60)):
        bounce = (later["last_price"] - row["last_price"]) / row["last_price"] if later else None
        packet[f"bounce_return_{name}_pct"] = bounce
    packet["band_delta_0_30s"] = band_delta(rows, i, i + 2, band)
    packet["band_delta_0_60s"] = band_delta(rows, i, i + 5, band)
    packet["rel_aggr_0_30s"] = mean(column(r30, "relative_aggression"))
    packet["rel_aggr_0_60s"] = mean(column(r60, "relative_aggression"))
    packet["delta_flip_flag"] = packet["approach_delta_60s"] * packet["band_delta_0_30s"] < 0
    packet |= penetration(level, band, i, rows)
    # volume
    earlier = [r["total_volume"] for r in rows[:i]]
    packet["touch_volume_z"] = None
    if len(earlier) >= 2 and pstd(earlier) != 0:
        packet["touch_volume_z"] = (row["total_volume"] - mean(earlier)) / (pstd(earlier) + EPS)
    two = existing(flow, i, i + 1)
    lb, ls = total(column(two, "large_buy_volume_10s")), total(column(two, "large_sell_volume_10s"))
    packet["large_trade_count_at_touch"] = sum(column(two, "large_trade_count_10s"))
    packet["large_trade_buy_ratio"] = lb / (lb + ls) if lb + ls else None
    packet["absorption_mean_0_30s"] = mean(column(r30, "absorption_index_10s"))
    traded = total(column(r30, "total_volume"))
    packet["price_efficiency_0_30s"] = None
    if after30 and traded:
        packet["price_efficiency_0_30s"] = abs(after30["last_price"] - row["last_price"]) / (traded + EPS)
    packet["cvd_60s_at_touch"] = flow[i]["cvd_60s"]
    packet["cvd_slope_into_touch"] = flow[i]["cvd_60s"] - flow[i - 6]["cvd_60s"] if lag else None
    packet["div_flag_at_touch"] = None
    if lag and band.is_support:
        lower_low = row["low_10s"] < min(column(p60, "low_10s"))
        packet["div_flag_at_touch"] = lower_low and flow[i]["cvd_30s"] > flow[i - 3]["cvd_30s"]
    elif lag:
        higher_high = row["high_10s"] > max(column(p60, "high_10s"))
        packet["div_flag_at_touch"] = higher_high and flow[i]["cvd_30s"] < flow[i - 3]["cvd_30s"]
    # spread
    spread = row["spread_pct"] if row["has_quote"] else None
    packet["spread_pct_at_touch"] = spread
    into, baseline = quoted_spread(p30), quoted_spread(rows[:i])
    packet["spread_widening_into_touch"] = None if into is None or baseline is None else into > baseline
    after = quoted_spread(existing(rows, i + 1, i + 3))
    packet["spread_narrowing_after_touch"] = None if after is None or spread is None else after < spread
    # compression
    ready = [r["compression_index"] for r in existing(rows, i - 6, i) if r["ema_ready"]]
    packet["compression_at_touch"] = mean(ready) if ready else None
    packet["compression_trend_into_touch"] = None
    if i >= 6 and len(ready) == 7:
        x = mean(ready[4:]) - mean(ready[:3])
        packet["compression_trend_into_touch"] = "tightening" if x < -0.05 else "loosening" if x > 0.05 else "flat"
    return packet | outcome(band, next_event, rows)


def penetration(level, band, i, rows):
    """max_penetration_pct and wick_recovered_flag."""
    r60 = existing(rows, i, i + 5)
    if band.is_support:
        depth = band.lower - min(column(r60, "low_10s"))
        beyond = [j for j in range(i, i + len(r60)) if rows[j]["low_10s"] < band.lower]
    else:
        depth = max(column(r60, "high_10s")) - band.upper
        beyond = [j for j in range(i, i + len(r60)) if rows[j]["high_10s"] > band.upper]
    recovered = bool(beyond) and any(band.holds(r) for r in existing(rows, beyond[0], beyond[0] + 3))
    return {"max_penetration_pct": max(0.0, depth) / level["level_price"], "wick_recovered_flag": recovered}


def outcome(band, next_event, rows):
    confirmed, after, held = break_of(band, next_event, rows)
    if confirmed is None:
        text = None
    elif not confirmed:
        text = "hold"
    elif after is None:
        text = None
    elif not after:
        text = "break"
    else:
        text = {True: "break_reclaim_hold", False: "break_reclaim_fail", None: None}[held]
    return {
        "break_confirmed_30s": confirmed,
        "reclaim_after_break": after,
        "reclaim_hold_30s": held,
        "touch_outcome": text,
    }


def break_of(band, next_event, rows):
    """(break_confirmed_30s, reclaim_after_break, reclaim_hold_30s)"""
    if next_event is None:
        return None, None, None
    if next_event["event"] not in ("break", "exit"):
        return False, None, None
    b = next_event["row"]
    if any(band.holds(row) for row in existing(rows, b, b + 3)):
        return False, None, None
    if b + 3 >= len(rows):
        return None, None, None
    back = [k for k in range(b + 1, b + 7) if k < len(rows) and band.holds(rows[k])]
    if back:
        return True, True, band.all_hold(rows, back[0], back[0] + 3)
    return True, (None if b + 6 >= len(rows) else False), None


def touch_packets(level, events, rows, flow, parameters=DEFAULTS):
    packets, previous = [], None
    for k, event in enumerate(events):
        if event["event"] == "touch":
            packets.append(touch_packet(level, event, row_at(events, k + 1), previous, rows, flow, parameters))
            previous = event
    return packets


# 7.4


def by_price_descending(supports):
    return sorted(supports, key=lambda l: (-l["level_price"], l["level_id"].encode()))


def reclaim_packets(levels, timelines, rows, parameters=DEFAULTS):
    """Of the levels of one chain. timelines: level_id → events."""
    supports = by_price_descending([l for l in levels if l["level_type"] == "support"])
    packets = []
    for prior, deeper in zip(supports, supports[1:]):
        band, scan = Band(prior, parameters), 0
        created = max(prior["created_ts_ms"], deeper["created_ts_ms"])
        touches = [e["row"] for e in timelines[deeper["level_id"]] if e["event"] == "touch"]
        touches = [i for i in touches if rows[i]["timestamp"] >= created]
        while True:
            tag = next((i for i in touches if i >= scan), None)
            j = None if tag is None else reclaim_row(rows, tag, band)
            if j is None:
                break
            packets.append(reclaim_packet(prior, deeper, band, tag, j, rows, parameters))
            scan = j + 1
    return packets


def reclaim_row(rows, tag, band):
    was_below = False
    for j in range(tag, len(rows)):
        if rows[j]["last_price"] < band.lower:
            was_below = True
        elif was_below:
            return j
    return None


def reclaim_packet(prior, deeper, band, tag, j, rows, parameters):
    row, tagged = rows[j], rows[tag]
    elapsed = row["timestamp"] - tagged["timestamp"]
    names = (prior["level_id"], deeper["level_id"])
    drop = abs(deeper["level_price"] - prior["level_price"])
    drop_atr = drop / mean(column(rows[tag : j + 1], "atr_value"))
    lag = lag6(rows, tag)
    velocity = abs(tagged["last_price"] - lag["last_price"]) / tagged["atr_value"] if lag else None
    flush = None
    if velocity is not None:
        is_fast = velocity >= parameters["flush_velocity_atr_per_min"]
        flush = drop_atr >= parameters["flush_drop_atr"] and is_fast
    return {
        "reclaim_id": f"reclaim:{row['session_id']}:{names[0]}:{names[1]}:{row['timestamp']}",
        "session_id": row["session_id"],
        "chain_id": prior["chain_id"],
        "reclaimed_level_id": names[0],
        "reclaimed_level_price": prior["level_price"],
        "tagged_deeper_level_id": names[1],
        "tagged_deeper_level_price": deeper["level_price"],
        "t_tag_deeper_ms": tagged["timestamp"],
        "t_reclaim_ms": row["timestamp"],
        "time_to_reclaim_ms": elapsed,
        "time_to_reclaim_s": elapsed / 1000,
        "snapback_flag": elapsed <= parameters["snapback_ms"],
        "reclaim_band_delta_30s": band_delta(rows, j, j + 2, band),
        "reclaim_band_delta_60s": band_delta(rows, j, j + 5, band),
        "reclaim_rel_aggr_30s": mean(column(existing(rows, j, j + 2), "relative_aggression")),
        "reclaim_rel_aggr_60s": mean(column(existing(rows, j, j + 5), "relative_aggression")),
        "reclaim_hold_30s": band.all_hold(rows, j, j + 3),
        "reclaim_hold_60s": band.all_hold(rows, j, j + 6),
        "drop_pct_to_deeper": (deeper["level_price"] - prior["level_price"]) / prior["level_price"],
        "drop_atr_to_deeper": drop_atr,
        "drop_velocity_atr_per_min": velocity,
        "flush_flag": flush,
    }


# 7.5, 7.6


def role_flip(level, events, band):
    """Walks the touches with their exits."""
    broken = flipped = False
    failing, holding = SIDES[band.failing], SIDES[-band.failing]
    for touch, leave in zip(events, events[1:]):
        if touch["event"] != "touch":
            continue
        way = (touch["from_side"], leave["to_side"])
        if way == (holding, failing):
            broken = True
        elif way == (failing, failing) and broken:
            flipped = True
        elif way == (failing, holding):
            broken = flipped = False
    if not flipped:
        return None
    return "support_to_resistance" if band.is_support else "resistance_to_support"


def chain_metrics(session_id, chain_id, levels, timelines, packets, rows, parameters=DEFAULTS):
    """(rows of level_chain_metrics, row of chain_summary) of one chain; packets: its reclaim packets."""
    supports = by_price_descending([l for l in levels if l["level_type"] == "support"])
    resistances = [l for l in levels if l["level_type"] == "resistance"]
    resistances.sort(key=lambda l: (l["level_price"], l["level_id"].encode()))
    atrs = [row["atr_value"] for row in rows if row["last_price"] > 0]
    metrics = []
    for index, level in enumerate(supports + resistances, start=1):
        band, events = Band(level, parameters), timelines[level["level_id"]]
        touches = [e for e in events if e["event"] == "touch"]
        breaks = sum(e["event"] == "break" and e["paired"] for e in events)
        rejects = sum(e["event"] == "reject" and e["paired"] for e in events)
        attempts = [e["row"] for e in touches if e["reclaim_attempt"]]
        held = sum(band.all_hold(rows, i, i + 3) is True for i in attempts)
        deeper = row_at(supports, index) if index < len(supports) else None
        gap = (level["level_price"] - deeper["level_price"]) / mean(atrs) if deeper and atrs else None
        own = [p for p in packets if p["reclaimed_level_id"] == level["level_id"]]
        flip = role_flip(level, events, band)
        score = None
        if level["level_type"] == "support":
            score = 2 * any(p["reclaim_hold_30s"] is True for p in own)
            bought = [p for p in own if p["reclaim_band_delta_30s"] > 0]
            score += any(p["reclaim_rel_aggr_30s"] > parameters["score_rel_aggr"] for p in bought)
            score += any(p["time_to_reclaim_ms"] <= parameters["snapback_ms"] for p in own)
            score += rejects - breaks >= 2
            score -= 2 * (flip == "support_to_resistance")
            score -= breaks
        metrics.append(
            {
                "session_id": session_id,
                "chain_id": chain_id,
                "level_id": level["level_id"],
                "level_index": index,
                "level_price": level["level_price"],
                "level_kind": level["level_type"],
                "level_outcome": level["level_outcome"],
                "gap_to_next_support_atr": gap,
                "support_cluster_flag": None if gap is None else gap < parameters["cluster_gap_atr"],
                "session_touches": len(touches),
                "session_breaks": breaks,
                "session_rejects": rejects,
                "session_reclaim_attempts": len(attempts),
                "session_reclaim_hold_rate": held / len(attempts) if attempts else None,
                "historical_hold_rate": rejects / len(touches) if touches else None,
                "role_flip": flip,
                "focus_returns_to_this": any(p["snapback_flag"] and p["reclaim_hold_30s"] is True for p in own),
                "main_support_score": score,
                "is_main_support": False,
            }
        )
    summary = {
        "session_id": session_id,
        "chain_id": chain_id,
        "main_support_id": None,
        "main_support_score": None,
        "focus_level": None,
        "level_count": len(metrics),
    }
    if supports:
        main = min(metrics[: len(supports)], key=lambda m: (-m["main_support_score"], m["level_index"]))
        main["is_main_support"] = True
        summary["main_support_id"] = main["level_id"]
        summary["main_support_score"] = main["main_support_score"]
    focused = [p for p in packets if p["snapback_flag"] and p["reclaim_hold_30s"] is True]
    focused.sort(key=lambda p: (p["t_reclaim_ms"], -p["reclaimed_level_price"], p["reclaimed_level_id"].encode()))
    if focused:
        summary["focus_level"] = focused[0]["reclaimed_level_id"]
    return metrics, summary


# Everything of the section, one session


def gold_chains(session, state, smart_money, levels, parameters=DEFAULTS):
    """level_interactions, touch_packets, reclaim_packets, level_chain_metrics, chain_summary of a session."""
    levels = sorted(filter(is_chain_level, levels), key=lambda l: l["level_id"].encode())
    timelines = {l["level_id"]: timeline(l, state, parameters) for l in levels}
    tables = {"touch_packets": [], "reclaim_packets": [], "level_chain_metrics": [], "chain_summary": []}
    events = [event for level in levels for event in timelines[level["level_id"]]]
    tables["level_interactions"] = [{k: v for k, v in event.items() if k != "row"} for event in events]
    for chain_id in sorted({l["chain_id"] for l in levels}, key=str.encode):
        chain = [l for l in levels if l["chain_id"] == chain_id]
        for level in chain:
            events = timelines[level["level_id"]]
            tables["touch_packets"] += touch_packets(level, events, state, smart_money, parameters)
        packets = reclaim_packets(chain, timelines, state, parameters)
        tables["reclaim_packets"] += packets
        metrics, summary = chain_metrics(session["session_id"], chain_id, chain, timelines, packets, state, parameters)
        tables["level_chain_metrics"] += metrics
        tables["chain_summary"].append(summary)
    tables["touch_packets"].sort(key=lambda p: (p["chain_id"].encode(), p["touch_ts_ms"], p["level_id"].encode()))
    order = ("reclaimed_level_id", "tagged_deeper_level_id")
    tables["reclaim_packets"].sort(
        key=lambda p: (p["chain_id"].encode(), p["t_reclaim_ms"], *(p[name].encode() for name in order))
    )
    return tables
