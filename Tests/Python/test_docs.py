"""The documents: every command in them is carried out, in their order, and prints what they say.

Blocks of a document (```sh and ```python) run one after the other in one shell. A ```text block behind one is what it
prints: `…` stands for anything within a line, and alone in a line for any lines. A word after ```sh names what a
block needs that is not here; such blocks are only looked at by bash.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

import pipeline
from vendorfiles import ROOT

DOCS = ROOT / "docs"
# What a block may need, and which test has it carried out.
ELSEWHERE = {
    "repository": "Scripts/demo: below, in whole runs; Scripts/test: continuous integration; Scripts/install: test_install.py",
    "clone": "test_extending.py",
    "spark": "test_cluster.py",
}
# Whole scripts, marked as bash.
SCRIPTS = {"cluster.md": "test_cluster.py, with stand-ins for sbatch and kubectl"}


def blocks(path):
    """(number of the first line, language, what it needs, text) of each fenced block."""
    text = path.read_text()
    for match in re.finditer(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", text, re.S | re.M):
        yield text[: match.start()].count("\n") + 2, match[1], match[2], match[3]


def documents():
    return [ROOT / "README.md", ROOT / "python" / "README.md", *sorted(DOCS.glob("*.md"))]


def matches(expected, printed):
    """Whether lines are as a text block has them."""
    pattern = ""
    for line in expected.splitlines():
        if line.strip() == "…":
            pattern += r"(?:.*\n)*?"
        else:
            # Columns are as wide as the widest cell, which may be one that is left open.
            parts = [re.sub(r"(\\ )+", r" +", re.escape(part)) for part in line.split("…")]
            pattern += r"[^\n]*".join(parts) + r" *\n"
    return re.fullmatch(pattern, printed) is not None


class Guide:
    """Carries out documents in one folder, with the program on the path."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("TARN_")} | {
            "PATH": f"{pathlib.Path(pipeline.FOLDER).resolve()}:{os.environ['PATH']}",
            "NO_COLOR": "1",
            "MPLBACKEND": "Agg",
            "PYTHONPATH": str(ROOT / "python" / "src"),
        }
        # The installed program has a project to copy; here it is the folder's.
        (self.folder / "datasets.yaml").symlink_to(ROOT / "datasets.yaml")
        shutil.copytree(ROOT / "contracts", self.folder / "contracts")
        (self.folder / "contracts.lock").symlink_to(ROOT / "contracts.lock")

    def follow(self, path, within="."):
        """Every block that can run here.

        Returns how many did."""
        outputs = self.folder / f"{path.stem}.outputs"
        outputs.mkdir()
        script, expected, ran = ["set -euo pipefail", f"cd '{self.folder / within}'"], {}, []
        for line, language, needs, text in blocks(path):
            if language == "text":
                if ran and ran[-1] is not None:
                    expected[ran[-1]] = text
                continue
            # The calls of all readers, Spark among them, are carried out by python/tests/test_readers_matrix.py.
            if language not in ("sh", "python") or needs is not None or "pyspark" in text:
                ran.append(None)
                continue
            if language == "python":
                (outputs / f"{line}.py").write_text(text)
                text = f"'{sys.executable}' '{outputs / f'{line}.py'}'\n"
            script.append(f"{{\n{text}}} > '{outputs / str(line)}' 2>&1 < /dev/null")
            ran.append(line)
        done = subprocess.run(["bash", "-c", "\n".join(script)], env=self.environment, capture_output=True, text=True,
                              timeout=300)  # fmt: skip
        lines = [line for line in ran if line is not None]
        reached = [line for line in lines if (outputs / str(line)).exists()]
        last = (outputs / str(reached[-1])).read_text()[-3000:] if reached else ""
        assert done.returncode == 0 and reached == lines, f"{path.name}:{reached[-1:]}\n{last}\n{done.stderr[-2000:]}"
        for line, text in expected.items():
            printed = (outputs / str(line)).read_text()
            assert matches(text, printed), f"{path.name}:{line}: expected\n{text}\nfound\n{printed[-6000:]}"
        return len(lines)


