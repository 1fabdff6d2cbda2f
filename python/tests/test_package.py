"""The package as others get it: built, typed, and its texts true."""

import os
import re
import subprocess
import sys
import zipfile

import pytest

import pipeline
import tarn
from samplelake import DATES, ROOT

PACKAGE = ROOT / "python"


def built_wheel(folder):
    """From a copy: a build leaves things beside its source."""
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md"):
        (source / name).write_bytes((PACKAGE / name).read_bytes())
    (source / "src" / "tarn").mkdir(parents=True)
    for file in (PACKAGE / "src" / "tarn").iterdir():
        if file.is_file():
            (source / "src" / "tarn" / file.name).write_bytes(file.read_bytes())
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index",
         "--disable-pip-version-check", "-w", folder, source], check=True)  # fmt: skip
    (wheel,) = folder.glob("tarn-*.whl")
    return wheel


def test_the_wheel_holds_the_typed_package_and_needs_pyarrow_only(tmp_path):
    wheel = built_wheel(tmp_path)
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = archive.read(next(name for name in names if name.endswith("/METADATA"))).decode()
        archive.extractall(tmp_path / "installed")
    assert {"tarn/__init__.py", "tarn/py.typed", "tarn/plots.py"} <= names
    needed = [line for line in metadata.splitlines() if line.startswith("Requires-Dist") and "extra ==" not in line]
    assert needed == ["Requires-Dist: pyarrow>=16.1"]
    # Imported from there, without the engines that are optional.
    probe = (
        "import sys\n"
        "for name in ('pandas', 'polars', 'duckdb', 'matplotlib', 'numpy'): sys.modules[name] = None\n"
        "import tarn, tarn.plots; print(tarn.__version__, tarn.__file__)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", probe], cwd=tmp_path, capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "installed")}).stdout  # fmt: skip
    assert shown.startswith(tarn.__version__) and str(tmp_path / "installed") in shown


@pytest.mark.skipif(not pipeline.FULL, reason="an environment of its own, from PyPI, is for TARN_TEST_FULL=1")
def test_the_wheel_works_in_an_environment_of_its_own(opened, tmp_path):
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", built_wheel(tmp_path)],
                   check=True)  # fmt: skip
    listed = subprocess.run([python, "-m", "pip", "list", "--format=freeze"], capture_output=True, text=True, check=True)
    names = {line.split("==")[0].split(" @")[0] for line in listed.stdout.split("\n") if line}
    assert names - {"pip", "setuptools"} == {"tarn", "pyarrow"}
    code = (
        f"import tarn; lake = tarn.open({str(opened.root)!r}, contracts={str(ROOT / 'contracts')!r})\n"
        f"scan = lake['gold.future_mbo.physics_surface_1s'].scan('ESH6', {DATES[1]!r}, valid_only=True, prices='decimal')\n"
        "print(len(lake), scan.arrow().num_rows, scan.count())"
    )
    shown = subprocess.run([python, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True).stdout.split()
    rows = opened["gold.future_mbo.physics_surface_1s"].scan("ESH6", DATES[1], valid_only=True).count()
    assert [int(word) for word in shown] == [len(opened), rows, rows] and rows > 0


def test_the_readme_of_the_package_runs(opened, monkeypatch):
    """As it stands there, but for the lake, the dates and what is left out with an ellipsis."""
    names = {}
    monkeypatch.chdir(ROOT)
    text = (PACKAGE / "README.md").read_text()
    for block in re.findall(r"```python\n(.*?)```", text, re.S):
        block = block.replace('tarn.open("lake")', f"tarn.open({str(opened.root)!r})").replace("help(surface)", "")
        block = block.replace("[...]", '["symbol", "window_end_ts_ns", "u_near"], where=tarn_filter')
        names["tarn_filter"] = __import__("pyarrow.compute").compute.field("rel_ticks") == 0
        exec(block, names)
    assert names["scan"].count() > 0


def test_types_are_strict():
    done = subprocess.run([sys.executable, "-m", "mypy", "--no-incremental"], cwd=PACKAGE, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_without_the_engines_only_arrow_is_needed(opened):
    code = (
        "import sys\n"
        "for name in ('pandas', 'polars', 'duckdb', 'matplotlib', 'numpy'): sys.modules[name] = None\n"
        f"import tarn; lake = tarn.open({str(opened.root)!r})\n"
        f"scan = lake['silver.future_mbo.book_snapshot_1s'].scan('ESH6', {DATES[1]!r})\n"
        "joined = tarn.asof(scan, scan.with_(columns=['symbol', 'window_end_ts_ns', 'mid_price']))\n"
        "assert joined['mid_price'].equals(joined['mid_price_right']); print(joined.num_rows)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(PACKAGE / "src")}, check=False)  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    assert int(shown.stdout) == opened["silver.future_mbo.book_snapshot_1s"].scan("ESH6", DATES[1]).count()
