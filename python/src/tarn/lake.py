"""Lakes and datasets."""

from __future__ import annotations

import difflib
import json
import os
import pathlib
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as parquet

from . import partition as partitions
from .contract import Contract
from .errors import NoSuchDataset, NoSuchLake, ProgramError
from .partition import Partition
from .scan import Dates, Instant, Prices, Scan, Symbols, nanoseconds


def open(  # noqa: A001 - the name that users expect
    lake: str | os.PathLike[str] | None = None, *, contracts: str | os.PathLike[str] | None = None
) -> Lake:
    """Opens a lake, or a project by its lake.

    Args:
        lake: The directory of the lake, or of a project (with `datasets.yaml`). Without it `TARN_LAKE`, then
            `TARN_PROJECT`, then the nearest project upward from here, as for the program.
        contracts: The directory of contracts. Without it that of `TARN_PROJECT`, or of the nearest project upward
            from the lake or from here; without one the columns and units that the Parquet files carry.
    """
    if lake is None:
        lake = os.environ.get("TARN_LAKE") or os.environ.get("TARN_PROJECT") or _project_above(pathlib.Path.cwd())
        if lake is None:
            raise NoSuchLake("there is no project here: name the lake, or set TARN_LAKE")
    root = pathlib.Path(lake).expanduser().resolve()
    project = None
    if (root / "datasets.yaml").is_file():
        project = root
        root = (root / _lake_root(root / "datasets.yaml")).resolve()
    if not root.is_dir():
        raise NoSuchLake(f"{root} is not there: 'tarn run' makes a lake")
    if not any((root / layer).is_dir() for layer in (*partitions.LAYERS, "raw")):
        raise NoSuchLake(f"{root} is no lake: it has none of raw, ref, bronze, silver, gold")
    if project is None:
        named = os.environ.get("TARN_PROJECT")
        project = pathlib.Path(named) if named else _project_above(root) or _project_above(pathlib.Path.cwd())
    if contracts is None and project is not None:
        contracts = project / "contracts"
    return Lake(root, pathlib.Path(contracts) if contracts is not None else None, project)


def _project_above(folder: pathlib.Path) -> pathlib.Path | None:
    for one in (folder, *folder.parents):
        if (one / "datasets.yaml").is_file():
            return one
    return None


def _lake_root(registry: pathlib.Path) -> str:
    for line in registry.read_text(encoding="utf-8").splitlines():
        if line.startswith("lake_root:"):
            return line.split(":", 1)[1].split(" #")[0].strip().strip("'\"")
    return "lake"


