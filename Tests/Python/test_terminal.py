"""What people see: the program on terminals of some widths, its colours and progress, and completion in real shells."""

import fcntl
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import termios
import time

import pytest

import pipeline

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
TARN = pathlib.Path(pipeline.FOLDER).resolve()


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, command, environment, cwd, columns=80, lines=24):
        self.seen = ""
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
            os.chdir(cwd)
            os.execvpe(str(command[0]), [str(word) for word in command], environment)

    def read(self, seconds):
        """Takes what comes within a time; false at the end."""
        if not select.select([self.descriptor], [], [], seconds)[0]:
            return True
        try:
            piece = os.read(self.descriptor, 1 << 16)
        except OSError:
            return False
        self.seen += piece.decode(errors="replace")
        return bool(piece)

    def rest(self):
        """Everything to the end, and the exit code."""
        deadline = time.monotonic() + 120
        while self.read(1) and time.monotonic() < deadline:
            pass
        os.close(self.descriptor)
        return self.seen.replace("\r\n", "\n"), os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def wait_for(self, pattern):
        """Waits until it has been shown, behind all that was waited for before."""
        deadline = time.monotonic() + 60
        while not (match := re.search(pattern, ESCAPE.sub("", self.seen), re.S)):
            assert self.read(1) and time.monotonic() < deadline, f"{pattern!r} never came:\n{self.seen!r}"
        self.seen = ESCAPE.sub("", self.seen)[match.end() :]

    def type(self, keys):
        os.write(self.descriptor, keys.encode())

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.descriptor)


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """Half a minute of a generated day. Read only."""
    lake = pipeline.Lake(tmp_path_factory.mktemp("terminal") / "lake")
    days = lake.root.parent / "days"
    lake.tarn("sample", days, "--records", "20000", "--dt", "2026-03-02:2026-03-03").exits(0)
    lake.tarn("raw", "add", *sorted(days.glob("*.dbn.zst"))).exits(0)
    lake.tarn("run", "-p", "future_mbo", "-l", "all", "-s", "ES", "-d", "2026-03-03", "--start", "09:40", "--end",
              "09:40:30").exits(0)  # fmt: skip
    return lake


def surroundings(lake, **variables):
    kept = {name: value for name, value in lake._environment().items() if name not in ("NO_COLOR", "TERM")}
    return kept | {"PATH": f"{TARN}:{os.environ['PATH']}", "TERM": "xterm-256color"} | variables


def on_terminal(lake, *arguments, columns=80, **variables):
    return Terminal([TARN / "tarn", *arguments], surroundings(lake, **variables), lake.root, columns).rest()


COMMANDS = [
    ("--help",), ("run", "--help"), ("export", "--help"), ("status",), ("status", "--partitions"),
    ("plan", "-p", "future_mbo", "-l", "all", "-s", "ES", "-d", "2026-03-03"),
    ("plan", "-p", "future_mbo", "-l", "gold", "-s", "ES", "-d", "2026-03-03", "--set", "ema_frame=price", "--overwrite"),
    ("run", "-p", "future_mbo", "-l", "all", "-s", "ES", "-d", "2026-03-03"),
    ("run", "-p", "future_mbo", "-l", "gold", "-s", "ES", "-d", "2026-03-03", "--set", "ema_frame=price"),
    ("run", "-p", "futre_mbo", "-l", "gold", "-s", "ES", "-d", "2026-03-03"), ("rnu",), ("run",), (),
    ("verify",), ("doctor",), ("gc",), ("raw", "list"), ("contracts", "show"),
    ("contracts", "show", "gold.future_mbo.physics_surface_1s"), ("select-contracts", "--symbol", "ES", "--dates", "2026-03-03"),
    ("inspect", "gold.future_mbo.physics_surface_1s", "-s", "ESH6", "-d", "2026-03-03"),
    ("explain", "silver.future_mbo.depth_and_flow_1s", "-s", "ESH6", "-d", "2026-03-03", "--at", "09:40:20", "side=B", "price=6899"),
    ("explain", "gold.future_mbo.physics_surface_1s", "-s", "ESH6", "-d", "2026-03-03", "--at", "09:40:20", "side=B", "rel_ticks=-1"),
    ("explain", "gold.future_mbo.forecast_1s", "-s", "ESH6", "-d", "2026-03-03", "--at", "09:40:20", "horizon_s=5"),
    ("inspect", "../days/glbx-mdp3-20260303.mbo.dbn.zst"),
]  # fmt: skip


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_no_line_is_broken_by_the_terminal(lake, arguments, columns):
    """Only words that are longer than a line, such as paths and hashes, go on in the next."""
    shown, _ = on_terminal(lake, *arguments, columns=columns)
    assert shown.strip()
    for line in ESCAPE.sub("", shown).splitlines():
        line = line.rsplit("\r", 1)[-1]
        words = line.split()
        # The formula of an identity is one piece.
        if line.startswith("rule "):
            continue
        assert len(line) <= columns or max(map(len, words)) > columns - 30, f"{len(line)}: {line}"


