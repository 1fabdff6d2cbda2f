"""Source files of sessions, levels, markers and labels: from a text somebody wrote to the tables that are published."""

import json

import pandas
import polars
import pyarrow
import pyarrow.parquet as parquet
import pytest

from pipeline import Lake

DATE = "2026-01-06"
DAY = ("-p", "equity_taq", "-s", "TSLA", "-d", DATE)
OPEN, CLOSE = 1_767_709_800_000, 1_767_733_200_000  # 14:30 and 21:00 UTC
TABLES = ("sessions", "levels", "markers", "labels")
USAGE, NOT_READY, CORRUPT = 2, 4, 5

LEVELS = """\
ticker: TSLA
levels:
  - {level_id: pdl, level_price: 250, level_type: support, level_source: prior_low}
"""
MARKERS = f"""\
ticker: TSLA
markers:
  - {{ts_ms: {OPEN + 600_000}, marker_types: [breakdown], price_tags: [{{price: 251.5, kind: resistance}}]}}
"""
COMMANDS = f"""\
ts_ms,ticker,type,level_price,level_type,level_width_atr,level_id,marker_type,marker_id,direction_bias,notes
{OPEN},TSLA,add_level,249.5,support,,,,,,
"""
SESSION = f"""\
symbol: TSLA
dt: {DATE}
end_ts_ms: {OPEN + 3_600_000}
daily_atr: 7.8
"""
LABELS = "episode_id,manual_outcome,confidence\ne1,win,0.5\ne2,draw,\ne1,loss,1\n"


def write(folder, name, text):
    path = folder / name
    path.write_text(text)
    return path


def ref(lake, *more):
    return lake.tarn("ref", "add", *DAY, "--json", *more)


def rows(lake, table):
    found = lake.table(f"ref.equity_taq.{table}", "TSLA", DATE)
    return [
        {
            name: column.cast("int64")[i].as_py() if pyarrow.types.is_timestamp(column.type) else column[i].as_py()
            for name, column in zip(found.column_names, found.columns)
        }
        for i in range(found.num_rows)
    ]


def test_a_date_without_files_has_its_regular_hours_and_empty_tables(lake):
    lake.tarn("run", *DAY, "-l", "silver", "-t", ",".join(TABLES)).exits(0)
    (session,) = rows(lake, "sessions")
    assert session["session_id"] == f"TSLA:{DATE}:rth"
    assert (session["start_ts_ms"], session["end_ts_ms"]) == (OPEN, CLOSE)
    assert (session["atr_seed"], session["atr_seed_source"]) == (0.5, "fixed_default")
    assert [rows(lake, table) for table in TABLES[1:]] == [[], [], []]
    lake.tarn("verify").exits(0)


def test_files_of_every_kind_are_recognised_and_published(lake, tmp_path):
    # Names say nothing about what a file is.
    files = [write(tmp_path, str(n), text) for n, text in enumerate((LABELS, SESSION, COMMANDS, MARKERS, LEVELS))]
    result = ref(lake, *files).exits(0).json
    assert [one["kind"] for one in result["added"]] == ["labels", "sessions", "commands", "markers", "levels"]
    assert result["not_taken"]["labels_skipped"] == 1 and result["not_taken"]["labels_replaced"] == 1
    (session,) = rows(lake, "sessions")
    assert session["end_ts_ms"] == OPEN + 3_600_000
    assert session["atr_seed_source"] == "daily_fallback" and abs(session["atr_seed"] - 7.8 / 390**0.5) < 1e-15
    assert {row["level_id"]: row["level_price"] for row in rows(lake, "levels")} == {
        f"manual:TSLA:{OPEN}:249.5": 249.5,
        f"manual:TSLA:{OPEN + 600_000}:251.5": 251.5,
        "pdl": 250.0,
    }
    assert [(row["input_seq"], row["marker_type"]) for row in rows(lake, "markers")] == [(0, "breakdown")]
    assert [(row["episode_id"], row["manual_outcome"]) for row in rows(lake, "labels")] == [("e1", "loss")]
    assert lake.manifest("ref.equity_taq.labels", "TSLA", DATE)["quality"]["rows_dropped"] == 2
    lake.tarn("verify").exits(0)
    listed = lake.tarn("ref", "list", "--json").exits(0).json["files"]
    assert {(one["kind"], one["name"], one["symbol"]) for one in listed} == {
        ("labels", "0", "TSLA"), ("sessions", "1", "TSLA"), ("commands", "2", "TSLA"), ("markers", "3", "TSLA"),
        ("levels", "4", "TSLA"),
    }
    assert lake.tarn("ref", "list", "-s", "SPY", "--json").exits(0).json["files"] == []


