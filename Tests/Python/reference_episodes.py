"""Levels, zone gate, episodes, markers and labels of docs/spec/recorder.md, section 6, in plain loops.

Companion of reference_recorder.py; rows are dictionaries by column name.
"""

from reference_recorder import DEFAULTS, EPS, last_rows, mean, pstd, sign, w60

BASELINE_MS = 300_000
MARKER_ENTRY_MS = 120_000  # the zone of a marker: 120 s before and after it
MARKER_END_MS = 600_000

INTERACTION = (
    "signed_distance_to_level signed_distance_to_level_atr abs_distance_to_level_atr cross_count_60s cross_density "
    "oscillation_amplitude_atr_60s time_in_zone_rolling in_zone"
).split()
OUTCOMES = {"threshold_hit": "win", "invalidation": "loss", "timeout": "scratch", None: None}


# 6.1


def level_id(symbol, created_ts_ms, level_price):
    """Python's repr of a float is the shortest decimal that round-trips, with a fractional digit."""
    return f"manual:{symbol}:{created_ts_ms}:{level_price!r}"


# 6.2, 6.3


def level_spine(level, state):
    """The rows of one level over all priced rows of the session."""
    rows = []
    inside_before = False
    pending = False
    touches = 0
    time_in_zone = 0.0
    for s in state:
        if s["last_price"] <= 0:
            continue
        distance = s["last_price"] - level["level_price"]
        d = distance / s["atr_value"]
        active = level["created_ts_ms"] <= s["timestamp"]
        inside = active and abs(d) <= level["level_width_atr"]
        event = None
        if inside and not inside_before:
            event = "enter"
        if inside_before and not inside:
            event = "exit"
        if pending and not inside:
            touches += 1
        pending = event == "exit"
        inside_before = inside
        time_in_zone += 10.0 if inside else 0.0
        rows.append(
            {
                "session_id": s["session_id"],
                "level_id": level["level_id"],
                "timestamp": s["timestamp"],
                "level_active": active,
                "signed_distance_to_level": distance,
                "signed_distance_to_level_atr": d,
                "abs_distance_to_level_atr": abs(d),
                "in_zone": inside,
                "zone_event": event,
                "touch_count_session": touches,
            }
        )
        index = len(rows) - 1
        row = rows[index]
        distances = [r["signed_distance_to_level_atr"] for r in w60(rows, index)]
        row["cross_count_60s"] = sign_changes(distances)
        row["cross_density"] = row["cross_count_60s"] / 60
        row["oscillation_amplitude_atr_60s"] = max(distances) - min(distances)
        row["time_in_zone_rolling"] = 10.0 * sum(r["in_zone"] for r in last_rows(rows, index, 6))
        row["time_in_zone_session"] = time_in_zone
    return rows


def sign_changes(values):
    signs = [sign(x) for x in values if sign(x) != 0]
    return sum(a != b for a, b in zip(signs, signs[1:]))


# 6.4, 6.7


def bias_of(level, session, entry_side):
    if level["direction_bias"]:
        return level["direction_bias"]
    if session["direction_bias"]:
        return session["direction_bias"]
    if level["level_type"] == "support":
        return "long"
    if level["level_type"] == "resistance":
        return "short"
    return "long" if entry_side == "above" else "short"


def move(bias, last_price, level_price, atr):
    return (1.0 if bias == "long" else -1.0) * (last_price - level_price) / atr


