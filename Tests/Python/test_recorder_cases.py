"""The reference of the recorder reproduces every worked case of docs/spec/recorder-cases.md.

The expected values are those of the document.
"""

import json
import pathlib
import re
from types import SimpleNamespace

import pytest

import reference_chains
import reference_episodes
import reference_feeds
import reference_recorder as recorder
import reference_report
from vendorfiles import ROOT

CONTRACTS = ROOT / "contracts"


def near(expected, factor=1e-9):
    """Agreement of 2.1: within the factor of the larger, but at least of one."""
    return pytest.approx(expected, rel=factor, abs=factor)


def agrees(row, **expected):
    for name, value in expected.items():
        exact = value is None or isinstance(value, (str, bool, int)) and not isinstance(row[name], float)
        factor = 1e-6 if "zscore" in name or name.endswith("_z") or "_z_" in name else 1e-9
        assert row[name] == (value if exact else near(value, factor)), f"{name}: {row[name]!r}, not {value!r}"


# Building inputs


def session(end, start=0, tie="quote_first", seed=0.5, opening=0, **more):
    return {
        "session_id": "s",
        "start_ts_ms": start,
        "end_ts_ms": end,
        "rth_open_ts_ms": opening,
        "rth_close_ts_ms": opening + 23_400_000,
        "direction_bias": None,
        "atr_seed": seed,
        "atr_seed_source": "fixed_default",
        "prior_close": None,
        "tie_policy": tie,
    } | more


def trade(ms, seq, price, size, ns=0):
    return {
        "ts_event": ms * 1_000_000 + ns,
        "ts_recv": None,
        "seq": seq,
        "price_int": round(price * 1e9),
        "size": size,
        "aggressor": None,
        "conditions": "",
        "source": "csv",
    }


def quote(ms, seq, bid, ask, ns=0):
    return {
        "ts_event": ms * 1_000_000 + ns,
        "ts_recv": None,
        "seq": seq,
        "bid_price_int": round(bid * 1e9),
        "bid_size": 1,
        "ask_price_int": round(ask * 1e9),
        "ask_size": 1,
        "source": "csv",
    }


def silver(trades, quotes, the_session):
    """All silver tables and smart_money_10s."""
    tables = recorder.silver(trades, quotes, the_session)
    tables["smart_money_10s"] = recorder.smart_money_10s(tables["state_10s"], tables["trades_classified"])
    return tables


def at(rows, stamp, **more):
    (row,) = [r for r in rows if r["timestamp"] == stamp and all(r[k] == v for k, v in more.items())]
    return row


def given(prices, atr=4.0, **columns):
    """Rows with a given last_price, as the notation of the cases says, and their smart_money_10s."""
    rows = []
    for index, price in enumerate(prices):
        start = index * 10_000
        row = {
            "session_id": "s",
            "sequence_id": index,
            "timestamp": start + 9_999,
            "last_price": float(price),
            "high_10s": float(price),
            "low_10s": float(price),
            "has_quote": True,
            "ema_ready": True,
            "atr_value": atr,
            "atr_status": "live",
            "atr_is_warm": True,
            "vwap_state": "at",
            "stack_state": "mixed",
            "trade_count": 0,
        }
        zero = "spread_pct compression_index delta total_volume buy_volume sell_volume relative_aggression".split()
        row |= dict.fromkeys(zero + ["absorption_index_10s"], 0.0)
        row["return_10s"] = row["last_price"] - rows[-1]["last_price"] if rows else 0.0
        row |= {name: values[index] for name, values in columns.items() if name in row}
        rows.append(row)
    flow = recorder.smart_money_10s(rows, [])
    for name, values in columns.items():
        for index, row in enumerate(flow):
            if name in row:
                row[name] = values[index]
    return rows, flow


def level(price=100.0, kind="support", created=0, level_id="L", **more):
    return {
        "level_id": level_id,
        "level_price": float(price),
        "level_type": kind,
        "level_source": "manual",
        "level_width_atr": 0.25,
        "created_ts_ms": created,
        "direction_bias": None,
        "chain_id": "default",
        "level_outcome": "pending",
        "notes": None,
    } | more


def episodes(prices, levels=(), markers=(), atr=4.0, the_session=None, **columns):
    rows, flow = given(prices, atr, **columns)
    the_session = the_session or session(len(rows) * 10_000)
    return reference_episodes.gold_episodes("TSLA", the_session, rows, flow, [], list(levels), list(markers))


def chains(prices, levels, atr=4.0, **columns):
    rows, flow = given(prices, atr, **columns)
    return reference_chains.gold_chains(session(len(rows) * 10_000), rows, flow, levels)


def column(rows, name):
    return [row[name] for row in rows]


# A


A1_QUOTES = [quote(1000, 1, 99, 101), quote(8000, 2, 90, 110)]
A1_TRADES = [
    trade(500, 1, 100, 7),
    trade(1500, 2, 101, 10),
    trade(2000, 3, 99, 4),
    trade(2500, 4, 100, 3),
    trade(8000, 5, 109, 5),
    trade(9000, 6, 90, 5),
]


