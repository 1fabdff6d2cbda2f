"""Every table of the recorder equals, row by row, what the plain reference makes of the lake's bronze and ref tables.

Inputs are made-up days with everything that the specification has a rule for, the vendor's files, the order-book
products and the program's own sample. The reference is judged by the worked cases (test_recorder_cases.py).
"""

import json

import numpy as np
import pyarrow as pa
import pytest
import recorder_lakes
import reference_feeds
import reference_report
import vendorfiles
from pipeline import FULL, Lake, vendor
from random_feed import random_day, write_csv
from recorder_lakes import GOLD, SILVER, STREAMS, Wishes, judge, landmarks, marks, new_york, rows_of

DBEQ = "real/dbeq-20240703/dbeq-basic-{}.{}.dbn.zst"
DAYS = ["2024-07-01", "2024-07-02", "2024-07-03", "2024-07-05"]
WITH_BOOK = {"ASAI", "CGAU", "HL", "RIOT"}  # the symbols of the mbp-10 file
STOCKS = "ANGO APLT ASAI CGAU CX DBI ERIC HL IE ITUB PBI RIOT UA YMM".split() if FULL else ["HL"]


def refer(lake, product, symbol, date, *files):
    lake.tarn("ref", "add", "-p", product, "-s", symbol, "-d", date, *files).exits(0)


def make(lake, layers, product, symbol, date, **options):
    """A run of the recorder's tables alone: an order-book product has others, too."""
    if product != "equity_taq" and layers != "bronze":
        tables = ["sessions", "trades", "quotes", *SILVER] if "silver" in layers else []
        options["table"] = ",".join(tables + (GOLD if "gold" in layers else []))
    return lake.run(layers, symbol, date, product=product, **options).exits(0)


# The comparison itself


def test_the_comparison_sees_one_changed_value_of_each_kind():
    rows = [
        {
            "session_id": "s",
            "chain_id": "c",
            "main_support_id": None,
            "main_support_score": 1,
            "focus_level": "L",
            "level_count": 2,
        }
    ]
    found = pa.table({name: [value] for name, value in rows[0].items()})
    assert recorder_lakes.differences("gold", "chain_summary", found, rows) == []
    changes = {"session_id": "t", "main_support_id": "L", "main_support_score": 2, "focus_level": None}
    for name, value in changes.items():
        assert recorder_lakes.differences("gold", "chain_summary", found, [rows[0] | {name: value}]), name
    assert recorder_lakes.differences("gold", "chain_summary", found, rows * 2)
    assert recorder_lakes.differences("gold", "chain_summary", found.drop_columns(["level_count"]), rows)
    assert recorder_lakes.equal(1.0, 1.0 + 9e-10, 1e-9) and not recorder_lakes.equal(1.0, 1.0 + 2e-9, 1e-9)
    assert recorder_lakes.unlike({"a": [1, None]}, {"a": [1.0, None]}) == []
    for other in ({"a": [1, 2]}, {"a": [1]}, {"a": [1, 0]}, {"b": [1, None]}, {"a": [True, None]}):
        assert recorder_lakes.unlike({"a": [1, None]}, other), other
    assert not recorder_lakes.equal(1, True, 1e-9) and not recorder_lakes.equal(0.0, None, 1e-9)


# Made-up days


MADE = "2025-03-05"
MADE_HOURS = ("10:00:00", "11:30:00")


def session_file(folder, symbol, date, **more):
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "session.yaml"
    file.write_text(json.dumps({"symbol": symbol, "dt": date} | more))
    return file


def made_wishes(trades, width=0.25):
    start, end = (new_york(MADE, clock) for clock in MADE_HOURS)
    commands = [
        {"ts_ms": start + 900_000, "type": "add_level", "level_price": 100.05, "level_type": "support"},
        {"ts_ms": start + 1_000_000, "type": "add_marker", "marker_type": "support_bounce", "notes": "by hand"},
    ]
    markers = marks(start, end)
    markers[3]["price_tags"] = [{"price": 99.95, "kind": "support"}, {"price": 100.2}]
    return Wishes("MADE", "made", landmarks(trades, start, end), commands, markers, width)


