"""What a run does with what is there: fresh, stale, replaced, refused; roots, ranges, shards, empty days.

Source: docs of the lake protocol: states of a partition, days, exit codes.
"""

import datetime
import hashlib
import json
import re
import shutil

import pytest

import vendorfiles
from pipeline import Lake, vendor
from vendorfiles import midnight, order

DATE = "2026-03-03"
WINDOW = {"start": "14:00:00Z", "end": "14:00:05Z"}
SILVER = ["book_snapshot_1s", "depth_and_flow_1s", "book_quality_1s"]
GOLD = ["physics_surface_1s", "forecast_1s"]


def rows(date, price=25_000_000_000, **more):
    """A book of two sides, a crossing moment, a trade."""
    at = midnight(date) + 14 * 3600 * 10**9
    return [
        order("A", "B", 1, price, 10, at=at - 10**9, **more),
        order("A", "A", 2, price + 250_000_000, 10, at=at - 10**9, **more),
        order("A", "B", 3, price + 500_000_000, 1, at=at + 10**9, **more),
        order("C", "B", 3, price + 500_000_000, 1, at=at + 10**9 + 5, **more),
        order("T", "A", 0, price, 4, at=at + 2 * 10**9, **more),
    ]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A small lake of one contract and date, all layers, with parameters of the command line."""
    folder = tmp_path_factory.mktemp("made")
    lake = Lake(folder / "lake")
    lake.add(vendorfiles.mbo_file(folder / "day.mbo.dbn.zst", rows(DATE), DATE))
    lake.run("all", "ESH6", DATE, set="assume_complete=true", **WINDOW).exits(0)
    return lake


@pytest.fixture
def small(made, tmp_path):
    """A copy of it, to be changed."""
    shutil.copytree(made.root, tmp_path / "lake")
    return Lake(tmp_path / "lake")


def outcome(result):
    """Outcomes of a run of one symbol and date by table, those of the book: the recorder's come out as they may."""
    tables = {entry["dataset"].split(".")[2]: entry["outcome"] for entry in result.partitions.values()}
    return {table: tables[table] for table in ["mbo", *SILVER, *GOLD] if table in tables}


def plan(lake, *arguments):
    """Actions and states by table."""
    result = lake.tarn("plan", "--json", "-p", "future_mbo", "-s", "ESH6", "-d", DATE, *arguments)
    return {
        entry["dataset"].split(".")[2]: (entry["action"], entry["state"])
        for task in result.json["tasks"]
        for entry in task["partitions"]
    }


# Parameters


def test_a_changed_parameter_makes_stale_with_the_reason_and_is_refused(small):
    before = small.hashes()
    result = small.run("all", "ESH6", DATE, set="crossed_policy=record")
    result.exits(4, r"book_snapshot_1s ESH6 2026-03-03 is stale \(parameters changed: crossed_policy\)")
    assert "--overwrite" in result.err
    assert {outcome(result)[table] for table in SILVER} == {"failed"}
    assert small.hashes() == before and small.leftovers() == []
    planned = plan(small, "-l", "silver", "--set", "crossed_policy=record")
    assert {planned[table][0] for table in SILVER} == {"refuse"}
    assert all("parameters changed: crossed_policy" in planned[table][1] for table in SILVER)


def test_overwrite_replaces_cascades_and_keeps_the_old_generation(small):
    old = {path: digest for path, digest in small.hashes().items() if not path.startswith("bronze")}
    result = small.run("all", "ESH6", DATE, "--overwrite", set="crossed_policy=record").exits(0)
    assert outcome(result) == {"mbo": "fresh"} | dict.fromkeys([*SILVER, *GOLD], "replaced")
    new = small.hashes("silver", "gold")
    quality = small.table("silver.future_mbo.book_quality_1s", "ESH6", DATE)
    assert set(quality["reason"].to_pylist()) == {"ok"} and sum(quality["crossed_events"].to_pylist()) == 1
    # The displaced generations are whole, under their own names.
    for entry in result.partitions.values():
        if entry["outcome"] != "replaced":
            assert entry["previous"] is None
            continue
        kept = small.root / entry["previous"]
        assert entry["previous"].startswith("_history/" + entry["path"])
        assert json.loads((kept / "_MANIFEST.json").read_text())["generation"] == kept.name
        for name in ("part-00000.parquet", "_MANIFEST.json", "_SUCCESS"):
            digest = hashlib.sha256((kept / name).read_bytes()).hexdigest()
            assert digest == old[f"{entry['path']}/{name}"]
            assert name == "part-00000.parquet" or digest != new[f"{entry['path']}/{name}"]
    replaced = [entry for entry in result.partitions.values() if entry["outcome"] == "replaced"]
    assert len(small.history()) == len(replaced) >= len(SILVER + GOLD) and small.leftovers() == []


