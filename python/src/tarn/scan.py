"""Scans: which rows and columns of a dataset, and what they become.

A scan is lazy: it chooses generations when it is turned into something. Symbols and dates choose partitions; columns,
instants and quality are pushed down to the Parquet reader.
"""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Union
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.fs as fs
import pyarrow.parquet as parquet

from . import partition as partitions
from .contract import Contract
from .errors import ContractMismatch, NothingSelected, QualityUnknown, TarnError
from .partition import Address, Partition

if TYPE_CHECKING:
    import duckdb
    import pandas
    import polars

    from .lake import Dataset

Prices = Literal["int", "decimal", "float"]
Dates = Union[str, datetime.date, Iterable[Union[str, datetime.date]], None]
Symbols = Union[str, Iterable[str], None]
#: Nanoseconds since 1970, an aware datetime, ISO text, or a time of day "HH:MM[:SS]" of each date in New York
#: (with a final Z in UTC).
Instant = Union[int, str, datetime.datetime, Any, None]

_NEW_YORK = ZoneInfo("America/New_York")
_TIME_OF_DAY = re.compile(r"(\d{2}):(\d{2})(?::(\d{2}))?(Z?)")
_NANO = 10**9


def parse_dates(text: Dates) -> list[tuple[datetime.date, datetime.date]] | None:
    """Ranges with both ends: 'D', 'D:D', lists of them, dates; None means all.

    >>> parse_dates("2026-03-02:2026-03-06")
    [(datetime.date(2026, 3, 2), datetime.date(2026, 3, 6))]
    """
    if text is None:
        return None
    ranges: list[tuple[datetime.date, datetime.date]] = []
    for one in [text] if isinstance(text, (str, datetime.date)) else text:
        if isinstance(one, datetime.datetime):
            raise TypeError("dt takes dates; instants go to start and end")
        if isinstance(one, datetime.date):
            ranges.append((one, one))
            continue
        for part in one.split(","):
            ends = part.split(":")
            if len(ends) > 2:
                raise ValueError(f"'{part}' is not a date D or a range D:D")
            first, last = (datetime.date.fromisoformat(end) for end in (ends[0], ends[-1]))
            if last < first:
                raise ValueError(f"the range {part} ends before it begins")
            ranges.append((first, last))
    return ranges


def nanoseconds(instant: Any) -> int:
    """Nanoseconds since 1970 UTC of an integer, ISO text, datetime, pandas or numpy instant."""
    if isinstance(instant, bool):
        raise TypeError("an instant is no flag")
    if isinstance(instant, int):
        return instant
    if isinstance(instant, str):
        return int(pa.scalar(_iso(instant), pa.timestamp("ns", "UTC")).value)
    if hasattr(instant, "as_unit") and hasattr(instant, "tzinfo"):  # pandas.Timestamp
        if instant.tzinfo is None:
            raise ValueError(f"{instant} has no time zone")
        return int(instant.as_unit("ns").value)
    if isinstance(instant, datetime.datetime):
        if instant.tzinfo is None:
            raise ValueError(f"{instant} has no time zone")
        since = instant - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
        return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1000
    if hasattr(instant, "astype"):  # numpy.datetime64, which is UTC
        return int(instant.astype("datetime64[ns]").astype("int64"))
    raise TypeError(f"{instant!r} is not an instant")


def _iso(text: str) -> int:
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)", text)
    if match is None:
        raise ValueError(f"'{text}' is not an instant such as 2026-03-03T14:30:00Z; the time zone is not optional")
    day, clock, fraction, zone = match.groups()
    moment = datetime.datetime.fromisoformat(f"{day}T{clock}{'+00:00' if zone == 'Z' else zone}")
    return int(moment.timestamp()) * _NANO + int((fraction or "").ljust(9, "0"))