def made_lake(folder, trades, quotes, wishes, parameters=None, session=None):
    """A lake with one session of CSV files, its levels, commands and markers."""
    lake = Lake(folder / "lake")
    start, end = (new_york(MADE, clock) for clock in MADE_HOURS)
    csv = write_csv(folder / "csv", trades, quotes)
    lake.tarn("raw", "add", "-p", "equity_taq", "-s", "MADE", "--dt", MADE, *csv).exits(0)
    hours = {"start_ts_ms": start + 3_000, "end_ts_ms": end - 12_345, "session_id": "made"}
    refer(lake, "equity_taq", "MADE", MADE, session_file(folder / "ref", "MADE", MADE, **hours | (session or {})))
    refer(lake, "equity_taq", "MADE", MADE, *wishes.write(folder / "wishes"))
    make(lake, "bronze", "equity_taq", "MADE", MADE)
    settings = [f"{name}={str(value).lower()}" for name, value in (parameters or {}).items()]
    # ref add has published the ref tables with the defaults; they follow.
    make(lake, "silver,gold", "equity_taq", "MADE", MADE, set=settings)
    return lake


def made_day(seed):
    return random_day(seed, *(new_york(MADE, clock) for clock in MADE_HOURS))


VARIANTS = {
    "defaults": ({}, {}),
    "other parameters": (
        {"trade_side": "aggressor", "sample_2m": True, "level_width_atr": 0.5, "success_threshold_atr": 1.0},
        {"direction_bias": "short", "prior_close": 99.0},
    ),
}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("seed", range(10) if FULL else [1])
def test_made_up_day(tmp_path, seed, variant):
    parameters, session = VARIANTS[variant]
    trades, quotes = made_day(seed)
    wishes = made_wishes(trades, parameters.get("level_width_atr", 0.25))
    lake = made_lake(tmp_path, trades, quotes, wishes, parameters, session)
    found = {name: rows_of(lake, f"bronze.equity_taq.{name}", "MADE", MADE) for name in ("trades", "quotes")}
    assert found == {"trades": trades, "quotes": quotes}
    assert rows_of(lake, "ref.equity_taq.levels", "MADE", MADE) == wishes.level_rows()
    assert rows_of(lake, "ref.equity_taq.markers", "MADE", MADE) == wishes.marker_rows()
    expected = judge(lake, "equity_taq", "MADE", MADE, **parameters)
    assert len(expected["episodes"]) > 30 and len(expected["touch_packets"]) > 50
    assert len(expected["reclaim_packets"]) > 3
    where = ("-p", "equity_taq", "-s", "MADE", "-d", MADE, "-o", tmp_path / "exports")
    lake.tarn("export", "report", *where).exits(0)
    (path,) = (tmp_path / "exports").rglob("report.json")
    found = json.loads(path.read_text())
    del found["_meta"]
    assert recorder_lakes.unlike(found, reference_report.report(expected)) == []
    assert len(found["feature_ranking"]) == 14


# No look-ahead


TIME_OF = {"trades_classified": "ts_ms", "bar_indicators": "bar_end_ts_ms", "markers": "ts_ms"}
TIME_OF |= {f"bars_{length}": "bar_end_ts_ms" for length in ("30s", "1m", "2m")}
OUTCOMES = {
    "episodes": (
        "zone_exit_time resolution_time end_time resolution_trigger outcome resolution_type r_multiple mfe mae "
        "time_to_mfe_ms time_to_failure_ms censored reentry_count"
    ).split(),
    "touch_packets": (
        "touch_dwell_s bounce_return_30s_pct bounce_return_60s_pct band_delta_0_30s band_delta_0_60s rel_aggr_0_30s "
        "rel_aggr_0_60s delta_flip_flag max_penetration_pct wick_recovered_flag large_trade_count_at_touch "
        "large_trade_buy_ratio absorption_mean_0_30s price_efficiency_0_30s spread_narrowing_after_touch "
        "break_confirmed_30s reclaim_after_break reclaim_hold_30s touch_outcome"
    ).split(),
    "reclaim_packets": (
        "reclaim_band_delta_30s reclaim_band_delta_60s reclaim_rel_aggr_30s reclaim_rel_aggr_60s reclaim_hold_30s "
        "reclaim_hold_60s"
    ).split(),
}


