"""The tables of `analysis.cells` on the screen."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from analysis.cells import (
    Cells,
    compared_cells,
    finalists_cells,
    front_cells,
    leaderboard_cells,
    scores_cells,
)
from analysis.frames.load import Results
from trainables.files import read_json
from tuning.experiment import METRICS, Experiment


def leaderboard_table(results: Results, rows: int | None = None, *, running: bool) -> Table:
    """The leaderboard, or its first rows; `running`: whether the search is."""
    return _drawn(leaderboard_cells(results, rows, running=running))


def front_table(results: Results) -> Table | None:
    """The Pareto front; None where there is but one aim."""
    cells = front_cells(results)
    return _drawn(cells) if cells else None


def finalists_table(results: Results) -> Table:
    """The finalists, the winner first."""
    return _drawn(finalists_cells(results))


def scores_of(experiment: Experiment) -> Table | None:
    """`scores_table` of what was handed over; None where nothing was."""
    if not experiment.best.is_dir():
        return None
    return scores_table(read_json(experiment.best / METRICS))


def scores_table(metrics: dict[str, Any]) -> Table:
    """Best, baseline and references side by side, by every score that is one number."""
    return _drawn(scores_cells(metrics))


def compared_table(results: Results) -> Table | None:
    """`compared` for a reader; None where there is nothing to compare."""
    cells = compared_cells(results)
    return _drawn(cells) if cells else None


def _drawn(cells: Cells) -> Table:
    table = Table(box=None, pad_edge=False)
    first, *numbers = cells.columns
    last = numbers.pop() if cells.words else None
    table.add_column(first, no_wrap=True)
    for column in numbers:
        table.add_column(column, justify="right", no_wrap=cells.words)
    if last is not None:
        table.add_column(last, overflow="fold")
    for row in cells.rows:
        table.add_row(*row)
    return table