def level_episodes(level, spine, state, session, parameters):
    """Episodes of one level, as far as the gate decides them."""
    state_at = {s["timestamp"]: s for s in state}
    episodes = []
    episode = None  # the open one
    for row in spine:
        stamp, s = row["timestamp"], state_at[row["timestamp"]]
        event = row["zone_event"]
        if episode is not None:
            if event == "exit" and episode["zone_exit_time"] is None:
                episode["zone_exit_time"] = stamp
            if event == "enter":
                episode["reentry_count"] += 1
        elif event == "enter":
            side = "above" if s["last_price"] >= level["level_price"] else "below"
            episode = new_episode(
                session,
                level["level_id"],
                entry=stamp,
                episode_source="level_gate",
                level_price=level["level_price"],
                level_type=level["level_type"],
                level_source=level["level_source"],
                level_width_atr=level["level_width_atr"],
                level_entry_side=side,
                direction_bias=bias_of(level, session, side),
                start_time=stamp - parameters["baseline_seconds"] * 1000,
                timeout_seconds=parameters["timeout_seconds"],
                max_episode_seconds=parameters["max_episode_seconds"],
                atr_row=s,
                parameters=parameters,
            )
            episodes.append(episode)
        if episode is not None:
            mv = move(episode["direction_bias"], s["last_price"], level["level_price"], episode["atr_value"])
            exited = episode["zone_exit_time"]
            trigger = None
            if mv >= parameters["success_threshold_atr"]:
                trigger = "threshold_hit"
            elif mv <= -parameters["failure_threshold_atr"]:
                trigger = "invalidation"
            elif exited is not None and stamp >= exited + parameters["timeout_seconds"] * 1000:
                trigger = "timeout"
            elif stamp >= episode["zone_entry_time"] + parameters["max_episode_seconds"] * 1000:
                trigger = "timeout"
            if trigger:
                episode["resolution_trigger"] = trigger
                episode["resolution_time"] = episode["end_time"] = stamp
                episode = None
    if episode is not None:
        episode["censored"] = True
        episode["end_time"] = spine[-1]["timestamp"]
    return episodes


def new_episode(session, level_id, entry, atr_row, parameters, **given):
    # "two decimals" of the width, as every printf rounds
    rule = f"abs(signed_distance_to_level_atr) <= {given['level_width_atr']:.2f}"
    return {
        "episode_id": f"ep:{session['session_id']}:{level_id}:{entry}",
        "session_id": session["session_id"],
        "level_id": level_id,
        "zone_rule": rule,
        "zone_entry_time": entry,
        "zone_exit_time": None,
        "resolution_time": None,
        "end_time": None,
        "resolution_trigger": None,
        "outcome": None,
        "resolution_type": None,
        "r_multiple": None,
        "mfe": None,
        "mae": None,
        "time_to_mfe_ms": None,
        "time_to_failure_ms": None,
        "censored": False,
        "reentry_count": 0,
        "success_threshold_atr": parameters["success_threshold_atr"],
        "failure_threshold_atr": parameters["failure_threshold_atr"],
        "ema_confluence_ref": parameters["ema_confluence_ref"],
        "atr_value": atr_row["atr_value"],
        "atr_status": atr_row["atr_status"],
        "atr_seed_source": session["atr_seed_source"],
        "atr_blend_alpha": parameters["atr_blend_alpha"],
        "atr_is_warm": atr_row["atr_is_warm"],
        "marker_id": None,
        "marker_type": None,
        "marker_ts_ms": None,
    } | given


# 6.6


def add_metrics(episode, state, parameters):
    rows = [s for s in state if s["last_price"] > 0]
    rows = [s for s in rows if episode["zone_entry_time"] <= s["timestamp"] <= episode["end_time"]]
    against = (episode["level_price"], episode["atr_value"])
    moves = [move(episode["direction_bias"], s["last_price"], *against) for s in rows]
    episode["outcome"] = OUTCOMES[episode["resolution_trigger"]]
    episode["mfe"] = max(0.0, max(moves))
    episode["mae"] = max(0.0, -min(moves))
    if episode["mfe"] > 0:
        best = moves.index(max(moves))
        episode["time_to_mfe_ms"] = rows[best]["timestamp"] - episode["zone_entry_time"]
    for s, mv in zip(rows, moves):
        if -mv >= parameters["failure_threshold_atr"]:
            episode["time_to_failure_ms"] = s["timestamp"] - episode["zone_entry_time"]
            break
    if episode["resolution_trigger"] is None:
        return
    episode["r_multiple"] = moves[-1] / parameters["failure_threshold_atr"]
    if episode["resolution_trigger"] == "invalidation":
        episode["resolution_type"] = "continuation"
    elif episode["resolution_trigger"] == "timeout":
        episode["resolution_type"] = "chop"
    elif episode["mae"] > episode["level_width_atr"]:
        episode["resolution_type"] = "fake_break"
    else:
        episode["resolution_type"] = "reversal_success"