def test_a1_quote_test():
    tables = silver(A1_TRADES, A1_QUOTES, session(10_000))
    assert column(tables["trades_classified"], "side") == ["unknown", "buy", "sell", "unknown", "unknown", "sell"]
    agrees(
        at(tables["state_10s"], 9999),
        trade_count=6,
        total_volume=34,
        buy_volume=10,
        sell_volume=9,
        unknown_volume=15,
        delta=1,
        pct_at_ask=0.29411764705882354,
        pct_at_bid=0.2647058823529412,
        relative_aggression=0.029411764705017305,
        bid=90,
        ask=110,
        quote_age_ms=1999,
        last_price=90,
        high_10s=109,
        low_10s=90,
    )


def test_a2_nanosecond_order():
    quotes = [quote(1000, 1, 100, 100.01), quote(5000, 3, 100.01, 100.02, ns=20_000)]
    tables = silver([trade(5000, 2, 100.01, 50, ns=10_000)], quotes, session(10_000))
    assert column(tables["trades_classified"], "side") == ["buy"]


@pytest.mark.parametrize("tie, side", [("quote_first", "sell"), ("feed_order", "buy"), ("book_order", "buy")])
def test_a3_tie_policy(tie, side):
    quotes = [quote(1000, 1, 100, 100.01), quote(5000, 3, 100.01, 100.02)]
    tables = silver([trade(5000, 2, 100.01, 50)], quotes, session(10_000, tie=tie))
    assert column(tables["trades_classified"], "side") == [side]


def test_a4_windows_and_carry():
    trades = [trade(0, 1, 100, 1), trade(9999, 2, 101, 2, ns=999_999), trade(10_000, 3, 102, 3)]
    tables = silver(trades, [quote(9000, 1, 101, 103)], session(30_000))
    assert column(tables["trades_classified"], "side") == ["unknown", "sell", "unknown"]
    names = (
        "last_price high_10s low_10s trade_count total_volume bid ask has_quote quote_age_ms spread_pct "
        "delta_velocity delta_acceleration return_10s absorption_index_10s"
    ).split()
    for stamp, values in {
        9999: (101, 101, 100, 2, 3, 101, 103, True, 999, 0.0196078431372549, 0, 0, 0, 2.0e9),
        19999: (102, 102, 102, 1, 3, 0, 0, False, None, 0, 2, 0, 1, 0),
        29999: (102, 102, 102, 0, 0, 0, 0, False, None, 0, 0, -2, 0, 0),
    }.items():
        agrees(at(tables["state_10s"], stamp), **dict(zip(names, values)))


def book(ordinal, time, publisher, action, bid, ask, recv=None, price=0.0, side="N"):
    """One record of A5; bid and ask are (price, size), None for an empty side."""
    top = [value for level in (bid, ask) for value in ((round(level[0] * 1e9), level[1]) if level else (2**63 - 1, 0))]
    return SimpleNamespace(
        ordinal=ordinal,
        publisher_id=publisher,
        ts_event=time,
        ts_recv=time if recv is None else recv,
        action=action,
        side=side,
        price=round(price * 1e9),
        size=1,
        quote=tuple(top),
    )


def a5_records():
    return [
        book(0, 1000, "p", "A", (99, 5), (101, 5)),
        book(1, 1100, "q", "A", (99, 3), (100.5, 2)),
        book(2, 1200, "p", "A", (99, 5), (101, 5)),
        book(3, 1300, "q", "T", (99, 3), (100.5, 2), price=100.5, side="B"),
        book(4, 1300, "q", "C", (99, 3), None),
        book(5, 1250, "p", "A", (99.5, 1), (101, 5), recv=1350),
    ]


def short(rows, *names):
    return [tuple(row[name] / 1e9 if name.endswith("_int") else row[name] for name in names) for row in rows]


QUOTE = ("ts_event", "bid_price_int", "bid_size", "ask_price_int", "ask_size")
A5_QUOTES = [(1000, 99, 5, 101, 5), (1100, 99, 8, 100.5, 2), (1250, 99.5, 1, 100.5, 2), (1300, 99.5, 1, 101, 5)]


def a5_sides(trades, quotes):
    """Its times are milliseconds."""
    events = [[row | {"ts_event": row["ts_event"] * 1_000_000} for row in rows] for rows in (trades, quotes)]
    return column(recorder.trades_classified(*events, session(10_000, tie="feed_order")), "side")


def test_a5_feed_of_two_publishers():
    trades, quotes = reference_feeds.trades_and_quotes({"mbp-10": a5_records()}, "DBEQ.BASIC")
    assert short(quotes, *QUOTE) == A5_QUOTES
    assert column(quotes, "seq") == [0, 1, 5, 4]
    assert short(trades, "ts_event", "seq", "price_int", "size", "aggressor") == [(1300, 3, 100.5, 1, "buy")]
    assert a5_sides(trades, quotes) == ["buy"]

    alone = a5_records()[3]
    alone.ordinal = 0
    trades, quotes = reference_feeds.trades_and_quotes({"tbbo": [alone]}, "DBEQ.BASIC")
    assert short(quotes, "seq", *QUOTE) == [(0, 1300, 99, 3, 100.5, 2)]
    assert short(trades, "ts_event", "seq", "price_int", "size") == [(1300, 0, 100.5, 1)]
    assert a5_sides(trades, quotes) == ["buy"]

    beside = [book(0, 1300, "q", "T", None, None, price=100.5, side="B")]
    trades, quotes = reference_feeds.trades_and_quotes({"mbp-10": a5_records(), "trades": beside}, "DBEQ.BASIC")
    assert short(quotes, *QUOTE) == A5_QUOTES
    assert column(trades, "seq") == [4]
    assert column(quotes, "seq") == [0, 1, 6, 5]
    assert a5_sides(trades, quotes) == ["buy"]