def test_overwriting_silver_alone_leaves_gold_stale(small):
    small.run("silver", "ESH6", DATE, "--overwrite", set="crossed_policy=record").exits(0)
    result = small.run("gold", "ESH6", DATE)
    result.exits(4, r"physics_surface_1s ESH6 2026-03-03 is stale \(input changed: .*book_snapshot_1s")
    again = small.run("gold", "ESH6", DATE, "--overwrite").exits(0)
    assert outcome(again) == dict.fromkeys(GOLD, "replaced")
    assert small.run("all", "ESH6", DATE).exits(0).outcomes == {"fresh"}


def test_going_back_gives_the_first_bytes_again(small):
    before = small.hashes()
    small.run("all", "ESH6", DATE, "--overwrite", set="crossed_policy=record").exits(0)
    assert small.hashes() != before
    small.run("all", "ESH6", DATE, "--overwrite", set="crossed_policy=invalidate").exits(0)
    # The override is recorded even where it says what the default says; values are the same.
    for path, digest in small.hashes().items():
        if path.endswith(".parquet"):
            assert digest == before[path]


def test_a_command_without_the_option_keeps_the_override(small):
    """The window and assume_complete came from the command line; no later command repeats them."""
    before = small.hashes()
    assert small.run("all", "ESH6", DATE).exits(0).outcomes == {"fresh"}
    assert small.run("all", "ESH6", DATE, "--overwrite").exits(0).outcomes == {"fresh", "identical"}
    assert small.hashes() == before
    manifest = small.manifest("silver.future_mbo.book_snapshot_1s", "ESH6", DATE)
    overrides = manifest["parameters"]["overrides"]
    start = midnight(DATE) + 14 * 3600 * 10**9
    assert overrides == {"assume_complete": True, "output_start": start, "output_end": start + 5 * 10**9}
    # One more option is added to those that are kept.
    small.run("silver", "ESH6", DATE, "--overwrite", set="crossed_policy=record").exits(0)
    manifest = small.manifest("silver.future_mbo.book_snapshot_1s", "ESH6", DATE)
    assert manifest["parameters"]["overrides"] == overrides | {"crossed_policy": "record"}


def test_the_same_value_by_another_name_is_no_change(small):
    """09:00 in New York is 14:00 UTC in March."""
    settings = ["assume_complete=true", "output_start=09:00", "output_end=14:00:05Z"]
    assert small.run("all", "ESH6", DATE, set=settings).exits(0).outcomes == {"fresh"}


def test_a_parameter_of_gold_leaves_silver_alone(small):
    before = small.hashes("bronze", "silver")
    small.run("all", "ESH6", DATE, set="ema_frame=price").exits(4, r"parameters changed: ema_frame")
    result = small.run("gold", "ESH6", DATE, "--overwrite", set="ema_frame=price").exits(0)
    assert outcome(result) == dict.fromkeys(GOLD, "replaced")
    assert small.hashes("bronze", "silver") == before


def test_an_unknown_parameter_is_usage(small):
    before = small.hashes()
    for layer in ("all", "silver", "gold"):
        small.run(layer, "ESH6", DATE, set="crossed_polcy=record").exits(2, "crossed_polcy")
    small.run("gold", "ESH6", DATE, set="crossed_policy=record").exits(2, "no stage of the request.*crossed_policy")
    assert small.hashes() == before


