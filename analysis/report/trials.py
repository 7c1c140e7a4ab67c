"""Every trial, for the table that a reader sorts, and for the panel that shows one."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from analysis.cells import Cells, state_of
from analysis.frames.searched import searched
from analysis.report.record import Record
from analysis.report.won import value_text
from tuning.experiment import trial_of


def table(record: Record) -> Cells:
    """The leaderboard, a column for each searched parameter."""
    results = record.results
    names = [one.name for one in searched(record.plan) if one.column in results.trials]
    aims = [text.partition(":")[0] for text in record.plan["objectives"]][1:]
    lineage = ["goes on from"] if (results.trials["parent"] != "").any() else []
    scores = ("state", record.metric, *aims, "best epoch", "epochs", "seconds")
    heads = ("trial", *lineage, *scores, *names)
    rows = []
    for row in results.leaderboard.to_dict("records"):
        cells = [row["trial"], *([row["parent"]] if lineage else [])]
        cells += [state_of(row, running=record.running), _text(row["score"])]
        cells += [_text(row.get(f"aim/{aim}"), ".6g") for aim in aims]
        cells += [_text(row["best_epoch"], "d"), _text(row["epochs"], "d")]
        cells += [_text(row["seconds"], ".1f")]
        rows.append((*cells, *(value_text(row[f"config/{name}"], digits=4) for name in names)))
    return Cells(heads, tuple(tuple(map(str, row)) for row in rows))


def _text(value: Any, form: str = ".4f") -> str:
    return "" if value is None or pd.isna(value) else format(value, form)


def picks(record: Record) -> dict[str, Any]:
    """What the page's panel shows of a trial or re-run, by id; JSON.

    Of each `facts`, pairs of words, `settings`, (name, value, whether the baseline has another),
    and `epochs`, `train`, `val`: its curve.
    """
    results = record.results
    train = f"train_{record.metric.removeprefix('val_')}"
    curves = dict(list(results.epochs.groupby("trial")))
    found = {}
    for frame in (results.trials, results.reruns):
        for row in frame.to_dict("records"):
            own = curves.get(row["trial"], results.epochs.iloc[:0])
            found[str(row["trial"])] = {
                "facts": _facts(row, record),
                "settings": _settings(row, record),
                "epochs": [int(epoch) for epoch in own["epoch"]],
                "train": _numbers(own, train),
                "val": _numbers(own, record.metric),
            }
    return found


def _facts(row: dict[Any, Any], record: Record) -> list[tuple[str, str]]:
    epoch = _text(row["best_epoch"], "d")
    facts = [
        ("state", state_of(row, running=record.running)),
        (record.metric, _text(row["score"]) + (f" at epoch {epoch}" if epoch else "")),
        ("epochs", _text(row["epochs"], "d")),
        ("seconds", _text(row["seconds"], ".1f")),
        ("seed", _text(row["seed"], "d")),
        ("cause", row["cause"]),
        ("again of", trial_of(row["trial"]) if trial_of(row["trial"]) != row["trial"] else ""),
        ("goes on from", f"{row['parent']}, epoch {row['start']}" if row["parent"] else ""),
    ]
    aims = [(key, value) for key, value in row.items() if str(key).startswith("aim/")]
    facts += [(str(key).removeprefix("aim/"), _text(value, ".6g")) for key, value in aims]
    return [(name, value) for name, value in facts if value]


def _settings(row: dict[Any, Any], record: Record) -> list[tuple[str, str, bool]]:
    base = record.plan["search_space"]["baseline"]
    names = [c.removeprefix("config/") for c in map(str, row) if c.startswith("config/")]
    values = [(name, value_text(row[f"config/{name}"])) for name in names]
    return [(n, text, text != value_text(base.get(n))) for n, text in values if text]


def _numbers(own: pd.DataFrame, name: str) -> list[float | None]:
    """A column as JSON has it, 6 digits; what is not finite is null, a missing column empty."""
    if name not in own:
        return []
    return [float(f"{value:.6g}") if math.isfinite(value) else None for value in own[name]]