def test_the_guides_do_what_they_say(tmp_path):
    guide = Guide(tmp_path)
    assert guide.follow(DOCS / "tutorial.md") >= 9
    assert (tmp_path / "research" / "pressure.png").stat().st_size > 10_000
    assert guide.follow(DOCS / "concepts.md", "research") >= 5
    assert guide.follow(DOCS / "operations.md", "research") >= 8


def test_the_readme_does_what_it_says(tmp_path):
    assert Guide(tmp_path).follow(ROOT / "README.md") >= 8


def test_no_command_is_in_a_block_that_nobody_carries_out():
    """What a block needs is one of the known things, and bash understands it."""
    looked_at = 0
    for path in documents():
        for line, language, needs, text in blocks(path):
            if language in ("sh", "bash"):
                assert needs is None or needs in ELSEWHERE, f"{path.name}:{line}: {needs}"
                assert language == "sh" or path.name in SCRIPTS, f"{path.name}:{line}: commands are marked as sh"
                done = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True)
                assert done.returncode == 0, f"{path.name}:{line}: {done.stderr}"
                looked_at += 1
            for script in re.findall(r"(?<![\w/])(?:Scripts|Benchmarks)/[\w./-]+", text) if language == "sh" else []:
                assert (ROOT / script).exists(), f"{path.name}:{line}: {script}"
        if path.name in SCRIPTS:
            continue
        # An indented command would be carried out by nobody.
        stray = re.findall(r"^ {4}(?:tarn|Scripts/\S+) .*$", path.read_text(), re.M)
        assert not stray, f"{path.name}: {stray}"
    assert looked_at > 20


def test_links_between_documents_lead_somewhere():
    links = 0
    for path in documents():
        for target in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
            if "://" not in target:
                assert (path.parent / target).exists(), f"{path.name}: {target}"
                links += 1
    assert links >= 15


@pytest.mark.parametrize("expected, printed, verdict", [
    ("a …\n", "a b c\n", True), ("a\n…\nd\n", "a\nb\nc\nd\n", True), ("a\n…\nd\n", "a\nd\n", True),
    ("a  b\n", "a       b\n", True), ("a\n", "a\nb\n", False), ("a …\n", "b\n", False), ("…\nb\n", "a\nc\n", False),
    ("ab\n", "a b\n", False),
])  # fmt: skip
def test_expected_text_is_compared(expected, printed, verdict):
    assert matches(expected, printed) is verdict


@pytest.mark.skipif(not pipeline.FULL, reason="the reference of the modules is for TARN_TEST_FULL=1")
def test_the_reference_of_the_modules_is_complete():
    """Scripts/docs, without a complaint of docc."""
    if shutil.which("docc") is None:
        pytest.skip("there is no docc")
    done = subprocess.run([ROOT / "Scripts" / "docs", "--check"], capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stderr[-4000:]
    for page in ("lake", "stages", "orderbook", "physics", "rooms"):
        assert (ROOT / ".build" / "docs" / "documentation" / page / "index.html").is_file(), page


@pytest.mark.skipif(not pipeline.FULL, reason="the demonstration builds first: TARN_TEST_FULL=1")
def test_the_demonstration_makes_gold_of_every_order_book_product():
    """Scripts/demo; what it makes stays in demo/, where a second run finds it fresh."""
    done = subprocess.run([ROOT / "Scripts" / "demo"], capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    gold = {path.parts[-4] for path in (ROOT / "demo").rglob("gold/product_type=*/table=*/symbol=*/dt=*")}
    wanted = ("future_mbo", "equity_mbo", "future_option_mbo", "equity_option_mbo")
    assert gold >= {f"product_type={product}" for product in wanted}
