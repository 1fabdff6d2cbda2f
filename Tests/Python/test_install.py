"""The installed program in a bare root folder: no Swift, no C libraries of ours, nothing but the C and C++ runtimes."""

import gzip
import json
import os
import pathlib
import re
import shutil
import subprocess
import tarfile

import pytest

import pipeline
from vendorfiles import ROOT

pytestmark = pytest.mark.skipif(not pipeline.FULL, reason="the static build is for TARN_TEST_FULL=1")
RUNTIMES = re.compile(r"lib(c|m|dl|pthread|rt|util|gcc_s|stdc\+\+)[.-]|ld-linux")


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A root folder with the unpacked tarball and the libraries that it asks for."""
    folder = tmp_path_factory.mktemp("install")
    subprocess.run([ROOT / "Scripts" / "install", "--tarball", folder / "tarn.tar.gz"], check=True, timeout=1800)
    root = folder / "root"
    with tarfile.open(folder / "tarn.tar.gz") as archive:
        archive.extractall(root / "usr", filter="data")
    listed = subprocess.run(["ldd", root / "usr/bin/tarn"], capture_output=True, text=True, check=True).stdout
    for path in re.findall(r"(/\S+) \(0x", listed):
        assert RUNTIMES.search(path), path
        target = root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    (root / "tmp").mkdir()
    return root


def inside(root, *arguments):
    """Runs a command with the folder as its root."""
    command = ["chroot", str(root), "/usr/bin/tarn", *arguments]
    if os.geteuid() != 0:
        command = ["unshare", "-r", *command]
    return subprocess.run(command, capture_output=True, text=True, env={"PATH": "/usr/bin", "NO_COLOR": "1"}, timeout=300)


def test_it_goes_from_nothing_to_gold(bare):
    assert not list(bare.rglob("*swift*.so*")) and not list(bare.rglob("libzstd*"))
    done = inside(bare, "version")
    if done.returncode != 0 and "ermission" in done.stderr + done.stdout:
        pytest.skip("no right to change the root folder")
    assert done.returncode == 0, done.stderr
    for arguments in (
        ("init", "/project", "--lake", "/lake"),
        ("sample", "/days", "--records", "2000", "--dt", "2026-03-03"),
        ("raw", "add", "/days/glbx-mdp3-20260303.mbo.dbn.zst", "--project", "/project"),
        ("run", "-p", "future_mbo", "-l", "all", "-s", "ES", "-d", "2026-03-03", "--start", "09:40", "--end", "09:40:05",
         "--project", "/project"),
        ("verify", "--project", "/project"),
        ("doctor", "--project", "/project"),
    ):  # fmt: skip
        done = inside(bare, *arguments)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
    assert list((bare / "lake/gold").rglob("_SUCCESS"))
    findings = json.loads(inside(bare, "doctor", "--project", "/project", "--json").stdout)
    assert findings["sound"] is True


def test_the_prefix_is_whole(bare):
    usr = pathlib.Path(bare, "usr")
    with gzip.open(usr / "share/man/man1/tarn.1.gz", "rt") as page:
        assert page.readline().startswith(".TH TARN 1")
    for path in ("share/bash-completion/completions/tarn", "share/zsh/site-functions/_tarn",
                 "share/fish/vendor_completions.d/tarn.fish", "share/tarn/datasets.yaml", "share/doc/tarn/README.md",
                 "share/tarn/contracts/gold/future_mbo/physics_surface_1s.avsc"):  # fmt: skip
        assert (usr / path).stat().st_size > 100, path
