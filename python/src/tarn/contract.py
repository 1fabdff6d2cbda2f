"""Contracts: what the columns of a dataset are, with units, keys and order.

A contract is the project's file `contracts/<layer>/<product>/<table>.avsc`. A lake without its project still has the
names, types and units that its Parquet files carry; then the texts are missing and `Contract.is_complete` is false.
"""

from __future__ import annotations

import difflib
import json
import pathlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from .errors import NoSuchColumn

PRICE_UNIT = "price_1e-9"

_ARROW: dict[str, pa.DataType] = {
    "long": pa.int64(),
    "int": pa.int32(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "string": pa.string(),
    "timestamp-nanos": pa.timestamp("ns", "UTC"),
    "timestamp-millis": pa.timestamp("ms", "UTC"),
    "date": pa.date32(),
}


@dataclass(frozen=True)
class Field:
    """One column."""

    name: str
    type: pa.DataType
    nullable: bool
    unit: str | None = None
    doc: str | None = None
    #: The symbols of an enumeration, which is stored as text.
    symbols: tuple[str, ...] = ()
    #: minimum, maximum, exclusiveMinimum, exclusiveMaximum
    bounds: Mapping[str, float] | None = None

    @property
    def is_exact_price(self) -> bool:
        """A 64-bit integer in units of 1e-9."""
        return self.unit == PRICE_UNIT

    def arrow(self) -> pa.Field:
        metadata = {key: text for key, text in (("unit", self.unit), ("doc", self.doc)) if text}
        return pa.field(self.name, self.type, self.nullable, metadata or None)


@dataclass(frozen=True)
class Contract:
    """One table: columns in order, key, row order."""

    dataset: str
    doc: str
    version: int | None
    key: tuple[str, ...]
    order_by: tuple[str, ...]
    fields: tuple[Field, ...]
    #: Whether it comes from a contract file; else from what Parquet files carry.
    is_complete: bool = True

    def __getitem__(self, name: str) -> Field:
        for field in self.fields:
            if field.name == name:
                return field
        near = difflib.get_close_matches(name, self.names, 1)
        advice = f"; did you mean '{near[0]}'?" if near else f"; it has {', '.join(self.names)}"
        raise NoSuchColumn(f"{self.dataset} has no column '{name}'{advice}")

    def __contains__(self, name: object) -> bool:
        return name in self.names

    @property
    def names(self) -> list[str]:
        return [field.name for field in self.fields]

    @property
    def units(self) -> dict[str, str]:
        return {field.name: field.unit for field in self.fields if field.unit}

    @property
    def docs(self) -> dict[str, str]:
        return {field.name: field.doc for field in self.fields if field.doc}

    @property
    def prices(self) -> list[str]:
        """Columns of exact prices, integers in units of 1e-9."""
        return [field.name for field in self.fields if field.is_exact_price]

    @property
    def known_at(self) -> str | None:
        """The column that says from when on a row was known; None for tables of events and of whole sessions.

        A row of a stream (windows, bars, states, records) uses only what happened up to its stamp. The rows of other
        tables (episodes, packets, chains) hold outcomes, so no column of theirs but the end of an episode will do.
        """
        if "window_end_ts_ns" in self.key:
            return "window_end_ts_ns"
        if "bar_end_ts_ms" in self.names and any(name.startswith("bar_") for name in self.key):
            return "bar_end_ts_ms"
        if "timestamp" in self.key:
            return "window_end_ts_ns" if "window_end_ts_ns" in self.names else "timestamp"
        if self.dataset.startswith("bronze.") and "ts_recv" in self.names:
            return "ts_recv"
        if self.dataset.startswith("silver.") and "ts_event" in self.names:
            return "ts_event"
        return None

    @property
    def time(self) -> str | None:
        """The column that `start` and `end` of a scan mean."""
        if self.known_at is not None:
            return self.known_at
        return next((field.name for field in self.fields if pa.types.is_timestamp(field.type)), None)

    def schema(self, names: list[str] | None = None) -> pa.Schema:
        """Arrow schema with unit and doc as metadata of each field, and key, order and dataset as its own."""
        metadata = {
            "tarn.dataset": self.dataset, "tarn.key": ",".join(self.key), "tarn.order_by": ",".join(self.order_by),
            "tarn.doc": self.doc, "tarn.known_at": self.known_at or "",
        }  # fmt: skip
        wanted = self.fields if names is None else [self[name] for name in names]
        return pa.schema([field.arrow() for field in wanted], metadata)

    def text(self) -> str:
        """What `help()` shows."""
        lines = [self.dataset, "", self.doc or "(no contract file: names, types and units of the Parquet files)", ""]
        if self.key:
            lines.append(f"key       {', '.join(self.key)}")
        if self.order_by:
            lines.append(f"order     {', '.join(self.order_by)}")
        if self.known_at:
            lines.append(f"known at  {self.known_at}")
        lines += ["", "columns, beside the path keys symbol and dt:"]
        width = max((len(field.name) for field in self.fields), default=0)
        units = max((len(field.unit or "") for field in self.fields), default=0)
        for field in self.fields:
            kind = "|".join(field.symbols) if field.symbols else str(field.type)
            about = ". ".join(part for part in (kind + (" or null" if field.nullable else ""), field.doc) if part)
            lines.append(f"  {field.name:{width}}  {field.unit or '':{units}}  {about}")
        return "\n".join(lines)

    def with_units(self, units: Mapping[str, str]) -> Contract:
        """The same columns in the units of one product; shared contracts name those of another."""
        fields = tuple(replace(field, unit=units.get(field.name, field.unit)) for field in self.fields)
        return replace(self, fields=fields)

    # Where contracts come from

    @staticmethod
    def parse(text: str, dataset: str) -> Contract:
        """An Avro record schema with the rule attributes of `contracts/`."""
        record: dict[str, Any] = json.loads(text)
        return Contract(
            dataset=dataset,
            doc=record.get("doc", ""),
            version=record.get("version"),
            key=tuple(record.get("key", ())),
            order_by=tuple(record.get("orderBy", ())),
            fields=tuple(_field(one) for one in record["fields"]),
        )

    @staticmethod
    def load(path: pathlib.Path, dataset: str) -> Contract:
        return Contract.parse(path.read_text(encoding="utf-8"), dataset)

    @staticmethod
    def of_parquet(schema: pa.Schema, dataset: str) -> Contract:
        """What a Parquet file of the lake says of itself."""
        fields = tuple(
            Field(one.name, one.type, one.nullable, _text(one.metadata, "unit")) for one in schema
        )
        return Contract(dataset, "", None, (), (), fields, is_complete=False)


def _text(metadata: Mapping[bytes, bytes] | None, key: str) -> str | None:
    value = (metadata or {}).get(key.encode())
    return value.decode() if value else None


def _field(record: Mapping[str, Any]) -> Field:
    kind = record["type"]
    nullable = isinstance(kind, list)
    if nullable:
        kind = next(one for one in kind if one != "null")
    symbols: tuple[str, ...] = ()
    if isinstance(kind, dict):
        if kind["type"] == "enum":
            symbols = tuple(kind["symbols"])
            kind = "string"
        else:
            kind = kind.get("logicalType", kind["type"])
    names = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
    bounds = {name: record[name] for name in names if name in record}
    return Field(
        record["name"], _ARROW[kind], nullable, record.get("unit"), record.get("doc"), symbols, bounds or None
    )