@pytest.mark.parametrize(
    "setting,pattern",
    [
        ("crossed_policy=maybe", r"crossed_policy.*invalidate or record.*maybe"),
        ("assume_complete=perhaps", r"assume_complete.*perhaps"),
        ("output_start=25:00", r"output_start.*25:00"),
        ("publisher=65536", r"publisher.*65535.*65536"),
        ("crossed_policy", r"crossed_policy.*key=value"),
    ],
)
def test_a_value_that_cannot_be_is_usage(lake, setting, pattern):
    lake.add(vendorfiles.mbo_file(lake.root.parent / "day.mbo.dbn.zst", rows(DATE), DATE))
    lake.run("bronze", "ESH6", DATE).exits(0)
    book = "book_snapshot_1s"
    lake.run("silver", "ESH6", DATE, set=setting, table=book).exits(2, pattern)
    lake.tarn("plan", "-p", "future_mbo", "-l", "silver", "-t", book, "-s", "ESH6", "-d", DATE, "--set", setting).exits(
        2, pattern
    )
    assert not lake.hashes("silver", "gold") and lake.leftovers() == []


# The registry


REGISTRY = {
    "a revision": (r"(  silver_book:\n    products: .*\n    revision: )1", "2", r"stage revised"),
    "a default": (r"(crossed_policy: )invalidate", "record", r"parameters changed: crossed_policy"),
    "a lattice step": (r"(  ES: {q: )0.25", "0.5", r"parameters changed: q"),
}


@pytest.mark.parametrize("case", REGISTRY)
def test_a_changed_registry_makes_stale(small, tmp_path, case):
    """What the registry says of a stage is part of what its partitions were made from."""
    place, new, reason = REGISTRY[case]
    project = tmp_path / "project"
    shutil.copytree(small.project / "contracts", project / "contracts")
    text, count = re.subn(place, rf"\g<1>{new}", (small.project / "datasets.yaml").read_text(), count=1)
    assert count == 1
    (project / "datasets.yaml").write_text(text)
    before, small.project = small.hashes(), project
    small.run("all", "ESH6", DATE).exits(4, r"silver\.future_mbo\.book_snapshot_1s ESH6 2026-03-03 is stale \(.*" + reason)
    assert small.hashes() == before
    entries = small.tarn("status", "--json", "--partitions").exits(0).json["partitions"]
    (quality,) = [entry for entry in entries if entry["dataset"] == "silver.future_mbo.book_quality_1s"]
    # 'status' sees what a run sees.
    assert quality["state"] == "stale" and any(re.search(reason, text) for text in quality["reasons"])
    result = small.run("all", "ESH6", DATE, "--overwrite").exits(0)
    assert {outcome(result)[table] for table in SILVER} == {"replaced"}
    assert small.run("all", "ESH6", DATE).exits(0).outcomes == {"fresh"}
    small.tarn("verify").exits(0)


# Bronze


def test_bronze_is_not_overwritten_without_saying_so_twice(small):
    """More raw data of the day makes bronze stale; --overwrite alone refuses, both options replace and cascade."""
    before = small.hashes()
    late = [order("T", "A", 0, 25_000_000_000, 1, at=midnight(DATE) + 15 * 3600 * 10**9)]
    small.add(vendorfiles.mbo_file(small.root.parent / "later.mbo.dbn.zst", late, DATE))
    result = small.run("all", "ESH6", DATE)
    result.exits(4, r"bronze.future_mbo.mbo ESH6 2026-03-03 is stale \(input changed")
    result = small.run("all", "ESH6", DATE, "--overwrite")
    result.exits(4, "--overwrite-bronze")
    assert outcome(result)["mbo"] == "failed"
    assert small.hashes("bronze") == {k: v for k, v in before.items() if k.startswith("bronze")}
    small.tarn("run", "-p", "future_mbo", "-l", "bronze", "-s", "ESH6", "-d", DATE, "--overwrite-bronze").exits(2)
    result = small.run("all", "ESH6", DATE, "--overwrite", "--overwrite-bronze").exits(0)
    assert outcome(result) == dict.fromkeys(["mbo", *SILVER, *GOLD], "replaced")
    assert small.table("bronze.future_mbo.mbo", "ESH6", DATE).num_rows == len(rows(DATE)) + 1
    small.tarn("verify").exits(0)


def test_a_stale_input_is_used_with_a_warning(small):
    """Only own outputs refuse: gold is made from a silver that would be made differently today."""
    late = [order("T", "A", 0, 25_000_000_000, 1, at=midnight(DATE) + 15 * 3600 * 10**9)]
    small.add(vendorfiles.mbo_file(small.root.parent / "later.mbo.dbn.zst", late, DATE))
    result = small.run("silver", "ESH6", DATE, "--overwrite").exits(0)
    assert any("bronze.future_mbo.mbo ESH6" in text and "stale" in text for text in result.json["warnings"])


