"""The document about a new table, followed to the letter in a fresh clone."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import pytest

import pipeline
from test_docs import DOCS, blocks, matches
from vendorfiles import ROOT

pytestmark = pytest.mark.skipif(not pipeline.FULL, reason="a build of its own is for TARN_TEST_FULL=1")


def test_a_new_table_is_made_as_the_document_says(tmp_path):
    clone = tmp_path / "tarn"
    # What is committed and what is not yet: the files that git knows.
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, clone / name)
    script, expected, last = ["set -euo pipefail", f"cd '{clone}'"], [], None
    for line, language, needs, text in blocks(DOCS / "extending.md"):
        if language == "sh":
            assert needs == "clone"
            script.append(f"{{\n{text}}} > '{tmp_path / str(line)}' 2>&1 < /dev/null")
            script.append(f"date +%s > '{tmp_path / str(line)}.time'")
            last = line
        elif language == "text":
            expected.append((last, text))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TARN_")} | {"NO_COLOR": "1"}
    began = time.time()
    done = subprocess.run(["bash", "-c", "\n".join(script)], env=environment, capture_output=True, text=True, timeout=5400)
    said = "\n".join(path.read_text()[-3000:] for path in sorted(tmp_path.iterdir()) if path.is_file())
    assert done.returncode == 0, f"{said}\n{done.stderr}"
    assert len(expected) >= 2
    for line, text in expected:
        assert matches(text, (tmp_path / str(line)).read_text()), (tmp_path / str(line)).read_text()
    # The test that the document ends with, where the vendor's files are at hand.
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-rs", "Tests/Python/test_spread.py"],
                          cwd=clone, env=environment | {"TARN_BIN": str(clone / ".build/release")}
                          | {key: value for key, value in os.environ.items() if key == "TARN_TEST_DATA"},
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0 and re.search(r"1 (passed|skipped)", done.stdout), done.stdout
    print(f"{time.time() - began:.0f} s: {done.stdout.splitlines()[-1]}")
    assert pathlib.Path(clone / ".build/release/tarn").exists()
