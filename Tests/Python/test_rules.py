"""Value rules of the contracts, as the whole program keeps them: every violated rule with its rows, in text, JSON and
JUnit; what breaks one is kept in quarantine and never published; what another version of a contract made is stale."""

import hashlib
import json
import re
import shutil
import xml.etree.ElementTree as xml

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from pipeline import Lake
from vendorfiles import midnight

DATE = "2026-03-03"
SURFACE = "gold.future_mbo.physics_surface_1s"
FLOW = "silver.future_mbo.depth_and_flow_1s"
OK, VIOLATION, NOT_READY = 0, 3, 4


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Five seconds of a generated day, order book and physics. Copied, never worked on."""
    folder = tmp_path_factory.mktemp("rules")
    Lake(folder / "unused").tarn("sample", folder / "days", "--records", "5000").exits(OK)
    lake = Lake(folder / "lake")
    lake.add(*sorted((folder / "days").glob(f"*{DATE.replace('-', '')}*.dbn.zst")))
    tables = "mbo,book_snapshot_1s,depth_and_flow_1s,book_quality_1s,physics_surface_1s"
    lake.run("bronze,silver,gold", "ESM6", DATE, table=tables, start="09:30", end="09:30:05").exits(OK)
    return lake


@pytest.fixture
def lake(whole, tmp_path):
    shutil.copytree(whole.root, tmp_path / "lake")
    return Lake(tmp_path / "lake")


def commit(lake, dataset, table, **changes):
    """Puts a table in the place of a partition's, with a manifest and a marker that vouch for it."""
    folder = lake.folder(dataset, "ESM6", DATE)
    part = folder / "part-00000.parquet"
    parquet.write_table(table, part, compression="zstd", use_dictionary=["side"])
    content = part.read_bytes()
    manifest = json.loads((folder / "_MANIFEST.json").read_text()) | changes
    digest = hashlib.sha256(content).hexdigest()
    manifest["rows"] = table.num_rows
    manifest["files"] = [manifest["files"][0] | {"bytes": len(content), "sha256": digest, "rows": table.num_rows}]
    manifest["generation"] = generation(lake, folder, manifest)
    text = json.dumps(manifest, sort_keys=True).encode()
    (folder / "_MANIFEST.json").write_bytes(text)
    (folder / "_SUCCESS").write_text(hashlib.sha256(text).hexdigest() + "\n")