# Dates


def test_ranges_skip_days_without_files_and_list_them(lake):
    for date in ("2026-03-02", "2026-03-04"):
        lake.add(vendorfiles.mbo_file(lake.root.parent / f"{date}.mbo.dbn.zst", rows(date), date))
    result = lake.run("all", "ESH6", "2026-03-01:2026-03-05", set="assume_complete=true", **WINDOW).exits(0)
    assert result.json["skipped_dates"] == ["2026-03-01", "2026-03-03", "2026-03-05"]
    assert {entry["dt"] for entry in result.partitions.values()} == {"2026-03-02", "2026-03-04"}
    text = lake.tarn("run", "-p", "future_mbo", "-l", "all", "-s", "ESH6", "-d", "2026-03-01:2026-03-05").exits(0)
    assert "2026-03-01, 2026-03-03, 2026-03-05" in text.err + text.out


def test_a_date_that_is_named_must_have_files(lake):
    lake.add(vendorfiles.mbo_file(lake.root.parent / "day.mbo.dbn.zst", rows(DATE), DATE))
    result = lake.run("bronze", "ESH6", f"{DATE},2026-03-04,2026-03-05:2026-03-09")
    result.exits(4, r"no raw mbo file of 2026-03-04")
    assert result.json["skipped_dates"][0] == "2026-03-05" and len(result.json["skipped_dates"]) == 5
    # The other date is made all the same.
    assert [entry["dt"] for entry in result.partitions.values()] == [DATE]


def test_days_without_data_give_valid_empty_tables(lake):
    for schema in ("mbo", "definition", "statistics"):
        lake.tarn("raw", "add", "--no-data", "--dataset", "GLBX.MDP3", "--schema", schema, "--dt", DATE).exits(0)
    result = lake.run("all", "ESH6", f"{DATE}:2026-03-05").exits(0)
    assert result.json["skipped_dates"] == ["2026-03-04", "2026-03-05"]
    for table, layer in [("mbo", "bronze"), *((table, "silver") for table in SILVER), ("physics_surface_1s", "gold")]:
        manifest = lake.manifest(f"{layer}.future_mbo.{table}", "ESH6", DATE)
        assert (manifest["rows"], manifest["day_state"]) == (0, "no_data")
        found = lake.table(f"{layer}.future_mbo.{table}", "ESH6", DATE)
        contract = json.loads((lake.project / "contracts" / layer / "future_mbo" / f"{table}.avsc").read_text())
        assert found.num_rows == 0 and found.column_names == [field["name"] for field in contract["fields"]]
    lake.tarn("verify").exits(0)


def test_files_replace_a_day_without_data(lake):
    """The vendor delivers after all: the empty bronze is stale, and everything can be made anew."""
    lake.tarn("raw", "add", "--no-data", "--dataset", "GLBX.MDP3", "--schema", "mbo", "--dt", DATE).exits(0)
    lake.run("all", "ESH6", DATE).exits(0)
    lake.add(vendorfiles.mbo_file(lake.root.parent / "day.mbo.dbn.zst", rows(DATE), DATE))
    lake.run("all", "ESH6", DATE).exits(4, "stale")
    options = ["--overwrite", "--overwrite-bronze"]
    lake.run("all", "ESH6", DATE, *options, set="assume_complete=true", **WINDOW).exits(0)
    assert lake.manifest("gold.future_mbo.physics_surface_1s", "ESH6", DATE)["day_state"] == "events"
    assert lake.table("gold.future_mbo.physics_surface_1s", "ESH6", DATE).num_rows == 5 * 802


# Roots


@pytest.fixture(scope="module")
def roots(tmp_path_factory):
    """Two generated dates with trades from 05:00 to 08:30, all layers by the root."""
    folder = tmp_path_factory.mktemp("roots")
    lake = Lake(folder / "lake")
    lake.tarn("sample", folder / "days", "--records", "20000").exits(0)
    lake.add(*sorted((folder / "days").glob("*.dbn.zst")))
    lake.run("all", "ES", "2026-03-02:2026-03-03", start="09:30", end="09:30:05").exits(0)
    return lake