# 6.5, 6.7


def phase_of(episode, stamp):
    if stamp < episode["zone_entry_time"]:
        return "baseline"
    if episode["zone_exit_time"] is None or stamp <= episode["zone_exit_time"]:
        return "stress"
    return "resolution"


def recorded(episode, state):
    """Rows of the episode's snapshots."""
    inside = [s for s in state if episode["start_time"] <= s["timestamp"] <= episode["end_time"]]
    return [s for s in inside if s["last_price"] > 0]


def add_baseline(episode, state, flow):
    rows = [s for s in recorded(episode, state) if s["timestamp"] < episode["zone_entry_time"]]
    episode["baseline_rows"] = len(rows)
    for name, column in (("vol_60s", "vol_60s"), ("trade_count_60s", "trade_count_60s")):
        values = [float(flow[s["timestamp"]][column]) for s in rows]
        episode[f"baseline_{name}_mean"] = mean(values) if values else 0.0
        episode[f"baseline_{name}_std"] = pstd(values)


def add_context(episode, instant, session, classified, spy):
    """instant: zone_entry_time, M for markers. spy: state_10s rows of SPY or None."""
    hour = 3_600_000
    episode["time_of_day_bucket"] = "mid"
    if session["rth_close_ts_ms"] - hour <= instant < session["rth_close_ts_ms"]:
        episode["time_of_day_bucket"] = "close"
    if session["rth_open_ts_ms"] <= instant < session["rth_open_ts_ms"] + hour:
        episode["time_of_day_bucket"] = "open"
    regular = [t for t in classified if session["rth_open_ts_ms"] <= t["ts_ms"] < session["rth_close_ts_ms"]]
    regular = [t for t in regular[:1] if t["ts_ms"] <= instant]  # nothing looks ahead: the open may be still to come
    episode["gap_pct"] = None
    if regular and session["prior_close"] is not None:
        episode["gap_pct"] = (regular[0]["price"] - session["prior_close"]) / session["prior_close"]
    episode["spy_return_5m"] = spy_return(spy, episode["zone_entry_time"])
    episode["spy_bucket"] = None
    if episode["spy_return_5m"] is not None:
        change = episode["spy_return_5m"]
        episode["spy_bucket"] = "up" if change >= 0.001 else "down" if change <= -0.001 else "flat"


def spy_return(spy, stamp):
    before = [i for i, s in enumerate(spy or []) if s["timestamp"] <= stamp]
    if not before or before[-1] < 30:
        return None
    now, then = spy[before[-1]], spy[before[-1] - 30]
    if now["session_id"] != then["session_id"] or now["last_price"] == 0 or then["last_price"] == 0:
        return None
    return now["last_price"] / then["last_price"] - 1