def generation(lake, folder, manifest):
    """The hash of what determines the bytes of a partition."""
    names = ("compression", "contract", "inputs", "parameters", "stage", "writer_revision")
    members = {name: manifest[name] for name in names} | {"partition": str(folder.relative_to(lake.root))}
    return hashlib.sha256(json.dumps(members, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def columns_of(lake, dataset):
    table = lake.table(dataset, "ESM6", DATE)
    return table, {name: table[name].to_pylist() for name in table.column_names if not pa.types.is_timestamp(table[name].type)}


def with_columns(table, columns):
    for name, values in columns.items():
        index = table.schema.get_field_index(name)
        table = table.set_column(index, table.schema.field(name), pa.array(values, table.schema.field(name).type))
    return table


def broken_surface(lake):
    """The surface with one or two rows against each kind of rule, apart from each other. (table, rows by rule)."""
    table, values = columns_of(lake, SURFACE)
    ends = table["window_end_ts_ns"].cast("int64").to_numpy()
    (last_of_window, *_) = np.flatnonzero(np.diff(ends))
    values["rho"][10] = values["rho"][20] = -1.0
    values["u_p"][30] = float("nan")
    values["u_p_slow"][31] = float("-inf")
    values["spot_ref_price_int"][40] = 0
    values["liquidity_velocity"][50] += 1e-6
    values["liquidity_velocity"][51] += 5e-10
    # The key of row 60 twice.
    values["rel_ticks"][61] = values["rel_ticks"][60]
    values["side"][61] = values["side"][60]
    # Two rows in each other's place.
    values["rel_ticks"][70], values["rel_ticks"][71] = values["rel_ticks"][71], values["rel_ticks"][70]
    # Behind every other row of its window, so that the order is kept.
    values["side"][last_of_window] = "X"
    values["rel_ticks"][-1] = 201
    assert last_of_window > 80 and values["side"][60] == values["side"][59] and values["side"][70] == values["side"][71]
    rows = {
        ("minimum", "rho"): [10, 20],
        ("finite", "u_p"): [30],
        ("finite", "u_p_slow"): [31],
        ("minimum", "spot_ref_price_int"): [40],
        ("identity", "add_intensity,pull_intensity,fill_intensity,liquidity_velocity"): [50],
        ("key", "window_end_ts_ns,side,rel_ticks"): [61],
        ("order", "window_end_ts_ns,side,rel_ticks"): [71],
        ("symbol", "side"): [int(last_of_window)],
        ("maximum", "rel_ticks"): [table.num_rows - 1],
    }
    return with_columns(table, values), rows


def test_verify_names_every_violated_rule_with_its_rows(lake, tmp_path):
    table, expected = broken_surface(lake)
    commit(lake, SURFACE, table)
    report = tmp_path / "verify.xml"
    result = lake.tarn("verify", "-l", "gold", "--json", "--junit", report).exits(VIOLATION)
    (entry,) = (one for one in result.json["partitions"] if one["dataset"] == SURFACE)
    assert entry["damage"] == [] and entry["sound"] is False
    found = {}
    for rule in entry["conformance"]["violations"]:
        found[rule["rule"], ",".join(rule["columns"])] = [sample["row"] for sample in rule["samples"]]
        assert rule["rows"] == len(rule["samples"])
        assert all(sample["key"].startswith("window_end_ts_ns=") for sample in rule["samples"])
    assert found == expected
    text = lake.tarn("verify", "-l", "gold").exits(VIOLATION).err
    assert f"{len(expected)} of {entry['conformance']['rules']} rules violated" in text
    for (kind, _), rows in expected.items():
        assert re.search(rf"{kind}: .*: {len(rows)} rows?\n", text), kind
        for row in rows:
            assert re.search(rf"row {row} \(window_end_ts_ns=\d+, side=\w, rel_ticks=-?\d+\): ", text), row
    suite = next(one for one in xml.parse(report).getroot() if SURFACE in one.get("name"))
    failures = [case for case in suite if case.find("failure") is not None]
    assert int(suite.get("failures")) == len(failures) == len(expected)
    # One case a rule, and one for the bytes.
    assert int(suite.get("tests")) == len(suite) == entry["conformance"]["rules"] + 1


def test_an_identity_holds_only_where_its_condition_does(lake):
    table, values = columns_of(lake, FLOW)
    assert all(values["window_valid"][:3])
    values["depth_qty_end"][0] += 1
    values["depth_qty_end"][1] += 1
    values["window_valid"][1] = False
    commit(lake, FLOW, with_columns(table, values))
    report = lake.tarn("verify", "-l", "silver", "--json").exits(VIOLATION).json["partitions"]
    (entry,) = (one for one in report if one["dataset"] == FLOW)
    (rule,) = entry["conformance"]["violations"]
    assert (rule["rule"], rule["rows"], rule["samples"][0]["row"]) == ("identity", 1, 0)


def test_many_rows_are_counted_and_the_first_shown(lake):
    table, values = columns_of(lake, SURFACE)
    for row in range(0, table.num_rows, 3):
        values["rho"][row] = -1.0
    commit(lake, SURFACE, with_columns(table, values))
    count = len(range(0, table.num_rows, 3))
    result = lake.tarn("verify", "-l", "gold", "--json").exits(VIOLATION)
    (rule,) = result.json["partitions"][0]["conformance"]["violations"]
    assert rule["rows"] == count and [sample["row"] for sample in rule["samples"]] == [0, 3, 6, 9, 12]
    assert f"and {count - 5} more" in lake.tarn("verify", "-l", "gold").err


def test_a_violating_table_is_kept_in_quarantine_and_not_published(tmp_path):
    """A seed of the ATR so small that a distance divided by it is no double any more."""
    at = midnight(DATE) + (14 * 3600 + 1800) * 10**9
    trades, quotes = tmp_path / "trades.csv", tmp_path / "quotes.csv"
    trades.write_text("ts_event,price,size\n" + "".join(f"{at + i * 10**9},{100 + i % 3},5\n" for i in range(1, 60)))
    quotes.write_text(f"ts_event,bid_price,ask_price,bid_size,ask_size\n{at},99.5,100.5,1,1\n")
    lake = Lake(tmp_path / "lake")
    lake.add(trades, quotes, product="equity_taq", symbol="TSLA", dt=DATE)
    result = lake.run("bronze,silver", "TSLA", DATE, product="equity_taq", set="fixed_default_atr=1e-320").exits(VIOLATION)
    failed = [path for path, entry in result.partitions.items() if entry["outcome"] == "failed"]
    # The tables of one stage are one generation.
    assert sorted(path.split("/")[2] for path in failed) == ["table=state_10s", "table=tf_indicators_10s"]
    assert not any((lake.root / path).exists() for path in failed) and lake.leftovers() == []
    (kept,) = (path.parent for path in (lake.root / "_quarantine").rglob("report.json"))
    assert sorted(path.name for path in kept.iterdir()) == ["part-00000.parquet", "report.json", "report.txt"]
    (violation,) = json.loads((kept / "report.json").read_text())["violations"]
    assert (violation["rule"], violation["columns"]) == ("finite", ["price_minus_vwap_atr"])
    values = parquet.read_table(kept / "part-00000.parquet", partitioning=None)["price_minus_vwap_atr"].to_numpy()
    wrong = np.flatnonzero(~np.isfinite(values))
    assert violation["rows"] == len(wrong) > 0 and [one["row"] for one in violation["samples"]] == list(wrong[:5])
    for text in (result.err, (kept / "report.txt").read_text()):
        assert f"finite: price_minus_vwap_atr is finite: {len(wrong)} row" in text and f"row {wrong[0]} (" in text
    # The way out is a parameter; what was kept stays for whoever looks into it.
    lake.run("silver", "TSLA", DATE, product="equity_taq", overwrite=True, set="fixed_default_atr=0.5").exits(OK)
    lake.tarn("verify").exits(OK)
    assert (kept / "report.json").exists()


def test_another_version_of_the_contract(lake):
    """What another version made is stale and says so; with other columns nobody reads it."""
    table = lake.table(FLOW, "ESM6", DATE)
    manifest = lake.manifest(FLOW, "ESM6", DATE)
    folder = lake.folder(FLOW, "ESM6", DATE)
    assert generation(lake, folder, manifest) == manifest["generation"], "the hash as the documentation has it"
    fingerprint = hashlib.sha256(b"an earlier version").hexdigest()
    keys = table.schema.metadata | {b"tarn.contract_fingerprint": fingerprint.encode()}
    earlier = {"contract": manifest["contract"] | {"fingerprint": fingerprint}}
    commit(lake, FLOW, table.replace_schema_metadata(keys), **earlier)

    listed = lake.tarn("status", "--partitions", "--json").exits(OK).json["partitions"]
    (entry,) = (one for one in listed if one["dataset"] == FLOW)
    assert entry["state"] == "stale" and "contract changed" in json.dumps(entry), entry
    lake.run("silver", "ESM6", DATE, table="depth_and_flow_1s").exits(NOT_READY, "contract changed")
    verified = lake.tarn("verify", "-l", "silver", "--json").exits(OK)
    (entry,) = (one for one in verified.json["partitions"] if one["dataset"] == FLOW)
    assert entry["outdated_contract"] is True and entry["sound"] is True
    # Its columns are those of today: it is used, with a warning.
    used = lake.run("gold", "ESM6", DATE, table="physics_surface_1s", overwrite=True).exits(OK)
    (warning,) = used.json["warnings"]
    assert FLOW in warning and "is stale (contract changed)" in warning

    # A version without a column.
    commit(lake, FLOW, table.drop_columns(["pull_qty_rest"]).replace_schema_metadata(keys), **earlier)
    before = lake.hashes("gold")
    words = "its columns are not those of contract .*pull_qty_rest.*build it again"
    lake.run("gold", "ESM6", DATE, table="physics_surface_1s", overwrite=True).exits(NOT_READY, words)
    assert lake.hashes("gold") == before
    lake.run("silver", "ESM6", DATE, table="depth_and_flow_1s", overwrite=True).exits(OK)
    lake.tarn("verify").exits(OK)