def test_labels_come_as_parquet_too(lake, tmp_path):
    table = pyarrow.table(
        {
            "episode_id": ["a", "b", "c", "d"],
            "manual_outcome": ["win", None, "scratch", "loss"],
            "confidence": [0.25, 0.5, 2.0, None],
            "index": [0, 1, 2, 3],
        }
    )
    for compression in ("zstd", "none", "snappy", "lz4"):
        path = tmp_path / "labels.parquet"
        parquet.write_table(table, path, compression=compression)
        ref(lake, path).exits(0)
        assert rows(lake, "labels") == [
            {"episode_id": "a", "manual_outcome": "win", "manual_notes": None, "setup_type": None, "confidence": 0.25},
            {"episode_id": "d", "manual_outcome": "loss", "manual_notes": None, "setup_type": None, "confidence": None},
        ]
    parquet.write_table(table.drop_columns(["manual_outcome"]), path, compression="none")
    ref(lake, path).exits(CORRUPT, "labels.parquet: the column 'manual_outcome' is missing")


def test_labels_as_pandas_and_polars_write_them(lake, tmp_path):
    """As they are, without an option: an index, a column that is null all over, whole numbers."""
    columns = {"episode_id": ["a", "b"], "manual_outcome": ["win", "loss"], "manual_notes": [None, None], "setup_type": ["x", None]}
    expected = [
        {"episode_id": "a", "manual_outcome": "win", "manual_notes": None, "setup_type": "x", "confidence": 0.5},
        {"episode_id": "b", "manual_outcome": "loss", "manual_notes": None, "setup_type": None, "confidence": 1.0},
    ]
    path = tmp_path / "labels.parquet"
    frame = pandas.DataFrame(columns | {"confidence": [0.5, 1.0]}, index=[10, 20])
    for made in (frame, frame.set_index("episode_id").reset_index(), frame.astype({"setup_type": "category"})):
        made.to_parquet(path)
        ref(lake, path).exits(0)
        assert rows(lake, "labels") == expected
    polars.DataFrame(columns | {"confidence": [0.5, 1.0]}).write_parquet(path)
    ref(lake, path).exits(0)
    assert rows(lake, "labels") == expected


def test_a_file_of_the_same_name_replaces_its_predecessor_which_is_kept(lake, tmp_path):
    path = write(tmp_path, "levels.yaml", LEVELS)
    ref(lake, path).exits(0)
    (placed,) = (lake.root / "raw").rglob("levels.yaml")
    other = write(tmp_path, "more.yaml", LEVELS.replace("pdl", "other"))
    ref(lake, other).exits(0)
    path.write_text(LEVELS.replace("250", "260"))
    assert placed.read_text() == LEVELS, "the lake has a file of its own"
    result = ref(lake, path).exits(0).json
    assert result["added"][0]["replaced_sha256"] is not None
    assert {row["level_id"]: row["level_price"] for row in rows(lake, "levels")} == {"pdl": 260.0, "other": 250.0}
    assert [old.read_text() for old in (lake.root / "_history" / "raw").rglob("*") if old.is_file()] == [LEVELS]
    # The replaced generation is kept, too; nothing is collected from the raw files' history.
    assert len(lake.history()) >= 1
    lake.tarn("gc", "--delete").exits(0)
    assert [old.read_text() for old in (lake.root / "_history" / "raw").rglob("*") if old.is_file()] == [LEVELS]
    # The same bytes again change nothing.
    before = lake.hashes("raw", "ref")
    again = ref(lake, path).exits(0).json
    assert again["added"][0]["replaced_sha256"] is None and lake.hashes("raw", "ref") == before