def test_colours_are_for_those_who_want_them(lake):
    plain = lambda text: "\x1b[3" not in text and "\x1b[2m" not in text and "\x1b[1m" not in text  # noqa: E731
    assert not plain(on_terminal(lake, "status")[0])
    assert plain(on_terminal(lake, "status", NO_COLOR="1")[0])
    assert not plain(on_terminal(lake, "status", NO_COLOR="")[0])
    assert plain(on_terminal(lake, "status", TERM="dumb")[0])
    assert plain(on_terminal(lake, "status", "--color", "never")[0])
    assert not plain(on_terminal(lake, "status", "--color=always", NO_COLOR="1")[0])
    assert plain(on_terminal(lake, "rnu", "--color", "never")[0])
    piped = subprocess.run([TARN / "tarn", "status"], env=surroundings(lake), cwd=lake.root, capture_output=True, text=True)
    assert "\x1b" not in piped.stdout + piped.stderr
    forced = subprocess.run([TARN / "tarn", "status", "--color", "always"], env=surroundings(lake), cwd=lake.root,
                            capture_output=True, text=True)  # fmt: skip
    assert not plain(forced.stdout)


def test_long_work_shows_how_far_it_is(lake, tmp_path):
    """In place on a terminal; on a dumb one, and without one, nothing that moves a cursor."""
    days = lake.root.parent / "days"
    other = pipeline.Lake(tmp_path / "lake")
    other.tarn("raw", "add", *sorted(days.glob("*.dbn.zst"))).exits(0)
    run = ("run", "-p", "future_mbo", "-l", "bronze,silver,gold", "-t",
           "mbo,definition,statistics,contract_day,book_snapshot_1s,depth_and_flow_1s,book_quality_1s,physics_surface_1s",
           "-s", "ES", "-d", "2026-03-02:2026-03-03", "--start", "09:30", "--end", "09:40", "-j", "1")  # fmt: skip
    shown, code = on_terminal(other, *run)
    assert code == 0, shown
    drawn = [line for line in re.split(r"\r\x1b\[2K", shown) if re.match(r"\[[#.]{20}\]", line)]
    assert drawn and all(re.match(r"\[[#.]{20}\] +\d+ %  [\d.]+( [kM])? records", line) for line in drawn), drawn
    assert any(re.search(r"\d/\d [a-z_]+ \(stage \d+ of \d+\)", line) for line in drawn), drawn
    # The line is gone when the work is done.
    assert not re.search(r"\[[#.]{20}\][^\r\n]*\n", shown)
    assert re.search(r"\d+ partitions: \d+ published; made [\d,]+ rows, [\d.]+ MB\n[\d,]+ records read in ", shown)
    assert "next: tarn inspect gold.future_mbo.physics_surface_1s -s ESH6 --how-to-read" in ESCAPE.sub("", shown)
    shown, code = on_terminal(other, *run, "--overwrite", TERM="dumb")
    assert code == 0 and "\x1b" not in shown and "\r" not in shown


# Completion


def shell(name):
    return pytest.param(name, marks=pytest.mark.skipif(shutil.which(name) is None, reason=f"there is no {name}"))


SETUP = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], "source <(tarn completions bash)"),
    "zsh": (["zsh", "-f", "-i"], "autoload -U compinit && compinit -u -D && source <(tarn completions zsh)"),
}


