"""Forecast the steps after a CSV file's end with an exported model of series."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.export.bundle import load_bundle
from analysis.export.sums import check_sums
from trainables.data.series import SeriesMeta
from trainables.data.table import Table, read_table
from trainables.errors import BadInput
from trainables.files import read_json
from trainables.parts.windows import INTERVAL_FILE


def forecast(bundle: Path, file: Path, *, trust: bool = False) -> pd.DataFrame:
    """The steps after the end of a series, in its own units.

    Returns:
        a row a step: the time stamp under its column's name in the search's data, then for each
        target `<name>`, `<name>_low` and `<name>_high`: the interval that held the share of val's
        truths that `interval.json` names.

    Raises:
        BadInput: no exported model there, none of series, one whose code is not trusted; no such
            table, a column or rows missing, another step between rows.
    """
    loaded = load_bundle(bundle, trust=trust, of=SeriesMeta, command="forecast")
    meta, names = loaded.meta, loaded.outputs[0].names
    window, horizon = int(loaded.inputs[0].shape[1]), int(loaded.outputs[0].shape[1])
    table = read_table(file, "--input")
    values = _columns(table, meta, file)
    if str(table.frequency) != meta.frequency:
        raise BadInput(
            f"--input {file}: a row every {table.frequency}, but the model was trained on a row "
            f"every {meta.frequency}"
        )
    if len(values) < window:
        raise BadInput(f"--input {file}: {len(values)} rows; the model reads the last {window}")
    ahead = loaded.run(values[None, -window:].astype(np.float64))[0][0]  # [horizon, targets]
    interval = _interval(bundle)
    stamps = table.frequency.after(table.stamps[-1], horizon)
    index = pd.DatetimeIndex(stamps)
    if table.zone is not None:  # as the file's own clock shows it
        index = index.tz_localize("UTC").tz_convert(table.zone)
    frame = pd.DataFrame({meta.time: index})
    for place, name in enumerate(names):
        frame[name] = ahead[:, place]
        std = meta.std[meta.names.index(name)]
        for end in ("low", "high"):
            frame[f"{name}_{end}"] = ahead[:, place] + np.array(interval[end][place]) * std
    return frame


def interval_share(bundle: Path) -> float:
    """The share of truths that the interval held on val."""
    held: float = _interval(bundle)["share"]
    return held


def _interval(bundle: Path) -> dict[str, Any]:
    file = bundle / INTERVAL_FILE
    try:
        check_sums(bundle, (INTERVAL_FILE,))
        interval: dict[str, Any] = read_json(file)
        if not {"share", "low", "high"} <= interval.keys():
            raise ValueError("a key is missing")
    except (OSError, ValueError, AttributeError) as error:
        raise BadInput(f"{file}: no interval of an exported model ({error})") from None
    return interval


def _columns(table: Table, meta: SeriesMeta, file: Path) -> np.ndarray:
    """The model's columns of a table, in its order; others are not looked at."""
    if missing := [name for name in meta.names if name not in table.names]:
        raise BadInput(f"--input {file}: no column {missing[0]!r}, which the model reads")
    return table.values[:, [table.names.index(name) for name in meta.names]]
