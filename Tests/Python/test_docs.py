"""The documents: every command in them is carried out, in their order, and what is made from contracts is up to date."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

import pipeline
from vendorfiles import ROOT

DOCS = ROOT / "docs"


def blocks(path, language):
    """Fenced blocks with the number of their first line."""
    text = path.read_text()
    for match in re.finditer(rf"^```{language}\n(.*?)^```", text, re.S | re.M):
        yield text[: match.start()].count("\n") + 2, match[1]


def carry_out(path, folder, environment):
    ran = 0
    script = ["set -euo pipefail", f'cd "{folder}"']
    for number, block in blocks(path, "sh"):
        for offset, line in enumerate(block.splitlines()):
            script.append(f'echo "== {path.name}:{number + offset}: {line}" >&2' if '"' not in line else ":")
            script.append(line)
            ran += 1
    done = subprocess.run(["bash", "-c", "\n".join(script)], env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
    return ran


def test_every_command_of_the_documents_works(tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TARN_")} | {
        "PATH": f"{pathlib.Path(pipeline.FOLDER).resolve()}:{os.environ['PATH']}", "NO_COLOR": "1",
    }  # fmt: skip
    # The installed program has a project to copy; here it is named.
    (tmp_path / "datasets.yaml").symlink_to(ROOT / "datasets.yaml")
    shutil.copytree(ROOT / "contracts", tmp_path / "contracts")
    (tmp_path / "contracts.lock").symlink_to(ROOT / "contracts.lock")
    assert carry_out(DOCS / "tutorial.md", tmp_path, environment) > 10
    assert carry_out(DOCS / "operations.md", tmp_path / "research", environment) > 10
    ((_, plot),) = blocks(DOCS / "tutorial.md", "python")
    done = subprocess.run([sys.executable, "-c", plot], cwd=tmp_path / "research", capture_output=True, text=True,
                          env=environment | {"MPLBACKEND": "Agg", "PYTHONPATH": str(ROOT / "python" / "src")})  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "research" / "pressure.png").stat().st_size > 10_000


def test_links_between_documents_lead_somewhere():
    links = 0
    for path in [ROOT / "README.md", ROOT / "python" / "README.md", *sorted(DOCS.glob("*.md"))]:
        for target in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
            if "://" not in target:
                assert (path.parent / target).exists(), f"{path.name}: {target}"
                links += 1
    assert links >= 2
