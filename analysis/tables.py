"""Tables for a reader: leaderboard, finalists, scores side by side, trials by a parameter."""

from __future__ import annotations

from typing import Any

import pandas as pd
from rich.table import Table

from analysis.compared import compared
from analysis.load import Results
from trainables.files import read_json
from tuning.experiment import BASELINE, METRICS, Experiment, trial_of


def leaderboard_table(results: Results, rows: int | None = None, *, running: bool) -> Table:
    """The leaderboard, with the searched parameters that differ from the baseline's.

    Args:
        running: whether the search is; where it is not, trials without an end are interrupted.
    """
    searched = results.plan["search_space"]["distributions"]
    board = results.leaderboard.head(rows) if rows else results.leaderboard
    table = Table(box=None, pad_edge=False)
    table.add_column("trial", no_wrap=True)
    for column in ("state", results.plan["metric"], "best epoch", "seconds"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("differs from the baseline in", overflow="fold")
    baseline = results.baseline.get("trial")
    defaults = results.plan["search_space"]["baseline"]
    for _, row in board.iterrows():
        values = {name: row.get(f"config/{name}") for name in searched}
        shown = " ".join(
            f"{name}={_short(value)}"
            for name, value in values.items()
            if not pd.isna(value) and value != defaults.get(name)
        )
        if row["parent"]:
            shown = f"from {row['parent']} at epoch {row['start']}: {shown}"
        epoch = "" if pd.isna(row["best_epoch"]) else f"{row['best_epoch']}/{row['epochs']}"
        table.add_row(
            f"{row['trial']} (baseline)" if row["trial"] == baseline != BASELINE else row["trial"],
            _state(row, running),
            "" if pd.isna(row["score"]) else f"{row['score']:.4f}",
            epoch,
            f"{row['seconds']:.1f}",
            shown if row["state"] != "FAIL" else f"{row['cause']}",
        )
    return table


def front_table(results: Results) -> Table | None:
    """The Pareto front, by the first aim; None where there is but one aim."""
    if results.front.empty:
        return None
    names = [text.partition(":")[0] for text in results.plan["objectives"]]
    table = Table(box=None, pad_edge=False)
    table.add_column("front")
    for name in names:
        table.add_column(name, justify="right")
    for _, row in results.front.iterrows():
        table.add_row(row["trial"], *(f"{row[f'aim/{name}']:.6g}" for name in names))
    return table


def _state(row: pd.Series, running: bool) -> str:
    state = "interrupted" if row["state"] == "RUNNING" and not running else row["state"].lower()
    return state if row["feasible"] else f"{state}, infeasible"


def finalists_table(results: Results) -> Table:
    """The finalists, the winner first."""
    table = Table(box=None, pad_edge=False)
    table.add_column("finalist")
    columns = ("mean", "95 % interval", "in the search", "optimism", "tied", "seconds a re-run")
    for column in columns:
        table.add_column(column, justify="right")
    baseline = results.baseline.get("trial")
    infeasible = set(results.reruns["trial"][~results.reruns["feasible"]].map(trial_of))
    for _, row in results.finalists.iterrows():
        mark = " (baseline)" if row["trial"] == baseline != BASELINE else ""
        mark += ", infeasible" if row["trial"] in infeasible else ""
        interval = f"{row['low']:.4f} to {row['high']:.4f}" if row["low"] <= row["high"] else "-"
        table.add_row(
            f"{row['trial']}{mark}",
            "failed" if pd.isna(row["mean"]) else f"{row['mean']:.4f}",
            interval,
            f"{row['search_score']:.4f}",
            "" if pd.isna(row["optimism"]) else f"{round(row['optimism'], 4) + 0.0:+.4f}",
            "yes" if row["tied"] else "",
            f"{row['seconds']:.1f}",
        )
    return table


def scores_of(experiment: Experiment) -> Table | None:
    """`scores_table` of what was handed over; None where nothing was."""
    if not experiment.best.is_dir():
        return None
    return scores_table(read_json(experiment.best / METRICS))


def scores_table(metrics: dict[str, Any]) -> Table:
    """Best, baseline and references side by side, by every score that is one number."""
    best = {"val": metrics["val"], "test": metrics["test"]}
    rows = {f"best ({metrics['trial']})": best}
    if metrics["baseline"]:
        rows["the baseline"] = metrics["baseline"]
    rows |= metrics["references"]
    parts = [part for part in ("val", "test") if best[part]]
    shown = best[parts[0]] if parts else {}
    names = [n for n, v in shown.items() if isinstance(v, float) and n != "loss"]
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for part in parts:
        for name in names:
            table.add_column(f"{part} {name}", justify="right")
    for row, scores in rows.items():
        cells = [f"{scores[part][name]:.4f}" for part in parts for name in names]
        table.add_row(row, *cells)
    return table


def compared_table(results: Results) -> Table | None:
    """`compared` for a reader; None where there is nothing to compare."""
    frame = compared(results)
    if len(frame) < 2:
        return None
    table = Table(box=None, pad_edge=False)
    table.add_column(str(frame.index.name))
    metric = results.plan["metric"]
    for column in ("trials", f"best {metric}", "mean", "worst", "epochs", "parameters"):
        table.add_column(column, justify="right")
    table.add_column("seconds an epoch", justify="right")
    for value, row in frame.iterrows():
        scores = [f"{row[name]:.4f}" for name in ("best", "mean", "worst")]
        counts = [f"{row['epochs']}", f"{row['parameters']:,}"]
        table.add_row(str(value), f"{row['trials']:.0f}", *scores, *counts, f"{row['seconds']:.2f}")
    return table


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
