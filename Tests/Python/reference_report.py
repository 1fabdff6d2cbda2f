"""report.json of docs/spec/recorder.md, section 8.1, as a value.

Companion of reference_recorder.py.
"""

import math

from reference_recorder import DEFAULTS, mean, pstd

METRICS = ("mfe", "mae", "time_to_mfe_ms", "time_to_failure_ms")
FEATURES = (
    "delta cvd_60s cvd_30s relative_aggression absorption_index_10s div_score buy_on_red sell_on_green spread_pct "
    "signed_distance_to_level_atr vol_z_60s trade_rate_z_60s compression_index ema_confluence_score"
).split()
COMPRESSED = {"absorption_index_10s", "buy_on_red", "sell_on_green", "div_score"}


def quantile(values, p):
    """Linear at (n-1)·p."""
    ordered = sorted(values)
    at = (len(ordered) - 1) * p
    below = math.floor(at)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (at - below)


def distribution(values):
    values = [float(v) for v in values if v is not None]
    if not values:
        return None
    return {
        "min": min(values),
        "p50": quantile(values, 0.5),
        "p90": quantile(values, 0.9),
        "max": max(values),
        "mean": mean(values),
    }


def feature_ranking(episodes, snapshots):
    changes = {"win": {name: [] for name in FEATURES}, "loss": {name: [] for name in FEATURES}}
    for episode in episodes:
        if episode["outcome"] not in changes:
            continue
        rows = [r for r in snapshots if r["episode_id"] == episode["episode_id"]]
        baseline = [r for r in rows if r["phase"] == "baseline"]
        stress = [r for r in rows if r["phase"] == "stress"][:6]
        if not baseline or not stress:
            continue
        for name in FEATURES:
            x = mean([r[name] for r in stress]) - mean([r[name] for r in baseline])
            changes[episode["outcome"]][name].append(math.asinh(x) if name in COMPRESSED else x)
    entries = []
    for name in FEATURES:
        wins, losses = changes["win"][name], changes["loss"][name]
        if len(wins) < 2 or len(losses) < 2:
            continue
        difference = mean(wins) - mean(losses)
        a, b = pstd(wins), pstd(losses)
        effect = difference / (math.sqrt((a * a + b * b) / 2) + 1e-12) if a or b else 0.0
        entries.append(
            {
                "feature": name,
                "effect": effect,
                "mean_difference": difference,
                "wins": len(wins),
                "losses": len(losses),
            }
        )
    return sorted(entries, key=lambda e: (-abs(e["effect"]), -abs(e["mean_difference"]), e["feature"]))


def level_chains(tables):
    chains = []
    for summary in tables["chain_summary"]:
        of_chain = lambda name: [r for r in tables[name] if r["chain_id"] == summary["chain_id"]]
        levels = []
        for row in of_chain("level_chain_metrics"):
            events = [e for e in tables["level_interactions"] if e["level_id"] == row["level_id"]]
            touches = [e for e in events if e["event"] == "touch"]
            levels.append(
                row
                | {
                    "timeline_summary": {
                        "touches": len(touches),
                        "breaks": sum(e["event"] == "break" for e in events),
                        "rejects": sum(e["event"] == "reject" for e in events),
                        "reclaim_attempts": sum(e["reclaim_attempt"] for e in touches),
                        "cross_throughs": sum(e["mode"] == "cross_through" for e in touches),
                    }
                }
            )
        packets = sorted(of_chain("touch_packets"), key=lambda p: (p["level_id"].encode(), p["touch_number"]))
        chains.append(
            {
                "chain_id": summary["chain_id"],
                "levels": levels,
                "touch_packets": packets,
                "reclaim_packets": of_chain("reclaim_packets"),
                "main_support": {k: summary[k] for k in ("main_support_id", "main_support_score", "focus_level")},
            }
        )
    return chains


def report(tables):
    """The report of one session, without `_meta`."""
    episodes = tables["episodes"]
    names = ("win", "loss", "scratch", "no_trade")
    counts = {name: sum(e["outcome"] == name for e in episodes) for name in names}
    counts["unresolved"] = sum(e["outcome"] is None for e in episodes)
    return {
        "episodes_total": len(episodes),
        "outcome_counts": counts,
        "metrics": {name: distribution([e[name] for e in episodes]) for name in METRICS},
        "feature_ranking": feature_ranking(episodes, tables["episode_snapshots"]),
        "markers": tables["markers"],
        "level_chains": level_chains(tables),
    }
