"""Tables for a reader, as text: leaderboard, finalists, scores side by side, by a parameter."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.frames.compared import compared
from analysis.frames.load import Results
from analysis.frames.winner import infeasible
from tuning.experiment import BASELINE


@dataclass(frozen=True)
class Cells:
    """A table, for the screen and the report to draw.

    Attributes:
        columns: their names; the first is of words, the others of numbers, but for `words`.
        rows: as many texts each.
        words: the last column is of words too.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: bool = False

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"rows of other lengths than {len(self.columns)} columns")

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Of each column, whether there is a number in it."""
        number = re.compile(r"[+-]?\d")
        columns = zip(*self.rows, strict=True) if self.rows else ((),) * len(self.columns)
        return tuple(any(number.match(cell) for cell in column) for column in columns)


def leaderboard_cells(results: Results, top: int | None = None, *, running: bool) -> Cells:
    """The leaderboard, with the searched parameters that differ from the baseline's.

    Args:
        running: whether the search is; where it is not, trials without an end are interrupted.
    """
    searched = results.plan["search_space"]["distributions"]
    board = results.leaderboard.head(top) if top else results.leaderboard
    numbers = ("state", results.plan["metric"], "best epoch", "seconds")
    rows = []
    baseline = results.baseline.get("trial")
    defaults = results.plan["search_space"]["baseline"]
    for _, row in board.iterrows():
        values = {name: row.get(f"config/{name}") for name in searched}
        shown = " ".join(
            f"{name}={short(value)}"
            for name, value in values.items()
            if not pd.isna(value) and value != defaults.get(name)
        )
        if row["parent"]:
            shown = f"from {row['parent']} at epoch {row['start']}: {shown}"
        epoch = "" if pd.isna(row["best_epoch"]) else f"{row['best_epoch']}/{row['epochs']}"
        mark = " (baseline)" if row["trial"] == baseline != BASELINE else ""
        cells = (
            f"{row['trial']}{mark}",
            state_of(row, running=running),
            "" if pd.isna(row["score"]) else f"{row['score']:.4f}",
            epoch,
            f"{row['seconds']:.1f}",
            shown if row["state"] != "FAIL" else f"{row['cause']}",
        )
        rows.append(cells)
    return Cells(("trial", *numbers, "differs from the baseline in"), tuple(rows), words=True)


def front_cells(results: Results) -> Cells | None:
    """The Pareto front, by the first aim; None where there is but one aim."""
    if results.front.empty:
        return None
    names = [text.partition(":")[0] for text in results.plan["objectives"]]
    rows = tuple(
        (str(row["trial"]), *(f"{row[f'aim/{name}']:.6g}" for name in names))
        for _, row in results.front.iterrows()
    )
    return Cells(("front", *names), rows)


def state_of(row: pd.Series | dict[Any, Any], *, running: bool) -> str:
    """A trial's state as a reader has it; `running`: whether its search is."""
    state = "interrupted" if row["state"] == "RUNNING" and not running else row["state"].lower()
    return state if row["feasible"] else f"{state}, infeasible"


def finalists_cells(results: Results) -> Cells:
    """The finalists, the winner first."""
    rows = []
    columns = ("mean", "95 % interval", "in the search", "optimism", "tied", "seconds a re-run")
    baseline = results.baseline.get("trial")
    broke = infeasible(results)
    for _, row in results.finalists.iterrows():
        mark = " (baseline)" if row["trial"] == baseline != BASELINE else ""
        mark += ", infeasible" if row["trial"] in broke else ""
        interval = f"{row['low']:.4f} to {row['high']:.4f}" if row["low"] <= row["high"] else "-"
        cells = (
            f"{row['trial']}{mark}",
            "failed" if pd.isna(row["mean"]) else f"{row['mean']:.4f}",
            interval,
            f"{row['search_score']:.4f}",
            "" if pd.isna(row["optimism"]) else signed(row["optimism"]),
            "yes" if row["tied"] else "",
            f"{row['seconds']:.1f}",
        )
        rows.append(cells)
    return Cells(("finalist", *columns), tuple(rows))


def scores_cells(metrics: dict[str, Any]) -> Cells:
    """Best, baseline and references side by side, by every score that is one number."""
    best = {"val": metrics["val"], "test": metrics["test"]}
    rows = {f"best ({metrics['trial']})": best}
    if metrics["baseline"]:
        rows["the baseline"] = metrics["baseline"]
    rows |= metrics["references"]
    parts = [part for part in ("val", "test") if best[part]]
    shown = best[parts[0]] if parts else {}
    names = [n for n, v in shown.items() if isinstance(v, float) and n != "loss"]
    columns = [(part, name) for part in parts for name in names]
    cells = tuple(
        (row, *(f"{scores[part][name]:.4f}" for part, name in columns))
        for row, scores in rows.items()
    )
    return Cells(("", *(f"{part} {name}" for part, name in columns)), cells)


def compared_cells(results: Results) -> Cells | None:
    """`compared` for a reader; None where there is nothing to compare."""
    frame = compared(results)
    if len(frame) < 2:
        return None
    names = ("trials", f"best {results.plan['metric']}", "mean", "worst", "epochs", "parameters")
    rows = []
    for value, row in frame.iterrows():
        scores = [f"{row[name]:.4f}" for name in ("best", "mean", "worst")]
        counts = [f"{row['epochs']}", f"{row['parameters']:,}"]
        rows.append((str(value), f"{row['trials']:.0f}", *scores, *counts, f"{row['seconds']:.2f}"))
    return Cells((str(frame.index.name), *names, "seconds an epoch"), tuple(rows))


def signed(value: float) -> str:
    """A difference with its sign; of what is too small to show the sign is plus."""
    return f"{round(value, 4) + 0.0:+.4f}"


def short(value: object) -> str:
    """A parameter's value in few characters."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)
