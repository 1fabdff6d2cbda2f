"""Contracts as law: what `tarn contracts check` lets pass in a copy of the project, and what it does not."""

import json
import shutil

import pytest

from vendorfiles import ROOT

TABLE = "silver/future_mbo/book_snapshot_1s"
DATASET = "silver.future_mbo.book_snapshot_1s"
USAGE, VIOLATION = 2, 3


@pytest.fixture
def project(lake, tmp_path):
    """A copy of contracts, lock and document to work on."""
    folder = tmp_path / "project"
    shutil.copytree(ROOT / "contracts", folder / "contracts")
    (folder / "docs").mkdir()
    for name in ("datasets.yaml", "contracts.lock", "docs/contracts.md"):
        shutil.copyfile(ROOT / name, folder / name)
    lake.project = folder
    return folder


def change(project, edit, version=None):
    path = project / "contracts" / f"{TABLE}.avsc"
    contract = json.loads(path.read_text())
    edit(contract)
    if version:
        contract["version"] = version
    path.write_text(json.dumps(contract, indent=2))


def column(contract, name="best_bid_qty"):
    return next(field for field in contract["fields"] if field["name"] == name)


def document(lake, project):
    """What a person does after a change."""
    (project / "docs" / "contracts.md").write_text(lake.tarn("contracts", "show", "--markdown").exits(0).out)


def approve(project, *breaks):
    approvals = [{"dataset": DATASET, "from": 1, "to": 2} | one for one in breaks]
    (project / "approved-breaks").write_text(json.dumps({"format": 1, "breaks": approvals}))


def findings(lake, code):
    found = lake.tarn("contracts", "check", "--json").exits(code).json["findings"]
    return [(finding["rule"], finding["message"]) for finding in found]


UNIT = "column best_bid_qty: unit shares instead of contracts"


def test_the_project_passes(lake, project):
    assert findings(lake, 0) == []


def test_a_change_without_a_version(lake, project):
    change(project, lambda c: column(c).update(unit="shares"))
    document(lake, project)
    ((rule, message),) = findings(lake, VIOLATION)
    assert rule == "changedWithoutVersion" and UNIT in message


def test_a_breaking_change_passes_when_it_is_approved_with_a_reason(lake, project):
    change(project, lambda c: column(c).update(unit="shares"), version=2)
    document(lake, project)
    assert {rule for rule, _ in findings(lake, VIOLATION)} == {"notLocked", "incompatible"}
    lake.tarn("contracts", "lock").exits(0)
    ((rule, message),) = findings(lake, VIOLATION)
    assert rule == "incompatible" and message.startswith(UNIT)
    approve(project, {"change": UNIT, "reason": "the venue counts shares since 2026"})
    assert findings(lake, 0) == []
    lake.tarn("contracts", "diff").exits(0)


@pytest.mark.parametrize("approval,code,rules", [
    ({"change": UNIT, "reason": "  "}, USAGE, None),
    ({"change": UNIT}, USAGE, None),
    ({"change": UNIT + "!", "reason": "agreed"}, VIOLATION, {"incompatible", "needlessApproval"}),
    ({"change": UNIT, "reason": "agreed", "from": 2, "to": 3}, VIOLATION, {"incompatible", "needlessApproval"}),
    ({"change": UNIT, "reason": "agreed", "dataset": "silver.equity_mbo.book_snapshot_1s"}, VIOLATION,
     {"incompatible", "needlessApproval"}),
])  # fmt: skip
def test_an_approval_is_for_one_change_and_has_a_reason(lake, project, approval, code, rules):
    change(project, lambda c: column(c).update(unit="shares"), version=2)
    document(lake, project)
    lake.tarn("contracts", "lock").exits(0)
    approve(project, approval)
    result = lake.tarn("contracts", "check", "--json").exits(code)
    if rules:
        assert {finding["rule"] for finding in result.json["findings"]} == rules
    else:
        assert "approved-breaks" in result.err and "reason" in result.err


def test_every_released_version_counts(lake, project):
    """Version 3 takes back what version 2 added: readers of version 2 miss it, those of version 1 do not."""
    more = {"name": "more", "type": "long", "doc": "d", "unit": "count", "default": 0}
    change(project, lambda c: c["fields"].append(more), version=2)
    lake.tarn("contracts", "lock").exits(0)
    change(project, lambda c: column(c, "more").update(unit="contracts"), version=3)
    lake.tarn("contracts", "lock").exits(0)
    document(lake, project)
    found = lake.tarn("contracts", "check", "--json").exits(VIOLATION).json["findings"]
    (finding,) = (finding for finding in found if finding["rule"] == "incompatible")
    assert finding["place"] == "since version 2" and "column more: unit contracts instead of count" in finding["message"]


def test_a_document_that_drifts(lake, project):
    change(project, lambda c: column(c).update(doc="in other words"))
    ((rule, message),) = findings(lake, VIOLATION)
    assert rule == "outdatedDocument" and "tarn contracts show --markdown > docs/contracts.md" in message
    document(lake, project)
    assert findings(lake, 0) == []


def test_the_document_names_every_column_with_its_unit_key_and_rule():
    text = (ROOT / "docs" / "contracts.md").read_text()
    for path in sorted((ROOT / "contracts").rglob("*.avsc")):
        contract = json.loads(path.read_text())
        layer, product, table = path.with_suffix("").parts[-3:]
        section = text.split(f"\n### {layer}.{product}.{table}\n")[1].split("\n### ")[0]
        assert f"version {contract['version']}\n" in section
        assert "- key: " + ", ".join(f"`{key}`" for key in contract["key"]) + "\n" in section
        rows = [line.split(" | ") for line in section.splitlines() if line.startswith("| ") and "`" in line]
        assert [row[1] for row in rows] == [f"`{field['name']}`" for field in contract["fields"]]
        for row, field in zip(rows, contract["fields"]):
            assert row[3].strip() == (field.get("unit") or ""), field
            assert ("minimum" in field or "exclusiveMinimum" in field) == (">" in row[4]), field
            assert field["doc"].split("|")[0].split("<")[0].strip() in " | ".join(row[5:]), field
        assert section.count("\n- rule: ") == len(contract.get("identities", []))