# B


def one_minute_bars(prices):
    made = []
    for k, (o, h, l, c) in enumerate(prices):
        made.append({"bar_end_ts_ms": k * 60_000 + 59_999, "open": o, "high": h, "low": l, "close": c})
    return made


def atr_columns(prices, seed=0.5):
    rows = recorder.bar_indicators({"tf_1m": one_minute_bars(prices)}, session(0, seed=seed))
    return {name: column(rows, name) for name in ("true_range", "atr_partial", "atr_value", "atr_status", "bars_today")}


def test_b1_atr_first_bars():
    got = atr_columns([(100, 100.6, 100, 100.5), (100.5, 100.9, 100.3, 100.4), (101.2, 101.3, 101.1, 101.2)])
    assert got["true_range"] == near([0.6, 0.6, 0.9])
    assert got["atr_partial"] == near([0.6, 0.6, 0.7])
    assert got["atr_value"] == near([0.53, 0.53, 0.56])
    assert got["atr_status"] == ["blending"] * 3
    before = recorder.state_10s([], [], [], session(10_000))
    agrees(before[0], atr_value=0.5, atr_status="seeded")


def test_b2_atr_going_live():
    got = atr_columns([(100, 100.2, 99.8, 100)] * 14 + [(100, 101.0, 99.9, 100.5)])
    assert got["atr_value"][12:] == near([0.47, 0.40, 0.45])
    assert got["atr_status"][12:] == ["blending", "live", "live"]
    assert got["bars_today"][13] == 14
    assert got["true_range"][14] == near(1.1)


def test_b3_ema_sampling_structure():
    trades = [trade(0, 1, 100, 1), trade(60_000, 2, 102, 1), trade(120_000, 3, 101, 1)]
    tables = silver(trades, [], session(180_000))
    names = (
        "ema9 ema20 ema30 atr_value atr_status slope_ema9_60s compression_index ema_confluence_score stack_state "
        "price_vs_emas stretch_200_atr"
    ).split()
    for stamp, fast, *values in [
        (9999, 0, 0, 0, 0, 0.5, "seeded", 0, 0, 0, "mixed", 0, 0),
        (49999, 100, 0, 0, 0, 0.5, "seeded", 0, 0, 0, "mixed", 0, 0),
        (59999, 100, 100, 100, 100, 0.35, "blending", 0, 0, 1, "mixed", 0, 0),
        (69999, 100, 100, 100, 100, 0.35, "blending", 0, 0, 1, "mixed", 15, 5.714285714285714),
        (
            119999,
            *(100.4, 100.4, 100.19047619047619, 100.12903225806453, 0.65, "blending", 0.006666666666666762),
            *(0.41687344913150615, 0, "bull", 15, 3.0463069269039194),
        ),
        (
            179999,
            *(100.52, 100.52, 100.26757369614512, 100.18522372528618, 0.65, "blending", 0.002),
            *(0.5150404226366644, 0, "bull", 15, 1.4928419517414682),
        ),
    ]:
        agrees(at(tables["state_10s"], stamp), **dict(zip(names, values)))
        agrees(at(tables["tf_indicators_10s"], stamp, timeframe="tf_30s"), ema9=fast)
    ranges = [r["true_range"] for r in tables["bar_indicators"] if r["timeframe"] == "tf_1m"]
    assert ranges == near([0, 2, 1])


def test_b4_trade_sizes():
    sizes = [100, 200, 300, 400, 500, 100, 100, 100, 100, 100, 1000]
    tables = silver([trade(k, k, 100, size) for k, size in enumerate(sizes)], [], session(10_000))
    agrees(
        at(tables["state_10s"], 9999),
        avg_trade_size=272.72727272727275,
        trade_size_std=266.59778724754875,
        trade_size_cv=0.9775252199076787,
        top_decile_volume_share=0.5,
    )
    agrees(
        at(tables["smart_money_10s"], 9999),
        large_trade_threshold_size=1000,
        large_trade_count_10s=1,
        large_unknown_volume_10s=1000,
        large_trade_buy_ratio=0,
        large_trade_share_of_total_vol_10s=0.33333333333322224,
    )


def test_b5_edge_of_the_sample():
    times = [(9999, 1000), (10_000, 500)] + [(t, 10) for t in (300_000, 300_001, 300_002, 300_003, 300_004, 310_000)]
    tables = silver([trade(t, k, 100, size) for k, (t, size) in enumerate(times)], [], session(320_000))
    agrees(at(tables["smart_money_10s"], 309_999), large_trade_threshold_size=500)
    agrees(at(tables["smart_money_10s"], 319_999), large_trade_threshold_size=10, large_trade_count_10s=1)