def known(lake, product, symbol, date, stamp):
    """By table what is known at an instant: rows, and of rows still open only the columns that are no outcome."""
    result = {}
    for table in STREAMS + ["level_interactions", "markers"]:
        layer = "silver" if table in SILVER else "gold"
        time = TIME_OF.get(table, "timestamp")
        rows = rows_of(lake, f"{layer}.{product}.{table}", symbol, date)
        result[table] = [row for row in rows if row[time] <= stamp]
    events = {}
    for table in ("episodes", "touch_packets", "reclaim_packets"):
        events[table] = rows_of(lake, f"gold.{product}.{table}", symbol, date)
    for table, time in (("touch_packets", "touch_ts_ms"), ("reclaim_packets", "t_reclaim_ms")):
        result[table] = [without_outcome(table, row) for row in events[table] if row[time] <= stamp]
    begun = [e for e in events["episodes"] if max(e["zone_entry_time"], e["marker_ts_ms"] or 0) <= stamp]
    result["episodes"] = [without_outcome("episodes", episode) for episode in begun]
    is_over = lambda e: e["resolution_time"] is not None and e["resolution_time"] <= stamp
    result["episodes that are over"] = [episode for episode in begun if is_over(episode)]
    names = {episode["episode_id"] for episode in begun}
    rows = rows_of(lake, f"gold.{product}.episode_snapshots", symbol, date)
    result["episode_snapshots"] = [r for r in rows if r["timestamp"] <= stamp and r["episode_id"] in names]
    return result


def without_outcome(table, row):
    return {name: value for name, value in row.items() if name not in OUTCOMES[table]}


def assert_known_alike(whole, cut, *least):
    """least: tables that need not hold more than one row."""
    for table, rows in whole.items():
        assert len(rows) > (0 if table in least else 3), table
        assert cut[table] == rows, table


