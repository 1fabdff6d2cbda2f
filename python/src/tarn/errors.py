"""What can go wrong, each with a type of its own. All are `TarnError`."""


class TarnError(Exception):
    """Anything that this package refuses or cannot do."""


class NoSuchLake(TarnError):
    """The path is neither a lake nor a project with one."""


class NoSuchDataset(TarnError, KeyError):
    """Neither the contracts nor the lake know the dataset."""

    def __str__(self) -> str:  # KeyError would show the representation
        return str(self.args[0]) if self.args else ""


class NoSuchColumn(TarnError, KeyError):
    """The contract has no such column."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class NothingSelected(TarnError):
    """The lake holds no partition of the dataset for these symbols and dates."""


class ContractMismatch(TarnError):
    """Files and contract, or the files of one scan, disagree about the columns."""


class CorruptPartition(TarnError):
    """Marker, manifest and file of a partition do not belong together; `tarn verify` says more."""


class PartitionReplaced(TarnError):
    """A generation that a scan had chosen is gone from the lake: scan again."""


class LakeUnsettled(TarnError):
    """Partitions kept being replaced while a scan tried to choose its generations."""


class LookAheadError(TarnError):
    """A join would use what was not known yet."""


class QualityUnknown(TarnError):
    """`valid_only` was asked for and the lake does not say which windows are valid."""


class ProgramError(TarnError):
    """The program `tarn` is not there, or it refused."""

    def __init__(self, message: str, exit_code: int | None = None) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class LakeChanging(UserWarning):
    """A partition was replaced while it was opened; it is opened again."""
