"""The notebooks run from top to bottom on the sample lake, and show something."""

import pathlib

import nbformat
import pytest
from nbclient import NotebookClient

import pipeline
from samplelake import ROOT

NOTEBOOKS = sorted((ROOT / "python" / "notebooks").glob("*.ipynb"))


def test_the_notebooks_are_here():
    assert [path.stem for path in NOTEBOOKS] == [
        "1-first-look-at-a-surface", "2-episodes-won-and-lost", "3-data-quality-audit"]  # fmt: skip


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path, sample, tmp_path, monkeypatch):
    notebook = nbformat.read(path, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "notebooks are kept without results"
    monkeypatch.setenv("TARN_LAKE", str(sample.root))
    monkeypatch.setenv("TARN_PROJECT", str(ROOT))
    monkeypatch.setenv("TARN_BIN", str(pipeline.FOLDER))
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "python" / "src"))
    # The results of matplotlib as pictures, without a display.
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "jupyter"))
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert shown and not any(output.output_type == "error" for output in shown)
    assert not any(output.get("name") == "stderr" for output in shown), [o.get("text") for o in shown]
    if "plots" in pathlib.Path(path).read_text():
        assert any("image/png" in output.get("data", {}) for output in shown)