def test_nothing_looks_ahead(tmp_path):
    """What a truncated input gives up to its end is what the whole input gives, to the last bit."""
    trades, quotes = made_day(2)
    wishes = made_wishes(trades)
    stamp = new_york(MADE, "10:47:30") - 1
    short = [[row for row in rows if row["ts_event"] // 1_000_000 <= stamp] for rows in (trades, quotes)]
    lakes = [made_lake(tmp_path / "whole", trades, quotes, wishes), made_lake(tmp_path / "cut", *short, wishes)]
    assert_known_alike(*(known(lake, "equity_taq", "MADE", MADE, stamp) for lake in lakes))


BOOKS = {"future_mbo": ("glbx-mdp3", "ESH6"), "equity_mbo": ("xnas-itch", "SPY")}


@pytest.mark.parametrize("product", BOOKS)
def test_nothing_looks_ahead_in_a_book(tmp_path, product):
    """The same for orders: the file ends with the last record whose clock is not beyond the instant."""
    (prefix, symbol), date = BOOKS[product], "2026-03-02"
    lakes = {name: Lake(tmp_path / name / "lake") for name in ("whole", "cut")}
    lakes["whole"].tarn("sample", tmp_path / "days", "-p", product, "-d", date, "--records", 60_000).exits(0)
    file = tmp_path / "days" / f"{prefix}-{date.replace('-', '')}.mbo.dbn.zst"
    header, body = vendorfiles.split(vendorfiles.plain(file))
    _, _, records = vendorfiles.read(file)
    stamp = new_york(date, "13:17:50") - 1
    time = np.where(records["flags"] & vendorfiles.SNAPSHOT, records["ts_recv"], records["ts_event"])
    end = int(np.argmax(time // 1_000_000 > stamp))
    assert 0 < end < len(records)
    files = {"whole": file, "cut": vendorfiles.write(tmp_path / "cut" / file.name, header, records[:end])}
    wishes, bounds = None, [new_york(date, clock) for clock in ("09:30:00", "16:00:00")]
    found = []
    for name, lake in lakes.items():
        lake.add(files[name], product=product)
        make(lake, "bronze", product, symbol, date)
        make(lake, "silver", product, symbol, date)
        if wishes is None:
            levels = landmarks(recorder_lakes.feed_of(lake, product, symbol, date)[0], *bounds)
            wishes = Wishes(symbol, f"{symbol}:{date}:rth", levels, (), marks(*bounds)).write(tmp_path / "wishes")
        refer(lake, product, symbol, date, *wishes)
        # The sample's prices move little: a narrow band makes them touch it.
        make(lake, "gold", product, symbol, date, set="band_pct=0.00005")
        found.append(known(lake, product, symbol, date, stamp))
    assert_known_alike(*found, "reclaim_packets", "episodes that are over")


# Several sessions, several files, and days on which something is missing


def test_several_sessions_of_a_date(tmp_path):
    """Ids are not in the order of the times, two sessions overlap, levels and markers join those that they are in."""
    trades, quotes = made_day(5)
    lake = Lake(tmp_path / "lake")
    start, end = (new_york(MADE, clock) for clock in MADE_HOURS)
    hours = {"noon": ("11:10:00", "11:30:00"), "early": ("10:00:00", "10:40:00"), "brunch": ("10:30:00", "11:10:00")}
    bounds = {name: tuple(new_york(MADE, clock) for clock in clocks) for name, clocks in hours.items()}
    lake.tarn(
        "raw", "add", "-p", "equity_taq", "-s", "MADE", "--dt", MADE, *write_csv(tmp_path / "csv", trades, quotes)
    ).exits(0)
    sessions = [
        {"symbol": "MADE", "dt": MADE, "session_id": name, "start_ts_ms": a, "end_ts_ms": b}
        for name, (a, b) in bounds.items()
    ]
    (tmp_path / "sessions.yaml").write_text(json.dumps({"sessions": sessions}))
    items = landmarks(trades, start, end) + [
        {
            "level_id": "for noon",
            "level_price": 100.11,
            "level_type": "support",
            "level_source": "derived",
            "created_ts_ms": bounds["early"][1],
        }
    ]
    markers = marks(start, end)
    everywhere = {"ticker": "MADE"}
    (tmp_path / "levels.yaml").write_text(json.dumps(everywhere | {"levels": items}))
    (tmp_path / "markers.yaml").write_text(json.dumps(everywhere | {"markers": markers}))
    own = items[0] | {"level_id": "only noon"}
    (tmp_path / "noon.yaml").write_text(json.dumps(everywhere | {"session_id": "noon", "levels": [own]}))
    names = ("sessions", "levels", "markers", "noon")
    refer(lake, "equity_taq", "MADE", MADE, *(tmp_path / f"{name}.yaml" for name in names))
    make(lake, "all", "equity_taq", "MADE", MADE)

    found = rows_of(lake, "ref.equity_taq.sessions", "MADE", MADE)
    assert [(row["session_id"], row["start_ts_ms"], row["end_ts_ms"]) for row in found] == [
        (name, *bounds[name]) for name in ("brunch", "early", "noon")
    ]
    levels, entered = [], []
    for name, (first, last) in sorted(bounds.items()):
        active = [item for item in items if item.get("created_ts_ms", 0) < last] + ([own] if name == "noon" else [])
        levels += Wishes("MADE", name, active).level_rows()
        rows = Wishes("MADE", name, (), (), markers).marker_rows()
        entered += [row for row in rows if first <= row["ts_ms"] < last]
    assert rows_of(lake, "ref.equity_taq.levels", "MADE", MADE) == levels
    assert rows_of(lake, "ref.equity_taq.markers", "MADE", MADE) == entered
    assert {row["level_id"] for row in levels if row["session_id"] == "early"} == {i["level_id"] for i in items[:-1]}
    expected = judge(lake, "equity_taq", "MADE", MADE)
    for table in ("state_10s", "level_spine", "episodes", "touch_packets", "level_chain_metrics"):
        assert {row["session_id"] for row in expected[table]} == set(bounds), table
    # A page and exports are of one session each.
    lake.tarn("report", "-s", "MADE", "-d", MADE, "-o", tmp_path / "x.html").exits(2, "brunch, early, noon")
    lake.tarn("report", "-s", "MADE", "-d", MADE, "--session", "noon", "-o", tmp_path / "x.html").exits(0)
    lake.tarn("export", "snapshots", "-p", "equity_taq", "-s", "MADE", "-d", MADE, "-o", tmp_path / "out").exits(0)
    assert sorted(path.parent.name for path in (tmp_path / "out").rglob("part-000.*")) == [
        f"session={name}" for name in sorted(bounds)
    ]
    lake.tarn("verify").exits(0)


def test_an_id_names_one_session_of_a_product(tmp_path):
    lake = Lake(tmp_path / "lake")
    other = "2025-03-06"
    first = session_file(tmp_path / "first", "MADE", MADE, session_id="mine")
    second = session_file(tmp_path / "second", "MADE", other, session_id="mine")
    third = session_file(tmp_path / "third", "MADE", other, session_id=f"MADE:{MADE}:rth")
    refer(lake, "equity_taq", "MADE", MADE, first)
    day = ("-s", "MADE", "-d", other)
    lake.tarn("ref", "add", "-p", "equity_taq", *day, second).exits(5, "session.yaml:1: the session_id 'mine' is that of")
    lake.tarn("ref", "add", "-p", "equity_taq", *day, third).exits(5, f"without one it is 'MADE:{other}:rth'")
    assert not lake.file("ref.equity_taq.sessions", "MADE", other).exists()
    refer(lake, "equity_taq", "MADE", MADE, first)
    refer(lake, "equity_mbo", "MADE", other, second)


def test_a_day_in_several_overlapping_files(tmp_path):
    """Its tables are those of the same records in one file."""
    date, lake = "2026-03-02", Lake(tmp_path / "lake")
    lake.tarn("sample", tmp_path / "days", "-p", "equity_taq", "-d", date, "--records", 60_000).exits(0)
    (whole,) = (tmp_path / "days").glob("*.mbp-1.dbn.zst")
    header, _ = vendorfiles.split(vendorfiles.plain(whole))
    _, _, records = vendorfiles.read(whole)
    count = len(records)
    cuts = [(0, count // 2), (count // 2 - 700, 3 * count // 4), (3 * count // 4 - 1, count)]
    files = [
        vendorfiles.write(tmp_path / "parts" / f"part-{name}.mbp-1.dbn.zst", header, records[a:b])
        for name, (a, b) in zip("abc", cuts)
    ]
    lake.add(*files, product="equity_taq")
    make(lake, "bronze,silver", "equity_taq", "SPY", date)
    found = recorder_lakes.feed_of(lake, "equity_taq", "SPY", date)
    expected = reference_feeds.feed([whole], "SPY", date)
    assert recorder_lakes.ranked(*found) == recorder_lakes.ranked(*expected) and all(expected)
    quality = lake.manifest("bronze.equity_taq.trades", "SPY", date)["quality"]
    assert quality["rows_dropped"] == 701
    (session,) = rows_of(lake, "ref.equity_taq.sessions", "SPY", date)
    with_levels(lake, tmp_path / "wishes", "equity_taq", "SPY", date, session)
    judge(lake, "equity_taq", "SPY", date, rows_of(lake, "silver.equity_taq.state_10s", "SPY", date))


ABSENT = {"equity_taq": ("XNAS.ITCH", "mbp-1", "XYZ"), "equity_mbo": ("XNAS.ITCH", "mbo", "XYZ"),
          "future_mbo": ("GLBX.MDP3", "mbo", "ESH6")}  # fmt: skip


@pytest.mark.parametrize("product", ABSENT)
def test_a_day_without_data(tmp_path, product):
    """The vendor has nothing: every table is there, and empty, with a level or without."""
    dataset, schema, symbol = ABSENT[product]
    lake = Lake(tmp_path / "lake")
    lake.tarn("raw", "add", "--no-data", "--dataset", dataset, "--schema", schema, "--dt", MADE).exits(0)
    levels = Wishes(symbol, f"{symbol}:{MADE}:rth", landmarks([{"ts_event": 1, "price_int": 10**11}], 0, 9)).write(
        tmp_path
    )
    refer(lake, product, symbol, MADE, *levels)
    make(lake, "bronze", product, symbol, MADE)
    make(lake, "silver,gold", product, symbol, MADE)
    for layer in ("silver", "gold"):
        for table in recorder_lakes.LAYER_OF[layer]:
            assert lake.table(f"{layer}.{product}.{table}", symbol, MADE).num_rows == 0, table
            assert lake.manifest(f"{layer}.{product}.{table}", symbol, MADE)["day_state"] == "no_data", table
    lake.tarn("verify").exits(0)
    lake.tarn("report", "-p", product, "-s", symbol, "-d", MADE, "-o", tmp_path / "x.html").exits(0)
    lake.tarn("export", "-p", product, "-s", symbol, "-d", MADE, "-o", tmp_path / "out").exits(0)


@pytest.mark.parametrize("product", ABSENT)
def test_a_day_without_events(tmp_path, product):
    """Files are there, but nothing of the symbol: the grid is dense and without a price."""
    dataset, schema, symbol = ABSENT[product]
    other = "NQH6" if product == "future_mbo" else "OTHER"
    at = new_york(MADE, "10:00:00") * 1_000_000
    if schema == "mbo":
        rows = [vendorfiles.order("A", "B", 1, 100 * 10**9, 5, at=at) | {"instrument_id": 8}]
    else:
        rows = [vendorfiles.quote(8, 99 * 10**9, 1, 101 * 10**9, 1, at=at)]
    lake = Lake(tmp_path / "lake")
    file = vendorfiles.file(tmp_path / f"day.{schema}.dbn.zst", schema, rows, MADE, {symbol: 7, other: 8}, dataset)
    lake.add(file, product=product)
    (session,) = [recorder_lakes.default_session(lake, product, symbol, MADE, "feed_order")]
    levels = landmarks([{"ts_event": session["start_ts_ms"] * 10**6, "price_int": 10**11}], 0, session["end_ts_ms"])
    markers = marks(session["start_ts_ms"], session["end_ts_ms"])
    refer(lake, product, symbol, MADE, *Wishes(symbol, session["session_id"], levels, (), markers).write(tmp_path / "w"))
    make(lake, "bronze", product, symbol, MADE)
    make(lake, "silver,gold", product, symbol, MADE)
    expected = judge(lake, product, symbol, MADE)
    assert len(expected["state_10s"]) == 2340 and not expected["level_spine"] and not expected["episodes"]
    assert {row["extract_status"] for row in expected["markers"]} == {"no_anchor"}
    assert lake.manifest(f"silver.{product}.state_10s", symbol, MADE)["day_state"] == "no_events"
    lake.tarn("verify").exits(0)
    lake.tarn("report", "-p", product, "-s", symbol, "-d", MADE, "-o", tmp_path / "x.html").exits(0)


@pytest.mark.parametrize("quoted", ["never", "before", "one side"] if FULL else ["before"])
def test_a_session_without_quotes(tmp_path, quoted):
    trades, quotes = made_day(6)
    start = new_york(MADE, MADE_HOURS[0])
    if quoted == "never":
        quotes = []
    elif quoted == "before":
        quotes = [row for row in quotes if row["ts_event"] // 1_000_000 < start]
    else:
        quotes = [row | {"ask_price_int": 0, "ask_size": 0} for row in quotes]
    lake = made_lake(tmp_path, trades, quotes, made_wishes(trades))
    expected = judge(lake, "equity_taq", "MADE", MADE)
    assert not any(row["has_quote"] for row in expected["state_10s"])
    sides = {row["side"] for row in expected["trades_classified"]}
    assert sides == ({"unknown", "buy", "sell"} if quoted == "before" else {"unknown"})
    assert expected["episodes"] and expected["touch_packets"]
    lake.tarn("report", "-s", "MADE", "-d", MADE, "-o", tmp_path / "x.html").exits(0)


# The vendor's files


@pytest.fixture(scope="module")
def dbeq(tmp_path_factory):
    """Four dates: trades beside tbbo, on 3 July mbp-10, too."""
    lake = Lake(tmp_path_factory.mktemp("dbeq") / "lake")
    files = [DBEQ.format(day.replace("-", ""), schema) for day in DAYS for schema in ("tbbo", "trades")]
    lake.add(*vendor(*files, DBEQ.format("20240703", "mbp-10")), product="equity_taq")
    make(lake, "bronze,silver", "equity_taq", ",".join(STOCKS), ",".join(DAYS))
    return lake


def dbeq_files(day, *schemas):
    return vendor(*(DBEQ.format(day.replace("-", ""), schema) for schema in schemas))


@pytest.mark.parametrize("symbol", STOCKS)
@pytest.mark.parametrize("day", DAYS if FULL else DAYS[1:3])
def test_feed_of_the_vendor(dbeq, day, symbol):
    """tbbo gives trades and quotes where it is the best there is; beside mbp-10 the trades are the trades file's."""
    schemas = ["mbp-10", "trades"] if day == "2024-07-03" and symbol in WITH_BOOK else ["tbbo"]
    expected = reference_feeds.feed(dbeq_files(day, *schemas), symbol, day)
    found = recorder_lakes.feed_of(dbeq, "equity_taq", symbol, day)
    assert all(expected)
    if len(schemas) > 1:
        expected, found = recorder_lakes.ranked(*expected), recorder_lakes.ranked(*found)
    assert found == list(expected)


@pytest.mark.parametrize("symbol", STOCKS)
def test_sessions_and_seeds_of_several_days(dbeq, symbol):
    """Regular hours, those of 3 July until 13:00; the seed is the last live ATR of the day before."""
    for day in DAYS:
        close = "13:00:00" if day == "2024-07-03" else "16:00:00"
        expected = recorder_lakes.default_session(dbeq, "equity_taq", symbol, day, "feed_order", close)
        assert rows_of(dbeq, "ref.equity_taq.sessions", symbol, day) == [expected]


@pytest.mark.parametrize("symbol", STOCKS)
@pytest.mark.parametrize("day", DAYS if FULL else DAYS[2:3])
def test_stocks_of_the_vendor(dbeq, tmp_path, day, symbol):
    (session,) = rows_of(dbeq, "ref.equity_taq.sessions", symbol, day)
    with_levels(dbeq, tmp_path, "equity_taq", symbol, day, session)
    judge(dbeq, "equity_taq", symbol, day)


def with_levels(lake, folder, product, symbol, date, session):
    """Levels and markers by what the session traded, then gold."""
    start, end = session["start_ts_ms"], session["end_ts_ms"]
    levels = landmarks(recorder_lakes.feed_of(lake, product, symbol, date)[0], start, end)
    wishes = Wishes(symbol, session["session_id"], levels, (), marks(start, end))
    refer(lake, product, symbol, date, *wishes.write(folder))
    make(lake, "gold", product, symbol, date)
    assert rows_of(lake, f"ref.{product}.levels", symbol, date) == wishes.level_rows()
    assert rows_of(lake, f"ref.{product}.markers", symbol, date) == wishes.marker_rows()


# Two schemas, midnight, and a futures symbol


ESU4 = [
    "real/esu4-20240701/futures_mbp-1_2024-07-01T23-58_2024-07-02T00-02.dbn.zst",
    "real/esu4-20240701/futures_trades_2024-07-01T23-58_2024-07-02T00-02.dbn.zst",
]


@pytest.mark.parametrize("schemas", [1, 2], ids=["mbp-1", "mbp-1 and trades"])
def test_a_session_over_midnight(tmp_path, schemas):
    """The trades and sides of mbp-1 alone are those of mbp-1 beside a trades file, up to seq."""
    lake, date = Lake(tmp_path / "lake"), "2024-07-01"
    files = vendor(*ESU4)[:schemas]
    lake.add(*files, product="equity_taq")
    midnight = vendorfiles.midnight("2024-07-02") // 1_000_000
    hours = {"start_ts_ms": midnight - 115_000, "end_ts_ms": midnight + 120_000}
    opening = {"rth_open_ts_ms": midnight - 60_000, "rth_close_ts_ms": midnight + 120_000}
    more = hours | opening | {"session_id": "night", "atr_seed": 1.25, "atr_seed_source": "daily_fallback"}
    refer(lake, "equity_taq", "ESU4", date, session_file(tmp_path / "ref", "ESU4", date, **more))
    make(lake, "bronze", "equity_taq", "ESU4", date)
    make(lake, "silver", "equity_taq", "ESU4", date, set="include_extended_hours=true")
    (session,) = rows_of(lake, "ref.equity_taq.sessions", "ESU4", date)
    assert (session["start_ts_ms"], session["end_ts_ms"]) == (midnight - 120_000, midnight + 120_000)
    expected = reference_feeds.feed(files, "ESU4", date)
    assert recorder_lakes.feed_of(lake, "equity_taq", "ESU4", date) == list(expected)
    with_levels(lake, tmp_path / "wishes", "equity_taq", "ESU4", date, session)
    judge(lake, "equity_taq", "ESU4", date, include_extended_hours=True)


# SPY as context


XNAS = [f"synthetic/xnas-itch-20260303.{schema}.dbn.zst" for schema in ("mbp-1", "trades")]


def test_spy_beside_a_stock(tmp_path):
    lake, date = Lake(tmp_path / "lake"), "2026-03-03"
    lake.add(*vendor(*XNAS), product="equity_taq")
    make(lake, "bronze,silver", "equity_taq", "SPY,TSLA", date)
    (session,) = rows_of(lake, "ref.equity_taq.sessions", "TSLA", date)
    with_levels(lake, tmp_path / "wishes", "equity_taq", "TSLA", date, session)
    spy = rows_of(lake, "silver.equity_taq.state_10s", "SPY", date)
    expected = judge(lake, "equity_taq", "TSLA", date, spy)
    assert {episode["spy_bucket"] for episode in expected["episodes"]} - {None}


# Order-book products


def shortened(lake, product, symbol, date, folder, clocks):
    """One session of these New York hours, its regular ones."""
    first, last = (new_york(date, clock) for clock in clocks)
    hours = {"start_ts_ms": first, "end_ts_ms": last, "rth_open_ts_ms": first, "rth_close_ts_ms": last}
    refer(lake, product, symbol, date, session_file(folder, symbol, date, session_id="short", **hours))


@pytest.mark.parametrize("symbol", ["ESH6", "NQH6"])
def test_the_synthetic_futures(tmp_path, symbol):
    """Their first five minutes; under TARN_TEST_FULL the whole day, and the events of the book from its orders."""
    lake, date = Lake(tmp_path / "lake"), "2026-03-03"
    lake.add(*vendor(*vendorfiles.SYNTHETIC))
    if not FULL:
        shortened(lake, "future_mbo", symbol, date, tmp_path / "ref", ("09:50:00", "09:55:00"))
    make(lake, "bronze", "future_mbo", symbol, date)
    make(lake, "silver", "future_mbo", symbol, date)
    if FULL:
        book = reference_feeds.BookEvents(rows_of(lake, "bronze.future_mbo.mbo", symbol, date), "future_mbo", False)
        for table, rows in (("trades", book.trades), ("quotes", book.quotes)):
            found = lake.table(f"silver.future_mbo.{table}", symbol, date)
            expected = recorder_lakes.ordered("bronze", table, rows)
            assert recorder_lakes.differences("bronze", table, found, expected) == [] and rows
    (session,) = rows_of(lake, "ref.future_mbo.sessions", symbol, date)
    with_levels(lake, tmp_path / "wishes", "future_mbo", symbol, date, session)
    expected = judge(lake, "future_mbo", symbol, date)
    assert expected["episodes"] and expected["markers"]


def test_orders_of_a_future(tmp_path):
    """The hour of a holiday's opening, from the orders to the chains."""
    lake, date = Lake(tmp_path / "lake"), "2023-12-25"
    lake.add(*vendor(vendorfiles.ESH4[1]))
    start = vendorfiles.midnight(date) // 1_000_000 + 22 * 3_600_000
    hours = {"start_ts_ms": start, "end_ts_ms": start + 7_200_000}
    opening = {"rth_open_ts_ms": start + 3_600_000, "rth_close_ts_ms": start + 7_200_000}
    file = session_file(tmp_path / "ref", "ESH4", date, session_id="eve", **hours, **opening)
    refer(lake, "future_mbo", "ESH4", date, file)
    make(lake, "bronze", "future_mbo", "ESH4", date)
    make(lake, "silver", "future_mbo", "ESH4", date, set="include_extended_hours=true")
    book = reference_feeds.BookEvents(rows_of(lake, "bronze.future_mbo.mbo", "ESH4", date), "future_mbo", False)
    for table, rows in (("trades", book.trades), ("quotes", book.quotes)):
        found = lake.table(f"silver.future_mbo.{table}", "ESH4", date)
        assert recorder_lakes.differences("bronze", table, found, recorder_lakes.ordered("bronze", table, rows)) == []
        assert rows
    (session,) = rows_of(lake, "ref.future_mbo.sessions", "ESH4", date)
    assert session["tie_policy"] == "book_order"
    with_levels(lake, tmp_path / "wishes", "future_mbo", "ESH4", date, session)
    judge(lake, "future_mbo", "ESH4", date, include_extended_hours=True)


# The program's own sample: a pair of days with reference files of every kind


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """(lake, dates) of SPY as trades and quotes and as orders; the second day's seed comes from the first."""
    folder = tmp_path_factory.mktemp("sample")
    lake, dates = Lake(folder / "lake"), ["2026-03-02", "2026-03-03"]
    lake.tarn("sample", folder / "days", "-p", "equity_taq,equity_mbo", "--records", 60_000).exits(0)
    days = {schema: sorted((folder / "days").glob(f"*.{schema}.dbn.zst")) for schema in ("mbp-1", "trades", "mbo")}
    lake.add(*days["mbp-1"], *days["trades"], product="equity_taq")
    lake.add(*days["mbo"], product="equity_mbo")
    for date in dates:
        files = sorted((folder / "days").glob(f"spy-{date.replace('-', '')}.*"))
        assert len(files) == 5
        for product in ("equity_taq", "equity_mbo"):
            refer(lake, product, "SPY", date, *files)
            make(lake, "bronze", product, "SPY", date)
            make(lake, "silver,gold", product, "SPY", date)
    return lake, dates


@pytest.mark.parametrize("product", ["equity_taq", "equity_mbo"])
def test_sample_days(sample, product):
    lake, dates = sample
    for date in dates if FULL else dates[1:]:
        spy = rows_of(lake, f"silver.{product}.state_10s", "SPY", date)
        expected = judge(lake, product, "SPY", date, spy)
        assert expected["episodes"] and expected["touch_packets"] and expected["markers"]
        assert any(row["manual_outcome"] for row in expected["episodes_labeled"])
        assert {row["spy_bucket"] for row in expected["episodes"]} - {None}