def test_b6_spread_statistics():
    quotes = [quote(5000, 1, 99, 101), quote(15_000, 2, 99.5, 100.5), quote(35_000, 3, 99, 101)]
    tables = silver([], quotes, session(40_000))
    for stamp, spread, volatility, z in [
        (9999, 0.02, 0, 0),
        (19999, 0.01, 0.005, -0.9999998000000397),
        (29999, 0, 0.005, 0),
        (39999, 0.02, 0.004714045207910317, 0.7071066311865795),
    ]:
        row = at(tables["state_10s"], stamp)
        agrees(row, spread_pct=spread, spread_volatility_60s=volatility, spread_zscore=z)


def test_b7_flow():
    trades = [
        trade(1000, 1, 101, 30),
        trade(2000, 2, 99, 10),
        trade(11_000, 3, 99, 20),
        trade(12_000, 4, 100, 20),
        trade(21_000, 5, 101, 40),
    ]
    tables = silver(trades, [quote(0, 1, 99, 101)], session(30_000))
    names = (
        "buy_volume sell_volume unknown_volume delta relative_aggression relative_aggression_zscore_60s "
        "delta_velocity delta_acceleration return_10s absorption_index_10s"
    ).split()
    for stamp, cvd, slope, green, *values in [
        (9999, 20, 0, 0, 30, 10, 0, 20, 0.49999999998750005, 0, 0, 0, 0, 0),
        (19999, 0, -20, 19.99999998, 0, 20, 20, -20, -0.49999999998750005, -0.999999998, -40, 0, 1, 19.99999998),
        (29999, 40, 40, 0, 40, 0, 0, 40, 0.9999999999750001, 1.0690449659354118, 60, 100, 1, 0),
    ]:
        agrees(at(tables["state_10s"], stamp), **dict(zip(names, values)))
        flow = at(tables["smart_money_10s"], stamp)
        agrees(flow, cvd_30s=cvd, cvd_60s=cvd, cvd_30s_slope=slope, sell_on_green=green)


def test_b8_volatility_and_approach():
    prices = [100, 101, 100, 102, 102, 101, 103]
    trades = [trade(k * 10_000, k, price, 1) for k, price in enumerate(prices)]
    tables = silver(trades, [], session(70_000, seed=1.0))
    for stamp, volatility in {9999: 0, 19999: 0, 29999: 0.009950330853168092}.items():
        agrees(at(tables["state_10s"], stamp), realized_volatility_60s=volatility)
    row = at(tables["state_10s"], 59999)
    agrees(row, realized_volatility_60s=0.011553598092281878, approach_return_60s=0, atr_value=1.3)
    agrees(
        at(tables["state_10s"], 69999),
        realized_volatility_60s=0.012423778587878144,
        approach_return_60s=0.02955880224154443,
        approach_velocity_bucket="crash",
    )
    agrees(at(tables["smart_money_10s"], 69999), return_60s=3)


# C


def test_c1_gate_and_touches():
    spine = episodes([98.0, 99.5, 98.5, 99.5, 98.5, 98.5, 100.2, 101.0, 101.5], [level()])["level_spine"]
    events = [None, "enter", "exit", "enter", "exit", None, "enter", None, "exit"]
    assert column(spine, "zone_event") == events
    assert column(spine, "touch_count_session") == [0, 0, 0, 0, 0, 1, 1, 1, 1]
    assert [r["timestamp"] for r in spine if r["in_zone"]] == [19999, 39999, 69999, 79999]
    assert column(spine, "time_in_zone_rolling") == [0, 10, 10, 20, 20, 20, 30, 30, 30]
    assert column(spine, "cross_count_60s") == [0, 0, 0, 0, 0, 0, 1, 1, 1]
    agrees(at(spine, 89999), oscillation_amplitude_atr_60s=0.75)


def test_c2_level_created_late():
    tables = episodes([100.0, 100.1, 100.2, 102.0, 102.0], [level(created=15_000)])
    spine = tables["level_spine"]
    assert column(spine, "level_active") == [False, True, True, True, True]
    assert column(spine, "zone_event") == [None, "enter", None, "exit", None]
    assert column(spine, "touch_count_session") == [0, 0, 0, 0, 1]
    (episode,) = tables["episodes"]
    agrees(
        episode,
        zone_entry_time=19999,
        level_entry_side="above",
        zone_exit_time=39999,
        resolution_time=39999,
        resolution_trigger="threshold_hit",
        mfe=0.5,
        time_to_mfe_ms=20000,
        start_time=-280001,
    )


def test_c3_win():
    tables = episodes([98.0, 99.5, 99.9, 101.5, 100.8, 101.9, 102.0, 102.5], [level()])
    (episode,) = tables["episodes"]
    agrees(
        episode,
        zone_entry_time=19999,
        level_entry_side="below",
        direction_bias="long",
        zone_exit_time=39999,
        reentry_count=1,
        resolution_time=69999,
        resolution_trigger="threshold_hit",
        outcome="win",
        resolution_type="reversal_success",
        mfe=0.5,
        mae=0.125,
        time_to_mfe_ms=50000,
        time_to_failure_ms=None,
        r_multiple=1.4285714285714286,
    )
    rows = tables["episode_snapshots"]
    assert column(rows, "phase") == ["baseline"] + ["stress"] * 3 + ["resolution"] * 3
    assert rows[-1]["timestamp"] == 69999
    recorded = rows[1:]
    assert column(recorded, "touch_count") == [0, 0, 0, 0, 0, 1]
    assert column(recorded, "total_time_in_zone_episode") == [10, 20, 20, 30, 30, 30]
    assert column(recorded, "max_penetration_atr") == near([0, 0, 0.375, 0.375, 0.475, 0.5])
    assert column(recorded, "avg_time_per_touch") == [0, 0, 0, 0, 0, 30]