@pytest.mark.parametrize(
    "text, message, code",
    [
        (LEVELS.replace("level_price: 250, ", ""), r"bad:3: a level: the key 'level_price' is missing", CORRUPT),
        (LEVELS.replace("250", "-1"), r"bad:3: 'level_price' of a level: expected a number above 0", CORRUPT),
        (LEVELS.replace("prior_low", "yesterday"), r"bad:3: .*'yesterday' is not one of: manual, derived", CORRUPT),
        (LEVELS + LEVELS.splitlines()[-1] + "\n", r"bad:4: the level_id 'pdl' .* is already in .*bad:3", CORRUPT),
        (LEVELS.replace("TSLA", "AAPL"), r"bad:1: it is of 'AAPL', not of TSLA", USAGE),
        (LEVELS.replace("pdl", "held"), r"bad:3: the level_id 'held' .* is already in raw/.*/good:3|good:3: the level_id", CORRUPT),
        (MARKERS.replace("breakdown", "hammer"), r"bad:3: .*'hammer' is not one of", CORRUPT),
        (COMMANDS + "noon,TSLA,add_level,1,support,,,,,,\n", r"bad:3: column ts_ms", CORRUPT),
        (COMMANDS + "1,TSLA\n", r"bad:3: expected 11 fields, found 2", CORRUPT),
        (SESSION.replace(f"{OPEN + 3_600_000}", f"{OPEN - 3_600_000}"), r"bad:1: the session ends", CORRUPT),
        (SESSION.replace(DATE, "2026-01-07"), r"bad:1: it is of 2026-01-07, not of 2026-01-06", USAGE),
        ("levels: [\n", r"bad:2: .*neither a session, level or marker file", CORRUPT),
        ("hello\n", r"bad:1: neither", CORRUPT),
        ("episode_id,manual_outcome\n,win\n", r"bad:2: column episode_id: it is empty", CORRUPT),
    ],
)
def test_a_faulty_file_changes_nothing(lake, tmp_path, text, message, code):
    ref(lake, write(tmp_path, "good", LEVELS.replace("pdl", "held"))).exits(0)
    before = lake.hashes("raw", "ref")
    fine = write(tmp_path, "fine", COMMANDS.replace("249.5", "248"))
    ref(lake, fine, write(tmp_path, "bad", text)).exits(code, message)
    assert lake.hashes("raw", "ref") == before and lake.leftovers() == []


def test_requests_that_cannot_be_are_refused(lake, tmp_path):
    path = write(tmp_path, "l", LEVELS)
    ref(lake, tmp_path / "none").exits(NOT_READY, "none: No such file")
    ref(lake, path, path).exits(USAGE, "have one name")
    lake.tarn("ref", "add", "-p", "equity_tag", "-s", "TSLA", "-d", DATE, path).exits(USAGE)
    lake.tarn("ref", "add", "-p", "future_option_mbo", "-s", "ES", "-d", DATE, path).exits(
        USAGE, "there are no reference tables of 'future_option_mbo'")
    lake.tarn("ref", "add", path).exits(USAGE, "product-type")
    lake.tarn("ref", "ad").exits(USAGE, "did you mean 'add'")
    assert lake.hashes("raw", "ref") == {}


def test_what_is_published_does_not_depend_on_who_added_what_when(tmp_path):
    texts = {"l": LEVELS, "m": MARKERS, "c": COMMANDS, "s": SESSION, "e": LABELS}
    files = {name: write(tmp_path, name, text) for name, text in texts.items()}
    lakes = [Lake(tmp_path / name) for name in ("one", "two")]
    ref(lakes[0], *files.values()).exits(0)
    for name in reversed(files):
        ref(lakes[1], files[name]).exits(0)
    assert lakes[0].hashes("ref") == lakes[1].hashes("ref") != {}


