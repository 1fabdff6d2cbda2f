"""Read a tarn lake.

    >>> import tarn
    >>> lake = tarn.open("lake")
    >>> surface = lake["gold.future_mbo.physics_surface_1s"]
    >>> help(surface)
    >>> frame = surface.scan("ESH6", "2026-03-03", ["window_end_ts_ns", "side", "rel_ticks", "u_near"]).pandas()

`tarn.open` gives a mapping of datasets; `Dataset.scan` a lazy `Scan`, which becomes Arrow, pandas, polars (lazy) or
DuckDB. `tarn.asof` joins without look-ahead, `tarn.plots` draws.
"""

from .asof import asof
from .contract import Contract, Field
from .errors import (
    ContractMismatch,
    CorruptPartition,
    LakeChanging,
    LakeUnsettled,
    LookAheadError,
    NoSuchColumn,
    NoSuchDataset,
    NoSuchLake,
    NothingSelected,
    PartitionReplaced,
    ProgramError,
    QualityUnknown,
    TarnError,
)
from .lake import Dataset, Lake, open  # noqa: A004
from .partition import Address, Partition
from .scan import Chosen, Scan

__version__ = "0.1.0"

__all__ = [
    "Address", "Chosen", "Contract", "ContractMismatch", "CorruptPartition", "Dataset", "Field", "Lake",
    "LakeChanging", "LakeUnsettled", "LookAheadError", "NoSuchColumn", "NoSuchDataset", "NoSuchLake",
    "NothingSelected", "Partition", "PartitionReplaced", "ProgramError", "QualityUnknown", "Scan", "TarnError",
    "asof", "open",
]  # fmt: skip