def test_c4_loss():
    (episode,) = episodes([102.0, 100.5, 99.5, 98.5], [level()])["episodes"]
    agrees(
        episode,
        resolution_time=39999,
        resolution_trigger="invalidation",
        outcome="loss",
        resolution_type="continuation",
        mfe=0.125,
        time_to_mfe_ms=0,
        mae=0.375,
        time_to_failure_ms=20000,
        r_multiple=-1.0714285714285714,
    )


def test_c5_timeout():
    (episode,) = episodes([102.0, 100.5] + [101.2] * 40, [level()])["episodes"]
    agrees(
        episode,
        zone_exit_time=29999,
        resolution_trigger="timeout",
        resolution_time=329999,
        outcome="scratch",
        resolution_type="chop",
        mfe=0.3,
        mae=0,
        time_to_mfe_ms=10000,
        r_multiple=0.8571428571428592,
    )


def test_c6_tie():
    (episode,) = episodes([102.0, 100.5] + [101.2] * 30 + [102.0] * 4, [level()])["episodes"]
    agrees(episode, resolution_time=329999, resolution_trigger="threshold_hit")


def test_c7_censored():
    (episode,) = episodes([102.0, 100.5, 101.5, 100.5, 100.5], [level()])["episodes"]
    agrees(
        episode,
        resolution_trigger=None,
        outcome=None,
        censored=True,
        end_time=49999,
        zone_exit_time=29999,
        reentry_count=1,
        mfe=0.375,
        r_multiple=None,
    )


def test_c8_baseline_and_divergence():
    flows = {"delta": [-5.0] * 7, "total_volume": [100.0] * 7, "trade_count": [10] * 7}
    tables = episodes([100] * 6 + [101], [level(created=65_000)], **flows)
    (episode,) = tables["episodes"]
    agrees(
        episode,
        baseline_rows=6,
        baseline_vol_60s_mean=350,
        baseline_vol_60s_std=170.78251276599332,
        baseline_trade_count_60s_mean=35,
        baseline_trade_count_60s_std=17.07825127659933,
    )
    assert column(tables["episode_snapshots"][:6], "vol_60s") == [100, 200, 300, 400, 500, 600]
    agrees(
        tables["episode_snapshots"][6],
        return_60s=1,
        return_norm=0.2499999999375,
        cvd_60s=-30,
        delta_norm=-0.08571428571404081,
        delta_sign=-1,
        return_sign=1,
        divergence_flag=1,
        div_score=0.34285714157044894,
        vol_z_60s=1.4638501094142284,
        trade_rate_z_60s=1.4638501093370855,
    )


def marker(ts_ms, kind="consolidation", marker_id=None, bias=None, input_seq=0):
    return {
        "input_seq": input_seq,
        "marker_id": marker_id,
        "ts_ms": ts_ms,
        "marker_type": kind,
        "direction_bias": bias,
        "notes": None,
    }


def test_c9_marker():
    prices = [100] * 30 + [99.0] + [99.2] * 12 + [100] * 60
    tables = episodes(prices, markers=[marker(305_000, bias="long")], atr=2.0)
    (episode,) = tables["episodes"]
    agrees(
        episode,
        level_price=100,
        start_time=5000,
        zone_entry_time=185000,
        zone_exit_time=425000,
        resolution_trigger="invalidation",
        resolution_time=429999,
        mae=0.5,
        mfe=0,
        time_to_mfe_ms=None,
        time_to_failure_ms=124999,
        r_multiple=-1.1428571428571388,
    )
    phases = column(tables["episode_snapshots"], "phase")
    assert phases == ["baseline"] * 18 + ["stress"] * 24 + ["resolution"]


def test_c10_ids_merge_context():
    assert reference_episodes.level_id("TSLA", 1735050000000, 250.0) == "manual:TSLA:1735050000000:250.0"
    assert reference_episodes.level_id("TSLA", 1735050000000, 197.25) == "manual:TSLA:1735050000000:197.25"
    entered = [
        marker(1000, "support_bounce", "a", input_seq=0),
        marker(1000, "support_bounce", "b", input_seq=1),
        marker(1000, "breakdown", "c", input_seq=2),
    ]
    assert column(episodes([100] * 10, markers=entered)["markers"], "marker_id") == ["a", "c"]

    rest = dict.fromkeys(("manual_notes", "setup_type", "confidence"))
    verdicts = [("e1", "win"), ("e1", "loss"), ("e9", "win")]
    labels = [rest | {"episode_id": episode, "manual_outcome": outcome} for episode, outcome in verdicts]
    labeled, counted = reference_episodes.label([{"episode_id": "e1"}, {"episode_id": "e2"}], labels)
    assert column(labeled, "manual_outcome") == ["loss", None]
    assert counted == 1

    tables = episodes([100] * 100, markers=[marker(300_000)])
    assert column(tables["markers"], "extract_status") == ["no_trade"]
    (episode,) = tables["episodes"]
    agrees(episode, outcome="no_trade", censored=False, mfe=None, direction_bias=None, end_time=900000)

    day = 9 * 3_600_000 + 30 * 60_000  # 09:30 of the exchange's clock, here the clock of the case
    context = session(0, opening=day, prior_close=100.0)
    for clock, bucket in [((10, 29, 59_999), "open"), ((10, 30, 9_999), "mid"), ((15, 0, 9_999), "close")]:
        hours, minutes, rest = clock
        instant = hours * 3_600_000 + minutes * 60_000 + rest
        first = [{"ts_ms": day - 1, "price": 99.0}, {"ts_ms": day, "price": 101.5}]
        episode = {"zone_entry_time": instant}
        reference_episodes.add_context(episode, instant, context, first, None)
        agrees(episode, time_of_day_bucket=bucket, gap_pct=0.015, spy_return_5m=None, spy_bucket=None)