def _on_date(bound: Any, date: datetime.date) -> int:
    """An instant, or a time of day on this date."""
    match = _TIME_OF_DAY.fullmatch(bound) if isinstance(bound, str) else None
    if match is None:
        return nanoseconds(bound)
    hour, minute, second, zulu = match.groups()
    seconds = int(hour) * 3600 + int(minute) * 60 + int(second or 0)
    if seconds > 86_400:
        raise ValueError(f"'{bound}' is not a time of day")
    day, rest = divmod(seconds, 86_400)
    civil = datetime.datetime.combine(date, datetime.time(), _NEW_YORK if not zulu else datetime.timezone.utc)
    civil = (civil + datetime.timedelta(days=day)).replace(hour=rest // 3600, minute=rest // 60 % 60, second=rest % 60)
    return int(civil.timestamp()) * _NANO


def _is_time_of_day(bound: Any) -> bool:
    return isinstance(bound, str) and _TIME_OF_DAY.fullmatch(bound) is not None


@dataclass(frozen=True)
class Scan:
    """Rows and columns of a dataset. Made by `Dataset.scan`; changed copies by `with_`."""

    dataset: Dataset
    symbol: Symbols = None
    dt: Dates = None
    columns: Sequence[str] | None = None
    start: Instant = None
    end: Instant = None
    where: pc.Expression | None = None
    valid_only: bool = False
    prices: Prices = "int"

    def __post_init__(self) -> None:
        if self.prices not in ("int", "decimal", "float"):
            raise ValueError(f"prices are int, decimal or float, not {self.prices!r}")
        if isinstance(self.columns, str):
            raise TypeError("columns is a list of names")
        for name in self.columns or ():
            if name not in ("symbol", "dt"):
                self.dataset.contract[name]
        parse_dates(self.dt)

    def with_(self, **changes: Any) -> Scan:
        """The same scan with other arguments."""
        return dataclasses.replace(self, **changes)

    def __repr__(self) -> str:
        shown = [f"{field.name}={value!r}" for field in dataclasses.fields(self)[1:]
                 if (value := getattr(self, field.name)) not in (None, False, "int")]  # fmt: skip
        return f"<scan of {self.dataset.name}{': ' if shown else ''}{', '.join(shown)}>"

    # Choosing

    def addresses(self) -> list[Address]:
        """The partitions in the lake that the scan means, ascending."""
        symbols = None if self.symbol is None else {self.symbol} if isinstance(self.symbol, str) else set(self.symbol)
        ranges = parse_dates(self.dt)
        everything = list(partitions.addresses(self.dataset.lake.root, self.dataset.name))
        chosen = [
            one for one in everything
            if (symbols is None or one.symbol in symbols)
            and (ranges is None or any(first <= one.date <= last for first, last in ranges))
        ]  # fmt: skip
        if not chosen and (symbols is not None or ranges is not None):
            there = sorted({one.symbol for one in everything})
            dates = sorted({one.date for one in everything if symbols is None or one.symbol in symbols})
            advice = (
                "the lake holds nothing of it" if not everything
                else f"of these symbols it holds {dates[0]} … {dates[-1]}" if dates
                else f"its symbols are {', '.join(there[:20])}"
            )  # fmt: skip
            raise NothingSelected(f"{self.dataset.name} has no partition for {self!r}: {advice}")
        return chosen

    def choose(self) -> Chosen:
        """Chooses generations, all live at one moment; what is read from the result is what was chosen."""
        return Chosen(self)

    # Turning into something

    def arrow(self) -> pa.Table:
        """A `pyarrow.Table`; each field has unit and doc as metadata."""
        return self.choose().arrow()

    def pandas(self) -> pandas.DataFrame:
        """A `pandas.DataFrame`. Nullable integers stay exact integers; `attrs` has units, docs and key."""
        return self.choose().pandas()

    def polars(self) -> polars.LazyFrame:
        """A `polars.LazyFrame`; filters and columns are pushed down."""
        return self.choose().polars()

    def duckdb(self, connection: duckdb.DuckDBPyConnection | None = None) -> duckdb.DuckDBPyRelation:
        """A DuckDB relation; filters and columns are pushed down.

        DuckDB passes on no filter on instants of nanoseconds: `start` and `end` of the scan are.
        """
        return self.choose().duckdb(connection)

    def count(self) -> int:
        """Rows."""
        return self.choose().count()


class Chosen:
    """A scan with its generations chosen. Everything made from one `Chosen` is of the same generations."""

    def __init__(self, scan: Scan) -> None:
        self.scan = scan
        self._root = scan.dataset.lake.root
        addresses = scan.addresses()
        quality = _quality_addresses(scan, addresses)
        found = partitions.choose(self._root, [*addresses, *quality])
        self.partitions: list[Partition] = found[: len(addresses)]
        self._quality = found[len(addresses) :]
        self._files = partitions.GenerationFiles(self._root, found)
        self._system = fs.PyFileSystem(self._files)
        self.contract: Contract = self._agreed_contract()

    def _agreed_contract(self) -> Contract:
        contract = self.scan.dataset.contract
        fingerprints = {one.fingerprint: one for one in reversed(self.partitions)}
        if len(fingerprints) > 1:
            few = "; ".join(f"{one.address} {print_[:12]}" for print_, one in sorted(fingerprints.items())[:3])
            raise ContractMismatch(f"partitions of the scan were written under different contracts: {few}")
        for one in self.partitions[:1]:
            written = parquet.read_schema(self._system.open_input_file(_path(one)))
            shown = [(field.name, field.type, field.nullable) for field in written]
            if shown != [(field.name, field.type, field.nullable) for field in contract.fields]:
                raise ContractMismatch(
                    f"{one.address}: the columns are not those of {self.scan.dataset.source}; "
                    "give tarn.open the contracts of the lake"
                )
        return contract

    # The rows

    def dataset(self) -> ds.Dataset:
        """A `pyarrow.dataset` of the chosen generations: all columns, and symbol and dt; no row filtered yet."""
        schema = self._schema()
        if not self.partitions:
            return ds.dataset(schema.empty_table())
        form = ds.ParquetFileFormat()
        fragments = [
            form.make_fragment(
                _path(one), filesystem=self._system,
                partition_expression=(pc.field("symbol") == one.symbol) & (pc.field("dt") == pa.scalar(one.date)),
            )
            for one in self.partitions
        ]  # fmt: skip
        return ds.FileSystemDataset(fragments, schema, form, filesystem=self._system)

    def _schema(self) -> pa.Schema:
        schema = self.contract.schema()
        keys = [pa.field("symbol", pa.string(), False), pa.field("dt", pa.date32(), False)]
        return pa.schema([*schema, *keys], schema.metadata)

    @property
    def names(self) -> list[str]:
        """Columns of the result, by their names in the contract."""
        return list(self.scan.columns) if self.scan.columns is not None else [*self.contract.names, "symbol", "dt"]

    def filter(self) -> pc.Expression | None:
        """What rows must satisfy; None means all."""
        parts = [one for one in (self._instants(), self._validity(), self.scan.where) if one is not None]
        if not parts:
            return None
        whole = parts[0]
        for part in parts[1:]:
            whole = whole & part
        return whole

    def _instants(self) -> pc.Expression | None:
        scan = self.scan
        bounds = [(scan.start, True), (scan.end, False)]
        if scan.start is None and scan.end is None:
            return None
        name = self.contract.time
        if name is None:
            raise TarnError(f"{self.contract.dataset} has no instants for start and end")
        kind = self.contract[name].type

        def between(date: datetime.date) -> pc.Expression:
            whole: pc.Expression | None = None
            for bound, is_start in bounds:
                if bound is None:
                    continue
                at = _on_date(bound, date)
                # The smallest value of the column that is not before the bound.
                at = -(-at // 1_000_000) if kind.unit == "ms" else at
                part = pc.field(name) >= pa.scalar(at, kind) if is_start else pc.field(name) < pa.scalar(at, kind)
                whole = part if whole is None else whole & part
            assert whole is not None
            return whole

        if not any(_is_time_of_day(bound) for bound, _ in bounds):
            return between(datetime.date(1970, 1, 1))
        whole: pc.Expression | None = None
        for date in sorted({one.date for one in self.partitions}):
            part = (pc.field("dt") == pa.scalar(date)) & between(date)
            whole = part if whole is None else whole | part
        return whole

    def _validity(self) -> pc.Expression | None:
        if not self.scan.valid_only:
            return None
        for name in ("window_valid", "book_valid"):
            if name in self.contract:
                return pc.field(name)
        whole: pc.Expression | None = None
        for quality in self._quality:
            table = parquet.read_table(
                self._system.open_input_file(_path(quality)), columns=["window_end_ts_ns", "window_valid"])  # fmt: skip
            invalid = table.filter(pc.invert(table["window_valid"]))["window_end_ts_ns"].combine_chunks()
            if len(invalid) == 0:
                continue
            here = (pc.field("symbol") == quality.symbol) & (pc.field("dt") == pa.scalar(quality.date))
            part = ~(here & pc.field("window_end_ts_ns").isin(invalid))
            whole = part if whole is None else whole & part
        return whole

    # Turning into something

    def arrow(self) -> pa.Table:
        columns = {self._shown(name): self._projection(name) for name in self.names}
        table = self.dataset().to_table(columns=columns, filter=self.filter())
        return table.cast(self._result_schema())

    def _shown(self, name: str) -> str:
        if self.scan.prices == "int" or name not in self.contract or not self.contract[name].is_exact_price:
            return name
        return f"{name.removesuffix('_int')}_{self.scan.prices}"

    def _is_converted(self, name: str) -> bool:
        return self._shown(name) != name

    def _projection(self, name: str) -> pc.Expression:
        column = pc.field(name)
        if not self._is_converted(name):
            return column
        if self.scan.prices == "float":
            return pc.divide(column.cast(pa.float64(), safe=False), pa.scalar(1e9))
        unit = pa.scalar(decimal.Decimal("0.000000001"), pa.decimal128(10, 9))
        return pc.multiply(column.cast(pa.decimal128(19, 0)), unit)

    def _result_schema(self) -> pa.Schema:
        whole = self._schema()
        fields = []
        for name in self.names:
            field = whole.field(name)
            if self._is_converted(name):
                kind = pa.float64() if self.scan.prices == "float" else pa.decimal128(30, 9)
                field = pa.field(self._shown(name), kind, field.nullable, {**(field.metadata or {}), b"unit": b"price"})
            fields.append(field)
        return pa.schema(fields, whole.metadata)

    def pandas(self) -> pandas.DataFrame:
        import pandas

        table = self.arrow()
        exact = {pa.int64(): pandas.Int64Dtype(), pa.int32(): pandas.Int32Dtype()}
        nullable = {field.name for field in table.schema if field.nullable and field.type in exact}
        frame = table.drop_columns(sorted(nullable)).to_pandas()
        for name in sorted(nullable):
            frame[name] = table.select([name]).to_pandas(types_mapper=exact.get)[name]
        frame = frame[table.column_names]
        frame.attrs = {
            "dataset": self.contract.dataset, "key": list(self.contract.key),
            "units": {field.name: field.metadata[b"unit"].decode() for field in table.schema
                      if b"unit" in (field.metadata or {})},
            "docs": {field.name: field.metadata[b"doc"].decode() for field in table.schema
                     if b"doc" in (field.metadata or {})},
        }  # fmt: skip
        return frame

    def polars(self) -> polars.LazyFrame:
        import polars

        frame = polars.scan_pyarrow_dataset(self._filtered())
        names = []
        for name in self.names:
            column = polars.col(name)
            if self._is_converted(name) and self.scan.prices == "float":
                column = (column.cast(polars.Float64) / 1e9).alias(self._shown(name))
            elif self._is_converted(name):
                column = column.map_batches(_polars_decimal, return_dtype=polars.Decimal(30, 9), is_elementwise=True)
                column = column.alias(self._shown(name))
            names.append(column)
        return frame.select(names)

    def duckdb(self, connection: duckdb.DuckDBPyConnection | None = None) -> duckdb.DuckDBPyRelation:
        import duckdb

        if connection is None:
            connection = duckdb.connect()
            connection.execute("SET TimeZone = 'UTC'")
        relation = connection.from_arrow(self._filtered())
        shown = []
        for name in self.names:
            column = _quoted(name)
            if self._is_converted(name) and self.scan.prices == "float":
                column = f"{column}::DOUBLE / 1e9 AS {_quoted(self._shown(name))}"
            elif self._is_converted(name):
                scaled = f"({column}::DECIMAL(19, 0) * 0.000000001::DECIMAL(10, 9))::DECIMAL(30, 9)"
                column = f"{scaled} AS {_quoted(self._shown(name))}"
            shown.append(column)
        return relation.project(", ".join(shown))

    def _filtered(self) -> ds.Dataset:
        wanted = self.filter()
        dataset = self.dataset()
        return dataset if wanted is None else dataset.filter(wanted)

    def count(self) -> int:
        return int(self.dataset().count_rows(filter=self.filter()))


def _polars_decimal(column: Any) -> Any:
    import polars

    whole = column.to_arrow().cast(pa.decimal128(19, 0))
    unit = pa.scalar(decimal.Decimal("0.000000001"), pa.decimal128(10, 9))
    return polars.Series(column.name, pc.multiply(whole, unit)).cast(polars.Decimal(30, 9))


def _quality_addresses(scan: Scan, addresses: list[Address]) -> list[Address]:
    """The quality tables that say which windows of a table without flags of its own are valid."""
    contract = scan.dataset.contract
    if not scan.valid_only or "window_valid" in contract or "book_valid" in contract:
        return []
    if "window_end_ts_ns" not in contract:
        raise QualityUnknown(f"{scan.dataset.name} has no windows: valid_only says nothing about it")
    product = scan.dataset.name.split(".")[1]
    wanted = [Address(f"silver.{product}.book_quality_1s", one.symbol, one.date) for one in addresses]
    for one in wanted:
        if not (scan.dataset.lake.root / one.path).exists():
            raise QualityUnknown(f"{one} is not in the lake, so nobody knows which windows of it are valid")
    return wanted


def _path(one: Partition) -> str:
    return f"{one.address.path}/{one.file['name']}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
