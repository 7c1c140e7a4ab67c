"""Splits of time series for forecasting: read from a CSV file, cut in the order of time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainables.data.download import downloaded
from trainables.data.fallback import real_or_stand_in
from trainables.data.frequency import Frequency
from trainables.data.generated import generated_table
from trainables.data.request import DataRequest
from trainables.data.splits import Provenance, Splits
from trainables.data.table import Table, read_table
from trainables.errors import BadInput
from trainables.files import sha256

TRAIN, VAL = 0.6, 0.2  # shares of the rows; the rest is test
# ETT's own cut: 12, 4 and 4 months of 30 days (H. Zhou et al., "Informer", arXiv 2012.07436).
ETT_COLUMNS = {"HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT"}
ETT_CUTS = (8_640, 11_520, 14_400)
_ETTH1 = (
    "ETTh1.csv",
    "https://raw.githubusercontent.com/zhouhaoyi/ETDataset/main/ETT-small/ETTh1.csv",
    "f18de3ad269cef59bb07b5438d79bb3042d3be49bdeecf01c1cd6d29695ee066",
)


@dataclass(frozen=True)
class SeriesMeta:
    """What the numbers in a series' arrays mean.

    Attributes:
        names: of the columns; time: of the column of time stamps.
        frequency: the step between rows, such as `1h`.
        season: steps until the same hour, day of the week or month comes again; 0: unknown.
        mean, std: of the train part, by column: what standardised it.
    """

    names: tuple[str, ...]
    time: str
    frequency: str
    season: int
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def standardised(self, values: np.ndarray) -> np.ndarray:
        """Values in their own units [rows, columns], standardised, float32."""
        return ((values - np.array(self.mean)) / np.array(self.std)).astype(np.float32)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> SeriesMeta:
        """From what `dataclasses.asdict` and JSON made of one."""
        fields: dict[str, Any] = {
            n: tuple(v) if isinstance(v, list) else v for n, v in value.items()
        }
        return cls(**fields)


@dataclass(frozen=True)
class Series:
    """One part of a series, with the past that its first rows are forecast from.

    Attributes:
        values: float32 [rows, columns], standardised: all rows up to the part's last.
        first: index of the part's own first row; those before may be looked back at only.
    """

    values: np.ndarray
    first: int

    def __len__(self) -> int:
        return len(self.values) - self.first

    @property
    def nbytes(self) -> int:
        return int(self.values.nbytes)

    def head(self, count: int) -> Series:
        """The part's first `count` rows."""
        return Series(self.values[: self.first + count], self.first)

    def joined(self, after: Series) -> Series:
        """This part and the one that comes right after it, which has these rows as its past."""
        return Series(after.values, self.first)


def load_series(request: DataRequest) -> Splits:
    """The splits of the series that `request` asks for: ETTh1, a CSV file, or the stand-in.

    Raises:
        BadInput: the file is not there or no such table, or a column is constant in train.
    """
    table, provenance = _find(request)
    request.found()
    cuts = _cuts(table)
    train = table.values[: cuts[0]]
    if len(train) < 2:
        raise BadInput(f"{provenance.name}: {len(table.values)} rows are too few for three parts")
    mean, std = train.mean(0), train.std(0)
    rounding = 1e-12 * np.abs(train).max(0)  # what a column that never changes may still vary by
    for name, spread, least in zip(table.names, std, rounding, strict=True):
        if spread <= least:
            raise BadInput(
                f"{provenance.name}: column {name} is constant over the train part (the first "
                f"{cuts[0]:,} rows); leave it out"
            )
    frequency = table.frequency
    season = frequency.season
    meta = SeriesMeta(
        table.names, table.time, str(frequency), season, tuple(mean.tolist()), tuple(std.tolist())
    )
    values = meta.standardised(table.values)
    parts = [Series(values[:end], first) for first, end in zip((0, *cuts), cuts, strict=False)]
    content = [repr((table.names, cuts)).encode(), table.stamps.tobytes(), table.values.tobytes()]
    digest = hashlib.sha256(b"".join(content)).hexdigest()
    return Splits(parts[0], parts[1], meta, provenance, digest, sealed_test=parts[2])


def _cuts(table: Table) -> tuple[int, int, int]:
    """Where train, val and test end; rows after the last are not used."""
    rows, hourly = len(table.values), table.frequency == Frequency(seconds=3_600)
    if set(table.names) == ETT_COLUMNS and hourly and rows >= ETT_CUTS[-1]:
        return ETT_CUTS
    return int(TRAIN * rows), int((TRAIN + VAL) * rows), rows


def _find(request: DataRequest) -> tuple[Table, Provenance]:
    name, url, published = _ETTH1
    real = Provenance("real", "ETTh1")
    if request.kind == "embedded":
        return _stand_in()
    if request.directory is not None:
        table = read_table(request.directory, "--data-dir")
        same = sha256(request.directory.read_bytes()) == published
        return table, real if same else Provenance("own", str(request.directory))
    return real_or_stand_in(
        request,
        lambda: (read_table(downloaded(name, url, published, request.say), "the download"), real),
        _stand_in,
        name="ETTh1",
        give="a table with --data-dir FILE.csv",
    )


def _stand_in() -> tuple[Table, Provenance]:
    note = "generated: sums of waves, a trend and noise; scores say nothing about real series"
    return generated_table(), Provenance("stand-in", "three generated series", note)