# D


def events_of(tables, level_id="L"):
    rows = [r for r in tables["level_interactions"] if r["level_id"] == level_id]
    return [(r["timestamp"], r["event"]) for r in rows]


def test_d1_touch_packet():
    prices = [103, 102.5, 102, 101.5, 101, 100.5, 100.1, 100, 100.4, 100.6, 100.8, 101, 101.2]
    delta = [-10, -20, -30, -40, -50, -60, -70, 40, 50, 60, 10, 10, 10]
    volume = [100, 100, 200, 100, 200, 300, 900, 500, 400, 300, 200, 100, 100]
    low = [price - 0.05 for price in prices]
    low[7] = 99.80
    columns = {
        "low_10s": low,
        "high_10s": [price + 0.05 for price in prices],
        "delta": [float(x) for x in delta],
        "total_volume": [float(x) for x in volume],
        "relative_aggression": [d / v for d, v in zip(delta, volume)],
        "spread_pct": [0.0002] * 3 + [0.0004] * 3 + [0.0010] + [0.0005] * 6,
        "compression_index": [0.9, 0.9, 0.9, 0.8, 0.7, 0.6] + [0.5] * 7,
        "absorption_index_10s": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 140.0] + [0.0] * 6,
        "large_trade_count_10s": [0, 0, 0, 0, 0, 1, 3, 2] + [0] * 5,
        "large_buy_volume_10s": [0.0] * 6 + [100.0, 300.0] + [0.0] * 5,
        "large_sell_volume_10s": [0.0] * 5 + [50.0, 200.0] + [0.0] * 6,
        "vwap_state": ["below"] * 13,
        "stack_state": ["bear"] * 13,
    }
    tables = chains(prices, [level()], atr=2.0, **columns)
    assert events_of(tables) == [(69999, "touch"), (89999, "reject")]
    (packet,) = tables["touch_packets"]
    agrees(
        packet,
        from_side="above",
        touch_number=1,
        time_since_last_touch_s=None,
        approach_velocity_atr_per_min=1.45,
        approach_type="fast",
        approach_delta_60s=-210,
        approach_rel_aggr_60s=-0.21666666666666667,
        touch_dwell_s=20,
        bounce_return_30s_pct=0.004995004995004995,
        bounce_return_60s_pct=0.010989010989011075,
        band_delta_0_30s=-30,
        band_delta_0_60s=-30,
        rel_aggr_0_30s=0.042407407407407414,
        rel_aggr_0_60s=0.07953703703703703,
        delta_flip_flag=False,
        max_penetration_pct=0.0005,
        wick_recovered_flag=True,
        touch_volume_z=9.838699100867075,
        large_trade_count_at_touch=5,
        large_trade_buy_ratio=0.6666666666666666,
        absorption_mean_0_30s=46.666666666666664,
        price_efficiency_0_30s=0.00027777777777762344,
        cvd_60s_at_touch=-270,
        cvd_slope_into_touch=-260,
        div_flag_at_touch=False,
        spread_pct_at_touch=0.001,
        spread_widening_into_touch=True,
        spread_narrowing_after_touch=True,
        compression_at_touch=0.7571428571428571,
        compression_trend_into_touch="tightening",
        price_vs_vwap_at_touch="below",
        ema_stack_at_touch="bear",
        break_confirmed_30s=False,
        touch_outcome="hold",
    )


def test_d2_break_reclaim_hold():
    tables = chains([101, 100, 99.5, 99.4, 99.3, 99.4, 99.9, 100, 100.1, 100.2], [level()], atr=2.0)
    assert events_of(tables) == [(19999, "touch"), (29999, "break"), (69999, "touch"), (99999, "reject")]
    assert column(tables["level_interactions"], "reclaim_attempt") == [False, None, True, None]
    assert column(tables["level_interactions"], "from_side") == ["above", None, "below", None]
    first, second = tables["touch_packets"]
    agrees(
        first,
        break_confirmed_30s=True,
        reclaim_after_break=True,
        reclaim_hold_30s=True,
        touch_outcome="break_reclaim_hold",
        touch_dwell_s=10,
        bounce_return_30s_pct=-0.007,
        max_penetration_pct=0.0055,
    )
    agrees(second, touch_outcome="hold", touch_dwell_s=30)
    (metrics,) = tables["level_chain_metrics"]
    agrees(
        metrics,
        session_touches=2,
        session_breaks=1,
        session_rejects=1,
        session_reclaim_attempts=1,
        session_reclaim_hold_rate=1,
        historical_hold_rate=0.5,
    )


