"""The installed program in a bare root folder (no Swift, no C libraries of ours, nothing but the C and C++ runtimes), and
on a fresh Debian, which debootstrap makes; TARN_TEST_DEBIAN names one that is there already.
"""

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
def tarball(tmp_path_factory):
    file = tmp_path_factory.mktemp("install") / "tarn.tar.gz"
    subprocess.run([ROOT / "Scripts" / "install", "--tarball", file], check=True, timeout=3600)
    return file


@pytest.fixture(scope="module")
def bare(tarball, tmp_path_factory):
    """A root folder with the unpacked tarball and the libraries that it asks for."""
    root = tmp_path_factory.mktemp("bare")
    with tarfile.open(tarball) as archive:
        archive.extractall(root / "usr", filter="data")
    listed = subprocess.run(["ldd", root / "usr/bin/tarn"], capture_output=True, text=True, check=True).stdout
    for path in re.findall(r"(/\S+) \(0x", listed):
        assert RUNTIMES.search(path), path
        target = root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    (root / "tmp").mkdir()
    return root


def inside(root, *command):
    """Runs a command with the folder as its root, and /proc, from which Swift's runtime takes the arguments."""
    (root / "proc").mkdir(exist_ok=True)
    enter = f"mount --rbind /proc '{root}/proc' && exec chroot '{root}' \"$@\""
    return subprocess.run(
        ["unshare", *([] if os.geteuid() == 0 else ["--map-root-user"]), "--mount", "sh", "-c", enter, "sh", *command],
        capture_output=True, text=True, env={"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "NO_COLOR": "1"},
        timeout=600)  # fmt: skip


def test_it_goes_from_nothing_to_gold(bare):
    assert not list(bare.rglob("*swift*.so*")) and not list(bare.rglob("libzstd*"))
    done = inside(bare, "/usr/bin/tarn", "version")
    if done.returncode != 0 and re.search("unshare|mount|ermi", done.stderr):
        pytest.skip(f"no right to change the root folder: {done.stderr}")
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
        done = inside(bare, "/usr/bin/tarn", *arguments)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
    assert list((bare / "lake/gold").rglob("_SUCCESS"))
    findings = json.loads(inside(bare, "/usr/bin/tarn", "doctor", "--project", "/project", "--json").stdout)
    assert findings["sound"] is True


def test_it_runs_on_a_fresh_debian(tarball, tmp_path):
    """From the tarball in /usr/local to gold, with what a minimal Debian 12 has."""
    if os.geteuid() != 0:
        pytest.skip("only root makes a Debian")
    root = pathlib.Path(os.environ.get("TARN_TEST_DEBIAN", tmp_path / "debian"))
    if not root.exists():
        if shutil.which("debootstrap") is None:
            pytest.skip("there is no debootstrap")
        subprocess.run(["debootstrap", "--variant=minbase", "bookworm", root, "http://deb.debian.org/debian"], check=True,
                       capture_output=True, timeout=1800)  # fmt: skip
    shutil.rmtree(root / "srv" / "tried", ignore_errors=True)
    (root / "srv" / "tried").mkdir()
    with tarfile.open(tarball) as archive:
        archive.extractall(root / "usr" / "local", filter="data")
    script = """set -eu
        if command -v swift; then exit 1; fi
        ldd /usr/local/bin/tarn
        cd /srv/tried
        tarn init project && cd project
        tarn sample days --records 5000
        tarn raw add days/*.dbn.zst
        tarn run -p future_mbo -l all -s ES -d 2026-03-03 --start 09:40 --end 09:40:30
        tarn verify
        . /usr/local/share/bash-completion/completions/tarn
        complete -p tarn
        """
    done = inside(root, "bash", "-c", script)
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    assert "not found" not in done.stdout and " sound" in done.stdout
    assert list((root / "srv/tried/project/lake/gold").rglob("_SUCCESS"))


def test_the_prefix_is_whole(bare):
    usr = pathlib.Path(bare, "usr")
    with gzip.open(usr / "share/man/man1/tarn.1.gz", "rt") as page:
        assert page.readline().startswith(".TH TARN 1")
    for path in ("share/bash-completion/completions/tarn", "share/zsh/site-functions/_tarn",
                 "share/fish/vendor_completions.d/tarn.fish", "share/tarn/datasets.yaml", "share/doc/tarn/README.md",
                 "share/tarn/contracts/gold/future_mbo/physics_surface_1s.avsc"):  # fmt: skip
        assert (usr / path).stat().st_size > 100, path