def snapshots_of(episode, spine, state, flow):
    """The 10 s rows of one episode. spine: of its level, or of the virtual level of a marker."""
    spine_at = {row["timestamp"]: row for row in spine}
    entry = episode["zone_entry_time"]
    touches_at_entry = next(row["touch_count_session"] for row in spine if row["timestamp"] >= entry)
    penetration = in_zone_time = 0.0
    rows = []
    for s in recorded(episode, state):
        stamp, level_row, f = s["timestamp"], spine_at[s["timestamp"]], flow[s["timestamp"]]
        phase = phase_of(episode, stamp)
        touches = 0
        if phase != "baseline":
            d = level_row["signed_distance_to_level_atr"]
            penetration = max(penetration, -d if episode["level_entry_side"] == "above" else d)
            in_zone_time += 10.0 if level_row["in_zone"] else 0.0
            touches = level_row["touch_count_session"] - touches_at_entry
        row = {
            "episode_id": episode["episode_id"],
            "session_id": episode["session_id"],
            "sequence_id": len(rows),
            "stream_sequence_id": s["sequence_id"],
            "timestamp": stamp,
            "phase": phase,
        }
        row |= {name: level_row[name] for name in INTERACTION}
        row["max_penetration_atr"] = penetration
        row["total_time_in_zone_episode"] = in_zone_time
        row["touch_count"] = touches
        row["avg_time_per_touch"] = in_zone_time / touches if touches else 0.0
        row |= divergence(episode, f)
        row |= {name: value for name, value in s.items() if name not in ("session_id", "sequence_id", "timestamp")}
        row |= {name: value for name, value in f.items() if name not in ("session_id", "timestamp", "return_10s")}
        rows.append(row)
    return rows


def divergence(episode, f):
    volume_mean, volume_std = episode["baseline_vol_60s_mean"], episode["baseline_vol_60s_std"]
    count_mean, count_std = episode["baseline_trade_count_60s_mean"], episode["baseline_trade_count_60s_std"]
    delta_norm = f["cvd_60s"] / (volume_mean + EPS) if volume_mean else 0.0
    return {
        "delta_norm": delta_norm,
        "delta_sign": sign(delta_norm),
        "divergence_flag": 1 if sign(delta_norm) != f["return_sign"] else 0,
        "div_score": abs(delta_norm) / (abs(f["return_norm"]) + EPS),
        "vol_z_60s": (f["vol_60s"] - volume_mean) / (volume_std + EPS) if volume_std else 0.0,
        "trade_rate_z_60s": (f["trade_count_60s"] - count_mean) / (count_std + EPS) if count_std else 0.0,
    }


# 6.8


def deduplicated(markers):
    seen, kept = set(), []
    for marker in sorted(markers, key=lambda m: m["input_seq"]):
        if (marker["ts_ms"], marker["marker_type"]) not in seen:
            seen.add((marker["ts_ms"], marker["marker_type"]))
            kept.append(marker)
    return kept


def marker_bias(marker):
    if marker["direction_bias"]:
        return marker["direction_bias"]
    return {"support_bounce": "long", "downtrend_break": "long", "breakdown": "short"}.get(marker["marker_type"])