def test_d3_failed_reclaim_censoring():
    tables = chains([101, 100, 99.5, 99.4, 99.3, 99.4, 99.9, 100, 99.7, 99.6, 99.5], [level()], atr=2.0)
    first, second = tables["touch_packets"]
    agrees(first, touch_outcome="break_reclaim_fail")
    agrees(second, from_side="below", reclaim_attempt=True, break_confirmed_30s=None, touch_outcome=None)
    (metrics,) = tables["level_chain_metrics"]
    agrees(
        metrics,
        session_touches=2,
        session_breaks=1,
        session_rejects=0,
        session_reclaim_hold_rate=0,
        role_flip="support_to_resistance",
    )


def test_d4_wick_and_cross_through():
    low, high = [101, 100.1, 98.9, 98.9, 99], [101, 101.2, 101, 99.9, 101]
    tables = chains([101, 101, 99, 99, 101], [level()], low_10s=low, high_10s=high)
    names = ("timestamp", "event", "from_side", "mode", "reclaim_attempt")
    assert [tuple(r[n] for n in names) for r in tables["level_interactions"]] == [
        (19999, "touch", "above", "wick", False),
        (19999, "reject", None, "wick", None),
        (29999, "touch", "above", "cross_through", False),
        (29999, "break", None, "cross_through", None),
        (39999, "touch", "below", "wick", True),
        (39999, "exit", None, "wick", None),
        (49999, "touch", "below", "cross_through", True),
        (49999, "reject", None, "cross_through", None),
    ]
    (metrics,) = tables["level_chain_metrics"]
    agrees(
        metrics,
        session_touches=4,
        session_breaks=1,
        session_rejects=2,
        session_reclaim_attempts=2,
        historical_hold_rate=0.5,
    )


def test_d5_role_flip():
    (metrics,) = chains([101, 100, 99, 100, 99, 98], [level()])["level_chain_metrics"]
    agrees(metrics, role_flip="support_to_resistance")
    (metrics,) = chains([101, 100, 99, 100, 99, 100, 101], [level()])["level_chain_metrics"]
    agrees(
        metrics,
        role_flip=None,
        session_touches=3,
        session_breaks=1,
        session_rejects=1,
        session_reclaim_attempts=2,
        session_reclaim_hold_rate=0,
        historical_hold_rate=1 / 3,
    )
    (metrics,) = chains([99, 100, 101, 100, 101], [level(kind="resistance")])["level_chain_metrics"]
    agrees(metrics, role_flip="resistance_to_support", main_support_score=None)


def test_d6_late_level():
    tables = chains([101, 100, 101, 100, 101], [level()])
    assert column(tables["level_interactions"], "event") == ["touch", "reject", "touch", "reject"]
    tables = chains([101, 100, 101, 100, 101], [level(created=25_000)])
    assert events_of(tables) == [(29999, "reject"), (39999, "touch"), (49999, "reject")]
    assert column(tables["level_interactions"], "paired") == [False, True, True]
    assert tables["level_interactions"][1]["touch_number"] == 1
    agrees(tables["level_chain_metrics"][0], session_rejects=1)


def test_d7_chain_and_score():
    prices = [103, 102.5, 102, 101.5, 101, 100.5, 100, 99, 98]
    prices += [98.6, 99.2, 99.9, 100.05, 100.1, 100.4, 100.8, 101.2, 101]
    delta = [-50.0] * 9 + [80.0, 60.0, 90.0, 40.0, 30.0, 20.0, 10.0, 10.0, 10.0]
    aggression = [-0.5] * 9 + [0.4, 0.3, 0.45, 0.2, 0.15, 0.1, 0.1, 0.1, 0.1]
    levels = [level(100, level_id="level 100"), level(98, level_id="level 98")]
    tables = chains(prices, levels, atr=1.6, delta=delta, relative_aggression=aggression)
    (reclaim,) = tables["reclaim_packets"]
    agrees(
        reclaim,
        t_tag_deeper_ms=89999,
        t_reclaim_ms=119999,
        time_to_reclaim_ms=30000,
        snapback_flag=True,
        reclaim_band_delta_30s=160,
        reclaim_rel_aggr_30s=0.26666666666666666,
        reclaim_band_delta_60s=160,
        reclaim_rel_aggr_60s=0.18333333333333335,
        reclaim_hold_30s=True,
        reclaim_hold_60s=True,
        drop_pct_to_deeper=-0.02,
        drop_atr_to_deeper=1.25,
        drop_velocity_atr_per_min=2.5,
        flush_flag=True,
    )
    upper, lower = tables["level_chain_metrics"]
    agrees(
        upper,
        level_id="level 100",
        session_touches=2,
        session_breaks=1,
        session_rejects=1,
        session_reclaim_attempts=1,
        session_reclaim_hold_rate=1,
        gap_to_next_support_atr=1.25,
        support_cluster_flag=False,
        focus_returns_to_this=True,
        main_support_score=3,
        is_main_support=True,
    )
    agrees(
        lower,
        level_id="level 98",
        session_touches=1,
        session_rejects=1,
        main_support_score=0,
        gap_to_next_support_atr=None,
        support_cluster_flag=None,
        is_main_support=False,
    )
    (summary,) = tables["chain_summary"]
    agrees(summary, main_support_id="level 100", focus_level="level 100", level_count=2)
    names = ("from_side", "reclaim_attempt", "approach_type", "touch_outcome")
    assert {(p["level_id"], p["touch_ts_ms"]): tuple(p[n] for n in names) for p in tables["touch_packets"]} == {
        ("level 100", 69999): ("above", False, "crash", "break_reclaim_hold"),
        ("level 100", 119999): ("below", True, "normal", "hold"),
        ("level 98", 89999): ("above", False, "crash", "hold"),
    }
    velocities = [p["approach_velocity_atr_per_min"] for p in tables["touch_packets"]]
    assert sorted(velocities) == near([0.375, 1.875, 2.5])


