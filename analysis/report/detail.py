"""What the scores are made of: by class, by column, an example of what the model makes."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.cells import Cells
from analysis.report.record import Record

MOST_CLASSES = 20  # of which a matrix can be read; of more, the commonest confusions
_CONFUSIONS = 15


@dataclass(frozen=True)
class Matrix:
    """A confusion matrix.

    Attributes:
        classes: names, by class.
        rows: (truth's name, [(count, shade, whether they are right)]); a shade is the root of the
            share of its row, so that rare confusions are seen.
        part: of the data, `test` or `val`.
    """

    classes: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[int, float, bool], ...]], ...]
    part: str


def by_class(record: Record) -> Cells | None:
    """The share of each class that is right, the worst first; None: not a classifier."""
    parts = dict(_parts(record, "class_accuracy"))
    if not parts:
        return None
    last = list(parts.values())[-1]
    worst = sorted(last, key=lambda name: (last[name] is None, last[name]))
    rows = tuple(
        (name, *("-" if found[name] is None else f"{found[name]:.3f}" for found in parts.values()))
        for name in worst
    )
    return Cells(("class", *(f"right on {part}" for part in parts)), rows)


def matrix(record: Record) -> Matrix | None:
    """Which classes are taken for which, of the last part that was scored."""
    found = list(_parts(record, "confusion"))
    classes = record.plan["data"]["meta"].get("classes", ())
    if not found or len(classes) > MOST_CLASSES:
        return None
    part, counts = found[-1]
    rows = tuple(
        (
            name,
            tuple((n, math.sqrt(n / max(1, sum(row))), said == is_) for said, n in enumerate(row)),
        )
        for is_, (name, row) in enumerate(zip(classes, counts, strict=True))
    )
    return Matrix(tuple(classes), rows, part)


def confusions(record: Record) -> Cells | None:
    """The commonest confusions, where there are too many classes for a matrix."""
    found = list(_parts(record, "confusion"))
    classes = record.plan["data"]["meta"].get("classes", ())
    if not found or len(classes) <= MOST_CLASSES:
        return None
    part, counts = found[-1]
    wrong = [
        (count, truth, said)
        for truth, row in enumerate(counts)
        for said, count in enumerate(row)
        if count and truth != said
    ]
    wrong.sort(key=lambda each: (-each[0], *each[1:]))
    rows = tuple((classes[t], classes[s], f"{count:,}") for count, t, s in wrong[:_CONFUSIONS])
    return Cells(("class", "taken for", f"times on {part}"), rows)


def by_column(record: Record) -> Cells | None:
    """The errors of each column of a forecast, in its own units; None: not a forecast."""
    parts = dict(_parts(record, "columns"))
    if not parts:
        return None
    heads = [(part, error) for part in parts for error in ("mse", "mae")]
    names = list(next(iter(parts.values())))
    rows = tuple(
        (name, *(f"{parts[part][name][error]:.4g}" for part, error in heads)) for name in names
    )
    return Cells(("column", *(f"{part} {error}" for part, error in heads)), rows)


def _parts(record: Record, key: str) -> Iterator[tuple[str, Any]]:
    for part in ("val", "test"):
        report = (record.metrics or {}).get(part) or {}
        if report.get(key):
            yield part, report[key]


def sample(record: Record) -> str:
    """Text that the winner's training wrote after its best epoch; empty: it writes none."""
    epochs = record.results.epochs
    if record.metrics is None or "sample" not in epochs:
        return ""
    texts = epochs.dropna(subset="sample")
    model = str(record.metrics["trial"])
    own = texts[texts["trial"] == model]
    if own.empty:  # trained on train and val: its trial's
        own = texts[texts["trial"] == record.winner]
    return "" if own.empty else str(_best_epoch(own, record)["sample"])


def _best_epoch(own: pd.DataFrame, record: Record) -> pd.Series:
    scores = own[record.metric].to_numpy()
    return own.iloc[int(scores.argmax() if record.plan["direction"] == "max" else scores.argmin())]


def pictures(record: Record) -> list[tuple[str, str]]:
    """(name, data URL) of every picture of the export."""
    return [
        (path.stem, "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode())
        for path in sorted(record.experiment.best.glob("*.png"))
    ]
