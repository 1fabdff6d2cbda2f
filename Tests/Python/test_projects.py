"""New projects, the doctor, and the manual page."""

import re
import shutil
import subprocess

import pytest

import pipeline
from vendorfiles import ROOT


def test_a_new_project_works_on_its_own(tmp_path):
    """Made from the one at hand, its lake elsewhere, then taken from raw files to gold."""
    lake = pipeline.Lake(tmp_path / "unused")
    made = lake.tarn("init", tmp_path / "own", "--lake", tmp_path / "data" / "it's", "--json").exits(0).json
    assert made["lake"] == str(tmp_path / "data" / "it's")
    own = tmp_path / "own"
    assert made["contracts"] == len(list((ROOT / "contracts").rglob("*.avsc")))
    for file in sorted((ROOT / "contracts").rglob("*.avsc")):
        assert (own / file.relative_to(ROOT)).read_bytes() == file.read_bytes()
    theirs, ours = (ROOT / "datasets.yaml").read_text(), (own / "datasets.yaml").read_text()
    assert re.sub(r"^lake_root:.*$", "", theirs, flags=re.M) == re.sub(r"^lake_root:.*$", "", ours, flags=re.M)
    environment = {name: value for name, value in lake._environment().items() if not name.startswith("TARN_")}

    def tarn(*arguments):
        return subprocess.run([pipeline.FOLDER / "tarn", *map(str, arguments)], cwd=own, env=environment,
                              capture_output=True, text=True)  # fmt: skip

    for arguments in (("sample", tmp_path / "days", "--dt", "2026-03-03", "--records", "1000"),
                      ("raw", "add", tmp_path / "days" / "glbx-mdp3-20260303.mbo.dbn.zst"),
                      ("run", "-p", "future_mbo", "-l", "bronze", "-s", "ES", "-d", "2026-03-03"),
                      ("contracts", "check")):  # fmt: skip
        done = tarn(*arguments)
        assert done.returncode == 0, done.stderr
    assert list((tmp_path / "data" / "it's" / "bronze").rglob("_SUCCESS"))


def test_a_project_is_not_made_twice(tmp_path):
    lake = pipeline.Lake(tmp_path / "unused")
    lake.tarn("init", tmp_path / "own").exits(0)
    before = sorted((path, path.stat().st_mtime_ns) for path in (tmp_path / "own").rglob("*"))
    lake.tarn("init", tmp_path / "own").exits(2, "is a project already")
    assert sorted((path, path.stat().st_mtime_ns) for path in (tmp_path / "own").rglob("*")) == before
    lake.tarn("init", tmp_path / "other", "--from", tmp_path).exits(2, "is no project")
    assert not (tmp_path / "other").exists()


def test_the_doctor_tries_the_file_system(lake):
    report = lake.tarn("doctor", "--json").exits(0).json
    findings = {one["what"]: one for one in report["findings"]}
    assert report["sound"] and {"program", "project", "lake", "publication", "locks", "raw files", "disk"} <= set(findings)
    assert findings["locks"]["verdict"] == "ok" and "free" in findings["disk"]["text"]
    # It leaves nothing behind.
    assert lake.leftovers() == []
    shown = lake.tarn("doctor").exits(0).out
    assert "flock works" in shown and "\x1b" not in shown


def test_the_doctor_says_what_is_missing(tmp_path):
    broken = tmp_path / "project"
    broken.mkdir()
    (broken / "datasets.yaml").write_text("version: 1\n")
    lake = pipeline.Lake(tmp_path / "lake", project=broken)
    result = lake.tarn("doctor").exits(2, "project: ")
    assert re.search(r"FAIL +project", result.out)
    assert not lake.tarn("doctor", "--json").exits(2).json["sound"]


def test_the_manual_tells_every_command_and_option(lake):
    page = lake.tarn("manual").exits(0).out
    assert page.startswith(".TH TARN 1")
    top = lake.tarn("--help").exits(0).out
    commands = re.findall(r"^  ([a-z-]+)  ", top.split("commands:")[1].split("everywhere:")[0], re.M)
    assert len(commands) > 15
    plain = page.replace("\\-", "-")
    for command in commands:
        assert re.search(rf'^\.SS "{command}( |")', plain, re.M), command
    for option in re.findall(r"(--[a-z-]+)", lake.tarn("run", "--help").exits(0).out.split("examples:")[0]):
        assert option in plain, option
    for code in (0, 1, 2, 3, 4, 5, 6, 130):
        assert f"\\fB{code}\\fR" in page


def test_the_manual_is_clean_roff(lake, tmp_path):
    if shutil.which("groff") is None:
        pytest.skip("there is no groff")
    (tmp_path / "tarn.1").write_text(lake.tarn("manual").exits(0).out)
    done = subprocess.run(["groff", "-K", "utf8", "-man", "-Tutf8", "-ww", "-z", tmp_path / "tarn.1"], capture_output=True,
                          text=True)  # fmt: skip
    assert done.returncode == 0 and done.stderr == ""
