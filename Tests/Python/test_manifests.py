"""Manifests say what is: hashes, rows, lineage, parameters, quality; and so do the statistics inside the files."""

import hashlib
import json

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as parquet
import pytest

from reference_book import COUNTERS
from vendorfiles import ROOT

LAKES = ["esm4", "esh4", "synthetic"]


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def partitions(lake):
    return sorted(path.parent for layer in ("bronze", "silver", "gold") for path in (lake.root / layer).rglob("_SUCCESS"))


def contract(manifest):
    layer, product, table = manifest["dataset"].split(".")
    own = ROOT / "contracts" / layer / product / f"{table}.avsc"
    if not own.exists():
        # The recorder's tables of order-book products share their contracts with trades and quotes.
        layer = "bronze" if table in ("trades", "quotes") else layer
        own = ROOT / "contracts" / layer / "equity_taq" / f"{table}.avsc"
    return json.loads(own.read_text())


@pytest.fixture(params=LAKES)
def lake(request):
    return request.getfixturevalue(request.param)


def test_each_partition_is_what_its_manifest_says(lake):
    for folder in partitions(lake):
        manifest = json.loads((folder / "_MANIFEST.json").read_text())
        assert (folder / "_SUCCESS").read_text().split()[0] == digest(folder / "_MANIFEST.json")
        (file,) = manifest["files"]
        data = folder / file["name"]
        assert (file["bytes"], file["sha256"]) == (data.stat().st_size, digest(data))
        assert file["rows"] == manifest["rows"] == parquet.ParquetFile(data).metadata.num_rows
        layer, *keys = folder.relative_to(lake.root).parts
        keys = dict(key.split("=") for key in keys)
        assert manifest["dataset"] == f"{layer}.{keys['product_type']}.{keys['table']}"
        assert (manifest["symbol"], manifest["dt"]) == (keys["symbol"], keys["dt"])
        text = (folder / "_MANIFEST.json").read_text()
        assert text == json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def test_lineage_leads_to_the_vendors_files(lake):
    """Every input is named by the hash of what lies there: from gold up to the raw bytes."""
    reached = set()

    def follow(folder):
        for one in json.loads((folder / "_MANIFEST.json").read_text())["inputs"]:
            if "partition" in one:
                # An optional input that was not there is recorded as such.
                if one["manifest_sha256"] is None:
                    assert not (lake.root / one["partition"]).exists()
                    continue
                above = lake.root / one["partition"]
                assert one["manifest_sha256"] == digest(above / "_MANIFEST.json")
                follow(above)
            else:
                raw = lake.root / one["raw"]
                assert one["sha256"] == digest(raw)
                assert (raw.parent / (raw.name + ".sha256")).read_text().split()[0] == one["sha256"]
                reached.add(raw.name)

    for folder in partitions(lake):
        reached.clear()
        follow(folder)
        assert reached, folder


def test_the_summary_is_the_sum_of_the_windows(lake):
    for folder in partitions(lake):
        manifest = json.loads((folder / "_MANIFEST.json").read_text())
        if manifest["stage"]["name"] != "silver_book":
            continue
        quality = lake.table("silver.future_mbo.book_quality_1s", manifest["symbol"], manifest["dt"])
        summary = manifest["quality"]
        assert summary["windows"] == quality.num_rows
        assert summary["valid_windows"] == sum(quality["window_valid"].to_pylist())
        reasons = quality["reason"].to_pylist()
        assert summary["reasons"] == {reason: reasons.count(reason) for reason in set(reasons)}
        for name in COUNTERS:
            assert summary["counters"][name] == sum(quality[name].to_pylist()), name
        orders = lake.manifest("bronze.future_mbo.mbo", manifest["symbol"], manifest["dt"])["rows"]
        assert 0 <= summary["counters"]["records_after_end"] <= orders - summary["counters"]["records"]


def test_statistics_are_those_of_the_values(lake):
    """Minimum, maximum and nulls of every column chunk, page checksums, both page indexes."""
    for folder in partitions(lake):
        file = parquet.ParquetFile(folder / "part-00000.parquet", page_checksum_verification=True)
        for group in range(file.metadata.num_row_groups):
            table = file.read_row_group(group)
            for index, name in enumerate(table.column_names):
                chunk = file.metadata.row_group(group).column(index)
                assert chunk.has_column_index and chunk.has_offset_index, name
                column, found = table[name], chunk.statistics
                assert found.null_count == column.null_count, name
                if column.null_count == len(column):
                    assert not found.has_min_max, name
                    continue
                assert found.has_min_max, name
                limits = pc.min_max(column).as_py()
                low, high = found.min, found.max
                if pa.types.is_timestamp(column.type):
                    whole = pc.min_max(column.cast("int64")).as_py()
                    assert (pa.scalar(low, column.type).value, pa.scalar(high, column.type).value) == (
                        whole["min"], whole["max"]), name  # fmt: skip
                else:
                    assert (low, high) == (limits["min"], limits["max"]), name


def test_files_carry_their_contract(lake):
    for folder in partitions(lake):
        manifest = json.loads((folder / "_MANIFEST.json").read_text())
        schema = parquet.read_schema(folder / "part-00000.parquet")
        assert schema.metadata[b"tarn.dataset"].decode() == manifest["dataset"]
        assert schema.metadata[b"tarn.contract_fingerprint"].decode() == manifest["contract"]["fingerprint"]
        assert (ROOT / manifest["contract"]["path"]).exists()
        assert schema.names == [field["name"] for field in contract(manifest)["fields"]]


def test_rows_are_in_the_order_of_the_contract_and_keys_are_unique(lake):
    for folder in partitions(lake):
        manifest = json.loads((folder / "_MANIFEST.json").read_text())
        definition = contract(manifest)
        if manifest["rows"] > 3_000_000:
            continue
        table = parquet.ParquetFile(folder / "part-00000.parquet").read(
            columns=list(dict.fromkeys(definition["orderBy"] + definition["key"]))
        )
        order = pc.sort_indices(table, sort_keys=[(name, "ascending") for name in definition["orderBy"]])
        assert table.take(order).equals(table), folder
        assert table.group_by(definition["key"]).aggregate([]).num_rows == table.num_rows, folder


def test_values_keep_the_rules_of_the_contract(lake):
    """Ranges and identities, computed here."""
    for folder in partitions(lake):
        manifest = json.loads((folder / "_MANIFEST.json").read_text())
        if manifest["rows"] > 3_000_000:
            continue
        definition = contract(manifest)
        table = parquet.ParquetFile(folder / "part-00000.parquet").read()
        # Instants are compared and added as the integers they are.
        table = pa.table([
            column.cast("int64") if pa.types.is_timestamp(column.type) else column for column in table.columns
        ], names=table.column_names)  # fmt: skip
        for field in definition["fields"]:
            column = table[field["name"]].drop_null()
            if not len(column):
                continue
            for rule, holds in (("minimum", pc.greater_equal), ("maximum", pc.less_equal),
                                ("exclusiveMinimum", pc.greater), ("exclusiveMaximum", pc.less)):  # fmt: skip
                if rule in field:
                    assert pc.all(holds(column, field[rule])).as_py(), (field["name"], rule)
        for identity in definition.get("identities", []):
            rows = table.filter(table[identity["where"]]) if "where" in identity else table
            total = None
            for name, factor in identity["sum"]:
                term = pc.multiply(rows[name], pa.scalar(factor, rows[name].type))
                total = term if total is None else pc.add(total, term)
            difference = pc.abs(pc.subtract(total, rows[identity["equals"]]))
            assert len(rows) == 0 or pc.max(difference).as_py() <= identity["tolerance"], identity