# The columns are those of the contracts


def contract_columns(layer, table):
    contract = json.loads((CONTRACTS / layer / "equity_taq" / f"{table}.avsc").read_text())
    return {field["name"] for field in contract["fields"]}


def test_every_table_has_the_columns_of_its_contract():
    tables = silver(A1_TRADES, A1_QUOTES, session(10_000))
    for table, rows in tables.items():
        layer = "gold" if table == "smart_money_10s" else "silver"
        assert set(rows[0]) == contract_columns(layer, table), table
    trades = [trade(k * 10_000, k, price, 1) for k, price in enumerate([103, 100, 99, 97, 98, 99, 101, 101, 101, 101])]
    tables = silver(trades, [], session(100_000))
    state, flow = tables["state_10s"], tables["smart_money_10s"]
    levels = [level(100, level_id="a"), level(98, level_id="b")]
    gold = reference_episodes.gold_episodes("X", session(100_000), state, flow, [], levels, [marker(50_000)])
    gold |= reference_chains.gold_chains(session(100_000), state, flow, levels)
    gold["episodes_labeled"], _ = reference_episodes.label(gold["episodes"], [])
    for table, rows in gold.items():
        for row in rows:
            assert set(row) == contract_columns("gold", table), table
        assert rows, table


# Report (8.1), worked out by hand


def test_report_of_four_episodes():
    """Changes of delta are 1, 3 in wins and -1, -3 in losses: the means differ by 4, both spreads are 1."""
    assert [reference_report.quantile([4, 1, 3, 2], p) for p in (0.0, 0.5, 0.9, 1.0)] == near([1, 2.5, 3.7, 4])
    found, snapshots = [], []
    for name, outcome, change in [("a", "win", 1), ("b", "win", 3), ("c", "loss", -1), ("d", "loss", -3)]:
        found.append({"episode_id": name, "outcome": outcome})
        rows = [("baseline", 10)] * 3 + [("stress", 10 + change)] * 6 + [("stress", 1000)] + [("resolution", 1000)]
        for phase, delta in rows:
            row = dict.fromkeys(reference_report.FEATURES, 0.0)
            sold = 1.0 if phase == "stress" and outcome == "win" else 0.0
            snapshots.append(row | {"episode_id": name, "phase": phase, "delta": delta, "buy_on_red": sold})
    first, second, *rest = reference_report.feature_ranking(found, snapshots)
    assert first == {"feature": "delta", "effect": near(4), "mean_difference": near(4), "wins": 2, "losses": 2}
    # Both spreads are 0: no effect, but asinh(1) = ln(1 + sqrt 2) of difference.
    assert second["feature"] == "buy_on_red" and second["effect"] == 0
    assert second["mean_difference"] == near(0.881373587019543)
    assert len(rest) == 12 and [e["feature"] for e in rest] == sorted(e["feature"] for e in rest)
    assert reference_report.feature_ranking(found[:3], snapshots) == []
    assert reference_report.distribution([None]) is None


# The document as a whole


def test_every_worked_case_is_tested_here_and_by_the_program():
    """Each case of the document has a test of the reference and one of the program; both hold its long numbers."""
    document = (ROOT / "docs" / "spec" / "recorder-cases.md").read_text()
    cases = re.findall(r"^\*\*([A-D]\d+) .*?(?=^\*\*[A-D]\d+ |^## |\Z)", document, re.M | re.S)
    bodies = re.findall(r"^\*\*[A-D]\d+ .*?(?=^\*\*[A-D]\d+ |^## |\Z)", document, re.M | re.S)
    assert cases == [f"{part}{n}" for part, count in zip("ABCD", (5, 8, 10, 7)) for n in range(1, count + 1)]
    tests = ROOT / "Tests"
    swift = [p for folder in ("MarketStateTests", "ReferenceTests") for p in sorted((tests / folder).glob("*.swift"))]
    program = "\n".join(p.read_text() for p in [*swift, tests / "Python" / "test_taq_feeds.py"]).replace("_", "")
    reference = pathlib.Path(__file__).read_text()
    for name, body in zip(cases, bodies):
        assert re.search(rf"func `(case )?{name}: |def testcase{name.lower()}\b", program), name
        assert re.search(rf"^def test_{name.lower()}_", reference, re.M), name
        for number in re.findall(r"\d+\.\d{6,}", body):
            assert number in program and number in reference, f"{name}: {number}"
