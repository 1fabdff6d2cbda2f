"""Lakes made by hand: partitions of chosen rows, published and replaced as the protocol says."""

import ctypes
import datetime
import hashlib
import json
import os
import pathlib
import shutil

import pyarrow as pa
import pyarrow.parquet as parquet

STAMP = pa.timestamp("ns", "UTC")
AT_FDCWD, RENAME_EXCHANGE = -100, 2
_libc = ctypes.CDLL(None, use_errno=True)


def exchange(one, other):
    """Two paths change places in one step."""
    done = _libc.renameat2(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE)
    if done != 0:
        raise OSError(ctypes.get_errno(), "renameat2")


class Lake:
    def __init__(self, root):
        self.root = pathlib.Path(root)
        (self.root / "_history").mkdir(parents=True, exist_ok=True)
        (self.root / "_staging").mkdir(exist_ok=True)
        self._staged = 0

    def path(self, dataset, symbol, date):
        layer, product, table = dataset.split(".")
        return f"{layer}/product_type={product}/table={table}/symbol={symbol}/dt={date}"

    def publish(self, dataset, symbol, date, table, *, atomic=True, keep=True, fingerprint="f" * 64, **manifest):
        """Makes the partition, or replaces it; the old generation goes to _history, or away."""
        path = self.path(dataset, symbol, date)
        self._staged += 1
        staged = self.root / "_staging" / f"{self._staged}"
        staged.mkdir()
        parquet.write_table(table, staged / "part-00000.parquet", row_group_size=50)
        size = (staged / "part-00000.parquet").stat().st_size
        digest = hashlib.sha256((staged / "part-00000.parquet").read_bytes()).hexdigest()
        document = {
            "dataset": dataset, "symbol": symbol, "dt": date, "rows": table.num_rows, "day_state": "events",
            "generation": digest, "contract": {"fingerprint": fingerprint, "path": "contracts/none.avsc"},
            "files": [{"name": "part-00000.parquet", "bytes": size, "rows": table.num_rows, "sha256": digest}],
            "quality": {"windows": 0, "valid_windows": 0, "reasons": {}, "counters": {}, "rows_dropped": 0},
        } | manifest  # fmt: skip
        text = json.dumps(document).encode()
        (staged / "_MANIFEST.json").write_bytes(text)
        (staged / "_SUCCESS").write_text(hashlib.sha256(text).hexdigest() + "\n")
        live = self.root / path
        if not live.exists():
            live.parent.mkdir(parents=True, exist_ok=True)
            os.rename(staged, live)
            return
        if atomic:
            exchange(staged, live)
            old = staged
        else:
            old = self.root / "_staging" / f"old-{self._staged}"
            os.rename(live, old)
            os.rename(staged, live)
        if not keep:
            shutil.rmtree(old)
            return
        generation = json.loads((old / "_MANIFEST.json").read_text())["generation"]
        place = self.root / "_history" / path / generation
        if place.exists():
            shutil.rmtree(old)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            os.rename(old, place)


def windows(first, count):
    """window_end_ts_ns of consecutive seconds after an instant of the form 2026-03-03T14:30:00."""
    at = int(datetime.datetime.fromisoformat(first + "+00:00").timestamp()) * 10**9
    return pa.array([at + (i + 1) * 10**9 for i in range(count)], STAMP)


CONTRACTS = {
    "silver.toy.flow_1s": {
        "name": "Flow", "doc": "Flow of a toy.", "key": ["window_end_ts_ns"], "orderBy": ["window_end_ts_ns"],
        "fields": [
            {"name": "window_end_ts_ns", "type": {"type": "long", "logicalType": "timestamp-nanos"}, "unit": "ns",
             "doc": "window end"},
            {"name": "value", "type": "long", "unit": "shares", "doc": "some quantity"},
            {"name": "price_int", "type": ["null", "long"], "default": None, "unit": "price_1e-9", "doc": "price"},
        ],
    },
    "silver.toy.book_quality_1s": {
        "name": "Quality", "doc": "Which windows are valid.", "key": ["window_end_ts_ns"], "fields": [
            {"name": "window_end_ts_ns", "type": {"type": "long", "logicalType": "timestamp-nanos"}, "unit": "ns"},
            {"name": "window_valid", "type": "boolean"},
        ],
    },
}  # fmt: skip


def project(folder):
    """A project with the contracts above; its lake is hand-made."""
    folder = pathlib.Path(folder)
    (folder / "datasets.yaml").write_text("version: 1\nlake_root: lake   # of the toy\n")
    for name, record in CONTRACTS.items():
        path = folder / "contracts" / (name.replace(".", "/") + ".avsc")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"type": "record", **record}))
    return Lake(folder / "lake")


def flow(first, values, prices=None):
    return pa.table(
        {
            "window_end_ts_ns": windows(first, len(values)),
            "value": pa.array(values, pa.int64()),
            "price_int": pa.array(prices if prices is not None else [None] * len(values), pa.int64()),
        },
        schema=pa.schema([pa.field("window_end_ts_ns", STAMP, False), pa.field("value", pa.int64(), False),
                          pa.field("price_int", pa.int64())]),
    )  # fmt: skip


def quality(first, valid):
    return pa.table(
        {"window_end_ts_ns": windows(first, len(valid)), "window_valid": pa.array(valid, pa.bool_())},
        schema=pa.schema([pa.field("window_end_ts_ns", STAMP, False), pa.field("window_valid", pa.bool_(), False)]),
    )