def test_levels_and_markers_are_added_one_at_a_time(lake):
    lake.tarn("level", "add", *DAY, "--price", "250", "--type", "support", "--notes", 'the "low", again').exits(0)
    lake.tarn("level", "add", *DAY, "--price", "251.25", "--type", "resistance", "--at", "10:15", "--id", "high",
              "--width", "0.5", "--bias", "short").exits(0)
    lake.tarn("marker", "add", *DAY, "--at", "15:30:00Z", "--type", "breakdown", "--id", "m").exits(0)
    levels = {row["level_id"]: row for row in rows(lake, "levels")}
    assert levels.keys() == {"manual:TSLA:0:250.0", "high"}
    assert levels["manual:TSLA:0:250.0"]["notes"] == 'the "low", again'
    assert levels["high"]["created_ts_ms"] == OPEN + 45 * 60_000
    assert (levels["high"]["level_width_atr"], levels["high"]["direction_bias"]) == (0.5, "short")
    (marker,) = rows(lake, "markers")
    assert (marker["marker_id"], marker["ts_ms"]) == ("m", OPEN + 3_600_000)
    kept = [path for path in (lake.root / "_history" / "raw").rglob("*") if path.is_file()]
    assert sorted(len(path.read_text().splitlines()) for path in kept) == [2, 3]
    before = lake.hashes("raw", "ref")
    lake.tarn("level", "add", *DAY, "--price", "1", "--type", "support", "--id", "high").exits(
        CORRUPT, "commands.csv:5: the level_id 'high'")
    lake.tarn("level", "add", *DAY, "--price", "0", "--type", "support").exits(USAGE, "'0' is not a number above 0")
    lake.tarn("level", "add", *DAY, "--price", "1", "--type", "suport").exits(USAGE, "support")
    assert lake.hashes("raw", "ref") == before


def test_a_session_starts_from_the_atr_of_the_session_before(lake):
    """The tables that hold it are made by the recorder's silver, from trades."""
    pytest.importorskip("databento_dbn")
    manifest = lambda date: lake.manifest("ref.equity_taq.sessions", "SPY", date)  # noqa: E731
    lake.tarn("sample", lake.root.parent / "days", "-p", "equity_taq", "--records", "30000").exits(0)
    lake.add(*(lake.root.parent / "days").glob("*mbp-1*"), product="equity_taq")
    days = ("2026-03-02", "2026-03-03")
    lake.run("bronze,silver", "SPY", ":".join(days), product="equity_taq").exits(0)
    seeds = [lake.table("ref.equity_taq.sessions", "SPY", day).to_pylist()[0] for day in days]
    assert [seed["atr_seed_source"] for seed in seeds] == ["fixed_default", "prior_session"]
    indicators = lake.table("silver.equity_taq.bar_indicators", "SPY", days[0]).to_pylist()
    live = [row for row in indicators if row["atr_status"] == "live"]
    assert seeds[1]["atr_seed"] == max(live, key=lambda row: row["bar_end_ts_ms"])["atr_value"]
    absent, found = manifest(days[0])["inputs"], manifest(days[1])["inputs"]
    assert [one["manifest_sha256"] for one in absent] == [None] and "dt=2026-03-01" in absent[0]["partition"]
    assert [one["partition"].split("/")[2] for one in found] == ["table=sessions", "table=bar_indicators"]
    # The second day alone, on the first one's tables, is the same.
    other = Lake(lake.root.parent / "other")
    other.add(*(lake.root.parent / "days").glob("*mbp-1*"), product="equity_taq")
    for day in days:
        other.run("bronze,silver", "SPY", day, product="equity_taq").exits(0)
    assert other.hashes() == lake.hashes() and other.hashes("ref") == lake.hashes("ref")
    # A first day that comes later makes the second one stale.
    late = Lake(lake.root.parent / "late")
    late.add(*(lake.root.parent / "days").glob("*mbp-1*"), product="equity_taq")
    late.run("bronze,silver", "SPY", days[1], product="equity_taq").exits(0)
    late.run("bronze,silver", "SPY", days[0], product="equity_taq").exits(0)
    late.run("silver", "SPY", days[1], product="equity_taq").exits(NOT_READY, "stale")
    late.run("silver", "SPY", days[1], "--overwrite", product="equity_taq").exits(0)
    assert late.hashes("ref") == lake.hashes("ref")


