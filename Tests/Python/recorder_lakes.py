"""What a lake must hold of the recorder, from its own bronze and ref tables, and the comparison with what it holds.

The expected tables are those of reference_recorder.py and its companions; columns, order and units come from the
contracts.
"""

import datetime
import json
import zoneinfo

import pyarrow as pa
import reference_chains
import reference_episodes
import reference_recorder
from vendorfiles import ROOT

LAYER_OF = {
    "ref": ["sessions", "levels", "markers", "labels"],
    "bronze": ["trades", "quotes"],
    "silver": "trades_classified state_1s bars_30s bars_1m bars_2m bar_indicators state_10s tf_indicators_10s".split(),
    "gold": (
        "smart_money_10s level_spine episodes episode_snapshots markers episodes_labeled level_interactions "
        "touch_packets reclaim_packets level_chain_metrics chain_summary"
    ).split(),
}
SILVER, GOLD = LAYER_OF["silver"], LAYER_OF["gold"]
STREAMS = SILVER + ["smart_money_10s", "level_spine"]


def contract(layer, table):
    return json.loads((ROOT / "contracts" / layer / "equity_taq" / f"{table}.avsc").read_text())


def key_of(row, columns):
    return tuple(row[c].encode() if isinstance(row[c], str) else row[c] for c in columns)


def ordered(layer, table, rows):
    """In the order of the contract: strings and enum symbols by their bytes."""
    columns = contract(layer, table)["orderBy"]
    return sorted(rows, key=lambda row: key_of(row, columns))


def plain_columns(table):
    """name → values of a pyarrow table, instants as integers."""
    columns = {}
    for name in table.column_names:
        column = table[name]
        columns[name] = (column.cast("int64") if pa.types.is_timestamp(column.type) else column).to_pylist()
    return columns


def rows_of(lake, dataset, symbol, date):
    """A partition as dictionaries; no rows when there is none."""
    if not lake.file(dataset, symbol, date).exists():
        return []
    columns = plain_columns(lake.table(dataset, symbol, date))
    return [dict(zip(columns, values)) for values in zip(*columns.values())]


def feed_of(lake, product, symbol, date):
    """(trades, quotes): bronze, or for the order-book products silver."""
    layer = "bronze" if product == "equity_taq" else "silver"
    return [rows_of(lake, f"{layer}.{product}.{table}", symbol, date) for table in ("trades", "quotes")]


def expected_tables(lake, product, symbol, date, spy=None, **parameters):
    """Every silver and gold table of a partition by name."""
    parameters = reference_recorder.DEFAULTS | parameters
    trades, quotes = feed_of(lake, product, symbol, date)
    ref = {table: rows_of(lake, f"ref.{product}.{table}", symbol, date) for table in LAYER_OF["ref"]}
    tables = {table: [] for table in SILVER + GOLD}
    for session in ref["sessions"]:
        own = {t: [r for r in ref[t] if r["session_id"] == session["session_id"]] for t in ("levels", "markers")}
        found = reference_recorder.silver(trades, quotes, session, parameters)
        state, classified = found["state_10s"], found["trades_classified"]
        flow = reference_recorder.smart_money_10s(state, classified, parameters)
        found["smart_money_10s"] = flow
        found |= reference_episodes.gold_episodes(
            symbol, session, state, flow, classified, own["levels"], own["markers"], spy, parameters
        )
        found |= reference_chains.gold_chains(session, state, flow, own["levels"], parameters)
        for table, rows in found.items():
            tables[table] += rows
    tables["episodes_labeled"], _ = reference_episodes.label(tables["episodes"], ref["labels"])
    return {table: ordered("silver" if table in SILVER else "gold", table, rows) for table, rows in tables.items()}


# Comparison


def equal(a, b, factor):
    if isinstance(a, float) and isinstance(b, (int, float)) and not isinstance(b, bool):
        return abs(a - b) <= factor * max(1.0, abs(a), abs(b))
    return type(a) is type(b) and a == b


def differences(layer, table, found, expected, names=None):
    """Lines that say where a pyarrow table and the expected rows differ; names: only these columns."""
    law = contract(layer, table)
    fields = [field["name"] for field in law["fields"]]
    if found.column_names != fields:
        return [f"{table}: columns {found.column_names}"]
    columns = plain_columns(found)
    keys = [tuple(key) for key in zip(*(columns[k] for k in law["key"]))]
    wanted = [tuple(row[k] for k in law["key"]) for row in expected]
    if keys != wanted:
        more, fewer = sorted(set(keys) - set(wanted), key=str), sorted(set(wanted) - set(keys), key=str)
        return [f"{table}: {len(keys)} rows, not {len(wanted)}; too many {more[:5]}, missing {fewer[:5]}"]
    lines = []
    for field in law["fields"]:
        name = field["name"]
        if names is not None and name not in names:
            continue
        factor = 1e-6 if field.get("unit") == "zscore" else 1e-9
        is_double = "double" in field["type"]
        wrong = [
            f"{table}.{name} {key}: {a!r} is not {row[name]!r}"
            for key, a, row in zip(keys, columns[name], expected)
            if not equal(a, float(row[name]) if is_double and row[name] is not None else row[name], factor)
        ]
        if wrong:
            lines += wrong[:3] + ([f"… {len(wrong)} of {len(keys)} rows of {table}.{name}"] if len(wrong) > 3 else [])
    return lines