class Lake(Mapping[str, "Dataset"]):
    """A lake: its datasets by name, such as `gold.future_mbo.physics_surface_1s`."""

    def __init__(self, root: pathlib.Path, contracts: pathlib.Path | None, project: pathlib.Path | None) -> None:
        self.root = root
        self.contracts = contracts if contracts is not None and contracts.is_dir() else None
        self.project = project
        self._datasets: dict[str, Dataset] = {}
        names = "\n".join(f"  {name}" for name in self)
        self.__doc__ = f"The lake {root}. Its datasets:\n{names}\nhelp(lake[name]) tells the columns of one."

    def __repr__(self) -> str:
        return f"<tarn lake {self.root}: {len(self)} datasets>"

    # Datasets

    def __iter__(self) -> Iterator[str]:
        """Datasets that the lake holds partitions of."""
        return iter(partitions.datasets(self.root))

    def __len__(self) -> int:
        return len(partitions.datasets(self.root))

    def __contains__(self, name: object) -> bool:
        return name in partitions.datasets(self.root)

    def __getitem__(self, name: str) -> Dataset:
        """A dataset that the lake holds or whose contract is known.

        Raises: NoSuchDataset.
        """
        if name not in self._datasets:
            there = partitions.datasets(self.root)
            if name not in there and self._contract_file(name) is None:
                near = difflib.get_close_matches(name, there, 1)
                advice = f"; did you mean '{near[0]}'?" if near else f"; it has {', '.join(there) or 'nothing yet'}"
                raise NoSuchDataset(f"{self.root} has no dataset '{name}'{advice}")
            self._datasets[name] = Dataset(self, name)
        return self._datasets[name]

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)

    def _contract_file(self, name: str) -> pathlib.Path | None:
        if self.contracts is None:
            return None
        path = self.contracts / (name.replace(".", "/") + ".avsc")
        return path if path.is_file() else None

    # Quality and lineage

    def quality(self, product: str, symbol: Symbols = None, dt: Dates = None) -> Scan:
        """The quality of each window of the books of a product."""
        return self[f"silver.{product}.book_quality_1s"].scan(symbol=symbol, dt=dt)

    def explain(self, dataset: str, symbol: str, dt: Any, at: Any, **cell: Any) -> dict[str, Any]:
        """Which records a value comes from, as `tarn explain --json` tells.

        Args:
            at: End of the window: an instant, or a time of day in New York, with a final Z in UTC.
            cell: What names the row beside the window: `side="B", price=6900.25`, `right="C", strike=6900`,
                `horizon_s=5`.

        Raises: ProgramError with the exit code of the program.
        """
        moment = at if isinstance(at, str) and ":" in at[:3] else str(nanoseconds(at))
        words = [f"{name}={value}" for name, value in cell.items()]
        return self.program("explain", dataset, "--symbol", symbol, "--dt", str(dt), "--at", moment, *words)

    def program(self, *arguments: str) -> dict[str, Any]:
        """The JSON result of a command of `tarn` on this lake.

        The program is the one of `TARN_BIN` (its folder), or on the PATH, or of the project's own build.
        """
        command = [_program(self.project), *arguments, "--json", "--lake", str(self.root)]
        if self.project is not None:
            command += ["--project", str(self.project)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            message = done.stderr.strip() or done.stdout.strip()
            raise ProgramError(f"{' '.join(command[:2])}: exit code {done.returncode}: {message}", done.returncode)
        result: dict[str, Any] = json.loads(done.stdout)
        return result


def _program(project: pathlib.Path | None) -> str:
    folder = os.environ.get("TARN_BIN")
    built = project / ".build" / "release" / "tarn" if project is not None else None
    found = str(pathlib.Path(folder) / "tarn") if folder else shutil.which("tarn")
    if found is None and built is not None and built.exists():
        found = str(built)
    if found is None or not pathlib.Path(found).exists():
        raise ProgramError("there is no program 'tarn' on the PATH; TARN_BIN names its folder")
    return found


class Dataset:
    """One table of the lake. `help()` of it shows its contract."""

    def __init__(self, lake: Lake, name: str) -> None:
        self.lake = lake
        self.name = name
        self.contract, self.source = self._read_contract()
        self.__doc__ = self.contract.text()

    def __repr__(self) -> str:
        return f"<dataset {self.name}>"

    def _read_contract(self) -> tuple[Contract, str]:
        """The contract and where it is from, in the order of `open`. Units are those of the files: a contract that
        products share is written in the units of one of them."""
        sample = self._sample()
        path = self.lake._contract_file(self.name)
        if path is None and self.lake.contracts is not None and sample is not None:
            # Which contract a table was written under, where it has none of its own name.
            shared = self.lake.contracts.parent / sample.manifest["contract"]["path"]
            path = shared if shared.is_file() else None
        if sample is None:
            assert path is not None, "a dataset has a contract or a partition"
            return Contract.load(path, self.name), str(path)
        with partitions.open_table(self.lake.root, sample) as file:
            table = parquet.ParquetFile(file)
            units = _units(table.metadata)
            written = table.schema_arrow
        if path is None:
            return Contract.of_parquet(written, self.name).with_units(units), "its Parquet files"
        return Contract.load(path, self.name).with_units(units), str(path)

    def _sample(self) -> Partition | None:
        """A partition, with rows if possible: units are kept with columns, and an empty file has none."""
        first = None
        for address in partitions.addresses(self.lake.root, self.name):
            (found,) = partitions.choose(self.lake.root, [address])
            if found.rows > 0:
                return found
            first = first or found
        return first

    # Metadata

    @property
    def units(self) -> dict[str, str]:
        return self.contract.units

    @property
    def docs(self) -> dict[str, str]:
        return self.contract.docs

    @property
    def key(self) -> tuple[str, ...]:
        return self.contract.key

    @property
    def columns(self) -> list[str]:
        return self.contract.names

    @property
    def symbols(self) -> list[str]:
        return sorted({one.symbol for one in partitions.addresses(self.lake.root, self.name)})

    def partitions(self, symbol: Symbols = None, dt: Dates = None) -> list[Partition]:
        """What the manifests say: rows, bytes, state of the day, quality, generation."""
        return partitions.choose(self.lake.root, Scan(self, symbol, dt).addresses())

    # Rows

    def scan(
        self,
        symbol: Symbols = None,
        dt: Dates = None,
        columns: list[str] | None = None,
        *,
        start: Instant = None,
        end: Instant = None,
        where: pc.Expression | None = None,
        valid_only: bool = False,
        prices: Prices = "int",
    ) -> Scan:
        """Rows and columns, lazily.

        Args:
            symbol: One or several; None means all.
            dt: A date, 'D:D' (both ends), or a list of them; None means all.
            columns: Names of the contract, and symbol and dt; None means all.
            start, end: Rows with start <= instant < end; which column that is, `contract.time` says. Instants, or
                times of day in New York ("09:30") or with a final Z in UTC.
            where: A further filter, a `pyarrow.compute` expression on columns of the contract.
            valid_only: Only rows of windows whose book is trusted: by the table's own flag, or else by the
                book_quality_1s of the same product, symbol and date.
            prices: What exact prices become: "int" leaves integers of 1e-9 under their name; "decimal" (exact) and
                "float" give points, and `x_price_int` is named `x_price_decimal` or `x_price_float`.
        """
        return Scan(self, symbol, dt, columns, start, end, where, valid_only, prices)


def _units(metadata: Any) -> dict[str, str]:
    if metadata.num_row_groups == 0:
        return {}
    group = metadata.row_group(0)
    units = {}
    for index in range(group.num_columns):
        chunk = group.column(index)
        unit = (getattr(chunk, "metadata", None) or {}).get(b"unit")
        if unit:
            units[chunk.path_in_schema] = unit.decode()
    return units