def test_files_of_several_dates_may_come_before_the_first_run(lake, tmp_path):
    """Later sessions follow the ATR of earlier ones when these exist, without being asked to."""
    folder, days = lake.root.parent / "days", ("2026-03-02", "2026-03-03")
    lake.tarn("sample", folder, "-p", "equity_taq", "--records", "30000").exits(0)
    other = Lake(tmp_path / "other")
    for one in (lake, other):
        one.add(*folder.glob("*mbp-1*"), product="equity_taq")
    files = {day: sorted(folder.glob(f"spy-{day.replace('-', '')}.*")) for day in days}
    add = lambda one, day: one.tarn("ref", "add", "-p", "equity_taq", "-s", "SPY", "-d", day, *files[day]).exits(0)
    source = lambda day: lake.table("ref.equity_taq.sessions", "SPY", day)["atr_seed_source"].to_pylist()
    for day in days:
        add(lake, day)
    before = source(days[1])
    planned = lake.tarn("plan", "-p", "equity_taq", "-l", "all", "-s", "SPY", "-d", ":".join(days), "--json").exits(0)
    assert "refuse" not in planned.out
    lake.run("all", "SPY", ":".join(days), product="equity_taq").exits(0)
    assert source(days[1]) == ["prior_session"] != before
    for day in days:
        add(other, day)
        other.run("all", "SPY", day, product="equity_taq").exits(0)
    assert lake.hashes() == other.hashes() and lake.hashes("ref") == other.hashes("ref")
    # A stale session is rebuilt; silver that was made from it says that it is stale, and stays.
    add(lake, days[0])
    lake.run("all", "SPY", ":".join(days), product="equity_taq").exits(0)
    assert lake.run("ref", "SPY", days[1], product="equity_taq").exits(0).outcomes == {"fresh"}


def test_parameters_of_sessions_are_set_where_the_files_are_added(lake, tmp_path):
    early = OPEN - 3_600_000
    path = write(tmp_path, "s", SESSION + f"start_ts_ms: {early}\n")
    ref(lake, path).exits(0)
    assert rows(lake, "sessions")[0]["start_ts_ms"] == OPEN
    ref(lake, path, "--set", "include_extended_hours=true").exits(0)
    assert rows(lake, "sessions")[0]["start_ts_ms"] == early
    # Kept by what comes after, until it is set anew.
    ref(lake, write(tmp_path, "l", LEVELS), "--set", "level_width_atr=0.5").exits(0)
    assert rows(lake, "sessions")[0]["start_ts_ms"] == early
    assert rows(lake, "levels")[0]["level_width_atr"] == 0.5
    lake.run("ref", "TSLA", DATE, product="equity_taq", set="include_extended_hours=false").exits(0)
    assert rows(lake, "sessions")[0]["start_ts_ms"] == OPEN
    before = lake.hashes("raw", "ref")
    ref(lake, path, "--set", "include_extended=true").exits(USAGE, "no stage of the request has a parameter")
    ref(lake, path, "--set", "rth_open=17:00:00").exits(USAGE, "rth_open is not before the end")
    ref(lake, path, "--set", "a=1", "--set", "a=2").exits(USAGE, "given twice")
    assert lake.hashes("raw", "ref") == before


def test_the_sample_has_source_files_of_every_kind(lake):
    days = lake.root.parent / "days"
    written = lake.tarn("sample", days, "-p", "equity_taq", "-d", "2026-03-02", "--json").exits(0).json["references"]
    files = [days / one["name"] for one in written]
    result = lake.tarn("ref", "add", "-p", "equity_taq", "-s", "SPY", "-d", "2026-03-02", "--json", *files).exits(0).json
    assert [one["kind"] for one in result["added"]] == [one["kind"] for one in written] == [
        "sessions", "levels", "commands", "markers", "labels",
    ]
    assert result["not_taken"]["labels_skipped"] == 1 and result["not_taken"]["labels_replaced"] == 1
    table = lambda name: lake.table(f"ref.equity_taq.{name}", "SPY", "2026-03-02")  # noqa: E731
    assert set(table("levels")["level_type"].to_pylist()) == {"support", "resistance", "vwap", "trendline", "manual"}
    assert set(table("levels")["level_source"].to_pylist()) == {"manual", "derived", "prior_low", "vwap", "trendline"}
    assert len(set(table("markers")["marker_type"].to_pylist())) == 8
    assert set(table("labels")["manual_outcome"].to_pylist()) == {"win", "loss", "no_trade"}


def test_help_tells_how(lake):
    for command in (("ref", "add"), ("ref", "list"), ("level", "add"), ("marker", "add")):
        out = lake.tarn(*command, "--help").exits(0).out
        assert "tarn " + " ".join(command) in out and "xample" in out, out