def unlike(found, expected, place="report"):
    """Places where two JSON values differ, doubles by more than 1e-9."""
    if isinstance(found, dict) and isinstance(expected, dict) and found.keys() == expected.keys():
        pairs = [(f"{place}.{key}", found[key], expected[key]) for key in found]
    elif isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        pairs = [(f"{place}[{k}]", a, b) for k, (a, b) in enumerate(zip(found, expected))]
    else:
        is_number = all(isinstance(x, (int, float)) and not isinstance(x, bool) for x in (found, expected))
        factor = 1e-6 if place.endswith("_z") else 1e-9
        same = equal(float(found), expected, factor) if is_number else equal(found, expected, factor)
        return [] if same else [f"{place}: {found!r} is not {expected!r}"]
    return [line for deeper in pairs for line in unlike(deeper[1], deeper[2], deeper[0])]


def judge(lake, product, symbol, date, spy=None, tables=SILVER + GOLD, **parameters):
    """Asserts that every table equals the reference; gives the expected tables back."""
    expected = expected_tables(lake, product, symbol, date, spy, **parameters)
    lines = []
    for table in tables:
        layer = "silver" if table in SILVER else "gold"
        found = lake.table(f"{layer}.{product}.{table}", symbol, date)
        lines += differences(layer, table, found, expected[table])
    assert not lines, "\n".join([f"{product} {symbol} {date}", *lines])
    return expected


def ranked(trades, quotes):
    """Trades and quotes with the rank of seq instead of it, for merges, whose ranks count other symbols, too."""
    rank = {seq: k for k, seq in enumerate(sorted({row["seq"] for row in trades + quotes}))}
    return [[row | {"seq": rank[row["seq"]]} for row in rows] for rows in (trades, quotes)]


# Levels and markers worth having