def test_a_root_means_all_contracts_in_bronze_and_the_chosen_one_below(roots):
    def symbols(layer, table):
        return {path.parents[1].name for path in (roots.root / layer).glob(f"*/table={table}/*/*/_SUCCESS")}

    assert symbols("bronze", "mbo") == {"symbol=ESH6", "symbol=ESM6"}
    assert symbols("bronze", "definition") == {"symbol=ES"}
    assert symbols("silver", "contract_day") == {"symbol=ES"}
    for layer, table in (("silver", "book_snapshot_1s"), ("gold", "physics_surface_1s")):
        assert symbols(layer, table) == {"symbol=ESH6"}


def test_the_choice_rests_on_the_volume_of_the_date_before(roots):
    day = roots.table("silver.future_mbo.contract_day", "ES", DATE).to_pylist()[0]
    start, end = midnight("2026-03-02"), midnight("2026-03-02") + 21 * 3600 * 10**9
    volumes = {}
    for symbol in ("ESH6", "ESM6"):
        orders = roots.table("bronze.future_mbo.mbo", symbol, "2026-03-02")
        times = orders["ts_event"].cast("int64").to_pylist()
        volumes[symbol] = sum(
            size
            for time, action, size in zip(times, orders["action"].to_pylist(), orders["size"].to_pylist())
            if action == "T" and start <= time < end
        )
    assert volumes == {"ESH6": day["prev_volume_selected"], "ESM6": day["prev_volume_rank2"]}
    assert (day["selected_symbol"], str(day["selected_exp_date"])) == ("ESH6", "2026-03-20")
    assert (str(day["prev_trading_date"]), day["roll_flag"]) == ("2026-03-02", False)


def test_select_contracts_prints_the_choice(roots):
    result = roots.tarn("select-contracts", "-s", "ES", "-d", "2026-03-02:2026-03-03", "--json").exits(0)
    table = [roots.table("silver.future_mbo.contract_day", "ES", date).to_pylist()[0] for date in ("2026-03-02", DATE)]
    assert len(result.json["contracts"]) == len(table)
    for shown, row in zip(result.json["contracts"], table):
        plain = {name: str(value) if isinstance(value, datetime.date) else value for name, value in row.items()}
        assert shown == {"root": "ES"} | plain


def test_a_root_without_a_choice_is_no_fault(lake):
    lake.add(vendorfiles.mbo_file(lake.root.parent / "day.mbo.dbn.zst", rows(DATE), DATE))
    lake.run("bronze", "ES", DATE).exits(0)
    # 14:00 UTC is after 08:30 in New York: no trading date, and that is no fault.
    result = lake.run("silver,gold", "ES", DATE).exits(0)
    assert result.partitions == {} and all("no trading date" in task["note"] for task in result.json["tasks"])


# Shards


def test_shards_partition_the_symbols(lake):
    instruments = {f"ES{letter}{year}": index for index, (letter, year) in
                   enumerate(((a, b) for a in "HMUZ" for b in "678"), 1)}  # fmt: skip
    every = [row for identity in instruments.values() for row in rows(DATE, instrument_id=identity)]
    lake.add(vendorfiles.mbo_file(lake.root.parent / "day.mbo.dbn.zst", every, DATE, instruments))
    symbols = ",".join(instruments)
    seen = []
    for index in range(1, 6):
        arguments = ["-p", "future_mbo", "-l", "bronze", "-t", "mbo", "-s", symbols, "-d", DATE, "--shard", f"{index}/5"]
        planned = lake.tarn("plan", "--json", *arguments).exits(0).json
        mine = [entry["symbol"] for task in planned["tasks"] for entry in task["partitions"]]
        made = [entry["symbol"] for entry in lake.tarn("run", "--json", *arguments).exits(0).partitions.values()]
        assert sorted(mine) == sorted(made) and len(made) < len(instruments)
        seen += made
    assert sorted(seen) == sorted(instruments)


