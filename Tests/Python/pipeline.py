"""The program as its users start it, and a lake to start it on."""

import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass

import pyarrow.parquet as parquet
import pytest

from vendorfiles import DATA, ROOT

FOLDER = pathlib.Path(os.environ.get("TARN_BIN", ROOT / ".build" / "release"))
FULL = os.environ.get("TARN_TEST_FULL") == "1"
SPARK = os.environ.get("TARN_TEST_SPARK") == "1"
LAYERS = ("bronze", "silver", "gold")


@dataclass
class Result:
    """What a finished program leaves."""

    arguments: list
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def partitions(self):
        """path → (outcome, whole entry), of a run's report."""
        return {entry["path"]: entry for task in self.json["tasks"] for entry in task["partitions"]}

    @property
    def outcomes(self):
        return {entry["outcome"] for entry in self.partitions.values()}

    def exits(self, code, pattern=None):
        """Asserts the exit code, and that the error output matches; gives the result back."""
        assert self.code == code, f"{self}"
        if pattern is not None:
            assert re.search(pattern, self.err), f"expected {pattern!r} in\n{self}"
        return self

    def __str__(self):
        return f"tarn {' '.join(self.arguments)}\nexit code {self.code}\n{self.err}\n{self.out[-4000:]}"


class Lake:
    """A lake directory of its own, and the program at work on it."""

    def __init__(self, root, project=ROOT):
        self.root = pathlib.Path(root)
        self.root.mkdir(parents=True, exist_ok=True)
        self.project = pathlib.Path(project)

    # The program

    def _environment(self):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TARN_")}
        return kept | {"TARN_PROJECT": str(self.project), "TARN_LAKE": str(self.root), "NO_COLOR": "1"}

    def start(self, *arguments):
        """The program, not waited for."""
        return subprocess.Popen(
            [str(FOLDER / "tarn"), *map(str, arguments)],
            env=self._environment(),
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def tarn(self, *arguments):
        process = self.start(*arguments)
        out, err = process.communicate(timeout=300)
        return Result([str(a) for a in arguments], process.returncode, out, err)

    def add(self, *files, product="future_mbo", **options):
        """Puts copies of files into the raw layer: a link would let a test change what is not its own."""
        copies = []
        for file in files:
            file = pathlib.Path(file)
            copy = self.root.parent / f"{self.root.name}-vendor" / file.name
            if file.resolve() != copy.resolve():
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, copy)
            copies.append(copy)
        return self.tarn("raw", "add", "-p", product, "--json", *copies, *flags(options)).exits(0)

    def run(self, layers, symbols, dates, *more, product="future_mbo", **options):
        """A run with its report as JSON; the exit code is for the caller to judge."""
        return self.tarn(
            "run", "--json", "-p", product, "-l", layers, "-s", symbols, "-d", dates, *more, *flags(options)
        )

    # What is in the lake

    def folder(self, dataset, symbol, date):
        layer, product, table = dataset.split(".")
        return self.root / layer / f"product_type={product}" / f"table={table}" / f"symbol={symbol}" / f"dt={date}"

    def file(self, dataset, symbol, date):
        return self.folder(dataset, symbol, date) / "part-00000.parquet"

    def table(self, dataset, symbol, date):
        """A partition as pyarrow reads its one file, path keys not added."""
        return parquet.read_table(self.file(dataset, symbol, date), partitioning=None)

    def manifest(self, dataset, symbol, date):
        return json.loads((self.folder(dataset, symbol, date) / "_MANIFEST.json").read_text())

    def hashes(self, *layers):
        """SHA-256 of every file of the layers, by path: the whole of what readers can see."""
        return {
            str(path.relative_to(self.root)): hashlib.sha256(path.read_bytes()).hexdigest()
            for layer in layers or LAYERS
            for path in sorted((self.root / layer).rglob("*"))
            if path.is_file()
        }

    def leftovers(self):
        """What is in _staging besides the lock files, which stay."""
        staging = self.root / "_staging"
        if not staging.exists():
            return []
        return [
            str(path.relative_to(staging))
            for path in sorted(staging.rglob("*"))
            if path.relative_to(staging).parts[0] != ".locks"
        ]

    def history(self):
        return sorted((self.root / "_history").rglob("_MANIFEST.json"))


class FaultyLake(Lake):
    """A lake whose program can run under the shim that makes system calls fail (Tests/Faults)."""

    faults = {}

    def _environment(self):
        return super()._environment() | self.faults

    def under(self, shim, **faults):
        other = FaultyLake(self.root)
        other.faults = {"LD_PRELOAD": str(shim), "FAULTS_ROOT": str(self.root)} | faults
        return other


def faults_shim(folder):
    """Compiles it."""
    library = folder / "faults.so"
    # A Swift toolchain brings a compiler of its own.
    compiler = shutil.which("cc") or shutil.which("clang")
    subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", library, ROOT / "Tests" / "Faults" / "preload.c"], check=True)
    return library


def flags(options):
    """overwrite=True → --overwrite; start="09:30" → --start 09:30; a list repeats the option."""
    arguments = []
    for name, value in options.items():
        name = "--" + name.replace("_", "-")
        if value is True:
            arguments.append(name)
        elif isinstance(value, (list, tuple)):
            for one in value:
                arguments += [name, str(one)]
        elif value is not None and value is not False:
            arguments += [name, str(value)]
    return arguments


def interrupt(process, number=signal.SIGINT):
    """Sends a signal; gives back the result and the seconds until the end."""
    before = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    return Result([], process.returncode, out, err), time.monotonic() - before


def vendor(*names):
    """Paths of vendor files; skips the test, visibly, when one is not here."""
    paths = [DATA / name for name in names]
    for path in paths:
        if not path.exists():
            pytest.skip(f"the vendor file {path.name} is not here")
    return paths
