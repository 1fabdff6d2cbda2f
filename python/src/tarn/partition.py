"""Partitions: where they are, and how one generation of each is read.

A partition is a directory that is replaced as a whole, by one rename. So a directory that is opened once is one
generation, whatever happens to its path: marker, manifest and table are opened relative to it. A scan chooses the
generations of all its partitions at one moment (it looks twice, and the second look must find what the first found),
and remembers them by the digest in their markers. A file is opened only if its marker still has that digest; where the
generation was replaced meanwhile, it is read from `_history`. What was chosen is what is read, or there is an error.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import pathlib
import time
import urllib.parse
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.fs as fs

from .errors import CorruptPartition, LakeChanging, LakeUnsettled, PartitionReplaced

LAYERS = ("ref", "bronze", "silver", "gold")
MANIFEST = "_MANIFEST.json"
MARKER = "_SUCCESS"

#: Seconds after which a scan gives up waiting for a lake that keeps changing.
PATIENCE = 30.0
#: Seconds that a replaced generation may take on its way to `_history`.
MOVING = 1.0


@dataclass(frozen=True, order=True)
class Address:
    """One partition."""

    dataset: str
    symbol: str
    date: datetime.date

    @property
    def path(self) -> str:
        """Relative to the lake."""
        layer, product, table = self.dataset.split(".")
        symbol = _encoded(self.symbol)
        return f"{layer}/product_type={product}/table={table}/symbol={symbol}/dt={self.date.isoformat()}"

    def __str__(self) -> str:
        return f"{self.dataset} {self.symbol} {self.date.isoformat()}"


def _encoded(symbol: str) -> str:
    """As `tarn` writes symbols into paths: unreserved bytes stand for themselves, never a '.' or '_' in front."""
    text = urllib.parse.quote(symbol, safe="").replace("~", "%7E")
    return f"%{ord(text[0]):02X}{text[1:]}" if text[0] in "._" else text


@dataclass(frozen=True)
class Partition:
    """One generation of one partition, as its manifest tells."""

    address: Address
    manifest: dict[str, Any]
    #: SHA-256 of the manifest: which generation this is.
    digest: str

    @property
    def symbol(self) -> str:
        return self.address.symbol

    @property
    def date(self) -> datetime.date:
        return self.address.date

    @property
    def rows(self) -> int:
        return int(self.manifest["rows"])

    @property
    def bytes(self) -> int:
        return sum(int(file["bytes"]) for file in self.manifest["files"])

    @property
    def generation(self) -> str:
        return str(self.manifest["generation"])

    @property
    def day_state(self) -> str:
        """events, no_events (files without a record of the symbol) or no_data (the vendor has nothing)."""
        return str(self.manifest["day_state"])

    @property
    def quality(self) -> dict[str, Any]:
        """windows, valid_windows, windows per reason, sums of the counters, rows dropped."""
        return dict(self.manifest["quality"])

    @property
    def fingerprint(self) -> str:
        """Of the contract it was written under."""
        return str(self.manifest["contract"]["fingerprint"])

    @property
    def file(self) -> dict[str, Any]:
        (file,) = self.manifest["files"]
        return dict(file)


# Listing


def _steps(folder: pathlib.Path, key: str) -> Iterator[tuple[str, pathlib.Path]]:
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if entry.name.startswith(key + "="))
    except (FileNotFoundError, NotADirectoryError):
        return
    for name in names:
        yield urllib.parse.unquote(name[len(key) + 1 :]), folder / name


def datasets(root: pathlib.Path) -> list[str]:
    """Datasets that have a directory in the lake."""
    return [
        f"{layer}.{product}.{table}"
        for layer in LAYERS
        for product, folder in _steps(root / layer, "product_type")
        for table, _ in _steps(folder, "table")
    ]


def addresses(root: pathlib.Path, dataset: str) -> Iterator[Address]:
    """Partitions of a dataset that have a directory, ascending by symbol and date."""
    layer, product, table = dataset.split(".")
    for symbol, folder in _steps(root / layer / f"product_type={product}" / f"table={table}", "symbol"):
        for date, _ in _steps(folder, "dt"):
            yield Address(dataset, symbol, datetime.date.fromisoformat(date))


# Opening


class _Changed(Exception):
    """The directory is not, or not any more, what it was."""


def _read_at(folder: int, name: str) -> bytes:
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError as error:
        raise _Changed(f"there is no {name}") from error
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def _open_folder(path: pathlib.Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise _Changed("it is missing") from error


def _identity(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_dev, status.st_ino, status.st_ctime_ns


def _look(root: pathlib.Path, address: Address) -> tuple[Partition, tuple[int, int, int]]:
    """The live generation and the identity of its directory."""
    folder = _open_folder(root / address.path)
    try:
        marker = _read_at(folder, MARKER).decode("ascii", "replace").strip()
        manifest = _read_at(folder, MANIFEST)
        if hashlib.sha256(manifest).hexdigest() != marker:
            raise CorruptPartition(f"{address}: the manifest is not the one that the marker names; see 'tarn verify'")
        return Partition(address, json.loads(manifest), marker), _identity(os.fstat(folder))
    finally:
        os.close(folder)


def choose(root: pathlib.Path, wanted: Iterable[Address], patience: float = PATIENCE) -> list[Partition]:
    """One generation of each partition, all of them live at one moment.

    Where a partition is replaced while it is looked at, a `LakeChanging` warning says so and it is looked at again.

    Raises: LakeUnsettled when that does not end within `patience` seconds.
    """
    order = list(wanted)
    found: dict[Address, tuple[Partition, tuple[int, int, int]]] = {}
    deadline = time.monotonic() + patience
    pause = 0.002
    while True:
        changed: list[str] = []
        for address in order:
            if address in found:
                continue
            try:
                found[address] = _look(root, address)
            except _Changed as reason:
                changed.append(f"{address}: {reason}")
        # The second look: what was found first must still be there when the last one is found.
        for address in order:
            if address not in found:
                continue
            try:
                still = _identity(os.stat(root / address.path)) == found[address][1]
            except FileNotFoundError:
                still = False
            if not still:
                del found[address]
                changed.append(f"{address}: replaced while the scan was looking")
        if not changed:
            return [found[address][0] for address in order]
        if time.monotonic() >= deadline:
            raise LakeUnsettled(f"after {patience:g} s partitions of the scan still change: {'; '.join(changed[:3])}")
        warnings.warn(f"looking again: {'; '.join(changed[:3])}", LakeChanging, stacklevel=4)
        time.sleep(pause)
        pause = min(pause * 2, 0.5)


def open_table(root: pathlib.Path, partition: Partition) -> pa.NativeFile:
    """The Parquet file of exactly this generation, live or replaced.

    Raises: PartitionReplaced when the generation is gone, CorruptPartition when its size is not the manifest's.
    """
    address = partition.address
    places = (root / address.path, root / "_history" / address.path / partition.generation)
    # A generation on its way from one place to the other is in neither for a moment.
    deadline = time.monotonic() + MOVING
    while True:
        for place in places:
            try:
                folder = _open_folder(place)
            except _Changed:
                continue
            try:
                if _read_at(folder, MARKER).decode("ascii", "replace").strip() != partition.digest:
                    continue
                file = partition.file
                size = os.stat(file["name"], dir_fd=folder).st_size
                if size != file["bytes"]:
                    found = f"{file['name']} has {size} bytes"
                    raise CorruptPartition(f"{address}: {found}, its manifest says {file['bytes']}")
                return _native(folder, file["name"])
            except (_Changed, FileNotFoundError):
                continue
            finally:
                os.close(folder)
        if time.monotonic() >= deadline:
            break
        warnings.warn(f"looking again: {address} is being replaced", LakeChanging, stacklevel=2)
        time.sleep(0.01)
    raise PartitionReplaced(f"{address}: generation {partition.generation[:12]} is gone from the lake; scan again")


def _native(folder: int, name: str) -> pa.NativeFile:
    if os.path.exists("/proc/self/fd"):
        return pa.OSFile(f"/proc/self/fd/{folder}/{name}", "rb")
    return pa.PythonFile(os.fdopen(os.open(name, os.O_RDONLY, dir_fd=folder), "rb"), "r")


class GenerationFiles(fs.FileSystemHandler):  # type: ignore[misc]
    """A file system of the chosen generations, for Arrow: paths are those of the lake, contents those generations."""

    def __init__(self, root: pathlib.Path, partitions: Iterable[Partition]) -> None:
        self._root = root
        self._partitions = {f"{one.address.path}/{one.file['name']}": one for one in partitions}
        #: Called before a file is opened; tests interfere here.
        self.before_open: Callable[[Partition], None] = lambda partition: None

    def open_input_file(self, path: str) -> pa.NativeFile:
        partition = self._partitions[path]
        self.before_open(partition)
        return open_table(self._root, partition)

    def open_input_stream(self, path: str) -> pa.NativeFile:
        return self.open_input_file(path)

    def get_type_name(self) -> str:
        return "tarn"

    def normalize_path(self, path: str) -> str:
        return path

    def get_file_info(self, paths: list[str]) -> list[fs.FileInfo]:
        return [
            fs.FileInfo(path, fs.FileType.File, size=self._partitions[path].bytes)
            if path in self._partitions else fs.FileInfo(path, fs.FileType.NotFound)
            for path in paths
        ]  # fmt: skip

    def get_file_info_selector(self, selector: fs.FileSelector) -> list[fs.FileInfo]:
        return self.get_file_info([path for path in self._partitions if path.startswith(selector.base_dir)])

    def _refuse(self, *arguments: object, **more: object) -> Any:
        raise NotImplementedError("a lake is written by tarn only")

    create_dir = delete_dir = delete_dir_contents = delete_root_dir_contents = delete_file = _refuse
    move = copy_file = open_output_stream = open_append_stream = _refuse
