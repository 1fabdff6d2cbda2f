"""Processes measured, values with their spread, and the tables in which they are shown."""

import os
import re
import statistics
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / ".build" / "bench"
BIN = ROOT / ".build" / "release"
PYTHON = WORK / "venv" / "bin" / "python"
PROGRAMS = ROOT / "Benchmarks" / "python"
DATE = "2026-03-03"
# What a document holds between its tables.
BEGIN, END = "<!-- tables -->", "<!-- end of tables -->"
CPUS = sorted(os.sched_getaffinity(0))


def sh(*arguments, **options):
    """Runs a program to its end and gives what it wrote."""
    options = {"stdout": subprocess.PIPE, "check": True, "text": True} | options
    return subprocess.run([str(a) for a in arguments], **options).stdout


@dataclass
class Used:
    """Wall and processor seconds, and the most memory in MB, of one process."""

    wall: float
    cpu: float
    memory: float
    out: str = ""


def measured(*arguments, one_core=False):
    """The high-water mark is read while the process runs: what the system reports at the end may be that of the
    process that started it."""
    command = [str(a) for a in arguments]
    if one_core:
        command = ["taskset", "-c", str(CPUS[-1]), *command]
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    marks = [0]

    def watch():
        status = Path(f"/proc/{process.pid}/status")
        while process.returncode is None:
            try:
                if mark := re.search(r"VmHWM:\s+(\d+) kB", status.read_text()):
                    marks[0] = max(marks[0], int(mark[1]))
            except OSError:
                return
            time.sleep(0.005)

    watcher = threading.Thread(target=watch)
    watcher.start()
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    watcher.join()
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit {process.returncode}\n{out}")
    return Used(wall, usage.ru_utime + usage.ru_stime, marks[0] / 1024, out)


def same(name, a, b):
    """Speeds of different results are not compared."""
    if a != b:
        sys.exit(f"{name}: {a!r} and {b!r} are not the same")


def spread(values, digits=2):
    """The median, and the least and the greatest value."""
    low, middle, high = min(values), statistics.median(values), max(values)
    if len(values) == 1 or f"{low:.{digits}f}" == f"{high:.{digits}f}":
        return f"{middle:.{digits}f}"
    return f"{middle:.{digits}f} ({low:.{digits}f}–{high:.{digits}f})"


def ratios(a, b, digits=2):
    """How often b goes into a, round by round: both were measured in the same moments."""
    return spread([x / y for x, y in zip(a, b)], digits)


class Tables:
    """What is printed: as the tables of docs/performance.md, or in columns for a terminal."""

    def __init__(self, markdown):
        self.markdown = markdown
        self.text = ""

    def show(self, title, header, rows, note=None):
        rows = [[str(cell) for cell in row] for row in rows]
        lines = []
        if self.markdown:
            lines += [f"### {title}", "", "| " + " | ".join(header) + " |", "|---" + "|--:" * (len(header) - 1) + "|"]
            lines += ["| " + " | ".join(row) + " |" for row in rows]
            lines += ["", *textwrap.wrap(note, 118)] if note else []
        else:
            widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
            lines.append(title)
            for row in [header, *rows]:
                cells = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
                lines.append("  " + "  ".join(cells).rstrip())
            lines += ["  " + note] if note else []
        self.say("\n".join(lines))

    def say(self, text):
        print(text + "\n", flush=True)
        self.text += text + "\n\n"

    def write_into(self, path):
        """Between the marks of a document."""
        before, mark, rest = path.read_text().partition(BEGIN)
        _, end, after = rest.partition(END)
        if not mark or not end:
            sys.exit(f"{path} has no {BEGIN} and {END}")
        path.write_text(f"{before}{BEGIN}\n\n{self.text}{END}{after}")


def tarn(lake, *arguments):
    return [BIN / "tarn", "--project", ROOT, "--lake", lake, *arguments, "-q"]


def sample(records):
    """The generated day of a future whose front contract has so many records, and the records of its file."""
    days = WORK / f"days-{records}"
    file = days / f"glbx-mdp3-{DATE.replace('-', '')}.mbo.dbn.zst"
    if not file.exists():
        sh(BIN / "tarn", "sample", days, "-d", DATE, "--records", records, "-q")
    return file


def lake_of(name, files):
    """A new lake with raw files of the day."""
    lake = WORK / "lakes" / name
    sh("rm", "-rf", lake)
    sh(*tarn(lake, "raw", "add", *files, "--product-type", "future_mbo"))
    return lake


def run(lake, layer, *more, table=None, symbol="ES", date=DATE):
    tables = ["-t", table] if table else []
    return tarn(lake, "run", "-p", "future_mbo", "-l", layer, *tables, "-s", symbol, "-d", date, *more)


def partition(lake, dataset, symbol, date=DATE):
    layer, product, table = dataset.split(".")
    return lake / layer / f"product_type={product}" / f"table={table}" / f"symbol={symbol}" / f"dt={date}"