def extract_marker(marker, marker_id, state, session, parameters):
    """(status, episode or None, spine of the virtual level or None)"""
    m = marker["ts_ms"]
    before = [s for s in state if s["timestamp"] <= m and s["last_price"] > 0]
    if not before or not session["start_ts_ms"] <= m < session["end_ts_ms"]:
        return "no_anchor", None, None
    anchor, last = before[-1], state[-1]["timestamp"]
    virtual = {
        "level_id": marker_id,
        "level_price": anchor["last_price"],
        "level_width_atr": parameters["level_width_atr"],
        "created_ts_ms": session["start_ts_ms"],
    }
    entry = m - MARKER_ENTRY_MS
    at_entry = next(s for s in state if s["timestamp"] >= entry and s["last_price"] > 0)
    bias = marker_bias(marker)
    episode = new_episode(
        session,
        marker_id,
        entry=entry,
        episode_source="marker_extract",
        level_price=anchor["last_price"],
        level_type=marker["marker_type"],
        level_source="marker",
        level_width_atr=parameters["level_width_atr"],
        level_entry_side="above" if at_entry["last_price"] >= anchor["last_price"] else "below",
        direction_bias=bias,
        start_time=m - BASELINE_MS,
        timeout_seconds=480,
        max_episode_seconds=720,
        atr_row=anchor,
        parameters=parameters,
    )
    episode |= {"marker_id": marker_id, "marker_type": marker["marker_type"], "marker_ts_ms": m}
    episode["zone_exit_time"] = m + MARKER_ENTRY_MS
    spine = level_spine(virtual, state)
    if bias is None:
        episode |= {"outcome": "no_trade", "end_time": min(m + MARKER_END_MS, last)}
        return "no_trade", episode, spine
    for s in state:
        if not m + MARKER_ENTRY_MS < s["timestamp"] <= m + MARKER_END_MS:
            continue
        mv = move(bias, s["last_price"], anchor["last_price"], anchor["atr_value"])
        if mv >= parameters["success_threshold_atr"]:
            episode["resolution_trigger"] = "threshold_hit"
        elif mv <= -parameters["failure_threshold_atr"]:
            episode["resolution_trigger"] = "invalidation"
        if episode["resolution_trigger"]:
            episode["resolution_time"] = episode["end_time"] = s["timestamp"]
            break
    else:
        if last >= m + MARKER_END_MS:
            episode["resolution_trigger"] = "timeout"
            episode["resolution_time"] = episode["end_time"] = m + MARKER_END_MS
        else:
            episode["censored"] = True
            episode["end_time"] = last
    add_metrics(episode, state, parameters)
    return "extracted", episode, spine


# 6.10


def label(episodes, labels):
    """(episodes_labeled, labels without an episode). labels: rows of ref.labels, or of a label file in its order."""
    label_of = {row["episode_id"]: row for row in labels}
    columns = ("manual_outcome", "manual_notes", "setup_type", "confidence")
    labeled = [e | {c: label_of.get(e["episode_id"], {}).get(c) for c in columns} for e in episodes]
    return labeled, len(set(label_of) - {e["episode_id"] for e in episodes})


# Everything of the section, one session


def gold_episodes(symbol, session, state, smart_money, classified, levels, markers, spy=None, parameters=DEFAULTS):
    """level_spine, episodes, episode_snapshots and markers of a session, in the contracts' order."""
    flow = {row["timestamp"]: row for row in smart_money}
    spines, found, tables = {}, [], {}
    for level in sorted(levels, key=lambda l: l["level_id"].encode()):
        spines[level["level_id"]] = level_spine(level, state)
        for episode in level_episodes(level, spines[level["level_id"]], state, session, parameters):
            add_metrics(episode, state, parameters)
            add_context(episode, episode["zone_entry_time"], session, classified, spy)
            found.append((episode, spines[level["level_id"]]))
    tables["level_spine"] = [row for spine in spines.values() for row in spine]
    tables["markers"] = []
    for marker in deduplicated(markers):
        marker_id = marker["marker_id"] or f"marker:{symbol}:{marker['ts_ms']}:{marker['marker_type']}"
        status, episode, spine = extract_marker(marker, marker_id, state, session, parameters)
        copied = ("ts_ms", "marker_type", "direction_bias", "notes")
        tables["markers"].append(
            {"session_id": session["session_id"], "marker_id": marker_id}
            | {name: marker[name] for name in copied}
            | {"extract_status": status}
        )
        if episode:
            add_context(episode, marker["ts_ms"], session, classified, spy)
            found.append((episode, spine))
    tables["markers"].sort(key=lambda m: (m["ts_ms"], m["marker_id"].encode()))
    snapshots = []
    for episode, spine in found:
        add_baseline(episode, state, flow)
        snapshots.append((episode["episode_id"].encode(), snapshots_of(episode, spine, state, flow)))
    snapshots.sort()
    tables["episode_snapshots"] = [row for _, rows in snapshots for row in rows]
    episodes = [episode for episode, _ in found]
    tables["episodes"] = sorted(episodes, key=lambda e: (e["zone_entry_time"], e["episode_id"].encode()))
    return tables