def landmarks(trades, start, end):
    """Level items at prices that the session's trades reach, over two chains and all types."""
    inside = [t["price_int"] / 1e9 for t in trades if start <= t["ts_event"] // 1_000_000 < end and t["price_int"] > 0]
    prices = sorted(inside)
    at = lambda fraction: round(prices[int(fraction * (len(prices) - 1))], 2)
    middle = start + (end - start) // 3
    items = [
        ("S1", at(0.75), "support", {}),
        ("S2", at(0.50), "support", {}),
        ("S3", at(0.25), "support", {"level_width_atr": 0.5}),
        ("S4", at(0.02), "support", {"direction_bias": "short"}),
        ("R1", at(0.50), "resistance", {"chain_id": "upper", "level_outcome": "win"}),
        ("R2", at(0.90), "resistance", {"chain_id": "upper"}),
        ("V", at(0.60), "vwap", {}),
        ("T", at(0.40), "trendline", {"notes": "from the open"}),
        ("late", at(0.50), "support", {"created_ts_ms": middle, "chain_id": "upper"}),
        ("far", round(prices[-1] * 1.5, 2), "resistance", {}),
    ]
    return [
        {"level_id": name, "level_price": price, "level_type": kind, "level_source": "manual"} | more
        for name, price, kind, more in items
    ]


def marks(start, end):
    """Marker items over the session, two of them the same and some where they find nothing."""
    step = (end - start) // 9
    kinds = [
        (start - 60_000, ["breakdown"], {}),
        (start + 4_000, ["support_bounce"], {}),
        (start + step, ["support_bounce"], {"marker_id": "bounce"}),
        (start + step, ["support_bounce"], {"marker_id": "bounce-again"}),
        (start + 2 * step, ["breakdown", "double_top"], {"marker_id": "pair"}),
        (start + 3 * step + 1, ["consolidation"], {}),
        (start + 4 * step, ["consolidation"], {"direction_bias": "short", "notes": {"why": "tight"}}),
        (start + 5 * step + 7_777, ["downtrend_break"], {}),
        (start + 6 * step, ["triple_bottom"], {"direction_bias": "long", "end_ts_ms": start + 7 * step}),
        (end - 1, ["breakdown"], {}),
    ]
    return [{"ts_ms": ts_ms, "marker_types": types} | more for ts_ms, types, more in kinds]


# Reference files: what a user hands in, and what the ref tables must then hold


class Wishes:
    """Levels, commands and markers of one session, as files and as the rows that ref must hold (3.4 to 3.6)."""

    def __init__(self, symbol, session_id, levels=(), commands=(), markers=(), width=0.25):
        """width: of a level without one of its own, ATR."""
        self.symbol, self.session_id, self.width = symbol, session_id, width
        self.levels, self.commands, self.markers = list(levels), list(commands), list(markers)

    def write(self, folder):
        """The files; JSON is YAML."""
        folder.mkdir(parents=True, exist_ok=True)
        head = {"ticker": self.symbol, "session_id": self.session_id}
        files = []
        for name, items in (("levels", self.levels), ("markers", self.markers)):
            if items:
                files.append(folder / f"{name}.yaml")
                files[-1].write_text(json.dumps(head | {name: items}, indent=2))
        if self.commands:
            names = (
                "ts_ms,ticker,type,level_price,level_type,level_width_atr,level_id,marker_type,marker_id,"
                "direction_bias,notes"
            ).split(",")
            files.append(folder / "commands.csv")
            lines = [[str({"ticker": self.symbol, **c}.get(name, "")) for name in names] for c in self.commands]
            files[-1].write_text("".join(",".join(line) + "\n" for line in [names, *lines]))
        return files

    def level_row(self, item):
        created = item.get("created_ts_ms", 0)
        price = float(item["level_price"])
        return {
            "session_id": self.session_id,
            "level_id": item.get("level_id") or reference_episodes.level_id(self.symbol, created, price),
            "level_price": price,
            "level_type": item["level_type"],
            "level_source": item["level_source"],
            "level_width_atr": float(item.get("level_width_atr") or self.width),
            "created_ts_ms": created,
            "direction_bias": item.get("direction_bias") or None,
            "chain_id": item.get("chain_id", "default"),
            "level_outcome": item.get("level_outcome", "pending"),
            "notes": item.get("notes"),
        }

    def level_rows(self):
        items = list(self.levels)
        for c in self.commands:
            if c["type"] == "add_level":
                items.append(c | {"level_source": "manual", "created_ts_ms": c["ts_ms"]})
        for marker in self.markers:
            for tag in marker.get("price_tags", []):
                kind = tag.get("kind", "manual")
                created = {"level_source": "manual", "created_ts_ms": marker["ts_ms"]}
                items.append({"level_price": tag["price"], "level_type": kind} | created)
        return ordered("ref", "levels", [self.level_row(item) for item in items])

    def marker_rows(self):
        entered = []
        for c in self.commands:
            if c["type"] == "add_marker":
                notes = {"text": c["notes"]} if c.get("notes") else None
                entered.append((c["ts_ms"], c["marker_type"], c.get("marker_id"), c.get("direction_bias"), notes))
        for item in self.markers:
            notes = dict(item.get("notes", {}))
            if "end_ts_ms" in item:
                notes["end_ts_ms"] = item["end_ts_ms"]
            for kind in item["marker_types"]:
                name = item.get("marker_id")
                if name and len(item["marker_types"]) > 1:
                    name = f"{name}:{kind}"
                entered.append((item["ts_ms"], kind, name, item.get("direction_bias"), notes or None))
        return [
            {
                "session_id": self.session_id,
                "input_seq": index,
                "marker_id": name or None,
                "ts_ms": ts_ms,
                "marker_type": kind,
                "direction_bias": bias or None,
                "notes": None if notes is None else json.dumps(notes, sort_keys=True, separators=(",", ":")),
            }
            for index, (ts_ms, kind, name, bias, notes) in enumerate(entered)
        ]


# Sessions (3.3, 5.4)


NEW_YORK = zoneinfo.ZoneInfo("America/New_York")


def new_york(date, clock):
    """UTC milliseconds of a civil time."""
    instant = datetime.datetime.combine(datetime.date.fromisoformat(date), datetime.time.fromisoformat(clock), NEW_YORK)
    return int(instant.timestamp()) * 1000


def default_session(lake, product, symbol, date, tie_policy, close="16:00:00"):
    """The session of a date without a session file."""
    start, end = new_york(date, "09:30:00"), new_york(date, close)
    seed, source = atr_seed(lake, product, symbol, date)
    return {
        "session_id": f"{symbol}:{date}:rth",
        "start_ts_ms": start,
        "end_ts_ms": end,
        "rth_open_ts_ms": start,
        "rth_close_ts_ms": end,
        "direction_bias": None,
        "atr_seed": seed,
        "atr_seed_source": source,
        "prior_close": None,
        "tie_policy": tie_policy,
    }


def atr_seed(lake, product, symbol, date):
    """5.4, of default sessions, which all cover the regular hours."""
    for back in range(1, 11):
        earlier = str(datetime.date.fromisoformat(date) - datetime.timedelta(back))
        bars = rows_of(lake, f"silver.{product}.bar_indicators", symbol, earlier)
        live = [bar for bar in bars if bar["atr_status"] == "live"]
        if live:
            return max(live, key=lambda bar: bar["bar_end_ts_ms"])["atr_value"], "prior_session"
    return 0.50, "fixed_default"