@pytest.mark.parametrize("shard", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2"])
def test_a_shard_that_cannot_be_is_usage(lake, shard):
    lake.run("bronze", "ESH6", DATE, f"--shard={shard}").exits(2, "shard")


# Dry runs


def test_plans_write_nothing(lake):
    lake.add(vendorfiles.mbo_file(lake.root.parent / "day.mbo.dbn.zst", rows(DATE), DATE))
    before = sorted(str(path) for path in lake.root.rglob("*"))
    base = ["-p", "future_mbo", "-l", "all", "-s", "ESH6", "-d", DATE, "--start", "14:00Z", "--end", "14:00:05Z"]
    first = lake.tarn("plan", "--json", *base).exits(0).json
    again = lake.tarn("run", "--dry-run", "--json", *base).exits(0).json
    lines = [json.loads(line) for line in lake.tarn("plan", "--ndjson", *base).exits(0).out.splitlines()]
    # A line says besides how the whole plan wanted its task done.
    assert first == again
    for task, line in zip(first["tasks"], lines, strict=True):
        assert {name: line[name] for name in task} == task
    assert {entry["action"] for task in lines for entry in task["partitions"]} == {"build"}
    assert sorted(str(path) for path in lake.root.rglob("*")) == before
    made = lake.tarn("run", "--json", *base).exits(0).partitions
    assert sorted(made) == sorted(entry["path"] for task in lines for entry in task["partitions"])


def test_rebuild_is_overwriting_from_a_layer_down(small):
    result = small.tarn("rebuild", "--from", "silver", "--json", "-p", "future_mbo", "-s", "ESH6", "-d", DATE,
                        "--set", "crossed_policy=record").exits(0)  # fmt: skip
    assert outcome(result) == dict.fromkeys([*SILVER, *GOLD], "replaced")


def test_the_report_of_a_run_is_kept(lake):
    lake.add(vendorfiles.mbo_file(lake.root.parent / "day.mbo.dbn.zst", rows(DATE), DATE))
    result = lake.run("all", "ESH6", DATE, **WINDOW).exits(0)
    kept = lake.root / "_runs" / f"{result.json['run']}.json"
    assert json.loads(kept.read_text()) == result.json


def test_real_days_with_the_hours_of_the_registry(lake):
    """Default parameters on files that hold nothing of those hours: dense windows, none valid, silver is whole."""
    lake.add(*vendor(*vendorfiles.ESH4))
    result = lake.run("bronze,silver", "ESH4", "2023-12-24,2023-12-25").exits(0)
    assert result.outcomes == {"published"}
    for date in ("2023-12-24", "2023-12-25"):
        assert lake.table("silver.future_mbo.book_quality_1s", "ESH4", date).num_rows == 23_400


@pytest.mark.parametrize("setting,words", [
    # A parameter of the book, of gold's surface, of the forecast, of the recorder's sessions and of its formulas.
    ("crossed_policy=sometimes", "parameter crossed_policy: expected invalidate or record, found 'sometimes'"),
    ("publisher=65536", "parameter publisher: expected 0…65535, found 65536"),
    ("ema_frame=sideways", "parameter ema_frame: expected price or spot, found 'sideways'"),
    ("options=maybe", "parameter options: expected auto or ignore or require, found 'maybe'"),
    ("beta=much", "parameter beta: expected a number, found 'much'"),
    ("holidays=2026-02-30", "parameter holidays: expected dates YYYY-MM-DD, found '2026-02-30'"),
    ("rth_open=17:00", "rth_open is not before the end of regular hours on 2026-03-03"),
    ("fixed_default_atr=0", "parameter fixed_default_atr: expected a number above 0"),
    ("level_width_atr=-1", "parameter level_width_atr: expected a number above 0"),
    ("floor_atr=-1", "floor_atr"),
    ("band_pct=none", "band_pct"),
])  # fmt: skip
def test_a_parameter_that_one_stage_cannot_use_stops_the_whole_request(made, tmp_path, setting, words):
    """Before anything runs: what the other stages could make is not made either."""
    shutil.copytree(made.root / "raw", tmp_path / "lake" / "raw")
    lake = Lake(tmp_path / "lake")
    for more in ([], ["--dry-run"]):
        result = lake.run("all", "ESH6", DATE, *more, set=setting).exits(2)
        assert words in result.err, str(result)
    assert lake.hashes("bronze", "ref", "silver", "gold") == {} and not (lake.root / "_runs").exists()


def test_a_window_that_is_empty_stops_the_whole_request(made, tmp_path):
    shutil.copytree(made.root / "raw", tmp_path / "lake" / "raw")
    lake = Lake(tmp_path / "lake")
    lake.run("all", "ESH6", DATE, start="17:00").exits(2, "the window is empty")
    assert lake.hashes("bronze", "ref", "silver", "gold") == {}