@pytest.mark.parametrize("name", [shell("bash"), shell("zsh")])
def test_shells_complete_what_is_in_the_lake(lake, tmp_path, name):
    command, setup = SETUP[name]
    (tmp_path / "datei.dbn").touch()
    environment = surroundings(lake, PS1="ready> ", TERM="dumb", HOME=str(tmp_path))
    terminal = Terminal(command, environment, tmp_path, columns=160, lines=50)
    try:
        terminal.wait_for("ready> ")
        terminal.type(f"{setup}; echo set'-'up\n")
        terminal.wait_for("set-up.*ready> ")
        for typed, completed in (
            ("tarn stat", "us"), ("tarn status --parti", "tions"),
            ("tarn inspect gold.future_mbo.physics", "_surface_1s"), ("tarn explain silver.future_mbo.depth", "_and_flow_1s"),
            ("tarn status --symbol ESM", "6"), ("tarn status -s ESH6,ESM", "6"), ("tarn status --dt 2026-03-03", ""),
            ("tarn run --product-type future_m", "bo"), ("tarn run -l bronze,sil", "ver"), ("tarn status --layer=gol", "d"),
            ("tarn raw add dat", "ei.dbn"),
        ):  # fmt: skip
            terminal.type(f"{typed}\t")
            terminal.wait_for(re.escape(typed) + ".*?" + re.escape(completed))
            # A line that is not understood ends the word; the shell is asked what it holds.
            terminal.type("\x01: \x05 ;echo said\n")
            terminal.wait_for("said.*ready> ")
        # Dates are those of partitions and of raw files.
        terminal.type("tarn status --dt 2026-03-0\t\t")
        terminal.wait_for(r"(?=.*2026-03-02\s)(?=.*2026-03-03\s)")
    finally:
        terminal.close()


@pytest.mark.skipif(shutil.which("fish") is None, reason="there is no fish")
def test_fish_completes_what_is_in_the_lake(lake, tmp_path):
    (tmp_path / "datei.dbn").touch()

    def words(line):
        done = subprocess.run(["fish", "--no-config", "-c", f"tarn completions fish | source; complete -C '{line}'"],
                              env=surroundings(lake, HOME=str(tmp_path)), cwd=tmp_path, capture_output=True, text=True, timeout=60)  # fmt: skip
        assert done.returncode == 0, done.stderr
        return [word.split("\t")[0] for word in done.stdout.splitlines()]

    assert words("tarn stat") == ["status"]
    assert words("tarn inspect gold.future_mbo.physics") == ["gold.future_mbo.physics_surface_1s"]
    assert words("tarn status --symbol ") == ["ES", "ESH6", "ESM6"]
    assert words("tarn status -s ESH6,ESM") == ["ESH6,ESM6"]
    assert words("tarn status --dt ") == ["2026-03-02", "2026-03-03"]
    assert words("tarn run -p future_m") == ["future_mbo"]
    assert words("tarn raw add da") == ["datei.dbn"]
    assert words("tarn status --layer=gol") == ["--layer=gold"]


def test_candidates_come_from_the_lake(lake):
    """What the scripts of all shells ask."""
    def offered(*line):
        out = lake.tarn("completions", "--words", "--", *line).exits(0).out
        return [word.split("\t")[0] for word in out.splitlines()]

    assert offered("status", "--symbol", "") == ["ES", "ESH6", "ESM6"]
    # 2026-03-02 is only a raw file so far.
    assert offered("run", "--dt", "") == ["2026-03-02", "2026-03-03"]
    assert offered("inspect", "gold.future_mbo.ph") == ["gold.future_mbo.physics_surface_1s", ":files"]
    assert {"future_mbo", "equity_taq"} <= set(offered("run", "-p", ""))


def test_the_manual_page_is_shown_without_complaint(lake, tmp_path):
    page = tmp_path / "tarn.1"
    page.write_text(lake.tarn("manual").exits(0).out)
    tried = 0
    if shutil.which("mandoc"):
        done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], capture_output=True, text=True)
        # It has no date: the same program writes the same page.
        complaints = [line for line in done.stdout.splitlines() if "missing date" not in line]
        assert complaints == []
        tried += 1
    if shutil.which("man"):
        done = subprocess.run(["man", "--warnings", "-l", page], capture_output=True, text=True,
                              env=os.environ | {"MANPAGER": "cat", "MANWIDTH": "80", "LC_ALL": "C.UTF-8"})  # fmt: skip
        assert done.returncode == 0 and done.stderr == "", done.stderr[:2000]
        assert re.search(r"^\s+run --layer|^ +tarn run --layer", done.stdout, re.M)
        assert all(len(line) <= 80 for line in re.sub(r".\x08", "", done.stdout).splitlines())
        tried += 1
    if tried == 0:
        pytest.skip("there is neither mandoc nor man")
